/// What the user asks for on the command line.
module Gmm.Demo.Arguments

open System
open Gmm

/// The fits of one file.
type Request =
    {
        /// The CSV file.
        Path: string
        Components: int
        /// The structures to compare.
        Structures: Structure list
        Restarts: int
        Seed: int
        /// Where the picture goes; None for artifacts/, under the name of the data.
        Output: string option
        /// The two columns of the picture, as names or as numbers from 1.
        Columns: (string * string) option
    }

type Command =
    /// The data sets that come with the repository.
    | Examples
    | Analyse of Request
    | Help

let usage =
    """Usage: dotnet fsi build.fsx run                                    fits Old Faithful and iris
       dotnet fsi build.fsx run -- data.csv --components K [options]

The file has one row of numbers per line, perhaps a header, and perhaps labels in its last column.

  --components K        how many components (required)
  --covariance NAME     full, tied_full, diag, tied_diag, spherical or tied_spherical; all six by default
  --restarts N          runs from different starts, the best one wins; 10 by default
  --seed N              seed of the first run; 0 by default
  --columns I,J         the columns to draw, by name or counted from 1; those that separate best by default
  --output FILE.svg     where to write the picture; by default artifacts/ and the name of the data
  --help                this text
"""

let request path components =
    { Path = path
      Components = components
      Structures = Structure.all
      Restarts = 10
      Seed = 0
      Output = None
      Columns = None }

let private number name (text: string) =
    match Int32.TryParse text with
    | true, value -> Ok value
    | false, _ -> Error $"{name} needs a whole number, not \"{text}\"."

let private pair (text: string) =
    match text.Split ',' with
    | [| first; second |] -> Ok(first.Trim(), second.Trim())
    | _ -> Error $"--columns needs two columns with a comma between them, not \"{text}\"."

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
        | "--columns" :: text :: rest -> pair text |> go (fun value -> { request with Columns = Some value }) rest
        | "--output" :: text :: rest -> Ok text |> go (fun value -> { request with Output = Some value }) rest
        | option :: _ -> Error $"{option} is unknown."

    match arguments with
    | [] -> Ok Examples
    | _ when List.contains "--help" arguments -> Ok Help
    | path :: _ when path.StartsWith "--" -> Error "The file must come first."
    | path :: rest -> options (request path 1) None rest
