/// What the first fit of a process costs, most of which is the compilation of the methods on its way:
/// `dotnet fsi build.fsx bench cold`.
module Gmm.Benchmarks.Cold

open System
open System.Diagnostics
open System.IO
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

/// Data to fit.
type Data =
    {
        /// A .csv file, or one of raw float64.
        File: string
        Rows: int
        Columns: int
        Components: int
    }

    /// The words of the command line.
    member data.Words = [ data.File; string data.Rows; string data.Columns; string data.Components ]

let private read (data: Data) : Source =
    match Path.GetExtension data.File with
    | ".csv" -> Csv.read data.File |> GmmError.get |> Csv.source
    | _ ->
        Source.ofMemory data.Columns (ReadOnlyMemory(Problem.readRows data.File data.Rows data.Columns))
        |> GmmError.get

/// Fits twice with the default options, and prints what was measured.
let private runOne (data: Data) =
    let options =
        { Gmm.defaults with
            Components = data.Components }

    let source, reading = timed (fun () -> read data)
    let fit () = Gmm.fit options source |> GmmError.get
    let _, first = timed fit
    let _, second = timed fit

    { Read = reading
      First = first
      Second = second }
    |> fun measured -> JsonSerializer.Serialize(measured, JsonSerializerOptions.Web)
    |> Console.Out.WriteLine

/// How the library was compiled, and the folder of this program with that library.
type private Variant = { Code: string; Folder: string }

/// The assembly with code for this machine, as the package has it, which build.fsx compiles.
let private ahead =
    lazy
        (let folder = Repository.path "artifacts/readytorun"

         if Directory.Exists folder then
             Directory.GetFiles(folder, "Gmm.FSharp.dll", SearchOption.AllDirectories) |> Array.tryExactlyOne
         else
             None)

/// Copies this program to a folder, with the library's code compiled ahead of time.
let private copyAhead (assembly: string) folder =
    let here = AppContext.BaseDirectory

    if Directory.Exists folder then
        Directory.Delete(folder, recursive = true)

    for file in Directory.GetFiles(here, "*", SearchOption.AllDirectories) do
        let copy = Path.Combine(folder, Path.GetRelativePath(here, file))
        Directory.CreateDirectory(Path.GetDirectoryName copy) |> ignore
        File.Copy(file, copy, overwrite = true)

    File.Copy(assembly, Path.Combine(folder, Path.GetFileName assembly), overwrite = true)

let private variants () =
    let folder = Repository.path "artifacts/cold"

    [ { Code = "when first called"
        Folder = AppContext.BaseDirectory }
      for assembly in Option.toList ahead.Value do
          copyAhead assembly folder

          { Code = "ahead of time"
            Folder = folder } ]

let private measure (data: Data) (variant: Variant) : Measured =
    Contest.copyIn variant.Folder ("cold" :: "one" :: data.Words) |> Contest.ask

let private all () =
    [ { File = Repository.path "data/faithful.csv"
        Rows = 272
        Columns = 2
        Components = 2 }
      { File = Problem.data (Repository.path "artifacts/peers") 200_000 8 8
        Rows = 200_000
        Columns = 8
        Components = 8 } ]

/// Prints the least and the median of several processes, which take turns on the data and on how the library was compiled.
let private compare processes =
    printfn $"{Machine.description ()}, {processes} processes each\n"
    let all = List.allPairs (all ()) (variants ())
    let measured = [ for _ in 1..processes -> all |> List.map (fun one -> one ||> measure) ] |> List.transpose

    Report.table
        [ "rows × features, components"
          "library compiled"
          "step"
          "ms, least"
          "median"
          "ms of all cores"
          "methods compiled"
          "in ms" ]
        [ for (data, variant), measured in List.zip all measured do
              for name, step in [ "reading", _.Read; "first fit", _.First; "second fit", _.Second ] do
                  let sorted (number: Step -> float) = measured |> List.map (step >> number) |> List.sort
                  let times = sorted _.Milliseconds
                  let least number = (sorted number).Head

                  [ $"{data.Rows:N0} × {data.Columns}, {data.Components}"
                    variant.Code
                    name
                    $"{times.Head:F1}"
                    $"{times[times.Length / 2]:F1}"
                    $"{least _.CoreMilliseconds:F1}"
                    $"{least (_.Methods >> float):F0}"
                    $"{least _.JitMilliseconds:F1}" ] ]

let private (|Int|_|) (word: string) =
    match Int32.TryParse word with
    | true, number -> Some number
    | _ -> None

/// Runs the benchmark with 10 processes for each of the data, or as many as are asked for. Returns the exit code: 2 if
/// the words are wrong.
let run (words: string list) =
    match words with
    | [ "one"; file; rows; columns; components ] ->
        runOne
            { File = file
              Rows = int rows
              Columns = int columns
              Components = int components }

        0
    | [] ->
        compare 10
        0
    | [ Int processes ] when processes >= 1 ->
        compare processes
        0
    | _ ->
        eprintfn "error: bench cold takes a number of processes from 1, or nothing for 10"
        2
