namespace Gmm

open System
open Parquet
open Parquet.Schema

/// Writes Parquet files.
module internal ParquetWriting =
    /// About 8 MiB of numbers in a row group, which holds whole blocks.
    let private groupRows (source: Source) =
        let blocks = (1 <<< 20) / (source.BlockRows * source.Columns) |> max 1
        blocks * source.BlockRows

    let private namesOf (names: string[]) (source: Source) : Result<string[], GmmError> =
        match names.Length with
        | 0 -> Ok(Array.init source.Columns (fun j -> $"column {j + 1}"))
        | count when count = source.Columns ->
            match names |> Array.tryFindIndex String.IsNullOrEmpty with
            | None -> Ok names
            | Some j -> Error(InvalidOption("names", "names that aren't empty", $"name {j} (counting from 0), empty"))
        | count -> Error(InvalidOption("names", $"""one for {Display.each source.Columns "column"}""", string count))

    let private run (work: Threading.Tasks.Task) = work.GetAwaiter().GetResult()

    let private writeColumn (group: ParquetRowGroupWriter) (field: DataField) (values: 'T[]) =
        run (group.WriteAsync<'T>(field, ReadOnlyMemory values, Nullable(), null, Threading.CancellationToken.None))

    /// Writes the columns of consecutive rows as a row group.
    let private writeGroup (writer: ParquetWriter) (fields: DataField[]) (results: ResultColumn[]) (block: Block) =
        use group = writer.CreateRowGroup()
        let column (values: ReadOnlyMemory<'T>) j = Array.init block.Rows (fun i -> values.Span[i * block.Columns + j])

        for j in 0 .. block.Columns - 1 do
            match block.Numbers with
            | Numbers.Float64 values -> writeColumn group fields[j] (column values j)
            | Numbers.Float32 values -> writeColumn group fields[j] (column values j)

        let first = int block.FirstRow

        for r in 0 .. results.Length - 1 do
            let field = fields[block.Columns + r]

            match results[r] with
            | ResultColumn.Whole(_, values) -> writeColumn group field values[first .. first + block.Rows - 1]
            | ResultColumn.Real(_, values) -> writeColumn group field values[first .. first + block.Rows - 1]

        group.CompleteValidate()

    /// See `Parquet.write`.
    let write (path: string) (names: string seq) (results: ResultColumn seq) (source: Source) : Result<unit, GmmError> =
        result {
            let results = Array.ofSeq results
            let! names = namesOf (Array.ofSeq names) source
            do! TableColumns.check names source.Rows results

            let isSingle =
                source.Rows > 0L
                && match (source.Read 0L).Numbers with
                   | Numbers.Float32 _ -> true
                   | Numbers.Float64 _ -> false

            let ofData name : DataField = if isSingle then DataField<float32>(name) else DataField<float>(name)

            let ofResult (column: ResultColumn) : DataField =
                match column with
                | ResultColumn.Whole(name, _) -> DataField<int>(name)
                | ResultColumn.Real(name, _) -> DataField<float>(name)

            let fields = Array.append (Array.map ofData names) (Array.map ofResult results)
            let schema = ParquetSchema(fields |> Array.map (fun field -> field :> Field))
            let grouped = Source.inBlocksOf (groupRows source) source

            return!
                Files.write path (fun stream ->
                    let writer = ParquetWriter.CreateAsync(schema, stream).GetAwaiter().GetResult()

                    try
                        for index in 0L .. grouped.Blocks - 1L do
                            writeGroup writer fields results (grouped.Read index)
                    finally
                        writer.DisposeAsync().AsTask().Wait())
        }
