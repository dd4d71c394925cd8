/// The demo as a program: what it prints and how it ends.
module Gmm.Tests.DemoTests

open System
open System.Diagnostics
open System.IO
open System.Xml.Linq
open Expecto
open Gmm.Tests.Support

/// The demo as the tests were built, in Debug or in Release.
let private program =
    let configuration = DirectoryInfo(AppContext.BaseDirectory).Parent.Name
    Path.Combine(repositoryRoot.Value, "samples", "Gmm.Demo", "bin", configuration, "net10.0", "Gmm.Demo.dll")

/// A file as a program in German exports it: words for row names, decimal commas, a missing cell, labels in the middle.
let private export =
    "id;a;group;b;note\nA1;1,5;u;2,5;x\nA2;NA;v;3,5;y\nA3;3;u;4,5;z\nA4;5;u;4,5;x\nA5;5,5;v;7,5;x\nA6;1;v;2;x\n"

/// The exit code, the output and the errors of the demo, run in a folder of its own that has the data, and what `look` sees
/// there afterwards.
let private runAnd (look: string -> 'T) (arguments: string list) =
    let folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())
    let data = Path.Combine(folder, "data")
    Directory.CreateDirectory data |> ignore

    for file in [ "faithful.csv"; "iris.csv" ] do
        File.Copy(Path.Combine(repositoryRoot.Value, "data", file), Path.Combine(data, file))

    File.WriteAllText(Path.Combine(folder, "export.csv"), export)

    try
        let start =
            ProcessStartInfo(
                "dotnet",
                program :: arguments,
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Text.Encoding.UTF8
            )

        use demo = Process.Start start
        let errors = demo.StandardError.ReadToEndAsync()
        let output = demo.StandardOutput.ReadToEnd()
        demo.WaitForExit()
        (demo.ExitCode, output, errors.Result), look folder
    finally
        Directory.Delete(folder, recursive = true)

let run arguments = runAnd ignore arguments |> fst

let private isPicture folder name = XDocument.Load(Path.Combine(folder, name)).Root.Name.LocalName = "svg"

[<Tests>]
let tests =
    testList
        "Demo"
        [ testCase "without arguments it fits both data sets with all structures and draws them" (fun () ->
              let (exitCode, output, errors), arePictures =
                  runAnd
                      (fun folder ->
                          [ "faithful"; "iris" ] |> List.map (fun name -> isPicture folder $"artifacts/{name}.svg"))
                      []

              Assert.Equal((0, ""), (exitCode, errors))
              Assert.Equal<bool list>([ true; true ], arePictures)

              for number in
                  [ "-1130.26396"
                    "-1140.18676"
                    "-1147.80635"
                    "-1157.68001"
                    "-1709.52928"
                    "-1709.68137" // faithful
                    "-180.18548"
                    "-256.35404"
                    "-361.42552"
                    "-384.31410"
                    "-401.80218" ] do // iris
                  Assert.Contains(number, output)

              // Old Faithful, then iris.
              Assert.Contains("BIC prefers VVE", output)
              Assert.Contains("BIC prefers VEV", output)
              Assert.Contains("–", output)

              Assert.Contains(
                  "data: 150 rows of 4 columns: sepal_length, sepal_width, petal_length, petal_width",
                  output
              )

              Assert.Contains("labels: label (by its name)", output)
              // Every row of a table of fits is one line.
              let count mark (line: string) = line.Split(mark: char).Length - 1

              Assert.Equal<int>(
                  Array.replicate 30 8,
                  output.Split('\n') |> Array.filter (fun line -> line.StartsWith '│') |> Array.map (count '│')
              )

              // A weight and a mean of faithful, and a weight of iris.
              for number in [ "0.356763"; "79.9892"; "0.366649" ] do
                  Assert.Contains(number, output))
          testCase "a file of the user's own, one structure, and a picture where it is wanted" (fun () ->
              let arguments =
                  [ "data/iris.csv"; "--components"; "3"; "--covariance"; "tied"; "--restarts"; "2"; "--seed"; "5" ]
                  @ [ "--draw"; "petal_width,1"; "--output"; "out/mine.svg" ]

              let (exitCode, output, errors), isPicture =
                  runAnd (fun folder -> isPicture folder "out/mine.svg") arguments

              Assert.Equal((0, ""), (exitCode, errors))
              Assert.True isPicture
              Assert.Contains("tied_full", output)
              Assert.Contains("out/mine.svg", output)
              Assert.DoesNotContain("BIC prefers", output))
          testCase "an export is read with options, and the demo says what it took as what" (fun () ->
              let arguments =
                  [ "export.csv"; "--components"; "1"; "--covariance"; "full" ]
                  @ [ "--labels"; "group"; "--without"; "5"; "--missing"; "drop" ]

              let exitCode, output, errors = run arguments
              Assert.Equal((0, ""), (exitCode, errors))

              Assert.Contains(
                  "data: 5 rows of 2 columns: a, b\nlabels: group (as the options say)\nrow names: id (by its name)\nleft out: note (as the options say)\ndropped: 1 of 6 rows, with 1 missing cell\nformat: a header, semicolons between cells, decimal commas",
                  output.ReplaceLineEndings "\n"
              )

              // The means of 1.5, 3, 5, 5.5, 1 and of 2.5, 4.5, 4.5, 7.5, 2.
              Assert.Matches(@"mean\s+a\s+3\.2\s+b\s+4\.2\s", output))
          testCase "help is no error" (fun () ->
              let exitCode, output, _ = run [ "--help" ]
              Assert.Equal(0, exitCode)
              Assert.Contains("--components", output))
          testTheory
              "wrong arguments end with code 2 and the usage"
              [ "data/iris.csv", "lacks --components"
                "--components 3", "no file"
                "data/iris.csv --components three", "not a number"
                "data/iris.csv --components", "no value"
                "data/iris.csv --components 3 --covariance round", "no structure"
                "data/iris.csv --components 3 --draw 1", "one column"
                "data/iris.csv --components 3 --missing keep", "no such way"
                "data/iris.csv --components 3 --decimal comma", "no mark"
                "data/iris.csv --components 3 --header perhaps", "neither yes nor no"
                "data/iris.csv --components 3 --colour red", "no such option" ]
              (fun (arguments: string, _why: string) ->
                  let exitCode, output, errors = run (List.ofArray (arguments.Split ' '))
                  Assert.Equal((2, ""), (exitCode, output))
                  Assert.StartsWith("error: ", errors)
                  Assert.Contains("Usage:", errors))
          testTheory
              "what the library refuses ends with code 1 and its message"
              [ "missing.csv --components 2", "missing.csv"
                "data/iris.csv --components 0", "--components"
                "data/iris.csv --components 500", "500"
                "data/iris.csv --components 3 --draw 1,9", "sepal_length"
                "data/iris.csv --components 3 --columns 1,9", "sepal_length"
                "export.csv --components 1", "line 2, column 3: The columns \"group\", \"note\" have words." ]
              (fun (arguments: string, part: string) ->
                  let exitCode, _, errors = run (List.ofArray (arguments.Split ' '))
                  Assert.Equal(1, exitCode)
                  Assert.StartsWith("error: ", errors)
                  Assert.Contains(part, errors)
                  Assert.DoesNotContain("   at ", errors)) ]
