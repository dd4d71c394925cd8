/// Components that move to where they are needed.
module Gmm.Tests.MovesTests

open Expecto
open Gmm
open Gmm.Tests.BasinTests
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// The number of groups of the data.
let private count = 16

/// Groups in four columns, far enough apart that k-means and short runs often miss some of them.
let private separate = Array.init 6 (fun i -> lazy (groups (i + 1) 1600 4 count 14.0 |> sourceOf))

/// The fit that begins at the groups of the data.
let private truth options (source: Source) =
    source
    |> Gmm.fit
        { options with
            Start = Start.Labels(Array.init (int source.Rows) (fun n -> n % count)) }
    |> ok

let private options = { Gmm.defaults with Components = count }

/// Groups in so many rows that slow runs turn, and options under which one does.
let private slow, private ofSlow = lazy (groups 6 36_000 4 12 10.0 |> sourceOf), { options with Components = 12 }

[<Tests>]
let tests =
    testList
        "Moves"
        [ testTheory
              "a default fit finds the groups, also where its candidates miss some"
              [ Full; Diag; TiedFull; Spherical ]
              (fun structure ->
                  let options =
                      { options with
                          Family.Structure = structure }

                  let reached =
                      [ for source in separate do
                            let source = source.Value
                            let candidates = alone options source |> List.map _.Objective
                            let goal = (truth options source).Objective - 1e-6
                            let fit = source |> Gmm.fit options |> ok
                            fit.Objective >= goal, List.max candidates >= goal ]

                  let count chosen = reached |> List.filter chosen |> List.length
                  Assert.Equal(separate.Length, count fst)
                  Assert.True(count snd <= 3))
          testTheory
              "so does a mixture of Student's t, and one of rows with weights"
              [ "Student's t"; "weights" ]
              (fun case ->
                  let reaches source =
                      if case = "weights" then
                          let source =
                              source |> Source.weighted (Array.init 1600 (fun n -> float (n / count % 3))) |> ok

                          (source |> Gmm.fit options |> ok).Objective >= (truth options source).Objective - 1e-6
                      else
                          let students =
                              { Gmm.defaultsOf StudentTKind.defaults with
                                  Components = count }

                          (source |> Gmm.fit students |> ok).Objective >= (truth students source).Objective - 1e-5

                  let reached = separate |> Array.map (fun source -> reaches source.Value)
                  Assert.DoesNotContain(false, reached))
          testForAll 100 "a default fit is never lower than its candidates" weightedData (fun case ->
              let options =
                  { Gmm.defaults with
                      Components = 3 + case.Rows.Length % 3
                      Family.Structure = case.Origin.Structure
                      Execution = oneThread }

              match Gmm.fit options case.Source with
              | Error _ -> true
              | Ok fit ->
                  alone options case.Source
                  |> List.filter _.Irregular.IsEmpty
                  |> List.forall (fun candidate -> fit.Objective >= candidate.Objective - options.Tolerance))
          testCase "the loss of a component is what the log-likelihood loses without it" (fun () ->
              let source =
                  groups 3 1500 2 3 3.0 |> sourceOf |> Source.weighted (Array.init 1500 (fun n -> float (n % 3))) |> ok

              let fit = source |> Gmm.fit { options with Components = 3 } |> ok
              let owners = source |> Moves.ownersOf Execution.Default fit.Mixture fit.Model.Family
              let likelihood mixture = (EM.eStep fit.Model source mixture).LogLikelihood

              for k in 0..2 do
                  let others = [| 0..2 |] |> Array.filter (fun l -> l <> k)
                  let means = fit.Parameters.Means.toArray2D ()
                  let covariances = fit.Parameters.Covariances.toArray ()
                  let planes = others |> Array.collect (fun l -> Array.sub covariances (4 * l) 4)

                  let without =
                      Gaussian.create
                          Full
                          (array2D [ for l in others -> means[l, *] ])
                          (Tensor.create [| 2; 2; 2 |] planes)
                      |> ok
                      |> Mixture.create [| for l in others -> fit.Weights[l] |]
                      |> ok

                  let lost = likelihood fit.Mixture - likelihood without
                  near (1e-9 * abs lost) "loss" lost owners.Losses[k]

                  let rows = [| for n in 0..1499 -> float (n % 3) |]
                  let own = [| for n in 0..1499 -> if owners.First[n] = k then rows[n] else 0.0 |]
                  near 1e-9 "count" (Array.sum own) owners.Counts[k]

                  for n in 0..1499 do
                      Assert.NotEqual(owners.First[n], owners.Second[n]))
          testCase "the bits are the same for any number of threads, at the end of runs and in slow ones" (fun () ->
              separate[3].Value |> haveSameBitsForThreads options
              slow.Value |> haveSameBitsForThreads ofSlow)
          testCase "a slow run on many rows turns, and ends where the groups are" (fun () ->
              let fit, ofRun = slow.Value |> watched ofSlow
              let best = alone ofSlow slow.Value |> List.map _.Objective |> List.max
              let endOf run = (ofRun run |> List.last).Objective

              Assert.True(
                  [ 0; 1 ] |> List.exists (fun run -> turned (ofRun run) && endOf run > best + 0.01),
                  $"{best} {endOf 0} {endOf 1}"
              )

              Assert.True(fit.Objective > best + 0.01))
          testCase "a run doesn't turn at its last iteration" (fun () ->
              let _, ofRun =
                  slow.Value
                  |> watched
                      { ofSlow with
                          MaxIterations = Race.slow }

              Assert.False(turned (ofRun 0) || turned (ofRun 1)))
          testTheory "a run goes back from a turn that doesn't pay" [ "lower"; "irregular"; "failing" ] (fun case ->
              // Two groups that overlap so much that EM is slow.
              let source = groups 1 2000 1 2 1.0 |> sourceOf

              let options =
                  { Gmm.defaults with
                      Components = 2
                      Start = Start.KPlusPlus
                      Acceleration = Acceleration.None }

              let _, _, measured = Fitting.measure options source |> ok
              let race = raceOf options source
              let first = Start.mixtures Lloyd.run measured options source options.Execution 0 |> ok |> List.head

              let mixture means variances weights =
                  Gaussian.create Full (array2D means) (Tensor.create [| 2; 1; 1 |] variances)
                  |> ok
                  |> Mixture.create weights
                  |> ok

              let turns = ref 0

              /// Two equal components, which stay equal; a spike on one row; and a component to which no row belongs.
              let turn (_: Execution) (_: int) (_: Mixture<Gaussian>) =
                  turns.Value <- turns.Value + 1

                  match case with
                  | "lower" -> Some(mixture [ [ 0.0 ]; [ 0.0 ] ] [| 1.0; 1.0 |] [| 0.5; 0.5 |])
                  | "irregular" ->
                      let row = (Source.firstRow source)[0, 0]
                      Some(mixture [ [ 0.0 ]; [ row ] ] [| 1.0; 1e-12 |] [| 0.999; 0.001 |])
                  | _ -> Some(mixture [ [ 0.0 ]; [ 1e9 ] ] [| 1.0; 1.0 |] [| 0.5; 0.5 |])

              let outcome (turn: Execution -> int -> Mixture<Gaussian> -> Mixture<Gaussian> option) =
                  Race.run (fun _ _ -> ignore) turn false race [| 0, Ok first |] (fun _ outcomes -> snd outcomes[0])
                  |> ok
                  |> Option.get
                  |> fst

              let straight, turned = outcome Race.straight, outcome turn
              Assert.Equal(1, turns.Value)
              Assert.True(straight.Iterations > Race.slow)
              Assert.True(turned.Irregular.IsEmpty)
              near options.Tolerance "objective" straight.Objective turned.Objective)
          testCase "a fit isn't lost where a component owns only rows without weight" (fun () ->
              let source =
                  groups 3 900 2 3 12.0 |> sourceOf |> Source.weighted (Array.init 900 (fun n -> float (n % 3))) |> ok

              let mutable without = 0

              for seed in 0..9 do
                  let fit =
                      source
                      |> Gmm.fit
                          { options with
                              Components = 4
                              Seed = seed }
                      |> ok

                  Assert.True(allFinite fit.Trace)
                  let owners = source |> Moves.ownersOf Execution.Default fit.Mixture fit.Model.Family

                  if Array.contains 0.0 owners.Counts then
                      without <- without + 1

              Assert.True(without > 0))
          testTheory
              "components stay where the options rule moves out"
              [ "named"
                "fixed weights"
                "tolerance 0"
                "few iterations"
                "hard"
                "noise"
                "missing"
                "mean prior"
                "given covariances" ]
              (fun case ->
                  let options =
                      match case with
                      | "named" -> { options with Start = Start.KMeans }
                      | "fixed weights" -> { options with WeightPrior = Fixed }
                      | "tolerance 0" ->
                          { options with
                              Tolerance = 0.0
                              MaxIterations = Race.slow + 10 }
                      | "few iterations" -> { options with MaxIterations = 5 }
                      | "hard" -> { options with Assignment = Hard }
                      | "noise" ->
                          { options with
                              Noise = Some(NoiseVolume.Given 1e5) }
                      | "missing" -> { options with Missing = Missing.Fit }
                      | "mean prior" ->
                          { options with
                              Family.MeanPrior =
                                  Some
                                      { Mean = Tensor.matrix (Array2D.zeroCreate count 4)
                                        Precision = 1e-6 } }
                      | _ ->
                          let planes =
                              Array.init count (fun _ -> [| for i in 0..15 -> if i % 5 = 0 then 1.0 else 0.0 |])

                          { options with
                              Family.StartCovariances =
                                  CovarianceStart.Given(Tensor.create [| count; 4; 4 |] (Array.concat planes)) }

                  let source =
                      if case = "missing" then
                          groups 4 1600 4 count 14.0
                          |> Array.mapi (fun n row -> if n % 7 = 0 then [| nan; row[1]; row[2]; row[3] |] else row)
                          |> sourceOf
                      else
                          separate[3].Value

                  let fit, ofRun = source |> watched options
                  let starts = alone options source |> List.map (fun fit -> fit.Trace[0])
                  Assert.Contains(fit.Trace[0], starts)
                  Assert.Empty(ofRun starts.Length)
                  Assert.False([ 0 .. starts.Length - 1 ] |> List.exists (ofRun >> turned)))
          testCase "on the same data, they move with the other options at their defaults" (fun () ->
              let fit, ofRun = separate[3].Value |> watched options
              let starts = alone options separate[3].Value |> List.map (fun fit -> fit.Trace[0])
              Assert.DoesNotContain(fit.Trace[0], starts)
              Assert.Equal(fit.Trace[0], (ofRun starts.Length).Head.Objective)) ]
