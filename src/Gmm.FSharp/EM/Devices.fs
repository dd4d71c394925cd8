namespace Gmm

open System
open System.Collections.Generic

/// The textbook E-steps of one fit on an engine. Rows go to the engine in parts so large that temporary tensors take no more
/// than `memory` bytes, whatever N, K and D; parts stay there from one E-step to the next until `keep` bytes of them do. When
/// the engine's memory runs out, parts become half as large, fewer are kept, and the work goes on.
[<Sealed>]
type DeviceEStep<'θ>(engine: Engine, family: Family<'θ>, memory: int64, keep: int64) =
    /// The tensors kept, by the first row and the number of rows.
    let kept = Dictionary<struct (int64 * int), Tensor>()
    let mutable keepable = keep
    let mutable held = 0L
    /// How many rows a part has; not known before the first E-step.
    let mutable rows = None
    let mutable largest = 0L

    let sizeOf (block: Block) = int64 sizeof<float> * int64 block.Rows * int64 block.Columns

    let forget () =
        for tensor in kept.Values do
            tensor.free ()

        kept.Clear()
        held <- 0L

    let onPart (work: Tensor -> Block -> 'T) (part: Block) : 'T =
        let compute (x: Tensor) =
            x.Within(fun x ->
                let result = work x part
                largest <- max largest (Torch.bytes x)
                result)

        let key = struct (part.FirstRow, part.Rows)

        match kept.TryGetValue key with
        | true, x -> compute x
        | _ ->
            let x = engine.Create [| part.Rows; part.Columns |] part.Values

            if held + sizeOf part <= keepable then
                kept.Add(key, x)
                held <- held + sizeOf part
                compute x
            else
                try
                    compute x
                finally
                    x.free ()

    /// How many rows' temporaries fit the memory: what few rows take and what more take tell what each row takes.
    let measure assignment mixture (block: Block) =
        let taken count =
            let part = block.Slice(0, count)
            let x = engine.Create [| part.Rows; part.Columns |] part.Values

            try
                x.Within(fun x ->
                    Backend.statistics family assignment mixture x part |> ignore
                    Torch.bytes x)
            finally
                x.free ()

        let few, more = 1, min 65 block.Rows

        try
            if more <= few then
                few
            else
                let bytesOfFew = taken few
                let bytesOfRow = (taken more - bytesOfFew) / int64 (more - few)
                let fitting = (memory - bytesOfFew) / max 1L bytesOfRow
                // On the processor tensors should stay in its cache.
                let cached = engine.Capacity / (mixture.Components * block.Columns) |> max 64
                int (max 1L (min fitting (int64 cached)))
        with :? InsufficientMemoryException ->
            few

    /// What a function makes of each part of a block, in their order.
    let collect partRows work (block: Block) =
        let results = ResizeArray()
        let mutable first = 0
        rows <- Some(Option.defaultWith partRows rows)

        while first < block.Rows do
            let part = block.Slice(first, min rows.Value (block.Rows - first))

            try
                results.Add(onPart work part)
                first <- first + part.Rows
            with :? InsufficientMemoryException as failure ->
                keepable <- held / 2L
                forget ()

                if part.Rows = 1 then
                    raise (EngineException failure.Message)

                rows <- Some(part.Rows / 2)

        results

    let expect assignment mixture block =
        block
        |> collect (fun () -> measure assignment mixture block) (Backend.statistics family assignment mixture)
        |> Seq.reduce (+)

    /// The backend of a model; its E-steps wait for one another. EngineException when the engine fails or one row is too
    /// large for its memory.
    member work.Backend: Backend<'θ> =
        { Backend.textbook engine family with
            Expect =
                fun assignment mixture blocks ->
                    lock work (fun () -> blocks |> Seq.map (expect assignment mixture) |> Seq.reduce (+)) }

    /// How many rows a part has; none before the first E-step.
    member _.PartRows = rows

    /// The most bytes that the temporary tensors of a part took, as far as the engine tells: libtorch does.
    member _.LargestBytes = largest

    /// How many bytes of the data are kept, as float64.
    member _.KeptBytes = held

    interface IDisposable with
        /// Frees what is kept.
        member _.Dispose() = forget ()

/// Running fits on devices.
module internal Devices =
    /// The memory for the temporary tensors of an E-step.
    let private memory = 1L <<< 30

    /// How many numbers go to a device at once, at most: many to one far away; on the processor parts are small anyway.
    let private blockNumbers device = if device = Device.TorchCpu then 1 <<< 18 else 1 <<< 23

    /// The engine of a device; none for the processor by this library's own code.
    let private engine device : Result<Engine option, GmmError> =
        match Torch.resolve device with
        | Device.Cpu -> Ok None
        | device -> Torch.engine device Dtype.Float64 |> Result.map Some

    /// What is wrong with a device, if anything.
    let check device : Result<unit, GmmError> = engine device |> Result.map ignore

    /// Runs a fit with a model and data made ready for a device. What it finds is used by the model that was given, so that
    /// predictions have the same bits whether or not it was saved and loaded.
    let run
        (device: Device)
        (fit: Model<'θ> -> Source -> Result<Fit<'θ>, GmmError>)
        (model: Model<'θ>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> =
        let onEngine (engine: Engine) =
            // Other devices have memory of their own; the processor works on the data in place.
            let keep = if device = Device.TorchCpu then 0L else Int64.MaxValue
            use work = new DeviceEStep<'θ>(engine, model.Family, memory, keep)

            try
                source
                |> Source.inBlocksOf (blockNumbers device / source.Columns)
                |> fit
                    { model with
                        Backend = work.Backend
                        Execution = { model.Execution with Threads = 1 } }
                |> Result.map (fun fit -> { fit with Model = Model.unbound model })
            with :? EngineException as failure ->
                let remedy = "Choose another device, or free its memory if that is full"
                Error(UnavailableDevice(engine.Name, failure.Message, remedy))

        match engine device with
        | Error error -> Error error
        | Ok None -> fit model source
        | Ok(Some engine) -> onEngine engine
