/// SQUAREM: fewer E-steps, the same limits, and an objective that never falls.
module Gmm.Tests.AccelerationTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators

/// Two fits with the same options, without and with acceleration.
let private both (fit: FitOptions<'kind, 'θ> -> Result<Fit<'θ>, GmmError>) (options: FitOptions<'kind, 'θ>) =
    let by acceleration =
        fit
            { options with
                Acceleration = acceleration
                Execution = oneThread }
        |> ok

    by Acceleration.None, by Acceleration.Squarem

/// Two normals, 1.5 standard deviations apart in the first column, with weights ¼ and ¾.
let private overlapping rows columns =
    let random = RandomStream.ofSeed 7

    Array.init rows (fun n -> Array.init columns (fun j -> normal random + (if j = 0 && n % 4 > 0 then 1.5 else 0.0)))
    |> sourceOf

/// Four normals with unit covariance in four columns, each 2.5 from 0 along an axis.
let private four =
    let random = RandomStream.ofSeed 8

    Array.init 4000 (fun n -> Array.init 4 (fun j -> normal random + (if j = n % 4 then 2.5 else 0.0)))
    |> sourceOf

/// Deaths in the London Times (Hasselblad 1969), each count as many times as it was found.
let private deaths =
    Seq.zip [ 0..9 ] [ 162; 267; 271; 185; 111; 61; 27; 8; 3; 1 ]
    |> Seq.collect (fun (value, count) -> Seq.replicate count [| float value |])
    |> Array.ofSeq
    |> sourceOf

let private gaussian components structure =
    { Gmm.defaults with
        Components = components
        Family.Structure = structure
        Start = Start.KMeans
        Tolerance = 1e-9
        MaxIterations = 100_000 }

let private counts: FitOptions<ExponentialFamily, ExponentialParameters> =
    { Gmm.defaultsOf Poisson.family with
        Components = 2
        Start = Start.KMeans
        Tolerance = 1e-9
        MaxIterations = 100_000 }

/// The number of E-steps without and with acceleration, and the final objectives.
let private compared source options =
    let plain, fast = both (fun options -> Gmm.fit options source) options
    Assert.True(plain.Converged && fast.Converged)
    Assert.True(largestFall fast <= Tolerance.monotone)
    plain, fast

[<Tests>]
let ``known problems`` =
    testList
        "Acceleration: known problems"
        [ testTheory
              "slow fits need a third of the E-steps or fewer, and end at the same maximum"
              [ "overlapping, one column"; "overlapping, two columns"; "counts" ]
              (fun problem ->
                  let check (plain: Fit<'θ>) (fast: Fit<'θ>) =
                      Assert.True(3 * fast.Passes <= plain.Passes, $"{fast.Passes} E-steps instead of {plain.Passes}")
                      near 2e-8 "objective" plain.Objective fast.Objective

                  match problem with
                  | "overlapping, one column" -> compared (overlapping 2000 1) (gaussian 2 Full) ||> check
                  | "overlapping, two columns" -> compared (overlapping 5000 2) (gaussian 2 Full) ||> check
                  | _ -> compared deaths counts ||> check)
          testTheory
              "other fits need no more E-steps than plain EM, and end no farther from the maximum"
              [ "faithful", 2, Full
                "faithful", 3, Full
                "iris", 2, Full
                "iris", 3, Full
                "iris", 3, Spherical
                "iris", 4, Diag
                "iris", 5, TiedFull
                "four", 4, Full ]
              (fun (name, components, structure) ->
                  let source = if name = "four" then four else (DataSet.named name).Source

                  for tolerance in [ 1e-6; 1e-9 ] do
                      let plain, fast =
                          compared
                              source
                              { gaussian components structure with
                                  Tolerance = tolerance }

                      Assert.True(
                          float fast.Passes <= 1.1 * float plain.Passes,
                          $"{fast.Passes} E-steps instead of {plain.Passes}"
                      )

                      Assert.True(fast.Objective >= plain.Objective - 1e-9))
          testCase "a MAP fit of digits ends at a maximum, too" (fun () ->
              let rows = (DataSet.digits ()).Rows |> Array.map (Array.map (fun x -> if x > 7.0 then 1.0 else 0.0))
              let family = Bernoulli.family |> ExponentialFamily.withPrior (Bernoulli.beta 2.0 2.0)

              let plain, fast =
                  compared
                      (sourceOf rows)
                      { Gmm.defaultsOf family with
                          Components = 10
                          Start = Start.KMeans }

              Assert.True(fast.Passes < plain.Passes)
              Assert.True(fast.Objective >= plain.Objective - 2e-6)) ]

[<Tests>]
let ``rules`` =
    testList
        "Acceleration: rules"
        [ testCase "E-steps are counted apart from iterations" (fun () ->
              let plain, fast = compared (overlapping 2000 1) (gaussian 2 Full)
              Assert.Equal(plain.Iterations + 1, plain.Passes)
              // Some extrapolations were rejected.
              Assert.True(fast.Passes > fast.Iterations + 1)
              Assert.Equal(fast.Iterations + 1, fast.Trace.Length))
          testCase "the statistics and the objective are those of the fitted mixture" (fun () ->
              let source = overlapping 2000 1
              let _, fast = compared source (gaussian 2 Full)

              let model =
                  { fast.Model with
                      Execution = oneThread }

              let statistics = EM.eStep model source fast.Mixture
              Assert.Equal(statistics.LogLikelihood, fast.LogLikelihood)
              Assert.Equal(EM.objective model fast.Mixture statistics, fast.Objective))
          testTheory
              "what has no maximum to climb or shows its iterates is not accelerated"
              [ "hard"; "history"; "absolute" ]
              (fun case ->
                  let options = gaussian 2 Full

                  let options =
                      match case with
                      | "hard" -> { options with Assignment = Hard }
                      | "history" -> { options with History = true }
                      | _ ->
                          { options with
                              Family.RegCovar = Absolute 0.1 }

                  let plain, fast = both (fun options -> Gmm.fit options (overlapping 500 2)) options
                  Assert.Equal<float[]>(plain.Trace, fast.Trace)
                  Assert.Equal<int64[]>(bits (parameters plain.Mixture), bits (parameters fast.Mixture)))
          testCase "at tolerance 0 a fit makes exactly as many iterations as it may" (fun () ->
              for most in [ 1; 2; 7; 50 ] do
                  let fit =
                      overlapping 500 1
                      |> Gmm.fit
                          { gaussian 2 Full with
                              Tolerance = 0.0
                              MaxIterations = most }
                      |> ok

                  Assert.Equal(most, fit.Iterations))
          testCase "a fit from its own result takes at most two iterations" (fun () ->
              for source in [ overlapping 2000 1; (DataSet.iris ()).Source ] do
                  let fit = source |> Gmm.fit (gaussian 2 Full) |> ok

                  let again =
                      source
                      |> Gmm.fit
                          { gaussian 2 Full with
                              Start = Start.Mixture fit.Mixture
                              Tolerance = 1e-7 }
                      |> ok

                  Assert.InRange(again.Iterations, 1, 2))
          testCase "no rule stops at an extrapolation" (fun () ->
              let source = overlapping 500 1

              let start =
                  (source
                   |> Gmm.fit
                       { gaussian 2 Full with
                           MaxIterations = 1 }
                   |> ok)
                      .Start

              let model =
                  { Model.ofFamily Gaussian.family with
                      Execution = oneThread }

              use pass = Model.openPass model source |> ok

              let iterates = Squarem.iteratesOn pass model 1e-9 start |> Seq.truncate 60 |> Seq.map ok |> Array.ofSeq

              Assert.Contains(iterates, _.IsExtrapolated)

              for previous, current in Array.pairwise iterates do
                  for rule in [ Stopping.Change; Stopping.Aitken ] do
                      if current.IsExtrapolated then
                          Assert.Equal(infinity, current.Remaining)
                          Assert.False(Stopping.hasConverged rule 1e9 previous current))
          testCase "fixed weights keep their bits" (fun () ->
              let fit =
                  overlapping 2000 1
                  |> Gmm.fit
                      { gaussian 2 Full with
                          WeightPrior = Fixed
                          StartWeights = Some [| 1.0; 3.0 |] }
                  |> ok

              Assert.Equal<int64[]>(bits (fit.Start.LogWeights.toArray ()), bits (fit.Mixture.LogWeights.toArray ())))
          testCase "a component without weight, where no coordinate is finite, leaves plain EM" (fun () ->
              let plain, fast =
                  { gaussian 3 Full with
                      WeightPrior = Fixed
                      StartWeights = Some [| 0.0; 1.0; 1.0 |]
                      Family.MeanPrior =
                          Some
                              { Mean = Tensor.vector [| 0.0 |]
                                Precision = 1.0 }
                      Family.CovariancePrior =
                          Some
                              { Scale = Tensor.scalar 1.0
                                Degrees = 3.0 }
                      MaxIterations = 50 }
                  |> both (fun options -> Gmm.fit options (overlapping 500 1))

              Assert.Equal<float[]>(plain.Trace, fast.Trace)) ]

[<Tests>]
let ``generated data`` =
    testList
        "Acceleration: generated data"
        [ testForAll 300 "the objective never falls, and no fit that plain EM makes is lost" weightedData (fun case ->
              [ for structure in Structure.all do
                    let options =
                        { gaussian case.Origin.Components structure with
                            Tolerance = 1e-6
                            MaxIterations = 60
                            Execution = oneThread }

                    let by acceleration =
                        case.Source
                        |> Gmm.fit
                            { options with
                                Acceleration = acceleration }

                    match by Acceleration.None, by Acceleration.Squarem with
                    | Ok _, Error error -> failwith error.Message
                    | _, Ok fast -> largestFall fast <= Tolerance.monotone
                    | Error _, Error _ -> true ]
              |> List.forall id) ]
