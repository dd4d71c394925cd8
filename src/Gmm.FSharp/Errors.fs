namespace Gmm

open System

/// A place in the data or in a mixture.
[<RequireQualifiedAccess>]
type internal Place =
    | Row of number: int64
    | Column of number: int
    | Component of number: int

/// Names places in messages.
module internal Place =
    /// Returns the places by their numbers, one inside the other: "row 3, column 1".
    let numbered (places: Place list) : string =
        let text place =
            match place with
            | Place.Row number -> $"row {number}"
            | Place.Column number -> $"column {number}"
            | Place.Component number -> $"component {number}"

        places |> List.map text |> String.concat ", "

    /// Returns the places as messages name them: "row 3, column 1 (counting from 0)".
    let words (places: Place list) : string = numbered places + " (counting from 0)"

    /// Returns the words with a capital, as a sentence begins.
    let capitalised (words: string) : string = string (Char.ToUpperInvariant words[0]) + words.Substring 1

/// All errors of the library, as values. Each case carries the numbers. `Message` states the rule and the value, and
/// the remedy where the rule doesn't imply it. The library finds a caller's mistake before it does any work. Trouble in
/// the data ends a fit and never shows as NaN. Rows, columns and components count from 0, as arrays do.
[<Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type GmmError =
    /// An option, a start or a prior breaks its rule.
    | InvalidOption of name: string * rule: string * value: string
    /// The data as a whole break a rule: no rows, wrong width, weights.
    | InvalidData of rule: string * value: string
    /// One row of the data breaks a rule: "The data must have rows of one length, but row 3 (counting from 0) has 2
    /// numbers and row 0 has 3."
    | InvalidRow of rule: string * row: int64 * value: string
    /// One column of the data breaks a rule: "The data must have columns of one length, but column 1 (counting from 0)
    /// has 149 numbers and column 0 has 150."
    | InvalidColumn of rule: string * column: int * value: string
    /// One number of the data is infinite, or too large to be squared.
    | InvalidNumber of row: int64 * column: int * value: float
    /// Some cells of the data are NaN, which counts as missing; row and column are those of the first.
    | MissingCell of row: int64 * column: int * count: int64
    /// A covariance is not positive definite. The owner is None when all components share the covariance.
    | SingularCovariance of owner: int option * iteration: int
    /// A component lies on the floor of its covariance or dispersion, so that its likelihood is spurious. The owner is
    /// None when all components share the covariance.
    | FlooredComponent of owner: int option * iteration: int
    /// A column doesn't vary, so that its variance has no positive estimate. `value` is what its rows hold.
    | ConstantColumn of column: int * value: float
    /// Fewer rows of positive weight differ than there are components.
    | TooFewDistinctRows of components: int * found: int
    /// A component has no rows left, and no prior holds it.
    | CollapsedComponent of owner: int * iteration: int
    /// The likelihood of one column of a component is unbounded, for example because all waiting times are 0.
    | DegenerateComponent of owner: int * column: int * family: string * iteration: int
    /// A batch can't be learned, because of an error of the M-step after it.
    | FailedUpdate of error: GmmError
    /// One number of the data is outside the domain of its family.
    | OutsideDomain of family: string * domain: string * row: int64 * column: int * value: float
    /// A file can't be used. Line and column count from 1; they are 0 where the error has no such position.
    | UnreadableFile of path: string * line: int * column: int * reason: string
    /// A backend can't be used on this machine, or it failed while it worked.
    | UnavailableBackend of backend: string * reason: string * remedy: string

    /// The trouble of a component, without its iteration; None for other errors. `words` names places.
    member private error.Trouble(words: Place list -> string) =
        let owned what owner =
            match owner with
            | Some k -> $"The {what} of {words [ Place.Component k ]}"
            | None -> "The shared covariance"

        match error with
        | SingularCovariance(owner, _) -> Some(owned "covariance" owner + " is not positive definite")
        | FlooredComponent(owner, _) -> Some(owned "spread" owner + " lies on its floor")
        | CollapsedComponent(owner, _) -> Some $"{Place.capitalised (words [ Place.Component owner ])} has no rows left"
        | DegenerateComponent(owner, column, family, _) ->
            let place = words [ Place.Component owner; Place.Column column ]
            Some $"The likelihood of {place} is unbounded for {family}"
        | InvalidOption _
        | InvalidData _
        | InvalidRow _
        | InvalidColumn _
        | InvalidNumber _
        | MissingCell _
        | ConstantColumn _
        | TooFewDistinctRows _
        | FailedUpdate _
        | OutsideDomain _
        | UnreadableFile _
        | UnavailableBackend _ -> None

    /// The message with other words for its places.
    member internal error.MessageIn(words: Place list -> string) : string =
        let trouble = defaultArg (error.Trouble words) ""
        let cell row column = words [ Place.Row row; Place.Column column ]

        match error with
        | InvalidOption(name, rule, value) -> $"{name} must be {rule}, but is {value}."
        | InvalidData(rule, value) -> $"The data must have {rule}, but {value}."
        | InvalidRow(rule, row, value) -> $"The data must have {rule}, but {words [ Place.Row row ]} {value}."
        | InvalidColumn(rule, column, value) ->
            $"The data must have {rule}, but {words [ Place.Column column ]} {value}."
        | InvalidNumber(row, column, value) ->
            $"The data must be finite and below 1e150 in magnitude, but {cell row column} "
            + $"holds {string value}. Remove or impute the row, or rescale the column."
        | MissingCell(row, column, count) ->
            let cells =
                if count = 1L then
                    "the only missing cell"
                else
                    $"the first of {count} missing cells"

            $"The data must be complete, but {cell row column} holds NaN, {cells}. "
            + "A mixture with Missing set to Fit takes such rows. Otherwise remove or impute them."
        | SingularCovariance(_, iteration) ->
            $"{trouble} in iteration {iteration}: its rows lie in fewer dimensions than the data. "
            + "Set RegCovar to Floor or to a larger Absolute amount, set CovariancePrior, choose a structure with fewer "
            + "parameters or fewer components, or drop duplicate columns."
        | FlooredComponent(_, iteration) ->
            $"{trouble} after iteration {iteration}: it shrank onto few or equal rows, so that its likelihood only measures "
            + "the floor. Choose fewer components, a structure with fewer parameters, another start or a prior."
        | ConstantColumn(column, value) ->
            $"{Place.capitalised (words [ Place.Column column ])} is constant: every row holds {string value}. "
            + "Drop the column, or set a prior. For Gaussians, set CovariancePrior, choose a spherical structure, or "
            + "set RegCovar to Absolute."
        | TooFewDistinctRows(components, found) ->
            $"{components} components need {components} different rows of positive weight, but the data have {found}. "
            + "Choose fewer components, or set FewerComponents to take as many as there are different rows."
        | CollapsedComponent(_, iteration) ->
            $"{trouble} in iteration {iteration}. "
            + "Choose fewer components, another start or seed, or a MeanPrior with a CovariancePrior."
        | DegenerateComponent(_, _, _, iteration) ->
            $"{trouble} in iteration {iteration}. Set a prior, choose fewer components or another start or seed."
        | FailedUpdate error ->
            match error.Trouble words with
            | Some trouble ->
                $"{trouble} after this batch, which leaves it too few different rows. Learn larger batches or take smaller "
                + "steps, or begin from a fit with a prior or a floor of its covariances."
            | None -> error.MessageIn words
        | OutsideDomain(family, domain, row, column, value) ->
            $"Data for {family} must be {domain}, but {cell row column} holds {string value}."
        | UnreadableFile(path, line, column, reason) ->
            let place =
                match line, column with
                | 0, _ -> ""
                | _, 0 -> $", line {line}"
                | _ -> $", line {line}, column {column}"

            $"{path}{place}: {reason}"
        | UnavailableBackend(backend, reason, remedy) -> $"The backend {backend} can't be used: {reason}. {remedy}."

    /// The rule and the value, followed by the remedy where the rule doesn't imply it: one or two sentences.
    member error.Message: string = error.MessageIn Place.words

    /// Returns the message.
    override error.ToString() = error.Message

/// Carries a `GmmError` as an exception, for callers who prefer exceptions: see `GmmError.get`.
type GmmException(error: GmmError) =
    inherit Exception(error.Message)

    /// The error as a value.
    member _.Error = error

/// Functions on errors as values.
module GmmError =
    /// Returns the value of a result. Throws `GmmException` with the error's message when the result is an error.
    let get (result: Result<'T, GmmError>) : 'T =
        match result with
        | Ok value -> value
        | Error error -> raise (GmmException error)

    /// Returns the error with the iteration in which it happened.
    let internal atIteration iteration error =
        match error with
        | SingularCovariance(owner, _) -> SingularCovariance(owner, iteration)
        | CollapsedComponent(owner, _) -> CollapsedComponent(owner, iteration)
        | DegenerateComponent(owner, column, family, _) -> DegenerateComponent(owner, column, family, iteration)
        | other -> other

    /// Translates column numbers of a column subset back to those of the full data.
    let rec internal ofColumns (columns: int[]) error =
        match error with
        | DegenerateComponent(owner, column, family, iteration) ->
            DegenerateComponent(owner, columns[column], family, iteration)
        | OutsideDomain(family, domain, row, column, value) ->
            OutsideDomain(family, domain, row, columns[column], value)
        | InvalidNumber(row, column, value) -> InvalidNumber(row, columns[column], value)
        | MissingCell(row, column, count) -> MissingCell(row, columns[column], count)
        | ConstantColumn(column, value) -> ConstantColumn(columns[column], value)
        | InvalidColumn(rule, column, value) -> InvalidColumn(rule, columns[column], value)
        | FailedUpdate error -> FailedUpdate(ofColumns columns error)
        | InvalidOption _
        | InvalidData _
        | InvalidRow _
        | SingularCovariance _
        | FlooredComponent _
        | CollapsedComponent _
        | TooFewDistinctRows _
        | UnreadableFile _
        | UnavailableBackend _ -> error

    /// Renames the option in an error to the name that the caller knows.
    let internal ofOption (name: string) (known: string) error =
        match error with
        | InvalidOption(option, rule, value) when option.StartsWith(name, StringComparison.Ordinal) ->
            InvalidOption(known + option.Substring name.Length, rule, value)
        | other -> other

    /// Returns the first of several errors about rows and numbers of the data, ordered by row and then by column.
    let internal firstCell (errors: GmmError list) : GmmError option =
        errors
        |> List.sortBy (fun error ->
            match error with
            | OutsideDomain(_, _, row, column, _)
            | InvalidNumber(row, column, _) -> row, column
            | InvalidRow(_, row, _) -> row, 0
            | _ -> 0L, 0)
        |> List.tryHead

    /// Maps every element and returns the results, or the first error.
    let internal traverse (f: 'A -> Result<'B, GmmError>) (elements: 'A list) : Result<'B list, GmmError> =
        let add results element =
            results |> Result.bind (fun before -> f element |> Result.map (fun made -> made :: before))

        elements |> List.fold add (Ok []) |> Result.map List.rev

    /// Returns Ok when every condition holds; otherwise an error about the first option that breaks its rule. Each entry is a
    /// condition, the option's name, its rule and its value.
    let requireAll (rules: (bool * string * string * string) list) : Result<unit, GmmError> =
        match rules |> List.tryFind (fun (holds, _, _, _) -> not holds) with
        | Some(_, name, rule, value) -> Error(InvalidOption(name, rule, value))
        | None -> Ok()

    /// Returns Ok when an array can hold as many numbers as the product of some counts; otherwise an error about an
    /// option, with a rule that is made from the largest length of an array.
    let internal requireLength name (rule: int -> string) (value: string) (counts: int list) : Result<unit, GmmError> =
        let mutable length = 1.0

        for count in counts do
            length <- length * float count

        if length <= float Array.MaxLength then
            Ok()
        else
            let length = counts |> List.fold (fun product count -> product * bigint count) 1I
            let product = counts |> List.map string |> String.concat "·"
            Error(InvalidOption(name, rule Array.MaxLength, $"{value} with {product} = {length} numbers"))

    /// Returns Ok when every number of a matrix is finite; otherwise an error about the first cell that isn't.
    let internal requireFinite name (matrix: float[,]) : Result<unit, GmmError> =
        let columns = Array2D.length2 matrix
        let mutable i = 0

        while i < matrix.Length && Double.IsFinite matrix[i / columns, i % columns] do
            i <- i + 1

        if i = matrix.Length then
            Ok()
        else
            let row, column = i / columns, i % columns
            Error(InvalidOption($"{name}[{row}, {column}]", "finite", string matrix[row, column]))

    /// Returns Ok when a matrix has the expected shape; otherwise an error with both shapes.
    let internal requireShape name (rows: int64) columns (matrix: float[,]) : Result<unit, GmmError> =
        if int64 (Array2D.length1 matrix) = rows && Array2D.length2 matrix = columns then
            Ok()
        else
            let found = $"{Array2D.length1 matrix}×{Array2D.length2 matrix}"
            Error(InvalidOption(name, $"of shape {rows}×{columns}", found))

/// Builds `result { … }`, which runs steps until one returns an error and then returns that error. It also turns a
/// `GmmException` into its error: functions that read blocks or run E-steps return no `Result`, but a file may be
/// truncated while it is in use.
type internal ResultBuilder() =
    member _.Delay(steps: unit -> Result<'T, GmmError>) = steps

    member _.Run(steps: unit -> Result<'T, GmmError>) : Result<'T, GmmError> =
        try
            steps ()
        with :? GmmException as trouble ->
            Error trouble.Error

    member _.Bind(result, next) = Result.bind next result
    member _.Zero() : Result<unit, GmmError> = Ok()
    member _.Combine(first: Result<unit, GmmError>, rest: unit -> Result<'T, GmmError>) = Result.bind rest first

    member _.Using(resource: 'R :> IDisposable, body: 'R -> Result<'T, GmmError>) : Result<'T, GmmError> =
        use resource: 'R = resource
        body resource

    member _.Return value : Result<'T, GmmError> = Ok value
    member _.ReturnFrom(result: Result<'T, GmmError>) = result

[<AutoOpen>]
module internal ResultBuilder =
    let result = ResultBuilder()
