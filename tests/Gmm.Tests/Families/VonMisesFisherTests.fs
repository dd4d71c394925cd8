/// Von Mises–Fisher components: directions.
module Gmm.Tests.VonMisesFisherTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Fits
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private kind = VonMisesFisherKind.defaults

let private fitOf components start source =
    Gmm.fit
        { Gmm.defaultsOf kind with
            Components = components
            Start = start
            Execution = oneThread }
        source

let private allNumbers (fit: Fit<VonMisesFisher>) =
    Array.concat
        [ fit.Weights; fit.Parameters.Directions.toArray (); fit.Parameters.Concentrations.toArray (); fit.Trace ]

let private direction dimension (random: Random) = Array.init dimension (fun _ -> normal random)

let private drawing' (direction: float[]) kappa =
    let parameters = VonMisesFisher.create (array2D [ direction ]) [| kappa |] |> ok
    VonMisesFisher.sample parameters 0

/// Directions of groups of any concentration, some with heaps.
let private drawCase size (random: Random) : RowsCase =
    let upTo most = 1 + random.Next(1 + (most - 1) * size / 100)
    let components, dimension = upTo 4, 1 + upTo 5

    let groups =
        Array.init components (fun _ -> drawing' (direction dimension random) (0.1 * 1e4 ** random.NextDouble()))

    let rows = 10 * components + random.Next(1 + size)
    let heap, centre = (if random.Next 3 = 0 then 0.3 else 0.0), groups[0] random
    let row n = if random.NextDouble() < heap then centre else groups[n % components] random
    sometimesWeighted components (Array.init rows row) random

[<Tests>]
let fits =
    testList
        "VonMisesFisher: fits"
        [ formulas [ "μ = m/‖m‖, A_D(κ) = ‖m‖ with m = Σₙ rₙₖxₙ/Nₖ", "Banerjee, Dhillon, Ghosh and Sra 2005" ]
          <| testForAll
              1000
              "the objective of directions with heaps never falls"
              // Without a column, a row is no direction: no case shrinks.
              (drawing drawCase |> Arb.fromGen)
              (fun case ->
                  case
                  |> fitInTurn 20 Acceleration.None kind
                  |> holdsOrTrouble (fun fit ->
                      // κ μ·x and ln C(κ) cancel to 8 of 16 digits at κ = 1e8.
                      let kappa = fit.Parameters.Concentrations.toArray () |> Array.max
                      climbs (Tolerance.monotone + 1e-15 * kappa) allNumbers fit))
          testCase "the default start finds three groups, two of them opposite" (fun () ->
              let random = Random 3

              let groups =
                  [| drawing' [| 1.0; 0.0; 0.0 |] 30.0
                     drawing' [| -1.0; 0.0; 0.0 |] 30.0
                     drawing' [| 0.0; 1.0; 0.0 |] 60.0 |]

              let rows = Array.init 600 (fun n -> groups[n % 3] random)

              for seed in 0..3 do
                  let fit =
                      Gmm.fit
                          { Gmm.defaultsOf kind with
                              Components = 3
                              Seed = seed }
                          (sourceOf rows)
                      |> ok

                  let labels = Predict.labels fit (sourceOf rows) |> ok
                  let agreement = Metrics.agreement (Array.init 600 (fun n -> n % 3)) labels |> ok
                  Assert.True(agreement.AdjustedRand > 0.98, $"{agreement.AdjustedRand}"))
          testCase "a heap of equal directions is reported, and its spike wins no comparison of runs" (fun () ->
              let random = Random 4
              let group = drawing' [| 1.0; 1.0; 1.0 |] 5.0
              let rows = Array.append (Array.init 400 (fun _ -> group random)) (Array.create 8 [| 0.0; 0.0; 1.0 |])
              let labels = Array.init 408 (fun n -> if n < 400 then 0 else 1)
              let labelled = fitOf 2 (Start.Labels labels) (sourceOf rows) |> ok
              Assert.Equal<int option list>([ Some 1 ], labelled.Irregular.OnFloor)
              Assert.Equal(1e8, labelled.Parameters.Concentrations.toArray()[1])
              let auto = fitOf 2 Start.Auto (sourceOf rows) |> ok
              Assert.Empty auto.Irregular.OnFloor
              Assert.True(labelled.Objective > auto.Objective))
          testCase "directions that cancel have the concentration 0" (fun () ->
              let rows = [| [| 1.0; 0.0 |]; [| -1.0; 0.0 |]; [| 0.0; 1.0 |]; [| 0.0; -1.0 |] |]
              let fit = fitOf 1 Start.Points (sourceOf rows) |> ok
              Assert.Equal<float[]>([| 0.0 |], fit.Parameters.Concentrations.toArray ())
              near 1e-14 "uniform" (-4.0 * log (2.0 * Math.PI)) fit.LogLikelihood)
          testCase "rows of another length are named, and normalising is the remedy" (fun () ->
              let rows = [| [| 1.0; 0.0 |]; [| 3.0; 4.0 |] |]
              let told = fitOf 1 Start.Points (sourceOf rows) |> error
              Assert.Contains("VonMisesFisher.normalise", told.Message)
              Assert.Contains("row 1 (counting from 0) has length 5", told.Message)
              let unit = VonMisesFisher.normalise rows |> ok
              Assert.Equal<float[]>([| 0.6; 0.8 |], unit[1])
              fitOf 1 Start.Points (sourceOf unit) |> ok |> ignore

              for bad in [ [| 0.0; 0.0 |]; [| nan; 1.0 |]; [| infinity; 1.0 |] ] do
                  match VonMisesFisher.normalise [| rows[0]; bad |] |> error with
                  | InvalidRow(_, 1L, _) -> ()
                  | other -> Assert.Fail other.Message

              let tiny = VonMisesFisher.normalise [| [| 3e-300; 4e-300 |] |] |> ok
              nearAll 1e-15 "tiny" [| 0.6; 0.8 |] tiny[0])
          testCase "parameters that can't be are refused, and given means are directions" (fun () ->
              let axis = array2D [ [ 1.0; 0.0 ] ]

              for directions, kappas in
                  [ axis, [| -1.0 |]
                    axis, [| 1.1e8 |]
                    axis, [| nan |]
                    axis, [| 1.0; 1.0 |]
                    array2D [ [ 0.0; 0.0 ] ], [| 1.0 |]
                    array2D [ [ 1.0 ] ], [| 1.0 |] ] do
                  match VonMisesFisher.create directions kappas |> error with
                  | InvalidOption _ -> ()
                  | other -> Assert.Fail other.Message

              let random = Random 5
              let rows = Array.init 50 (fun _ -> drawing' [| 1.0; 1.0 |] 3.0 random)

              let fit =
                  Gmm.fit (exactly 1 2 (Start.Means(array2D [ [ 2.0; 0.0 ]; [ 0.0; 3.0 ] ])) kind) (sourceOf rows)
                  |> ok

              Assert.Equal<float[]>([| 1.0; 0.0; 0.0; 1.0 |], fit.Start.Parameters.Directions.toArray ())
              Assert.Equal(1, (fit.Start.Parameters.Concentrations.toArray () |> Array.distinct).Length))
          testCase "threads change no bit, a saved fit is the same, single rows agree" (fun () ->
              let random = Random 6
              let groups = Array.init 2 (fun _ -> drawing' (direction 4 random) 10.0)
              let rows = Array.init 5000 (fun n -> groups[n % 2] random)

              rows |> sameInEveryUse allNumbers (exactly 4 2 Start.KMeans kind) |> ignore)
          testCase "draws have the mean resultant length of their concentration" (fun () ->
              for dimension in [ 2; 3; 10; 100 ] do
                  for kappa in [ 0.0; 0.5; 5.0; 200.0; 1e5 ] do
                      let random = RandomStream.ofSeed 7
                      let mu = Array.init dimension (fun j -> if j = 0 then 1.0 else 0.0)
                      let draw = drawing' mu kappa
                      let cosines = Array.init 4000 (fun _ -> (draw random)[0])
                      let mean = Array.average cosines
                      let deviation = sqrt (Array.averageBy (fun c -> (c - mean) * (c - mean)) cosines / 4000.0)
                      near (6.0 * deviation) $"D = {dimension}, κ = {kappa}" (Sphere.resultant dimension kappa) mean) ]
