/// Runs on large data, which begin on a sample of the rows.
module Gmm.Tests.LargeDataTests

open Expecto
open Gmm
open Gmm.Tests.BasinTests
open Gmm.Tests.Support

let private options =
    { Gmm.defaults with
        Components = 3
        Seed = 2 }

/// The fewest rows that make these options begin on a sample: four times 10,000.
let private fewest = 40_000

let private source = lazy (groups 3 (2 * fewest) 2 3 4.0 |> sourceOf)

/// Groups so far apart that EM leads from all starts to the same maximum.
let private separate = lazy (groups 3 fewest 4 3 6.0 |> sourceOf)

[<Tests>]
let tests =
    testList
        "Large data"
        [ testCase
              "runs begin near a maximum, where EM on a sample has led, and end as high as without the sample"
              (fun () ->
                  for structure in [ Full; Diag; TiedFull; Spherical ] do
                      let options =
                          { options with
                              Family.Structure = structure }

                      let fit, _ = source.Value |> watched options
                      let candidates = alone options source.Value
                      let best = candidates |> List.map _.Objective |> List.max

                      Assert.True(
                          fit.Objective >= best - options.Tolerance,
                          $"{structure}: {fit.Objective} is below {best}"
                      )

                      // A run of p parameters on n rows ends about p/(2n) below the maximum on all rows.
                      for candidate in candidates do
                          Assert.True(fit.Trace[0] > candidate.Trace[0])

                      Assert.True(fit.Trace[0] > best - 0.01))
          testCase "candidates that lead to the same maximum on the sample make one run" (fun () ->
              let source = groups 3 fewest 8 3 3.0 |> sourceOf
              let fit, ofRun = source |> watched options
              Assert.Equal(2, (alone options source).Length)
              Assert.Equal(fit.Trace.Length, (ofRun 0).Length)
              Assert.Empty(ofRun 1))
          testCase "the bits are the same for any number of threads" (fun () ->
              source.Value |> haveSameBitsForThreads { options with Restarts = 2 })
          testTheory
              "every run begins at its start where the start is named or given, and wherever a sample says too little"
              [ "named"
                "given"
                "few rows"
                "few rows with weight"
                "small component"
                "tolerance 0"
                "hard"
                "noise"
                "missing" ]
              (fun case ->
                  let options =
                      match case with
                      | "named" -> { options with Start = Start.KMeans }
                      | "given" ->
                          { options with
                              Start = Start.Means(Source.rows [| 0L; 1L; 2L |] source.Value) }
                      | "tolerance 0" ->
                          { options with
                              Tolerance = 0.0
                              MaxIterations = 5 }
                      | "hard" -> { options with Assignment = Hard }
                      | "noise" ->
                          { options with
                              Noise = Some(NoiseVolume.Given 1e4) }
                      | "missing" -> { options with Missing = Missing.Fit }
                      | _ -> options

                  let source =
                      match case with
                      | "few rows" -> groups 3 (fewest - 1) 2 3 4.0 |> sourceOf
                      | "few rows with weight" ->
                          source.Value
                          |> Source.weighted (Array.init (2 * fewest) (fun n -> if n % 5 < 2 then 1.0 else 0.0))
                          |> ok
                      | "small component" ->
                          // Forty rows apart, which k-means finds.
                          let rows = groups 3 fewest 2 2 4.0

                          for n in 0..39 do
                              rows[n * 1000] <- [| 60.0 + 0.01 * float n; 60.0 + 0.1 * float (n % 7) |]

                          sourceOf rows
                      | _ -> source.Value

                  let fit, _ = source |> watched options
                  let starts = alone options source |> List.map (fun fit -> fit.Trace[0])
                  Assert.Contains(fit.Trace[0], starts))
          testTheory
              "a run led by a sample ends as high as its candidates run out, under every rule for weights and parameters"
              [ "sample weights"; "rows of weight 0"; "fixed weights"; "Dirichlet"; "mean prior"; "history" ]
              (fun case ->
                  let weighted weight = separate.Value |> Source.weighted (Array.init fewest weight) |> ok

                  let source =
                      match case with
                      | "sample weights" -> weighted (fun n -> 0.5 + float (n % 5))
                      | "rows of weight 0" ->
                          groups 3 (2 * fewest) 4 3 6.0
                          |> sourceOf
                          |> Source.weighted (Array.init (2 * fewest) (fun n -> float (n % 2)))
                          |> ok
                      | _ -> separate.Value

                  let options =
                      match case with
                      | "fixed weights" ->
                          { options with
                              WeightPrior = Fixed
                              StartWeights = Some [| 0.3; 0.3; 0.4 |] }
                      | "Dirichlet" ->
                          { options with
                              WeightPrior = Dirichlet(Array.create 3 5.0) }
                      | "mean prior" ->
                          // It counts as much as 2,000 rows of each component, of 40,000 in all, also on a sample.
                          let prior =
                              { Mean = Tensor.matrix (Array2D.create 3 4 1.0)
                                Precision = 2000.0 }

                          { options with
                              Family.MeanPrior = Some prior }
                      | "history" -> { options with History = true }
                      | _ -> options

                  let fit, _ = source |> watched options
                  let candidates = alone options source
                  let best = candidates |> List.map _.Objective |> List.max
                  Assert.True(fit.Objective >= best - options.Tolerance, $"{case}: {fit.Objective} is below {best}")
                  // It began where EM on the sample had led, near the maximum.
                  Assert.DoesNotContain(fit.Trace[0], candidates |> List.map (fun fit -> fit.Trace[0]))
                  Assert.True(fit.Trace[0] > best - 0.01)

                  if options.History then
                      Assert.Equal(fit.Trace.Length, fit.History.Length))
          // A probability of 0 on the sample would stay 0, and make these rows impossible.
          testCase "a value that the sample lacks is not lost" (fun () ->
              let random = RandomStream.ofSeed 4

              let rows =
                  Array.init fewest (fun n ->
                      [| for j in 0..3 do
                             if random.NextDouble() < (if n % 2 = 0 then 0.2 else 0.7) then 1.0 else 0.0
                         if n % 20_000 = 7 then 1.0 else 0.0 |])

              let fit =
                  rows
                  |> sourceOf
                  |> Gmm.fit
                      { Gmm.defaultsOf Bernoulli.family with
                          Components = 2 }
                  |> ok

              Assert.True(fit.Trace[0] > -10.0)
              Assert.True(fit.Objective > -10.0))
          testCase "a fit from one mixture begins at that mixture" (fun () ->
              let first = (alone options source.Value).Head.Mixture
              let fit = source.Value |> Fitting.fitAt first options |> ok
              Assert.Equal<float[]>(first.Weights, fit.Start.Weights))
          testCase "a start with two components on one group, and one on two, is led to the groups" (fun () ->
              let options = { options with Components = 4 }
              let source = groups 5 fewest 2 4 60.0 |> sourceOf

              let fromLabels iterations labelOf =
                  source
                  |> Gmm.fit
                      { options with
                          Start = Start.Labels(Array.init fewest labelOf)
                          MaxIterations = iterations }
                  |> ok

              let truth = fromLabels 100 (fun n -> n % 4)

              let start =
                  fromLabels 1 (fun n ->
                      match n % 4 with
                      | 0 when n % 8 = 0 -> 3
                      | 3 -> 2
                      | group -> group)

              match Lead.ofStarts (raceOf options source) [| 0, Ok start.Mixture |] with
              | Some [| 0, Ok mixture |] ->
                  let ends first = (source |> Fitting.fitAt first options |> ok).Objective
                  Assert.True(ends start.Mixture < truth.Objective - 0.1)
                  near options.Tolerance "objective" truth.Objective (ends mixture)
              | other -> failwith $"{other}")
          testCase "a start remains where EM on the sample leaves a component few rows" (fun () ->
              let led (rows: float[][]) =
                  let options = { options with Components = 4 }
                  let _, _, measured = Fitting.measure options (sourceOf rows) |> ok
                  let start = measured.AtMeans(array2D rows[0..3]) |> ok |> Mixture.uniform 4

                  match Lead.ofStarts (raceOf options (sourceOf rows)) [| 0, Ok start |] with
                  | Some [| 0, Ok mixture |] -> not (obj.ReferenceEquals(mixture, start))
                  | None -> false
                  | other -> failwith $"{other}"

              let rows = groups 4 fewest 4 3 6.0
              Assert.True(led rows)

              // One row of 333 lies far away, about 30 in the sample: fewer than five for each of 15 parameters.
              for n in 0..333 .. fewest - 1 do
                  rows[n] <- rows[n] |> Array.map (fun x -> x + 100.0)

              Assert.False(led rows)) ]
