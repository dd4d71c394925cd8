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

    /// Returns the indices of the columns with some names, in their order; without names, those of all columns of
    /// numbers. Error when there is no such column, when its cells aren't numbers, when a name is that of several
    /// columns or is given twice, or when no column has numbers; it lists the columns of numbers.
    let choose (names: string seq) (columns: TableColumn[]) : Result<int[], GmmError> =
        let numeric =
            [| for j in 0 .. columns.Length - 1 do
                   if columns[j].IsNumeric then
                       j |]

        let names = Array.ofSeq names

        let rule =
            $"names of columns of numbers ({listed [| for j in numeric -> columns[j].Name |]}), each at most once"

        let places = lazy (Array.indexed columns |> Array.groupBy (fun (_, column) -> column.Name) |> dict)

        let find name =
            let invalid value = Error(InvalidOption("Columns", rule, value))

            match places.Value.TryGetValue name with
            | true, [| j, column |] when column.IsNumeric -> Ok j
            | true, [| _, column |] -> invalid $"'{name}', whose type is {column.Type}"
            | true, several -> invalid $"'{name}', the name of {several.Length} columns"
            | false, _ -> invalid $"'{name}', which is no column"

        if names.Length = 0 && numeric.Length = 0 then
            let types = columns |> Array.map (fun column -> $"{column.Name}: {column.Type}") |> listed
            let value = if columns.Length = 0 then "there is no column" else $"it has {types}"
            Error(InvalidData("a column of numbers", value))
        elif names.Length = 0 then
            Ok numeric
        else
            match names |> Array.countBy id |> Array.tryFind (fun (_, count) -> count > 1) with
            | Some(name, _) -> Error(InvalidOption("Columns", rule, $"'{name}', given twice"))
            | None -> names |> List.ofArray |> GmmError.traverse find |> Result.map Array.ofList

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
            let! chosen = choose names columns
            return! chosen |> Array.map (fun j -> numbers columns[j].Name (fun () -> read j)) |> Source.ofColumns
        }

    /// Returns the names of the columns of numbers.
    let numeric (columns: TableColumn[]) : string[] = columns |> Array.filter _.IsNumeric |> Array.map _.Name

    /// Returns an error unless every new column has a value for each row and a name of its own, other than those in
    /// use.
    let check (inUse: string seq) (rows: int64) (added: ResultColumn seq) : Result<unit, GmmError> =
        let names = [ yield! inUse; for column in added -> column.Name ]

        let twice =
            names |> List.countBy id |> List.tryPick (fun (name, count) -> if count > 1 then Some name else None)

        match twice, added |> Seq.tryFind (fun column -> int64 column.Rows <> rows) with
        | Some name, _ -> Error(InvalidOption("Columns", "of different names", $"'{name}' twice"))
        | None, Some column ->
            let value = $"{column.Rows} values of '{column.Name}'"
            Error(InvalidOption("Columns", $"one value for each of the {rows} rows", value))
        | None, None -> Ok()

    /// Returns a quarter of the memory that this process may use: the default limit of decoded groups.
    let defaultMemory () = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4L
