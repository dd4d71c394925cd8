/// The main job of Gmm: fit mixtures with several covariance structures to data from a file, compare them, draw the best.
module Gmm.Demo.Program

open System
open System.Globalization
open System.IO
open Spectre.Console
open Gmm
open Gmm.Demo.Arguments

/// The number, counted from 0, of a column given by its name or by its number, counted from 1.
let private column (names: string[]) (text: string) =
    match Array.tryFindIndex ((=) text) names, Int32.TryParse text with
    | Some j, _ -> Ok j
    | None, (true, number) when number >= 1 && number <= names.Length -> Ok(number - 1)
    | None, _ ->
        let known = String.concat ", " names
        Error(InvalidOption("--draw", $"out of {known}, or numbers from 1 to {names.Length}", $"\"{text}\""))

let private options (request: Request) structure =
    { Gmm.defaults with
        Components = request.Components
        Family.Structure = structure
        Restarts = request.Restarts
        Seed = request.Seed
        // Tight, so that all digits that are printed are those of the optimum.
        Tolerance = 1e-10
        MaxIterations = 10000 }

let private decimal digits (value: float) = value.ToString($"F{digits}", CultureInfo.InvariantCulture)

/// The table of fits with their adjusted Rand indices.
let private print (rows: (Structure * Fit<Gaussian> * float option) list) =
    let table = Spectre.Console.Table().Border(TableBorder.Rounded).AddColumn "structure"

    for title in [ "log-likelihood"; "BIC"; "iterations"; "converged"; "on the floor"; "adjusted Rand" ] do
        table.AddColumn(TableColumn(title).RightAligned()) |> ignore

    for structure, fit, rand in rows do
        table.AddRow(
            Structure.name structure,
            decimal 5 fit.LogLikelihood,
            decimal 2 fit.Bic,
            string fit.Iterations,
            (if fit.Converged then "yes" else "no"),
            (if fit.Irregular.OnFloor.IsEmpty then "no" else "yes"),
            (rand |> Option.map (decimal 4) |> Option.defaultValue "–")
        )
        |> ignore

    AnsiConsole.Write table

/// The errors of structures without a fit, each said once, with the name of a constant column.
let private printErrors (names: string[]) (errors: (Structure * GmmError) list) =
    for error, structures in errors |> List.groupBy snd do
        let who = structures |> List.map (fst >> Structure.name) |> String.concat ", "
        let verb = if structures.Length = 1 then "has" else "have"

        let column =
            match error with
            | ConstantColumn(column, _) -> $" The column is {names[column]}."
            | _ -> ""

        printfn $"{who} {verb} no fit: {error.Message}{column}"

/// Fits, compares and draws one data set; throws GmmException where that is impossible.
let private analyse name (request: Request) =
    let data = Csv.readWith request.Csv request.Path |> GmmError.get
    let source = Csv.source data

    let columns =
        request.Draw
        |> Option.map (fun (first, second) ->
            [| column data.Names first |> GmmError.get; column data.Names second |> GmmError.get |])
        |> Option.defaultValue [||]

    let labels fit = Predict.labels fit source |> GmmError.get
    let adjustedRand fit truth = Metrics.adjustedRand truth (labels fit) |> GmmError.get

    let fits = request.Structures |> List.map (fun structure -> structure, Gmm.fit (options request structure) source)

    let rows =
        [ for structure, fit in fits do
              match fit with
              | Ok fit -> structure, fit, data.Labels |> Option.map (adjustedRand fit)
              | Error _ -> () ]

    // A structure may be too rich for the data. That is for the table to say, unless no other is left.
    if List.isEmpty rows then
        fits |> List.head |> snd |> GmmError.get |> ignore

    let components =
        if request.Components = 1 then
            "1 component"
        else
            $"{request.Components} components"

    printfn $"{name}, {components}\n{data.Report.Summary}"
    print rows

    printErrors
        data.Names
        [ for structure, fit in fits do
              match fit with
              | Ok _ -> ()
              | Error error -> structure, error ]

    // Where a component is on the floor of its covariance, BIC only measures the floor.
    let available = rows |> List.filter (fun (_, fit, _) -> fit.Irregular.OnFloor.IsEmpty)
    let candidates = if available.IsEmpty then rows else available
    let best, fit, _ = candidates |> List.minBy (fun (_, fit, _) -> fit.Bic)

    if candidates.Length > 1 then
        let among =
            if candidates.Length < rows.Length then
                " among the fits that are not on the floor"
            else
                ""

        printfn $"BIC prefers {Structure.name best}: its value is the lowest{among}."

    printfn "%s" (Summary.onData data.Names fit source |> GmmError.get)

    let output =
        request.Output
        |> Option.defaultWith (fun () ->
            Path.Combine("artifacts", Path.GetFileNameWithoutExtension request.Path + ".svg"))

    let picture =
        { Plot.defaults with
            Title = $"{name}: {components}, {Structure.name best}"
            Columns = columns
            ColumnNames = data.Names
            Classes = data.Labels }

    Plot.scatter picture fit source |> Result.bind (Figure.save output) |> GmmError.get
    printfn $"The picture of {Structure.name best} is in {output}\n"

[<EntryPoint>]
let main arguments =
    // Where the output goes to a file or to another program, tables shall keep their shape, and dashes their meaning.
    Console.OutputEncoding <- Text.UTF8Encoding(encoderShouldEmitUTF8Identifier = false)
    AnsiConsole.Profile.Width <- max 100 AnsiConsole.Profile.Width

    try
        match parse (List.ofArray arguments) with
        | Ok Help ->
            printf "%s" usage
            0
        | Ok Examples ->
            analyse "Old Faithful" (request "data/faithful.csv" 2)
            analyse "Iris" (request "data/iris.csv" 3)
            0
        | Ok(Analyse request) ->
            analyse (Path.GetFileNameWithoutExtension request.Path) request
            0
        | Error reason ->
            eprintfn $"error: {reason}\n\n{usage}"
            2
    with :? GmmException as trouble ->
        eprintfn $"error: {trouble.Message}"

        match trouble.Error with
        | UnreadableFile _ ->
            eprintfn "On the command line, --missing drop, --decimal and others say how to read it: --help."
        | _ -> ()

        1
