/// Matching at the least cost, and the comparison of two mixtures by matched components.
module Gmm.Tests.MatchingTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Matching ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Costs of up to 6×6, half of them few whole numbers, so that many matchings cost the same.
let private costs =
    drawing (fun _ random ->
        let isCoarse = random.Next 2 = 0
        let cost _ _ = if isCoarse then float (random.Next 4 - 1) else 100.0 * normal random
        Array2D.init (1 + random.Next 6) (1 + random.Next 6) cost)
    |> Arb.fromGen

let private transposed (matrix: float[,]) =
    Array2D.init (Array2D.length2 matrix) (Array2D.length1 matrix) (fun i j -> matrix[j, i])

/// The least sum that any choice of different columns for the rows has; R ≤ C.
let rec private least (costs: float[,]) row taken =
    if row = Array2D.length1 costs then
        0.0
    else
        seq { 0 .. Array2D.length2 costs - 1 }
        |> Seq.filter (fun j -> not (Set.contains j taken))
        |> Seq.map (fun j -> costs[row, j] + least costs (row + 1) (Set.add j taken))
        |> Seq.min

let private total (costs: float[,]) = Matching.cheapest costs |> ok |> Array.sumBy (fun (i, j) -> costs[i, j])

[<Tests>]
let matchingTests =
    testList
        "Matching: matching"
        [ formulas [ "σ = argmin Σᵢ c(i, σ(i)) over all matchings", "Jonker and Volgenant 1987" ]
          <| testForAll 1000 "no other matching costs less" costs (fun costs ->
              let wide =
                  if Array2D.length1 costs <= Array2D.length2 costs then
                      costs
                  else
                      transposed costs

              abs (total costs - least wide 0 Set.empty) <= 1e-9)
          testForAll 300 "as many pairs as rows or columns, none twice, in the order of the rows" costs (fun costs ->
              let rows, columns = Array2D.length1 costs, Array2D.length2 costs
              let pairs = Matching.cheapest costs |> ok
              let distinct part = pairs |> Array.map part |> Array.distinct |> Array.length

              pairs.Length = min rows columns
              && distinct fst = pairs.Length
              && distinct snd = pairs.Length
              && pairs = Array.sortBy fst pairs
              && pairs |> Array.forall (fun (i, j) -> i >= 0 && i < rows && j >= 0 && j < columns))
          testForAll 300 "transposed costs have the same total" costs (fun costs ->
              abs (total costs - total (transposed costs)) <= 1e-9)
          testCase "a hidden permutation of 300 is found" (fun () ->
              let random = Random 5
              let hidden = RandomStream.shuffle random [| 0..299 |] |> Array.ofSeq
              let costs = Array2D.init 300 300 (fun i j -> if hidden[i] = j then -1.0 else random.NextDouble())
              Assert.Equal<(int * int)[]>(Array.indexed hidden, Matching.cheapest costs |> ok))
          testCase "costs of any magnitude are matched, nothing to match has no pairs" (fun () ->
              for scale in [ 1e-300; 1e-12; 1e12; 1e199 ] do
                  let costs =
                      array2D [ [ 4.0; 1.0; 3.0 ]; [ 2.0; 0.0; 5.0 ]; [ 3.0; 2.0; 2.0 ] ] |> Array2D.map ((*) scale)

                  Assert.Equal<(int * int)[]>([| 0, 1; 1, 0; 2, 2 |], Matching.cheapest costs |> ok)

              Assert.Empty(Matching.cheapest (Array2D.zeroCreate 0 3) |> ok)
              Assert.Empty(Matching.cheapest (Array2D.zeroCreate 3 0) |> ok))
          testCase "costs that are not finite are an error" (fun () ->
              for cost in [ nan; infinity; -infinity; 1e201 ] do
                  let message = (Matching.cheapest (array2D [ [ 1.0; cost ] ]) |> error).Message
                  Assert.Equal($"Costs must be finite and at most 1e200 in magnitude, but is {string cost}.", message)) ]

// ── Comparison ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let comparisonTests =
    testList
        "Matching: comparison"
        [ testForAll 100 "a mixture is its own match in any order of the components" mixtures (fun case ->
              let mixture = case.Mixture
              let order = RandomStream.shuffle (Random 6) [| 0 .. case.Components - 1 |] |> Array.ofSeq
              let pick (values: 'T[]) = order |> Array.map (fun k -> values[k])

              let shuffled = mixtureOf Spherical (pick case.Weights) (array2D (pick case.Means)) (Tensor.scalar 1.0)

              let comparison = Comparison.ofMixtures Gaussian.family mixture shuffled |> ok

              comparison.Pairs |> Array.forall (fun pair -> case.Means[pair.First] = case.Means[order[pair.Second]])
              && comparison.Pairs.Length = case.Components
              && comparison.MeanDistance = 0.0
              && comparison.LargestDistance = 0.0
              && comparison.LargestWeightDifference <= Tolerance.rounding
              && comparison.OnlyFirst.Length + comparison.OnlySecond.Length = 0)
          testCase "differences are those of the second mixture from the first, what has no match is named" (fun () ->
              let first = mixtureOf Full [| 0.25; 0.75 |] (array2D [ [ 0.0; 0.0 ]; [ 10.0; 0.0 ] ]) (Tensor.scalar 1.0)

              let second =
                  mixtureOf
                      Full
                      [| 0.5; 0.3; 0.2 |]
                      (array2D [ [ 50.0; 50.0 ]; [ 10.0; 1.0 ]; [ 3.0; 4.0 ] ])
                      (Tensor.scalar 2.0)

              let comparison = Comparison.ofMixtures Gaussian.family first second |> ok
              Assert.Equal<int[]>([||], comparison.OnlyFirst)
              Assert.Equal<int[]>([| 0 |], comparison.OnlySecond)

              Assert.Equal<(int * int)[]>(
                  [| 0, 2; 1, 1 |],
                  comparison.Pairs |> Array.map (fun pair -> pair.First, pair.Second)
              )

              Assert.Equal<float[]>([| 5.0; 1.0 |], comparison.Pairs |> Array.map _.Distance)

              Assert.Equal<float[][]>(
                  [| [| 3.0; 4.0 |]; [| 0.0; 1.0 |] |],
                  comparison.Pairs |> Array.map _.MeanDifference
              )

              relativelyNear 1e-14 "weights" [| -0.05; -0.45 |] (comparison.Pairs |> Array.map _.WeightDifference)
              Assert.Equal((3.0, 5.0), (comparison.MeanDistance, comparison.LargestDistance))
              near 1e-14 "largest weight difference" 0.45 comparison.LargestWeightDifference
              let back = Comparison.ofMixtures Gaussian.family second first |> ok
              Assert.Equal<int[]>([| 0 |], back.OnlyFirst)

              Assert.Equal<(int * int)[]>(
                  [| 1, 1; 2, 0 |],
                  back.Pairs |> Array.map (fun pair -> pair.First, pair.Second)
              ))
          testCase "fits of every family are compared by their means" (fun () ->
              let rows = Array.init 60 (fun n -> [| float (n % 7 / 4); float (n % 5); 0.5 + float (n % 3) |])
              let source = sourceOf rows

              let reversed (labels: int[]) = labels |> Array.map (fun label -> 1 - label)
              let labels = rows |> Array.map (fun row -> int row[0])

              let compare (fit: Start<'θ> -> Result<Fit<'θ>, GmmError>) =
                  let a, b = fit (Start.Labels labels) |> ok, fit (Start.Labels(reversed labels)) |> ok
                  let comparison = Comparison.ofFits a b |> ok

                  Assert.Equal<(int * int)[]>(
                      [| 0, 1; 1, 0 |],
                      comparison.Pairs |> Array.map (fun pair -> pair.First, pair.Second)
                  )

                  Assert.InRange(comparison.LargestDistance, 0.0, 1e-9)
                  comparison.Pairs[0].MeanDifference.Length

              let options start kind =
                  { Gmm.defaultsOf kind with
                      Components = 2
                      Start = start }

              Assert.Equal(
                  3,
                  compare (fun start ->
                      Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Start = start }
                          source)
              )

              Assert.Equal(
                  3,
                  compare (fun start ->
                      Gmm.fit (options start Poisson.family) (sourceOf (rows |> Array.map (Array.map floor))))
              )

              let parts = [ Part.create [| 0 |] Bernoulli.family; Part.create [| 1; 2 |] GaussianKind.defaults ]
              // Of a Bernoulli column the means of x and 1 − x.
              Assert.Equal(4, compare (fun start -> Gmm.fit (options start (ProductKind.ofParts parts)) source)))
          testCase "clusterings by k-means are compared by their centres" (fun () ->
              let data = DataSet.iris ()

              let fit start =
                  (KMeans.fit
                      { KMeans.defaults with
                          Components = 3
                          Start = Start.Means(array2D [ for row in start -> data.Rows[row] ]) }
                      data.Source
                   |> ok)
                      .Fit

              let comparison = Comparison.ofFits (fit [ 0; 60; 140 ]) (fit [ 60; 140; 0 ]) |> ok

              Assert.Equal<(int * int)[]>(
                  [| 0, 2; 1, 0; 2, 1 |],
                  comparison.Pairs |> Array.map (fun pair -> pair.First, pair.Second)
              ))
          testCase "mixtures that can't be compared are an error" (fun () ->
              let two, three =
                  mixtureOf Full [| 1.0 |] (Array2D.zeroCreate 1 2) (Tensor.scalar 1.0),
                  mixtureOf Full [| 1.0 |] (Array2D.zeroCreate 1 3) (Tensor.scalar 1.0)

              Assert.Equal(
                  "The second mixture must be one with 2 numbers in a component's mean, like the first, but is one with 3.",
                  (Comparison.ofMixtures Gaussian.family two three |> error).Message
              )

              let fit family = Gmm.fit (Gmm.defaultsOf family) (sourceOf [| [| 1.0 |]; [| 2.0 |] |]) |> ok

              Assert.Equal(
                  "The second mixture must be one of poisson, like the first, but is exponential.",
                  (Comparison.ofFits (fit Poisson.family) (fit Exponential.family) |> error).Message
              )) ]
