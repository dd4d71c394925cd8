/// k-means against scikit-learn's and the best of a thousand starts; see Oracles/README.md.
module Gmm.Tests.KMeansOracleTests

open Expecto
open Gmm
open Gmm.Tests.Support

let private oracleOf dataset = oracle $"kmeans-{dataset}.json"

let private centresAt (rows: int[]) (data: DataSet) = array2D [ for row in rows -> data.Rows[row] ]

/// Labels of the rows by a fit of k-means.
let private labelsOf (found: KMeansFit) source = Predict.labels found.Fit source |> ok

[<Tests>]
let tests =
    testList
        "KMeansOracle"
        [ formulas [ "J = Σₙ minₖ ‖xₙ−μₖ‖²", "Bishop, PRML, 2006, eq. 9.1" ]
          <| testTheory
              "from given rows k-means ends where scikit-learn's does"
              [ "iris"; "faithful"; "digits" ]
              (fun (dataset: string) ->
                  let oracle, data = oracleOf dataset, DataSet.named dataset
                  let expected = oracle |> field "from_start"
                  let rows = expected |> field "rows" |> integers

                  let found =
                      data.Source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = rows.Length
                              Start = Start.Means(centresAt rows data)
                              Tolerance = 0.0 }
                      |> ok

                  Assert.True found.Fit.Converged

                  relativelyNear
                      Tolerance.oracle
                      "inertia"
                      [| (expected |> field "inertia").GetDouble() |]
                      [| found.Inertia |]

                  Assert.Equal<int[]>(expected |> field "labels" |> integers, labelsOf found data.Source)
                  let centres = found.Centres |> Seq.cast<float> |> Array.ofSeq
                  let wanted = expected |> field "centers" |> numbers
                  // Pixels that are 0 in a whole cluster come out as rounding noise there.
                  Assert.True(allWithin Tolerance.oracle (1.0 + Array.max (Array.map abs wanted)) wanted centres))
          // The lowest sums of squares that a thousand starts found.
          testTheory
              "with restarts k-means finds the optimum"
              [ "iris", 2, 152.34795176
                "iris", 3, 78.8514414261
                "iris", 4, 57.2284732143
                "iris", 5, 46.4461820513
                "iris", 6, 39.0399872461
                "faithful", 2, 8901.76872095
                "faithful", 3, 5188.54046823
                "faithful", 4, 2941.72090331
                "faithful", 5, 2028.44447786 ]
              (fun (dataset: string, clusters: int, expected: float) ->
                  let found =
                      (DataSet.named dataset).Source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = clusters
                              Restarts = 50 }
                      |> ok

                  // The optima are written with twelve digits.
                  relativelyNear 1e-10 "inertia" [| expected |] [| found.Inertia |])
          testTheory
              "the best of 50 runs of k-means is as good as scikit-learn's"
              [ "iris"; "faithful"; "digits" ]
              (fun (dataset: string) ->
                  let oracle = oracleOf dataset
                  let best = (oracle |> field "best_of_50_inertia").GetDouble()

                  let found =
                      (DataSet.named dataset).Source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = (oracle |> field "n_clusters").GetInt32()
                              Restarts = 50 }
                      |> ok

                  Assert.True(
                      found.Inertia <= best * (1.0 + Tolerance.oracle),
                      $"inertia {found.Inertia:R}, scikit-learn's {best:R}"
                  )) ]
