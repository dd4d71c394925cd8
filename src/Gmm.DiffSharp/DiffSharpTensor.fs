namespace Gmm

open System
open DiffSharp.OpBMMExtensions

/// `DiffSharp.Device` is also the name of a union case.
type private Devices = DiffSharp.Device

/// Where tensors of DiffSharp live, and the type of their numbers.
type DiffSharpPlace =
    {
        /// Who calculates: DiffSharp's Reference, or Torch if the program references its package.
        Backend: DiffSharp.Backend
        /// The processor, or a device of the backend.
        Device: DiffSharp.Device
        /// Float64 or Float32. (DiffSharp itself makes float32 of float64 numbers unless told otherwise.)
        Dtype: DiffSharp.Dtype
    }

    /// DiffSharp's Reference backend on the processor, in float64.
    static member Default =
        { Backend = DiffSharp.Backend.Reference
          Device = Devices.CPU
          Dtype = DiffSharp.Dtype.Float64 }

    /// The place of a tensor.
    static member Of(tensor: DiffSharp.Tensor) =
        { Backend = tensor.backend
          Device = tensor.device
          Dtype = tensor.dtype }

    /// A number as the type holds it: in float32 a finite one beyond 3.4e38 becomes that, so that 0 times it is 0.
    member internal place.Bounded(value: float) =
        if place.Dtype = DiffSharp.Dtype.Float32 && Double.IsFinite value then
            Math.Clamp(value, float -Single.MaxValue, float Single.MaxValue)
        else
            value

    /// A constant tensor from numbers held row by row.
    member internal place.Create(shape: int[], values: float[]) : DiffSharp.Tensor =
        let numbers: obj =
            match place.Dtype with
            | DiffSharp.Dtype.Float32 -> values |> Array.map (place.Bounded >> float32) |> box
            | _ -> box values

        let flat =
            DiffSharp.dsharp.tensor (numbers, device = place.Device, dtype = place.Dtype, backend = place.Backend)

        flat.view (Seq.ofArray shape)

/// A tensor of DiffSharp, with the derivatives that it carries, as a tensor of Gmm. Every operation is one that DiffSharp
/// can differentiate, but for `eq`, `lt` and `argmax`, whose derivatives are 0.
[<Sealed>]
type internal DiffSharpTensor(tensor: DiffSharp.Tensor) =
    inherit Tensor()

    let lengths = tensor.shape
    let place = DiffSharpPlace.Of tensor

    let unwrap (other: Tensor) : DiffSharp.Tensor =
        match other with
        | :? DiffSharpTensor as other -> other.Tensor
        | _ -> invalidArg (nameof other) $"A DiffSharp tensor meets a {other.GetType().Name}; move both to one engine."

    let numbersIn (shape: int[]) = Array.fold (*) 1 shape

    /// What DiffSharp computes, whose shape is known beforehand: it has no operations on tensors without numbers.
    let result (shape: int[]) (compute: unit -> DiffSharp.Tensor) : Tensor =
        if tensor.nelement = 0 || numbersIn shape = 0 then
            DiffSharpTensor(place.Create(shape, Array.zeroCreate (numbersIn shape)))
        else
            DiffSharpTensor(compute ())

    /// DiffSharp would repeat one of two shapes, or neither.
    let elementwise (other: Tensor) (operation: DiffSharp.Tensor -> DiffSharp.Tensor) =
        Tensor.RequireSame(lengths, other.shape)
        let right = unwrap other
        result lengths (fun () -> operation right)

    let without dim = Array.removeAt dim lengths

    let scalar (value: float) = place.Bounded value :> IConvertible

    /// Truth values and indices as numbers.
    let numbers (values: DiffSharp.Tensor) = values.cast place.Dtype

    member _.Tensor = tensor

    override _.shape = Array.copy lengths

    override _.toArray() =
        let flat = tensor.primalDeep.cpu().view [| tensor.nelement |]

        match flat.toArray () with
        | :? (float32[]) as numbers -> Array.map float numbers
        | numbers -> unbox<float[]> numbers

    override _.like(shape, values) = DiffSharpTensor(place.Create(shape, values))

    override _.add other = elementwise other (fun right -> tensor.add right)
    override _.sub other = elementwise other (fun right -> tensor.sub right)
    override _.mul other = elementwise other (fun right -> tensor.mul right)
    override _.div other = elementwise other (fun right -> tensor.div right)
    override _.addScalar number = result lengths (fun () -> tensor.add (scalar number))
    override _.mulScalar number = result lengths (fun () -> tensor.mul (scalar number))
    override _.exp() = result lengths tensor.exp
    override _.log() = result lengths tensor.log
    override _.clamp low = result lengths (fun () -> tensor.clamp (low = scalar low))
    override _.eq other = elementwise other (fun right -> numbers (tensor.eq right))
    override _.lt other = elementwise other (fun right -> numbers (tensor.lt right))
    override _.sum dim = result (without dim) (fun () -> tensor.sum (dim = dim))
    override _.max dim = result (without dim) (fun () -> tensor.max (dim = dim))
    override _.argmax dim = result (without dim) (fun () -> numbers (tensor.argmax (dim = dim)))

    override _.matmul other =
        Tensor.RequireProduct(lengths, other.shape)
        let rank, right = lengths.Length, unwrap other
        let columns = right.shape[rank - 1]

        result (Array.append lengths[.. rank - 2] [| columns |]) (fun () ->
            if rank = 2 then
                tensor.matmul right
            else
                // The reverse derivative of DiffSharp's matmul knows no batches, that of its bmm does.
                let batch = numbersIn lengths[.. rank - 3]
                let stack (t: DiffSharp.Tensor) = t.view [| batch; t.shape[rank - 2]; t.shape[rank - 1] |]
                (stack tensor).bmm(stack right).view(Array.append lengths[.. rank - 2] [| columns |]))

    override _.transpose(dim0, dim1) =
        let exchanged = Array.copy lengths
        exchanged[dim0] <- lengths[dim1]
        exchanged[dim1] <- lengths[dim0]
        result exchanged (fun () -> tensor.transpose (dim0, dim1))

    override _.view target =
        Tensor.RequireView(lengths, target)
        result target (fun () -> tensor.view (Seq.ofArray target))

    override _.expand target =
        Tensor.Padded(lengths, target) |> ignore
        result target (fun () -> tensor.expand (Seq.ofArray target))

/// Tensors of DiffSharp (Baydin, Pearlmutter, Radul and Siskind, JMLR 18, 2018) as an engine for the textbook's E-steps, and
/// conversions both ways.
module DiffSharpTensor =
    let private require (place: DiffSharpPlace) : Result<unit, GmmError> =
        if place.Dtype = DiffSharp.Dtype.Float32 || place.Dtype = DiffSharp.Dtype.Float64 then
            Ok()
        else
            Error(InvalidOption("Dtype", "Float32 or Float64", string place.Dtype))

    /// A tensor of DiffSharp, with the derivatives that it carries, as a tensor of Gmm. Throws `GmmException` unless its
    /// numbers are float32 or float64.
    let ofDiffSharp (tensor: DiffSharp.Tensor) : Tensor =
        require (DiffSharpPlace.Of tensor) |> GmmError.get
        DiffSharpTensor tensor

    /// A tensor of Gmm as one of DiffSharp at a place: the same one, with its derivatives, if it is there already; otherwise a
    /// constant with its numbers. Throws ArgumentException for one that is being differentiated elsewhere.
    let toDiffSharp (place: DiffSharpPlace) (tensor: Tensor) : DiffSharp.Tensor =
        match tensor with
        | :? DiffSharpTensor as here when DiffSharpPlace.Of here.Tensor = place -> here.Tensor
        | :? DiffSharpTensor as elsewhere when not elsewhere.Tensor.isNoDiff ->
            invalidArg
                (nameof tensor)
                $"A tensor that is being differentiated can't be moved from {DiffSharpPlace.Of elsewhere.Tensor} to {place}."
        | other -> place.Create(other.shape, other.toArray ())

    /// All rows of the data (N×D), without their weights.
    let ofSource (place: DiffSharpPlace) (source: Source) : DiffSharp.Tensor =
        let numbers =
            source |> Source.collect { Execution.Default with Threads = 1 } (fun block -> block.Values.ToArray())

        place.Create([| int source.Rows; source.Columns |], numbers)

    /// The rows of a matrix (N×D) as data, copied; derivatives are left behind. Error when it is no matrix, or has no columns.
    let toSource (tensor: DiffSharp.Tensor) : Result<Source, GmmError> =
        match tensor.shape with
        | [| _; columns |] -> Source.ofMemory columns (ReadOnlyMemory((ofDiffSharp tensor).toArray()))
        | shape -> Error(InvalidData("two dimensions (N×D)", $"the tensor has {shape.Length}"))

    /// The engine whose tensors live at a place. Error when the numbers are neither float32 nor float64, or DiffSharp has no
    /// such backend or device in this program.
    let engine (place: DiffSharpPlace) : Result<Engine, GmmError> =
        let name =
            let device = if place.Device = Devices.CPU then "cpu" else string place.Device
            $"diffsharp:{place.Backend.Name}:{device}:{place.Dtype}".ToLowerInvariant()

        let create () =
            try
                place.Create([| 1 |], [| 0.0 |]) |> ignore

                Ok
                    { Name = name
                      // The Reference backend gains nothing from large tensors, others do.
                      Capacity = if place.Backend = DiffSharp.Backend.Reference then 8192 else 1 <<< 24
                      Create = fun shape values -> DiffSharpTensor(place.Create(shape, values.ToArray())) }
            with failure ->
                let reason = failure.Message.Split('\n')[0]
                let remedy = "Reference the package of that backend in the program, or choose another backend or device"
                Error(UnavailableBackend(name, reason.TrimEnd(' ', '.', '\r'), remedy))

        require place |> Result.bind create
