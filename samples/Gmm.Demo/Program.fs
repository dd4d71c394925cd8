/// The main job of Gmm: fit mixtures with several covariance structures to data from a file, compare them, draw the best.
module Gmm.Demo.Program

open System
open System.Diagnostics
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
        Error(InvalidOption("Draw", $"out of {known}, or numbers from 1 to {names.Length}", $"\"{text}\""))

let private decimal digits (value: float) = value.ToString($"F{digits}", CultureInfo.InvariantCulture)

let private counted count word = if count = 1 then $"1 {word}" else $"{count} {word}s"

/// Runs work that says from time to time how far it is: on a terminal in a line that changes, elsewhere in a line every five
/// seconds.
let private watched (title: string) (work: (string -> unit) -> 'T) =
    if AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Capabilities.Ansi then
        AnsiConsole
            .Status()
            .Start(Markup.Escape title, fun status -> work (fun news -> status.Status <- Markup.Escape news))
    else
        let clock = Stopwatch.StartNew()

        work (fun news ->
            if clock.Elapsed.TotalSeconds > 5.0 then
                clock.Restart()
                printfn $"{news}")

/// Fits every structure with every number of components.
let private select (request: Request) source =
    let candidates = request.Components.Length * request.Structures.Length
    let title = $"""Fitting {counted candidates "mixture"}"""

    watched title (fun say ->
        let mutable finished = 0
        let soFar news = say $"{title}: {finished} finished, {news}"

        let options =
            { Gmm.defaults with
                Restarts = request.Restarts
                Seed = request.Seed
                // Tight, so that all digits that are printed are those of the optimum.
                Tolerance = 1e-10
                MaxIterations = 10000
                Progress = fun progress -> soFar $"seed {progress.Seed}, iteration {progress.Iteration}" }

        let report (candidate: Candidate<Gaussian>) =
            finished <- finished + 1
            soFar $"""the last with {candidate.Name} and {counted candidate.Components "component"}"""

        Select.gaussian Criterion.Bic report request.Components request.Structures options source)

/// The candidates with a fit.
let private fitted (selection: Selection<Gaussian>) =
    [ for candidate in selection.Candidates do
          match candidate.Outcome with
          | Ok judged -> candidate, judged
          | Error _ -> () ]

let private table (titles: string list) (rows: string list list) =
    let table = Spectre.Console.Table().Border(TableBorder.Rounded).AddColumn(List.head titles)

    for title in List.tail titles do
        table.AddColumn(TableColumn(title).RightAligned()) |> ignore

    for row in rows do
        table.AddRow(Array.ofList row) |> ignore

    AnsiConsole.Write table

/// The table of the structures with one number of components, with adjusted Rand indices where there are labels.
let private printStructures (rand: Fit<Gaussian> -> float option) (selection: Selection<Gaussian>) =
    table
        [ "structure"; "log-likelihood"; "BIC"; "iterations"; "converged"; "on floor"; "adjusted Rand" ]
        [ for candidate, judged in fitted selection ->
              [ candidate.Name
                decimal 5 judged.Fit.LogLikelihood
                decimal 2 judged.Bic
                string judged.Fit.Iterations
                (if judged.Fit.Converged then "yes" else "no")
                (if judged.IsOnFloor then "yes" else "no")
                (rand judged.Fit |> Option.map (decimal 4) |> Option.defaultValue "–") ] ]

/// The BIC of every number of components (down) with every structure (across). A star marks the best.
let private printCriteria (selection: Selection<Gaussian>) =
    let cell (candidate: Candidate<Gaussian>) =
        match candidate.Outcome with
        | Error _ -> "–"
        | Ok judged when judged.IsOnFloor -> $"({decimal 2 judged.Bic})"
        | Ok judged when Object.ReferenceEquals(candidate, selection.Best) -> $"* {decimal 2 judged.Bic}"
        | Ok judged -> decimal 2 judged.Bic

    table
        ("components" :: (selection.Candidates |> List.map _.Name |> List.distinct))
        [ for components, candidates in selection.Candidates |> List.groupBy _.Components ->
              string components :: List.map cell candidates ]

    if fitted selection |> List.exists (fun (_, judged) -> judged.IsOnFloor) then
        printfn "In brackets: a component is on the floor of its covariance, and BIC only measures the floor."

/// The errors of candidates without a fit, each said once, with the name of a constant column.
let private printErrors (names: string[]) (selection: Selection<Gaussian>) =
    let numbers = selection.Candidates |> List.map _.Components |> List.distinct

    let errors =
        [ for candidate in selection.Candidates do
              match candidate.Outcome with
              | Ok _ -> ()
              | Error error when numbers.Length = 1 -> error, candidate.Name
              | Error error -> error, $"{candidate.Name} with {candidate.Components}" ]

    for error, candidates in List.groupBy fst errors do
        let who = candidates |> List.map snd |> String.concat ", "
        let verb = if candidates.Length = 1 then "has" else "have"

        let column =
            match error with
            | ConstantColumn(column, _) -> $" The column is {names[column]}."
            | _ -> ""

        printfn $"{who} {verb} no fit: {spoken error.Message}{column}"

/// Fits, compares and draws one data set; throws GmmException where that is impossible.
let private analyse name (request: Request) =
    let data = Csv.readWith request.Csv request.Path |> GmmError.get
    let source = Csv.source data

    let columns =
        request.Draw
        |> Option.map (fun (first, second) ->
            [| column data.Names first |> GmmError.get; column data.Names second |> GmmError.get |])
        |> Option.defaultValue [||]

    let rand fit =
        let labels = Predict.labels fit source |> GmmError.get
        data.Labels |> Option.map (fun truth -> Metrics.adjustedRand truth labels |> GmmError.get)

    let tried =
        match request.Components with
        | [ one ] -> counted one "component"
        | several -> $"{List.min several} to {List.max several} components"

    printfn $"{name}, {tried}\n{data.Report.Summary}"
    let selection = select request source |> GmmError.get

    match request.Components with
    | [ _ ] -> printStructures rand selection
    | _ -> printCriteria selection

    printErrors data.Names selection
    let judged = fitted selection |> List.map snd
    let isSelection = request.Components.Length > 1
    let best = selection.Best
    let components = counted best.Components "component"

    // Where a component is on the floor of its covariance, BIC only measures the floor.
    let available = judged |> List.filter (fun judged -> not judged.IsOnFloor) |> List.length

    if judged.Length > 1 && available <> 1 then
        let among =
            if available > 0 && available < judged.Length then
                " among the fits that are not on the floor"
            else
                ""

        let whom = if isSelection then $"{best.Name} with {components}" else best.Name
        printfn $"BIC prefers {whom}: its value is the lowest{among}."

    if isSelection then
        match rand selection.Fit with
        | Some index -> printfn $"Its adjusted Rand index with the labels is {decimal 4 index}."
        | None -> ()

        for warning in selection.Warnings do
            printfn $"{spoken warning.Message}"

    printfn "%s" (Summary.onData data.Names selection.Fit source |> GmmError.get)

    let output =
        request.Output
        |> Option.defaultWith (fun () ->
            Path.Combine("artifacts", Path.GetFileNameWithoutExtension request.Path + ".svg"))

    let picture =
        { Plot.defaults with
            Title = $"{name}: {components}, {best.Name}"
            Columns = columns
            ColumnNames = data.Names
            Classes = data.Labels }

    Plot.scatter picture selection.Fit source |> Result.bind (Figure.save output) |> GmmError.get

    printfn $"The picture of {best.Name} is in {output}\n"

/// An error in the words of the command line; the name of a file stays as it is.
let private message (error: GmmError) =
    match error with
    | InvalidOption(name, rule, value) -> InvalidOption(spoken name, spoken rule, value).Message
    | UnreadableFile(path, line, column, reason) -> UnreadableFile(path, line, column, spoken reason).Message
    | other -> spoken other.Message

[<EntryPoint>]
let main arguments =
    // Where the output goes to a file or to another program, tables shall keep their shape, and dashes their meaning.
    Console.OutputEncoding <- Text.UTF8Encoding(encoderShouldEmitUTF8Identifier = false)
    AnsiConsole.Profile.Width <- max 100 AnsiConsole.Profile.Width

    try
        match parse (List.ofArray arguments) with
        | Ok Help ->
            printf "%s" manual
            0
        | Ok Examples ->
            analyse "Old Faithful" (request "data/faithful.csv" [ 2 ])
            analyse "Iris" (request "data/iris.csv" [ 3 ])
            0
        | Ok(Analyse request) ->
            analyse (Path.GetFileNameWithoutExtension request.Path) request
            0
        | Error reason ->
            eprintfn $"error: {reason}\n\n{usage}\n--help lists the options."
            2
    with :? GmmException as trouble ->
        eprintfn $"error: {message trouble.Error}"
        1
