/// Open readers of files: what is closed when something fails, and which failure is reported.
module Gmm.Tests.ReadersTests

open System
open System.IO
open Expecto
open Gmm
open Gmm.Tests.Support

/// A resource that fails, or not, when it is closed, and says whether it was.
type private Resource(isFailing: bool) =
    member val IsClosed = false with get, set

    interface IDisposable with
        member resource.Dispose() =
            resource.IsClosed <- true

            if isFailing then
                failwith "closing"

[<Tests>]
let tests =
    testList
        "Readers"
        [ testCase "what was opened stays open only if the work succeeds" (fun () ->
              for isFailing in [ false; true ] do
                  let kept = new Resource(isFailing)
                  Assert.Equal(1, Opened.keep (fun _ -> Ok 1) kept |> ok)
                  Assert.False kept.IsClosed

                  let ofError = new Resource(isFailing)
                  let trouble = InvalidData("a", "b")
                  Assert.Equal(trouble, Opened.keep (fun _ -> Error trouble: Result<int, GmmError>) ofError |> error)
                  Assert.True ofError.IsClosed

                  let ofFailure = new Resource(isFailing)
                  let failing () = Opened.keep (fun _ -> failwith "work") ofFailure |> ignore<Result<int, GmmError>>
                  Assert.Equal("work", (Assert.Throws<Exception> failing).Message)
                  Assert.True ofFailure.IsClosed)
          testCase "all readers are closed if one fails, and the first failure is thrown" (fun () ->
              inFolder (fun folder ->
                  let closed = ResizeArray<int>()
                  let mutable opened = 0
                  let mutable isFailing = false

                  let readers =
                      new Readers<int>(
                          (fun stream ->
                              stream.Dispose()
                              opened <- opened + 1
                              opened),
                          fun reader ->
                              closed.Add reader

                              if isFailing then
                                  failwith $"reader {reader}"
                      )

                  let path = Path.Combine(folder, "rows")
                  File.WriteAllText(path, "rows")

                  // Two are in use at once; as many stay open as there are processors.
                  readers.Use(path, (fun _ -> readers.Use(path, ignore)))
                  closed.Clear()
                  isFailing <- true
                  let dispose () = (readers :> IDisposable).Dispose()
                  let failure = Assert.Throws<Exception> dispose
                  Assert.Equal(min 2 Environment.ProcessorCount, closed.Count)
                  Assert.Equal($"reader {closed[0]}", failure.Message))) ]
