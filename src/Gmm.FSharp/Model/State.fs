namespace Gmm

open System

/// A fit, or a part of one, as plain data: named arrays of numbers. The names of a part's arrays begin with the name of
/// the part, as in "start.means". Enumerated values are stored as indices into `State.choices`.
type State = Map<string, Tensor>

/// Functions on states.
module State =
    /// The entries with enumerated values, by the last part of their names, with the words of each. The stored number
    /// is the index of the word, from 0.
    let choices: Map<string, string list> =
        Map
            [ "structure", List.map Structure.name Structure.all
              "shape", [ "full"; "diag"; "spherical" ]
              "assignment", [ "soft"; "hard" ]
              "weightPrior", [ "flat"; "dirichlet"; "fixed" ]
              "missing", [ "reject"; "fit" ]
              "degrees", [ "estimated"; "equal"; "given" ]
              "stop", [ "converged"; "iteration limit" ] ]

    /// Returns the words of an entry with enumerated values; None for other entries.
    let internal wordsOf (name: string) : string list option =
        Map.tryFind (name.Substring(name.LastIndexOf '.' + 1)) choices

    /// Makes an entry that stores a word as its index.
    let internal choice name (word: string) : string * Tensor =
        name, choices[name] |> List.findIndex ((=) word) |> float |> Tensor.scalar

    // ── Parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Makes entries those of a part: "means" becomes "start.means".
    let under (part: string) (state: State) : State =
        state |> Map.toSeq |> Seq.map (fun (name, numbers) -> $"{part}.{name}", numbers) |> Map.ofSeq

    /// Returns the entries of a part, under their own names: "start.means" becomes "means".
    let within (part: string) (state: State) : State =
        let prefix = part + "."

        state
        |> Map.toSeq
        |> Seq.filter (fun (name, _) -> name.StartsWith(prefix, StringComparison.Ordinal))
        |> Seq.map (fun (name, numbers) -> name.Substring prefix.Length, numbers)
        |> Map.ofSeq

    /// Returns all entries of several states as one state.
    let internal join (states: State list) : State = states |> Seq.collect Map.toSeq |> Map.ofSeq

    /// Reads a value from the entries of a part; an error names the part.
    let internal readPart part (read: State -> Result<'T, GmmError>) (state: State) : Result<'T, GmmError> =
        read (within part state)
        |> Result.mapError (fun error ->
            match error with
            | InvalidOption(name, rule, value) -> InvalidOption($"{part}.{name}", rule, value)
            | other -> other)

    // ── Entries ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns an entry. Error when it is missing.
    let find name (state: State) : Result<Tensor, GmmError> =
        match Map.tryFind name state with
        | Some numbers -> Ok numbers
        | None -> Error(InvalidOption(name, "an entry of the state", "missing"))

    /// Returns an entry whose shape must satisfy a predicate; `rule` states the predicate in words. Error otherwise.
    let shaped (rule: string) (isShape: int[] -> bool) name (state: State) : Result<Tensor, GmmError> =
        result {
            let! numbers = find name state
            do! GmmError.requireAll [ isShape numbers.shape, name, $"of shape {rule}", Tensor.Show numbers.shape ]
            return numbers
        }

    /// Returns an entry, which must have a given shape. Error otherwise.
    let ofShape (shape: int[]) : string -> State -> Result<Tensor, GmmError> = shaped (Tensor.Show shape) ((=) shape)

    /// Returns an entry, which must be a vector of at least one number. Error otherwise.
    let vector: string -> State -> Result<Tensor, GmmError> =
        shaped "N" (fun shape -> shape.Length = 1 && shape[0] > 0)

    /// Returns an entry, which must be a matrix of at least one row and one column. Error otherwise.
    let matrix: string -> State -> Result<Tensor, GmmError> =
        shaped "K×D" (fun shape -> shape.Length = 2 && shape[0] > 0 && shape[1] > 0)

    /// Returns an error when a number of an entry is NaN or infinite.
    let requireFinite name (numbers: Tensor) : Result<unit, GmmError> =
        match numbers.toArray () |> Array.tryFind (Double.IsFinite >> not) with
        | Some value -> Error(InvalidOption(name, "finite", string value))
        | None -> Ok()

    /// Returns an entry that must be a single number. Error otherwise.
    let scalar name (state: State) : Result<float, GmmError> =
        ofShape [||] name state |> Result.map (fun number -> number.toArray()[0])

    /// Returns an entry that must be a whole number from `low` to `high`. Error otherwise.
    let whole (low: int) (high: int) name (state: State) : Result<int, GmmError> =
        result {
            let! number = scalar name state
            let isWhole = number >= float low && number <= float high && number = floor number
            do! GmmError.requireAll [ isWhole, name, $"a whole number from {low} to {high}", string number ]
            return int number
        }

    /// Returns the word that the number of an entry stores.
    let internal word name (state: State) : Result<string, GmmError> =
        let words = choices[name]
        whole 0 (words.Length - 1) name state |> Result.map (fun index -> words[index])
