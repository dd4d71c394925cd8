/// Programs in Python to compare with, where Python has what they need.
module Gmm.Tests.Python

open System
open System.Diagnostics
open System.Globalization
open System.IO
open Expecto

/// What a program writes, or the end code and the errors of one that fails; None where there is no such program.
let private tryRun (program: string) (arguments: string list) : Result<string, string> option =
    let start = ProcessStartInfo(program, arguments, RedirectStandardOutput = true, RedirectStandardError = true)

    try
        use run = Process.Start start
        let output, errors = run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync()

        if not (run.WaitForExit(TimeSpan.FromMinutes 10.0)) then
            run.Kill(entireProcessTree = true)
            Some(Error "It did not end within ten minutes.")
        elif run.ExitCode = 0 then
            Some(Ok output.Result)
        else
            Some(Error $"exit code {run.ExitCode}:\n{errors.Result}")
    with :? ComponentModel.Win32Exception ->
        None

/// The Python that has scikit-learn, and with it NumPy.
let private interpreter =
    lazy
        ([ "/usr/bin/python3"; "python3"; "python" ]
         |> List.tryFind (fun python ->
             match tryRun python [ "-c"; "import sklearn" ] with
             | Some(Ok _) -> true
             | _ -> false))

/// What a script of tests/Gmm.Tests/Helpers/python prints. The test is skipped where Python or scikit-learn is missing; where
/// everything is checked (CI), that is a failure.
let run (script: string) (arguments: string list) : string =
    match interpreter.Value with
    | Some python ->
        let path = Path.Combine(AppContext.BaseDirectory, "Helpers", "python", script)

        match tryRun python (path :: arguments) with
        | Some(Ok output) -> output
        | other -> failwith $"{script}: %A{other}"
    | None ->
        let missing = "There is no Python with scikit-learn (apt-get install python3-sklearn)."

        if Environment.GetEnvironmentVariable "CI" = "true" then
            failwith missing

        skiptest missing

/// Numbers that a script prints, one on each line.
let numbers (script: string) (arguments: string list) : float[] =
    (run script arguments).Split('\n', StringSplitOptions.RemoveEmptyEntries)
    |> Array.map (fun line -> Double.Parse(line, CultureInfo.InvariantCulture))
