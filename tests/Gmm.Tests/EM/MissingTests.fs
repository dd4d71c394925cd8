/// Fits of rows with missing cells, and what they give.
module Gmm.Tests.MissingTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open Gmm.Tests.Generators
open MathNet.Numerics.LinearAlgebra

// ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Rows with holes: each cell is missing with a probability, by a seed. Rows may lose every cell.
let private holes share seed (rows: float[][]) =
    let random = Random seed
    rows |> Array.map (Array.map (fun x -> if random.NextDouble() < share then nan else x))

let private observedOf (row: float[]) = [| 0 .. row.Length - 1 |] |> Array.filter (fun j -> not (Double.IsNaN row[j]))

let private isEmpty (row: float[]) = Array.forall Double.IsNaN row

/// A model that takes NaN as missing cells, on one thread.
let private modelOf (family: Family<'θ>) =
    { Model.ofFamily family with
        Missing = Missing.Fit
        Execution = oneThread }

let private weighted weights source =
    match weights with
    | Some weights -> Source.weighted weights source |> ok
    | None -> source

// ── The textbook's formulas, row by row ─────────────────────────────────────────────────────────────────────────────

/// Splits a Gaussian mixture's component into the means and covariances of observed and missing features.
let private blocks (mixture: Mixture<Gaussian>) k (observed: int[]) (missing: int[]) =
    let mean, covariance =
        (mixture.Parameters.Means.toArray2D ())[k, *], dense (Gaussian.covariance mixture.Parameters k)

    let part (rows: int[]) (columns: int[]) =
        Matrix<float>.Build.Dense(rows.Length, columns.Length, fun i j -> covariance[rows[i], columns[j]])

    mean, part observed observed, part missing observed, part missing missing

/// ln N(x|μ, Σ) by a Cholesky factor.
let private logNormal (difference: Vector<float>) (covariance: Matrix<float>) =
    let factor = covariance.Cholesky()

    -0.5
    * (difference * factor.Solve difference + factor.DeterminantLn + float difference.Count * log (2.0 * Math.PI))

/// The statistics of rows under a Gaussian mixture: conditional means and covariances for each row and component.
let private rowByRow (mixture: Mixture<Gaussian>) (rows: float[][]) (weights: float[]) : Statistics =
    let gaussian = mixture.Parameters
    let components, features, layout = gaussian.Components, gaussian.Features, gaussian.Layout
    let counts, first = Array.zeroCreate components, Array.zeroCreate (components * features)
    let second = Array.init (Layout.planes components layout) (fun _ -> Matrix<float>.Build.Dense(features, features))
    let mutable logLikelihood = 0.0

    for row, weight in Seq.zip rows weights do
        let observed = observedOf row
        let missing = [| 0 .. features - 1 |] |> Array.filter (fun j -> Double.IsNaN row[j])

        if observed.Length > 0 then
            let parts = Array.init components (fun k -> blocks mixture k observed missing)

            let difference (mean: float[]) =
                Vector<float>.Build.DenseOfArray(observed |> Array.map (fun j -> row[j] - mean[j]))

            let joint =
                parts |> Array.mapi (fun k (mean, oo, _, _) -> log mixture.Weights[k] + logNormal (difference mean) oo)

            let largest = Array.max joint
            let evidence = largest + log (joint |> Array.sumBy (fun value -> exp (value - largest)))
            logLikelihood <- logLikelihood + weight * evidence

            parts
            |> Array.iteri (fun k (mean, oo, mo, mm) ->
                let r = weight * exp (joint[k] - evidence)
                let gain = mo * oo.Inverse()
                let z = Vector<float>.Build.Dense features
                let filled = gain * difference mean
                observed |> Array.iter (fun j -> z[j] <- row[j] - mean[j])
                missing |> Array.iteri (fun i j -> z[j] <- filled[i])
                let scatter = z.OuterProduct z
                let rest = mm - gain * mo.Transpose()

                missing
                |> Array.iteri (fun i a ->
                    missing |> Array.iteri (fun j b -> scatter[a, b] <- scatter[a, b] + rest[i, j]))

                counts[k] <- counts[k] + r

                for j in 0 .. features - 1 do
                    first[k * features + j] <- first[k * features + j] + r * z[j]

                let p = Layout.planeOf layout k
                second[p] <- second[p] + r * scatter)

    { Weight = Seq.zip rows weights |> Seq.sumBy (fun (row, weight) -> if isEmpty row then 0.0 else weight)
      LogLikelihood = logLikelihood
      Counts = counts
      Sums = [| first; second |> Array.collect (fun plane -> Layout.ofMatrix layout (plane.ToArray())) |] }

let private agree tolerance (expected: Statistics) (actual: Statistics) =
    nearAll tolerance "weight" [| expected.Weight |] [| actual.Weight |]
    nearAll tolerance "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
    nearAll tolerance "counts" expected.Counts actual.Counts
    Seq.iter2 (nearAll tolerance "sums") expected.Sums actual.Sums

/// Data whose rows miss some cells, with a share of holes and a seed for them.
let private withHoles (data: FsCheck.Arbitrary<DataCase>) =
    Arb.fromGen (
        Gen.map3
            (fun case share seed -> case, float share / 10.0, seed)
            data.Generator
            (Gen.choose (1, 6))
            (Gen.choose (0, 9999))
    )

// ── The fast form ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the fast form`` =
    testList
        "Missing: the fast form"
        [ formulas
              [ "Σₙ rₙₖ ẑₙₖ = A f, A = [I; ΣₘₒΣₒₒ⁻¹]", "Ghahramani and Jordan 1994"
                "Σₙ rₙₖ E(zₙzₙᵀ|xₒ, k) = A Q Aᵀ + Nₖ·C", "Ghahramani and Jordan 1994" ]
          <| testForAll
              300
              "the statistics of Gaussians are those of the formulas row by row"
              (withHoles weightedData)
              (fun (case, share, seed) ->
                  let rows, mixture = holes share seed case.Rows, case.Origin.Mixture

                  if Seq.forall2 (fun row weight -> isEmpty row || weight = 0.0) rows case.Weights then
                      true
                  else
                      let source = sourceOf rows |> weighted case.SampleWeights
                      let expected = rowByRow mixture rows case.Weights

                      for backend in [ Kernel.backend; Textbook.backend Reference.engine ] do
                          { modelOf Gaussian.family with
                              Backend = backend }
                          |> fun model -> EM.eStep model source mixture
                          |> agree Tolerance.rounding expected

                      true)
          testCase "a missing count, rate or level has the expected statistics of its component" (fun () ->
              let rows = [| [| 1.0; 3.0 |]; [| 0.0; nan |]; [| nan; 2.0 |]; [| 4.0; nan |]; [| nan; nan |] |]
              let rates = array2D [ [ 1.0; 4.0 ]; [ 3.0; 0.5 ] ]
              let mixture = Poisson.ofRates rates |> ok |> Mixture.create [| 0.4; 0.6 |] |> ok

              let logPoisson x rate =
                  if Double.IsNaN x then
                      0.0
                  else
                      x * log rate - rate - MathNet.Numerics.SpecialFunctions.FactorialLn(int x)

              let joint =
                  rows[..3]
                  |> Array.map (fun row ->
                      Array.init 2 (fun k ->
                          mixture.Weights[k] * exp (logPoisson row[0] rates[k, 0] + logPoisson row[1] rates[k, 1])))

              let shares = joint |> Array.map (fun row -> row |> Array.map (fun share -> share / Array.sum row))
              let value (row: float[]) k j = if Double.IsNaN row[j] then rates[k, j] else row[j]

              let expected =
                  { Weight = 4.0
                    LogLikelihood = joint |> Array.sumBy (Array.sum >> log)
                    Counts = Array.init 2 (fun k -> shares |> Array.sumBy (fun share -> share[k]))
                    Sums =
                      [| Array.init 4 (fun i ->
                             Array.fold2
                                 (fun sum (row: float[]) (share: float[]) ->
                                     sum + share[i / 2] * value row (i / 2) (i % 2))
                                 0.0
                                 rows[..3]
                                 shares) |] }

              EM.eStep (modelOf (ExponentialFamily.components Poisson.family)) (sourceOf rows) mixture
              |> agree Tolerance.rounding expected)
          testCase "the parts of a product treat their own columns" (fun () ->
              let random = Random 5
              let gaussian = (drawMixture Full 2 2 10.0 random).Mixture.Parameters
              let rates = Poisson.ofRates (array2D [ [ 1.0 ]; [ 5.0 ] ]) |> ok
              let logWeights = Tensor.vector [| log 0.3; log 0.7 |]

              let product: Product = { Parts = [ [| 2; 0 |], partOf gaussian; [| 1 |], partOf rates ] }

              let family =
                  Product.family
                      [ Product.part Gaussian.family; Product.part (ExponentialFamily.components Poisson.family) ]

              let mixture =
                  { LogWeights = logWeights
                    Parameters = product }

              let rows =
                  Array.init 60 (fun _ -> [| normal random; float (random.Next 6); normal random |]) |> holes 0.4 1

              let found = EM.eStep (modelOf family) (sourceOf rows) mixture

              // Every row by itself: its densities, and the lifted sums of each part.
              let both =
                  { LogWeights = logWeights
                    Parameters = gaussian }

              let sums =
                  [ for row in rows do
                        if not (isEmpty row) then
                            let ofGaussian = [| row[2]; row[0] |]

                            let alone k =
                                { mixture with
                                    LogWeights =
                                        Tensor.vector
                                            [| (if k = 0 then 0.0 else -infinity)
                                               (if k = 1 then 0.0 else -infinity) |] }

                            // Under the k-th component alone, the row's statistics are those of r = 1.
                            let one k = EM.eStep (modelOf family) (sourceOf [| row |]) (alone k)

                            let density k =
                                (if isEmpty ofGaussian then
                                     0.0
                                 else
                                     (rowByRow
                                         { both with
                                             LogWeights = (alone k).LogWeights }
                                         [| ofGaussian |]
                                         [| 1.0 |])
                                         .LogLikelihood)
                                + (if Double.IsNaN row[1] then
                                       0.0
                                   else
                                       let rate = (rates.Means.toArray ())[k]

                                       row[1] * log rate
                                       - rate
                                       - MathNet.Numerics.SpecialFunctions.FactorialLn(int row[1]))

                            for k in 0..1 do
                                near 1e-10 "density" (density k) (one k).LogLikelihood

                            let joint = [| for k in 0..1 -> (mixture.Weights[k]) * exp (density k) |]
                            let total = Array.sum joint

                            [ for k in 0..1 -> Statistics.scale (joint[k] / total) (one k) ] |> List.reduce (+) ]
                  |> List.reduce (+)

              nearAll 1e-12 "counts" sums.Counts found.Counts
              Seq.iter2 (nearAll 1e-12 "sums") sums.Sums found.Sums)
          testCase "the covariance of an observed part is that of the whole, beside tiny and huge scales" (fun () ->
              // A factorisation of Σₒₒ anew would count the second pivot as rounding.
              let scales = [| 1e-3; 1e6; 1.0; 1e2 |]

              let factor =
                  Array2D.init 4 4 (fun i j ->
                      if j > i then 0.0
                      elif i = j then 1.0
                      else 0.9)

              let l = Matrix<float>.Build.DenseOfDiagonalArray scales * dense factor

              let sigma =
                  (l * l.Transpose()).ToArray() |> fun a -> Array2D.init 4 4 (fun i j -> (a[i, j] + a[j, i]) / 2.0)

              let gaussian =
                  Gaussian.create
                      Full
                      (array2D [ [ 0.0; 0.0; 0.0; 0.0 ] ])
                      (Tensor.matrices (Array3D.init 1 4 4 (fun _ i j -> sigma[i, j])))
                  |> ok

              for observed in [ [| 1 |]; [| 0; 3 |]; [| 1; 2; 3 |]; [| 0; 1; 2 |] ] do
                  let restricted = Gaussian.family.Missing.Value.Restrict observed gaussian
                  let expected = Gaussian.marginal observed gaussian |> ok

                  relativelyNear
                      1e-9
                      "factors"
                      (expected.InverseFactors.toArray ())
                      (restricted.InverseFactors.toArray ())

                  Assert.Equal<float[]>(expected.Covariances.toArray (), restricted.Covariances.toArray ())) ]

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Whether no iteration lowers the objective by more than rounding.
let private neverFalls (trace: float[]) =
    trace
    |> Array.pairwise
    |> Array.forall (fun (before, after) -> after >= before - Tolerance.monotone * (1.0 + abs before))

let private irisWithHoles = lazy (MissingOracleTests.rows.Value)

let private fitMissing options rows =
    sourceOf rows
    |> Gmm.fit
        { options with
            Missing = Missing.Fit
            Execution = oneThread }

[<Tests>]
let ``fits`` =
    testList
        "Missing: fits"
        [ formulas [ "Σₙ ln p(xₙₒ|θ′) ≥ Σₙ ln p(xₙₒ|θ) after a step of EM", "Dempster, Laird and Rubin 1977" ]
          <| testForAll
              700
              "no iteration lowers the objective of Gaussians"
              (withHoles weightedData)
              (fun (case, share, seed) ->
                  let rows = holes share seed case.Rows

                  let result =
                      sourceOf rows
                      |> weighted case.SampleWeights
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = case.Origin.Components
                              Family.Structure = case.Origin.Structure
                              Start = Start.Points
                              Seed = seed
                              MaxIterations = 12
                              Tolerance = 0.0
                              Missing = Missing.Fit
                              Execution = oneThread }

                  match result with
                  | Ok fit -> neverFalls fit.Trace && allFinite (parameters fit.Mixture)
                  | Error(InvalidData _ | CollapsedComponent _ | TooFewDistinctRows _ | ConstantColumn _) -> true
                  | Error error -> failwith error.Message)
          testForAll
              300
              "no iteration lowers the objective of counts, categories and products"
              (Arb.fromGen (Gen.choose (0, 100_000)))
              (fun seed ->
                  let random = Random seed

                  let rows =
                      Array.init (20 + random.Next 40) (fun n ->
                          let side = n % 2

                          [| 4.0 * float side + normal random
                             float (random.Next(2 + 3 * side))
                             float (min 2 (random.Next(2 + 2 * side)))
                             normal random |])
                      |> holes 0.3 seed

                  let kind =
                      ProductKind.ofParts
                          [ Part.create [| 0; 3 |] GaussianKind.defaults
                            Part.create [| 1 |] Poisson.family
                            Part.create
                                [| 2 |]
                                { Categorical.family 3 with
                                    Prior = Categorical.dirichlet [| 1.5; 1.5; 1.5 |] } ]

                  let result =
                      sourceOf rows
                      |> Gmm.fit
                          { exactly 12 2 Start.Points kind with
                              Missing = Missing.Fit
                              Seed = seed }

                  match result with
                  | Ok fit -> neverFalls fit.Trace
                  | Error(InvalidData _ | CollapsedComponent _ | DegenerateComponent _) -> true
                  | Error error -> failwith error.Message)
          testForAll 60 "no iteration lowers the objective under a prior" beliefs (fun case ->
              let rows = holes 0.25 case.Data.Rows.Length case.Data.Rows

              let model =
                  { modelOf case.Family with
                      Weights = case.Prior.OnWeights }

              if Array.forall isEmpty rows then
                  true
              else
                  EM.iterates model (sourceOf rows) case.Data.Origin.Mixture
                  |> Seq.truncate 10
                  |> Seq.choose Result.toOption
                  |> Seq.map _.Objective
                  |> Array.ofSeq
                  |> neverFalls)
          testCase "without a missing cell, the bits are those without the option" (fun () ->
              let data = (DataSet.iris ()).Source

              for structure in Structure.all do
                  let options =
                      { plain 3 structure with
                          Start = Start.Auto
                          MaxIterations = 30 }

                  let plainly = data |> Gmm.fit options |> ok
                  let fit = data |> Gmm.fit { options with Missing = Missing.Fit } |> ok
                  Assert.Equal<float[]>(parameters plainly.Mixture, parameters fit.Mixture)
                  Assert.Equal<float[]>(plainly.Trace, fit.Trace)

                  Assert.Equal<float[,]>(
                      Predict.responsibilities plainly data |> ok,
                      Predict.responsibilities fit data |> ok
                  ))
          testCase "the number of threads changes no bit" (fun () ->
              let random = Random 3
              let mixture = drawMixture Full 3 3 10.0 random
              let rows = drawRows 30_000 mixture random |> holes 0.2 3

              let fit threads =
                  sourceOf rows
                  |> Gmm.fit
                      { exactly 3 3 (Start.Mixture mixture.Mixture) GaussianKind.defaults with
                          Missing = Missing.Fit
                          Execution = { oneThread with Threads = threads } }
                  |> ok

              let one = fit 1
              let imputed = Impute.draws one 1 (sourceOf rows) |> ok

              for threads in [ 2; 5 ] do
                  let many = fit threads
                  Assert.Equal<float[]>(parameters one.Mixture, parameters many.Mixture)
                  Assert.Equal<float[]>(one.Trace, many.Trace)
                  Assert.Equal<float[,]>(imputed, Impute.draws many 1 (sourceOf rows) |> ok))
          testCase "the order of the rows doesn't matter, and a weight of m is m copies" (fun () ->
              let rows = irisWithHoles.Value
              let start = Start.Mixture (MissingOracleTests.fitOf 1 "full").Mixture

              let options =
                  { plain 3 Full with
                      Start = start
                      MaxIterations = 10
                      Tolerance = 0.0
                      Missing = Missing.Fit }

              let fit source = Gmm.fit options source |> ok |> _.Mixture |> parameters
              let expected = fit (sourceOf rows)
              nearAll Tolerance.oracle "in reverse" expected (fit (sourceOf (Array.rev rows)))
              let weights = rows |> Array.mapi (fun n _ -> float (n % 3))
              let copied = rows |> Array.mapi (fun n row -> Array.replicate (n % 3) row) |> Array.concat

              nearAll
                  Tolerance.oracle
                  "weights"
                  (fit (sourceOf copied))
                  (fit (sourceOf rows |> Source.weighted weights |> ok)))
          testCase "rows without an observed cell don't count" (fun () ->
              let rows = irisWithHoles.Value
              let empty = Array.create 4 nan
              let start = Start.Mixture (MissingOracleTests.fitOf 1 "full").Mixture

              let options =
                  { plain 3 Full with
                      Start = start
                      MaxIterations = 20
                      Tolerance = 0.0
                      Missing = Missing.Fit }

              let fit = sourceOf rows |> Gmm.fit options |> ok
              let more = Array.concat [ [| empty |]; rows; [| empty; empty |] ]
              let withEmpty = sourceOf more |> Gmm.fit options |> ok
              Assert.Equal<float[]>(parameters fit.Mixture, parameters withEmpty.Mixture)
              Assert.Equal(fit.Bic, withEmpty.Bic)
              Assert.Equal(150.0, withEmpty.Statistics.Weight)
              Assert.Equal(fit.Irregular, withEmpty.Irregular)
              near 1e-9 "score" fit.LowerBound (Predict.score withEmpty (sourceOf more) |> ok)
              near 1e-7 "ICL" (Predict.icl fit (sourceOf rows) |> ok) (Predict.icl withEmpty (sourceOf more) |> ok)
              let shares = Predict.responsibilities withEmpty (sourceOf more) |> ok
              nearAll 1e-15 "πₖ" withEmpty.Weights shares[0, *]
              near 1e-15 "ln 1" 0.0 (Array.head (Predict.logDensities withEmpty (sourceOf more) |> ok))
              // Labels and responsibilities to start from keep their rows.
              let labels = Array.concat [ [| 0 |]; (DataSet.iris ()).Labels; [| 2; 1 |] ]

              let ofLabels =
                  sourceOf more
                  |> Gmm.fit
                      { options with
                          Start = Start.Labels labels }
                  |> ok

              let same =
                  sourceOf rows
                  |> Gmm.fit
                      { options with
                          Start = Start.Labels (DataSet.iris ()).Labels }
                  |> ok

              nearAll Tolerance.iterations "from labels" (parameters same.Mixture) (parameters ofLabels.Mixture))
          testCase "every start and the default options fit iris with holes" (fun () ->
              let rows = irisWithHoles.Value
              let best = (MissingOracleTests.fitOf 400 "full").LogLikelihood

              let starts: Start<Gaussian> list =
                  [ Start.Auto
                    Start.Thorough
                    Start.KMeans
                    Start.KPlusPlus
                    Start.Points
                    Start.FarthestFirst
                    Start.Random
                    Start.RandomResponsibilities
                    Start.Labels (DataSet.iris ()).Labels ]

              for start in starts do
                  let fit =
                      fitMissing
                          { Gmm.defaults with
                              Components = 3
                              Start = start }
                          rows
                      |> ok

                  Assert.True(fit.Converged, $"{start}")
                  Assert.True(neverFalls fit.Trace)

              let auto = fitMissing { Gmm.defaults with Components = 3 } rows |> ok
              Assert.True(auto.LogLikelihood >= best - 0.01, $"{auto.LogLikelihood} is below {best}"))
          testCase "float32 data and other backends give the same fit" (fun () ->
              let rows = irisWithHoles.Value
              let start = Start.Mixture (MissingOracleTests.fitOf 1 "full").Mixture

              let options =
                  { plain 3 Full with
                      Start = start
                      MaxIterations = 8
                      Tolerance = 0.0
                      Missing = Missing.Fit }

              let expected = sourceOf rows |> Gmm.fit options |> ok |> _.Mixture |> parameters

              let textbook =
                  sourceOf rows
                  |> Gmm.fit
                      { options with
                          Backend = Textbook.backend Reference.engine }
                  |> ok

              nearAll Tolerance.oracle "textbook" expected (parameters textbook.Mixture)

              let limits =
                  { BlockNumbers = 64
                    TemporaryBytes = 1L <<< 20
                    KeptBytes = 1L <<< 20 }

              let resident =
                  sourceOf rows
                  |> Gmm.fit
                      { options with
                          Backend = Resident.backend Reference.engine limits }
                  |> ok

              nearAll Tolerance.oracle "resident" expected (parameters resident.Mixture)
              let narrow = rows |> Array.map (Array.map float32) |> Source.ofFloat32Rows |> ok
              nearAll 1e-5 "float32" expected (narrow |> Gmm.fit options |> ok |> _.Mixture |> parameters))
          testCase "classification EM and fixed weights take missing cells" (fun () ->
              for assignment, prior in [ Hard, Flat; Soft, Fixed; Hard, Fixed ] do
                  let fit =
                      fitMissing
                          { Gmm.defaults with
                              Components = 3
                              Assignment = assignment
                              WeightPrior = prior
                              Start = Start.KMeans }
                          irisWithHoles.Value
                      |> ok

                  Assert.True(neverFalls fit.Trace && fit.Converged))
          testCase "a selection over K and structures takes missing cells" (fun () ->
              let chosen =
                  sourceOf irisWithHoles.Value
                  |> Select.components
                      Criterion.Icl
                      ignore
                      [ 1..3 ]
                      { Gmm.defaults with
                          Missing = Missing.Fit
                          Start = Start.KMeans
                          Execution = oneThread }
                  |> ok

              Assert.Equal(2, chosen.Best.Components)) ]

// ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``use`` =
    testList
        "Missing: use"
        [ testTheory
              "predictions for rows with missing cells are those of the marginal mixture"
              MissingOracleTests.structures
              (fun name ->
                  let fit, rows = MissingOracleTests.fitOf 20 name, irisWithHoles.Value
                  let source = sourceOf rows

                  let densities, shares =
                      Predict.logDensities fit source |> ok, Predict.responsibilities fit source |> ok

                  let labels, distances = Predict.labels fit source |> ok, Predict.mahalanobis fit source |> ok
                  let predictor, target = RowPredictor.ofFit fit, Array.zeroCreate<float> 3

                  rows
                  |> Array.iteri (fun n row ->
                      let observed = observedOf row

                      let marginal =
                          fitOf
                              Gaussian.family
                              (Conditional.marginal observed fit.Mixture |> ok)
                              (sourceOf [| observed |> Array.map (fun j -> row[j]) |])

                      let one = sourceOf [| observed |> Array.map (fun j -> row[j]) |]
                      near 1e-10 "density" (Array.head (Predict.logDensities marginal one |> ok)) densities[n]

                      nearAll
                          1e-10
                          "responsibilities"
                          (Predict.responsibilities marginal one |> ok |> flat)
                          shares[n, *]

                      nearAll 1e-10 "distances" (Predict.mahalanobis marginal one |> ok |> flat) distances[n, *]
                      Assert.Equal((Predict.labels marginal one |> ok)[0], labels[n])
                      // One row at a time: the same bits.
                      Assert.Equal(densities[n], predictor.LogDensity(ReadOnlySpan row))
                      Assert.Equal(labels[n], predictor.Label(ReadOnlySpan row))
                      predictor.Responsibilities(ReadOnlySpan row, Span target) |> ignore
                      Assert.Equal<float[]>(shares[n, *], target)))
          testCase "the labels are the oracle's" (fun () ->
              for case in (oracle "missing-iris.json" |> field "cases").EnumerateArray() do
                  let fit = MissingOracleTests.fitOf 400 ((case |> field "covariance_type").GetString())
                  let expected = case |> field "converged" |> field "labels" |> integers
                  Assert.Equal<int[]>(expected, Predict.labels fit (sourceOf irisWithHoles.Value) |> ok))
          formulas [ "E(xₘ|xₒ) = Σₖ rₙₖ (μₖₘ + ΣₖₘₒΣₖₒₒ⁻¹(xₒ−μₖₒ))", "Ghahramani and Jordan 1994" ]
          <| testTheory
              "an imputed cell is the mean of its conditional mixture"
              MissingOracleTests.structures
              (fun name ->
                  let fit, rows = MissingOracleTests.fitOf 20 name, irisWithHoles.Value
                  let imputed = Impute.means fit (sourceOf rows) |> ok

                  rows
                  |> Array.iteri (fun n row ->
                      let missing = [| 0..3 |] |> Array.filter (fun j -> Double.IsNaN row[j])

                      for j in observedOf row do
                          Assert.Equal(row[j], imputed[n, j])

                      if missing.Length > 0 then
                          let conditional = Conditional.ofRow row fit.Mixture |> ok
                          let means = conditional.Parameters.Means.toArray2D ()

                          let expected =
                              Array.init missing.Length (fun i ->
                                  Array.fold2
                                      (fun sum weight mean -> sum + weight * mean)
                                      0.0
                                      conditional.Weights
                                      means[*, i])

                          nearAll 1e-9 "means" expected (missing |> Array.map (fun j -> imputed[n, j]))))
          testCase "draws have the conditional distribution" (fun () ->
              // One row, many times: mean and covariance of the drawn cells against those of the conditional mixture.
              let fit = MissingOracleTests.fitOf 40 "full"
              let row = [| nan; 3.0; nan; 1.6 |]
              let count = 20_000
              let draws = Impute.draws fit 7 (sourceOf (Array.create count row)) |> ok
              let conditional = Conditional.ofRow row fit.Mixture |> ok
              let means = conditional.Parameters.Means.toArray2D ()
              let mean i = Array.fold2 (fun sum w m -> sum + w * m) 0.0 conditional.Weights means[*, i]

              let covariance i j =
                  Seq.sum
                      [ for k in 0..2 ->
                            conditional.Weights[k]
                            * ((Gaussian.covariance conditional.Parameters k)[i, j]
                               + (means[k, i] - mean i) * (means[k, j] - mean j)) ]

              let cell n i = draws[n, 2 * i]
              let average f = Seq.init count f |> Seq.average

              for i in 0..1 do
                  // Five standard errors.
                  near (5.0 * sqrt (covariance i i / float count)) "mean" (mean i) (average (fun n -> cell n i))

                  for j in 0..1 do
                      let found = average (fun n -> (cell n i - mean i) * (cell n j - mean j))
                      near (0.05 * sqrt (covariance i i * covariance j j)) "covariance" (covariance i j) found

              Assert.Equal<float[,]>(draws, Impute.draws fit 7 (sourceOf (Array.create count row)) |> ok)
              Assert.NotEqual<float[,]>(draws[0..9, *], (Impute.draws fit 8 (sourceOf (Array.create 10 row)) |> ok)))
          testCase "cells of products stay in their domain, and means are those of the numbers" (fun () ->
              let random = Random 2

              let rows =
                  Array.init 300 (fun n ->
                      let side = n % 2

                      [| 5.0 * float side + normal random
                         float (random.Next(1 + 6 * side))
                         float (side + random.Next 2)
                         float side |])

              let incomplete = holes 0.25 9 rows

              let kind =
                  ProductKind.ofParts
                      [ Part.create [| 0 |] GaussianKind.defaults
                        Part.create
                            [| 1 |]
                            { Poisson.family with
                                Prior = Poisson.gamma 1.5 0.5 }
                        Part.create
                            [| 2 |]
                            { Categorical.family 3 with
                                Prior = Categorical.dirichlet [| 1.5; 1.5; 1.5 |] }
                        Part.create
                            [| 3 |]
                            { Bernoulli.family with
                                Prior = Bernoulli.beta 1.5 1.5 } ]

              let source = sourceOf incomplete

              let fit =
                  source
                  |> Gmm.fit
                      { Gmm.defaultsOf kind with
                          Components = 2
                          Missing = Missing.Fit
                          Execution = oneThread }
                  |> ok

              let means, draws = Impute.means fit source |> ok, Impute.draws fit 1 source |> ok
              Assert.True(allFinite (flat means))
              // A fit of the drawn data checks their domain.
              Source.ofArray2D draws
              |> ok
              |> Gmm.fit
                  { Gmm.defaultsOf kind with
                      Components = 2
                      Execution = oneThread }
              |> ok
              |> ignore

              let shares = Predict.responsibilities fit source |> ok
              let rates = Product.parameters<ExponentialParameters> 1 fit.Parameters |> _.Means.toArray()
              let levels = Product.parameters<ExponentialParameters> 2 fit.Parameters |> Categorical.probabilities
              let chances = Product.parameters<ExponentialParameters> 3 fit.Parameters |> Bernoulli.probabilities

              incomplete
              |> Array.iteri (fun n row ->
                  let mixed f = shares[n, 0] * f 0 + shares[n, 1] * f 1

                  if Double.IsNaN row[1] then
                      near 1e-9 "count" (mixed (fun k -> rates[k])) means[n, 1]

                  if Double.IsNaN row[2] then
                      near 1e-9 "category" (mixed (fun k -> levels[k, 0, 1] + 2.0 * levels[k, 0, 2])) means[n, 2]

                  if Double.IsNaN row[3] then
                      near 1e-9 "chance" (mixed (fun k -> chances[k, 0])) means[n, 3]))
          testCase "a fit of complete data imputes, and a saved fit comes back" (fun () ->
              let complete = (DataSet.iris ()).Source |> Gmm.fit { plain 3 Full with MaxIterations = 20 } |> ok
              Assert.True(Impute.means complete (sourceOf irisWithHoles.Value) |> ok |> flat |> allFinite)
              let fit = MissingOracleTests.fitOf 5 "diag"

              inFolder (fun folder ->
                  let path = IO.Path.Combine(folder, "fit.json")
                  Persist.save path fit |> ok
                  let again: Fit<Gaussian> = Persist.load path |> ok
                  Assert.Equal(Missing.Fit, again.Model.Missing)
                  let source = sourceOf irisWithHoles.Value

                  Assert.Equal<float[]>(
                      Predict.logDensities fit source |> ok,
                      Predict.logDensities again source |> ok
                  ))) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private says (expected: string) (result: Result<'T, GmmError>) = Assert.Equal(expected, (error result).Message)

[<Tests>]
let ``errors`` =
    testList
        "Missing: errors"
        [ testCase "without the option, the error counts the cells and names the remedy" (fun () ->
              let rows = [| [| 1.0; 2.0 |]; [| 2.0; nan |]; [| nan; 1.0 |] |]

              Gmm.fit Gmm.defaults (sourceOf rows)
              |> says
                  "The data must be complete, but row 1, column 1 (counting from 0) holds NaN, the first of 2 missing cells. A mixture with Missing set to Fit takes such rows. Otherwise remove or impute them.")
          testCase "infinity and a column without a cell are errors" (fun () ->
              let fit rows =
                  sourceOf rows
                  |> Gmm.fit
                      { Gmm.defaults with
                          Missing = Missing.Fit }

              fit [| [| 1.0; nan |]; [| 2.0; infinity |] |]
              |> says
                  "The data must be finite and below 1e150 in magnitude, but row 1, column 1 (counting from 0) holds Infinity. Remove or impute the row, or rescale the column."

              fit [| [| 1.0; nan |]; [| 2.0; nan |] |]
              |> says
                  "The data must have an observed cell in every column, but column 1 (counting from 0) has none in a row of positive weight.")
          testCase "k-means, which has no treatment of missing cells, says so" (fun () ->
              let source = sourceOf [| [| 1.0; nan |]; [| 2.0; 3.0 |]; [| 0.0; 1.0 |] |]

              KMeans.fit
                  { KMeans.defaults with
                      Missing = Missing.Fit }
                  source
              |> says "Missing must be Reject for centroid, which can't treat missing cells, but is Fit.")
          testCase "a number outside a domain is named where it is" (fun () ->
              let rows = [| [| nan; 1.0 |]; [| 1.0; nan |]; [| 0.0; -2.0 |]; [| 1.0; 0.5 |] |]

              match
                  sourceOf rows
                  |> Gmm.fit
                      { Gmm.defaultsOf Poisson.family with
                          Missing = Missing.Fit }
                  |> error
              with
              | OutsideDomain("poisson", _, 2L, 1, -2.0) -> ()
              | other -> Assert.Fail other.Message

              // The first observed cell of the column stands in for missing ones before it.
              match
                  sourceOf [| [| nan; 1.0 |]; [| -1.0; nan |]; [| 1.0; 0.0 |] |]
                  |> Gmm.fit
                      { Gmm.defaultsOf Poisson.family with
                          Missing = Missing.Fit }
                  |> error
              with
              | OutsideDomain("poisson", _, 1L, 0, -1.0) -> ()
              | other -> Assert.Fail other.Message

              let fit =
                  sourceOf [| [| 1.0; 1.0 |]; [| 2.0; nan |]; [| 3.0; 0.0 |] |]
                  |> Gmm.fit
                      { Gmm.defaultsOf Poisson.family with
                          Missing = Missing.Fit }
                  |> ok

              match Predict.labels fit (sourceOf [| [| nan; 1.0 |]; [| nan; 0.5 |] |]) |> error with
              | OutsideDomain("poisson", _, 1L, 1, 0.5) -> ()
              | other -> Assert.Fail other.Message

              Assert.Throws<GmmException>(fun () ->
                  (RowPredictor.ofFit fit).Label(ReadOnlySpan [| nan; 0.5 |]) |> ignore)
              |> ignore)
          testCase "a constant column and too few rows end in errors or warnings, never in NaN" (fun () ->
              let rows = Array.init 40 (fun n -> [| float (n % 7); 3.0; float n |]) |> holes 0.3 4

              match
                  sourceOf rows
                  |> Gmm.fit
                      { Gmm.defaults with
                          Missing = Missing.Fit }
                  |> error
              with
              | ConstantColumn(1, 3.0) -> ()
              | other -> Assert.Fail other.Message

              // Without a floor, a component may run off to a singular covariance; with it, it is a warning.
              let wide = drawRows 40 (drawMixture Full 1 8 10.0 (Random 1)) (Random 2) |> holes 0.4 5

              let fit =
                  sourceOf wide
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 3
                          Missing = Missing.Fit
                          Execution = oneThread }
                  |> ok

              Assert.True(allFinite (parameters fit.Mixture) && not fit.Irregular.IsEmpty))
          testCase "a row without a missing cell has no conditional mixture" (fun () ->
              let fit = MissingOracleTests.fitOf 2 "full"

              Conditional.ofRow [| 1.0; 2.0; 3.0; 4.0 |] fit.Mixture
              |> says "Row must be one with a missing cell, but is complete."

              Assert.Equal(fit.Mixture, Conditional.ofRow (Array.create 4 nan) fit.Mixture |> ok)) ]
