namespace Gmm

open System
open System.Buffers.Binary
open System.Globalization
open System.IO
open System.Security.Cryptography
open System.Text
open System.Text.Json

/// What a file of a fit holds.
type SavedFit =
    {
        /// The family's name: "gaussian" …; the parts of a product are joined by " × ".
        Family: string
        /// The fit.
        State: State
        /// What else was to be kept with it, such as the settings of an estimator.
        Options: State
    }

/// Fits to files and back, to the last bit: a loaded fit predicts, scores and goes on as the one that was saved.
///
/// A file is JSON: `format` and `version`, the `family`, a `checksum`, and under `state` and `options` the arrays of a `State`
/// by name, as nested JSON arrays with every digit that tells a number from its neighbours; infinities and what
/// `State.choices` has are words. The checksum is the SHA-256 of all of it, whatever the layout of the text. Files hold
/// numbers and a few words: reading one runs no code. Threads and devices are those of whoever loads.
module Persist =
    /// The number of the layout of files, raised with every change of it.
    [<Literal>]
    let private Version = 1

    [<Literal>]
    let private Format = "gmm fit"

    // ── Fits and states ─────────────────────────────────────────────────────────────────────────────────────────────

    let private mixtureState (family: Family<'θ>) (mixture: Mixture<'θ>) : State =
        family.Storage.Parameters mixture.Parameters |> Map.add "logWeights" mixture.LogWeights

    let private statisticsState (statistics: Statistics) : State =
        Map
            [ "weight", Tensor.scalar statistics.Weight
              "logLikelihood", Tensor.scalar statistics.LogLikelihood
              "counts", Tensor.vector statistics.Counts
              for i in 0 .. statistics.Sums.Length - 1 do
                  $"sums{i}", Tensor.vector statistics.Sums[i] ]

    /// A fit as arrays by name, on the managed engine: `logWeights` and the parameters (`means`, `covariances`,
    /// `inverseFactors` and `structure`; `means`, `natural` and `logPartitions`; or `centres`; those of a product's parts begin
    /// with `part0.`), the same of the mixture that the fit started from (`start.`), the family's `settings.`, the priors, the
    /// `statistics.` of the data, `trace`, `stop` and `seed`. The history and the failed runs are left out. Error for
    /// responsibilities that a function gives.
    let toState (fit: Fit<'θ>) : Result<State, GmmError> =
        let family = fit.Model.Family

        let assignment =
            match fit.Model.Assignment with
            | Soft -> Ok "soft"
            | Hard -> Ok "hard"
            | Given _ -> Error(InvalidOption("Assignment", "Soft or Hard", "Given"))

        assignment
        |> Result.map (fun assignment ->
            State.join
                [ mixtureState family fit.Mixture
                  mixtureState family fit.Start |> State.under "start"
                  family.Storage.Settings fit.Parameters |> State.under "settings"
                  statisticsState fit.Statistics |> State.under "statistics"

                  Map
                      [ State.choice "assignment" assignment
                        State.choice "stop" (if fit.Converged then "converged" else "iteration limit")
                        "seed", Tensor.scalar (float fit.Seed)
                        "trace", Tensor.vector fit.Trace

                        match fit.Model.Weights with
                        | Flat -> State.choice "weightPrior" "flat"
                        | Fixed -> State.choice "weightPrior" "fixed"
                        | Dirichlet concentration ->
                            State.choice "weightPrior" "dirichlet"
                            "weightConcentration", Tensor.vector concentration ] ]
            |> Map.map (fun _ tensor -> Reference.engine.Move tensor))

    /// The parameters must be of as many components as there are weights.
    let private requireComponents (family: Family<'θ>) (mixture: Mixture<'θ>) =
        let found = Array2D.length1 (family.Means mixture.Parameters)
        GmmError.requireAll [ found = mixture.Components, "logWeights", $"of shape {found}", string mixture.Components ]

    let private ofMixtureState (family: Family<'θ>) (state: State) : Result<Mixture<'θ>, GmmError> =
        result {
            let! logWeights = State.vector "logWeights" state
            let numbers = logWeights.toArray ()

            do!
                GmmError.requireAll
                    [ numbers |> Array.forall (fun weight -> weight < infinity)
                      && numbers |> Array.exists Double.IsFinite,
                      "logWeights",
                      "finite or −∞, and finite somewhere",
                      string logWeights ]

            let! parameters = family.Storage.OfParameters state

            let mixture =
                { LogWeights = logWeights
                  Parameters = parameters }

            do! requireComponents family mixture
            return mixture
        }

    let private ofStatisticsState (family: Family<'θ>) (mixture: Mixture<'θ>) (state: State) =
        let layout = Fit.noRows family mixture

        result {
            let! weight = State.scalar "weight" state
            let! logLikelihood = State.scalar "logLikelihood" state
            let! counts = State.ofShape [| layout.Counts.Length |] "counts" state
            do! State.requireFinite "counts" counts

            do!
                GmmError.requireAll
                    [ weight > 0.0 && weight < infinity, "weight", "above 0 and finite", string weight
                      logLikelihood < infinity, "logLikelihood", "finite or −∞", string logLikelihood ]

            let! sums =
                List.ofArray layout.Sums
                |> List.indexed
                |> GmmError.traverse (fun (i, sum) ->
                    result {
                        let! sum = State.ofShape [| sum.Length |] $"sums{i}" state
                        do! State.requireFinite $"sums{i}" sum
                        return sum.toArray ()
                    })

            return
                { Weight = weight
                  LogLikelihood = logLikelihood
                  Counts = counts.toArray ()
                  Sums = Array.ofList sums }
        }

    let private weightPriorOf components (state: State) =
        result {
            let! word = State.word "weightPrior" state

            let! prior =
                match word with
                | "flat" -> Ok Flat
                | "fixed" -> Ok Fixed
                | _ ->
                    State.vector "weightConcentration" state
                    |> Result.map (fun numbers -> Dirichlet(numbers.toArray ()))

            do! WeightPrior.check components prior
            return prior
        }

    /// Whether the weights of a mixture that an M-step made sum to 1.
    let private requireShares (fit: Fit<'θ>) =
        let sum = fit.Mixture.LogWeights.toArray () |> Array.sumBy exp
        let isShares = fit.Iterations = 0 || fit.Model.Weights.IsFixed || abs (sum - 1.0) <= 1e-6

        GmmError.requireAll
            [ isShares, "logWeights", "logarithms of weights that sum to 1", $"of a sum of {string sum}" ]

    /// Every entry given must be one that the fit has, with its numbers.
    let private requireEqual (given: State) (fit: Fit<'θ>) =
        result {
            let! expected = toState fit

            let stray =
                given |> Map.toList |> List.tryFind (fun (name, numbers) -> Map.tryFind name expected <> Some numbers)

            match stray with
            | Some(name, _) when not (Map.containsKey name expected) ->
                return! Error(InvalidOption(name, $"an entry of {fit.Model.Family.Name}", "an unknown one"))
            | Some(name, numbers) -> return! Error(InvalidOption(name, "as the other entries have it", string numbers))
            | None -> ()
        }

    /// The fit that a state is, of a family whose prior and other settings are replaced by those of the state, on the default
    /// backend and all cores. Error when an entry is missing, unknown, of a wrong shape, or not what the others say.
    let ofState (family: Family<'θ>) (state: State) : Result<Fit<'θ>, GmmError> =
        result {
            let! mixture = ofMixtureState family state
            let! start = state |> State.readPart "start" (ofMixtureState family)
            let! family = state |> State.readPart "settings" (family.Storage.OfSettings mixture.Parameters)

            do!
                GmmError.requireAll
                    [ start.Components = mixture.Components
                      && family.Features start.Parameters = family.Features mixture.Parameters,
                      "start",
                      $"{mixture.Components} components of {family.Features mixture.Parameters} features",
                      $"{start.Components} of {family.Features start.Parameters}" ]

            let! statistics = state |> State.readPart "statistics" (ofStatisticsState family mixture)
            let! weights = weightPriorOf mixture.Components state
            let! assignment = State.word "assignment" state
            let! stop = State.word "stop" state
            let! seed = State.whole Int32.MinValue Int32.MaxValue "seed" state
            let! trace = State.vector "trace" state
            let isTrace = trace.toArray () |> Array.forall (fun objective -> objective < infinity)
            do! GmmError.requireAll [ isTrace, "trace", "finite or −∞", string trace ]

            let fit =
                { Model =
                    { Model.ofFamily family with
                        Weights = weights
                        Assignment = if assignment = "hard" then Hard else Soft }
                  Start = start
                  Mixture = mixture
                  Statistics = statistics
                  Trace = trace.toArray ()
                  Stop = if stop = "converged" then Converged else IterationLimit
                  Seed = seed
                  History = [||]
                  Failures = [] }

            do! requireShares fit
            do! requireEqual state fit
            return fit
        }

    // ── Families by name ────────────────────────────────────────────────────────────────────────────────────────────

    [<Literal>]
    let private Joint = " × "

    /// A built-in exponential family of a name; trials and levels are in T(0), one of its settings.
    let private builtIn (name: string) (settings: State) : Result<ExponentialFamily option, GmmError> =
        let origin () =
            result {
                let! statistics = State.matrix "statistics" settings
                return statistics.toArray()[.. statistics.shape[1] - 1]
            }

        match name with
        | "bernoulli" -> Ok(Some Bernoulli.family)
        | "poisson" -> Ok(Some Poisson.family)
        | "exponential" -> Ok(Some Exponential.family)
        | "categorical" -> origin () |> Result.map (fun origin -> Some(Categorical.family origin.Length))
        | "binomial" ->
            result {
                let! origin = origin ()
                let trials = Array.last origin
                let isTrials = trials >= 1.0 && trials <= float Int32.MaxValue && trials = floor trials
                do! GmmError.requireAll [ isTrials, "statistics", "those of a number of trials", string trials ]
                return Some(Binomial.family (int trials))
            }
        | _ -> Ok None

    let private unknown name =
        Error(InvalidOption("Family", "a built-in one, or given to Persist.loadWith or Persist.ofState", $"\"{name}\""))

    let private part (state: State) (i: int, name: string) : Result<Family<PartParameters>, GmmError> =
        if name = Gaussian.family.Name then
            Ok(Product.gaussian Gaussian.family)
        else
            State.within $"settings.part{i}" state
            |> builtIn name
            |> Result.bind (fun family ->
                match family with
                | Some family -> Ok(Product.exponential (ExponentialFamily.components family))
                | None -> unknown name)

    /// The family of a saved fit, found by name, as one of the parameters that are asked for.
    let private familyOf<'θ> (saved: SavedFit) : Result<Family<'θ>, GmmError> =
        let isProduct = saved.State.ContainsKey "part0.columns"

        let found: Result<obj, GmmError> =
            if isProduct then
                saved.Family.Split Joint
                |> List.ofArray
                |> List.indexed
                |> GmmError.traverse (part saved.State)
                |> Result.map (Product.family >> box)
            elif saved.Family = Gaussian.family.Name then
                Ok(box Gaussian.family)
            elif saved.Family = Centroid.family.Name then
                Ok(box Centroid.family)
            else
                builtIn saved.Family (State.within "settings" saved.State)
                |> Result.bind (fun family ->
                    match family with
                    | Some family -> Ok(box (ExponentialFamily.components family))
                    | None -> unknown saved.Family)

        found
        |> Result.bind (fun found ->
            match found with
            | :? Family<'θ> as family -> Ok family
            | _ ->
                let rule = $"one whose parameters are {typeof<'θ>.Name}, the type that is asked for"
                Error(InvalidOption("Family", rule, $"\"{saved.Family}\"")))

    // ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// SHA-256 of family and entries in the order of their names: names, shapes and the bits of all numbers.
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

    /// The shortest text that gives the same bits; infinities in quotes.
    let private numberText (number: float) =
        if Double.IsFinite number then
            number.ToString("R", CultureInfo.InvariantCulture)
        else
            let word = number.ToString CultureInfo.InvariantCulture
            $"\"{word}\""

    /// Nested arrays, rows on lines of their own.
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

    let private writeJson (saved: SavedFit) (stream: Stream) =
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

    let private fail reason = raise (Files.Unusable reason)

    let private altered = "It was altered after it was saved, or damaged. Take another copy, or save the model again."

    /// The numbers of nested arrays, one after another, and their shape.
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

    let private readJson (document: JsonDocument) : SavedFit =
        let root = document.RootElement

        let property (name: string) =
            let mutable found = Unchecked.defaultof<JsonElement>

            if root.ValueKind = JsonValueKind.Object && root.TryGetProperty(name, &found) then
                found
            else
                fail $"It is no saved fit: {name} is missing."

        let text name =
            let element = property name

            if element.ValueKind = JsonValueKind.String then
                element.GetString()
            else
                fail $"It is no saved fit: {name} is no text."

        let format = text "format"

        if format <> Format then
            fail $"It is no saved fit: its format is \"{format}\" and not \"{Format}\"."

        let mutable version = 0

        if
            (property "version").ValueKind <> JsonValueKind.Number || not ((property "version").TryGetInt32 &version)
        then
            fail "It is no saved fit: version is no whole number."

        if version > Version then
            fail $"It has version {version} of the format, and this library reads up to {Version}. Update the library."

        if version < 1 then
            fail $"It has version {version} of the format, and the first one is 1."

        let saved =
            { Family = text "family"
              State = stateOf "state" (property "state")
              Options = stateOf "options" (property "options") }

        if root.EnumerateObject() |> Seq.length <> 6 || text "checksum" <> checksum saved then
            fail altered

        saved

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What a file holds, unaltered. Error when there is no such file, or it is no whole and unaltered one of this version of
    /// the format or an earlier one.
    let read (path: string) : Result<SavedFit, GmmError> =
        Files.attempt path (fun () ->
            use stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite ||| FileShare.Delete)

            try
                use document = JsonDocument.Parse(stream, JsonDocumentOptions(AllowDuplicateProperties = false))
                readJson document
            with
            | :? JsonException as error ->
                fail $"It is no whole JSON file: {error.Message} Take another copy, or save the model again."
            | :? InvalidOperationException
            | :? FormatException -> fail altered)

    /// Writes a file, whose folder is made if need be. The file is complete or, when it can't be written, as it was.
    let write (path: string) (saved: SavedFit) : Result<unit, GmmError> =
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
            do! require "the number of a word" isKnown
            do! require "numbers" isNumber
            do! Files.write path (writeJson saved)
        }

    /// A fit as a file has it, with what else is to be kept.
    let toSaved (options: State) (fit: Fit<'θ>) : Result<SavedFit, GmmError> =
        toState fit
        |> Result.map (fun state ->
            { Family = fit.Model.Family.Name
              State = state
              Options = options })

    /// The fit of a family, given by its definition, that was saved. Error when the family is another, or as `ofState`.
    let ofSavedWith (family: Family<'θ>) (saved: SavedFit) : Result<Fit<'θ>, GmmError> =
        if saved.Family = family.Name then
            ofState family saved.State
        else
            Error(InvalidOption("Family", $"\"{family.Name}\" as is asked for", $"\"{saved.Family}\""))

    /// The fit of a built-in family that was saved: of Gaussian, ExponentialParameters, Product or Centroid, as is asked for.
    /// Error when the family is another, or as `ofState`.
    let ofSaved<'θ> (saved: SavedFit) : Result<Fit<'θ>, GmmError> =
        familyOf<'θ> saved |> Result.bind (fun family -> ofState family saved.State)

    /// The error of a file whose content is no fit.
    let private inFile path (result: Result<'T, GmmError>) =
        match result with
        | Ok value -> Ok value
        | Error(UnreadableFile _ as error) -> Error error
        | Error error -> Files.unreadable path error.Message

    /// Saves a fit as a file, whose folder is made if need be. The file is complete or, when it can't be written, as it was.
    let save (path: string) (fit: Fit<'θ>) : Result<unit, GmmError> = toSaved Map.empty fit |> Result.bind (write path)

    /// Loads a fit of a built-in family, found by name; the type asked for says which kind of parameters it has:
    /// `let fit: Fit<Gaussian> = Persist.load path |> GmmError.get`. A family of one's own is loaded by `loadWith`. Error
    /// when there is no such file, it is not whole, was altered or is newer than this library, or its family is of another kind.
    let load<'θ> (path: string) : Result<Fit<'θ>, GmmError> = read path |> Result.bind (ofSaved >> inFile path)

    /// Loads a fit of a family given by its definition, as one's own: only numbers are in the file, its prior among them. Errors
    /// as `load`, and when the file's family has another name or other statistics T.
    let loadWith (family: Family<'θ>) (path: string) : Result<Fit<'θ>, GmmError> =
        read path |> Result.bind (ofSavedWith family >> inFile path)
