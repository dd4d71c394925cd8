namespace Gmm

open System

/// The type of the numbers that an engine calculates with. Numbers come to an engine and leave it as float64.
[<RequireQualifiedAccess>]
type Dtype =
    /// 24 bits of precision, magnitudes up to 3.4e38; larger finite numbers become 3.4e38.
    | Float32
    /// 53 bits of precision.
    | Float64

/// Signals that a tensor engine failed for its own reasons, such as an error of a driver; the message is the engine's.
/// If its memory is exhausted, it throws `InsufficientMemoryException` instead.
type EngineException(message: string) =
    inherit Exception(message)

/// An immutable dense array of numbers, row by row, on an engine: the managed Reference or libtorch in this library,
/// DiffSharp in another. Every engine has the eighteen operations, named as in DiffSharp; `Reference` defines what each
/// one means. The E-steps of the textbook are expressions over them, so they run on every engine.
///
/// The operators `+ - * /` between tensors first expand both sides to their common shape, aligned at the last dimension
/// as NumPy does, because engines differ in what they expand by themselves.
[<AbstractClass; Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Tensor() =
    /// The length of every dimension, outermost first; empty for a single number.
    abstract shape: int[]
    /// Returns a copy of all numbers, row by row.
    abstract toArray: unit -> float[]
    /// Makes a tensor on the same engine and device from numbers stored row by row.
    abstract like: shape: int[] * values: float[] -> Tensor

    /// Adds two tensors of the same shape, element by element.
    abstract add: Tensor -> Tensor
    /// Subtracts two tensors of the same shape, element by element.
    abstract sub: Tensor -> Tensor
    /// Multiplies two tensors of the same shape, element by element.
    abstract mul: Tensor -> Tensor
    /// Divides two tensors of the same shape, element by element.
    abstract div: Tensor -> Tensor
    /// Adds a number to every element.
    abstract addScalar: float -> Tensor
    /// Multiplies every element by a number.
    abstract mulScalar: float -> Tensor
    /// Computes eˣ of every element.
    abstract exp: unit -> Tensor
    /// Computes ln x of every element; ln 0 = −∞.
    abstract log: unit -> Tensor
    /// Replaces every element less than `low` by `low`.
    abstract clamp: low: float -> Tensor
    /// Returns 1 where the elements of two tensors of the same shape are equal, 0 elsewhere.
    abstract eq: Tensor -> Tensor
    /// Returns 1 where the element is less than that of the other tensor, 0 elsewhere.
    abstract lt: Tensor -> Tensor

    /// Sums along a dimension, which disappears.
    abstract sum: dim: int -> Tensor
    /// Returns the largest element along a dimension, which disappears.
    abstract max: dim: int -> Tensor
    /// Returns the index of the largest element along a dimension, which disappears; of equal elements the lowest
    /// index.
    abstract argmax: dim: int -> Tensor
    /// Multiplies matrices, n×m by m×p, or every pair of a batch: B×n×m by B×m×p gives B×n×p.
    abstract matmul: Tensor -> Tensor
    /// Exchanges two dimensions.
    abstract transpose: dim0: int * dim1: int -> Tensor
    /// Returns the same numbers, row by row, with another shape.
    abstract view: shape: int[] -> Tensor
    /// Repeats dimensions of length 1, and adds new ones in front, to reach a shape.
    abstract expand: shape: int[] -> Tensor

    /// Returns the tensor as the head of a computation: `free` then also frees everything computed from it. This is for
    /// engines whose memory the garbage collector does not see; others return the tensor itself.
    abstract scoped: unit -> Tensor
    default t.scoped() = t
    /// Returns the number of bytes in the tensors computed from this one, if it is `scoped`; 0 for engines that don't
    /// count.
    abstract bytes: unit -> int64
    default _.bytes() = 0L
    /// Frees the tensor and, if it is `scoped`, everything computed from it; none of it may be used afterwards. The
    /// garbage collector frees the other tensors later.
    abstract free: unit -> unit
    default _.free() = ()

    /// Applies a function to the tensor, and frees the tensors that the function computed.
    member internal t.Within(work: Tensor -> 'T) : 'T =
        let head = t.scoped ()

        try
            work head
        finally
            head.free ()

    /// Inserts a dimension of length 1 before dimension `dim`.
    member t.unsqueeze(dim: int) = t.view (Array.insertAt dim 1 t.shape)

    /// Returns the numbers of a vector.
    member t.toArray1D() =
        Tensor.Require(t, 1)
        t.toArray ()

    /// Returns the numbers of a matrix.
    member t.toArray2D() =
        Tensor.Require(t, 2)
        let values, columns = t.toArray (), t.shape[1]
        Array2D.init t.shape[0] columns (fun i j -> values[i * columns + j])

    /// Returns the numbers of a stack of matrices.
    member t.toArray3D() =
        Tensor.Require(t, 3)
        let values, rows, columns = t.toArray (), t.shape[1], t.shape[2]
        Array3D.init t.shape[0] rows columns (fun k i j -> values[(k * rows + i) * columns + j])

    static member private Require(t: Tensor, dimensions) =
        if t.shape.Length <> dimensions then
            invalidOp
                $"""A tensor of shape {Tensor.Show t.shape} has {Display.count t.shape.Length "dimension"}, not {dimensions}."""

    /// Throws ArgumentException unless two shapes are equal.
    static member RequireSame(shape: int[], other: int[]) =
        if other <> shape then
            invalidArg (nameof other) $"Shapes {Tensor.Show shape} and {Tensor.Show other} differ."

    /// Throws ArgumentException unless matrices of these shapes, or every pair of a batch, have a product.
    static member RequireProduct(shape: int[], other: int[]) =
        let rank = shape.Length

        if
            rank < 2
            || other.Length <> rank
            || other[.. rank - 3] <> shape[.. rank - 3]
            || other[rank - 2] <> shape[rank - 1]
        then
            invalidArg (nameof other) $"No matrix product of {Tensor.Show shape} by {Tensor.Show other}."

    /// Throws ArgumentException unless two shapes have the same number of elements.
    static member RequireView(shape: int[], target: int[]) =
        if Array.fold (*) 1 target <> Array.fold (*) 1 shape then
            invalidArg (nameof target) $"A tensor of shape {Tensor.Show shape} can't be viewed as {Tensor.Show target}."

    /// Returns a shape with dimensions of length 1 in front, so that it has as many dimensions as a target. Throws
    /// ArgumentException unless it can be expanded to the target.
    static member Padded(shape: int[], target: int[]) =
        let fresh = target.Length - shape.Length
        let padded = Array.append (Array.create (max 0 fresh) 1) shape

        if fresh < 0 || Array.exists2 (fun length wanted -> length <> wanted && length <> 1) padded target then
            invalidArg
                (nameof target)
                $"A tensor of shape {Tensor.Show shape} can't be expanded to {Tensor.Show target}."

        padded

    static member internal Show(shape: int[]) = if shape.Length = 0 then "scalar" else String.Join("×", shape)

    /// Returns the shape to which both sides expand. Dimensions must be equal or 1.
    static member private Common(a: Tensor, b: Tensor) =
        let length = max a.shape.Length b.shape.Length
        let pad (shape: int[]) = Array.append (Array.create (length - shape.Length) 1) shape

        Array.map2
            (fun m n ->
                if m <> n && m <> 1 && n <> 1 then
                    invalidArg
                        (nameof b)
                        $"Shapes {Tensor.Show a.shape} and {Tensor.Show b.shape} have no common shape."

                if m = 1 then n else m)
            (pad a.shape)
            (pad b.shape)

    static member private Expanded(a: Tensor, b: Tensor, operation: Tensor -> Tensor -> Tensor) =
        let shape = Tensor.Common(a, b)
        let expand (t: Tensor) = if t.shape.AsSpan().SequenceEqual shape then t else t.expand shape
        operation (expand a) (expand b)

    /// Adds number by number. Dimensions of length 1 repeat, as in NumPy.
    static member (+)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.add b)
    /// Subtracts number by number. Dimensions of length 1 repeat, as in NumPy.
    static member (-)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.sub b)
    /// Multiplies number by number. Dimensions of length 1 repeat, as in NumPy.
    static member (*)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.mul b)
    /// Divides number by number. Dimensions of length 1 repeat, as in NumPy.
    static member (/)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.div b)
    /// Adds a number to every number.
    static member (+)(a: Tensor, b: float) = a.addScalar b
    /// Subtracts a number from every number.
    static member (-)(a: Tensor, b: float) = a.addScalar -b
    /// Multiplies every number by a number.
    static member (*)(a: Tensor, b: float) = a.mulScalar b
    /// Multiplies every number by a number.
    static member (*)(a: float, b: Tensor) = b.mulScalar a
    /// Subtracts every number from a number.
    static member (-)(a: float, b: Tensor) = (b.mulScalar -1.0).addScalar a

    /// Returns true when the shapes and all numbers are equal, on any engine.
    override t.Equals(other) =
        match other with
        | :? Tensor as u -> t.shape = u.shape && t.toArray().AsSpan().SequenceEqual(u.toArray().AsSpan())
        | _ -> false

    override t.GetHashCode() = hash t.shape ^^^ hash (t.toArray ())

    /// Returns shape and numbers as text, with rows on separate lines.
    override t.ToString() =
        let values = t.toArray ()
        let number (value: float) = value.ToString("G6", Globalization.CultureInfo.InvariantCulture)
        let line (row: float[]) = "[" + String.Join("; ", Array.map number row) + "]"

        match Array.tryLast t.shape with
        | None -> number values[0]
        | Some 0 -> $"{Tensor.Show t.shape} []"
        | Some last when t.shape.Length = 1 && last <= 20 -> line values
        | Some last ->
            let lines = values |> Array.chunkBySize last |> Array.truncate 20 |> Array.map line
            let rest = if values.Length > 20 * last then "\n…" else ""
            $"{Tensor.Show t.shape}\n" + String.Join("\n", lines) + rest

/// A tensor engine: it stores tensors and makes them from numbers.
type Engine =
    {
        /// The engine's name, like that of a device: "reference", "torch:cpu" …
        Name: string
        /// The most numbers that a tensor should hold for the engine to work well.
        Capacity: int
        /// Makes a tensor of this shape over numbers stored row by row, which must not change while the tensor is in
        /// use.
        Create: int[] -> ReadOnlyMemory<float> -> Tensor
    }

    /// Copies a tensor to this engine.
    member engine.Move(tensor: Tensor) = engine.Create tensor.shape (ReadOnlyMemory(tensor.toArray ()))
