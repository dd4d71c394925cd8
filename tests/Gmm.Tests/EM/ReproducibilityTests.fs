/// The same bits: for any number of threads, and for a seed on every run; and what restarts are for.
module Gmm.Tests.ReproducibilityTests

open System
open Expecto
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// 34,000 rows of 16 features in three groups: more blocks than `Source.reduce` has runs.
let private large =
    lazy
        (let random = Random 5
         Array.init 34_000 (fun n -> Array.init 16 (fun j -> normal random + float (n % 3 * j % 5))))

let private largeSource weighted =
    let source = sourceOf large.Value

    if weighted then
        source |> Source.weighted (drawSampleWeights large.Value.Length (Random 6)) |> ok
    else
        source

let private withThreads threads =
    { Execution.Default with
        Threads = threads }

[<Tests>]
let tests =
    testList
        "Reproducibility"
        [ testTheory
              "the number of threads changes no bit of a fit"
              [ "full", false; "full", true; "tied_diag", true; "spherical", false ]
              (fun (structure: string, weighted: bool) ->
                  let source = largeSource weighted
                  Assert.True(source.Blocks > 64L)

                  let run threads =
                      let fit =
                          source
                          |> Gmm.fit
                              { Gmm.defaults with
                                  Components = 3
                                  Family.Structure = Structure.parse structure |> ok
                                  Start = Start.Points
                                  MaxIterations = 2
                                  Execution = withThreads threads }
                          |> ok

                      Array.concat
                          [ bits fit.Trace; bits (parameters fit.Mixture); bits (Statistics.pack fit.Statistics) ]

                  let expected = run 1

                  for threads in [ 2; 3; 8 ] do
                      Assert.Equal<int64[]>(expected, run threads))
          testCase "the number of threads changes no bit of k-means" (fun () ->
              let source = largeSource true

              let run threads =
                  let found =
                      source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = 3
                              Restarts = 1
                              MaxIterations = 2
                              Execution = withThreads threads }
                      |> ok

                  Array.concat [ bits [| found.Inertia |]; bits (found.Centres |> Seq.cast<float> |> Array.ofSeq) ]

              let expected = run 1

              for threads in [ 2; 3; 8 ] do
                  Assert.Equal<int64[]>(expected, run threads))
          testCase "the number of threads changes no bit of what is predicted" (fun () ->
              let source = largeSource false

              let predicted threads =
                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Family.Structure = Diag
                              Start = Start.Points
                              MaxIterations = 1
                              Execution = withThreads threads }
                      |> ok

                  bits (Predict.logDensities fit source |> ok), Predict.labels fit source |> ok

              let densities, labels = predicted 1
              Assert.Equal(34_000, labels.Length)

              for threads in [ 2; 8 ] do
                  let again, labels' = predicted threads
                  Assert.Equal<int64[]>(densities, again)
                  Assert.Equal<int[]>(labels, labels')) ]

// ── Seeds and restarts ──────────────────────────────────────────────────────────────────────────────────────────────

let private starts =
    [ "kmeans", (fun () -> Start.KMeans); "kpp", (fun () -> Start.KPlusPlus); "points", (fun () -> Start.Points) ]

let startNames = List.map fst starts

let private startOf name = (starts |> List.find (fst >> (=) name) |> snd) ()

let private iris = lazy (DataSet.iris ())

let private irisFit start seed restarts =
    iris.Value.Source
    |> Gmm.fit
        { Gmm.defaults with
            Components = 3
            Start = start
            Seed = seed
            Restarts = restarts
            MaxIterations = 30
            Execution = oneThread }

[<Tests>]
let ``seeds and restarts`` =
    testList
        "Reproducibility: seeds and restarts"
        [ testTheory "a seed gives the same bits on every run" startNames (fun (start: string) ->
              for seed in [ 0; 1; 42; -7; Int32.MaxValue ] do
                  let run () =
                      let fit = irisFit (startOf start) seed 1 |> ok
                      Assert.Equal(seed, fit.Seed)
                      Array.append (bits fit.Trace) (bits (parameters fit.Mixture))

                  Assert.Equal<int64[]>(run (), run ())) ]

// ── The same bits on every machine ──────────────────────────────────────────────────────────────────────────────────

// Numbers taken from a run: state of a process, as an address or a hash with a key of its own, would change them.

[<Tests>]
let ``the same bits on every machine`` =
    testList
        "Reproducibility: the same bits on every machine"
        [ testCase "the streams have these bits in every process" (fun () ->
              let first count (random: Random) = bits (Array.init count (fun _ -> random.NextDouble()))

              Assert.Equal<int64[]>(
                  [| 0x3FE33D8BE6D96EBEL; 0x3FE7EDC3EF092AC8L; 0x3FBA5F849D4933E0L; 0x3FDAA9653C498B4AL |],
                  first 4 (RandomStream.ofSeed 0)
              )

              for seed, row, expected in
                  [ 0, 1L, [| 0x3FE8AD8C50364439L; 0x3FC195C82B95A620L |]
                    7, 123456789L, [| 0x3FCB18E79C98FF3CL; 0x3FECFD990E9F4E50L |]
                    -3, 5L, [| 0x3FECD184EFEEA4B7L; 0x3FE38B9AF53FE525L |] ] do
                  Assert.Equal<int64[]>(expected, first 2 (RandomStream.ofRow seed row)))
          testCase "k-means++ chooses these rows in every process" (fun () ->
              let source = sourceOf (Array.init 100 (fun n -> [| float (n * n % 101); float (n * 7 % 13) |]))

              for seed, expected in
                  [ 0, [| 22.0; 11.0; 78.0; 0.0; 56.0; 6.0; 100.0; 5.0 |]
                    1, [| 78.0; 0.0; 16.0; 2.0; 49.0; 8.0; 96.0; 10.0 |] ] do
                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 4
                              Start = Start.KPlusPlus
                              Seed = seed
                              MaxIterations = 1
                              Execution = oneThread }
                      |> ok

                  Assert.Equal<int64[]>(bits expected, bits (fit.Start.Parameters.Means.toArray ()))) ]

// ── Other seeds, more runs ──────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``other seeds, more runs`` =
    testList
        "Reproducibility: other seeds, more runs"
        [ testCase "different seeds choose different rows" (fun () ->
              let starts = [ for seed in 0..9 -> bits (parameters (irisFit Start.Points seed 1 |> ok).Start) ]
              Assert.True(starts |> List.distinct |> List.length >= 8))
          testTheory "more restarts never end worse" startNames (fun (start: string) ->
              let objectives = [ for restarts in 1..8 -> (irisFit (startOf start) 3 restarts |> ok).Objective ]
              Assert.Equal<float list>(List.sort objectives, objectives))
          testCase "restarts give the best of their runs, under the seed that made it" (fun () ->
              let singles = [ for seed in 5..12 -> irisFit Start.Points seed 1 |> ok ]
              // Fits with irregular components are compared by another number, which is lower.
              let best = singles |> List.filter _.Irregular.IsEmpty |> List.maxBy _.Objective
              let fit = irisFit Start.Points 5 8 |> ok
              Assert.Equal(best.Seed, fit.Seed)
              Assert.Equal<int64[]>(bits (parameters best.Mixture), bits (parameters fit.Mixture))
              Assert.True(singles |> List.exists (fun single -> single.Objective < best.Objective)))
          testCase "a run that fails is left out, and its error given only when all fail" (fun () ->
              // A cloud, and a heap of equal rows that a component of its own can't survive.
              let random = Random 9

              let rows =
                  Array.append
                      (Array.init 30 (fun _ -> [| normal random; normal random |]))
                      (Array.create 30 [| 3.0; 3.0 |])

              let fit seed restarts =
                  sourceOf rows
                  |> Gmm.fit
                      { plain 2 Full with
                          Start = Start.Points
                          Seed = seed
                          Restarts = restarts
                          MaxIterations = 5 }

              let singles = [ for seed in 0..19 -> fit seed 1 ]
              let sound = singles |> List.choose Result.toOption
              Assert.InRange(sound.Length, 1, 19)
              let best = sound |> List.filter _.Irregular.IsEmpty |> List.maxBy _.Objective
              Assert.Equal(best.Seed, (fit 0 20 |> ok).Seed)
              let failing = singles |> List.findIndex _.IsError
              Assert.Equal(error singles[failing], fit failing 1 |> error))
          testCase "a start that is given runs once" (fun () ->
              let labels = iris.Value.Labels
              let fit = irisFit (Start.Labels labels) 4 10 |> ok
              Assert.Equal(4, fit.Seed))
          // After the largest seed comes the smallest.
          testCase "restarts from the largest seed go on with the smallest" (fun () ->
              let seeds = [ Int32.MaxValue; Int32.MinValue; Int32.MinValue + 1 ]
              let best = seeds |> List.map (fun seed -> irisFit Start.Points seed 1 |> ok) |> List.maxBy _.Objective
              let fit = irisFit Start.Points Int32.MaxValue 3 |> ok
              Assert.Equal(best.Seed, fit.Seed)
              Assert.Equal<int64[]>(bits (parameters best.Mixture), bits (parameters fit.Mixture)))
          // Every order of up to four runs that score NaN, −∞, a number, or fail.
          testCase "the best run is the earliest of the highest score, and never one that scores NaN" (fun () ->
              let outcomes = [ Some nan; Some -infinity; Some -1.0; Some 2.0; None ]

              let rec orders length =
                  if length = 0 then
                      [ [] ]
                  else
                      [ for rest in orders (length - 1) do
                            for outcome in outcomes -> outcome :: rest ]

              for runs in 1..4 do
                  for order in orders runs do
                      let run seed =
                          match order[seed - 10] with
                          | Some score -> Ok(seed, score)
                          | None -> Error(CollapsedComponent(seed, 0))

                      let sound =
                          [ for i, outcome in List.indexed order do
                                match outcome with
                                | Some score when not (Double.IsNaN score) -> i + 10, score
                                | _ -> () ]

                      let failed =
                          [ for i, outcome in List.indexed order do
                                if outcome.IsNone then
                                    10 + i, CollapsedComponent(10 + i, 0) ]

                      match Runs.best 0.0 snd [ for seed in 10 .. 9 + runs -> seed, run seed ] with
                      | Ok(found, failures) when not sound.IsEmpty ->
                          let _, most = sound |> List.maxBy snd
                          Assert.Equal(sound |> List.find (fun (_, score) -> score = most), found)
                          Assert.Equal<(int * GmmError) list>(failed, failures)
                      | Error error when sound.IsEmpty && List.forall Option.isNone order ->
                          Assert.Equal(CollapsedComponent(10, 0), error)
                      | other when sound.IsEmpty && List.exists Option.isSome order ->
                          Assert.True(other.IsError || Double.IsNaN(other |> ok |> fst |> snd))
                      | other -> Assert.Fail $"%A{order}: %A{other}") ]
