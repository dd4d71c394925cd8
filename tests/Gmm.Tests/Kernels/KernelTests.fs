/// The kernels equal the textbook, whatever the family, and have the same bits at every width of vectors.
module Gmm.Tests.KernelTests

open System
open System.Reflection
open System.Runtime.Intrinsics
open Expecto
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Generators
open Gmm.Tests.Support

#nowarn "9" // Pointers: exp and ln work on buffers.

/// The runtime's switches that are off in this process, which therefore has narrower vectors; `build.fsx test` runs one with each.
let private switchedOff =
    [ "EnableAVX512"; "EnableAVX2"; "EnableHWIntrinsic" ]
    |> List.filter (fun switch -> Environment.GetEnvironmentVariable $"DOTNET_{switch}" = "0")

/// The widths to compare: all three. A process with narrower vectors compares those that it has: the others would run in software,
/// as in no fit, and take long.
let internal widths =
    [ Width.Bits512; Width.Bits256; Width.Bits128 ]
    |> List.filter (fun width -> switchedOff.IsEmpty || Width.numbers width <= Width.numbers Width.widest)

// ── Cases ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Sizes and circumstances of a block and a mixture; the numbers come from the seed.
type KernelCase =
    {
        Components: int
        Features: int
        /// Rows of the block, 0 among them.
        Rows: int
        /// Whether rows have weights, some of them 0.
        IsWeighted: bool
        /// How many standard deviations the data lie from 0.
        Offset: float
        /// Features differ in scale by this factor, from the first to the last.
        Scales: float
        Seed: int
    }

let private simplest (case: KernelCase) =
    seq {
        { case with Offset = 0.0 }
        { case with Scales = 1.0 }
        { case with IsWeighted = false }

        for fewer in [ 1; case.Components / 2; case.Components - 1 ] do
            { case with Components = max 1 fewer }

        for fewer in [ 1; case.Features / 2; case.Features - 1 ] do
            { case with Features = max 1 fewer }

        for fewer in [ 0; 1; case.Rows / 2; case.Rows - 1 ] do
            { case with Rows = max 0 fewer }
    }
    |> Seq.filter (fun smaller -> smaller <> case)

let private cases: Arbitrary<KernelCase> =
    let draw size (random: Random) =
        let upTo most = 1 + random.Next(1 + most * size / 100) |> min most

        { Components = upTo 40
          Features = upTo 33
          Rows = (if random.Next 8 = 0 then random.Next 3 else random.Next 258)
          IsWeighted = random.Next 2 = 0
          Offset = [| 0.0; 0.0; 1e3; 1e6 |][random.Next 4]
          Scales = [| 1.0; 1.0; 1e6; 1e-6 |][random.Next 4]
          Seed = random.Next 1000000 }

    Arb.fromGenShrink (drawing draw, simplest)

/// Rows as a block, with the case's weights.
let private blockOf (case: KernelCase) (rows: float[][]) random =
    let weights = drawSampleWeights rows.Length random

    { FirstRow = 0L
      Rows = rows.Length
      Columns = case.Features
      Numbers = Numbers.Float64(ReadOnlyMemory(Array.concat rows))
      Weights = if case.IsWeighted then Some(ReadOnlyMemory weights) else None }

/// A mixture of a structure, rescaled and moved, and a block of rows drawn from it.
let private gaussianCase structure (case: KernelCase) =
    let random = Random case.Seed
    let origin = drawMixture structure case.Components case.Features 1e2 random
    let drawn = drawRows case.Rows origin random

    let scale j =
        if (Structure.layout structure).Shape = Shape.Spherical then
            case.Scales
        else
            Math.Pow(case.Scales, float j / float case.Features)

    let moved = Array.mapi (fun j x -> scale j * (x + case.Offset))

    let mixture =
        mixtureOf
            structure
            origin.Weights
            (array2D (origin.Means |> Array.map moved))
            (MixtureCase.TensorOf(
                structure,
                case.Components,
                origin.Covariances |> Array.map (Array2D.mapi (fun i j x -> x * scale i * scale j))
            ))

    mixture, blockOf case (drawn |> Array.map moved) random

// ── Comparison ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// Why two statistics of a block differ by more than rounding: than `rounding` of the sum of the magnitudes of what the rows
/// add. `ofRow` are the textbook's statistics of every row alone.
let private difference (ofRow: Statistics[]) (expected: Statistics) (actual: Statistics) =
    let magnitude (number: Statistics -> float) = ofRow |> Array.sumBy (number >> abs)

    let differs what i (number: Statistics -> float) extra =
        // Products of subnormal numbers have no relative precision.
        let scale = magnitude number + extra + 1e-290
        let a, b = number expected, number actual

        if a = b || abs (a - b) <= Tolerance.rounding * scale then
            None
        else
            Some $"{what} {i}: {b:R} instead of {a:R}, magnitude {scale:R}"

    seq {
        differs "weight" 0 _.Weight 0.0
        differs "log-likelihood" 0 _.LogLikelihood (1000.0 * magnitude _.Weight)

        for k in 0 .. expected.Counts.Length - 1 do
            differs "count" k _.Counts[k] 0.0

        for s in 0 .. expected.Sums.Length - 1 do
            for i in 0 .. expected.Sums[s].Length - 1 do
                differs $"sum {s}" i _.Sums[s].[i] 0.0
    }
    |> Seq.tryPick id

/// Whether the kernels of every width have the statistics of the textbook, and the same bits as each other.
let private isTextbook (family: Family<'θ>) responsibility (mixture: Mixture<'θ>) (block: Block) =
    let textbook = Textbook.expect Reference.engine family responsibility mixture
    let expected = textbook [ block ]
    let ofRow = Array.init block.Rows (fun i -> textbook [ block.Slice(i, 1) ])
    let source = sourceOfBlock block

    let kernels width =
        match responsibility with
        | Responsibility.Assigned assignment -> statisticsOn (Kernel.backendOf width) family assignment mixture source
        | Responsibility.Given given -> Kernel.givenBy width family oneThread given source mixture

    let found = widths |> List.map kernels

    match difference ofRow expected found.Head with
    | Some text -> failwith text
    | None ->
        for other in found.Tail do
            Assert.Equal<int64[]>(bits (Statistics.pack found.Head), bits (Statistics.pack other))

        true

let private assignments =
    Map.ofList [ "soft", Responsibility.Assigned Soft; "hard", Responsibility.Assigned Hard ]

let gaussianModels =
    [ for structure in Generators.independent do
          for assignment in [ "soft"; "hard" ] do
              (Structure.name structure, assignment) ]

[<Tests>]
let comparison =
    testList
        "Kernel: comparison"
        [ testTheory
              "the kernels have the textbook's statistics"
              gaussianModels
              (fun (structure: string, assignment: string) ->
                  let structure = Structure.parse structure |> ok

                  forAll 60 cases (fun case ->
                      let mixture, block = gaussianCase structure case
                      isTextbook Gaussian.family assignments[assignment] mixture block))
          // From 32 features on, vectors hold columns of one row.
          testTheory
              "the kernels have the textbook's statistics of many features"
              [ "soft"; "hard" ]
              (fun (assignment: string) ->
                  forAll 15 cases (fun case ->
                      let case =
                          { case with
                              Features = 28 + case.Features
                              Components = 1 + case.Components / 8 }

                      let mixture, block = gaussianCase Full case
                      isTextbook Gaussian.family assignments[assignment] mixture block))
          // Without weights, the kernels pass over rows that change no sum of a component. The last component owns
          // 1e-14 of the nearest rows, or 1e-125, and nothing more: its sums are small, too.
          testTheory
              "the kernels have the textbook's statistics of components far apart, also of one without rows"
              [ for features in [ 5; 16; 33; 64 ] do
                    for power in [ None; Some 0; Some -300; Some 300 ] -> features, power ]
              (fun (features: int, power: int option) ->
                  for distance in [ 8.0; 16.0; 24.0 ] do
                      let random = Random features
                      let rows = 300

                      let means =
                          array2D
                              [ for k in 0..4 ->
                                    Array.init features (fun j ->
                                        if j <> k % 4 then 0.0
                                        elif k < 4 then 30.0
                                        else 30.0 + distance) ]

                      let row _ =
                          let k = random.Next 4
                          Array.init features (fun j -> means[k, j] + normal random)

                      let weights power =
                          drawSampleWeights rows random
                          |> Array.map (fun weight -> Math.ScaleB(weight, power))
                          |> ReadOnlyMemory

                      let block =
                          { FirstRow = 0L
                            Rows = rows
                            Columns = features
                            Numbers = Numbers.Float64(ReadOnlyMemory(Array.concat (Seq.init rows row)))
                            Weights = Option.map weights power }

                      let mixture = mixtureOf Full (Array.create 5 0.2) means (Tensor.scalar 1.0)
                      Assert.True(isTextbook Gaussian.family (Responsibility.Assigned Soft) mixture block))
          // Rows that own next to nothing, but count by their distance.
          testTheory "a row of little weight counts where it is all that lies apart" [ 16; 33; 64 ] (fun features ->
              let rows = 40
              let random = Random features
              let values = Array.init (rows * features) (fun i -> if i < features then 0.0 else normal random)

              let weighted weights =
                  { FirstRow = 0L
                    Rows = rows
                    Columns = features
                    Numbers = Numbers.Float64(ReadOnlyMemory values)
                    Weights = weights }

              let weights = Array.init rows (fun n -> if n = 0 then 1.0 else exp -80.0)
              let mixture = mixtureOf Full [| 1.0 |] (Array2D.zeroCreate 1 features) (Tensor.scalar 1.0)
              let block = weighted (Some(ReadOnlyMemory weights))
              Assert.True(isTextbook Gaussian.family (Responsibility.Assigned Soft) mixture block)
              let given (block: Block) = Array.init block.Rows (fun i -> weights[int block.FirstRow + i])
              Assert.True(isTextbook Gaussian.family (Responsibility.Given given) mixture (weighted None))

              // E(u|x) of a row far away is as small as its distance is large.
              let far = Array.mapi (fun i x -> if i < features then 1e20 else x) values

              let student =
                  StudentT.create Full (Array2D.zeroCreate 1 features) (Tensor.scalar 1.0) [| 4.0 |]
                  |> ok
                  |> Mixture.uniform 1

              let block =
                  { weighted None with
                      Numbers = Numbers.Float64(ReadOnlyMemory far) }

              Assert.True(isTextbook StudentT.family (Responsibility.Assigned Soft) student block)) ]

// ── Other families ──────────────────────────────────────────────────────────────────────────────────────────────────

let private block (case: KernelCase) draw =
    let random = Random case.Seed
    let rows = Array.init case.Rows (fun _ -> Array.init case.Features (fun _ -> draw random))
    blockOf case rows random

/// K×D numbers.
let private parametersOf (case: KernelCase) draw =
    let random = Random(case.Seed + 1)
    Array2D.init case.Components case.Features (fun _ _ -> draw random)

/// A mixture whose first weights are 0 in some cases.
let private weighted (case: KernelCase) parameters =
    let weight k =
        if k = 0 && case.Components > 1 && case.Seed % 3 = 0 then
            0.0
        else
            float (1 + k % 3)

    Mixture.create (Array.init case.Components weight) parameters |> ok

let private unit (random: Random) = random.NextDouble()

/// Of probabilities, some are 0 or 1.
let private probability (random: Random) = if random.Next 6 = 0 then float (random.Next 2) else random.NextDouble()

let private exponentialKinds
    : (string * (KernelCase -> Family<ExponentialParameters> * ExponentialParameters * Block)) list =
    let bit (random: Random) = float (random.Next 2)

    [ "bernoulli",
      fun case ->
          ExponentialFamily.components Bernoulli.family,
          Bernoulli.ofProbabilities (parametersOf case probability) |> ok,
          block case bit
      "binomial",
      fun case ->
          ExponentialFamily.components (Binomial.family 7),
          Binomial.ofProbabilities 7 (parametersOf case probability) |> ok,
          block case (fun random -> float (random.Next 8))
      "categorical",
      fun case ->
          let shares = parametersOf case unit

          ExponentialFamily.components (Categorical.family 3),
          Categorical.ofProbabilities (
              Array3D.init case.Components case.Features 3 (fun k j l ->
                  [| 0.5 * shares[k, j]; 0.5; 0.5 - 0.5 * shares[k, j] |][l])
          )
          |> ok,
          block case (fun random -> float (random.Next 3))
      "poisson",
      fun case ->
          ExponentialFamily.components Poisson.family,
          Poisson.ofRates (parametersOf case (fun random -> 5.0 * unit random)) |> ok,
          block case (fun random -> float (random.Next 12))
      "exponential",
      fun case ->
          ExponentialFamily.components Exponential.family,
          Exponential.ofRates (parametersOf case (fun random -> 0.1 + unit random)) |> ok,
          block case (fun random -> -log(1.0 - unit random))
      "geometric",
      fun case ->
          ExponentialFamily.components Geometric.family,
          Geometric.ofProbabilities (parametersOf case (fun random -> 1.0 - unit random)) |> ok,
          block case (fun random -> float (random.Next 12))
      "gamma",
      fun case ->
          ExponentialFamily.components Gamma.family,
          Gamma.ofShapesAndRates
              (parametersOf case (fun random -> 0.5 + 9.0 * unit random))
              (parametersOf case (fun random -> 0.1 + unit random))
          |> ok,
          block case (fun random -> 1.0 - log (1.0 - unit random))
      "lognormal",
      fun case ->
          ExponentialFamily.components LogNormal.family,
          LogNormal.ofLogMeansAndDeviations
              (parametersOf case normal)
              (parametersOf case (fun random -> 0.5 + unit random))
          |> ok,
          block case (fun random -> exp (normal random))
      "beta",
      fun case ->
          ExponentialFamily.components Beta.family,
          Beta.ofAlphasAndBetas
              (parametersOf case (fun random -> 0.5 + 9.0 * unit random))
              (parametersOf case (fun random -> 0.5 + 9.0 * unit random))
          |> ok,
          block case (fun random -> 0.001 + 0.998 * unit random) ]

let exponentialModels =
    [ for kind, _ in exponentialKinds do
          for assignment in [ "soft"; "hard" ] do
              (kind, assignment) ]

[<Tests>]
let ``other families`` =
    testList
        "Kernel: other families"
        [ testTheory
              "the kernels have the textbook's statistics of exponential families"
              exponentialModels
              (fun (kind: string, assignment: string) ->
                  let kind = exponentialKinds |> List.find (fst >> (=) kind) |> snd

                  forAll 40 cases (fun case ->
                      let family, parameters, block = kind case
                      isTextbook family assignments[assignment] (weighted case parameters) block))
          testTheory
              "the kernels have the textbook's statistics of products"
              [ "soft"; "hard" ]
              (fun (assignment: string) ->
                  forAll 40 cases (fun case ->
                      let case =
                          { case with
                              Features = 1 + case.Features / 4 }

                      let gaussian, gaussianBlock = gaussianCase Structure.all[case.Seed % 6] case
                      let _, counts, countBlock = exponentialKinds |> List.find (fst >> (=) "poisson") |> snd <| case
                      let _, bits, bitBlock = exponentialKinds |> List.find (fst >> (=) "bernoulli") |> snd <| case
                      let parts, d = [ countBlock; gaussianBlock; bitBlock ], case.Features

                      let rows =
                          Array.init case.Rows (fun i ->
                              parts |> Seq.map (fun part -> part.Row(i).ToArray()) |> Array.concat)

                      // The parts' columns, not in order.
                      let columns = List.init 3 (fun p -> [| for j in d - 1 .. -1 .. 0 -> p * d + j |])
                      let reversed = Array.concat [ for p in 0..2 -> Array.rev [| p * d .. p * d + d - 1 |] ]

                      let family =
                          Product.family
                              [ Product.part (ExponentialFamily.components Poisson.family)
                                Product.part Gaussian.family
                                Product.part (ExponentialFamily.components Bernoulli.family) ]

                      let product: Product =
                          { Parts = List.zip columns [ partOf counts; partOf gaussian.Parameters; partOf bits ] }

                      let whole =
                          blockOf
                              { case with Features = 3 * d }
                              (rows |> Array.map (fun row -> reversed |> Array.map (fun j -> row[j])))
                              (Random case.Seed)

                      isTextbook family assignments[assignment] (weighted case product) whole))
          testTheory
              "the kernels have the textbook's statistics of centroids"
              [ "soft"; "hard" ]
              (fun (assignment: string) ->
                  forAll 60 cases (fun case ->
                      let mixture, block = gaussianCase Spherical case

                      let centroids =
                          { LogWeights = Tensor.vector (Array.zeroCreate case.Components)
                            Parameters = { Centres = mixture.Parameters.Means } }

                      isTextbook Centroid.family assignments[assignment] centroids block))
          testForAll
              30
              "the kernels have the textbook's statistics of many centroids, some of them equal"
              cases
              (fun case ->
                  let case =
                      { case with
                          Components = 2100 / case.Features + case.Components
                          Rows = case.Rows % 40 }

                  let mixture, block = gaussianCase Spherical case
                  let means = mixture.Parameters.Means.toArray2D ()
                  let centres = Array2D.init case.Components case.Features (fun k j -> means[k / 2 * 2, j])

                  let centroids =
                      { LogWeights = Tensor.vector (Array.zeroCreate case.Components)
                        Parameters = { Centres = Tensor.matrix centres } }

                  isTextbook Centroid.family (Responsibility.Assigned Hard) centroids block)
          testTheory
              "the kernels have the textbook's statistics of centroids of any weights, with and without noise"
              [ "soft", true; "soft", false; "hard", true; "hard", false ]
              (fun (assignment: string, hasNoise) ->
                  forAll 60 cases (fun case ->
                      let mixture, block = gaussianCase Spherical case
                      let edge value = Array.create case.Features value

                      let noise =
                          { LogDensity = -2.0 * float case.Features
                            IsMeasured = false
                            Low = edge 0.0
                            High = edge 1.0
                            IsWhole = Array.create case.Features false }

                      let family = if hasNoise then Noise.wrap noise Centroid.family else Centroid.family
                      let count = if hasNoise then case.Components + 1 else case.Components

                      let centroids =
                          { LogWeights = Tensor.vector (Array.init count (fun k -> log (float (k % 7 + 1))))
                            Parameters = { Centres = mixture.Parameters.Means } }

                      isTextbook family assignments[assignment] centroids block))
          testForAll 100 "the kernels have the textbook's statistics of given responsibilities" cases (fun case ->
              let mixture, block = gaussianCase Structure.all[case.Seed % 6] case

              // Not all rows sum to 1, and some are 0.
              let given (block: Block) =
                  Array.init (block.Rows * case.Components) (fun i ->
                      let n = int block.FirstRow + i / case.Components
                      if n % 5 = 0 then 0.0 else float ((n + i % case.Components) % 4) / 2.0)

              isTextbook Gaussian.family (Responsibility.Given given) mixture block) ]

// ── Joint log-densities ─────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``joint log-densities`` =
    testList
        "Kernel: joint log-densities"
        [ testForAll 150 "the kernels have the textbook's joint log-densities" cases (fun case ->
              let mixture, block = gaussianCase Structure.all[case.Seed % 6] case
              let expected = Textbook.logJoint Reference.engine Gaussian.family mixture block

              for width in widths do
                  let actual = Kernel.logJointBy width Gaussian.family mixture block
                  // ln |W| and the distance may cancel.
                  let scale = 1000.0 + (expected |> Seq.map abs |> Seq.fold max 0.0)
                  Assert.True(allWithin Tolerance.rounding scale expected actual)

              true) ]

// ── Distances to the nearest centre ─────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``distances to the nearest centre`` =
    testList
        "Kernel: distances to the nearest centre"
        [ testForAll
              200
              "the kernels have the distances to the nearest centre, and what further centres would leave"
              cases
              (fun case ->
                  let mixture, block = gaussianCase Spherical case

                  let centres =
                      mixture.Parameters.Means.toArray2D ()
                      |> fun means -> Array.init case.Components (fun k -> means[k, *])

                  let random = Random case.Seed
                  let last = random.Next(case.Components + 1)
                  let first = random.Next(last + 1)
                  let before = Array.init case.Rows (fun i -> if i % 3 = 0 then infinity else random.NextDouble())

                  let squared i k =
                      Array.fold2 (fun sum x y -> sum + (x - y) * (x - y)) 0.0 (block.Row(i).ToArray()) centres[k]

                  let expected =
                      before
                      |> Array.mapi (fun i least ->
                          Seq.fold min least (seq { first .. last - 1 } |> Seq.map (squared i)))

                  // Distances to rows far from 0 lose what the coordinates lose.
                  let close (expected: float) (actual: float) =
                      expected = actual || abs (expected - actual) <= Tolerance.rounding * expected

                  let found =
                      [ for width in widths do
                            let nearest, kernel = Array.copy before, Kernel.nearestCentreOf width
                            kernel.Prepare centres
                            let sums = kernel.Lower(block, first, last, Span nearest)
                            nearest, sums ]

                  let nearest, sums = found.Head
                  Assert.True(Array.forall2 close expected nearest)
                  Assert.Equal(case.Components - last, sums.Length)

                  for k in last .. case.Components - 1 do
                      let left =
                          Seq.init case.Rows (fun i -> block.Weight i * min expected[i] (squared i k)) |> Seq.sum

                      Assert.True(close left sums[k - last])

                  for others, otherSums in found.Tail do
                      Assert.Equal<int64[]>(bits nearest, bits others)
                      Assert.Equal<int64[]>(bits sums, bits otherSums)

                  true) ]

// ── Rows and components that are not there ──────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``rows and components that are not there`` =
    testList
        "Kernel: rows and components that are not there"
        [ testTheory
              "rows of density 0 and components of weight 0 are as the textbook has them"
              [ "soft"; "hard" ]
              (fun (assignment: string) ->
                  // A 1 where p = 0 and a 0 where p = 1: impossible under every component.
                  let parameters =
                      Bernoulli.ofProbabilities (array2D [ [ 0.0; 0.3 ]; [ 0.0; 0.6 ]; [ 0.0; 1.0 ] ]) |> ok

                  let mixture = Mixture.create [| 0.5; 0.5; 0.0 |] parameters |> ok

                  let rows weights =
                      { FirstRow = 0L
                        Rows = 4
                        Columns = 2
                        Numbers = Numbers.Float64(ReadOnlyMemory [| 0.0; 1.0; 1.0; 0.0; 0.0; 0.0; 1.0; 1.0 |])
                        Weights = weights }

                  let family = ExponentialFamily.components Bernoulli.family

                  for weights in [ None; Some [| 1.0; 0.0; 2.0; 0.0 |]; Some [| 0.0; 0.0; 0.0; 0.0 |] ] do
                      let block = rows (weights |> Option.map ReadOnlyMemory)
                      Assert.True(isTextbook family assignments[assignment] mixture block))
          testCase "all components may have weight 0 for a row that is impossible" (fun () ->
              let gaussian = mixtureOf Full [| 1.0; 1.0 |] (array2D [ [ 0.0 ]; [ 1.0 ] ]) (Tensor.scalar 1.0)

              let mixture =
                  { gaussian with
                      LogWeights = Tensor.vector [| -infinity; -infinity |] }

              let block =
                  { FirstRow = 0L
                    Rows = 2
                    Columns = 1
                    Numbers = Numbers.Float64(ReadOnlyMemory [| 0.0; 3.0 |])
                    Weights = None }

              Assert.True(isTextbook Gaussian.family assignments["soft"] mixture block)) ]

// ── The first call ──────────────────────────────────────────────────────────────────────────────────────────────────

[<Tests>]
let ``the first call`` =
    testList
        "Kernel: the first call"
        [
          // Numbers/Optimised.fs says why and how.
          testCase "the runtime optimises every kernel at its first call" (fun () ->
              let flags =
                  BindingFlags.Static ||| BindingFlags.Instance ||| BindingFlags.Public ||| BindingFlags.NonPublic

              let methods =
                  [ for kernel in typeof<NearestCentre>.Assembly.GetTypes() do
                        if kernel.IsDefined(typeof<OptimisedAttribute>, false) then
                            for method in kernel.GetMethods(flags ||| BindingFlags.DeclaredOnly) do
                                if not method.IsAbstract then
                                    method.MethodImplementationFlags ]

              let isEither (flags: MethodImplAttributes) =
                  flags.HasFlag MethodImplAttributes.AggressiveOptimization
                  || flags.HasFlag MethodImplAttributes.AggressiveInlining

              Assert.True(methods.Length > 50)
              Assert.All(methods, isEither >> Assert.True))
          // optimise.fsx says why.
          testCase "generic methods of classes without a static constructor can be compiled ahead of time" (fun () ->
              let classes =
                  [ for definition in typeof<NearestCentre>.Assembly.GetTypes() do
                        if not definition.IsInterface && isNull definition.TypeInitializer then
                            definition.Attributes ]

              Assert.True(classes.Length > 500)
              Assert.All(classes, _.HasFlag(TypeAttributes.BeforeFieldInit) >> Assert.True)) ]

// ── Threads ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Fails unless an E-step has the same bits for these numbers of threads, at every width of vectors.
let internal sameBits threads (family: Family<'θ>) source mixture =
    let statistics threads width =
        let model =
            { Model.ofFamily family with
                Backend = Kernel.backendOf width
                Execution =
                    { Execution.Default with
                        Threads = threads } }

        EM.eStep model source mixture |> Statistics.pack |> bits

    let expected = statistics 1 widths.Head

    for threads in threads do
        for width in widths do
            Assert.Equal<int64[]>(expected, statistics threads width)

[<Tests>]
let threadsTests =
    testList
        "Kernel: threads"
        [ testCase "threads and widths change no bit of an E-step" (fun () ->
              let alike features rows structures =
                  let random = Random 8
                  let origin = drawMixture TiedFull 5 features 10.0 random
                  let source = sourceOf (drawRows rows origin random)
                  Assert.True(source.Blocks > 64L)

                  for structure in structures do
                      mixtureOf structure origin.Weights (array2D origin.Means) (Tensor.scalar 2.0)
                      |> sameBits [ 1; 2; 3; 8 ] Gaussian.family source

              alike 16 40000 Generators.independent

              for features, rows in [ 37, 16000; 40, 14000; 75, 8000 ] do
                  alike features rows [ Full ])
          // Only sums, products and comparisons, which round alike everywhere.
          testCase "k-means has these bits in every process" (fun () ->
              let random = RandomStream.ofSeed 3
              let rows = Array.init 3000 (fun n -> Array.init 7 (fun j -> random.NextDouble() + float (n % 4 * j)))
              let source = sourceOf rows |> Source.weighted (Array.init 3000 (fun n -> float (n % 3))) |> ok
              let centres = Centres.kPlusPlus Execution.Default random 5 source |> ok
              let start = (KMeans.iterates oneThread source centres |> Seq.head |> ok).Mixture
              let statistics = EM.eStep (KMeans.model Execution.Default) source start |> Statistics.pack
              let hash = Array.fold (fun hash bits -> hash * 1000003L ^^^ bits) 0L (bits statistics)
              Assert.Equal(-886984220435615786L, hash))
          testCase "the kernels are no wider than the process may be" (fun () ->
              if switchedOff |> List.exists ((<>) "EnableAVX512") then
                  Assert.Equal(Width.Bits128, Width.widest)
              elif not switchedOff.IsEmpty then
                  Assert.NotEqual(Width.Bits512, Width.widest)
              else
                  Assert.Equal(
                      Width.Bits512,
                      (if Vector512.IsHardwareAccelerated then Width.widest else Width.Bits512)
                  )) ]

// ── exp and ln ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// What a function in place makes of some numbers at each width. The widths agree to the last bit, also with the function of
/// one number and with that of a span of any length.
let private inPlace
    name
    (apply: Width -> nativeptr<float> -> int -> unit)
    (alone: float -> float)
    (each: float[] -> unit)
    (numbers: float[])
    =
    let length = (numbers.Length + 7) / 8 * 8
    let padded = Array.append numbers (Array.create (length - numbers.Length) 1.0)

    let results =
        widths
        |> List.map (fun width ->
            let copy = Array.copy padded
            use pinned = fixed copy
            apply width pinned length
            Array.truncate numbers.Length copy)

    for other in results.Tail do
        Assert.True((bits results.Head = bits other), $"{name} differs between widths")

    Assert.True((bits results.Head = bits (Array.map alone numbers)), $"{name} of one number differs")

    for length in [ numbers.Length; 0; 1; 7; 8; 9; 23 ] do
        let some = Array.truncate length numbers
        each some
        Assert.True((bits (Array.truncate length results.Head) = bits some), $"{name} of {length} numbers differs")

    results.Head

let private exps =
    inPlace
        "exp"
        (fun width address count ->
            match width with
            | Width.Bits512 -> Elementary.expVectors<Lanes512, _> address count
            | Width.Bits256 -> Elementary.expVectors<Lanes256, _> address count
            | Width.Bits128 -> Elementary.expVectors<Lanes128, _> address count)
        Elementary.exp
        (fun numbers -> Elementary.expEach (Span numbers))

let private logs =
    inPlace
        "log"
        (fun width address count ->
            match width with
            | Width.Bits512 -> Elementary.logVectors<Lanes512, _> address count
            | Width.Bits256 -> Elementary.logVectors<Lanes256, _> address count
            | Width.Bits128 -> Elementary.logVectors<Lanes128, _> address count)
        Elementary.log
        (fun numbers -> Elementary.logEach (Span numbers))

/// How many representable numbers lie between two.
let private between (a: float) (b: float) =
    let ordered (x: float) =
        let bits = BitConverter.DoubleToInt64Bits x
        if bits < 0L then Int64.MinValue - bits else bits

    abs (ordered a - ordered b)

/// Within 2 units in the last place of .NET's own, which has at most 1.
let private isClose (expected: float) (actual: float) =
    (Double.IsNaN expected && Double.IsNaN actual) || between expected actual <= 2L

let private special =
    [| 0.0
       -0.0
       1.0
       -1.0
       infinity
       -infinity
       nan
       Double.Epsilon
       -Double.Epsilon
       2.2250738585072014e-308
       2.225073858507201e-308
       Double.MaxValue
       Double.MinValue
       709.782712893384
       709.7827128933841
       -708.3964185322641
       -708.4
       -744.4400719213812
       -745.1332191019411
       -745.1332191019412
       -745.2
       -746.0
       -800.0
       1e-300
       sqrt 0.5
       sqrt 2.0
       0.9999999999999999
       1.0000000000000002
       log 2.0 / 2.0
       -log 2.0 / 2.0 |]

/// Numbers of every magnitude, both signs.
let private everywhere count =
    let random = Random 11

    Array.init count (fun _ ->
        let bits = random.NextInt64() ^^^ (random.NextInt64() <<< 1)
        BitConverter.Int64BitsToDouble bits)

[<Tests>]
let ``exp and ln`` =
    testList
        "Kernel: exp and ln"
        [ testCase "exp is within 2 units in the last place everywhere" (fun () ->
              let random = Random 12
              let ordinary = Array.init 200000 (fun _ -> 1500.0 * random.NextDouble() - 760.0)
              let small = Array.init 100000 (fun _ -> random.NextDouble() - 0.5)
              let subnormal = Array.init 100000 (fun _ -> -708.0 - 38.0 * random.NextDouble())
              let numbers = Array.concat [ special; ordinary; small; subnormal; everywhere 100000 ]

              for x, actual in Array.zip numbers (exps numbers) do
                  Assert.True(isClose (Math.Exp x) actual, $"exp {x:R} is {Math.Exp x:R}, not {actual:R}"))
          testCase "log is within 2 units in the last place everywhere" (fun () ->
              let random = Random 13
              let near = Array.init 200000 (fun _ -> 0.5 + 1.5 * random.NextDouble())
              let subnormal = Array.init 100000 (fun _ -> BitConverter.Int64BitsToDouble(random.NextInt64(1L <<< 52)))
              let numbers = Array.concat [ special; near; subnormal; everywhere 200000 ]

              for x, actual in Array.zip numbers (logs numbers) do
                  Assert.True(isClose (Math.Log x) actual, $"log {x:R} is {Math.Log x:R}, not {actual:R}")) ]
