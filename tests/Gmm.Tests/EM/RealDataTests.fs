/// Data as people have them: far values, heaps, equal rows, constant columns. The right values are in Cases/README.md.
module Gmm.Tests.RealDataTests

open System
open System.IO
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support
open MathNet.Numerics.LinearAlgebra

let private case name = Csv.read (Path.Combine(AppContext.BaseDirectory, "Cases", name)) |> ok |> Csv.source

let private three = { Gmm.defaults with Components = 3 }

/// The means and variances of a fit in one dimension, by ascending mean.
let private ordered (fit: Fit<Gaussian>) =
    Array.zip (fit.Parameters.Means.toArray ()) (fit.Parameters.Covariances.toArray ())
    |> Array.sort
    |> Array.unzip

let private onFloor (fit: Fit<'θ>) =
    fit.Warnings
    |> List.choose (fun warning ->
        match warning with
        | OnFloor owner -> Some owner
        | NotConverged _
        | FewRows _
        | ObjectiveFell _
        | NearlyEmpty _
        | LightWeights _
        | PassedOver _
        | FailedRun _ -> None)

// ── Far values ──────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``far values`` =
    testList
        "RealData: far values"
        [ testCase
              "payments: three large ones leave the others their own components, as in mclust and scikit-learn"
              (fun () ->
                  for restarts in [ 1; 10 ] do
                      let fit = case "payments.csv" |> Gmm.fit { three with Restarts = restarts } |> ok
                      let means, variances = ordered fit
                      Assert.True(allWithin 1e-5 1.0 [| 10.00136; 30.01861; 100003.0 |] means, $"%A{means}")
                      Assert.True(allWithin 1e-6 1.0 [| 0.919462; 9.524371; 2.0 |] variances, $"%A{variances}")
                      near 1e-6 "ln L" -2678.656554 fit.LogLikelihood
                      Assert.InRange(largestFall fit, 0.0, 1e-13)
                      Assert.Empty fit.Warnings)
          testCase "payments: BIC takes three components" (fun () ->
              let selection = case "payments.csv" |> Select.components Criterion.Bic ignore [ 1..5 ] Gmm.defaults |> ok

              Assert.Equal(3, selection.Best.Components)
              Assert.Empty selection.Warnings)
          testCase "nine rows with a far one: the means are those of the groups and the row" (fun () ->
              let fit = case "far-outlier-9-rows.csv" |> Gmm.fit three |> ok
              let means, variances = ordered fit
              Assert.True(allWithin 1e-12 1.0 [| 10.0; 30.0; 40000.0 |] means, $"%A{means}")
              Assert.True(allWithin 1e-9 1.0 [| 0.005; 0.005 |] variances[..1], $"%A{variances}")
              Assert.Equal(1, (onFloor fit).Length)

              let added =
                  case "far-outlier-9-rows.csv"
                  |> Gmm.fit
                      { three with
                          Family.RegCovar = Absolute 1e-6 }
                  |> ok

              near 1e-9 "ln L with 1e-6 added" 7.145911559 added.LogLikelihood)
          testCase "a sentinel for missing values gets a component of its own and blurs no other" (fun () ->
              for restarts in [ 1; 10 ] do
                  let fit = case "sentinel-minus-99999.csv" |> Gmm.fit { three with Restarts = restarts } |> ok
                  let means, variances = ordered fit
                  Assert.True(allWithin 1e-6 1.0 [| -99999.0; 19.91351; 24.95448 |] means, $"%A{means}")
                  Assert.True(allWithin 1e-6 1.0 [| 0.1915344; 0.1880946 |] variances[1..], $"%A{variances}")
                  Assert.Equal(1, (onFloor fit).Length)

              let added =
                  case "sentinel-minus-99999.csv"
                  |> Gmm.fit
                      { three with
                          Family.RegCovar = Absolute 1e-6 }
                  |> ok

              near 1e-8 "ln L with 1e-6 added" -256.554228655 added.LogLikelihood)
          // An amount that is large beside the variances of the groups lowers the objective in nearly every iteration.
          testCase "a fit whose objective falls, because something is added to its covariances, says so" (fun () ->
              let fit =
                  case "payments.csv"
                  |> Gmm.fit
                      { three with
                          Start = Start.KMeans
                          Family.RegCovar = Absolute 40.0 }
                  |> ok

              Assert.True(largestFall fit > 1e-3)

              match fit.Warnings |> List.tryFind _.IsObjectiveFell with
              | Some(ObjectiveFell(iteration, fall) as warning) ->
                  near 1e-12 "fall" (fit.Trace[iteration - 1] - fit.Trace[iteration]) fall
                  Assert.Contains("RegCovar Absolute", warning.Message)
              | _ -> Assert.Fail $"%A{fit.Trace}")
          // Half of the rows hold 0 in one column: a heap that large is a component of its own, which the fit tells.
          testCase "a heap on half of the rows keeps its component, whatever the restarts" (fun () ->
              let random = RandomStream.ofSeed 7

              let source =
                  sourceOf (
                      Array.init 200 (fun n -> [| (if n % 2 = 0 then 0.0 else exp (normal random)); normal random |])
                  )

              for restarts in [ 1; 5; 20 ] do
                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Restarts = restarts }
                      |> ok

                  Assert.True(allWithin 1e-3 1.0 [| 0.5; 0.5 |] fit.Weights, $"%A{fit.Weights}")
                  Assert.Equal(1, (onFloor fit).Length))
          // In iris, a run ends with a component on the 29 equal petal widths of setosa.
          testCase "a run with a higher objective that was passed over is a warning" (fun () ->
              let fit seed restarts =
                  (DataSet.iris ()).Source
                  |> Gmm.fit
                      { three with
                          Start = Start.Points
                          Seed = seed
                          Restarts = restarts }
                  |> ok

              let best = fit 0 100

              match best.Warnings with
              | [ PassedOver(seed, objective) as warning ] ->
                  Assert.True(objective > best.Objective + 0.05)
                  Assert.Contains($"seed {seed}", warning.Message)
                  let passedOver = fit seed 1
                  Assert.Equal(objective, passedOver.Objective)
                  Assert.NotEmpty passedOver.Irregular.OnFloor
                  Assert.DoesNotContain(passedOver.Warnings, _.IsPassedOver)
              | other -> Assert.Fail $"%A{other}") ]

// ── Selection ───────────────────────────────────────────────────────────────────────────────────────────────────────

let private choose components structures source =
    source |> Select.gaussian Criterion.Bic ignore components structures Gmm.defaults |> ok

let private bestOf (selection: Selection<'θ>) = selection.Best.Name, selection.Best.Components

[<Tests>]
let selectionTests =
    testList
        "RealData: selection"
        [ testCase "heaped ages are one normal population, however many components are tried" (fun () ->
              let selection = case "ages-heaped.csv" |> choose [ 1..9 ] [ Full ]
              Assert.Equal(("full", 1), bestOf selection)
              near 5e-3 "BIC" 6220.54 selection.Fit.Bic)
          testCase "answers from 1 to 5 are two groups, as in mclust" (fun () ->
              Assert.Equal(("full", 2), case "likert.csv" |> choose [ 1..6 ] [ Full ] |> bestOf)
              let selection = case "likert.csv" |> choose [ 1..6 ] [ Full; Diag; TiedDiag ]
              Assert.Equal(("tied_diag", 2), bestOf selection)
              near 5e-3 "BIC" 3376.35 selection.Fit.Bic

              Assert.Equal(
                  ("tied_spherical", 2),
                  case "likert.csv" |> choose [ 1..6 ] Generators.independent |> bestOf
              ))
          testCase "twelve rows of fifty columns are two spherical groups" (fun () ->
              let selection = case "twelve-rows-fifty-columns.csv" |> choose [ 1..3 ] Generators.independent
              Assert.Equal(("tied_spherical", 2), bestOf selection)
              near 0.05 "BIC" 1864.7 selection.Fit.Bic

              for candidate in selection.Candidates do
                  match candidate.Name, candidate.Outcome with
                  | ("full" | "tied_full"), Ok judged ->
                      Assert.True(judged.IsOnFloor, $"{candidate.Name} {candidate.Components}")
                  | _, outcome -> Assert.False((ok outcome).IsOnFloor)

              Assert.Contains("on the floor, not available", selection.Table)

              // Asked for, the best of all is one of these.
              Assert.Contains((Select.evenOnFloor selection).Best.Name, [ "full"; "tied_full" ]))
          // A normal sample of ten thousand values as a histogram: the middles of bins of a quarter of a standard deviation, with
          // counts as weights.
          testCase "a histogram with counts as weights is one normal population" (fun () ->
              let middles = [| -4.0 .. 0.25..4.0 |]

              let counts =
                  middles |> Array.map (fun x -> Math.Round(1e4 * 0.25 * exp (-0.5 * x * x) / sqrt (2.0 * Math.PI)))

              let source =
                  Array.zip middles counts
                  |> Array.filter (fun (_, count) -> count > 0.0)
                  |> Array.unzip
                  |> fun (middles, counts) ->
                      Array.map Array.singleton middles |> Source.ofRows |> Result.bind (Source.weighted counts) |> ok

              Assert.Equal(("full", 1), source |> choose [ 1..6 ] [ Full ] |> bestOf))
          testCase "detector readings clipped at their limit are one normal population" (fun () ->
              let random = RandomStream.ofSeed 5

              let readings =
                  Array.init 400 (fun _ ->
                      [| min 1.0 (MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)) |])

              let selection = sourceOf readings |> choose [ 1..5 ] [ Full ]
              Assert.Equal(("full", 1), bestOf selection))
          testCase "a best candidate at the edge of the range is a warning" (fun () ->
              let faithful = (DataSet.faithful ()).Source
              let edges components = (faithful |> choose components [ TiedFull ]).Warnings
              Assert.Equal<SelectionWarning list>([ AtEdge 3 ], edges [ 1..3 ])
              Assert.Equal<SelectionWarning list>([], edges [ 1..4 ])
              Assert.Equal<SelectionWarning list>([ AtEdge 4 ], edges [ 4..6 ]))
          testCase "two groups are two, and weights that make n too small for BIC are a warning" (fun () ->
              let source = case "two-groups-for-weights.csv"
              let selection = source |> choose [ 1..6 ] [ Full ]
              Assert.Equal(("full", 2), bestOf selection)
              near 5e-4 "BIC" 1294.486 selection.Fit.Bic

              for weight, isLight in [ 1.0, false; 1000.0, false; 1.0 / 300.0, true; 1.0 / 3000.0, true ] do
                  let weighted = source |> Source.weighted (Array.create (int source.Rows) weight) |> ok
                  let fit = weighted |> Gmm.fit { Gmm.defaults with Components = 2 } |> ok
                  Assert.Equal(isLight, fit.Warnings |> List.exists _.IsLightWeights)
                  // The weights' scale changes the criterion, not the fit.
                  near 1e-6 "objective" selection.Fit.Objective fit.Objective)
          testCase "a level that the data don't have leaves the choice to the number" (fun () ->
              let kind =
                  ProductKind.ofParts
                      [ Part.create [| 0 |] GaussianKind.defaults; Part.create [| 1 |] (Categorical.family 4) ]

              let fit =
                  case "mixed-unseen-level.csv"
                  |> Gmm.fit
                      { Gmm.defaultsOf kind with
                          Components = 2 }
                  |> ok

              let labels rows = Predict.labels fit (sourceOf rows) |> ok

              Assert.Equal<int[]>(
                  labels [| [| 0.0; 1.0 |]; [| 50.0; 1.0 |] |],
                  labels [| [| 0.0; 3.0 |]; [| 50.0; 3.0 |] |]
              )

              Assert.NotEqual((labels [| [| 0.0; 3.0 |] |])[0], (labels [| [| 50.0; 3.0 |] |])[0])
              let shares = Predict.responsibilities fit (sourceOf [| [| 0.0; 3.0 |] |]) |> ok
              Assert.InRange(max shares[0, 0] shares[0, 1], 1.0 - 1e-12, 1.0)) ]

// ── Constant columns, too few rows ──────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``constant columns, too few rows`` =
    testList
        "RealData: constant columns, too few rows"
        [ testCase "a constant column is named in the error, with the remedies, which work" (fun () ->
              let source = case "constant-column.csv"
              let two = { Gmm.defaults with Components = 2 }

              match Gmm.fit two source with
              | Error(ConstantColumn(0, 0.0) as error) ->
                  for remedy in [ "Drop the column"; "spherical"; "Absolute"; "CovariancePrior" ] do
                      Assert.Contains(remedy, error.Message)
              | other -> Assert.Fail $"%A{other}"

              for structure in [ Full; Diag; TiedFull; TiedDiag ] do
                  let added =
                      source
                      |> Gmm.fit
                          { two with
                              Family.Structure = structure
                              Family.RegCovar = Absolute 1e-6 }
                      |> ok

                  Assert.True(allWithin 1e-9 1.0 [| 0.5; 0.5 |] added.Weights)
                  Assert.Empty added.Warnings


              source
              |> Gmm.fit
                  { two with
                      Family.Structure = Spherical }
              |> ok
              |> ignore

              let prior: CovariancePrior =
                  { Scale = Tensor.scalar 1.0
                    Degrees = float source.Columns + 2.0 }

              source
              |> Gmm.fit
                  { two with
                      Family.CovariancePrior = Some prior }
              |> ok
              |> ignore)
          testCase "fewer different rows than components are an error, or fewer components if asked" (fun () ->
              let source = sourceOf [| [| 1.0 |]; [| 1.0 |]; [| 2.0 |]; [| 2.0 |]; [| 5.0 |] |]

              let options =
                  { Gmm.defaults with
                      Components = 4
                      Family.RegCovar = Absolute 0.01 }

              Assert.Equal(TooFewDistinctRows(4, 3), error (Gmm.fit options source))
              let fit = source |> Gmm.fit { options with FewerComponents = true } |> ok
              Assert.Equal(3, fit.Mixture.Components)

              Assert.Equal(
                  3,
                  (source
                   |> Gmm.fit
                       { options with
                           FewerComponents = true
                           Components = 9 }
                   |> ok)
                      .Mixture.Components
              )) ]

// ── Hostile data ────────────────────────────────────────────────────────────────────────────────────────────────────

let private normal (random: Random) = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)

/// Rows that people have: normal groups, heaps, heavy tails, sentinels, clipped values, repeated rows, with a far row or
/// collinear columns now and then, at any scale and offset.
let private hostile (random: Random) =
    let features, components = random.Next(1, 5), random.Next(1, 5)
    let count = random.Next(max 8 (2 * components), 120)
    let kind = random.Next 6
    let scale = 10.0 ** float (random.Next(-6, 7))
    let offset = if random.Next 3 = 0 then 1e4 * scale * normal random else 0.0
    let centres = Array.init components (fun _ -> Array.init features (fun _ -> 4.0 * normal random))

    let value k j =
        let x = centres[k][j] + normal random

        match kind with
        | 0 -> x
        | 1 -> Math.Round x
        | 2 -> centres[k][j] + normal random / normal random
        | 3 -> if random.Next 20 = 0 then -99999.0 else x
        | _ -> Math.Clamp(x, -3.0, 3.0)

    let rows =
        Array.init count (fun _ ->
            let k = random.Next components
            Array.init features (fun j -> offset + scale * value k j))

    if kind = 5 then
        for i in 0 .. count - 1 do
            rows[i] <- rows[random.Next(max 3 (count / 4))]

    if random.Next 4 = 0 then
        // In one column up to 10⁶ standard deviations away; in all at once up to 10⁴. Farther values leave less than half of
        // the digits of second moments to the other rows.
        let column = random.Next(0, features + 1)
        let far = 10.0 ** float (if column = features then random.Next(2, 5) else random.Next(2, 7))
        rows[0] <- rows[0] |> Array.mapi (fun j x -> if column = features || j = column then x + scale * far else x)

    if features > 1 && random.Next 6 = 0 then
        for row in rows do
            row[1] <- 2.0 * row[0]

    components, rows

[<Tests>]
let ``hostile data`` =
    testList
        "RealData: hostile data"
        [ testCase "the objective never falls with the default options, whatever the data" (fun () ->
              let starts = [| Start.Auto; Start.KMeans; Start.Points; Start.RandomResponsibilities; Start.KPlusPlus |]

              let mutable fits = 0

              for seed in 0..3299 do
                  let random = RandomStream.ofSeed seed
                  let components, rows = hostile random

                  let options =
                      { Gmm.defaults with
                          Components = components
                          Family.Structure = Structure.all[random.Next Structure.all.Length]
                          Start = starts[random.Next starts.Length]
                          MaxIterations = 200
                          Seed = seed
                          Execution = oneThread }

                  match Gmm.fit options (sourceOf rows) with
                  | Ok fit ->
                      fits <- fits + 1

                      // Axes that turn mix the columns, so that a far value in one column costs digits in all.
                      let tolerance =
                          match options.Family.Structure with
                          | EVE
                          | VVE
                          | EEV
                          | VEV -> 1e-6
                          | _ -> 1e-9

                      Assert.True(largestFall fit < tolerance, $"seed {seed}: %A{fit.Trace}")
                      Assert.DoesNotContain(fit.Warnings, _.IsObjectiveFell)
                  | Error(ConstantColumn _)
                  | Error(TooFewDistinctRows _) -> ()
                  // A single run from random rows may lose a component; `Auto` has other runs.
                  | Error(CollapsedComponent _) when not options.Start.IsAuto -> ()
                  | Error other -> Assert.Fail $"seed {seed}: {other.Message}"

              Assert.InRange(fits, 3000, 3300)) ]

// ── The floor is the exact maximum ──────────────────────────────────────────────────────────────────────────────────

/// A positive semidefinite D×D matrix, singular more often than not, with columns of different scales.
let private scatter (random: Random) features =
    let scales = Array.init features (fun _ -> 10.0 ** float (random.Next(-3, 4)))

    let rows =
        Array.init (random.Next(1, features + 2)) (fun _ -> Array.init features (fun j -> scales[j] * normal random))

    Array2D.init features features (fun i j -> rows |> Array.sumBy (fun row -> row[i] * row[j])), scales

/// −½ Σ over planes of (degrees · ln|Σ| + tr(scatter · Σ⁻¹)), with the inverse and the determinant by LU decomposition.
let private planeObjective degrees (scatter: float[,]) (covariance: float[,]) =
    let lu = (Matrix<float>.Build.DenseOfArray covariance).LU()
    let product = lu.Solve(Matrix<float>.Build.DenseOfArray scatter)
    -0.5 * (degrees * log lu.Determinant + product.Trace())

[<Tests>]
let ``the floor is the exact maximum`` =
    testList
        "RealData: the floor is the exact maximum"
        [
          // For one component with full covariance, no feasible matrix near the M-step's or far from it has a higher objective.
          formulas
              [ "argmax −½ (ln|Σ| + tr(SΣ⁻¹)) subject to Σ ⪰ F is F^½ U max(Λ, 1) Uᵀ F^½, with UΛUᵀ = F^−½SF^−½",
                "this library; the diagonal case is Bishop, PRML, 2006, exercise 2.34, with a bound" ]
          <| testCase "the covariance on the floor is the maximum among all that are above it" (fun () ->
              for seed in 0..199 do
                  let random = RandomStream.ofSeed seed
                  let features = random.Next(1, 5)
                  let scatter, scales = scatter random features
                  let count = 1.0 + float (random.Next 20)
                  let floor = scales |> Array.map (fun scale -> scale * scale * 10.0 ** float (random.Next(-4, 1)))

                  let current = Gaussian.create Full (Array2D.zeroCreate 1 features) (Tensor.scalar 1.0) |> ok

                  let statistics =
                      { Weight = count
                        LogLikelihood = 0.0
                        Counts = [| count |]
                        Sums = [| Array.zeroCreate features; Seq.cast<float> scatter |> Array.ofSeq |] }

                  let found = Gaussian.maximise GaussianPrior.flat (Some(AtLeast floor)) current statistics |> ok
                  let covariance = Gaussian.covariance found 0
                  let best = planeObjective count scatter covariance
                  let least = Array2D.init features features (fun i j -> if i = j then floor[i] else 0.0)

                  /// A covariance F + GGᵀ, which is feasible, and convex combinations of it with the one found.
                  for _ in 1..20 do
                      let step = 10.0 ** float (random.Next(-4, 1))
                      let extra = Array2D.init features features (fun i _ -> scales[i] * normal random)

                      let other =
                          Array2D.init features features (fun i j ->
                              let outer = Seq.sumBy (fun k -> extra[i, k] * extra[j, k]) (seq { 0 .. features - 1 })
                              (1.0 - step) * covariance[i, j] + step * (least[i, j] + outer))

                      let value = planeObjective count scatter other
                      Assert.True(value <= best + 1e-9 * (1.0 + abs best), $"seed {seed}: {value} above {best}"))
          // In the M-step of every structure, with and without priors, no feasible covariances near the result or far from it have a
          // higher Q + ln prior. Both are functions of the scatter and the degrees of each plane, which the M-step without a floor
          // gives: its covariances are scatter/degrees.
          testCase
              "the M-step with a floor is the maximum for every structure of independent matrices, with and without priors"
              (fun () ->
                  for seed in 0..59 do
                      let random = RandomStream.ofSeed seed
                      let features, components = random.Next(1, 4), random.Next(1, 4)

                      let rows =
                          Array.init (4 * components + 8) (fun _ -> Array.init features (fun _ -> normal random))

                      let block = (sourceOf rows).Read 0L

                      for structure in Generators.independent do
                          let layout = Structure.layout structure
                          let centres = Array2D.init components features (fun _ _ -> normal random)
                          let current = Gaussian.create structure centres (Tensor.scalar 1.0) |> ok

                          let prior =
                              if seed % 2 = 0 then
                                  GaussianPrior.flat
                              else
                                  GaussianPrior.create
                                      components
                                      features
                                      structure
                                      (Some
                                          { Mean = Tensor.vector (Array.zeroCreate features)
                                            Precision = 0.5 })
                                      (Some
                                          { Scale = Tensor.scalar 0.2
                                            Degrees = float features + 2.0 })
                                  |> ok

                          let mixture = Mixture.uniform components current
                          let model = Model.ofFamily (Gaussian.familyWith prior None)
                          let statistics = EM.eStep model (sourceOfBlock block) mixture

                          /// Q + ln prior of other parameters, from statistics about their means.
                          let target (other: Gaussian) =
                              let family = model.Family
                              let moved = family.Recentre current other statistics
                              let inverse k = (Matrix<float>.Build.DenseOfArray(Gaussian.covariance other k)).Inverse()
                              let size = Layout.planeSize features layout

                              let ofPlane p =
                                  let scatter =
                                      Array.sub moved.Sums[1] (p * size) size
                                      |> Layout.matrix features layout
                                      |> Matrix<float>.Build.DenseOfArray

                                  let members =
                                      [ 0 .. components - 1 ] |> List.filter (fun k -> Layout.planeOf layout k = p)

                                  let count = members |> List.sumBy (fun k -> statistics.Counts[k])
                                  let inverse = inverse members.Head
                                  0.5 * (count * log (inverse.Determinant()) - (inverse * scatter).Trace())

                              List.sumBy ofPlane [ 0 .. Layout.planes components layout - 1 ] + family.LogPrior other

                          let floor = Array.init features (fun _ -> 0.1 + random.NextDouble())
                          let found = Gaussian.maximise prior (Some(AtLeast floor)) current statistics |> ok
                          let best = target found

                          for _ in 1..10 do
                              let step = 10.0 ** float (random.Next(-3, 1))

                              /// A plane of F + GGᵀ in the layout, which is feasible, combined with the plane found.
                              let other k =
                                  let extra = Array2D.init features features (fun _ _ -> normal random)

                                  Array2D.init features features (fun i j ->
                                      (if i = j then floor[i] else 0.0)
                                      + Seq.sumBy (fun m -> extra[i, m] * extra[j, m]) [ 0 .. features - 1 ])
                                  |> fun feasible ->
                                      // The mean of the diagonal of F + GGᵀ may be below the largest variance of the floor.
                                      if layout.Shape = Shape.Spherical then
                                          Array2D.init features features (fun i j ->
                                              if i = j then Array.max floor + extra[0, 0] * extra[0, 0] else 0.0)
                                      else
                                          feasible
                                  |> Array2D.mapi (fun i j value ->
                                      (1.0 - step) * (Gaussian.covariance found k)[i, j] + step * value)
                                  |> Layout.ofMatrix layout

                              let planes = Array.init (Layout.planes components layout) other |> Array.concat

                              let candidate =
                                  Gaussian.create
                                      structure
                                      (found.Means.toArray2D ())
                                      (Tensor.create (Layout.covarianceShape components features layout) planes)
                                  |> ok

                              let value = target candidate

                              Assert.True(
                                  value <= best + 1e-9 * (1.0 + abs best),
                                  $"seed {seed} {structure}: {value} above {best}"
                              ))
          // The eigenvalues of F^−½ΣF^−½ are 1 or more for every structure, with and without priors.
          testCase "no covariance of any structure is below its floor, with and without priors" (fun () ->
              for seed in 0..149 do
                  let random = RandomStream.ofSeed seed
                  let components, rows = hostile random

                  for structure in Structure.all do
                      let source = sourceOf rows

                      let options =
                          { Gmm.defaults with
                              Components = components
                              Family.Structure = structure
                              Family.RegCovar = Floor 1e-2
                              Start = Start.KMeans
                              MaxIterations = 20
                              Execution = oneThread }

                      let options =
                          match Prior.fromData structure components source with
                          | Ok(means, covariances) when seed % 2 = 0 ->
                              { options with
                                  Family.MeanPrior = Some means
                                  Family.CovariancePrior = if seed % 4 = 0 then Some covariances else None }
                          | _ -> options

                      match Gmm.fit options source with
                      | Ok fit ->
                          let layout = Structure.layout structure
                          let data = source |> DataCovariance.ofSource oneThread layout
                          let variances = DataCovariance.variances layout source.Columns data
                          let scale = source |> FeatureScale.ofSource oneThread variances

                          for k in 0 .. components - 1 do
                              let covariance = Gaussian.covariance fit.Parameters k

                              let whitened =
                                  Matrix<float>
                                      .Build.Dense(
                                          source.Columns,
                                          source.Columns,
                                          fun i j -> covariance[i, j] / sqrt (1e-2 * scale[i]) / sqrt (1e-2 * scale[j])
                                      )

                              let smallest = (whitened.Evd Symmetricity.Symmetric).EigenValues[0].Real
                              let largest = whitened.L2Norm()

                              if scale |> Array.forall (fun variance -> variance > 0.0) then
                                  Assert.True(
                                      smallest >= 1.0 - 1e-9 - 1e-13 * largest,
                                      $"seed {seed} {structure}: {smallest}"
                                  )
                      | Error(ConstantColumn _)
                      | Error(TooFewDistinctRows _)
                      // The prior of collinear data.
                      | Error(InvalidOption("CovariancePrior.Scale", _, _))
                      | Error(CollapsedComponent _) -> ()
                      | Error error -> Assert.Fail error.Message)
          testCase "a fit that touches no floor is the maximum-likelihood fit, to the last bit" (fun () ->
              let source = (DataSet.iris ()).Source

              for structure in Structure.all do
                  let fit regularisation =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 3
                              Family.Structure = structure
                              Family.RegCovar = regularisation }
                      |> ok

                  let floored, plain = fit (Floor 1e-8), fit (Absolute 0.0)
                  Assert.Equal<float[]>(plain.Trace, floored.Trace)
                  Assert.Equal<Tensor>(plain.Parameters.Covariances, floored.Parameters.Covariances))
          testCase "a fit on its floor comes back from a file with its warnings, and goes on from there" (fun () ->
              let fit = case "far-outlier-9-rows.csv" |> Gmm.fit three |> ok
              let path = Path.GetTempFileName()

              try
                  Persist.save path fit |> ok
                  let loaded = Persist.load<Gaussian> path |> ok
                  Assert.Equal<FitWarning list>(fit.Warnings, loaded.Warnings)

                  let onward =
                      case "far-outlier-9-rows.csv"
                      |> Gmm.fit
                          { three with
                              Start = Start.Mixture loaded.Mixture }
                      |> ok

                  Assert.Equal(fit.LogLikelihood, onward.LogLikelihood, 1e-9)
              finally
                  File.Delete path) ]
