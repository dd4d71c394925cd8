/// Generated mixtures, data, sample weights and priors, with shrinkers: the one place where properties get their values.
///
/// A case is plain numbers, so that a counterexample prints as something one can read and type in. Sizes grow from the
/// first case of a property to its last. Shrinking takes away rows, components, features, weights and beliefs, then
/// makes the numbers round; every smaller case is again a valid one.
module Gmm.Tests.Generators

open System
open FsCheck
open FsCheck.FSharp
open Gmm
open Gmm.Tests.Support
open MathNet.Numerics.LinearAlgebra

// ── Drawing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A generator that draws from a random stream, given a size from 1 to 100.
let drawing (draw: int -> Random -> 'T) : Gen<'T> =
    Gen.sized (fun size -> Gen.choose (0, Int32.MaxValue - 1) |> Gen.map (fun seed -> draw size (Random seed)))

/// Data lie on multiples of 2⁻¹⁶, so that adding a whole number below 2³⁵ changes no digit of them.
let onGrid (x: float) = Math.Round(x * 65536.0) / 65536.0

let private uniform low high (random: Random) = low + (high - low) * random.NextDouble()

let private logUniform low high random = exp (uniform (log low) (log high) random)

/// A standard normal number (Box and Muller 1958).
let normal (random: Random) = sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * Math.PI * random.NextDouble())

/// A count from 1 to at most `most`, small for small sizes.
let private count most size (random: Random) = 1 + random.Next(1 + (most - 1) * size / 100)

/// A D×D rotation: the Q of a matrix of normal numbers.
let rotation features (random: Random) : float[,] =
    let q = Matrix<float>.Build.Dense(features, features, (fun _ _ -> normal random)).QR().Q
    q.ToArray()

// ── Rounding ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Simpler numbers near x, the simplest first: whole, then one decimal, then two.
let simpler (x: float) : float seq =
    seq { 0..2 } |> Seq.map (fun digits -> Math.Round(x, digits)) |> Seq.filter (fun rounded -> rounded <> x)

/// Arrays whose every number is rounded to as few decimals as each choice says.
let private roundedAll (values: float[]) =
    seq { 0..2 }
    |> Seq.map (fun digits -> values |> Array.map (fun x -> Math.Round(x, digits)))
    |> Seq.filter (fun rounded -> rounded <> values)

let private without index values = Array.removeAt index values

// ── Structures ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The structures of which each matrix is estimated alone: all but VEI … EVV.
let independent = List.filter Structure.isPlanewise Structure.all

/// All structures; of the first six, later ones have fewer parameters.
let structures: Arbitrary<Structure> =
    Arb.fromGenShrink (
        Gen.elements Structure.all,
        fun structure -> Structure.all |> Seq.skip (1 + List.findIndex ((=) structure) Structure.all) |> Seq.rev
    )

// ── Symmetric positive definite matrices ────────────────────────────────────────────────────────────────────────────

/// Whether a symmetric matrix has a Cholesky factor.
let isPositiveDefinite (matrix: float[,]) =
    try
        (dense matrix).Cholesky().Factor.Diagonal() |> Seq.forall (fun pivot -> pivot > 0.0)
    with :? ArgumentException ->
        false

/// A random D×D symmetric positive definite matrix whose largest and smallest eigenvalues are at most `condition` apart.
let drawSpd features condition (random: Random) : float[,] =
    let q = dense (rotation features random)
    let scale = logUniform 0.1 10.0 random
    let eigenvalues = Array.init features (fun _ -> scale * logUniform (1.0 / condition) 1.0 random)
    let a = q * Matrix<float>.Build.DenseOfDiagonalArray eigenvalues * q.Transpose()
    Array2D.init features features (fun i j -> (a[i, j] + a[j, i]) / 2.0)

let private identity features = Array2D.init features features (fun i j -> if i = j then 1.0 else 0.0)

let private dropRowAndColumn j (matrix: float[,]) =
    let kept = [| 0 .. Array2D.length1 matrix - 1 |] |> without j
    Array2D.init kept.Length kept.Length (fun a b -> matrix[kept[a], kept[b]])

let private diagonalOf (matrix: float[,]) = matrix |> Array2D.mapi (fun i j x -> if i = j then x else 0.0)

/// Smaller and rounder matrices that are still positive definite: I, the diagonal, a feature less, fewer decimals.
let shrinkSpd (matrix: float[,]) : float[,] seq =
    let features = Array2D.length1 matrix

    seq {
        yield identity features
        yield diagonalOf matrix

        if features > 1 then
            for j in 0 .. features - 1 do
                yield dropRowAndColumn j matrix

        for digits in 0..2 do
            yield matrix |> Array2D.map (fun x -> Math.Round(x, digits))
    }
    |> Seq.filter (fun smaller -> smaller <> matrix && isPositiveDefinite smaller)

let private spdOf condition =
    Arb.fromGenShrink (drawing (fun size random -> drawSpd (count 5 size random) condition random), shrinkSpd)

/// Matrices of 1 to 5 features and a condition number of at most 100.
let wellConditioned = spdOf 1e2

/// Matrices of 1 to 5 features and a condition number of up to 10¹⁰.
let illConditioned = spdOf 1e10

// ── Mixtures ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A Gaussian mixture of K components and D features in plain numbers.
type MixtureCase =
    {
        Structure: Structure
        /// Positive, not yet summing to one (K).
        Weights: float[]
        /// K of D numbers.
        Means: float[][]
        /// A D×D matrix for every covariance of the structure (K, or 1 when tied).
        Covariances: float[,][]
    }

    member case.Components = case.Weights.Length
    member case.Features = case.Means[0].Length
    member case.Layout = Structure.layout case.Structure

    /// Σₖ, whatever the structure.
    member case.Covariance k = case.Covariances[Layout.planeOf case.Layout k]

    /// The covariances as the library takes them.
    member case.CovarianceTensor = MixtureCase.TensorOf(case.Structure, case.Components, case.Covariances)

    /// The library's mixture.
    member case.Mixture =
        Gaussian.create case.Structure (array2D case.Means) case.CovarianceTensor
        |> Result.bind (Mixture.create case.Weights)
        |> GmmError.get

    /// D×D matrices in a structure's layout.
    static member TensorOf(structure, components, matrices: float[,][]) =
        let features, layout = Array2D.length1 matrices[0], Structure.layout structure

        let plane (matrix: float[,]) =
            match layout.Shape with
            | Shape.Full -> matrix |> Seq.cast<float> |> Array.ofSeq
            | Shape.Diag -> Array.init features (fun j -> matrix[j, j])
            | Shape.Spherical -> [| matrix[0, 0] |]

        Tensor.create (Layout.covarianceShape components features layout) (matrices |> Array.collect plane)

/// A matrix of the structure's shape: its diagonal for diag, its first variance times I for spherical.
let restrict structure (matrix: float[,]) =
    match (Structure.layout structure).Shape with
    | Shape.Full -> matrix
    | Shape.Diag -> diagonalOf matrix
    | Shape.Spherical -> identity (Array2D.length1 matrix) |> Array2D.map (fun x -> x * matrix[0, 0])

/// D×D matrices brought into a structure: the M-step's estimate from one row for each matrix with that matrix as its scatter.
let within structure (matrices: float[,][]) : float[,][] =
    match structure with
    | Full
    | Diag
    | Spherical
    | TiedFull
    | TiedDiag
    | TiedSpherical -> matrices
    | VEI
    | EVI
    | VEE
    | EVE
    | VVE
    | EEV
    | VEV
    | EVV ->
        let components, features = matrices.Length, Array2D.length1 matrices[0]

        let start =
            Gaussian.create structure (Array2D.zeroCreate components features) (Tensor.scalar 1.0) |> GmmError.get

        let estimated =
            Gaussian.family.Maximise
                start
                { Weight = float components
                  LogLikelihood = 0.0
                  Counts = Array.create components 1.0
                  Sums =
                    [| Array.zeroCreate (components * features)
                       matrices |> Array.collect (Layout.ofMatrix (Structure.layout structure)) |] }
            |> GmmError.get

        Array.init components (Gaussian.covariance estimated)

/// A random mixture; its means lie some standard deviations apart, so that components overlap more or less.
let drawMixture structure components features condition (random: Random) : MixtureCase =
    { Structure = structure
      Weights = Array.init components (fun _ -> uniform 0.5 1.5 random)
      Means = Array.init components (fun _ -> Array.init features (fun _ -> onGrid (4.0 * normal random)))
      Covariances =
        Array.init (Layout.planes components (Structure.layout structure)) (fun _ ->
            restrict structure (drawSpd features condition random))
        |> within structure }

let private dropComponent k (case: MixtureCase) =
    { case with
        Weights = without k case.Weights
        Means = without k case.Means
        Covariances = if case.Layout.IsTied then case.Covariances else without k case.Covariances }

let private dropFeature j (case: MixtureCase) =
    { case with
        Means = case.Means |> Array.map (without j)
        Covariances = case.Covariances |> Array.map (dropRowAndColumn j) |> within case.Structure }

/// The same mixture with another, smaller structure.
let private simplifyStructure (case: MixtureCase) =
    Arb.toShrink structures case.Structure
    |> Seq.map (fun structure ->
        { case with
            Structure = structure
            Covariances =
                Array.init
                    (Layout.planes case.Components (Structure.layout structure))
                    (case.Covariance >> restrict structure)
                |> within structure })

let private roundMixture (case: MixtureCase) =
    seq {
        yield
            { case with
                Weights = Array.create case.Components 1.0 }

        yield
            { case with
                Covariances = case.Covariances |> Array.map (fun _ -> identity case.Features) }

        for means in roundedAll (Array.concat case.Means) do
            yield
                { case with
                    Means = Array.chunkBySize case.Features means }

        for digits in 0..2 do
            let covariances = case.Covariances |> Array.map (Array2D.map (fun x -> Math.Round(x, digits)))

            if Array.forall isPositiveDefinite covariances then
                yield
                    { case with
                        Covariances = within case.Structure covariances }
    }
    |> Seq.filter (fun smaller -> smaller <> case)

let private shrinkMixture (case: MixtureCase) =
    seq {
        if case.Components > 1 then
            for k in 0 .. case.Components - 1 do
                yield dropComponent k case

        if case.Features > 1 then
            for j in 0 .. case.Features - 1 do
                yield dropFeature j case

        yield! simplifyStructure case
        yield! roundMixture case
    }

let private anyStructure (random: Random) = Structure.all[random.Next Structure.all.Length]

/// Mixtures of every structure, 1 to 5 components, 1 to 5 features.
let mixtures: Arbitrary<MixtureCase> =
    Arb.fromGenShrink (
        drawing (fun size random ->
            drawMixture (anyStructure random) (count 5 size random) (count 5 size random) 1e2 random),
        shrinkMixture
    )

// ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// A mixture and data that were drawn from it.
type DataCase =
    {
        /// Where the data come from, and where a fit may start.
        Origin: MixtureCase
        /// N of D numbers, all on the grid.
        Rows: float[][]
        /// A weight for every row, some of them 0; or none.
        SampleWeights: float[] option
    }

    /// The library's source, with weights if there are any.
    member case.Source =
        let source = Source.ofRows case.Rows |> GmmError.get

        match case.SampleWeights with
        | Some weights -> Source.weighted weights source |> GmmError.get
        | None -> source

    /// wₙ, 1 where there are none.
    member case.Weights = case.SampleWeights |> Option.defaultValue (Array.create case.Rows.Length 1.0)

/// The fewest rows a case has: enough for every covariance to be estimated.
let private fewestRows components features = 8 * components * (features + 1)

/// N rows drawn from a mixture; the first 2K·(D+1) come from its components in turn, so that none is left without rows.
let drawRows rows (mixture: MixtureCase) (random: Random) : float[][] =
    let factors = mixture.Covariances |> Array.map (fun matrix -> (dense matrix).Cholesky().Factor)

    Array.init rows (fun n ->
        let k =
            if n < 2 * mixture.Components * (mixture.Features + 1) then
                n % mixture.Components
            else
                RandomStream.index random mixture.Weights

        let z = Vector<float>.Build.Dense(mixture.Features, (fun _ -> normal random))
        let step = factors[Layout.planeOf mixture.Layout k] * z
        Array.init mixture.Features (fun j -> onGrid (mixture.Means[k][j] + step[j])))

/// Weights such as people give: counts, fractions, and here and there a 0.
let drawSampleWeights rows (random: Random) =
    Array.init rows (fun _ -> [| 0.0; 0.25; 0.5; 1.0; 1.0; 1.0; 1.5; 2.0; 3.0 |][random.Next 9])

let private drawData weighted condition size (random: Random) : DataCase =
    let mixture = drawMixture (anyStructure random) (count 5 size random) (count 5 size random) condition random
    let rows = fewestRows mixture.Components mixture.Features + random.Next(1 + size)

    { Origin = mixture
      Rows = drawRows rows mixture random
      SampleWeights = if weighted then Some(drawSampleWeights rows random) else None }

let private keepRows (kept: int[]) (case: DataCase) =
    let keep values = kept |> Array.map (fun n -> Array.get values n)

    { case with
        Rows = keep case.Rows
        SampleWeights = Option.map keep case.SampleWeights }

let private shrinkRows (case: DataCase) =
    let rows, fewest = case.Rows.Length, fewestRows case.Origin.Components case.Origin.Features

    seq {
        fewest
        rows / 2
        rows - 8
        rows - 1
    }
    |> Seq.filter (fun fewer -> fewer >= fewest && fewer < rows)
    |> Seq.distinct
    |> Seq.collect (fun fewer -> [ keepRows [| 0 .. fewer - 1 |] case; keepRows [| rows - fewer .. rows - 1 |] case ])

let private shrinkData (case: DataCase) =
    let origin = case.Origin

    seq {
        yield! shrinkRows case

        if case.SampleWeights.IsSome then
            yield { case with SampleWeights = None }

            if case.SampleWeights |> Option.exists (Array.exists (fun w -> w <> 1.0 && w <> 0.0)) then
                yield
                    { case with
                        SampleWeights =
                            case.SampleWeights |> Option.map (Array.map (fun w -> if w = 0.0 then 0.0 else 1.0)) }

        if origin.Components > 1 then
            for k in 0 .. origin.Components - 1 do
                yield
                    { case with
                        Origin = dropComponent k origin }

        if origin.Features > 1 then
            for j in 0 .. origin.Features - 1 do
                yield
                    { case with
                        Origin = dropFeature j origin
                        Rows = case.Rows |> Array.map (without j) }

        for simple in Seq.append (simplifyStructure origin) (roundMixture origin) do
            yield { case with Origin = simple }

        for digits in 1..2 do
            let rows = case.Rows |> Array.map (Array.map (fun x -> onGrid (Math.Round(x, digits))))

            if rows <> case.Rows then
                yield { case with Rows = rows }
    }

/// Data drawn from mixtures of every structure, unweighted.
let data: Arbitrary<DataCase> = Arb.fromGenShrink (drawing (drawData false 1e2), shrinkData)

/// Data with sample weights.
let weightedData: Arbitrary<DataCase> = Arb.fromGenShrink (drawing (drawData true 1e2), shrinkData)

/// Data whose features are almost collinear within a component: covariances of a condition number up to 10⁶.
let collinearData: Arbitrary<DataCase> = Arb.fromGenShrink (drawing (drawData false 1e6), shrinkData)

// ── Priors ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Beliefs about a mixture in plain numbers, each given or not.
type PriorCase =
    {
        /// α (K).
        Concentration: float[] option
        /// m₀ (K of D numbers) and κ₀.
        Mean: (float[][] * float) option
        /// Ψ₀, a D×D matrix for every covariance of the structure, and ν₀.
        Covariance: (float[,][] * float) option
    }

    /// The library's prior on weights.
    member prior.OnWeights =
        match prior.Concentration with
        | Some concentration -> Dirichlet concentration
        | None -> Flat

    /// The library's prior on means.
    member prior.OnMeans: MeanPrior option =
        prior.Mean
        |> Option.map (fun (means, precision) ->
            { Mean = Tensor.matrix (array2D means)
              Precision = precision })

    /// The library's prior on covariances.
    member prior.OnCovariances(structure, components) : CovariancePrior option =
        prior.Covariance
        |> Option.map (fun (scales, degrees) ->
            { Scale = MixtureCase.TensorOf(structure, components, scales)
              Degrees = degrees })

    /// No belief.
    static member None =
        { Concentration = None
          Mean = None
          Covariance = None }

/// A belief about everything, somewhere near a mixture and worth some rows.
let drawPrior (mixture: MixtureCase) (random: Random) : PriorCase =
    let components, features = mixture.Components, mixture.Features

    { Concentration = Some(Array.init components (fun _ -> 1.0 + uniform 0.0 5.0 random))
      Mean = Some(mixture.Means |> Array.map (Array.map (fun m -> m + normal random)), logUniform 0.1 10.0 random)
      Covariance =
        Some(
            Array.init mixture.Covariances.Length (fun _ -> restrict mixture.Structure (drawSpd features 1e2 random)),
            float features - 1.0 + logUniform 0.1 10.0 random
        ) }

/// Data and beliefs about the mixture behind them.
type BeliefCase =
    { Data: DataCase
      Prior: PriorCase }

    /// The family with the beliefs about means and covariances, and no regularisation.
    member case.Family =
        let origin = case.Data.Origin

        GaussianPrior.create
            origin.Components
            origin.Features
            origin.Structure
            case.Prior.OnMeans
            (case.Prior.OnCovariances(origin.Structure, origin.Components))
        |> GmmError.get
        |> fun prior -> Gaussian.familyWith prior None

/// The prior for a mixture that lost a component, a feature or its structure.
let private adapt (before: MixtureCase) (after: MixtureCase) (prior: PriorCase) =
    // A mean prior and a concentration of the first components, and Ψ₀ of the first features, serve as well as any.
    let firstFeatures (matrix: float[,]) = matrix[.. after.Features - 1, .. after.Features - 1]

    { Concentration = prior.Concentration |> Option.map (Array.truncate after.Components)
      Mean =
        prior.Mean
        |> Option.map (fun (means, precision) ->
            means |> Array.truncate after.Components |> Array.map (Array.truncate after.Features), precision)
      Covariance =
        prior.Covariance
        |> Option.map (fun (scales, degrees) ->
            let scale k = scales[Layout.planeOf before.Layout k]
            Array.init after.Covariances.Length (scale >> firstFeatures >> restrict after.Structure), degrees) }

let private shrinkPrior (prior: PriorCase) =
    seq {
        if prior.Concentration.IsSome then
            yield { prior with Concentration = None }

        if prior.Mean.IsSome then
            yield { prior with Mean = None }

        if prior.Covariance.IsSome then
            yield { prior with Covariance = None }

        match prior.Concentration with
        | Some alpha ->
            for round in roundedAll alpha do
                yield
                    { prior with
                        Concentration = Some round }
        | None -> ()

        match prior.Mean with
        | Some(means, precision) ->
            for round in roundedAll (Array.concat means) do
                yield
                    { prior with
                        Mean = Some(Array.chunkBySize means[0].Length round, precision) }

            for round in simpler precision do
                if round > 0.0 then
                    yield { prior with Mean = Some(means, round) }
        | None -> ()

        match prior.Covariance with
        | Some(scales, degrees) ->
            let unit = scales |> Array.map (Array2D.length1 >> identity)

            if unit <> scales then
                yield
                    { prior with
                        Covariance = Some(unit, degrees) }
        | None -> ()
    }

let private shrinkBelief (case: BeliefCase) =
    Seq.append
        (shrinkPrior case.Prior |> Seq.map (fun prior -> { case with Prior = prior }))
        (shrinkData case.Data
         |> Seq.map (fun data ->
             { Data = data
               Prior = adapt case.Data.Origin data.Origin case.Prior }))

/// Weighted or unweighted data with beliefs: any of the three given or not.
let beliefs: Arbitrary<BeliefCase> =
    let draw size (random: Random) =
        let data = drawData (random.Next 2 = 0) 1e2 size random
        let whole = drawPrior data.Origin random
        let some belief = if random.Next 4 > 0 then belief else None

        { Data = data
          Prior =
            { Concentration = some whole.Concentration
              Mean = (if random.Next 4 > 0 then whole.Mean else None)
              Covariance = (if random.Next 4 > 0 then whole.Covariance else None) } }

    Arb.fromGenShrink (drawing draw, shrinkBelief)
