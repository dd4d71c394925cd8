/// What `bench peers` found: figures beside what is wanted of them, in tables and as JSON.
module Gmm.Benchmarks.Report

open System
open System.IO
open System.Text.Json
open System.Text.Json.Serialization

[<RequireQualifiedAccess>]
type Wanted =
    | AtLeast of float
    | AtMost of float

/// A number that is wanted to be large, or small.
type Figure =
    {
        /// What was measured: the name of a problem.
        Problem: string
        /// What the number counts, to be read after it: "× scikit-learn".
        Unit: string
        /// None where a program isn't installed.
        Value: float option
        Wanted: Wanted option
        /// The least milliseconds that the machine allows us, where they are known.
        Floor: float option
        /// What the programs measured, by their names.
        Programs: (string * Measurement) list
    }

    /// Whether the wanted is reached; None if nothing was measured or nothing is wanted.
    member figure.IsMet =
        match figure.Value, figure.Wanted with
        | Some value, Some(Wanted.AtLeast bound) -> Some(value >= bound)
        | Some value, Some(Wanted.AtMost bound) -> Some(value <= bound)
        | _ -> None

/// What a part of the report found: its figures, and what is wrong.
type Findings =
    { Figures: Figure list
      Wrong: string list }

module Findings =
    let figures figures = { Figures = figures; Wrong = [] }

    let concat (all: Findings list) =
        { Figures = all |> List.collect _.Figures
          Wrong = all |> List.collect _.Wrong }

module Figure =
    /// A figure of which nothing is wanted yet.
    let create problem unit value programs =
        { Problem = problem
          Unit = unit
          Value = value
          Wanted = None
          Floor = None
          Programs = programs }

    let atLeast wanted figure =
        { figure with
            Wanted = Some(Wanted.AtLeast wanted) }

    let atMost wanted figure =
        { figure with
            Wanted = Some(Wanted.AtMost wanted) }

    /// How many times our milliseconds go into a peer's.
    let timesFaster (problem: Problem) (own: Measurement) (name: string) (peer: Measurement option) =
        create
            problem.Name
            $"× {name}"
            (peer |> Option.map (fun peer -> peer.Milliseconds / own.Milliseconds))
            (("Gmm", own) :: [ for peer in Option.toList peer -> name, peer ])

    /// How many times the second program's milliseconds go into the first one's, in units of which one time is `scale`.
    let ratio (problem: Problem) unit scale (first: string * Measurement) (second: string * Measurement) =
        let value = scale * (snd first).Milliseconds / (snd second).Milliseconds
        create problem.Name unit (Some value) [ first; second ]

    let private digits (value: float) = if abs value >= 1000.0 then $"{value:F0}" else $"{value:G4}"

    let private bound wanted =
        match wanted with
        | Wanted.AtLeast bound -> $"≥ {bound:G3}"
        | Wanted.AtMost bound -> $"≤ {bound:G3}"

    /// What stands where there is no number.
    let absent = "–"

    /// The number beside the wanted: "24 ≥ 16" or "12 MISSES ≥ 16".
    let cell (figure: Figure) =
        match figure.Value, figure.Wanted with
        | None, _ -> absent
        | Some value, None -> digits value
        | Some value, Some wanted when figure.IsMet = Some true -> $"{digits value} {bound wanted}"
        | Some value, Some wanted -> $"{digits value} MISSES {bound wanted}"

    /// The cells of the table of targets.
    let row (figure: Figure) =
        [ figure.Problem
          match figure.Value with
          | Some value -> digits value
          | None -> "not installed"
          figure.Unit
          figure.Wanted |> Option.map bound |> Option.defaultValue absent
          match figure.Floor with
          | Some floor -> $"{floor:F2} ms"
          | None -> absent
          match figure.IsMet with
          | Some true -> "met"
          | Some false -> "MISSES"
          | None -> absent ]

/// A table in Markdown, its columns as wide as their longest cell.
let table (header: string list) (rows: string list list) =
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

let text (format: string) (value: float option) =
    value |> Option.map _.ToString(format) |> Option.defaultValue Figure.absent

/// The table of all figures of which something is wanted, and of those whose program isn't there.
let targets (figures: Figure list) =
    match figures |> List.filter (fun figure -> figure.Wanted.IsSome || figure.Value.IsNone) with
    | [] -> ()
    | figures ->
        let missed = figures |> List.filter (fun figure -> figure.IsMet = Some false)
        printfn $"Targets, of which {missed.Length} are missed:\n"
        table [ "problem"; "figure"; ""; "wanted"; "floor"; "" ] (List.map Figure.row figures)

// ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────────────

let private options =
    JsonSerializerOptions(
        JsonSerializerDefaults.Web,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    )

/// Writes all figures to a file, with the machine and the date.
let write (file: string) (figures: Figure list) =
    let figure (figure: Figure) =
        {| Problem = figure.Problem
           Unit = figure.Unit
           Figure = figure.Value
           AtLeast =
            match figure.Wanted with
            | Some(Wanted.AtLeast bound) -> Some bound
            | _ -> None
           AtMost =
            match figure.Wanted with
            | Some(Wanted.AtMost bound) -> Some bound
            | _ -> None
           FloorMilliseconds = figure.Floor
           Met = figure.IsMet
           Programs =
            [ for name, measured in figure.Programs ->
                  {| Name = name
                     Milliseconds = measured.Milliseconds
                     Objective = measured.Objective |} ] |}

    let report =
        {| Machine = Machine.processor
           Cores = Environment.ProcessorCount
           VectorBits = Machine.bits
           Runtime = $".NET {Environment.Version}"
           Date = DateTime.UtcNow.ToString "yyyy-MM-dd"
           Figures = List.map figure figures |}

    File.WriteAllText(file, JsonSerializer.Serialize(report, options) + "\n")
