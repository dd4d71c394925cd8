/// k-means: the hard limit of the same loop.
module Gmm.Tests.KMeansTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private options clusters =
    { KMeans.defaults with
        Components = clusters
        Restarts = 1
        Tolerance = 0.0
        Execution = oneThread }

let private rowsOf (matrix: float[,]) = Array.init (Array2D.length1 matrix) (fun k -> matrix[k, *])

let private squaredDistance (x: float[]) (y: float[]) = Array.fold2 (fun sum a b -> sum + (a - b) * (a - b)) 0.0 x y

/// Data with at least as many different rows of positive weight as clusters.
let private enough =
    weightedData
    |> Arb.filter (fun case ->
        (Array.zip case.Rows case.Weights |> Array.filter (fun (_, w) -> w > 0.0) |> Array.distinctBy fst).Length
        >= case.Origin.Components)

[<Tests>]
let tests =
    testList
        "KMeans"
        [ testCase "the inertia of rows that are all centres is 0, and not −0" (fun () ->
              let source = sourceOf [| [| 1.0 |]; [| 1.0 |]; [| 2.0 |] |]
              let found = source |> KMeans.fit { KMeans.defaults with Components = 2 } |> ok
              Assert.Equal<int64[]>(bits [| 0.0; 0.0 |], bits [| found.Inertia; KMeans.inertia found source |> ok |]))
          formulas [ "J never rises by a step of k-means", "Lloyd 1982" ]
          <| testForAll 100 "the inertia never rises" enough (fun case ->
              KMeans.iterates oneThread case.Source (array2D case.Origin.Means)
              |> Seq.truncate 20
              |> Seq.map (fun iterate -> -(ok iterate).Objective)
              |> Seq.pairwise
              |> Seq.forall (fun (before, after) -> after <= before + Tolerance.monotone * (1.0 + before)))
          formulas [ "J = Σₙ wₙ minₖ ‖xₙ−μₖ‖²", "Bishop, PRML, 2006, eq. 9.1 and 9.2" ]
          <| testForAll
              100
              "every row has the label of the nearest centre and the inertia is the sum of squares"
              enough
              (fun case ->
                  let found = KMeans.fit (options case.Origin.Components) case.Source |> ok
                  let centres = rowsOf found.Centres
                  let labels = Predict.labels found.Fit case.Source |> ok

                  let least =
                      case.Rows |> Array.map (fun row -> centres |> Array.map (squaredDistance row) |> Array.min)

                  let inertia = Array.map2 (*) least case.Weights |> Array.sum

                  abs (found.Inertia - inertia) <= 1e-11 * (1.0 + inertia)
                  && Array.forall2
                      (fun label (row, distance) ->
                          squaredDistance row centres[label] <= distance * (1.0 + 1e-12) + 1e-12)
                      labels
                      (Array.zip case.Rows least))
          formulas [ "μₖ = Σₙ wₙrₙₖxₙ / Σₙ wₙrₙₖ", "Bishop, PRML, 2006, eq. 9.4" ]
          <| testForAll 100 "at rest every centre is the mean of its rows" enough (fun case ->
              let found = KMeans.fit (options case.Origin.Components) case.Source |> ok
              let labels = Predict.labels found.Fit case.Source |> ok
              let centres = rowsOf found.Centres

              Seq.forall
                  (fun k ->
                      let own =
                          [| for n in 0 .. labels.Length - 1 do
                                 if labels[n] = k then
                                     n |]

                      let weight = own |> Array.sumBy (fun n -> case.Weights[n])

                      let mean =
                          Array.init case.Origin.Features (fun j ->
                              (own |> Array.sumBy (fun n -> case.Weights[n] * case.Rows[n][j])) / weight)

                      allWithin 1e-9 (1.0 + Array.max (Array.map abs mean)) mean centres[k])
                  (seq { 0 .. centres.Length - 1 }))
          testCase "more restarts never give a higher inertia" (fun () ->
              let source = (DataSet.iris ()).Source

              let inertias =
                  [ for restarts in 1..8 ->
                        (KMeans.fit
                            { options 5 with
                                Restarts = restarts
                                Start = Start.Points }
                            source
                         |> ok)
                            .Inertia ]

              Assert.Equal<float list>(List.sortDescending inertias, inertias))
          testCase "a weight of m is m copies of the row for k-means too" (fun () ->
              let property (case: DataCase) =
                  let copies = case.Rows |> Array.mapi (fun n _ -> 1 + n % 3)
                  let start = Start.Means(array2D case.Rows[.. case.Origin.Components - 1])

                  let run source =
                      KMeans.fit
                          { options case.Origin.Components with
                              Start = start }
                          source
                      |> Result.map (fun found -> found.Inertia, flat found.Centres)

                  let weighted = case.Source |> Source.weighted (copies |> Array.map float) |> Result.bind run
                  let repeated = sourceOf (Array.map2 Array.create copies case.Rows |> Array.concat) |> run

                  whenBothOk weighted repeated (fun (a, centres) (b, centres') ->
                      abs (a - b) <= 1e-9 * (1.0 + a) && allWithin 1e-9 10.0 centres centres')

              checkTimes 60 (Prop.forAll data property))
          testCase "an empty cluster takes the row farthest from its centre" (fun () ->
              let source = sourceOf [| [| 0.0 |]; [| 1.0 |]; [| 2.0 |]; [| 10.0 |] |]

              let iterates =
                  KMeans.iterates oneThread source (array2D [ [ 1.0 ]; [ 1000.0 ] ]) |> Seq.take 2 |> List.ofSeq

              Assert.Equal<float[]>([| 1.0; 10.0 |], (ok iterates[1]).Mixture.Parameters.Centres.toArray()))
          testCase "several empty clusters take the farthest rows, one each" (fun () ->
              let source = sourceOf [| [| 0.0 |]; [| 1.0 |]; [| -1.0 |]; [| 20.0 |]; [| -30.0 |] |]
              let start = array2D [ [ 0.0 ]; [ 1000.0 ]; [ 2000.0 ] ]
              let iterates = KMeans.iterates oneThread source start |> Seq.take 2 |> List.ofSeq
              Assert.Equal<float[]>([| 0.0; -30.0; 20.0 |], (ok iterates[1]).Mixture.Parameters.Centres.toArray()))
          testCase "an empty cluster does not take the only row of another" (fun () ->
              // The farthest row, 100, is alone in its cluster; the next farthest is 3.
              let source = sourceOf [| [| 0.0 |]; [| 1.0 |]; [| 3.0 |]; [| 100.0 |] |]
              let start = array2D [ [ 1.0 ]; [ 60.0 ]; [ 5000.0 ] ]
              let iterates = KMeans.iterates oneThread source start |> Seq.take 2 |> List.ofSeq
              Assert.Equal<float[]>([| 0.5; 100.0; 3.0 |], (ok iterates[1]).Mixture.Parameters.Centres.toArray()))
          testCase "as many clusters as rows leave no inertia" (fun () ->
              let rows = Array.init 7 (fun n -> [| float (n * n); float -n |])
              let found = KMeans.fit (options 7) (sourceOf rows) |> ok
              Assert.Equal(0.0, found.Inertia)
              Assert.Equal<int[]>([| 0..6 |], Predict.labels found.Fit (sourceOf rows) |> ok |> Array.sort))
          testCase "fewer different rows than clusters are an error that says how many" (fun () ->
              let rows = Array.init 20 (fun n -> [| float (n % 2); 1.0 |])

              match KMeans.fit (options 3) (sourceOf rows) |> error with
              | TooFewDistinctRows(3, 2) as error -> Assert.Contains("the data have 2.", error.Message)
              | other -> Assert.Fail other.Message)
          testCase "one cluster is the mean" (fun () ->
              let data = DataSet.iris ()
              let found = KMeans.fit (options 1) data.Source |> ok
              let mean = Array.init 4 (fun j -> data.Rows |> Array.averageBy (fun row -> row[j]))
              relativelyNear 1e-13 "centre" mean (flat found.Centres)
              Assert.Equal(4, found.Fit.FreeParameters))
          // With all covariances εI and equal weights the responsibilities go to the nearest mean as ε goes to 0.
          formulas [ "rₙₖ → 1 for k = argminⱼ ‖xₙ−μⱼ‖² as Σ = εI, ε → 0", "Bishop, PRML, 2006, §9.3.2" ]
          <| testForAll
              40
              "responsibilities of a tied spherical mixture tend to the labels of k-means"
              enough
              (fun case ->
                  let found = KMeans.fit (options case.Origin.Components) case.Source |> ok
                  let labels = Predict.labels found.Fit case.Source |> ok
                  let centres = rowsOf found.Centres
                  let block = case.Source.Read 0L

                  /// Rows that are clearly nearer to one centre.
                  let isClear (row: float[]) =
                      let distances = centres |> Array.map (squaredDistance row) |> Array.sort
                      distances.Length = 1 || distances[1] - distances[0] > 1e-4

                  /// How much of each row goes elsewhere.
                  let elsewhere epsilon =
                      let mixture =
                          mixtureOf
                              TiedSpherical
                              (Array.create centres.Length 1.0)
                              found.Centres
                              (Tensor.scalar epsilon)

                      let joint = Textbook.logJoint Reference.engine Gaussian.family mixture block
                      let _, responsibilities = Assignment.soft (Tensor.create [| block.Rows; centres.Length |] joint)

                      let r = responsibilities.toArray2D ()

                      [| for n in 0 .. block.Rows - 1 do
                             if isClear case.Rows[n] then
                                 1.0 - r[n, labels[n]] |]

                  let amounts = [ for epsilon in [ 1.0; 1e-1; 1e-2; 1e-3; 1e-4; 1e-6 ] -> elsewhere epsilon ]

                  block.Rows = case.Rows.Length
                  && amounts
                     |> List.pairwise
                     |> List.forall (fun (wide, narrow) -> Array.forall2 (fun w n -> n <= w + 1e-12) wide narrow)
                  && Array.forall (fun left -> left <= 1e-12) (List.last amounts))
          testCase "Gmm.fit clusters as KMeans.fit does, from any start, and keeps the history" (fun () ->
              let data = DataSet.iris ()

              for start in
                  [ Start.KPlusPlus
                    Start.Points
                    Start.FarthestFirst
                    Start.RandomResponsibilities
                    Start.Labels data.Labels
                    Start.Means(array2D [ for row in [ 0; 60; 140 ] -> data.Rows[row] ]) ] do
                  let options = { options 3 with Start = start }
                  let found = KMeans.fit options data.Source |> ok
                  let fit = Gmm.fit { options with History = true } data.Source |> ok
                  Assert.Equal<int64[]>(bits found.Fit.Trace, bits fit.Trace)
                  Assert.Equal<float[,]>(found.Centres, fit.Parameters.Centres.toArray2D ())
                  Assert.Equal(found.Inertia, (KMeans.ofFit fit).Inertia)
                  Assert.Equal(fit.Iterations + 1, fit.History.Length)
                  Assert.Equal(fit.Parameters.Centres, (Array.last fit.History).Parameters.Centres))
          testCase "centres far from zero lose nothing" (fun () ->
              let data = DataSet.iris ()

              let run by =
                  let rows = data.Rows |> Array.map (Array.map (fun x -> Math.Round(x * 1024.0) / 1024.0 + by))

                  let found =
                      KMeans.fit
                          { options 3 with
                              Start = Start.Means(array2D [ rows[29]; rows[84]; rows[139] ]) }
                          (sourceOf rows)
                      |> ok

                  found.Inertia, Predict.labels found.Fit (sourceOf rows) |> ok

              let inertia, labels = run 0.0
              let inertia', labels' = run 1e8
              Assert.Equal<int[]>(labels, labels')
              // A centre at 1e8 is held to 1.5e-8, which moves the inertia by its square.
              near 1e-9 "inertia" inertia inertia')
          // Far from zero the last digits of a centre never come to rest.
          testCase "with tolerance 0 k-means comes to rest on data far from zero" (fun () ->
              for seed in 0..9 do
                  let random = Random seed

                  let rows =
                      Array.init 300 (fun n -> [| 1e8 + 3.0 * float (n % 4) + normal random; -1e8 + normal random |])

                  for clusters in [ 2; 4; 7 ] do
                      let found =
                          KMeans.fit
                              { options clusters with
                                  Seed = seed
                                  MaxIterations = 1000 }
                              (sourceOf rows)
                          |> ok

                      Assert.Equal(Converged, found.Fit.Stop))
          testCase
              "centres have settled within the tolerance's share of the mean variance, wherever the first row lies"
              (fun () ->
                  for far in [ 0.0; 1e3; -1e6 ] do
                      let random = Random 5

                      let rows =
                          Array.init 3000 (fun n ->
                              [| 3.0 * normal random; normal random |] |> Array.map ((+) (if n = 0 then far else 0.0)))

                      let varianceOf j =
                          let mean = rows |> Array.averageBy (fun row -> row[j])
                          rows |> Array.averageBy (fun row -> (row[j] - mean) * (row[j] - mean))

                      let source, limit = sourceOf rows, sqrt (1e-4 * 0.5 * (varianceOf 0 + varianceOf 1))
                      let rule = Lloyd.ruleOf oneThread source

                      let at x =
                          { (KMeans.iterates oneThread source (array2D [ [ 0.0; 0.0 ] ]) |> Seq.head |> ok) with
                              Mixture = Lloyd.mixture (array2D [ [ x; 0.0 ] ]) }

                      Assert.True(rule.HasConverged 1e-4 (at 0.0) (at (0.9999 * limit)))
                      Assert.False(rule.HasConverged 1e-4 (at 0.0) (at (1.0001 * limit))))
          formulas [ "J = −2 Σₙ maxₖ ln p(xₙ|μₖ) with ln p = −½‖xₙ−μₖ‖²", "Bishop, PRML, 2006, §9.3.2" ]
          <| testForAll 60 "the inertia is -2 times the log-likelihood of the centroids" enough (fun case ->
              let found = KMeans.fit (options case.Origin.Components) case.Source |> ok
              allWithin Tolerance.rounding found.Inertia [| found.Inertia |] [| -2.0 * found.Fit.LogLikelihood |])
          testCase "random rows that k-means starts from differ in value" (fun () ->
              let rows = Array.init 100 (fun n -> if n % 20 = 7 then [| float n |] else [| 1.0 |])

              for seed in 0..19 do
                  let found =
                      KMeans.fit
                          { options 6 with
                              Start = Start.Points
                              Seed = seed }
                          (sourceOf rows)
                      |> ok

                  Assert.Equal(6, (found.Fit.Start.Parameters.Centres.toArray () |> Array.distinct).Length)
                  Assert.Equal(0.0, found.Inertia)

              match KMeans.fit { options 7 with Start = Start.Points } (sourceOf rows) |> error with
              | TooFewDistinctRows(7, _) -> ()
              | other -> Assert.Fail other.Message)
          testCase "the inertia of other data is the sum of their squared distances to the nearest centres" (fun () ->
              let property (case: DataCase) =
                  let found =
                      case.Source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = case.Origin.Components
                              Restarts = 1
                              Execution = oneThread }

                  match found with
                  | Error _ -> false ==> true
                  | Ok found ->
                      let others = case.Rows |> Array.map (Array.map (fun x -> 0.5 * x + 1.0)) |> sourceOf
                      let weights = Array.init case.Rows.Length (fun n -> float (n % 3 + 1))
                      let weighted = others |> Source.weighted weights |> ok
                      let distances = KMeans.transform found others |> ok

                      let expected =
                          weights
                          |> Array.mapi (fun n weight -> weight * (Array.min distances[n, *] ** 2.0))
                          |> Array.sum

                      (abs ((KMeans.inertia found weighted |> ok) - expected) <= 1e-12 * expected) |> Prop.ofTestable

              checkTimes 60 (Prop.forAll data property))
          testCase "k-means tells its progress, run by run" (fun () ->
              let reports = ResizeArray<Progress>()

              let found =
                  (DataSet.iris ()).Source
                  |> KMeans.fit
                      { KMeans.defaults with
                          Components = 3
                          Restarts = 4
                          Seed = 2
                          Progress = reports.Add }
                  |> ok

              let ofBest = reports |> Seq.filter (fun report -> report.Seed = found.Fit.Seed) |> Array.ofSeq
              Assert.Equal<float[]>(found.Fit.Trace, ofBest |> Array.map _.Objective)
              Assert.Equal<int list>([ 0..3 ], reports |> Seq.map _.Run |> Seq.distinct |> Seq.sort |> List.ofSeq)) ]
