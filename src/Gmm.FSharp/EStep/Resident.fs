namespace Gmm

open System
open System.Collections.Generic

/// Limits the memory that textbook E-steps use on an engine with its own memory.
type ResidentLimits =
    {
        /// The largest count of numbers sent to the engine at once.
        BlockNumbers: int
        /// The most bytes that the temporary tensors of an E-step may use.
        TemporaryBytes: int64
        /// The most bytes of the data that stay on the engine from one E-step to the next.
        KeptBytes: int64
    }

/// Runs the textbook E-steps of one fit on an engine with its own memory. It sends rows to the engine in parts, small
/// enough that the temporary tensors fit the limits for any N, K and D. Parts stay there from one E-step to the next.
/// When the engine's memory runs out, parts become half as large, fewer are kept, and the work continues.
[<Sealed>]
type ResidentPass<'θ>
    internal (engine: Engine, limits: ResidentLimits, family: Family<'θ>, source: Source, execution: Execution) =
    /// The kept tensors, by the first row and the number of rows.
    let kept = Dictionary<struct (int64 * int), Tensor>()
    let gate = obj ()
    let source = source |> Source.inBlocksOf (limits.BlockNumbers / source.Columns)
    let mutable keepable = limits.KeptBytes
    let mutable held = 0L
    /// The number of rows in a part; None before the first E-step.
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
                largest <- max largest (x.bytes ())
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

    /// Returns the number of rows whose temporaries fit the memory, estimated from measurements with a few rows and
    /// with more rows.
    let measure (components: int) work (block: Block) =
        let taken count =
            let part = block.Slice(0, count)
            let x = engine.Create [| part.Rows; part.Columns |] part.Values

            try
                x.Within(fun x ->
                    work x part |> ignore
                    x.bytes ())
            finally
                x.free ()

        let few, more = 1, min 65 block.Rows

        try
            if more <= few then
                few
            else
                let bytesOfFew = taken few
                let bytesOfRow = (taken more - bytesOfFew) / int64 (more - few)
                let fitting = (limits.TemporaryBytes - bytesOfFew) / max 1L bytesOfRow
                // On the processor, tensors should stay in the cache.
                let cached = engine.Capacity / (components * block.Columns) |> max 64
                int (max 1L (min fitting (int64 cached)))
        with :? InsufficientMemoryException ->
            few

    /// Applies a function to each part of a block, in the order of the parts.
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

    let expect assignment (mixture: Mixture<'θ>) =
        let work = Textbook.ofRows family (Responsibility.Assigned assignment) mixture
        let ofBlock block = block |> collect (fun () -> measure mixture.Components work block) work |> Seq.reduce (+)
        source |> Source.reduceRuns { execution with Threads = 1 } (+) (Seq.map ofBlock >> Seq.reduce (+))

    /// The number of rows in a part; None before the first E-step.
    member _.PartRows = rows

    /// The most bytes that the temporary tensors of a part used, if the engine counts them.
    member _.LargestBytes = largest

    /// The number of bytes of the data that are kept, as float64.
    member _.KeptBytes = held

    interface Pass<'θ> with
        /// Runs one E-step at a time: concurrent calls wait. Throws `GmmException` when the engine fails, or when its
        /// memory is too small for one row.
        member _.Expect(assignment, mixture) =
            lock gate (fun () -> Textbook.guarded engine (fun () -> expect assignment mixture))

        /// Frees the kept rows.
        member _.Dispose() = lock gate forget

/// Backends for engines with their own memory.
module Resident =
    /// Opens a pass of textbook E-steps on an engine, within limits.
    let openPass (engine: Engine) limits family source execution : ResidentPass<'θ> =
        new ResidentPass<'θ>(engine, limits, family, source, execution)

    /// Returns a backend that runs the tensor expressions of a family on an engine and keeps as many rows in its memory
    /// as the limits allow.
    let backend (engine: Engine) (limits: ResidentLimits) : Backend =
        { new Backend with
            member _.Name = engine.Name
            member _.Open(family, source, execution) = Ok(openPass engine limits family source execution) }
