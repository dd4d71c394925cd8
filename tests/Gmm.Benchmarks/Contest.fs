/// The programs that `bench peers` compares, and how they take turns.
module Gmm.Benchmarks.Contest

open System
open System.Diagnostics
open System.IO
open System.Reflection
open System.Text.Json

/// How the programs are run, and which there are.
type Setting =
    {
        /// Where the data are made and the peers' programs lie.
        Folder: string
        /// How often the programs take their turn.
        Rounds: int
        /// For how long a program repeats its runs, each time.
        Seconds: float
        /// Whether gigabytes are worked on, too.
        IsLarge: bool
        /// The problems of the table whose names have this in them.
        Only: string
        /// A Python that has scikit-learn.
        Python: string option
        /// One that has tgmm, and PyTorch.
        PythonWithTorch: string option
        /// An Rscript whose R has mclust.
        R: string option
        /// Armadillo's program.
        Armadillo: string option
        /// Where all figures are written as JSON.
        Json: string option
    }

/// A program at the start.
type Contestant =
    { Name: string
      Program: string
      Words: string list
      Environment: (string * string) list }

/// Runs a program to its end and returns what it prints as JSON.
let ask<'T> contestant : 'T =
    let start = ProcessStartInfo(contestant.Program, contestant.Words, RedirectStandardOutput = true)

    for name, value in contestant.Environment do
        start.Environment[name] <- value

    use child = Process.Start start
    let output = child.StandardOutput.ReadToEnd()
    child.WaitForExit()

    let fail what = failwith $"{contestant.Name} {what}: {contestant.Program} {String.Join(' ', contestant.Words)}"

    if child.ExitCode <> 0 then
        fail $"ended with exit code {child.ExitCode}"

    try
        JsonSerializer.Deserialize<'T>(output, JsonSerializerOptions.Web)
    with :? JsonException ->
        fail $"printed '{output.Trim()}' instead of JSON"

let measure contestant : Measurement = ask contestant

/// The shortest times and the largest memory.
let private best a b =
    { Milliseconds = min a.Milliseconds b.Milliseconds
      First = min a.First b.First
      Objective = b.Objective
      PeakMiB = max a.PeakMiB b.PeakMiB
      BeyondMiB = max a.BeyondMiB b.BeyondMiB
      AllocatedKiB = min a.AllocatedKiB b.AllocatedKiB
      CoreMilliseconds = min a.CoreMilliseconds b.CoreMilliseconds }

/// The best that every program measures when they take turns, so that a busy moment of the machine meets them all.
let inTurn setting (contestants: Contestant list) : Measurement list =
    List.init setting.Rounds (fun _ -> contestants |> List.map measure) |> List.reduce (List.map2 best)

/// The same of one program, and of two.
let alone setting contestant : Measurement = inTurn setting [ contestant ] |> List.head

let pairInTurn setting (first: Contestant) (second: Contestant) : Measurement * Measurement =
    match inTurn setting [ first; second ] with
    | [ a; b ] -> a, b
    | _ -> failwith "two programs have two results"

/// The same of ours and of the peers that there are.
let besidePeers setting (own: Contestant) (peers: Contestant option list) : Measurement * Measurement option list =
    let measured = inTurn setting (own :: List.choose id peers)

    let take rest peer =
        match peer, rest with
        | Some _, first :: rest -> Some first, rest
        | _ -> None, rest

    measured.Head, fst (List.mapFold take measured.Tail peers)

/// This program, or a copy of it in another folder, with some words, in a process of its own.
let copyIn (folder: string) words =
    let name = Path.GetFileName(Assembly.GetExecutingAssembly().Location)

    { Name = "Gmm"
      Program = "dotnet"
      Words = Path.Combine(folder, name) :: words
      Environment = [] }

/// This program with some words, in a process of its own.
let itself words = copyIn AppContext.BaseDirectory words

let oursOn threads (problem: Problem) = itself ("ours" :: string threads :: problem.Words)

let ours = oursOn Environment.ProcessorCount

/// A peer's script, if the program that runs it is there.
let private script name file (program: string option) (problem: Problem) =
    program
    |> Option.map (fun program ->
        { Name = name
          Program = program
          Words = Path.Combine(AppContext.BaseDirectory, "peers", file) :: problem.Words
          Environment = [] })

let scikitLearn (setting: Setting) = script "scikit-learn" "sklearn_em.py" setting.Python

let tgmm (setting: Setting) = script "tgmm" "tgmm_em.py" setting.PythonWithTorch

let mclust (setting: Setting) = script "mclust" "mclust_em.R" setting.R

let armadillo (setting: Setting) (problem: Problem) =
    setting.Armadillo
    |> Option.filter (fun _ -> List.contains problem.Task [ "full"; "diag"; "kmeans" ])
    |> Option.map (fun program ->
        { Name = "Armadillo"
          Program = program
          Words = problem.Words
          // Its own threads share the rows; those of the BLAS would get in their way.
          Environment = [ "OPENBLAS_NUM_THREADS", "1" ] })

/// A program of .NET with vectors of 256 bits at most.
let withoutAvx512 contestant =
    { contestant with
        Environment = [ "DOTNET_EnableAVX512", "0" ] }

let problem setting rows columns components task =
    { File = Problem.data setting.Folder rows columns components
      Rows = rows
      Columns = columns
      Components = components
      Task = task
      Iterations = 10
      Tolerance = 0.0
      Seconds = setting.Seconds }

/// Whether a program is there and ends well.
let private succeeds (program: string) (words: string list) =
    try
        let start = ProcessStartInfo(program, words, RedirectStandardOutput = true, RedirectStandardError = true)
        use child = Process.Start start
        let output = child.StandardOutput.ReadToEndAsync()
        child.StandardError.ReadToEnd() |> ignore
        output.Wait()
        child.WaitForExit()
        child.ExitCode = 0
    with :? ComponentModel.Win32Exception ->
        false

/// What is installed, and the folder for data and programs.
let setting folder =
    let armadillo = Path.Combine(folder, "armadillo_em")

    let pythonWith modules =
        [ "/usr/bin/python3"; "python3"; "python" ]
        |> List.tryFind (fun python -> succeeds python [ "-c"; $"import {modules}" ])

    { Folder = folder
      Rounds = 3
      Seconds = 3.0
      IsLarge = false
      Only = ""
      Python = pythonWith "sklearn"
      PythonWithTorch = pythonWith "torch, tgmm"
      R = [ "Rscript" ] |> List.tryFind (fun program -> succeeds program [ "-e"; "library(mclust)" ])
      Armadillo = if File.Exists armadillo then Some armadillo else None
      Json = None }

/// Lines that name the programs that are not installed.
let missing setting =
    [ if setting.Python.IsNone then
          "scikit-learn (Debian: python3-sklearn and libopenblas0-pthread)"
      if setting.Armadillo.IsNone then
          "Armadillo or a C++ compiler (Debian: libarmadillo-dev, libopenblas-dev and g++)"
      if setting.PythonWithTorch.IsNone then
          "tgmm (PyPI: tgmm and torch)"
      if setting.R.IsNone then
          "mclust (Debian: r-cran-mclust)" ]
    |> List.map (fun program -> $"Not installed: {program}.")
