namespace Gmm

open System
open System.Collections.Generic
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
    /// Raises `Unusable` when the footer can't lie where the end of a file says. The reader would never return. A
    /// footer begins with the tag of its first field, the version.
    let private requireFooter (stream: Stream) =
        if stream.Length >= 12L then
            let ending = Array.zeroCreate<byte> 8
            stream.Position <- stream.Length - 8L
            stream.ReadExactly(ending, 0, 8)
            let length = int64 (BitConverter.ToInt32(ending, 0))

            let isFooter () =
                stream.Position <- stream.Length - 8L - length
                stream.ReadByte() = 0x15

            if ending[4..] = "PAR1"B && not (0L < length && length <= stream.Length - 12L && isFooter ()) then
                raise (Files.Unusable "Its footer is damaged.")

            stream.Position <- 0L

    /// Decimals with all their digits, of which System.Decimal has 28.
    let private allDigits = ParquetOptions(UseBigDecimal = true)

    /// Returns no open readers yet.
    let readers () =
        new Readers<ParquetReader>(
            (fun stream ->
                requireFooter stream
                ParquetReader.CreateAsync(stream, allDigits, leaveStreamOpen = false).GetAwaiter().GetResult()),
            fun reader -> reader.DisposeAsync().AsTask().Wait()
        )

    let private fail path reason = raise (GmmException(UnreadableFile(path, 0, 0, reason)))

    let private attempt path what work = FormatFiles.attempt "Parquet file" path what work

    /// The files that a path stands for: itself, or those of a folder.
    let private files (path: string) : string[] =
        if not (Directory.Exists path) then
            [| path |]
        else
            let isParquet (name: string) = name.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase)

            let found =
                attempt path "" (fun () -> Directory.GetFiles path)
                |> Array.filter isParquet
                |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))

            if found.Length = 0 then
                let remedy = "Files in its subfolders are not read: list them in `Parquet.openWith`."
                fail path $"The folder has no file that ends in .parquet. {remedy}"

            found

    let private part (readers: Readers<ParquetReader>) (path: string) : ParquetPart =
        FormatFiles.opening "Parquet file" path (fun () ->
            let state = FileState.Of path

            readers.Use(
                path,
                fun reader ->
                    { File = state
                      Schema = reader.Schema
                      Rows = [| for group in reader.RowGroups -> group.RowCount |] }
            ))

    let private described (part: ParquetPart) = part.Schema.Fields |> Seq.map ParquetColumns.describe |> Array.ofSeq

    /// Fails unless a file has one column of numbers of every name; if they must be all, unless it has no others.
    let private requireColumns (names: string[]) areAll (first: ParquetPart) (part: ParquetPart) =
        let columns, known = described part, HashSet names
        let find = TableColumns.finder columns

        for name in names do
            match find name with
            | Ok _ -> ()
            | Error [||] ->
                let remedy = "Choose columns that all files have, or leave this file out."
                fail part.File.Path $"It has no column '{name}', which {first.File.Path} has. {remedy}"
            | Error [| column |] ->
                fail
                    part.File.Path
                    $"Its column '{name}' must have numbers as in {first.File.Path}, but its type is {column.Type}."
            | Error several -> fail part.File.Path $"It has {several.Length} columns of the name '{name}'. Rename one."

        for column in columns do
            if areAll && column.IsNumeric && not (known.Contains column.Name) then
                fail
                    part.File.Path
                    $"It has a column '{column.Name}', which {first.File.Path} lacks. Choose the columns to read."

    /// Returns the names of the columns to read. Error when a file lacks one of them, or without a choice, when it has
    /// others.
    let private chosen (options: ParquetReadOptions) (parts: ParquetPart[]) : Result<string[], GmmError> =
        result {
            let first = described parts[0]
            let! indices = TableColumns.choose options.Weights options.Columns first
            let names = indices |> Array.map (fun j -> first[j].Name)
            let required = Array.append names (Option.toArray options.Weights)
            parts |> Array.iter (requireColumns required options.Columns.IsEmpty parts[0])
            return names
        }

    /// Returns columns of numbers of a file, and how each is decoded.
    let private columnsOf (names: string[]) (part: ParquetPart) : struct (DataField * ColumnDecoder)[] =
        let fields = Dictionary<string, Field>()

        for field in part.Schema.Fields do
            fields[field.Name] <- field

        names
        |> Array.map (fun name -> struct (fields[name] :?> DataField, (ParquetColumns.decoder fields[name]).Value))

    /// Returns the numbers of columns of a row group, row by row.
    let private decode
        (readers: Readers<ParquetReader>)
        (columns: struct (DataField * ColumnDecoder)[])
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
                    let count = int rows.RowCount * columns.Length

                    let each (read: ColumnDecoder -> DataField -> int -> unit) =
                        for j in 0 .. columns.Length - 1 do
                            let struct (field, decoder) = columns[j]

                            attempt
                                part.File.Path
                                $"Row group {group} (counting from 0), column '{field.Name}': "
                                (fun () -> read decoder field j)

                    if isSingle then
                        let numbers = GC.AllocateUninitializedArray<float32> count
                        each (fun decoder field j -> decoder.ToFloat32 rows field numbers j columns.Length)
                        Numbers.Float32(ReadOnlyMemory numbers)
                    else
                        let numbers = GC.AllocateUninitializedArray<float> count
                        each (fun decoder field j -> decoder.ToFloat64 rows field numbers j columns.Length)
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
                [| for p in 0 .. parts.Length - 1 do
                       for group in 0 .. parts[p].Rows.Length - 1 do
                           struct (p, group) |]

            let rows = groups |> Array.map (fun (struct (p, group)) -> parts[p].Rows[group])

            parts |> Array.iter (fun part -> FormatFiles.requireSizes "Row group" names.Length part.File.Path part.Rows)

            let sourceOf memory (names: string[]) =
                let columns = parts |> Array.map (columnsOf names)
                let isSingle = columns |> Array.forall (Array.forall (fun (struct (_, decoder)) -> decoder.IsSingle))

                Source.ofGroups memory names.Length rows (fun g ->
                    let struct (p, group) = groups[g]
                    decode readers columns[p] isSingle parts[p] group)

            let! source = sourceOf options.Memory names

            let! source =
                match options.Weights with
                | None -> Ok source
                | Some _ when source.Rows = 0L -> Ok source
                | Some _ when source.Rows > int64 Array.MaxLength ->
                    Error(InvalidData($"at most {Array.MaxLength} rows with weights", $"there are {source.Rows}"))
                | Some name ->
                    sourceOf 0L [| name |]
                    |> Result.map (Source.collect Execution.Default _.Values.ToArray())
                    |> Result.bind (fun weights -> Source.weighted weights source)

            return readers.Guard source, names
        }
