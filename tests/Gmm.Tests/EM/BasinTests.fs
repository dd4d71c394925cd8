/// Runs that join the first one, and are stopped.
module Gmm.Tests.BasinTests

open System
open System.Collections.Concurrent
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// Rows of groups with unit covariances, whose means are about as far apart as a distance.
let groups seed rows columns count distance =
    let random = RandomStream.ofSeed seed

    let means =
        Array.init count (fun _ -> Array.init columns (fun _ -> distance / sqrt (float columns) * normal random))

    Array.init rows (fun n -> Array.init columns (fun j -> means[n % count][j] + normal random))

/// Two long, thin groups side by side, which k-means cuts across, with so many rows that runs may join.
let private stretched =
    lazy
        (let random = RandomStream.ofSeed 1

         Array.init 40_000 (fun n -> [| 12.0 * normal random; normal random + (if n % 2 = 0 then 0.0 else 6.0) |])
         |> sourceOf)

/// Returns a fit, and the reports of each of its runs.
let watched (options: FitOptions<'kind, 'θ>) (source: Source) =
    let reports = ConcurrentQueue<Progress>()

    let fit =
        source
        |> Gmm.fit
            { options with
                Progress = reports.Enqueue }
        |> ok

    let ofRun run =
        [ for report in reports do
              if report.Run = run then
                  report ]

    fit, ofRun

/// Whether the run of some reports began anew.
let turned (reports: Progress list) : bool = (reports |> List.filter (fun report -> report.Iteration = 0)).Length > 1

/// Returns the fits of the candidates of the options, each run out alone.
let alone (options: FitOptions<GaussianKind, Gaussian>) (source: Source) : Fit<Gaussian> list =
    let _, filled, measured = Fitting.measure options source |> ok
    let seen = Start.rowsFor options filled

    Start.mixtures Lloyd.run measured options seen options.Execution options.Seed
    |> ok
    |> List.map (fun first ->
        source
        |> Gmm.fit
            { options with
                Start = Start.Mixture first }
        |> ok)

/// The race of a fit whose components may move.
let internal raceOf (options: FitOptions<GaussianKind, Gaussian>) (source: Source) : Race<GaussianKind, Gaussian> =
    let _, filled, measured = Fitting.measure options source |> ok

    { Options = options
      Family = measured.Family
      Rule = Rule.em measured.IsExact options.Stopping
      Regularity = measured.Regularity
      Refit = Some Fitting.fit
      Source = filled
      Rows = filled.Rows }

/// Checks that a fit has the same bits for any number of threads.
let haveSameBitsForThreads (options: FitOptions<GaussianKind, Gaussian>) (source: Source) : unit =
    let fit threads =
        source
        |> Gmm.fit
            { options with
                Execution =
                    { Execution.Default with
                        Threads = threads } }
        |> ok

    let first = fit 1

    for threads in [ 2; 5 ] do
        Assert.Equal<float[]>(first.Trace, (fit threads).Trace)

/// Returns a mixture with its components in another order.
let private permuted (order: int[]) (mixture: Mixture<Gaussian>) : Mixture<Gaussian> =
    let gaussian = mixture.Parameters
    let means, covariances = gaussian.Means.toArray2D (), gaussian.Covariances.toArray ()
    let size = covariances.Length / order.Length

    let planes =
        order
        |> Array.collect (fun k -> Array.sub covariances (k * size) size)
        |> Tensor.create gaussian.Covariances.shape

    Gaussian.create gaussian.Structure (order |> Array.map (fun k -> means[k, *]) |> array2D) planes
    |> ok
    |> Mixture.create (order |> Array.map (fun k -> mixture.Weights[k]))
    |> ok

[<Tests>]
let tests =
    let source = lazy (groups 3 10_000 8 3 3.0 |> sourceOf)

    let options =
        { Gmm.defaults with
            Components = 3
            Start = Start.KMeans }

    testList
        "Basin"
        [ formulas [ "J = Σₖ (rₙₖ − r′ₙₖ)(ln rₙₖ − ln r′ₙₖ)", "Kullback and Leibler 1951" ]
          <| testCase "the divergence is that of the responsibilities, in any order of the components" (fun () ->
              // Fewer rows than a comparison draws, so that it sees them all.
              let source = groups 3 1500 8 3 3.0 |> sourceOf
              let fit = source |> Gmm.fit options |> ok
              let other = source |> Gmm.fit { options with MaxIterations = 2 } |> ok
              let basin = Basin.ofFit Execution.Default source fit |> Option.get
              let ofRows mixture = Predict.responsibilities (Fit.ofMixture fit.Model.Family mixture) source |> ok
              let r, s = ofRows fit.Mixture, ofRows other.Mixture

              let expected =
                  Seq.sum (
                      seq {
                          for n in 0..1499 do
                              for k in 0..2 do
                                  (r[n, k] - s[n, k]) * (log r[n, k] - log s[n, k])
                      }
                  )
                  / 1500.0

              Assert.True(expected > 1e-4)
              near (1e-9 * expected) "divergence" expected (Basin.divergence basin other.Mixture)

              near
                  (1e-9 * expected)
                  "permuted"
                  expected
                  (Basin.divergence basin (permuted [| 2; 0; 1 |] other.Mixture))

              Assert.Equal(0.0, Basin.divergence basin fit.Mixture)
              // Two components with the same rows can't both belong to the same component.
              Assert.Equal(infinity, Basin.divergence basin (permuted [| 0; 0; 1 |] fit.Mixture)))
          testCase "a component with few rows can't be compared" (fun () ->
              let rows = groups 3 10_000 8 3 3.0

              for n in 0..9 do
                  rows[1000 * n] <- Array.init 8 (fun j -> 100.0 + 0.01 * float (n * (j + 1) % 7))

              let source = sourceOf rows
              let fit = source |> Gmm.fit { options with Components = 4 } |> ok
              Assert.True(Array.min fit.Weights < 0.002)
              Assert.True((Basin.ofFit Execution.Default source fit).IsNone))
          testCase
              "the default fit is as good as the better one of its candidates, and stops the other one early"
              (fun () ->
                  let mutable joined = 0

                  for seed in 0..5 do
                      for components, structure in [ 3, Full; 4, Full; 5, Diag; 3, TiedFull ] do
                          let source = groups seed 9000 8 3 (2.0 + float seed) |> sourceOf
                          Assert.True(source.Blocks >= 8L)

                          let options =
                              { Gmm.defaults with
                                  Components = components
                                  Family.Structure = structure
                                  Seed = seed }

                          let fit, ofRun = watched options source
                          let candidates = alone options source
                          Assert.Equal(2, candidates.Length)
                          Assert.True fit.Converged

                          if candidates |> List.forall _.Irregular.IsEmpty then
                              let best = candidates |> List.map _.Objective |> List.max

                              Assert.True(
                                  fit.Objective >= best - options.Tolerance,
                                  $"{seed} {components} {structure}: {fit.Objective} is below {best}"
                              )

                          let made = (ofRun 1).Length
                          Assert.InRange(made, 2, candidates[1].Trace.Length)

                          // A run that turned takes another path, and may be shorter, too.
                          if made < candidates[1].Trace.Length && not (turned (ofRun 0) || turned (ofRun 1)) then
                              joined <- joined + 1
                              Assert.Empty fit.Failures
                              Assert.True fit.PassedOver.IsNone
                              Assert.Equal<float[]>(candidates[0].Trace, fit.Trace)

                  Assert.InRange(joined, 8, 24))
          testCase "a run to a better maximum is not stopped" (fun () ->
              let options =
                  { Gmm.defaults with
                      Components = 2
                      Family.Structure = TiedDiag }

              let fit = stretched.Value |> Gmm.fit options |> ok
              let ofKMeans = stretched.Value |> Gmm.fit { options with Start = Start.KMeans } |> ok
              let truth = Start.Labels(Array.init 40_000 (fun n -> n % 2))
              let best = stretched.Value |> Gmm.fit { options with Start = truth } |> ok
              Assert.True(best.Objective > ofKMeans.Objective + 0.1)
              near 2e-6 "objective" best.Objective fit.Objective)
          testCase "noise is compared with noise" (fun () ->
              // Of two groups far apart, one is the component's and the other is noise.
              let source = groups 3 1500 2 2 100.0 |> sourceOf

              let fitOf group =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Noise = Some(NoiseVolume.Given 1e5)
                          Start = Start.Labels(Array.init 1500 (fun n -> if n % 2 = group then 0 else -1)) }
                  |> ok

              let fit, other = fitOf 0, fitOf 1
              near 0.01 "weight of the noise" 0.5 other.Weights[1]
              let basin = Basin.ofFit Execution.Default source fit |> Option.get
              Assert.Equal(0.0, Basin.divergence basin fit.Mixture)
              Assert.Equal(infinity, Basin.divergence basin other.Mixture))
          testTheory
              "no run is stopped at components in another order that a prior, or fixed weights, tell apart"
              [ "means"; "Dirichlet"; "fixed" ]
              (fun case ->
                  for seed in 0..5 do
                      // Ten rows of the first group for eight of the second.
                      let rows =
                          groups seed 10_000 8 2 3.0 |> Array.indexed |> Array.filter (fun (n, _) -> n % 10 <> 1)

                      let source = rows |> Array.map snd |> sourceOf

                      let plain =
                          { Gmm.defaults with
                              Components = 2
                              Seed = seed }

                      // The first run has its components in this order.
                      let first = source |> Gmm.fit { plain with Start = Start.KMeans } |> ok
                      let means, weights = first.Parameters.Means.toArray2D (), first.Weights

                      let options =
                          match case with
                          | "means" ->
                              let prior =
                                  { Mean = Tensor.matrix (array2D [ means[1, *]; means[0, *] ])
                                    Precision = 3.0 }

                              { plain with
                                  Family.MeanPrior = Some prior }
                          | "Dirichlet" ->
                              let fewer = if weights[0] > weights[1] then 0 else 1

                              { plain with
                                  WeightPrior = Dirichlet(Array.init 2 (fun k -> if k = fewer then 1.0 else 300.0)) }
                          | _ ->
                              { plain with
                                  WeightPrior = Fixed
                                  StartWeights = Some(Array.rev weights) }

                      let fit = source |> Gmm.fit options |> ok
                      // With missing cells, no run is stopped.
                      let runOut = source |> Gmm.fit { options with Missing = Missing.Fit } |> ok

                      Assert.True(
                          fit.Objective >= runOut.Objective - options.Tolerance,
                          $"{seed}: {fit.Objective} is below {runOut.Objective}"
                      ))
          testCase "runs join at the same iteration for any number of threads" (fun () ->
              let fit threads =
                  let fit, ofRun =
                      source.Value
                      |> watched
                          { Gmm.defaults with
                              Components = 3
                              Restarts = 2
                              Execution =
                                  { Execution.Default with
                                      Threads = threads } }

                  fit.Trace, [ for run in 0..3 -> ofRun run |> List.map _.Objective ]

              let trace, reports = fit 1

              for threads in [ 2; 5; 16 ] do
                  let otherTrace, others = fit threads
                  Assert.Equal<float[]>(trace, otherTrace)
                  Assert.Equal<float list list>(reports, others))
          testTheory
              "no run joins where the first has not converged, assignment is hard, or the data are small"
              [ "tolerance 0"; "hard"; "small" ]
              (fun case ->
                  let source = if case = "small" then groups 3 2000 8 3 3.0 |> sourceOf else source.Value

                  let options =
                      { Gmm.defaults with
                          Components = 3
                          Tolerance = if case = "tolerance 0" then 0.0 else 1e-6
                          MaxIterations = if case = "tolerance 0" then 60 else 1000
                          Assignment = if case = "hard" then Hard else Soft }

                  let _, ofRun = watched options source

                  for run, candidate in Seq.indexed (alone options source) do
                      Assert.Equal(candidate.Trace.Length, (ofRun run).Length)) ]
