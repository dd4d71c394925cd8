/// Writes pages-1.parquet and pages-2.parquet by Apache's C++ library, with data pages of version 1 and 2. Run it in
/// this folder: dotnet fsi write.fsx. ParquetTests.fs has the numbers.
#r "nuget: ParquetSharp, 25.0.1.2"

open System
open System.Numerics
open System.Runtime.InteropServices
open ParquetSharp
open ParquetSharp.Schema

let rows = 300

/// ±7ᵏ, of up to 33 digits, of which two stand after the point.
let wide i = BigInteger.Pow(7I, i % 40) * (if i % 2 = 0 then 1I else -1I)

/// Big-endian bytes of a whole number, padded to a length of 16 or not at all.
let bytes isPadded (value: BigInteger) =
    let bytes = value.ToByteArray(isBigEndian = true)
    let padding = if isPadded then 16 - bytes.Length else 0
    Array.append (Array.create padding (if value.Sign < 0 then 255uy else 0uy)) bytes

let pinned (arrays: byte[][]) (work: nativeint[] -> unit) =
    let handles = arrays |> Array.map (fun array -> GCHandle.Alloc(array, GCHandleType.Pinned))
    handles |> Array.map _.AddrOfPinnedObject() |> work
    handles |> Array.iter _.Free()

let write (path: string) version pages =
    use builder = new WriterPropertiesBuilder()

    builder.Version(version).DataPageVersion(pages).DataPagesize(512L).Compression(Compression.Snappy) |> ignore

    for name in [ "delta"; "split"; "fixed plain" ] do
        builder.DisableDictionary name |> ignore

    builder.Encoding("delta", Encoding.DeltaBinaryPacked).Encoding("split", Encoding.ByteStreamSplit) |> ignore
    use properties = builder.Build()
    use none = LogicalType.None()
    use decimals = LogicalType.Decimal(38, 2)

    let node name repetition (logical: LogicalType) physical length =
        new PrimitiveNode(name, repetition, logical, physical, length) :> Node

    use schema =
        new GroupNode(
            "schema",
            Repetition.Required,
            [| node "whole" Repetition.Required none PhysicalType.Int32 -1
               node "real" Repetition.Optional none PhysicalType.Double -1
               node "delta" Repetition.Required none PhysicalType.Int64 -1
               node "split" Repetition.Required none PhysicalType.Float -1
               node "truth" Repetition.Required none PhysicalType.Boolean -1
               node "fixed" Repetition.Required decimals PhysicalType.FixedLenByteArray 16
               node "fixed plain" Repetition.Required decimals PhysicalType.FixedLenByteArray 16
               node "bytes" Repetition.Required decimals PhysicalType.ByteArray -1 |]
        )

    use writer = new ParquetFileWriter(path, schema, properties)
    use group = writer.AppendRowGroup()

    let column (cells: 'T[]) = (group.NextColumn() :?> ColumnWriter<'T>).WriteBatch(ReadOnlySpan cells)

    column (Array.init rows (fun i -> i % 40))

    let levels = Array.init rows (fun i -> if i % 3 = 0 then 0s else 1s)

    let some =
        [| for i in 0 .. rows - 1 do
               if i % 3 <> 0 then
                   float (i % 40) / 7.0 |]

    (group.NextColumn() :?> ColumnWriter<float>)
        .WriteBatch(rows, ReadOnlySpan levels, ReadOnlySpan<int16>(), ReadOnlySpan some)

    column (Array.init rows (fun i -> int64 (i * i) - 1000L))
    column (Array.init rows (fun i -> float32 i / 8.0f))
    // One long run, of which Parquet.Net makes false when runs are encoded.
    column (Array.create rows true)

    for _ in 1..2 do
        pinned (Array.init rows (wide >> bytes true)) (Array.map FixedLenByteArray >> column)

    let lengthless = Array.init rows (wide >> bytes false)

    pinned lengthless (fun places ->
        column (Array.map2 (fun place (array: byte[]) -> ByteArray(place, array.Length)) places lengthless))

    group.Close()
    writer.Close()

write "pages-1.parquet" ParquetVersion.PARQUET_1_0 ParquetDataPageVersion.V1
write "pages-2.parquet" ParquetVersion.PARQUET_2_6 ParquetDataPageVersion.V2
