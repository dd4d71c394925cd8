/// DiffSharp's tensors as an engine, against the Reference engine: operations, E-steps, whole fits, conversions, errors.
module Gmm.DiffSharp.Tests.EngineTests

open System
open Gmm
open Gmm.Tests.Support
open Gmm.DiffSharp.Tests.Cases
open Xunit

/// `DiffSharp.Device` is also the name of a union case.
type private Devices = DiffSharp.Device

let private dtypes = [ "Float64"; "Float32" ]
let private toleranceOf dtype = if dtype = "Float64" then 1e-10 else 1e-4
let dtypeNames = TheoryData<string>(dtypes)

let private named names =
    let data = TheoryData<string, string>()

    for name, dtype in List.allPairs names dtypes do
        data.Add(name, dtype)

    data

// ── Operations ──────────────────────────────────────────────────────────────────────────────────────────────────────

let private operations: (string * (Tensor -> Tensor -> Tensor)) list =
    let last (t: Tensor) = t.shape.Length - 1

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
      "sum of the last", (fun a _ -> a.sum (last a))
      "max of the first", (fun a _ -> a.max 0)
      "max of the last", (fun a _ -> a.max (last a))
      "argmax of the first", (fun a _ -> a.argmax 0)
      "argmax of the last", (fun a _ -> a.argmax (last a))
      "transpose", (fun a _ -> a.transpose (0, last a))
      "view of a transpose", (fun a b -> (a.transpose (0, last a)).view(a.shape).sub(b.view b.shape))
      "unsqueeze and expand", (fun a _ -> (a.unsqueeze 1).expand(Array.insertAt 1 3 a.shape))
      "expand in front", (fun a _ -> a.expand (Array.append [| 2 |] a.shape))
      "operators", (fun a b -> (a + b.sum 0) * (a.unsqueeze 0 - b.unsqueeze 0) - 2.0 * (1.0 - a))
      "like", (fun a _ -> a + a.like (a.shape, Array.init (Array.fold (*) 1 a.shape) float))
      "matmul",
      (fun a b ->
          if a.shape.Length = 1 then
              (a.view [| a.shape[0]; 1 |]).matmul(b.view [| 1; b.shape[0] |])
          else
              a.matmul (b.transpose (b.shape.Length - 2, b.shape.Length - 1)))
      "matmul of two batch dimensions",
      (fun a b ->
          let stack (t: Tensor) =
              if t.shape.Length = 3 then
                  t.unsqueeze 1
              else
                  t.view [| 1; 1; t.shape[0]; t.toArray().Length / t.shape[0] |]

          (stack a).matmul((stack b).transpose(2, 3))) ]

let operationNames = named (List.map fst operations)

[<Theory; MemberData(nameof operationNames)>]
let ``an operation is that of the Reference`` (name: string, dtype: string) =
    let engine = engineOf dtype
    let operation = operations |> List.find (fst >> (=) name) |> snd
    // A few roundings of the type.
    let tolerance = if dtype = "Float64" then 1e-14 else 1e-5
    let random = Random 7

    for shape in [ [| 1 |]; [| 7 |]; [| 1; 1 |]; [| 2; 3 |]; [| 17; 5 |]; [| 1; 4; 1 |]; [| 3; 4; 5 |] ] do
        for _ in 1..3 do
            // On a coarse grid, so that there are ties.
            let draw () = Array.init (Array.fold (*) 1 shape) (fun _ -> Math.Round(8.0 * normal random) / 8.0)
            let a, b = draw (), draw ()
            let on (engine: Engine) (values: float[]) = engine.Create shape (ReadOnlyMemory values)
            let expected = operation (on Reference.engine a) (on Reference.engine b)
            let actual = operation (on engine a) (on engine b)
            Assert.Equal<int[]>(expected.shape, actual.shape)
            nearAll tolerance name (expected.toArray ()) (actual.toArray ())

[<Theory; MemberData(nameof dtypeNames)>]
let ``tensors without numbers have their shapes`` (dtype: string) =
    let empty = (engineOf dtype).Create [| 0; 3 |] ReadOnlyMemory.Empty
    Assert.Equal<int[]>([| 0 |], (empty.max 1).shape)
    Assert.Equal<int[]>([| 0 |], (empty.argmax 1).shape)
    Assert.Equal<int[]>([| 0; 3 |], (empty.eq empty).shape)
    Assert.Equal<int[]>([| 0; 3 |], ((empty + 1.0).exp().clamp 2.0).shape)
    Assert.Equal<int[]>([| 4; 0; 3 |], (empty.expand [| 4; 0; 3 |]).shape)
    Assert.Equal<float[]>([| 0.0; 0.0; 0.0 |], (empty.sum 0).toArray())
    Assert.Equal<float[]>(Array.zeroCreate 9, (empty.transpose (0, 1)).matmul(empty).toArray())
    Assert.Equal<int[]>([| 0; 3 |], ((empty.sum 0).expand [| 0; 3 |]).shape)

[<Theory; MemberData(nameof dtypeNames)>]
let ``zeros, infinities and ties are as in the Reference`` (dtype: string) =
    let engine = engineOf dtype
    let numbers = [| 0.0; -infinity; infinity; 2.0; 2.0; 1.0; -infinity; -infinity; -infinity |]
    let on (engine: Engine) = engine.Create [| 3; 3 |] (ReadOnlyMemory numbers)

    let computations: (Tensor -> Tensor) list =
        [ id
          _.log()
          _.exp()
          _.max(1)
          _.argmax(1)
          _.argmax(0)
          fun a -> (a.clamp -1e303).max(1).lt(a.max 1)
          fun a -> (a.clamp -1.0).clamp 0.5 ]

    for compute in computations do
        let ofType (x: float) = if dtype = "Float64" then x else float (single x)
        let rounded engine = (compute (on engine)).toArray() |> Array.map ofType
        Assert.Equal<float[]>(rounded Reference.engine, rounded engine)

[<Fact>]
let ``float32 keeps what is too large for it finite`` () =
    let a = (engineOf "Float32").Create [| 3 |] (ReadOnlyMemory [| -1e305; 1e305; -infinity |])
    let largest = float Single.MaxValue
    Assert.Equal<float[]>([| -largest; largest; -infinity |], a.toArray ())
    // The families' stand-in for minus infinity has a product with 0.
    let products = (a.view [| 1; 3 |]).clamp(-1e305).matmul(a.like ([| 3; 1 |], Array.zeroCreate 3))
    Assert.Equal<float[]>([| 0.0 |], products.toArray () |> Array.map abs)

[<Fact>]
let ``shapes that don't fit are the Reference's errors`` () =
    let engine = engineOf "Float64"
    let zeros (engine: Engine) shape = engine.Create shape (ReadOnlyMemory(Array.zeroCreate (Array.fold (*) 1 shape)))

    let mistakes: (Engine -> Tensor) list =
        [ fun engine -> (zeros engine [| 2; 3 |]).add(zeros engine [| 3; 2 |])
          // DiffSharp would repeat the second.
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

// ── E-steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private statisticsNear tolerance (expected: Statistics) (actual: Statistics) =
    nearAll tolerance "weight" [| expected.Weight |] [| actual.Weight |]
    nearAll tolerance "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
    nearAll tolerance "counts" expected.Counts actual.Counts
    Assert.Equal(expected.Sums.Length, actual.Sums.Length)
    Array.iteri2 (fun i -> nearAll tolerance $"sums {i}") expected.Sums actual.Sums

/// Compares the E-steps on DiffSharp with those on the Reference.
let private comparison dtype =
    { new ICheck with
        member _.Use family mixture columns row =
            let tolerance = toleranceOf dtype
            let expected = Backend.textbook Reference.engine family
            let actual = Backend.textbook (engineOf dtype) family

            for length in [ 0; 1; 2; 7; 255; 256; 257 ] do
                let block = blockOf true columns (drawn length row)
                nearAll tolerance "joint" (expected.LogJoint mixture block) (actual.LogJoint mixture block)

                for assignment in [ Soft; Hard ] do
                    statisticsNear
                        tolerance
                        (expected.Expect assignment mixture [ block ])
                        (actual.Expect assignment mixture [ block ]) }

let comparisonNames = named (List.map fst cases)

[<Theory; MemberData(nameof comparisonNames)>]
let ``E-steps of every family and structure are the Reference's, for every length of a block``
    (name: string, dtype: string)
    =
    (cases |> List.find (fst >> (=) name) |> snd).Check(comparison dtype)

[<Theory; MemberData(nameof dtypeNames)>]
let ``rows of tiny density have finite log-densities and whole responsibilities`` (dtype: string) =
    let engine = engineOf dtype

    for structure in Structure.all do
        let mixture = gaussianMixture structure 3
        let x = engine.Create [| 2; 3 |] (ReadOnlyMemory [| 1000.0; -2000.0; 500.0; -1e4; 1e4; 0.0 |])
        let parameters = Gaussian.family.Move engine.Move mixture.Parameters
        let evidence, shares = Assignment.soft (Gaussian.logDensity parameters x + engine.Move mixture.LogWeights)

        for density in evidence.toArray () do
            Assert.True(Double.IsFinite density && density < -1e4, $"{structure}: {density}")

        nearAll 1e-6 "responsibilities" [| 1.0; 1.0 |] ((shares.sum 1).toArray())

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fifteen iterations, by an engine of DiffSharp and by the processor's own code.
let private fits (family: Family<'θ>) start source =
    let model =
        { Model.ofFamily family with
            Execution = oneThread }

    let fit model = EM.iterates model source start |> Fit.ofIterates model 0 15 (fun _ _ -> false) |> ok

    fit model,
    fit
        { model with
            Backend = Backend.textbook (engineOf "Float64") family }

[<Fact>]
let ``whole fits agree with those of the processor's own code`` () =
    let source = DataSet.faithful().Source

    for structure in Structure.all do
        let start = mixtureOf structure [| 0.5; 0.5 |] (array2D [ [ 2.0; 50.0 ]; [ 4.5; 80.0 ] ]) (Tensor.scalar 1.0)

        let expected, actual = fits Gaussian.family start source
        nearAll 1e-10 "trace" expected.Trace actual.Trace
        nearAll 1e-8 "parameters" (parameters expected.Mixture) (parameters actual.Mixture)
        Assert.Equal("textbook on diffsharp:reference:cpu:float64", actual.Model.Backend.Name)
        Assert.Equal<int[]>(Predict.labels expected source |> ok, Predict.labels actual source |> ok)

[<Fact>]
let ``whole fits of exponential families agree with those of the processor's own code`` () =
    for family, _, mixture, row in exponentials do
        let source = sourceOf (drawn 200 row)
        let expected, actual = fits (ExponentialFamily.components family) mixture source
        nearAll 1e-10 family.Name expected.Trace actual.Trace

// ── Conversions ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Theory; MemberData(nameof dtypeNames)>]
let ``tensors and data come back as they went`` (dtype: string) =
    let place = placeOf dtype
    let numbers = array2D [ [ 1.0; -2.5; 0.125 ]; [ 4.0; 5.0; 1024.0 ] ]
    let there = DiffSharpTensor.toDiffSharp place (Tensor.matrix numbers)
    Assert.Equal(dtype, string there.dtype)
    Assert.Equal<int[]>([| 2; 3 |], there.shape)
    Assert.Equal(Tensor.matrix numbers, DiffSharpTensor.ofDiffSharp there)
    Assert.Equal(Tensor.matrix numbers, Reference.engine.Move(DiffSharpTensor.ofDiffSharp there))
    Assert.Equal(Tensor.matrix numbers, (engineOf dtype).Move(Tensor.matrix numbers))
    Assert.Same(there, DiffSharpTensor.ofDiffSharp there |> DiffSharpTensor.toDiffSharp place)
    let scalar = DiffSharpTensor.toDiffSharp place (Tensor.scalar 2.0)
    Assert.Equal(0, scalar.dim)
    Assert.Equal<float[]>([| 2.0 |], (DiffSharpTensor.ofDiffSharp scalar).toArray())

    let rows = drawn 500 (fun random -> Array.init 3 (fun _ -> float (random.Next 100)))
    let all = DiffSharpTensor.ofSource place (sourceIn 64 false 3 rows)
    Assert.Equal<int[]>([| 500; 3 |], all.shape)
    let back = DiffSharpTensor.toSource all |> ok
    Assert.Equal<float[]>(Array.concat rows, Source.collect oneThread (fun block -> block.Values.ToArray()) back)

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Fact>]
let ``numbers of another type are an error`` () =
    let integers =
        { float64 with
            Dtype = DiffSharp.Dtype.Int32 }

    Assert.Equal("Dtype must be Float32 or Float64, but is Int32.", (error (DiffSharpTensor.engine integers)).Message)

    let wrapped =
        Assert.Throws<GmmException>(fun () ->
            DiffSharp.dsharp.tensor ([| 1; 2 |], dtype = DiffSharp.Dtype.Int32)
            |> DiffSharpTensor.ofDiffSharp
            |> ignore)

    Assert.Equal("Dtype must be Float32 or Float64, but is Int32.", wrapped.Message)

[<Fact>]
let ``a backend or device that isn't there is an error`` () =
    let torch =
        (error (
            DiffSharpTensor.engine
                { float64 with
                    Backend = DiffSharp.Backend.Torch }
        ))
            .Message

    Assert.StartsWith("Device diffsharp:torch:cpu:float64 can't be used: Couldn't find assembly", torch)
    Assert.EndsWith("Reference the package of that backend in the program, or choose another backend or device.", torch)

    let cuda = { float64 with Device = Devices.GPU }

    Assert.Contains("CUDA is not supported by the reference backend", (error (DiffSharpTensor.engine cuda)).Message)

[<Fact>]
let ``a tensor that is no matrix is no data`` () =
    let cube = DiffSharpTensor.toDiffSharp float64 (Tensor.create [| 1; 1; 1 |] [| 0.0 |])

    Assert.Equal(
        "The data must have two dimensions (N×D), but the tensor has 3.",
        (error (DiffSharpTensor.toSource cube)).Message
    )
