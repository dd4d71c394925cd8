/// The fourteen covariance structures against what other programs make of them; see Oracles/README.md.
module Gmm.Tests.CovarianceModelsOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

let private dataSets = [ "iris"; "faithful" ]

/// Every case of the two files: data set, place, and mclust's name of the structure.
let cases =
    [ for dataset in dataSets do
          for index, structure in List.indexed Structure.all do
              let models =
                  [ for case in (oracle $"covariance-models-{dataset}.json" |> field "cases").EnumerateArray() ->
                        (case |> field "model").GetString() ]

              (dataset, List.findIndex ((=) (Structure.mclustName structure)) models, Structure.mclustName structure) ]

let private caseOf dataset index : JsonElement =
    (oracle $"covariance-models-{dataset}.json" |> field "cases").EnumerateArray() |> Seq.item index

let private structureOf name = Structure.parse name |> ok

let private covariancesOf (gaussian: Gaussian) =
    [| for k in 0 .. gaussian.Components - 1 do
           yield! flat (Gaussian.covariance gaussian k) |]

/// rₙₖ ∝ 1 + (7n + 3k) mod 11, and 10 more for the row's class.
let private responsibilities (data: DataSet) =
    let components = 1 + Array.max data.Labels

    data.Labels
    |> Array.mapi (fun n label ->
        let shares = Array.init components (fun k -> float (1 + (7 * n + 3 * k) % 11 + (if label = k then 10 else 0)))

        shares |> Array.map (fun share -> share / Array.sum shares))

/// One M-step from given responsibilities.
let private mStepOf structure (data: DataSet) =
    let responsibilities = responsibilities data
    let components, features = responsibilities[0].Length, data.Rows[0].Length
    let start = Gaussian.create structure (Array2D.zeroCreate components features) (Tensor.scalar 1.0) |> ok

    Gaussian.family.Maximise
        start
        { Weight = float data.Rows.Length
          LogLikelihood = 0.0
          Counts = Array.init components (fun k -> responsibilities |> Array.sumBy (fun row -> row[k]))
          Sums =
            Gaussian.family.Sums start (Tensor.matrix (array2D data.Rows)) (Tensor.matrix (array2D responsibilities))
            |> List.map _.toArray()
            |> Array.ofList }
    |> ok

/// EM from labels without regularisation until nothing moves.
let private fitLabels structure (labels: int[]) source =
    source
    |> Gmm.fit
        { plain (1 + Array.max labels) structure with
            Start = Start.Labels labels
            Tolerance = 0.0
            MaxIterations = 400 }
    |> ok

[<Tests>]
let tests =
    testList
        "CovarianceModelsOracle"
        [ formulas
              [ "VEI: λₖ = Σⱼ (Wₖ)ⱼⱼ/aⱼ / (DNₖ), aⱼ ∝ Σₖ (Wₖ)ⱼⱼ/λₖ", "Celeux and Govaert 1995"
                "EVI: Σₖ = λ bₖ/gm(bₖ), bₖ = diag Wₖ, λ = Σₖ gm(bₖ)/N", "Celeux and Govaert 1995"
                "VEE: C ∝ Σₖ Wₖ/λₖ, λₖ = tr(WₖC⁻¹)/(DNₖ)", "Celeux and Govaert 1995"
                "EVE: as EVI in the frame D that minimises Σₖ gm(diag DᵀWₖD)", "Browne and McNicholas 2014"
                "VVE: as VVI in the frame D that minimises Σₖ Nₖ ln|diag DᵀWₖD|", "Flury and Gautschi 1986"
                "EEV: Σₖ = Lₖ(Σₗ Ωₗ/N)Lₖᵀ with Wₖ = LₖΩₖLₖᵀ", "Celeux and Govaert 1995"
                "VEV: as VEI for the eigenvalues Ωₖ, in the frames Lₖ", "Celeux and Govaert 1995"
                "EVV: Σₖ = Wₖ/gₖ · Σₗ gₗ/N with gₖ = |Wₖ|^(1/D)", "Celeux and Govaert 1995" ]
          <| testTheory
              "an M-step from given responsibilities has the oracle's weights, means and covariances"
              cases
              (fun (dataset: string, index: int, model: string) ->
                  let expected = caseOf dataset index |> field "m_step"
                  let gaussian = mStepOf (structureOf model) (DataSet.named dataset)

                  relativelyNear
                      Tolerance.oracle
                      $"{model}: means"
                      (expected |> field "means" |> numbers)
                      (gaussian.Means.toArray ())

                  // Searches of an orientation stop where the objective no longer falls.
                  let tolerance =
                      match structureOf model with
                      | EVE
                      | VVE -> 1e-7
                      | VEI
                      | VEV
                      | VEE -> 1e-8
                      | Full
                      | Diag
                      | Spherical
                      | TiedFull
                      | TiedDiag
                      | TiedSpherical
                      | EVI
                      | EEV
                      | EVV -> 1e-10

                  nearAll
                      tolerance
                      $"{model}: covariances"
                      (expected |> field "covariances" |> numbers)
                      (covariancesOf gaussian))
          testTheory
              "EM from the class labels converges to the oracle's fit"
              cases
              (fun (dataset: string, index: int, model: string) ->
                  let data, expected = DataSet.named dataset, caseOf dataset index |> field "em"
                  let fit = data.Source |> fitLabels (structureOf model) data.Labels
                  let value name = [| (expected |> field name).GetDouble() |]
                  Assert.Equal((caseOf dataset index |> field "df").GetInt32(), fit.FreeParameters)
                  relativelyNear 1e-9 $"{model}: log-likelihood" (value "loglik") [| fit.LogLikelihood |]
                  relativelyNear 1e-9 $"{model}: BIC" (value "bic") [| fit.Bic |]
                  relativelyNear 1e-9 $"{model}: AIC" (value "aic") [| fit.Aic |]
                  relativelyNear 1e-5 $"{model}: weights" (expected |> field "weights" |> numbers) fit.Weights

                  relativelyNear
                      1e-5
                      $"{model}: means"
                      (expected |> field "means" |> numbers)
                      (fit.Parameters.Means.toArray ())

                  nearAll
                      1e-5
                      $"{model}: covariances"
                      (expected |> field "covariances" |> numbers)
                      (covariancesOf fit.Parameters)

                  // mclust's VVE leaves 1/λₖ out of its search for the orientation.
                  let ofMclust = (expected |> field "mclust_loglik").GetDouble()

                  if model = "VVE" then
                      Assert.True(
                          fit.LogLikelihood > ofMclust + 0.05,
                          $"{model}: {fit.LogLikelihood}, mclust {ofMclust}"
                      )
                  else
                      near 1e-6 $"{model}: mclust's log-likelihood" ofMclust fit.LogLikelihood)
          testCase "on one column E and V are the oracle's" (fun () ->
              let cases = oracle "covariance-models-univariate.json" |> field "cases"
              let data = DataSet.faithful ()

              for case in cases.EnumerateArray() do
                  let column = if (case |> field "column").GetString() = "eruptions" then 0 else 1
                  let model = (case |> field "model").GetString()
                  let source = data.Rows |> Array.map (fun row -> [| row[column] |]) |> Support.sourceOf

                  // With one column the shape is 1, so that only the volume differs.
                  let same =
                      Structure.all
                      |> List.filter (fun structure ->
                          let volume, shape, _ = Structure.parts structure

                          (volume = Variation.Variable) = (model = "V") && shape <> Variation.Variable)

                  for structure in structureOf model :: same do
                      let fit = source |> fitLabels structure data.Labels
                      Assert.Equal((case |> field "df").GetInt32(), fit.FreeParameters)

                      relativelyNear
                          1e-10
                          $"{model} as {structure}: log-likelihood"
                          [| (case |> field "loglik").GetDouble() |]
                          [| fit.LogLikelihood |]

                      let variances = covariancesOf fit.Parameters
                      let expected = case |> field "variances" |> numbers

                      nearAll
                          1e-5
                          $"{model} as {structure}: variances"
                          (if expected.Length = variances.Length then
                               expected
                           else
                               Array.create variances.Length expected[0])
                          variances) ]

// ── Selection ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// A table of an oracle's BIC: K − 1, structure; None where it has no number.
let private table (selection: JsonElement) name =
    [| for row in (selection |> field name).EnumerateArray() ->
           [| for cell in row.EnumerateArray() ->
                  if cell.ValueKind = JsonValueKind.Null then None else Some(cell.GetDouble()) |] |]

[<Tests>]
let selection =
    testList
        "CovarianceModelsOracle: selection"
        [
          // The path of EVE and VVE depends on the search for the orientation, so that they may end elsewhere.
          testTheory
              "from mclust's first classes no fit has a worse BIC than mclust's, nor than the same EM run to its end"
              dataSets
              (fun dataset ->
                  let selection, data = oracle $"selection-{dataset}.json", DataSet.named dataset
                  let ofMclust, ofConverged = table selection "bic_mclust", table selection "bic_converged"
                  let models = [ for model in (selection |> field "models").EnumerateArray() -> model.GetString() ]

                  for components in 1..9 do
                      let labels =
                          if components = 1 then
                              Array.zeroCreate data.Rows.Length
                          else
                              selection |> field "hc_partitions" |> field (string components) |> integers

                      for m, model in List.indexed models do
                          if model <> "EVE" && model <> "VVE" then
                              let fit =
                                  data.Source
                                  |> Gmm.fit
                                      { Gmm.defaults with
                                          Acceleration = Acceleration.None
                                          Components = components
                                          Family.Structure = structureOf model
                                          Start = Start.Labels labels
                                          Tolerance = 1e-10
                                          MaxIterations = 5000
                                          Execution = oneThread }
                                  |> ok

                              for known in [ ofMclust[components - 1][m]; ofConverged[components - 1][m] ] do
                                  let known = known |> Option.defaultValue -infinity

                                  Assert.True(
                                      -fit.Bic >= known - 0.01,
                                      $"{model}, {components}: {-fit.Bic} after {known}"
                                  )

                              // This EM went on for 3883 iterations, the oracle's stopped 0.8 earlier.
                              if fit.Irregular.IsEmpty && (dataset, model, components) <> ("faithful", "VEI", 7) then
                                  ofConverged[components - 1][m]
                                  |> Option.iter (fun known -> near 0.01 $"{model}, {components}: BIC" known -fit.Bic))
          testTheory
              "the best of all structures with 1 to 9 components is the one that mclust chooses"
              [ "iris", VEV, 2; "faithful", TiedFull, 3 ]
              (fun (dataset: string, structure: Structure, components: int) ->
                  let selection =
                      (DataSet.named dataset).Source
                      |> Select.gaussian Criterion.Bic ignore [ 1..9 ] Structure.all Gmm.defaults
                      |> ok

                  let known = oracle $"selection-{dataset}.json" |> field "best_converged"
                  let known = known[0] |> field "bic_mclust_sign"

                  Assert.Equal(
                      (Structure.name structure, components),
                      (selection.Best.Name, selection.Best.Components)
                  )

                  near 0.005 "BIC" -(known.GetDouble()) selection.Fit.Bic) ]
