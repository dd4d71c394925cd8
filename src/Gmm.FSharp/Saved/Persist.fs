namespace Gmm

open System
open System.IO
open System.Text
open System.Text.Json

/// Saves fits to files and loads them, to the last bit: a loaded fit predicts, scores and continues exactly as the
/// saved one does.
///
/// A file is JSON: `format` and `version`, the `family`, a `checksum`, and under `state` and `options` the named arrays
/// of a `State`. The arrays are nested JSON arrays, with enough digits to distinguish every number from its neighbours;
/// infinities and the enumerated values of `State.choices` are words. The checksum is the SHA-256 of all content, and
/// does not depend on the layout of the text. Files hold numbers and a few words, so reading one runs no code. Threads
/// and backend are not saved.
module Persist =
    // ── States ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a fit as named arrays, on the managed engine: `logWeights` and the parameters, the same for the mixture
    /// from which the fit started (`start.`), the family's `settings.`, the priors, the `statistics.` of the data,
    /// `trace`, `stop` and `seed`. The parameters are `means`, `covariances`, `inverseFactors` and `structure`; or
    /// `means`, `natural` and `logPartitions`; or `centres`; those of a product's parts begin with `part0.` The history
    /// and the failed runs are left out.
    let toState (fit: Fit<'θ>) : State = FitState.ofFit fit

    /// Returns the fit stored in a state. The state's prior and other settings replace those of the given family; the
    /// fit has the default backend and all cores. Error when an entry is missing or unknown, has a wrong shape, or
    /// contradicts the others.
    let ofState (family: Family<'θ>) (state: State) : Result<Fit<'θ>, GmmError> = FitState.toFit family state

    /// Returns the content of a fit's file, with other arrays to save.
    let toSaved (options: State) (fit: Fit<'θ>) : SavedFit =
        { Family = fit.Model.Family.Name
          State = toState fit
          Options = options }

    /// Returns a saved fit of one of some families. Error when its family is none of these or has parameters of another
    /// type; other errors as `ofState`.
    let ofSavedFrom<'θ> (families: SavedFamily list) (saved: SavedFit) : Result<Fit<'θ>, GmmError> =
        SavedFamily.find<'θ> families saved |> Result.bind (fun family -> ofState family saved.State)

    /// Returns a saved fit of a built-in family: of Gaussian, ExponentialParameters, Product or Centroid, according to
    /// 'θ. Errors as `ofSavedFrom`.
    let ofSaved<'θ> (saved: SavedFit) : Result<Fit<'θ>, GmmError> = ofSavedFrom<'θ> SavedFamily.builtIn saved

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Parses JSON and reads the fit in it. Raises `Files.Unusable` when it is incomplete, altered or too new.
    let private parse (open': JsonDocumentOptions -> JsonDocument) : SavedFit =
        try
            use document = open' (JsonDocumentOptions(AllowDuplicateProperties = false))
            SavedJson.read document
        with
        | :? JsonException as error ->
            SavedJson.fail
                $"It is not a complete JSON file: {error.Message} Take another copy, or save the model again."
        | :? InvalidOperationException
        | :? FormatException -> SavedJson.fail SavedJson.altered

    /// Returns an error for content that no file can have: NaN, or a number that stands for no word.
    let private requireWritable (saved: SavedFit) : Result<unit, GmmError> =
        let isKnown (name: string, numbers: Tensor) =
            match State.wordsOf name with
            | None -> true
            | Some words ->
                numbers.shape.Length = 0 && Array.contains (numbers.toArray()[0]) [| 0.0 .. float (words.Length - 1) |]

        let entries = Seq.append (Map.toSeq saved.State) (Map.toSeq saved.Options)
        let isNumber (_, numbers: Tensor) = numbers.toArray () |> Array.forall (Double.IsNaN >> not)

        let require rule holds =
            match entries |> Seq.tryFind (holds >> not) with
            | Some(name, numbers) -> Error(InvalidOption(name, rule, string numbers))
            | None -> Ok()

        result {
            do! require "the index of a word" isKnown
            do! require "numbers" isNumber
        }

    /// Reads a file. Error when there is no such file, when it is incomplete or altered, or when its version is newer
    /// than this library's.
    let read (path: string) : Result<SavedFit, GmmError> =
        Files.attempt path (fun () ->
            use stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete)
            parse (fun options -> JsonDocument.Parse(stream, options)))

    /// Writes a file, and creates its folder if necessary. The file is complete or, if it can't be written, as it was.
    let write (path: string) (saved: SavedFit) : Result<unit, GmmError> =
        result {
            do! requireWritable saved
            do! Files.write path (SavedJson.write saved)
        }

    /// Returns the text of the file that `write` writes, for a database or a file of another program. Error when the
    /// content is not that of a fit.
    let toJson (saved: SavedFit) : Result<string, GmmError> =
        result {
            do! requireWritable saved
            use stream = new MemoryStream()
            SavedJson.write saved stream
            return Encoding.UTF8.GetString(stream.GetBuffer(), 0, int stream.Length)
        }

    /// Reads the text of a file. Error when it is incomplete or altered, or when its version is newer than this
    /// library's.
    let ofJson (json: string) : Result<SavedFit, GmmError> =
        Files.attempt "The text of a fit" (fun () -> parse (fun options -> JsonDocument.Parse(json, options)))

    /// Names the file in the error of content that is not a fit.
    let private inFile path (result: Result<'T, GmmError>) =
        match result with
        | Ok value -> Ok value
        | Error(UnreadableFile _ as error) -> Error error
        | Error error -> Files.unreadable path error.Message

    /// Saves a fit as a file, and creates its folder if necessary. The file is complete or, if it can't be written, as
    /// it was.
    let save (path: string) (fit: Fit<'θ>) : Result<unit, GmmError> = write path (toSaved Map.empty fit)

    /// Loads a fit of one of some families, such as products with your own parts: `Persist.loadFrom
    /// (SavedFamily.ofFamily family :: SavedFamily.builtIn) path`. Errors as `load`.
    let loadFrom<'θ> (families: SavedFamily list) (path: string) : Result<Fit<'θ>, GmmError> =
        read path |> Result.bind (ofSavedFrom families >> inFile path)

    /// Loads a fit of a built-in family. The type 'θ selects the kind of parameters: `let fit: Fit<Gaussian> =
    /// Persist.load path |> GmmError.get`. Use `loadWith` for your own families. Error when there is no such file, when
    /// it is incomplete, altered or newer than this library, or when its family has another type of parameters.
    let load<'θ> (path: string) : Result<Fit<'θ>, GmmError> = loadFrom<'θ> SavedFamily.builtIn path

    /// Loads a fit of a family given by its definition, such as your own: the file has only numbers, among them the
    /// prior. Errors as `load`, and when the file's family has another name or other statistics T.
    let loadWith (family: Family<'θ>) (path: string) : Result<Fit<'θ>, GmmError> =
        loadFrom [ SavedFamily.ofFamily family ] path
