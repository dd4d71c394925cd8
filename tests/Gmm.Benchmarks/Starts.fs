/// `bench peers starts`: how often a default fit reaches the best known objective, beside scikit-learn's.
module Gmm.Benchmarks.Starts

open System
open System.IO
open System.Runtime.InteropServices
open MathNet.Numerics.Distributions
open Gmm
open Gmm.Benchmarks.Contest
open Gmm.Benchmarks.Report

/// A fit has reached the best known objective if it ends at most this far below it, per row.
let private near = 1e-3

/// Rows of K groups, whose centres have a standard deviation in every column, and the group of each row. The groups are
/// round or stretched, and differ in size.
let private groups seed rows columns components spread isStretched =
    let random = Random(seed: int)
    let normal () = Normal.Sample(random, 0.0, 1.0)
    let centres = Array.init components (fun _ -> Array.init columns (fun _ -> spread * normal ()))

    let factor () =
        Array2D.init columns columns (fun i j ->
            if not isStretched then (if i = j then 1.0 else 0.0)
            elif j > i then 0.0
            elif i = j then exp (0.6 * normal ())
            else 0.4 * normal ())

    let factors = Array.init components (fun _ -> factor ())
    let sizes = Array.init components (fun _ -> Gamma.Sample(random, 3.0, 1.0))
    let labels = Array.init rows (fun _ -> Categorical.Sample(random, sizes))

    let values =
        labels
        |> Array.collect (fun k ->
            let noise = Array.init columns (fun _ -> normal ())

            Array.init columns (fun i ->
                centres[k][i] + Seq.sum (seq { for j in 0..i -> factors[k][i, j] * noise[j] })))

    values, labels

/// The best of the candidates of the default start, run out without moves.
let private withoutMoves (options: FitOptions<GaussianKind, Gaussian>) (source: Source) : float =
    let _, filled, measured = Fitting.measure options source |> GmmError.get

    let fits =
        Start.mixtures Lloyd.run measured options (Start.rowsFor options filled) options.Execution options.Seed
        |> GmmError.get
        |> List.map (fun first ->
            Gmm.fit
                { options with
                    Start = Start.Mixture first }
                source
            |> GmmError.get)

    match fits |> List.filter _.Irregular.IsEmpty with
    | [] -> fits
    | regular -> regular
    |> List.map _.Objective
    |> List.max

/// A data set: its number of groups and its file, and the objectives of fits to it.
type private Found =
    { Components: int
      File: string
      Default: float
      WithoutMoves: float
      Truth: float }

let private find folder components columns (spread: float) repetition =
    let rows = max 3000 ((if columns = 16 then 400 else 150) * components)
    let seed = repetition * 1000 + components * 37 + columns
    let values, labels = groups seed rows columns components spread (repetition % 2 = 0)
    let file = Path.Combine(folder, $"{components}_{columns}_{spread}_{repetition}.f64")
    File.WriteAllBytes(file, MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray())
    let source = Source.ofMemory columns (ReadOnlyMemory values) |> GmmError.get

    let options =
        { Gmm.defaults with
            Components = components }

    let objective options = (source |> Gmm.fit options |> GmmError.get).Objective

    { Components = components
      File = file
      Default = objective options
      WithoutMoves = withoutMoves options source
      Truth =
        objective
            { options with
                Start = Start.Labels labels } }

/// Fits 192 data sets, and counts the fits near the best known objective.
let run (setting: Setting) : Findings =
    let folder = Path.Combine(setting.Folder, "starts")
    Directory.CreateDirectory folder |> ignore

    let found =
        [ for components in [ 3; 5; 8; 16 ] do
              for columns in [ 2; 4; 8; 16 ] do
                  for spread in [ 1.5; 2.5; 4.0 ] do
                      for repetition in 1..4 -> find folder components columns spread repetition ]

    let peers: float[][] option =
        setting.Python
        |> Option.map (fun python ->
            ask
                { Name = "scikit-learn"
                  Program = python
                  Words =
                    Path.Combine(AppContext.BaseDirectory, "peers", "sklearn_starts.py")
                    :: [ for set in found -> set.File ]
                  Environment = [] })

    /// The gaps of a data set's fits: by default, without moves, and scikit-learn's.
    let gaps =
        [ for i, set in List.indexed found ->
              let ours = [ set.Default; set.WithoutMoves ]
              let all = ours @ (peers |> Option.map (fun peers -> List.ofArray peers[i]) |> Option.defaultValue [])
              let best = max set.Truth (List.max all)
              set.Components, [ for objective in all -> best - objective ] ]

    let columns rows = rows |> List.map snd |> List.transpose
    let counts rows = columns rows |> List.map (fun gaps -> gaps |> List.filter (fun gap -> gap <= near) |> List.length)

    printfn $"Fits that end within {near} per row of the best known objective:\n"

    table
        ([ "components"; "data sets"; "default"; "without moves" ]
         @ (if peers.IsSome then [ "scikit-learn"; "the best of 10" ] else []))
        [ for components, rows in List.groupBy fst gaps do
              string components :: string rows.Length :: (counts rows |> List.map string)
          "all" :: string gaps.Length :: (counts gaps |> List.map string)
          "mean gap" :: "" :: (columns gaps |> List.map (fun gaps -> $"{List.average gaps:F4}")) ]

    let lower = gaps |> List.filter (fun (_, gaps) -> gaps[0] > gaps[1] + 1e-6) |> List.length

    { Figures =
        [ Figure.create "starts" "data sets of 192" (Some(float (counts gaps).Head)) [] |> Figure.atLeast 170.0 ]
      Wrong =
        [ if lower > 0 then
              $"starts: {lower} default fits end lower than without moves" ] }
