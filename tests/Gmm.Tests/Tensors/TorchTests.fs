/// The engine of libtorch: the laws of engines, whole fits, memory and errors.
module Gmm.Tests.TorchTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Expecto
open Gmm
open Gmm.Laws
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── The engine ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends a test that this machine can't run; where the tests of libtorch are required, as in CI, it fails.
let private skip reason = skipUnless "GMM_TORCH_TESTS" reason

let private engineOf dtype =
    match Torch.engine TorchDevice.Cpu dtype with
    | Ok engine -> engine
    | Error error -> skip error.Message

let private dtypes = [ Dtype.Float64; Dtype.Float32 ]

let private dtypeOf (name: string) = dtypes |> List.find (fun dtype -> string dtype = name)

// ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────

let lawsAndTypes =
    [ for law in Laws.engine do
          for dtype in dtypes -> (law.Name, string dtype) ]

[<Tests>]
let lawsTests =
    testList
        "Torch: laws"
        [ testTheory "libtorch obeys the laws of engines" lawsAndTypes (fun (law: string, dtype: string) ->
              let dtype = dtypeOf dtype

              let report =
                  Laws.engine |> List.find (fun each -> each.Name = law) |> EngineLaw.run dtype (engineOf dtype)

              Assert.True((report.Outcome = Passed 1), string report)) ]

// ── Numbers in memory ───────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``numbers in memory`` =
    testList
        "Torch: numbers in memory"
        [ testCase "float64 numbers on the processor are used in place" (fun () ->
              let numbers = [| 1.0; 2.0; 3.0 |]
              let inPlace = (engineOf Dtype.Float64).Create [| 2 |] (ReadOnlyMemory(numbers, 1, 2))
              let copied = (engineOf Dtype.Float32).Create [| 2 |] (ReadOnlyMemory(numbers, 1, 2))
              numbers[2] <- 9.0
              Assert.Equal<float[]>([| 2.0; 9.0 |], inPlace.toArray ())
              Assert.Equal<float[]>([| 2.0; 3.0 |], copied.toArray ()))
          testCase "what was computed from a scoped tensor is freed with it, and nothing else" (fun () ->
              let a = (engineOf Dtype.Float64).Create [| 2 |] (ReadOnlyMemory [| 1.0; 2.0 |])
              let head = a.scoped ()
              let computed = (head + head).exp()
              Assert.Equal(2, computed.toArray().Length)
              head.free ()
              Assert.Throws<ObjectDisposedException>(fun () -> computed.toArray () |> ignore) |> ignore
              Assert.Equal<float[]>([| 1.0; 2.0 |], a.toArray ())) ]

// ── Examples ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Rows as one block, every other one with a weight of its own.
let private blockOf weighted columns (rows: float[][]) =
    let weights = Array.init rows.Length (fun i -> if i % 2 = 0 then 1.0 else 0.25 * float (i % 7))

    { FirstRow = 0L
      Rows = rows.Length
      Columns = columns
      Numbers = Numbers.Float64(ReadOnlyMemory(Array.concat rows))
      Weights = if weighted then Some(ReadOnlyMemory weights) else None }

let private statisticsNear tolerance (expected: Statistics) (actual: Statistics) =
    nearAll tolerance "weight" [| expected.Weight |] [| actual.Weight |]
    nearAll tolerance "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
    nearAll tolerance "counts" expected.Counts actual.Counts
    Assert.Equal(expected.Sums.Length, actual.Sums.Length)
    Array.iteri2 (fun i -> nearAll tolerance $"sums {i}") expected.Sums actual.Sums

/// Rows around three centres.
let private gaussianRow features (random: Random) =
    let centre = 4.0 * float (random.Next 3)
    Array.init features (fun j -> centre * float (1 + j % 2) + normal random)

/// A mixture of three components of a structure, with covariances of the M-step.
let private gaussianMixture structure features =
    let rows = Random 5 |> fun random -> Array.init 100 (fun _ -> gaussianRow features random)

    let means =
        array2D [ for centre in [ 0.5; 3.5; 8.5 ] -> Array.init features (fun j -> centre * float (1 + j % 2)) ]

    Gaussian.create structure means (Tensor.scalar 4.0)
    |> Result.bind (Mixture.create [| 1.0; 2.0; 3.0 |])
    |> Result.bind (EM.step (Model.ofFamily Gaussian.family) (sourceOf rows))
    |> ok

// ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Ends the test where there is no libtorch.
let private requireTorch () = engineOf Dtype.Float64 |> ignore

let private onProcessor = Torch.backend TorchDevice.Cpu

[<Tests>]
let fitsTests =
    testList
        "Torch: fits"
        [ testCase "whole fits of Gaussian mixtures agree with those of the processor's own code" (fun () ->
              requireTorch ()
              let data = DataSet.iris().Source
              let weighted = data |> Source.weighted (Array.init 150 (fun i -> 0.5 + float (i % 3))) |> ok
              let mutable others = 0

              for structure in Structure.all do
                  for source, assignment in [ data, Soft; weighted, Soft; data, Hard ] do
                      let options =
                          { Gmm.defaults with
                              Components = 3
                              Family.Structure = structure
                              Assignment = assignment
                              MaxIterations = 30 }

                      let expected = Gmm.fit options source |> ok

                      let actual = Gmm.fit { options with Backend = onProcessor } source |> ok

                      nearAll 1e-10 "objective" [| expected.Objective |] [| actual.Objective |]

                      nearAll
                          Tolerance.iterations
                          "parameters"
                          (parameters expected.Mixture)
                          (parameters actual.Mixture)

                      nearAll 1e-10 "log-likelihood" [| expected.LogLikelihood |] [| actual.LogLikelihood |]
                      Assert.Equal(expected.Model.Backend.Name, actual.Model.Backend.Name)
                      Assert.Equal<int[]>(Predict.labels expected data |> ok, Predict.labels actual data |> ok)

                      if bits expected.Trace <> bits actual.Trace then
                          others <- others + 1

              // It was libtorch, which sums in another order.
              Assert.True(others > 9, $"only {others} of 18 fits differ in a bit"))
          testCase "whole fits of other families agree with those of the processor's own code" (fun () ->
              requireTorch ()
              let random = Random 3
              let rows = Array.init 300 (fun i -> Array.init 4 (fun _ -> float (random.Next(1 + 5 * (1 + i % 2)))))
              let source = sourceOf rows

              let trace kind backend =
                  let fit =
                      Gmm.fit
                          { Gmm.defaultsOf kind with
                              Components = 2
                              Restarts = 2
                              Backend = backend }
                          source
                      |> ok

                  fit.Trace

              nearAll 1e-10 "trace" (trace Poisson.family Kernel.backend) (trace Poisson.family onProcessor)

              let parts =
                  [ Part.create
                        [| 0; 1 |]
                        { GaussianKind.defaults with
                            Structure = Diag }
                    Part.create [| 2; 3 |] Poisson.family ]

              let product = ProductKind.ofParts parts
              nearAll 1e-10 "trace" (trace product Kernel.backend) (trace product onProcessor))
          testCase "k-means on libtorch is that of the processor's own code, empty clusters and all" (fun () ->
              requireTorch ()
              let far = array2D [ [ 5.0; 3.0; 1.0; 0.2 ]; [ 6.0; 3.0; 5.0; 2.0 ]; [ 1e3; 1e3; 1e3; 1e3 ] ]

              for start in [ Start.KPlusPlus; Start.Means far ] do
                  let options =
                      { KMeans.defaults with
                          Components = 3
                          Start = start }

                  let data = DataSet.iris().Source
                  let expected = KMeans.fit options data |> ok

                  let actual = KMeans.fit { options with Backend = onProcessor } data |> ok

                  nearAll 1e-10 "inertia" [| expected.Inertia |] [| actual.Inertia |]
                  Assert.Equal(expected.Fit.Iterations, actual.Fit.Iterations)
                  Assert.Equal(expected.Fit.Seed, actual.Fit.Seed)
                  Assert.Equal<int[]>(KMeans.predict expected data |> ok, KMeans.predict actual data |> ok))
          testCase "auto is the default backend where there is no CUDA device" (fun () ->
              let trace backend =
                  let fit =
                      Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Backend = backend }
                          (DataSet.faithful().Source)
                      |> ok

                  fit.Trace

              let auto = Torch.backendOf "auto" |> ok

              if Torch.cudaDevices () = 0 then
                  Assert.Equal(Kernel.backend.Name, auto.Name)
                  Assert.Equal<float[]>(trace Kernel.backend, trace auto)
              else
                  Assert.Equal("cuda:0", auto.Name)
                  nearAll 1e-10 "trace" (trace Kernel.backend) (trace auto)) ]

// ── Larger blocks ───────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``larger blocks`` =
    testList
        "Torch: larger blocks"
        [ testCase "larger blocks have the same rows and weights, without a copy where they are neighbours" (fun () ->
              let rows, columns = 10_000, 3
              let numbers = Array.init (2 + rows * columns) float
              let weights = Array.init rows (fun i -> 1.0 + float (i % 5))
              let sliced = Source.ofMemory columns (ReadOnlyMemory(numbers, 2, rows * columns)) |> ok
              let rectangular = Array2D.init rows columns (fun i j -> float (i + j)) |> Source.ofArray2D |> ok
              // Copies of the blocks are no neighbours.
              let scattered = sliced |> Source.map columns (fun block -> block.Select [| 0..2 |])

              for source, isInPlace in [ sliced, true; rectangular, true; scattered, false ] do
                  let source = source |> Source.weighted weights |> ok

                  for wanted in [ 1; 6000; 1_000_000 ] do
                      let larger = Source.inBlocksOf wanted source
                      Assert.Equal(max 1 (wanted / source.BlockRows) * source.BlockRows, larger.BlockRows)
                      let all (source: Source) = Source.collect oneThread _.Values.ToArray() source

                      let weightsOf (source: Source) =
                          source |> Source.collect oneThread (fun b -> Array.init b.Rows b.Weight)

                      Assert.Equal<float[]>(all source, all larger)
                      Assert.Equal<float[]>(weights, weightsOf larger)
                      let isSame = (larger.Read 0L).Values.Span.Overlaps((source.Read 0L).Values.Span)
                      Assert.Equal(isInPlace, isSame)) ]

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let private rowsOf count features =
    let random = Random 13
    Array.init count (fun _ -> gaussianRow features random)

/// Limits of blocks of up to 100,000 rows, of so many bytes for temporary tensors, and of so many for the data.
let private limitsOf memory kept (source: Source) : ResidentLimits =
    { BlockNumbers = 100_000 * source.Columns
      TemporaryBytes = memory
      KeptBytes = kept }

/// Opens a pass of Gaussian E-steps on an engine, within these limits.
let private openPass engine memory kept (source: Source) =
    Resident.openPass engine (limitsOf memory kept source) Gaussian.family source oneThread

/// The statistics of the Reference's E-step, and those of a pass over the same source.
let private eSteps structure features (source: Source) (pass: Pass<Gaussian>) =
    let mixture = gaussianMixture structure features

    statisticsOn (Textbook.backend Reference.engine) Gaussian.family Soft mixture source, pass.Expect(Soft, mixture)

[<Tests>]
let memoryTests =
    testList
        "Torch: memory"
        [ testTheory
              "temporary tensors stay within the memory given"
              [ 1, 5000; 3, 5000; 20, 500; 3, 1 ]
              (fun (features: int, rows: int) ->
                  let engine =
                      { engineOf Dtype.Float64 with
                          Capacity = Int32.MaxValue }

                  let source = sourceOf (rowsOf rows features)

                  for structure in Structure.all do
                      for memory in [ 100_000L; 1_000_000L ] do
                          use pass = openPass engine memory 0L source
                          let expected, actual = eSteps structure features source pass
                          statisticsNear 1e-10 expected actual
                          Assert.InRange(pass.LargestBytes, 1L, memory)
                          Assert.Equal(0L, pass.KeptBytes)

                          // Nor are parts smaller than they need be.
                          if rows > pass.PartRows.Value then
                              Assert.True(
                                  2L * pass.LargestBytes > memory,
                                  $"only {pass.LargestBytes} of {memory} bytes are used"
                              ))
          testCase "when memory runs out parts are halved and the work goes on" (fun () ->
              let torch = engineOf Dtype.Float64
              let source = sourceOf (rowsOf 1000 3)
              let mutable refused = 0

              /// A device on which blocks of more than 100 rows don't fit.
              let small =
                  { torch with
                      Create =
                          fun shape values ->
                              if shape[0] > 100 then
                                  refused <- refused + 1
                                  raise (InsufficientMemoryException "out of memory: the device is small")

                              torch.Create shape values }

              use pass = openPass small (1L <<< 30) Int64.MaxValue source
              let expected, actual = eSteps Full 3 source pass
              statisticsNear 1e-10 expected actual
              // 1000, 500, 250 and 125 are too many.
              Assert.Equal(Some 62, pass.PartRows)
              Assert.Equal(4, refused))
          testCase "when memory is full of data fewer are kept and the work goes on" (fun () ->
              let torch = engineOf Dtype.Float64
              let source = sourceOf (rowsOf 1000 3)
              let mutable used = 0
              let mutable refused = 0

              /// A device that has no place for more than 600 rows.
              let small =
                  { torch with
                      Capacity = 64 * 9
                      Create =
                          fun shape values ->
                              used <- used + shape[0]

                              if used > 600 && refused = 0 then
                                  refused <- used
                                  raise (InsufficientMemoryException "out of memory: the device is full")

                              torch.Create shape values }

              use pass = openPass small (1L <<< 30) Int64.MaxValue source
              let expected, actual = eSteps Full 3 source pass
              statisticsNear 1e-10 expected actual
              Assert.InRange(pass.KeptBytes, 1L, 8L * 3L * 300L)
              Assert.Equal(Some 32, pass.PartRows))
          testCase "a device that fails with a single row is an error" (fun () ->
              let failing =
                  { Reference.engine with
                      Create = fun _ _ -> raise (InsufficientMemoryException "out of memory: there is none at all") }

              let source = sourceOf (rowsOf 10 3)
              use pass = openPass failing (1L <<< 30) 0L source
              let failure = Assert.Throws<GmmException>(fun () -> eSteps Full 3 source pass |> ignore)

              match failure.Error with
              | UnavailableBackend(name, reason, _) ->
                  Assert.Equal(failing.Name, name)
                  Assert.Contains("none at all", reason)
              | other -> Assert.Fail other.Message

              let options =
                  { Gmm.defaults with
                      Backend = Resident.backend failing (limitsOf (1L <<< 30) 0L source) }

              Assert.Equal(failure.Error, Gmm.fit options source |> error))
          testCase "kept data are moved once" (fun () ->
              let torch = engineOf Dtype.Float64
              let mutable moved = 0

              let counting =
                  { torch with
                      Create =
                          fun shape values ->
                              moved <- moved + shape[0]
                              torch.Create shape values }

              let source = sourceOf (rowsOf 1000 3)
              use pass = openPass counting (1L <<< 30) Int64.MaxValue source
              eSteps Full 3 source pass |> ignore
              let first = moved
              eSteps Full 3 source pass |> ignore
              // 1 and 65 rows to measure with.
              Assert.Equal(1066, first)
              Assert.Equal(first, moved)
              Assert.Equal(8L * 3000L, pass.KeptBytes))
          testCase "libtorch's own refusal of memory is an error of its own" (fun () ->
              let one = (engineOf Dtype.Float64).Create [| 1; 1 |] (ReadOnlyMemory [| 1.0 |])
              let huge = one.expand [| 1 <<< 20; 1 <<< 25 |]
              let failure = Assert.Throws<InsufficientMemoryException>(fun () -> huge.exp () |> ignore)
              Assert.StartsWith("out of memory", failure.Message))
          testCase "an E-step frees its tensors at once" (fun () ->
              let seen = ResizeArray<Tensor>()

              let watched =
                  { Gaussian.family with
                      LogDensity =
                          fun parameters x ->
                              let density = Gaussian.logDensity parameters x
                              seen.AddRange [ parameters.Means; parameters.InverseFactors; x; density ]
                              density
                      Sums =
                          fun parameters x responsibilities ->
                              let sums = Gaussian.sums parameters x responsibilities
                              seen.AddRange(responsibilities :: sums)
                              sums }

              let block, mixture = blockOf true 3 (rowsOf 50 3), gaussianMixture Full 3
              let engine = engineOf Dtype.Float64
              statisticsOn (Textbook.backend engine) watched Soft mixture (sourceOfBlock block) |> ignore
              Textbook.logJoint engine watched mixture block |> ignore
              Assert.Equal(4 + 3 + 4, seen.Count)

              for tensor in seen do
                  Assert.Throws<ObjectDisposedException>(fun () -> tensor.toArray () |> ignore) |> ignore) ]

[<Tests>]
let ``memory of the process`` =
    // No other test runs beside it.
    testSequenced
    <| testList
        "Torch: memory of the process"
        [ testCase "ten thousand E-steps leave no memory behind" (fun () ->
              let engine = engineOf Dtype.Float64
              let source = sourceOfBlock (blockOf true 3 (rowsOf 50 3))
              let mixture = gaussianMixture Full 3
              use pass = (Textbook.backend engine).Open(Gaussian.family, source, oneThread) |> ok

              let steps count =
                  for _ in 1..count do
                      pass.Expect(Soft, mixture) |> ignore

              /// The memory of the process without what the garbage collector holds ready.
              let resident () =
                  GC.Collect(2, GCCollectionMode.Aggressive, true, true)
                  use self = Process.GetCurrentProcess()
                  self.WorkingSet64

              steps 500
              let before = resident ()
              steps 10_000
              let grown = resident () - before
              Assert.True(grown < 50L * 1024L * 1024L, $"{grown / 1024L} KiB more than before")) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Checks the error of a library that can't be used.
let private unusable path (reason: string) =
    let message = (error (Torch.check path)).Message

    Assert.StartsWith(
        "The backend torch:cpu can't be used: it needs libtorch through the library gmm_torch, but ",
        message
    )

    Assert.Contains(reason, message)
    Assert.Contains("`dotnet fsi build.fsx torch`", message)
    Assert.Contains("GMM_TORCH_LIBRARY", message)

/// Compiles C to a library with the machine's compiler.
let private compile folder (source: string) =
    let text, library = Path.Combine(folder, "library.c"), Path.Combine(folder, "library.so")
    File.WriteAllText(text, source)

    try
        use compiler = Process.Start("cc", [ "-shared"; "-fPIC"; "-Wl,-z,now"; "-o"; library; text ])
        compiler.WaitForExit()
        Assert.Equal(0, compiler.ExitCode)
    with :? ComponentModel.Win32Exception ->
        skip "There is no C compiler."

    library

[<Tests>]
let errors =
    testList
        "Torch: errors"
        [ testTheory
              "an unknown backend is an error with those there are"
              [ ""; "gpu"; "cuda:"; "cuda:-1"; "cuda:one"; "cuda: 1"; "CPU"; null ]
              (fun (name: string) ->
                  let message = (error (Torch.backendOf name)).Message

                  Assert.Equal(
                      $"Backend must be cpu, torch:cpu, cuda, cuda:1 (or another number) or auto, but is \"{name}\".",
                      message
                  ))
          testCase "names of backends are read back" (fun () ->
              for device in [ TorchDevice.Cpu; TorchDevice.Cuda 0; TorchDevice.Cuda 12 ] do
                  Assert.Equal(device.Name, (Torch.backend device).Name)
                  Assert.Equal(device.Name, (Torch.backendOf device.Name |> ok).Name)

              Assert.Equal("cuda:0", (Torch.backendOf "cuda" |> ok).Name)
              Assert.Same(Kernel.backend, Torch.backendOf "cpu" |> ok))
          testCase "a CUDA device that isn't there is an error before any work" (fun () ->
              requireTorch ()

              let options =
                  { Gmm.defaults with
                      Backend = Torch.backend (TorchDevice.Cuda 99) }

              let message = (error (Gmm.fit options (DataSet.iris().Source))).Message
              Assert.StartsWith("The backend cuda:99 can't be used: libtorch finds ", message)
              Assert.Contains("build.fsx torch", message))
          testCase
              "a library that is missing, damaged or another one is an error with the command that builds it"
              (fun () ->
                  inFolder (fun folder ->
                      let path = Path.Combine(folder, "libgmm_torch.so")
                      unusable path $"there is no file {path}"
                      File.WriteAllText(path, "no library")
                      unusable path $"{path} can't be loaded"

                      let other =
                          Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*System.Native*")
                          |> Array.head

                      unusable other "another library, without gmm_torch_abi"))
          testCase "a library of another version, or for another libtorch, is an error that says so" (fun () ->
              if not (OperatingSystem.IsLinux()) then
                  skip "The C compiler is called as on Linux."

              inFolder (fun folder ->
                  let other = compile folder "int gmm_torch_abi(void) { return 999; }"
                  unusable other "built for another version of Gmm (its interface is 999, wanted is 1)")

              inFolder (fun folder ->
                  let other =
                      compile
                          folder
                          "extern void at_of_another_libtorch(void); int gmm_torch_abi(void) { at_of_another_libtorch(); return 1; }"

                  unusable other "at_of_another_libtorch")) ]
