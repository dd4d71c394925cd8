namespace Gmm

open System
open System.Collections.Generic
open System.IO
open System.IO.Compression
open System.Text

/// Gaussian mixtures as archives of NumPy (`numpy.savez`), under the names and in the shapes of scikit-learn's
/// GaussianMixture: `weights_` (K), `means_` (K×D), `covariances_` and `precisions_cholesky_` (K×D×D for full, D×D for tied, K×D
/// for diag, K for spherical), and `covariance_type`, which names one of the four. precisions_cholesky_ is upper triangular, U
/// with UUᵀ = Σ⁻¹: the transposed inverse factor W of `Gaussian`.
///
/// scikit-learn has neither tied_diag nor tied_spherical: those are written as tied, with the full D×D matrix that they stand
/// for, so that every density is kept but the name of the structure is not.
module Npz =
    let private fail reason = raise (Files.Unusable reason)

    // ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    let private transposedPlanes features (planes: float[]) =
        let size = features * features

        planes
        |> Array.mapi (fun i _ ->
            let row, column = i % size / features, i % features
            planes[i / size * size + column * features + row])

    /// The plane of a tied structure as the D×D matrix it stands for.
    let private asMatrix structure features (plane: float[]) =
        Structure.matrix features structure plane |> Seq.cast<float> |> Array.ofSeq

    /// What scikit-learn calls the structure, the shape of its covariances, and how ours become those.
    let private layout (gaussian: Gaussian) : string * int[] * float[] * float[] =
        let components, features, structure = gaussian.Components, gaussian.Features, gaussian.Structure
        let covariances, factors = gaussian.Covariances.toArray (), gaussian.InverseFactors.toArray ()
        let shape = Structure.covarianceShape components features structure

        match structure with
        | Full -> "full", shape, covariances, transposedPlanes features factors
        | TiedFull -> "tied", shape, covariances, transposedPlanes features factors
        | Diag
        | Spherical -> Structure.name structure, shape, covariances, factors
        | TiedDiag
        | TiedSpherical ->
            let matrix = asMatrix structure features
            "tied", [| features; features |], matrix covariances, matrix factors

    let private writeText (text: string) (stream: Stream) =
        NpyFormat.writeHeader $"<U{text.Length}" [||] stream
        stream.Write(ReadOnlySpan(Encoding.UTF32.GetBytes text))

    /// Writes a Gaussian mixture as an archive that `numpy.load` reads, without compression, as `numpy.savez` does. The file is
    /// complete or, when it can't be written, as it was.
    let export (path: string) (mixture: Mixture<Gaussian>) : Result<unit, GmmError> =
        let gaussian = mixture.Parameters
        let name, shape, covariances, factors = layout gaussian

        Files.write path (fun stream ->
            use archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen = true)

            let add (key: string) (write: Stream -> unit) =
                use entry = archive.CreateEntry(key + ".npy", CompressionLevel.NoCompression).Open()
                write entry

            let numbers key shape (numbers: float[]) = add key (NpyFormat.writeNumbers shape (ReadOnlyMemory numbers))

            numbers "weights_" [| mixture.Components |] mixture.Weights
            numbers "means_" gaussian.Means.shape (gaussian.Means.toArray ())
            numbers "covariances_" shape covariances
            numbers "precisions_cholesky_" shape factors
            add "covariance_type" (writeText name))

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// No array of more numbers is read: half a gigabyte.
    let private mostNumbers = 1L <<< 26

    /// Deflate makes no more than this of a byte.
    let private mostExpansion = 1032L

    /// An archive's arrays by key.
    let private entries (archive: ZipArchive) : Dictionary<string, ZipArchiveEntry> =
        let found = Dictionary()

        for entry in archive.Entries do
            if entry.FullName.EndsWith(".npy", StringComparison.Ordinal) then
                let key = entry.FullName.Substring(0, entry.FullName.Length - 4)

                if not (found.TryAdd(key, entry)) then
                    fail $"It has {key} twice."

        found

    /// The header and the bytes of an array with elements of a size, which must be as long as they claim.
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
            fail $"{key} claims {shape} numbers, more than the {mostNumbers} that are read."

        let length = header.Count * int64 size

        if header.Offset + length <> entry.Length || entry.Length > mostExpansion * (entry.CompressedLength + 64L) then
            fail $"{key} is damaged: it has {entry.Length} bytes and claims {shape} numbers."

        let bytes = Array.zeroCreate (int length)

        if stream.ReadAtLeast(bytes.AsSpan(), bytes.Length, throwOnEndOfStream = false) < bytes.Length then
            fail $"{key} is damaged: it ends early."

        if stream.ReadByte() >= 0 then
            fail $"{key} is damaged: it goes on after its end."

        header, bytes

    let private numbers (entries: Dictionary<string, ZipArchiveEntry>) (key: string) : int[] * float[] =
        match entries.TryGetValue key with
        | false, _ ->
            let keys = String.Join(", ", entries.Keys)
            fail $"It has no {key}, but {keys}. Save it with numpy.savez(path, weights_=…, means_=…, covariances_=…)."
        | true, entry ->
            let header, bytes = readArray key NpyFormat.numberSize entry
            let values = (NpyFormat.decode (NpyFormat.numberSize header) (ReadOnlySpan bytes)).ToFloat64().ToArray()

            match values |> Array.tryFind (Double.IsFinite >> not) with
            | Some value -> fail $"{key} must be finite, but has {value}."
            | None -> Array.map int header.Shape, values

    /// The structure of a text, as scikit-learn or this library names it.
    let private covarianceType (entry: ZipArchiveEntry) : Structure =
        let elementSize (header: NpyHeader) =
            match header.Type, Int32.TryParse(header.Type.AsSpan(min 2 header.Type.Length)) with
            | text, (true, length) when text.StartsWith("<U", StringComparison.Ordinal) && length <= 64 -> 4 * length
            | _ -> fail $"must be a text, but is {header.Type}"

        let header, bytes = readArray "covariance_type" elementSize entry

        if header.Count <> 1L then
            fail "covariance_type must be one text."

        match Structure.parse (Encoding.UTF32.GetString(bytes).TrimEnd '\000') with
        | Ok structure -> structure
        | Error error -> fail $"covariance_type: {error.Message}"

    /// The structure of covariances of this shape. scikit-learn's comes first; where the shape is that of diag and of tied, the
    /// precisions tell: those of diag are 1/σ of every number.
    let private structureOf entries components features (shape: int[]) (covariances: float[]) : Structure =
        let isShape structure = Structure.covarianceShape components features structure = shape

        match [ Full; Spherical; Diag; TiedFull; TiedDiag; TiedSpherical ] |> List.filter isShape with
        | [] ->
            let text = String.Join("×", shape)

            fail
                $"covariances_ has shape {text}, which is none of a mixture of {components} components of {features} features."
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

    /// Full matrices whose sides differ by no more than the rounding of single precision; where they differ by more than that of
    /// double precision, both sides become their mean.
    let private symmetric features structure (covariances: float[]) =
        if Structure.shape structure <> Shape.Full then
            covariances
        else
            let mirrored = transposedPlanes features covariances
            let size = features * features

            /// The difference of both sides, beside the deviations of their features.
            let asymmetry i value =
                let variance j = covariances[i / size * size + j * features + j]
                let scale = sqrt (abs (variance (i % size / features) * variance (i % features)))
                if value = mirrored[i] then 0.0 else abs (value - mirrored[i]) / scale

            let largest = covariances |> Array.mapi asymmetry |> Array.max

            if largest > 1e-5 then
                fail "covariances_ must be symmetric."

            if largest < 1e-9 then
                covariances
            else
                Array.map2 (fun a b -> 0.5 * a + 0.5 * b) covariances mirrored

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
                $"""weights_ must be {components} numbers as means_ has rows, but has shape {String.Join("×", weightsShape)}."""

        if not (abs (Array.sum weights - 1.0) <= 1e-4) then
            fail $"weights_ must sum to 1, but to {Array.sum weights}."

        let shape, covariances = numbers entries "covariances_"

        let structure =
            match wanted, entries.TryGetValue "covariance_type" with
            | Some structure, _ -> structure
            | None, (true, entry) -> covarianceType entry
            | None, (false, _) -> structureOf entries components features shape covariances

        let expected = Structure.covarianceShape components features structure

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
            | :? InvalidDataException as error -> fail $"It is no whole .npz archive: {error.Message}"
            | :? OverflowException -> fail "It is damaged: a shape has no such number.")

    /// Reads a Gaussian mixture from an archive of `numpy.savez` or `numpy.savez_compressed` with `weights_`, `means_` and
    /// `covariances_` of float64 or float32, as scikit-learn has them. The structure is that of `covariance_type`, or else of the
    /// shapes. To predict with it, see `Fit.ofMixture`. Error when the file is none, or damaged, when an array is missing, of a
    /// wrong shape or type, or larger than half a gigabyte, when weights do not sum to 1, or a covariance is not positive definite.
    let import (path: string) : Result<Mixture<Gaussian>, GmmError> = importOf None path

    /// Reads a Gaussian mixture of a given structure, as `import`.
    let importAs (structure: Structure) (path: string) : Result<Mixture<Gaussian>, GmmError> =
        importOf (Some structure) path
