/// Families whose dispersion is a parameter of its own, gamma, log-normal and beta: awkward data, limits, starts.
module Gmm.Tests.DispersionTests

open System
open Expecto
open Gmm
open Gmm.Tests.Fits
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A family, and natural parameters of two numbers that are drawn between the limits.
let private kinds: (ExponentialFamily * (float -> float -> float[]) * (float * float) * (float * float)) list =
    [ Gamma.family, (fun shape rate -> [| shape; -rate |]), (0.2, 200.0), (0.01, 100.0)
      LogNormal.family,
      (fun median precision -> [| log median * precision; -0.5 * precision |]),
      (0.01, 1000.0),
      (0.2, 200.0)
      Beta.family, (fun alpha beta -> [| alpha; beta |]), (0.3, 100.0), (0.3, 100.0) ]

let families = [ for family, _, _, _ in kinds -> family.Name ]

let private familyOf name =
    kinds |> List.map (fun (family, _, _, _) -> family) |> List.find (fun family -> family.Name = name)

/// Mean parameters of some distribution.
let private drawMeans (family: ExponentialFamily) (random: Random) =
    let _, natural, first, second = kinds |> List.find (fun (other, _, _, _) -> other.Name = family.Name)
    let between (low: float, high: float) = low * (high / low) ** random.NextDouble()
    natural (between first) (between second) |> family.Mean

/// The nearest number with so many significant digits that is inside the domain.
let private rounded (family: ExponentialFamily) digits (x: float) =
    let scale = 10.0 ** (floor (log10 x) - float digits + 1.0)
    let near = round (x / scale) * scale
    if family.IsInDomain near then near else x

/// Data drawn from a mixture of a family, and made awkward.
let private drawCase (family: ExponentialFamily) size (random: Random) : RowsCase =
    let upTo most = 1 + random.Next(1 + (most - 1) * size / 100)
    let components, columns = upTo 4, upTo 3
    let means = Array.init components (fun _ -> Array.init columns (fun _ -> drawMeans family random))
    let rows = 10 * components + random.Next(1 + size)
    let digits = 1 + random.Next 12
    let heap = if random.Next 3 = 0 then random.NextDouble() * 0.5 else 0.0
    let centre = means[0] |> Array.map (family.Sample random)
    let far = if random.Next 4 = 0 then 1 + random.Next rows else 0

    let row n =
        if random.NextDouble() < heap then
            centre
        else
            means[n % components]
            |> Array.map (fun means ->
                let x = family.Sample random means |> rounded family digits
                if n + 1 = far then (if family.Name = "beta" then 1e-12 else x * 1e6) else x)

    sometimesWeighted components (Array.init rows row) random

// ── Every fit climbs ────────────────────────────────────────────────────────────────────────────────────────────────

/// How far rounding may let the objective fall. The terms of ln p cancel in a component on its limit: α ln x has α = 1e8.
let private rounding (fit: Fit<'θ>) = if fit.Irregular.IsEmpty then Tolerance.monotone else 1e-5

let private allNumbers (fit: Fit<ExponentialParameters>) =
    Array.concat
        [ fit.Weights
          fit.Parameters.Means.toArray ()
          fit.Parameters.Natural.toArray ()
          fit.Parameters.LogPartitions.toArray ()
          fit.Trace ]

let private climb count what iterations acceleration (family: ExponentialFamily) =
    testForAll count $"{what} of {family.Name} components never falls" (casesOf (drawCase family)) (fun case ->
        match case |> fitInTurn iterations acceleration family with
        | Error(ConstantColumn(column, value)) ->
            Array.forall2 (fun (row: float[]) weight -> weight = 0.0 || row[column] = value) case.Rows case.Weights
        | fit -> fit |> holdsOrTrouble (fun fit -> climbs (rounding fit) allNumbers fit))

[<Tests>]
let ``every fit climbs`` =
    testList
        "Dispersion: every fit climbs"
        [ for name in families do
              formulas [ "ln p(X|θ′) ≥ ln p(X|θ) after a step of EM", "Dempster, Laird and Rubin 1977" ]
              <| climb 1000 "the objective of heaped, rounded and far data" 25 Acceleration.None (familyOf name)

              climb 100 "the objective in accelerated fits" 100 Acceleration.Squarem (familyOf name) ]

// ── The limit of the dispersion ─────────────────────────────────────────────────────────────────────────────────────

/// η·m − A(η), which the M-step maximises.
let private q (family: ExponentialFamily) (means: float[]) (natural: float[]) =
    Array.fold2 (fun sum eta m -> sum + eta * m) 0.0 natural means - family.LogPartition natural

/// The statistics of two numbers that hardly differ.
let private narrow (family: ExponentialFamily) x =
    let t = (family.Statistic(Tensor.matrix (array2D [ [ x ]; [ x * (1.0 + 1e-9) ] ]))).toArray()
    Array.init 2 (fun s -> 0.5 * (t[s] + t[2 + s]))

let private placesOf name =
    if name = "beta" then
        [ 1e-6; 0.25; 0.999 ]
    else
        [ 1e-100; 1e-3; 1.0; 2.5; 1e80 ]

[<Tests>]
let limits =
    testList
        "Dispersion: the limit"
        [ testTheory
              "where values are equal, the best allowed parameters lie on the limit"
              families
              (fun (name: string) ->
                  let family = familyOf name
                  let narrowness = family.Dispersion.Value.Narrowness

                  for x in placesOf name do
                      let means = narrow family x
                      let best = family.Natural means
                      near 1e-9 $"{name} at {x}: narrowness" 1.0 (narrowness best)
                      let value = q family means best
                      // A and η·m cancel to about 10 of 16 digits.
                      let noise = 1e-13 * (1.0 + abs (family.LogPartition best))

                      for s in 0..1 do
                          for step in [ 1e-2; -1e-2; 1e-3; -1e-3 ] do
                              let other = Array.updateAt s (best[s] * (1.0 + step)) best

                              if narrowness other <= 1.0 then
                                  Assert.True(
                                      q family means other <= value + noise,
                                      $"{name} at {x}, η{s} × (1 + {step})"
                                  ))
          testTheory "inside the limit mean and natural parameters are inverse" families (fun (name: string) ->
              let family = familyOf name
              let random = Random 4

              for _ in 1..300 do
                  let means = drawMeans family random
                  let natural = family.Natural means
                  let deviations = family.Dispersion.Value.Covariance natural
                  let back = family.Mean natural

                  for s in 0..1 do
                      near (1e-11 * sqrt deviations[3 * s] + 1e-14 * abs means[s]) $"{name}, m{s}" means[s] back[s])
          formulas [ "∇²A(η) = cov T(x)", "Bishop, PRML, 2006, §2.4" ]
          <| testTheory "the covariance of the statistics is the slope of their means" families (fun (name: string) ->
              let family = familyOf name
              let random = Random 5

              for _ in 1..50 do
                  let natural = drawMeans family random |> family.Natural
                  let covariance = family.Dispersion.Value.Covariance natural

                  for s in 0..1 do
                      let step = 1e-5 * abs natural[s]
                      let at sign = family.Mean(Array.updateAt s (natural[s] + sign * step) natural)

                      let slopes = Array.map2 (fun after before -> (after - before) / (2.0 * step)) (at 1.0) (at -1.0)

                      for t in 0..1 do
                          let scale = sqrt (covariance[0] * covariance[3]) |> max (abs covariance[3 * t])
                          near (1e-5 * scale) $"{name}, {s}, {t}" covariance[2 * t + s] slopes[t])
          testTheory
              "a heap of equal values is reported, and its spike wins no comparison of runs"
              families
              (fun (name: string) ->
                  let family, random = familyOf name, Random 6

                  let broad =
                      if name = "beta" then [| 2.0; 3.0 |]
                      elif name = "gamma" then [| 3.0; -0.2 |]
                      else [| 4.0; -1.0 |]

                  let rows = Array.init 400 (fun _ -> [| family.Sample random (family.Mean broad) |])
                  let heap = if name = "beta" then 0.5 else 12.0
                  let source = sourceOf (Array.append rows (Array.create 12 [| heap |]))

                  let fitOf components start =
                      Gmm.fit
                          { Gmm.defaultsOf family with
                              Components = components
                              Start = start
                              Execution = oneThread }
                          source
                      |> ok

                  let labelled = fitOf 2 (Start.Labels(Array.init 412 (fun n -> if n < 400 then 0 else 1)))
                  Assert.Equal<int option list>([ Some 1 ], labelled.Irregular.OnFloor)
                  Assert.True(allFinite (allNumbers labelled))

                  Assert.True(
                      labelled.Warnings |> List.exists (fun warning -> warning.Message.Contains "lies on its floor")
                  )
                  // The default prefers two broad components.
                  let auto = fitOf 2 Start.Auto
                  Assert.Empty auto.Irregular.OnFloor
                  Assert.True(labelled.Objective > auto.Objective))
          testTheory "a constant column is named" families (fun (name: string) ->
              let family, random = familyOf name, Random 7
              let rows = Array.init 60 (fun _ -> [| family.Sample random (drawMeans family random); 0.5 |])

              match Gmm.fit (exactly 5 2 Start.Auto family) (sourceOf rows) |> error with
              | ConstantColumn(1, 0.5) -> ()
              | other -> Assert.Fail other.Message

              let believing =
                  { family with
                      Prior =
                          { Sums = drawMeans family (Random 8) |> Array.map ((*) 2.0)
                            Count = 2.0 } }

              Assert.True(Gmm.fit (exactly 5 2 Start.Auto believing) (sourceOf rows) |> ok |> allNumbers |> allFinite))
          testCase "parameters beyond the limit, and other impossible ones, are refused" (fun () ->
              let refused (result: Result<ExponentialParameters, GmmError>) =
                  match error result with
                  | InvalidOption _ -> ()
                  | other -> Assert.Fail other.Message

              let one x = array2D [ [ x ] ]
              Gamma.ofShapesAndRates (one 1e8) (one 3.0) |> ok |> ignore
              LogNormal.ofLogMeansAndDeviations (one 2.0) (one 1e-4) |> ok |> ignore
              Beta.ofAlphasAndBetas (one 1e8) (one 1e12) |> ok |> ignore

              for bad in [ 1.1e8; 0.0; -1.0; nan; infinity ] do
                  refused (Gamma.ofShapesAndRates (one bad) (one 3.0))
                  refused (Beta.ofAlphasAndBetas (one bad) (one 2e8))

              for bad in [ 0.0; -1.0; nan; infinity ] do
                  refused (Gamma.ofShapesAndRates (one 1.0) (one bad))
                  refused (Beta.ofAlphasAndBetas (one 2.0) (one bad))

              for bad in [ 0.9e-4; 0.0; -1.0; nan; infinity ] do
                  refused (LogNormal.ofLogMeansAndDeviations (one 0.0) (one bad))

              refused (LogNormal.ofLogMeansAndDeviations (one nan) (one 1.0))
              refused (Gamma.ofShapesAndRates (Array2D.create 2 1 1.0) (one 1.0))) ]

// ── Awkward data ────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``awkward data`` =
    testList
        "Dispersion: awkward data"
        [ testCase "one far value and the smallest and largest magnitudes are fitted" (fun () ->
              let random = Random 9
              let numbers = Array.init 200 (fun _ -> [| Gamma.family.Sample random [| 1.0; 3.0 |] |])

              for family in [ Gamma.family; LogNormal.family ] do
                  for strange in [ 1e-300; 1e-10; 1e9; 1e149 ] do
                      for count in [ 1; 5 ] do
                          let source = sourceOf (Array.append numbers (Array.create count [| strange |]))

                          let fit =
                              Gmm.fit
                                  { Gmm.defaultsOf family with
                                      Components = 2 }
                                  source
                              |> ok

                          Assert.True(allFinite (allNumbers fit), $"{family.Name}, {count} of {strange}")

                  match
                      Gmm.fit (Gmm.defaultsOf family) (sourceOf (Array.append numbers [| [| 1e300 |] |])) |> error
                  with
                  | InvalidNumber(200L, 0, 1e300) -> ()
                  | other -> Assert.Fail other.Message)
          // Gamma and log-normal are families of scale: the log-likelihood falls by N ln factor.
          testTheory "data of any magnitude are fitted alike" [ 1e-100; 1e-6; 1e6; 1e100 ] (fun (factor: float) ->
              let random = Random 10

              let rows =
                  Array.init 200 (fun n ->
                      [| Gamma.family.Sample random (if n % 2 = 0 then [| 0.0; 2.0 |] else [| 3.3; 30.0 |]) |])

              for family in [ Gamma.family; LogNormal.family ] do
                  let fit rows =
                      Gmm.fit
                          { Gmm.defaultsOf family with
                              Components = 2
                              Tolerance = 1e-10 }
                          (sourceOf rows)
                      |> ok

                  let plain, scaled = fit rows, fit (rows |> Array.map (Array.map ((*) factor)))

                  near
                      1e-5
                      $"{family.Name}: log-likelihood"
                      (plain.LogLikelihood - 200.0 * log factor)
                      scaled.LogLikelihood)
          testTheory "shares near 0 and 1 are fitted" [ 1e-9; 1e-5; 0.5 ] (fun (mean: float) ->
              let random, total = Random 11, 20.0 / mean
              let natural = [| mean * total; (1.0 - mean) * total |]
              let means = Beta.family.Mean natural

              for mirror in [ id; (fun x -> 1.0 - x) ] do
                  let rows = Array.init 300 (fun _ -> [| mirror (Beta.family.Sample random means) |])

                  let fit =
                      Gmm.fit
                          { Gmm.defaultsOf Beta.family with
                              Components = 1 }
                          (sourceOf rows)
                      |> ok

                  let parameters = fit.Parameters
                  let alpha, beta = (Beta.alphas parameters)[0, 0], (Beta.betas parameters)[0, 0]
                  Assert.Empty fit.Irregular.OnFloor
                  // The mean of 300 draws of a relative standard deviation of 1/√20 or less.
                  near 0.08 "mean" 1.0 (mirror (alpha / (alpha + beta)) / mean))
          testTheory
              "a number outside the domain is named in a fit and in prediction"
              [ ("gamma", 0.0); ("gamma", -1.0); ("lognormal", 0.0); ("beta", 0.0); ("beta", 1.0); ("beta", 1.5) ]
              (fun (name: string, outsider: float) ->
                  let family = familyOf name
                  let rows = Array.init 50 (fun n -> [| 0.1 + 0.015 * float n; 0.9 - 0.015 * float n |])
                  let fit = Gmm.fit (exactly 3 2 Start.Auto family) (sourceOf rows) |> ok
                  rows[31][1] <- outsider

                  for told in
                      [ Gmm.fit (exactly 3 2 Start.Auto family) (sourceOf rows) |> error
                        Predict.labels fit (sourceOf rows) |> error ] do
                      match told with
                      | OutsideDomain(family, _, 31L, 1, value) ->
                          Assert.Equal(name, family)
                          Assert.Equal(outsider, value)
                      | other -> Assert.Fail other.Message) ]

// ── Starts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Well separated components of a family.
let private separated =
    [ "gamma", [ [| 2.0; -2.0 |]; [| 40.0; -1.0 |]; [| 9.0; -0.01 |] ]
      "lognormal", [ [| 0.0; -2.0 |]; [| 4.0 / 0.04; -0.5 / 0.04 |]; [| 8.0 / 0.04; -0.5 / 0.04 |] ]
      "beta", [ [| 2.0; 60.0 |]; [| 60.0; 60.0 |]; [| 90.0; 6.0 |] ] ]

[<Tests>]
let starts =
    testList
        "Dispersion: starts"
        [ testTheory "the default start finds three well separated components" families (fun (name: string) ->
              let family = familyOf name
              let natural = separated |> List.find (fst >> (=) name) |> snd |> Array.ofList
              let means = natural |> Array.map family.Mean

              for seed in 0..4 do
                  let random = Random(seed + 40)
                  let rows = Array.init 600 (fun n -> [| family.Sample random means[n % 3] |])

                  let fit =
                      Gmm.fit
                          { Gmm.defaultsOf family with
                              Components = 3
                              Seed = seed }
                          (sourceOf rows)
                      |> ok

                  let labels = Predict.labels fit (sourceOf rows) |> ok
                  let agreement = Metrics.agreement (Array.init 600 (fun n -> n % 3)) labels |> ok
                  Assert.True(agreement.AdjustedRand > 0.93, $"seed {seed}: {agreement.AdjustedRand}"))
          testTheory "given means are those of the first components" families (fun (name: string) ->
              let family = familyOf name
              let rows = Array.init 60 (fun n -> [| 0.1 + 0.013 * float n; 0.5 + 0.4 * float (n % 2) |])
              let given = array2D [ [ 0.2; 0.6 ]; [ 0.7; 0.8 ] ]
              let fit = Gmm.fit (exactly 1 2 (Start.Means given) family) (sourceOf rows) |> ok

              let expectations =
                  fit.Start.Parameters.Natural.toArray ()
                  |> Array.chunkBySize 2
                  |> Array.map family.Dispersion.Value.Expectation

              relativelyNear 1e-12 name [| 0.2; 0.6; 0.7; 0.8 |] expectations

              match
                  Gmm.fit (exactly 1 2 (Start.Means(array2D [ [ 0.2; 0.6 ]; [ 0.7; -0.1 ] ])) family) (sourceOf rows)
                  |> error
              with
              | InvalidOption("Start means[1]", _, _) -> ()
              | other -> Assert.Fail other.Message)
          testTheory "completed rows have the mean of the component in missing cells" families (fun (name: string) ->
              let family, random = familyOf name, Random 12
              let means = Array.init 2 (fun _ -> drawMeans family random)

              let parameters =
                  Tensor.create [| 1; 2; 2 |] (Array.concat means) |> ExponentialFamily.create family |> ok

              let complete = (ExponentialFamily.components family).Missing.Value.Complete
              let draws = Array.init 200_000 (fun _ -> family.Sample random means[1])
              let mean = Array.average draws
              let error = sqrt (Array.averageBy (fun x -> (x - mean) * (x - mean)) draws / 200_000.0)
              let row = complete [| 0 |] parameters 0 [| 0.5 |]
              Assert.Equal(0.5, row[0])
              near (6.0 * error) name mean row[1])
          testTheory "the number of threads changes no bit, and a saved fit is the same" families (fun (name: string) ->
              let family, random = familyOf name, Random 13
              let means = Array.init 3 (fun _ -> Array.init 2 (fun _ -> drawMeans family random))
              let rows = Array.init 9000 (fun n -> means[n % 3] |> Array.map (family.Sample random))

              let believing =
                  { family with
                      Prior =
                          { Sums = means[0][0] |> Array.map ((*) 3.0)
                            Count = 3.0 } }

              let run threads =
                  Gmm.fit
                      { exactly 3 3 Start.KMeans believing with
                          Execution =
                              { Execution.Default with
                                  Threads = threads } }
                      (sourceOf rows)
                  |> ok

              let one, four = run 1, run 4
              Assert.Equal<int64[]>(bits (allNumbers one), bits (allNumbers four))

              inFolder (fun folder ->
                  let path = IO.Path.Combine(folder, "fit.json")
                  Persist.save path one |> ok
                  let again: Fit<ExponentialParameters> = Persist.load path |> ok
                  Assert.Equal<int64[]>(bits (allNumbers one), bits (allNumbers again))
                  Assert.Equal(one.LogPrior, again.LogPrior)))
          testCase "a prior acts like extra numbers of its distribution" (fun () ->
              let mode (family: ExponentialFamily) prior =
                  let fit =
                      Gmm.fit
                          { exactly 1 1 Start.Points { family with Prior = prior } with
                              WeightPrior = Flat }
                          (sourceOf [| [| 0.3 |]; [| 0.6 |] |])
                      |> ok

                  fit.Parameters

              let near' = relativelyNear 1e-3
              let gamma = mode Gamma.family (Gamma.prior 1e6 3.0 7.0)
              near' "gamma" [| 3.0; 7.0 |] [| (Gamma.shapes gamma)[0, 0]; (Gamma.rates gamma)[0, 0] |]
              let logNormal = mode LogNormal.family (LogNormal.prior 1e6 -1.5 0.4)

              near'
                  "lognormal"
                  [| -1.5; 0.4 |]
                  [| (LogNormal.logMeans logNormal)[0, 0]; (LogNormal.logDeviations logNormal)[0, 0] |]

              let beta = mode Beta.family (Beta.prior 1e6 2.0 5.0)
              near' "beta" [| 2.0; 5.0 |] [| (Beta.alphas beta)[0, 0]; (Beta.betas beta)[0, 0] |]) ]
