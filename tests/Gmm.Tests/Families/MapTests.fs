/// Maximum a posteriori: an M-step, and a fit that came to rest, are modes of the posterior density.
module Gmm.Tests.MapTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Formulas
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Mixtures of free coordinates ────────────────────────────────────────────────────────────────────────────────────

let private toCoordinates (mixture: Mixture<Gaussian>) : float[] = Coordinates.ofMixture Gaussian.family mixture |> ok

/// The mixture at some coordinates, laid out as a given one, and its covariances once for every plane.
let private ofCoordinates (like: Mixture<Gaussian>) (coordinates: float[]) : Plain * float[,][] =
    let mixture = Coordinates.toMixture Gaussian.family like coordinates |> ok
    let gaussian = mixture.Parameters
    let covariance = Gaussian.covariance gaussian

    { Weights = mixture.Weights
      Means = gaussian.Means.toArray () |> Array.chunkBySize gaussian.Features
      Covariances = Array.init gaussian.Components covariance },
    Array.init (Layout.planes gaussian.Components gaussian.Layout) covariance

/// ln prior without constants: a Dirichlet, a normal for every mean, an inverse Wishart for every covariance.
let private logPrior (prior: PriorCase) (mixture: Plain, planes: float[,][]) =
    let onWeights = prior.Concentration |> Option.map (fun alpha -> logDirichlet alpha mixture.Weights)

    let onMeans =
        prior.Mean
        |> Option.map (fun (centres, precision) ->
            Array.map3 (fun centre -> logMeanPrior centre precision) centres mixture.Means mixture.Covariances
            |> Array.sum)

    let onCovariances =
        prior.Covariance
        |> Option.map (fun (scales, degrees) ->
            Array.map2 (fun scale -> logCovariancePrior scale degrees) scales planes |> Array.sum)

    List.sumBy (Option.defaultValue 0.0) [ onWeights; onMeans; onCovariances ]

/// Central differences, one coordinate after another.
let private gradient (f: float[] -> float) (at: float[]) =
    let step = 1e-5
    let moved i by = f (Array.updateAt i (at[i] + by) at)
    Array.init at.Length (fun i -> (moved i step - moved i -step) / (2.0 * step))

/// A central difference of a sum of N terms of magnitude 1…100 has a rounding error of some N·100·1e-16/1e-5 = N·1e-9, and
/// a truncation error of step² times a third derivative of some N·100: N·1e-8. A wrong factor anywhere gives N·1e-2.
let private vanishes rows (slope: float[]) = slope |> Array.forall (fun g -> abs g <= 1e-6 * float rows)

// ── Every structure with every combination of priors ────────────────────────────────────────────────────────────────

/// Three components of three features, 90 weighted rows, and beliefs about everything.
let private example structure =
    let random = Random 20240229
    let mixture = drawMixture structure 3 3 10.0 random

    { Data =
        { Origin = mixture
          Rows = drawRows 90 mixture random
          SampleWeights = Some(drawSampleWeights 90 random) }
      Prior = drawPrior mixture random }

let private withBeliefs (weights, means, covariances) (case: BeliefCase) =
    { case with
        Prior =
            { Concentration = if weights then case.Prior.Concentration else None
              Mean = if means then case.Prior.Mean else None
              Covariance = if covariances then case.Prior.Covariance else None } }

/// A fit after so many iterations that it rests.
let private fitOf (case: BeliefCase) =
    let origin = case.Data.Origin

    case.Data.Source
    |> Gmm.fit
        { plain origin.Components origin.Structure with
            Start = Start.Mixture origin.Mixture
            Tolerance = 0.0
            MaxIterations = 1000
            WeightPrior = case.Prior.OnWeights
            Family.MeanPrior = case.Prior.OnMeans
            Family.CovariancePrior = case.Prior.OnCovariances(origin.Structure, origin.Components) }
    |> ok

/// The objective as a function of coordinates: Σₙ wₙ ln p(xₙ) + ln prior.
let private objective (case: BeliefCase) coordinates =
    let mixture, planes = ofCoordinates case.Data.Origin.Mixture coordinates
    logLikelihood mixture case.Data.Rows case.Data.Weights + logPrior case.Prior (mixture, planes)

let combinations =
    [ for structure in Structure.all do
          for weights in [ false; true ] do
              for means in [ false; true ] do
                  for covariances in [ false; true ] do
                      (Structure.name structure, weights, means, covariances) ]

[<Tests>]
let ``every structure with every combination of priors`` =
    testList
        "Map: every structure with every combination of priors"
        [ testTheory
              "at the fit the objective has no slope within the structure"
              combinations
              (fun (structure: string, onWeights: bool, onMeans: bool, onCovariances: bool) ->
                  let case =
                      example (Structure.parse structure |> ok) |> withBeliefs (onWeights, onMeans, onCovariances)

                  let fit = fitOf case
                  let coordinates = toCoordinates fit.Mixture
                  let slope = gradient (objective case) coordinates
                  Assert.True(vanishes case.Data.Rows.Length slope, $"slope %A{slope}")
                  // The library's own objective is the same function.
                  relativelyNear
                      1e-11
                      "objective"
                      [| objective case coordinates |]
                      [| fit.Objective * Array.sum case.Data.Weights |])
          testCase "away from the fit, and at the fit of another prior, the objective has a slope" (fun () ->
              for structure in Structure.all do
                  let case = example structure
                  let slopeAt mixture = gradient (objective case) (toCoordinates mixture)
                  Assert.False(vanishes 90 (slopeAt case.Data.Origin.Mixture))

                  for others in [ (false, true, true); (true, false, true); (true, true, false) ] do
                      Assert.False(vanishes 90 (slopeAt (fitOf (withBeliefs others case)).Mixture)))
          // EM comes closer by a factor every time; where the objective changes by less than 1e-14 a row, its slope, which is about the
          // root of the change, is below 1e-6 a row. Fits that need more than 3000 iterations are put aside.
          formulas
              [ "∇(ln p(X|θ) + ln p(θ)) = 0 where a fit comes to rest", "Bishop, PRML, 2006, §9.4"
                "ln p(μ|Σ) = −½ ln|Σ| − ½κ₀ (μ−m₀)ᵀΣ⁻¹(μ−m₀) + constant", "Murphy, Machine Learning, 2012, §11.4.2.8"
                "ln p(Σ) = −½(ν₀+D+1) ln|Σ| − ½ tr Ψ₀Σ⁻¹ + constant", "Murphy, Machine Learning, 2012, §11.4.2.8" ]
          <| testCase "a fit that has come to rest has no slope, under any beliefs about any data" (fun () ->
              let property (case: BeliefCase) =
                  let origin = case.Data.Origin

                  let fit =
                      case.Data.Source
                      |> Gmm.fit
                          { plain origin.Components origin.Structure with
                              Start = Start.Mixture origin.Mixture
                              Tolerance = 1e-14
                              MaxIterations = 3000
                              WeightPrior = case.Prior.OnWeights
                              Family.MeanPrior = case.Prior.OnMeans
                              Family.CovariancePrior = case.Prior.OnCovariances(origin.Structure, origin.Components) }

                  match fit with
                  | Ok fit when fit.Converged ->
                      gradient (objective case) (toCoordinates fit.Mixture)
                      |> vanishes case.Data.Rows.Length
                      |> Prop.ofTestable
                  | Ok _
                  | Error(SingularCovariance _ | CollapsedComponent _) -> false ==> true
                  | Error other -> failwith other.Message

              checkTimes 1000 (Prop.forAll beliefs property)) ]

// ── The M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the M-step`` =
    testList
        "Map: the M-step"
        [ formulas [ "θ′ = argmax Q + ln prior, Q = Σₙₖ wₙrₙₖ (ln πₖ + ln N(xₙ|μₖ, Σₖ))", "Bishop, PRML, 2006, §9.4" ]
          <| testForAll
              120
              "the M-step under any mixture, data and prior is the mode of Q plus ln prior"
              beliefs
              (fun case ->
                  let origin, rows = case.Data.Origin, case.Data.Rows

                  let start =
                      { Weights = origin.Mixture.Weights
                        Means = origin.Means
                        Covariances = Array.init origin.Components origin.Covariance }

                  let responsibilities =
                      logJoint start rows
                      |> Array.map (fun joint -> joint |> Array.map (fun j -> exp (j - logSumExp joint)))

                  /// Q = Σₙₖ wₙ rₙₖ (ln πₖ + ln p(xₙ|θₖ)), and ln prior.
                  let expected coordinates =
                      let mixture, planes = ofCoordinates origin.Mixture coordinates
                      let joint = logJoint mixture rows
                      let term n = Array.fold2 (fun sum r j -> sum + r * j) 0.0 responsibilities[n] joint[n]

                      Seq.sum (seq { for n in 0 .. rows.Length - 1 -> case.Data.Weights[n] * term n })
                      + logPrior case.Prior (mixture, planes)

                  let model =
                      { Model.ofFamily case.Family with
                          Weights = case.Prior.OnWeights
                          Execution = oneThread }

                  let next = EM.step model case.Data.Source origin.Mixture |> ok
                  gradient expected (toCoordinates next) |> vanishes rows.Length)
          formulas
              [ "μ = (Nx̄ + κ₀m₀) / (N + κ₀)", "Murphy, Machine Learning, 2012, §11.4.2.8"
                "Σ = (Ψ₀ + S + κ₀N/(κ₀+N) (x̄−m₀)(x̄−m₀)ᵀ) / (N + ν₀ + D + 2)",
                "Murphy, Machine Learning, 2012, §11.4.2.8" ]
          <| testForAll
              100
              "one full component under all beliefs is the mode of the normal-inverse-Wishart"
              weightedData
              (fun case ->
                  let features = case.Origin.Features
                  let random = Random case.Rows.Length
                  let origin = drawMixture Full 1 features 10.0 random
                  let prior = drawPrior origin random

                  let centre, precision =
                      prior.Mean |> Option.map (fun (means, precision) -> means[0], precision) |> Option.get

                  let scale, degrees =
                      prior.Covariance |> Option.map (fun (scales, degrees) -> scales[0], degrees) |> Option.get

                  let n, features' = Array.sum case.Weights, float features

                  let mean =
                      Array.init features (fun j ->
                          Array.fold2 (fun sum w (row: float[]) -> sum + w * row[j]) 0.0 case.Weights case.Rows / n)

                  let covariance i j =
                      let about =
                          Array.fold2
                              (fun sum w (row: float[]) -> sum + w * (row[i] - mean[i]) * (row[j] - mean[j]))
                              0.0
                              case.Weights
                              case.Rows

                      let pull = precision * n / (precision + n) * (mean[i] - centre[i]) * (mean[j] - centre[j])
                      (scale[i, j] + about + pull) / (n + degrees + features' + 2.0)

                  let fit =
                      case.Source
                      |> Gmm.fit
                          { plain 1 Full with
                              Family.MeanPrior = prior.OnMeans
                              Family.CovariancePrior = prior.OnCovariances(Full, 1) }
                      |> ok

                  let means = Array.init features (fun j -> (n * mean[j] + precision * centre[j]) / (n + precision))

                  let covariances =
                      [| for i in 0 .. features - 1 do
                             for j in 0 .. features - 1 -> covariance i j |]

                  allWithin 1e-11 (1.0 + Array.max (Array.map abs means)) means (fit.Parameters.Means.toArray ())
                  && allWithin 1e-11 (Array.max covariances) covariances (fit.Parameters.Covariances.toArray ())) ]

// ── Beliefs in other forms ──────────────────────────────────────────────────────────────────────────────────────────

let private structureNames = List.map Structure.name Structure.all

let allStructures = structureNames

[<Tests>]
let ``beliefs in other forms`` =
    testList
        "Map: beliefs in other forms"
        [ testTheory
              "one mean, one scale or a single number stand for the same of every component"
              allStructures
              (fun (structure: string) ->
                  let case = example (Structure.parse structure |> ok)
                  let origin, structure = case.Data.Origin, case.Data.Origin.Structure
                  let identity = Array2D.init 3 3 (fun i j -> if i = j then 1.0 else 0.0)
                  let scaled = Array.create origin.Covariances.Length (Array2D.map (fun x -> 2.5 * x) identity)

                  let run mean scale =
                      case.Data.Source
                      |> Gmm.fit
                          { plain 3 structure with
                              Start = Start.Mixture origin.Mixture
                              MaxIterations = 5
                              Family.MeanPrior = Some { Mean = mean; Precision = 2.0 }
                              Family.CovariancePrior = Some { Scale = scale; Degrees = 4.5 } }
                      |> ok
                      |> fun fit -> bits (parameters fit.Mixture)

                  let mean = [| 1.0; -1.0; 0.5 |]

                  let whole =
                      run (Tensor.matrix (array2D [ mean; mean; mean ])) (MixtureCase.TensorOf(structure, 3, scaled))

                  let one =
                      run
                          (Tensor.vector mean)
                          (Tensor.create
                              (Layout.planeShape 3 (Structure.layout structure))
                              (Layout.diagonal (Structure.layout structure) [| 2.5; 2.5; 2.5 |]))

                  let number = run (Tensor.vector mean) (Tensor.scalar 2.5)
                  Assert.Equal<int64[]>(whole, one)
                  Assert.Equal<int64[]>(whole, number))
          // A prior on covariances always adds some degrees of freedom (ν₀ + D + 1, and 1 for a prior on means), so that it is worth
          // almost nothing only beside data that weigh very much more.
          testTheory
              "beliefs worth very many rows decide, beliefs worth almost none beside the data do not matter"
              allStructures
              (fun (structure: string) ->
                  let case = example (Structure.parse structure |> ok)
                  let origin = case.Data.Origin

                  let run prior rowWeight =
                      let weights = case.Data.Weights |> Array.map (fun weight -> rowWeight * weight)

                      fitOf
                          { Data =
                              { case.Data with
                                  SampleWeights = Some weights }
                            Prior = prior }
                      |> _.Mixture

                  let worth rows =
                      { Concentration = Some [| 1.0 + rows; 1.0 + rows; 1.0 + rows |]
                        Mean = Some(origin.Means, rows)
                        Covariance =
                          Some(origin.Covariances |> Array.map (Array2D.map (fun x -> rows * x)), 2.0 + rows) }

                  let believed = run (worth 1e12) 1.0
                  let third = 1.0 / 3.0
                  Assert.True(allWithin 1e-9 1.0 [| third; third; third |] believed.Weights)
                  Assert.True(allWithin 1e-9 10.0 (Array.concat origin.Means) (believed.Parameters.Means.toArray ()))
                  let scale = origin.CovarianceTensor.toArray ()
                  Assert.True(allWithin 1e-9 (Array.max scale) scale (believed.Parameters.Covariances.toArray ()))
                  let flat = run PriorCase.None 1e10
                  let faint = run (worth 1.0) 1e10
                  Assert.True(allWithin 1e-8 10.0 (parameters flat) (parameters faint))
                  // Beside rows that weigh 1 the same beliefs do matter.
                  Assert.False(allWithin 1e-4 1.0 (parameters flat) (parameters (run (worth 1.0) 1.0)))) ]
