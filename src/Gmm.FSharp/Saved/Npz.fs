namespace Gmm

open System
open System.Collections.Generic
open System.IO
open System.IO.Compression
open System.Text

/// Writes and reads Gaussian mixtures as NumPy archives (`numpy.savez`), under the names and in the shapes of
/// scikit-learn's GaussianMixture: `weights_` (K), `means_` (K×D), `covariances_` and `precisions_cholesky_` (K×D×D for
/// full, D×D for tied, K×D for diag, K for spherical), and `covariance_type`, which names one of the four.
/// precisions_cholesky_ is upper triangular, U with UUᵀ = Σ⁻¹: the transposed inverse factor W of `Gaussian`.
///
/// scikit-learn has neither tied_diag nor tied_spherical. These are written as tied, with the full D×D matrix that they
/// represent: every density is kept, but the name of the structure is lost. Likewise VEI and EVI are written as diag, and VEE,
/// EVE, VVE, EEV, VEV and EVV as full.
module Npz =
    let private fail reason = raise (Files.Unusable reason)

    // ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the D×D matrix that the plane of a tied structure represents.
    let private asMatrix structure features (plane: float[]) =
        Layout.matrix features (Structure.layout structure) plane |> Seq.cast<float> |> Array.ofSeq

    /// Returns scikit-learn's name of the structure, the shape of its covariances, and our numbers in that layout.
    let private layout (gaussian: Gaussian) : string * int[] * float[] * float[] =
        let components, features, structure = gaussian.Components, gaussian.Features, gaussian.Structure
        let covariances, factors = gaussian.Covariances.toArray (), (Gaussian.precisionsCholesky gaussian).toArray()
        let shape = gaussian.Covariances.shape

        match structure with
        | TiedFull -> "tied", shape, covariances, factors
        | Spherical -> "spherical", shape, covariances, factors
        | Diag
        | VEI
        | EVI -> "diag", shape, covariances, factors
        | Full
        | VEE
        | EVE
        | VVE
        | EEV
        | VEV
        | EVV -> "full", shape, covariances, factors
        | TiedDiag
        | TiedSpherical ->
            let matrix = asMatrix structure features
            "tied", [| features; features |], matrix covariances, matrix factors

    let private writeText (text: string) (stream: Stream) =
        NpyFormat.writeHeader $"<U{text.Length}" [||] stream
        stream.Write(ReadOnlySpan(Encoding.UTF32.GetBytes text))

    /// Writes a Gaussian mixture as an archive that `numpy.load` reads, without compression, as `numpy.savez` does. The
    /// archive has no noise. The file is complete or, if it can't be written, as it was.
    let export (path: string) (mixture: Mixture<Gaussian>) : Result<unit, GmmError> =
        let gaussian = mixture.Parameters
        let mixture = mixture |> Mixture.clusters gaussian.Components

        let write (stream: Stream) =
            let name, shape, covariances, factors = layout gaussian
            use archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen = true)

            let add (key: string) (write: Stream -> unit) =
                use entry = archive.CreateEntry(key + ".npy", CompressionLevel.NoCompression).Open()
                write entry

            let numbers key shape (numbers: float[]) = add key (NpyFormat.writeNumbers shape (ReadOnlyMemory numbers))

            numbers "weights_" [| mixture.Components |] mixture.Weights
            numbers "means_" gaussian.Means.shape (gaussian.Means.toArray ())
            numbers "covariances_" shape covariances
            numbers "precisions_cholesky_" shape factors
            add "covariance_type" (writeText name)

        match gaussian.Structure with
        | TiedDiag
        | TiedSpherical ->
            GmmError.requireLength
                "Structure"
                (fun most -> $"one that scikit-learn has, or one with D·D of at most {most}")
                (Structure.name gaussian.Structure)
                [ gaussian.Features; gaussian.Features ]
        | Full
        | Diag
        | Spherical
        | TiedFull
        | VEI
        | EVI
        | VEE
        | EVE
        | VVE
        | EEV
        | VEV
        | EVV -> Ok()
        |> Result.bind (fun () -> Files.write path write)

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    let private transposedPlanes features (planes: float[]) =
        let size = features * features

        planes
        |> Array.mapi (fun i _ ->
            let row, column = i % size / features, i % features
            planes[i / size * size + column * features + row])

    /// The most numbers that an array may have: half a gigabyte.
    let private mostNumbers = 1L <<< 26

    /// The most bytes that Deflate makes from one byte.
    let private mostExpansion = 1032L

    /// Returns the arrays of an archive by key.
    let private entries (archive: ZipArchive) : Dictionary<string, ZipArchiveEntry> =
        let found = Dictionary()

        for entry in archive.Entries do
            if entry.FullName.EndsWith(".npy", StringComparison.Ordinal) then
                let key = entry.FullName.Substring(0, entry.FullName.Length - 4)

                if not (found.TryAdd(key, entry)) then
                    fail $"It has {key} twice."

        found

    /// The CRC-32 remainder of every byte (ISO 3309; PKWARE's APPNOTE, §4.4.7).
    let private remainders =
        Array.init 256 (fun byte ->
            Seq.fold
                (fun crc _ -> if crc &&& 1u = 1u then (crc >>> 1) ^^^ 0xEDB88320u else crc >>> 1)
                (uint32 byte)
                (seq { 1..8 }))

    /// Computes the CRC-32 of a stream.
    let private checksum (stream: Stream) : uint32 =
        let buffer = Array.zeroCreate<byte> 8192
        let mutable crc = 0xFFFFFFFFu
        let mutable count = stream.Read(buffer, 0, buffer.Length)

        while count > 0 do
            for i in 0 .. count - 1 do
                crc <- (crc >>> 8) ^^^ remainders[int (byte crc ^^^ buffer[i])]

            count <- stream.Read(buffer, 0, buffer.Length)

        ~~~crc

    /// Compares the content of an array with its CRC-32, which the archive holds and .NET does not check.
    let private requireChecksum (key: string) (entry: ZipArchiveEntry) =
        use stream = entry.Open()

        if checksum stream <> entry.Crc32 then
            fail $"{key} is damaged: its checksum is wrong."

    /// Returns the header and the bytes of an array whose elements have a given size. Its length must agree with its
    /// header, and its checksum with its content.
    let private readArray (key: string) (elementSize: NpyHeader -> int) (entry: ZipArchiveEntry) : NpyHeader * byte[] =
        use stream = entry.Open()

        let header, size =
            try
                let header = NpyFormat.readHeader stream
                header, elementSize header
            with Files.Unusable reason ->
                fail $"{key}: {reason}"

        let shape = String.Join("×", header.Shape)

        if header.Count > mostNumbers then
            fail $"{key} claims {shape} numbers, more than the limit of {mostNumbers}."

        let length = header.Count * int64 size

        if header.Offset + length <> entry.Length || entry.Length > mostExpansion * (entry.CompressedLength + 64L) then
            fail $"""{key} is damaged: it has {Display.count entry.Length "byte"} and claims {shape} numbers."""

        let bytes = Array.zeroCreate (int length)

        if stream.ReadAtLeast(bytes.AsSpan(), bytes.Length, throwOnEndOfStream = false) < bytes.Length then
            fail $"{key} is damaged: it ends early."

        if stream.ReadByte() >= 0 then
            fail $"{key} is damaged: it goes on after its end."

        requireChecksum key entry
        header, bytes

    /// Returns an array in C order that lies in Fortran order.
    let private rowByRow (shape: int64[]) (values: float[]) : float[] =
        // A step along dimension d passes over the product of the lengths before it.
        let steps = Array.scan (*) 1L shape

        values
        |> Array.mapi (fun i _ ->
            let mutable rest, place = int64 i, 0L

            for d in shape.Length - 1 .. -1 .. 0 do
                place <- place + rest % shape[d] * steps[d]
                rest <- rest / shape[d]

            values[int place])

    let private numbers (entries: Dictionary<string, ZipArchiveEntry>) (key: string) : int[] * float[] =
        match entries.TryGetValue key with
        | false, _ ->
            let keys = String.Join(", ", entries.Keys)

            fail
                $"It has no {key}; it has {keys}. Save it with numpy.savez(path, weights_=…, means_=…, covariances_=…)."
        | true, entry ->
            let header, bytes = readArray key (fun header -> (NpyFormat.number header).Size) entry

            let values =
                try
                    (NpyFormat.decode (NpyFormat.number header) (ReadOnlySpan bytes)).ToFloat64().ToArray()
                with InexactInteger(index, digits) ->
                    fail (NpyFormat.inexact $"{key}: Number {index} (counting from 0)" digits)

            let values = if header.IsFortran then rowByRow header.Shape values else values

            match values |> Array.tryFind (Double.IsFinite >> not) with
            | Some value -> fail $"{key} must be finite, but has {value}."
            | None -> Array.map int header.Shape, values

    /// Returns the structure with a name, as in scikit-learn or this library.
    let private covarianceType (entry: ZipArchiveEntry) : Structure =
        let elementSize (header: NpyHeader) =
            match header.Type, Int32.TryParse(header.Type.AsSpan(min 2 header.Type.Length)) with
            | text, (true, length) when text.StartsWith("<U", StringComparison.Ordinal) && length <= 64 -> 4 * length
            | _ -> fail $"must be text, but is {header.Type}"

        let header, bytes = readArray "covariance_type" elementSize entry

        if header.Count <> 1L then
            fail "covariance_type must be a single text."

        match Structure.parse (Encoding.UTF32.GetString(bytes).TrimEnd '\000') with
        | Ok structure -> structure
        | Error error -> fail $"covariance_type: {error.Message}"

    /// Returns the structure of covariances with this shape: the one with most parameters. scikit-learn's structures come
    /// first. Where diag and tied have the same shape, the precisions decide: those of diag are 1/σ of every number.
    let private structureOf entries components features (shape: int[]) (covariances: float[]) : Structure =
        let isShape structure = Layout.covarianceShape components features (Structure.layout structure) = shape
        let candidates = [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ]

        match candidates |> List.filter isShape with
        | [] ->
            let text = String.Join("×", shape)

            fail
                $"""covariances_ has shape {text}, which no structure has for {Display.count components "component"} of {Display.count features "feature"}."""
        | [ Diag; TiedFull ] when components > 1 ->
            if (entries: Dictionary<string, ZipArchiveEntry>).ContainsKey "precisions_cholesky_" then
                let precisions = numbers entries "precisions_cholesky_" |> snd
                let isInverse variance precision = abs (precision * sqrt variance - 1.0) <= 1e-3
                let isDiag = precisions.Length = covariances.Length && Array.forall2 isInverse covariances precisions
                if isDiag then Diag else TiedFull
            else
                fail (
                    $"covariances_ of shape {components}×{features} may be diag or tied. Say which with Npz.importAs, or save "
                    + "precisions_cholesky_ or covariance_type with it."
                )
        | first :: _ -> first

    /// Returns full matrices, made symmetric. Their sides may differ by no more than the rounding of single precision;
    /// if they differ by more than the rounding of double precision, both sides become their mean.
    let private symmetric features structure (covariances: float[]) =
        let layout = Structure.layout structure
        let planes = covariances |> Array.chunkBySize (Layout.planeSize features layout)

        // Math.Max keeps NaN.
        let largest =
            planes
            |> Array.map (fun plane -> Layout.asymmetry features layout (ReadOnlySpan plane))
            |> Array.fold (fun a b -> Math.Max(a, b)) 0.0

        if largest > 1e-5 then
            fail "covariances_ must be symmetric."

        if largest < 1e-9 then
            covariances
        else
            Array.map2 (fun a b -> 0.5 * a + 0.5 * b) covariances (transposedPlanes features covariances)

    let private readMixture (wanted: Structure option) (stream: Stream) : Mixture<Gaussian> =
        use archive = new ZipArchive(stream, ZipArchiveMode.Read)
        let entries = entries archive
        let meansShape, means = numbers entries "means_"

        if meansShape.Length <> 2 || means.Length = 0 then
            fail $"""means_ must be K×D, but has shape {String.Join("×", meansShape)}."""

        let components, features = meansShape[0], meansShape[1]
        let weightsShape, weights = numbers entries "weights_"

        if weightsShape <> [| components |] then
            fail
                $"""weights_ must be {components} numbers, one for each row of means_, but has shape {String.Join("×", weightsShape)}."""

        if not (abs (Array.sum weights - 1.0) <= 1e-4) then
            fail $"weights_ must sum to 1, but their sum is {Array.sum weights}."

        let shape, covariances = numbers entries "covariances_"

        let structure =
            match wanted, entries.TryGetValue "covariance_type" with
            | Some structure, _ -> structure
            | None, (true, entry) -> covarianceType entry
            | None, (false, _) -> structureOf entries components features shape covariances

        let expected = Layout.covarianceShape components features (Structure.layout structure)

        if shape <> expected then
            fail (
                $"""covariances_ of {Structure.name structure} must have shape {Tensor.Show expected}, """
                + $"""but has {Tensor.Show shape}."""
            )

        Map
            [ State.choice "structure" (Structure.name structure)
              "means", Tensor.create meansShape means
              "covariances", Tensor.create shape (symmetric features structure covariances) ]
        |> Gaussian.family.Storage.OfParameters
        |> Result.bind (Mixture.create weights)
        |> Result.defaultWith (fun error -> fail error.Message)

    let private importOf wanted path =
        Files.attempt path (fun () ->
            use stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete)

            try
                readMixture wanted stream
            with
            | :? InvalidDataException as error -> fail $"It is not a complete .npz archive: {error.Message}"
            | :? OverflowException -> fail "It is damaged: a shape is beyond the range of numbers.")

    /// Reads a Gaussian mixture from an archive of `numpy.savez` or `numpy.savez_compressed` with `weights_`, `means_`
    /// and `covariances_` of numbers, as in scikit-learn. `covariance_type` gives the structure; without it,
    /// the shapes do. To predict with the mixture, see `Fit.ofMixture`. Error when the file is missing, damaged or not
    /// an archive; when an array is missing, has a wrong shape or type, or is larger than half a gigabyte; when weights
    /// do not sum to 1; or when a covariance is not positive definite.
    let import (path: string) : Result<Mixture<Gaussian>, GmmError> = importOf None path

    /// Reads a Gaussian mixture of a given structure, like `import`.
    let importAs (structure: Structure) (path: string) : Result<Mixture<Gaussian>, GmmError> =
        importOf (Some structure) path
