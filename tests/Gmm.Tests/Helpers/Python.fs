/// Programs in Python to compare with, where Python has what they need.
module Gmm.Tests.Python

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Text.Json
open Expecto

/// Starts a program whose input and output are ours; None where there is none of that name.
let private tryStart (program: string) (arguments: string list) : Process option =
    try
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true
        )
        |> Process.Start
        |> Some
    with :? ComponentModel.Win32Exception ->
        None

let private hasLibraries (python: string) =
    match tryStart python [ "-c"; "import sklearn" ] with
    | Some child ->
        use child = child
        child.WaitForExit()
        child.ExitCode = 0
    | None -> false

/// The Python that has scikit-learn, and with it NumPy, as a process that runs scripts until its input ends.
let private server: Lazy<Process option> =
    lazy
        ([ "/usr/bin/python3"; "python3"; "python" ]
         |> List.tryFind hasLibraries
         |> Option.bind (fun python ->
             tryStart python [ Path.Combine(AppContext.BaseDirectory, "Helpers", "python", "server.py") ]))

/// What a script of tests/Gmm.Tests/Helpers/python prints. The test is skipped where Python or scikit-learn is missing; where
/// everything is checked (CI), that is a failure.
let run (script: string) (arguments: string list) : string =
    match server.Value with
    | Some python ->
        let answer =
            lock python (fun () ->
                python.StandardInput.WriteLine(JsonSerializer.Serialize(Array.ofList (script :: arguments)))
                python.StandardInput.Flush()
                python.StandardOutput.ReadLine())

        if isNull answer then
            failwith $"{script}: Python ended."

        use document = JsonDocument.Parse answer

        match document.RootElement.TryGetProperty "output" with
        | true, output -> output.GetString()
        | false, _ ->
            let error = document.RootElement.GetProperty "error"
            failwith $"{script}: {error}"
    | None ->
        let missing = "There is no Python with scikit-learn (apt-get install python3-sklearn)."

        if Environment.GetEnvironmentVariable "CI" = "true" then
            failwith missing

        skiptest missing

/// Numbers that a script prints, one on each line.
let numbers (script: string) (arguments: string list) : float[] =
    (run script arguments).Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun line -> Double.Parse(line, CultureInfo.InvariantCulture))
