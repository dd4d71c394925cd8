/// Our side of `bench peers`: a process of its own for every problem, as the peers are.
module Gmm.Benchmarks.Ours

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open Gmm

let private mib = 1024.0 * 1024.0

let private peakMemory () =
    use self = Process.GetCurrentProcess()
    float self.PeakWorkingSet64

/// The rows, and how many bytes of them are in memory; a .npy file stays on the disk, and its pages are the system's.
let private source (problem: Problem) : Source * float =
    let numbers = float problem.Rows * float problem.Columns

    match Path.GetExtension problem.File with
    | ".npy" -> Npy.source problem.File |> GmmError.get, 8.0 * numbers
    | ".f32" ->
        Source.ofFloat32Memory problem.Columns (ReadOnlyMemory(Problem.readFloat32 problem)) |> GmmError.get,
        4.0 * numbers
    | _ -> Source.ofMemory problem.Columns (ReadOnlyMemory(Problem.read problem)) |> GmmError.get, 8.0 * numbers

/// Runs again and again, each of which takes the action that times one of its steps, for as long as the problem says;
/// what the last run returns, and the milliseconds, those of all cores, and the managed bytes of every step.
let private repeat (problem: Problem) (run: ((unit -> 'T) -> 'T) -> float) =
    let times, ofCores, allocations = ResizeArray<float>(), ResizeArray<float>(), ResizeArray<float>()

    let timed (step: unit -> 'T) =
        let allocated = GC.GetTotalAllocatedBytes true
        let used = Environment.CpuUsage.TotalTime
        let start = Stopwatch.GetTimestamp()
        let result = step ()
        times.Add (Stopwatch.GetElapsedTime start).TotalMilliseconds
        ofCores.Add (Environment.CpuUsage.TotalTime - used).TotalMilliseconds
        allocations.Add(float (GC.GetTotalAllocatedBytes true - allocated))
        result

    let clock = Stopwatch.StartNew()
    let mutable objective = nan

    while times.Count = 0 || clock.Elapsed.TotalSeconds < problem.Seconds do
        objective <- run timed

    objective, times, ofCores, allocations

/// Steps along iterates: how long each takes, which is an M-step and an E-step.
let private iterate (problem: Problem) (iterates: unit -> seq<Result<Iterate<'θ>, GmmError>>) =
    repeat problem (fun timed ->
        use iterates = iterates().GetEnumerator()

        let next () =
            if iterates.MoveNext() then
                GmmError.get iterates.Current
            else
                failwith "the iterates have come to an end"

        next () |> ignore
        Seq.init problem.Iterations (fun _ -> timed next) |> Seq.last |> _.Objective)

let private measure (problem: Problem) threads (source: Source) =
    let execution =
        { Execution.Default with
            Threads = threads }

    let options =
        { Gmm.defaults with
            Components = problem.Components
            Execution = execution }

    /// Fits until the tolerance.
    let fit (options: FitOptions<GaussianKind, Gaussian>) : Fit<Gaussian> =
        source
        |> Gmm.fit
            { options with
                Tolerance = problem.Tolerance
                MaxIterations = problem.Iterations }
        |> GmmError.get

    let means () = Source.rows (Array.init problem.Components int64) source

    let start structure =
        Gaussian.create (Structure.parse structure |> GmmError.get) (means ()) (Tensor.scalar 1.0)
        |> GmmError.get
        |> Mixture.uniform problem.Components

    match problem.Task with
    | "fit" ->
        repeat problem (fun timed ->
            /// As scikit-learn counts the tolerance, one M-step follows the E-step that found the change small.
            let fit () =
                let fit =
                    fit
                        { options with
                            Family.RegCovar = Absolute 1e-6 } // as scikit-learn

                fit.Model, EM.mStep fit.Model fit.Mixture fit.Statistics |> GmmError.get

            let model, mixture = timed fit
            let statistics = EM.eStep model source mixture
            statistics.LogLikelihood / statistics.Weight)
    | "default" ->
        repeat problem (fun timed ->
            let fit = timed (fun () -> Gmm.fit options source |> GmmError.get)
            fit.Objective)
    | "limit" ->
        repeat problem (fun timed ->
            let fit =
                timed (fun () ->
                    fit
                        { options with
                            Start = Start.Mixture(start "full") })

            fit.Objective)
    | "kmeans" -> iterate problem (fun () -> KMeans.iterates execution source (means ()))
    | structure ->
        let model =
            { Model.ofFamily Gaussian.family with
                Execution = execution }

        iterate problem (fun () -> EM.iterates model source (start structure))

/// Solves a problem on some threads and prints what was measured.
let run threads (problem: Problem) =
    let before = float Environment.WorkingSet
    let source, bytes = source problem
    let objective, times, ofCores, allocations = measure problem threads source
    let peak = peakMemory ()

    { Milliseconds = Seq.min times
      First = times[0]
      Objective = objective
      PeakMiB = peak / mib
      BeyondMiB = (peak - before - bytes) / mib
      AllocatedKiB = Seq.min allocations / 1024.0
      // The system counts the time of cores in steps longer than an iteration, so only the share of all times is right.
      CoreMilliseconds = Seq.min times * Seq.sum ofCores / Seq.sum times }
    |> fun measurement -> JsonSerializer.Serialize(measurement, JsonSerializerOptions.Web)
    |> Console.Out.WriteLine
