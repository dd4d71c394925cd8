/// Watching a fit: progress, history, warnings, printing; runs side by side.
module Gmm.Tests.WatchingTests

open System
open System.IO
open System.Threading
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private iris components =
    { Gmm.defaults with
        Components = components
        Start = Start.Points }

/// A fit, and what it reported.
let private watched (options: FitOptions<GaussianKind, Gaussian>) source =
    let reports = ResizeArray<Progress>()
    let fit = source |> Gmm.fit { options with Progress = reports.Add }
    fit, List.ofSeq reports

[<Tests>]
let tests =
    testList
        "Watching"
        [ testCase "progress tells every iteration of every run, with the objectives of the trace" (fun () ->
              let source = (DataSet.iris ()).Source

              for threads in [ 1; 2; 5 ] do
                  let fit, reports =
                      source
                      |> watched
                          { iris 3 with
                              Restarts = 4
                              Seed = 7
                              Execution =
                                  { Execution.Default with
                                      Threads = threads } }

                  let fit = ok fit
                  let runs = reports |> List.groupBy _.Run |> List.sortBy fst
                  Assert.Equal<int list>([ 0..3 ], runs |> List.map fst)

                  for run, reports in runs do
                      Assert.Equal<int list>([ 0 .. reports.Length - 1 ], reports |> List.map _.Iteration)
                      Assert.All(reports, fun report -> Assert.Equal(7 + run, report.Seed))
                      Assert.Equal(0.0, reports.Head.Change)

                      Assert.All(
                          List.pairwise reports,
                          fun (a, b) -> Assert.Equal(b.Objective - a.Objective, b.Change)
                      )

                      Assert.All(List.pairwise reports, fun (a, b) -> Assert.True(b.Elapsed >= a.Elapsed))

                  let ofBest = runs |> List.find (fun (run, _) -> 7 + run = fit.Seed) |> snd
                  Assert.Equal<float[]>(fit.Trace, ofBest |> List.map _.Objective |> Array.ofList))
          // Data of few blocks are fitted side by side, those of many one after another.
          testCase "restarts give the same bits side by side and one after another" (fun () ->
              let random = Random 3
              let rows = Array.init 3000 (fun n -> Array.init 12 (fun _ -> normal random + float (n % 3)))

              let fit threads =
                  sourceOf rows
                  |> Gmm.fit
                      { iris 3 with
                          Family.Structure = Diag
                          Restarts = 5
                          MaxIterations = 5
                          History = true
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }
                  |> ok

              let reference = fit 1

              for threads in [ 2; 3; 8 ] do
                  let other = fit threads
                  Assert.Equal(reference.Seed, other.Seed)
                  Assert.Equal<int64[]>(bits reference.Trace, bits other.Trace)
                  Assert.Equal<int64[]>(bits (parameters reference.Mixture), bits (parameters other.Mixture))
                  Assert.Equal(threads, other.Model.Execution.Threads))
          testCase "the history has the mixture of every iterate, and its objectives are those of the trace" (fun () ->
              let property (case: DataCase) =
                  let fit =
                      case.Source
                      |> Gmm.fit
                          { plain case.Origin.Components case.Origin.Structure with
                              Family.RegCovar = Floor 1e-8
                              MaxIterations = 6
                              History = true }

                  whenOk fit (fun fit ->
                      let objective mixture = EM.objective fit.Model mixture (EM.eStep fit.Model case.Source mixture)

                      bits (Array.map objective fit.History) = bits fit.Trace
                      && obj.ReferenceEquals(fit.History[0], fit.Start)
                      && obj.ReferenceEquals(Array.last fit.History, fit.Mixture))

              checkTimes 40 (Prop.forAll weightedData property))
          testCase "without History nothing is kept" (fun () ->
              Assert.Empty(((DataSet.iris ()).Source |> Gmm.fit (iris 2) |> ok).History))
          testCase "progress, history and printing change no bit" (fun () ->
              let source = (DataSet.iris ()).Source
              let fast = source |> Gmm.fit (iris 3) |> ok
              let watchedFast = source |> watched (iris 3) |> fst |> ok
              Assert.Equal<int64[]>(bits (parameters fast.Mixture), bits (parameters watchedFast.Mixture))

              // A history is that of plain EM.
              let plain =
                  source
                  |> Gmm.fit
                      { iris 3 with
                          Acceleration = Acceleration.None }
                  |> ok

              let loud = source |> watched { iris 3 with History = true } |> fst |> ok
              Assert.Equal<int64[]>(bits (parameters plain.Mixture), bits (parameters loud.Mixture)))
          testCase "a progress function that throws ends the fit with its own exception" (fun () ->
              for restarts in [ 1; 4 ] do
                  let options =
                      { iris 3 with
                          Restarts = restarts
                          Progress =
                              fun report ->
                                  if report.Iteration = 2 then
                                      failwith "enough" }

                  let thrown =
                      Assert.Throws<Exception>(fun () -> (DataSet.iris ()).Source |> Gmm.fit options |> ignore)

                  Assert.Equal("enough", thrown.Message))
          testCase "a progress function that throws once ends the runs side by side, too" (fun () ->
              let mutable calls = 0

              let options =
                  { iris 3 with
                      Restarts = 300
                      Tolerance = 0.0
                      Progress =
                          fun _ ->
                              calls <- calls + 1

                              if calls = 2000 then
                                  failwith "enough"
                      Execution = { Execution.Default with Threads = 2 } }

              let thrown = Assert.Throws<Exception>(fun () -> (DataSet.iris ()).Source |> Gmm.fit options |> ignore)
              Assert.Equal(("enough", 2000), (thrown.Message, calls)))
          testCase "a fit is cancelled from its progress, runs side by side too" (fun () ->
              for restarts in [ 1; 4 ] do
                  use stop = new CancellationTokenSource()

                  let options =
                      { iris 3 with
                          Restarts = restarts
                          Tolerance = 0.0
                          MaxIterations = Int32.MaxValue
                          Progress =
                              (fun report ->
                                  if report.Iteration = 3 then
                                      stop.Cancel())
                          Execution =
                              { Execution.Default with
                                  Cancellation = stop.Token } }

                  Assert.ThrowsAny<OperationCanceledException>(fun () ->
                      (DataSet.iris ()).Source |> Gmm.fit options |> ignore)
                  |> ignore) ]

// ── Warnings ────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let warningsTests =
    testList
        "Watching: warnings"
        [ testCase "a fit that stopped at its limit says so, one that converged doesn't" (fun () ->
              let source = (DataSet.iris ()).Source
              let limited = source |> Gmm.fit { iris 3 with MaxIterations = 2 } |> ok

              match limited.Warnings with
              | [ NotConverged(2, change, remaining) as warning ] ->
                  Assert.Equal(limited.Trace[2] - limited.Trace[1], change)
                  Assert.Equal(limited.Remaining, remaining)
                  Assert.Contains("Raise MaxIterations or Tolerance", warning.Message)
              | other -> Assert.Fail $"%A{other}"

              Assert.Empty((source |> Gmm.fit (iris 3) |> ok).Warnings))
          testCase "a component of nearly no weight is named" (fun () ->
              let rows = Array.init 1000 (fun n -> [| (if n = 77 then 500.0 else sin (float n)) |])

              let fit =
                  sourceOf rows
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Means(array2D [ [ 0.0 ]; [ 500.0 ] ]) }
                  |> ok

              match fit.Warnings with
              | [ OnFloor(Some 1); FewRows(1, 1.0); NearlyEmpty(1, weight) as warning ] ->
                  near 1e-6 "weight" 1e-3 weight
                  Assert.Contains("Component 1 (counting from 0) has a weight of 0.001,", warning.Message)
              | other -> Assert.Fail $"%A{other}")
          // Without regularisation, a component around one of two far rows collapses onto it.
          testCase "runs that failed are left out, and named with their errors" (fun () ->
              let random = Random 8

              let rows =
                  Array.append
                      (Array.init 60 (fun _ -> [| normal random; normal random |]))
                      [| [| 1e4; 1e4 |]; [| -1e4; 1e4 |] |]

              let fit =
                  sourceOf rows
                  |> Gmm.fit
                      { plain 2 Full with
                          Start = Start.RandomResponsibilities
                          Restarts = 12
                          Tolerance = 1e-9 }

              match fit with
              | Error error -> Assert.Fail error.Message
              | Ok fit ->
                  let failed =
                      fit.Warnings
                      |> List.choose (function
                          | FailedRun(seed, error) -> Some(seed, error)
                          | _ -> None)

                  Assert.Equal<(int * GmmError) list>(fit.Failures, failed)

                  for seed in 0..11 do
                      let alone =
                          sourceOf rows
                          |> Gmm.fit
                              { plain 2 Full with
                                  Start = Start.RandomResponsibilities
                                  Seed = seed
                                  Tolerance = 1e-9 }

                      match alone, List.tryFind (fst >> (=) seed) failed with
                      | Ok _, None -> ()
                      | Error error, Some(_, named) -> Assert.Equal(error, named)
                      | _ -> Assert.Fail $"seed {seed}")
          testCase "warnings speak of finite numbers" (fun () ->
              for warning in
                  [ NotConverged(5, 0.25, infinity)
                    NearlyEmpty(2, 1e-9)
                    FailedRun(3, CollapsedComponent(1, 4))
                    LightWeights(0.5, 300L) ] do
                  Assert.DoesNotContain("NaN", warning.Message)
                  Assert.NotEmpty warning.Message) ]

// ── Printing ────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let printingTests =
    // Console.Out is the process's.
    testSequenced
    <| testList
        "Watching: printing"
        [ testCase "Verbose prints a line every so many iterations and one about the outcome" (fun () ->
              let console = Console.Out
              use text = new StringWriter()

              let fit =
                  try
                      Console.SetOut(TextWriter.Synchronized text)

                      (DataSet.iris ()).Source
                      |> Gmm.fit
                          { iris 3 with
                              Verbose = true
                              VerboseInterval = 4
                              Tolerance = 0.0
                              MaxIterations = 10 }
                      |> ok
                  finally
                      Console.SetOut console

              let lines = text.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)
              let ours = lines |> Array.filter (fun line -> line.StartsWith "run 0 (seed 0)")
              Assert.Equal(3, ours.Length)
              Assert.Contains("iteration    8", ours[2])
              Assert.Contains($"{fit.Trace[8]:G10}", ours[2])

              Assert.Contains(
                  lines,
                  fun line -> line.StartsWith "seed 0 was best: stopped without converging after 10 iterations"
              )) ]

// ── Light weights ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``light weights`` =
    testList
        "Watching: light weights"
        [ testCase "weights that sum to less than half their rows are warned about, others are not" (fun () ->
              let rows = (DataSet.faithful ()).Rows

              let warnings (weights: float[]) =
                  let fit = sourceOf rows |> Source.weighted weights |> Result.bind (Gmm.fit (plain 2 Full)) |> ok

                  [ for warning in fit.Warnings do
                        match warning with
                        | LightWeights(sum, rows) -> sum, rows
                        | _ -> () ]

              let all weight = Array.create rows.Length weight

              for weight in [ 1.0 / 272.0; 1e-3; 0.49 ] do
                  let sum, count = warnings (all weight) |> Assert.Single
                  near (1e-12 * 272.0) "sum" (272.0 * weight) sum
                  Assert.Equal(272L, count)

              for weight in [ 0.51; 1.0; 1000.0 ] do
                  Assert.Empty(warnings (all weight))

              // Rows of weight 0 don't count: half of the others' number is 34.
              Assert.Empty(warnings (Array.init rows.Length (fun n -> if n % 4 = 0 then 0.51 else 0.0)))
              Assert.Single(warnings (Array.init rows.Length (fun n -> if n % 4 = 0 then 0.49 else 0.0))) |> ignore
              Assert.Empty((sourceOf rows |> Gmm.fit (plain 2 Full) |> ok).Warnings))
          // With weights of sum 1 the penalty p ln n is 0, and too many components win. The warning's remedy gives the choice
          // without weights.
          testCase "scaling light weights as the warning says restores the choice by BIC" (fun () ->
              let random = Random 2
              let rows = Array.init 300 (fun n -> [| normal random + (if n % 2 = 0 then 0.0 else 6.0) |])

              let select weight =
                  sourceOf rows
                  |> Source.weighted (Array.create rows.Length weight)
                  |> Result.bind (
                      Select.gaussian Criterion.Bic ignore [ 1..4 ] [ TiedFull ] { plain 1 Full with Restarts = 3 }
                  )
                  |> ok

              let light = select (1.0 / 300.0)
              Assert.Contains(light.Fit.Warnings, (fun warning -> warning.IsLightWeights))
              Assert.InRange(light.Best.Components, 3, 4)
              Assert.Equal(2, (select 1.0).Best.Components)) ]

// ── Priors from the data ────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``priors from the data`` =
    testList
        "Watching: priors from the data"
        [ testCase
              "priors from the data are their mean and their unbiased covariance, shrunk by the number of components"
              (fun () ->
                  let property (case: DataCase) =
                      let origin = case.Origin
                      let structure, components, features = origin.Structure, origin.Components, origin.Features
                      let whole = case.Source |> Gmm.fit (plain 1 structure)
                      let rows = Array.sum case.Weights

                      whenOk whole (fun whole ->
                          let means, covariances = Prior.fromData structure components case.Source |> ok

                          let expected =
                              whole.Parameters.Covariances.toArray ()
                              |> Array.map (fun v ->
                                  v * rows / (rows - 1.0) / float components ** (2.0 / float features))

                          let scale = Array.max (Array.map abs expected)

                          allWithin
                              1e-11
                              (1.0 + Array.max (Array.map abs origin.Means[0]))
                              (whole.Parameters.Means.toArray ())
                              (means.Mean.toArray ())
                          && means.Precision = 0.01
                          && covariances.Degrees = float features + 2.0
                          && allWithin
                              1e-9
                              (1.0 + scale)
                              (expected |> Array.truncate (covariances.Scale.toArray ()).Length)
                              (covariances.Scale.toArray ()))

                  checkTimes 40 (Prop.forAll data property)
                  checkTimes 40 (Prop.forAll weightedData property))
          // mclust 6.0's Mclust(iris[, 1:4], G = 3, modelNames = …, prior = priorControl()), continued to convergence.
          testTheory
              "priors from iris give the fit of mclust's priorControl"
              [ "full", -192.69528386481; "tied_full", -257.73937660898 ]
              (fun (structure: string, logLikelihood: float) ->
                  let data, structure = DataSet.iris (), Structure.parse structure |> ok
                  let means, covariances = Prior.fromData structure 3 data.Source |> ok

                  let fit =
                      data.Source
                      |> Gmm.fit
                          { plain 3 structure with
                              Start = Start.Labels data.Labels
                              Tolerance = 0.0
                              MaxIterations = 1000
                              Family.MeanPrior = Some means
                              Family.CovariancePrior = Some covariances }
                      |> ok

                  relativelyNear 1e-11 "log-likelihood" [| logLikelihood |] [| fit.LogLikelihood |])
          testCase "priors from data need a total weight above 1" (fun () ->
              let rows = [| [| 1.0 |]; [| 2.0 |]; [| 4.0 |] |]
              let light = sourceOf rows |> Source.weighted [| 0.25; 0.25; 0.5 |] |> ok

              for source, weight in [ sourceOf [| [| 1.0 |] |], "1"; light, "1" ] do
                  Assert.Equal(
                      "The data must have a total weight above 1, because variances are divided by Σw − 1 (scale the sample "
                      + $"weights so that their sum is the number of rows), but it is {weight}.",
                      (Prior.fromData Full 1 source |> error).Message
                  ))
          // Nine rows can't hold three full covariances of four features; with the prior they do.
          testCase "priors from the data hold components together where they have few rows" (fun () ->
              let data = DataSet.iris ()
              let few = sourceOf [| for n in 0..16..149 -> data.Rows[n] |]

              let options =
                  { plain 3 Full with
                      Start = Start.KMeans }

              Assert.True(few |> Gmm.fit options |> Result.isError)
              let means, covariances = Prior.fromData Full 3 few |> ok

              let fit =
                  few
                  |> Gmm.fit
                      { options with
                          Family.MeanPrior = Some means
                          Family.CovariancePrior = Some covariances }
                  |> ok

              Assert.True fit.Converged
              near 1e-9 "objective" fit.Objective ((fit.LogLikelihood + fit.LogPrior) / 10.0))
          testCase "one concentration stands for all components" (fun () ->
              let source = (DataSet.iris ()).Source

              let fit concentration =
                  source
                  |> Gmm.fit
                      { iris 3 with
                          WeightPrior = Dirichlet concentration }
                  |> ok

              Assert.Equal<int64[]>(
                  bits (parameters (fit [| 4.0; 4.0; 4.0 |]).Mixture),
                  bits (parameters (fit [| 4.0 |]).Mixture)
              ))
          testCase "a fit shows itself as one line" (fun () ->
              let fit = (DataSet.iris ()).Source |> Gmm.fit { iris 3 with MaxIterations = 2 } |> ok
              let text = $"%A{fit}"

              Assert.StartsWith(
                  "gaussian mixture of 3, stopped without converging after 2 iterations: objective -",
                  text
              )

              Assert.DoesNotContain("\n", text)) ]
