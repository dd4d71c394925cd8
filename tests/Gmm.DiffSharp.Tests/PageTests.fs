/// The page of the documentation runs as it stands, and prints what it says.
module Gmm.DiffSharp.Tests.PageTests

open System
open System.Diagnostics
open System.IO
open System.Text.RegularExpressions
open Expecto
open Gmm.Tests
open Gmm.Tests.Support

let private root = repositoryRoot.Value

let private blocks language =
    let page = File.ReadAllText(Path.Combine(root, "docs", "diffsharp.md"))
    let pattern = $"^```{language}\n(.*?)^```$"

    [ for block in Regex.Matches(page, pattern, RegexOptions.Multiline ||| RegexOptions.Singleline) ->
          block.Groups[1].Value ]

[<Tests>]
let tests =
    testList
        "Page"
        [ testCase "the page prints what it says" (fun () ->
              let script = Path.Combine(Path.GetTempPath(), $"diffsharp-page-{Guid.NewGuid():N}.fsx")
              // The page is written as if in the root of the repository.
              File.WriteAllText(script, String.Join("\n", $"#I @\"{root}\"" :: blocks "fsharp"))

              try
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

                  if not (run.WaitForExit(TimeSpan.FromMinutes 10.0)) then
                      run.Kill(entireProcessTree = true)
                      Assert.Fail "The page did not end within ten minutes."

                  Assert.True((run.ExitCode = 0), $"exit code {run.ExitCode}:\n{output.Result}\n{errors.Result}")
                  Assert.Equal(String.concat "" (blocks "text"), output.Result)
              finally
                  File.Delete script) ]
