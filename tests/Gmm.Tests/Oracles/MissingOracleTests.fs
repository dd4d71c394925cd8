/// EM on data with missing cells against what other programs make of the same data; see Oracles/README.md.
module Gmm.Tests.MissingOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

let private missing = lazy oracle "missing-iris.json"

/// Whether a cell of the oracle's data is missing, by the oracle's rule; of a row without any other cell, one stays.
let private isMissing columns row column =
    let state = uint32 (row * columns + column + 1) * 2654435769u
    let state = (state ^^^ (state >>> 16)) * 2246822519u
    (state ^^^ (state >>> 13)) < 858993459u

/// Iris with the oracle's missing cells.
let rows =
    lazy
        ((DataSet.iris ()).Rows
         |> Array.mapi (fun i row ->
             let gone = Array.init row.Length (isMissing row.Length i)

             if Array.forall id gone then
                 gone[i % row.Length] <- false

             Array.map2 (fun x isGone -> if isGone then nan else x) row gone))

let private cases =
    lazy
        [ for case in (missing.Value |> field "cases").EnumerateArray() ->
              (case |> field "covariance_type").GetString(), case ]

/// The names of the six structures.
let structures = [ "full"; "tied_full"; "diag"; "spherical"; "tied_diag"; "tied_spherical" ]

let private startOf structure =
    let data = (DataSet.iris ()).Rows
    let mean j = data |> Array.averageBy (fun row -> row[j])
    let variances = Array.init 4 (fun j -> data |> Array.averageBy (fun row -> (row[j] - mean j) ** 2.0))
    let layout = Structure.layout structure
    let plane = Layout.diagonal layout variances

    Array.replicate (Layout.planes 3 layout) plane
    |> Array.concat
    |> Tensor.create (Layout.covarianceShape 3 4 layout)
    |> mixtureOf structure [| 1.0; 1.0; 1.0 |] (missing.Value |> field "start" |> field "means_values" |> matrixOf)

/// The fit of a structure after so many iterations from the oracle's start.
let fitOf iterations name =
    let structure = Structure.parse name |> ok

    sourceOf rows.Value
    |> Gmm.fit
        { plain 3 structure with
            Start = Start.Mixture(startOf structure)
            Missing = Missing.Fit
            MaxIterations = iterations
            Tolerance = 0.0 }
    |> ok

let private caseOf name : JsonElement = cases.Value |> List.find (fst >> (=) name) |> snd

let private covariances (fit: Fit<Gaussian>) =
    Array.init fit.Parameters.Components (Gaussian.covariance fit.Parameters >> flat) |> Array.concat

/// Compares numbers of which some are 0, relative to the largest.
let private parametersAre tolerance name (expected: JsonElement) dense (fit: Fit<Gaussian>) =
    relativelyNear tolerance $"{name}: weights" (expected |> field "weights" |> numbers) fit.Weights
    relativelyNear tolerance $"{name}: means" (expected |> field "means" |> numbers) (fit.Parameters.Means.toArray ())
    nearAll tolerance $"{name}: covariances" (expected |> field dense |> numbers) (covariances fit)

[<Tests>]
let tests =
    testList
        "MissingOracle"
        [ testCase "the missing cells are the oracle's" (fun () ->
              let counts = rows.Value |> Array.map (Array.filter System.Double.IsNaN >> Array.length)
              Assert.Equal((missing.Value |> field "missing_cells").GetInt32(), Array.sum counts)

              let columns =
                  [| for row in rows.Value ->
                         [| for j in 0..3 do
                                if System.Double.IsNaN row[j] then
                                    j |] |]

              let expected =
                  [| for row in (missing.Value |> field "missing_columns_per_row").EnumerateArray() -> integers row |]

              Assert.Equal<int[][]>(expected, columns))
          formulas
              [ "ln p(xₒ) = ln Σₖ πₖ N(xₒ|μₖₒ, Σₖₒₒ)", "Ghahramani and Jordan 1994"
                "x̂ₘ = μₖₘ + ΣₖₘₒΣₖₒₒ⁻¹(xₒ−μₖₒ)", "Little and Rubin 2019, §11.2"
                "Cₖ = Σₖₘₘ − ΣₖₘₒΣₖₒₒ⁻¹Σₖₒₘ", "Little and Rubin 2019, §11.2"
                "Σₖ = Σₙ rₙₖ((x̂ₙ−μₖ)(x̂ₙ−μₖ)ᵀ + Cₖ) / Nₖ", "Ghahramani and Jordan 1994" ]
          <| testTheory
              "the log-likelihood of every iteration and the parameters after the last are the oracle's"
              structures
              (fun name ->
                  let case = caseOf name
                  let fit = fitOf ((case |> field "iterations").GetInt32()) name
                  let expected = case |> field "loglik_per_e_step" |> numbers
                  let found = fit.Trace |> Array.map (fun objective -> 150.0 * objective)
                  relativelyNear 1e-10 $"{name}: log-likelihood" expected found[.. expected.Length - 1]
                  parametersAre 1e-9 name case "covariances_dense" fit)
          testTheory "the converged fit is the oracle's" structures (fun name ->
              let expected = caseOf name |> field "converged"
              let fit = fitOf 400 name

              relativelyNear
                  1e-10
                  $"{name}: log-likelihood"
                  [| (expected |> field "loglik").GetDouble() |]
                  [| fit.LogLikelihood |]

              parametersAre 1e-5 name expected "covariances_dense" fit)
          formulas [ "ML of one normal distribution with missing cells, R norm::em.norm", "Schafer 1997, ch. 5" ]
          <| testCase "one component has the numbers of R's package norm" (fun () ->
              let expected = missing.Value |> field "one_component"

              let fit =
                  sourceOf rows.Value
                  |> Gmm.fit
                      { plain 1 Full with
                          Missing = Missing.Fit
                          MaxIterations = 400
                          Tolerance = 0.0 }
                  |> ok

              let value name = expected |> field name |> numbers
              relativelyNear 1e-9 "log-likelihood" (value "loglik") [| fit.LogLikelihood |]

              for mean, covariance in [ "mean", "covariance"; "norm_mean", "norm_covariance" ] do
                  relativelyNear 1e-9 mean (value mean) (fit.Parameters.Means.toArray ())
                  relativelyNear 1e-9 covariance (value covariance) (covariances fit)) ]
