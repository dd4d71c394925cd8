namespace Gmm

open System
open System.Buffers
open System.Runtime.ExceptionServices
open System.Runtime.InteropServices
open System.Runtime.CompilerServices
open System.Threading
open System.Threading.Tasks

/// What is done alike with numbers of either precision.
module internal Precision =
    /// The index of the first number that is looked for.
    let inline tryFindIndex ([<InlineIfLambda>] isSought: float -> bool) (values: ReadOnlyMemory<_>) : int option =
        let values = values.Span
        let mutable i = 0

        while i < values.Length && not (isSought (float values[i])) do
            i <- i + 1

        if i = values.Length then None else Some i

    /// As many numbers, each from its own place.
    let gather length (place: int -> int) (values: ReadOnlyMemory<'T>) : ReadOnlyMemory<'T> =
        let values = values.Span
        let gathered = GC.AllocateUninitializedArray<'T> length

        for i in 0 .. length - 1 do
            gathered[i] <- values[place i]

        ReadOnlyMemory gathered

/// Numbers one after another in memory, as float64 or, in half the room, as float32.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Numbers =
    /// Eight bytes each.
    | Float64 of ReadOnlyMemory<float>
    /// Four bytes each.
    | Float32 of ReadOnlyMemory<float32>

    /// Number i as float64.
    member numbers.Item(i: int) : float =
        match numbers with
        | Float64 values -> values.Span[i]
        | Float32 values -> float values.Span[i]

    /// Some consecutive numbers, in place.
    member numbers.Slice(first: int, length: int) : Numbers =
        match numbers with
        | Float64 values -> Float64(values.Slice(first, length))
        | Float32 values -> Float32(values.Slice(first, length))

    /// Copies the numbers from `first` on, as many as the target takes, as float64.
    member numbers.CopyTo(first: int, target: Span<float>) : unit =
        match numbers with
        | Float64 values -> values.Span.Slice(first, target.Length).CopyTo target
        | Float32 values ->
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(values.Span.Slice(first, target.Length), target)

    /// All numbers as float64: in place if they are, otherwise a copy.
    member numbers.ToFloat64() : ReadOnlyMemory<float> =
        match numbers with
        | Float64 values -> values
        | Float32 values ->
            let copy = GC.AllocateUninitializedArray<float> values.Length
            numbers.CopyTo(0, copy.AsSpan())
            ReadOnlyMemory copy

    /// The bytes of a number.
    member internal numbers.Size =
        match numbers with
        | Float64 _ -> sizeof<float>
        | Float32 _ -> sizeof<float32>

    /// Holds the memory where it is.
    member internal numbers.Pin() : MemoryHandle =
        match numbers with
        | Float64 values -> values.Pin()
        | Float32 values -> values.Pin()

    /// As many numbers, each from its own place, copied.
    member internal numbers.Gather(length: int, place: int -> int) : Numbers =
        match numbers with
        | Float64 values -> Float64(Precision.gather length place values)
        | Float32 values -> Float32(Precision.gather length place values)

    /// The index of the first number that is looked for.
    member inline internal numbers.TryFindIndex([<InlineIfLambda>] isSought: float -> bool) : int option =
        match numbers with
        | Float64 values -> Precision.tryFindIndex isSought values
        | Float32 values -> Precision.tryFindIndex isSought values

/// Some consecutive rows of the data, row by row, with their sample weights.
[<NoEquality; NoComparison>]
type Block =
    {
        /// The number of the first row within the whole data.
        FirstRow: int64
        /// How many rows.
        Rows: int
        /// How many features, D.
        Columns: int
        /// The Rows×Columns numbers, row by row.
        Numbers: Numbers
        /// One weight wₙ ≥ 0 for every row; None when all are 1.
        Weights: ReadOnlyMemory<float> option
    }

    /// The Rows×Columns numbers as float64, row by row: in place if they are, otherwise a copy.
    member block.Values: ReadOnlyMemory<float> = block.Numbers.ToFloat64()

    /// The weight wₙ of row i of the block.
    member block.Weight(i: int) : float =
        match block.Weights with
        | Some weights -> weights.Span[i]
        | None -> 1.0

    /// Σₙ wₙvₙ over the rows of the block; a row of weight 0 adds nothing, even where v is −∞.
    member block.WeightedSum(values: float[]) =
        let mutable sum = 0.0

        for i in 0 .. block.Rows - 1 do
            let weight = block.Weight i

            if weight > 0.0 then
                sum <- sum + weight * values[i]

        sum

    /// Some consecutive rows of the block as a block.
    member block.Slice(first, rows) =
        { block with
            FirstRow = block.FirstRow + int64 first
            Rows = rows
            Numbers = block.Numbers.Slice(first * block.Columns, rows * block.Columns)
            Weights = block.Weights |> Option.map _.Slice(first, rows) }

    /// Some columns of the block, copied, in the order given.
    member block.Select(columns: int[]) =
        let place i = i / columns.Length * block.Columns + columns[i % columns.Length]

        { block with
            Columns = columns.Length
            Numbers = block.Numbers.Gather(block.Rows * columns.Length, place) }

    /// The number of row i of the block in column j.
    member block.Item(i: int, j: int) : float = block.Numbers[i * block.Columns + j]

    /// The D numbers of row i of the block: in place if they are float64, otherwise a copy.
    member block.Row(i: int) : ReadOnlySpan<float> =
        match block.Numbers with
        | Numbers.Float64 values -> values.Span.Slice(i * block.Columns, block.Columns)
        | Numbers.Float32 _ ->
            let row = Array.zeroCreate block.Columns
            block.Numbers.CopyTo(i * block.Columns, row.AsSpan())
            ReadOnlySpan row

/// The data: a repeatable sequence of row blocks, numbered from 0. The partition depends on the shape of the data only,
/// never on threads, so sums over blocks in their order are the same to the last bit on any machine.
[<NoEquality; NoComparison>]
type Source =
    {
        /// How many rows, N.
        Rows: int64
        /// How many features, D.
        Columns: int
        /// Rows in every block but the last.
        BlockRows: int
        /// The block of a given number; may be called from several threads at once.
        Read: int64 -> Block
    }

    /// How many blocks.
    member source.Blocks = (source.Rows + int64 source.BlockRows - 1L) / int64 source.BlockRows

/// Who does the work, and when to stop it. Neither changes any result.
[<NoEquality; NoComparison>]
type Execution =
    {
        /// How many threads at most.
        Threads: int
        /// Stops the work between two blocks with OperationCanceledException.
        Cancellation: CancellationToken
    }

    /// All cores, never cancelled.
    static member Default =
        { Threads = Environment.ProcessorCount
          Cancellation = CancellationToken.None }

    /// Does the pieces of work 0 … count − 1, each on one of the threads, the earliest first. Once one has thrown, no further
    /// one begins.
    member internal execution.ForEach(count: int, work: int -> unit) : unit =
        if count = 1 || execution.Threads = 1 then
            for piece in 0 .. count - 1 do
                work piece
        else
            let latest = ref -1

            let worker _ =
                let mutable piece = Interlocked.Increment latest

                while piece < count do
                    try
                        work piece
                    with _ ->
                        Interlocked.Exchange(latest, count) |> ignore
                        reraise ()

                    piece <- Interlocked.Increment latest

            try
                let options = ParallelOptions(MaxDegreeOfParallelism = execution.Threads)
                Parallel.For(0, min count execution.Threads, options, worker) |> ignore
            with :? AggregateException as many ->
                ExceptionDispatchInfo.Capture(many.InnerExceptions[0]).Throw()

    /// What the pieces of work make, in their order.
    member internal execution.Map(count: int, work: int -> 'T) : 'T[] =
        let results: 'T[] = Array.zeroCreate count
        execution.ForEach(count, fun piece -> results[piece] <- work piece)
        results

/// The memory of a rectangular .NET array, without a copy.
[<Sealed>]
type internal RectangularMemory<'T>(values: 'T[,]) =
    inherit MemoryManager<'T>()

    override _.GetSpan() =
        MemoryMarshal.CreateSpan(
            &Unsafe.As<byte, 'T>(&MemoryMarshal.GetArrayDataReference(values :> Array)),
            values.Length
        )

    override _.Pin index =
        let handle = GCHandle.Alloc(values, GCHandleType.Pinned)
        let address = handle.AddrOfPinnedObject() + nativeint index * nativeint (Unsafe.SizeOf<'T>())
        new MemoryHandle(address.ToPointer(), handle)

    override _.Unpin() = ()
    override _.Dispose(_: bool) = ()

/// Making sources, and working through them on all cores.
module Source =
    /// About 64 KiB of numbers a block: it stays in a core's cache while an E-step works on it.
    let private blockNumbers = 8192

    /// Larger magnitudes have no square in float64.
    let private largest = 1e150

    /// The rows of a block of so many columns: the same for every kind of source, so that sums have the same bits.
    let internal blockRows columns = max 64 (blockNumbers / max 1 columns)

    let private ofNumbers (columns: int) length (numbers: Numbers) : Result<Source, GmmError> =
        if columns < 1 then
            Error(InvalidData("at least one column", $"the width given is {columns}"))
        elif length % columns <> 0 then
            Error(InvalidData($"rows of {columns} numbers", $"{length} numbers are no whole number of rows"))
        else
            let rows, size = length / columns, blockRows columns

            Ok
                { Rows = int64 rows
                  Columns = columns
                  BlockRows = size
                  Read =
                    fun index ->
                        let first = int index * size
                        let count = min size (rows - first)

                        { FirstRow = int64 first
                          Rows = count
                          Columns = columns
                          Numbers = numbers.Slice(first * columns, count * columns)
                          Weights = None } }

    /// Rows held one after another in memory, `columns` numbers each. The memory is read in place, never copied or
    /// changed; it must stay as it is while the source is in use. Error when the length is no multiple of `columns`.
    let ofMemory (columns: int) (values: ReadOnlyMemory<float>) : Result<Source, GmmError> =
        ofNumbers columns values.Length (Numbers.Float64 values)

    /// Rows of float32, as `ofMemory`.
    let ofFloat32Memory (columns: int) (values: ReadOnlyMemory<float32>) : Result<Source, GmmError> =
        ofNumbers columns values.Length (Numbers.Float32 values)

    /// The memory of an array, row by row.
    let internal memoryOf (values: 'T[,]) : Memory<'T> = (new RectangularMemory<'T>(values)).Memory

    /// The rows of an N×D array, read in place: change it and you change the data. Error when it has no columns.
    let ofArray2D (values: float[,]) : Result<Source, GmmError> =
        ofMemory (Array2D.length2 values) (Memory.op_Implicit (memoryOf values))

    /// The rows of an N×D array of float32, as `ofArray2D`.
    let ofFloat32Array2D (values: float32[,]) : Result<Source, GmmError> =
        ofFloat32Memory (Array2D.length2 values) (Memory.op_Implicit (memoryOf values))

    let private concatenate (ofMemory: int -> ReadOnlyMemory<'T> -> _) (rows: 'T[][]) : Result<Source, GmmError> =
        let length (row: 'T[]) = if isNull row then 0 else row.Length

        match Array.tryHead rows with
        | None -> Error(InvalidData("at least one row", "there is none"))
        | Some head ->
            match rows |> Array.tryFindIndex (fun row -> isNull row || length row <> length head) with
            | Some odd ->
                let value = $"row {odd} (counting from 0) has {length rows[odd]} numbers and row 0 has {length head}"
                Error(InvalidData("rows of one length", value))
            | None -> ofMemory head.Length (ReadOnlyMemory(Array.concat rows))

    /// Rows as arrays of their own, copied once. Error when they differ in length (the row is named) or there is none.
    let ofRows (rows: float[][]) : Result<Source, GmmError> = concatenate ofMemory rows

    /// Rows of float32, as `ofRows`.
    let ofFloat32Rows (rows: float32[][]) : Result<Source, GmmError> = concatenate ofFloat32Memory rows

    /// The rows of a MathNet matrix, copied once.
    let ofMatrix (matrix: MathNet.Numerics.LinearAlgebra.Matrix<float>) : Result<Source, GmmError> =
        ofMemory matrix.ColumnCount (ReadOnlyMemory(matrix.ToRowMajorArray()))

    /// The same data with a weight wₙ for every row: a weight of m counts as m copies of the row. Error when their
    /// number is not N, when one is negative or not finite (the row is named), or when all are 0.
    let weighted (weights: float[]) (source: Source) : Result<Source, GmmError> =
        let isBad weight = not (Double.IsFinite weight) || weight < 0.0

        if int64 weights.Length <> source.Rows then
            Error(
                InvalidOption(
                    "SampleWeights",
                    $"one number for each of the {source.Rows} rows",
                    $"{weights.Length} numbers"
                )
            )
        else
            match Array.tryFindIndex isBad weights with
            | Some row -> Error(InvalidOption($"SampleWeights[{row}]", "finite and not negative", string weights[row]))
            | None when Array.sum weights = infinity ->
                Error(InvalidOption("SampleWeights", "of a finite sum", "an infinite one"))
            | None when Array.forall ((=) 0.0) weights ->
                Error(InvalidOption("SampleWeights", "above 0 somewhere", "0 for every row"))
            | None ->
                Ok
                    { source with
                        Read =
                            fun index ->
                                let block = source.Read index

                                { block with
                                    Weights = Some(ReadOnlyMemory(weights, int block.FirstRow, block.Rows)) } }

    /// The numbers of some rows, and no others, in the order given (rows×D).
    let rows (numbers: int64[]) (source: Source) : float[,] =
        let row number =
            let block = source.Read(number / int64 source.BlockRows)
            block.Row(int (number - block.FirstRow)).ToArray()

        array2D (Array.map row numbers)

    /// The first row of positive weight (1×D), to take moments about; of all weights 0 the first row.
    let internal firstRow (source: Source) : float[,] =
        let inBlock index =
            let block = source.Read index

            Seq.init block.Rows id
            |> Seq.tryFind (fun i -> block.Weight i > 0.0)
            |> Option.map (fun i -> array2D [ block.Row(i).ToArray() ])

        seq { 0L .. source.Blocks - 1L } |> Seq.tryPick inBlock |> Option.defaultWith (fun () -> rows [| 0L |] source)

    /// A run of fewer rows would cost more for putting its statistics together than it gains by sharing the work.
    let private fewestRows = 4096L

    /// What `map` makes of every run of neighbouring blocks, merged in order: m₀ + m₁ + m₂ …, on the threads of `execution`.
    /// There are at most 64 runs, and the order of merging is fixed by the data's shape, so the result has the same bits for
    /// any number of threads. Results are merged as soon as those before them are; `merge` may change its first argument.
    let internal reduceRuns
        (execution: Execution)
        (merge: 'T -> 'T -> 'T)
        (map: Block seq -> 'T)
        (source: Source)
        : 'T =
        let blocks = source.Blocks
        let runs = int (min 64L (min blocks (max 1L (source.Rows / fewestRows))))

        let work run =
            let first, last = blocks * int64 run / int64 runs, blocks * int64 (run + 1) / int64 runs - 1L

            map (
                seq {
                    for index in first..last do
                        execution.Cancellation.ThrowIfCancellationRequested()
                        source.Read index
                }
            )

        if runs = 0 then
            invalidArg (nameof source) "The data have no rows."
        else
            let waiting: 'T option[] = Array.create runs None
            let merged, total = ref 0, ref Unchecked.defaultof<'T>

            let finish run =
                let result = work run

                lock waiting (fun () ->
                    waiting[run] <- Some result

                    while merged.Value < runs && waiting[merged.Value].IsSome do
                        let next = waiting[merged.Value].Value
                        waiting[merged.Value] <- None
                        total.Value <- if merged.Value = 0 then next else merge total.Value next
                        merged.Value <- merged.Value + 1)

            execution.ForEach(runs, finish)
            total.Value

    /// What `map` makes of every block, merged in block order: m₀ + m₁ + m₂ …, on the threads of `execution`, with the same
    /// bits for any number of threads.
    let reduce (execution: Execution) (merge: 'T -> 'T -> 'T) (map: Block -> 'T) (source: Source) : 'T =
        source |> reduceRuns execution merge (Seq.map map >> Seq.reduce merge)

    /// What `map` makes of every block, such as a number for each row, one block after another.
    let collect (execution: Execution) (map: Block -> 'T[]) (source: Source) : 'T[] =
        let parts = Array.zeroCreate (int source.Blocks)

        source
        |> reduce execution (fun () () -> ()) (fun block ->
            parts[int (block.FirstRow / int64 source.BlockRows)] <- map block)

        Array.concat parts

    /// Puts what `map` makes of every block, `width` things for each row, where they belong.
    let internal fill execution width (target: Memory<'T>) (map: Block -> 'T[]) (source: Source) : unit =
        source
        |> reduce execution (fun () () -> ()) (fun block ->
            (map block).AsMemory().CopyTo(target.Slice(int block.FirstRow * width)))

    /// Neighbouring pieces of memory as one: the memory they lie in, or a copy when they don't lie beside one another.
    let private join (pieces: ReadOnlyMemory<'T>[]) : ReadOnlyMemory<'T> =
        let total = pieces |> Array.sumBy _.Length

        let start (piece: ReadOnlyMemory<'T>) : struct (obj * int) =
            let mutable array = ArraySegment<'T>()
            let mutable manager: MemoryManager<'T> = null
            let mutable first, length = 0, 0

            if MemoryMarshal.TryGetArray(piece, &array) then
                struct (array.Array :> obj, array.Offset)
            elif MemoryMarshal.TryGetMemoryManager(piece, &manager, &first, &length) then
                struct (manager :> obj, first)
            else
                struct (null, 0)

        let struct (owner, first) = start pieces[0]

        let isNext (before: ReadOnlyMemory<'T>, after: ReadOnlyMemory<'T>) =
            let struct (ownerBefore, startBefore), struct (ownerAfter, startAfter) = start before, start after
            Object.ReferenceEquals(ownerBefore, ownerAfter) && startBefore + before.Length = startAfter

        if Array.forall isNext (Array.pairwise pieces) then
            match owner with
            | :? ('T[]) as array -> ReadOnlyMemory(array, first, total)
            | :? MemoryManager<'T> as manager -> Memory.op_Implicit (manager.Memory.Slice(first, total))
            | _ -> ReadOnlyMemory(pieces |> Array.map _.ToArray() |> Array.concat)
        else
            ReadOnlyMemory(pieces |> Array.map _.ToArray() |> Array.concat)

    /// Float32 as long as all are.
    let private joinNumbers (pieces: Numbers[]) : Numbers =
        let narrow =
            pieces
            |> Array.choose (function
                | Numbers.Float32 values -> Some values
                | Numbers.Float64 _ -> None)

        if narrow.Length = pieces.Length then
            Numbers.Float32(join narrow)
        else
            Numbers.Float64(pieces |> Array.map _.ToFloat64() |> join)

    /// The same rows in larger blocks: each of as many former ones, at least one, as have `rows` rows at most. Where those
    /// are neighbours in memory, nothing is copied.
    let inBlocksOf (rows: int) (source: Source) : Source =
        let count = max 1 (rows / source.BlockRows)

        { source with
            BlockRows = count * source.BlockRows
            Read =
                fun index ->
                    let first = index * int64 count
                    let last = min (first + int64 count) source.Blocks - 1L
                    let blocks = [| for number in first..last -> source.Read number |]

                    { blocks[0] with
                        Rows = blocks |> Array.sumBy _.Rows
                        Numbers = blocks |> Array.map _.Numbers |> joinNumbers
                        Weights = blocks[0].Weights |> Option.map (fun _ -> blocks |> Array.choose _.Weights |> join) } }

    /// The same rows with other columns, made of each block when it is read.
    let map (columns: int) (ofBlock: Block -> Block) (source: Source) : Source =
        { source with
            Columns = columns
            Read = source.Read >> ofBlock }

    /// What is wrong when so many components are wanted of the data: there are no rows, or fewer.
    let internal requireRows name (components: int) (source: Source) : Result<unit, GmmError> =
        if source.Rows = 0L then
            Error(InvalidData("at least one row", "there is none"))
        else
            let limit = $"at most the number of rows, {source.Rows}"
            GmmError.requireAll [ int64 components <= source.Rows, name, limit, string components ]

    /// The first error that a check finds in any block.
    let internal requireAll execution (misfit: Block -> GmmError option) (source: Source) : Result<unit, GmmError> =
        match source |> reduce execution (fun first later -> Option.orElse later first) misfit with
        | Some error -> Error error
        | None -> Ok()

    /// What is wrong with the data, if anything: no rows, or a number that is NaN, infinite or beyond 1e150 (its
    /// row and column are named).
    let validate (execution: Execution) (source: Source) : Result<unit, GmmError> =
        let firstBad (block: Block) =
            block.Numbers.TryFindIndex(fun value -> not (abs value <= largest))
            |> Option.map (fun i ->
                let row, column = i / block.Columns, i % block.Columns
                InvalidNumber(block.FirstRow + int64 row, column, block[row, column]))

        if source.Rows = 0L then
            Error(InvalidData("at least one row", "there is none"))
        else
            requireAll execution firstBad source

    /// What is wrong with data that haven't the columns a model was fitted to.
    let internal requireColumns expected (source: Source) : Result<unit, GmmError> =
        if source.Columns = expected then
            Ok()
        else
            Error(InvalidData($"{expected} columns, as those the model was fitted to", $"there are {source.Columns}"))
