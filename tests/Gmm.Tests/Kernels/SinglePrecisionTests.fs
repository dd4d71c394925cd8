/// Data held as float32 are the same rows as their float64 copies: same blocks, same errors, in half the room, and the same
/// results: to the last bit, but for full covariances, whose kernels calculate in float32.
module Gmm.Tests.SinglePrecisionTests

open System
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.KernelTests
open Gmm.Tests.Support

/// Fails unless a result of float32 data is that of the same numbers as float64 to the last bit.
let private toTheBit what (expected: float[]) (actual: float[]) = relativelyNear 0.0 what expected actual

/// Fails unless it is to 1e-5 of the largest number of the result: the kernels of full covariances calculate in float32.
let private toFiveDigits what (expected: float[]) (actual: float[]) =
    let largest = expected |> Seq.filter Double.IsFinite |> Seq.map abs |> Seq.fold max 0.0
    Assert.True(allWithin 1e-5 largest expected actual, $"{what}: {expected} and {actual}")

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

                  let isAlike = if structure = Full then toFiveDigits else toTheBit
                  sources |> fitsAlike isAlike (Gmm.fit options) results)
          testCase "every start from float32 is that from the same numbers as float64" (fun () ->
              let rows = drawn Full 3
              let responsibilities = Array2D.init rows.Length 3 (fun n k -> if n % 3 = k then 0.5 else 0.25)

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

                  both true rows |> fitsAlike toFiveDigits (Gmm.fit options) resultsOf)
          testCase
              "the kernels of every width have the same bits of float32, and those of float64 but for full covariances"
              (fun () ->
                  for features in [ 1; 2; 3; 4; 7; 8; 9; 16; 17; 33; 64; 75 ] do
                      let float32s, float64s = both true (drawn Full features)

                      for structure in Generators.independent do
                          let mixture = (drawMixture structure 5 features 1e2 (Random 4)).Mixture
                          let isAlike = if structure = Full then toFiveDigits else toTheBit

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
              let scale = [| 1.0; 1e-4; 1e4 |]
              let offset = [| 1e4; -50.0; 3e7 |]
              let place (row: float[]) = Array.init 3 (fun j -> scale[j] * row[j] + offset[j])
              let mixture = drawMixture Full 3 3 1e2 (Random 3)
              let float32s, float64s = drawRows 9_000 mixture (Random 4) |> Array.map place |> both true

              let start =
                  let means =
                      array2D
                          [ for mean in 0..2 ->
                                Array.init 3 (fun j -> mixture.Mixture.Parameters.Means.toArray2D().[mean, j]) |> place ]

                  let variances =
                      array2D [ for i in 0..2 -> Array.init 3 (fun j -> if i = j then scale[j] * scale[j] else 0.0) ]

                  Gaussian.create Full means (Tensor.matrix variances) |> ok |> Mixture.uniform 3

              let model = Model.ofFamily Gaussian.family
              let moved source = (EM.step model source start |> ok).Parameters
              let narrow, wide = moved float32s, moved float64s

              for k in 0..2 do
                  let covariance = Gaussian.covariance wide k

                  for i in 0..2 do
                      let deviation = sqrt covariance[i, i]
                      Assert.Equal(wide.Means.toArray2D().[k, i], narrow.Means.toArray2D().[k, i], 1e-5 * deviation)

                      for j in 0..2 do
                          let bound = 1e-5 * deviation * sqrt covariance[j, j]
                          Assert.Equal(covariance[i, j], (Gaussian.covariance narrow k)[i, j], bound))
          // Where six digits or the range of float32 are not enough, the kernels calculate in float64.
          testCase "float32 that float32 is not enough for has the bits of float64" (fun () ->
              let random = Random 9
              let draw factor _ = Array.init 4 (fun _ -> factor * normal random)

              /// Features of which one nearly is the others' sum.
              let dependent _ =
                  let row = draw 1.0 ()
                  [| row[0]; row[1]; row[2]; row[0] + row[1] + row[2] + 1e-4 * row[3] |]

              let model = Model.ofFamily Gaussian.family

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
                          let row = Array.init 4 (fun j -> centre * float (1 + j % 2) + normal random)
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
              let model = Model.ofFamily Gaussian.family
              let rows = drawn Full 2 |> Array.truncate 5000

              let start variance =
                  let means = array2D [ [ 0.0; 0.0 ]; [ 1.0; 0.0 ] ]
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

              // No form but that of full covariances is one of float32, whatever the numbers.
              both false (Array.create 100 [| 0.0; 0.0 |])
              |> alike (
                  Gaussian.create Diag (array2D [ [ 0.0; 0.0 ]; [ 1.0; 0.0 ] ]) (Tensor.scalar 1.0)
                  |> ok
                  |> Mixture.uniform 2
              ))
          // What is left for the next covariance is the small difference of large numbers.
          testCase "components of float32 may move far in one step" (fun () ->
              let random = Random 9

              let clusters =
                  Array.init 6000 (fun n ->
                      Array.init 3 (fun j -> normal random + if j = 1 then 0.0 else 1e5 * float (n % 3)))

              let float32s, float64s = both false clusters
              let apart = array2D [ for k in 0..2 -> [ 1e5 * float k; 1e3; 1e5 * float k ] ]

              let starts =
                  [ for seed in 1..4 do
                        Start.KPlusPlus, seed
                        Start.Points, seed
                    Start.Means apart, 1 ]

              for start, seed in starts do
                  let objective source =
                      let options =
                          { plain 3 Full with
                              Start = start
                              Seed = seed
                              Tolerance = 1e-8
                              MaxIterations = 200 }

                      (Gmm.fit options source |> ok).Trace |> Array.last

                  relativelyNear 1e-5 "objective" [| objective float64s |] [| objective float32s |])
          // A block out of float32's range among others: both kernels work on one run.
          testCase "one row that float32 is not enough for leaves the others as they are" (fun () ->
              let rows = drawn Full 3
              rows[4_000] <- [| 1e19; -3e30; 2.0 |]
              let float32s, float64s = both true rows
              let mixture = (drawMixture Full 5 3 1e2 (Random 4)).Mixture
              let statistics source = EM.eStep (Model.ofFamily Gaussian.family) source mixture
              let narrow, wide = statistics float32s, statistics float64s
              toFiveDigits "counts" wide.Counts narrow.Counts
              toFiveDigits "log-likelihood" [| wide.LogLikelihood |] [| narrow.LogLikelihood |]
              Array.iter2 (toFiveDigits "sums") wide.Sums narrow.Sums)
          // Component 0 has the rows at the edge. The second block's weights are so large that the kernel takes these
          // rows for too few to check their sums.
          testTheory "float32 at the edge of its range has finite moments" [ 3; 64; 75 ] (fun (features: int) ->
              let random = Random 9

              /// Component 0 has its mean at the edge, and is a million standard deviations wide.
              let mixture edge =
                  let means = array2D [ Array.create features edge; Array.zeroCreate features ]
                  let variance k = if k = 0 then 1e12 else 1.0

                  let covariances =
                      [| for k in 0..1 do
                             for i in 0 .. features - 1 do
                                 for j in 0 .. features - 1 -> if i = j then variance k else 0.0 |]

                  Gaussian.create Full means (Tensor.create [| 2; features; features |] covariances)
                  |> ok
                  |> Mixture.uniform 2

              let largest = SinglePrecision.reach (Gaussian.family.Form (mixture 0.0).Parameters).Value
              let mixture = mixture largest

              let row n =
                  if n % 23 = 0 then Array.init features (fun _ -> normal random)
                  elif n % 4 = 0 then Array.create features largest
                  else Array.create features -largest

              let rows = Array.init 2300 row |> Array.concat |> Array.map float32

              let blocks numbers =
                  [ { FirstRow = 0L
                      Rows = 2300
                      Columns = features
                      Numbers = numbers
                      Weights = Some(ReadOnlyMemory(Array.create 2300 1048576.0)) }
                    { FirstRow = 2300L
                      Rows = 1
                      Columns = features
                      Numbers = Numbers.Float64(ReadOnlyMemory(Array.zeroCreate features))
                      Weights = Some(ReadOnlyMemory [| 1e18 |]) } ]

              let statistics numbers = blocks numbers |> Kernel.statistics Gaussian.family Soft mixture
              let narrow = statistics (Numbers.Float32(ReadOnlyMemory rows))
              let wide = statistics (Numbers.Float64(ReadOnlyMemory(Array.map float rows)))
              Array.iter2 (toFiveDigits "sums") wide.Sums narrow.Sums)
          testTheory "threads change no bit of float32" [ 1; 2; 3; 8 ] (fun (threads: int) ->
              let float32s, _ = both true (drawn Full 17)
              let mixture = (drawMixture Full 5 17 1e2 (Random 4)).Mixture

              let statistics threads =
                  let model =
                      { Model.ofFamily Gaussian.family with
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }

                  EM.eStep model float32s mixture |> Statistics.pack

              toTheBit "statistics" (statistics 1) (statistics threads))
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
