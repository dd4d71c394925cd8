/// The default start and its thorough relative, and when a fit has converged.
module Gmm.Tests.AutoTests

open System
open Expecto
open Gmm
open Gmm.Tests.Support

let private normal (random: Random) = MathNet.Numerics.Distributions.Normal.Sample(random, 0.0, 1.0)

/// Two long, thin groups side by side, which k-means cuts across.
let private stretched seed =
    let random = RandomStream.ofSeed seed

    Array.init 400 (fun n -> [| 12.0 * normal random; normal random + (if n % 2 = 0 then 0.0 else 6.0) |])

let private fit start structure seed (source: Source) =
    source
    |> Gmm.fit
        { Gmm.defaults with
            Components = 2
            Family.Structure = structure
            Start = start
            Seed = seed }
    |> ok

[<Tests>]
let tests =
    testList
        "Auto"
        [ testCase "Auto finds stretched groups that k-means cuts across" (fun () ->
              let mutable cutAcross = 0

              for seed in 0..4 do
                  let source = sourceOf (stretched seed)

                  for structure in [ TiedDiag; TiedFull; Diag ] do
                      let truth = fit (Start.Labels(Array.init 400 (fun n -> n % 2))) structure 0 source
                      let auto = fit Start.Auto structure seed source
                      Assert.True(auto.Objective >= truth.Objective - 2e-4, $"{structure} {seed}: {auto.Objective}")

                  let truth = fit (Start.Labels(Array.init 400 (fun n -> n % 2))) TiedDiag 0 source

                  if (fit Start.KMeans TiedDiag seed source).Objective < truth.Objective - 0.1 then
                      cutAcross <- cutAcross + 1

              Assert.InRange(cutAcross, 3, 5))
          testCase "Auto and Thorough are never worse than k-means from the same seed" (fun () ->
              let data = DataSet.iris ()
              let mutable compared = 0

              for structure in Structure.all do
                  for components in 2..4 do
                      for seed in 0..2 do
                          let objective start =
                              let found =
                                  data.Source
                                  |> Gmm.fit
                                      { Gmm.defaults with
                                          Components = components
                                          Family.Structure = structure
                                          Start = start
                                          Seed = seed }
                                  |> ok

                              if found.Irregular.IsEmpty then found.Objective else nan

                          let kMeans, auto, thorough =
                              objective Start.KMeans, objective Start.Auto, objective Start.Thorough

                          // Where one of them is irregular, another number than the objective decides.
                          if Array.forall Double.IsFinite [| kMeans; auto; thorough |] then
                              compared <- compared + 1
                              // Runs within 1e-6 of the best are equals.
                              Assert.True(auto >= kMeans - 1e-6, $"{structure} {components} {seed}: {auto} {kMeans}")

                              Assert.True(
                                  thorough >= kMeans - 1e-6,
                                  $"{structure} {components} {seed}: {thorough} {kMeans}"
                              )

              Assert.InRange(compared, 15 * Structure.all.Length / 2, 9 * Structure.all.Length))
          testCase "a spike on equal petal widths does not win" (fun () ->
              // In iris, 29 petals of setosa have width 0.2, on which a component can sit with ln L −91 for K = 3.
              let best components =
                  (DataSet.iris ()).Source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = components
                          Start = Start.Points
                          Restarts = 100 }
                  |> ok

              for components, lowest, highest in [ 3, -180.19, -175.0; 4, -164.0, -150.0 ] do
                  let best = best components
                  Assert.Empty best.Irregular.OnFloor
                  Assert.InRange(best.LogLikelihood, lowest, highest))
          // A copied column puts every component on its floor in one direction. That must not hide the others when runs are compared.
          testCase "runs on data with a copied column are ranked as without it" (fun () ->
              let data = DataSet.iris ()
              let copied = data.Rows |> Array.map (fun row -> Array.append row [| row[0] |]) |> sourceOf

              let labels source =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 3
                          Start = Start.Points
                          Restarts = 10 }
                  |> ok
                  |> fun fit -> Predict.labels fit source |> ok

              Assert.InRange(Metrics.adjustedRand (labels data.Source) (labels copied) |> ok, 0.9, 1.0))
          testCase
              "Auto and Thorough give the same bits for any number of threads, and every family starts from them"
              (fun () ->
                  let counts = sourceOf (Array.init 60 (fun n -> [| float (n % 3 * 7 + n % 2); float (n % 5) |]))

                  for start in [ Start.Auto; Start.Thorough ] do
                      let gaussian threads =
                          (DataSet.iris ()).Source
                          |> Gmm.fit
                              { Gmm.defaults with
                                  Components = 3
                                  Start = start
                                  Restarts = 2
                                  Execution =
                                      { Execution.Default with
                                          Threads = threads } }
                          |> ok

                      Assert.Equal<float[]>((gaussian 1).Trace, (gaussian 3).Trace)

                  let poisson threads =
                      counts
                      |> Gmm.fit
                          { Gmm.defaultsOf Poisson.family with
                              Components = 2
                              Start = Start.Thorough
                              Execution =
                                  { Execution.Default with
                                      Threads = threads } }
                      |> ok

                  Assert.Equal<float[]>((poisson 1).Trace, (poisson 3).Trace))
          testCase "short runs of large data see a sample of the rows" (fun () ->
              let random = RandomStream.ofSeed 3
              let rows = Array.init 40_000 (fun n -> [| normal random + 8.0 * float (n % 4); normal random |])
              let reads = ref 0L
              let source = sourceOf rows

              let counted =
                  { source with
                      Read =
                          fun index ->
                              Threading.Interlocked.Increment reads |> ignore
                              source.Read index }

              let readsOf start =
                  reads.Value <- 0L

                  counted
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 4
                          Start = start
                          Tolerance = 0.0
                          MaxIterations = 5 }
                  |> ok
                  |> ignore

                  reads.Value

              // The second candidate, run out (six passes and its rank), and passes for the sample.
              Assert.InRange(readsOf Start.Auto - readsOf Start.KMeans, 1L, 10L * source.Blocks)) ]

// ── Convergence ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let convergence =
    testList
        "Auto: convergence"
        [ formulas [ "left ≈ a/(1−a) · Δₜ, a = Δₜ/Δₜ₋₁", "Böhning, Dietz, Schaub, Schlattmann and Lindsay 1994" ]
          <| testCase "the estimate of what is left is exact for a geometric series" (fun () ->
              for ratio in [ 0.1; 0.5; 0.9; 0.999 ] do
                  // Changes 1, a, a², … have a²/(1−a) left after a.
                  near (1e-12 / (1.0 - ratio)) "left" (ratio * ratio / (1.0 - ratio)) (Convergence.remaining 1.0 ratio)

              Assert.Equal(0.0, Convergence.remaining 1.0 0.0)
              Assert.Equal(infinity, Convergence.remaining infinity 1.0)
              Assert.True(Convergence.remaining 1e-12 1e-12 < 1e-7)
              Assert.True(Double.IsFinite(Convergence.remaining 0.0 1e-3)))
          // Two components 1.5 standard deviations apart: the plain rule stops when 10⁻³ per row is left to gain.
          testCase "by Aitken's rule a fit stops close to the maximum, by the plain rule far from it" (fun () ->
              let random = RandomStream.ofSeed 11

              let source = sourceOf (Array.init 2000 (fun n -> [| normal random + (if n % 4 = 0 then 1.5 else 0.0) |]))

              let fit stopping tolerance =
                  source
                  |> Gmm.fit
                      { Gmm.defaults with
                          Components = 2
                          Family.Structure = TiedFull
                          Start = Start.KMeans
                          Stopping = stopping
                          Acceleration = Acceleration.None
                          Tolerance = tolerance
                          MaxIterations = 100_000 }
                  |> ok

              let limit = (fit Stopping.Aitken 1e-12).Objective
              let aitken, plain = fit Stopping.Aitken 1e-6, fit Stopping.Change 1e-6
              Assert.InRange(limit - aitken.Objective, 0.0, 2e-6)
              Assert.True(limit - plain.Objective > 10.0 * (limit - aitken.Objective))
              let changes = aitken.Trace |> Array.pairwise |> Array.map (fun (before, after) -> after - before)
              Assert.Equal(Convergence.remaining changes[changes.Length - 2] (Array.last changes), aitken.Remaining)
              Assert.True(aitken.Remaining < 1e-6 && abs aitken.Change < 1e-6)) ]
