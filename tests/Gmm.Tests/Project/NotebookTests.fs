/// The notebooks run, and show fits as summaries and figures as pictures.
module Gmm.Tests.NotebookTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open Gmm.Tests.Support

let private folder = Path.Combine(repositoryRoot.Value, "samples", "Gmm.Notebooks")

let private dotnet (arguments: string list) =
    let start =
        ProcessStartInfo(
            "dotnet",
            arguments,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true
        )

    start.Environment["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"] <- "1"
    start.Environment["DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE"] <- "1"
    Process.Start start

/// The language of a notebook and its code cells. The packages of this repository are referenced where they were built.
let private cellsOf (notebook: string) =
    let json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, notebook)))
    let language = string json["metadata"].["polyglot_notebook"].["kernelInfo"].["defaultKernelName"]

    let built (line: string) =
        if line.StartsWith("#r \"nuget: ", StringComparison.Ordinal) then
            let package = line.Split(' ', '"')[3]

            // The output of Gmm.Plots has the packages of the registry, too.
            [ "Gmm.Plots"; package ]
            |> Seq.distinct
            |> Seq.collect (fun name ->
                Directory.EnumerateFiles(
                    Path.Combine(repositoryRoot.Value, "src", name, "bin", "Release", "net10.0"),
                    "*.dll"
                ))
            |> Seq.distinctBy Path.GetFileName
            |> Seq.filter (fun path -> Path.GetFileName path <> "FSharp.Core.dll")
            |> Seq.map (fun path -> $"#r \"{path}\"\n")
            |> String.concat ""
        else
            line

    language,
    [ for cell in json["cells"].AsArray() do
          if string cell["cell_type"] = "code" then
              cell["source"].AsArray() |> Seq.map (string >> built) |> String.concat "" ]

/// Runs cells in a process of .NET Interactive, and returns the HTML that each shows.
let private run (language: string) (cells: string list) : string list list =
    use kernels = dotnet [ "tool"; "run"; "dotnet-interactive"; "--"; "stdio"; "--working-dir"; folder ]

    let submit (code: string) =
        let command =
            {| code = code
               targetKernelName = language |}

        let token = Guid.NewGuid().ToString "N"

        {| token = token
           commandType = "SubmitCode"
           command = command |}
        |> JsonSerializer.Serialize
        |> kernels.StandardInput.WriteLine

        kernels.StandardInput.Flush()

        /// The events of the command, until it ends.
        let rec events shown =
            match kernels.StandardOutput.ReadLine() with
            | null -> failtest "The process of the notebook has ended."
            | line when not (line.StartsWith "{") -> events shown
            | line ->
                let message = JsonNode.Parse line
                let isOwn = not (isNull message["command"]) && string message["command"].["token"] = token

                match string message["eventType"] with
                | "CommandSucceeded" when isOwn -> List.rev shown
                | "CommandFailed" when isOwn -> failtest $"""{code}: {message["event"].["message"]}"""
                | "ReturnValueProduced"
                | "DisplayedValueProduced" ->
                    let html =
                        message["event"].["formattedValues"].AsArray()
                        |> Seq.tryFind (fun value -> string value["mimeType"] = "text/html")
                        |> Option.map (fun value -> string value["value"])

                    events (Option.toList html @ shown)
                | _ -> events shown

        events []

    try
        cells |> List.map submit
    finally
        kernels.Kill(entireProcessTree = true)

[<Tests>]
let tests =
    testSequenced
    <| testList
        "Notebook"
        [ testCase "the tool of the notebooks restores" (fun () ->
              use restoring = dotnet [ "tool"; "restore" ]
              let output = restoring.StandardOutput.ReadToEnd()
              restoring.WaitForExit()
              Expect.equal restoring.ExitCode 0 output)

          for notebook, selection in
              [ "eruptions-fsharp.ipynb", "* tied_full          3"; "eruptions-csharp.ipynb", "* full               2" ] do
              testCase notebook (fun () ->
                  match cellsOf notebook ||> run with
                  | [] :: [ fit ] :: [ figure ] :: [ choice ] :: others ->
                      Expect.stringStarts fit "<pre>gaussian mixture of 2 components" "the summary of a fit"
                      Expect.stringContains fit "log-likelihood" "the summary of a fit"
                      Expect.stringStarts figure "<svg" "a figure"
                      Expect.stringContains choice selection "a choice"

                      for other in List.concat others do
                          Expect.stringStarts other "<svg" "a figure"
                  | shown -> failtest $"%A{shown}")

          for notebook, cells in
              [ "eruptions-fsharp.ipynb",
                [ """open Gmm
let table = Csv.read "../../data/faithful.csv" |> GmmError.get
table""",
                  "<pre>data: 272 rows of 2 columns: ",
                  "a table"
                  "let data = Csv.source table
let fits = Select.components Criterion.Bic ignore [ 1..2 ] Gmm.defaults data |> GmmError.get
fits.Best",
                  "<pre>full, 2 components: BIC 2322.192, ICL ",
                  "a candidate"
                  "fits", "warning: The best candidate has 2 components, which is at the edge", "a selection's warnings"
                  "fits.Fit.Parameters.Means", "<pre>2×2\n[", "a tensor"
                  "Array.ofList fits.Warnings",
                  "<pre>The best candidate has 2 components, which is at the edge",
                  "warnings"
                  "let short = Gmm.fit { Gmm.defaults with Components = 3; MaxIterations = 1 } data |> GmmError.get
Array.ofList short.Warnings",
                  "<pre>The fit stopped after 1 iteration without converging",
                  "warnings"
                  "Gmm.fit { Gmm.defaults with Components = 0 } data",
                  "<pre>Components must be at least 1, but is 0.</pre>",
                  "an error in a result" ]
                "eruptions-csharp.ipynb",
                [ """using Gmm.CSharp;
var rows = CsvData.Read("../../data/faithful.csv").Rows;
new GaussianMixture(components: 3) { MaxIterations = 1 }.Fit(rows).Warnings""",
                  "<pre>The fit stopped after 1 iteration without converging",
                  "warnings"
                  "new GaussianMixture(components: 1).Select(rows, components: [1, 2])",
                  "warning: The best candidate has 2 components, which is at the edge",
                  "a selection's warnings" ] ] do
              testCase $"{notebook}: other values show as the text that says what they are" (fun () ->
                  let language, own = cellsOf notebook
                  let shown = List.head own :: [ for code, _, _ in cells -> code ] |> run language

                  for (_, expected, what), html in List.zip cells (List.tail shown) do
                      Expect.stringContains (Net.WebUtility.HtmlDecode(String.concat "" html)) expected what) ]
