/// Drawing from mixtures: radii, directions, moments, streams, and what mistakes get.
module Gmm.Tests.SamplingTests

open System
open System.Text.Json
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators
open MathNet.Numerics
open MathNet.Numerics.LinearAlgebra

// ── Tools ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Less likely than this, a sample is not of its distribution. Seeds are fixed, so a test fails always or never.
let private significance = 1e-6

/// How many standard errors an average may be off: a normal number is with probability 6e-7.
let private standardErrors = 5.0

/// Fails unless numbers may come from a distribution: 2 exp(−2nd²) bounds the chance of a Kolmogorov–Smirnov distance
/// of d (Massart 1990).
let private follows what (distribution: float -> float) (sample: float[]) =
    let n = float sample.Length

    let distance =
        Array.sort sample
        |> Array.mapi (fun i x ->
            let below = distribution x
            max (abs (float (i + 1) / n - below)) (abs (below - float i / n)))
        |> Array.max

    let chance = 2.0 * exp (-2.0 * n * distance * distance)
    Assert.True(chance > significance, $"{what}: distance {distance:G3} of {n} numbers, a chance of {chance:G3}.")

/// ln e⁻ᵗ Σⱼ tʲ/j!, t = r²/2, over some j. With an even number D of degrees of freedom it is ln Q of the χ distribution
/// for j < D/2, and ln P for j ≥ D/2.
let private logPoisson (terms: int seq) r =
    let t = r * r / 2.0
    let term j = (if j = 0 then 0.0 else float j * log t) - SpecialFunctions.FactorialLn j

    if r = infinity then
        -infinity
    else
        Formulas.logSumExp (terms |> Seq.map term |> Array.ofSeq) - t

let private logUpper dimension = logPoisson (seq { 0 .. dimension / 2 - 1 })

/// The distribution function of the χ distribution between two radii, D even: by P below the middle, else by Q.
let private between dimension (low, high) r =
    if high * high < float dimension then
        let lower r =
            if r = 0.0 then
                0.0
            else
                exp (logPoisson (seq { dimension / 2 .. dimension / 2 + 100 }) r)

        (lower r - lower low) / (lower high - lower low)
    else
        let relative x = exp (logUpper dimension x - logUpper dimension low)
        (1.0 - relative r) / (1.0 - relative high)

let private rowsOf (sample: Sample) = Array.init sample.Components.Length (fun n -> sample.Rows[n, *])

/// y = L⁻¹(x−μₖ) of every row, LLᵀ = Σₖ, by MathNet's factor.
let private whitened (case: MixtureCase) (sample: Sample) =
    let factors = Array.init case.Components (fun k -> (dense (case.Covariance k)).Cholesky().Factor)

    Array.map2
        (fun k (row: float[]) ->
            let z = Vector<float>.Build.Dense(Array.map2 (-) row case.Means[k])
            factors[k].Solve(z).ToArray())
        sample.Components
        (rowsOf sample)

let private length (y: float[]) = sqrt (y |> Array.sumBy (fun number -> number * number))

let private draw options n (case: MixtureCase) = Sample.ofMixture Gaussian.family options n case.Mixture |> ok

let private within region options n (case: MixtureCase) = Sample.within region options n case.Mixture |> ok

let private three structure features = drawMixture structure 3 features 1e2 (Random 3)

let structureNames = List.map Structure.name Structure.all

let private structureOf name = Structure.parse name |> ok

// ── Radii ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Regions at the limits of float64: tails that underflow by far, radii whose squares do, intervals of a few ulps.
let private extreme =
    [ Region.StdRange(0.0, 1e-300)
      Region.StdRange(1e-300, 1e-10)
      Region.StdRange(40.0, infinity)
      Region.StdRange(1e10, infinity)
      Region.StdRange(1e149, infinity)
      Region.StdRange(0.0, 1e200)
      Region.StdRange(1e149, 1e160)
      Region.StdRange(5.0, 5.0 + 1e-14)
      Region.Confidence 1e-300
      Region.Confidence 0.5
      Region.Confidence(1.0 - 1e-16)
      Region.Confidence 1.0 ]

/// D, a and b of regions whose distances are tested.
let radialCases =
    [ for features in [ 2; 50 ] do
          for low, high in [ 0.0, infinity; 0.0, 1.0; 1.0, 2.0; 6.0, 8.0; 8.0, infinity; 40.0, infinity ] do
              (features, low, high) ]

[<Tests>]
let radiiTests =
    testList
        "Sampling: radii"
        [ formulas
              [ "u = (P(r) − P(a)) / (P(b) − P(a)) with P(r) = γ(D/2, r²/2) / Γ(D/2)",
                "χ distribution between two radii, by mpmath 1.2.1 with 60 digits" ]
          <| testCase "quantiles of truncated radii are the oracle's" (fun () ->
              for entry in (oracle "truncated-chi.json").EnumerateArray() do
                  let number (name: string) = (entry |> field name).GetDouble()
                  let isOpen = (entry |> field "high").ValueKind = JsonValueKind.Null
                  let region = Region.StdRange(number "low", (if isOpen then infinity else number "high"))
                  let quantile = Region.quantile (int (number "dimension")) region |> ok
                  relativelyNear 1e-13 (string entry) [| number "radius" |] [| quantile (number "u") |])
          testCase "quantiles rise from the inner to the outer radius, at the limits of float64 too" (fun () ->
              let shares =
                  [ 0.0
                    1e-300
                    1e-16
                    1e-3
                    0.1
                    0.4999
                    0.5
                    0.5001
                    0.9
                    1.0 - 1e-10
                    1.0 - 1.0 / 9007199254740992.0 ]

              for features in [ 1; 2; 3; 50; 1000; 20000 ] do
                  for region in extreme do
                      let quantile = Region.quantile features region |> ok
                      let radii = shares |> List.map quantile
                      Assert.True(allFinite radii, $"{region} in {features}: %A{radii}")

                      for a, b in List.pairwise (radii @ [ quantile 1.0 ]) do
                          // One side of the median is solved on P, the other on Q: they meet to rounding.
                          Assert.True(a <= b * (1.0 + 1e-13), $"{region} in {features}: %A{radii}")

                      match region with
                      | Region.StdRange(low, high) ->
                          Assert.Equal(low, quantile 0.0)
                          Assert.Equal(high, quantile 1.0)
                          Assert.All(radii, fun r -> Assert.True(low <= r && r <= high))
                      | Region.Confidence _ -> Assert.Equal(0.0, quantile 0.0))
          formulas [ "P(r) = 1 − exp(−r²/2) in two dimensions", "Rayleigh distribution" ]
          <| testCase "the confidence radius in two dimensions is that of Rayleigh's distribution" (fun () ->
              for probability in [ 1e-10; 0.1; 0.5; 0.6827; 0.95; 0.999999 ] do
                  let radius = (Region.quantile 2 (Region.Confidence probability) |> ok) 1.0
                  // P = 1 − exp(−r²/2), of which the smallest keeps 6 digits here.
                  near 1e-15 $"probability of {radius}" probability (1.0 - exp (-radius * radius / 2.0)))
          testTheory
              "distances of draws follow the truncated χ distribution"
              radialCases
              (fun (features: int, low: float, high: float) ->
                  for structure in Structure.all do
                      let case = three structure features

                      let radii =
                          within (Region.StdRange(low, high)) Sample.defaults 4000 case
                          |> whitened case
                          |> Array.map length

                      let rounding = 1e-9

                      Assert.All(
                          radii,
                          fun r -> Assert.True(low * (1.0 - rounding) <= r && r <= high * (1.0 + rounding))
                      )

                      follows $"{structure}, ({low}, {high}) in {features}" (between features (low, high)) radii)
          testTheory
              "draws within a confidence follow the χ distribution inside that ellipsoid"
              [ 2, 0.3; 2, 0.95; 50, 0.5; 50, 1.0 ]
              (fun (features: int, probability: float) ->
                  for structure in Structure.all do
                      let case = three structure features

                      let radii =
                          within (Region.Confidence probability) Sample.defaults 4000 case
                          |> whitened case
                          |> Array.map length

                      let distribution r = (1.0 - exp (logUpper features r)) / probability
                      follows $"{structure}, {probability} in {features}" distribution radii
                      Assert.All(radii, fun r -> Assert.True(distribution r <= 1.0 + 1e-9)))
          testTheory "draws without a region follow the χ distribution" structureNames (fun (structure: string) ->
              for features in [ 2; 8 ] do
                  let case = three (structureOf structure) features
                  let radii = draw Sample.defaults 4000 case |> whitened case |> Array.map length
                  follows $"{structure} in {features}" (between features (0.0, infinity)) radii) ]

// ── Directions ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let directionsTests =
    testList
        "Sampling: directions"
        [ testCase "directions in two dimensions have uniform angles, whatever the radius" (fun () ->
              for region in [ Region.Confidence 0.5; Region.StdRange(8.0, infinity); Region.StdRange(0.1, 0.2) ] do
                  let case = three Full 2
                  let ys = within region Sample.defaults 4000 case |> whitened case
                  let angle (y: float[]) = atan2 y[1] y[0]
                  let isUniform = follows $"{region}" (fun angle -> (angle + Math.PI) / (2.0 * Math.PI))
                  let inner, outer = ys |> Array.sortBy length |> Array.splitAt 2000
                  inner |> Array.map angle |> isUniform
                  outer |> Array.map angle |> isUniform)
          formulas [ "x = μₖ + Wₖ⁻¹ r u with a uniform direction u", "Muller 1959" ]
          <| testCase "directions in three dimensions have uniform coordinates" (fun () ->
              // Archimedes: a coordinate of a uniform point of the sphere is uniform between −1 and 1.
              let case = three TiedFull 3
              let ys = within (Region.StdRange(2.0, 3.0)) Sample.defaults 4000 case |> whitened case

              for along in
                  [ [| 1.0; 0.0; 0.0 |]
                    [| 0.0; 1.0; 0.0 |]
                    [| 0.0; 0.0; 1.0 |]
                    [| 0.6; 0.0; 0.8 |]
                    [| 0.6; -0.8; 0.0 |] ] do
                  ys
                  |> Array.map (fun y -> (Array.map2 (*) y along |> Array.sum) / length y)
                  |> follows $"along %A{along}" (fun x -> (x + 1.0) / 2.0))
          testCase "one dimension has two directions, equally likely" (fun () ->
              let case = three Full 1
              let ys = within (Region.StdRange(1.0, 2.0)) Sample.defaults 4000 case |> whitened case
              let positive = ys |> Array.filter (fun y -> y[0] > 0.0) |> Array.length
              near (standardErrors * sqrt 1000.0) "positive ones" 2000.0 (float positive)) ]

// ── Moments ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fails unless counts of components are within some standard errors of the weights.
let private hasWeights (weights: float[]) (components: int[]) =
    let n, total = float components.Length, Array.sum weights

    weights
    |> Array.iteri (fun k weight ->
        let p = weight / total
        let share = float (components |> Array.filter ((=) k) |> Array.length) / n
        near (standardErrors * sqrt (p * (1.0 - p) / n)) $"share of component {k}" p share)

[<Tests>]
let moments =
    testList
        "Sampling: moments"
        [ formulas [ "k with probability πₖ, then x from N(μₖ, Σₖ)", "Bishop, PRML, 2006, §8.1.2" ]
          <| testTheory
              "draws have the weights, means and covariances of the mixture"
              structureNames
              (fun (structure: string) ->
                  let case = three (structureOf structure) 4
                  let sample = draw { Sample.defaults with Seed = 11 } 30000 case
                  hasWeights case.Weights sample.Components

                  for k in 0 .. case.Components - 1 do
                      let rows =
                          rowsOf sample
                          |> Array.indexed
                          |> Array.filter (fun (n, _) -> sample.Components[n] = k)
                          |> Array.map snd

                      let n, covariance = float rows.Length, case.Covariance k

                      for i in 0..3 do
                          let z i (row: float[]) = row[i] - case.Means[k][i]
                          let error = standardErrors * sqrt (covariance[i, i] / n)
                          near error $"mean {i} of {k}" 0.0 (rows |> Array.averageBy (z i))

                          for j in 0..i do
                              // The variance of zᵢzⱼ is ΣᵢᵢΣⱼⱼ + Σᵢⱼ² (Isserlis 1918).
                              let variance = covariance[i, i] * covariance[j, j] + covariance[i, j] ** 2.0
                              let actual = rows |> Array.averageBy (fun row -> z i row * z j row)

                              near
                                  (standardErrors * sqrt (variance / n))
                                  $"covariance {i}, {j} of {k}"
                                  covariance[i, j]
                                  actual)
          formulas [ "E T(x) = mean parameters", "Bishop, PRML, 2006, eq. 2.226" ]
          <| testCase "draws of exponential families have the mean parameters" (fun () ->
              let mean (parameters: ExponentialParameters) k = (parameters.Means.toArray3D ())[k, 0, 0]

              /// The first mean parameter, and the statistic it is the mean of, with the statistic's variance.
              let check name family (parameters: ExponentialParameters) statistic variance =
                  let mixture = Mixture.create [| 1.0; 3.0 |] parameters |> ok

                  let sample =
                      Sample.ofMixture (ExponentialFamily.components family) Sample.defaults 20000 mixture |> ok

                  hasWeights [| 1.0; 3.0 |] sample.Components

                  for k in 0..1 do
                      let numbers =
                          rowsOf sample
                          |> Array.indexed
                          |> Array.filter (fun (n, _) -> sample.Components[n] = k)
                          |> Array.map (fun (_, row) -> statistic row[0])

                      let m = mean parameters k

                      near
                          (standardErrors * sqrt (variance m / float numbers.Length))
                          $"{name} {k}"
                          m
                          (Array.average numbers)

              let square x = x * x
              check "poisson" Poisson.family (Poisson.ofRates (array2D [ [ 2.0; 1.0 ]; [ 30.0; 1.0 ] ]) |> ok) id id

              check
                  "exponential"
                  Exponential.family
                  (Exponential.ofRates (array2D [ [ 2.0 ]; [ 0.1 ] ]) |> ok)
                  id
                  square

              check
                  "bernoulli"
                  Bernoulli.family
                  (Bernoulli.ofProbabilities (array2D [ [ 0.2; 0.5 ]; [ 0.9; 0.5 ] ]) |> ok)
                  id
                  (fun p -> p * (1.0 - p))

              let levels = array2D [ [ 0.2; 0.5; 0.3 ]; [ 0.6; 0.4; 0.0 ] ]

              check
                  "categorical"
                  (Categorical.family 3)
                  (Categorical.ofProbabilities (Array3D.init 2 1 3 (fun k _ level -> levels[k, level])) |> ok)
                  (fun x -> if x = 0.0 then 1.0 else 0.0)
                  (fun p -> p * (1.0 - p)))
          testCase "draws of a product have every part's numbers in its columns" (fun () ->
              let gaussian =
                  Gaussian.create
                      Full
                      (array2D [ [ 0.0; 100.0 ]; [ 50.0; 200.0 ] ])
                      (Tensor.matrix (array2D [ [ 1.0; 0.9 ]; [ 0.9; 1.0 ] ]))
                  |> ok

              let counts = Poisson.ofRates (array2D [ [ 3.0 ]; [ 40.0 ] ]) |> ok
              let parameters = { Parts = [ [| 2; 0 |], partOf gaussian; [| 1 |], partOf counts ] }

              let family =
                  Product.family
                      [ Product.part Gaussian.family; Product.part (ExponentialFamily.components Poisson.family) ]

              let mixture = Mixture.create [| 1.0; 1.0 |] parameters |> ok
              let sample = Sample.ofMixture family Sample.defaults 4000 mixture |> ok

              for k in 0..1 do
                  let rows =
                      rowsOf sample
                      |> Array.indexed
                      |> Array.filter (fun (n, _) -> sample.Components[n] = k)
                      |> Array.map snd

                  let average f = rows |> Array.averageBy f
                  let error variance = standardErrors * sqrt (variance / float rows.Length)
                  near (error 1.0) "column 2" (50.0 * float k) (average (fun row -> row[2]))
                  near (error 1.0) "column 0" (100.0 + 100.0 * float k) (average (fun row -> row[0]))
                  let z (row: float[]) = (row[2] - 50.0 * float k) * (row[0] - 100.0 - 100.0 * float k)
                  near (error 1.81) "columns 0 and 2 together" 0.9 (average z)
                  let rate = if k = 0 then 3.0 else 40.0
                  near (error rate) "column 1" rate (average (fun row -> row[1]))

              let source = sourceOf (rowsOf sample)
              Assert.Equal<int[]>(sample.Components, Predict.labels (fitOf family mixture source) source |> ok))
          testCase "draws of k-means are its centres" (fun () ->
              let found = KMeans.fit { KMeans.defaults with Components = 3 } (DataSet.iris ()).Source |> ok
              let sample = Sample.draw Sample.defaults 600 found.Fit |> ok
              hasWeights [| 1.0; 1.0; 1.0 |] sample.Components

              Assert.All(
                  rowsOf sample |> Seq.zip sample.Components,
                  fun (k, row) -> Assert.Equal<float[]>(found.Centres[k, *], row)
              )) ]

// ── Fits and components ─────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``fits and components`` =
    testList
        "Sampling: fits and components"
        [ testCase "a fit's draws are those of its mixture" (fun () ->
              let fit = Gmm.fit (plain 2 Full) (DataSet.faithful ()).Source |> ok
              let ofFit = Sample.draw Sample.defaults 500 fit |> ok
              let ofMixture = Sample.ofMixture Gaussian.family Sample.defaults 500 fit.Mixture |> ok
              Assert.Equal<float[,]>(ofMixture.Rows, ofFit.Rows)
              Assert.Equal<int[]>(ofMixture.Components, ofFit.Components))
          testCase "one component may be drawn from, with a region or without" (fun () ->
              let case = three Full 2

              let only =
                  { Sample.defaults with
                      Component = Some 1 }

              for sample in
                  [ draw only 3000 case
                    within (Region.Confidence 0.9) only 3000 case
                    within (Region.StdRange(8.0, infinity)) only 3000 case ] do
                  Assert.All(sample.Components, fun k -> Assert.Equal(1, k))
                  // 8 standard deviations away in a random direction: the mean's standard error is 8/√D/√n of a deviation.
                  let average = whitened case sample |> Array.averageBy (fun y -> y[0])
                  near (standardErrors * 8.5 / sqrt 6000.0) "mean" 0.0 average)
          testCase "a component of weight 0 is drawn from only when it is asked for" (fun () ->
              let mixture =
                  mixtureOf Full [| 1.0; 0.0; 1.0 |] (array2D [ [ 0.0 ]; [ 1e6 ]; [ 1.0 ] ]) (Tensor.scalar 1.0)

              let all = Sample.ofMixture Gaussian.family Sample.defaults 5000 mixture |> ok
              Assert.DoesNotContain(1, all.Components)

              let one =
                  Sample.ofMixture
                      Gaussian.family
                      { Sample.defaults with
                          Component = Some 1 }
                      10
                      mixture
                  |> ok

              Assert.All(rowsOf one, fun row -> Assert.True(row[0] > 9e5)))
          testCase "regions change no weight" (fun () ->
              let case = three Spherical 3
              hasWeights case.Weights (within (Region.StdRange(9.0, infinity)) Sample.defaults 20000 case).Components) ]

// ── Streams ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private numbersOf (sample: Sample) =
    Array.append (sample.Components |> Array.map float) (sample.Rows |> Seq.cast<float> |> Array.ofSeq) |> bits

[<Tests>]
let streamsTests =
    testList
        "Sampling: streams"
        [ testCase "a seed gives the same bits on any number of threads" (fun () ->
              let case = three Full 3

              for make in
                  [ (fun options -> draw options 5000 case)
                    (fun options -> within (Region.StdRange(1.0, 2.0)) options 5000 case) ] do
                  let sample threads =
                      make
                          { Sample.defaults with
                              Seed = 5
                              Execution =
                                  { Execution.Default with
                                      Threads = threads } }

                  let expected = numbersOf (sample 1)

                  for threads in [ 1; 2; 3; 8 ] do
                      Assert.Equal<int64[]>(expected, numbersOf (sample threads)))
          testCase "fewer rows are the first of more" (fun () ->
              let case = three Diag 2
              let many = draw Sample.defaults 4000 case

              for n in [ 0; 1; 1023; 1024; 1025; 3000 ] do
                  let few = draw Sample.defaults n case
                  Assert.Equal<float[][]>(Array.truncate n (rowsOf many), rowsOf few)
                  Assert.Equal<int[]>(Array.truncate n many.Components, few.Components))
          testCase "no two rows of a large sample are the same, nor any of two seeds" (fun () ->
              let case = three Full 1

              let rows seed =
                  (draw { Sample.defaults with Seed = seed } 200_000 case).Rows |> Seq.cast<float> |> Array.ofSeq

              Assert.Equal(400_000, Array.append (rows 0) (rows 1) |> Array.distinct |> Array.length))
          testCase "streams of blocks differ within a seed" (fun () ->
              let first block = (RandomStream.ofBlock 7 block).NextDouble()
              Assert.Equal(50_000, Array.init 50_000 (int64 >> first) |> Array.distinct |> Array.length)
              Assert.Equal(first 12345L, first 12345L))
          testCase "cancellation stops the drawing" (fun () ->
              let execution =
                  { oneThread with
                      Cancellation = Threading.CancellationToken true }

              Assert.Throws<OperationCanceledException>(fun () ->
                  draw
                      { Sample.defaults with
                          Execution = execution }
                      10
                      (three Full 2)
                  |> ignore)
              |> ignore) ]

// ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────────

let private says (name: string) (rule: string) (value: string) (result: Result<Sample, GmmError>) =
    match error result with
    | InvalidOption(n, r, v) ->
        Assert.Equal(name, n)
        Assert.Contains(rule, r)
        Assert.Equal(value, v)
    | other -> Assert.Fail other.Message

[<Tests>]
let mistakesTests =
    testList
        "Sampling: mistakes"
        [ testCase "mistakes are told with rule and value" (fun () ->
              let mixture = (three Full 2).Mixture
              let sample options n = Sample.ofMixture Gaussian.family options n mixture
              let region region = Sample.within region Sample.defaults 5 mixture
              sample Sample.defaults -1 |> says "Sample rows" "between 0 and" "-1"
              sample Sample.defaults Int32.MaxValue |> says "Sample rows" "between 0 and" "2147483647"

              sample
                  { Sample.defaults with
                      Component = Some 3 }
                  5
              |> says "Component" "between 0 and 2" "3"

              sample
                  { Sample.defaults with
                      Component = Some -1 }
                  5
              |> says "Component" "between 0 and 2" "-1"

              sample
                  { Sample.defaults with
                      Execution = { oneThread with Threads = 0 } }
                  5
              |> says "Threads" "at least 1" "0"

              for c, text in [ 0.0, "0"; -0.5, "-0.5"; 1.5, "1.5"; nan, "NaN" ] do
                  region (Region.Confidence c) |> says "Confidence" "above 0 and at most 1" text

              for low, high, text in
                  [ -1.0, 2.0, "(-1, 2)"
                    2.0, 2.0, "(2, 2)"
                    3.0, 2.0, "(3, 2)"
                    infinity, infinity, "(Infinity, Infinity)"
                    1e150, infinity, "(1E+150, Infinity)"
                    nan, 1.0, "(NaN, 1)"
                    0.0, nan, "(0, NaN)" ] do
                  region (Region.StdRange(low, high)) |> says "StdRange" "0 ≤ low < high" text

              match Region.quantile 0 (Region.Confidence 0.5) with
              | Error(InvalidOption(name, _, value)) -> Assert.Equal(("Features", "0"), (name, value))
              | _ -> Assert.Fail "no features were taken"

              let quantile = Region.quantile 2 (Region.Confidence 0.5) |> ok

              for u in [ -0.1; 1.1; nan ] do
                  Assert.Contains(string u, Assert.Throws<ArgumentException>(fun () -> quantile u |> ignore).Message))
          testCase "no rows are no mistake" (fun () ->
              let sample = draw Sample.defaults 0 (three Full 2)
              Assert.Equal((0, 2), (Array2D.length1 sample.Rows, Array2D.length2 sample.Rows))
              Assert.Empty sample.Components) ]

// ── Mahalanobis distances ───────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``mahalanobis distances`` =
    testList
        "Sampling: mahalanobis distances"
        [ formulas [ "Δ² = (x−μ)ᵀΣ⁻¹(x−μ)", "Bishop, PRML, 2006, eq. 2.44" ]
          <| testForAll 200 "Mahalanobis distances are those of the definition" data (fun case ->
              let origin = case.Origin
              let actual = Predict.mahalanobis (fitOf Gaussian.family origin.Mixture case.Source) case.Source |> ok

              let expected =
                  Array2D.init case.Rows.Length origin.Components (fun n k ->
                      let z = Vector<float>.Build.Dense(Array.map2 (-) case.Rows[n] origin.Means[k])
                      sqrt (z * (dense (origin.Covariance k)).Inverse() * z))

              let flat (matrix: float[,]) = matrix |> Seq.cast<float> |> Array.ofSeq
              Array.forall2 (fun a b -> abs (a - b) <= 1e-10 * (1.0 + abs b)) (flat actual) (flat expected))
          testCase "Mahalanobis distances of draws lie in the region they were drawn from" (fun () ->
              let case = three Full 3
              let sample = within (Region.StdRange(2.0, 2.5)) Sample.defaults 1000 case
              let source = sourceOf (rowsOf sample)
              let distances = Predict.mahalanobis (fitOf Gaussian.family case.Mixture source) source |> ok

              for n in 0..999 do
                  let distance = distances[n, sample.Components[n]]
                  Assert.True(2.0 - 1e-9 <= distance && distance <= 2.5 + 1e-9))
          testCase "Mahalanobis distances need data of the fitted width" (fun () ->
              let fit = Gmm.fit (plain 2 Full) (DataSet.faithful ()).Source |> ok
              Assert.Contains("there are 4", (Predict.mahalanobis fit (DataSet.iris ()).Source |> error).Message)
              Assert.Contains("NaN", (Predict.mahalanobis fit (sourceOf [| [| 1.0; nan |] |]) |> error).Message)) ]
