/// What the documentation shows first runs as it stands.
module Gmm.Tests.Quickstart

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open Xunit

let private root = PublicSurface.repositoryRoot

/// What a script writes when it runs in the root of the repository; the test fails when it does not end well.
let private outputOf (script: string) =
    let start =
        ProcessStartInfo(
            "dotnet",
            [ "fsi"; "--quiet"; script ],
            WorkingDirectory = root.Value,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use run = Process.Start start
    let output, errors = run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync()

    if not (run.WaitForExit(TimeSpan.FromSeconds 60.0)) then
        run.Kill(entireProcessTree = true)
        Assert.Fail "The script did not end within a minute."

    Assert.True((run.ExitCode = 0), $"exit code {run.ExitCode}:\n{output.Result}\n{errors.Result}")
    output.Result

[<Fact>]
let ``docs/quickstart.fsx runs and fits Old Faithful`` () =
    let script = Path.Combine(root.Value, "docs", "quickstart.fsx")
    Assert.True(File.Exists script, $"{script} is missing")
    Assert.Contains("-1130.26", outputOf script)

[<Fact>]
let ``all F# in README.md runs, in order, as one script`` () =
    let readme = File.ReadAllText(Path.Combine(root.Value, "README.md"))

    let fences =
        [ for fence in
              Regex.Matches(readme, "^```fsharp\r?\n(.*?)^```", RegexOptions.Multiline ||| RegexOptions.Singleline) ->
              fence.Groups[1].Value ]

    Assert.NotEmpty fences
    let library = Path.Combine(root.Value, "src", "Gmm.FSharp", "bin", "Release", "net10.0", "Gmm.FSharp.dll")
    let folder = Directory.CreateTempSubdirectory "gmm"

    try
        let script = Path.Combine(folder.FullName, "readme.fsx")
        let references = $"#I @\"{Path.GetDirectoryName library}\"\n#r \"{Path.GetFileName library}\""
        File.WriteAllText(script, String.concat "\n" (references :: fences))
        Assert.Contains("-1130.26", outputOf script)
    finally
        folder.Delete true
