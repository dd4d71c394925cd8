/// The engine of libtorch against the Reference engine: operations, E-steps, whole fits, memory and errors.
module Gmm.Tests.TorchTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support
open Xunit

// ── The engine ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends a test that this machine can't run; where the tests of libtorch are required, as in CI, it fails.
let private skip (reason: string) =
    if Environment.GetEnvironmentVariable "GMM_TORCH_TESTS" = "required" then
        failwith reason
    else
        Assert.Skip reason
        failwith reason

let private engineOf dtype =
    match Torch.engine Device.TorchCpu dtype with
    | Ok engine -> engine
    | Error error -> skip error.Message

let private dtypes = [ Dtype.Float64; Dtype.Float32 ]

/// How far numbers may be from the Reference's, relative to the largest of their array: sums in other orders, and 24 bits.
let private toleranceOf dtype = if dtype = Dtype.Float64 then 1e-10 else 1e-4

let private dtypeOf (name: string) = dtypes |> List.find (fun dtype -> string dtype = name)

/// Fails unless every number is near the expected one, relative to the largest magnitude of all.
let private near tolerance what (expected: float[]) (actual: float[]) =
    Assert.True((expected.Length = actual.Length), $"{what}: {actual.Length} numbers instead of {expected.Length}")
    let scale = expected |> Seq.filter Double.IsFinite |> Seq.map abs |> Seq.append [ 0.0 ] |> Seq.max

    for i in 0 .. expected.Length - 1 do
        if not (expected[i] = actual[i] || abs (actual[i] - expected[i]) <= tolerance * scale) then
            Assert.Fail $"{what}[{i}]: expected {expected[i]:R}, but is {actual[i]:R}"

// ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// A shape of 1 to 3 dimensions, and numbers of moderate size that both types hold.
let private drawn (random: Random) shape =
    shape, Array.init (Array.fold (*) 1 shape) (fun _ -> Math.Round(8.0 * normal random) / 8.0)

let private operations: (string * (Tensor -> Tensor -> Tensor)) list =
    [ "add", (fun a b -> a.add b)
      "sub", (fun a b -> a.sub b)
      "mul", (fun a b -> a.mul b)
      "div", (fun a b -> a.div (b.mul(b).addScalar 1.0))
      "eq", (fun a b -> a.eq b)
      "lt", (fun a b -> a.lt b)
      "addScalar", (fun a _ -> a.addScalar 1.5)
      "mulScalar", (fun a _ -> a.mulScalar -2.5)
      "exp", (fun a _ -> a.exp ())
      "log", (fun a _ -> (a.mul a).log())
      "clamp", (fun a _ -> a.clamp 0.25)
      "sum of the first", (fun a _ -> a.sum 0)
      "sum of the last", (fun a _ -> a.sum (a.shape.Length - 1))
      "max of the first", (fun a _ -> a.max 0)
      "max of the last", (fun a _ -> a.max (a.shape.Length - 1))
      "argmax of the first", (fun a _ -> a.argmax 0)
      "argmax of the last", (fun a _ -> a.argmax (a.shape.Length - 1))
      "transpose", (fun a _ -> a.transpose (0, a.shape.Length - 1))
      "view of a transpose", (fun a b -> (a.transpose (0, a.shape.Length - 1)).view(a.shape).sub(b.view b.shape))
      "unsqueeze and expand", (fun a _ -> (a.unsqueeze 1).expand(Array.insertAt 1 3 a.shape))
      "expand in front", (fun a _ -> a.expand (Array.append [| 2 |] a.shape))
      "operators", (fun a b -> (a + b.sum 0) * (a.unsqueeze 0 - b.unsqueeze 0) - 2.0 * (1.0 - a))
      "like", (fun a _ -> a + a.like (a.shape, Array.init (Array.fold (*) 1 a.shape) float))
      "matmul",
      (fun a b ->
          if a.shape.Length = 1 then
              (a.view [| a.shape[0]; 1 |]).matmul(b.view [| 1; b.shape[0] |])
          else
              a.matmul (b.transpose (b.shape.Length - 2, b.shape.Length - 1))) ]

let operationNames =
    TheoryData<string, string>(
        Seq.allPairs (List.map fst operations) (List.map string dtypes)
        |> Seq.map (fun (name, dtype) -> struct (name, dtype))
    )

let private shapes = [ [| 1 |]; [| 7 |]; [| 1; 1 |]; [| 2; 3 |]; [| 17; 5 |]; [| 1; 4; 1 |]; [| 3; 4; 5 |] ]

[<Theory; MemberData(nameof operationNames)>]
let ``an operation is that of the Reference`` (name: string, dtype: string) =
    let engine = engineOf (dtypeOf dtype)
    let operation = operations |> List.find (fst >> (=) name) |> snd
    // A few roundings of the type.
    let tolerance = if dtype = "Float64" then 1e-14 else 1e-5
    let random = Random 7

    for shape in shapes do
        for _ in 1..5 do
            let a, b = drawn random shape, drawn random shape
            let on (engine: Engine) (shape, values) = engine.Create shape (ReadOnlyMemory(values: float[]))
            let expected = operation (on Reference.engine a) (on Reference.engine b)
            let actual = operation (on engine a) (on engine b)
            Assert.Equal<int[]>(expected.shape, actual.shape)
            near tolerance name (expected.toArray ()) (actual.toArray ())

[<Fact>]
let ``tensors without numbers have their shapes`` () =
    let empty = (engineOf Dtype.Float64).Create [| 0; 3 |] ReadOnlyMemory.Empty
    Assert.Equal<int[]>([| 0 |], (empty.max 1).shape)
    Assert.Equal<int[]>([| 0 |], (empty.argmax 1).shape)
    Assert.Equal<float[]>([| 0.0; 0.0; 0.0 |], (empty.sum 0).toArray())
    Assert.Equal<float[]>(Array.zeroCreate 9, (empty.transpose (0, 1)).matmul(empty).toArray())

let dtypeNames = TheoryData<string>(List.map string dtypes)

[<Theory; MemberData(nameof dtypeNames)>]
let ``zeros, infinities and ties are as in the Reference`` (dtype: string) =
    let engine = engineOf (dtypeOf dtype)
    let numbers = [| 0.0; -infinity; infinity; 2.0; 2.0; 1.0; -infinity; -infinity; -infinity |]
    let on (engine: Engine) = engine.Create [| 3; 3 |] (ReadOnlyMemory numbers)
    let expected, actual = on Reference.engine, on engine

    let computations: (Tensor -> Tensor) list =
        [ id
          fun a -> (a.clamp 0.0).log()
          _.exp()
          _.max(1)
          _.argmax(1)
          fun a -> a.eq (a.transpose (0, 1))
          fun a -> (a.clamp -1e303).lt(a.like([| 1 |], [| -1e303 |]).expand a.shape)
          fun a -> (a.clamp -1.0).clamp 0.5 ]

    for compute in computations do
        let result (a: Tensor) = (compute a).toArray()

        if dtype = "Float64" then
            Assert.Equal<float[]>(result expected, result actual)
        else
            near 1e-6 "numbers" (result expected) (result actual)

[<Fact>]
let ``float32 keeps what is too large for it finite`` () =
    let a = (engineOf Dtype.Float32).Create [| 3 |] (ReadOnlyMemory [| -1e305; 1e305; -infinity |])
    let largest = float Single.MaxValue
    Assert.Equal<float[]>([| -largest; largest; -infinity |], a.toArray ())
    // The families' stand-in for minus infinity has a product with 0.
    let products = (a.view [| 1; 3 |]).clamp(-1e305).matmul(a.like ([| 3; 1 |], Array.zeroCreate 3))
    Assert.Equal<float[]>([| 0.0 |], products.toArray () |> Array.map abs)

[<Fact>]
let ``shapes that don't fit are the Reference's errors`` () =
    let engine = engineOf Dtype.Float64
    let zeros (engine: Engine) shape = engine.Create shape (ReadOnlyMemory(Array.zeroCreate (Array.fold (*) 1 shape)))

    let mistakes: (Engine -> Tensor) list =
        [ fun engine -> (zeros engine [| 2; 3 |]).add(zeros engine [| 3; 2 |])
          fun engine -> (zeros engine [| 2; 3 |]).lt(zeros engine [| 3 |])
          fun engine -> (zeros engine [| 2; 3 |]).matmul(zeros engine [| 2; 3 |])
          fun engine -> (zeros engine [| 2; 2; 3 |]).matmul(zeros engine [| 1; 3; 2 |])
          fun engine -> (zeros engine [| 2; 3 |]).view [| 4 |]
          fun engine -> (zeros engine [| 2; 3 |]).expand [| 2; 2; 2 |]
          fun engine -> zeros engine [| 2; 3 |] + zeros engine [| 2 |] ]

    for mistake in mistakes do
        let message engine = Assert.Throws<ArgumentException>(fun () -> mistake engine |> ignore).Message
        Assert.Equal(message Reference.engine, message engine)

    let foreign =
        Assert.Throws<ArgumentException>(fun () -> (zeros engine [| 2 |]).add(Tensor.vector [| 1.0; 2.0 |]) |> ignore)

    Assert.Contains("move both to one", foreign.Message)

[<Fact>]
let ``float64 numbers on the processor are used in place`` () =
    let numbers = [| 1.0; 2.0; 3.0 |]
    let inPlace = (engineOf Dtype.Float64).Create [| 2 |] (ReadOnlyMemory(numbers, 1, 2))
    let copied = (engineOf Dtype.Float32).Create [| 2 |] (ReadOnlyMemory(numbers, 1, 2))
    numbers[2] <- 9.0
    Assert.Equal<float[]>([| 2.0; 9.0 |], inPlace.toArray ())
    Assert.Equal<float[]>([| 2.0; 3.0 |], copied.toArray ())

[<Fact>]
let ``what was computed from a scoped tensor is freed with it, and nothing else`` () =
    let a = (engineOf Dtype.Float64).Create [| 2 |] (ReadOnlyMemory [| 1.0; 2.0 |])
    let head = a.scoped ()
    let computed = (head + head).exp()
    Assert.Equal(2, computed.toArray().Length)
    head.free ()
    Assert.Throws<ObjectDisposedException>(fun () -> computed.toArray () |> ignore) |> ignore
    Assert.Equal<float[]>([| 1.0; 2.0 |], a.toArray ())

// ── E-steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private lengths = [ 0; 1; 2; 7; 255; 256; 257 ]

/// Rows as one block, every other one with a weight of its own.
let private blockOf weighted columns (rows: float[][]) =
    let weights = Array.init rows.Length (fun i -> if i % 2 = 0 then 1.0 else 0.25 * float (i % 7))

    { FirstRow = 0L
      Rows = rows.Length
      Columns = columns
      Numbers = Numbers.Float64(ReadOnlyMemory(Array.concat rows))
      Weights = if weighted then Some(ReadOnlyMemory weights) else None }

let private statisticsNear tolerance (expected: Statistics) (actual: Statistics) =
    near tolerance "weight" [| expected.Weight |] [| actual.Weight |]
    near tolerance "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
    near tolerance "counts" expected.Counts actual.Counts
    Assert.Equal(expected.Sums.Length, actual.Sums.Length)
    Array.iteri2 (fun i -> near tolerance $"sums {i}") expected.Sums actual.Sums

/// A family, a mixture of it and its rows, as what compares an engine's E-steps on them with the Reference's.
let private comparison (family: Family<'θ>) (mixture: Mixture<'θ>) columns (row: Random -> float[]) =
    fun (engine: Engine) tolerance ->
        let random = Random 11
        let expected, actual = Backend.textbook Reference.engine family, Backend.textbook engine family

        for length in lengths do
            for weighted in [ false; true ] do
                let block = blockOf weighted columns (Array.init length (fun _ -> row random))
                near tolerance "joint" (expected.LogJoint mixture block) (actual.LogJoint mixture block)

                for assignment in [ Soft; Hard ] do
                    statisticsNear
                        tolerance
                        (expected.Expect assignment mixture [ block ])
                        (actual.Expect assignment mixture [ block ])

/// Rows around three centres.
let private gaussianRow features (random: Random) =
    let centre = 4.0 * float (random.Next 3)
    Array.init features (fun j -> centre * float (1 + j % 2) + normal random)

/// A mixture of three components of a structure, with covariances of the M-step.
let private gaussianMixture structure features =
    let rows = Random 5 |> fun random -> Array.init 100 (fun _ -> gaussianRow features random)

    let means =
        array2D [ for centre in [ 0.5; 3.5; 8.5 ] -> Array.init features (fun j -> centre * float (1 + j % 2)) ]

    Gaussian.create structure means (Tensor.scalar 4.0)
    |> Result.bind (Mixture.create [| 1.0; 2.0; 3.0 |])
    |> Result.bind (EM.step (Model.ofFamily Gaussian.family) (sourceOf rows))
    |> ok

let private exponentialMixture (family: ExponentialFamily) (means: float[,,]) =
    ExponentialFamily.create family (Tensor.matrices means)
    |> Result.bind (Mixture.create [| 1.0; 2.0; 3.0 |])
    |> ok

/// Mean parameters (3×2×S) from a function of a number between 0.2 and 0.8.
let private means size (number: float -> int -> float) =
    Array3D.init 3 2 size (fun k j s -> number (0.2 + 0.1 * float (2 * k + j)) s)

let private pair trials p s = trials * (if s = 0 then p else 1.0 - p)

let private comparisons: (string * (Engine -> float -> unit)) list =
    let exponential (family: ExponentialFamily) means row =
        family.Name, comparison (ExponentialFamily.components family) (exponentialMixture family means) 2 row

    let counts most (random: Random) = Array.init 2 (fun _ -> float (random.Next(most + 1)))

    [ for structure in Structure.all do
          for features in [ 1; 3; 8 ] do
              $"{Structure.name structure}, {features} features",
              comparison Gaussian.family (gaussianMixture structure features) features (gaussianRow features)

      let centres = (gaussianMixture Spherical 3).Parameters.Means

      "centroid",
      comparison
          Centroid.family
          { LogWeights = Tensor.vector (Array.zeroCreate 3)
            Parameters = { Centres = centres } }
          3
          (gaussianRow 3)

      exponential Bernoulli.family (means 2 (pair 1.0)) (counts 1)
      exponential (Binomial.family 5) (means 2 (pair 5.0)) (counts 5)
      exponential (Categorical.family 3) (means 3 (fun p s -> if s = 0 then p else 0.5 * (1.0 - p))) (counts 2)
      exponential Poisson.family (means 1 (fun p _ -> 10.0 * p)) (counts 12)

      exponential Exponential.family (means 1 (fun p _ -> p)) (fun random ->
          [| random.NextDouble(); random.NextDouble() |])

      let parts =
          [ [| 0; 2 |], GaussianPart (gaussianMixture Full 2).Parameters
            [| 1; 3 |], ExponentialPart (exponentialMixture Poisson.family (means 1 (fun p _ -> 10.0 * p))).Parameters ]

      "product",
      comparison
          (Product.family
              [ Product.gaussian Gaussian.family; Product.exponential (ExponentialFamily.components Poisson.family) ])
          (Mixture.uniform 3 { Parts = parts })
          4
          (fun random ->
              let x, counts = gaussianRow 2 random, counts 12 random
              [| x[0]; counts[0]; x[1]; counts[1] |]) ]

let comparisonNames =
    TheoryData<string, string>(
        Seq.allPairs (List.map fst comparisons) (List.map string dtypes)
        |> Seq.map (fun (name, dtype) -> struct (name, dtype))
    )

[<Theory; MemberData(nameof comparisonNames)>]
let ``E-steps of every family and structure are the Reference's, for every length of a block``
    (name: string, dtype: string)
    =
    let compare = comparisons |> List.find (fst >> (=) name) |> snd
    compare (engineOf (dtypeOf dtype)) (toleranceOf (dtypeOf dtype))

[<Theory; MemberData(nameof dtypeNames)>]
let ``rows of tiny density have finite log-densities and whole responsibilities`` (dtype: string) =
    let engine = engineOf (dtypeOf dtype)

    for structure in Structure.all do
        let mixture = gaussianMixture structure 3
        let x = engine.Create [| 2; 3 |] (ReadOnlyMemory [| 1000.0; -2000.0; 500.0; -1e4; 1e4; 0.0 |])
        let parameters = Gaussian.family.Move engine.Move mixture.Parameters
        let evidence, shares = Assignment.soft (Gaussian.logDensity parameters x + engine.Move mixture.LogWeights)
        Assert.All(evidence.toArray (), fun value -> Assert.True(Double.IsFinite value && value < -1e4, string value))
        Assert.All((shares.sum 1).toArray(), fun sum -> Assert.Equal(1.0, sum, 1e-6))

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends the test where there is no libtorch.
let private requireTorch () = engineOf Dtype.Float64 |> ignore

[<Fact>]
let ``whole fits of Gaussian mixtures agree with those of the processor's own code`` () =
    requireTorch ()
    let data = DataSet.iris().Source
    let weighted = data |> Source.weighted (Array.init 150 (fun i -> 0.5 + float (i % 3))) |> ok
    let mutable others = 0

    for structure in Structure.all do
        for source, assignment in [ data, Soft; weighted, Soft; data, Hard ] do
            let options =
                { Gmm.defaults with
                    Components = 3
                    Structure = structure
                    Assignment = assignment
                    MaxIterations = 30 }

            let expected = Gmm.fit options source |> ok

            let actual =
                Gmm.fit
                    { options with
                        Device = Device.TorchCpu }
                    source
                |> ok

            near 1e-10 "objective" [| expected.Objective |] [| actual.Objective |]
            near Tolerance.iterations "parameters" (parameters expected.Mixture) (parameters actual.Mixture)
            near 1e-10 "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
            Assert.Equal(expected.Model.Backend.Name, actual.Model.Backend.Name)
            Assert.Equal<int[]>(Predict.labels expected data |> ok, Predict.labels actual data |> ok)

            if bits expected.Trace <> bits actual.Trace then
                others <- others + 1

    // It was libtorch, which sums in another order.
    Assert.True(others > 9, $"only {others} of 18 fits differ in a bit")

[<Fact>]
let ``whole fits of other families agree with those of the processor's own code`` () =
    requireTorch ()
    let random = Random 3
    let rows = Array.init 300 (fun i -> Array.init 4 (fun _ -> float (random.Next(1 + 5 * (1 + i % 2)))))
    let source = sourceOf rows

    let options: MixtureOptions<ExponentialParameters> =
        { Mixtures.defaults with
            Components = 2
            Restarts = 2 }

    let fit device = Mixtures.fit Poisson.family { options with Device = device } source |> ok
    near 1e-10 "trace" (fit Device.Cpu).Trace (fit Device.TorchCpu).Trace

    let parts =
        [ Part.Gaussian([| 0; 1 |], { Gmm.columns with Structure = Diag })
          Part.Exponential([| 2; 3 |], Poisson.family) ]

    let options: MixtureOptions<Product> =
        { Mixtures.defaults with
            Components = 2
            Restarts = 2 }

    let fit device = Mixtures.fitProduct parts { options with Device = device } source |> ok
    near 1e-10 "trace" (fit Device.Cpu).Trace (fit Device.TorchCpu).Trace

[<Fact>]
let ``k-means on libtorch is that of the processor's own code, empty clusters and all`` () =
    requireTorch ()
    let far = array2D [ [ 5.0; 3.0; 1.0; 0.2 ]; [ 6.0; 3.0; 5.0; 2.0 ]; [ 1e3; 1e3; 1e3; 1e3 ] ]

    for start in [ KMeansStart.KPlusPlus; KMeansStart.Means far ] do
        let options =
            { KMeans.defaults with
                Clusters = 3
                Start = start }

        let data = DataSet.iris().Source
        let expected = KMeans.fit options data |> ok

        let actual =
            KMeans.fit
                { options with
                    Device = Device.TorchCpu }
                data
            |> ok

        near 1e-10 "inertia" [| expected.Inertia |] [| actual.Inertia |]
        Assert.Equal(expected.Fit.Iterations, actual.Fit.Iterations)
        Assert.Equal(expected.Fit.Seed, actual.Fit.Seed)
        Assert.Equal<int[]>(KMeans.predict expected data |> ok, KMeans.predict actual data |> ok)

[<Fact>]
let ``auto is the processor's own code where there is no CUDA device`` () =
    let fit device =
        Gmm.fit
            { Gmm.defaults with
                Components = 2
                Device = device }
            (DataSet.faithful().Source)
        |> ok

    if Torch.cudaDevices () = 0 then
        Assert.Equal<float[]>((fit Device.Cpu).Trace, (fit Device.Auto).Trace)
    else
        near 1e-10 "trace" (fit Device.Cpu).Trace (fit Device.Auto).Trace

// ── Larger blocks ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``larger blocks have the same rows and weights, without a copy where they are neighbours`` () =
    let rows, columns = 10_000, 3
    let numbers = Array.init (2 + rows * columns) float
    let weights = Array.init rows (fun i -> 1.0 + float (i % 5))
    let sliced = Source.ofMemory columns (ReadOnlyMemory(numbers, 2, rows * columns)) |> ok
    let rectangular = Array2D.init rows columns (fun i j -> float (i + j)) |> Source.ofArray2D |> ok
    // Copies of the blocks are no neighbours.
    let scattered = sliced |> Source.map columns (fun block -> block.Select [| 0..2 |])

    for source, isInPlace in [ sliced, true; rectangular, true; scattered, false ] do
        let source = source |> Source.weighted weights |> ok

        for wanted in [ 1; 6000; 1_000_000 ] do
            let larger = Source.inBlocksOf wanted source
            Assert.Equal(max 1 (wanted / source.BlockRows) * source.BlockRows, larger.BlockRows)
            let all (source: Source) = Source.collect oneThread _.Values.ToArray() source
            let weightsOf (source: Source) = source |> Source.collect oneThread (fun b -> Array.init b.Rows b.Weight)
            Assert.Equal<float[]>(all source, all larger)
            Assert.Equal<float[]>(weights, weightsOf larger)
            let isSame = (larger.Read 0L).Values.Span.Overlaps((source.Read 0L).Values.Span)
            Assert.Equal(isInPlace, isSame)

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private rowsOf count features =
    let random = Random 13
    Array.init count (fun _ -> gaussianRow features random)

/// The E-step of a fit on an engine, and the Reference's.
let private eSteps structure features (source: Source) (work: DeviceEStep<Gaussian>) =
    let model =
        { Model.ofFamily Gaussian.family with
            Execution = oneThread }

    let mixture = gaussianMixture structure features

    EM.eStep
        { model with
            Backend = Backend.textbook Reference.engine Gaussian.family }
        source
        mixture,
    EM.eStep { model with Backend = work.Backend } (Source.inBlocksOf 100_000 source) mixture

[<Theory>]
[<InlineData(1, 5000)>]
[<InlineData(3, 5000)>]
[<InlineData(20, 500)>]
[<InlineData(3, 1)>]
let ``temporary tensors stay within the memory given`` (features: int, rows: int) =
    let engine =
        { engineOf Dtype.Float64 with
            Capacity = Int32.MaxValue }

    let source = sourceOf (rowsOf rows features)

    for structure in Structure.all do
        for memory in [ 100_000L; 1_000_000L ] do
            use work = new DeviceEStep<Gaussian>(engine, Gaussian.family, memory, 0L)
            let expected, actual = eSteps structure features source work
            statisticsNear 1e-10 expected actual
            Assert.InRange(work.LargestBytes, 1L, memory)
            Assert.Equal(0L, work.KeptBytes)

            // Nor are parts smaller than they need be.
            if rows > work.PartRows.Value then
                Assert.True(2L * work.LargestBytes > memory, $"only {work.LargestBytes} of {memory} bytes are used")

[<Fact>]
let ``when memory runs out parts are halved and the work goes on`` () =
    let torch = engineOf Dtype.Float64
    let source = sourceOf (rowsOf 1000 3)
    let mutable refused = 0

    /// A device on which blocks of more than 100 rows don't fit.
    let small =
        { torch with
            Create =
                fun shape values ->
                    if shape[0] > 100 then
                        refused <- refused + 1
                        raise (InsufficientMemoryException "out of memory: the device is small")

                    torch.Create shape values }

    use work = new DeviceEStep<Gaussian>(small, Gaussian.family, 1L <<< 30, Int64.MaxValue)
    let expected, actual = eSteps Full 3 source work
    statisticsNear 1e-10 expected actual
    // 1000, 500, 250 and 125 are too many.
    Assert.Equal(Some 62, work.PartRows)
    Assert.Equal(4, refused)

[<Fact>]
let ``when memory is full of data fewer are kept and the work goes on`` () =
    let torch = engineOf Dtype.Float64
    let source = sourceOf (rowsOf 1000 3)
    let mutable used = 0
    let mutable refused = 0

    /// A device that has no place for more than 600 rows.
    let small =
        { torch with
            Capacity = 64 * 9
            Create =
                fun shape values ->
                    used <- used + shape[0]

                    if used > 600 && refused = 0 then
                        refused <- used
                        raise (InsufficientMemoryException "out of memory: the device is full")

                    torch.Create shape values }

    use work = new DeviceEStep<Gaussian>(small, Gaussian.family, 1L <<< 30, Int64.MaxValue)
    let expected, actual = eSteps Full 3 source work
    statisticsNear 1e-10 expected actual
    Assert.InRange(work.KeptBytes, 1L, 8L * 3L * 300L)
    Assert.Equal(Some 32, work.PartRows)

[<Fact>]
let ``a device that fails with a single row is an error`` () =
    let failing =
        { Reference.engine with
            Create = fun _ _ -> raise (InsufficientMemoryException "out of memory: there is none at all") }

    use work = new DeviceEStep<Gaussian>(failing, Gaussian.family, 1L <<< 30, 0L)

    let failure = Assert.Throws<EngineException>(fun () -> eSteps Full 3 (sourceOf (rowsOf 10 3)) work |> ignore)

    Assert.Contains("none at all", failure.Message)

[<Fact>]
let ``kept data are moved once`` () =
    let torch = engineOf Dtype.Float64
    let mutable moved = 0

    let counting =
        { torch with
            Create =
                fun shape values ->
                    moved <- moved + shape[0]
                    torch.Create shape values }

    let source = sourceOf (rowsOf 1000 3)
    use work = new DeviceEStep<Gaussian>(counting, Gaussian.family, 1L <<< 30, Int64.MaxValue)
    eSteps Full 3 source work |> ignore
    let first = moved
    eSteps Full 3 source work |> ignore
    // 1 and 65 rows to measure with.
    Assert.Equal(1066, first)
    Assert.Equal(first, moved)
    Assert.Equal(8L * 3000L, work.KeptBytes)

[<Fact>]
let ``libtorch's own refusal of memory is told apart`` () =
    let one = (engineOf Dtype.Float64).Create [| 1; 1 |] (ReadOnlyMemory [| 1.0 |])
    let huge = one.expand [| 1 <<< 20; 1 <<< 25 |]
    let failure = Assert.Throws<InsufficientMemoryException>(fun () -> huge.exp () |> ignore)
    Assert.StartsWith("out of memory", failure.Message)

[<Fact>]
let ``an E-step frees its tensors at once`` () =
    let seen = ResizeArray<Tensor>()

    let watched =
        { Gaussian.family with
            LogDensity =
                fun parameters x ->
                    let density = Gaussian.logDensity parameters x
                    seen.AddRange [ parameters.Means; parameters.InverseFactors; x; density ]
                    density
            Sums =
                fun parameters x responsibilities ->
                    let sums = Gaussian.sums parameters x responsibilities
                    seen.AddRange(responsibilities :: sums)
                    sums }

    let block, mixture = blockOf true 3 (rowsOf 50 3), gaussianMixture Full 3
    let backend = Backend.textbook (engineOf Dtype.Float64) watched
    backend.Expect Soft mixture [ block ] |> ignore
    backend.LogJoint mixture block |> ignore
    Assert.Equal(4 + 3 + 4, seen.Count)

    for tensor in seen do
        Assert.Throws<ObjectDisposedException>(fun () -> tensor.toArray () |> ignore) |> ignore

[<Fact>]
let ``ten thousand E-steps leave no memory behind`` () =
    let engine = engineOf Dtype.Float64
    let block = blockOf true 3 (rowsOf 50 3)
    let mixture = gaussianMixture Full 3
    let backend = Backend.textbook engine Gaussian.family

    let steps count =
        for _ in 1..count do
            backend.Expect Soft mixture [ block ] |> ignore

    /// The memory of the process without what the garbage collector holds ready.
    let resident () =
        GC.Collect(2, GCCollectionMode.Aggressive, true, true)
        use self = Process.GetCurrentProcess()
        self.WorkingSet64

    steps 500
    let before = resident ()
    steps 10_000
    let grown = resident () - before
    Assert.True(grown < 50L * 1024L * 1024L, $"{grown / 1024L} KiB more than before")

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Theory>]
[<InlineData("")>]
[<InlineData("gpu")>]
[<InlineData("cuda:")>]
[<InlineData("cuda:-1")>]
[<InlineData("cuda:one")>]
[<InlineData("cuda: 1")>]
[<InlineData("CPU")>]
[<InlineData(null)>]
let ``an unknown device is an error with those there are`` (name: string) =
    let message = (error (Device.parse name)).Message

    Assert.Equal(
        $"Device must be cpu, torch:cpu, cuda, cuda:1 (or another number) or auto, but is \"{name}\".",
        message
    )

[<Fact>]
let ``names of devices are read back`` () =
    for device in [ Device.Cpu; Device.TorchCpu; Device.Cuda 0; Device.Cuda 12; Device.Auto ] do
        Assert.Equal(device, ok (Device.parse (Device.name device)))

    Assert.Equal(Device.Cuda 0, ok (Device.parse "cuda"))

[<Fact>]
let ``a CUDA device that isn't there is an error before any work`` () =
    requireTorch ()

    let options =
        { Gmm.defaults with
            Device = Device.Cuda 99 }

    let message = (error (Gmm.fit options (DataSet.iris().Source))).Message
    Assert.StartsWith("Device cuda:99 can't be used: libtorch finds ", message)
    Assert.Contains("build.fsx torch", message)

[<Fact>]
let ``the processor's own code is no engine of libtorch`` () =
    Assert.Equal(
        "Device must be torch:cpu or cuda for libtorch, but is cpu.",
        (error (Torch.engine Device.Cpu Dtype.Float64)).Message
    )

/// Checks the error of a library that can't be used.
let private unusable path (reason: string) =
    let message = (error (Torch.check path)).Message
    Assert.StartsWith("Device torch:cpu can't be used: it needs libtorch through the library gmm_torch, but ", message)
    Assert.Contains(reason, message)
    Assert.Contains("`dotnet fsi build.fsx torch`", message)
    Assert.Contains("GMM_TORCH_LIBRARY", message)

let private inFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "gmm"

    try
        work folder.FullName
    finally
        folder.Delete true

[<Fact>]
let ``a library that is missing, damaged or another one is an error with the command that builds it`` () =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "libgmm_torch.so")
        unusable path $"there is no file {path}"
        File.WriteAllText(path, "no library")
        unusable path $"{path} can't be loaded"
        let other = Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*System.Native*") |> Array.head
        unusable other "another library, without gmm_torch_abi")

/// Compiles C to a library with the machine's compiler.
let private compile folder (source: string) =
    let text, library = Path.Combine(folder, "library.c"), Path.Combine(folder, "library.so")
    File.WriteAllText(text, source)

    try
        use compiler = Process.Start("cc", [ "-shared"; "-fPIC"; "-Wl,-z,now"; "-o"; library; text ])
        compiler.WaitForExit()
        Assert.Equal(0, compiler.ExitCode)
    with :? ComponentModel.Win32Exception ->
        skip "There is no C compiler."

    library

[<Fact>]
let ``a library of another version, or for another libtorch, is an error that says so`` () =
    if not (OperatingSystem.IsLinux()) then
        skip "The C compiler is called as on Linux."

    inFolder (fun folder ->
        let other = compile folder "int gmm_torch_abi(void) { return 999; }"
        unusable other "built for another version of Gmm (its interface is 999, wanted is 1)")

    inFolder (fun folder ->
        let other =
            compile
                folder
                "extern void at_of_another_libtorch(void); int gmm_torch_abi(void) { at_of_another_libtorch(); return 1; }"

        unusable other "at_of_another_libtorch")
