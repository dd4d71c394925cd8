/// `bench peers`: what an iteration and a fit cost, beside other programs that do the same work on the same numbers.
module Gmm.Benchmarks.Peers

open System
open System.IO
open Gmm
open Gmm.Benchmarks.Contest
open Gmm.Benchmarks.Report

/// What is wrong unless two results are the same to the last bit.
let private sameBits name (a: Measurement) (b: Measurement) =
    [ if a.Objective <> b.Objective then
          $"{name}: objectives {a.Objective:R} and {b.Objective:R} should have the same bits" ]

// ── The parts of the report ─────────────────────────────────────────────────────────────────────────────────────────

/// The multiply–adds of an iteration. With full covariances, D(D+1)/2 whiten a row for each component, as many make its
/// second moments, and 3D the rest; otherwise 2D make a distance and 2D the moments. k-means needs D for a distance.
let private multiplyAdds (problem: Problem) =
    let rows, features, components = float problem.Rows, float problem.Columns, float problem.Components

    match problem.Task with
    | "full" -> rows * components * features * (features + 4.0)
    | "tied_full" -> rows * (features * features + 4.0 * components * features)
    | "kmeans" -> rows * components * features
    | _ -> 4.0 * rows * components * features

/// The milliseconds of an iteration's multiply–adds at a peak rate.
let private floorAt peak problem = 1000.0 * multiplyAdds problem / peak

/// Time per iteration beside the peers', with what each got as its objective, and its memory.
let private iterations setting =
    let problems =
        [ 100_000, 2, 4, "full", Some 20.0, Some 8.0
          100_000, 16, 16, "full", Some 16.0, Some 8.0
          100_000, 16, 16, "diag", Some 18.0, Some 6.0
          100_000, 16, 16, "tied_full", Some 25.0, None
          100_000, 16, 16, "spherical", Some 18.0, None
          50_000, 64, 32, "full", Some 6.0, Some 4.0
          500_000, 16, 16, "kmeans", Some 4.0, Some 1.5
          200_000, 16, 256, "kmeans", Some 3.0, None ]

    let peak = Machine.peak ()

    let results =
        [ for rows, columns, components, task, ofScikitLearn, ofArmadillo in problems do
              let problem = problem setting rows columns components task

              if problem.Name.Contains setting.Only then
                  let own, peers =
                      besidePeers setting (ours problem) [ scikitLearn setting problem; armadillo setting problem ]

                  let figures =
                      [ for name, peer, wanted in
                            List.zip3 [ "scikit-learn"; "Armadillo" ] peers [ ofScikitLearn; ofArmadillo ] ->
                            let figure = Figure.timesFaster problem own name peer

                            let figure =
                                { figure with
                                    Floor = Some(floorAt peak problem) }

                            wanted |> Option.fold (fun figure wanted -> Figure.atLeast wanted figure) figure ]

                  problem, own, List.zip peers figures ]

    if results.IsEmpty then
        { Figures = []
          Wrong = [ $"iterations: no problem has '{setting.Only}' in its name" ] }
    else
        printfn "Milliseconds per iteration, and how many of ours go into a peer's:\n"

        table
            [ "rows × features, components"; "Gmm"; "of all cores"; "scikit-learn"; "÷ ours"; "Armadillo"; "÷ ours" ]
            [ for problem, own, peers in results ->
                  [ problem.Name
                    $"{own.Milliseconds:F2}"
                    $"{own.CoreMilliseconds:F2}"
                    for peer, figure in peers do
                        peer |> Option.map _.Milliseconds |> text "F2"
                        Figure.cell figure ] ]

        /// The largest relative difference of the peers' objectives from ours.
        let difference (own: Measurement) (peers: (Measurement option * Figure) list) =
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
                        Figure.absent
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

        { Figures =
            [ for _, _, peers in results do
                  for _, figure in peers do
                      // Armadillo doesn't have every structure.
                      if figure.Value.IsSome || figure.Wanted.IsSome then
                          figure ]
          Wrong =
            [ for problem, own, peers in results do
                  if not (agree own peers) then
                      $"{problem.Name}: objectives differ by more than 1e-9" ] }

let private share peak (problem: Problem) (own: Measurement) =
    100.0 * multiplyAdds problem / (own.Milliseconds / 1000.0) / peak

/// The share of the machine's multiply–adds that iterations with full covariances use.
let private peak setting =
    let widths =
        [ Width.widest, id
          if Width.widest = Width.Bits512 then
              Width.Bits256, withoutAvx512 ]

    let results =
        [ for rows, columns, components, wanted in
              [ 100_000, 16, 16, [ 68.0; 68.0 ]; 100_000, 32, 16, [ 75.0; 65.0 ]; 50_000, 64, 32, [ 78.0; 75.0 ] ] do
              for (width, limit), wanted in Seq.zip widths wanted do
                  let problem = problem setting rows columns components "full"
                  let before = Machine.peakOf width
                  let own = alone setting (limit (ours problem))
                  let peak = max before (Machine.peakOf width)
                  let bits = 64 * Width.numbers width

                  let figure =
                      Figure.create
                          problem.Name
                          $"%% of the peak, {bits} bits"
                          (Some(share peak problem own))
                          [ "Gmm", own ]
                      |> Figure.atLeast wanted

                  { figure with
                      Floor = Some(floorAt peak problem) },
                  [ problem.Name
                    string bits
                    $"{own.Milliseconds:F2}"
                    $"{own.CoreMilliseconds:F2}"
                    $"{multiplyAdds problem / own.Milliseconds / 1e6:F1}"
                    $"{peak / 1e9:F1}"
                    Figure.cell figure ] ]

    printfn "Multiply–adds of doubles in 1e9 per second, N·K·D·(D+4) of them, beside a loop in registers only:\n"

    table
        [ "rows × features, components"; "bits"; "ms"; "of all cores"; "Gmm"; "peak"; "share in %" ]
        (List.map snd results)

    results |> List.map fst |> Findings.figures

/// k-means, whose rows come from memory, beside the time that reading them and its multiply–adds take at least.
let private floor setting =
    let problem = problem setting 500_000 16 16 "kmeans"
    let values = Problem.read problem

    let measure () = Machine.readSeconds values, Machine.peak ()

    let before = measure ()
    let own = alone setting (ours problem)
    let after = measure ()
    let read = 1000.0 * min (fst before) (fst after)
    let multiply = floorAt (max (snd before) (snd after)) problem

    let figure =
        { Figure.create problem.Name "× the floor" (Some(own.Milliseconds / (read + multiply))) [ "Gmm", own ] with
            Floor = Some(read + multiply) }
        |> Figure.atMost 3.0

    printfn
        "Milliseconds of a k-means iteration, and those of reading the rows and of N·K·D multiply–adds at the peak:\n"

    table
        [ "rows × features, components"; "ms"; "of all cores"; "reading"; "multiplying"; "times the sum" ]
        [ [ problem.Name
            $"{own.Milliseconds:F2}"
            $"{own.CoreMilliseconds:F2}"
            $"{read:F2}"
            $"{multiply:F2}"
            Figure.cell figure ] ]

    Findings.figures [ figure ]

/// All cores beside one.
let private threads setting =
    let problem = problem setting 100_000 16 16 "full"

    let one, all = pairInTurn setting (oursOn 1 problem) (ours problem)

    let figure =
        Figure.ratio problem "× one thread" 1.0 ("one thread", one) ("all", all)
        |> if Environment.ProcessorCount = 2 then Figure.atLeast 1.85 else id

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
            Figure.cell figure ] ]

    { Figures = [ figure ]
      Wrong = sameBits "threads" one all }

/// 512-bit vectors beside 256-bit ones, where there are such.
let private widths setting =
    if Width.widest <> Width.Bits512 then
        printfn "This machine has no vectors of 512 bits to compare with others.\n"
        Findings.figures []
    else
        let problem = problem setting 100_000 16 16 "full"
        let widest = ours problem
        let wide, narrow = pairInTurn setting widest (withoutAvx512 widest)

        let figure =
            Figure.ratio problem "% of the speed with AVX-512" 100.0 ("Gmm", wide) ("Gmm without AVX-512", narrow)
            |> Figure.atLeast 75.0

        printfn "Without AVX-512 (DOTNET_EnableAVX512=0):\n"

        table
            [ "rows × features, components"; "as it is, ms"; "without, ms"; "speed in %" ]
            [ [ problem.Name; $"{wide.Milliseconds:F2}"; $"{narrow.Milliseconds:F2}"; Figure.cell figure ] ]

        { Figures = [ figure ]
          Wrong = sameBits "widths" wide narrow }

/// Data of float32 beside the same numbers as float64.
let private precision setting =
    let results =
        [ for rows, columns, task, wanted in
              [ 100_000, 16, "full", 1.8
                100_000, 32, "full", 1.5
                100_000, 16, "diag", 1.5
                500_000, 16, "kmeans", 1.5 ] ->
              let float32s, float64s = Problem.rounded (problem setting rows columns 16 task)
              let wide, narrow = pairInTurn setting (ours float64s) (ours float32s)

              let figure =
                  Figure.ratio float64s "× float64, of float32" 1.0 ("float64", wide) ("float32", narrow)
                  |> Figure.atLeast wanted

              float64s, wide, narrow, figure ]

    printfn "Data of float32:\n"

    table
        [ "rows × features, components"
          "float64, ms"
          "float32, ms"
          "times faster"
          "objective of float64"
          "of float32" ]
        [ for problem, wide, narrow, figure in results ->
              [ problem.Name
                $"{wide.Milliseconds:F2}"
                $"{narrow.Milliseconds:F2}"
                Figure.cell figure
                $"{wide.Objective:F9}"
                $"{narrow.Objective:F9}" ] ]

    { Figures = [ for _, _, _, figure in results -> figure ]
      Wrong =
        [ for problem, wide, narrow, _ in results do
              if abs (wide.Objective - narrow.Objective) > 1e-5 * abs wide.Objective then
                  $"{problem.Name}: objectives of float32 and float64 differ by more than 1e-5" ] }

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

    let figures =
        [ for problem, own, cost in List.zip3 problems measured perRow |> List.tail ->
              Figure.create
                  problem.Name
                  $"%% more per row than {counts.Head:N0} rows"
                  (Some(100.0 * (cost / perRow.Head - 1.0)))
                  [ "Gmm", own ]
              |> Figure.atMost 10.0 ]

    printfn "Rows: nanoseconds of an iteration per row, within 10 %% wanted:\n"

    table
        [ "rows × features, components"; "ms"; "of all cores"; "ns per row"; "% more than the first" ]
        [ for (problem, own, cost), more in
              List.zip (List.zip3 problems measured perRow) (Figure.absent :: List.map Figure.cell figures) ->
              [ problem.Name; $"{own.Milliseconds:F1}"; $"{own.CoreMilliseconds:F1}"; $"{cost:F1}"; more ] ]

    Findings.figures figures

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
                if problem.Task = "full" then $"{share peak problem own:F0}" else Figure.absent ] ]

    Findings.figures
        [ for problem, own in List.zip problems measured ->
              let cost = 1e6 * own.Milliseconds / float problem.Rows
              Figure.create problem.Name "ns per row" (Some cost) [ "Gmm", own ] ]

/// A whole fit beside scikit-learn's.
let private fit setting =
    let equal =
        { problem setting 200_000 8 8 "fit" with
            Iterations = 100
            Tolerance = 1e-3 }

    let byDefault = { equal with Task = "default" }

    // scikit-learn's defaults are these 100 iterations and this tolerance.
    let contestants = [ ours byDefault; ours equal ] @ Option.toList (scikitLearn setting equal)
    let measured = inTurn setting contestants
    let peer = List.tryItem 2 measured

    let figures (problem: Problem) wanted (own: Measurement) =
        /// How much worse the fit is than the better one, as a share of it.
        let shortfall =
            peer
            |> Option.map (fun peer ->
                let better = max own.Objective peer.Objective
                (better - own.Objective) / abs better)

        let ratio = Figure.timesFaster problem own "scikit-learn" peer

        ratio |> Figure.atLeast wanted,
        Figure.create problem.Name "of the objective below the better one" shortfall ratio.Programs
        |> Figure.atMost 1e-6

    let results =
        [ for problem, wanted, own in List.zip3 [ byDefault; equal ] [ 10.0; 5.0 ] (List.truncate 2 measured) ->
              let ratio, shortfall = figures problem wanted own
              problem, own, ratio, shortfall ]

    printfn "A whole fit with full covariances from the default start: with all options at their defaults, and with"
    printfn "scikit-learn's tolerance of 1e-3 and 100 iterations at most:\n"

    table
        [ "rows × features, components"
          "Gmm, ms"
          "first in the process"
          "scikit-learn, ms"
          "÷ ours"
          "objective"
          "scikit-learn's"
          "below the better" ]
        [ for problem, own, ratio, shortfall in results ->
              [ problem.Name
                $"{own.Milliseconds:F0}"
                $"{own.First:F0}"
                peer |> Option.map _.Milliseconds |> text "F0"
                Figure.cell ratio
                $"{own.Objective:F8}"
                peer |> Option.map _.Objective |> text "F8"
                Figure.cell shortfall ] ]

    { Figures = [ for _, _, ratio, shortfall in results -> [ ratio; shortfall ] ] |> List.concat
      // Seeds make a difference of some 1e-5.
      Wrong =
        [ for problem, own, _, _ in results do
              if peer |> Option.exists (fun peer -> own.Objective < peer.Objective - equal.Tolerance / 10.0) then
                  $"{problem.Name}: the fit ends worse than scikit-learn's" ] }

/// Fits of overlapping components, on which EM is slow, until a mean log-likelihood of a row within 1e-6 of the
/// limit; both from the same start, each with the largest tolerance that leads there.
let private limit setting =
    let near = 1e-6

    let results =
        [ for name in [ "two-1d"; "two-2d"; "four-4d" ] ->
              let problem =
                  { Problem.overlapping setting.Folder name with
                      Seconds = setting.Seconds }

              let once tolerance (contestant: Problem -> Contestant) =
                  measure (
                      contestant
                          { problem with
                              Tolerance = tolerance
                              Seconds = 0.0 }
                  )

              let limit = (once 1e-13 ours).Objective

              let reaching (contestant: Problem -> Contestant) =
                  [ for digits in 3..12 -> Math.Pow(10.0, -float digits) ]
                  |> List.tryFind (fun tolerance -> abs ((once tolerance contestant).Objective - limit) <= near)
                  |> Option.map (fun tolerance -> tolerance, contestant { problem with Tolerance = tolerance })

              let peer =
                  scikitLearn setting problem |> Option.bind (fun _ -> reaching (scikitLearn setting >> Option.get))

              match reaching ours with
              | None -> failwith $"{problem.Name}: no tolerance leads to the limit"
              | Some(tolerance, own) ->
                  let measured, peers = besidePeers setting own [ Option.map snd peer ]

                  let figure = Figure.timesFaster problem measured "scikit-learn" peers.Head |> Figure.atLeast 60.0

                  problem, limit, (tolerance, measured), (Option.map fst peer, peers.Head), figure ]

    printfn "Overlapping components, to a mean log-likelihood of a row within 1e-6 of the limit, from the same start:\n"

    table
        [ "rows × features, components"
          "tolerance"
          "Gmm, ms"
          "tolerance"
          "scikit-learn, ms"
          "÷ ours"
          "limit"
          "Gmm"
          "scikit-learn" ]
        [ for problem, limit, (tolerance, own), (tolerance', peer), figure in results ->
              [ problem.Name
                $"{tolerance:G1}"
                $"{own.Milliseconds:F2}"
                text "G1" tolerance'
                peer |> Option.map _.Milliseconds |> text "F1"
                Figure.cell figure
                $"{limit:F9}"
                $"{own.Objective:F9}"
                peer |> Option.map _.Objective |> text "F9" ] ]

    Findings.figures [ for _, _, _, _, figure in results -> figure ]

/// Programs that few have installed.
let private others setting =
    let problem = problem setting 100_000 16 16 "full"
    let own, peers = besidePeers setting (ours problem) [ tgmm setting problem; mclust setting problem ]

    let figures =
        [ for name, peer in List.zip [ "tgmm"; "mclust" ] peers -> Figure.timesFaster problem own name peer ]

    printfn "Milliseconds per iteration of other programs (tgmm: float32):\n"

    table
        [ "program"; "Gmm"; "its own"; "÷ ours"; "objective"; "its own" ]
        [ for figure, peer in List.zip figures peers ->
              [ figure.Unit.Replace("× ", "")
                $"{own.Milliseconds:F2}"
                match peer with
                | Some peer -> $"{peer.Milliseconds:F2}"
                | None -> "not installed"
                Figure.cell figure
                $"{own.Objective:F9}"
                peer |> Option.map _.Objective |> text "F9" ] ]

    Findings.figures figures

/// A fit of the 272 eruptions of Old Faithful.
let private small setting =
    let faithful = Csv.read (Repository.path "data/faithful.csv") |> GmmError.get
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
    let figure = Figure.create problem.Name "ms" (Some own.Milliseconds) [ "Gmm", own ] |> Figure.atMost 3.0
    printfn "A small fit, from the default start to a change of 1e-6:\n"

    table
        [ "rows × features, components"; "Gmm, ms"; "first in the process"; "scikit-learn, ms" ]
        [ [ problem.Name; Figure.cell figure; $"{own.First:F0}"; peer |> Option.map _.Milliseconds |> text "F1" ] ]

    Findings.figures [ figure ]

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

              let own = measure (ours problem)

              let figure =
                  Figure.create problem.Name "MiB beyond the data" (Some own.BeyondMiB) [ "Gmm", own ]
                  |> Figure.atMost 64.0

              problem, own, figure, peers ]

    printfn "MiB of memory beyond the data at the peak:\n"

    table
        [ "rows × features, components"; "data"; "Gmm"; "scikit-learn"; "Armadillo"; "Gmm allocates, KiB" ]
        [ for problem, own, figure, peers in results ->
              [ problem.Name
                $"{8.0 * float problem.Rows * float problem.Columns / 1024.0 / 1024.0:F0}"
                Figure.cell figure
                for peer in peers do
                    peer |> Option.map _.BeyondMiB |> text "F1"
                $"{own.AllocatedKiB:F0}" ] ]

    let features, components = 16.0, 16.0
    let result = components * (1.0 + features + features * features) * 8.0 / 1024.0
    printfn $"The statistics of an iteration are {result:F0} KiB of numbers, its mixture nearly twice as many.\n"
    Findings.figures [ for _, _, figure, _ in results -> figure ]

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

    let own, mapped = pairInTurn setting (ours inMemory) (limited inMemory)

    let fit =
        measure (
            limited
                { inMemory with
                    Task = "fit"
                    Tolerance = 1e-3 }
        )

    let figure =
        Figure.ratio inMemory "% of the speed in memory, mapped" 100.0 ("in memory", own) ("mapped", mapped)
        |> Figure.atLeast 70.0

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
            Figure.cell figure
            $"{mapped.BeyondMiB:F1}"
            $"{fit.Milliseconds / 1000.0:F1}"
            $"{fit.BeyondMiB:F1}" ] ]

    { Figures = [ figure ]
      Wrong = sameBits "mapped" own mapped }

// ── The program ─────────────────────────────────────────────────────────────────────────────────────────────────────

let private parts =
    [ "iterations", iterations
      "peak", peak
      "floor", floor
      "threads", threads
      "widths", widths
      "precision", precision
      "rows", rows
      "growth", growth
      "fit", fit
      "starts", Starts.run
      "limit", limit
      "others", others
      "small", small
      "memory", memory
      "mapped", mapped ]

let private usage =
    $"""usage: bench peers [PART …] [-- [--large] [--rounds COUNT] [--seconds SECONDS] [--only TEXT] [--json FILE]]

PART is one or more of {String.Join(", ", List.map fst parts)}; without one, all.
--large    10 million rows and files of 4 GiB, too: needs 20 GiB of disk and 12 GiB of memory
--rounds   how often the programs take turns (3)
--seconds  for how long each repeats its runs in a turn (3)
--only     the problems of `iterations` whose names (as in its table) contain TEXT
--json     the file to which all figures are written as JSON
"""

/// The parts and the setting that words ask for, or what is wrong with a word.
let rec private read chosen setting (words: string list) =
    match words with
    | [] -> Ok(List.rev chosen, setting)
    | "--large" :: rest -> read chosen { setting with IsLarge = true } rest
    | [ "--rounds" | "--seconds" | "--only" | "--json" as option ] -> Error $"{option} needs a value"
    | "--rounds" :: count :: rest ->
        match Int32.TryParse count with
        | true, rounds when rounds >= 1 -> read chosen { setting with Rounds = rounds } rest
        | _ -> Error $"--rounds must be a whole number from 1, but is {count}"
    | "--seconds" :: seconds :: rest ->
        match Double.TryParse seconds with
        | true, time when time >= 0.0 && Double.IsFinite time -> read chosen { setting with Seconds = time } rest
        | _ -> Error $"--seconds must be a number from 0, but is {seconds}"
    | "--only" :: text :: rest -> read chosen { setting with Only = text } rest
    | "--json" :: file :: rest -> read chosen { setting with Json = Some file } rest
    | name :: rest ->
        match parts |> List.tryFind (fun (part, _) -> part = name) with
        | Some part -> read (part :: chosen) setting rest
        | None -> Error $"there is no part or option '{name}'"

/// What a part finds. If it fails, as when a peer crashes, that is what is wrong, and the other parts go on.
let private attempt setting (name: string, part: Setting -> Findings) : Findings =
    let findings =
        try
            part setting
        with error ->
            printfn $"{name} FAILED\n"

            { Figures = []
              Wrong = [ $"{name}: {error.Message}" ] }

    Console.Out.Flush()
    findings

/// Runs the parts that the words name; 1 if a result is wrong, 2 if the words are.
let run (words: string list) =
    match read [] (setting (Repository.path "artifacts/peers")) words with
    | Error reason ->
        eprintfn $"error: {reason}"
        eprintf $"%s{usage}"
        2
    | Ok(chosen, setting) ->
        printfn $"{Machine.description ()}\n"

        for line in missing setting do
            printfn $"{line}"

        let findings = (if chosen.IsEmpty then parts else chosen) |> List.map (attempt setting) |> Findings.concat

        targets findings.Figures
        setting.Json |> Option.iter (fun file -> write file findings.Figures)

        for message in findings.Wrong do
            printfn $"FAIL {message}"

        if findings.Wrong.IsEmpty then 0 else 1
