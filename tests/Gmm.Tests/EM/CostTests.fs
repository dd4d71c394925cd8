/// What a fit costs: memory, allocations, and work until it heeds a cancellation. No other test runs beside these, since memory
/// is the process's. Times are measured by the benchmarks.
module Gmm.Tests.CostTests

open System
open System.Threading
open Expecto
open Gmm
open Gmm.Tests.Support

/// Rows around K centres, with noise in [0, 1); cheap to make.
let private blobs rows columns components : Source =
    let value i =
        let n, j = i / columns, i % columns
        let noise = float (RandomStream.key 1L (int64 i) >>> 11) / float (1UL <<< 53)
        4.0 * float (RandomStream.key 2L (int64 (n % components * columns + j)) % 8UL) + noise

    Source.ofMemory columns (ReadOnlyMemory(Array.init (rows * columns) value)) |> ok

let private full components =
    { Gmm.defaults with
        Components = components
        Tolerance = 0.0
        Execution = oneThread }

let private cancelledBy (stop: CancellationTokenSource) threads =
    { Threads = threads
      Cancellation = stop.Token }

// ── Cancellation ────────────────────────────────────────────────────────────────────────────────────────────────────

/// A source that counts the blocks it is asked for, and does something when it has given so many.
let private counting (reads: int ref) at (act: unit -> unit) (source: Source) =
    { source with
        Read =
            fun index ->
                if Interlocked.Increment reads = at then
                    act ()

                source.Read index }

[<Tests>]
let cancellationTests =
    testSequenced
    <| testList
        "Cost: cancellation"
        [ testTheory "wherever a fit is cancelled, it reads only a few blocks more" [ 1; 3 ] (fun (threads: int) ->
              let source = blobs 40_000 16 4
              Assert.Equal(79L, source.Blocks)
              // So a few blocks are little work, whatever the numbers of rows and columns are.
              Assert.Equal(8192, source.BlockRows * source.Columns)

              /// Blocks read altogether, when the fit is cancelled as one of them is.
              let readsOf at =
                  use stop = new CancellationTokenSource()
                  let reads = ref 0

                  /// Later reads wait for the cancellation, so that a thread that the machine holds up changes no count.
                  let patient (source: Source) =
                      { source with
                          Read =
                              fun index ->
                                  if at > 0 && Volatile.Read &reads.contents >= at then
                                      stop.Token.WaitHandle.WaitOne() |> ignore

                                  source.Read index }

                  let fit () =
                      source
                      |> counting reads at stop.Cancel
                      |> patient
                      |> Gmm.fit
                          { full 4 with
                              MaxIterations = 4
                              Execution = cancelledBy stop threads }

                  if at = 0 then
                      fit () |> ok |> ignore
                  else
                      Assert.ThrowsAny<OperationCanceledException>(fun () -> fit () |> ignore) |> ignore

                  reads.Value

              let all = readsOf 0

              for part in 0..30 do
                  let at = 1 + part * (all - 100) / 30
                  // Each thread may have one under way; k-means++ draws a few rows before it goes through the data again.
                  Assert.InRange(readsOf at, at, at + threads + 8)) ]

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// How many bytes a piece of work allocates on this thread.
let private allocatedBy (work: unit -> 'T) =
    let before = GC.GetAllocatedBytesForCurrentThread()
    work () |> ignore
    GC.GetAllocatedBytesForCurrentThread() - before

[<Tests>]
let memory =
    testSequenced
    <| testList
        "Cost: memory"
        [
          // Live memory is measured as blocks are read, all along the way through the start and the iterations.
          testTheory
              "a whole fit holds less than 64 MiB beside the data, however many rows there are"
              [ 100_000; 400_000 ]
              (fun (rows: int) ->
                  let source = blobs rows 16 16
                  let before = GC.GetTotalMemory true
                  let reads, most = ref 0, ref 0L

                  let measured =
                      { source with
                          Read =
                              fun index ->
                                  if Interlocked.Increment reads % 97 = 0 then
                                      most.Value <- max most.Value (GC.GetTotalMemory true - before)

                                  source.Read index }

                  measured |> Gmm.fit { full 16 with MaxIterations = 3 } |> ok |> ignore
                  Assert.True(reads.Value > 20 * 97)
                  Assert.InRange(most.Value, 1L, 64L * 1024L * 1024L))
          // The statistics of the runs of blocks are added up in memory that serves again.
          testCase
              "an E-step of an open pass allocates its result and little else, however many rows there are"
              (fun () ->
                  let components, features = 16, 16
                  let statistics = 8 * components * (1 + features + features * features)

                  for rows in [ 50_000; 100_000; 200_000 ] do
                      let source = blobs rows features components

                      let model =
                          { Model.ofFamily Gaussian.family with
                              Execution = oneThread }

                      let means = source |> Source.rows (Array.init components int64)
                      let start = Gaussian.create Full means (Tensor.scalar 1.0) |> ok |> Mixture.uniform components
                      use pass = Model.openPass model source |> ok
                      let result = pass.Expect(Soft, start)
                      let numbers = Statistics.pack result
                      let besides = 256L * source.Blocks + 16384L
                      let bytes = allocatedBy (fun () -> pass.Expect(Soft, start))
                      Assert.True(bytes <= int64 statistics + besides, $"{bytes} bytes for {rows} rows")
                      // What was handed out is not written over.
                      Assert.Equal<float[]>(numbers, Statistics.pack result)
                      // A new pass has no memory yet for the statistics of a run.
                      let bytes = allocatedBy (fun () -> EM.eStep model source start)

                      Assert.True(
                          bytes <= 2L * int64 statistics + besides,
                          $"{bytes} bytes in a new pass for {rows} rows"
                      ))
          // A copy of the data as float64 would be 24 MiB; the start and the fit have kernels of their own for float32.
          testCase "a fit of float32 allocates what one of float64 does and less than 1 MiB besides" (fun () ->
              let rows, columns = 200_000, 16

              let numbers =
                  blobs rows columns 8
                  |> Source.collect oneThread (fun block -> block.Values.ToArray() |> Array.map float32)

              let float32s = Source.ofFloat32Memory columns (ReadOnlyMemory numbers) |> ok
              let float64s = Source.ofMemory columns (ReadOnlyMemory(Array.map float numbers)) |> ok
              let fit source () = source |> Gmm.fit { full 8 with MaxIterations = 3 } |> ok
              fit float32s () |> ignore
              let ofFloat64, ofFloat32 = allocatedBy (fit float64s), allocatedBy (fit float32s)
              Assert.True(ofFloat32 < ofFloat64 + 1024L * 1024L, $"{ofFloat32} bytes instead of {ofFloat64}"))
          testCase "an E-step of small data allocates its result and less than 4 KiB besides" (fun () ->
              let source = (DataSet.faithful ()).Source

              let model =
                  { Model.ofFamily Gaussian.family with
                      Execution = oneThread }

              let means = source |> Source.rows [| 0L; 1L |]
              let start = Gaussian.create Full means (Tensor.scalar 1.0) |> ok |> Mixture.uniform 2
              EM.eStep model source start |> ignore
              Assert.True(allocatedBy (fun () -> EM.eStep model source start) < 4096L))
          testTheory
              "an M-step allocates little more than its result, and the objective nothing to speak of"
              [ 32, 64; 16, 16; 2, 2 ]
              (fun (components: int, features: int) ->
                  let source = blobs (40 * features + 10 * components) features components

                  let model =
                      { Model.ofFamily Gaussian.family with
                          Execution = oneThread }

                  let means = source |> Source.rows (Array.init components int64)
                  let start = Gaussian.create Full means (Tensor.scalar 1.0) |> ok |> Mixture.uniform components
                  let statistics = EM.eStep model source start
                  let next = EM.mStep model start statistics |> ok
                  // Weights, means, covariances and inverse factors.
                  let result = 8 * components * (1 + features + 2 * features * features)
                  let bytes = allocatedBy (fun () -> EM.mStep model start statistics)
                  Assert.True(float bytes <= 1.1 * float result + 2048.0, $"{bytes} bytes for a result of {result}")

                  EM.objective model next statistics |> ignore
                  let bytes = allocatedBy (fun () -> EM.objective model next statistics)
                  Assert.True(bytes <= 8L * int64 components + 256L, $"{bytes} bytes for the objective")) ]
