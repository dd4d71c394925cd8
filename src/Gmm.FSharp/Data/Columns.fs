namespace Gmm

open System

/// A named column beside the data, with one value for every row: labels or other results, for the tables that packages
/// such as Gmm.Parquet make.
[<RequireQualifiedAccess>]
type ResultColumn =
    /// Whole numbers, such as labels.
    | Whole of name: string * values: int[]
    /// Numbers, such as log-densities.
    | Real of name: string * values: float[]

    /// The name of the column.
    member column.Name =
        match column with
        | Whole(name, _)
        | Real(name, _) -> name

    /// The number of rows.
    member column.Rows =
        match column with
        | Whole(_, values) -> values.Length
        | Real(_, values) -> values.Length

    /// Makes a column of whole numbers, such as labels.
    static member Of(name: string, values: int[]) : ResultColumn = Whole(name, values)

    /// Makes a column of numbers, such as log-densities.
    static member Of(name: string, values: float[]) : ResultColumn = Real(name, values)

    /// Makes a column of every column of a matrix (N×K), such as responsibilities, with the names `name0`, `name1` …
    static member Of(name: string, values: float[,]) : ResultColumn[] =
        Array.init (Array2D.length2 values) (fun k -> Real($"{name}{k}", values[*, k]))

/// Cells of tables as numbers.
module internal Cells =
    /// Returns an integer as float64. Raises `InexactInteger` when no float64 equals it.
    let ofInt64 (value: int64) : float =
        let number = float value

        // 2⁶³ itself has no int64.
        if number >= 9223372036854775808.0 || int64 number <> value then
            raise (InexactInteger(0, string value))

        number

    /// Returns an integer as float64, like `ofInt64`.
    let ofUInt64 (value: uint64) : float =
        let number = float value

        if number >= 18446744073709551616.0 || uint64 number <> value then
            raise (InexactInteger(0, string value))

        number

    /// The powers of ten that float64 has exactly.
    let private powers: float[] =
        Array.init 23 (fun p -> Double.Parse($"1E{p}", Globalization.CultureInfo.InvariantCulture))

    /// Returns the float64 nearest to unscaled·10⁻ˢᶜᵃˡᵉ; of two equally near, the even one.
    let ofScaled (unscaled: bigint) (scale: int) : float =
        // Two exact numbers have a quotient that is rounded once.
        if abs unscaled <= 9007199254740992I && 0 <= scale && scale < powers.Length then
            float unscaled / powers[scale]
        else
            // Some cultures write another sign than the one that every culture parses.
            let text = FormattableString.Invariant $"{unscaled}E{-(int64 scale)}"
            Double.Parse(text, Globalization.CultureInfo.InvariantCulture)

    /// Returns the float64 nearest to a decimal; of two equally near, the even one.
    let ofDecimal (value: decimal) : float =
        let bits = Decimal.GetBits value
        let unscaled = Decimal(bits[0], bits[1], bits[2], Decimal.IsNegative value, 0uy)
        ofScaled (bigint unscaled) (int value.Scale)

    let ofBoolean (value: bool) : float = if value then 1.0 else 0.0

    /// The types of cells that are numbers.
    let types: Type list =
        [ typeof<float>
          typeof<float32>
          typeof<decimal>
          typeof<bool>
          typeof<sbyte>
          typeof<byte>
          typeof<int16>
          typeof<uint16>
          typeof<int>
          typeof<uint32>
          typeof<int64>
          typeof<uint64> ]

    /// Returns a cell of one of these types as float64; NaN for null.
    let toFloat64 (cell: obj) : float =
        match cell with
        | null -> nan
        | :? float as value -> value
        | :? int64 as value -> ofInt64 value
        | :? uint64 as value -> ofUInt64 value
        | :? bool as value -> ofBoolean value
        | :? decimal as value -> ofDecimal value
        | other -> Convert.ToDouble(other, Globalization.CultureInfo.InvariantCulture)

    /// Returns cells as a column of float32, if that is their type, or of float64; NaN for null.
    let toNumbers (clr: Type) (cells: obj seq) : Numbers =
        if clr = typeof<float32> then
            let toFloat32 (cell: obj) = if isNull cell then nanf else unbox<float32> cell
            cells |> Seq.map toFloat32 |> Array.ofSeq |> ReadOnlyMemory |> Numbers.Float32
        else
            cells |> Seq.map toFloat64 |> Array.ofSeq |> ReadOnlyMemory |> Numbers.Float64

/// What a table says of one of its columns.
[<NoEquality; NoComparison>]
type internal TableColumn =
    {
        Name: string
        /// The name of the type, for errors.
        Type: string
        IsNumeric: bool
    }

/// The columns of tables.
module internal TableColumns =
    let private listed (names: string[]) =
        let first = String.Join(", ", Array.truncate 12 names)
        if names.Length <= 12 then first else first + ", …"

    let private quoted (name: string) = if isNull name then "null" else $"'{name}'"

    /// Returns the names of the columns of numbers.
    let numeric (columns: TableColumn[]) : string[] = columns |> Array.filter _.IsNumeric |> Array.map _.Name

    /// Returns a function that finds the index of the column of numbers with a name. Its error has the columns of this
    /// name: none, one without numbers, or several.
    let finder (columns: TableColumn[]) : string -> Result<int, TableColumn[]> =
        let places = Array.indexed columns |> Array.groupBy (fun (_, column) -> column.Name) |> dict

        fun name ->
            match (if isNull name then (false, [||]) else places.TryGetValue name) with
            | true, [| j, column |] when column.IsNumeric -> Ok j
            | true, others -> Error(Array.map snd others)
            | false, _ -> Error [||]

    /// Finds the columns of numbers with some names. The error is about an option; `what` begins its rule, which lists
    /// the names to choose from.
    let private find option what (offered: string[]) columns (names: string list) : Result<int list, GmmError> =
        let find = finder columns

        let rule =
            if offered.Length = 0 then
                $"{what} one column of numbers, of which the table has none"
            else
                $"{what} one column of numbers: {listed offered}"

        names
        |> GmmError.traverse (fun name ->
            find name
            |> Result.mapError (fun others ->
                let trouble =
                    match others with
                    | [||] -> "which the table lacks"
                    | [| column |] -> $"whose type is {column.Type}"
                    | several -> $"the name of {several.Length} columns"

                InvalidOption(option, rule, $"{quoted name}, {trouble}")))

    let private tryFindRepeated (names: string seq) : string option =
        names |> Seq.countBy id |> Seq.tryPick (fun (name, count) -> if count > 1 then Some name else None)

    /// Returns the indices of the columns with some names, in their order; without names, those of all columns of
    /// numbers but the one of weights. Error when a name is given twice; when the weights are no column of numbers, or
    /// one of the names; when another name is no column of numbers, with those to choose from; or when no column has
    /// numbers.
    let choose (weights: string option) (names: string seq) (columns: TableColumn[]) : Result<int[], GmmError> =
        result {
            let names = List.ofSeq names

            do!
                match tryFindRepeated names, weights with
                | Some name, _ ->
                    let value = $"{quoted name}, which is given twice"
                    Error(InvalidOption("Each name in Columns", "different from the others", value))
                | None, Some weights when List.contains weights names ->
                    let value = $"{quoted weights}, which is one of them"
                    Error(InvalidOption("Weights", "the name of a column that is not in Columns", value))
                | None, _ ->
                    Option.toList weights |> find "Weights" "the name of" (numeric columns) columns |> Result.map ignore

            let others = columns |> Array.filter (fun column -> Some column.Name <> weights)
            let offered = numeric others

            if names.IsEmpty && offered.Length = 0 then
                let types = others |> Array.map (fun column -> $"{column.Name}: {column.Type}") |> listed

                let rule, none =
                    match weights with
                    | None -> "a column of numbers", "there is no column"
                    | Some name -> $"a column of numbers beside {quoted name}", "there is no other column"

                return! Error(InvalidData(rule, (if others.Length = 0 then none else $"it has {types}")))
            elif names.IsEmpty then
                let isOffered (column: TableColumn) = column.IsNumeric && Some column.Name <> weights

                return
                    [| for j in 0 .. columns.Length - 1 do
                           if isOffered columns[j] then
                               j |]
            else
                return! names |> find "Each name in Columns" "that of" offered columns |> Result.map Array.ofList
        }

    /// Returns the numbers of a column. Throws `GmmException`, which names it, when they hold an integer that no
    /// float64 equals.
    let numbers (name: string) (read: unit -> Numbers) : Numbers =
        try
            read ()
        with InexactInteger(_, digits) ->
            let value =
                $"column '{name}' holds {digits}. Choose other columns if it is an id; otherwise subtract an offset"

            raise (GmmException(InvalidData("integers that float64 can have", value)))

    /// Makes a source of the columns with some names, or of all columns of numbers. `read` returns those of a column.
    let source (names: string seq) (columns: TableColumn[]) (read: int -> Numbers) : Result<Source, GmmError> =
        result {
            let! chosen = choose None names columns
            return! chosen |> Array.map (fun j -> numbers columns[j].Name (fun () -> read j)) |> Source.ofColumns
        }

    /// Returns an error unless every new column has a value for each row and a name of its own, other than those in
    /// use.
    let check (inUse: string seq) (rows: int64) (added: ResultColumn seq) : Result<unit, GmmError> =
        let inUse = List.ofSeq inUse
        let names = inUse @ [ for column in added -> column.Name ]

        match tryFindRepeated names, added |> Seq.tryFind (fun column -> int64 column.Rows <> rows) with
        | Some name, _ ->
            let isResult = added |> Seq.exists (fun column -> column.Name = name)
            let remedy = if isResult then "; rename or leave out a result" else ""
            let value = $"{quoted name}, which is given twice{remedy}"
            Error(InvalidOption("Each name of a column", "different from the others", value))
        | None, Some column ->
            let rule = $"""one value for {Display.each rows "row"}"""
            Error(InvalidOption($"The result {quoted column.Name}", rule, Display.count column.Rows "value"))
        | None, None -> Ok()

    /// Returns a quarter of the memory that this process may use: the default limit of decoded groups.
    let defaultMemory () = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4L
