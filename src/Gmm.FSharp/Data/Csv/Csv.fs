namespace Gmm

open System
open System.Collections.Generic
open System.Text.RegularExpressions
open CsvHelper

/// Reads CSV files (RFC 4180) as they come: with or without a header, labels and row names, in several dialects.
///
/// The reader decides what a column holds from all its cells, and the table's report says what it took each column for.
/// Where the cells allow several answers, the reader returns an error that names the option to set. The language of the
/// machine has no influence.
module Csv =
    /// The defaults: the reader detects the header, the separator, a decimal comma, labels and row names; missing cells
    /// are an error.
    let defaults =
        { Header = None
          Separator = None
          Decimal = None
          Thousands = None
          Columns = AllColumns
          Labels = Detect
          RowNames = Detect
          MissingWords = [ ""; "NA"; "N/A"; "#N/A"; "<NA>"; "NaN"; "null"; "?" ]
          Missing = Refuse }

    let private fail line column reason = raise (CsvTrouble(line, column, reason))

    /// Throws GmmException when an option breaks its rule.
    let private check (options: CsvOptions) =
        let isPunctuation mark = not (Char.IsLetterOrDigit mark || Char.IsControl mark || "\"+-".Contains mark)
        let separator, decimal, thousands = options.Separator, options.Decimal, options.Thousands
        let written mark = mark |> Option.map (sprintf "'%c'") |> Option.defaultValue ""

        GmmError.requireAll
            [ separator
              |> Option.forall (fun mark -> mark = '\t' || isPunctuation mark && Char.IsAscii mark && mark <> '.'),
              "Separator",
              "a mark such as ',' or ';', a tab or a space",
              written separator
              decimal |> Option.forall (fun mark -> mark = '.' || mark = ','), "Decimal", "'.' or ','", written decimal
              thousands |> Option.forall isPunctuation, "Thousands", "a mark or a space", written thousands
              thousands.IsNone || thousands <> decimal, "Thousands", "another mark than Decimal", written thousands ]
        |> GmmError.get

    // ── The header ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Whether numbers are written as the whole numbers n, n + 1, n + 2 …
    let private areConsecutive (first: int) (texts: string[]) =
        texts.Length > 0 && texts |> Array.mapi (fun i text -> text = string (first + i)) |> Array.forall id

    let private hasHeader (read: string -> Cell) (first: CellRow) (second: CellRow option) : bool =
        let isNumeric text = (read text).IsNumber || Dialect.isNumeric text
        let isMissing text = text <> "" && (read text).IsMissing

        if not (Array.exists isNumeric first.Cells) then
            match Array.tryFindIndex isMissing first.Cells with
            | Some j ->
                fail
                    first.Line
                    (j + 1)
                    $"The cell \"{first.Cells[j]}\" may be a missing cell or a name. Say with Header whether the first row is a header."
            | None -> Array.exists ((<>) "") first.Cells
        else
            // As pandas writes columns without names, after its index.
            first.Cells[0] = ""
            && areConsecutive 0 first.Cells[1..]
            && second |> Option.exists (fun row -> row.Cells[0] = "0")

    /// Raises CsvTrouble when the first row, which was taken for data, may be a header of numbers: 0, 1, 2 … above
    /// fractions, or years.
    let private refuseNumericHeader (first: CellRow) (cells: CsvCells[]) =
        let whole =
            [| 0 .. first.Cells.Length - 1 |] |> Array.filter (fun j -> Regex.IsMatch(first.Cells[j], @"^\d{1,4}$"))

        let texts = whole |> Array.map (fun j -> first.Cells[j])

        if texts.Length > 1 then
            let start = int texts[0]
            let isAboveFractions = whole |> Array.exists (fun j -> not cells[j].AreWhole)

            if areConsecutive start texts && (start = 0 && isAboveFractions || 1800 <= start && start <= 2200) then
                let texts = String.Join(", ", Array.truncate 3 texts)

                fail
                    first.Line
                    0
                    $"The row may be data or a header with the names {texts} … Say with Header which it is."

    /// Raises CsvTrouble when the separator that was detected may belong to the numbers of a single column.
    let private refuseDivisibleNumbers (dialect: Dialect) (firstLine: int) (cells: CsvCells[]) =
        let isWhole (column: CsvCells) = column.AreWhole && column.Odd.Count = 0
        let taken = [ Some dialect.Decimal; dialect.Thousands ]
        let isFree mark = dialect.Separator = mark && not (List.contains (Some mark) taken)
        let refuse reason = fail firstLine 0 reason

        if cells.Length = 2 && Array.forall isWhole cells then
            if isFree ',' then
                refuse
                    "The comma may separate two columns of whole numbers, or be the decimal comma of one column. Set Separator or Decimal to ','."
            elif isFree ' ' && cells[1].AreTriples then
                refuse
                    "The space may separate two columns of whole numbers, or groups of three digits. Set Separator or Thousands to a space."

    // ── The cells ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Raises CsvTrouble for the first cell of the data that is no number.
    let private requireNumbers (dialect: Dialect) hasHeader (firstLine: int) (columns: int[]) (cells: CsvCells[]) =
        let bad =
            [ for j in columns do
                  match cells[j].Odd |> Seq.tryFind (fun cell -> not cell.Cell.IsMissing) with
                  | Some cell -> cell, j
                  | None -> () ]

        if not bad.IsEmpty then
            let cell, j = bad |> List.minBy (fun (cell, j) -> cell.Row, j)

            if cell.Cell.IsNotFinite then
                fail cell.Line (j + 1) $"The cell must be a finite number, but is {cell.Text}."
            else
                let hint =
                    if cell.Line = firstLine && not hasHeader then
                        " If the first row is a header, say so with Header."
                    elif not (Dialect.isNumeric cell.Text) && cell.Text <> "" then
                        " If it stands for a missing cell, add it to MissingWords. If the column holds no data, name it in Labels or RowNames, or leave it out with Columns."
                    else
                        ""

                fail cell.Line (j + 1) (Dialect.notNumber dialect cell.Text + hint)

    /// Returns which rows to drop, and the number of missing cells. Raises CsvTrouble if the options refuse them.
    let private missing (options: CsvOptions) (columns: int[]) (cells: CsvCells[]) : HashSet<int> * int =
        let rows = cells[columns[0]].Numbers.Count

        let found =
            [| for j in columns do
                   for cell in cells[j].Odd do
                       if cell.Cell.IsMissing then
                           struct (cell.Row, j, cell) |]

        let incomplete = found |> Seq.map (fun struct (row, _, _) -> row) |> HashSet

        let isRefused =
            match options.Missing with
            | Refuse -> found.Length > 0
            | DropRows -> incomplete.Count = rows
            | Keep -> false

        if isRefused then
            let struct (_, j, first) = found |> Array.minBy (fun struct (row, j, _) -> struct (row, j))
            let text = if first.Text = "" then "is empty" else $"is \"{first.Text}\""

            let count =
                if found.Length = 1 then
                    $"""it is the only missing cell in {Display.count rows "row"}"""
                else
                    let have = if incomplete.Count = 1 then "has" else "have"

                    $"""{incomplete.Count} of {Display.count rows "row"} {have} {found.Length} missing cells, of which """
                    + "this is the first"

            let remedy =
                if incomplete.Count = rows then
                    "No row is complete. Leave out columns with Columns."
                else
                    "Have NaN in such cells by setting Missing to Keep, leave out such rows by setting Missing to DropRows, or columns with Columns."

            fail first.Line (j + 1) $"The cell {text}; {count}. {remedy}"

        match options.Missing with
        | Refuse
        | DropRows -> incomplete, found.Length
        | Keep -> HashSet(), found.Length

    // ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the dialect that the options state, completed from the beginning of the file, and the rows.
    let private dialect (options: CsvOptions) (path: string) : Dialect * seq<CellRow> =
        let sample = Dialect.sample path

        match Dialect.tryOtherEncoding sample with
        | Some line -> fail line 0 "The text is not UTF-8. Save the file as UTF-8."
        | None -> ()

        let separator =
            options.Separator
            |> Option.defaultWith (fun () ->
                Dialect.separator (Option.toList options.Decimal @ Option.toList options.Thousands) sample)

        let rows = Dialect.rows separator sample path

        let decimal =
            match options.Decimal, options.Thousands with
            | Some mark, _ -> mark
            | None, Some '.' -> ','
            | None, Some ',' -> '.'
            | None, _ when separator <> ',' && Dialect.hasDecimalCommas (Seq.truncate 1000 rows) -> ','
            | None, _ ->
                // Where semicolons separate the cells, numbers are often written as in continental Europe.
                match Dialect.tryUnclearPoint (Seq.truncate 1000 rows) with
                | Some(line, text) when separator = ';' ->
                    fail
                        line
                        0
                        $"The point in \"{text}\" may be a decimal point or separate thousands. Set Decimal or Thousands to '.'."
                | Some _
                | None -> '.'

        { Separator = separator
          Decimal = decimal
          Thousands = options.Thousands
          MissingWords = options.MissingWords },
        rows

    /// All cells of a file, column by column, and what the reader knows of its columns.
    [<NoEquality; NoComparison>]
    type private Content =
        {
            /// The line of the first row.
            FirstLine: int
            HasHeader: bool
            /// Whether the first column, if it has no name, may have row names.
            IsIndex: bool
            /// The names in the header; "" where there is none.
            Header: string[]
            /// The names of the columns; "column 1" … where the header has none.
            Names: string[]
            /// The columns that the options name.
            Asked: Roles.Asked
            Cells: CsvCells[]
        }

    /// Reads all cells. Raises CsvTrouble when rows have different lengths, or when a header or a separator is doubtful.
    let private content (options: CsvOptions) (dialect: Dialect) (rows: seq<CellRow>) : Content =
        let read = Dialect.cellReader dialect
        use rows = rows.GetEnumerator()
        let next () = if rows.MoveNext() then Some rows.Current else None
        let first = next () |> Option.defaultWith (fun () -> fail 0 0 "The file is empty.")
        let second = next ()
        let hasHeader = options.Header |> Option.defaultWith (fun () -> hasHeader read first second)

        // R writes no name above its row names.
        let isNameMissing = hasHeader && second |> Option.exists (fun row -> row.Cells.Length = first.Cells.Length + 1)

        let header =
            if isNameMissing then Array.append [| "" |] first.Cells
            elif hasHeader then first.Cells
            else Array.replicate first.Cells.Length ""

        let names = header |> Array.mapi (fun j name -> if name = "" then $"column {j + 1}" else name)
        let asked = Roles.asked options names
        let cells = Array.init names.Length (fun j -> CsvCells(Roles.keepsTexts asked header j))
        let mutable areFirstQuoted = true

        let add (row: CellRow) =
            if row.Cells.Length <> names.Length then
                let expected = if isNameMissing then "second" else "first"

                let hint =
                    if dialect.Separator = ',' && options.Separator.IsNone then
                        " If the numbers have decimal commas, set Decimal to ','."
                    else
                        ""

                fail
                    row.Line
                    0
                    $"""The row has {Display.count row.Cells.Length "cell"} and the {expected} row has {names.Length}.{hint}"""

            areFirstQuoted <- areFirstQuoted && row.IsFirstQuoted

            for j in 0 .. names.Length - 1 do
                cells[j].Add(row.Line, row.Cells[j], read row.Cells[j])

        if not hasHeader then
            add first

        Option.iter add second

        while rows.MoveNext() do
            add rows.Current

        if cells[0].Numbers.Count = 0 then
            fail 0 0 "The file has a header, but no rows."

        let areNamesSure = hasHeader && (not isNameMissing || areFirstQuoted)
        // R quotes its row names. If it is told not to, blanks or tabs usually separate them from the numbers.
        let mayCount = dialect.Separator = ' ' || dialect.Separator = '\t'

        let isIndex =
            header[0] = ""
            && cells[0].IsIndex
            && (areNamesSure || cells[0].Odd.Count = cells[0].Numbers.Count || mayCount && cells[0].IsCount)

        if options.Separator.IsNone && options.Columns.IsAllColumns && not areNamesSure then
            refuseDivisibleNumbers dialect first.Line cells

        if options.Header.IsNone && not hasHeader then
            refuseNumericHeader first cells

        { FirstLine = first.Line
          HasHeader = hasHeader
          IsIndex = isIndex
          Header = header
          Names = names
          Asked = asked
          Cells = cells }

    let private table (options: CsvOptions) (path: string) : Table =
        check options
        let dialect, rows = dialect options path
        let content = content options dialect rows
        let cells, names = content.Cells, content.Names

        let columns =
            Roles.decide
                options
                content.Asked
                content.HasHeader
                content.IsIndex
                content.Header
                names
                content.FirstLine
                cells

        let ofRole role =
            columns |> Array.filter (fun column -> column.Role = role) |> Array.map (fun column -> column.Number - 1)

        let data = content.Asked.Only |> Option.defaultValue (ofRole CsvRole.Data)

        if data.Length = 0 then
            fail content.FirstLine 0 "No column is left for the numbers."

        requireNumbers dialect content.HasHeader content.FirstLine data cells

        /// The columns whose missing cells count. Rows that are kept may have any label.
        let counted =
            match options.Missing with
            | Refuse
            | DropRows -> Array.append data (ofRole CsvRole.Labels)
            | Keep -> data

        let incomplete, missingCells = missing options counted cells
        let count = cells[0].Numbers.Count
        let kept = [| 0 .. count - 1 |] |> Array.filter (incomplete.Contains >> not)
        let values = Array.zeroCreate (kept.Length * data.Length)

        for i in 0 .. kept.Length - 1 do
            for j in 0 .. data.Length - 1 do
                values[i * data.Length + j] <- cells[data[j]].Numbers[kept[i]]

        let texts role =
            ofRole role
            |> Array.tryHead
            |> Option.map (fun j ->
                let texts = cells[j].Texts
                kept |> Array.map (fun row -> texts[row]))

        { Names = data |> Array.map (fun j -> names[j])
          Values = values
          Labels = texts CsvRole.Labels
          RowNames = texts CsvRole.RowNames
          Report =
            { Columns = columns
              FileRows = count
              DroppedRows = incomplete.Count
              MissingCells = missingCells
              Header = content.HasHeader
              Separator = dialect.Separator
              Decimal = dialect.Decimal } }

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Reads a file with the given options. Error when an option breaks its rule or names no column; other errors as
    /// `read`.
    let readWith (options: CsvOptions) (path: string) : Result<Table, GmmError> =
        let unreadable line column reason = Error(UnreadableFile(path, line, column, reason))

        let work () =
            try
                Ok(table options path)
            with
            | CsvTrouble(line, column, reason) -> unreadable line column reason
            | :? GmmException as trouble -> Error trouble.Error
            | :? CsvFormatException as error -> unreadable (int error.LineNumber) 0 error.Message

        Files.attempt path work |> Result.bind id

    /// Reads a file with the defaults. Error when there is no such file, when it has no rows, when a row has more or
    /// fewer cells than the first, when a cell of the data is missing or is not a finite number (the error names its
    /// line and column, from 1), or when the file allows several readings (the error names the option to set).
    let read (path: string) : Result<Table, GmmError> = readWith defaults path

    /// Returns the numbers of a table as data, without a copy. Throws GmmException for a hand-made table whose numbers
    /// don't fill whole rows.
    let source (table: Table) : Source = Source.ofMemory table.Columns (ReadOnlyMemory table.Values) |> GmmError.get
