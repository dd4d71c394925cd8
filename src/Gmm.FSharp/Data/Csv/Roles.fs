namespace Gmm

open System
open System.Collections.Generic

/// A cell of a column that is no number.
[<Struct>]
type internal OddCell =
    { Row: int
      Line: int
      Text: string
      Cell: Cell }

/// The cells of one column, row by row.
type internal CsvCells(keepsTexts: bool) =
    let numbers = ResizeArray<float>()
    let texts = ResizeArray<string>()
    let odd = ResizeArray<OddCell>()
    let mutable areWhole = true
    let mutable areTriples = true

    /// The number of every row; NaN where the cell is none.
    member _.Numbers = numbers

    /// The cells that are no numbers.
    member _.Odd = odd

    /// Whether every number consists of digits, perhaps with a sign.
    member _.AreWhole = areWhole

    /// Whether every number consists of three digits.
    member _.AreTriples = areWhole && areTriples

    member _.Add(line: int, text: string, cell: Cell) =
        match cell with
        | Cell.Number number ->
            areTriples <- areTriples && text.Length = 3
            areWhole <- areWhole && text.AsSpan().TrimStart("+-").IndexOfAnyExceptInRange('0', '9') < 0
            numbers.Add number
        | _ ->
            odd.Add
                { Row = numbers.Count
                  Line = line
                  Text = text
                  Cell = cell }

            numbers.Add nan

        if keepsTexts then
            texts.Add text

    /// The text of every row, if the column keeps its texts or has no numbers.
    member _.Texts: string[] = if keepsTexts then texts.ToArray() else odd |> Seq.map _.Text |> Array.ofSeq

    /// Whether the column has words, and else only missing cells.
    member _.IsText =
        odd.Count = numbers.Count
        && odd.Exists(fun cell -> cell.Cell.IsWord)
        && odd.TrueForAll(fun cell -> cell.Cell.IsWord || cell.Cell.IsMissing)

    /// Whether all cells are empty.
    member _.IsEmpty = odd.Count = numbers.Count && odd.TrueForAll(fun cell -> cell.Text = "")

    /// Whether the cells are different words or whole numbers, none of them empty. The column keeps its texts.
    member _.IsIndex =
        areWhole
        && HashSet(texts).Count = texts.Count
        && odd.TrueForAll(fun cell -> cell.Text <> "" && not (Dialect.isNumeric cell.Text))

    /// Whether the cells are 1, 2, 3 … The column keeps its texts.
    member _.IsCount = texts |> Seq.mapi (fun i text -> text = string (i + 1)) |> Seq.forall id

/// Decides what every column of a CSV file holds.
module internal Roles =
    let private fail line column reason = raise (CsvTrouble(line, column, reason))

    let private listed (names: string[]) =
        let first = String.Join(", ", Array.truncate 12 names)
        if names.Length <= 12 then first else first + ", …"

    /// Returns the index of a column that an option names.
    let private find option (names: string[]) (column: CsvColumn) : int =
        let invalid value =
            let rule = $"one of the columns {listed names}, by name, or by number from 1 to {names.Length}"
            raise (GmmException(InvalidOption(option, rule, value)))

        match column with
        | Numbered number when 1 <= number && number <= names.Length -> number - 1
        | Numbered number -> invalid $"{number}"
        | Named name ->
            match [| 0 .. names.Length - 1 |] |> Array.filter (fun j -> names[j] = name) with
            | [| j |] -> j
            | [||] -> invalid $"\"{name}\""
            | several -> invalid $"\"{name}\", which is the name of {several.Length} columns"

    /// The columns that options name, by index.
    type Asked =
        {
            /// The data columns in their order, when they are listed.
            Only: int[] option
            Without: int[]
            Labels: int option
            RowNames: int option
        }

    /// Returns the columns that options name. Throws GmmException when there is no such column, or when one column has
    /// two roles.
    let asked (options: CsvOptions) (names: string[]) : Asked =
        let all option = List.map (find option names) >> Array.ofList

        let one option choice =
            match choice with
            | In column -> Some(find option names column)
            | Detect
            | NoColumn -> None

        let asked =
            { Only =
                match options.Columns with
                | Only columns -> Some(all "Columns" columns)
                | _ -> None
              Without =
                match options.Columns with
                | Without columns -> all "Columns" columns
                | _ -> [||]
              Labels = one "Labels" options.Labels
              RowNames = one "RowNames" options.RowNames }

        let listed = Array.append (defaultArg asked.Only [||]) asked.Without

        let twice =
            Array.concat [ listed; Option.toArray asked.Labels; Option.toArray asked.RowNames ]
            |> Array.countBy id
            |> Array.tryFind (fun (_, count) -> count > 1)

        match twice with
        | Some(j, _) ->
            let rule = "columns that differ from one another and from those of Labels and RowNames"
            raise (GmmException(InvalidOption("Columns", rule, $"\"{names[j]}\" twice")))
        | None when asked.Only = Some [||] ->
            raise (GmmException(InvalidOption("Columns", "at least one column", "an empty list")))
        | None -> asked

    let private isOneOf (words: string list) (name: string) = List.contains (name.ToLowerInvariant()) words
    let private isLabelName = isOneOf [ "label"; "labels"; "class"; "species" ]
    let private isRowName = isOneOf [ "id"; "name"; "key"; "index" ]

    /// Whether a column needs the text of all its cells.
    let keepsTexts (asked: Asked) (header: string[]) (j: int) : bool =
        asked.Labels = Some j || asked.RowNames = Some j || isLabelName header[j] || j = 0 && header[0] = ""

    /// Decides what every column holds, from all its cells. `header` has the names of the file, "" where there is none,
    /// and `names` has them all; `isIndex` says whether the first column may have row names, if it has no name. Raises
    /// CsvTrouble when the cells allow several answers.
    let decide
        (options: CsvOptions)
        (asked: Asked)
        (hasHeader: bool)
        (isIndex: bool)
        (header: string[])
        (names: string[])
        (firstLine: int)
        (cells: CsvCells[])
        : CsvColumnReport[] =
        let roles: (CsvRole * string) option[] = Array.create names.Length None
        let isFree j = roles[j].IsNone
        let free () = [ 0 .. names.Length - 1 ] |> List.filter isFree
        let has role = roles |> Array.exists (Option.exists (fst >> (=) role))
        let isListed j = asked.Only |> Option.exists (Array.contains j)
        let take role reason j = roles[j] <- Some(role, reason)
        let quoted columns = columns |> List.map (fun j -> $"\"{names[j]}\"") |> String.concat ", "

        asked.Labels |> Option.iter (take CsvRole.Labels "as the options say")
        asked.RowNames |> Option.iter (take CsvRole.RowNames "as the options say")
        asked.Without |> Array.iter (take CsvRole.LeftOut "as the options say")
        asked.Only |> Option.iter (Array.iter (take CsvRole.Data ""))

        for j in free () do
            if header[j] = "" && cells[j].IsEmpty then
                take CsvRole.LeftOut "it is empty" j

        // A first column without a name.
        if options.RowNames.IsDetect && hasHeader && names.Length > 1 && isFree 0 && header[0] = "" then
            if isIndex then
                take CsvRole.RowNames "it has no name" 0
            elif asked.Only.IsNone then
                fail
                    firstLine
                    1
                    "The column has no name, and its cells may be row names or data. Say with RowNames which they are."

        if options.Labels.IsDetect then
            match free () |> List.filter (fun j -> isLabelName names[j]) with
            | [] -> ()
            | [ j ] -> take CsvRole.Labels "by its name" j
            | several -> fail firstLine 0 $"The columns {quoted several} may all have labels. Name one in Labels."

        let texts = free () |> List.filter (fun j -> cells[j].IsText)

        if options.RowNames.IsDetect && not (has CsvRole.RowNames) then
            texts |> List.tryFind (fun j -> isRowName names[j]) |> Option.iter (take CsvRole.RowNames "by its name")

        match List.filter isFree texts with
        | [ j ] when options.Labels.IsDetect && not (has CsvRole.Labels) ->
            take CsvRole.Labels "the only column of words" j
        | first :: _ as words when asked.Only.IsNone ->
            let line = cells[first].Odd[0].Line

            let subject =
                if words.Length = 1 then
                    $"The column {quoted words} has words"
                else
                    $"The columns {quoted words} have words"

            fail line (first + 1) $"{subject}. Name it in Labels or in RowNames, or leave it out with Columns."
        | _ -> ()

        for j in free () do
            if asked.Only.IsSome && not (isListed j) then
                take CsvRole.LeftOut "as the options say" j
            else
                take CsvRole.Data "" j

        roles
        |> Array.mapi (fun j role ->
            let role, reason = role.Value

            { Number = j + 1
              Name = names[j]
              Role = role
              Reason = reason })
