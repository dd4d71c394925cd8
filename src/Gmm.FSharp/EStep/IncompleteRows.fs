namespace Gmm

open System
open System.Collections.Concurrent
open System.Collections.Generic

/// The rows of a block, or of a source, that miss the same cells.
[<NoEquality; NoComparison>]
type internal Pattern<'rows> =
    {
        /// A character for each column: '1' if its cell is missing, otherwise '0'.
        Key: string
        /// The numbers of the observed columns, ascending.
        Observed: int[]
        /// The observed cells of the rows.
        Rows: 'rows
    }

/// Data with missing cells: their patterns, checks, and E-steps.
module IncompleteRows =

    // ── Patterns ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the columns of each row that are missing, as a text of one character for each column.
    let private keys (block: Block) : string[] =
        let values, columns = block.Values, block.Columns
        let complete = String('0', columns)
        let marks = Array.create columns '0'

        Array.init block.Rows (fun i ->
            let row = values.Span.Slice(i * columns, columns)
            let mutable isComplete = true

            for j in 0 .. columns - 1 do
                let isMissing = Double.IsNaN row[j]
                isComplete <- isComplete && not isMissing
                marks[j] <- if isMissing then '1' else '0'

            if isComplete then complete else String marks)

    let private observed (key: string) =
        [| for j in 0 .. key.Length - 1 do
               if key[j] = '0' then
                   j |]

    /// Returns whether a cell of a block is missing.
    let internal isIn (block: Block) = not (block.Numbers.AreWithin Double.PositiveInfinity)

    /// Splits a block by pattern. Returns the rows of each pattern, with their numbers in the block; `isTaken` selects rows.
    let private split (isTaken: int -> bool) (block: Block) : struct (Pattern<Block> * int[])[] =
        keys block
        |> Array.indexed
        |> Array.filter (fst >> isTaken)
        |> Array.groupBy snd
        |> Array.map (fun (key, rows) ->
            let observed, rows = observed key, Array.map fst rows
            let place i = rows[i / observed.Length] * block.Columns + observed[i % observed.Length]

            let cells =
                { block with
                    Rows = rows.Length
                    Columns = observed.Length
                    Numbers = block.Numbers.Gather(rows.Length * observed.Length, place)
                    Weights =
                        block.Weights
                        |> Option.map (fun weights -> ReadOnlyMemory(rows |> Array.map (fun i -> weights.Span[i]))) }

            struct ({ Key = key
                      Observed = observed
                      Rows = cells },
                    rows))

    /// Computes `width` numbers for every row of a block, row by row. `compute` does it for the rows of one pattern, whose
    /// numbers in the block it gets, too.
    let internal byPattern width (compute: Pattern<Block> -> int[] -> float[]) (block: Block) : float[] =
        let all = Array.zeroCreate (block.Rows * width)

        for struct (pattern, rows) in split (fun _ -> true) block do
            let numbers = compute pattern rows
            rows |> Array.iteri (fun i row -> Array.blit numbers (i * width) all (row * width) width)

        all

    /// Returns a function that prepares once for every pattern; any number of threads may call it.
    let internal preparing (prepare: int[] -> 'T) : Pattern<Block> -> 'T =
        let prepared = ConcurrentDictionary<string, Lazy<'T>>()

        fun pattern -> (prepared.GetOrAdd(pattern.Key, (fun _ -> lazy prepare pattern.Observed))).Value

    /// Returns the rows of positive weight with an observed cell, by pattern: the complete rows first, and patterns with
    /// fewer missing cells before others. The order doesn't depend on that of the rows. The rows are copied.
    let internal patterns (execution: Execution) (source: Source) : Pattern<Source>[] =
        let parts = Array.zeroCreate (int source.Blocks)

        source
        |> Source.reduce execution (fun () () -> ()) (fun block ->
            parts[int (block.FirstRow / int64 source.BlockRows)] <-
                block
                |> split (fun i -> block.Weight i > 0.0)
                |> Array.filter (fun struct (pattern, _) -> pattern.Observed.Length > 0))

        let groups = Dictionary<string, ResizeArray<Pattern<Block>>>()

        for struct (pattern, _) in Seq.concat parts do
            if not (groups.ContainsKey pattern.Key) then
                groups[pattern.Key] <- ResizeArray()

            groups[pattern.Key].Add pattern

        let missing (key: string) = key |> Seq.sumBy (fun mark -> if mark = '1' then 1 else 0)

        groups.Keys
        |> Seq.sortWith (fun a b ->
            match compare (missing a) (missing b) with
            | 0 -> String.CompareOrdinal(a, b)
            | order -> order)
        |> Seq.map (fun key ->
            let pieces = groups[key].ToArray()
            let observed = pieces[0].Observed
            let blocks = pieces |> Array.map _.Rows

            let unweighted =
                match blocks |> Array.map _.Numbers |> Contiguous.joinNumbers with
                | Numbers.Float64 numbers -> Source.ofMemory observed.Length numbers
                | Numbers.Float32 numbers -> Source.ofFloat32Memory observed.Length numbers

            let weights = blocks |> Array.choose _.Weights |> Array.map _.ToArray() |> Array.concat

            { Key = key
              Observed = observed
              Rows =
                (if weights.Length = 0 then
                     unweighted
                 else
                     unweighted |> Result.bind (Source.weighted weights))
                |> GmmError.get })
        |> Array.ofSeq

    // ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a block in which `value column` takes the place of every missing cell.
    let internal filledBy (value: int -> int -> float) (block: Block) : Block =
        if isIn block then
            let cells = block.Values

            let filled =
                Array.init cells.Length (fun i ->
                    let cell = cells.Span[i]

                    if Double.IsNaN cell then
                        value (i / block.Columns) (i % block.Columns)
                    else
                        cell)

            { block with
                Numbers = Numbers.Float64(ReadOnlyMemory filled) }
        else
            block

    /// Returns an error when a family can't treat missing cells.
    let internal require (family: Family<'θ>) : Result<IncompleteRows<'θ>, GmmError> =
        match family.Missing, family.Noise with
        | Some _, Some _ -> Error(InvalidOption("Missing", "Reject for a mixture with noise", "Fit"))
        | Some cells, None -> Ok cells
        | None, _ ->
            Error(InvalidOption("Missing", $"Reject for {family.Name}, which can't treat missing cells", "Fit"))

    /// A scan of data with missing cells.
    type internal Survey =
        {
            /// The number of missing cells.
            Cells: int64
            /// Whether a row has no observed cell.
            HasEmptyRows: bool
            /// The row and the value of the first observed cell of each column; None if the column has none in a row of positive
            /// weight.
            First: (int64 * float) option[]
        }

    /// Returns the scan of the data. Error when there are no rows, or when a number is infinite or above 1e150 in magnitude.
    let private survey (execution: Execution) (source: Source) : Result<Survey, GmmError> =
        let ofBlock (block: Block) =
            let first = Array.create block.Columns None
            let cells = block.Values
            let mutable missing, error = 0L, None
            let mutable hasEmptyRows = false

            for i in 0 .. block.Rows - 1 do
                let row = cells.Span.Slice(i * block.Columns, block.Columns)
                let mutable seen = 0

                for j in 0 .. row.Length - 1 do
                    let cell = row[j]

                    if Double.IsNaN cell then
                        missing <- missing + 1L
                    else
                        seen <- seen + 1

                        if first[j].IsNone && block.Weight i > 0.0 then
                            first[j] <- Some(block.FirstRow + int64 i, cell)

                        if not (abs cell <= Limits.largest) && error.IsNone then
                            error <- Some(InvalidNumber(block.FirstRow + int64 i, j, cell))

                hasEmptyRows <- hasEmptyRows || seen = 0

            struct (error,
                    { Cells = missing
                      HasEmptyRows = hasEmptyRows
                      First = first })

        let merge (struct (error, found)) (struct (later, next)) =
            struct (Option.orElse later error,
                    { Cells = found.Cells + next.Cells
                      HasEmptyRows = found.HasEmptyRows || next.HasEmptyRows
                      First = Array.map2 (fun first later -> Option.orElse later first) found.First next.First })

        if source.Rows = 0L then
            Error(InvalidData("at least one row", "there is none"))
        else
            match source |> Source.reduce execution merge ofBlock with
            | struct (Some error, _) -> Error error
            | struct (None, found) -> Ok found

    /// Returns an error for the first number that `misfit` rejects; `value` gives numbers for missing cells.
    let private checkDomain execution (misfit: Block -> GmmError option) (value: int -> float) (source: Source) =
        match
            source
            |> Source.reduce
                execution
                (fun first later -> Option.orElse later first)
                (filledBy (fun _ j -> value j) >> misfit)
        with
        | Some error -> Error error
        | None -> Ok()

    /// Scans data before a fit. Error when there are no rows, when a number is infinite or above 1e150 in magnitude, when
    /// `misfit` rejects a number, or when a column has no observed cell.
    let internal validate execution misfit (source: Source) : Result<Survey, GmmError> =
        result {
            let! found = survey execution source

            match found.First |> Array.tryFindIndex Option.isNone with
            | Some column ->
                let rule = "an observed cell in every column"
                return! Error(InvalidColumn(rule, column, "has none in a row of positive weight"))
            | None ->
                let first = found.First |> Array.map Option.get

                do!
                    source
                    |> checkDomain execution misfit (fun j -> snd first[j])
                    |> Result.mapError (fun error ->
                        match error with
                        | OutsideDomain(family, domain, row, column, value) when
                            Double.IsNaN((Source.rows [| row |] source)[0, column])
                            ->
                            // The missing cell had the value of the column's first observed cell.
                            OutsideDomain(family, domain, fst first[column], column, value)
                        | _ -> error)

                return found
        }

    /// Checks data for which a model makes predictions. Error when there are no rows, when a number is infinite or above 1e150 in
    /// magnitude, or when one is outside the family's domain.
    let internal validateNew execution (family: Family<'θ>) (parameters: 'θ) (source: Source) : Result<unit, GmmError> =
        result {
            let! _ = require family
            let! _ = survey execution source
            let possible = family.Sample parameters 0 (RandomStream.ofSeed 0)
            do! source |> checkDomain execution (family.Misfit parameters) (fun j -> possible[j])
        }

    /// Returns the data with a weight of 0 for the rows without an observed cell.
    let internal withoutEmptyRows (source: Source) : Source =
        source
        |> Source.map source.Columns (fun block ->
            let weight i =
                let row = block.Row i
                let mutable isEmpty = true

                for j in 0 .. row.Length - 1 do
                    isEmpty <- isEmpty && Double.IsNaN row[j]

                if isEmpty then 0.0 else block.Weight i

            { block with
                Weights = Some(ReadOnlyMemory(Array.init block.Rows weight)) })

    // ── E-steps ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the mixture of the observed columns.
    let internal restrict (cells: IncompleteRows<'θ>) (observed: int[]) (mixture: Mixture<'θ>) : Mixture<'θ> =
        { LogWeights = mixture.LogWeights
          Parameters = cells.Restrict observed mixture.Parameters }

    /// The fewest rows of a pattern that a pass works on with all threads.
    let private manyRows = 8192L

    /// The largest number of sums that are kept before they are added. It bounds the memory, and the threads that have work.
    let private mostGroups = 64

    /// Runs E-steps by pattern: one pass of a backend for the rows of each pattern, whose statistics it lifts.
    type private PatternPass<'θ>
        (cells: IncompleteRows<'θ>, passes: (Pattern<Source> * Pass<'θ>)[], columns: int, execution: Execution) =
        /// Patterns with many rows come one after another, each on all threads; the others share the threads.
        let large, small =
            [| 0 .. passes.Length - 1 |] |> Array.partition (fun i -> (fst passes[i]).Rows.Rows >= manyRows)

        let groups = small |> Array.chunkBySize (max 1 ((small.Length + mostGroups - 1) / mostGroups))

        let expect assignment (mixture: Mixture<'θ>) i =
            let pattern, pass = passes[i]

            if pattern.Observed.Length = columns then
                pass.Expect(assignment, mixture)
            else
                pass.Expect(assignment, restrict cells pattern.Observed mixture)
                |> cells.Lift pattern.Observed mixture.Parameters

        interface Pass<'θ> with
            member _.Expect(assignment, mixture) =
                let sumOf = Seq.map (expect assignment mixture) >> Seq.reduce (+)
                let ofGroups = Array.zeroCreate groups.Length

                execution.ForEach(
                    groups.Length,
                    fun place ->
                        execution.Cancellation.ThrowIfCancellationRequested()
                        ofGroups[place] <- sumOf groups[place]
                )

                // In this order for any number of threads.
                Array.append (large |> Array.map (expect assignment mixture)) ofGroups |> Array.reduce (+)

            member _.Dispose() =
                for _, pass in passes do
                    pass.Dispose()

    /// Opens the passes of all patterns. If one can't be opened, it closes the others.
    let private openPasses (backend: Backend) (family: Family<'θ>) (cells: IncompleteRows<'θ>) source execution =
        let opened = ResizeArray<Pattern<Source> * Pass<'θ>>()

        let openOne (pattern: Pattern<Source>) =
            let threads = if pattern.Rows.Rows >= manyRows then execution.Threads else 1

            backend.Open(family, pattern.Rows, { execution with Threads = threads })
            |> Result.map (fun pass -> opened.Add(pattern, pass))

        match patterns execution source |> List.ofArray |> GmmError.traverse openOne with
        | Ok [] -> Error(InvalidData("an observed cell in a row of positive weight", "there is none"))
        | Ok _ -> Ok(new PatternPass<'θ>(cells, opened.ToArray(), source.Columns, execution) :> Pass<'θ>)
        | Error error ->
            for _, pass in opened do
                pass.Dispose()

            Error error

    /// Returns a backend for data with missing cells, which are NaN. It sorts the rows by their pattern of missing cells once, and
    /// keeps a copy of the observed cells. For every pattern it runs the E-step of the given backend on the marginal mixture of
    /// the observed columns. The conditional means and covariances of the missing cells, the same for all rows of the
    /// pattern but for a linear term, make these statistics those of all columns (Ghahramani and Jordan 1994). Rows without an
    /// observed cell add nothing. Data without missing cells go to the given backend.
    let backend (inner: Backend) : Backend =
        { new Backend with
            member _.Name = inner.Name

            member _.Open(family, source, execution) =
                result {
                    let! cells = require family
                    let hasMissing = source |> Source.reduce execution (||) isIn

                    if hasMissing then
                        return! openPasses inner family cells source execution
                    else
                        return! inner.Open(family, source, execution)
                } }
