namespace Gmm

open System
open System.Collections.Generic
open Apache.Arrow
open Apache.Arrow.Compression
open Apache.Arrow.Ipc
open Apache.Arrow.Types

/// The columns of Arrow's tables.
module internal ArrowColumns =
    let private isNumeric (kind: IArrowType) =
        match kind.TypeId with
        | ArrowTypeId.Boolean
        | ArrowTypeId.Int8
        | ArrowTypeId.Int16
        | ArrowTypeId.Int32
        | ArrowTypeId.Int64
        | ArrowTypeId.UInt8
        | ArrowTypeId.UInt16
        | ArrowTypeId.UInt32
        | ArrowTypeId.UInt64
        | ArrowTypeId.HalfFloat
        | ArrowTypeId.Float
        | ArrowTypeId.Double
        | ArrowTypeId.Decimal128 -> true
        | _ -> false

    let describe (schema: Schema) : TableColumn[] =
        [| for field in schema.FieldsList ->
               { Name = field.Name
                 Type = field.DataType.Name
                 IsNumeric = isNumeric field.DataType } |]

    let inline private converted missing ([<InlineIfLambda>] convert: 'T -> 'N) (array: PrimitiveArray<'T>) =
        if array.NullCount = 0 && typeof<'T> = typeof<'N> then
            unbox<'N[]>(box (array.Values.ToArray()))
        else
            Array.init array.Length (fun i -> if array.IsNull i then missing else convert array.Values[i])

    let inline private single ([<InlineIfLambda>] convert: 'T -> float32) (array: PrimitiveArray<'T>) =
        converted nanf convert array |> ReadOnlyMemory |> Numbers.Float32

    let inline private double ([<InlineIfLambda>] convert: 'T -> float) (array: PrimitiveArray<'T>) =
        converted nan convert array |> ReadOnlyMemory |> Numbers.Float64

    let private each (array: IArrowArray) (cell: int -> float) =
        Array.init array.Length (fun i -> if array.IsNull i then nan else cell i) |> ReadOnlyMemory |> Numbers.Float64

    /// Returns the numbers of an array; NaN for null.
    let numbers (array: IArrowArray) : Numbers =
        match array with
        | :? DoubleArray as array -> array |> double id
        | :? FloatArray as array -> array |> single id
        | :? HalfFloatArray as array -> array |> single float32
        | :? Int8Array as array -> array |> double float
        | :? Int16Array as array -> array |> double float
        | :? Int32Array as array -> array |> double float
        | :? Int64Array as array -> array |> double Cells.ofInt64
        | :? UInt8Array as array -> array |> double float
        | :? UInt16Array as array -> array |> double float
        | :? UInt32Array as array -> array |> double float
        | :? UInt64Array as array -> array |> double Cells.ofUInt64
        | :? BooleanArray as array -> each array (fun i -> Cells.ofBoolean (array.GetValue i).Value)
        | :? Decimal128Array as array -> each array (fun i -> Cells.ofScaled (bigint (array.GetBytes i)) array.Scale)
        | other -> invalidArg (nameof array) $"An array of {other.Data.DataType.Name} has no numbers."

    let rows (names: string seq) (table: Apache.Arrow.Table) : Result<Source, GmmError> =
        TableColumns.source names (describe table.Schema) (fun j ->
            let data = table.Column(j).Data
            Array.init data.ArrayCount (data.ArrowArray >> numbers) |> Contiguous.joinNumbers)

    /// Returns an error unless record batches have the same columns.
    let requireOneSchema (batches: List<RecordBatch>) : Result<unit, GmmError> =
        let columnsOf (batch: RecordBatch) =
            [ for field in batch.Schema.FieldsList -> field.Name, field.DataType.TypeId ]

        let text columns =
            String.Join(", ", columns |> List.map (fun (name: string, kind: ArrowTypeId) -> $"{name}: {kind}"))

        let first = columnsOf batches[0]

        match batches |> Seq.tryFindIndex (fun batch -> columnsOf batch <> first) with
        | None -> Ok()
        | Some b ->
            let found, expected = text (columnsOf batches[b]), text first
            let value = $"batch {b} (counting from 0) has the columns {found} and batch 0 has {expected}"
            Error(InvalidData("record batches of one schema", value))

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    let readers () =
        new Readers<ArrowFileReader>(
            (fun stream ->
                let start = Array.zeroCreate<byte> 6

                if stream.Read(start, 0, 6) < 6 || start <> "ARROW1"B then
                    let remedy = "An Arrow stream must be read with ArrowStreamReader and Arrow.ofBatches."
                    raise (Files.Unusable $"It is no Arrow file. {remedy}")

                stream.Position <- 0L
                new ArrowFileReader(stream, CompressionCodecFactory())),
            fun reader -> reader.Dispose()
        )

    let private attempt path what work = FormatFiles.attempt "Arrow file" path what work

    let private batch (reader: ArrowFileReader) index =
        reader.ReadRecordBatchAsync(index, Threading.CancellationToken.None).AsTask().GetAwaiter().GetResult()

    /// Returns the numbers of some columns of a batch. Raises `Unusable` unless it has some number of rows.
    let private decode (chosen: int[]) (rows: int64) (batch: RecordBatch) : Numbers =
        chosen
        |> Array.map (fun j ->
            let numbers = numbers (batch.Column j)

            if int64 numbers.Length <> rows then
                let name = (batch.Schema.GetFieldByIndex j).Name

                raise (
                    Files.Unusable
                        $"""Its column '{name}' has {Display.count numbers.Length "value"} for {Display.count rows "row"}."""
                )

            numbers)
        |> Numbers.OfColumns

    let file
        (names: string seq)
        (readers: Readers<ArrowFileReader>)
        (path: string)
        : Result<Source * string[], GmmError> =
        result {
            let state, schema, lengths =
                FormatFiles.opening "Arrow file" path (fun () ->
                    let state = FileState.Of path

                    readers.Use(
                        path,
                        fun reader ->
                            let count = reader.RecordBatchCountAsync().AsTask().GetAwaiter().GetResult()

                            let lengths =
                                Array.init count (fun index ->
                                    use batch = batch reader index
                                    int64 batch.Length)

                            state, reader.Schema, lengths
                    ))

            let columns = describe schema
            let! chosen = TableColumns.choose None names columns
            FormatFiles.requireSizes "Record batch" chosen.Length path lengths

            let read index =
                attempt path $"Record batch {index} (counting from 0): " (fun () ->
                    state.RequireUnchanged()

                    readers.Use(
                        path,
                        fun reader ->
                            use batch = batch reader index
                            decode chosen lengths[index] batch
                    ))

            let! source = Source.ofGroups (TableColumns.defaultMemory ()) chosen.Length lengths read
            return readers.Guard source, chosen |> Array.map (fun j -> columns[j].Name)
        }

/// An Arrow file as data. Dispose of it after the last use of the rows; a finished fit no longer needs them.
[<Sealed>]
type ArrowFile internal (source: Source, columns: string[], readers: IDisposable) =
    /// The rows.
    member _.Source = source

    /// The names of the D columns of the source.
    member _.Columns = columns

    static member internal OpenWith(names: string seq, path: string) : Result<ArrowFile, GmmError> =
        ArrowColumns.readers ()
        |> Opened.keep (fun readers ->
            ArrowColumns.file names readers path
            |> Result.map (fun (source, columns) -> new ArrowFile(source, columns, readers)))

    /// Opens an Arrow file as `Arrow.openColumns` does, and reads the columns with some names; without names, all columns
    /// of numbers. Throws `GmmException` for each error of `Arrow.openColumns`, and ArgumentNullException when the path or
    /// the array of names is null.
    static member Open(path: string, [<ParamArray>] columns: string[]) : ArrowFile =
        ArgumentNullException.ThrowIfNull path
        ArgumentNullException.ThrowIfNull columns
        ArrowFile.OpenWith(columns, path) |> GmmError.get

    interface IDisposable with
        member _.Dispose() = readers.Dispose()

/// Data of Apache Arrow as data of mixtures. Columns of numbers and Booleans become columns of data: float32 if all of
/// them are float32 or float16, otherwise float64. Decimals are rounded to the nearest float64. A null is a missing
/// cell, NaN.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Arrow =
    /// Returns the names of the columns of numbers.
    let columns (schema: Schema) : string[] = TableColumns.numeric (ArrowColumns.describe schema)

    /// Makes a source of the columns of a table with some names, in this order; without names, of all columns of
    /// numbers. It copies their numbers once. Error when a name is given twice or is that of no column of numbers, or of
    /// several; when there are no names and no column has numbers; or when an integer has no equal float64.
    let ofTable (names: string seq) (table: Apache.Arrow.Table) : Result<Source, GmmError> =
        ArrowColumns.rows names table

    /// Makes a source of the rows of record batches of one schema, in their order, as `ofTable` does. Error as for
    /// `ofTable`; when there is no batch; or when two differ in the names or types of their columns.
    let ofBatches (names: string seq) (batches: RecordBatch seq) : Result<Source, GmmError> =
        match List<RecordBatch> batches with
        | none when none.Count = 0 -> Error(InvalidData("at least one record batch", "there is none"))
        | batches ->
            ArrowColumns.requireOneSchema batches
            |> Result.bind (fun () ->
                ofTable names (Apache.Arrow.Table.TableFromRecordBatches(batches[0].Schema, batches)))

    /// Opens an Arrow file as `openFile` does, and reads the columns with some names, in this order. Error as for
    /// `openFile`, or when a name is given twice or is that of no column of numbers, or of several.
    let openColumns (names: string seq) (path: string) : Result<ArrowFile, GmmError> = ArrowFile.OpenWith(names, path)

    /// Opens an Arrow file (IPC, Feather version 2) and reads all columns of numbers: `use file = …`, and then
    /// `file.Source`. Opening reads through the file once, for the lengths of its record batches. Batches are read as
    /// blocks of rows need them, and up to a quarter of the memory is used to keep them. Error when the file can't be read
    /// or is damaged, or when no column has numbers. A function of the rows, such as a fit, returns an error that names the
    /// file when a batch can't be read, or when an integer in it has no equal float64.
    let openFile (path: string) : Result<ArrowFile, GmmError> = openColumns [] path

    /// Returns a record batch with results as further columns, such as those of `Predict.columns`. Error when a name is
    /// in use, or when there isn't one value for each row. The new batch shares the arrays: dispose of only one of the
    /// two.
    let withResults (results: ResultColumn seq) (batch: RecordBatch) : Result<RecordBatch, GmmError> =
        let ofResult (column: ResultColumn) : Field * IArrowArray =
            match column with
            | ResultColumn.Whole(name, values) ->
                Field(name, Int32Type.Default, false), (Int32Array.Builder().AppendRange values).Build()
            | ResultColumn.Real(name, values) ->
                Field(name, DoubleType.Default, false), (DoubleArray.Builder().AppendRange values).Build()

        TableColumns.check (batch.Schema.FieldsList |> Seq.map _.Name) (int64 batch.Length) results
        |> Result.map (fun () ->
            let added = results |> Seq.map ofResult |> Array.ofSeq
            let fields = Seq.append batch.Schema.FieldsList (Seq.map fst added)
            let schema = Schema(fields, batch.Schema.Metadata)
            new RecordBatch(schema, Seq.append batch.Arrays (Seq.map snd added), batch.Length))

namespace Gmm.CSharp

open System
open System.Runtime.CompilerServices
open Apache.Arrow

open Gmm

/// Data of Apache Arrow as data of mixtures, for C#.
[<Sealed; AbstractClass; Extension>]
type ArrowRows =
    /// Returns the rows of the columns of a table with some names, or of all columns of numbers: see `Arrow.ofTable`.
    /// Throws `GmmException` for each of its errors, and ArgumentNullException when an argument is null.
    [<Extension>]
    static member ToSource(table: Apache.Arrow.Table, [<ParamArray>] columns: string[]) : Source =
        ArgumentNullException.ThrowIfNull table
        ArgumentNullException.ThrowIfNull columns
        Arrow.ofTable columns table |> GmmError.get

    /// Returns the rows of the columns of a record batch with some names, like those of a table, and throws as for one.
    [<Extension>]
    static member ToSource(batch: RecordBatch, [<ParamArray>] columns: string[]) : Source =
        ArgumentNullException.ThrowIfNull batch
        ArgumentNullException.ThrowIfNull columns
        Arrow.ofBatches columns [ batch ] |> GmmError.get

    /// Returns a record batch with results as further columns. Throws `GmmException` when a name is in use, or when
    /// there isn't one value for each row.
    [<Extension>]
    static member WithResults(batch: RecordBatch, [<ParamArray>] results: ResultColumn[]) : RecordBatch =
        ArgumentNullException.ThrowIfNull batch
        ArgumentNullException.ThrowIfNull results
        Arrow.withResults results batch |> GmmError.get
