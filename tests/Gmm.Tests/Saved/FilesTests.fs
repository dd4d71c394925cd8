/// Writes of files: complete or as before, and nothing left behind.
module Gmm.Tests.FilesTests

open System
open System.IO
open System.Threading.Tasks
open Expecto
open Gmm
open Gmm.Tests.Support

/// The name of a temporary file of a write of this file.
let private temporary (path: string) = $"{path}.{Guid.NewGuid():N}.tmp"

let private rows = array2D [ [ 1.0; 2.0 ]; [ 3.0; 4.0 ] ]

let private data = lazy (Source.ofArray2D rows |> ok)

let private fit = lazy (Gmm.fit { Gmm.defaults with MaxIterations = 1 } data.Value |> ok)

let private kinds: (string * (string -> Result<unit, GmmError>)) list =
    [ "fit.json", (fun path -> Persist.save path fit.Value)
      "model.npz", (fun path -> Npz.export path fit.Value.Mixture)
      "rows.npy", (fun path -> Npy.write path rows)
      "em.svg", fun path -> Plot.scatter Plot.defaults fit.Value data.Value |> Result.bind (Figure.save path) ]

[<Tests>]
let tests =
    testList
        "Files"
        [ testCase "a write deletes what killed writes of the same file left behind, and nothing else" (fun () ->
              for name, write in kinds do
                  inFolder (fun folder ->
                      let path = Path.Combine(folder, name)
                      let unfinished = [ temporary path; temporary path ]

                      let others =
                          [ path + ".tmp"
                            path + ".backup.tmp"
                            temporary (Path.Combine(folder, "other-" + name))
                            temporary (Path.Combine(folder, name + ".old"))
                            Path.Combine(folder, "notes.tmp") ]

                      for file in unfinished @ others do
                          File.WriteAllText(file, "half a ")

                      write path |> ok
                      let found = Directory.GetFiles folder |> Array.sort
                      Assert.Equal<string>(path :: others |> List.sort |> Array.ofList, found)))
          testCase "names with marks of patterns are names" (fun () ->
              if OperatingSystem.IsWindows() then
                  skiptest "Windows does not allow such names."

              inFolder (fun folder ->
                  let path, other = Path.Combine(folder, "a*[b].npy"), temporary (Path.Combine(folder, "axb.npy"))
                  let unfinished = temporary path
                  File.WriteAllText(unfinished, "")
                  File.WriteAllText(other, "")
                  Npy.write path rows |> ok
                  Assert.Equal<string>([| path; other |] |> Array.sort, Directory.GetFiles folder |> Array.sort)))
          testCase "a write leaves the temporary file of a running write of the same file alone" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  let mutable during = [||]

                  // While the outer write reads its first block, another write of the same file begins and ends.
                  let source =
                      { data.Value with
                          Read =
                              fun index ->
                                  Npy.write path (array2D [ [ 9.0 ] ]) |> ok
                                  during <- Directory.GetFiles folder
                                  data.Value.Read index }

                  Npy.writeSource path source |> ok
                  Assert.Equal(2, during.Length)
                  use file = Npy.openFile path |> ok
                  Assert.Equal<float[,]>(rows, Source.rows [| 0L; 1L |] file.Source)
                  Assert.Equal<string>([| path |], Directory.GetFiles folder)))
          testCase "many writes of one file at the same time all succeed, and leave one of their files" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")

                  Parallel.For(
                      0,
                      8,
                      fun thread ->
                          for i in 0..99 do
                              Npy.write path (array2D [ [ float thread; float i ] ]) |> ok
                  )
                  |> ignore

                  Assert.Equal<string>([| path |], Directory.GetFiles folder)
                  use file = Npy.openFile path |> ok
                  let last = Source.rows [| 0L |] file.Source
                  Assert.True(last[0, 0] < 8.0 && last[0, 1] < 100.0)))
          testCase "a write that fails leaves the file as it was, and no temporary file" (fun () ->
              inFolder (fun folder ->
                  let path = Path.Combine(folder, "rows.npy")
                  Npy.write path rows |> ok
                  let before = File.ReadAllBytes path

                  let source =
                      { data.Value with
                          Read = fun _ -> raise (IOException "The disk is full.") }

                  Assert.Contains("The disk is full.", (error (Npy.writeSource path source)).Message)
                  Assert.Equal<byte>(before, File.ReadAllBytes path)
                  Assert.Equal<string>([| path |], Directory.GetFiles folder))) ]
