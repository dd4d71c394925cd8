/// Measures of clusterings: what must hold for any labels, and their definitions written out for small data.
module Gmm.Tests.MetricsTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

// ── Two labellings ──────────────────────────────────────────────────────────────────────────────────────────────────

/// Two labellings of the same rows, with labels far apart and below 0.
let private labellings =
    let labels = Gen.elements [ Int32.MinValue; -1; 0; 7; Int32.MaxValue ]
    let pair = Gen.zip labels labels

    Arb.list (Arb.fromGen pair)
    |> Arb.filter (List.isEmpty >> not)
    |> Arb.convert (List.toArray >> Array.unzip) (fun (a, b) -> Array.zip a b |> List.ofArray)

let private agreement a b = Metrics.agreement a b |> ok

/// All measures, those with a direction last.
let private numbersOf (agreement: Agreement) =
    [| agreement.Rand
       agreement.AdjustedRand
       agreement.MutualInformation
       agreement.AdjustedMutualInformation
       agreement.NormalizedMutualInformation
       agreement.FowlkesMallows
       agreement.VMeasure
       agreement.Homogeneity
       agreement.Completeness
       agreement.Purity |]

let private isNear a b = allWithin Tolerance.rounding 1.0 a b

/// The pairs of different rows.
let private pairs count =
    [ for m in 0 .. count - 1 do
          for n in m + 1 .. count - 1 -> m, n ]

/// All orders of a list.
let rec private orders (elements: 'T list) : 'T list list =
    match elements with
    | [] -> [ [] ]
    | _ ->
        [ for i in 0 .. elements.Length - 1 do
              for rest in orders (List.removeAt i elements) -> elements[i] :: rest ]

[<Tests>]
let ``two labellings`` =
    testList
        "Metrics: two labellings"
        [ testForAll 200 "the same partition has 1 under other names" labellings (fun (labels, _) ->
              let renamed = labels |> Array.map (fun label -> $"class {label}")
              let same = agreement labels renamed

              let entropy =
                  labels
                  |> Array.countBy id
                  |> Array.sumBy (fun (_, n) -> -float n / float labels.Length * log (float n / float labels.Length))

              isNear [| entropy |] [| same.MutualInformation |]
              && numbersOf { same with MutualInformation = 1.0 } |> Array.forall ((=) 1.0)
              && (Metrics.report labels renamed |> ok).Accuracy = 1.0)
          testForAll
              200
              "measures are the same both ways, homogeneity one way and completeness the other"
              labellings
              (fun (a, b) ->
                  let one, other = agreement a b, agreement b a

                  let swapped =
                      { other with
                          Homogeneity = other.Completeness
                          Completeness = other.Homogeneity
                          Purity = one.Purity }

                  isNear (numbersOf one) (numbersOf swapped))
          testForAll
              200
              "measures are the same under other names and in another order of the rows"
              labellings
              (fun (a, b) ->
                  let order = RandomStream.shuffle (Random 1) [| 0 .. a.Length - 1 |] |> Array.ofSeq
                  let renamed = b |> Array.map (fun label -> $"class {label / 3}, {label % 3}")
                  let pick (labels: 'L[]) = order |> Array.map (fun n -> labels[n])
                  isNear (numbersOf (agreement a b)) (numbersOf (agreement (pick a) (pick renamed))))
          testForAll 500 "measures keep their bounds" labellings (fun (a, b) ->
              let found = agreement a b
              let isShare x = x >= 0.0 && x <= 1.0

              allFinite (numbersOf found)
              && found.AdjustedRand <= 1.0
              && found.AdjustedMutualInformation <= 1.0 + Tolerance.rounding
              && found.MutualInformation >= 0.0
              && List.forall
                  isShare
                  [ found.Rand
                    found.NormalizedMutualInformation
                    found.FowlkesMallows
                    found.VMeasure
                    found.Homogeneity
                    found.Completeness
                    found.Purity ])
          formulas
              [ "RI = pairs on which both agree / all pairs", "Rand 1971"
                "ARI = (together in both − expected) / (mean of together in each − expected)", "Hubert and Arabie 1985"
                "FM = together in both / √(together in a · together in b)", "Fowlkes and Mallows 1983" ]
          <| testForAll 200 "Rand and Fowlkes-Mallows are what counting pairs gives" labellings (fun (a, b) ->
              let count predicate = pairs a.Length |> List.filter predicate |> List.length |> float
              let inA (m, n) = a[m] = a[n]
              let inB (m, n) = b[m] = b[n]
              let all, withinA, withinB = count (fun _ -> true), count inA, count inB
              let both = count (fun pair -> inA pair && inB pair)
              let agreed = count (fun pair -> inA pair = inB pair)
              let expected = if all = 0.0 then 0.0 else withinA * withinB / all
              let most = (withinA + withinB) / 2.0
              let found = agreement a b

              isNear
                  [| (if all = 0.0 then 1.0 else agreed / all)
                     (if most = expected then 1.0 else (both - expected) / (most - expected))
                     (if agreed = all then 1.0
                      elif both = 0.0 then 0.0
                      else both / sqrt (withinA * withinB)) |]
                  [| found.Rand; found.AdjustedRand; found.FowlkesMallows |])
          formulas [ "AMI = (I − E I) / (½(H(a) + H(b)) − E I)", "Vinh, Epps and Bailey 2010" ]
          <| testCase "the adjusted mutual information takes the mean over all orders of the labels" (fun () ->
              let small = labellings |> Arb.filter (fun (a, _) -> a.Length <= 6)

              forAll 60 small (fun (a, b) ->
                  let information b = Metrics.mutualInformation a b |> ok
                  let entropy labels = Metrics.mutualInformation labels labels |> ok
                  let expected = orders (List.ofArray b) |> List.averageBy (Array.ofList >> information)
                  let most = (entropy a + entropy b) / 2.0
                  let found = Metrics.adjustedMutualInformation a b |> ok

                  // At the same partition in every order both differences are 0.
                  abs (most - expected) <= 1e-9
                  || abs (found - (information b - expected) / (most - expected)) <= 1e-10))
          formulas [ "V = 2hc / (h + c) = 2 I / (H(a) + H(b))", "Rosenberg and Hirschberg 2007" ]
          <| testForAll 200 "V is the normalized mutual information" labellings (fun (a, b) ->
              let found = agreement a b
              isNear [| found.VMeasure |] [| found.NormalizedMutualInformation |])
          testCase "two million rows overflow nothing" (fun () ->
              let rows = 2_000_000
              let truth = Array.init rows (fun n -> n % 2)
              let predicted = Array.init rows (fun n -> if n % 8 = 0 then 5 else truth[n])
              let found = agreement truth predicted
              let choose (n: bigint) = n * (n - 1I) / 2I
              let n = bigint rows
              let all, withinTrue = choose n, 2I * choose (n / 2I)
              let withinPredicted = choose (n / 8I) + choose (3I * n / 8I) + choose (n / 2I)
              let together = withinPredicted
              let expected = withinTrue * withinPredicted
              let share (a: bigint) (b: bigint) = float (a * 1_000_000_000_000_000_000I / b) / 1e18
              near 1e-15 "Rand" (share (all + 2I * together - withinTrue - withinPredicted) all) found.Rand

              let adjusted =
                  share (2I * (together * all - expected)) ((withinTrue + withinPredicted) * all - 2I * expected)

              near 1e-15 "adjusted Rand" adjusted found.AdjustedRand
              near 1e-12 "homogeneity" 1.0 found.Homogeneity
              Assert.Equal(1.0, found.Purity)) ]

// ── Classes and labels ──────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``classes and labels`` =
    testList
        "Metrics: classes and labels"
        [ testForAll 100 "the report's matching leaves no better one" labellings (fun (a, b) ->
              let report, confusion = Metrics.report a b |> ok, Metrics.confusion a b |> ok
              let classes, labels = confusion.Classes.Length, confusion.Labels.Length
              let places = [ for j in 0 .. max classes labels - 1 -> j ]

              let hits (order: int list) =
                  order
                  |> List.truncate classes
                  |> List.indexed
                  |> List.sumBy (fun (i, j) -> if j < labels then confusion.Counts[i, j] else 0L)

              let best = orders places |> List.map hits |> List.max
              abs (report.Accuracy - float best / float a.Length) <= Tolerance.rounding)
          testForAll 200 "the report's numbers belong together" labellings (fun (a, b) ->
              let report = Metrics.report a b |> ok
              let labels = report.Classes |> Array.choose _.Label

              labels.Length = (labels |> Array.distinct).Length
              && (report.Classes |> Array.sumBy _.Support) = int64 a.Length
              && abs (report.WeightedRecall - report.Accuracy) <= Tolerance.rounding
              && report.Classes
                 |> Array.forall (fun scores ->
                     let sum = scores.Precision + scores.Recall
                     let harmonic = if sum = 0.0 then 0.0 else 2.0 * scores.Precision * scores.Recall / sum
                     abs (scores.F1 - harmonic) <= Tolerance.rounding))
          testCase "the report prints as a table" (fun () ->
              let report = Metrics.report [| "ash"; "ash"; "oak"; "oak"; "oak"; "elm" |] [| 3; 3; 1; 1; 3; 3 |] |> ok

              let expected =
                  [ "class              label  precision     recall         F1       rows"
                    "ash                    3     0.5000     1.0000     0.6667          2"
                    "elm                    -     0.0000     0.0000     0.0000          1"
                    "oak                    1     1.0000     0.6667     0.8000          3"
                    "accuracy                                           0.6667          6"
                    "mean                         0.5000     0.5556     0.4889          6"
                    "weighted mean                0.6667     0.6667     0.6222          6" ]

              Assert.Equal<string list>(expected, string report |> _.Split('\n') |> List.ofArray)) ]

// ── Scores ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Classes of rows, and shares of 8 for each of them, of which many are the same.
let private scored =
    drawing (fun size random ->
        let classes, rows = 2 + random.Next 3, 6 + random.Next(1 + size)
        let truth = Array.init rows (fun n -> if n < classes then 5 * n - 3 else 5 * random.Next classes - 3)

        truth,
        Array2D.init rows classes (fun n j -> float (random.Next 9 + (if truth[n] = 5 * j - 3 then 2 else 0)) / 8.0))
    |> Arb.fromGen

[<Tests>]
let scoresTests =
    testList
        "Metrics: scores"
        [ formulas [ "AUC = P(s₊ > s₋) + ½ P(s₊ = s₋)", "Mann and Whitney 1947" ]
          <| testForAll
              100
              "the area under the ROC curve is the share of pairs in the right order"
              scored
              (fun (truth, scores) ->
                  let area name j =
                      let values inside =
                          [ for n in 0 .. truth.Length - 1 do
                                if (truth[n] = name) = inside then
                                    scores[n, j] ]

                      List.allPairs (values true) (values false)
                      |> List.averageBy (fun (a, b) ->
                          if a > b then 1.0
                          elif a = b then 0.5
                          else 0.0)

                  let expected =
                      truth |> Array.distinct |> Array.sort |> Array.mapi (fun j name -> area name j) |> Array.average

                  abs (expected - (Metrics.rocAuc truth scores |> ok)) <= Tolerance.rounding)
          testForAll
              100
              "a monotone function of the scores keeps the area, opposite scores give the rest"
              scored
              (fun (truth, scores) ->
                  let area f = Metrics.rocAuc truth (scores |> Array2D.map f) |> ok
                  area exp = area id && abs (area (~-) + area id - 1.0) <= Tolerance.rounding)
          testCase "aligned columns don't depend on the order of the components" (fun () ->
              let data = DataSet.iris ()
              let fit = Gmm.fit (plain 3 Full) data.Source |> ok
              let responsibilities = Predict.responsibilities fit data.Source |> ok
              let aligned = Metrics.alignColumns data.Labels responsibilities |> ok

              for order in orders [ 0; 1; 2 ] do
                  let shuffled = Array2D.init 150 3 (fun n k -> responsibilities[n, order[k]])
                  Assert.Equal<float[,]>(aligned, Metrics.alignColumns data.Labels shuffled |> ok)

              Assert.True((Metrics.rocAuc data.Labels aligned |> ok) > 0.99))
          testCase "components left over are left out of aligned columns" (fun () ->
              let responsibilities = array2D [ [ 0.2; 0.7; 0.1 ]; [ 0.3; 0.6; 0.1 ]; [ 0.9; 0.0; 0.1 ] ]
              let aligned = Metrics.alignColumns [| 4; 4; 9 |] responsibilities |> ok
              Assert.Equal<float[,]>(array2D [ [ 0.7; 0.2 ]; [ 0.6; 0.3 ]; [ 0.0; 0.9 ] ], aligned)) ]

// ── Labelled rows ───────────────────────────────────────────────────────────────────────────────────────────────────

/// Rows on a coarse grid, so that some coincide, in at least two clusters, fewer than rows.
let private labelled =
    drawing (fun size random ->
        let features, rows, clusters = 1 + random.Next 3, 4 + random.Next(1 + size / 3), 2 + random.Next 2
        let labels = Array.init rows (fun n -> if n < clusters then n - 1 else random.Next clusters - 1)

        Array.init rows (fun n -> Array.init features (fun _ -> float (random.Next 12) / 2.0 + float labels[n])),
        labels)
    |> Arb.fromGen

let private distance (a: float[]) (b: float[]) = Array.map2 (fun x y -> (x - y) ** 2.0) a b |> Array.sum |> sqrt

let private meanOf (rows: float[][]) = Array.init rows[0].Length (fun j -> rows |> Array.averageBy (fun row -> row[j]))

/// The rows of every cluster.
let private groups (rows: float[][], labels: int[]) =
    Array.zip labels rows |> Array.groupBy fst |> Array.map (snd >> Array.map snd)

let private silhouetteByDefinition (rows: float[][], labels: int[]) n =
    let mean members = members |> Array.averageBy (fun m -> distance rows[n] rows[m])

    let own, others =
        [| 0 .. rows.Length - 1 |] |> Array.except [ n ] |> Array.partition (fun m -> labels[m] = labels[n])

    if own.Length = 0 then
        0.0
    else
        let a, b = mean own, others |> Array.groupBy (fun m -> labels[m]) |> Array.map (snd >> mean) |> Array.min
        if max a b = 0.0 then 0.0 else (b - a) / max a b

let private daviesBouldinByDefinition case =
    let groups = groups case
    let means = groups |> Array.map meanOf
    let spreads = Array.map2 (fun mean -> Array.averageBy (distance mean)) means groups

    let ratio i j =
        let apart = distance means[i] means[j]
        if apart = 0.0 then infinity else (spreads[i] + spreads[j]) / apart

    let clusters = [| 0 .. groups.Length - 1 |]
    clusters |> Array.averageBy (fun i -> clusters |> Array.except [ i ] |> Array.map (ratio i) |> Array.max)

let private calinskiHarabaszByDefinition (rows: float[][], labels) =
    let groups, mean = groups (rows, labels), meanOf rows
    let square a b = distance a b ** 2.0
    let between = groups |> Array.sumBy (fun group -> float group.Length * square mean (meanOf group))
    let within = groups |> Array.sumBy (fun group -> group |> Array.sumBy (square (meanOf group)))

    if between = 0.0 then
        0.0
    else
        between / float (groups.Length - 1) / (within / float (rows.Length - groups.Length))

let private dunnByDefinition (rows: float[][], labels: int[]) =
    let inside, across = pairs rows.Length |> List.partition (fun (m, n) -> labels[m] = labels[n])
    let distances = List.map (fun (m, n) -> distance rows[m] rows[n])
    let gap = List.min (distances across)
    if gap = 0.0 then 0.0 else gap / List.max (distances inside)

let private separation execution labels source = Metrics.separation execution labels source |> ok

let private measuresOf (found: Separation) =
    [| found.Silhouette; found.DaviesBouldin; found.CalinskiHarabasz; found.Dunn |]

let private isRelativelyNear expected actual =
    Array.forall2 (fun (a: float) b -> a = b || abs (a - b) <= 1e-11 * max 1.0 (abs a)) expected actual

[<Tests>]
let ``labelled rows`` =
    testList
        "Metrics: labelled rows"
        [ formulas
              [ "s = (b − a) / max(a, b), a and b mean distances within and to the next cluster", "Rousseeuw 1987"
                "DB = K⁻¹ Σᵢ maxⱼ (sᵢ + sⱼ) / dᵢⱼ", "Davies and Bouldin 1979"
                "CH = (B / (K−1)) / (W / (N−K))", "Caliński and Harabasz 1974"
                "Dunn = least distance between clusters / largest within one", "Dunn 1974" ]
          <| testForAll 200 "the measures of labelled rows are their definitions" labelled (fun (rows, labels) ->
              let case, source = (rows, labels), sourceOf rows
              let silhouettes = Array.init rows.Length (silhouetteByDefinition case)
              let found = separation oneThread labels source

              isNear silhouettes (Metrics.silhouettes oneThread labels source |> ok)
              && isNear [| Array.average silhouettes |] [| found.Silhouette |]
              && isRelativelyNear
                  [| daviesBouldinByDefinition case; calinskiHarabaszByDefinition case; dunnByDefinition case |]
                  (Array.tail (measuresOf found)))
          testForAll 50 "each measure alone is that of all at once" labelled (fun (rows, labels) ->
              let source = sourceOf rows

              [| Metrics.silhouette; Metrics.daviesBouldin; Metrics.calinskiHarabasz; Metrics.dunn |]
              |> Array.map (fun measure -> measure oneThread labels source |> ok)
                  =
                  measuresOf (separation oneThread labels source))
          testForAll 200 "a weight of m is m copies of the row, one of 0 none" labelled (fun (rows, labels) ->
              let copies = rows |> Array.mapi (fun n _ -> if n < 3 then 1 + n % 2 else n % 4)
              let spread values = Array.map2 Array.create copies values |> Array.concat
              let weighted = sourceOf rows |> Source.weighted (copies |> Array.map float) |> ok

              match
                  Metrics.separation oneThread labels weighted,
                  Metrics.separation oneThread (spread labels) (sourceOf (spread rows))
              with
              | Ok a, Ok b -> isRelativelyNear (measuresOf b) (measuresOf a)
              | a, b -> a = b)
          testForAll
              100
              "measures follow rows in another order, other names, and another place and scale"
              labelled
              (fun (rows, labels) ->
                  let order = RandomStream.shuffle (Random 2) [| 0 .. rows.Length - 1 |] |> Array.ofSeq
                  let moved = order |> Array.map (fun n -> rows[n] |> Array.map (fun x -> 8.0 * x + 1e8))
                  let renamed = order |> Array.map (fun n -> $"cluster {labels[n]}")
                  let here = separation oneThread labels (sourceOf rows)
                  let there = separation oneThread renamed (sourceOf moved)

                  // Distances of rows keep all digits. Means near 1e8 are held to 1.5e-8 only, or coincide no more.
                  isRelativelyNear [| here.Silhouette; here.Dunn |] [| there.Silhouette; there.Dunn |]
                  && (here.DaviesBouldin > 1e4
                      || abs (here.DaviesBouldin - there.DaviesBouldin) <= 1e-4 * (1.0 + here.DaviesBouldin))
                  && (here.CalinskiHarabasz > 1e4
                      || abs (here.CalinskiHarabasz - there.CalinskiHarabasz) <= 1e-5 * (1.0 + here.CalinskiHarabasz)))
          testCase "measures have the same bits for any number of threads" (fun () ->
              let random = Random 3
              let labels = Array.init 3001 (fun _ -> random.Next 4)

              let source =
                  sourceOf (labels |> Array.map (fun label -> Array.init 5 (fun _ -> float label + normal random)))

              let found threads = separation { oneThread with Threads = threads } labels source |> measuresOf |> bits
              let expected = found 1

              for threads in [ 2; 3; 8 ] do
                  Assert.Equal<int64[]>(expected, found threads))
          testCase "the silhouette of 20,000 rows takes less than 20 MB" (fun () ->
              let random = Random 4
              let labels = Array.init 20_000 (fun n -> n % 6)

              let source =
                  sourceOf (labels |> Array.map (fun label -> [| float label + normal random; normal random |]))

              let before = GC.GetAllocatedBytesForCurrentThread()
              let found = Metrics.silhouette oneThread labels source |> ok
              let allocated = GC.GetAllocatedBytesForCurrentThread() - before
              Assert.InRange(found, -1.0, 1.0)
              // All that is ever allocated; the 20,000² distances would be 3.2 GB.
              Assert.InRange(allocated, 1L, 20_000_000L))
          testCase "where rows coincide, measures are limits and never NaN" (fun () ->
              let source = sourceOf [| [| 0.1 |]; [| 0.1 |]; [| 0.1 |]; [| 0.7 |]; [| 0.7 |]; [| 0.7 |] |]

              Assert.Equal(
                  { Silhouette = 1.0
                    DaviesBouldin = 0.0
                    CalinskiHarabasz = infinity
                    Dunn = infinity },
                  separation oneThread [| 1; 1; 1; 2; 2; 2 |] source
              )

              let mixed = separation oneThread [| 1; 2; 1; 2; 1; 2 |] (sourceOf (Array.create 6 [| 0.1 |]))

              Assert.Equal(
                  { Silhouette = 0.0
                    DaviesBouldin = infinity
                    CalinskiHarabasz = 0.0
                    Dunn = 0.0 },
                  mixed
              ))
          testCase "measures stop when they are cancelled" (fun () ->
              let labels = Array.init 500 (fun n -> n % 2)
              let source = sourceOf (labels |> Array.map (fun label -> [| float label |]))

              let cancelled =
                  { oneThread with
                      Cancellation = Threading.CancellationToken true }

              for measure in [ Metrics.silhouette; Metrics.daviesBouldin; Metrics.calinskiHarabasz; Metrics.dunn ] do
                  Assert.Throws<OperationCanceledException>(fun () -> measure cancelled labels source |> ignore)
                  |> ignore) ]

// ── A fitted mixture ────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``a fitted mixture`` =
    testList
        "Metrics: a fitted mixture"
        [ formulas [ "ICL = BIC − 2 Σₙ wₙ ln maxₖ rₙₖ", "Biernacki, Celeux and Govaert 2000" ]
          <| testCase "the integrated complete likelihood is BIC and the entropy of the likeliest components" (fun () ->
              let property (case: DataCase) =
                  let weights = case.Rows |> Array.mapi (fun n _ -> 0.5 + float (n % 3))
                  let source = case.Source |> Source.weighted weights |> ok

                  let options =
                      { Gmm.defaults with
                          Components = case.Origin.Components
                          Family.Structure = Diag
                          Execution = oneThread }

                  whenOk (Gmm.fit options source) (fun fit ->
                      let responsibilities = Predict.responsibilities fit source |> ok

                      let lost =
                          weights
                          |> Array.mapi (fun n weight -> -weight * log (Array.max responsibilities[n, *]))
                          |> Array.sum

                      let icl = Predict.icl fit source |> ok

                      abs (icl - (fit.Bic + 2.0 * lost)) <= 1e-9 * (1.0 + abs icl)
                      && (case.Origin.Components > 1 || abs (icl - fit.Bic) <= 1e-9 * (1.0 + abs icl)))

              checkTimes 60 (Prop.forAll data property))
          testCase "the integrated complete likelihood counts a weight of m as m rows" (fun () ->
              let data = DataSet.faithful ()
              let fit = Gmm.fit (plain 2 Full) data.Source |> ok
              let copies = data.Rows |> Array.mapi (fun n _ -> n % 3)
              let weighted = data.Source |> Source.weighted (copies |> Array.map float) |> ok
              let repeated = sourceOf (Array.map2 Array.create copies data.Rows |> Array.concat)
              let icl source = Predict.icl fit source |> ok
              relativelyNear Tolerance.rounding "ICL" [| icl repeated |] [| icl weighted |])
          testCase "an evaluation holds what each measure gives" (fun () ->
              let data = DataSet.iris ()
              let fit = Gmm.fit (plain 3 Full) data.Source |> ok
              let labels = Predict.labels fit data.Source |> ok
              let found = Metrics.evaluate fit (Some data.Labels) data.Source |> ok
              Assert.Equal(Some(separation Execution.Default labels data.Source), found.Separation)
              Assert.Equal(Some(agreement data.Labels labels), found.Agreement)
              Assert.Equal(Predict.icl fit data.Source |> ok, found.Icl)
              Assert.Equal(Predict.score fit data.Source |> ok, found.Score)
              relativelyNear Tolerance.rounding "BIC and AIC" [| fit.Bic; fit.Aic |] [| found.Bic; found.Aic |])
          testCase "an evaluation of one component has no separation, and without classes no agreement" (fun () ->
              let data = DataSet.faithful ()
              let fit = Gmm.fit (plain 1 Full) data.Source |> ok
              let found = Metrics.evaluate fit (None: int[] option) data.Source |> ok
              Assert.Equal((None, None), (found.Separation, found.Agreement))

              Assert.Equal(
                  "True labels must be one for each of the 272 rows, but is 2 labels.",
                  (Metrics.evaluate fit (Some [| 1; 2 |]) data.Source |> error).Message
              )) ]

// ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────────

let private says (expected: string) (result: Result<'T, GmmError>) = Assert.Equal(expected, (error result).Message)

[<Tests>]
let mistakes =
    testList
        "Metrics: mistakes"
        [ testCase "labellings of different length are an error with both lengths" (fun () ->
              let expected = "Predicted labels must be as many as the true ones, 3, but is 2."

              for measure in
                  [ Metrics.rand
                    Metrics.adjustedRand
                    Metrics.mutualInformation
                    Metrics.adjustedMutualInformation
                    Metrics.normalizedMutualInformation
                    Metrics.fowlkesMallows
                    Metrics.homogeneity
                    Metrics.completeness
                    Metrics.vMeasure
                    Metrics.purity ] do
                  measure [| 0; 1; 1 |] [| 0; 1 |] |> says expected
                  measure [||] [||] |> says "True labels must be at least one, but is none."

              Metrics.agreement [| 0; 1; 1 |] [| 0; 1 |] |> says expected
              Metrics.confusion [| 0; 1; 1 |] [| 0; 1 |] |> says expected
              Metrics.report [| 0; 1; 1 |] [| 0; 1 |] |> says expected
              Metrics.report ([||]: int[]) ([||]: int[]) |> says "True labels must be at least one, but is none.")
          testCase "scores that don't belong to the classes are an error" (fun () ->
              let scores = array2D [ [ 0.5; 0.5 ]; [ 0.1; 0.9 ] ]

              Metrics.rocAuc [| 1; 2; 3 |] scores
              |> says "Scores must be one row for each of the 3 true labels, but is 2 rows."

              Metrics.rocAuc [| 1; 1 |] scores |> says "True labels must be of at least two classes, but is of 1."

              Metrics.rocAuc [| 1; 2 |] scores[*, 0..0]
              |> says "Scores must be one column for each of the 2 classes, but is 1 column."

              Metrics.rocAuc [| 1; 2 |] (array2D [ [ 0.5; nan ]; [ 0.1; 0.9 ] ])
              |> says "Scores[0, 1] must be finite, but is NaN."

              Metrics.rocAuc ([||]: int[]) (Array2D.zeroCreate 0 2)
              |> says "True labels must be at least one, but is none."

              Metrics.alignColumns [| 1; 2 |] scores[*, 0..0]
              |> says "Scores must be at least one column for each of the 2 classes, but is 1 column.")
          testCase "labels that don't belong to the rows are an error" (fun () ->
              let source = sourceOf [| [| 0.0 |]; [| 1.0 |]; [| 2.0 |] |]

              for measure in [ Metrics.silhouette; Metrics.daviesBouldin; Metrics.calinskiHarabasz; Metrics.dunn ] do
                  let measure = measure oneThread

                  Metrics.silhouette { oneThread with Threads = 0 } [| 4; 4; 5 |] source
                  |> says "Threads must be at least 1, but is 0."

                  measure [| 0; 1 |] source |> says "Labels must be one for each of the 3 rows, but is 2 labels."
                  measure [| 4; 4; 4 |] source |> says "Labels must be of at least two clusters, but is of 1."
                  measure [| 4; 5; 6 |] source |> says "Labels must be of fewer clusters than rows, 3, but is of 3."
                  let halves = source |> Source.weighted [| 0.5; 0.5; 0.5 |] |> ok

                  measure [| 4; 4; 6 |] halves
                  |> says "Labels must be of fewer clusters than the total weight of the rows, 1.5, but is of 2."

                  let onlyOne = source |> Source.weighted [| 2.0; 3.0; 0.0 |] |> ok
                  measure [| 4; 4; 6 |] onlyOne |> says "Labels must be of at least two clusters, but is of 1."

                  match measure [| 4; 4; 6 |] (sourceOf [| [| 0.0 |]; [| nan |]; [| 2.0 |] |]) |> error with
                  | MissingCell(1L, 0, 1L) -> ()
                  | other -> Assert.Fail other.Message) ]
