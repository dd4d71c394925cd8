/// Predictions of single rows: the bits of the batch's, no memory, and the batch's errors.
module Gmm.Tests.RowPredictorTests

open System
open System.Threading
open Expecto
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Families
open Gmm.Tests.Generators
open Gmm.Tests.Support

/// Whether single rows have the labels, log-densities and responsibilities of all rows together, to the last bit.
let private isBatch (fit: Fit<'θ>) (rows: float[][]) =
    let source = sourceOf rows
    let predictor = RowPredictor.ofFit fit
    let target = Array.zeroCreate<float> predictor.Components
    let labels = rows |> Array.map (fun row -> predictor.Label(ReadOnlySpan row))
    let densities = rows |> Array.map (fun row -> predictor.LogDensity(ReadOnlySpan row))

    let shares =
        rows
        |> Array.map (fun row ->
            let density = predictor.Responsibilities(ReadOnlySpan row, Span target)
            density, Array.copy target)

    let ratios =
        rows
        |> Array.map (fun row ->
            let ratios = Array.zeroCreate<float> predictor.Components
            let density = predictor.Ratios(ReadOnlySpan row, Span ratios, Span target)
            ratios, density, Array.copy target)

    /// Whether ln rₖ − ln rₘ is the ratio of component k to the likeliest m, within the rounding of logarithms of normal
    /// numbers.
    let isRatioOf (shares: float[]) (ratios: float[]) =
        Array.forall2
            (fun share ratio ->
                Double.IsFinite ratio
                && (not (Double.IsNormal share)
                    || abs (log share - log (Array.max shares) - ratio) <= 1e-12 * (1.0 - ratio)))
            shares
            ratios

    labels = (Predict.labels fit source |> ok)
    && labels = (ratios |> Array.map (fun (ratios, _, _) -> Noise.labelOf fit.Components (Array.IndexOf(ratios, 0.0))))
    && bits densities = bits (ratios |> Array.map (fun (_, density, _) -> density))
    && bits (shares |> Array.collect snd) = bits (ratios |> Array.collect (fun (_, _, shares) -> shares))
    && ratios |> Array.forall (fun (ratios, _, shares) -> isRatioOf shares ratios)
    && bits densities = bits (Predict.logDensities fit source |> ok)
    && bits densities = bits (Array.map fst shares)
    && bits (shares |> Array.collect snd) = bits (Predict.responsibilities fit source |> ok |> flat)

let private fitOf (family: Family<'θ>) (mixture: Mixture<'θ>) = Fit.ofMixture family mixture

/// A structure, K and D, and a seed.
let private sizes =
    Arb.fromGen (
        drawing (fun size random ->
            let upTo most = 1 + random.Next(1 + most * size / 100) |> min most
            Structure.all[random.Next 6], upTo 40, upTo 33, random.Next())
    )

/// K and D for which a call needs more memory than it takes from the stack.
let private large structure = if structure = Full then 9, 130 else 1100, 2

/// Families of numbers, each with mean parameters and numbers.
let private exponentialFamilies: (ExponentialFamily * (Random -> float[])) list =
    let shares count (random: Random) =
        let numbers = Array.init count (fun _ -> random.NextDouble())
        numbers |> Array.map (fun number -> number / Array.sum numbers)

    let dispersed (family: ExponentialFamily) natural (random: Random) =
        natural (0.5 + 9.0 * random.NextDouble()) (0.5 + 9.0 * random.NextDouble()) |> family.Mean

    [ Bernoulli.family, shares 2
      Binomial.family 7, shares 2 >> Array.map ((*) 7.0)
      Categorical.family 5, shares 5
      Poisson.family, (fun random -> [| 20.0 * random.NextDouble() |])
      Exponential.family, (fun random -> [| 20.0 * random.NextDouble() |])
      Geometric.family, (fun random -> [| 20.0 * random.NextDouble() |])
      Gamma.family, dispersed Gamma.family (fun shape rate -> [| shape; -rate |])
      LogNormal.family, dispersed LogNormal.family (fun mu precision -> [| mu * precision; -0.5 * precision |])
      Beta.family, dispersed Beta.family (fun alpha beta -> [| alpha; beta |])
      // It has no numberwise statistic.
      geometric, (fun random -> [| 20.0 * random.NextDouble() |]) ]

let private drawExponential (family: ExponentialFamily) means components features (random: Random) =
    let numbers = Array.init (components * features) (fun _ -> means random) |> Array.concat

    Tensor.create [| components; features; family.Statistics |] numbers
    |> ExponentialFamily.create family
    |> ok
    |> Mixture.uniform components

let private drawRowsOf (family: Family<'θ>) (mixture: Mixture<'θ>) seed =
    let sample = mixture |> Sample.ofMixture family { Sample.defaults with Seed = seed } 20 |> ok
    Array.init 20 (fun n -> sample.Rows[n, *])

[<Tests>]
let tests =
    testList
        "RowPredictor"
        [ testForAll
              300
              "single rows have the bits of a batch, for Gaussians of any structure, K and D"
              sizes
              (fun (structure, components, features, seed) ->
                  let random = Random seed
                  let origin = drawMixture structure components features 1e2 random
                  let rows = drawRows (1 + random.Next 40) origin random
                  // Some rows are far away: their densities underflow.
                  let far =
                      rows |> Array.truncate 3 |> Array.mapi (fun n -> Array.map ((*) (Math.Pow(1e4, float (n + 1)))))

                  isBatch (fitOf Gaussian.family origin.Mixture) (Array.append rows far))
          testCase "single rows have the bits of a batch where the components are too large for the stack" (fun () ->
              for structure in Structure.all do
                  let random, (components, features) = Random 4, large structure
                  let origin = drawMixture structure components features 1e2 random
                  Assert.True(isBatch (fitOf Gaussian.family origin.Mixture) (drawRows 20 origin random)))
          testForAll
              100
              "single rows have the bits of a batch, for k-means"
              sizes
              (fun (_, components, features, seed) ->
                  let random = Random seed
                  let centres = Array2D.init components features (fun _ _ -> normal random)
                  let mixture = Mixture.uniform components { Centres = Tensor.matrix centres }

                  isBatch
                      (fitOf Centroid.family mixture)
                      (Array.init 20 (fun _ -> Array.init features (fun _ -> normal random))))
          testCase "single rows have the bits of a batch, for exponential families" (fun () ->
              for family, means in exponentialFamilies do
                  forAll 40 sizes (fun (_, components, features, seed) ->
                      let components, features = min components 20, min features 9
                      let mixture = drawExponential family means components features (Random seed)
                      let all = ExponentialFamily.components family
                      isBatch (fitOf all mixture) (drawRowsOf all mixture seed)))
          testCase "single rows of density 0 under every component have the bits of a batch" (fun () ->
              let parameters = Bernoulli.ofProbabilities (array2D [ [ 0.0; 0.3 ]; [ 0.0; 1.0 ] ]) |> ok
              let mixture = Mixture.create [| 0.5; 0.5 |] parameters |> ok
              let rows = [| [| 1.0; 0.0 |]; [| 0.0; 0.0 |]; [| 0.0; 1.0 |] |]
              Assert.True(isBatch (fitOf (ExponentialFamily.components Bernoulli.family) mixture) rows))
          // Products whose parts' columns are out of order.
          testForAll
              60
              "single rows have the bits of a batch, for products"
              sizes
              (fun (structure, components, features, seed) ->
                  let random = Random seed
                  let d = min features 6
                  let gaussian = (drawMixture structure components d 1e2 random).Mixture

                  let exponential family =
                      let _, means = exponentialFamilies |> List.find (fun (other, _) -> other.Name = family)
                      let definition, _ = exponentialFamilies |> List.find (fun (other, _) -> other.Name = family)
                      definition, (drawExponential definition means components 2 random).Parameters

                  let others =
                      [ "poisson"; (if seed % 2 = 0 then "categorical" else "failures") ] |> List.map exponential

                  let columns = Array.init (d + 4) id |> Array.rev

                  let families =
                      Product.part Gaussian.family
                      :: [ for definition, _ in others -> Product.part (ExponentialFamily.components definition) ]

                  let parts =
                      (columns[.. d - 1], partOf gaussian.Parameters)
                      :: [ for i, (_, parameters) in List.indexed others ->
                               columns[d + 2 * i .. d + 2 * i + 1], partOf parameters ]

                  let family = Product.family families

                  let mixture =
                      { LogWeights = gaussian.LogWeights
                        Parameters = ({ Parts = parts }: Product) }

                  isBatch (fitOf family mixture) (drawRowsOf family mixture seed)) ]

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fails unless 1,000 calls allocate nothing on this thread, in one of ten rounds: a collection may take an array from the shared
/// pool, which large mixtures use, and the next call then makes another.
let private allocatesNothing (predictor: RowPredictor) (row: float[]) =
    let target = Array.zeroCreate<float> predictor.Components

    let call () =
        predictor.Label(ReadOnlySpan row) |> ignore
        predictor.LogDensity(ReadOnlySpan row) |> ignore
        predictor.Responsibilities(ReadOnlySpan row, Span target) |> ignore

    for _ in 1..100 do
        call ()

    let round () =
        let before = GC.GetAllocatedBytesForCurrentThread()

        for _ in 1..1000 do
            call ()

        GC.GetAllocatedBytesForCurrentThread() - before

    // The first round without ends them.
    Assert.Contains(0L, Seq.init 10 (fun _ -> round ()))

[<Tests>]
let memory =
    testList
        "RowPredictor: memory"
        [ testCase "single rows of built-in kinds allocate nothing" (fun () ->
              let random = Random 8

              for structure in Structure.all do
                  for components, features in [ 1, 1; 6, 7; large structure ] do
                      let origin = drawMixture structure components features 10.0 random
                      let predictor = RowPredictor.ofFit (fitOf Gaussian.family origin.Mixture)
                      let row = (drawRows 1 origin random)[0]
                      allocatesNothing predictor row

              let centres =
                  fitOf Centroid.family (Mixture.uniform 3 { Centres = Tensor.matrix (Array2D.zeroCreate 3 2) })

              allocatesNothing (RowPredictor.ofFit centres) [| 1.0; 2.0 |]

              for family, means in exponentialFamilies |> List.filter (fun (family, _) -> family.Name <> "failures") do
                  let mixture = drawExponential family means 3 4 random
                  let all = ExponentialFamily.components family
                  let row = (drawRowsOf all mixture 1)[0]
                  allocatesNothing (RowPredictor.ofFit (fitOf all mixture)) row

                  let parts =
                      [ [| 4; 0 |], partOf (drawMixture Full 3 2 10.0 random).Mixture.Parameters
                        [| 1; 2; 3; 5 |], partOf mixture.Parameters ]

                  let family = Product.family [ Product.part Gaussian.family; Product.part all ]
                  let product = Mixture.uniform 3 ({ Parts = parts }: Product)
                  let row = (drawRowsOf family product 1)[0]
                  allocatesNothing (RowPredictor.ofFit (fitOf family product)) row)
          testCase "any number of threads may use one predictor" (fun () ->
              let random = Random 9
              let origin = drawMixture Full 6 7 10.0 random
              let rows = drawRows 200 origin random
              let predictor = RowPredictor.ofFit (fitOf Gaussian.family origin.Mixture)
              let all () = rows |> Array.map (fun row -> predictor.LogDensity(ReadOnlySpan row)) |> bits
              let expected = all ()
              let others = Array.init 8 (fun _ -> Array.empty<int64>)
              let threads = Array.init 8 (fun i -> Thread(fun () -> others[i] <- all ()))
              threads |> Array.iter _.Start()
              threads |> Array.iter _.Join()

              for other in others do
                  Assert.Equal<int64[]>(expected, other)) ]

// ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let errors =
    testList
        "RowPredictor: errors"
        [ testCase "a row that a batch would reject has the batch's error" (fun () ->
              let gaussian = fitOf Gaussian.family (drawMixture TiedFull 3 2 10.0 (Random 1)).Mixture

              let counts =
                  fitOf
                      (ExponentialFamily.components Poisson.family)
                      (Mixture.uniform 1 (Poisson.ofRates (array2D [ [ 1.0; 2.0 ] ]) |> ok))

              let others =
                  fitOf
                      (ExponentialFamily.components geometric)
                      (drawExponential geometric (fun _ -> [| 2.0 |]) 2 2 (Random 1))

              let agree (fit: Fit<'θ>) (row: float[]) =
                  let predictor = RowPredictor.ofFit fit
                  let target = Array.zeroCreate<float> predictor.Components
                  let expected = Predict.labels fit (sourceOf [| row |]) |> error

                  for call in
                      [ fun () -> predictor.Label(ReadOnlySpan row) |> ignore
                        fun () -> predictor.LogDensity(ReadOnlySpan row) |> ignore
                        fun () -> predictor.Responsibilities(ReadOnlySpan row, Span target) |> ignore ] do
                      Assert.Equal(expected, Assert.Throws<GmmException>(call).Error)

              for row in [ [| 1.0 |]; [| 1.0; 2.0; 3.0 |]; [| nan; 1.0 |]; [| 1.0; infinity |]; [| 1.0; 1e151 |] ] do
                  agree gaussian row
                  agree counts row
                  agree others row

              for row in [ [| 1.0; 0.5 |]; [| -1.0; 2.0 |] ] do
                  agree counts row
                  agree others row)
          testCase "the target of responsibilities has a number for every component" (fun () ->
              let predictor = RowPredictor.ofFit (fitOf Gaussian.family (drawMixture Full 3 2 10.0 (Random 1)).Mixture)

              for length in [ 0; 2; 4 ] do
                  let call () =
                      predictor.Responsibilities(ReadOnlySpan [| 1.0; 2.0 |], Span(Array.zeroCreate<float> length))
                      |> ignore

                  let failure = Assert.Throws<ArgumentException> call

                  Assert.Equal(
                      $"The target must have 3 numbers, but has {length}. (Parameter 'target')",
                      failure.Message
                  )) ]
