/// Awkward data: a result of finite numbers or a clear error, never NaN.
module Gmm.Tests.RobustnessTests

open System
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private structures = Structure.all |> List.map Structure.name

let names = List.ofSeq structures

/// All that a fit says in numbers.
let private everything (fit: Fit<Gaussian>) source =
    Seq.concat
        [ parameters fit.Mixture
          fit.Trace
          [| fit.LogLikelihood; fit.LowerBound; fit.Bic; fit.Aic |]
          Predict.logDensities fit source |> ok
          Predict.responsibilities fit source |> ok |> Seq.cast<float> |> Array.ofSeq ]

/// Fails unless a fit is all finite, or an error about the data that names its trouble.
let private finiteOrClear (options: FitOptions<GaussianKind, Gaussian>) (source: Source) =
    match Gmm.fit options source with
    | Ok fit -> Assert.True(allFinite (everything fit source), "a number is NaN or infinite")
    | Error(SingularCovariance _ | CollapsedComponent _ | ConstantColumn _ | TooFewDistinctRows _) -> ()
    | Error other -> Assert.Fail other.Message

let private cloud rows features seed =
    let random = Random(seed: int)
    Array.init rows (fun n -> Array.init features (fun _ -> normal random + (if n % 2 = 0 then 4.0 else 0.0)))

let private two structure =
    { Gmm.defaults with
        Components = 2
        Family.Structure = structure
        Execution = oneThread }

// ── Columns that carry nothing ──────────────────────────────────────────────────────────────────────────────────────

let private constantColumn = cloud 60 2 1 |> Array.map (fun row -> [| row[0]; 5.0; row[1] |])

let private duplicateColumn = cloud 60 2 2 |> Array.map (fun row -> [| row[0]; row[0]; row[1] |])

[<Tests>]
let ``columns that carry nothing`` =
    testList
        "Robustness: columns that carry nothing"
        [ testTheory "a constant column is fitted or named as the trouble" names (fun (structure: string) ->
              let structure = Structure.parse structure |> ok
              let source = sourceOf constantColumn
              finiteOrClear (two structure) source
              // Spherical structures need no variance of its own for every feature; with Absolute all have one.
              let regularised =
                  { two structure with
                      Family.RegCovar = Absolute 1e-6 }

              Assert.True(allFinite (everything (Gmm.fit regularised source |> ok) source))

              if (Structure.layout structure).Shape = Shape.Spherical then
                  Gmm.fit (two structure) source |> ok |> ignore
              else
                  match Gmm.fit (two structure) source |> error with
                  | ConstantColumn(1, 5.0) as error ->
                      Assert.Contains("Column 1 (counting from 0) is constant", error.Message)
                  | other -> Assert.Fail other.Message)
          testTheory
              "a duplicate column is fitted with regularisation and named as the trouble without"
              names
              (fun (structure: string) ->
                  let structure = Structure.parse structure |> ok
                  let source = sourceOf duplicateColumn
                  Assert.True(allFinite (everything (Gmm.fit (two structure) source |> ok) source))

                  let bare =
                      { two structure with
                          Family.RegCovar = Absolute 0.0 }

                  match (Structure.layout structure).Shape with
                  | Shape.Full ->
                      match Gmm.fit bare source |> error with
                      | SingularCovariance _ as error -> Assert.Contains("duplicate", error.Message)
                      | other -> Assert.Fail other.Message
                  | _ -> Assert.True(allFinite (everything (Gmm.fit bare source |> ok) source)))
          testCase "rows that are all equal are a clear error" (fun () ->
              let source = sourceOf (Array.create 20 [| 1.0; 2.0 |])

              for structure in Structure.all do
                  match Gmm.fit (two structure) source |> error with
                  | ConstantColumn(0, 1.0) -> ()
                  | other -> Assert.Fail other.Message

                  match Gmm.fit { two structure with Components = 1 } source |> error with
                  | ConstantColumn(0, 1.0) -> ()
                  | other -> Assert.Fail other.Message) ]

// ── Places and scales ───────────────────────────────────────────────────────────────────────────────────────────────

let private iris = lazy (DataSet.iris ())

[<Tests>]
let ``places and scales`` =
    testList
        "Robustness: places and scales"
        [
          // Iris scaled by a factor is iris fitted, scaled: the log-likelihood falls by N·D·ln factor.
          testTheory
              "data of any magnitude are fitted alike"
              [ 1e-150; 1e-100; 1e-8; 1e8; 1e100; 1e140; 1e149 ]
              (fun (factor: float) ->
                  for structure in Structure.all do
                      let options =
                          { Gmm.defaults with
                              Components = 3
                              Family.Structure = structure
                              Execution = oneThread }

                      let plain = Gmm.fit options iris.Value.Source |> ok
                      let source = sourceOf (iris.Value.Rows |> Array.map (Array.map (fun x -> x * factor)))
                      let scaled = Gmm.fit options source |> ok
                      Assert.True(allFinite (everything scaled source))
                      let expected = plain.LogLikelihood - 600.0 * log factor

                      near
                          (1e-9 * abs expected)
                          $"{Structure.name structure}: log-likelihood"
                          expected
                          scaled.LogLikelihood

                      Assert.Equal<int[]>(
                          Predict.labels plain iris.Value.Source |> ok,
                          Predict.labels scaled source |> ok
                      ))
          testTheory "k-means clusters data of any magnitude alike" [ 1e-140; 1e140 ] (fun (factor: float) ->
              let options =
                  { KMeans.defaults with
                      Components = 3
                      Restarts = 3
                      Execution = oneThread }

              let plain = KMeans.fit options iris.Value.Source |> ok
              let source = sourceOf (iris.Value.Rows |> Array.map (Array.map (fun x -> x * factor)))
              let scaled = KMeans.fit options source |> ok
              relativelyNear 1e-9 "inertia" [| plain.Inertia |] [| scaled.Inertia / factor / factor |])
          testTheory
              "an offset of 1e8 changes the fit of iris by no more than its rounding"
              names
              (fun (structure: string) ->
                  let options =
                      { Gmm.defaults with
                          Components = 3
                          Family.Structure = Structure.parse structure |> ok
                          Execution = oneThread }

                  let grid = iris.Value.Rows |> Array.map (Array.map onGrid)
                  let plain = Gmm.fit options (sourceOf grid) |> ok
                  let shifted = Gmm.fit options (sourceOf (grid |> Array.map (Array.map (fun x -> x + 1e8)))) |> ok
                  // The means are held to 1.5e-8, some 1e-7 of a standard deviation.
                  near 1e-3 "log-likelihood" plain.LogLikelihood shifted.LogLikelihood)
          testCase "columns of very different magnitude are fitted as if they were alike" (fun () ->
              let rows = cloud 80 3 3
              let factors = [| 1e-100; 1.0; 1e100 |]
              let source = sourceOf (rows |> Array.map (Array.map2 (*) factors))

              for structure in [ Full; Diag; TiedFull; TiedDiag ] do
                  let start = Start.Labels(Array.init 80 (fun n -> n % 2))
                  let plain = Gmm.fit { two structure with Start = start } (sourceOf rows) |> ok
                  let fit = Gmm.fit { two structure with Start = start } source |> ok
                  Assert.True(allFinite (everything fit source))
                  near 1e-6 "log-likelihood" plain.LogLikelihood fit.LogLikelihood)
          testCase "an outlier as far as numbers go leaves everything finite or a clear error" (fun () ->
              for structure in Structure.all do
                  for far in [ 1e8; 1e60; 1e149 ] do
                      finiteOrClear (two structure) (sourceOf (Array.append (cloud 40 2 4) [| [| far; -far |] |]))) ]

// ── Few rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``few rows`` =
    testList
        "Robustness: few rows"
        [ testTheory "as many components as rows are a result or a clear error" names (fun (structure: string) ->
              for rows in [ 1; 2; 5 ] do
                  let source = sourceOf (cloud rows 2 5)

                  let options =
                      { two (Structure.parse structure |> ok) with
                          Components = rows }

                  finiteOrClear options source

                  finiteOrClear
                      { options with
                          Family.RegCovar = Absolute 1e-3 }
                      source)
          testTheory "one row is fitted with absolute regularisation" names (fun (structure: string) ->
              let source = sourceOf [| [| 3.0; -1.0 |] |]

              let options =
                  { two (Structure.parse structure |> ok) with
                      Components = 1
                      Family.RegCovar = Absolute 0.5 }

              let fit = Gmm.fit options source |> ok
              Assert.Equal<float[]>([| 3.0; -1.0 |], fit.Parameters.Means.toArray ())

              Assert.Equal<float[]>(
                  [| 0.5; 0.5 |],
                  [| for j in 0..1 -> (Gaussian.covariance fit.Parameters 0)[j, j] |]
              ))
          testTheory "fewer rows than features are fitted under a covariance prior" names (fun (structure: string) ->
              let source = sourceOf (cloud 6 10 6)
              let structure = Structure.parse structure |> ok

              let options =
                  { two structure with
                      Family.RegCovar = Absolute 0.0
                      Family.CovariancePrior =
                          Some
                              { Scale = Tensor.scalar 1.0
                                Degrees = 12.0 } }

              Assert.True(allFinite (everything (Gmm.fit options source |> ok) source)))
          testCase "fewer rows than features, without prior or regularisation, are named as singular" (fun () ->
              for structure in [ Full; TiedFull ] do
                  match
                      Gmm.fit
                          { two structure with
                              Family.RegCovar = Absolute 0.0 }
                          (sourceOf (cloud 6 10 7))
                      |> error
                  with
                  | SingularCovariance _ -> ()
                  | other -> Assert.Fail other.Message) ]

// ── Extreme weights ─────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``extreme weights`` =
    testList
        "Robustness: extreme weights"
        [ testTheory
              "sample weights of any magnitude give the same fit"
              [ 1e-200; 1e-12; 1e12; 1e100 ]
              (fun (factor: float) ->
                  let weights = drawSampleWeights 150 (Random 8)

                  let run weights =
                      iris.Value.Source
                      |> Source.weighted weights
                      |> Result.bind (
                          Gmm.fit
                              { two Full with
                                  Family.RegCovar = Absolute 0.0
                                  MaxIterations = 20 }
                      )
                      |> ok

                  let plain, scaled = run weights, run (weights |> Array.map (fun w -> w * factor))
                  Assert.True(allWithin 1e-9 10.0 (parameters plain.Mixture) (parameters scaled.Mixture))
                  near 1e-9 "lower bound" plain.LowerBound scaled.LowerBound)
          testCase "classification EM ends in finite numbers, with the likelihood of the mixture" (fun () ->
              for structure in Structure.all do
                  let source = iris.Value.Source

                  let fit =
                      Gmm.fit
                          { Gmm.defaults with
                              Components = 3
                              Family.Structure = structure
                              Assignment = Hard
                              Execution = oneThread }
                          source
                      |> ok

                  Assert.True fit.Converged
                  Assert.True(allFinite (everything fit source))
                  near 1e-10 "lower bound" (Predict.score fit source |> ok) fit.LowerBound
                  // The classification objective leaves out what other components add.
                  Assert.True(fit.Objective <= fit.LowerBound)) ]

// ── Rows that count for nothing ─────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``rows that count for nothing`` =
    testList
        "Robustness: rows that count for nothing"
        [
          // Wherever the far row stands, also where its density is 0: no variance and no mean may be measured from it.
          testTheory "a row of weight 0 however far away changes nothing" names (fun (structure: string) ->
              let structure = Structure.parse structure |> ok

              for scale in [ 1.0; 1e-6 ] do
                  let rows = cloud 60 2 9 |> Array.map (Array.map (fun x -> scale * x))
                  let labels = Array.init 60 (fun n -> n % 2)

                  for regularisation in [ Absolute 0.0; Floor 1e-3 ] do
                      let fitOf start source =
                          Gmm.fit
                              { two structure with
                                  Family.RegCovar = regularisation
                                  Start = start }
                              source
                          |> ok

                      for far in [ 1e149; -3.7e148; 1.1e130; 1e20 ] do
                          for place in [ 0; 31; 60 ] do
                              let source =
                                  sourceOf (Array.insertAt place [| far; -far |] rows)
                                  |> Source.weighted (Array.init 61 (fun n -> if n = place then 0.0 else 1.0))
                                  |> ok

                              for start, start' in
                                  [ Start.Labels labels, Start.Labels(Array.insertAt place 1 labels)
                                    Start.KMeans, Start.KMeans
                                    Start.KPlusPlus, Start.KPlusPlus ] do
                                  let what =
                                      $"{Structure.name structure} × {scale}, {regularisation}, {start}, {far} in row {place}"

                                  let plain = fitOf start (sourceOf rows)
                                  let fit = fitOf start' source
                                  Assert.True(allFinite fit.Trace, what)
                                  near 1e-4 $"{what}: log-likelihood" plain.LogLikelihood fit.LogLikelihood
                                  let variances (fit: Fit<Gaussian>) = (Gaussian.covariance fit.Parameters 0)[0, 0]
                                  relativelyNear 1e-4 $"{what}: variance" [| variances plain |] [| variances fit |]
                                  near 1e-10 $"{what}: score" fit.LowerBound (Predict.score fit source |> ok))
          // At 1e149 the means are lost in rounding: ln p = −½ xᵀΣ⁻¹x, and the label is the component for which it is largest.
          testTheory "label, responsibilities and log-density of a row far away agree" names (fun (structure: string) ->
              let structure = Structure.parse structure |> ok

              // The second group is twice as wide.
              let rows =
                  cloud 80 2 10
                  |> Array.mapi (fun n row -> if n % 2 = 0 then row else row |> Array.map (fun x -> 2.0 * x))

              let fit =
                  Gmm.fit
                      { two structure with
                          Start = Start.Labels(Array.init 80 (fun n -> n % 2)) }
                      (sourceOf rows)
                  |> ok

              for far in [ 1e100; 1e149 ] do
                  let directions = [| [| 1.0; 1.0 |]; [| -1.0; 0.5 |]; [| 0.0; -1.0 |]; [| 1.0; 0.0 |] |]
                  let source = sourceOf (directions |> Array.map (Array.map (fun x -> far * x)))
                  let labels = Predict.labels fit source |> ok
                  let shares = Predict.responsibilities fit source |> ok
                  let densities = Predict.logDensities fit source |> ok

                  for n in 0 .. directions.Length - 1 do
                      let distances =
                          Array.init 2 (fun k ->
                              let u = MathNet.Numerics.LinearAlgebra.Vector<float>.Build.Dense directions[n]
                              u * ((dense (Gaussian.covariance fit.Parameters k)).Inverse() * u))

                      let row = shares[n, *]
                      let what = $"{Structure.name structure}, {far}, row {n}"

                      relativelyNear
                          1e-11
                          $"{what}: log-density"
                          [| -0.5 * Array.min distances * far * far |]
                          [| densities[n] |]

                      near 1e-14 $"{what}: sum" 1.0 (Array.sum row)
                      Assert.Equal(Array.findIndex ((=) (Array.max row)) row, labels[n])

                      if abs (distances[0] - distances[1]) > 1e-6 then
                          Assert.Equal(Array.findIndex ((=) (Array.min distances)) distances, labels[n])
                          Assert.Equal(1.0, row[labels[n]])) ]

// ── Components of very different width ──────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``components of very different width`` =
    testList
        "Robustness: components of very different width"
        [
          // A group 1e9 times as narrow as the other, and 1e17 of its widths away from it.
          testTheory
              "a very narrow group far from a wide one keeps its variances"
              [ "full", false; "diag", false; "diag", true; "spherical", false ]
              (fun (structure: string, wideFirst: bool) ->
                  let random = Random 13
                  let narrow = Array.init 100 (fun _ -> Array.init 2 (fun _ -> 1e-9 * normal random))
                  let wide = Array.init 100 (fun _ -> Array.init 2 (fun _ -> 1e8 + normal random))
                  let groups = if wideFirst then [| wide; narrow |] else [| narrow; wide |]

                  let fit =
                      Gmm.fit
                          { plain 2 (Structure.parse structure |> ok) with
                              Start = Start.Labels(Array.init 200 (fun n -> n / 100)) }
                          (sourceOf (Array.concat groups))
                      |> ok

                  for k in 0..1 do
                      let variances =
                          Array.init 2 (fun j ->
                              let column = groups[k] |> Array.map (fun row -> row[j])
                              let mean = Array.average column
                              column |> Array.averageBy (fun x -> (x - mean) * (x - mean)))

                      let expected =
                          if structure = "spherical" then
                              Array.create 2 (Array.average variances)
                          else
                              variances

                      let covariance = Gaussian.covariance fit.Parameters k

                      relativelyNear
                          1e-6
                          $"variances of component {k}"
                          expected
                          [| covariance[0, 0]; covariance[1, 1] |]) ]
