/// What the user asks for on the command line.
module Gmm.Demo.Arguments

open System
open Gmm

/// The fits of one file.
type Request =
    {
        /// The CSV file.
        Path: string
        /// How the file is read.
        Csv: CsvOptions
        Components: int
        /// The structures to compare.
        Structures: Structure list
        Restarts: int
        Seed: int
        /// Where the picture goes; None for artifacts/, under the name of the data.
        Output: string option
        /// The two columns of the picture, as names or as numbers from 1.
        Draw: (string * string) option
    }

type Command =
    /// The data sets that come with the repository.
    | Examples
    | Analyse of Request
    | Help

let usage =
    """Usage: dotnet fsi build.fsx run                                    fits Old Faithful and iris
       dotnet fsi build.fsx run -- data.csv --components K [options]

The fit:
  --components K        how many components (required)
  --covariance NAME     full, tied_full, diag, tied_diag, spherical or tied_spherical; all six by default
  --restarts N          runs from different starts, the best one wins; 10 by default
  --seed N              seed of the first run; 0 by default

The picture:
  --draw I,J            the two columns to draw, by name or number; those that separate best by default
  --output FILE.svg     where to write the picture; by default artifacts/ and the name of the data

The file, of which the demo detects what is not given. Columns are named, or numbered from 1; `none` is no column:
  --columns A,B,…       the columns that hold data
  --without A,B,…       the columns to leave out
  --labels A            the column of the labels, or none
  --row-names A         the column of the row names, or none
  --header yes|no       whether the first row holds the names of the columns
  --separator MARK      the mark between two cells; also tab, or space for runs of spaces and tabs
  --decimal MARK        the decimal mark, . or ,
  --thousands MARK      the mark between groups of three digits; also space
  --missing drop        leave out rows with missing cells; they are an error by default
  --missing-words A,B…  the words for missing cells, besides the usual ones such as NA

  --help                this text
"""

let request path components =
    { Path = path
      Csv = Csv.defaults
      Components = components
      Structures = Structure.all
      Restarts = 10
      Seed = 0
      Output = None
      Draw = None }

let private number name (text: string) =
    match Int32.TryParse text with
    | true, value -> Ok value
    | false, _ -> Error $"{name} needs a whole number, not \"{text}\"."

let private words (text: string) = text.Split(',', StringSplitOptions.TrimEntries) |> List.ofArray

let private pair name (text: string) =
    match words text with
    | [ first; second ] -> Ok(first, second)
    | _ -> Error $"{name} needs two columns with a comma between them, not \"{text}\"."

/// The column with a name; a number is the column with this number.
let private column (text: string) =
    match Int32.TryParse text with
    | true, number -> Numbered number
    | false, _ -> Named text

let private choice (text: string) = if text = "none" then NoColumn else In(column text)

let private mark name (text: string) =
    match text with
    | "tab" -> Ok '\t'
    | "space" -> Ok ' '
    | _ when text.Length = 1 -> Ok text[0]
    | _ -> Error $"{name} needs one mark, tab or space, not \"{text}\"."

/// The options for a file with one more, or None when the name is that of another option.
let private csvOption (csv: CsvOptions) name text : Result<CsvOptions, string> option =
    match name, text with
    | "--columns", _ ->
        Some(
            Ok
                { csv with
                    Columns = Only(List.map column (words text)) }
        )
    | "--without", _ ->
        Some(
            Ok
                { csv with
                    Columns = Without(List.map column (words text)) }
        )
    | "--labels", _ -> Some(Ok { csv with Labels = choice text })
    | "--row-names", _ -> Some(Ok { csv with RowNames = choice text })
    | "--header", "yes" -> Some(Ok { csv with Header = Some true })
    | "--header", "no" -> Some(Ok { csv with Header = Some false })
    | "--header", _ -> Some(Error $"--header needs yes or no, not \"{text}\".")
    | "--separator", _ -> Some(mark name text |> Result.map (fun mark -> { csv with Separator = Some mark }))
    | "--decimal", _ -> Some(mark name text |> Result.map (fun mark -> { csv with Decimal = Some mark }))
    | "--thousands", _ -> Some(mark name text |> Result.map (fun mark -> { csv with Thousands = Some mark }))
    | "--missing", "drop" -> Some(Ok { csv with Missing = DropRows })
    | "--missing", _ -> Some(Error $"--missing can only be drop, not \"{text}\".")
    | "--missing-words", _ ->
        Some(
            Ok
                { csv with
                    MissingWords = csv.MissingWords @ words text }
        )
    | _ -> None

/// The command that the arguments stand for, or what is wrong with them.
let parse (arguments: string list) : Result<Command, string> =
    let rec options (request: Request) components rest =
        let go change rest result = Result.bind (fun value -> options (change value) components rest) result

        match rest with
        | [] ->
            match components with
            | Some components -> Ok(Analyse { request with Components = components })
            | None -> Error "--components is missing."
        | [ option ] -> Error $"{option} is unknown or lacks its value."
        | "--components" :: text :: rest ->
            number "--components" text |> Result.bind (fun value -> options request (Some value) rest)
        | "--covariance" :: text :: rest ->
            Structure.parse text
            |> Result.mapError _.Message
            |> go
                (fun structure ->
                    { request with
                        Structures = [ structure ] })
                rest
        | "--restarts" :: text :: rest ->
            number "--restarts" text |> go (fun value -> { request with Restarts = value }) rest
        | "--seed" :: text :: rest -> number "--seed" text |> go (fun value -> { request with Seed = value }) rest
        | "--draw" :: text :: rest -> pair "--draw" text |> go (fun value -> { request with Draw = Some value }) rest
        | "--output" :: text :: rest -> Ok text |> go (fun value -> { request with Output = Some value }) rest
        | option :: text :: rest ->
            csvOption request.Csv option text
            |> Option.defaultValue (Error $"{option} is unknown.")
            |> go (fun csv -> { request with Csv = csv }) rest

    match arguments with
    | [] -> Ok Examples
    | _ when List.contains "--help" arguments -> Ok Help
    | path :: _ when path.StartsWith "--" -> Error "The file must come first."
    | path :: rest -> options (request path 1) None rest
