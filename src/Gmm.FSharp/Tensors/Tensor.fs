namespace Gmm

open System

/// The type of the numbers that an engine calculates with. Numbers come to an engine and leave it as float64.
[<RequireQualifiedAccess>]
type Dtype =
    /// 24 bits of precision, magnitudes up to 3.4e38; larger finite ones become that.
    | Float32
    /// 53 bits of precision.
    | Float64

/// A tensor engine fails for reasons of its own, such as those of a driver; the message is what it says. That its memory is
/// used up is `InsufficientMemoryException` instead.
type EngineException(message: string) =
    inherit Exception(message)

/// An immutable dense array of numbers, row by row, held by some engine: the managed Reference or libtorch here; DiffSharp
/// elsewhere. The eighteen operations are those every engine has, named as in DiffSharp; what each one means is what
/// `Reference` does. The E-steps of the textbook are expressions over them, so that they run on every engine.
///
/// The operators `+ - * /` between tensors first expand both sides to their common shape, aligned at the last dimension
/// as NumPy does, because engines differ in what they expand by themselves.
[<AbstractClass>]
type Tensor() =
    /// The length of every dimension, outermost first; empty for a single number.
    abstract shape: int[]
    /// A copy of all numbers, row by row.
    abstract toArray: unit -> float[]
    /// A tensor of the same engine and device from numbers held row by row.
    abstract like: shape: int[] * values: float[] -> Tensor

    /// Sum, element by element, of two tensors of one shape.
    abstract add: Tensor -> Tensor
    /// Difference, element by element, of two tensors of one shape.
    abstract sub: Tensor -> Tensor
    /// Product, element by element, of two tensors of one shape.
    abstract mul: Tensor -> Tensor
    /// Quotient, element by element, of two tensors of one shape.
    abstract div: Tensor -> Tensor
    /// Every element plus a number.
    abstract addScalar: float -> Tensor
    /// Every element times a number.
    abstract mulScalar: float -> Tensor
    /// eˣ of every element.
    abstract exp: unit -> Tensor
    /// ln x of every element; ln 0 = −∞.
    abstract log: unit -> Tensor
    /// Every element, or `low` where it is less.
    abstract clamp: low: float -> Tensor
    /// 1 where the elements of two tensors of one shape are equal, 0 elsewhere.
    abstract eq: Tensor -> Tensor
    /// 1 where the element is less than the other tensor's, 0 elsewhere.
    abstract lt: Tensor -> Tensor

    /// The sum along a dimension, which disappears.
    abstract sum: dim: int -> Tensor
    /// The largest element along a dimension, which disappears.
    abstract max: dim: int -> Tensor
    /// The index of the largest element along a dimension, which disappears; of equals the lowest index.
    abstract argmax: dim: int -> Tensor
    /// The matrix product n×m by m×p, or of every pair of a batch: B×n×m by B×m×p gives B×n×p.
    abstract matmul: Tensor -> Tensor
    /// Two dimensions exchanged.
    abstract transpose: dim0: int * dim1: int -> Tensor
    /// The same numbers, row by row, under another shape.
    abstract view: shape: int[] -> Tensor
    /// Dimensions of length 1 repeated, and new ones put in front, to reach a shape.
    abstract expand: shape: int[] -> Tensor

    /// The same tensor at the head of a computation: `free` then frees what was computed from it, too. For engines whose
    /// memory the garbage collector does not see; others return the tensor itself.
    abstract scoped: unit -> Tensor
    default t.scoped() = t
    /// Frees the tensor, and what was computed from it if it is `scoped`; nothing of that may be used afterwards. What is not
    /// freed so, the garbage collector frees in its time.
    abstract free: unit -> unit
    default _.free() = ()

    /// What a function makes of the tensor; the tensors that it computed are freed.
    member internal t.Within(work: Tensor -> 'T) : 'T =
        let head = t.scoped ()

        try
            work head
        finally
            head.free ()

    /// A dimension of length 1 put in before dimension `dim`.
    member t.unsqueeze(dim: int) = t.view (Array.insertAt dim 1 t.shape)

    /// The numbers of a vector.
    member t.toArray1D() =
        Tensor.Require(t, 1)
        t.toArray ()

    /// The numbers of a matrix.
    member t.toArray2D() =
        Tensor.Require(t, 2)
        let values, columns = t.toArray (), t.shape[1]
        Array2D.init t.shape[0] columns (fun i j -> values[i * columns + j])

    /// The numbers of a stack of matrices.
    member t.toArray3D() =
        Tensor.Require(t, 3)
        let values, rows, columns = t.toArray (), t.shape[1], t.shape[2]
        Array3D.init t.shape[0] rows columns (fun k i j -> values[(k * rows + i) * columns + j])

    static member private Require(t: Tensor, dimensions) =
        if t.shape.Length <> dimensions then
            invalidOp $"A tensor of shape {Tensor.Show t.shape} has {t.shape.Length} dimensions, not {dimensions}."

    /// Throws ArgumentException unless two shapes are one.
    static member internal RequireSame(shape: int[], other: int[]) =
        if other <> shape then
            invalidArg (nameof other) $"Shapes {Tensor.Show shape} and {Tensor.Show other} differ."

    /// Throws ArgumentException unless matrices of these shapes, or every pair of a batch, have a product.
    static member internal RequireProduct(shape: int[], other: int[]) =
        let rank = shape.Length

        if
            rank < 2
            || other.Length <> rank
            || other[.. rank - 3] <> shape[.. rank - 3]
            || other[rank - 2] <> shape[rank - 1]
        then
            invalidArg (nameof other) $"No matrix product of {Tensor.Show shape} by {Tensor.Show other}."

    /// Throws ArgumentException unless two shapes have as many numbers.
    static member internal RequireView(shape: int[], target: int[]) =
        if Array.fold (*) 1 target <> Array.fold (*) 1 shape then
            invalidArg (nameof target) $"A tensor of shape {Tensor.Show shape} can't be viewed as {Tensor.Show target}."

    /// A shape with dimensions of length 1 in front, as many as a target has; throws ArgumentException unless it can be
    /// expanded to the target.
    static member internal Padded(shape: int[], target: int[]) =
        let fresh = target.Length - shape.Length
        let padded = Array.append (Array.create (max 0 fresh) 1) shape

        if fresh < 0 || Array.exists2 (fun length wanted -> length <> wanted && length <> 1) padded target then
            invalidArg
                (nameof target)
                $"A tensor of shape {Tensor.Show shape} can't be expanded to {Tensor.Show target}."

        padded

    static member internal Show(shape: int[]) = if shape.Length = 0 then "scalar" else String.Join("×", shape)

    /// The shape both sides expand to; dimensions must be equal or 1.
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
        let expand (t: Tensor) = if t.shape = shape then t else t.expand shape
        operation (expand a) (expand b)

    static member (+)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.add b)
    static member (-)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.sub b)
    static member (*)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.mul b)
    static member (/)(a: Tensor, b: Tensor) = Tensor.Expanded(a, b, fun a b -> a.div b)
    static member (+)(a: Tensor, b: float) = a.addScalar b
    static member (-)(a: Tensor, b: float) = a.addScalar -b
    static member (*)(a: Tensor, b: float) = a.mulScalar b
    static member (*)(a: float, b: Tensor) = b.mulScalar a
    static member (-)(a: float, b: Tensor) = (b.mulScalar -1.0).addScalar a

    /// Equal when shape and every number agree, on whatever engine.
    override t.Equals(other) =
        match other with
        | :? Tensor as u -> t.shape = u.shape && t.toArray().AsSpan().SequenceEqual(u.toArray().AsSpan())
        | _ -> false

    override t.GetHashCode() = hash t.shape ^^^ hash (t.toArray ())

    /// Shape and numbers, rows on lines of their own.
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

/// A tensor engine: where tensors live and how numbers come to them.
type Engine =
    {
        /// The engine's name, as a device is named: "reference", "torch:cpu" …
        Name: string
        /// How many numbers a tensor should hold at most, for the engine to work well.
        Capacity: int
        /// A tensor of this shape over numbers held row by row; they must not change while it lives.
        Create: int[] -> ReadOnlyMemory<float> -> Tensor
    }

    /// The same numbers as a tensor of this engine.
    member engine.Move(tensor: Tensor) = engine.Create tensor.shape (ReadOnlyMemory(tensor.toArray ()))
