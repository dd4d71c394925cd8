/// Measures of clusterings against scikit-learn 1.2.1 and SciPy 1.10.1; see Oracles/README.md.
module Gmm.Tests.MetricsOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

let private more = lazy oracle "metrics-more.json"

/// The cases of a kind, by their names.
let private cases kind =
    [ for case in (more.Value |> field kind).EnumerateArray() -> (case |> field "name").GetString(), case ]

let private number name (element: JsonElement) = (element |> field name).GetDouble()

let private measures: (string * (int[] -> int[] -> Result<float, GmmError>)) list =
    [ "rand", Metrics.rand
      "adjusted_rand", Metrics.adjustedRand
      "mutual_information", Metrics.mutualInformation
      "adjusted_mutual_information", Metrics.adjustedMutualInformation
      "normalized_mutual_information", Metrics.normalizedMutualInformation
      "fowlkes_mallows", Metrics.fowlkesMallows
      "homogeneity", Metrics.homogeneity
      "completeness", Metrics.completeness
      "v_measure", Metrics.vMeasure
      "purity", Metrics.purity ]

let private labelsOf dataset =
    let oracle = oracle $"metrics-{dataset}.json"
    oracle, oracle |> field "labels_true" |> integers, oracle |> field "labels_pred" |> integers

let private values (agreement: Agreement) =
    [ "rand", agreement.Rand
      "adjusted_rand", agreement.AdjustedRand
      "mutual_information", agreement.MutualInformation
      "adjusted_mutual_information", agreement.AdjustedMutualInformation
      "normalized_mutual_information", agreement.NormalizedMutualInformation
      "fowlkes_mallows", agreement.FowlkesMallows
      "homogeneity", agreement.Homogeneity
      "completeness", agreement.Completeness
      "v_measure", agreement.VMeasure
      "purity", agreement.Purity ]

// ── Two labellings ──────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``two labellings`` =
    testList
        "MetricsOracle: two labellings"
        [ formulas
              [ "I(a; b) = Σ p(i, j) ln(p(i, j) / (p(i) p(j)))",
                "Cover and Thomas, Elements of Information Theory, 2006, §2.3"
                "homogeneity = 1 − H(class|label) / H(class), completeness = 1 − H(label|class) / H(label)",
                "Rosenberg and Hirschberg 2007" ]
          <| testTheory
              "the measures of two labellings are scikit-learn's"
              [ "iris"; "digits" ]
              (fun (dataset: string) ->
                  let oracle, truth, predicted = labelsOf dataset
                  let all = values (Metrics.agreement truth predicted |> ok) |> dict

                  for name, measure in measures do
                      let score =
                          if name.EndsWith "information" then
                              name.Replace("information", "info")
                          else
                              name

                      let expected = oracle |> field "supervised" |> number $"{score}_score"
                      near Tolerance.rounding name expected (measure truth predicted |> ok)
                      near Tolerance.rounding $"{name} of agreement" expected all[name])
          testCase "the measures are scikit-learn's for labellings that are awkward" (fun () ->
              for case, labellings in cases "labellings" do
                  let truth, predicted =
                      labellings |> field "truth" |> integers, labellings |> field "predicted" |> integers

                  for name, measure in measures |> List.filter (fun (name, _) -> name <> "purity") do
                      let expected = labellings |> field "scores" |> number name
                      near Tolerance.rounding $"{name} of {case}" expected (measure truth predicted |> ok))
          testTheory
              "the confusion matrix is scikit-learn's contingency matrix"
              [ "iris"; "digits" ]
              (fun (dataset: string) ->
                  let oracle, truth, predicted = labelsOf dataset
                  let confusion = Metrics.confusion truth predicted |> ok
                  Assert.Equal<int[]>(truth |> Array.distinct |> Array.sort, confusion.Classes)
                  Assert.Equal<int[]>(predicted |> Array.distinct |> Array.sort, confusion.Labels)

                  Assert.Equal<float[,]>(
                      oracle |> field "contingency" |> matrixOf,
                      confusion.Counts |> Array2D.map float
                  ))
          testCase "the classification report is scikit-learn's after SciPy's matching" (fun () ->
              for case, expected in cases "reports" do
                  let report =
                      Metrics.report
                          (expected |> field "truth" |> integers)
                          (expected |> field "predicted" |> integers)
                      |> ok

                  let compare name actual =
                      relativelyNear Tolerance.rounding $"{name} of {case}" (expected |> field name |> numbers) actual

                  compare "precision" (report.Classes |> Array.map _.Precision)
                  compare "recall" (report.Classes |> Array.map _.Recall)
                  compare "f1" (report.Classes |> Array.map _.F1)
                  compare "support" (report.Classes |> Array.map (fun scores -> float scores.Support))
                  compare "accuracy" [| report.Accuracy |]
                  compare "macro" [| report.MacroPrecision; report.MacroRecall; report.MacroF1 |]
                  compare "weighted" [| report.WeightedPrecision; report.WeightedRecall; report.WeightedF1 |])
          testCase "the area under the ROC curve is scikit-learn's" (fun () ->
              for case, expected in cases "roc" do
                  let area =
                      Metrics.rocAuc (expected |> field "truth" |> integers) (expected |> field "scores" |> matrixOf)
                      |> ok

                  near Tolerance.rounding case (expected |> number "area") area) ]

// ── Labelled rows ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``labelled rows`` =
    testList
        "MetricsOracle: labelled rows"
        [ testTheory "the measures of labelled rows are scikit-learn's" [ "iris"; "digits" ] (fun (dataset: string) ->
              let oracle, _, labels = labelsOf dataset
              let expected = oracle |> field "unsupervised"
              let separation = Metrics.separation Execution.Default labels (DataSet.named dataset).Source |> ok

              let compare name actual =
                  relativelyNear Tolerance.rounding name [| expected |> number name |] [| actual |]

              compare "silhouette_score" separation.Silhouette
              compare "davies_bouldin_score" separation.DaviesBouldin
              compare "calinski_harabasz_score" separation.CalinskiHarabasz)
          testCase "the measures are scikit-learn's for labelled rows that are awkward" (fun () ->
              for case, expected in cases "labelled_rows" do
                  let labels = expected |> field "labels" |> integers
                  let source = expected |> field "rows" |> matrixOf |> Source.ofArray2D |> ok
                  let silhouettes = Metrics.silhouettes oneThread labels source |> ok
                  let wanted = expected |> field "silhouettes" |> numbers
                  Assert.True(allWithin Tolerance.rounding 1.0 wanted silhouettes, $"silhouettes of {case}")

                  near
                      Tolerance.rounding
                      case
                      (expected |> number "silhouette")
                      (Metrics.silhouette oneThread labels source |> ok)

                  for name, measure in
                      [ "davies_bouldin", Metrics.daviesBouldin; "calinski_harabasz", Metrics.calinskiHarabasz ] do
                      let actual = measure oneThread labels source |> ok
                      relativelyNear Tolerance.rounding $"{name} of {case}" [| expected |> number name |] [| actual |]) ]

// ── Matching and criteria ───────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``matching and criteria`` =
    testList
        "MetricsOracle: matching and criteria"
        [ testCase "the cheapest matching costs what SciPy's does" (fun () ->
              for case in (more.Value |> field "matching").EnumerateArray() do
                  let costs = case |> field "costs" |> matrixOf
                  let total = Matching.cheapest costs |> ok |> Array.sumBy (fun (i, j) -> costs[i, j])
                  near Tolerance.rounding "total" (case |> number "total") total)
          formulas [ "ICL = BIC − 2 Σₙ ln maxₖ rₙₖ", "Biernacki, Celeux and Govaert 2000" ]
          <| testCase "the integrated complete likelihood is scikit-learn's responsibilities'" (fun () ->
              let expected, data = more.Value |> field "iris_full_from_labels", DataSet.iris ()

              let fit =
                  data.Source
                  |> Gmm.fit
                      { plain 3 Full with
                          Start = Start.Labels data.Labels
                          Tolerance = 1e-14
                          MaxIterations = 5000 }
                  |> ok

              // Two programs stop EM a little apart from the optimum, where responsibilities still move.
              relativelyNear 1e-10 "BIC" [| expected |> number "bic" |] [| fit.Bic |]
              relativelyNear 1e-7 "ICL" [| expected |> number "icl" |] [| Predict.icl fit data.Source |> ok |]) ]
