namespace Gmm

open System

type private Primitives = System.Numerics.Tensors.TensorPrimitives

/// A tensor of the managed Reference engine, which uses plain loops on one thread and sums from first to last. It
/// defines the meaning of the operations, and gives the same bits on every machine.
[<Sealed>]
type internal ReferenceTensor(shape: int[], values: ReadOnlyMemory<float>) =
    inherit Tensor()

    let create shape (values: float[]) = ReferenceTensor(shape, ReadOnlyMemory values) :> Tensor

    let fresh length = GC.AllocateUninitializedArray<float> length

    /// Returns the numbers of another tensor, which must belong to this engine.
    let numbers (other: Tensor) : ReadOnlyMemory<float> =
        match other with
        | :? ReferenceTensor as tensor -> tensor.Values
        | _ -> invalidArg (nameof other) $"A reference tensor meets a {other.GetType().Name}; move both to one engine."

    let sameShape (other: Tensor) = Tensor.RequireSame(shape, other.shape)

    let map (f: float -> float) =
        let result = fresh values.Length
        let x = values.Span

        for i in 0 .. result.Length - 1 do
            result[i] <- f x[i]

        create shape result

    let map2 other (f: float -> float -> float) =
        sameShape other
        let result = fresh values.Length
        let x = values.Span
        let y = (numbers other).Span

        for i in 0 .. result.Length - 1 do
            result[i] <- f x[i] y[i]

        create shape result

    /// Returns the lengths before, along and after a dimension: element (o, i, r) is number (o·along + i)·after + r.
    let split dim =
        let extent (lengths: int[]) = Array.fold (*) 1 lengths
        extent shape[.. dim - 1], shape[dim], extent shape[dim + 1 ..]

    member _.Values = values

    override _.shape = Array.copy shape
    override _.toArray() = values.ToArray()
    override _.like(shape, values) = create shape values

    override _.add other =
        sameShape other
        let result = fresh values.Length
        Primitives.Add(values.Span, (numbers other).Span, result.AsSpan())
        create shape result

    override _.sub other =
        sameShape other
        let result = fresh values.Length
        Primitives.Subtract(values.Span, (numbers other).Span, result.AsSpan())
        create shape result

    override _.mul other =
        sameShape other
        let result = fresh values.Length
        Primitives.Multiply(values.Span, (numbers other).Span, result.AsSpan())
        create shape result

    override _.div other =
        sameShape other
        let result = fresh values.Length
        Primitives.Divide(values.Span, (numbers other).Span, result.AsSpan())
        create shape result

    override _.addScalar number = map (fun x -> x + number)
    override _.mulScalar number = map (fun x -> x * number)

    override _.exp() =
        let result = values.ToArray()
        Elementary.expEach (Span result)
        create shape result

    override _.log() =
        let result = values.ToArray()
        Elementary.logEach (Span result)
        create shape result

    override _.clamp low = map (fun x -> if x < low then low else x)
    override _.eq other = map2 other (fun x y -> if x = y then 1.0 else 0.0)
    override _.lt other = map2 other (fun x y -> if x < y then 1.0 else 0.0)

    override _.sum dim =
        let before, along, after = split dim
        let result = Array.zeroCreate (before * after)
        let x = values.Span

        for o in 0 .. before - 1 do
            let total = result.AsSpan(o * after, after)

            if after = 1 then
                let mutable sum = 0.0

                for i in o * along .. (o + 1) * along - 1 do
                    sum <- sum + x[i]

                total[0] <- sum
            else
                for i in 0 .. along - 1 do
                    Primitives.Add(Span.op_Implicit total, x.Slice((o * along + i) * after, after), total)

        create (Array.removeAt dim shape) result

    override t.max dim =
        let before, along, after = split dim
        let index = numbers (t.argmax dim)
        let result = fresh (before * after)

        for o in 0 .. before - 1 do
            for r in 0 .. after - 1 do
                let i = int index.Span[o * after + r]
                result[o * after + r] <- values.Span[(o * along + i) * after + r]

        create (Array.removeAt dim shape) result

    override _.argmax dim =
        let before, along, after = split dim
        let result = Array.zeroCreate (before * after)
        let x = values.Span

        for o in 0 .. before - 1 do
            for r in 0 .. after - 1 do
                let mutable best = 0

                for i in 1 .. along - 1 do
                    if x[(o * along + i) * after + r] > x[(o * along + best) * after + r] then
                        best <- i

                result[o * after + r] <- float best

        create (Array.removeAt dim shape) result

    override _.matmul other =
        Tensor.RequireProduct(shape, other.shape)
        let rank = shape.Length

        let batch, n, m, p =
            Array.fold (*) 1 shape[.. rank - 3], shape[rank - 2], shape[rank - 1], other.shape[rank - 1]

        let result: float[] = Array.zeroCreate (batch * n * p)
        let x = values.Span
        let y = (numbers other).Span

        for b in 0 .. batch - 1 do
            for i in 0 .. n - 1 do
                let total = result.AsSpan((b * n + i) * p, p)

                for l in 0 .. m - 1 do
                    // total ← x[i,l]·y[l] + total
                    Primitives.MultiplyAdd(
                        y.Slice((b * m + l) * p, p),
                        x[(b * n + i) * m + l],
                        Span.op_Implicit total,
                        total
                    )

        create (Array.append shape[.. rank - 2] [| p |]) result

    override t.transpose(dim0, dim1) = if dim0 = dim1 then t else t.Exchange(min dim0 dim1, max dim0 dim1)

    /// Transposes dim0 < dim1: moves the number at (a, i, b, j, c) to (a, j, b, i, c).
    member private _.Exchange(dim0, dim1) =
        let extent (lengths: int[]) = Array.fold (*) 1 lengths
        let n, m = shape[dim0], shape[dim1]

        let outer, between, inner =
            extent shape[.. dim0 - 1], extent shape[dim0 + 1 .. dim1 - 1], extent shape[dim1 + 1 ..]

        let result = fresh values.Length
        let x = values.Span

        for a in 0 .. outer - 1 do
            for i in 0 .. n - 1 do
                for b in 0 .. between - 1 do
                    for j in 0 .. m - 1 do
                        let source = (((a * n + i) * between + b) * m + j) * inner
                        let target = (((a * m + j) * between + b) * n + i) * inner

                        for c in 0 .. inner - 1 do
                            result[target + c] <- x[source + c]

        let exchanged = Array.copy shape
        exchanged[dim0] <- m
        exchanged[dim1] <- n
        create exchanged result

    override _.view target =
        Tensor.RequireView(shape, target)
        ReferenceTensor(target, values)

    override _.expand target =
        let padded = Tensor.Padded(shape, target)

        // From the innermost dimension outwards: each repeated dimension copies the run of numbers after it.
        let repeat (run: ReadOnlyMemory<float>, inner) dim =
            let inner' = inner * target[dim]

            if padded[dim] = target[dim] then
                run, inner'
            else
                let count = run.Length / max 1 inner
                let wide = GC.AllocateUninitializedArray<float>(count * inner')

                for i in 0 .. count - 1 do
                    let copies = wide.AsSpan(i * inner', inner')

                    if inner = 1 then
                        copies.Fill run.Span[i]
                    else
                        for copy in 0 .. target[dim] - 1 do
                            run.Span.Slice(i * inner, inner).CopyTo(copies.Slice(copy * inner, inner))

                ReadOnlyMemory wide, inner'

        let wide, _ = Seq.fold repeat (values, 1) (seq { target.Length - 1 .. -1 .. 0 })
        ReferenceTensor(target, wide)

/// The managed engine, which every machine has.
module Reference =
    /// The engine. Its tensors hold 64 KiB, so that they stay in a core's cache and are quick to allocate.
    let engine =
        { Name = "reference"
          Capacity = 8192
          Create = fun shape values -> ReferenceTensor(shape, values) }

    /// Returns the numbers of a tensor of any engine, without a copy if it belongs to this one.
    let internal numbersOf (tensor: Tensor) : ReadOnlyMemory<float> =
        match tensor with
        | :? ReferenceTensor as reference -> reference.Values
        | other -> ReadOnlyMemory(other.toArray ())

/// Makes tensors of the Reference engine from .NET arrays.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Tensor =
    /// Makes a tensor of any shape from a copy of numbers held row by row. Throws ArgumentException if their count
    /// doesn't fit the shape.
    let create (shape: int[]) (values: float[]) : Tensor =
        if Array.exists (fun length -> length < 0) shape || Array.fold (*) 1 shape <> values.Length then
            invalidArg
                (nameof values)
                $"""A tensor of shape {Tensor.Show shape} does not hold {Display.count values.Length "number"}."""

        Reference.engine.Create (Array.copy shape) (ReadOnlyMemory(Array.copy values))

    /// Makes a tensor of a single number.
    let scalar (value: float) = create [||] [| value |]

    /// Makes a vector.
    let vector (values: float[]) = create [| values.Length |] values

    /// Makes a matrix.
    let matrix (values: float[,]) =
        let rows, columns = Array2D.length1 values, Array2D.length2 values
        create [| rows; columns |] (Array.init values.Length (fun i -> values[i / columns, i % columns]))

    /// Makes a stack of matrices.
    let matrices (values: float[,,]) =
        create
            [| Array3D.length1 values; Array3D.length2 values; Array3D.length3 values |]
            (values |> Seq.cast<float> |> Array.ofSeq)
