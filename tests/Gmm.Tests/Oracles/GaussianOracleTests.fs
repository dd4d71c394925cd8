/// EM from given starts against what other programs make of the same data; see Oracles/README.md.
module Gmm.Tests.GaussianOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

/// One entry of gaussian-*.json.
let private entry dataset index : JsonElement = (oracle $"gaussian-{dataset}.json").EnumerateArray() |> Seq.item index

/// The entries are the six structures and then the weighted one.
let entries =
    [ for dataset in [ "iris"; "faithful" ] do
          for index, structure in
              List.indexed [ "full"; "tied_full"; "diag"; "spherical"; "tied_diag"; "tied_spherical"; "full, weighted" ] do
              (dataset, index, structure) ]

let private structureOf entry = (entry |> field "covariance_type").GetString() |> Structure.parse |> ok

let private startOf entry =
    let start = entry |> field "start"

    mixtureOf
        (structureOf entry)
        (start |> field "weights" |> numbers)
        (start |> field "means" |> matrixOf)
        (start |> field "covariances" |> tensorOf)

let private sourceOf (entry: JsonElement) =
    let source = (DataSet.named ((entry |> field "dataset").GetString())).Source

    match entry.TryGetProperty "sample_weight" with
    | true, formula ->
        Assert.Equal("0.25 + (row_index mod 7) / 2", formula.GetString())
        let weights = Array.init (int source.Rows) (fun row -> 0.25 + float (row % 7) / 2.0)
        source |> Source.weighted weights |> ok
    | _ -> source

let private fitTo iterations tolerance entry =
    sourceOf entry
    |> Gmm.fit
        { plain ((entry |> field "n_components").GetInt32()) (structureOf entry) with
            Start = Start.Mixture(startOf entry)
            MaxIterations = iterations
            Tolerance = tolerance }
    |> ok

let private fitOf entry = fitTo ((entry |> field "iterations").GetInt32()) 0.0 entry

/// The entries that hold a converged fit of scikit-learn's.
let converged =
    [ for dataset in [ "iris"; "faithful" ] do
          for index, structure in List.indexed [ "full"; "tied_full"; "diag"; "spherical" ] do
              (dataset, index, structure) ]

[<Tests>]
let tests =
    testList
        "GaussianOracle"
        [ formulas [ "L = Σₙ wₙ ln Σₖ πₖ N(xₙ|μₖ, Σₖ)", "Bishop, PRML, 2006, eq. 9.14" ]
          <| testTheory
              "the objective before every iteration is the oracle's"
              entries
              (fun (dataset: string, index: int, structure: string) ->
                  let entry = entry dataset index
                  let fit = fitOf entry
                  let expected = entry |> field "mean_log_likelihood_per_e_step" |> numbers
                  relativelyNear Tolerance.oracle $"{structure}: objective" expected fit.Trace[.. expected.Length - 1]
                  Assert.Equal(expected.Length + 1, fit.Trace.Length)
                  Assert.False fit.Converged)
          formulas
              [ "πₖ = Nₖ / N", "Bishop, PRML, 2006, eq. 9.26"
                "μₖ = Σₙ wₙrₙₖxₙ / Nₖ", "Bishop, PRML, 2006, eq. 9.24"
                "full: Σₖ = Sₖ = Σₙ wₙrₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ / Nₖ", "Bishop, PRML, 2006, eq. 9.25"
                "tied full: Σ = Σₖ NₖSₖ / N", "Celeux and Govaert 1995"
                "diagonal: Σₖ = diag Sₖ", "Celeux and Govaert 1995"
                "spherical: Σₖ = (tr Sₖ / D) I", "Celeux and Govaert 1995"
                "tied diagonal: Σ = diag Σₖ NₖSₖ / N", "Celeux and Govaert 1995"
                "tied spherical: Σ = (Σₖ Nₖ tr Sₖ / (ND)) I", "Celeux and Govaert 1995" ]
          <| testTheory
              "the parameters after the last iteration are the oracle's"
              entries
              (fun (dataset: string, index: int, structure: string) ->
                  let entry = entry dataset index
                  let fit = fitOf entry

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: weights"
                      (entry |> field "weights" |> numbers)
                      fit.Weights

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: means"
                      (entry |> field "means" |> numbers)
                      (fit.Parameters.Means.toArray ())

                  let covariances = entry |> field "covariances"
                  Assert.Equal<int[]>(shapeOf covariances, fit.Parameters.Covariances.shape)

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: covariances"
                      (numbers covariances)
                      (fit.Parameters.Covariances.toArray ()))
          testTheory
              "densities and labels under the fit are the oracle's"
              entries
              (fun (dataset: string, index: int, structure: string) ->
                  let entry = entry dataset index
                  let fit, source = fitOf entry, sourceOf entry

                  match entry.TryGetProperty "final_mean_log_likelihood" with
                  | true, final ->
                      relativelyNear
                          Tolerance.oracle
                          $"{structure}: lower bound"
                          [| final.GetDouble() |]
                          [| fit.LowerBound |]

                      relativelyNear
                          Tolerance.oracle
                          $"{structure}: score"
                          [| final.GetDouble() |]
                          [| Predict.score fit source |> ok |]

                      let head = entry |> field "score_samples_head" |> numbers
                      let densities = Predict.logDensities fit source |> ok
                      relativelyNear Tolerance.oracle $"{structure}: log-densities" head densities[.. head.Length - 1]
                      Assert.Equal<int[]>(entry |> field "labels" |> integers, Predict.labels fit source |> ok)
                  | _ ->
                      // The weighted entries hold no more than their parameters: what the library says of them must agree with itself.
                      relativelyNear
                          Tolerance.oracle
                          $"{structure}: score"
                          [| fit.LowerBound |]
                          [| Predict.score fit source |> ok |])
          formulas [ "BIC = −2 ln L + p ln n", "Schwarz 1978"; "AIC = −2 ln L + 2p", "Akaike 1974" ]
          <| testTheory
              "the converged fit has the oracle's likelihood, AIC and BIC"
              converged
              (fun (dataset: string, index: int, structure: string) ->
                  let entry = entry dataset index
                  let expected = entry |> field "converged"
                  let fit = fitTo 1000 1e-10 entry
                  let value name = [| (expected |> field name).GetDouble() |]
                  Assert.True fit.Converged

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: lower bound"
                      (value "mean_log_likelihood")
                      [| fit.LowerBound |]

                  relativelyNear Tolerance.oracle $"{structure}: AIC" (value "aic") [| fit.Aic |]
                  relativelyNear Tolerance.oracle $"{structure}: BIC" (value "bic") [| fit.Bic |]
                  Assert.Equal((expected |> field "n_iter").GetInt32() - 1, fit.Iterations))
          // scikit-learn looks at the likelihood before the M-step of an iteration, so it makes one M-step more.
          testTheory
              "after as many iterations as the oracle's converged fit made, the parameters are its"
              converged
              (fun (dataset: string, index: int, structure: string) ->
                  let entry = entry dataset index
                  let expected = entry |> field "converged"
                  let fit = fitTo ((expected |> field "n_iter").GetInt32()) 0.0 entry

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: weights"
                      (expected |> field "weights" |> numbers)
                      fit.Weights

                  relativelyNear
                      Tolerance.oracle
                      $"{structure}: means"
                      (expected |> field "means" |> numbers)
                      (fit.Parameters.Means.toArray ())) ]

// ── From the class labels ───────────────────────────────────────────────────────────────────────────────────────────

/// Total log-likelihoods on which mclust 6.0.0 and scikit-learn 1.2.1 agree to 9 decimals.
let fromLabels =
    [ ("iris", "full", -180.185477131)
      ("iris", "tied_full", -256.354043126)
      ("iris", "diag", -306.860460506)
      ("iris", "tied_diag", -361.425522043)
      ("iris", "spherical", -384.314095061)
      ("iris", "tied_spherical", -401.802175789)
      ("faithful", "full", -1130.263960185)
      ("faithful", "tied_full", -1140.186759437)
      ("faithful", "diag", -1147.806352538)
      ("faithful", "tied_diag", -1157.680012342)
      ("faithful", "spherical", -1709.529282177)
      ("faithful", "tied_spherical", -1709.681372950) ]

/// EM from labels; after so many iterations none of the fits moves any more.
let private fitLabels structure (data: DataSet) =
    data.Source
    |> Gmm.fit
        { plain (1 + Array.max data.Labels) structure with
            Start = Start.Labels data.Labels
            Tolerance = 0.0
            MaxIterations = 400 }
    |> ok

[<Tests>]
let ``from the class labels`` =
    testList
        "GaussianOracle: from the class labels"
        [ testTheory
              "from the class labels the likelihood is the one two programs agree on"
              fromLabels
              (fun (dataset: string, structure: string, expected: float) ->
                  let fit = fitLabels (Structure.parse structure |> ok) (DataSet.named dataset)
                  near 1e-8 "log-likelihood" expected fit.LogLikelihood)
          // The weights are known to nine digits from a fit that stopped some 1e-7 before its end; `mode` is where EM with
          // exactly rounded sums (Python's math.fsum) comes to rest.
          testCase "waiting times alone, from a split at 66 minutes, give the known mixture" (fun () ->
              let data = DataSet.faithful ()

              let waiting =
                  { Rows = data.Rows |> Array.map (fun row -> [| row[1] |])
                    Labels = data.Rows |> Array.map (fun row -> if row[1] > 66.0 then 1 else 0) }

              let mode = 0.3608860737901716

              for structure in [ Full; Diag; Spherical ] do
                  let fit = fitLabels structure waiting
                  near 1e-8 "log-likelihood" -1034.001749832 fit.LogLikelihood
                  near 1e-7 "first weight" 0.360886119 fit.Weights[0]
                  near 1e-7 "second weight" 0.639113881 fit.Weights[1]
                  near 1e-10 "first weight at the mode" mode fit.Weights[0]) ]

// ── With the library's own start and defaults ───────────────────────────────────────────────────────────────────────

[<Tests>]
let ``with the library's own start and defaults`` =
    testList
        "GaussianOracle: with the library's own start and defaults"
        [
          // Default options stop at a change of 1e-6 a row and add a millionth to the variances: both cost less than 1e-4 a row.
          testTheory
              "the default fit reaches the best known likelihood"
              [ "iris", 3, -180.185477131; "faithful", 2, -1130.263960185 ]
              (fun (dataset: string, components: int, expected: float) ->
                  let source = (DataSet.named dataset).Source

                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = components }
                      |> ok

                  Assert.True fit.Converged
                  near (1e-4 * float source.Rows) "log-likelihood" expected fit.LogLikelihood) ]

// ── Densities worked out by hand ────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``densities worked out by hand`` =
    testList
        "GaussianOracle: densities worked out by hand"
        [ formulas [ "p(x) = Σₖ πₖ N(x|μₖ, Σₖ)", "Bishop, PRML, 2006, eq. 9.7" ]
          <| testTheory
              "the density of a mixture of two is the one worked out by hand"
              [ 0.0, 0.0, 0.0509488720
                1.0, 1.0, 0.0345199667
                2.0, 2.0, 0.0469630225
                3.0, 3.0, 0.0643275968
                -1.0, 5.3, 2.50317128e-6
                1.4, 0.0, 0.0246766822 ]
              (fun (x: float, y: float, expected: float) ->
                  let mixture =
                      mixtureOf
                          Full
                          [| 0.3; 0.7 |]
                          (array2D [ [ 0.0; 0.0 ]; [ 3.0; 3.0 ] ])
                          (Tensor.create [| 2; 2; 2 |] [| 1.0; 0.0; 0.0; 1.0; 2.0; 1.0; 1.0; 2.0 |])

                  let statistics =
                      EM.eStep (Model.ofFamily Gaussian.family) (Support.sourceOf [| [| x; y |] |]) mixture
                  // The expected values have nine digits.
                  relativelyNear 3e-9 "density" [| expected |] [| exp statistics.LogLikelihood |]) ]
