namespace Gmm

open System
open System.Buffers.Binary
open System.Globalization
open System.IO
open System.Security.Cryptography
open System.Text
open System.Text.Json

/// The content of a fit's file.
type SavedFit =
    {
        /// The family's name: "gaussian" …; " × " joins the names of a product's parts.
        Family: string
        /// The fit.
        State: State
        /// Other arrays saved with the fit, such as the settings of an estimator.
        Options: State
    }

/// Saved fits as JSON.
module internal SavedJson =
    /// The version of the file format. Every change of the format raises it.
    [<Literal>]
    let private Version = 1

    [<Literal>]
    let private Format = "gmm fit"

    /// Returns the SHA-256 of the family and of the entries in the order of their names: names, shapes and the bits of
    /// all numbers.
    let private checksum (saved: SavedFit) =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        let text (text: string) =
            let bytes = Encoding.UTF8.GetBytes text
            hash.AppendData(BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness bytes.Length))
            hash.AppendData bytes

        let number (number: float) =
            let bytes = Array.zeroCreate 8
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(), number)
            hash.AppendData bytes

        let entries (state: State) =
            number (float state.Count)

            for KeyValue(name, numbers) in state do
                text name
                number (float numbers.shape.Length)
                numbers.shape |> Array.iter (float >> number)
                numbers.toArray () |> Array.iter number

        text saved.Family
        entries saved.State
        entries saved.Options
        Convert.ToHexStringLower(hash.GetHashAndReset())

    /// Returns a short text with the same bits; infinities are in quotes. .NET's own short text of some powers of two is
    /// that of the number below, so that these get all 17 digits.
    let private numberText (number: float) =
        if Double.IsFinite number then
            let short = number.ToString("R", CultureInfo.InvariantCulture)

            if Double.Parse(short, CultureInfo.InvariantCulture) = number then
                short
            else
                number.ToString("E16", CultureInfo.InvariantCulture)
        else
            let word = number.ToString CultureInfo.InvariantCulture
            $"\"{word}\""

    /// Returns nested arrays, with rows on separate lines.
    let rec private arrayText (indent: string) (shape: int list) (numbers: ReadOnlyMemory<float>) : string =
        match shape with
        | [] -> numberText numbers.Span[0]
        | [ _ ] -> "[" + String.Join(", ", numbers.ToArray() |> Array.map numberText) + "]"
        | count :: inner ->
            let size = List.fold (*) 1 inner
            let deeper = indent + "  "

            let rows = Array.init count (fun i -> deeper + arrayText deeper inner (numbers.Slice(i * size, size)))

            "[\n" + String.Join(",\n", rows) + "\n" + indent + "]"

    let private writeEntry (writer: Utf8JsonWriter) (name: string) (numbers: Tensor) =
        writer.WritePropertyName name

        match State.wordsOf name with
        | Some words when numbers.shape.Length = 0 -> writer.WriteStringValue words[int (numbers.toArray()[0])]
        | _ ->
            // The text is JSON by construction.
            writer.WriteRawValue(
                arrayText "    " (List.ofArray numbers.shape) (ReadOnlyMemory(numbers.toArray ())),
                skipInputValidation = true
            )

    let write (saved: SavedFit) (stream: Stream) =
        use writer =
            new Utf8JsonWriter(
                stream,
                JsonWriterOptions(Indented = true, Encoder = Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping)
            )

        let entries (name: string) (state: State) =
            writer.WriteStartObject name
            state |> Map.iter (writeEntry writer)
            writer.WriteEndObject()

        writer.WriteStartObject()
        writer.WriteString("format", Format)
        writer.WriteNumber("version", Version)
        writer.WriteString("family", saved.Family)
        writer.WriteString("checksum", checksum saved)
        entries "state" saved.State
        entries "options" saved.Options
        writer.WriteEndObject()

    let fail reason = raise (Files.Unusable reason)

    let altered = "It was altered after it was saved, or damaged. Take another copy, or save the model again."

    /// Returns the shape of nested arrays, and appends their numbers one after another.
    let rec private numbersOf (name: string) (element: JsonElement) (numbers: ResizeArray<float>) : int list =
        match element.ValueKind with
        | JsonValueKind.Number ->
            numbers.Add(element.GetDouble())
            []
        | JsonValueKind.String ->
            match State.wordsOf name, element.GetString() with
            | _, "Infinity" -> numbers.Add infinity
            | _, "-Infinity" -> numbers.Add -infinity
            | Some words, word when List.contains word words -> numbers.Add(float (List.findIndex ((=) word) words))
            | _, word -> fail $"{name} can't be \"{word}\"."

            []
        | JsonValueKind.Array ->
            let shapes = [ for item in element.EnumerateArray() -> numbersOf name item numbers ] |> List.countBy id

            match shapes with
            | [] -> [ 0 ]
            | [ inner, count ] -> count :: inner
            | _ -> fail $"The rows of {name} differ in length."
        | kind -> fail $"{name} can't be {kind.ToString().ToLowerInvariant()}."

    let private stateOf (name: string) (element: JsonElement) : State =
        if element.ValueKind <> JsonValueKind.Object then
            fail $"{name} must be an object."

        Map
            [ for entry in element.EnumerateObject() ->
                  let numbers = ResizeArray()
                  let shape = numbersOf entry.Name entry.Value numbers
                  entry.Name, Tensor.create (Array.ofList shape) (numbers.ToArray()) ]

    let read (document: JsonDocument) : SavedFit =
        let root = document.RootElement

        let property (name: string) =
            let mutable found = Unchecked.defaultof<JsonElement>

            if root.ValueKind = JsonValueKind.Object && root.TryGetProperty(name, &found) then
                found
            else
                fail $"It is not a saved fit: {name} is missing."

        let text name =
            let element = property name

            if element.ValueKind = JsonValueKind.String then
                element.GetString()
            else
                fail $"It is not a saved fit: {name} is not text."

        let format = text "format"

        if format <> Format then
            fail $"It is not a saved fit: its format is \"{format}\", not \"{Format}\"."

        let mutable version = 0

        if
            (property "version").ValueKind <> JsonValueKind.Number || not ((property "version").TryGetInt32 &version)
        then
            fail "It is not a saved fit: version is not a whole number."

        if version > Version then
            fail
                $"Its format has version {version}, but this library reads versions up to {Version}. Update the library."

        if version < 1 then
            fail $"Its format has version {version}, but the first version is 1."

        let saved =
            { Family = text "family"
              State = stateOf "state" (property "state")
              Options = stateOf "options" (property "options") }

        if root.EnumerateObject() |> Seq.length <> 6 || text "checksum" <> checksum saved then
            fail altered

        saved
