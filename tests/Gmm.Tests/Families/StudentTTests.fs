/// Mixtures of Student's t distributions, against SciPy, NumPy and MASS (Oracles/README.md) and against what must hold.
module Gmm.Tests.StudentTTests

open System
open System.Text.Json
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

let private reference = lazy (oracle "student-t.json")

let private entries name = (reference.Value |> field name).EnumerateArray() |> List.ofSeq

let private kind degrees =
    { StudentTKind.defaults with
        DegreesOfFreedom = degrees }

/// Options that lead to a maximum, without regularisation.
let private exact components degrees =
    { Gmm.defaultsOf (kind degrees) with
        Components = components
        Family.Gaussian.RegCovar = Absolute 0.0
        Tolerance = 1e-15
        MaxIterations = 20000
        Execution = oneThread }

let private locationOf (t: StudentT) k : float[] =
    let all = StudentT.locations t
    all[k, *]

let private scaleMatrices (t: StudentT) = Array.init t.Components (StudentT.scaleMatrix t >> flat) |> Array.concat

// ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let functions =
    testList
        "StudentT: functions"
        [ formulas
              [ "ψ(x) = ln x − 1/(2x) − 1/(12x²) + 1/(120x⁴) − …, ψ(x) = ψ(x + 1) − 1/x", "NIST Handbook, 2010, 5.11.2" ]
          <| testCase "ψ(x) and ln (Γ(x + n/2) / (Γ(x) x^(n/2))) are those of mpmath" (fun () ->
              let functions = reference.Value |> field "functions"

              for entry in (functions |> field "digamma").EnumerateArray() do
                  let entry = numbers entry
                  near (1e-14 * (1.0 + abs entry[1])) $"ψ({entry[0]})" entry[1] (GammaFunction.digamma entry[0])

              for entry in (functions |> field "log_gamma_ratio").EnumerateArray() do
                  let entry = numbers entry
                  let x, n, expected = entry[0], int entry[1], entry[2]
                  near (1e-14 * (1.0 + abs expected)) $"{x}, {n}" expected (Special.logGammaRatio x n)

              Assert.Equal(0.0, Special.logGammaRatio infinity 7))
          testCase "gamma draws have the moments of the distribution" (fun () ->
              let random = RandomStream.ofSeed 1

              for shape in [ 0.3; 1.0; 2.5; 40.0 ] do
                  let draws = Array.init 40000 (fun _ -> Draw.gamma random shape)
                  let mean = Array.average draws
                  let variance = draws |> Array.averageBy (fun x -> (x - mean) * (x - mean))
                  // Five standard errors.
                  near (5.0 * sqrt (shape / 40000.0)) $"mean of {shape}" shape mean

                  near (5.0 * shape * sqrt ((2.0 + 6.0 / shape) / 40000.0)) $"variance of {shape}" shape variance) ]

[<Tests>]
let density =
    testList
        "StudentT: density"
        [ formulas
              [ "t(x|μ, Σ, ν) = Γ((ν+D)/2) / (Γ(ν/2) (νπ)^(D/2) |Σ|^½) (1 + δ/ν)^−(ν+D)/2, δ = (x−μ)ᵀΣ⁻¹(x−μ)",
                "Kotz and Nadarajah 2004, eq. 1.1" ]
          <| testCase "the density is that of scipy.stats.multivariate_t" (fun () ->
              for entry in entries "densities" do
                  let t =
                      StudentT.create
                          Full
                          (array2D [ entry |> field "location" |> numbers ])
                          (entry |> field "scale" |> tensorOf)
                          [| (entry |> field "nu").GetDouble() |]
                      |> ok

                  let x = entry |> field "rows" |> matrixOf |> Tensor.matrix
                  let expected = entry |> field "log_density" |> numbers
                  relativelyNear 1e-11 "ln p" expected ((StudentT.logDensity t x).toArray()))
          testForAll
              100
              "with ∞ degrees of freedom the density is the Gaussian one, and near it with 1e6"
              data
              (fun case ->
                  let gaussian, x = case.Origin.Mixture.Parameters, Tensor.matrix (array2D case.Rows)
                  let expected = (Gaussian.logDensity gaussian x).toArray()
                  let squares = (Gaussian.squaredMahalanobis gaussian x).toArray()

                  let densityWith nu =
                      let t =
                          { Gaussian = gaussian
                            DegreesOfFreedom = Array.create gaussian.Components nu }

                      (StudentT.logDensity t x).toArray()

                  let d = float gaussian.Features

                  // ln t − ln N = (δ² − 2Dδ + D² − 2D)/(4ν) + O(1/ν²).
                  Array.forall2 (fun e a -> abs (a - e) <= 1e-12 * (1.0 + abs e)) expected (densityWith infinity)
                  && Array.forall2
                      (fun delta (e, a) ->
                          let bound = (delta * delta + 2.0 * d * delta + d * d + 2.0 * d) / 4e6
                          abs (a - e) <= 2.0 * bound + 1e-9 * (1.0 + abs e))
                      squares
                      (Array.zip expected (densityWith 1e6)))
          testCase "far rows have finite densities, positive weights and finite sums" (fun () ->
              let t =
                  StudentT.create
                      Full
                      (array2D [ [ 0.0; 0.0 ]; [ 1.0; 1.0 ] ])
                      (Tensor.scalar 1e-20)
                      [| 1.0; infinity |]
                  |> ok

              let source = sourceOf [| [| 1e150; -1e150 |]; [| 1.0; 2.0 |]; [| 0.0; 0.0 |] |]
              let mixture = Mixture.uniform 2 t
              let x = Tensor.matrix (array2D [ [ 1e150; -1e150 ]; [ 1.0; 2.0 ] ])
              Assert.True(allFinite ((StudentT.logDensity t x).toArray()))
              Assert.True((StudentT.weights t x).toArray() |> Array.forall (fun u -> u > 0.0 && u < infinity))

              for backend in [ Kernel.backend; Textbook.backend Reference.engine ] do
                  Assert.True(statisticsOn backend StudentT.family Soft mixture source |> Statistics.pack |> allFinite)) ]

[<Tests>]
let ``far rows`` =
    testList
        "StudentT: far rows"
        [ testTheory "a row at 1e149 has the density of its distance" [ 1.0; 1e-4; 1e100 ] (fun (deviation: float) ->
              let nus = [| 0.1; 3.0; 200.0 |]

              let t =
                  StudentT.create
                      Spherical
                      (Array2D.zeroCreate 3 2)
                      (Tensor.vector (Array.create 3 (deviation * deviation)))
                      nus
                  |> ok

              // ln(1 + δ/ν) with δ = 2x²/σ², and the constants from a row at the location, where it is 0.
              let logDistance = log 2.0 + 2.0 * (log 1e149 - log deviation)
              let x = Tensor.matrix (array2D [ [ 1e149; -1e149 ]; [ 0.0; 0.0 ] ])
              let densities = (StudentT.logDensity t x).toArray2D()

              for k in 0..2 do
                  let expected = densities[1, k] - 0.5 * (nus[k] + 2.0) * (logDistance - log nus[k])
                  relativelyNear 1e-13 $"ν = {nus[k]}" [| expected |] [| densities[0, k] |]

                  let alone =
                      { Gaussian =
                          Gaussian.create
                              Spherical
                              (Array2D.zeroCreate 1 2)
                              (Tensor.vector [| deviation * deviation |])
                          |> ok
                        DegreesOfFreedom = [| nus[k] |] }

                  let fit = fitOf StudentT.family (Mixture.uniform 1 alone) (sourceOf [| [| 0.0; 0.0 |] |])
                  let far = sourceOf [| [| 1e149; -1e149 |] |]
                  relativelyNear 1e-13 "kernel" [| expected |] (Predict.logDensities fit far |> ok)

                  relativelyNear
                      1e-13
                      "single row"
                      [| expected |]
                      [| (RowPredictor.ofFit fit).LogDensity(ReadOnlySpan [| 1e149; -1e149 |]) |]) ]

// ── Maxima ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private isMaximum (entry: JsonElement) (fit: Fit<StudentT>) =
    relativelyNear 1e-10 "ln L" [| (entry |> field "log_likelihood").GetDouble() |] [| fit.LogLikelihood |]
    nearAll 1e-6 "location" (entry |> field "location" |> numbers) (StudentT.locations fit.Parameters |> flat)
    nearAll 1e-6 "scale" (entry |> field "scale" |> numbers) (scaleMatrices fit.Parameters)
    relativelyNear 1e-5 "ν" [| (entry |> field "nu").GetDouble() |] fit.Parameters.DegreesOfFreedom

let private columns (entry: JsonElement) =
    let data = DataSet.named ((entry |> field "dataset").GetString().Replace("-missing", ""))
    data.Rows

[<Tests>]
let maxima =
    testList
        "StudentT: maxima"
        [ formulas [ "μ = Σₙ uₙxₙ / Σₙ uₙ, Σ = Σₙ uₙ(xₙ−μ)(xₙ−μ)ᵀ / N, uₙ = (ν+D)/(ν+δₙ)", "Liu and Rubin 1995, §2" ]
          <| testCase "one component with given degrees of freedom has the maximum that SciPy and MASS find" (fun () ->
              for entry in entries "ones" do
                  let nu = (entry |> field "nu").GetDouble()
                  let fit = columns entry |> sourceOf |> Gmm.fit (exact 1 (DegreesOfFreedom.Given nu)) |> ok
                  isMaximum entry fit)
          formulas
              [ "ln(ν/2) − ψ(ν/2) + 1 + E(ln u − u) = 0, E ln u = ln E u + ψ((ν′+D)/2) − ln((ν′+D)/2)",
                "Peel and McLachlan 2000, eq. 27" ]
          <| testCase "estimated degrees of freedom have the maximum that SciPy finds" (fun () ->
              for entry in entries "heavy" do
                  let rows = (entry |> field "rows").EnumerateArray() |> Seq.map numbers |> Array.ofSeq

                  for degrees in [ DegreesOfFreedom.Estimated; DegreesOfFreedom.Equal ] do
                      sourceOf rows |> Gmm.fit (exact 1 degrees) |> ok |> isMaximum entry)
          testCase "one component of rows with missing cells has the maximum of the observed cells" (fun () ->
              let rows =
                  IO.File.ReadAllLines(IO.Path.Combine(repositoryRoot.Value, "data", "iris-missing.csv"))
                  |> Array.skip 1
                  |> Array.map (fun line ->
                      line.Split(',')[..3]
                      |> Array.map (fun cell ->
                          if cell = "" then
                              nan
                          else
                              Double.Parse(cell, Globalization.CultureInfo.InvariantCulture)))

              for entry in entries "holes" do
                  let options =
                      { exact 1 (DegreesOfFreedom.Given((entry |> field "nu").GetDouble())) with
                          Missing = Missing.Fit }

                  sourceOf rows |> Gmm.fit options |> ok |> isMaximum entry)
          formulas
              [ "δₖ = Σₙ rₙₖuₙₖzₙₖ / Σₙ rₙₖuₙₖ, Σₖ = (Σₙ rₙₖuₙₖzₙₖzₙₖᵀ − (Σₙ rₙₖuₙₖ) δₖδₖᵀ) / Nₖ",
                "Peel and McLachlan 2000, §3" ]
          <| testCase "mixtures reach the maxima of textbook EM, plain and accelerated" (fun () ->
              for entry in entries "mixtures" do
                  let structure = (entry |> field "structure").GetString() |> Structure.parse |> ok
                  let start, result = entry |> field "start", entry |> field "end"
                  let nus = start |> field "nus" |> numbers

                  let degrees =
                      match (entry |> field "degrees").GetString() with
                      | "estimated" -> DegreesOfFreedom.Estimated
                      | "equal" -> DegreesOfFreedom.Equal
                      | _ -> DegreesOfFreedom.Given nus[0]

                  let planes =
                      [| for matrix in (start |> field "scales").EnumerateArray() -> matrixOf matrix |]
                      |> if (Structure.layout structure).IsTied then Array.truncate 1 else id

                  let parameters =
                      StudentT.create
                          structure
                          (start |> field "locations" |> matrixOf)
                          (MixtureCase.TensorOf(structure, nus.Length, planes))
                          nus
                      |> ok

                  let mixture = Mixture.create (start |> field "weights" |> numbers) parameters |> ok

                  for acceleration in [ Acceleration.None; Acceleration.Squarem ] do
                      let options =
                          { exact nus.Length degrees with
                              Family.Gaussian.Structure = structure
                              Start = Start.Mixture mixture
                              Acceleration = acceleration }

                      let fit = columns entry |> sourceOf |> Gmm.fit options |> ok
                      let name = $"{Structure.name structure}, {degrees}, {acceleration}"
                      let number name = (result |> field name).GetDouble()
                      let rows = float (columns entry).Length

                      relativelyNear
                          1e-12
                          $"{name}: first ln L"
                          [| number "first_log_likelihood" |]
                          [| rows * fit.Trace[0] |]

                      relativelyNear 1e-10 $"{name}: ln L" [| number "log_likelihood" |] [| fit.LogLikelihood |]
                      nearAll 1e-4 $"{name}: weights" (result |> field "weights" |> numbers) fit.Weights

                      nearAll
                          1e-4
                          $"{name}: locations"
                          (result |> field "locations" |> numbers)
                          (StudentT.locations fit.Parameters |> flat)

                      nearAll
                          1e-4
                          $"{name}: scale matrices"
                          (result |> field "scales" |> numbers)
                          (scaleMatrices fit.Parameters)

                      relativelyNear
                          1e-3
                          $"{name}: ν"
                          (result |> field "nus" |> numbers)
                          fit.Parameters.DegreesOfFreedom)
          testForAll 60 "the gradient of the objective is 0 at the end of a fit, for any structure" data (fun case ->
              let options =
                  { exact 1 DegreesOfFreedom.Estimated with
                      Family.Gaussian.Structure = case.Origin.Structure }

              let origin: StudentT =
                  { Gaussian = case.Origin.Mixture.Parameters
                    DegreesOfFreedom = Array.create case.Origin.Components 4.0 }

              let draw, random = StudentT.sample origin 0, RandomStream.ofSeed case.Rows.Length
              let rows = Array.init (100 + case.Rows.Length) (fun _ -> draw random)

              match sourceOf rows |> Gmm.fit options with
              | Error error -> failwith error.Message
              | Ok fit when fit.Parameters.DegreesOfFreedom[0] < 1.05 || fit.Parameters.DegreesOfFreedom[0] > 150.0 ->
                  true
              | Ok fit ->
                  let coordinates, units =
                      fit.Model.Family.Coordinates.OfParameters fit.Parameters,
                      fit.Model.Family.Coordinates.Units fit.Parameters

                  let at i step =
                      coordinates
                      |> Array.mapi (fun j x -> if i = j then x + step * units[j] else x)
                      |> fit.Model.Family.Coordinates.ToParameters fit.Parameters
                      |> ok
                      |> fun parameters ->
                          { fit.Mixture with
                              Parameters = parameters }
                      |> fun mixture -> (EM.eStep fit.Model (sourceOf rows) mixture).LogLikelihood / float rows.Length

                  Seq.forall
                      (fun i ->
                          let slope step = (at i step - at i -step) / (2.0 * step)
                          // The error of the difference is of the fourth order.
                          abs ((4.0 * slope 1e-3 - slope 2e-3) / 3.0) < 1e-6)
                      (seq { 0 .. coordinates.Length - 1 }))
          testCase "with ∞ degrees of freedom a fit is the Gaussian fit" (fun () ->
              let source = (DataSet.iris ()).Source

              for structure in Structure.all do
                  let options =
                      { Gmm.defaultsOf (kind (DegreesOfFreedom.Given infinity)) with
                          Components = 3
                          Family.Gaussian.Structure = structure
                          Acceleration = Acceleration.None
                          Execution = oneThread }

                  let gaussian =
                      { Gmm.defaults with
                          Components = 3
                          Family.Structure = structure
                          Acceleration = Acceleration.None
                          Execution = oneThread }

                  let t, g = Gmm.fit options source |> ok, Gmm.fit gaussian source |> ok
                  near 1e-9 $"{Structure.name structure}: ln L" g.LogLikelihood t.LogLikelihood
                  Assert.Equal(g.FreeParameters, t.FreeParameters)
                  nearAll 1e-7 "means" (g.Parameters.Means.toArray ()) (StudentT.locations t.Parameters |> flat)) ]

// ── The loop ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Rows of a case with what spoils fits: far values, heaps of equal rows, rounded values, a constant column.
let private spoiled (case: DataCase) seed : float[][] =
    let random = Random(seed: int)
    let rows = case.Rows |> Array.map Array.copy
    let columns = rows[0].Length

    match seed % 5 with
    | 0 -> rows[random.Next rows.Length][random.Next columns] <- -99999.0
    | 1 ->
        for n in 0 .. rows.Length / 3 do
            rows[n] <- Array.copy rows[0]
    | 2 ->
        for row in rows do
            for j in 0 .. columns - 1 do
                row[j] <- Math.Round row[j]
    | 3 ->
        for row in rows do
            row[columns - 1] <- 7.0
    | _ ->
        for n in 0..10 .. rows.Length - 1 do
            rows[n][0] <- rows[n][0] + 200.0 * (random.NextDouble() - 0.5)

    rows

let private seeded arbitrary = Arb.zip (arbitrary, Arb.fromGen (Gen.choose (0, 1000000)))

[<Tests>]
let ``the loop`` =
    testList
        "StudentT: the loop"
        [ testForAll
              1000
              "the objective never falls with default options, for any structure and awkward data"
              (seeded weightedData)
              (fun (case, seed) ->
                  let degrees =
                      match seed / 5 % 3 with
                      | 0 -> DegreesOfFreedom.Estimated
                      | 1 -> DegreesOfFreedom.Equal
                      | _ -> DegreesOfFreedom.Given(1.0 + float (seed % 7))

                  let options =
                      { Gmm.defaultsOf (kind degrees) with
                          Components = case.Origin.Components
                          Family.Gaussian.Structure = case.Origin.Structure
                          Execution = oneThread }

                  let source = { case with Rows = spoiled case seed }.Source

                  match Gmm.fit options source with
                  | Ok fit ->
                      largestFall fit <= Tolerance.monotone
                      && allFinite fit.Trace
                      && allFinite (scaleMatrices fit.Parameters)
                      && (match degrees with
                          | DegreesOfFreedom.Given nu -> fit.Parameters.DegreesOfFreedom |> Array.forall ((=) nu)
                          | DegreesOfFreedom.Equal ->
                              fit.Parameters.DegreesOfFreedom |> Array.distinct |> Array.length = 1
                          | DegreesOfFreedom.Estimated ->
                              fit.Parameters.DegreesOfFreedom |> Array.forall (fun nu -> nu >= 1.0 && nu <= 200.0))
                  | Error(SingularCovariance _ | CollapsedComponent _ | ConstantColumn _ | TooFewDistinctRows _) ->
                      true
                  | Error error -> failwith error.Message)
          testForAll 100 "the fit of transformed data is the transformed fit" data (fun case ->
              let features = case.Origin.Features
              let random = Random 5
              let a = drawSpd features 50.0 random
              let b = Array.init features (fun _ -> 10.0 * normal random)
              let labels = case.Rows |> Array.mapi (fun n _ -> n % case.Origin.Components)

              let transform (row: float[]) =
                  Array.init features (fun i -> b[i] + Array.sum (Array.init features (fun j -> a[i, j] * row[j])))

              let options =
                  { Gmm.defaultsOf (kind DegreesOfFreedom.Estimated) with
                      Components = case.Origin.Components
                      Family.Gaussian.RegCovar = Absolute 0.0
                      Start = Start.Labels labels
                      Acceleration = Acceleration.None
                      Tolerance = 0.0
                      MaxIterations = 8
                      Execution = oneThread }

              let plain = sourceOf case.Rows |> Gmm.fit options
              let transformed = case.Rows |> Array.map transform |> sourceOf |> Gmm.fit options

              match plain, transformed with
              | Ok plain, Ok transformed ->
                  let logDeterminant = log ((dense a).Determinant())
                  let expected = plain.LogLikelihood - float case.Rows.Length * logDeterminant

                  let locations =
                      Array.init plain.Components (locationOf plain.Parameters >> transform) |> Array.concat

                  abs (transformed.LogLikelihood - expected) <= 1e-7 * (1.0 + abs expected)
                  && allWithin
                      1e-6
                      (locations |> Array.map abs |> Array.max)
                      locations
                      (StudentT.locations transformed.Parameters |> flat)
                  && allWithin 1e-5 200.0 plain.Parameters.DegreesOfFreedom transformed.Parameters.DegreesOfFreedom
              | Error _, Error _ -> true
              | Ok _, Error error
              | Error error, Ok _ -> failwith error.Message)
          testCase "threads and widths change no bit of an E-step, and single rows have the bits of a batch" (fun () ->
              for features, rows, structures in [ 6, 20000, independent; 33, 6000, [ Full ] ] do
                  let random = Random 8
                  let origin = drawMixture TiedFull 5 features 10.0 random
                  let source = sourceOf (drawRows rows origin random)

                  for structure in structures do
                      let gaussian = mixtureOf structure origin.Weights (array2D origin.Means) (Tensor.scalar 2.0)

                      let mixture =
                          { LogWeights = gaussian.LogWeights
                            Parameters =
                              { Gaussian = gaussian.Parameters
                                DegreesOfFreedom = [| 1.0; 3.5; 200.0; infinity; 0.5 |] } }

                      mixture |> KernelTests.sameBits [ 1; 3 ] StudentT.family source
                      let fit = Fit.ofMixture StudentT.family mixture
                      let predictor, rows = RowPredictor.ofFit fit, drawRows 50 origin random

                      Assert.Equal<int64[]>(
                          Predict.logDensities fit (sourceOf rows) |> ok |> bits,
                          rows |> Array.map (fun row -> predictor.LogDensity(ReadOnlySpan row)) |> bits
                      ))
          testCase "few far rows move the Gaussian fit, but not that of Student's t" (fun () ->
              let clean = (DataSet.faithful ()).Rows
              let far = Array.init 12 (fun i -> [| 40.0 + float i; 400.0 - 30.0 * float i |])
              let dirty = sourceOf (Array.append clean far)

              let locations source =
                  { Gmm.defaultsOf StudentTKind.defaults with
                      Components = 2 }
                  |> fun options -> Gmm.fit options source |> ok
                  |> fun fit -> StudentT.locations fit.Parameters
                  |> fun means -> Array.init 2 (fun k -> means[k, *]) |> Array.sortBy Array.head

              let means source =
                  Gmm.fit { Gmm.defaults with Components = 2 } source
                  |> ok
                  |> fun fit -> fit.Parameters.Means.toArray2D ()
                  |> fun means -> Array.init 2 (fun k -> means[k, *]) |> Array.sortBy Array.head

              let moved (before: float[][]) (after: float[][]) =
                  abs (after[1][0] - before[1][0]) + abs (after[0][0] - before[0][0])

              let ofT = moved (locations (sourceOf clean)) (locations dirty)
              let ofGaussian = moved (means (sourceOf clean)) (means dirty)
              Assert.True(ofT < 0.3 && ofGaussian > 5.0, $"{ofT} and {ofGaussian}")) ]

// ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

let private fitted =
    lazy
        (let clean = (DataSet.faithful ()).Rows
         let source = sourceOf (Array.append clean [| [| 40.0; 300.0 |]; [| -30.0; 20.0 |] |])

         let options =
             { Gmm.defaultsOf StudentTKind.defaults with
                 Components = 2
                 Execution = oneThread }

         Gmm.fit options source |> ok, source)

[<Tests>]
let ``the use`` =
    testList
        "StudentT: the use"
        [ formulas [ "E(u|xₙ, k) = (νₖ+D)/(νₖ+δₙₖ)", "Peel and McLachlan 2000, eq. 16" ]
          <| testCase "robust weights are the expected precisions, weighted by responsibilities" (fun () ->
              let fit, source = fitted.Value
              let weights = Predict.robustWeights fit source |> ok
              let shares = Predict.responsibilities fit source |> ok
              Assert.Equal(274, weights.Length)

              for n in [ 0; 17; 272; 273 ] do
                  let row = (Source.rows [| int64 n |] source)[0, *]

                  let expected =
                      Seq.init 2 (fun k ->
                          let z = locationOf fit.Parameters k |> Array.map2 (-) row
                          let z = MathNet.Numerics.LinearAlgebra.Vector<float>.Build.Dense z
                          let delta = z * (dense (StudentT.scaleMatrix fit.Parameters k)).Solve(z)
                          let nu = fit.Parameters.DegreesOfFreedom[k]
                          shares[n, k] * (nu + 2.0) / (nu + delta))
                      |> Seq.sum

                  near 1e-9 $"weight of row {n}" expected weights[n]

              Assert.True(weights[272] < 0.05 && weights[273] < 0.05, "far rows count little")
              // E u = 1 at the maximum: Σₙ rₙₖuₙₖ = Nₖ for own scale matrices of free volume.
              near 1e-3 "mean weight" 1.0 (Array.average weights))
          testCase "robust weights of rows with missing cells are those of their observed cells" (fun () ->
              let fit, source = fitted.Value

              let fit =
                  { fit with
                      Model = { fit.Model with Missing = Missing.Fit } }

              let marginal =
                  { fit.Mixture with
                      Parameters = StudentT.marginal [| 1 |] fit.Parameters |> ok }
                  |> Fit.ofMixture StudentT.family

              let rows = [| [| nan; 79.0 |]; [| nan; nan |]; [| 3.6; 79.0 |] |]
              let weights = Predict.robustWeights fit (sourceOf rows) |> ok
              let one = Predict.robustWeights marginal (sourceOf [| [| 79.0 |] |]) |> ok
              near 1e-12 "one cell" one[0] weights[0]
              Assert.Equal(1.0, weights[1])
              let whole = Predict.robustWeights (fst fitted.Value) source |> ok
              Assert.Equal(whole[0], weights[2]))
          testCase "noise has no robust weight, and distances are those of the components" (fun () ->
              let source = snd fitted.Value

              let options =
                  { Gmm.defaultsOf StudentTKind.defaults with
                      Components = 2
                      Noise = Some NoiseVolume.Hypervolume }

              let fit = Gmm.fit options source |> ok
              let weights = Predict.robustWeights fit source |> ok
              Assert.True(weights[272] < 0.01 && weights[273] < 0.01)
              Assert.True(largestFall fit <= Tolerance.monotone)

              let gaussian =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Noise = Some NoiseVolume.Hypervolume }
                      source
                  |> ok

              let distances = Predict.mahalanobis gaussian source |> ok
              Assert.Equal(2, Array2D.length2 distances)
              let x = Tensor.matrix (Source.rows [| 0L; 273L |] source)
              let expected = (Gaussian.squaredMahalanobis gaussian.Parameters x).toArray() |> Array.map sqrt
              nearAll 1e-12 "distances" expected (Array.append distances[0, *] distances[273, *]))
          testCase "the covariance is ν/(ν−2) Σ, and there is none for ν of 2 or less" (fun () ->
              let t =
                  StudentT.create
                      Diag
                      (array2D [ [ 0.0 ]; [ 1.0 ]; [ 2.0 ] ])
                      (Tensor.scalar 3.0)
                      [| 2.0; 4.0; infinity |]
                  |> ok

              Assert.Contains("above 2", (StudentT.covariance t 0 |> error).Message)
              Assert.Equal(6.0, (StudentT.covariance t 1 |> ok)[0, 0])
              Assert.Equal(3.0, (StudentT.covariance t 2 |> ok)[0, 0]))
          testCase "a saved fit comes back with its setting, and a wrong one is an error" (fun () ->
              inFolder (fun folder ->
                  for degrees in [ DegreesOfFreedom.Estimated; DegreesOfFreedom.Equal; DegreesOfFreedom.Given 5.0 ] do
                      let options =
                          { Gmm.defaultsOf (kind degrees) with
                              Components = 2 }

                      let fit = Gmm.fit options (snd fitted.Value) |> ok
                      let path = IO.Path.Combine(folder, "fit.json")
                      Persist.save path fit |> ok
                      let loaded: Fit<StudentT> = Persist.load path |> ok
                      Assert.Equal(fit.Mixture, loaded.Mixture)
                      Assert.Equal(fit.FreeParameters, loaded.FreeParameters)

                      Assert.Equal<string[]>(
                          Coordinates.names fit.Model.Family fit.Mixture,
                          Coordinates.names loaded.Model.Family loaded.Mixture
                      ))

              let fit = fst fitted.Value
              let state = StudentT.family.Storage.Parameters fit.Parameters
              let wrong = state |> Map.add "degreesOfFreedom" (Tensor.vector [| 0.0; 1.0 |])
              Assert.Contains("0.1", (StudentT.family.Storage.OfParameters wrong |> error).Message))
          testCase "the summary has locations, scales and degrees of freedom" (fun () ->
              let fit, source = fitted.Value
              let text = Summary.onData [| "eruptions"; "waiting" |] fit source |> ok
              Assert.StartsWith("student_t mixture of 2 components, scale matrices full", text)

              for words in [ "location"; "scale"; "degrees of freedom"; "scale matrix of component 1" ] do
                  Assert.Contains(words, text)

              Assert.Contains("ν = ", sprintf "%A" fit.Parameters))
          testCase "settings and parameters that break a rule are clear errors" (fun () ->
              let source = snd fitted.Value

              let message degrees =
                  (Gmm.fit (Gmm.defaultsOf (kind (DegreesOfFreedom.Given degrees))) source |> error).Message

              for nu in [ 0.0; -3.0; nan; 1e7 ] do
                  Assert.Contains("DegreesOfFreedom", message nu)

              let create degrees = StudentT.create Full (array2D [ [ 1.0 ] ]) (Tensor.scalar 1.0) degrees

              Assert.Equal(
                  "DegreesOfFreedom must be one for the only component, but is 2 numbers.",
                  (create [| 1.0; 2.0 |] |> error).Message
              )

              Assert.Contains("0.1", (create [| 0.0 |] |> error).Message)

              Assert.Contains(
                  "ScaleMatrices",
                  (StudentT.create Full (array2D [ [ 1.0 ] ]) (Tensor.scalar -1.0) [| 1.0 |] |> error).Message
              )

              match
                  Gmm.fit (Gmm.defaultsOf StudentTKind.defaults) (sourceOf [| for i in 0..9 -> [| float i; 5.0 |] |])
              with
              | Error(ConstantColumn(1, 5.0)) -> ()
              | other -> Assert.Fail $"{other}")
          testCase "a start's degrees of freedom are brought within the setting" (fun () ->
              let source = (DataSet.faithful ()).Source
              let fit = fst fitted.Value

              let start degrees =
                  { fit.Mixture with
                      Parameters =
                          { fit.Parameters with
                              DegreesOfFreedom = degrees } }

              let options degrees mixture =
                  { Gmm.defaultsOf (kind degrees) with
                      Components = 2
                      Start = Start.Mixture mixture
                      MaxIterations = 1 }

              let first degrees nus =
                  (Gmm.fit (options degrees (start nus)) source |> ok).Start.Parameters.DegreesOfFreedom

              Assert.Equal<float[]>([| 1.0; 200.0 |], first DegreesOfFreedom.Estimated [| 0.5; 900.0 |])
              Assert.Equal<float[]>([| 4.0; 8.0 |], first DegreesOfFreedom.Estimated [| infinity; 8.0 |])
              Assert.Equal<float[]>([| 6.0; 6.0 |], first DegreesOfFreedom.Equal [| 4.0; 8.0 |])
              Assert.Equal<float[]>([| 0.5; 0.5 |], first (DegreesOfFreedom.Given 0.5) [| 4.0; 8.0 |])) ]
