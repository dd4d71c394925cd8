/// The first script of the documentation runs as it stands.
module Gmm.Tests.Quickstart

open System
open System.Diagnostics
open System.IO
open Xunit

[<Fact>]
let ``docs/quickstart.fsx runs and fits Old Faithful`` () =
    let root = PublicSurface.repositoryRoot.Value
    let script = Path.Combine(root, "docs", "quickstart.fsx")
    Assert.True(File.Exists script, $"{script} is missing")

    let start =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; "--quiet"; script ],
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use run = Process.Start start
    let output, errors = run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync()

    if not (run.WaitForExit(TimeSpan.FromSeconds 60.0)) then
        run.Kill(entireProcessTree = true)
        Assert.Fail "The script did not end within a minute."

    Assert.True((run.ExitCode = 0), $"exit code {run.ExitCode}:\n{output.Result}\n{errors.Result}")
    Assert.Contains("-1130.26", output.Result)
