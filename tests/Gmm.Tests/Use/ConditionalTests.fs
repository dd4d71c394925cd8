/// Marginal and conditional distributions and Gaussian mixture regression: against mpmath, the chain rule, integrals and
/// least squares.
module Gmm.Tests.ConditionalTests

open System
open System.Text.Json
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators

let private logDensities (mixture: Mixture<Gaussian>) rows =
    Predict.logDensitiesOf (Model.ofFamily Gaussian.family) mixture (sourceOf rows) |> ok

let private entries = [ for entry in (oracle "conditional.json").EnumerateArray() -> entry ]

let structures = [ for entry in entries -> (entry |> field "structure").GetString() ]

/// The oracle's entry of a structure: its mixture, wanted and given features, and rows.
let private entryOf structure =
    let entry = entries |> List.find (fun entry -> (entry |> field "structure").GetString() = structure)

    let mixture =
        mixtureOf
            (Structure.parse structure |> ok)
            (entry |> field "weights" |> numbers)
            (entry |> field "means" |> matrixOf)
            (entry |> field "covariances" |> tensorOf)

    mixture,
    entry |> field "wanted" |> integers,
    entry |> field "given" |> integers,
    [ for row in (entry |> field "rows").EnumerateArray() -> row ]

/// Numbers of all sizes are right to so much of the largest.
let private agrees what expected actual =
    let scale = expected |> Array.map abs |> Array.max
    Assert.True(allWithin 1e-12 scale expected actual, $"{what}: %A{expected} is expected, but is %A{actual}.")

/// Data and a mixture of at least two features, and a split of some of them into wanted and given.
let private splits =
    let split =
        gen {
            let! case = data.Generator |> Gen.filter (fun case -> case.Origin.Features > 1)
            let! order = Gen.shuffle [| 0 .. case.Origin.Features - 1 |]
            let! used = Gen.choose (2, case.Origin.Features)
            let! given = Gen.choose (1, used - 1)
            return case, order[given .. used - 1], order[.. given - 1]
        }

    Arb.fromGen split

[<Tests>]
let tests =
    testList
        "Conditional"
        [ formulas [ "p(xₐ) = Σₖ πₖ N(xₐ|μₖₐ, Σₖₐₐ)", "Bishop, PRML, 2006, eq. 2.98" ]
          <| testTheory "marginal densities are the oracle's" structures (fun (structure: string) ->
              let mixture, _, given, rows = entryOf structure
              let marginal = Conditional.marginal given mixture |> ok
              let expected = [| for row in rows -> (row |> field "log_marginal").GetDouble() |]

              agrees
                  "ln p(x)"
                  expected
                  (logDensities marginal [| for row in rows -> row |> field "values" |> numbers |]))
          formulas
              [ "μ = μₐ + ΣₐᵦΣᵦᵦ⁻¹(xᵦ−μᵦ), Σ = Σₐₐ − ΣₐᵦΣᵦᵦ⁻¹Σᵦₐ for each component",
                "Bishop, PRML, 2006, eq. 2.81 and 2.82"
                "πₖ(xᵦ) = πₖ N(xᵦ|μₖᵦ, Σₖᵦᵦ) / Σⱼ πⱼ N(xᵦ|μⱼᵦ, Σⱼᵦᵦ)", "Sung 2004" ]
          <| testTheory "conditional distributions are the oracle's" structures (fun (structure: string) ->
              let mixture, wanted, given, rows = entryOf structure
              let conditional = Conditional.create wanted given mixture |> ok

              for row in rows do
                  let found = conditional |> Conditional.at (row |> field "values" |> numbers) |> ok
                  Assert.Equal(mixture.Parameters.Structure, found.Parameters.Structure)
                  agrees "weights" (row |> field "weights" |> numbers) found.Weights
                  agrees "means" (row |> field "means" |> numbers) (found.Parameters.Means.toArray ())

                  let covariances =
                      [| 0 .. found.Components - 1 |] |> Array.collect (Gaussian.covariance found.Parameters >> flat)

                  agrees "covariances" (row |> field "covariances" |> numbers) covariances)
          testTheory "regressions are the oracle's" structures (fun (structure: string) ->
              let mixture, wanted, given, rows = entryOf structure
              let source = sourceOf [| for row in rows -> row |> field "values" |> numbers |]

              let found =
                  Conditional.create wanted given mixture
                  |> Result.bind (fun c -> Conditional.predict oneThread c source)
                  |> ok

              let all name = rows |> Seq.collect (field name >> numbers) |> Array.ofSeq
              agrees "weights" (all "weights") (flat found.Weights)
              agrees "means" (all "mean") (flat found.Means)
              agrees "covariances" (all "covariance") (found.Covariances |> Seq.cast<float> |> Array.ofSeq))
          formulas [ "ln p(x, y) = ln p(x) + ln p(y|x)", "Bishop, PRML, 2006, §1.2" ]
          <| testForAll 200 "ln p(x, y) = ln p(x) + ln p(y|x)" splits (fun (case, wanted, given) ->
              let mixture = case.Origin.Mixture
              let select features (row: float[]) = features |> Array.map (fun j -> row[j])
              let both = Array.append given wanted
              let conditional = Conditional.create wanted given mixture |> ok
              let joint = logDensities (Conditional.marginal both mixture |> ok) (case.Rows |> Array.map (select both))

              let ofGiven =
                  logDensities (Conditional.marginal given mixture |> ok) (case.Rows |> Array.map (select given))

              let ofWanted =
                  case.Rows
                  |> Array.map (fun row ->
                      let here = conditional |> Conditional.at (select given row) |> ok
                      (logDensities here [| select wanted row |])[0])

              Array.forall2 (fun a b -> abs (a - b) <= 1e-9 * (1.0 + abs a)) joint (Array.map2 (+) ofGiven ofWanted))
          formulas [ "E(y|x) = Σₖ πₖ(x) mₖ, Cov(y|x) = Σₖ πₖ(x) (Σₖ + mₖmₖᵀ) − E(y|x) E(y|x)ᵀ", "Sung 2004" ]
          <| testForAll
              100
              "a regression has the mean and covariance of the conditional mixture"
              splits
              (fun (case, wanted, given) ->
                  let conditional = Conditional.create wanted given case.Origin.Mixture |> ok
                  let rows = case.Rows |> Array.map (fun row -> given |> Array.map (fun j -> row[j]))
                  let found = Conditional.predict oneThread conditional (sourceOf rows) |> ok

                  Seq.forall
                      (fun n ->
                          let here = conditional |> Conditional.at rows[n] |> ok
                          let means, weights = here.Parameters.Means.toArray2D (), here.Weights
                          let average f = Seq.sum (Seq.mapi (fun k weight -> weight * f k) weights)
                          let mean i = average (fun k -> means[k, i])

                          let second i j =
                              average (fun k ->
                                  (Gaussian.covariance here.Parameters k)[i, j] + means[k, i] * means[k, j])

                          let isNear a b =
                              abs (a - b) <= 1e-9 * (1.0 + Array.max (Array.map (fun x -> x * x) (flat means)))

                          abs (Seq.sum (Seq.init weights.Length (fun k -> found.Weights[n, k])) - 1.0) < 1e-12
                          && Seq.forall
                              (fun i ->
                                  isNear found.Means[n, i] (mean i)
                                  && Seq.forall
                                      (fun j -> isNear found.Covariances[n, i, j] (second i j - mean i * mean j))
                                      (seq { 0 .. wanted.Length - 1 }))
                              (seq { 0 .. wanted.Length - 1 }))
                      (seq { 0 .. min 5 (rows.Length - 1) }))
          formulas [ "p(y) = ∫ p(x, y) dx", "Bishop, PRML, 2006, §1.2" ]
          <| testCase "a marginal density is the integral over the other feature" (fun () ->
              for structure in Structure.all do
                  let case = drawMixture structure 3 2 10.0 (Random 8)
                  let marginal = Conditional.marginal [| 1 |] case.Mixture |> ok

                  for y in [ -4.0; 0.0; 1.0; 5.0 ] do
                      // The trapezium rule is exact for such functions, as far as its steps see them.
                      let step = 0.02
                      let nodes = [| for i in -3000 .. 3000 -> [| step * float i; y |] |]
                      let integral = step * (logDensities case.Mixture nodes |> Array.sumBy exp)
                      let density = logDensities marginal [| [| y |] |] |> Array.map exp
                      relativelyNear 1e-11 $"{structure} at {y}" [| integral |] density)
          testForAll
              100
              "a marginal keeps structure and weights, and has the features in the order given"
              mixtures
              (fun case ->
                  let mixture = case.Mixture
                  let order = [| case.Features - 1 .. -1 .. 0 |]
                  let reversed = Conditional.marginal order mixture |> ok
                  let back = Conditional.marginal order reversed |> ok

                  reversed.Parameters.Structure = case.Structure
                  && bits reversed.Weights = bits mixture.Weights
                  && parameters back = parameters mixture
                  && Seq.forall
                      (fun k ->
                          let here, there =
                              Gaussian.covariance mixture.Parameters k, Gaussian.covariance reversed.Parameters k

                          there = Array2D.init order.Length order.Length (fun i j -> here[order[i], order[j]]))
                      (seq { 0 .. case.Components - 1 }))
          formulas [ "E(y|x) = β₀ + βᵀx, the line of least squares", "Bishop, PRML, 2006, §3.1" ]
          <| testCase "with one component the regression is that of least squares" (fun () ->
              let rows = (DataSet.iris ()).Rows
              let fit = Gmm.fit (plain 1 Full) (sourceOf rows) |> ok
              let conditional = Conditional.create [| 3 |] [| 0; 1; 2 |] fit.Mixture |> ok
              let given = rows |> Array.map (Array.truncate 3)
              let found = Conditional.predict oneThread conditional (sourceOf given) |> ok
              let target = rows |> Array.map Array.last

              let coefficients =
                  MathNet.Numerics.LinearRegression.MultipleRegression.QR(given, target, intercept = true)

              let line (x: float[]) = coefficients[0] + Seq.sum (Seq.map2 (*) coefficients[1..] x)
              relativelyNear 1e-10 "means" (given |> Array.map line) (flat found.Means)
              let residual = Array.map2 (fun x y -> (y - line x) ** 2.0) given target |> Array.average

              relativelyNear
                  1e-10
                  "variances"
                  (Array.create rows.Length residual)
                  (found.Covariances |> Seq.cast<float> |> Array.ofSeq))
          testCase "rows far from every component have finite answers" (fun () ->
              for structure in Structure.all do
                  let case = drawMixture structure 3 3 1e2 (Random 5)
                  let conditional = Conditional.create [| 0; 2 |] [| 1 |] case.Mixture |> ok

                  let found =
                      Conditional.predict oneThread conditional (sourceOf [| [| 1e140 |]; [| -1e100 |]; [| 1e5 |] |])
                      |> ok

                  Assert.True(allFinite (flat found.Means) && allFinite (flat found.Weights))
                  Assert.True(allFinite (Seq.cast<float> found.Covariances))
                  Assert.True(allFinite (conditional |> Conditional.at [| 1e140 |] |> ok).Weights))
          testCase "threads change no bit of a regression" (fun () ->
              let case = drawMixture Full 4 4 10.0 (Random 9)
              let conditional = Conditional.create [| 0; 2 |] [| 3; 1 |] case.Mixture |> ok
              let source = sourceOf (drawRows 20000 case (Random 1) |> Array.map (fun row -> [| row[3]; row[1] |]))

              let found threads =
                  Conditional.predict
                      { Execution.Default with
                          Threads = threads }
                      conditional
                      source
                  |> ok

              let all (regression: Regression) =
                  Array.concat
                      [ flat regression.Means
                        flat regression.Weights
                        Array.ofSeq (Seq.cast<float> regression.Covariances) ]
                  |> bits

              let expected = all (found 1)

              for threads in [ 2; 3; 8 ] do
                  Assert.Equal<int64[]>(expected, all (found threads)))
          testCase "mistakes are told with rule and value" (fun () ->
              let mixture = (drawMixture Full 2 3 10.0 (Random 2)).Mixture
              let message result = (error result).Message
              let rule = "must be different numbers from 0 to 2, at least one, but is"
              Assert.Equal($"Features {rule} [].", Conditional.marginal [||] mixture |> message)
              Assert.Equal($"Features {rule} [0; 3].", Conditional.marginal [| 0; 3 |] mixture |> message)
              Assert.Equal($"Features {rule} [-1].", Conditional.marginal [| -1 |] mixture |> message)
              Assert.Equal($"Features {rule} [1; 0; 1].", Conditional.marginal [| 1; 0; 1 |] mixture |> message)
              Assert.Equal($"Wanted features {rule} [].", Conditional.create [||] [| 0 |] mixture |> message)
              Assert.Equal($"Given features {rule} [5].", Conditional.create [| 0 |] [| 5 |] mixture |> message)

              Assert.Equal(
                  "Wanted features must be other than the given ones, but is [0; 1].",
                  Conditional.create [| 0; 1 |] [| 1 |] mixture |> message
              )

              let conditional = Conditional.create [| 0 |] [| 1; 2 |] mixture |> ok

              Assert.Equal(
                  "Values must be one for each of the 2 given features, but is 1 number.",
                  Conditional.at [| 1.0 |] conditional |> message
              )

              Assert.StartsWith(
                  "Values must be finite and below 1e150 in magnitude, but is [1; NaN].",
                  Conditional.at [| 1.0; nan |] conditional |> message
              )

              let predict execution rows = Conditional.predict execution conditional (sourceOf rows) |> message

              Assert.Equal(
                  "The data must have 2 columns, one for each given feature, but there are 3.",
                  predict oneThread [| [| 1.0; 2.0; 3.0 |] |]
              )

              Assert.Contains("row 0, column 1", predict oneThread [| [| 1.0; infinity |] |])

              Assert.Equal(
                  "Threads must be at least 1, but is 0.",
                  predict { oneThread with Threads = 0 } [| [| 1.0; 2.0 |] |]
              )) ]
