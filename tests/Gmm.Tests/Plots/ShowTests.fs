/// Figures in the browser.
module Gmm.Tests.ShowTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Plots

/// A page that no other test and no other process shows.
let private page () =
    Plot.curves Plot.defaults "x" "y" [ "a line", [| 0.0, 1.0; 2.0, 3.0 |] ]
    |> GmmError.get
    |> Figure.html
    |> fun html -> $"{html}<!-- {Guid.NewGuid()} -->"

[<Tests>]
let tests =
    testList
        "Show"
        [ testCase
              "a figure is shown from a page in the folder for temporary files, the same page for the same figure"
              (fun () ->
                  let mutable opened = []

                  let opener path =
                      opened <- path :: opened
                      Ok()

                  let page = page ()

                  let paths =
                      [ Browser.show opener page; Browser.show opener page; Browser.show opener (page + " ") ]
                      |> List.map GmmError.get

                  try
                      Assert.Equal<string list>(List.rev paths, opened)
                      Assert.Equal(paths[0], paths[1])
                      Assert.NotEqual<string>(paths[0], paths[2])
                      Assert.Equal(page, File.ReadAllText paths[0])

                      Assert.Equal(
                          Path.GetFullPath(Path.GetTempPath()),
                          Path.GetDirectoryName paths[0] + string Path.DirectorySeparatorChar
                      )

                      Assert.EndsWith(".html", paths[0])
                  finally
                      paths |> List.iter File.Delete)
          testCase "without a browser the error names the file, which stays, and says what to do" (fun () ->
              match Browser.show (fun _ -> Error "no such program") (page ()) with
              | Error(UnreadableFile(path, 0, 0, reason)) ->
                  Assert.True(File.Exists path)
                  File.Delete path
                  Assert.Contains("no browser could be opened (no such program). Open the file by hand", reason)
              | other -> failwith $"%A{other}") ]
