namespace Gmm

open System

/// A fit, or a part of one, as plain data: arrays of numbers by name. The names of a part's arrays begin with the part's, as in
/// "start.means". What is a word elsewhere is the number of its choice: see `State.choices`.
type State = Map<string, Tensor>

/// Working with states.
module State =
    /// The entries whose numbers stand for words, by the last part of their names: the number is the word's place, from 0.
    let choices: Map<string, string list> =
        Map
            [ "structure", [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ] |> List.map Structure.name
              "assignment", [ "soft"; "hard" ]
              "weightPrior", [ "flat"; "dirichlet"; "fixed" ]
              "stop", [ "converged"; "iteration limit" ] ]

    /// The words of an entry, if it has any.
    let internal wordsOf (name: string) : string list option =
        Map.tryFind (name.Substring(name.LastIndexOf '.' + 1)) choices

    /// One entry whose number stands for a word.
    let internal choice name (word: string) : string * Tensor =
        name, choices[name] |> List.findIndex ((=) word) |> float |> Tensor.scalar

    // ── Parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The entries as those of a part: "means" becomes "start.means".
    let under (part: string) (state: State) : State =
        state |> Map.toSeq |> Seq.map (fun (name, numbers) -> $"{part}.{name}", numbers) |> Map.ofSeq

    /// The entries of a part: "start.means" becomes "means".
    let within (part: string) (state: State) : State =
        let prefix = part + "."

        state
        |> Map.toSeq
        |> Seq.filter (fun (name, _) -> name.StartsWith(prefix, StringComparison.Ordinal))
        |> Seq.map (fun (name, numbers) -> name.Substring prefix.Length, numbers)
        |> Map.ofSeq

    /// All entries of several states.
    let internal join (states: State list) : State = states |> Seq.collect Map.toSeq |> Map.ofSeq

    /// What is read from the entries of a part; an error names the part.
    let internal readPart part (read: State -> Result<'T, GmmError>) (state: State) : Result<'T, GmmError> =
        read (within part state)
        |> Result.mapError (fun error ->
            match error with
            | InvalidOption(name, rule, value) -> InvalidOption($"{part}.{name}", rule, value)
            | other -> other)

    // ── Entries ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// An entry that must be there.
    let internal find name (state: State) : Result<Tensor, GmmError> =
        match Map.tryFind name state with
        | Some numbers -> Ok numbers
        | None -> Error(InvalidOption(name, "an entry of the state", "missing"))

    /// An entry whose shape must be one for which a predicate holds, told in words.
    let internal shaped rule (isShape: int[] -> bool) name (state: State) : Result<Tensor, GmmError> =
        result {
            let! numbers = find name state
            do! GmmError.requireAll [ isShape numbers.shape, name, $"of shape {rule}", Tensor.Show numbers.shape ]
            return numbers
        }

    /// An entry of a given shape.
    let internal ofShape (shape: int[]) = shaped (Tensor.Show shape) ((=) shape)

    /// A vector of at least one number.
    let internal vector = shaped "N" (fun shape -> shape.Length = 1 && shape[0] > 0)

    /// A matrix of at least one row and column.
    let internal matrix = shaped "K×D" (fun shape -> shape.Length = 2 && shape[0] > 0 && shape[1] > 0)

    let internal requireFinite name (numbers: Tensor) : Result<unit, GmmError> =
        match numbers.toArray () |> Array.tryFind (Double.IsFinite >> not) with
        | Some value -> Error(InvalidOption(name, "finite", string value))
        | None -> Ok()

    /// A single number.
    let internal scalar name (state: State) : Result<float, GmmError> =
        ofShape [||] name state |> Result.map (fun number -> number.toArray()[0])

    /// A whole number from `low` to `high`.
    let internal whole (low: int) (high: int) name (state: State) : Result<int, GmmError> =
        result {
            let! number = scalar name state
            let isWhole = number >= float low && number <= float high && number = floor number
            do! GmmError.requireAll [ isWhole, name, $"a whole number from {low} to {high}", string number ]
            return int number
        }

    /// The word that the number of an entry stands for.
    let internal word name (state: State) : Result<string, GmmError> =
        let words = choices[name]
        whole 0 (words.Length - 1) name state |> Result.map (fun index -> words[index])
