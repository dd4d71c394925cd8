namespace Gmm

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open System.Text.RegularExpressions
open CsvHelper

/// Says where and why a CSV file can't be read. Line and column count from 1; 0 stands for no position.
exception internal CsvTrouble of line: int * column: int * reason: string

/// What a cell holds.
[<RequireQualifiedAccess; Struct>]
type internal Cell =
    /// A finite number.
    | Number of value: float
    /// An empty cell, or a word that stands for one.
    | Missing
    /// A number that is infinite or NaN.
    | NotFinite
    /// A text that begins with a letter.
    | Word
    /// Another text, perhaps a number as others write it.
    | Other

/// A row of cells.
[<Struct>]
type internal CellRow =
    {
        /// The line on which the row begins, from 1.
        Line: int
        Cells: string[]
        /// Whether the first cell is in quotes.
        IsFirstQuoted: bool
    }

/// How a CSV file separates its cells, and how it writes numbers and missing cells.
type internal Dialect =
    {
        /// The character between two cells; a space stands for runs of spaces and tabs.
        Separator: char
        Decimal: char
        Thousands: char option
        MissingWords: string list
    }

/// Finds the dialect of a file, and reads rows and cells in it.
module internal Dialect =
    /// What stands in a character class for a separator of thousands.
    let private thousandsClass thousands =
        match thousands with
        | ' ' -> @"[ \u00A0\u202F]"
        | '\'' -> "['’]"
        | mark -> Regex.Escape(string mark)

    /// Returns a pattern of numbers with groups of three digits.
    let private grouped thousands decimal =
        let mark, decimal = thousandsClass thousands, Regex.Escape(string<char> decimal)
        Regex($@"^[+-]?\d{{1,3}}(?:{mark}\d{{3}})+(?:{decimal}\d*)?(?:[eE][+-]?\d+)?$")

    /// Whether a text consists of digits and marks, as numbers of some dialect do.
    let isNumeric (text: string) =
        Regex.IsMatch(text, @"^[+-]?[\d.,'’ \u00A0\u202F]*\d[\d.,'’ \u00A0\u202F]*(?:[eE][+-]?\d+)?%?$")

    /// Whether a text is a number with a decimal comma.
    let private hasDecimalComma (text: string) = Regex.IsMatch(text, @"^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$")

    /// Whether the comma of a number can't separate thousands.
    let private isDecimalComma (text: string) =
        hasDecimalComma text && not (Regex.IsMatch(text, @"^[+-]?[1-9]\d{0,2},\d{3}$"))

    // ── Cells ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a function that tells what a cell holds.
    let cellReader (dialect: Dialect) : string -> Cell =
        let format = CultureInfo.InvariantCulture.NumberFormat.Clone() :?> NumberFormatInfo
        format.NumberDecimalSeparator <- string dialect.Decimal
        format.NumberGroupSeparator <- if dialect.Decimal = '.' then "," else "."
        let missing = HashSet(dialect.MissingWords, StringComparer.OrdinalIgnoreCase)

        let ungrouped: string -> string =
            match dialect.Thousands with
            | None -> id
            | Some thousands ->
                let pattern = grouped thousands dialect.Decimal
                let mark = Regex(thousandsClass thousands)
                fun text -> if pattern.IsMatch text then mark.Replace(text, "") else text

        fun text ->
            if missing.Contains text then
                Cell.Missing
            else
                match Double.TryParse(ungrouped text, NumberStyles.Float, format) with
                | true, number when Double.IsFinite number -> Cell.Number number
                | true, _ -> Cell.NotFinite
                | false, _ when text <> "" && Char.IsLetter text[0] -> Cell.Word
                | false, _ -> Cell.Other

    /// Says why a cell is no number, and which option would make it one.
    let notNumber (dialect: Dialect) (text: string) : string =
        let isGrouped thousands decimal = (grouped thousands decimal).IsMatch text

        let remedy =
            if dialect.Decimal = '.' && hasDecimalComma text && isGrouped ',' '.' then
                " If it has a decimal comma, set Decimal to ','; if the comma separates thousands, set Thousands to ','."
            elif dialect.Decimal = '.' && hasDecimalComma text then
                " If it has a decimal comma, set Decimal to ','."
            elif isGrouped '.' ',' && text.Contains ',' then
                " If it has a decimal comma and points between thousands, set Decimal to ',' and Thousands to '.'."
            elif dialect.Decimal = ',' && isGrouped '.' ',' then
                " If the point separates thousands, set Thousands to '.'; if it is a decimal point, set Decimal to '.'."
            elif dialect.Decimal = ',' && Regex.IsMatch(text, @"^[+-]?\d*\.\d+(?:[eE][+-]?\d+)?$") then
                " If it has a decimal point, set Decimal to '.'."
            else
                match [ ','; ' '; '\'' ] |> List.tryFind (fun mark -> isGrouped mark dialect.Decimal) with
                | Some mark -> $" If the digits are grouped in threes, set Thousands to \"{mark}\"."
                | None when dialect.Separator <> ' ' && Regex.IsMatch(text, @"^[^ \t]*\d[^ \t]*[ \t]+[^ \t]") ->
                    " If spaces separate the cells, set Separator to a space."
                | None -> ""

        if text = "" then
            "The cell must be a number, but is empty."
        else
            $"The cell must be a number, but is \"{text}\".{remedy}"

    // ── Rows ────────────────────────────────────────────────────────────────────────────────────────────────────────

    let private blankRows (path: string) : seq<CellRow> =
        let cells = Regex("\"((?:[^\"]|\"\")*)\"(?=[ \t]|$)|[^ \t]+")

        File.ReadLines path
        |> Seq.mapi (fun i text ->
            let found = cells.Matches text |> Array.ofSeq
            let isQuoted (cell: Match) = cell.Groups[1].Success

            { Line = i + 1
              Cells =
                found
                |> Array.map (fun cell ->
                    if isQuoted cell then
                        cell.Groups[1].Value.Replace("\"\"", "\"").Trim()
                    else
                        cell.Value)
              IsFirstQuoted = found.Length > 0 && isQuoted found[0] })
        |> Seq.filter (fun row -> row.Cells.Length > 0)

    let private separatedRows (separator: char) (path: string) : seq<CellRow> =
        let options =
            CsvReaderOptions(
                HasHeader = false,
                Separator = Nullable separator,
                DetectSeparatorHint = false,
                MalformedData = CsvMalformedDataHandling.Throw,
                // A tab that separates cells is no blank around them.
                WhitespaceCharacters = (if separator = '\t' then " " else " \t"),
                TrimWhitespace = true,
                TrimInsideQuotes = true,
                TrackLineNumbers = true
            )

        seq {
            use reader = CsvReader.FromFile(path, options)

            while reader.Read() do
                let first = reader.GetRawSpan 0

                { Line = int reader.LineNumber
                  Cells = Array.init reader.FieldCount reader.GetString
                  IsFirstQuoted = first.TrimStart(" "B.AsSpan()).StartsWith("\""B.AsSpan()) }
        }

    /// The line with which Excel states the separator, as in `sep=;`.
    let private stated (sample: string) : char option =
        let found = Regex.Match(sample, @"^sep=(.)\r?(?:\n|$)", RegexOptions.IgnoreCase)
        if found.Success then Some found.Groups[1].Value[0] else None

    /// Reads the rows of a file, one after another.
    let rows (separator: char) (sample: string) (path: string) : seq<CellRow> =
        let rows = if separator = ' ' then blankRows path else separatedRows separator path
        if (stated sample).IsSome then Seq.tail rows else rows

    // ── Detection ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the first lines of a file.
    let sample (path: string) : string =
        use reader = new StreamReader(path)
        let buffer: char[] = Array.zeroCreate 65536
        let length = reader.ReadBlock(buffer, 0, buffer.Length)
        let text = String(buffer, 0, length)
        // The last line may be incomplete.
        let last = if reader.Peek() < 0 then -1 else text.LastIndexOf '\n'
        if last < 0 then text else text.Substring(0, last)

    /// Returns the separator that divides all first lines alike: a semicolon, a tab, a bar, a comma, or blanks. Blanks
    /// that belong to numbers separate no cells; nor do commas, unless cells with commas are in quotes.
    let separator (inNumbers: char list) (sample: string) : char =
        let unquoted = Regex.Replace(sample, "\"(?:[^\"]|\"\")*\"", "\"\"")

        let lines = unquoted.Split('\n') |> Array.map _.TrimEnd('\r') |> Array.filter (String.IsNullOrWhiteSpace >> not)

        let areBlanks = not (List.contains ' ' inNumbers)
        let isComma = not (List.contains ',' inNumbers) || Regex.IsMatch(sample, "\"[^\"\n]*,[^\"\n]*\"")
        let count (mark: char) (line: string) = line.AsSpan().Count mark

        /// Whether all lines have the same number of cells; the header may lack the name of the first column.
        let isAlike (cells: int[]) =
            let others = cells |> Array.truncate 2 |> Array.tryLast |> Option.defaultValue 0
            others > 1 && Seq.forall ((=) others) (Seq.skip 1 cells) && (cells[0] = others || cells[0] = others - 1)

        let cells mark = lines |> Array.map (count mark >> (+) 1)
        // A tab between numbers that spaces divide is one of the blanks.
        let areBlanksInCells = areBlanks && lines |> Array.exists (fun line -> Regex.IsMatch(line, @"[\d.] +[-+.\d]"))
        let blanks = lines |> Array.map (fun line -> Regex.Matches(line, @"[^ \t]+").Count)

        // Commas between digits may be decimal commas of numbers that blanks separate.
        let isComma =
            isComma
            && not (
                areBlanks
                && isAlike blanks
                && Array.forall (fun (line: string) -> Regex.Count(line, @"(?<=\d),(?=\d)") = count ',' line) lines
            )

        let marks =
            [ ';'
              if not areBlanksInCells then
                  '\t'
              '|'
              if isComma then
                  ',' ]

        match stated sample with
        | Some mark -> mark
        | None ->
            match marks |> List.tryFind (cells >> isAlike) with
            | Some mark -> mark
            | None when
                areBlanks
                && isAlike blanks
                && marks |> List.forall (fun mark -> Array.forall (count mark >> (=) 0) lines)
                ->
                ' '
            | None ->
                let most = marks |> List.maxBy (fun mark -> Array.sumBy (count mark) lines)

                if Array.exists (count most >> (<) 0) lines then most
                elif isComma then ','
                else ';'

    /// A number whose point may separate thousands: three digits follow it, and one to three without a leading 0 precede it.
    let private groupOfThree = Regex @"^[+-]?[1-9]\d{0,2}\.\d{3}$"

    /// Returns the line and the text of the first cell whose point may be a decimal point or separate thousands, if that is so
    /// for all points in some rows.
    let tryUnclearPoint (rows: seq<CellRow>) : (int * string) option =
        let cells =
            [| for row in rows do
                   for cell in row.Cells do
                       if isNumeric cell && cell.Contains '.' then
                           row.Line, cell |]

        if cells |> Array.forall (snd >> groupOfThree.IsMatch) then
            Array.tryHead cells
        else
            None

    /// Returns the line of the first character that isn't in UTF-8, if there is one in a text.
    let tryOtherEncoding (text: string) : int option =
        match text.IndexOf '\uFFFD' with
        | -1 -> None
        | place -> Some(1 + text.AsSpan(0, place).Count '\n')

    /// Whether the cells of some rows, which a comma doesn't separate, can only have decimal commas: one comma can't
    /// separate thousands, and no number has a decimal point.
    let hasDecimalCommas (rows: seq<CellRow>) : bool =
        let cells = rows |> Seq.collect _.Cells |> Seq.filter isNumeric |> Array.ofSeq
        let isPossible (text: string) = not (text.Contains '.') && (hasDecimalComma text || not (text.Contains ','))
        Array.exists isDecimalComma cells && Array.forall isPossible cells
