/// Backends that this assembly defines run every kind of fit.
module Gmm.Outside.BackendTests

open Expecto
open Gmm
open Gmm.Tests
open Gmm.Outside
open Gmm.Outside.Data

let private counts =
    Array.init 900 (fun i -> [| float (i % 3 * 4 + i % 2); float (i % 5) |]) |> Source.ofRows |> ok

/// Data with enough rows for several runs of blocks.
let private many =
    Formula.source 50_000L 3 (fun n j -> float (n * 7919L % 1009L) / 100.0 + 8.0 * float (n % 2L) * float j)

/// Returns the bits of fits of every kind on a backend.
let private fits (backend: Backend) : int64[] list =
    [ for data in [ source; many ] do
          for structure in Structure.all do
              Gmm.fit
                  { Gmm.defaults with
                      Components = 2
                      Family.Structure = structure
                      MaxIterations = 20
                      Backend = backend }
                  data
              |> ok
              |> bits

          Gmm.fit
              { KMeans.defaults with
                  Components = 3
                  Backend = backend }
              data
          |> ok
          |> bits

      Gmm.fit
          { Gmm.defaultsOf Poisson.family with
              Components = 2
              Assignment = Hard
              Backend = backend }
          counts
      |> ok
      |> bits

      let kind = ProductKind.ofParts [ Part.create [| 0 |] Poisson.family; Part.create [| 1 |] GaussianKind.defaults ]

      Gmm.fit
          { Gmm.defaultsOf kind with
              Components = 2
              Backend = backend }
          counts
      |> ok
      |> bits

      Gmm.fit
          { Gmm.defaultsOf Cauchy.kind with
              Components = 2
              Backend = backend }
          source
      |> ok
      |> bits ]

let private expected = fits Kernel.backend

[<Tests>]
let tests =
    testList
        "Backend"
        [ testCase "a backend that counts and delegates changes no bit" (fun () ->
              let counting = CountingBackend Kernel.backend
              Assert.Equal<int64[] list>(expected, fits counting)
              // Every fit opens one pass for all its runs, and closes it at the end.
              Assert.Equal(expected.Length, counting.Passes)
              Assert.Equal(counting.Passes, counting.Closed))
          testCase "a fit does an E-step for every iterate" (fun () ->
              let counting = CountingBackend Kernel.backend

              let fit =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.KMeans
                          Backend = counting }
                      source
                  |> ok

              Assert.Equal(fit.Trace.Length, counting.ESteps))
          testTheory "rows shared among machines give the bits of one machine" [ 1; 2; 3; 7 ] (fun (machines) ->
              Assert.Equal<int64[] list>(expected, fits (ShardedBackend machines)))
          testCase "a backend that can't be opened is an error of the fit" (fun () ->
              let closed =
                  { new Backend with
                      member _.Name = "closed"

                      member _.Open(_, _, _) =
                          Error(UnavailableBackend("closed", "it never opens", "Choose another one")) }

              match
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Backend = closed }
                      source
              with
              | Error(UnavailableBackend("closed", _, _)) -> ()
              | other -> failwith $"{other}")
          testCase "a backend that fails in a fit is an error of the fit, and its pass is closed" (fun () ->
              let mutable closed = false

              let failing =
                  { new Backend with
                      member _.Name = "failing"

                      member _.Open(family, source, execution) =
                          Kernel.backend.Open(family, source, execution)
                          |> Result.map (fun pass ->
                              let mutable left = 3

                              { new Pass<_> with
                                  member _.Expect(assignment, mixture) =
                                      if left = 0 then
                                          raise (GmmException(UnavailableBackend("failing", "it broke", "Mend it")))

                                      left <- left - 1
                                      pass.Expect(assignment, mixture)

                                  member _.Dispose() = closed <- true }) }

              match
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Start = Start.Points
                          Restarts = 4
                          MaxIterations = 2
                          Tolerance = 0.0
                          Execution = { Execution.Default with Threads = 1 }
                          Backend = failing }
                      source
              with
              // One run was complete when the backend broke; that is no fit.
              | Error(UnavailableBackend("failing", _, _)) -> Assert.True closed
              | other -> failwith $"{other}")
          testCase "sample weights and cancellation reach a backend" (fun () ->
              let weights = Array.init 1000 (fun i -> float (i % 3))
              let weighted = source |> Source.weighted weights |> ok

              let fit backend =
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Backend = backend }
                      weighted
                  |> ok

              sameBits (fit Kernel.backend) (fit (ShardedBackend 2))

              use stop = new System.Threading.CancellationTokenSource()
              let mutable closed = false

              let cancelling =
                  { new Backend with
                      member _.Name = "cancelling"

                      member _.Open(family, source, execution) =
                          Kernel.backend.Open(family, source, execution)
                          |> Result.map (fun pass ->
                              { new Pass<_> with
                                  member _.Expect(assignment, mixture) =
                                      stop.Cancel()
                                      pass.Expect(assignment, mixture)

                                  member _.Dispose() = closed <- true }) }

              Assert.ThrowsAny<System.OperationCanceledException>(fun () ->
                  Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Execution =
                              { Execution.Default with
                                  Cancellation = stop.Token }
                          Backend = cancelling }
                      source
                  |> ignore)
              |> ignore

              Assert.True closed) ]
