/// What one EM iteration and one fit cost: `dotnet fsi build.fsx bench kernels`, or `bench kernels -- --filter
/// '*Iteration*'`; beside other programs: `dotnet fsi build.fsx bench peers`; what the first fit of a process costs:
/// `bench cold`; how soon a fit heeds its cancellation: `bench cancellation`; and whether a kernel has become slower:
/// `bench regressions`.
module Gmm.Benchmarks.Program

open System
open System.Diagnostics
open System.Globalization
open System.Threading
open System.Threading.Tasks
open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open Gmm

/// N rows around K centres on a grid, with unit noise: seeded, so that every run works on the same numbers.
let private blobs rows columns components =
    let random = RandomStream.ofSeed 1
    let normal () = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)
    let centres = Array2D.init components columns (fun _ _ -> 4.0 * normal ())
    Array2D.init rows columns (fun i j -> centres[i % components, j] + normal ())

/// One E-step and M-step on 100,000 rows, 16 features, 16 components.
[<MemoryDiagnoser>]
type Iteration() =
    let components = 16
    let mutable source = Unchecked.defaultof<Source>
    let mutable start = Unchecked.defaultof<Mixture<Gaussian>>
    let model = Model.ofFamily Gaussian.family

    [<Params("full", "diag", "spherical", "tied_full", "tied_diag", "tied_spherical")>]
    member val Structure = "full" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        let structure = Structure.parse this.Structure |> GmmError.get
        source <- Source.ofArray2D (blobs 100_000 16 components) |> GmmError.get
        let means = source |> Source.rows (Array.init components int64)

        start <- Gaussian.create structure means (Tensor.scalar 4.0) |> GmmError.get |> Mixture.uniform components

    [<Benchmark>]
    member _.EmStep() = EM.step model source start |> GmmError.get

/// A whole fit with its start.
[<MemoryDiagnoser>]
type WholeFit() =
    let mutable source = Unchecked.defaultof<Source>

    [<Params(300, 10_000)>]
    member val Rows = 0 with get, set

    [<GlobalSetup>]
    member this.Setup() = source <- Source.ofArray2D (blobs this.Rows 2 4) |> GmmError.get

    [<Benchmark>]
    member _.FullFourComponents() =
        let fit = Gmm.fit { Gmm.defaults with Components = 4 } source |> GmmError.get
        fit.Objective

    [<Benchmark>]
    member _.KMeansFourClusters() =
        let found =
            KMeans.fit
                { KMeans.defaults with
                    Components = 4
                    Restarts = 1 }
                source
            |> GmmError.get

        found.Inertia

/// The predictions of one row, as a service asks for them: 7 features, 6 components.
[<MemoryDiagnoser>]
type SingleRow() =
    let row = Array.init 7 float
    let responsibilities = Array.zeroCreate<float> 6
    let mutable predictor = Unchecked.defaultof<RowPredictor>

    [<Params("full", "diag", "tied_full")>]
    member val Structure = "full" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        let structure = Structure.parse this.Structure |> GmmError.get
        let means = Array2D.init 6 7 (fun k j -> float (k * j % 5))

        predictor <-
            Gaussian.create structure means (Tensor.scalar 4.0)
            |> GmmError.get
            |> Mixture.uniform 6
            |> Fit.ofMixture Gaussian.family
            |> RowPredictor.ofFit

    [<Benchmark>]
    member _.Label() = predictor.Label(ReadOnlySpan row)

    [<Benchmark>]
    member _.Responsibilities() = predictor.Responsibilities(ReadOnlySpan row, Span responsibilities)

/// Prints how long a fit of half a million rows takes to end after its cancellation: ten times each in the checks of
/// the data, in the start and in the iterations.
let private cancellation () =
    let source = blobs 500_000 32 16 |> Source.ofArray2D |> GmmError.get

    for delay in [ 10; 100; 600 ] do
        let latencies =
            [ for _ in 1..10 do
                  use stop = new CancellationTokenSource()

                  let options =
                      { Gmm.defaults with
                          Components = 16
                          Tolerance = 0.0
                          Execution =
                              { Execution.Default with
                                  Cancellation = stop.Token } }

                  let fit = Task.Run(fun () -> Gmm.fit options source |> ignore)
                  Thread.Sleep delay
                  let clock = Stopwatch.StartNew()
                  stop.Cancel()

                  try
                      fit.Wait()
                  with :? AggregateException as error when (error.InnerException :? OperationCanceledException) ->
                      ()

                  clock.Elapsed.TotalMilliseconds ]
            |> List.sort

        printfn
            $"cancelled after %4d{delay} ms: median %5.1f{latencies[latencies.Length / 2]} ms, longest %5.1f{List.last latencies} ms"

let private kernels (options: string list) =
    // In process: no generated project, hence no second package restore.
    let config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain InProcessEmitToolchain.Instance)
    BenchmarkSwitcher.FromAssembly(typeof<Iteration>.Assembly).Run(Array.ofList options, config) |> ignore
    0

[<EntryPoint>]
let main args =
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

    match List.ofArray args with
    | []
    | [ "kernels" ] -> kernels [ "--filter"; "*" ]
    | "kernels" :: options -> kernels options
    | option :: _ as options when option.StartsWith '-' -> kernels options
    | "peers" :: words -> Peers.run words
    | "cold" :: words -> Cold.run words
    | [ "cancellation" ] ->
        cancellation ()
        0
    | "regressions" :: words -> Regressions.run words
    | "ours" :: threads :: words ->
        Ours.run (int threads) (Problem.ofWords words)
        0
    | words ->
        eprintfn $"error: there is no benchmark '{String.Join(' ', words)}'"
        eprintfn "They are: kernels (with options of BenchmarkDotNet), peers, cold, cancellation, regressions"
        2
