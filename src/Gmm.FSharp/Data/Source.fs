namespace Gmm

open System
open System.Threading

/// A question about all rows that other machines answer: the name of a scan and its arguments, as plain data.
[<NoEquality; NoComparison>]
type Question =
    {
        /// The name of the scan.
        Scan: string
        /// The numbers of the columns that the scan sees, in their order; empty for all columns.
        Columns: int[]
        /// The name of the family to which the arguments belong; empty without one.
        Family: string
        /// The arguments as named arrays.
        Arguments: Map<string, Tensor>
        /// What the scan must know of each row; empty for most scans. For starts from labels or responsibilities, it
        /// has an array for each run of blocks: for every row of the run, in order, one label (−1 for noise) or K
        /// responsibilities. In `RemoteRows.Ask` the runs are all of `Source.runs`; in `RowServer.Answer` they are
        /// those that are asked, in the same order, so that a machine needs the arrays of its own runs only. There,
        /// another number of arrays, an array of another length, and a number that is no label or responsibility are
        /// errors.
        Slices: float[][]
    }

/// The rows of a source on other machines, as the function `Source.Read` that fetches a block of them. A fit asks the
/// machines questions, which each answers for its own runs of blocks (`Source.runs`), and reads few blocks itself.
/// Implement it for another way to reach machines, which answer by `RowServer`.
[<AbstractClass>]
type RemoteRows() =
    inherit FSharpFunc<int64, Block>()

    /// The rows as the function that reads a block.
    member rows.Function: int64 -> Block = unbox (box rows)

    /// The name of the place, for errors.
    abstract Name: string

    /// Whether the rows have weights.
    abstract IsWeighted: bool

    /// Returns the answer of every run of blocks, in the order of the runs. The method is pure: the same question has
    /// the same answer. Several threads may call it at the same time. Throws `GmmException` when the question can't be
    /// answered, and OperationCanceledException when it is cancelled.
    abstract Ask: question: Question * cancellation: CancellationToken -> float[][]

/// Some columns of remote rows.
[<Sealed>]
type internal RemoteColumns(rows: RemoteRows, columns: int[]) =
    inherit RemoteRows()
    override _.Name = rows.Name
    override _.IsWeighted = rows.IsWeighted
    override _.Invoke index = (rows.Invoke index).Select columns

    override _.Ask(question, cancellation) =
        let those =
            if question.Columns.Length = 0 then
                columns
            else
                question.Columns |> Array.map (fun column -> columns[column])

        rows.Ask({ question with Columns = those }, cancellation)

/// The data: a repeatable sequence of row blocks, numbered from 0. The partition into blocks (`Source.blockRows`) and
/// into runs of blocks (`Source.runs`) depends only on the shape of the data, never on the number of threads. Sums
/// therefore have the same bits on any number of threads.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Display}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Source =
    {
        /// The number of rows, N.
        Rows: int64
        /// The number of features, D.
        Columns: int
        /// The number of rows in every block but the last.
        BlockRows: int
        /// Reads the block with a given number. Several threads may call it at the same time. For rows on other
        /// machines it is an object of the class `RemoteRows`.
        Read: int64 -> Block
    }

    /// The number of blocks.
    member source.Blocks = (source.Rows + int64 source.BlockRows - 1L) / int64 source.BlockRows

    member internal source.Display = $"""{Display.count source.Rows "row"} of {Display.count source.Columns "column"}"""

/// Makes sources, and processes their rows on all cores.
module Source =
    /// About 64 KiB of numbers in a block: it stays in a core's cache while an E-step works on it.
    let private blockNumbers = 8192

    /// Returns the number of rows in a block with a given number of columns. A source with blocks of this size gives
    /// sums with the same bits as any other such source of the same rows.
    let blockRows columns = max 64 (blockNumbers / max 1 columns)

    let private ofNumbers (columns: int) (length: int) (numbers: Numbers) : Result<Source, GmmError> =
        if columns < 1 then
            Error(InvalidData("at least one column", $"the width given is {columns}"))
        elif length % columns <> 0 then
            Error(
                InvalidData(
                    $"""rows of {Display.count columns "number"}""",
                    $"""{Display.count length "number"} can't make a whole number of rows"""
                )
            )
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

    /// Makes a source of consecutive rows in memory, with `columns` numbers in each row. The source reads the memory in
    /// place and never copies or changes it; the memory must not change while the source is in use. Error when the
    /// length is not a multiple of `columns`.
    let ofMemory (columns: int) (values: ReadOnlyMemory<float>) : Result<Source, GmmError> =
        ofNumbers columns values.Length (Numbers.Float64 values)

    /// Makes a source of consecutive rows of float32 in memory, like `ofMemory`.
    let ofFloat32Memory (columns: int) (values: ReadOnlyMemory<float32>) : Result<Source, GmmError> =
        ofNumbers columns values.Length (Numbers.Float32 values)

    /// Makes a source of the rows of an N×D array, read in place: if you change the array, you change the data. Error
    /// when it has no columns.
    let ofArray2D (values: float[,]) : Result<Source, GmmError> =
        ofMemory (Array2D.length2 values) (Memory.op_Implicit (Contiguous.ofArray2D values))

    /// Makes a source of the rows of an N×D array of float32, like `ofArray2D`.
    let ofFloat32Array2D (values: float32[,]) : Result<Source, GmmError> =
        ofFloat32Memory (Array2D.length2 values) (Memory.op_Implicit (Contiguous.ofArray2D values))

    let private concatenate (ofMemory: int -> ReadOnlyMemory<'T> -> _) (rows: 'T[][]) : Result<Source, GmmError> =
        let length (row: 'T[]) = if isNull row then 0 else row.Length

        match Array.tryHead rows with
        | None -> Error(InvalidData("at least one row", "there is none"))
        | Some head ->
            match rows |> Array.tryFindIndex (fun row -> isNull row || length row <> length head) with
            | Some odd ->
                let value = $"""has {Display.count (length rows[odd]) "number"} and row 0 has {length head}"""
                Error(InvalidRow("rows of one length", int64 odd, value))
            | None -> ofMemory head.Length (ReadOnlyMemory(Array.concat rows))

    /// Makes a source of rows in separate arrays, which are copied once. Error when there are no rows, or when their
    /// lengths differ; the error names the row.
    let ofRows (rows: float[][]) : Result<Source, GmmError> = concatenate ofMemory rows

    /// Makes a source of rows of float32 in separate arrays, like `ofRows`.
    let ofFloat32Rows (rows: float32[][]) : Result<Source, GmmError> = concatenate ofFloat32Memory rows

    /// Makes a source of the rows of a MathNet matrix, copied once.
    let ofMatrix (matrix: MathNet.Numerics.LinearAlgebra.Matrix<float>) : Result<Source, GmmError> =
        ofMemory matrix.ColumnCount (ReadOnlyMemory(matrix.ToRowMajorArray()))

    /// Makes a source of rows that are stored column by column. The source reads the columns in place and copies them
    /// block by block, as float32 if all columns are float32, otherwise as float64; they must not change while the
    /// source is in use. Error when there are no columns, or when their lengths differ; the error names the column.
    let ofColumns (columns: Numbers[]) : Result<Source, GmmError> =
        match Array.tryHead columns with
        | None -> Error(InvalidData("at least one column", "there is none"))
        | Some head ->
            match columns |> Array.tryFindIndex (fun column -> column.Length <> head.Length) with
            | Some odd ->
                let value = $"""has {Display.count columns[odd].Length "number"} and column 0 has {head.Length}"""
                Error(InvalidColumn("columns of one length", odd, value))
            | None ->
                let size = blockRows columns.Length

                let read index =
                    let first = int index * size
                    let count = min size (head.Length - first)

                    { FirstRow = int64 first
                      Rows = count
                      Columns = columns.Length
                      Numbers = columns |> Array.map _.Slice(first, count) |> Numbers.OfColumns
                      Weights = None }

                Ok
                    { Rows = int64 head.Length
                      Columns = columns.Length
                      BlockRows = size
                      Read = read }

    /// Makes a source of rows that lie in groups, which are read one at a time, each as a whole: the row groups of a
    /// Parquet file, the batches of a stream, the pages of a database. `rows` has the number of rows of every group, 0
    /// or more. `read` returns the numbers of a group, row by row; several threads may call it at the same time, but
    /// never twice at once for the same group. All groups have one precision. Blocks may span groups, and all results
    /// have the same bits as for the same rows in memory.
    ///
    /// Groups that were read are kept in memory up to a total of `memory` bytes. Any further group is kept while it is
    /// in use, about one for every thread, and read again in the next pass over the data. A read that throws is tried
    /// again when the rows are needed again. `read` must not read this source. A fit that is cancelled waits for the
    /// groups that are being read.
    ///
    /// Error when `columns` is less than 1, when `memory` is negative, or when a number of rows is negative or larger
    /// than an array can hold. A block of a group with another count or precision of numbers throws `GmmException`,
    /// which names the group.
    let ofGroups (memory: int64) (columns: int) (rows: int64[]) (read: int -> Numbers) : Result<Source, GmmError> =
        let rows = Array.copy rows
        let most = int64 Array.MaxLength / int64 (max 1 columns)

        match rows |> Array.tryFindIndex (fun rows -> rows < 0L || rows > most) with
        | _ when columns < 1 -> Error(InvalidData("at least one column", $"the width given is {columns}"))
        | _ when memory < 0L -> Error(InvalidOption("memory", "at least 0 bytes", string memory))
        | Some group ->
            Error(
                InvalidData(
                    $"""between 0 and {most} rows of {Display.count columns "number"} in a group""",
                    $"group {group} (counting from 0) has {rows[group]}"
                )
            )
        | None ->
            let groups = Groups(memory, columns, rows, read)
            let starts = Array.scan (+) 0L rows
            let total, size = starts[rows.Length], blockRows columns

            /// The group with a row: the last that begins at the row or before it, so that it isn't empty.
            let groupOf row =
                let mutable first, last = 0, rows.Length - 1

                while first < last do
                    let middle = (first + last + 1) / 2

                    if starts[middle] <= row then first <- middle else last <- middle - 1

                first

            /// The numbers of `count` rows, as parts of their groups.
            let rec parts row count =
                let group = groupOf row
                let taken = min (starts[group + 1] - row) count
                let numbers = groups[group].Slice(int (row - starts[group]) * columns, int taken * columns)
                numbers :: (if taken < count then parts (row + taken) (count - taken) else [])

            let read index =
                let first = index * int64 size
                let count = min (int64 size) (total - first)

                { FirstRow = first
                  Rows = int count
                  Columns = columns
                  Numbers = parts first count |> Array.ofList |> Contiguous.joinNumbers
                  Weights = None }

            Ok
                { Rows = total
                  Columns = columns
                  BlockRows = size
                  Read = read }

    /// Makes a source of N rows of D columns on other machines.
    let ofRemote (rows: int64) (columns: int) (remote: RemoteRows) : Source =
        { Rows = rows
          Columns = columns
          BlockRows = blockRows columns
          Read = remote.Function }

    /// Returns the remote rows of a source, if its rows lie on other machines.
    let remote (source: Source) : RemoteRows option =
        match box source.Read with
        | :? RemoteRows as rows -> Some rows
        | _ -> None

    /// Returns the data with a weight wₙ for every row: a weight of m counts as m copies of the row. Error when the
    /// rows lie on other machines, when the number of weights is not N, when a weight is negative or not finite (the
    /// error names the row), when their sum is infinite, or when all weights are 0.
    let weighted (weights: float[]) (source: Source) : Result<Source, GmmError> =
        let isBad weight = not (Double.IsFinite weight) || weight < 0.0

        if (remote source).IsSome then
            let rule = "None for rows on other machines, which bring their weights along"
            Error(InvalidOption("SampleWeights", rule, "given"))
        elif int64 weights.Length <> source.Rows then
            Error(
                InvalidOption(
                    "SampleWeights",
                    $"""one number for {Display.each source.Rows "row"}""",
                    Display.count weights.Length "number"
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

    /// Returns the rows with given numbers (rows×D), in the given order, without reading other blocks.
    let rows (numbers: int64[]) (source: Source) : float[,] =
        let row number =
            let block = source.Read(number / int64 source.BlockRows)
            block.Row(int (number - block.FirstRow)).ToArray()

        array2D (Array.map row numbers)

    /// Returns the first row of positive weight (1×D), as the point about which moments are taken; the first row if all
    /// weights are 0.
    let internal firstRow (source: Source) : float[,] =
        let inBlock index =
            let block = source.Read index
            let mutable i = 0

            while i < block.Rows && not (block.Weight i > 0.0) do
                i <- i + 1

            let first = i

            if first < block.Rows then
                Some(Array2D.init 1 block.Columns (fun _ j -> block[first, j]))
            else
                None

        seq { 0L .. source.Blocks - 1L } |> Seq.tryPick inBlock |> Option.defaultWith (fun () -> rows [| 0L |] source)

    /// The fewest rows of a run. Shorter runs cost more to merge than they save.
    let private fewestRows = 4096L

    /// The most rows of a run, while there are fewer than the most runs. Longer runs leave processors of a cluster
    /// idle.
    let private mostRows = 1L <<< 20

    /// Divides the blocks into runs of neighbouring blocks and returns the first and the last block of each run: at
    /// most 64 runs, and at most 4,096 of data of more than 67 million rows. The division depends only on the shape of
    /// the data. The library adds sums within each run, in the order of the blocks, and then adds the runs, in their
    /// order. Code that follows this order gets the same bits on any number of threads or machines.
    let runs (source: Source) : struct (int64 * int64)[] =
        let blocks = source.Blocks
        let few = source.Rows / fewestRows |> max 1L |> min 64L
        let many = source.Rows / mostRows |> min 4096L
        let count = max few many |> min blocks

        Array.init (int count) (fun run -> blocks * int64 run / count, blocks * int64 (run + 1) / count - 1L)
        |> Array.map (fun (first, last) -> struct (first, last))

    /// Returns the number of the first row of each run, and its number of rows.
    let internal rowsOfRuns (source: Source) : struct (int64 * int64)[] =
        let size = int64 source.BlockRows

        runs source
        |> Array.map (fun struct (first, last) ->
            struct (first * size, min ((last + 1L) * size) source.Rows - first * size))

    /// Maps every run of blocks on the threads of `execution` and merges the results in the order of the runs, m₀ + m₁
    /// + m₂ … The result has the same bits for any number of threads. `merge` may change its first argument.
    let reduceRuns (execution: Execution) (merge: 'T -> 'T -> 'T) (map: Block seq -> 'T) (source: Source) : 'T =
        let runs = runs source

        let work run =
            let struct (first, last) = runs[run]

            map (
                seq {
                    for index in first..last do
                        execution.Cancellation.ThrowIfCancellationRequested()
                        source.Read index
                }
            )

        if runs.Length = 0 then
            invalidArg (nameof source) "The data have no rows."
        else
            let waiting: 'T option[] = Array.create runs.Length None
            let merged, total = ref 0, ref Unchecked.defaultof<'T>

            // A result is merged as soon as all results before it are merged.
            let finish run =
                let result = work run

                lock waiting (fun () ->
                    waiting[run] <- Some result

                    while merged.Value < runs.Length && waiting[merged.Value].IsSome do
                        let next = waiting[merged.Value].Value
                        waiting[merged.Value] <- None
                        total.Value <- if merged.Value = 0 then next else merge total.Value next
                        merged.Value <- merged.Value + 1)

            execution.ForEach(runs.Length, finish)
            total.Value

    /// Maps every block of a run and merges the results, in the order of the blocks.
    let internal mergeBlocks (merge: 'T -> 'T -> 'T) (map: Block -> 'T) (run: Block seq) : 'T =
        let mutable merged = ValueNone

        for block in run do
            let next = map block

            merged <-
                match merged with
                | ValueNone -> ValueSome next
                | ValueSome before -> ValueSome(merge before next)

        merged.Value

    /// Maps every block on the threads of `execution` and merges the results, in the order of the blocks within each
    /// run and then in the order of the runs. The result has the same bits for any number of threads.
    let reduce (execution: Execution) (merge: 'T -> 'T -> 'T) (map: Block -> 'T) (source: Source) : 'T =
        source |> reduceRuns execution merge (mergeBlocks merge map)

    /// Maps every block, for example to one number for each row, and concatenates the results.
    let collect (execution: Execution) (map: Block -> 'T[]) (source: Source) : 'T[] =
        let parts = Array.zeroCreate (int source.Blocks)

        source
        |> reduce execution (fun () () -> ()) (fun block ->
            parts[int (block.FirstRow / int64 source.BlockRows)] <- map block)

        Array.concat parts

    /// Maps every block to `width` values for each row, and writes them to the rows' places in the target.
    let internal fill execution width (target: Memory<'T>) (map: Block -> 'T[]) (source: Source) : unit =
        source
        |> reduce execution (fun () () -> ()) (fun block ->
            (map block).AsMemory().CopyTo(target.Slice(int block.FirstRow * width)))

    /// Returns the same rows in larger blocks: each new block joins as many old ones as fit in `rows` rows, at least
    /// one. Nothing is copied where the old blocks are adjacent in memory.
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
                        Numbers = blocks |> Array.map _.Numbers |> Contiguous.joinNumbers
                        Weights =
                            blocks[0].Weights
                            |> Option.map (fun _ -> blocks |> Array.choose _.Weights |> Contiguous.join) } }

    /// Returns a source whose blocks are those of another, each transformed by `ofBlock` as it is read. `columns` is
    /// the new number of columns.
    let map (columns: int) (ofBlock: Block -> Block) (source: Source) : Source =
        { source with
            Columns = columns
            Read = source.Read >> ofBlock }

    /// Returns some columns of the data, in the given order.
    let select (columns: int[]) (source: Source) : Source =
        match remote source with
        | Some rows ->
            { source with
                Columns = columns.Length
                Read = RemoteColumns(rows, columns).Function }
        | None -> source |> map columns.Length _.Select(columns)

    /// Divides the threads between some pieces of work on the data and the work of each. The pieces run in parallel
    /// when the data have too few blocks to keep the threads busy. The division changes no result.
    let internal sharing (execution: Execution) pieces (source: Source) : Execution * Execution =
        if pieces > 1 && source.Blocks < 8L * int64 execution.Threads then
            execution,
            { execution with
                Threads = max 1 (execution.Threads / pieces) }
        else
            { execution with Threads = 1 }, execution

    /// Returns an error when there are no rows, or fewer rows than components.
    let internal requireRows name (components: int) (source: Source) : Result<unit, GmmError> =
        if source.Rows = 0L then
            Error(InvalidData("at least one row", "there is none"))
        elif int64 components > source.Rows then
            Error(InvalidOption(name, $"at most the number of rows, {source.Rows}", string components))
        else
            Ok()

    /// Returns an error for the first number of a block that is NaN, infinite or above 1e150 in magnitude, or None; and
    /// the number of its cells that are NaN.
    let private firstBad (block: Block) =
        if block.Numbers.AreWithin Limits.largest then
            struct (None, 0L)
        else
            let isBad value = not (abs value <= Limits.largest)
            let i = (block.Numbers.TryFindIndex isBad).Value
            let row, column = i / block.Columns, i % block.Columns
            let missing = block.Values.ToArray() |> Array.sumBy (fun value -> if Double.IsNaN value then 1L else 0L)
            struct (Some(InvalidNumber(block.FirstRow + int64 row, column, block[row, column])), missing)

    /// Returns the first error of a block: a number that isn't finite, or what `misfit` finds; and the number of
    /// missing cells.
    let internal firstErrorOf (misfit: Block -> GmmError option) (block: Block) : struct (GmmError option * int64) =
        match firstBad block with
        | struct (None, missing) -> struct (misfit block, missing)
        | bad -> bad

    /// Merges the first errors of neighbouring rows.
    let internal mergeErrors (struct (first, a: int64)) (struct (later, b)) : struct (GmmError option * int64) =
        struct (Option.orElse later first, a + b)

    /// Returns the error of data in which `find` looks for the first error, or the error that there are no rows.
    let internal concludeErrors find (source: Source) : Result<unit, GmmError> =
        if source.Rows = 0L then
            Error(InvalidData("at least one row", "there is none"))
        else
            match find source with
            | struct (Some(InvalidNumber(row, column, value)), missing) when Double.IsNaN value ->
                Error(MissingCell(row, column, missing))
            | struct (Some error, _) -> Error error
            | struct (None, _) -> Ok()

    /// Returns an error when there are no rows, when a number is NaN, infinite or above 1e150 in magnitude (the error
    /// names its row and column), or when `misfit` finds an error in a block.
    let internal validateWith execution (misfit: Block -> GmmError option) (source: Source) : Result<unit, GmmError> =
        source |> concludeErrors (reduce execution mergeErrors (firstErrorOf misfit))

    /// Returns an error when there are no rows, or when a number is NaN, infinite or above 1e150 in magnitude (the
    /// error names its row and column).
    let validate (execution: Execution) (source: Source) : Result<unit, GmmError> =
        validateWith execution (fun _ -> None) source

    /// Returns an error unless the data have the number of columns that a model expects.
    let internal requireColumns expected (source: Source) : Result<unit, GmmError> =
        if source.Columns = expected then
            Ok()
        else
            Error(
                InvalidData(
                    $"""{Display.count expected "column"}, as in the data that the model was fitted to""",
                    $"there are {source.Columns}"
                )
            )
