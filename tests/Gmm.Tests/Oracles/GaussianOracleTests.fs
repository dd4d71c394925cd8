/// EM from given starts against what other programs make of the same data; see Oracles/README.md.
module Gmm.Tests.GaussianOracleTests

open System.Text.Json
open Gmm
open Gmm.Tests.Support
open Xunit

/// One entry of gaussian-*.json.
let private entry dataset index : JsonElement = (oracle $"gaussian-{dataset}.json").EnumerateArray() |> Seq.item index

/// The entries are the six structures and then the weighted one.
let entries =
    TheoryData<string, int, string>(
        [ for dataset in [ "iris"; "faithful" ] do
              for index, structure in
                  List.indexed
                      [ "full"; "tied_full"; "diag"; "spherical"; "tied_diag"; "tied_spherical"; "full, weighted" ] do
                  struct (dataset, index, structure) ]
    )

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

[<Theory; MemberData(nameof entries)>]
[<Formula("L = Σₙ wₙ ln Σₖ πₖ N(xₙ|μₖ, Σₖ)", "Bishop, PRML, 2006, eq. 9.14")>]
let ``the objective before every iteration is the oracle's`` (dataset: string) (index: int) (structure: string) =
    let entry = entry dataset index
    let fit = fitOf entry
    let expected = entry |> field "mean_log_likelihood_per_e_step" |> numbers
    relativelyNear Tolerance.oracle $"{structure}: objective" expected fit.Trace[.. expected.Length - 1]
    Assert.Equal(expected.Length + 1, fit.Trace.Length)
    Assert.False fit.Converged

[<Theory; MemberData(nameof entries)>]
[<Formula("πₖ = Nₖ / N", "Bishop, PRML, 2006, eq. 9.26")>]
[<Formula("μₖ = Σₙ wₙrₙₖxₙ / Nₖ", "Bishop, PRML, 2006, eq. 9.24")>]
[<Formula("full: Σₖ = Sₖ = Σₙ wₙrₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ / Nₖ", "Bishop, PRML, 2006, eq. 9.25")>]
[<Formula("tied full: Σ = Σₖ NₖSₖ / N", "Celeux and Govaert 1995")>]
[<Formula("diagonal: Σₖ = diag Sₖ", "Celeux and Govaert 1995")>]
[<Formula("spherical: Σₖ = (tr Sₖ / D) I", "Celeux and Govaert 1995")>]
[<Formula("tied diagonal: Σ = diag Σₖ NₖSₖ / N", "Celeux and Govaert 1995")>]
[<Formula("tied spherical: Σ = (Σₖ Nₖ tr Sₖ / (ND)) I", "Celeux and Govaert 1995")>]
let ``the parameters after the last iteration are the oracle's`` (dataset: string) (index: int) (structure: string) =
    let entry = entry dataset index
    let fit = fitOf entry
    relativelyNear Tolerance.oracle $"{structure}: weights" (entry |> field "weights" |> numbers) fit.Weights

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
        (fit.Parameters.Covariances.toArray ())

[<Theory; MemberData(nameof entries)>]
let ``densities and labels under the fit are the oracle's`` (dataset: string) (index: int) (structure: string) =
    let entry = entry dataset index
    let fit, source = fitOf entry, sourceOf entry

    match entry.TryGetProperty "final_mean_log_likelihood" with
    | true, final ->
        relativelyNear Tolerance.oracle $"{structure}: lower bound" [| final.GetDouble() |] [| fit.LowerBound |]

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
        relativelyNear Tolerance.oracle $"{structure}: score" [| fit.LowerBound |] [| Predict.score fit source |> ok |]

/// The entries that hold a converged fit of scikit-learn's.
let converged =
    TheoryData<string, int, string>(
        [ for dataset in [ "iris"; "faithful" ] do
              for index, structure in List.indexed [ "full"; "tied_full"; "diag"; "spherical" ] do
                  struct (dataset, index, structure) ]
    )

[<Theory; MemberData(nameof converged)>]
[<Formula("BIC = −2 ln L + p ln n", "Schwarz 1978")>]
[<Formula("AIC = −2 ln L + 2p", "Akaike 1974")>]
let ``the converged fit has the oracle's likelihood, AIC and BIC`` (dataset: string) (index: int) (structure: string) =
    let entry = entry dataset index
    let expected = entry |> field "converged"
    let fit = fitTo 1000 1e-10 entry
    let value name = [| (expected |> field name).GetDouble() |]
    Assert.True fit.Converged
    relativelyNear Tolerance.oracle $"{structure}: lower bound" (value "mean_log_likelihood") [| fit.LowerBound |]
    relativelyNear Tolerance.oracle $"{structure}: AIC" (value "aic") [| fit.Aic |]
    relativelyNear Tolerance.oracle $"{structure}: BIC" (value "bic") [| fit.Bic |]
    Assert.Equal((expected |> field "n_iter").GetInt32() - 1, fit.Iterations)

/// scikit-learn looks at the likelihood before the M-step of an iteration, so it makes one M-step more.
[<Theory; MemberData(nameof converged)>]
let ``after as many iterations as the oracle's converged fit made, the parameters are its``
    (dataset: string)
    (index: int)
    (structure: string)
    =
    let entry = entry dataset index
    let expected = entry |> field "converged"
    let fit = fitTo ((expected |> field "n_iter").GetInt32()) 0.0 entry
    relativelyNear Tolerance.oracle $"{structure}: weights" (expected |> field "weights" |> numbers) fit.Weights

    relativelyNear
        Tolerance.oracle
        $"{structure}: means"
        (expected |> field "means" |> numbers)
        (fit.Parameters.Means.toArray ())

// ── From the class labels ───────────────────────────────────────────────────────────────────────────────────────────

/// Total log-likelihoods on which mclust 6.0.0 and scikit-learn 1.2.1 agree to 9 decimals.
let fromLabels =
    TheoryData<string, string, float>(
        [ struct ("iris", "full", -180.185477131)
          struct ("iris", "tied_full", -256.354043126)
          struct ("iris", "diag", -306.860460506)
          struct ("iris", "tied_diag", -361.425522043)
          struct ("iris", "spherical", -384.314095061)
          struct ("iris", "tied_spherical", -401.802175789)
          struct ("faithful", "full", -1130.263960185)
          struct ("faithful", "tied_full", -1140.186759437)
          struct ("faithful", "diag", -1147.806352538)
          struct ("faithful", "tied_diag", -1157.680012342)
          struct ("faithful", "spherical", -1709.529282177)
          struct ("faithful", "tied_spherical", -1709.681372950) ]
    )

/// EM from labels; after so many iterations none of the fits moves any more.
let private fitLabels structure (data: DataSet) =
    data.Source
    |> Gmm.fit
        { plain (1 + Array.max data.Labels) structure with
            Start = Start.Labels data.Labels
            Tolerance = 0.0
            MaxIterations = 400 }
    |> ok

[<Theory; MemberData(nameof fromLabels)>]
let ``from the class labels the likelihood is the one two programs agree on``
    (dataset: string)
    (structure: string)
    (expected: float)
    =
    let fit = fitLabels (Structure.parse structure |> ok) (DataSet.named dataset)
    near 1e-8 "log-likelihood" expected fit.LogLikelihood

/// The weights are known to nine digits from a fit that stopped some 1e-7 before its end; `mode` is where EM with
/// exactly rounded sums (Python's math.fsum) comes to rest.
[<Fact>]
let ``waiting times alone, from a split at 66 minutes, give the known mixture`` () =
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
        near 1e-10 "first weight at the mode" mode fit.Weights[0]

// ── With the library's own start and defaults ───────────────────────────────────────────────────────────────────────

/// Default options stop at a change of 1e-6 a row and add a millionth to the variances: both cost less than 1e-4 a row.
[<Theory>]
[<InlineData("iris", 3, -180.185477131)>]
[<InlineData("faithful", 2, -1130.263960185)>]
let ``the default fit reaches the best known likelihood`` (dataset: string) (components: int) (expected: float) =
    let source = (DataSet.named dataset).Source

    let fit =
        source
        |> Gmm.fit
            { Gmm.defaults with
                Components = components }
        |> ok

    Assert.True fit.Converged
    near (1e-4 * float source.Rows) "log-likelihood" expected fit.LogLikelihood

// ── Densities worked out by hand ────────────────────────────────────────────────────────────────────────────────────

[<Theory>]
[<InlineData(0.0, 0.0, 0.0509488720)>]
[<InlineData(1.0, 1.0, 0.0345199667)>]
[<InlineData(2.0, 2.0, 0.0469630225)>]
[<InlineData(3.0, 3.0, 0.0643275968)>]
[<InlineData(-1.0, 5.3, 2.50317128e-6)>]
[<InlineData(1.4, 0.0, 0.0246766822)>]
[<Formula("p(x) = Σₖ πₖ N(x|μₖ, Σₖ)", "Bishop, PRML, 2006, eq. 9.7")>]
let ``the density of a mixture of two is the one worked out by hand`` (x: float) (y: float) (expected: float) =
    let mixture =
        mixtureOf
            Full
            [| 0.3; 0.7 |]
            (array2D [ [ 0.0; 0.0 ]; [ 3.0; 3.0 ] ])
            (Tensor.create [| 2; 2; 2 |] [| 1.0; 0.0; 0.0; 1.0; 2.0; 1.0; 1.0; 2.0 |])

    let statistics = EM.eStep (Model.ofFamily Gaussian.family) (Support.sourceOf [| [| x; y |] |]) mixture
    // The expected values have nine digits.
    relativelyNear 3e-9 "density" [| expected |] [| exp statistics.LogLikelihood |]
