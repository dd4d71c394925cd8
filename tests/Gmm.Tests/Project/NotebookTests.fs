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
                  | shown -> failtest $"%A{shown}") ]
