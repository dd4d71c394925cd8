namespace Gmm

open System
open System.Globalization
open System.IO
open CsvHelper

/// Numbers with names and perhaps labels, as a file has them.
type Table =
    {
        /// The names of the D numeric columns; "column 1" … where the file has none.
        Names: string[]
        /// The N×D numbers, row by row.
        Values: float[]
        /// The label of every row (N), when the last column has labels.
        Labels: string[] option
    }

    /// How many features, D.
    member table.Columns = table.Names.Length
    /// How many rows, N.
    member table.Rows = table.Values.Length / table.Names.Length

/// How to read a CSV file; start from `Csv.defaults`.
type CsvOptions =
    {
        /// Whether the first row has the names of the columns; None when the file shall tell: then it is a header if none
        /// of its cells is a number.
        Header: bool option
        /// What stands between two cells; None when the file shall tell: a comma, a semicolon, a tab or a bar.
        Separator: char option
    }

/// Reading CSV files (RFC 4180) with points in the numbers, whatever the language of the machine.
///
/// The last column has labels when it is named `label` or `class`, or when its cells are no numbers. Every other cell must
/// be a finite number: an empty cell, NaN or a word is `UnreadableFile` with its line and column, counted from 1.
module Csv =
    /// The file tells what separates its cells and whether it has a header.
    let defaults = { Header = None; Separator = None }

    /// Where and why a file can't be read.
    exception private Trouble of line: int * column: int * reason: string

    let private tryNumber (cell: string) =
        match Double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, number -> Some number
        | false, _ -> None

    let private isNumber = tryNumber >> Option.isSome

    /// What the first rows say about all rows.
    type private Layout =
        {
            /// The cells of every row, labels included.
            Width: int
            /// The names of the numeric columns.
            Names: string[]
            /// Whether the last column has labels.
            HasLabels: bool
            /// Whether these may be anything; otherwise they are words.
            IsNamed: bool
        }

    /// The rows of cells with their line numbers, one after another.
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

    /// The number in a cell.
    let private number line (cells: string[]) j =
        match tryNumber cells[j] with
        | Some number when Double.IsFinite number -> number
        | Some _ -> raise (Trouble(line, j + 1, $"The cell must be a finite number, but is {cells[j]}."))
        | None when cells[j] = "" -> raise (Trouble(line, j + 1, "The cell must be a number, but is empty."))
        | None ->
            let hint = if line = 1 then " If the first row is a header, say so with Header." else ""

            raise (Trouble(line, j + 1, $"The cell must be a number, but is \"{cells[j]}\".{hint}"))

    /// The label in the last cell.
    let private label (layout: Layout) line (cells: string[]) =
        match Array.last cells with
        | "" -> raise (Trouble(line, layout.Width, "The cell must be a label, but is empty."))
        | cell when not layout.IsNamed && isNumber cell ->
            raise (Trouble(line, layout.Width, $"The cell is {cell}, but the first one of its column is no number."))
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

    /// Reads a file with options of your own.
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

    /// Reads a file of numbers, with or without a header, with or without labels in its last column. Error when there is no
    /// such file, when it has no rows, when a row has more or fewer cells than the first, or when a cell is no number.
    let read (path: string) : Result<Table, GmmError> = readWith defaults path

    /// The numbers of a table as data, read in place. Throws GmmException for a table made by hand whose numbers are no whole
    /// number of rows.
    let source (table: Table) : Source = Source.ofMemory table.Columns (ReadOnlyMemory table.Values) |> GmmError.get
