/// What EM does on any mixture and any data: the E-step's numbers, the loop, and what the objective does.
module Gmm.Tests.EMTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// A maximum-likelihood model on one thread.
let private likelihood =
    { Model.ofFamily Gaussian.family with
        Execution = oneThread }

/// The iterates until `count` M-steps are made, or the first error.
let private walk count model source start : Result<Iterate<Gaussian> list, GmmError> =
    (EM.iterates model source start |> Seq.truncate (count + 1), Ok [])
    ||> Seq.foldBack (fun next rest -> Result.bind (fun next -> rest |> Result.map (fun rest -> next :: rest)) next)

/// A property of what EM made of generated data. Drawn data now and then are singular for a component: such a case is
/// put aside and another drawn; FsCheck gives up when that happens too often.
let private whenSound (result: Result<'T, GmmError>) (property: 'T -> bool) =
    match result with
    | Ok value -> property value |> Prop.ofTestable
    | Error(SingularCovariance _)
    | Error(CollapsedComponent _) -> false ==> true
    | Error other -> failwith other.Message

let private neverFalls (iterates: Iterate<Gaussian> list) =
    iterates
    |> List.pairwise
    |> List.forall (fun (before, after) ->
        after.Objective >= before.Objective - Tolerance.monotone * (1.0 + abs before.Objective))

// ── The objective ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the objective`` =
    testList
        "EM: the objective"
        [ formulas [ "ln p(X|θ′) ≥ ln p(X|θ) after a step of EM", "Dempster, Laird and Rubin 1977" ]
          <| testPropertyTimes
              150
              "the objective never falls by maximum likelihood"
              (Prop.forAll weightedData (fun case ->
                  whenSound (walk 20 likelihood case.Source case.Origin.Mixture) neverFalls))
          testPropertyTimes
              100
              "the objective never falls on almost collinear data"
              (Prop.forAll collinearData (fun case ->
                  whenSound (walk 20 likelihood case.Source case.Origin.Mixture) neverFalls))
          formulas [ "ln p(X|θ′) + ln p(θ′) ≥ ln p(X|θ) + ln p(θ)", "Dempster, Laird and Rubin 1977" ]
          <| testCase "the objective never falls under any beliefs" (fun () ->
              let property (case: BeliefCase) =
                  let model =
                      { Model.ofFamily case.Family with
                          Weights = case.Prior.OnWeights
                          Execution = oneThread }

                  whenSound (walk 20 model case.Data.Source case.Data.Origin.Mixture) neverFalls

              checkTimes 1000 (Prop.forAll beliefs property))
          formulas [ "Σₙ wₙ maxₖ ln ρₙₖ never falls with hard assignment", "Celeux and Govaert 1992" ]
          <| testCase "the classification objective never falls" (fun () ->
              let model = { likelihood with Assignment = Hard }

              checkTimes
                  1000
                  (Prop.forAll weightedData (fun case ->
                      whenSound (walk 20 model case.Source case.Origin.Mixture) neverFalls)))
          formulas [ "L = Σₙ wₙ ln Σₖ πₖ N(xₙ|μₖ, Σₖ)", "Bishop, PRML, 2006, eq. 9.14" ]
          <| testForAll
              150
              "the objective is the mean of the data's log-densities, by formulas written down apart"
              weightedData
              (fun case ->
                  let origin = case.Origin

                  let plain: Formulas.Plain =
                      { Weights = origin.Mixture.Weights
                        Means = origin.Means
                        Covariances = Array.init origin.Components origin.Covariance }

                  let statistics = EM.eStep likelihood case.Source origin.Mixture
                  let expected = Formulas.logLikelihood plain case.Rows case.Weights

                  abs (statistics.LogLikelihood - expected) <= 1e-11 * (1.0 + abs expected)
                  && abs (statistics.Weight - Array.sum case.Weights) <= 1e-9)
          formulas [ "ln N(x|μ, Σ) = −½ (D ln 2π + ln|Σ| + (x−μ)ᵀΣ⁻¹(x−μ))", "Bishop, PRML, 2006, eq. 2.43" ]
          <| testCase "log-densities under ill-conditioned covariances are right to the digits they have" (fun () ->
              let condition = 1e10

              forAll 150 illConditioned (fun covariance ->
                  let features = Array2D.length1 covariance
                  let mean = Array.init features float
                  let random = Random features
                  let rows = Array.init 5 (fun _ -> mean |> Array.map (fun m -> m + normal random))

                  let mixture =
                      mixtureOf
                          Full
                          [| 1.0 |]
                          (array2D [ mean ])
                          (Tensor.create [| 1; features; features |] (covariance |> Seq.cast<float> |> Array.ofSeq))

                  let expected = rows |> Array.map (Formulas.logNormal mean covariance) |> Array.sum
                  let actual = (EM.eStep likelihood (sourceOf rows) mixture).LogLikelihood
                  // Two stable algorithms on a matrix of this condition number agree to condition·1e-16, relatively.
                  abs (actual - expected) <= condition * 1e-15 * (1.0 + abs expected))) ]

// ── Responsibilities and labels ─────────────────────────────────────────────────────────────────────────────────────

let private fitted iterations (case: DataCase) =
    case.Source
    |> Gmm.fit
        { plain case.Origin.Components case.Origin.Structure with
            Start = Start.Mixture case.Origin.Mixture
            Tolerance = 0.0
            MaxIterations = iterations }

[<Tests>]
let ``responsibilities and labels`` =
    testList
        "EM: responsibilities and labels"
        [ testCase "responsibilities lie between 0 and 1 and every row of them sums to 1" (fun () ->
              let property (case: DataCase) =
                  whenSound (fitted 3 case) (fun fit ->
                      let responsibilities = Predict.responsibilities fit case.Source |> ok
                      let rowSums = Array.init case.Rows.Length (fun n -> Array.sum responsibilities[n, *])

                      Array2D.length1 responsibilities = case.Rows.Length
                      && responsibilities |> Seq.cast<float> |> Seq.forall (fun r -> r >= 0.0 && r <= 1.0)
                      && allWithin Tolerance.rounding 1.0 (Array.create case.Rows.Length 1.0) rowSums)

              checkTimes 150 (Prop.forAll weightedData property))
          testCase "labels are where the responsibilities are largest, the lower of equals" (fun () ->
              let property (case: DataCase) =
                  whenSound (fitted 3 case) (fun fit ->
                      let responsibilities = Predict.responsibilities fit case.Source |> ok
                      let labels = Predict.labels fit case.Source |> ok

                      labels
                      |> Array.mapi (fun n label -> Array.max responsibilities[n, *] = responsibilities[n, label])
                      |> Array.forall id)

              checkTimes 150 (Prop.forAll data property))
          formulas [ "Nₖ = Σₙ wₙ rₙₖ, Σₖ πₖ = 1", "Bishop, PRML, 2006, eq. 9.27 and 9.9" ]
          <| testCase "counts are the sums of responsibilities and weights sum to 1" (fun () ->
              let property (case: DataCase) =
                  whenSound (fitted 2 case) (fun fit ->
                      let responsibilities = Predict.responsibilities fit case.Source |> ok

                      let counts =
                          Array.init case.Origin.Components (fun k ->
                              Seq.sum (
                                  seq {
                                      for n in 0 .. case.Rows.Length - 1 -> case.Weights[n] * responsibilities[n, k]
                                  }
                              ))

                      allWithin 1e-11 (float case.Rows.Length) counts fit.Statistics.Counts
                      && abs (Array.sum fit.Weights - 1.0) <= Tolerance.rounding)

              checkTimes 100 (Prop.forAll weightedData property))
          testCase "the score of the data fitted to is the lower bound" (fun () ->
              let property (case: DataCase) =
                  whenSound (fitted 2 case) (fun fit ->
                      abs ((Predict.score fit case.Source |> ok) - fit.LowerBound)
                      <= 1e-11 * (1.0 + abs fit.LowerBound))

              checkTimes 100 (Prop.forAll weightedData property)) ]

// ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let stepsTests =
    testList
        "EM: steps"
        [ testCase "an E-step and an M-step by hand are one iteration of the fit, bit for bit" (fun () ->
              let property (case: DataCase) =
                  let byHand =
                      EM.eStep likelihood case.Source case.Origin.Mixture |> EM.mStep likelihood case.Origin.Mixture

                  whenSound byHand (fun byHand ->
                      let step = EM.step likelihood case.Source case.Origin.Mixture |> ok
                      let fit = fitted 1 case |> ok

                      bits (parameters byHand) = bits (parameters fit.Mixture)
                      && bits (parameters byHand) = bits (parameters step)
                      && fit.Iterations = 1)

              checkTimes 100 (Prop.forAll weightedData property))
          testCase "two fits of one iteration are one fit of two, bit for bit" (fun () ->
              let property (case: DataCase) =
                  whenSound (fitted 2 case) (fun twice ->
                      let once = fitted 1 case |> ok

                      let again =
                          case.Source
                          |> Gmm.fit
                              { plain case.Origin.Components case.Origin.Structure with
                                  Start = Start.Mixture once.Mixture
                                  Tolerance = 0.0
                                  MaxIterations = 1 }
                          |> ok

                      bits (parameters again.Mixture) = bits (parameters twice.Mixture)
                      && bits again.Trace = bits twice.Trace[1..])

              checkTimes 100 (Prop.forAll weightedData property))
          testCase "the trace has the objective of the start and of every iteration" (fun () ->
              let property (case: DataCase) =
                  whenSound (walk 5 likelihood case.Source case.Origin.Mixture) (fun iterates ->
                      let fit = fitted 5 case |> ok

                      bits fit.Trace = bits [| for iterate in iterates -> iterate.Objective |]
                      && fit.Iterations = 5
                      && not fit.Converged
                      && fit.Stop = IterationLimit
                      && bits (parameters fit.Start) = bits (parameters case.Origin.Mixture)
                      && fit.Objective = (List.last iterates).Objective)

              checkTimes 60 (Prop.forAll data property))
          testCase "a fit started from its own result takes at most two iterations" (fun () ->
              let property (case: DataCase) =
                  let options =
                      { plain case.Origin.Components case.Origin.Structure with
                          MaxIterations = 5000 }

                  whenSound
                      (Gmm.fit
                          { options with
                              Start = Start.Mixture case.Origin.Mixture }
                          case.Source)
                      (fun fit ->
                          let again =
                              Gmm.fit
                                  { options with
                                      Start = Start.Mixture fit.Mixture }
                                  case.Source
                              |> ok

                          fit.Converged && again.Converged && again.Iterations <= 2)

              checkTimes 60 (Prop.forAll data property))
          testCase "a fit stops at the first change smaller than the tolerance" (fun () ->
              let property (case: DataCase) =
                  let tolerance = 1e-4

                  let options =
                      { plain case.Origin.Components case.Origin.Structure with
                          Start = Start.Mixture case.Origin.Mixture
                          Tolerance = tolerance }

                  whenSound (Gmm.fit options case.Source) (fun fit ->
                      let changes =
                          fit.Trace |> Array.pairwise |> Array.map (fun (before, after) -> abs (after - before))

                      let last = Array.last changes

                      fit.Converged
                      && last < tolerance
                      && changes[.. changes.Length - 2] |> Array.forall (fun change -> change >= tolerance))

              checkTimes 60 (Prop.forAll data property)) ]

// ── Laziness ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A model that counts its E-steps.
let private counting (seen: int ref) =
    let counted (pass: Pass<'θ>) =
        { new Pass<'θ> with
            member _.Expect(assignment, mixture) =
                Interlocked.Increment seen |> ignore
                pass.Expect(assignment, mixture)

            member _.Dispose() = pass.Dispose() }

    { likelihood with
        Backend =
            { new Backend with
                member _.Name = "counting"

                member _.Open(family, source, execution) =
                    likelihood.Backend.Open(family, source, execution) |> Result.map counted } }

let private example () =
    let mixture = drawMixture Full 2 2 10.0 (Random 1)
    mixture.Mixture, sourceOf (drawRows 100 mixture (Random 2))

[<Tests>]
let laziness =
    testList
        "EM: laziness"
        [ testCase "an E-step runs only when its iterate is asked for" (fun () ->
              let seen = ref 0
              let start, source = example ()
              let iterates = EM.iterates (counting seen) source start
              Assert.Equal(0, seen.Value)
              use walker = iterates.GetEnumerator()
              Assert.Equal(0, seen.Value)

              for asked in 1..4 do
                  Assert.True(walker.MoveNext())
                  Assert.Equal(asked, seen.Value))
          testCase "taking some iterates makes as many E-steps and not one more" (fun () ->
              let seen = ref 0
              let start, source = example ()
              let taken = EM.iterates (counting seen) source start |> Seq.take 3 |> List.ofSeq
              Assert.Equal(3, taken.Length)
              Assert.Equal(3, seen.Value))
          testCase "iterates are numbered from the start" (fun () ->
              let start, source = example ()
              let iterates = walk 4 likelihood source start |> ok
              Assert.Equal<int list>([ 0..4 ], iterates |> List.map _.Iteration)
              Assert.Equal<int64[]>(bits (parameters start), bits (parameters iterates.Head.Mixture)))
          testCase "an error ends the iterates as their last element" (fun () ->
              let start, _ = example ()
              // All rows the same: the first M-step finds no variance.
              let iterates = EM.iterates likelihood (sourceOf (Array.create 10 [| 1.0; 2.0 |])) start |> List.ofSeq
              Assert.Equal(2, iterates.Length)
              Assert.True iterates[0].IsOk

              match iterates[1] with
              | Error(SingularCovariance(Some 0, 1)) -> ()
              | other -> Assert.Fail $"unexpected %A{other}") ]

// ── Walking ─────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let walking =
    testList
        "EM: walking"
        [ testCase "a fit of iterates that end stops at the last of them" (fun () ->
              let start, source = example ()

              for count in [ 1; 4 ] do
                  let iterates = EM.iterates likelihood source start |> Seq.truncate count
                  let last = iterates |> Seq.last |> ok
                  let fit = Fit.ofIterates likelihood 5 100 (fun _ _ -> false) iterates |> ok
                  Assert.Equal(IterationLimit, fit.Stop)
                  Assert.Equal(count - 1, fit.Iterations)
                  Assert.Equal(count, fit.Trace.Length)
                  Assert.Equal(last.Objective, fit.Objective)
                  Assert.Equal<int64[]>(bits (parameters last.Mixture), bits (parameters fit.Mixture))
                  Assert.Equal<int64[]>(bits (parameters start), bits (parameters fit.Start)))
          testCase "a fit of no iterates is an error" (fun () ->
              let nothing: seq<Result<Iterate<Gaussian>, GmmError>> = Seq.empty
              Assert.NotEmpty((Fit.ofIterates likelihood 0 100 (fun _ _ -> false) nothing |> error).Message)) ]

// ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let statisticsTests =
    testList
        "EM: statistics"
        [ testForAll 100 "statistics of two parts of the data add up to those of the whole" weightedData (fun case ->
              let mixture = case.Origin.Mixture

              let part (rows: int[]) =
                  let source = sourceOf (rows |> Array.map (Array.get case.Rows))
                  // Weights that are all 0 are an error of their own, so every part keeps a row of weight 1.
                  EM.eStep
                      likelihood
                      (source |> Source.weighted (rows |> Array.map (fun n -> case.Weights[n] + 1.0)) |> ok)
                      mixture

              let cut = case.Rows.Length / 3
              let whole = Statistics.pack (part [| 0 .. case.Rows.Length - 1 |])
              let sum = Statistics.pack (part [| 0 .. cut - 1 |] + part [| cut .. case.Rows.Length - 1 |])
              allWithin Tolerance.rounding (Array.max (Array.map abs whole)) whole sum)
          testForAll 100 "packing statistics and unpacking them changes no bit" weightedData (fun case ->
              let statistics = EM.eStep likelihood case.Source case.Origin.Mixture
              let packed = Statistics.pack statistics
              let unpacked = Statistics.unpack statistics packed

              unpacked = statistics
              && bits (Statistics.pack unpacked) = bits packed
              && packed.Length = 2 + statistics.Counts.Length + Array.sumBy Array.length statistics.Sums)
          formulas [ "Σₙ wₙ rₙₖ xₙ and Σₙ wₙ rₙₖ xₙxₙᵀ about the means", "Bishop, PRML, 2006, §9.2.2" ]
          <| testForAll
              100
              "the sums of an E-step are those of its responsibilities, row by row"
              weightedData
              (fun case ->
                  let origin = case.Origin
                  let mixture, features = origin.Mixture, origin.Features
                  let statistics = EM.eStep likelihood case.Source mixture

                  let plain: Formulas.Plain =
                      { Weights = mixture.Weights
                        Means = origin.Means
                        Covariances = Array.init origin.Components origin.Covariance }

                  let weighted =
                      Array.map2
                          (fun joint w -> joint |> Array.map (fun j -> w * exp (j - Formulas.logSumExp joint)))
                          (Formulas.logJoint plain case.Rows)
                          case.Weights

                  let sumOver k (term: float[] -> float) =
                      Array.fold2
                          (fun sum (r: float[]) (x: float[]) -> sum + r[k] * term (Array.map2 (-) x origin.Means[k]))
                          0.0
                          weighted
                          case.Rows

                  let components = [| 0 .. origin.Components - 1 |]

                  let first =
                      [| for k in components do
                             for j in 0 .. features - 1 -> sumOver k (fun z -> z[j]) |]

                  let planeOf k =
                      match origin.Layout.Shape with
                      | Shape.Full ->
                          [| for i in 0 .. features - 1 do
                                 for j in 0 .. features - 1 -> sumOver k (fun z -> z[i] * z[j]) |]
                      | Shape.Diag -> [| for i in 0 .. features - 1 -> sumOver k (fun z -> z[i] * z[i]) |]
                      | Shape.Spherical -> [| sumOver k (fun z -> z |> Array.averageBy (fun d -> d * d)) |]

                  let own = components |> Array.map planeOf

                  let second =
                      if origin.Layout.IsTied then
                          Array.reduce (Array.map2 (+)) own
                      else
                          Array.concat own

                  let scale values = 1.0 + Array.max (Array.map abs values)

                  allWithin 1e-10 (scale first) first statistics.Sums[0]
                  && allWithin 1e-10 (scale second) second statistics.Sums[1]) ]
