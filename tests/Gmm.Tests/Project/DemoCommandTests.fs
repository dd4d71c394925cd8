/// The command line of the demo: how options may be written, what is refused before a fit, and the selection.
module Gmm.Tests.DemoCommandTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Demo.Arguments
open Gmm.Tests.Support

let private words (line: string) = line.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

/// What a command line asks for.
let private asked line =
    match parse (words line) with
    | Ok(Analyse request) -> request
    | other -> failwith $"{other}"

/// What is wrong with a command line.
let private refusal line =
    match parse (words line) with
    | Error reason -> reason
    | other -> failwith $"{other}"

[<Tests>]
let tests =
    testList
        "DemoCommand"
        [ testCase "a value stands after a space or an equals sign, an option before or after the file" (fun () ->
              let expected =
                  { request "iris.csv" [ 3 ] with
                      Restarts = 2
                      Seed = -5 }

              for line in
                  [ "iris.csv --components 3 --restarts 2 --seed -5"
                    "iris.csv --components=3 --restarts=2 --seed=-5"
                    "--seed -5 --restarts 2 iris.csv --components 3"
                    "--components=3 --restarts 2 --seed=-5 iris.csv" ] do
                  Assert.Equal(expected, asked line))
          testCase "structures have the names of scikit-learn, tgmm and mclust, in any case" (fun () ->
              let structures names = (asked $"iris.csv --components 3 --covariance {names}").Structures

              Assert.Equal<Structure list>(
                  [ Full; Diag; Spherical; TiedFull; TiedDiag; TiedSpherical ],
                  structures "VVV,VVI,VII,EEE,EEI,EII"
              )

              Assert.Equal<Structure list>(
                  [ Full; TiedFull; Spherical; TiedDiag ],
                  structures "full,Tied,isotropic,tied-diag"
              )

              Assert.Equal<Structure list>([ TiedFull; Full; VEV ], structures "eee,vvv,vev")
              Assert.Equal<Structure list>(Structure.all, (asked "iris.csv --components 3").Structures)
              let unknown = refusal "iris.csv --components 3 --covariance full,XYZ"
              Assert.Contains("\"XYZ\"", unknown)
              Assert.Contains("tied_diag", unknown)
              Assert.Contains("EEI", unknown))
          testCase "a selection tries a range of numbers, or some" (fun () ->
              Assert.Equal<int list>([ 1..9 ], (asked "iris.csv --select 1..9").Components)
              Assert.Equal<int list>([ 2; 3; 5 ], (asked "iris.csv --select=2,3,5").Components)
              Assert.Equal<int list>([ 4 ], (asked "iris.csv --select 4..4").Components)

              for wrong in [ "9..1"; "1...9"; "1..x"; "1-9"; "..3" ] do
                  Assert.Contains($"\"{wrong}\"", refusal $"iris.csv --select {wrong}")

              Assert.Contains("not both", refusal "iris.csv --select 1..9 --components 3")
              Assert.Contains("--select", refusal "iris.csv --restarts 3"))
          testCase "columns to take and columns to leave out exclude one another; --label is --labels" (fun () ->
              Assert.Equal(Only [ Named "a"; Numbered 3 ], (asked "x.csv --components 1 --columns a,3").Csv.Columns)
              Assert.Equal(In(Named "group"), (asked "x.csv --components 1 --label group").Csv.Labels)
              Assert.Equal(In(Numbered 5), (asked "x.csv --components 1 --labels 5").Csv.Labels)
              Assert.Equal(NoColumn, (asked "x.csv --components 1 --labels none").Csv.Labels)
              Assert.Contains("not both", refusal "x.csv --components 1 --columns 1 --without 2"))
          testCase "a second file, an option twice and a file that is missing are refused" (fun () ->
              Assert.Contains("more.csv", refusal "iris.csv --components 3 more.csv")
              Assert.Contains("--components", refusal "iris.csv --components 3 --components 4")
              Assert.Contains("file", refusal "--components 3"))
          testCase
              "a picture that can't be written is refused before the fit, and the check leaves nothing behind"
              (fun () ->
                  let folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())
                  Directory.CreateDirectory folder |> ignore

                  try
                      let output path = $"iris.csv --components 3 --output {path}"
                      let inFolder name = Path.Combine(folder, name)

                      for name in [ "picture.png"; "picture.json" ] do
                          Assert.Contains(".svg or .html", refusal (output (inFolder name)))

                      // A folder has this name, and a file the name of a folder on the way.
                      Directory.CreateDirectory(inFolder "folder.svg") |> ignore
                      Assert.Contains("--output", refusal (output (inFolder "folder.svg")))
                      File.WriteAllText(inFolder "file", "")
                      Assert.Contains("--output", refusal (output (inFolder "file/picture.svg")))

                      let picture = inFolder "new/picture.svg"
                      Assert.Equal(Some picture, (asked (output picture)).Output)
                      Assert.False(Directory.Exists(Path.GetDirectoryName picture))
                      Directory.CreateDirectory(Path.GetDirectoryName picture) |> ignore
                      // A picture that is there already stays as it is.
                      File.WriteAllText(picture, "earlier")
                      Assert.Equal(Some picture, (asked (output picture)).Output)
                      Assert.Equal("earlier", File.ReadAllText picture)
                  finally
                      Directory.Delete(folder, recursive = true))
          testCase "no arguments are the examples, and help wins over what is wrong" (fun () ->
              Assert.Equal(Ok Examples, parse [])
              Assert.Equal(Ok Help, parse [ "--help" ])
              Assert.Equal(Ok Help, parse [ "iris.csv"; "-h" ]))
          testCase "the manual names every option, and examples that are understood" (fun () ->
              for option in
                  [ "--components"
                    "--select"
                    "--covariance"
                    "--restarts"
                    "--seed"
                    "--draw"
                    "--output"
                    "--columns" ]
                  @ [ "--without"; "--labels"; "--row-names"; "--header"; "--separator"; "--decimal"; "--thousands" ]
                  @ [ "--missing"; "--missing-words"; "--help" ] do
                  Assert.Contains($"  {option} ", manual)

              let start = "  dotnet fsi build.fsx run -- "
              let examples = manual.Split '\n' |> Array.filter _.StartsWith(start)
              Assert.NotEmpty examples

              for example in examples do
                  // The picture of an example would be written where the tests run.
                  match words (example.Substring start.Length) |> List.filter ((<>) "--output") with
                  | arguments -> Assert.True((parse (arguments |> List.filter ((<>) "iris.html"))).IsOk, example))
          testTheory
              "texts of the library name the demo's options, but words of the file stay"
              [ "Say with Header whether the first row is a header.",
                "Say with --header whether the first row is a header."
                "Set Separator or Decimal to ','.", "Set --separator or --decimal to ','."
                "add it to MissingWords. Name it in Labels or RowNames",
                "add it to --missing-words. Name it in --labels or --row-names"
                "Have NaN in such cells by setting Missing to Keep, leave out such rows by setting Missing to DropRows, or columns with Columns.",
                "Leave out such rows by --missing drop, or columns with --columns."
                "The columns \"Labels\", \"Header\" have words.", "The columns \"Labels\", \"Header\" have words."
                "Select.evenOnFloor, in C# SelectOnFloor, chooses among all.",
                "Select.evenOnFloor, in C# SelectOnFloor, chooses among all." ]
              (fun (text: string, expected: string) -> Assert.Equal(expected, spoken text))
          testCase "a selection prints the criterion of every candidate and goes on with the best" (fun () ->
              let exitCode, output, errors =
                  [ "--select=1..3"; "data/iris.csv"; "--covariance"; "EEE,VVV"; "--restarts"; "2" ] |> DemoTests.run

              Assert.Equal((0, ""), (exitCode, errors))
              Assert.Contains("iris, 1 to 3 components", output)
              Assert.Contains("* 574.02", output)
              Assert.Contains("688.10", output)
              Assert.Contains("BIC prefers full with 2 components", output)
              Assert.Contains("gaussian mixture of 2 components, covariances full", output))
          testCase "one component is one" (fun () ->
              let _, output, _ = DemoTests.run [ "data/faithful.csv"; "--components"; "1"; "--covariance"; "VVV" ]
              Assert.Contains("faithful, 1 component\n", output.ReplaceLineEndings "\n"))
          testCase "a picture that can't be written ends with code 2 before anything is read" (fun () ->
              let exitCode, output, errors = DemoTests.run [ "data/iris.csv"; "--components=3"; "--output=iris.png" ]
              Assert.Equal((2, ""), (exitCode, output))
              Assert.Contains("iris.png", errors)) ]
