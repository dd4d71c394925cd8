/// The Python code of the page for people who come from scikit-learn.
module Gmm.Tests.ScikitLearnPageTests

open System.IO
open System.Text.RegularExpressions
open Expecto
open Gmm.Tests.Support

let private page = lazy File.ReadAllText(Path.Combine(repositoryRoot.Value, "docs", "from-scikit-learn.fsx"))

let private python =
    lazy
        [ for fence in
              Regex.Matches(page.Value, "^```python\r?\n(.*?)^```", RegexOptions.Multiline ||| RegexOptions.Singleline) do
              yield! fence.Groups[1].Value.ReplaceLineEndings("\n").Split '\n' ]

/// What the page says that the code prints: the comments of the Python code.
let printed =
    lazy
        [ for line in python.Value do
              if line.StartsWith "# " then
                  line.Substring 2 ]

[<Tests>]
let tests =
    testList
        "ScikitLearnPage"
        [ testCase "the Python code of the page prints the lines that follow it" (fun () ->
              Assert.True(printed.Value.Length > 10)

              inFolder (fun folder ->
                  Directory.CreateDirectory(Path.Combine(folder, "data")) |> ignore

                  File.Copy(
                      Path.Combine(repositoryRoot.Value, "data", "faithful.csv"),
                      Path.Combine(folder, "data", "faithful.csv")
                  )

                  let script = Path.Combine(folder, "page.py")
                  File.WriteAllLines(script, "import os" :: $"os.chdir(r'{folder}')" :: python.Value)
                  let output = (Python.run script []).ReplaceLineEndings("\n").TrimEnd('\n').Split '\n'
                  Assert.Equal<string list>(printed.Value, List.ofArray output))) ]
