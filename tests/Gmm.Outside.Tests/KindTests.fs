/// A kind of component that this assembly defines can do everything that built-in kinds can.
module Gmm.Outside.KindTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Tests
open Gmm.Outside
open Gmm.Outside.Data

let private options =
    { Gmm.defaultsOf Cauchy.kind with
        Components = 2
        Tolerance = 1e-9 }

let private fit = Gmm.fit options source |> ok

[<Tests>]
let tests =
    testList
        "Kind"
        [ testCase "two groups are found, whatever their tails" (fun () ->
              let locations = fit.Parameters.Locations.toArray2D ()
              let order = [| 0; 1 |] |> Array.sortBy (fun k -> locations[k, 0])

              let expected = [| [| 0.0; 0.0 |]; [| 60.0; -60.0 |] |]

              for k in 0..1 do
                  for j in 0..1 do
                      Assert.InRange(locations[order[k], j], expected[k][j] - 0.3, expected[k][j] + 0.3)

              Assert.True fit.Converged
              Assert.Empty fit.Warnings)
          testCase "single rows have the bits of all rows together" (fun () ->
              let predictor, target = RowPredictor.ofFit fit, Array.zeroCreate<float> 2
              let labels = Predict.labels fit source |> ok
              let shares = Predict.responsibilities fit source |> ok
              let densities = Predict.logDensities fit source |> ok

              heavy
              |> Array.iteri (fun n row ->
                  Assert.Equal(labels[n], predictor.Label(ReadOnlySpan row))
                  Assert.Equal(densities[n], predictor.LogDensity(ReadOnlySpan row))
                  Assert.Equal(densities[n], predictor.Responsibilities(ReadOnlySpan row, Span target))
                  Assert.Equal<float[]>(shares[n, *], target))

              let outside =
                  Assert.Throws<GmmException>(fun () -> predictor.Label(ReadOnlySpan [| 1.0; nan |]) |> ignore)

              Assert.Equal(MissingCell(0L, 1, 1L).Message, outside.Error.Message))
          testCase "every start leads to the same mixture, and no objective falls" (fun () ->
              let starts: (string * Start<Cauchy>) list =
                  [ "kmeans", Start.KMeans
                    "kpp", Start.KPlusPlus
                    "points", Start.Points
                    "farthest", Start.FarthestFirst
                    "random", Start.Random
                    "responsibilities at random", Start.RandomResponsibilities
                    "means", Start.Means(array2D [ [ 1.0; -1.0 ]; [ 10.0; -10.0 ] ])
                    "labels", Start.Labels(Array.init 1000 (fun i -> if i % 3 = 0 then 0 else i % 2))
                    "responsibilities",
                    Start.Responsibilities(Array2D.init 1000 2 (fun i k -> if i % 2 = k then 0.9 else 0.1))
                    "mixture", Start.Mixture fit.Mixture ]

              for name, start in starts do
                  let found =
                      Gmm.fit
                          { options with
                              Start = start
                              Restarts = 5
                              History = true }
                          source
                      |> ok

                  Assert.True(
                      abs (found.Objective - fit.Objective) < 1e-6,
                      $"{name}: {found.Objective} and not {fit.Objective}"
                  )

                  Assert.Equal(found.Trace.Length, found.History.Length)

                  for before, after in Array.pairwise found.Trace do
                      Assert.True(after >= before - 1e-12 * abs before, name))
          testCase "a fit has no slope" (fun () ->
              let coordinates = Coordinates.ofMixture Cauchy.family fit.Mixture |> ok
              let names = Coordinates.names Cauchy.family fit.Mixture
              Assert.Equal(fit.FreeParameters, coordinates.Length)

              let objective coordinates =
                  let mixture = Coordinates.toMixture Cauchy.family fit.Mixture coordinates |> ok
                  let model = Model.ofFamily Cauchy.family
                  EM.objective model mixture (EM.eStep model source mixture)

              for i in 0 .. coordinates.Length - 1 do
                  let at step = objective (Array.updateAt i (coordinates[i] + step) coordinates)
                  let slope = (at 1e-5 - at -1e-5) / 2e-5
                  Assert.True(abs slope < 1e-4, $"{names[i]}: {slope}"))
          testCase "standard errors are those of its likelihood, without a form" (fun () ->
              let numbers = Coordinates.ofMixture Cauchy.family fit.Mixture |> ok
              let names = Uncertainty.coordinateNames fit |> ok
              let information = Uncertainty.observedInformation fit source |> ok
              let scores = Uncertainty.scores fit source |> ok
              let gradient = Uncertainty.gradient fit source |> ok

              let objective numbers =
                  let mixture = Coordinates.toMixture Cauchy.family fit.Mixture numbers |> ok
                  (EM.eStep (Model.ofFamily Cauchy.family) source mixture).LogLikelihood

              for i in 0 .. names.Length - 1 do
                  let at step = objective (Array.updateAt i (numbers[i] + step) numbers)
                  let slope = Array.sum scores[*, i]
                  Assert.True(abs (slope - gradient[i]) < 1e-9 * 1000.0, $"{names[i]}: {slope} and not {gradient[i]}")
                  // −f″ by differences of the fourth order.
                  let h = 2e-3

                  let expected =
                      -(16.0 * (at h + at -h) - at (2.0 * h) - at (-2.0 * h) - 30.0 * at 0.0) / (12.0 * h * h)

                  Assert.True(
                      abs (information[i, i] - expected) <= 1e-5 * expected,
                      $"{names[i]}: {information[i, i]} and not {expected}"
                  )

              // The information on a location and on a scale is n/(2s²) (Johnson, Kotz and Balakrishnan 1994, §16.4).
              let errors = Uncertainty.standardErrors Information.Sandwich fit source |> ok
              let scales = fit.Parameters.Scales.toArray2D ()

              for k in 0..1 do
                  for j in 0..1 do
                      let expected = sqrt (2.0 / fit.Statistics.Counts[k]) * scales[k, j]

                      for word in [ "location"; "scale" ] do
                          let error = errors.Errors[Array.IndexOf(errors.Names, $"{word}[{k},{j}]")]
                          Assert.InRange(error, 0.8 * expected, 1.25 * expected)

              let replicates =
                  Bootstrap.run
                      { Bootstrap.defaults with
                          Replicates = 8 }
                      options
                      fit
                      source
                  |> ok

              Assert.Equal(8, Array2D.length1 replicates.Replicates))
          testCase "classification EM, restarts, progress and warnings are those of any kind" (fun () ->
              let seeds = ResizeArray()

              let hard =
                  Gmm.fit
                      { options with
                          Assignment = Hard
                          Start = Start.Points
                          Restarts = 3
                          Progress = fun progress -> seeds.Add progress.Seed }
                      source
                  |> ok

              Assert.Equal<int list>([ 0; 1; 2 ], seeds |> Seq.distinct |> Seq.sort |> List.ofSeq)
              Assert.True(hard.LogLikelihood <= fit.LogLikelihood + 1e-6)

              let short = Gmm.fit { options with MaxIterations = 1 } source |> ok

              Assert.Contains(
                  short.Warnings,
                  fun warning ->
                      match warning with
                      | NotConverged(1, _, _) -> true
                      | _ -> false
              ))
          testCase "mistakes are errors before any work" (fun () ->
              let message options =
                  match Gmm.fit options source with
                  | Ok _ -> failwith "Expected an error."
                  | Error error -> error.Message

              let narrow = source |> Source.map 1 _.Select([| 0 |])

              match
                  Gmm.fit
                      { options with
                          Start = Start.Mixture fit.Mixture }
                      narrow
              with
              | Error error -> Assert.Equal("Start mixture must be 2×1, but is 2×2.", error.Message)
              | Ok _ -> failwith "Expected an error."

              Assert.Equal(
                  "Tolerance must be 0 or more, and finite, but is -1.",
                  message { options with Tolerance = -1.0 }
              )

              let constant = Array.create 10 [| 1.0; 2.0 |] |> Source.ofRows |> ok

              match Gmm.fit { options with Components = 1 } constant with
              | Error(InvalidOption("Scales", _, _) | DegenerateComponent _) -> ()
              | other -> failwith $"{other}")
          testCase "the number of components is selected" (fun () ->
              let selection = source |> Select.components Criterion.Bic ignore [ 1..3 ] options |> ok

              Assert.Equal(2, selection.Best.Components)
              Assert.Equal("cauchy", selection.Best.Name))
          testCase "a saved fit comes back to the last bit, by its definition or among families" (fun () ->
              let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json")

              try
                  Persist.save path fit |> ok
                  sameBits fit (Persist.loadWith Cauchy.family path |> ok)
                  let families = SavedFamily.ofFamily Cauchy.family :: SavedFamily.builtIn
                  let loaded: Fit<Cauchy> = Persist.loadFrom families path |> ok
                  sameBits fit loaded

                  Assert.Equal<float[]>(
                      Predict.logDensities fit source |> ok,
                      Predict.logDensities loaded source |> ok
                  )

                  match Persist.load<Cauchy> path with
                  | Ok _ -> failwith "No built-in family has this name."
                  | Error error -> Assert.Contains("\"cauchy\"", error.Message)
              finally
                  File.Delete path)
          testCase "it predicts, samples, is compared, and is a part of a product" (fun () ->
              let labels = Predict.labels fit source |> ok
              Assert.True((Metrics.adjustedRand labels (Array.init 1000 (fun i -> i % 2)) |> ok) > 0.95)

              let sample = Sample.draw Sample.defaults 2000 fit |> ok
              let drawn = Source.ofArray2D sample.Rows |> ok
              Assert.True((Metrics.adjustedRand sample.Components (Predict.labels fit drawn |> ok) |> ok) > 0.95)

              let kind = ProductKind.ofParts [ Part.create [| 0 |] Cauchy.kind; Part.create [| 1 |] Cauchy.kind ]

              let product =
                  Gmm.fit
                      { Gmm.defaultsOf kind with
                          Components = 2
                          Tolerance = 1e-9 }
                      source
                  |> ok

              Assert.True(abs (product.LogLikelihood - fit.LogLikelihood) < 1e-3)
              Assert.Equal<int[]>([| 2; 1 |], (Product.parameters<Cauchy> 1 product.Parameters).Locations.shape)

              // Saved and loaded by its definition, and with its parts found among families.
              let families = SavedFamily.ofFamily Cauchy.family :: SavedFamily.builtIn
              let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json")

              try
                  Persist.save path product |> ok
                  sameBits product (Persist.loadWith product.Model.Family path |> ok)
                  let loaded: Fit<Product> = Persist.loadFrom families path |> ok
                  sameBits product loaded
              finally
                  File.Delete path)
          testCase "a product in a product is fitted, saved and loaded" (fun () ->
              let inner =
                  ProductKind.ofParts [ Part.create [| 0 |] Cauchy.kind; Part.create [| 1 |] GaussianKind.defaults ]

              let rows = Data.heavy |> Array.mapi (fun i row -> Array.append row [| float (i % 2 * 7 + i % 3) |])
              let data = Source.ofRows rows |> ok

              let nested =
                  Gmm.fit
                      { Gmm.defaultsOf (
                            ProductKind.ofParts [ Part.create [| 0; 1 |] inner; Part.create [| 2 |] Poisson.family ]
                        ) with
                          Components = 2
                          MaxIterations = 20 }
                      data
                  |> ok

              let families = SavedFamily.ofFamily Cauchy.family :: SavedFamily.builtIn
              let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json")

              try
                  Persist.save path nested |> ok
                  let loaded: Fit<Product> = Persist.loadFrom families path |> ok
                  Assert.Equal("(cauchy × gaussian) × poisson", loaded.Model.Family.Name)
                  Assert.Equal<float[]>(Predict.logDensities nested data |> ok, Predict.logDensities loaded data |> ok)
              finally
                  File.Delete path)
          testCase "a mixture of other columns is no start, whatever the kind checks" (fun () ->
              let careless =
                  { new Kind<Cauchy> with
                      member _.Name = Cauchy.kind.Name
                      member _.Check(_, _, _) = Ok()
                      member _.Misfit block = Cauchy.kind.Misfit block

                      member _.Measure(components, source, execution) =
                          Cauchy.kind.Measure(components, source, execution) }

              let narrow = source |> Source.map 1 _.Select([| 0 |])

              match
                  Gmm.fit
                      { Gmm.defaultsOf careless with
                          Components = 2
                          Start = Start.Mixture fit.Mixture }
                      narrow
              with
              | Error error -> Assert.Equal("Start mixture must be of data of 1 column, but is of 2.", error.Message)
              | Ok _ -> failwith "Expected an error.")
          testCase "centroids, whose density has no scale, are no part of a product" (fun () ->
              let kind = ProductKind.ofParts [ Part.create [| 0 |] (CentroidKind()); Part.create [| 1 |] Cauchy.kind ]

              match
                  Gmm.fit
                      { Gmm.defaultsOf kind with
                          Components = 2 }
                      source
              with
              | Error(InvalidOption("Kind of a part", _, _)) -> ()
              | other -> failwith $"{other}") ]
