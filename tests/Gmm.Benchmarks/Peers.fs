/// `bench peers`: what an iteration and a fit cost, beside other programs that do the same work on the same numbers.
module Gmm.Benchmarks.Peers

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Reflection
open System.Text.Json
open Gmm

CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

/// How the programs are run, and which there are.
type private Setting =
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
        /// Armadillo's program.
        Armadillo: string option
    }

/// A program at the start.
type private Contestant =
    { Name: string
      Program: string
      Words: string list
      Environment: (string * string) list }

// ── Running ─────────────────────────────────────────────────────────────────────────────────────────────────────────

let private start contestant =
    let start = ProcessStartInfo(contestant.Program, contestant.Words, RedirectStandardOutput = true)

    for name, value in contestant.Environment do
        start.Environment[name] <- value

    Process.Start start

let private measure contestant : Measurement =
    use child = start contestant
    let output = child.StandardOutput.ReadToEnd()
    child.WaitForExit()

    if child.ExitCode <> 0 then
        failwith $"{contestant.Name} failed: {contestant.Program} {String.Join(' ', contestant.Words)}"

    JsonSerializer.Deserialize(output, JsonSerializerOptions.Web)

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
let private inTurn setting (contestants: Contestant list) : Measurement list =
    List.init setting.Rounds (fun _ -> contestants |> List.map measure) |> List.reduce (List.map2 best)

/// The same of ours and of the peers that there are.
let private besidePeers
    setting
    (own: Contestant)
    (peers: Contestant option list)
    : Measurement * Measurement option list =
    let measured = inTurn setting (own :: List.choose id peers)

    let take rest peer =
        match peer, rest with
        | Some _, first :: rest -> Some first, rest
        | _ -> None, rest

    measured.Head, fst (List.mapFold take measured.Tail peers)

let private oursOn threads (problem: Problem) =
    { Name = "Gmm"
      Program = "dotnet"
      Words = Assembly.GetExecutingAssembly().Location :: "ours" :: string threads :: problem.Words
      Environment = [] }

let private ours = oursOn Environment.ProcessorCount

let private scikitLearn (setting: Setting) (problem: Problem) =
    let script = Path.Combine(AppContext.BaseDirectory, "peers", "sklearn_em.py")

    setting.Python
    |> Option.map (fun python ->
        { Name = "scikit-learn"
          Program = python
          Words = script :: problem.Words
          Environment = [] })

let private armadillo (setting: Setting) (problem: Problem) =
    setting.Armadillo
    |> Option.filter (fun _ -> List.contains problem.Task [ "full"; "diag"; "kmeans" ])
    |> Option.map (fun program ->
        { Name = "Armadillo"
          Program = program
          Words = problem.Words
          // Its own threads share the rows; those of the BLAS would get in their way.
          Environment = [ "OPENBLAS_NUM_THREADS", "1" ] })

let private problem setting rows columns components task =
    { File = Problem.data setting.Folder rows columns components
      Rows = rows
      Columns = columns
      Components = components
      Task = task
      Iterations = 10
      Tolerance = 0.0
      Seconds = setting.Seconds }

// ── Reporting ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// A table in Markdown, its columns as wide as their longest cell.
let private table (header: string list) (rows: string list list) =
    let widths =
        header :: rows |> List.transpose |> List.map (fun column -> column |> List.map String.length |> List.max)

    let line (cells: string list) =
        let padded =
            List.mapi2 (fun i (cell: string) width -> if i = 0 then cell.PadRight width else cell.PadLeft width) cells

        printfn "| %s |" (String.Join(" | ", padded widths))

    line header
    line (widths |> List.mapi (fun i width -> if i = 0 then String('-', width) else String('-', width - 1) + ":"))
    List.iter line rows
    printfn ""

let private absent = "–"

let private text (format: string) (value: float option) =
    value |> Option.map _.ToString(format) |> Option.defaultValue absent

/// A ratio beside the least that is wanted of it.
let private against (wanted: float option) (ratio: float option) =
    match ratio, wanted with
    | None, _ -> absent
    | Some ratio, None -> $"{ratio:F1}"
    | Some ratio, Some wanted -> $"""{ratio:F1} {if ratio >= wanted then "≥" else "MISSES"} {wanted:G3}"""

/// A number beside the most that is wanted of it.
let private below (wanted: float) (value: float) =
    $"""{value:F1} {if value <= wanted then "≤" else "MISSES"} {wanted:G3}"""

/// What is wrong unless two results are the same to the last bit.
let private sameBits name (a: Measurement) (b: Measurement) =
    [ if a.Objective <> b.Objective then
          $"{name}: objectives {a.Objective:R} and {b.Objective:R} should have the same bits" ]

// ── The parts of the report ─────────────────────────────────────────────────────────────────────────────────────────

/// Time per iteration beside the peers', with what each got as its objective, and its memory.
let private iterations setting =
    let targets =
        [ 100_000, 2, 4, "full", Some 20.0, Some 8.0
          100_000, 16, 16, "full", Some 16.0, Some 8.0
          100_000, 16, 16, "diag", Some 10.0, Some 6.0
          100_000, 16, 16, "tied_full", Some 25.0, None
          100_000, 16, 16, "spherical", Some 10.0, None
          50_000, 64, 32, "full", Some 6.0, Some 4.0
          500_000, 16, 16, "kmeans", Some 1.5, Some 1.5 ]

    let results =
        [ for rows, columns, components, task, ofScikitLearn, ofArmadillo in targets do
              let problem = problem setting rows columns components task

              if problem.Name.Contains setting.Only then
                  let own, peers =
                      besidePeers setting (ours problem) [ scikitLearn setting problem; armadillo setting problem ]

                  problem, own, List.zip peers [ ofScikitLearn; ofArmadillo ] ]

    if results.IsEmpty then
        [ $"iterations: no problem has '{setting.Only}' in its name" ]
    else
        printfn "Milliseconds per iteration, and how many of ours go into a peer's:\n"

        table
            [ "rows × features, components"; "Gmm"; "of all cores"; "scikit-learn"; "÷ ours"; "Armadillo"; "÷ ours" ]
            [ for problem, own, peers in results ->
                  [ problem.Name
                    $"{own.Milliseconds:F2}"
                    $"{own.CoreMilliseconds:F2}"
                    for peer, wanted in peers do
                        let milliseconds = peer |> Option.map _.Milliseconds
                        text "F2" milliseconds
                        milliseconds |> Option.map (fun value -> value / own.Milliseconds) |> against wanted ] ]

        /// The largest relative difference of the peers' objectives from ours.
        let difference (own: Measurement) (peers: (Measurement option * float option) list) =
            [ for peer, _ in peers do
                  for peer in Option.toList peer do
                      abs (peer.Objective - own.Objective) / abs own.Objective ]
            |> List.fold max 0.0

        let agree own peers = difference own peers <= 1e-9

        printfn "The mean log-likelihood of a row (k-means: −½ the mean squared distance) after 10 iterations:\n"

        table
            [ "rows × features, components"; "Gmm"; "scikit-learn"; "Armadillo"; "differ by"; "" ]
            [ for problem, own, peers in results ->
                  [ problem.Name
                    $"{own.Objective:F12}"
                    for peer, _ in peers do
                        peer |> Option.map _.Objective |> text "F12"
                    if peers |> List.forall (fst >> Option.isNone) then
                        absent
                        "no peer"
                    else
                        (difference own peers).ToString "0e-0"
                        if agree own peers then "agree" else "FAIL" ] ]

        printfn "MiB of memory beyond the data at the peak:\n"

        table
            [ "rows × features, components"; "Gmm"; "scikit-learn"; "Armadillo" ]
            [ for problem, own, peers in results ->
                  [ problem.Name
                    $"{own.BeyondMiB:F1}"
                    for peer, _ in peers do
                        peer |> Option.map _.BeyondMiB |> text "F1" ] ]

        [ for problem, own, peers in results do
              if not (agree own peers) then
                  $"{problem.Name}: objectives differ by more than 1e-9" ]

/// Multiply–adds of an iteration of full covariances: D(D+1)/2 to whiten a row, as many for its second moments, 3D for the rest.
let private multiplyAdds (problem: Problem) =
    let features = float problem.Columns
    float problem.Rows * float problem.Components * features * (features + 4.0)

let private share peak (problem: Problem) (own: Measurement) =
    100.0 * multiplyAdds problem / (own.Milliseconds / 1000.0) / peak

/// Our program with vectors of 256 bits at most.
let private withoutAvx512 contestant =
    { contestant with
        Environment = [ "DOTNET_EnableAVX512", "0" ] }

/// The share of the machine's multiply–adds that iterations with full covariances use.
let private peak setting =
    let widths =
        [ Width.widest, id
          if Width.widest = Width.Bits512 then
              Width.Bits256, withoutAvx512 ]

    let rows =
        [ for rows, columns, components, wanted in
              [ 100_000, 16, 16, None; 100_000, 32, 16, Some 65.0; 50_000, 64, 32, Some 75.0 ] do
              for width, limit in widths do
                  let problem = problem setting rows columns components "full"
                  let before = Machine.peakOf width
                  let own = inTurn setting [ limit (ours problem) ] |> List.head
                  let peak = max before (Machine.peakOf width)

                  [ problem.Name
                    (if width = Width.Bits512 then "512" else "256")
                    $"{own.Milliseconds:F2}"
                    $"{own.CoreMilliseconds:F2}"
                    $"{multiplyAdds problem / own.Milliseconds / 1e6:F1}"
                    $"{peak / 1e9:F1}"
                    against wanted (Some(share peak problem own)) ] ]

    printfn "Multiply–adds of doubles in 1e9 per second, N·K·D·(D+4) of them, beside a loop in registers only:\n"
    table [ "rows × features, components"; "bits"; "ms"; "of all cores"; "Gmm"; "peak"; "share in %" ] rows
    []

/// All cores beside one.
let private threads setting =
    let problem = problem setting 100_000 16 16 "full"

    match inTurn setting [ oursOn 1 problem; ours problem ] with
    | [ one; all ] ->
        printfn "Threads:\n"

        table
            [ "rows × features, components"
              "one thread, ms"
              "of all cores"
              $"{Environment.ProcessorCount} threads, ms"
              "of all cores"
              "times faster" ]
            [ [ problem.Name
                $"{one.Milliseconds:F2}"
                $"{one.CoreMilliseconds:F2}"
                $"{all.Milliseconds:F2}"
                $"{all.CoreMilliseconds:F2}"
                Some(one.Milliseconds / all.Milliseconds)
                |> against (if Environment.ProcessorCount = 2 then Some 1.85 else None) ] ]

        sameBits "threads" one all
    | _ -> []

/// 512-bit vectors beside 256-bit ones.
let private widths setting =
    let problem = problem setting 100_000 16 16 "full"
    let widest = ours problem

    let narrow = withoutAvx512 widest

    match inTurn setting [ widest; narrow ] with
    | [ wide; narrow ] ->
        printfn "Without AVX-512 (DOTNET_EnableAVX512=0):\n"

        table
            [ "rows × features, components"; "as it is, ms"; "without, ms"; "speed in %" ]
            [ [ problem.Name
                $"{wide.Milliseconds:F2}"
                $"{narrow.Milliseconds:F2}"
                Some(100.0 * wide.Milliseconds / narrow.Milliseconds) |> against (Some 75.0) ] ]

        sameBits "widths" wide narrow
    | _ -> []

/// Data of float32 beside the same numbers as float64.
let private precision setting =
    let problems =
        [ for columns, structure in [ 16, "full"; 32, "full"; 16, "diag" ] ->
              Problem.rounded (problem setting 100_000 columns 16 structure) ]

    let results =
        [ for float32s, float64s in problems ->
              match inTurn setting [ ours float64s; ours float32s ] with
              | [ wide; narrow ] -> float64s, wide, narrow
              | _ -> failwith "There are two programs." ]

    printfn "Data of float32:\n"

    table
        [ "rows × features, components"
          "float64, ms"
          "float32, ms"
          "times faster"
          "objective of float64"
          "of float32" ]
        [ for problem, wide, narrow in results ->
              [ problem.Name
                $"{wide.Milliseconds:F2}"
                $"{narrow.Milliseconds:F2}"
                Some(wide.Milliseconds / narrow.Milliseconds)
                |> against (if problem.Task = "full" then Some 1.5 else None)
                $"{wide.Objective:F9}"
                $"{narrow.Objective:F9}" ] ]

    [ for problem, wide, narrow in results do
          if abs (wide.Objective - narrow.Objective) > 1e-5 * abs wide.Objective then
              $"{problem.Name}: objectives of float32 and float64 differ by more than 1e-5" ]

/// How the cost of an iteration grows with the number of rows.
let private rows setting =
    let counts =
        [ 100_000
          1_000_000
          if setting.IsLarge then
              10_000_000 ]

    let problems = counts |> List.map (fun count -> problem setting count 16 16 "full")
    let measured = inTurn setting (problems |> List.map ours)

    let perRow =
        List.map2 (fun (problem: Problem) own -> 1e6 * own.Milliseconds / float problem.Rows) problems measured

    printfn "Rows: nanoseconds of an iteration per row, within 10 %% wanted:\n"

    table
        [ "rows × features, components"; "ms"; "of all cores"; "ns per row"; "% more than the first" ]
        [ for problem, own, cost in List.zip3 problems measured perRow ->
              [ problem.Name
                $"{own.Milliseconds:F1}"
                $"{own.CoreMilliseconds:F1}"
                $"{cost:F1}"
                below 10.0 (100.0 * (cost / perRow.Head - 1.0)) ] ]

    []

/// How the cost of an iteration grows with features and components, and what the structures cost.
let private growth setting =
    let peak = Machine.peak ()

    let problems =
        [ for columns in [ 2; 4; 8; 16; 32; 64 ] -> problem setting 100_000 columns 16 "full"
          for components in [ 1; 2; 4; 8; 32; 64 ] -> problem setting 100_000 16 components "full"
          for structure in [ "diag"; "spherical"; "tied_full"; "tied_diag"; "tied_spherical"; "kmeans" ] ->
              problem setting 100_000 16 16 structure ]

    let measured = inTurn setting (problems |> List.map ours)
    printfn "Features, components, structures:\n"

    table
        [ "rows × features, components"
          "ms"
          "of all cores"
          "ns per row"
          "per row and component"
          "share of peak in %" ]
        [ for problem, own in List.zip problems measured ->
              let cost = 1e6 * own.Milliseconds / float problem.Rows

              [ problem.Name
                $"{own.Milliseconds:F2}"
                $"{own.CoreMilliseconds:F2}"
                $"{cost:F1}"
                $"{cost / float problem.Components:F2}"
                if problem.Task = "full" then $"{share peak problem own:F0}" else absent ] ]

    []

/// A whole fit beside scikit-learn's.
let private fit setting =
    let problem =
        { problem setting 200_000 8 8 "fit" with
            Iterations = 100
            Tolerance = 1e-3 }

    let own, peers = besidePeers setting (ours problem) [ scikitLearn setting problem ]
    let peer = peers.Head
    printfn "A whole fit with full covariances: each with its default start, tolerance 1e-3, 100 iterations at most:\n"

    table
        [ "rows × features, components"; "Gmm, ms"; "first in the process"; "scikit-learn, ms"; "÷ ours" ]
        [ [ problem.Name
            $"{own.Milliseconds:F0}"
            $"{own.First:F0}"
            peer |> Option.map _.Milliseconds |> text "F0"
            peer |> Option.map (fun peer -> peer.Milliseconds / own.Milliseconds) |> against (Some 5.0) ] ]

    let objective = peer |> Option.map _.Objective
    printfn $"""It ends at {own.Objective:F6}, scikit-learn at {text "F6" objective}.{'\n'}"""

    // Seeds make a difference of some 1e-5.
    [ if objective |> Option.exists (fun objective -> own.Objective < objective - problem.Tolerance / 10.0) then
          $"{problem.Name}: the fit ends worse than scikit-learn's" ]

/// A fit of the 272 eruptions of Old Faithful.
let private small setting =
    let faithful = Csv.read "data/faithful.csv" |> GmmError.get
    let file = Path.Combine(setting.Folder, "faithful.f64")
    Directory.CreateDirectory setting.Folder |> ignore
    File.WriteAllBytes(file, faithful.Values |> Array.collect (fun (value: float) -> BitConverter.GetBytes value))

    let problem =
        { File = file
          Rows = faithful.Rows
          Columns = faithful.Columns
          Components = 2
          Task = "fit"
          Iterations = 1000
          Tolerance = 1e-6
          Seconds = setting.Seconds }

    let own, peers = besidePeers setting (ours problem) [ scikitLearn setting problem ]
    let peer = peers.Head
    printfn "A small fit, k-means start to a change of 1e-6:\n"

    table
        [ "rows × features, components"; "Gmm, ms"; "first in the process"; "scikit-learn, ms" ]
        [ [ problem.Name
            below 3.0 own.Milliseconds
            $"{own.First:F0}"
            peer |> Option.map _.Milliseconds |> text "F1" ] ]

    []

/// Memory beyond the data as rows grow.
let private memory setting =
    let problems =
        [ for task in [ "full"; "fit" ] do
              for rows in
                  [ 100_000
                    1_000_000
                    if setting.IsLarge then
                        10_000_000 ] -> problem setting rows 16 16 task ]

    let results =
        [ for problem in problems do
              // Ten million rows would take the peers an hour.
              let peers =
                  [ scikitLearn setting problem; armadillo setting problem ]
                  |> List.map (Option.filter (fun _ -> problem.Rows <= 1_000_000) >> Option.map measure)

              problem, measure (ours problem), peers ]

    printfn "MiB of memory beyond the data at the peak:\n"

    table
        [ "rows × features, components"; "data"; "Gmm"; "scikit-learn"; "Armadillo"; "Gmm allocates, KiB" ]
        [ for problem, own, peers in results ->
              [ problem.Name
                $"{8.0 * float problem.Rows * float problem.Columns / 1024.0 / 1024.0:F0}"
                below 64.0 own.BeyondMiB
                for peer in peers do
                    peer |> Option.map _.BeyondMiB |> text "F1"
                $"{own.AllocatedKiB:F0}" ] ]

    let features, components = 16.0, 16.0
    let result = components * (1.0 + features + features * features) * 8.0 / 1024.0
    printfn $"An iteration's mixture or its statistics are {result:F0} KiB of numbers each.\n"
    []

/// A mapped .npy file, by a process that may have 1 GiB of memory of its own, beside the same numbers in memory.
let private mapped setting =
    let rows = if setting.IsLarge then 33_554_432 else 1_000_000
    let inMemory = problem setting rows 16 16 "full"
    let file = Path.ChangeExtension(inMemory.File, ".npy")

    if not (File.Exists file) then
        Source.ofMemory inMemory.Columns (ReadOnlyMemory(Problem.read inMemory))
        |> Result.bind (Npy.writeSource file)
        |> GmmError.get

    let limited problem =
        let own = ours { problem with File = file }

        { own with
            Program = "prlimit"
            Words = "--data=1073741824" :: own.Program :: own.Words }

    match inTurn setting [ ours inMemory; limited inMemory ] with
    | [ own; mapped ] ->
        let fit =
            measure (
                limited
                    { inMemory with
                        Task = "fit"
                        Tolerance = 1e-3 }
            )

        printfn "A mapped .npy file, the process limited to 1 GiB (prlimit --data):\n"

        table
            [ "rows × features, components"
              "file, MiB"
              "in memory, ms"
              "mapped, ms"
              "speed in %"
              "MiB beyond the file"
              "fit of 10 iterations, s"
              "MiB beyond the file" ]
            [ [ inMemory.Name
                $"{float (FileInfo file).Length / 1024.0 / 1024.0:F0}"
                $"{own.Milliseconds:F1}"
                $"{mapped.Milliseconds:F1}"
                Some(100.0 * own.Milliseconds / mapped.Milliseconds) |> against (Some 70.0)
                $"{mapped.BeyondMiB:F1}"
                $"{fit.Milliseconds / 1000.0:F1}"
                $"{fit.BeyondMiB:F1}" ] ]

        sameBits "mapped" own mapped
    | _ -> []

// ── The program ─────────────────────────────────────────────────────────────────────────────────────────────────────

let private parts =
    [ "iterations", iterations
      "peak", peak
      "threads", threads
      "widths", widths
      "precision", precision
      "rows", rows
      "growth", growth
      "fit", fit
      "small", small
      "memory", memory
      "mapped", mapped ]

let private usage =
    $"""usage: bench peers [PART …] [-- [--large] [--rounds COUNT] [--seconds SECONDS] [--only TEXT]]

PART is one or more of {String.Join(", ", List.map fst parts)}; without one, all.
--large    10 million rows and files of 4 GiB, too: needs 20 GiB of disk and 12 GiB of memory
--rounds   how often the programs take turns (3)
--seconds  for how long each repeats its runs in a turn (3)
--only     the problems of `iterations` whose names (as in its table) contain TEXT
"""

let private canImport python =
    try
        let start =
            ProcessStartInfo(
                python,
                [ "-c"; "import sklearn" ],
                RedirectStandardOutput = true,
                RedirectStandardError = true
            )

        use child = Process.Start start
        child.StandardError.ReadToEnd() |> ignore
        child.WaitForExit()
        child.ExitCode = 0
    with :? ComponentModel.Win32Exception ->
        false

let private setting folder =
    let armadillo = Path.Combine(folder, "armadillo_em")

    { Folder = folder
      Rounds = 3
      Seconds = 3.0
      IsLarge = false
      Only = ""
      Python = [ "/usr/bin/python3"; "python3"; "python" ] |> List.tryFind canImport
      Armadillo = if File.Exists armadillo then Some armadillo else None }

/// The parts and the setting that words ask for, or what is wrong with a word.
let rec private read chosen setting (words: string list) =
    match words with
    | [] -> Ok(List.rev chosen, setting)
    | "--large" :: rest -> read chosen { setting with IsLarge = true } rest
    | [ "--rounds" | "--seconds" | "--only" as option ] -> Error $"{option} needs a value"
    | "--rounds" :: count :: rest ->
        match Int32.TryParse count with
        | true, rounds when rounds >= 1 -> read chosen { setting with Rounds = rounds } rest
        | _ -> Error $"--rounds must be a whole number from 1, but is {count}"
    | "--seconds" :: seconds :: rest ->
        match Double.TryParse seconds with
        | true, time when time >= 0.0 && Double.IsFinite time -> read chosen { setting with Seconds = time } rest
        | _ -> Error $"--seconds must be a number from 0, but is {seconds}"
    | "--only" :: text :: rest -> read chosen { setting with Only = text } rest
    | name :: rest ->
        match parts |> List.tryFind (fun (part, _) -> part = name) with
        | Some part -> read (part :: chosen) setting rest
        | None -> Error $"there is no part or option '{name}'"

/// Runs the parts that the words name; 1 if a result is wrong, 2 if the words are.
let run (words: string list) =
    match read [] (setting (Path.GetFullPath "artifacts/peers")) words with
    | Error reason ->
        eprintfn $"error: {reason}"
        eprintf $"%s{usage}"
        2
    | Ok(chosen, setting) ->
        printfn $"{Machine.description ()}\n"

        if setting.Python.IsNone then
            printfn "Not installed: scikit-learn (Debian: python3-sklearn)."

        if setting.Armadillo.IsNone then
            printfn "Not installed: Armadillo or a C++ compiler (Debian: libarmadillo-dev and g++)."

        let wrong =
            [ for _, part in (if chosen.IsEmpty then parts else chosen) do
                  yield! part setting ]

        for message in wrong do
            printfn $"FAIL {message}"

        if wrong.IsEmpty then 0 else 1
