namespace Gmm.Outside

open System
open Gmm

/// A tensor in plain loops over one array.
type PlainTensor(shape: int[], values: float[]) =
    inherit Tensor()

    let create shape values = PlainTensor(shape, values) :> Tensor

    /// The numbers of another tensor, which must belong to this engine.
    let numbers (other: Tensor) =
        match other with
        | :? PlainTensor -> other.toArray ()
        | _ -> invalidArg (nameof other) $"A plain tensor meets a {other.GetType().Name}; move both to one engine."

    let count (lengths: int[]) = Array.fold (*) 1 lengths

    let map2 (f: float -> float -> float) (other: Tensor) =
        Tensor.RequireSame(shape, other.shape)
        create shape (Array.map2 f values (numbers other))

    /// Folds the numbers along a dimension, from the first, each with its index.
    let along dim (fold: (int * float) list -> float) =
        let length, after = shape[dim], count shape[dim + 1 ..]
        let reduced = Array.removeAt dim shape

        Array.init (count reduced) (fun i ->
            fold [ for j in 0 .. length - 1 -> j, values[(i / after * length + j) * after + i % after] ])
        |> create reduced

    let best = List.reduce (fun a b -> if snd b > snd a then b else a)

    /// Returns the numbers with another shape; `place` gives each number's index in the source from its new index.
    let from (target: int[]) (place: int[] -> int[]) (source: int[]) =
        let strides (shape: int[]) = Array.scanBack (*) shape 1 |> Array.tail
        let ofTarget, ofSource = strides target, strides source

        Array.init (count target) (fun i ->
            let index = Array.map2 (fun stride length -> i / stride % length) ofTarget target
            values[Array.fold2 (fun sum j stride -> sum + j * stride) 0 (place index) ofSource])
        |> create target

    let exchange dim0 dim1 (numbers: int[]) =
        Array.permute
            (fun i ->
                if i = dim0 then dim1
                elif i = dim1 then dim0
                else i)
            numbers

    override _.shape = Array.copy shape
    override _.toArray() = Array.copy values
    override _.like(shape, values) = create shape values
    override _.add other = map2 (+) other
    override _.sub other = map2 (-) other
    override _.mul other = map2 (*) other
    override _.div other = map2 (/) other
    override _.addScalar number = create shape (values |> Array.map (fun x -> x + number))
    override _.mulScalar number = create shape (values |> Array.map (fun x -> x * number))
    override _.exp() = create shape (Array.map exp values)
    override _.log() = create shape (Array.map log values)
    override _.clamp low = create shape (values |> Array.map (fun x -> if x < low then low else x))
    override _.eq other = map2 (fun a b -> if a = b then 1.0 else 0.0) other
    override _.lt other = map2 (fun a b -> if a < b then 1.0 else 0.0) other
    override _.sum dim = along dim (List.sumBy snd)
    override _.max dim = along dim (best >> snd)
    override _.argmax dim = along dim (best >> fst >> float)

    override _.matmul other =
        Tensor.RequireProduct(shape, other.shape)
        let n, m, p = shape[shape.Length - 2], Array.last shape, Array.last other.shape
        let others = numbers other

        let entry i =
            let batch, row, column = i / (n * p), i / p % n, i % p
            Seq.init m (fun l -> values[(batch * n + row) * m + l] * others[(batch * m + l) * p + column]) |> Seq.sum

        let product = Array.append shape[.. shape.Length - 2] [| p |]
        create product (Array.init (count product) entry)

    override _.transpose(dim0, dim1) = from (exchange dim0 dim1 shape) (exchange dim0 dim1) shape

    override _.view target =
        Tensor.RequireView(shape, target)
        create target values

    override _.expand target =
        let padded = Tensor.Padded(shape, target)
        from target (Array.map2 (fun length j -> if length = 1 then 0 else j) padded) padded

/// The engine.
module Plain =
    let engine: Engine =
        { Name = "plain"
          Capacity = 1 <<< 16
          Create = fun shape values -> PlainTensor(shape, values.ToArray()) }
