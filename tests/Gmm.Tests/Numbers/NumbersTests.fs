/// Special functions, draws, roots of matrices and order statistics.
module Gmm.Tests.NumbersTests

open System
open Expecto
open FsCheck.FSharp
open MathNet.Numerics
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Special functions ───────────────────────────────────────────────────────────────────────────────────────────────

/// MathNet's function has some 15 digits.
let private isGamma (expected: float) (actual: float) =
    Assert.True(abs (actual - expected) <= 2e-14 * (1.0 + abs expected), $"{actual:R} instead of {expected:R}")

[<Tests>]
let ``special functions`` =
    testList
        "Numbers: special functions"
        [ formulas [ "ln Γ(x) = (x − ½) ln x − x + ½ ln 2π + 1/(12x) − 1/(360x³) + …", "NIST Handbook, 2010, 5.11.1" ]
          <| testCase "ln n! and ln Γ(n/2) are those of another library" (fun () ->
              for n in Seq.append (seq { 0.0 .. 400.0 }) [ 1e3; 12345.0; 1e6; 1e9; 1e15 ] do
                  isGamma (SpecialFunctions.GammaLn(n + 1.0)) (Special.logFactorial n)

              for n in Seq.append (seq { 1..600 }) [ 1001; 123456 ] do
                  isGamma (SpecialFunctions.GammaLn(float n / 2.0)) (Special.logGammaOfHalf n))
          testCase "ln 0! and ln 1! are 0, and 1/n! is 0 for n below 0" (fun () ->
              Assert.Equal<float list>([ 0.0; 0.0; infinity ], [ 0.0; 1.0; -1.0 ] |> List.map Special.logFactorial)) ]

// ── Draws ───────────────────────────────────────────────────────────────────────────────────────────────────────────

let private draws = 20000

/// Fails when so different frequencies have a probability below 1e-6 by χ². Numbers that are expected less than ten times
/// count together.
let private follows what (probability: float -> float) (numbers: float seq) (sample: float[]) =
    let counts = sample |> Array.countBy id |> Map
    let count x = counts |> Map.tryFind x |> Option.defaultValue 0 |> float
    let bins = [ for x in numbers -> float draws * probability x, count x ] |> List.filter (fst >> (<=) 10.0)
    let rest = float draws - List.sumBy fst bins, float draws - List.sumBy snd bins
    let bins = if fst rest > 10.0 then rest :: bins else bins
    let distance = bins |> List.sumBy (fun (expected, count) -> (count - expected) * (count - expected) / expected)
    let chance = SpecialFunctions.GammaUpperRegularized(float (bins.Length - 1) / 2.0, distance / 2.0)
    Assert.True(bins.Length > 3 && chance > 1e-6, $"{what}: {chance} by χ² in {bins.Length} bins")

/// Fails when the Kolmogorov–Smirnov distance has a probability below 1e-6.
let private isDistributed what (distribution: float -> float) (sample: float[]) =
    let n = float sample.Length

    let distance =
        Array.sort sample
        |> Array.mapi (fun i x -> max (abs (float (i + 1) / n - distribution x)) (abs (distribution x - float i / n)))
        |> Array.max

    Assert.True(2.0 * Math.Exp(-2.0 * n * distance * distance) > 1e-6, $"{what}: a distance of {distance}")

[<Tests>]
let drawsTests =
    testList
        "Numbers: draws"
        [ testCase "draws from Poisson distributions have their frequencies" (fun () ->
              for rate in [ 0.7; 8.0; 29.9; 30.0; 90.0; 3000.0 ] do
                  let random = RandomStream.ofSeed 3
                  let reach = 8.0 * sqrt rate + 10.0
                  let numbers = seq { floor (max 0.0 (rate - reach)) .. rate + reach }
                  let probability n = Math.Exp(n * Math.Log rate - rate - SpecialFunctions.GammaLn(n + 1.0))
                  Array.init draws (fun _ -> Draw.poisson random rate) |> follows $"rate {rate}" probability numbers)
          testCase "a Poisson distribution of mean 0 has only 0, and one of a huge mean is normal" (fun () ->
              let random = RandomStream.ofSeed 4
              Assert.Equal(0.0, Draw.poisson random 0.0)

              for rate in [ 1e8; 1e12 ] do
                  let scores = Array.init draws (fun _ -> (Draw.poisson random rate - rate) / sqrt rate)
                  near (5.0 / sqrt (float draws)) $"mean of {rate}" 0.0 (Array.average scores)

                  near
                      (8.0 / sqrt (float draws))
                      $"variance of {rate}"
                      1.0
                      (scores |> Array.averageBy (fun x -> x * x)))
          testCase "draws from binomial distributions have their frequencies" (fun () ->
              for n, p in [ 5, 0.3; 40, 0.9 ] do
                  let random = RandomStream.ofSeed 5

                  let probability x =
                      Math.Exp(
                          SpecialFunctions.BinomialLn(n, int x) + x * Math.Log p + (float n - x) * Math.Log(1.0 - p)
                      )

                  Array.init draws (fun _ -> Draw.binomial random n p)
                  |> follows $"{n} trials" probability (seq { 0.0 .. float n }))
          testCase "draws from normal and exponential distributions have their distribution functions" (fun () ->
              let random = RandomStream.ofSeed 6
              let normal x = 0.5 * SpecialFunctions.Erfc(-x / sqrt 2.0)
              Draw.standardNormals random draws |> isDistributed "normal" normal

              Array.init draws (fun _ -> Draw.exponential random 3.0)
              |> isDistributed "exponential" (fun x -> 1.0 - Math.Exp(-x / 3.0))) ]

// ── Matrices ────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let matrices =
    testList
        "Numbers: matrices"
        [ formulas [ "RRᵀ = A", "Golub and Van Loan, Matrix Computations §4.2" ]
          <| testCase "a root of a positive semidefinite matrix is one, singular or not" (fun () ->
              let isRoot (matrix: float[,]) =
                  let d = Array2D.length1 matrix
                  let root = LinearAlgebra.squareRoot d (flat matrix)

                  let product =
                      Array2D.init d d (fun i j -> Array.fold2 (fun sum a b -> sum + a * b) 0.0 root[i] root[j])

                  let scale = matrix |> flat |> Array.map abs |> Array.max
                  allWithin 1e-12 scale (flat matrix) (flat product)

              for d in 1..8 do
                  let random = Random d
                  Assert.True(isRoot (drawSpd d 1e4 random))

                  // Of rank r < D: features that others explain, or that are constant.
                  for r in 0 .. d - 1 do
                      let factor = Array2D.init d r (fun _ _ -> normal random)

                      Assert.True(
                          isRoot (
                              Array2D.init d d (fun i j ->
                                  Seq.sum (seq { for m in 0 .. r - 1 -> factor[i, m] * factor[j, m] }))
                          )
                      )) ]

// ── Order statistics ────────────────────────────────────────────────────────────────────────────────────────────────

/// Numbers in a few shapes that searches find hard, in a few orders; mostly more than a search looks at one by one.
let private numbers =
    drawing (fun _ random ->
        let count = 1 + random.Next 5000
        let shape, order = random.Next 5, random.Next 3

        let values =
            Array.init count (fun i ->
                match shape with
                | 0 -> normal random
                | 1 -> float (random.Next 3) // three heaps
                | 2 -> if random.Next 10 = 0 then 1e300 * normal random else normal random
                | 3 -> if i < count / 2 then 7.0 else normal random
                | _ -> exp (100.0 * normal random))

        match order with
        | 0 -> values
        | 1 -> Array.sort values
        | _ -> Array.init count (fun i -> values[i % 32 * 157 % count])) // repeated at the stride of a sample

[<Tests>]
let orderStatistics =
    testList
        "Numbers: order statistics"
        [ testForAll 300 "the number at a place is that of the sorted numbers" (Arb.fromGen numbers) (fun values ->
              let sorted = Array.sort values

              [ 1; values.Length; (values.Length + 1) / 2; (9 * values.Length + 9) / 10 ]
              |> List.forall (fun place -> OrderStatistic.at place values = sorted[place - 1]))
          testCase "the numbers themselves remain in their order" (fun () ->
              let values = Array.init 3000 (fun i -> float (i * 7919 % 3001))
              let copy = Array.copy values
              OrderStatistic.at 1500 values |> ignore
              Assert.Equal<float[]>(copy, values)) ]
