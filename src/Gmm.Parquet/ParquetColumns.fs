namespace Gmm

open System
open System.Buffers
open Parquet
open Parquet.Data
open Parquet.Schema

/// How the cells of a column become numbers.
[<NoEquality; NoComparison>]
type internal ColumnDecoder =
    {
        /// Whether float32 has all numbers of the column.
        IsSingle: bool
        /// Reads the column of a row group into every Dth place of an array, from a place on; NaN for null.
        ToFloat64: ParquetRowGroupReader -> DataField -> float[] -> int -> int -> unit
        /// The same for float32.
        ToFloat32: ParquetRowGroupReader -> DataField -> float32[] -> int -> int -> unit
    }

/// The columns of Parquet files.
module internal ParquetColumns =
    /// Waits for work that a stream without asynchronous reads has done already.
    let private wait (work: System.Threading.Tasks.ValueTask) = work.AsTask().GetAwaiter().GetResult()

    /// Returns whether the values of a column are stored one by one. The list of a column's encodings has those of its
    /// levels and its dictionary, too; many files count the encodings of the pages of values.
    let private isPlain (stored: Meta.ColumnMetaData) =
        let ofValues =
            [ if not (isNull stored.EncodingStats) then
                  for pages in stored.EncodingStats do
                      if pages.PageType = Meta.PageType.DATA_PAGE || pages.PageType = Meta.PageType.DATA_PAGE_V2 then
                          pages.Encoding ]

        match ofValues with
        | [] -> stored.Encodings.Contains Meta.Encoding.PLAIN
        | encodings -> encodings |> List.forall ((=) Meta.Encoding.PLAIN)

    /// Raises `Unusable` when a column is stored in a way that the reader can't decode. It would take every cell of
    /// Booleans in runs for false, or fail without a remedy.
    let private requireReadable (group: ParquetRowGroupReader) (field: DataField) =
        let stored = (group.GetMetadata field).MetaData

        if stored.NumValues <> group.RowCount then
            raise (
                Files.Unusable
                    $"""It has another number of values than the {Display.count group.RowCount "row"} of the group."""
            )

        if stored.Type = Meta.Type.BOOLEAN && not (isPlain stored) then
            raise (Files.Unusable "Its Booleans are stored as runs. Save the column as integers.")

        if stored.Type = Meta.Type.BYTE_ARRAY then
            raise (
                Files.Unusable
                    "Its decimals are stored as byte arrays of different lengths. Save the column as float64."
            )

    /// Reads a column and converts every cell that isn't null.
    let inline private decode
        (missing: 'N)
        ([<InlineIfLambda>] convert: 'T -> 'N)
        (group: ParquetRowGroupReader)
        (field: DataField)
        (target: 'N[])
        (first: int)
        (step: int)
        : unit =
        let rows = int group.RowCount

        requireReadable group field
        let values = ArrayPool<'T>.Shared.Rent rows
        let levels = ArrayPool<int>.Shared.Rent rows

        try
            // The arrays hold what they held in their last use, and a damaged file may have too few values.
            values.AsSpan(0, rows).Clear()
            levels.AsSpan(0, rows).Clear()

            if field.MaxDefinitionLevel = 0 then
                wait (group.ReadRawAsync<'T>(field, values.AsMemory(0, rows), Nullable(), Nullable()))
                let mutable place = first

                for i in 0 .. rows - 1 do
                    target[place] <- convert values[i]
                    place <- place + step
            else
                // Values are packed; the level of a cell says whether it has one.
                let levels' = Nullable(levels.AsMemory(0, rows))
                wait (group.ReadRawAsync<'T>(field, values.AsMemory(0, rows), levels', Nullable()))
                let mutable place, next = first, 0

                for i in 0 .. rows - 1 do
                    if levels[i] = field.MaxDefinitionLevel then
                        target[place] <- convert values[next]
                        next <- next + 1
                    else
                        target[place] <- missing

                    place <- place + step
        finally
            ArrayPool.Shared.Return values
            ArrayPool.Shared.Return levels

    let inline private toFloat64 ([<InlineIfLambda>] convert: 'T -> float) : ColumnDecoder =
        { IsSingle = false
          ToFloat64 = fun group field target first step -> decode nan convert group field target first step
          ToFloat32 = fun _ _ _ _ _ -> invalidOp "The column has float64." }

    let inline private toFloat32 ([<InlineIfLambda>] convert: 'T -> float32) : ColumnDecoder =
        { IsSingle = true
          ToFloat64 = fun group field target first step -> decode nan (convert >> float) group field target first step
          ToFloat32 = fun group field target first step -> decode nanf convert group field target first step }

    let private decoders: (Type * ColumnDecoder) list =
        [ typeof<float>, toFloat64 (fun (value: float) -> value)
          typeof<float32>, toFloat32 (fun (value: float32) -> value)
          typeof<BigDecimal>, toFloat64 (fun (value: BigDecimal) -> Cells.ofScaled value.UnscaledValue value.Scale)
          typeof<bool>, toFloat64 Cells.ofBoolean
          typeof<sbyte>, toFloat64 (fun (value: sbyte) -> float value)
          typeof<byte>, toFloat64 (fun (value: byte) -> float value)
          typeof<int16>, toFloat64 (fun (value: int16) -> float value)
          typeof<uint16>, toFloat64 (fun (value: uint16) -> float value)
          typeof<int>, toFloat64 (fun (value: int) -> float value)
          typeof<uint32>, toFloat64 (fun (value: uint32) -> float value)
          typeof<int64>, toFloat64 Cells.ofInt64
          typeof<uint64>, toFloat64 Cells.ofUInt64 ]

    /// Returns how the cells of a column become numbers, or None when they don't.
    let decoder (field: Field) : ColumnDecoder option =
        match field with
        | :? TimeDataField -> None
        | :? DataField as field when field.MaxRepetitionLevel = 0 && not field.IsArray ->
            decoders |> List.tryFind (fun (clr, _) -> clr = field.ClrType) |> Option.map snd
        | _ -> None

    /// Returns what a schema says of a column.
    let describe (field: Field) : TableColumn =
        let named (clr: Type) =
            if clr = typeof<ReadOnlyMemory<char>> then "String"
            elif clr = typeof<ReadOnlyMemory<byte>> then "Byte[]"
            else clr.Name

        let kind =
            match field with
            | :? TimeDataField -> "time"
            | :? DataField as data when not data.IsArray -> named data.ClrType
            | :? DataField as data -> $"array of {named data.ClrType}"
            | other -> other.SchemaType.ToString().ToLowerInvariant()

        { Name = field.Name
          Type = kind
          IsNumeric = (decoder field).IsSome }
