namespace Gmm

open System
open System.Buffers.Binary
open System.IO
open System.Text
open System.Text.RegularExpressions

/// What the header of a NumPy file says.
[<NoEquality; NoComparison>]
type internal NpyHeader =
    {
        /// NumPy's text for what the elements are: '<f8' for little-endian float64.
        Type: string
        /// The length of every dimension.
        Shape: int64[]
        /// How many elements there are.
        Count: int64
        /// Where the elements begin.
        Offset: int64
    }

/// Files of NumPy's own format: a header in ASCII, then the numbers as they lie in memory
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

    /// The header of a file of NumPy, from its beginning. The sizes that it names are not trusted: no more than 64 KiB are read.
    /// Raises `Unusable`.
    let readHeader (stream: Stream) : NpyHeader =
        let start = Array.zeroCreate 8
        let found = stream.ReadAtLeast(start.AsSpan(), 8, throwOnEndOfStream = false)

        if found < 8 || start[..5] <> magic then
            fail "It is no .npy file: it does not begin as numpy.save writes it."

        let lengthBytes, length =
            match start[6] with
            | 1uy -> 2L, int64 (BitConverter.ToUInt16(exactly 2 stream, 0))
            | 2uy
            | 3uy -> 4L, int64 (BitConverter.ToUInt32(exactly 4 stream, 0))
            | version -> fail $"It has version {version} of the .npy format; versions 1, 2 and 3 can be read."

        if length > 65536L then
            fail $"Its header claims {length} bytes; at most 65536 are read."

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
                | false, _ -> fail $"Its shape must be lengths from 0, but has {length}.")

        // Numbers in the order of Fortran are those of C where no more than one dimension is longer than 1.
        let isVector = shape |> Array.filter (fun length -> length <> 1L) |> Array.length <= 1

        if field "True|False" "fortran_order" text = "True" && not isVector then
            fail "Its numbers are in Fortran order, column by column; save them with numpy.ascontiguousarray(array)."

        let count =
            try
                Array.fold (fun product length -> Checked.(*) product length) 1L shape
            with :? OverflowException ->
                let text = String.Join("×", shape)
                fail $"Its shape {text} has more numbers than can be."

        { Type = kind
          Shape = shape
          Count = count
          Offset = 8L + lengthBytes + length }

    /// The bytes of a number of a header that must be of float64 or float32. Raises `Unusable`.
    let numberSize (header: NpyHeader) : int =
        match header.Type with
        | "<f8" -> 8
        | "<f4" -> 4
        | ">f8"
        | ">f4" -> fail $"Its numbers are {header.Type}, big-endian; save them with array.astype('<f8')."
        | other ->
            fail
                $"Its numbers must be float64 or float32 ('<f8', '<f4'), but are {other}; save them with array.astype('<f8')."

    /// Writes a header of version 1 for elements in C order, padded so that they begin at a multiple of 64 bytes.
    let writeHeader (descr: string) (shape: int[]) (stream: Stream) =
        let lengths = if shape.Length = 1 then $"{shape[0]}," else String.Join(", ", shape)
        let text = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}"
        let padded = (text.Length + 11 + 63) / 64 * 64 - 10
        stream.Write(magic.AsSpan())
        stream.Write([| 1uy; 0uy; byte padded; byte (padded >>> 8) |].AsSpan())
        stream.Write(Encoding.ASCII.GetBytes(text.PadRight(padded - 1) + "\n").AsSpan())

    /// Writes float64 numbers, held row by row, with their header.
    let writeNumbers (shape: int[]) (values: ReadOnlyMemory<float>) (stream: Stream) =
        writeHeader "<f8" shape stream
        let numbers = values.Span
        let buffer: byte[] = Array.zeroCreate (8 * min 8192 (max 1 numbers.Length))
        let mutable first = 0

        while first < numbers.Length do
            let count = min 8192 (numbers.Length - first)

            for i in 0 .. count - 1 do
                BinaryPrimitives.WriteDoubleLittleEndian(buffer.AsSpan(8 * i, 8), numbers[first + i])

            stream.Write(buffer.AsSpan(0, 8 * count))
            first <- first + count

    /// Little-endian numbers of 8 or 4 bytes as float64.
    let decode (size: int) (bytes: ReadOnlySpan<byte>) (numbers: Span<float>) =
        for i in 0 .. numbers.Length - 1 do
            numbers[i] <-
                if size = 8 then
                    BinaryPrimitives.ReadDoubleLittleEndian(bytes.Slice(8 * i, 8))
                else
                    float (BinaryPrimitives.ReadSingleLittleEndian(bytes.Slice(4 * i, 4)))
