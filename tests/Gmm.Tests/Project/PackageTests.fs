/// The READMEs of the packages: their F# runs as it stands.
module Gmm.Tests.PackageTests

open System.IO
open System.Text.RegularExpressions
open Expecto
open Gmm.Tests.Support

let private sources = lazy Path.Combine(repositoryRoot.Value, "src")

let private readmes =
    lazy
        (Directory.GetFiles(sources.Value, "README.md", SearchOption.AllDirectories)
         |> Array.filter (fun readme ->
             let project = Directory.GetFiles(Path.GetDirectoryName readme, "*.*proj") |> Array.exactlyOne
             not ((File.ReadAllText project).Contains "<IsPackable>false</IsPackable>"))
         |> Array.sort)

let private fences (readme: string) =
    [ for fence in Regex.Matches(readme, "^```fsharp\r?\n(.*?)^```", RegexOptions.Multiline ||| RegexOptions.Singleline) ->
          fence.Groups[1].Value ]

[<Tests>]
let tests =
    testList
        "Package"
        [ testCase
              "every package has a README that begins with its name, tells how to install it, and has no relative link"
              (fun () ->
                  Assert.True(readmes.Value.Length >= 6)

                  for readme in readmes.Value do
                      let name, text = Path.GetFileName(Path.GetDirectoryName readme), File.ReadAllText readme
                      Assert.StartsWith($"# {name}\n", text.ReplaceLineEndings "\n")
                      Assert.Contains($"dotnet add package {name}", text)
                      Assert.False(Regex.IsMatch(text, @"\]\((?!https?:)"), $"a relative link in {readme}"))
          // One script, with a module for each README.
          testCase "all F# in the READMEs of the packages runs" (fun () ->
              let output project = Path.Combine(sources.Value, project, "bin", "Release", "net10.0")

              let references =
                  [ for project in
                        [ "Gmm.Plotly"
                          "Gmm.Torch"
                          "Gmm.Laws"
                          "Gmm.Parquet"
                          "Gmm.Deedle"
                          // The later of two versions of Apache.Arrow.
                          "Gmm.Arrow"
                          "Gmm.DataFrame" ] do
                        $"#I @\"{output project}\""
                    for assembly in
                        [ "DynamicObj"
                          "Giraffe.ViewEngine"
                          "Newtonsoft.Json"
                          "Plotly.NET"
                          "FsCheck"
                          "Apache.Arrow"
                          "Deedle"
                          "Microsoft.Data.Analysis"
                          "MathNet.Numerics"
                          "Gmm.FSharp"
                          "Gmm.Arrow"
                          "Gmm.DataFrame"
                          "Gmm.Deedle"
                          "Gmm.Parquet"
                          "Gmm.Plots"
                          "Gmm.Plotly"
                          "Gmm.Torch"
                          "Gmm.Laws" ] do
                        $"#r \"{assembly}.dll\"" ]

              let modules =
                  readmes.Value
                  |> Array.collect (File.ReadAllText >> fences >> Array.ofList)
                  |> Array.mapi (fun i code -> $"module Readme{i} =\n" + Regex.Replace(code, "(?m)^(?=.)", "    "))

              // The READMEs of nine packages have F#.
              Assert.Equal(9, modules.Length)

              inFolder (fun folder ->
                  let script = Path.Combine(folder, "readmes.fsx")
                  File.WriteAllText(script, String.concat "\n" (references @ List.ofArray modules))
                  let printed = PageTests.outputWith [] folder script
                  Assert.Contains("row 0 belongs to component", printed)
                  Assert.True(File.Exists(Path.Combine(folder, "scatter.svg")))
                  Assert.True(File.Exists(Path.Combine(folder, "chart.html")))
                  Assert.True(File.Exists(Path.Combine(folder, "labelled.parquet"))))) ]
