/// What the first fit of a process costs, most of which is the compilation of the methods on its way:
/// `dotnet fsi build.fsx bench cold`.
module Gmm.Benchmarks.Cold

open System
open System.Diagnostics
open System.IO
open System.Reflection
open System.Runtime
open System.Text.Json
open Gmm

/// What a step took.
type Step =
    {
        Milliseconds: float
        /// The time of all cores together.
        CoreMilliseconds: float
        /// The number of methods that were compiled.
        Methods: int64
        /// How long their compilation took.
        JitMilliseconds: float
    }

/// What a process measured; it prints it as a line of JSON.
type Measured =
    {
        /// The data were read.
        Read: Step
        First: Step
        Second: Step
    }

let private timed (run: unit -> 'T) : 'T * Step =
    let used, methods = Environment.CpuUsage.TotalTime, JitInfo.GetCompiledMethodCount()
    let compiled, start = JitInfo.GetCompilationTime(), Stopwatch.GetTimestamp()
    let result = run ()
    let elapsed = Stopwatch.GetElapsedTime start

    result,
    { Milliseconds = elapsed.TotalMilliseconds
      CoreMilliseconds = (Environment.CpuUsage.TotalTime - used).TotalMilliseconds
      Methods = JitInfo.GetCompiledMethodCount() - methods
      JitMilliseconds = (JitInfo.GetCompilationTime() - compiled).TotalMilliseconds }

/// Reads a .csv file, or the raw numbers of a problem.
let private read (problem: Problem) : Source =
    match Path.GetExtension problem.File with
    | ".csv" -> Csv.read problem.File |> GmmError.get |> Csv.source
    | _ -> Source.ofMemory problem.Columns (ReadOnlyMemory(Problem.read problem)) |> GmmError.get

/// Fits twice with the default options, and prints what was measured.
let private runOne (problem: Problem) =
    let options =
        { Gmm.defaults with
            Components = problem.Components }

    let source, reading = timed (fun () -> read problem)
    let fit () = Gmm.fit options source |> GmmError.get
    let _, first = timed fit
    let _, second = timed fit

    { Read = reading
      First = first
      Second = second }
    |> fun measured -> JsonSerializer.Serialize(measured, JsonSerializerOptions.Web)
    |> Console.Out.WriteLine

let private measure (problem: Problem) : Measured =
    let words = Assembly.GetExecutingAssembly().Location :: "cold" :: "one" :: problem.Words
    use child = Process.Start(ProcessStartInfo("dotnet", words, RedirectStandardOutput = true))
    let output = child.StandardOutput.ReadToEnd()
    child.WaitForExit()
    JsonSerializer.Deserialize(output, JsonSerializerOptions.Web)

let private problems () =
    let problem file rows columns components =
        { File = file
          Rows = rows
          Columns = columns
          Components = components
          Task = "fit"
          Iterations = Gmm.defaults.MaxIterations
          Tolerance = Gmm.defaults.Tolerance
          Seconds = 0.0 }

    [ problem (Path.GetFullPath "data/faithful.csv") 272 2 2
      problem (Problem.data (Path.GetFullPath "artifacts/peers") 200_000 8 8) 200_000 8 8 ]

/// Prints the least and the median of several processes, which take turns on the problems.
let private compare processes =
    printfn $"{Machine.description ()}, {processes} processes each\n"
    printfn "| rows × features, components | step | ms, least | median | ms of all cores | methods compiled | in ms |"
    printfn "|---|---|--:|--:|--:|--:|--:|"
    let problems = problems ()
    let measured = [ for _ in 1..processes -> problems |> List.map measure ] |> List.transpose

    for problem, measured in List.zip problems measured do
        for name, step in [ "reading", _.Read; "first fit", _.First; "second fit", _.Second ] do
            let sorted (number: Step -> float) = measured |> List.map (step >> number) |> List.sort
            let times = sorted _.Milliseconds
            let least number = (sorted number).Head

            Console.Out.WriteLine(
                FormattableString.Invariant
                    $"| {problem.Rows:N0} × {problem.Columns}, {problem.Components} | {name} | {times.Head:F1} | {times[times.Length / 2]:F1} | {least _.CoreMilliseconds:F1} | {least (_.Methods >> float):F0} | {least _.JitMilliseconds:F1} |"
            )

/// Runs the benchmark with 10 processes for each problem, or as many as are asked for; returns the exit code.
let run (words: string list) =
    match words with
    | "one" :: words -> runOne (Problem.ofWords words)
    | [] -> compare 10
    | processes :: _ -> compare (int processes)

    0
