/// What the user asks for on the command line.
module Gmm.Demo.Arguments

open System
open System.CommandLine
open System.CommandLine.Parsing
open System.IO
open System.Text.RegularExpressions
open Gmm

/// The fits of one file.
type Request =
    {
        /// The CSV file.
        Path: string
        /// How the file is read.
        Csv: CsvOptions
        /// The numbers of components to try.
        Components: int list
        /// The structures to try.
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

let request path components =
    { Path = path
      Csv = Csv.defaults
      Components = components
      Structures = Structure.all
      Restarts = 10
      Seed = 0
      Output = None
      Draw = None }

// ── What the texts of options mean ──────────────────────────────────────────────────────────────────────────────────

let private number (text: string) =
    match Int32.TryParse text with
    | true, value -> Ok value
    | false, _ -> Error $"a whole number, not \"{text}\""

let private words (text: string) = text.Split(',', StringSplitOptions.TrimEntries) |> List.ofArray

/// The values of words with commas between them, or the first error.
let private each read (text: string) =
    let add word values = Result.bind (fun values -> read word |> Result.map (fun value -> value :: values)) values
    List.foldBack add (words text) (Ok [])

/// The numbers of `1..9`, or of `2,3,5`.
let private range (text: string) =
    let range = Regex.Match(text, @"^([0-9]{1,6})\.\.([0-9]{1,6})$")

    if range.Success && int range.Groups[1].Value <= int range.Groups[2].Value then
        Ok [ int range.Groups[1].Value .. int range.Groups[2].Value ]
    else
        each number text |> Result.mapError (fun _ -> $"numbers such as 1..9 or 2,3,5, not \"{text}\"")

/// The structure with a name of tgmm, scikit-learn or mclust.
let private structure (text: string) =
    match Structure.parse text with
    | Ok structure -> Ok structure
    | Error _ ->
        let names naming = Structure.all |> List.map naming
        let known = names Structure.name @ names Structure.mclustName |> List.distinct |> String.concat ", "
        Error $"names out of {known}, not \"{text}\""

let private pair (text: string) =
    match words text with
    | [ first; second ] -> Ok(first, second)
    | _ -> Error $"two columns with a comma between them, not \"{text}\""

/// The column with a name; a number is the column with this number.
let private column (text: string) =
    match Int32.TryParse text with
    | true, number -> Numbered number
    | false, _ -> Named text

let private columns text = words text |> List.map column |> Ok
let private choice (text: string) = Ok(if text = "none" then NoColumn else In(column text))

let private mark (text: string) =
    match text with
    | "tab" -> Ok '\t'
    | "space" -> Ok ' '
    | _ when text.Length = 1 -> Ok text[0]
    | _ -> Error $"one mark, tab or space, not \"{text}\""

/// The value of one of a few words.
let private oneOf (known: (string * 'T) list) (text: string) =
    match List.tryFind (fst >> (=) text) known with
    | Some(_, value) -> Ok value
    | None ->
        let names = known |> List.map fst |> String.concat " or "
        Error $"{names}, not \"{text}\""

/// A path that a picture can be written to: the format is known, and the system allows it.
let private picture (path: string) =
    if not (List.contains (Path.GetExtension(path).ToLowerInvariant()) [ ".svg"; ".html" ]) then
        Error $"a name that ends in .svg or .html, not \"{path}\""
    else
        try
            let full = Path.GetFullPath path
            let isNew = not (Path.Exists full)

            /// The folders on the way that aren't there, the innermost first.
            let rec missing (folder: string) =
                if isNull folder || Path.Exists folder then
                    []
                else
                    folder :: missing (Path.GetDirectoryName folder)

            let created = missing (Path.GetDirectoryName full)

            try
                Directory.CreateDirectory(Path.GetDirectoryName full) |> ignore
                File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.Write).Dispose()
            finally
                if isNew && File.Exists full then
                    File.Delete full

                created |> List.filter Directory.Exists |> List.iter Directory.Delete

            Ok path
        with
        | :? IOException
        | :? UnauthorizedAccessException as trouble ->
            Error $"a file that can be written: {trouble.Message.TrimEnd '.'}"

// ── The options ─────────────────────────────────────────────────────────────────────────────────────────────────────

let private file = Argument<string>("FILE.csv", Arity = ArgumentArity.ZeroOrOne, Description = "the data")

/// An option: its name, what stands for its value in the help, what it is for, and what its text means, or needs.
let private option name value (purpose: string) (read: string -> Result<'T, string>) =
    let parse (result: ArgumentResult) =
        match read result.Tokens[0].Value with
        | Ok value -> Some value
        | Error rule ->
            result.AddError $"{name} needs {rule}."
            None

    Option<'T option>(
        name,
        HelpName = value,
        Description = purpose,
        CustomParser = parse,
        Arity = ArgumentArity.ExactlyOne
    )

let private components = option "--components" "K" "how many components" number

let private select =
    option "--select" "1..9" "try each number of components with each structure, keep the lowest BIC" range

let private covariance =
    option "--covariance" "A,B,…" "the structures to try; all fourteen by default" (each structure)

let private restarts = option "--restarts" "N" "seeds to start from, the best run wins; 10 by default" number

let private seed = option "--seed" "N" "seed of the first run; 0 by default" number

let private draw =
    option "--draw" "I,J" "the two columns to draw, by name or number; those that separate best by default" pair

let private output =
    option "--output" "FILE.svg" "where to write the picture; by default artifacts/ and the name of the data" picture

let private only = option "--columns" "A,B,…" "the columns that hold data" columns
let private without = option "--without" "A,B,…" "the columns to leave out" columns
let private labels = option "--labels" "A" "the column of the labels, or none" choice
let private rowNames = option "--row-names" "A" "the column of the row names, or none" choice

let private header =
    oneOf [ "yes", true; "no", false ]
    |> option "--header" "yes|no" "whether the first row holds the names of the columns"

let private separator =
    option "--separator" "MARK" "the mark between two cells; also tab, or space for runs of spaces and tabs" mark

let private decimal = option "--decimal" "MARK" "the decimal mark, . or ," mark

let private thousands = option "--thousands" "MARK" "the mark between groups of three digits; also space" mark

let private missing =
    oneOf [ "drop", DropRows ]
    |> option "--missing" "drop" "leave out rows with missing cells; they are an error by default"

let private missingWords =
    option "--missing-words" "A,B…" "words for missing cells, besides the usual ones such as NA" (words >> Ok)

let private help = Option<bool>("--help", "-h", Description = "this text")

labels.Aliases.Add "--label"

/// The options by what they are about.
let private groups: (string * Option list) list =
    [ "The fit, which needs --components or --select. Structures have the names of tgmm (full, tied_full, diag,\ntied_diag, spherical, tied_spherical), of scikit-learn (tied) or of mclust (VVV, EEE, VVI, EEI, VII, EII):",
      [ components; select; covariance; restarts; seed ]
      "The picture:", [ draw; output ]
      "The file, of which the demo detects what is not given. Columns are named, or numbered from 1; none is no column:",
      [ only; without; labels; rowNames; header; separator; decimal; thousands; missing; missingWords ]
      "Help:", [ help ] ]

/// The forms of the command.
let usage =
    """Usage: dotnet fsi build.fsx run                                       fits Old Faithful and iris
       dotnet fsi build.fsx run -- FILE.csv --components K [options]  fits your file
       dotnet fsi build.fsx run -- FILE.csv --select 1..9 [options]   chooses K and the structure, too
"""

/// The forms of the command, with examples and the options.
let manual =
    let line (option: Option) =
        let head = $"{option.Name} {option.HelpName}"
        $"  %-21s{head}  {option.Description}\n"

    let examples =
        """
Examples:
  dotnet fsi build.fsx run -- data/iris.csv --components 3 --covariance full,diag
  dotnet fsi build.fsx run -- data/iris.csv --select=1..5 --covariance EEE,VVV --output iris.html
  dotnet fsi build.fsx run -- export.csv --components=2 --labels group --without 5 --missing drop
"""

    let group (title, options) = $"\n{title}\n" + String.concat "" (List.map line options)
    usage + examples + String.concat "" (List.map group groups)

/// The library's remedy that the command doesn't have.
[<Literal>]
let private KeepCells = "Have NaN in such cells by setting Missing to Keep, leave"

/// A text of the library in the words of the command line: the option RowNames, for one, is --row-names here. Quoted words
/// are the file's.
let spoken (text: string) =
    let named (text: string) (option: Option) =
        let pascal = Regex.Replace(option.Name, "-+([a-z])", fun found -> found.Groups[1].Value.ToUpperInvariant())

        Regex.Replace(text, $"(?<![\"\\w]){pascal}(?![\"\\w]|\\.\\w)", option.Name)

    let text = text.Replace(KeepCells, "Leave").Replace("setting Missing to DropRows", "--missing drop")
    List.fold named text (List.collect snd groups)

// ── The command ─────────────────────────────────────────────────────────────────────────────────────────────────────

let private line =
    let line = RootCommand()
    line.Options.Clear()
    line.Arguments.Add file
    groups |> List.collect snd |> List.iter line.Options.Add
    line

/// The command that the arguments stand for, or what is wrong with them.
let parse (arguments: string list) : Result<Command, string> =
    let parsed = line.Parse(arguments, ParserConfiguration(ResponseFileTokenReplacer = null))
    let given (option: Option<'T option>) = parsed.GetValue option

    if List.isEmpty arguments then
        Ok Examples
    elif parsed.GetValue help then
        Ok Help
    elif parsed.Errors.Count > 0 then
        Error parsed.Errors[0].Message
    else
        match parsed.GetValue file, given components, given select, given only, given without with
        | null, _, _, _, _ -> Error "The file is missing."
        | _, None, None, _, _ -> Error "--components or --select is missing."
        | _, Some _, Some _, _, _ -> Error "Give --components or --select, not both."
        | _, _, _, Some _, Some _ -> Error "Give --columns or --without, not both."
        | path, one, several, _, _ ->
            let csv =
                { Csv.defaults with
                    Header = given header
                    Separator = given separator
                    Decimal = given decimal
                    Thousands = given thousands
                    Columns =
                        match given only, given without with
                        | Some columns, _ -> Only columns
                        | None, Some columns -> Without columns
                        | None, None -> AllColumns
                    Labels = given labels |> Option.defaultValue Detect
                    RowNames = given rowNames |> Option.defaultValue Detect
                    MissingWords = Csv.defaults.MissingWords @ (given missingWords |> Option.defaultValue [])
                    Missing = given missing |> Option.defaultValue Refuse }

            Ok(
                Analyse
                    { Path = path
                      Csv = csv
                      Components = Option.toList one @ Option.defaultValue [] several
                      Structures = given covariance |> Option.defaultValue Structure.all
                      Restarts = given restarts |> Option.defaultValue 10
                      Seed = given seed |> Option.defaultValue 0
                      Output = given output
                      Draw = given draw }
            )
