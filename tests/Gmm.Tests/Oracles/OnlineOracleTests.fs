/// Online EM against a textbook's in NumPy; see Oracles/README.md.
module Gmm.Tests.OnlineOracleTests

open System.Text.Json
open Expecto
open Gmm
open Gmm.Tests.Support

let private oracleFile = lazy oracle "online-em.json"

/// The batches of the oracle: batch t holds the positions t·size … of a stream in which position i is row i·stride mod n.
let private batchesOf size stride count (rows: float[][]) : Source list =
    let row position = rows[int (int64 position * int64 stride % int64 rows.Length)]

    [ for t in 0 .. count - 1 -> sourceOf (Array.init size (fun i -> row (t * size + i))) ]

/// Learns the batches, and compares the mean log-density of every batch before it is learned.
let private learn (expected: JsonElement) batches (start: Online<'θ>) : Online<'θ> =
    let states = start |> Online.updates (Online.stepSize 0.6) batches |> List.ofSeq |> List.map ok

    nearAll
        Tolerance.oracle
        "mean log-density of every batch"
        (expected |> field "mean_loglik_of_each_batch_before_update" |> numbers)
        [| for state in states -> state.Score |]

    List.last states

let private structures = [ "full"; "diag"; "spherical"; "tied_full"; "tied_diag"; "tied_spherical" ]

let private irisStart structure =
    let data = (DataSet.iris ()).Rows
    let mean j = data |> Array.averageBy (fun row -> row[j])
    let variances = Array.init 4 (fun j -> data |> Array.averageBy (fun row -> (row[j] - mean j) ** 2.0))
    let layout = Structure.layout structure

    Array.replicate (Layout.planes 3 layout) (Layout.diagonal layout variances)
    |> Array.concat
    |> Tensor.create (Layout.covarianceShape 3 4 layout)
    |> mixtureOf structure [| 1.0; 1.0; 1.0 |] (array2D [ data[29]; data[84]; data[139] ])

let private recursion = "s ← (1−γ)s + γs̄, θ = M(s), γₜ = (t+2)^−a", "Cappé and Moulines 2009, §2"

[<Tests>]
let tests =
    testList
        "OnlineOracle"
        [ formulas [ recursion ]
          <| testTheory "iris in batches of 30, 30 updates" structures (fun (name: string) ->
              let structure = Structure.parse name |> ok
              let data = DataSet.iris ()

              let expected =
                  (oracleFile.Value |> field "cases").EnumerateArray()
                  |> Seq.find (fun case -> (case |> field "covariance_type").GetString() = name)

              let model =
                  { Model.ofFamily Gaussian.family with
                      Execution = oneThread }

              let last =
                  irisStart structure
                  |> Online.start model 150.0
                  |> ok
                  |> learn expected (batchesOf 30 47 30 data.Rows)

              let covariances = Array.init 3 (Gaussian.covariance last.Parameters >> flat) |> Array.concat
              relativelyNear Tolerance.oracle "weights" (expected |> field "weights" |> numbers) last.Weights

              relativelyNear
                  Tolerance.oracle
                  "means"
                  (expected |> field "means" |> numbers)
                  (last.Parameters.Means.toArray ())

              nearAll Tolerance.oracle "covariances" (expected |> field "covariances_dense" |> numbers) covariances

              near
                  Tolerance.oracle
                  "mean log-density of all rows"
                  ((expected |> field "final_mean_loglik_all_rows").GetDouble())
                  (Predict.score (Online.toFit last) data.Source |> ok))

          testCase "the London Times in batches of 100, 40 updates" (fun () ->
              let expected = oracleFile.Value |> field "poisson_london_times"
              let counts = [| 162; 267; 271; 185; 111; 61; 27; 8; 3; 1 |]

              let rows =
                  counts |> Array.mapi (fun value count -> Array.replicate count [| float value |]) |> Array.concat

              let last =
                  Poisson.ofRates (array2D [ [ 1.0 ]; [ 2.5 ] ])
                  |> Result.bind (Mixture.create [| 0.3; 0.7 |])
                  |> Result.bind (Online.start (Model.ofFamily (ExponentialFamily.components Poisson.family)) 1096.0)
                  |> ok
                  |> learn expected (batchesOf 100 311 40 rows)

              relativelyNear Tolerance.oracle "weights" (expected |> field "weights" |> numbers) last.Weights

              relativelyNear
                  Tolerance.oracle
                  "rates"
                  (expected |> field "rates" |> numbers)
                  (flat (Poisson.rates last.Parameters)))

          testCase "a prior counts against the weight of the statistics: digits with Beta(2, 2), 60 updates" (fun () ->
              let expected = oracleFile.Value |> field "bernoulli_digits"

              let rows =
                  (DataSet.digits ()).Rows |> Array.map (Array.map (fun pixel -> if pixel > 7.0 then 1.0 else 0.0))

              let family =
                  ExponentialFamily.components
                      { Bernoulli.family with
                          Prior = Bernoulli.beta 2.0 2.0 }

              let last =
                  array2D [ for row in rows[..9] -> row |> Array.map (fun pixel -> 0.25 + 0.5 * pixel) ]
                  |> Bernoulli.ofProbabilities
                  |> Result.bind (Mixture.create (Array.create 10 1.0))
                  |> Result.bind (Online.start (Model.ofFamily family) 1797.0)
                  |> ok
                  |> learn expected (batchesOf 100 601 60 rows)

              relativelyNear Tolerance.oracle "weights" (expected |> field "weights" |> numbers) last.Weights

              nearAll
                  Tolerance.oracle
                  "probabilities"
                  (expected |> field "probabilities" |> numbers)
                  (flat (Bernoulli.probabilities last.Parameters))) ]
