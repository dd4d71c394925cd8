namespace Gmm

open System
open System.Globalization
open System.IO
open CsvHelper

/// The content of a CSV file: numbers with column names, and perhaps labels.
type Table =
    {
        /// The names of the D numeric columns; "column 1" … when the file has none.
        Names: string[]
        /// The N×D numbers, row by row.
        Values: float[]
        /// The label of every row (N), when the last column holds labels.
        Labels: string[] option
    }

    /// The number of features, D.
    member table.Columns = table.Names.Length
    /// The number of rows, N.
    member table.Rows = table.Values.Length / table.Names.Length

/// Options for reading a CSV file; start from `Csv.defaults`.
type CsvOptions =
    {
        /// Whether the first row holds the column names. With None, it does when none of its cells is a number.
        Header: bool option
        /// The character between two cells. With None, the reader detects a comma, a semicolon, a tab or a bar.
        Separator: char option
    }

/// Reads CSV files (RFC 4180). The decimal separator is a point, whatever the language of the machine.
///
/// The last column holds labels when its name is `label` or `class`, or when its cells are not numbers. Every other
/// cell must be a finite number: for an empty cell, NaN or a word the error is `UnreadableFile` with its line and
/// column, from 1.
module Csv =
    /// The defaults: the reader detects the separator and the header.
    let defaults = { Header = None; Separator = None }

    /// Says where and why a file can't be read.
    exception private Trouble of line: int * column: int * reason: string

    let private tryNumber (cell: string) =
        match Double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, number -> Some number
        | false, _ -> None

    let private isNumber = tryNumber >> Option.isSome

    /// The layout of all rows, as the first rows show it.
    type private Layout =
        {
            /// The number of cells in every row, labels included.
            Width: int
            /// The names of the numeric columns.
            Names: string[]
            /// Whether the last column holds labels.
            HasLabels: bool
            /// Whether the labels may be any text; otherwise they must not be numbers.
            IsNamed: bool
        }

    /// Reads the rows of cells with their line numbers, one after another.
    let private lines (options: CsvOptions) (path: string) : seq<int * string[]> =
        let options =
            CsvReaderOptions(
                HasHeader = false,
                Separator = Option.toNullable options.Separator,
                MalformedData = CsvMalformedDataHandling.Throw,
                TrimWhitespace = true,
                TrimInsideQuotes = true,
                TrackLineNumbers = true
            )

        seq {
            use reader = CsvReader.FromFile(path, options)

            while reader.Read() do
                int reader.LineNumber, Array.init reader.FieldCount reader.GetString
        }

    let private layout (options: CsvOptions) (first: string[]) (second: string[] option) : Layout * bool =
        let hasHeader = options.Header |> Option.defaultValue (not (Array.exists isNumber first))
        let isLabelName (name: string) = List.contains (name.ToLowerInvariant()) [ "label"; "class" ]
        let isWord (cell: string) = cell <> "" && not (isNumber cell)
        let firstRow = if hasHeader then second else Some first

        let isNamed = hasHeader && isLabelName (Array.last first)

        let hasLabels = isNamed || first.Length > 1 && firstRow |> Option.exists (Array.last >> isWord)

        let name j = if hasHeader && first[j] <> "" then first[j] else $"column {j + 1}"

        { Width = first.Length
          Names = Array.init (if hasLabels then first.Length - 1 else first.Length) name
          HasLabels = hasLabels
          IsNamed = isNamed },
        hasHeader

    let private checkWidth (layout: Layout) line (cells: string[]) =
        if cells.Length <> layout.Width then
            raise (Trouble(line, 0, $"The row has {cells.Length} cells and the first row has {layout.Width}."))

    /// Returns the number in a cell.
    let private number line (cells: string[]) j =
        match tryNumber cells[j] with
        | Some number when Double.IsFinite number -> number
        | Some _ -> raise (Trouble(line, j + 1, $"The cell must be a finite number, but is {cells[j]}."))
        | None when cells[j] = "" -> raise (Trouble(line, j + 1, "The cell must be a number, but is empty."))
        | None ->
            let hint = if line = 1 then " If the first row is a header, say so with Header." else ""

            raise (Trouble(line, j + 1, $"The cell must be a number, but is \"{cells[j]}\".{hint}"))

    /// Returns the label in the last cell.
    let private label (layout: Layout) line (cells: string[]) =
        match Array.last cells with
        | "" -> raise (Trouble(line, layout.Width, "The cell must be a label, but is empty."))
        | cell when not layout.IsNamed && isNumber cell ->
            raise (
                Trouble(line, layout.Width, $"The cell is {cell}, but the first cell of its column is not a number.")
            )
        | cell -> cell

    let private table (options: CsvOptions) (lines: seq<int * string[]>) : Table =
        use lines = lines.GetEnumerator()
        let next () = if lines.MoveNext() then Some lines.Current else None

        let first = next () |> Option.defaultWith (fun () -> raise (Trouble(0, 0, "The file is empty.")))
        let second = next ()
        let layout, hasHeader = layout options (snd first) (Option.map snd second)

        if layout.Names.Length = 0 then
            raise (Trouble(fst first, 0, "The only column has labels; there are no numbers."))

        let values = ResizeArray<float>()
        let labels = ResizeArray<string>()

        let add (line, cells) =
            checkWidth layout line cells

            for j in 0 .. layout.Names.Length - 1 do
                values.Add(number line cells j)

            if layout.HasLabels then
                labels.Add(label layout line cells)

        let rec addAll row =
            match row with
            | Some row ->
                add row
                addAll (next ())
            | None -> ()

        if not hasHeader then
            add first

        addAll second

        if values.Count = 0 then
            raise (Trouble(0, 0, "The file has a header, but no rows."))

        { Names = layout.Names
          Values = values.ToArray()
          Labels = if layout.HasLabels then Some(labels.ToArray()) else None }

    /// Reads a file with the given options. Errors as `read`.
    let readWith (options: CsvOptions) (path: string) : Result<Table, GmmError> =
        let unreadable line column reason = Error(UnreadableFile(path, line, column, reason))

        try
            Ok(table options (lines options path))
        with
        | Trouble(line, column, reason) -> unreadable line column reason
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> unreadable 0 0 "There is no such file."
        | :? UnauthorizedAccessException
        | :? IOException when Directory.Exists path -> unreadable 0 0 "This is a folder, not a file."
        | :? CsvFormatException as error -> unreadable (int error.LineNumber) 0 error.Message
        | :? ArgumentException
        | :? UnauthorizedAccessException
        | :? IOException as error -> unreadable 0 0 error.Message

    /// Reads a file of numbers, with or without a header, with or without labels in its last column. Error when there
    /// is no such file, when it has no rows, when a row has more or fewer cells than the first, or when a cell is not a
    /// number.
    let read (path: string) : Result<Table, GmmError> = readWith defaults path

    /// Returns the numbers of a table as data, without a copy. Throws GmmException for a hand-made table whose numbers
    /// don't fill whole rows.
    let source (table: Table) : Source = Source.ofMemory table.Columns (ReadOnlyMemory table.Values) |> GmmError.get
