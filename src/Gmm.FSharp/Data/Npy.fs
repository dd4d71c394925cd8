namespace Gmm

open System
open System.Buffers
open System.Buffers.Binary
open System.IO
open System.IO.MemoryMappedFiles
open System.Runtime.InteropServices
open System.Text
open System.Text.RegularExpressions
open Microsoft.FSharp.NativeInterop

/// The header of a NumPy file.
[<NoEquality; NoComparison>]
type internal NpyHeader =
    {
        /// NumPy's text for the type of the elements: '<f8' for little-endian float64.
        Type: string
        /// Whether the array lies in Fortran order, the first index running fastest, and not in C order.
        IsFortran: bool
        /// The length of every dimension.
        Shape: int64[]
        /// The number of elements.
        Count: int64
        /// The position of the first element, in bytes.
        Offset: int64
    }

/// An integer of a file that no float64 equals: its place among the numbers read, and its digits.
exception internal InexactInteger of index: int * digits: string

/// The type of the numbers of a NumPy file.
[<Struct; NoEquality; NoComparison>]
type internal NpyNumber =
    {
        /// NumPy's letter: f, i, u or b, for floating-point numbers, integers, integers from 0, and Booleans.
        Kind: char
        /// The bytes of a number.
        Size: int
        /// Whether the bytes are in the opposite of this machine's order.
        IsSwapped: bool
    }

/// NumPy's own file format: a header in ASCII, then the numbers as they lie in memory
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
module internal NpyFormat =
    let private fail reason = raise (Files.Unusable reason)

    let private magic = Array.append [| 0x93uy |] "NUMPY"B

    let private exactly count (stream: Stream) =
        let bytes = Array.zeroCreate count
        let found = stream.ReadAtLeast(bytes.AsSpan(), count, throwOnEndOfStream = false)

        if found < count then
            fail "It ends before the end of its header."

        bytes

    let private field pattern name (text: string) =
        let found = Regex.Match(text, $"'{name}'\s*:\s*({pattern})\s*[,}}]", RegexOptions.CultureInvariant)

        if found.Success then
            found.Groups[1].Value
        else
            fail $"Its header has no valid '{name}': {text.Trim()}"

    /// Reads the header of a NumPy file from its beginning. It doesn't trust the sizes in the file: it reads at most 64
    /// KiB. Raises `Unusable`.
    let readHeader (stream: Stream) : NpyHeader =
        let start = Array.zeroCreate 8
        let found = stream.ReadAtLeast(start.AsSpan(), 8, throwOnEndOfStream = false)

        if found < 8 || start[..5] <> magic then
            fail "It is not an .npy file: it does not begin as numpy.save writes it."

        let lengthBytes, length =
            match start[6] with
            | 1uy -> 2L, int64 (BitConverter.ToUInt16(exactly 2 stream, 0))
            | 2uy
            | 3uy -> 4L, int64 (BitConverter.ToUInt32(exactly 4 stream, 0))
            | version -> fail $"It has version {version} of the .npy format; versions 1, 2 and 3 can be read."

        if length > 65536L then
            fail $"""Its header claims {Display.count length "byte"}; at most 65536 are read."""

        let text = Encoding.Latin1.GetString(exactly (int length) stream)

        let kind = (field "'[^']*'|\\[.*\\]" "descr" text).Trim('\'')

        let shape =
            (field "\\([^)]*\\)" "shape" text).Trim('(', ')').Split(',', StringSplitOptions.TrimEntries)
            |> Array.filter (fun length -> length <> "")
            |> Array.map (fun length ->
                match
                    Int64.TryParse(length, Globalization.NumberStyles.None, Globalization.CultureInfo.InvariantCulture)
                with
                | true, length -> length
                | false, _ -> fail $"Its shape must consist of whole numbers from 0, but has {length}.")

        // With at most one dimension longer than 1, Fortran order and C order are the same.
        let isVector = shape |> Array.filter (fun length -> length <> 1L) |> Array.length <= 1

        let isFortran = field "True|False" "fortran_order" text = "True" && not isVector

        let count =
            try
                Array.fold (fun product length -> Checked.(*) product length) 1L shape
            with :? OverflowException ->
                let text = String.Join("×", shape)
                fail $"Its shape {text} has too many numbers."

        { Type = kind
          IsFortran = isFortran
          Shape = shape
          Count = count
          Offset = 8L + lengthBytes + length }

    /// Returns the type of the numbers that a header declares. Raises `Unusable` for other elements than numbers.
    let number (header: NpyHeader) : NpyNumber =
        let found =
            Regex.Match(header.Type, "^([<>|])(?:(f)([248])|([iu])([1248])|(b)(1))$", RegexOptions.CultureInvariant)

        if not found.Success then
            fail
                $"Its numbers must be floating-point numbers, integers or Booleans of at most 8 bytes, but are {header.Type}; save them with array.astype('<f8')."

        let text = header.Type

        { Kind = text[1]
          Size = int text[2] - int '0'
          IsSwapped = text[0] = '>' = BitConverter.IsLittleEndian && text[0] <> '|' }

    /// Writes a header of version 1 for elements in C order, padded so that the elements begin at a multiple of 64
    /// bytes.
    let writeHeader (descr: string) (shape: int64[]) (stream: Stream) =
        let lengths = if shape.Length = 1 then $"{shape[0]}," else String.Join(", ", shape)
        let text = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}"
        let padded = (text.Length + 11 + 63) / 64 * 64 - 10
        stream.Write(magic.AsSpan())
        stream.Write([| 1uy; 0uy; byte padded; byte (padded >>> 8) |].AsSpan())
        stream.Write(Encoding.ASCII.GetBytes(text.PadRight(padded - 1) + "\n").AsSpan())

    /// Writes float64 numbers.
    let writeValues (values: ReadOnlyMemory<float>) (stream: Stream) =
        let buffer: byte[] = Array.zeroCreate (8 * min 8192 values.Length)

        for first in 0..8192 .. values.Length - 1 do
            let part = values.Span.Slice(first, min 8192 (values.Length - first))

            for i in 0 .. part.Length - 1 do
                BinaryPrimitives.WriteDoubleLittleEndian(buffer.AsSpan(8 * i, 8), part[i])

            stream.Write(buffer.AsSpan(0, 8 * part.Length))

    /// Writes float64 numbers, row by row, after their header.
    let writeNumbers (shape: int[]) (values: ReadOnlyMemory<float>) (stream: Stream) =
        writeHeader "<f8" (Array.map int64 shape) stream
        writeValues values stream

    /// Copies bytes into an array of elements, in this machine's order of bytes.
    let private elements<'T when 'T: struct and 'T: (new: unit -> 'T) and 'T :> ValueType>
        (number: NpyNumber)
        (bytes: ReadOnlySpan<byte>)
        : 'T[] =
        let elements = GC.AllocateUninitializedArray<'T>(bytes.Length / number.Size)
        bytes.CopyTo(MemoryMarshal.AsBytes(elements.AsSpan()))

        if number.IsSwapped then
            match number.Size with
            | 2 ->
                let span = MemoryMarshal.Cast<'T, uint16>(elements.AsSpan())
                BinaryPrimitives.ReverseEndianness(span, span)
            | 4 ->
                let span = MemoryMarshal.Cast<'T, uint32>(elements.AsSpan())
                BinaryPrimitives.ReverseEndianness(span, span)
            | 8 ->
                let span = MemoryMarshal.Cast<'T, uint64>(elements.AsSpan())
                BinaryPrimitives.ReverseEndianness(span, span)
            | _ -> ()

        elements

    /// Reads numbers: floating-point numbers of 4 bytes or fewer as float32, all others as float64. Raises
    /// `InexactInteger` for an integer that no float64 equals.
    let decode (number: NpyNumber) (bytes: ReadOnlySpan<byte>) : Numbers =
        let ofDoubles (values: float[]) = Numbers.Float64(ReadOnlyMemory values)
        let ofSingles (values: float32[]) = Numbers.Float32(ReadOnlyMemory values)

        let requireExact (index: int) (isExact: bool) (digits: 'T) =
            if not isExact then
                raise (InexactInteger(index, string digits))

        match number.Kind, number.Size with
        | 'f', 8 -> ofDoubles (elements<float> number bytes)
        | 'f', 4 -> ofSingles (elements<float32> number bytes)
        | 'f', _ -> elements<Half> number bytes |> Array.map float32 |> ofSingles
        | 'i', 1 -> elements<sbyte> number bytes |> Array.map float |> ofDoubles
        | 'i', 2 -> elements<int16> number bytes |> Array.map float |> ofDoubles
        | 'i', 4 -> elements<int> number bytes |> Array.map float |> ofDoubles
        | 'i', _ ->
            elements<int64> number bytes
            |> Array.mapi (fun i value ->
                let converted = float value
                // 2⁶³ itself has no int64.
                requireExact i (converted < 9223372036854775808.0 && int64 converted = value) value
                converted)
            |> ofDoubles
        | 'u', 1 -> elements<byte> number bytes |> Array.map float |> ofDoubles
        | 'u', 2 -> elements<uint16> number bytes |> Array.map float |> ofDoubles
        | 'u', 4 -> elements<uint32> number bytes |> Array.map float |> ofDoubles
        | 'u', _ ->
            elements<uint64> number bytes
            |> Array.mapi (fun i value ->
                let converted = float value
                requireExact i (converted < 18446744073709551616.0 && uint64 converted = value) value
                converted)
            |> ofDoubles
        | _ -> elements<byte> number bytes |> Array.map (fun value -> if value = 0uy then 0.0 else 1.0) |> ofDoubles

    /// Says what is wrong with an integer that no float64 equals.
    let inexact (place: string) (digits: string) =
        $"{place} holds {digits}, which no float64 equals; round with array.astype('<f8'), or subtract an offset before saving."

#nowarn "9" // Native pointers: they point into a mapped file, within its checked length.

/// Numbers of a mapped file, in place.
[<Sealed>]
type internal MappedMemory<'T>(file: MappedFile, address: nativeint, length: int) =
    inherit MemoryManager<'T>()

    override _.GetSpan() =
        file.RequireOpen()
        Span<'T>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> address), length)

    override _.Pin index =
        file.RequireOpen()
        let start = address + nativeint index * nativeint sizeof<'T>
        new MemoryHandle(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte> start))

    override _.Unpin() = ()
    override _.Dispose(_: bool) = ()

/// A file mapped into memory; the system loads its pages as they are read. Only `Dispose` unmaps it, so a span into it
/// stays valid until then.
and [<Sealed>] internal MappedFile(path: string, stream: FileStream) =
    let length = stream.Length
    let written = File.GetLastWriteTimeUtc stream.SafeFileHandle

    let mapped =
        MemoryMappedFile.CreateFromFile(stream, null, 0L, MemoryMappedFileAccess.Read, HandleInheritability.None, false)

    let view = mapped.CreateViewAccessor(0L, 0L, MemoryMappedFileAccess.Read)

    let address =
        let mutable pointer = NativePtr.ofNativeInt<byte> 0n
        // This counts as a use of the handle, so its finaliser leaves the pages mapped.
        view.SafeMemoryMappedViewHandle.AcquirePointer &pointer
        NativePtr.toNativeInt pointer + nativeint view.PointerOffset

    let mutable isOpen = true

    member _.RequireOpen() =
        if not isOpen then
            raise (ObjectDisposedException(path, "The file is closed, but its rows are still in use."))

    /// Throws GmmException when the file changed after it was opened. Reading pages that it lost would end the process.
    member file.RequireUnchanged() =
        file.RequireOpen()

        let trouble reason = raise (GmmException(UnreadableFile(path, 0, 0, reason)))

        let now = RandomAccess.GetLength stream.SafeFileHandle

        if now < length then
            trouble
                $"""It was cut from {length} to {Display.count now "byte"} while it was in use. Write to another file and rename it."""

        if now <> length || File.GetLastWriteTimeUtc stream.SafeFileHandle <> written then
            trouble "It was changed while it was in use. Write to another file and rename it."

    /// Returns numbers of the file, in place.
    member file.Memory<'T>(offset: int64, count: int) : ReadOnlyMemory<'T> =
        Memory<'T>.op_Implicit (new MappedMemory<'T>(file, address + nativeint offset, count)).Memory

    /// Returns bytes of the file, in place.
    member _.Bytes(offset: int64, count: int) : ReadOnlySpan<byte> =
        ReadOnlySpan<byte>(NativePtr.toVoidPtr (NativePtr.ofNativeInt<byte>(address + nativeint offset)), count)

    interface IDisposable with
        member _.Dispose() =
            if isOpen then
                isOpen <- false
                view.SafeMemoryMappedViewHandle.ReleasePointer()
                view.Dispose()
                mapped.Dispose()
                stream.Dispose()

/// An open .npy file, with its rows as data. The system keeps as much of it in memory as there is room for. Dispose of
/// it after the last use of the rows; a finished fit no longer needs them.
[<Sealed>]
type NpyFile internal (source: Source, file: IDisposable) =
    /// The rows of the file.
    member _.Source = source

    interface IDisposable with
        member _.Dispose() = file.Dispose()

/// Reads NumPy's .npy files of numbers, and writes them as float64, little-endian, row by row (C order).
module Npy =
    /// The largest number of columns: 64 rows of it still fit in an array.
    let private mostColumns = 1L <<< 24

    let private fail reason = raise (Files.Unusable reason)

    /// Returns N and D of a header; a vector is a single column.
    let private sizes (header: NpyHeader) : int64 * int =
        match header.Shape with
        | [| rows |] -> rows, 1
        | [| _; 0L |] -> fail "It has no columns."
        | [| rows; columns |] when columns <= mostColumns -> rows, int columns
        | [| _; columns |] -> fail $"It has {columns} columns; at most {mostColumns} can be used."
        | shape ->
            let text = if shape.Length = 0 then "a single number" else String.Join("×", shape)
            fail $"Its shape must be N×D or N, but is {text}."

    let private openMapped (path: string) : NpyFile =
        let stream =
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read ||| FileShare.Delete, bufferSize = 4096)

        try
            let header = NpyFormat.readHeader stream
            let number = NpyFormat.number header
            let size = number.Size
            let rows, columns = sizes header
            let shape = String.Join("×", header.Shape)

            if header.Count > (Int64.MaxValue - header.Offset) / int64 size then
                fail $"Its shape {shape} has too many numbers."

            let length = header.Offset + header.Count * int64 size

            if stream.Length <> length then
                let what = if stream.Length < length then "is cut short" else "goes on after its end"

                fail
                    $"""It {what}: a shape of {shape} takes {Display.count length "byte"}, but it has {stream.Length}."""

            let file = new MappedFile(path, stream)
            let blockRows = Source.blockRows columns
            let isFloat = number.Kind = 'f' && size >= 4

            let isInPlace = isFloat && not header.IsFortran && not number.IsSwapped && header.Offset % int64 size = 0L

            /// Converts consecutive numbers of the file, the first of which is that of a row and a column.
            let decode (row: int64) (column: int) (count: int) : Numbers =
                let index =
                    if header.IsFortran then
                        int64 column * rows + row
                    else
                        row * int64 columns + int64 column

                try
                    NpyFormat.decode number (file.Bytes(header.Offset + index * int64 size, count * size))
                with InexactInteger(i, digits) ->
                    let row, column =
                        if header.IsFortran then
                            row + int64 i, column
                        else
                            row + int64 (i / columns), i % columns

                    let place = Place.capitalised (Place.words [ Place.Row row; Place.Column column ])
                    raise (GmmException(UnreadableFile(path, 0, 0, NpyFormat.inexact place digits)))

            let read index =
                file.RequireUnchanged()
                let first = index * int64 blockRows
                let count = int (min (int64 blockRows) (rows - first))
                let offset = header.Offset + first * int64 columns * int64 size

                let numbers =
                    if header.IsFortran then
                        Array.init columns (fun j -> decode first j count) |> Numbers.OfColumns
                    elif not isInPlace then
                        decode first 0 (count * columns)
                    elif size = 8 then
                        Numbers.Float64(file.Memory(offset, count * columns))
                    else
                        Numbers.Float32(file.Memory(offset, count * columns))

                { FirstRow = first
                  Rows = count
                  Columns = columns
                  Numbers = numbers
                  Weights = None }

            let source =
                { Rows = rows
                  Columns = columns
                  BlockRows = blockRows
                  Read = read }

            new NpyFile(source, file)
        with _ ->
            stream.Dispose()
            reraise ()

    /// Opens a file and reads its rows from the disk, as they are needed: `use file = …`, and then `file.Source`. The
    /// numbers may be floating-point numbers of 2, 4 or 8 bytes, integers of 1, 2, 4 or 8 bytes, or Booleans, in either
    /// order of bytes, row by row (C order) or column by column (Fortran order). Little-endian float64 and float32 in C
    /// order are read in place; others are converted block by block, float16 to float32 and integers to float64. An
    /// array of one dimension is one column. Rows, blocks and all results are the same, to the last bit, as for the same
    /// numbers in memory. Error when there is no such file, when it holds other elements, or when header and length
    /// don't agree. A read returns an error for an integer that no float64 equals. Do not write to the file while it is
    /// in use: the next read returns an error when it notices the change, but truncating the file in the middle of a
    /// block ends the process.
    let openFile (path: string) : Result<NpyFile, GmmError> = Files.attempt path (fun () -> openMapped path)

    /// Returns the rows of a file as `openFile` does, but keeps the file open until the process ends, which suits
    /// scripts.
    let source (path: string) : Result<Source, GmmError> = openFile path |> Result.map _.Source

    /// Writes rows as an N×D file of float64, block by block; `numpy.load` reads it. The write is complete or leaves
    /// the file as it was. It leaves out sample weights.
    let writeSource (path: string) (source: Source) : Result<unit, GmmError> =
        result {
            return!
                Files.write path (fun stream ->
                    NpyFormat.writeHeader "<f8" [| source.Rows; int64 source.Columns |] stream

                    for index in 0L .. source.Blocks - 1L do
                        NpyFormat.writeValues (source.Read index).Values stream)
        }

    /// Writes a matrix (N×D), as `writeSource` does.
    let write (path: string) (values: float[,]) : Result<unit, GmmError> =
        Source.ofArray2D values |> Result.bind (writeSource path)
