namespace Gmm

open System
open System.Buffers
open System.Collections.Concurrent
open System.Runtime.CompilerServices

/// Rows that were drawn from the data.
[<NoEquality; NoComparison>]
type internal SampledRows =
    {
        /// The numbers of the rows.
        Rows: ResizeArray<int64>
        /// Their weights.
        Weights: ResizeArray<float>
        /// Their numbers, row by row.
        Values: ArrayBufferWriter<float>
    }

    static member Empty =
        { Rows = ResizeArray()
          Weights = ResizeArray()
          Values = ArrayBufferWriter() }

    /// No rows yet, with room for some, so that the memory for large samples is taken once.
    static member WithRoom(rows: int, columns: int) =
        { Rows = ResizeArray rows
          Weights = ResizeArray rows
          Values = ArrayBufferWriter(max 1 (rows * columns)) }

    member drawn.Count = drawn.Rows.Count

    /// Adds row i of a block.
    member drawn.Add(block: Block, i: int) =
        drawn.Rows.Add(block.FirstRow + int64 i)
        drawn.Weights.Add(block.Weight i)
        block.Numbers.CopyTo(i * block.Columns, drawn.Values.GetSpan(block.Columns).Slice(0, block.Columns))
        drawn.Values.Advance block.Columns

    /// Adds other rows, and returns this object.
    member drawn.Append(others: SampledRows) =
        drawn.Rows.AddRange others.Rows
        drawn.Weights.AddRange others.Weights
        drawn.Values.Write others.Values.WrittenSpan
        drawn

    /// Returns some of the rows, by their positions among these.
    member drawn.Only(positions: int[]) : SampledRows =
        let columns = drawn.Values.WrittenCount / max 1 drawn.Count
        let some = SampledRows.WithRoom(positions.Length, columns)

        for i in positions do
            some.Rows.Add drawn.Rows[i]
            some.Weights.Add drawn.Weights[i]
            some.Values.Write(drawn.Values.WrittenSpan.Slice(i * columns, columns))

        some

    /// Returns the number of rows, then the numbers, the weights and the values of the rows.
    member drawn.ToNumbers() : float[] =
        Array.concat
            [ [| float drawn.Count |]
              Array.init drawn.Count (fun i -> float drawn.Rows[i])
              drawn.Weights.ToArray()
              drawn.Values.WrittenSpan.ToArray() ]

    /// Undoes `ToNumbers`.
    static member OfNumbers(numbers: float[]) : SampledRows =
        let count = int numbers[0]
        let values = ReadOnlySpan(numbers).Slice(1 + 2 * count)
        let drawn = SampledRows.WithRoom(count, values.Length / max 1 count)
        drawn.Rows.AddRange(Array.sub numbers 1 count |> Array.map int64)
        drawn.Weights.AddRange(Array.sub numbers (1 + count) count)
        drawn.Values.Write values
        drawn

    /// Returns the rows as a source in memory.
    member drawn.ToSource(columns, isWeighted) : Source =
        Source.ofMemory columns drawn.Values.WrittenMemory
        |> Result.bind (fun rows -> if isWeighted then Source.weighted (drawn.Weights.ToArray()) rows else Ok rows)
        |> GmmError.get

/// Rows in memory that stand for all rows of the data.
[<NoEquality; NoComparison>]
type internal RowSample =
    {
        /// The rows.
        Source: Source
        /// The numbers of the rows in the data; None if these are all rows.
        Numbers: int64[] option
    }

/// What checks and starts ask of all rows: whether their numbers are valid, how many count, moments, and a sample.
module internal Survey =
    // ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The first number that isn't finite, and the number of missing cells.
    let checking: Scan<unit, struct (GmmError option * int64)> =
        { Name = "check"
          Family = fun () -> ""
          State = fun () -> Map.empty
          OfRun = fun () -> Seq.map (Source.firstErrorOf (fun _ -> None)) >> Seq.reduce Source.mergeErrors
          Merge = Source.mergeErrors
          ToNumbers =
            fun (struct (error, missing)) ->
                match error with
                | Some(InvalidNumber(row, column, value)) -> [| float row; float column; value; float missing |]
                | Some _
                | None -> [| -1.0; 0.0; 0.0; float missing |]
          OfNumbers =
            fun () numbers ->
                let error =
                    if numbers[0] < 0.0 then
                        None
                    else
                        Some(InvalidNumber(int64 numbers[0], int numbers[1], numbers[2]))

                struct (error, int64 numbers[3]) }

    /// Returns the errors of `Source.validate`.
    let validate (execution: Execution) (source: Source) : Result<unit, GmmError> =
        source |> Source.concludeErrors (Scan.run execution checking ())

    /// Returns whether the rows have weights.
    let private isWeighted (source: Source) =
        match Source.remote source with
        | Some rows -> rows.IsWeighted
        | None -> source.Rows > 0L && (source.Read 0L).Weights.IsSome

    /// The number of rows of positive weight.
    let counting: Scan<unit, int64> =
        let ofBlock (block: Block) =
            let mutable found = 0L

            for i in 0 .. block.Rows - 1 do
                if block.Weight i > 0.0 then
                    found <- found + 1L

            found

        { Name = "count"
          Family = fun () -> ""
          State = fun () -> Map.empty
          OfRun = fun () -> Seq.sumBy ofBlock
          Merge = (+)
          ToNumbers = fun count -> [| float count |]
          OfNumbers = fun () numbers -> int64 numbers[0] }

    /// Returns the number of rows of positive weight.
    let countWeighted (execution: Execution) (source: Source) : int64 =
        if isWeighted source then
            source |> Scan.run execution counting ()
        else
            source.Rows

    // ── Moments ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The moments of all rows about a point (1×D), in a layout: see `Kernel.moments`.
    let moments: Scan<Layout * float[,], Statistics> =
        let lengths (layout: Layout, point: float[,]) =
            let features = Array2D.length2 point
            [| features; Layout.planeSize features layout |]

        let wordOf shape =
            match shape with
            | Shape.Full -> "full"
            | Shape.Diag -> "diag"
            | Shape.Spherical -> "spherical"

        { Name = "moments"
          Family = fun _ -> ""
          State =
            fun (layout, point) ->
                Map
                    [ State.choice "shape" (wordOf layout.Shape)
                      "tied", Tensor.scalar (if layout.IsTied then 1.0 else 0.0)
                      "point", Tensor.vector point[0, *] ]
          OfRun = fun (layout, point) -> Kernel.moments layout point
          Merge = Statistics.addTo
          ToNumbers = Statistics.pack
          OfNumbers = fun argument -> Statistics.unpack (Statistics.zero 1 (lengths argument)) }

    /// Returns the argument of `moments` for data of some columns that a state stores.
    let momentsOf (columns: int) (state: State) : Result<Layout * float[,], GmmError> =
        result {
            let! word = State.word "shape" state
            let! tied = State.whole 0 1 "tied" state
            let! point = State.ofShape [| columns |] "point" state
            do! State.requireFinite "point" point

            let shape =
                match word with
                | "full" -> Shape.Full
                | "diag" -> Shape.Diag
                | _ -> Shape.Spherical

            let layout = { Shape = shape; IsTied = tied = 1 }
            do! Layout.requireSize 1 columns layout word
            return layout, point.view([| 1; columns |]).toArray2D()
        }

    // ── Samples ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The most numbers that a machine returns of one run of blocks.
    let private mostDrawn = 1 <<< 27

    /// Makes a scan that draws rows; `chosen` returns the rows of a block that are drawn, by their numbers in the
    /// block.
    let private drawing
        name
        (state: 'argument -> State)
        (chosen: 'argument -> Block -> int seq)
        : Scan<'argument, SampledRows> =
        let ofRun argument =
            let chosen = chosen argument

            fun (blocks: Block seq) ->
                let drawn = SampledRows.Empty

                for block in blocks do
                    for i in chosen block do
                        drawn.Add(block, i)

                    if drawn.Values.WrittenCount > mostDrawn then
                        let rule = $"small enough for samples of at most {mostDrawn} numbers from a run of blocks"
                        raise (GmmException(InvalidOption("count", rule, "larger")))

                drawn

        { Name = name
          Family = fun _ -> ""
          State = state
          OfRun = ofRun
          Merge = fun all others -> all.Append others
          ToNumbers = _.ToNumbers()
          OfNumbers = fun _ -> SampledRows.OfNumbers }

    /// Returns ⌊N·i/count⌋ for i ≤ count, without an overflow.
    let private share (count: int) (rows: int64) (i: int64) : int64 =
        let each, rest = rows / int64 count, rows % int64 count
        each * i + rest * i / int64 count

    /// Returns row i of a sample of `count` of N rows, from the i-th of `count` equal stretches of the data.
    let private ofStretch (seed: int) (count: int) (rows: int64) (i: int) : int64 =
        let first, next = share count rows (int64 i), share count rows (int64 i + 1L)
        first + int64 (RandomStream.key (int64 seed) (int64 i) % uint64 (next - first))

    /// One row from each of `count` equal stretches of N rows, from a seed: seed, count and N.
    let stretches: Scan<int * int * int64, SampledRows> =
        drawing
            "stretches"
            (fun (seed, count, rows) ->
                Map
                    [ "seed", Tensor.scalar (float seed)
                      "count", Tensor.scalar (float count)
                      "rows", Tensor.scalar (float rows) ])
            (fun (seed, count, rows) block ->
                let near (row: int64) = int64 (float row / float rows * float count)
                let last = block.FirstRow + int64 block.Rows - 1L

                // Within one of the stretch of a row, because of rounding.
                seq { max 0L (near block.FirstRow - 1L) .. min (int64 count - 1L) (near last + 1L) }
                |> Seq.map (int >> ofStretch seed count rows)
                |> Seq.filter (fun row -> row >= block.FirstRow && row <= last)
                |> Seq.map (fun row -> int (row - block.FirstRow)))

    /// Returns the rows of a block of positive weight whose random key under a seed is at most a limit, by their numbers
    /// in the block.
    let private withKeys (seed: int, limit: uint64) (block: Block) : int[] =
        [| for i in 0 .. block.Rows - 1 do
               if block.Weight i > 0.0 && RandomStream.key (int64 seed) (block.FirstRow + int64 i) <= limit then
                   i |]

    /// The rows of positive weight whose random key under a seed is at most a limit.
    let keys: Scan<int * uint64, SampledRows> =
        drawing
            "keys"
            (fun (seed, limit) ->
                Map
                    [ "seed", Tensor.scalar (float seed)
                      "limit", Tensor.vector [| float (limit >>> 32); float (limit &&& 0xFFFFFFFFUL) |] ])
            (fun argument block -> withKeys argument block)

    /// Reads only the blocks that have one of `count` rows. Row i of the sample is `row i`; they ascend.
    let private read (execution: Execution) (count: int) (row: int -> int64) (source: Source) : SampledRows =
        let drawn = SampledRows.WithRoom(count, source.Columns)
        let mutable block: Block voption = ValueNone

        for i in 0 .. count - 1 do
            let row = row i

            let isInBlock =
                match block with
                | ValueSome block -> row < block.FirstRow + int64 block.Rows
                | ValueNone -> false

            if not isInBlock then
                execution.Cancellation.ThrowIfCancellationRequested()
                block <- ValueSome(source.Read(row / int64 source.BlockRows))

            drawn.Add(block.Value, int (row - block.Value.FirstRow))

        drawn

    /// Draws `count` rows of positive weight, or all of them if there are fewer: those with the lowest random keys.
    let private drawWeighted (execution: Execution) (seed: int) (count: int) (source: Source) : SampledRows =
        let total = float (countWeighted execution source)

        /// Returns the rows whose keys are at most a limit, and a function that makes a sample of some of them, by
        /// their positions among these.
        let findBelow limit : int64[] * (int[] -> SampledRows) =
            match Source.remote source with
            | Some _ ->
                let found = source |> Scan.run execution keys (seed, limit)
                found.Rows.ToArray(), found.Only
            | None ->
                let numbersOf (block: Block) =
                    withKeys (seed, limit) block |> Array.map (fun i -> block.FirstRow + int64 i)

                let rows = source |> Source.collect execution numbersOf
                rows, (fun some -> source |> read execution some.Length (fun i -> rows[some[i]]))

        // About `count` keys lie below the first limit, and hardly ever fewer.
        let rec draw (slack: float) =
            let share = (float count + slack * sqrt (float count)) / total
            let limit = if share < 1.0 then uint64 (share * 18446744073709551616.0) else UInt64.MaxValue
            let rows, only = findBelow limit

            if rows.Length < count && share < 1.0 then
                draw (4.0 * slack)
            else
                let positions = Array.init rows.Length id
                // Keys of different rows differ.
                Array.Sort(rows |> Array.map (RandomStream.key (int64 seed)), positions)
                positions |> Array.truncate count |> Array.sort |> only

        draw 6.0

    /// Returns all rows of a source as a source in memory, with the same blocks.
    let private fetch (execution: Execution) (source: Source) : Source =
        let fetchOne index =
            execution.Cancellation.ThrowIfCancellationRequested()
            source.Read(int64 index)

        let blocks = execution.Map(int source.Blocks, fetchOne)

        { source with
            Read = fun index -> blocks[int index] }

    let private draw (execution: Execution) (seed: int) (count: int) (source: Source) : RowSample =
        if source.Rows <= int64 count then
            { Source = (if (Source.remote source).IsSome then fetch execution source else source)
              Numbers = None }
        else
            let isWeighted = isWeighted source

            let drawn =
                match Source.remote source with
                | _ when isWeighted -> drawWeighted execution seed count source
                | Some _ -> source |> Scan.run execution stretches (seed, count, source.Rows)
                | None -> source |> read execution count (ofStretch seed count source.Rows)

            { Source = drawn.ToSource(source.Columns, isWeighted)
              Numbers = Some(drawn.Rows.ToArray()) }

    /// The most samples of remote rows that are kept for the next fit.
    let private mostKept = 4

    /// The samples of remote rows, which are kept for the next fit.
    let private kept = ConditionalWeakTable<obj, ConcurrentDictionary<struct (int * int), RowSample>>()

    /// Returns a sample of `count` rows of positive weight, with their weights, in memory. Without weights, it has one
    /// row from each of `count` equal stretches of the data. If the data have no more than `count` rows, it returns
    /// them all.
    let private sampleOf (execution: Execution) (seed: int) (count: int) (source: Source) : RowSample =
        match Source.remote source with
        | Some rows ->
            let samples = kept.GetValue(rows, (fun _ -> ConcurrentDictionary()))

            match samples.TryGetValue(struct (seed, count)) with
            | true, drawn -> drawn
            | false, _ ->
                // Two threads may draw the same sample. A failure isn't kept.
                let drawn = draw execution seed count source

                if samples.Count >= mostKept then
                    samples.Clear()

                samples[struct (seed, count)] <- drawn
                drawn
        | None -> draw execution seed count source

    /// Returns the rows of `sampleOf`.
    let sample execution seed count source : Source = (sampleOf execution seed count source).Source

    /// Returns the rows with some numbers, which ascend, with their weights, in memory.
    let only (execution: Execution) (numbers: int[]) (source: Source) : Source =
        let rows = source |> read execution numbers.Length (fun i -> int64 numbers[i])
        rows.ToSource(source.Columns, isWeighted source)

    /// The number of numbers that starts see, unless components need more rows.
    let private numbersOfStarts = 1L <<< 19

    /// Returns the rows that starts of K components see: all of them, in memory, or a sample of 4 MiB, but at least
    /// 2,000 rows, and ten for each mean and feature, 10·K·(D+1). The sample is the same for all fits of the data with
    /// this K.
    let sampleForStarts (components: int) (execution: Execution) (source: Source) : RowSample =
        let columns = int64 source.Columns
        let needed = 10L * int64 components * (columns + 1L)
        let count = numbersOfStarts / columns |> max 2000L |> max needed |> min source.Rows
        source |> sampleOf execution 0 (int (min count (int64 Int32.MaxValue)))

    /// Returns the rows of `sampleForStarts`.
    let forStarts components execution source : Source = (sampleForStarts components execution source).Source

    // ── Arguments from other machines ───────────────────────────────────────────────────────────────────────────────

    let private seedOf state = State.whole Int32.MinValue Int32.MaxValue "seed" state

    /// Returns the argument of `stretches` for N rows that a state stores.
    let stretchesOf (rows: int64) (state: State) : Result<int * int * int64, GmmError> =
        result {
            let! seed = seedOf state
            let! count = State.whole 1 (int (min rows (int64 Int32.MaxValue))) "count" state
            let! all = State.scalar "rows" state
            do! GmmError.requireAll [ all = float rows, "rows", string rows, string all ]
            return seed, count, rows
        }

    /// Returns the argument of `keys` that a state stores.
    let keysOf (state: State) : Result<int * uint64, GmmError> =
        result {
            let! seed = seedOf state
            let! limit = State.ofShape [| 2 |] "limit" state
            let halves = limit.toArray ()
            let isHalf half = half >= 0.0 && half <= float UInt32.MaxValue && half = floor half

            do!
                GmmError.requireAll
                    [ Array.forall isHalf halves, "limit", "two whole numbers of 32 bits", string limit ]

            return seed, (uint64 halves[0] <<< 32) ||| uint64 halves[1]
        }
