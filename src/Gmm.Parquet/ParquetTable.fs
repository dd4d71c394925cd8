namespace Gmm

open System
open System.IO
open Parquet
open Parquet.Schema

/// What to read of Parquet files.
[<NoEquality; NoComparison>]
type ParquetReadOptions =
    {
        /// The names of the columns, in this order; empty for all columns of numbers, in the order of the file.
        Columns: string list
        /// The name of a column of weights, one for every row, which is not a column of data.
        Weights: string option
        /// The largest number of bytes of decoded row groups to keep; the others are decoded in every pass.
        Memory: int64
    }

    /// All columns of numbers, no weights; decoded row groups take at most a quarter of the memory.
    static member internal Default =
        { Columns = []
          Weights = None
          Memory = TableColumns.defaultMemory () }

/// One file of a table.
[<NoEquality; NoComparison>]
type internal ParquetPart =
    {
        File: FileState
        Schema: ParquetSchema
        /// The number of rows of every row group.
        Rows: int64[]
    }

/// Parquet files as one table.
module internal ParquetTable =
    /// Returns no open readers yet.
    let readers () =
        new Readers<ParquetReader>(
            (fun stream -> ParquetReader.CreateAsync(stream, null, leaveStreamOpen = false).GetAwaiter().GetResult()),
            fun reader -> reader.DisposeAsync().AsTask().Wait()
        )

    let private fail path reason = raise (GmmException(UnreadableFile(path, 0, 0, reason)))

    let private attempt path what work = FormatFiles.attempt "Parquet file" path what work

    /// The files that a path stands for: itself, or those of a folder.
    let private files (path: string) : string[] =
        if not (Directory.Exists path) then
            [| path |]
        else
            let found = Directory.GetFiles(path, "*.parquet") |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))

            if found.Length = 0 then
                fail path "The folder has no file that ends in .parquet."

            found

    let private part (readers: Readers<ParquetReader>) (path: string) : ParquetPart =
        attempt path "" (fun () ->
            let state = FileState.Of path

            readers.Use(
                path,
                fun reader ->
                    { File = state
                      Schema = reader.Schema
                      Rows = [| for group in reader.RowGroups -> group.RowCount |] }
            ))

    let private described (part: ParquetPart) = part.Schema.Fields |> Seq.map ParquetColumns.describe |> Array.ofSeq

    /// Fails unless a file has columns of numbers with some names; if they must be all, unless it has no others.
    let private requireColumns (names: string[]) areAll (first: ParquetPart) (part: ParquetPart) =
        let columns = described part

        match TableColumns.choose names columns with
        | Error(InvalidOption(_, rule, value)) ->
            fail
                part.File.Path
                $"Its columns are not those of {first.File.Path}: they must be {rule}, but one is {value}."
        | Error error -> raise (GmmException error)
        | Ok _ ->
            for column in columns do
                if areAll && column.IsNumeric && not (Array.contains column.Name names) then
                    fail
                        part.File.Path
                        $"It has a column '{column.Name}', which {first.File.Path} lacks. Choose the columns to read."

    /// Returns the names of the columns to read. Error when a file lacks one of them, or without a choice, when it has
    /// others.
    let private chosen (options: ParquetReadOptions) (parts: ParquetPart[]) : Result<string[], GmmError> =
        result {
            let first = described parts[0]
            let weights = Option.toList options.Weights
            let! _ = if weights.IsEmpty then Ok [||] else TableColumns.choose weights first
            let ofData = first |> Array.filter (fun column -> not (List.contains column.Name weights))
            let! indices = TableColumns.choose options.Columns ofData
            let names = indices |> Array.map (fun j -> ofData[j].Name)
            let inAll = Array.append names (Array.ofList weights)
            parts |> Array.iter (requireColumns inAll options.Columns.IsEmpty parts[0])
            return names
        }

    /// Returns the numbers of columns of a row group, row by row.
    let private decode
        (readers: Readers<ParquetReader>)
        (names: string[])
        isSingle
        (part: ParquetPart)
        (group: int)
        : Numbers =
        attempt part.File.Path $"Row group {group} (counting from 0): " (fun () ->
            part.File.RequireUnchanged()

            readers.Use(
                part.File.Path,
                fun reader ->
                    use rows = reader.OpenRowGroupReader group
                    let count = int rows.RowCount * names.Length

                    let each (read: ColumnDecoder -> DataField -> int -> unit) =
                        for j in 0 .. names.Length - 1 do
                            let field = reader.Schema.Fields |> Seq.find (fun field -> field.Name = names[j])

                            attempt
                                part.File.Path
                                $"Row group {group} (counting from 0), column '{names[j]}': "
                                (fun () -> read (ParquetColumns.decoder field).Value (field :?> DataField) j)

                    if isSingle then
                        let numbers = GC.AllocateUninitializedArray<float32> count
                        each (fun decoder field j -> decoder.ToFloat32 rows field numbers j names.Length)
                        Numbers.Float32(ReadOnlyMemory numbers)
                    else
                        let numbers = GC.AllocateUninitializedArray<float> count
                        each (fun decoder field j -> decoder.ToFloat64 rows field numbers j names.Length)
                        Numbers.Float64(ReadOnlyMemory numbers)
            ))

    /// Returns the rows of files, and the names of their columns. The readers stay in use.
    let rows
        (options: ParquetReadOptions)
        (readers: Readers<ParquetReader>)
        (paths: string seq)
        : Result<Source * string[], GmmError> =
        result {
            let parts = paths |> Seq.collect files |> Seq.map (part readers) |> Array.ofSeq

            do! GmmError.requireAll [ parts.Length > 0, "paths", "at least one file", "empty" ]
            let! names = chosen options parts

            let groups =
                [| for part in parts do
                       for group in 0 .. part.Rows.Length - 1 do
                           struct (part, group) |]

            let rows = groups |> Array.map (fun (struct (part, group)) -> part.Rows[group])

            let isSingle (names: string[]) =
                parts
                |> Array.forall (fun part ->
                    part.Schema.Fields
                    |> Seq.filter (fun field -> Array.contains field.Name names)
                    |> Seq.forall (fun field -> (ParquetColumns.decoder field).Value.IsSingle))

            let sourceOf memory names =
                let isSingle = isSingle names

                Source.ofGroups memory names.Length rows (fun g ->
                    let struct (part, group) = groups[g]
                    decode readers names isSingle part group)

            let! source = sourceOf options.Memory names

            let! source =
                match options.Weights with
                | None -> Ok source
                | Some name ->
                    sourceOf 0L [| name |]
                    |> Result.map (Source.collect Execution.Default _.Values.ToArray())
                    |> Result.bind (fun weights -> Source.weighted weights source)

            return source, names
        }
