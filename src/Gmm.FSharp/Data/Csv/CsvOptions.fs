namespace Gmm

open System

/// Identifies a column of a CSV file.
type CsvColumn =
    /// The column with this name in the header.
    | Named of name: string
    /// The column with this number, counting from 1.
    | Numbered of number: int

/// Chooses the columns that hold data.
type CsvColumns =
    /// All columns but those of the labels and of the row names. A column of words is then an error.
    | AllColumns
    /// These columns, in this order.
    | Only of CsvColumn list
    /// All columns but these, and but those of the labels and of the row names.
    | Without of CsvColumn list

/// Chooses the column of the labels, or that of the row names.
type CsvChoice =
    /// The reader finds the column, or finds that there is none.
    | Detect
    /// The file has no such column.
    | NoColumn
    /// This column.
    | In of CsvColumn

/// What to do with missing cells.
type MissingCells =
    /// Return an error that counts them and names the first missing cell.
    | Refuse
    /// Leave rows with missing cells out, and count them in the report.
    | DropRows
    /// Keep all rows. A missing cell of the data is NaN, which `Gmm.fit` takes with the option `Missing.Fit`.
    | Keep

/// Options for reading a CSV file; start from `Csv.defaults`.
type CsvOptions =
    {
        /// Whether the first row holds the column names. With None, it does when none of its cells is a number.
        Header: bool option
        /// The character between two cells; a space stands for runs of spaces and tabs. With None, the reader detects a
        /// comma, a semicolon, a tab, a bar, or runs of spaces and tabs.
        Separator: char option
        /// The decimal mark, '.' or ','. With None it is a point, unless the separator is no comma and the first 1000
        /// rows can only have decimal commas.
        Decimal: char option
        /// The character that separates groups of three digits, as the comma in 12,345.6. A space stands for a
        /// non-breaking space, too. With None, digits are not grouped.
        Thousands: char option
        /// The columns that hold data.
        Columns: CsvColumns
        /// The column of the labels. The reader detects a column whose name is label, labels, class or species, or
        /// otherwise the only column of words.
        Labels: CsvChoice
        /// The column of the row names. The reader detects a first column that has no name, if its cells are different
        /// words or whole numbers, and a column of words whose name is id, name, key or index.
        RowNames: CsvChoice
        /// The words for a missing cell; upper and lower case are the same. The empty word stands for an empty cell.
        MissingWords: string list
        /// What to do with missing cells.
        Missing: MissingCells
    }

/// What the reader took a column for.
[<RequireQualifiedAccess>]
type CsvRole =
    /// One of the features.
    | Data
    /// The label of every row.
    | Labels
    /// The name of every row.
    | RowNames
    /// None of these.
    | LeftOut

/// What the reader took a column for, and why.
type CsvColumnReport =
    {
        /// The number of the column in the file, from 1.
        Number: int
        /// The name of the column; "column 1" … when it has none.
        Name: string
        /// What the reader took the column for.
        Role: CsvRole
        /// Why the reader took the column for labels or row names, or left it out; empty for data.
        Reason: string
    }

/// What the reader took from a CSV file, and what it left out.
[<Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type CsvReport =
    {
        /// Every column of the file, in its order.
        Columns: CsvColumnReport[]
        /// The number of rows in the file, without the header.
        FileRows: int
        /// How many of these rows were dropped, because they have missing cells.
        DroppedRows: int
        /// The number of missing cells: in the dropped rows, or, if they are kept, in the data.
        MissingCells: int
        /// Whether the first row holds the column names.
        Header: bool
        /// The character between two cells; a space stands for runs of spaces and tabs.
        Separator: char
        /// The decimal mark, '.' or ','.
        Decimal: char
    }

    /// The report as text, a line for each fact: the data, the labels, the row names, the columns left out, the rows
    /// dropped, and the format.
    member report.Summary: string =
        let ofRole role = report.Columns |> Array.filter (fun column -> column.Role = role)

        let names (columns: CsvColumnReport[]) =
            let names = columns |> Array.map _.Name

            if names.Length <= 12 then
                String.Join(", ", names)
            else
                let first = String.Join(", ", names[..9])
                $"{first}, …, {names[names.Length - 1]}"

        let withReasons (columns: CsvColumnReport[]) =
            columns
            |> Array.groupBy _.Reason
            |> Array.map (fun (reason, columns) -> $"{names columns} ({reason})")
            |> String.concat ", "

        let mark character =
            match character with
            | ',' -> "commas"
            | ';' -> "semicolons"
            | '\t' -> "tabs"
            | '|' -> "bars"
            | ' ' -> "spaces or tabs"
            | other -> $"\"{other}\""

        let data, labels = ofRole CsvRole.Data, ofRole CsvRole.Labels
        let rowNames, leftOut = ofRole CsvRole.RowNames, ofRole CsvRole.LeftOut
        let kept = Display.count (int64 (report.FileRows - report.DroppedRows)) "row"

        [ $"""data: {kept} of {Display.count data.Length "column"}: {names data}"""
          if labels.Length = 0 then "labels: none" else $"labels: {withReasons labels}"
          if rowNames.Length > 0 then
              $"row names: {withReasons rowNames}"
          if leftOut.Length > 0 then
              $"left out: {withReasons leftOut}"
          if report.DroppedRows > 0 then
              $"""dropped: {report.DroppedRows} of {Display.count report.FileRows "row"}, with {Display.count report.MissingCells "missing cell"}"""
          elif report.MissingCells > 0 then
              $"""missing: {report.MissingCells} of {Display.count (int64 report.FileRows * int64 data.Length) "cell"}"""
          let header = if report.Header then "a header" else "no header"
          let point = if report.Decimal = ',' then "commas" else "points"
          $"format: {header}, {mark report.Separator} between cells, decimal {point}" ]
        |> String.concat "\n"

    /// Returns the summary.
    override report.ToString() = report.Summary

/// The content of a CSV file: numbers with column names, and perhaps labels and row names.
[<Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Table =
    {
        /// The names of the D columns of data; "column 1" … when the file has none.
        Names: string[]
        /// The N×D numbers, row by row.
        Values: float[]
        /// The label of every row (N), when a column holds labels.
        Labels: string[] option
        /// The name of every row (N), when a column holds row names.
        RowNames: string[] option
        /// What the reader took each column for, and what it left out.
        Report: CsvReport
    }

    /// The number of features, D.
    member table.Columns = table.Names.Length
    /// The number of rows, N.
    member table.Rows = table.Values.Length / table.Names.Length

    /// Returns the summary of the report.
    override table.ToString() = table.Report.Summary
