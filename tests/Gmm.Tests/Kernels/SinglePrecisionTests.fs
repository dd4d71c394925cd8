/// Data held as float32 are the same rows as their float64 copies: same blocks, same errors, in half the room, and the same
/// results: to the last bit, except where the kernels of Gaussian components calculate in float32.
module Gmm.Tests.SinglePrecisionTests

open System
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.KernelTests
open Gmm.Tests.Support

/// Fails unless a result of float32 data is that of the same numbers as float64 to the last bit.
let private toTheBit what (expected: float[]) (actual: float[]) = relativelyNear 0.0 what expected actual

/// Fails unless it is to 1e-5 of the largest number of the result, where the kernels calculate in float32.
let private toFiveDigits what (expected: float[]) (actual: float[]) =
    let largest = expected |> Seq.filter Double.IsFinite |> Seq.map abs |> Seq.fold max 0.0
    Assert.True(allWithin 1e-5 largest expected actual, $"{what}: {expected} and {actual}")

/// The comparison of results of Gaussian components: with few features, and with tied full covariances, they are
/// calculated in float64.
let private toItsDigits structure features =
    match Structure.layout structure with
    | { Shape = Shape.Full; IsTied = true } -> toTheBit
    | _ -> if features < 8 then toTheBit else toFiveDigits

/// Two components of a structure with the same weight, and the variance of feature j in component k.
let private pairOf structure (means: float[,]) (variance: int -> int -> float) =
    let layout, features = Structure.layout structure, Array2D.length2 means

    let variances =
        [| for k in 0 .. Layout.planes 2 layout - 1 do
               yield! Layout.diagonal layout (Array.init features (variance k)) |]

    let planes = if layout.IsTied then [||] else [| 2 |]
    let shape = Array.append planes (Layout.planeShape features layout)
    mixtureOf structure [| 1.0; 1.0 |] means (Tensor.create shape variances)

/// The structures without correlations.
let private uncorrelated = [ Diag; TiedDiag; Spherical; TiedSpherical ]

let private single (rows: float[][]) = rows |> Array.map (Array.map float32)

let private widened (rows: float32[][]) = rows |> Array.map (Array.map float)

/// The same rows as float32 and as float64, with the same weights.
let private both weighted (rows: float[][]) : Source * Source =
    let rows = single rows
    let float32s, float64s = Source.ofFloat32Rows rows |> ok, Source.ofRows (widened rows) |> ok

    if weighted then
        let weights = drawSampleWeights rows.Length (Random 8)
        Source.weighted weights float32s |> ok, Source.weighted weights float64s |> ok
    else
        float32s, float64s

/// What a fit found, and what it says of the rows.
let private resultsOf (source: Source) (fit: Fit<'θ>) =
    [ "trace", fit.Trace
      "weights", fit.Weights
      "counts", fit.Statistics.Counts
      "sums", Array.concat fit.Statistics.Sums
      "responsibilities", Predict.responsibilities fit source |> ok |> flat
      "log-densities", Predict.logDensities fit source |> ok
      "score", [| Predict.score fit source |> ok |]
      "labels", Predict.labels fit source |> ok |> Array.map float ]

/// Whether a fit is the same of both, in all that `results` are.
let private fitsAlike isAlike fit results (float32s: Source, float64s: Source) =
    let expected, actual = fit float64s |> ok |> results float64s, fit float32s |> ok |> results float32s

    for (what, expected), (_, actual) in List.zip expected actual do
        isAlike what expected actual

/// Rows of three components, several blocks of them, the last one no whole number of panels.
let private drawn structure features =
    let random = Random 3
    let mixture = drawMixture structure 3 features 1e2 random
    drawRows (25_003 / (features + 1)) mixture random

/// Nine features, drawn from two components around 0 and 8.
let private apart rows (place: int -> float -> float) =
    let random = Random 9
    Array.init rows (fun n -> Array.init 9 (fun j -> place j (normal random + 8.0 * float (n % 2))))

/// Two components of nine features with means at these places and one variance in all features.
let private startAt structure (place: int -> float -> float) variance =
    let means = array2D [ for centre in [ 0.5; 7.5 ] -> List.init 9 (fun j -> place j centre) ]
    Gaussian.create structure means (Tensor.scalar variance) |> ok |> Mixture.uniform 2

let private model = Model.ofFamily Gaussian.family

let private packed mixture source = EM.eStep model source mixture |> Statistics.pack

/// Fails unless the results of float32 have other bits than those of float64, and five digits of them.
let private inFloat32 mixture (float32s, float64s) =
    let narrow, wide = packed mixture float32s, packed mixture float64s
    Assert.True((bits narrow <> bits wide), "The kernels calculated in float64.")
    Assert.True(allFinite narrow)
    let narrow, wide = EM.eStep model float32s mixture, EM.eStep model float64s mixture
    toFiveDigits "log-likelihood" [| wide.LogLikelihood |] [| narrow.LogLikelihood |]
    toFiveDigits "counts" wide.Counts narrow.Counts
    Array.iter2 (toFiveDigits "sums") wide.Sums narrow.Sums

/// Fails unless they have the same bits.
let private inFloat64 mixture (float32s, float64s) =
    let expected = packed mixture float64s
    Assert.True(allFinite expected)
    toTheBit "statistics" expected (packed mixture float32s)

// ── Same results ────────────────────────────────────────────────────────────────────────────────────────────────────

let structures =
    [ for structure in Generators.independent do
          for features in [ 1; 3; 17 ] do
              for assignment in [ "soft"; "hard" ] do
                  (Structure.name structure, features, assignment) ]

let private options components kind =
    { Gmm.defaultsOf kind with
        Components = components
        MaxIterations = 4
        Execution = oneThread }

[<Tests>]
let ``same results`` =
    testList
        "SinglePrecision: same results"
        [ testTheory
              "a Gaussian fit of float32 is that of the same numbers as float64"
              structures
              (fun (structure, features, assignment) ->
                  let structure = Structure.parse structure |> ok

                  let options =
                      { plain 3 structure with
                          Family.RegCovar = Floor 1e-8
                          Assignment = if assignment = "soft" then Soft else Hard
                          Tolerance = 0.0
                          MaxIterations = 4 }

                  let sources = both (features = 3) (drawn structure features)
                  Assert.True((fst sources).Blocks >= 2L)

                  let results source (fit: Fit<Gaussian>) =
                      ("distances", Predict.mahalanobis fit source |> ok |> flat)
                      :: ("parameters", parameters fit.Mixture)
                      :: resultsOf source fit

                  let isAlike what = toItsDigits structure features what
                  sources |> fitsAlike isAlike (Gmm.fit options) results)
          testCase "every start from float32 is that from the same numbers as float64" (fun () ->
              for features in [ 3; 9 ] do
                  let rows = drawn Full features
                  let responsibilities = Array2D.init rows.Length 3 (fun n k -> if n % 3 = k then 0.5 else 0.25)

                  // After two iterations a start's components are still far from some rows, whose responsibilities then
                  // have as few digits as the difference of two large distances.
                  let results source fit =
                      resultsOf source fit |> List.filter (fun (what, _) -> features = 3 || what <> "responsibilities")

                  for start in
                      [ Start.KPlusPlus
                        Start.Points
                        Start.FarthestFirst
                        Start.Random
                        Start.RandomResponsibilities
                        Start.Responsibilities responsibilities ] do
                      let options =
                          { plain 3 Full with
                              Start = start
                              MaxIterations = 2 }

                      let isAlike what = toItsDigits Full features what
                      both true rows |> fitsAlike isAlike (Gmm.fit options) results)
          testCase
              "the kernels of every width have the same bits of float32, and those of float64 unless they calculate in float32"
              (fun () ->
                  for features in [ 1; 2; 3; 4; 7; 8; 9; 16; 17; 33; 64; 75 ] do
                      let float32s, float64s = both true (drawn Full features)

                      for structure in Generators.independent do
                          let mixture = (drawMixture structure 5 features 1e2 (Random 4)).Mixture
                          let isAlike what = toItsDigits structure features what

                          for assignment in [ Soft; Hard ] do
                              let expect source width =
                                  statisticsOn (Kernel.backendOf width) Gaussian.family assignment mixture source

                              let narrow = widths |> List.map (expect float32s)
                              let wide = expect float64s widths.Head

                              for statistics in narrow do
                                  toTheBit "widths" (Statistics.pack narrow.Head) (Statistics.pack statistics)
                                  isAlike "counts" wide.Counts statistics.Counts
                                  isAlike "log-likelihood" [| wide.LogLikelihood |] [| statistics.LogLikelihood |]
                                  Array.iter2 (isAlike "sums") wide.Sums statistics.Sums

                          let logJoint source width =
                              source |> Source.collect oneThread (Kernel.logJointBy width Gaussian.family mixture)

                          for width in widths do
                              isAlike "log-densities" (logJoint float64s width) (logJoint float32s width))
          testCase "float32 far from 0, and at other scales, has the moments of float64" (fun () ->
              let features = 9
              let scale j = [| 1.0; 1e-4; 1e4 |][j % 3]
              let offset j = [| 1e4; -50.0; 3e7 |][j % 3]
              let place (row: float[]) = row |> Array.mapi (fun j x -> scale j * x + offset j)
              let mixture = drawMixture Full 3 features 1e2 (Random 3)
              let float32s, float64s = drawRows 9_000 mixture (Random 4) |> Array.map place |> both true

              let start =
                  let ofMixture = mixture.Mixture.Parameters.Means.toArray2D ()
                  let means = array2D [ for k in 0..2 -> place ofMixture[k, *] ]
                  let variances = Array2D.init features features (fun i j -> if i = j then scale j * scale j else 0.0)
                  Gaussian.create Full means (Tensor.matrix variances) |> ok |> Mixture.uniform 3

              Assert.True((bits (packed start float32s) <> bits (packed start float64s)), "in float64")
              let moved source = (EM.step model source start |> ok).Parameters
              let narrow, wide = moved float32s, moved float64s

              for k in 0..2 do
                  let covariance = Gaussian.covariance wide k

                  for i in 0 .. features - 1 do
                      let deviation = sqrt covariance[i, i]
                      Assert.Equal(wide.Means.toArray2D().[k, i], narrow.Means.toArray2D().[k, i], 1e-5 * deviation)

                      for j in 0 .. features - 1 do
                          let bound = 1e-5 * deviation * sqrt covariance[j, j]
                          Assert.Equal(covariance[i, j], (Gaussian.covariance narrow k)[i, j], bound))
          // Where six digits or the range of float32 are not enough, the kernels calculate in float64.
          testCase "float32 that float32 is not enough for has the bits of float64" (fun () ->
              let random = Random 9
              let draw factor _ = Array.init 9 (fun _ -> factor * normal random)

              /// Features of which one nearly is the others' sum.
              let dependent _ =
                  let row = draw 1.0 ()
                  row[8] <- Array.sum row[0..2] + 1e-4 * row[8]
                  row

              for rows, isDependent in
                  [ Array.init 5000 (draw 1e-12), false
                    Array.init 5000 (draw 1e20), false
                    Array.init 5000 dependent, true ] do
                  let float32s, float64s = both false rows
                  let statistics mixture source = EM.eStep model source mixture |> Statistics.pack
                  // Its covariances have nothing to do with the rows.
                  let start =
                      Gaussian.create Full (Source.rows [| 0L; 1L |] float64s) (Tensor.scalar 1.0)
                      |> ok
                      |> Mixture.uniform 2

                  let next = EM.step model float64s start |> ok
                  toTheBit "of rows" (statistics next float64s) (statistics next float32s)

                  if not isDependent then
                      toTheBit "of I" (statistics start float64s) (statistics start float32s))
          // Were their variances those of float32's sums, the steps would wander about the maximum, by far more than the tolerance.
          testCase
              "a fit of float32 whose features nearly depend on one another comes to rest where that of float64 does"
              (fun () ->
                  let random = Random 3

                  for noise in [ 1e-2; 1e-3; 1e-4 ] do
                      let row n =
                          let centre = if n % 2 = 0 then 6.0 else -6.0
                          let row = Array.init 9 (fun j -> centre * float (1 + j % 2) + normal random)
                          row[3] <- row[0] + noise * normal random
                          row

                      let options =
                          { plain 2 Full with
                              Start = Start.KMeans
                              Family.RegCovar = Floor 1e-8
                              Tolerance = 1e-6
                              MaxIterations = 100 }

                      let float32s, float64s = both false (Array.init 20_000 row)
                      let narrow, wide = Gmm.fit options float32s |> ok, Gmm.fit options float64s |> ok
                      Assert.Equal(wide.Objective, narrow.Objective, 1e-7)

                      Assert.True(
                          narrow.Iterations <= wide.Iterations + 1,
                          $"{narrow.Iterations} iterations, not {wide.Iterations}"
                      ))
          // Numbers that float32 holds, in it with what a kernel makes of them only if these are small enough.
          testCase "float32 whose distances or weighted squares are out of its range has the bits of float64" (fun () ->
              let rows = apart 5_000 (fun _ x -> x)

              let start variance =
                  let means =
                      array2D [ for place in [ 0.0; 1.0 ] -> List.init 9 (fun j -> if j = 0 then place else 0.0) ]

                  Gaussian.create Full means (Tensor.scalar variance) |> ok |> Mixture.uniform 2

              let alike mixture (float32s, float64s) =
                  let statistics source = EM.eStep model source mixture |> Statistics.pack
                  let expected = statistics float64s
                  Assert.All(expected, fun number -> Assert.True(Double.IsFinite number))
                  toTheBit "statistics" expected (statistics float32s)

              for far, variance in [ 1e17, 1.0; 1e15, 1e-10; 1e14, 1e-12 ] do
                  rows
                  |> Array.map (Array.map (fun number -> far * (2.0 + tanh number)))
                  |> both false
                  |> alike (start variance)

              for weight in [ 1e100; 1e40; 1e-41; 1e-100 ] do
                  let float32s, float64s = both false rows
                  let weighted source = Source.weighted (Array.create rows.Length weight) source |> ok
                  alike (start 1.0) (weighted float32s, weighted float64s)

              both false (Array.create 100 [| 0.0; 0.0 |])
              |> alike (
                  Gaussian.create TiedFull (array2D [ [ 0.0; 0.0 ]; [ 1.0; 0.0 ] ]) (Tensor.scalar 1.0)
                  |> ok
                  |> Mixture.uniform 2
              ))
          // What is left for the next covariance is the small difference of large numbers.
          testCase "components of float32 may move far in one step" (fun () ->
              let random = Random 9

              let clusters =
                  Array.init 6000 (fun n ->
                      Array.init 9 (fun j -> normal random + if j = 0 || j = 2 then 1e5 * float (n % 3) else 0.0))

              let float32s, float64s = both false clusters

              let means =
                  Array2D.init 3 9 (fun k j ->
                      if j = 0 || j = 2 then 1e5 * float k
                      elif j = 1 then 3e2
                      else 0.0)

              // From the means, a component later collapses.
              let starts =
                  [ for seed in 1..12 do
                        Start.KPlusPlus, seed, 200
                        Start.Points, seed, 200
                    Start.Means means, 1, 5 ]

              for start, seed, iterations in starts do
                  let objective source =
                      let options =
                          { plain 3 Full with
                              Start = start
                              Seed = seed
                              Tolerance = 1e-8
                              MaxIterations = iterations }

                      (Gmm.fit options source |> ok).Trace |> Array.last

                  relativelyNear 1e-5 "objective" [| objective float64s |] [| objective float32s |])
          // A block out of float32's range among others: both kernels work on one run.
          testCase "one row that float32 is not enough for leaves the others as they are" (fun () ->
              let rows = apart 9_000 (fun _ x -> x)
              rows[4_000] <- Array.init 9 (fun j -> if j = 4 then -3e30 else 1e19)
              rows |> both true |> inFloat32 (startAt Full (fun _ x -> x) 1.0))
          // Component 0 has the rows at the edge. The second block's weights are so large that the kernel takes these
          // rows for too few to check their sums.
          testTheory
              "float32 at the edge of its range has finite moments"
              [ "full", 8; "full", 64; "full", 75; "diag", 9; "tied_diag", 9; "spherical", 9; "tied_spherical", 9 ]
              (fun (structure: string, features) ->
                  let structure, random, rows = Structure.parse structure |> ok, Random 9, 8400

                  /// Component 0 has its mean at the edge, and a million standard deviations more than component 1, unless
                  /// their covariances are tied.
                  let mixture edge =
                      let means = array2D [ Array.create features edge; Array.zeroCreate features ]
                      let isTied = (Structure.layout structure).IsTied
                      pairOf structure means (fun k _ -> if k = 0 && not isTied then 1e12 else 1.0)

                  let largest = SinglePrecision.reach (Gaussian.family.Form (mixture 0.0).Parameters).Value
                  let mixture = mixture largest

                  let row n =
                      if n % 23 = 0 then Array.init features (fun _ -> normal random)
                      elif n % 4 = 0 then Array.create features largest
                      else Array.create features -largest

                  let numbers = Array.init rows row |> Array.concat |> Array.map float32

                  let blocks numbers =
                      [ { FirstRow = 0L
                          Rows = rows
                          Columns = features
                          Numbers = numbers
                          Weights = Some(ReadOnlyMemory(Array.create rows 1048576.0)) }
                        { FirstRow = int64 rows
                          Rows = 1
                          Columns = features
                          Numbers = Numbers.Float64(ReadOnlyMemory(Array.zeroCreate features))
                          Weights = Some(ReadOnlyMemory [| 1e18 |]) } ]

                  let statistics numbers = blocks numbers |> Kernel.statistics Gaussian.family Soft mixture
                  let narrow = statistics (Numbers.Float32(ReadOnlyMemory numbers))
                  let wide = statistics (Numbers.Float64(ReadOnlyMemory(Array.map float numbers)))
                  Array.iter2 (toFiveDigits "sums") wide.Sums narrow.Sums)
          testCase "threads and widths change no bit of float32" (fun () ->
              for structure in Full :: uncorrelated do
                  for features in [ 9; 17 ] do
                      let float32s, _ = both true (drawn structure features)

                      (drawMixture structure 5 features 1e2 (Random 4)).Mixture
                      |> sameBits [ 1; 2; 3; 8 ] Gaussian.family float32s)
          testCase "k-means of float32 is that of the same numbers as float64" (fun () ->
              for features in [ 1; 2; 17 ] do
                  for start in [ Start.KPlusPlus; Start.Points ] do
                      let fit =
                          KMeans.fit
                              { KMeans.defaults with
                                  Components = 5
                                  Start = start
                                  Restarts = 2
                                  Execution = oneThread }

                      let results source (found: KMeansFit) =
                          [ "centres", flat found.Centres
                            "inertia", [| found.Inertia; KMeans.inertia found source |> ok |]
                            "distances", KMeans.transform found source |> ok |> flat
                            "labels", KMeans.predict found source |> ok |> Array.map float ]

                      both (features = 2) (drawn Full features) |> fitsAlike toTheBit fit results)
          testCase "fits of other families and of products take float32" (fun () ->
              let random = Random 5

              let rows (number: unit -> float) = Array.init 6001 (fun _ -> Array.init 3 (fun _ -> number ()))

              let kinds =
                  [ Bernoulli.family, fun () -> float (random.Next 2)
                    Binomial.family 7, fun () -> float (random.Next 8)
                    Categorical.family 4, fun () -> float (random.Next 4)
                    Poisson.family, fun () -> float (random.Next 12)
                    Exponential.family, fun () -> 0.001 - log (1.0 - random.NextDouble())
                    Geometric.family, fun () -> float (random.Next 12)
                    Gamma.family, fun () -> 0.001 - log (1.0 - random.NextDouble())
                    LogNormal.family, fun () -> exp (normal random)
                    Beta.family, fun () -> 0.001 + 0.998 * random.NextDouble() ]

              for family, number in kinds do
                  both true (rows number) |> fitsAlike toTheBit (Gmm.fit (options 2 family)) resultsOf

              let parts =
                  [ Part.create [| 2; 0 |] GaussianKind.defaults
                    Part.create [| 1 |] Poisson.family
                    Part.create [| 3 |] Exponential.family ]

              let row _ =
                  [| normal random; float (random.Next 5); normal random; 0.001 - log (1.0 - random.NextDouble()) |]

              both false (Array.init 6001 row)
              |> fitsAlike toFiveDigits (Gmm.fit (options 2 (ProductKind.ofParts parts))) resultsOf)
          testCase "metrics and conditionals take float32" (fun () ->
              let float32s, float64s = both true (drawn Full 3)
              let labels = Array.init (int float32s.Rows) (fun n -> n % 3)

              for name, metric in
                  [ "silhouette", Metrics.silhouette; "Davies–Bouldin", Metrics.daviesBouldin; "Dunn", Metrics.dunn ] do
                  let value source = [| metric Execution.Default labels source |> ok |]
                  toTheBit name (value float64s) (value float32s)

              let conditional =
                  (drawMixture Full 3 4 1e2 (Random 6)).Mixture |> Conditional.create [| 1 |] [| 0; 2; 3 |] |> ok

              let means source = (Conditional.predict oneThread conditional source |> ok).Means |> flat
              toTheBit "regression" (means float64s) (means float32s)) ]

// ── Without correlations ────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``without correlations`` =
    testList
        "SinglePrecision: without correlations"
        [ testCase "float32 far from 0, and at other scales, has the moments of float64" (fun () ->
              for structure in uncorrelated do
                  let isScaled = (Structure.layout structure).Shape = Shape.Diag
                  let scale j = if isScaled then [| 1.0; 1e-4; 1e4 |][j % 3] else 1.0
                  let offset j = if isScaled then [| 1e4; -50.0; 3e7 |][j % 3] else 1e4
                  let place j x = scale j * x + offset j

                  let start =
                      let means = array2D [ for centre in [ 0.5; 7.5 ] -> List.init 9 (fun j -> place j centre) ]
                      pairOf structure means (fun _ j -> 1.5 * scale j * scale j)

                  let float32s, float64s = apart 9_000 place |> both true
                  Assert.True((bits (packed start float32s) <> bits (packed start float64s)), "in float64")
                  let moved source = (EM.step model source start |> ok).Parameters
                  let narrow, wide = moved float32s, moved float64s

                  for k in 0..1 do
                      let expected, actual = Gaussian.covariance wide k, Gaussian.covariance narrow k

                      for j in 0..8 do
                          Assert.Equal(wide.Means.toArray2D().[k, j], narrow.Means.toArray2D().[k, j], 1e-6 * scale j)
                          Assert.Equal(expected[j, j], actual[j, j], 1e-6 * expected[j, j]))
          testCase "responsibilities err by a few roundings, from 1 to the smallest that isn't 0" (fun () ->
              // A row at the first mean, at an exact distance from the second. The log-densities are float64 numbers.
              let row = Array2D.zeroCreate 1 8

              for source, digits, smallest in
                  [ Source.ofFloat32Array2D (Array2D.map float32 row) |> ok, 24, Math.ScaleB(1.0, -110)
                    Source.ofArray2D row |> ok, 53, Math.Exp -708.2 ] do
                  for i in 0..320 do
                      let second = Array.init 8 (fun j -> if j = 0 then float i / 8.0 else 0.0)
                      let mixture = pairOf Diag (array2D [ Array.zeroCreate 8; second ]) (fun _ _ -> 1.0)
                      let counts = (EM.eStep model source mixture).Counts
                      let ratio = Math.Exp(-float(i * i) / 128.0)
                      let expected = ratio / (1.0 + ratio)

                      let roundings =
                          4.0 * Math.ScaleB(1.0, -digits) + 2.0 * (8.0 + float (i * i) / 128.0) * Math.ScaleB(1.0, -53)

                      let bound = if expected < smallest then 0.0 else expected * roundings
                      Assert.Equal((if expected < smallest then 0.0 else expected), counts[1], bound)
                      Assert.Equal(1.0 / (1.0 + ratio), counts[0], Math.ScaleB(1.0, 1 - digits)))
          // Their errors count twice in the squares.
          testCase "square roots of responsibilities err by a few roundings, too" (fun () ->
              // Rows about the first mean, at exact distances from both, in two groups with the same responsibilities. A sum
              // has eleven additions in float64, and fewer in float32.
              let random = Random 9
              let sign n = if n % 2 = 0 then -1.0 else 1.0

              let rows =
                  Array.init 64 (fun n -> Array.init 8 (fun j -> if j = 0 then sign n / 8.0 else sign (random.Next 2)))

              let mutable differ = 0

              for i in 0..320 do
                  let mean = float i / 8.0
                  let second = Array.init 8 (fun j -> if j = 0 then mean else 0.0)
                  let mixture = pairOf Full (array2D [ Array.zeroCreate 8; second ]) (fun _ _ -> 1.0)
                  let ofSource source = (EM.eStep model source mixture).Counts

                  let ofFloat32, ofFloat64 =
                      ofSource (rows |> Array.map (Array.map float32) |> Source.ofFloat32Rows |> ok),
                      ofSource (sourceOf rows)

                  if ofFloat32 <> ofFloat64 then
                      differ <- differ + 1

                  for counts, digits, smallest in
                      [ ofFloat32, 24, Math.ScaleB(1.0, -110); ofFloat64, 53, Math.Exp -708.2 ] do
                      let ratios = [ for x in [ -0.125; 0.125 ] -> Math.Exp(x * mean - mean * mean / 2.0) ]

                      let expected =
                          ratios
                          |> List.map (fun ratio -> ratio / (1.0 + ratio))
                          |> List.sumBy (fun share -> if share < smallest then 0.0 else 32.0 * share)

                      let roundings =
                          18.0 * Math.ScaleB(1.0, -digits) + 2.0 * (16.0 + mean * mean) * Math.ScaleB(1.0, -53)

                      Assert.Equal(expected, counts[1], expected * roundings)
                      let first = ratios |> List.sumBy (fun ratio -> 32.0 / (1.0 + ratio))
                      Assert.Equal(first, counts[0], first * 14.0 * Math.ScaleB(1.0, -digits))

              // float32 was used.
              Assert.True(differ > 100))
          testCase "float32 of numbers, scales and weights out of its range has the bits of float64" (fun () ->
              for structure in uncorrelated do
                  for factor, variance in
                      [ 1e-12, 1e-24; 1e-12, 1.0; 1e20, 1e40; 1e17, 1.0; 1.0, 1e-13; 1.0, 1e13; 1e13, 1e-6 ] do
                      let place _ x = factor * x
                      apart 5_000 place |> both false |> inFloat64 (startAt structure place variance)

                  let float32s, float64s = apart 5_000 (fun _ x -> x) |> both false

                  for weight in [ 1e100; 1e40; 1e-41; 1e-100 ] do
                      let weighted source = Source.weighted (Array.create 5_000 weight) source |> ok
                      (weighted float32s, weighted float64s) |> inFloat64 (startAt structure (fun _ x -> x) 1.0)

                  for weight in [ 1e6; 1e-12 ] do
                      let weighted source = Source.weighted (Array.create 5_000 weight) source |> ok
                      (weighted float32s, weighted float64s) |> inFloat32 (startAt structure (fun _ x -> x) 1.0))
          // What is left for the next variance is the small difference of large numbers.
          testCase "float32 has the bits of float64 where a mean is thousands of deviations from its rows" (fun () ->
              let float32s, float64s = apart 5_000 (fun _ x -> x) |> both false

              for structure in uncorrelated do
                  let isOneEnough = (Structure.layout structure).Shape = Shape.Diag
                  let far j x = if j = 4 || not isOneEnough then x + 1e4 else x
                  (float32s, float64s) |> inFloat64 (startAt structure far 1.0)
                  let near j x = if j = 4 || not isOneEnough then x + 1e2 else x
                  (float32s, float64s) |> inFloat32 (startAt structure near 1.0))
          testCase "and also where they are few" (fun () ->
              for structure, few in [ Full, 20; Diag, 5; Spherical, 5 ] do
                  let rows = apart 5_000 (fun _ x -> x) |> Array.filter (fun row -> Array.average row < 4.0)

                  for n in 1..few do
                      rows[n] <- rows[n] |> Array.map ((+) 1.0e4)

                  let means = array2D [ List.replicate 9 0.0; List.replicate 9 0.9e4 ]
                  let start = Gaussian.create structure means (Tensor.scalar 1.0) |> ok |> Mixture.uniform 2
                  rows |> both false |> inFloat64 start)
          testCase "and also where float32 is not enough for other rows of the same components" (fun () ->
              for structure in uncorrelated do
                  // The last rows, which float32 is not enough for, leave large squares in the sums of all.
                  let rows = apart 1_820 (fun _ x -> x)

                  for n in 910..1_819 do
                      rows[n][8] <- 1e14 * (rows[n][8] - 4.0)

                  let far j x = if j < 8 then x + 1e4 else x
                  rows |> both false |> inFloat64 (startAt structure far 1.0))
          // Their variances are rounding, in float64 too.
          testCase "features that are constant don't keep the others from float32" (fun () ->
              for structure in [ Diag; TiedDiag ] do
                  for constant in [ 0.0; 255.0; 0.1 ] do
                      let place j x = if j % 2 = 0 then float (float32 constant) else x
                      let float32s, float64s = apart 5_000 place |> both true
                      (float32s, float64s) |> inFloat32 (startAt structure place 1.0)

                      let options =
                          { plain 2 structure with
                              Family.RegCovar = Absolute 1e-6
                              MaxIterations = 5 }

                      let fit source = (Gmm.fit options source |> ok).Mixture |> parameters
                      toFiveDigits "parameters" (fit float64s) (fit float32s))
          testCase "one row that float32 is not enough for leaves the others as they are" (fun () ->
              for structure in uncorrelated do
                  let rows = apart 9_000 (fun _ x -> x)
                  rows[4_000] <- Array.init 9 (fun j -> if j = 4 then -3e30 else 1e19)
                  rows |> both true |> inFloat32 (startAt structure (fun _ x -> x) 1.0))
          testCase "components of float32 may be empty, of few rows, or one beside noise" (fun () ->
              for structure in Full :: uncorrelated do
                  let sources = apart 9_000 (fun _ x -> x) |> both false

                  let three last =
                      let means = array2D [ for centre in [ 0.5; 7.5; last ] -> List.replicate 9 centre ]
                      Gaussian.create structure means (Tensor.scalar 1.0) |> ok |> Mixture.uniform 3

                  for last in [ 1e3; 11.0; 4.0 ] do
                      sources |> inFloat32 (three last)

                  let edge value = Array.create 9 value

                  let noise =
                      { LogDensity = -20.0
                        IsMeasured = false
                        Low = edge -5.0
                        High = edge 13.0
                        IsWhole = Array.create 9 false }

                  let start = startAt structure (fun _ x -> x) 1.0

                  let mixture =
                      { LogWeights = Tensor.vector (Array.create 3 (log (1.0 / 3.0)))
                        Parameters = start.Parameters }

                  let statistics source = EM.eStep (Model.ofFamily (Noise.wrap noise Gaussian.family)) source mixture

                  let narrow, wide = statistics (fst sources), statistics (snd sources)
                  Assert.NotEqual<int64[]>(bits (Statistics.pack wide), bits (Statistics.pack narrow))
                  toFiveDigits "counts" wide.Counts narrow.Counts
                  Array.iter2 (toFiveDigits "sums") wide.Sums narrow.Sums)
          // The rounding of a factor is common to all rows. With many features it would move the objective by more than the
          // tolerance from one iteration to the next.
          testCase "log-likelihoods of float32 err less than the rows' log-densities" (fun () ->
              for structure, features in
                  (Full, 40)
                  :: [ for structure in uncorrelated do
                           (structure, 200) ] do
                  let random = Random 3

                  let float32s, float64s =
                      Array.init 5_000 (fun _ -> Array.init features (fun _ -> normal random)) |> both false

                  for variance in [ 0.9; 1.0; 1.1; 1.3 ] do
                      let start =
                          Gaussian.create structure (Array2D.zeroCreate 1 features) (Tensor.scalar variance)
                          |> ok
                          |> Mixture.uniform 1

                      let likelihood source = (EM.eStep (Model.ofFamily Gaussian.family) source start).LogLikelihood
                      let wide, narrow = likelihood float64s, likelihood float32s
                      Assert.NotEqual(wide, narrow)
                      Assert.Equal(wide, narrow, 2e-9 * abs wide))
          testCase "a fit of float32 comes to rest where that of float64 does" (fun () ->
              for structure in uncorrelated do
                  let options =
                      { plain 2 structure with
                          Start = Start.KMeans
                          Tolerance = 1e-6
                          MaxIterations = 100 }

                  let float32s, float64s = apart 20_000 (fun j x -> x * float (1 + j % 2)) |> both false
                  let narrow, wide = Gmm.fit options float32s |> ok, Gmm.fit options float64s |> ok
                  relativelyNear 5e-8 "objective" [| wide.Objective |] [| narrow.Objective |]

                  Assert.True(
                      narrow.Iterations <= wide.Iterations + 1,
                      $"{narrow.Iterations} iterations, not {wide.Iterations}"
                  )) ]

// ── Same blocks ─────────────────────────────────────────────────────────────────────────────────────────────────────

let private isFloat32 (block: Block) =
    match block.Numbers with
    | Numbers.Float32 _ -> true
    | Numbers.Float64 _ -> false

let private memoryOf (block: Block) : ReadOnlyMemory<float32> =
    match block.Numbers with
    | Numbers.Float32 values -> values
    | Numbers.Float64 _ -> failwith "The numbers are float64."

[<Tests>]
let ``same blocks`` =
    testList
        "SinglePrecision: same blocks"
        [ testCase "blocks, slices, columns and rows of float32 are those of float64" (fun () ->
              for features in [ 1; 3; 200 ] do
                  let float32s, float64s = both true (drawn Diag features)

                  Assert.Equal(
                      (float64s.Rows, float64s.Columns, float64s.BlockRows, float64s.Blocks),
                      (float32s.Rows, float32s.Columns, float32s.BlockRows, float32s.Blocks)
                  )

                  let same (expected: Block) (actual: Block) =
                      Assert.True(isFloat32 actual)

                      Assert.Equal(
                          (expected.FirstRow, expected.Rows, expected.Columns),
                          (actual.FirstRow, actual.Rows, actual.Columns)
                      )

                      Assert.Equal<float>(expected.Values.ToArray(), actual.Values.ToArray())

                      for i in 0 .. expected.Rows - 1 do
                          Assert.Equal(expected.Weight i, actual.Weight i)
                          Assert.Equal<float>(expected.Row(i).ToArray(), actual.Row(i).ToArray())

                          for j in 0 .. expected.Columns - 1 do
                              Assert.Equal(expected[i, j], actual[i, j])

                  for index in 0L .. float64s.Blocks - 1L do
                      let expected, actual = float64s.Read index, float32s.Read index
                      same expected actual
                      same (expected.Slice(5, 9)) (actual.Slice(5, 9))
                      let columns = [| features - 1; 0; features / 2 |]
                      same (expected.Select columns) (actual.Select columns)

                  let numbers = [| float64s.Rows - 1L; 0L; 4L |]
                  Assert.Equal<float[,]>(Source.rows numbers float64s, Source.rows numbers float32s)
                  let larger = Source.inBlocksOf 10_000
                  same ((larger float64s).Read 0L) ((larger float32s).Read 0L))
          testCase "float32 in memory are read in place" (fun () ->
              let numbers = Array.init 30_002 float32
              let ofMemory = Source.ofFloat32Memory 3 (ReadOnlyMemory(numbers, 2, 30_000)) |> ok
              let rectangular = Array2D.init 10_000 3 (fun i j -> float32 (3 * i + j))
              let ofArray = Source.ofFloat32Array2D rectangular |> ok
              numbers[4] <- -1.0f
              rectangular[0, 2] <- -1.0f

              for source in [ ofMemory; ofArray ] do
                  Assert.Equal(-1.0, (source.Read 0L)[0, 2])
                  let larger = Source.inBlocksOf 8_000 source
                  Assert.True((memoryOf (larger.Read 0L)).Span.Overlaps((memoryOf (source.Read 0L)).Span))

              // Blocks of either kind in one: as float64, in their order.
              let mixed =
                  { ofMemory with
                      Read =
                          fun index ->
                              let block = ofMemory.Read index

                              if index = 1L then
                                  { block with
                                      Numbers = Numbers.Float64 block.Values }
                              else
                                  block }

              let all source = source |> Source.collect oneThread _.Values.ToArray()
              Assert.Equal<float>(all ofMemory, all (Source.inBlocksOf 8_000 mixed))) ]

// ── Same errors ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``same errors`` =
    testList
        "SinglePrecision: same errors"
        [ testCase "a float32 NaN is an error with row and column" (fun () ->
              for value in [ nanf; infinityf; -infinityf ] do
                  for row, column in [ 0, 0; 4_999, 1; 9_999, 2 ] do
                      let numbers = Array2D.init 10_000 3 (fun i j -> float32 (i + j))
                      numbers[row, column] <- value

                      match Source.ofFloat32Array2D numbers |> ok |> Gmm.fit Gmm.defaults |> error with
                      | MissingCell(row', column', 1L) ->
                          Assert.True(Single.IsNaN value)
                          Assert.Equal((int64 row, column), (row', column'))
                      | InvalidNumber(row', column', value') ->
                          Assert.Equal((int64 row, column, float value), (row', column', value'))
                      | other -> failwith other.Message

              let extreme = [| [| Single.MaxValue |]; [| -Single.MaxValue |]; [| 0.0f |] |]
              Source.ofFloat32Rows extreme |> ok |> Source.validate oneThread |> ok)
          testCase "a float32 number outside a family's domain is an error with row and column" (fun () ->
              let numbers = Array2D.init 10_000 3 (fun i j -> float32 ((i + j) % 4))
              numbers[7_000, 1] <- 2.5f
              let source = Source.ofFloat32Array2D numbers |> ok

              match Gmm.fit (options 2 Poisson.family) source |> error with
              | OutsideDomain(_, _, 7_000L, 1, 2.5) -> ()
              | other -> failwith other.Message)
          testCase "what is wrong with the shape of float32 is said as of float64" (fun () ->
              let same expected actual = Assert.Equal((error expected).Message, (error actual).Message)
              same (Source.ofMemory 0 ReadOnlyMemory.Empty) (Source.ofFloat32Memory 0 ReadOnlyMemory.Empty)

              same
                  (Source.ofMemory 3 (ReadOnlyMemory [| 1.0; 2.0 |]))
                  (Source.ofFloat32Memory 3 (ReadOnlyMemory [| 1f; 2f |]))

              same (Source.ofArray2D (Array2D.zeroCreate 3 0)) (Source.ofFloat32Array2D (Array2D.zeroCreate 3 0))
              same (Source.ofRows [||]) (Source.ofFloat32Rows [||])
              same (Source.ofRows [| [| 1.0; 2.0 |]; [| 3.0 |] |]) (Source.ofFloat32Rows [| [| 1f; 2f |]; [| 3f |] |])
              same (Source.ofRows [| [| 1.0; 2.0 |]; null |]) (Source.ofFloat32Rows [| [| 1f; 2f |]; null |])) ]
