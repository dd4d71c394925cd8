/// Where fits start.
module Gmm.Tests.StartTests

open System
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// The first mixture of a fit.
let private startOf start (case: DataCase) =
    case.Source
    |> Gmm.fit
        { plain case.Origin.Components case.Origin.Structure with
            Start = start
            Family.RegCovar = Floor 1e-8
            MaxIterations = 1 }
    |> Result.map _.Start

let private meansOf (mixture: Mixture<Gaussian>) =
    let means = mixture.Parameters.Means.toArray2D ()
    Array.init (Array2D.length1 means) (fun k -> means[k, *])

let private isRowOfWeight (case: DataCase) (mean: float[]) =
    Array.exists2 (fun row weight -> row = mean && weight > 0.0) case.Rows case.Weights

/// Cases whose rows of positive weight are at least as many as components, all different.
let private distinctRows =
    weightedData |> Arb.filter (fun case -> (Array.distinct case.Rows).Length = case.Rows.Length)

let private labelsFor (case: DataCase) = Array.init case.Rows.Length (fun n -> n % case.Origin.Components)

/// The squared distance of a row to the nearest of some centres.
let private toNearest (centres: float[][]) (row: float[]) =
    centres
    |> Array.map (fun centre -> Array.fold2 (fun sum x y -> sum + (x - y) * (x - y)) 0.0 row centre)
    |> Array.min

/// Correlated data of four features.
let private correlated =
    let random = Random 4

    Array.init 60 (fun _ ->
        let a, b = normal random, normal random
        [| a; a + 0.1 * b; b + 0.5; 3.0 * b + normal random |])

let private randomStart (rows: float[][]) =
    sourceOf rows
    |> Gmm.fit
        { Gmm.defaults with
            Components = 3
            Start = Start.Random
            MaxIterations = 1
            Execution = oneThread }
    |> ok
    |> _.Start

[<Tests>]
let tests =
    testList
        "Start"
        [ testCase "points and k-means++ start around different rows of positive weight, with equal weights" (fun () ->
              for start in [ Start.Points; Start.KPlusPlus ] do
                  let property (case: DataCase) =
                      whenOk (startOf start case) (fun mixture ->
                          let means = meansOf mixture

                          Array.forall (isRowOfWeight case) means
                          && (Array.distinct means).Length = case.Origin.Components
                          && allWithin
                              1e-15
                              1.0
                              (Array.create case.Origin.Components (1.0 / float case.Origin.Components))
                              mixture.Weights)

                  checkTimes 60 (Prop.forAll distinctRows property))
          testCase "components around given means are as wide as the data" (fun () ->
              let property (case: DataCase) =
                  let origin = case.Origin

                  whenOk (startOf (Start.Means(array2D origin.Means)) case) (fun mixture ->
                      let whole =
                          case.Source
                          |> Gmm.fit
                              { plain 1 origin.Structure with
                                  Family.RegCovar = Floor 1e-8 }
                          |> ok

                      let expected = Gaussian.covariance whole.Parameters 0 |> Seq.cast<float> |> Array.ofSeq

                      meansOf mixture = origin.Means
                      && Seq.forall
                          (fun k ->
                              let actual = Gaussian.covariance mixture.Parameters k |> Seq.cast<float> |> Array.ofSeq
                              allWithin 1e-11 (1.0 + Array.max expected) expected actual)
                          (seq { 0 .. origin.Components - 1 }))

              checkTimes 60 (Prop.forAll data property))
          testCase "labels start where their one-hot responsibilities start" (fun () ->
              let property (case: DataCase) =
                  let labels = labelsFor case
                  let components = case.Origin.Components
                  let oneHot = Array2D.init labels.Length components (fun n k -> if labels[n] = k then 1.0 else 0.0)

                  whenBothOk
                      (startOf (Start.Labels labels) case)
                      (startOf (Start.Responsibilities oneHot) case)
                      (fun a b -> bits (parameters a) = bits (parameters b))

              checkTimes 60 (Prop.forAll data property))
          testForAll 60 "from labels every component starts with share, mean and spread of its rows" data (fun case ->
              let labels = labelsFor case

              match startOf (Start.Labels labels) case with
              | Error _ -> false
              | Ok start ->
                  let means = meansOf start

                  Seq.forall
                      (fun k ->
                          let rows = Array.zip labels case.Rows |> Array.filter (fst >> (=) k) |> Array.map snd

                          let mean =
                              Array.init case.Origin.Features (fun j -> rows |> Array.averageBy (fun row -> row[j]))

                          let share = float rows.Length / float case.Rows.Length
                          allWithin 1e-12 10.0 mean means[k] && abs (start.Weights[k] - share) <= 1e-14)
                      (seq { 0 .. case.Origin.Components - 1 }))
          testCase
              "labels of many rows start with the mean and variance of all their rows, however few or far"
              (fun () ->
                  let rows, columns = 45_000, 100
                  let numbers = Array2D.init rows columns (fun n j -> float ((n * 7919 + j * j) % 101))
                  let all = Source.ofArray2D numbers |> ok
                  let sampled = (Survey.sampleForStarts 2 oneThread all).Numbers.Value |> Set.ofArray

                  // Component 1 has three rows, of which the sample has none, and which lie far from all others.
                  let few =
                      [| 0 .. rows - 1 |]
                      |> Array.filter (fun n -> not (sampled.Contains(int64 n)))
                      |> Array.truncate 3

                  for n in few do
                      for j in 0 .. columns - 1 do
                          numbers[n, j] <- numbers[n, j] + 1e9

                  let labels = Array.init rows (fun n -> if Array.contains n few then 1 else 0)

                  let start =
                      all
                      |> Gmm.fit
                          { plain 2 Spherical with
                              Start = Start.Labels labels
                              MaxIterations = 1
                              Execution = oneThread }
                      |> Result.map _.Start
                      |> ok

                  for k in 0..1 do
                      let own = [| 0 .. rows - 1 |] |> Array.filter (fun n -> labels[n] = k)
                      let mean j = own |> Array.averageBy (fun n -> numbers[n, j])

                      let variance =
                          Array.init columns (fun j ->
                              let mean = mean j
                              own |> Array.averageBy (fun n -> (numbers[n, j] - mean) ** 2.0))
                          |> Array.average

                      relativelyNear 1e-14 "mean" [| mean 7 |] [| (start.Parameters.Means.toArray2D ()).[k, 7] |]

                      relativelyNear
                          1e-12
                          "variance"
                          [| variance |]
                          [| (start.Parameters.Covariances.toArray ()).[k] |])

          testCase "the k-means start is the M-step of the clusters of one k-means run" (fun () ->
              for seed in 0..4 do
                  let data = DataSet.iris ()

                  let clusters =
                      data.Source
                      |> KMeans.fit
                          { KMeans.defaults with
                              Components = 3
                              Restarts = 1
                              Seed = seed }
                      |> ok

                  let fit start =
                      (data.Source
                       |> Gmm.fit
                           { plain 3 Full with
                               Start = start
                               Seed = seed
                               MaxIterations = 1 }
                       |> ok)
                          .Start

                  let expected = fit (Start.Labels(Predict.labels clusters.Fit data.Source |> ok))
                  Assert.True(allWithin 1e-12 10.0 (parameters expected) (parameters (fit Start.KMeans))))
          testCase "a given mixture is where the fit starts, bit for bit" (fun () ->
              let property (case: DataCase) =
                  whenOk (startOf (Start.Mixture case.Origin.Mixture) case) (fun start ->
                      bits (parameters start) = bits (parameters case.Origin.Mixture))

              checkTimes 40 (Prop.forAll data property))
          testCase "rows of weight 0 are never a start" (fun () ->
              let rows = Array.init 50 (fun n -> [| float n |])
              let weights = Array.init 50 (fun n -> if n % 10 = 0 then 1.0 else 0.0)
              let source = sourceOf rows |> Source.weighted weights |> ok

              for seed in 0..19 do
                  for start in [ Start.Points; Start.KPlusPlus ] do
                      let fit =
                          source
                          |> Gmm.fit
                              { Gmm.defaults with
                                  Components = 4
                                  Start = start
                                  Seed = seed
                                  MaxIterations = 1 }
                          |> ok

                      Assert.All(meansOf fit.Start, fun mean -> Assert.Equal(0.0, mean[0] % 10.0)))
          testCase "k-means++ starts in every one of clusters far apart" (fun () ->
              let random = Random 4
              let rows = Array.init 200 (fun n -> [| 1000.0 * float (n % 5) + normal random; normal random |])

              for seed in 0..19 do
                  let fit =
                      sourceOf rows
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 5
                              Start = Start.KPlusPlus
                              Seed = seed
                              MaxIterations = 1 }
                      |> ok

                  let found =
                      meansOf fit.Start |> Array.map (fun mean -> int (Math.Round(mean[0] / 1000.0))) |> Array.sort

                  Assert.Equal<int[]>([| 0..4 |], found))
          testCase "points are rows that differ in value, however many rows are equal" (fun () ->
              let rows = Array.init 100 (fun n -> if n % 20 = 7 then [| float n; -1.0 |] else [| 1.0; 2.0 |])

              for seed in 0..49 do
                  for components in [ 2; 3; 6 ] do
                      let fit =
                          sourceOf rows
                          |> Gmm.fit
                              { Gmm.defaults with
                                  Components = components
                                  Family.RegCovar = Absolute 1.0
                                  Start = Start.Points
                                  Seed = seed
                                  MaxIterations = 1
                                  Execution = oneThread }
                          |> ok

                      Assert.Equal(components, (Array.distinct (meansOf fit.Start)).Length))
          // Rows of weight 0 make no difference either.
          testCase "fewer different rows than components are an error from every start that chooses rows" (fun () ->
              let rows =
                  Array.init 100 (fun n ->
                      if n % 20 = 7 then [| 5.0 |]
                      elif n = 50 then [| 9.0 |]
                      else [| 1.0 |])

              let source =
                  sourceOf rows |> Source.weighted (Array.init 100 (fun n -> if n = 50 then 0.0 else 1.0)) |> ok

              for start in [ Start.Auto; Start.Points; Start.KPlusPlus; Start.FarthestFirst; Start.KMeans ] do
                  match
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 3
                              Family.RegCovar = Absolute 1.0
                              Start = start
                              Execution = oneThread }
                      |> error
                  with
                  | TooFewDistinctRows(3, 2) -> ()
                  | other -> Assert.Fail $"{start}: {other.Message}")
          // The more rows, the more alike are the components of random responsibilities.
          testCase "random responsibilities find two clusters far apart among many rows" (fun () ->
              let rows = 100_000
              let random = Random 12

              let source =
                  sourceOf (Array.init rows (fun n -> [| normal random + (if n % 2 = 0 then -5.0 else 5.0) |]))

              let perRow start seed restarts =
                  let fit =
                      source
                      |> Gmm.fit
                          { Gmm.defaults with
                              Components = 2
                              Start = start
                              Seed = seed
                              Restarts = restarts }
                      |> ok

                  fit.LogLikelihood / float rows

              let expected = perRow Start.KMeans 0 1
              near 1e-3 "log-likelihood per row" expected (perRow Start.RandomResponsibilities 0 1)

              near 1e-3 "of three runs" expected (perRow Start.RandomResponsibilities 1 3))
          formulas [ "next row: argmaxₙ minₖ ‖xₙ−μₖ‖", "Gonzalez 1985" ]
          <| testCase "farthest-first starts around rows each of which is the farthest from those before" (fun () ->
              let property (case: DataCase) =
                  whenOk (startOf Start.FarthestFirst case) (fun mixture ->
                      let means = meansOf mixture

                      let rows = Array.zip case.Rows case.Weights |> Array.filter (snd >> (<) 0.0) |> Array.map fst

                      let isFarthest k =
                          let distance = toNearest means[.. k - 1]
                          distance means[k] > 0.0 && distance means[k] = (rows |> Array.map distance |> Array.max)

                      Array.forall (isRowOfWeight case) means && Seq.forall isFarthest (seq { 1 .. means.Length - 1 }))

              checkTimes 60 (Prop.forAll distinctRows property))
          // The mean of many draws is within 5 standard errors of the data's, and so are their second moments.
          testCase "random starts are draws with the mean and the covariance of the data" (fun () ->
              let data = DataSet.faithful ()
              let seeds, components = 200, 20

              let draws =
                  [| for seed in 0 .. seeds - 1 do
                         let fit =
                             data.Source
                             |> Gmm.fit
                                 { Gmm.defaults with
                                     Components = components
                                     Family.RegCovar = Absolute 1.0
                                     Start = Start.Random
                                     Seed = seed
                                     MaxIterations = 1
                                     Execution = oneThread }
                             |> ok

                         yield! meansOf fit.Start |]

              let one = data.Source |> Gmm.fit { plain 1 Full with Tolerance = 1e-3 } |> ok
              let mean, covariance = one.Parameters.Means.toArray (), Gaussian.covariance one.Parameters 0
              let count = float draws.Length

              for i in 0..1 do
                  let sd = sqrt covariance[i, i]
                  near (5.0 * sd / sqrt count) $"mean {i}" mean[i] (draws |> Array.averageBy (fun draw -> draw[i]))

                  for j in 0..i do
                      let product (draw: float[]) = (draw[i] - mean[i]) * (draw[j] - mean[j])
                      let spread = sqrt (covariance[i, i] * covariance[j, j] + covariance[i, j] * covariance[i, j])

                      near
                          (5.0 * spread / sqrt count)
                          $"covariance {i}, {j}"
                          covariance[i, j]
                          (draws |> Array.averageBy product))
          testCase "random starts follow powers of two as factors of the data to the last bit" (fun () ->
              let start = randomStart correlated

              for exponent in [ -400; -300; -266; -100; -1; 1; 100; 266; 300; 400 ] do
                  let factor = 2.0 ** float exponent
                  let scaled = randomStart (correlated |> Array.map (Array.map ((*) factor)))
                  let means, covariances = scaled.Parameters.Means * (1.0 / factor), scaled.Parameters.Covariances

                  Assert.Equal<int64[]>(bits (start.Parameters.Means.toArray ()), bits (means.toArray ()))

                  Assert.Equal<int64[]>(
                      bits (start.Parameters.Covariances.toArray ()),
                      bits ((covariances * (1.0 / factor) * (1.0 / factor)).toArray())
                  ))
          testCase "random starts follow a factor of each feature, however far apart the factors are" (fun () ->
              let start = randomStart correlated
              let factors = [| 2.0 ** 300.0; 1.0; 2.0 ** -300.0; 2.0 ** -20.0 |]
              let scaled = randomStart (correlated |> Array.map (Array.map2 (*) factors))
              let unscaled = meansOf scaled |> Array.map (fun mean -> Array.map2 (/) mean factors)
              Assert.Equal<int64[]>(bits (Array.concat (meansOf start)), bits (Array.concat unscaled))) ]

// ── Draws of rows ───────────────────────────────────────────────────────────────────────────────────────────────────

/// How often each number was drawn is within 5 standard deviations of what is expected.
let private isDrawnAs (shares: Map<float, float>) (draws: float[]) =
    let count = float draws.Length
    Assert.All(draws, fun draw -> Assert.True(shares.ContainsKey draw))

    for KeyValue(number, share) in shares do
        let drawn = draws |> Array.filter ((=) number) |> Array.length |> float
        near (5.0 * sqrt (count * share * (1.0 - share))) $"draws of {number}" (count * share) drawn

/// Greedy k-means++ as in its definition: every distance anew, from the same random numbers.
let private textbookKPlusPlus seed components (source: Source) =
    let random = RandomStream.ofSeed seed
    let trials = 2 + int (log (float components))
    let blocks = [| for index in 0L .. source.Blocks - 1L -> source.Read index |]
    let rows = blocks |> Array.map (fun block -> Array.init block.Rows (fun i -> block.Row(i).ToArray()))

    let draw (potentials: float[][]) =
        let block = RandomStream.index random (potentials |> Array.map Array.sum)
        rows[block][RandomStream.index random potentials[block]]

    let potentials (centres: float[][]) =
        Array.map2
            (fun (block: Block) rows -> rows |> Array.mapi (fun i row -> block.Weight i * toNearest centres row))
            blocks
            rows

    let rec choose (centres: float[][]) =
        if centres.Length = components then
            centres
        else
            let now = potentials centres

            List.init trials (fun _ -> draw now)
            |> List.minBy (fun row -> potentials (Array.append centres [| row |]) |> Array.sumBy Array.sum)
            |> fun row -> choose (Array.append centres [| row |])

    choose [| draw (blocks |> Array.map (fun block -> Array.init block.Rows block.Weight)) |]

[<Tests>]
let ``draws of rows`` =
    testList
        "Start: draws of rows"
        [
          // Four rows of positive weight, in three blocks.
          testCase
              "k-means++ and farthest-first begin with a row in proportion to its weight, in whatever block it is"
              (fun () ->
                  let rows = Array.init 17_000 (fun n -> [| float n |])
                  let weights = Array.zeroCreate rows.Length
                  let chosen = [ 5, 1.0; 8191, 2.0; 8192, 3.0; 16_999, 4.0 ]

                  for row, weight in chosen do
                      weights[row] <- weight

                  let source = sourceOf rows |> Source.weighted weights |> ok
                  Assert.Equal(3L, source.Blocks)
                  let shares = Map [ for row, weight in chosen -> float row, weight / 10.0 ]

                  for draw in [ Centres.kPlusPlus; Centres.farthestFirst ] do
                      isDrawnAs
                          shares
                          [| for seed in 0..999 -> (draw oneThread (RandomStream.ofSeed seed) 1 source |> ok)[0, 0] |])
          // All rows but three are where the first centre almost always is. Two draws are made of these three, and the better of
          // them is taken.
          formulas [ "P(xₙ is next) ∝ wₙ minₖ ‖xₙ−μₖ‖²", "Arthur and Vassilvitskii 2007" ]
          <| testCase
              "k-means++ goes on with a row in proportion to its squared distance, in whatever block it is"
              (fun () ->
                  let rows = Array.create 17_000 [| 0.0 |]
                  rows[100] <- [| 1.0 |]
                  rows[9000] <- [| -2.0 |]
                  rows[16_000] <- [| 3.0 |]
                  let source = sourceOf rows

                  let second =
                      [| for seed in 0..999 do
                             let centres = Centres.kPlusPlus oneThread (RandomStream.ofSeed seed) 2 source |> ok

                             if centres[0, 0] = 0.0 then
                                 centres[1, 0] |]

                  let left centre =
                      [ 1.0; -2.0; 3.0 ] |> List.sumBy (fun x -> min (x * x) ((x - centre) * (x - centre)))

                  /// Draws are in proportion to 1, 4 and 9; the best first.
                  let order = [ 1.0, 1.0 / 14.0; -2.0, 4.0 / 14.0; 3.0, 9.0 / 14.0 ] |> List.sortBy (fst >> left)

                  /// The probability of a draw that is no better than the i-th.
                  let after i = order |> List.skip i |> List.sumBy snd
                  let shares = Map [ for i in 0..2 -> fst order[i], after i ** 2.0 - after (i + 1) ** 2.0 ]
                  Assert.True(second.Length > 900)
                  isDrawnAs shares second)
          formulas [ "p(x) ∝ w‖x − nearest centre‖², the best of 2 + ⌊ln K⌋ draws", "Arthur and Vassilvitskii 2007" ]
          <| testCase "k-means++ chooses the rows of its definition, over many blocks" (fun () ->
              let random = Random 8
              let rows = Array.init 6000 (fun _ -> Array.init 5 (fun _ -> onGrid (normal random)))
              let weights = Array.init rows.Length (fun n -> float (n % 3))

              for source in [ sourceOf rows; sourceOf rows |> Source.weighted weights |> ok ] do
                  Assert.True(source.Blocks > 3L)

                  for seed in 1..3 do
                      let expected = textbookKPlusPlus seed 12 source

                      for threads in [ 1; 3 ] do
                          let found =
                              Centres.kPlusPlus
                                  { Execution.Default with
                                      Threads = threads }
                                  (RandomStream.ofSeed seed)
                                  12
                                  source
                              |> ok

                          Assert.Equal<float[]>(Array.concat expected, flat found))
          testCase "random points are all equally likely, in every place" (fun () ->
              let rows = Array.init 20_000 (fun n -> [| float n |])
              let isCandidate n = n % 2500 = 7
              let weights = Array.init rows.Length (fun n -> if isCandidate n then 1.0 + float (n % 3) else 0.0)
              let source = sourceOf rows |> Source.weighted weights |> ok
              let draws = [ for seed in 0..999 -> Centres.points oneThread (RandomStream.ofSeed seed) 3 source |> ok ]

              let shares =
                  Map
                      [ for n in 0 .. rows.Length - 1 do
                            if isCandidate n then
                                float n, 0.125 ]

              for place in 0..2 do
                  isDrawnAs shares [| for points in draws -> points[place, 0] |])
          testCase "points are the same on any number of threads" (fun () ->
              let random = Random 4
              let source = sourceOf (Array.init 100_000 (fun _ -> [| float (random.Next 50); float (random.Next 3) |]))

              let points threads =
                  let execution =
                      { Execution.Default with
                          Threads = threads }

                  Centres.points execution (RandomStream.ofSeed 5) 40 source |> ok |> Seq.cast<float> |> Array.ofSeq

              for threads in [ 2; 3; 8 ] do
                  Assert.Equal<float[]>(points 1, points threads))
          // More rows than distances are kept of.
          testCase "centres are chosen among the last rows of many too" (fun () ->
              let rows = 2_200_000
              // A cluster of the first 2.1 million rows, and four of the others.
              let value n =
                  if n < 2_100_000 then
                      1e-3 * float (n % 7)
                  else
                      100.0 * float (1 + n % 4) + 1e-3 * float (n % 7)

              let source = Source.ofMemory 1 (ReadOnlyMemory(Array.init rows value)) |> ok

              for choose in [ Centres.kPlusPlus; Centres.farthestFirst ] do
                  for seed in 0..1 do
                      let centres = choose Execution.Default (RandomStream.ofSeed seed) 5 source |> ok
                      let groups = [| for k in 0..4 -> Math.Round(centres[k, 0] / 100.0) |] |> Array.sort
                      Assert.Equal<float[]>([| 0.0; 1.0; 2.0; 3.0; 4.0 |], groups))
          // Normal draws may be no probabilities.
          testCase "a random start is refused by families with probabilities and rates" (fun () ->
              let options =
                  { Gmm.defaultsOf Bernoulli.family with
                      Components = 2
                      Start = Start.Random }

              let coins = sourceOf [| [| 0.0 |]; [| 1.0 |]; [| 1.0 |] |]
              let message = (coins |> Gmm.fit options |> error).Message
              Assert.StartsWith("Start must be Auto, Thorough, KMeans, KPlusPlus, Points", message)
              Assert.EndsWith("but is Random.", message)) ]

// ── Covariances and weights apart from the means ────────────────────────────────────────────────────────────────────

let private startWith covariances weights start (case: DataCase) =
    case.Source
    |> Gmm.fit
        { plain case.Origin.Components case.Origin.Structure with
            Start = start
            Family.StartCovariances = covariances
            StartWeights = weights
            Family.RegCovar = Floor 1e-8
            MaxIterations = 1 }
    |> Result.map _.Start

let private everyStart (case: DataCase) =
    [ Start.KMeans
      Start.KPlusPlus
      Start.Points
      Start.FarthestFirst
      Start.Random
      Start.Means(array2D case.Origin.Means)
      Start.Labels(labelsFor case) ]

let private allCovariances (mixture: Mixture<Gaussian>) =
    [| for k in 0 .. mixture.Components - 1 -> Gaussian.covariance mixture.Parameters k |]

[<Tests>]
let ``covariances and weights apart from the means`` =
    testList
        "Start: covariances and weights apart from the means"
        [ testCase "covariances to start from replace those of any start, and leave its means and weights" (fun () ->
              let property (case: DataCase) =
                  let features = case.Origin.Features
                  let identity = Array2D.init features features (fun i j -> if i = j then 1.0 else 0.0)

                  let empirical =
                      case.Source
                      |> Gmm.fit
                          { plain 1 case.Origin.Structure with
                              Family.RegCovar = Floor 1e-8 }
                      |> Result.map (fun fit -> Gaussian.covariance fit.Parameters 0)

                  let starts (covariances, expected: float[,]) start =
                      whenBothOk (startOf start case) (startWith covariances None start case) (fun plain revised ->
                          bits (plain.Parameters.Means.toArray ()) = bits (revised.Parameters.Means.toArray ())
                          && plain.Weights = revised.Weights
                          && allCovariances revised
                             |> Array.forall (fun covariance ->
                                 let flat matrix = matrix |> Seq.cast<float> |> Array.ofSeq
                                 allWithin 1e-12 (1.0 + Array.max (flat expected)) (flat expected) (flat covariance)))

                  match empirical with
                  | Error _ -> false ==> true
                  | Ok empirical ->
                      [ for start in everyStart case do
                            starts (CovarianceStart.Identity, identity) start
                            starts (CovarianceStart.Given(Tensor.scalar 4.0), Array2D.map ((*) 4.0) identity) start
                            starts (CovarianceStart.Empirical, empirical) start ]
                      |> List.reduce (.&.)

              checkTimes 20 (Prop.forAll distinctRows property))
          testCase "covariances of data in fewer dimensions can't be started from, and the error says so" (fun () ->
              let flat = [| for i in 0..29 -> [| sin (float i); 5.0 |] |] |> Source.ofRows |> ok

              let known =
                  flat
                  |> Gmm.fit
                      { plain 2 Full with
                          Family.RegCovar = Absolute 1e-3 }
                  |> ok

              for start in [ Start.Points; Start.Mixture known.Mixture; Start.Means(array2D [ [ 0; 5 ]; [ 1; 5 ] ]) ] do
                  for covariances in [ CovarianceStart.Empirical; CovarianceStart.Random ] do
                      let options =
                          { plain 2 Full with
                              Start = start
                              Family.StartCovariances = covariances }

                      match Gmm.fit options flat with
                      | Error(ConstantColumn(1, 5.0)) -> ()
                      | other -> Assert.Fail $"{covariances}: {other}")
          // The mean of a Wishart draw is its scale times its degrees, and the variance of an entry (Σᵢⱼ² + ΣᵢᵢΣⱼⱼ)/ν of one divided by ν.
          testCase
              "random covariances are positive definite, differ by seed and component, and average to the data's"
              (fun () ->
                  let data = DataSet.iris ()

                  for structure in Structure.all do
                      let start seed =
                          let fit =
                              data.Source
                              |> Gmm.fit
                                  { plain 3 structure with
                                      Start = Start.Labels data.Labels
                                      Family.StartCovariances = CovarianceStart.Random
                                      Family.RegCovar = Floor 1e-8
                                      Seed = seed
                                      MaxIterations = 1 }
                              |> ok

                          fit.Start

                      let drawn = [| for seed in 0..299 -> start seed |]
                      let planes = if (Structure.layout structure).IsTied then 1 else 3
                      let all = drawn |> Array.collect (allCovariances >> Array.truncate planes)
                      Assert.Equal(all.Length, (Array.distinct (all |> Array.map (fun matrix -> matrix[0, 0]))).Length)
                      Assert.Equal<int64[]>(bits (parameters (start 5)), bits (parameters drawn[5]))

                      let one =
                          data.Source
                          |> Gmm.fit
                              { plain 1 structure with
                                  Family.RegCovar = Floor 1e-8 }
                          |> ok

                      let expected = Gaussian.covariance one.Parameters 0

                      for i in 0..3 do
                          // For full covariances; the others vary less or as much.
                          let deviation = sqrt (2.0 * expected[i, i] * expected[i, i] / 6.0 / float all.Length)

                          near
                              (5.0 * deviation)
                              $"{Structure.name structure} {i}"
                              expected[i, i]
                              (all |> Array.averageBy (fun matrix -> matrix[i, i])))
          testCase "weights to start from replace those of any start, divided by their sum" (fun () ->
              let property (case: DataCase) =
                  let given = Array.init case.Origin.Components (fun k -> float (k + 1))
                  let expected = given |> Array.map (fun weight -> weight / Array.sum given)

                  [ for start in everyStart case do
                        whenBothOk
                            (startOf start case)
                            (startWith CovarianceStart.OfStart (Some given) start case)
                            (fun plain weighted ->
                                allWithin 1e-15 1.0 expected weighted.Weights
                                && bits (plain.Parameters.Means.toArray ()) =
                                    bits (weighted.Parameters.Means.toArray ())
                                && bits (plain.Parameters.Covariances.toArray ()) =
                                    bits (weighted.Parameters.Covariances.toArray ())) ]
                  |> List.reduce (.&.)

              checkTimes 20 (Prop.forAll distinctRows property))
          testCase "given means and covariances start even where the data's own covariance is singular" (fun () ->
              let rows = Array.init 20 (fun n -> [| float n; 3.0 |])

              let options =
                  { plain 2 Full with
                      Start = Start.Means(array2D [ [ 4.0; 3.0 ]; [ 15.0; 3.0 ] ])
                      Family.StartCovariances = CovarianceStart.Identity
                      Family.CovariancePrior =
                          Some
                              { Scale = Tensor.scalar 1.0
                                Degrees = 4.0 } }

              Assert.True((sourceOf rows |> Gmm.fit options |> ok).Converged))
          testCase "weights start products and other families too" (fun () ->
              let options =
                  { Gmm.defaultsOf Poisson.family with
                      Components = 2
                      Start = Start.KMeans
                      StartWeights = Some [| 3.0; 1.0 |]
                      MaxIterations = 1 }

              let counts = sourceOf (Array.init 30 (fun n -> [| float (n % 7) |]))
              let start = (counts |> Gmm.fit options |> ok).Start

              Assert.Equal<float[]>(
                  [| 0.75; 0.25 |],
                  start.Weights |> Array.map (fun weight -> Math.Round(weight, 15))
              )) ]

// ── Warm starts ─────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``warm starts`` =
    testList
        "Start: warm starts"
        [ testCase "two fits of one iteration are one fit of two, to the last bit" (fun () ->
              let property (case: DataCase) =
                  let fit iterations start =
                      case.Source
                      |> Gmm.fit
                          { plain case.Origin.Components case.Origin.Structure with
                              Start = start
                              Family.RegCovar = Floor 1e-8
                              Tolerance = 0.0
                              MaxIterations = iterations }

                  let twice = fit 1 Start.KMeans |> Result.bind (fun first -> fit 1 (Start.Mixture first.Mixture))

                  match fit 2 Start.KMeans, twice with
                  | Ok once, Ok twice ->
                      (bits (parameters once.Mixture) = bits (parameters twice.Mixture)
                       && once.LogLikelihood = twice.LogLikelihood)
                      |> Prop.ofTestable
                  | Error _, Error _ -> false ==> true
                  | _ -> Prop.ofTestable false

              checkTimes 60 (Prop.forAll weightedData property)) ]
