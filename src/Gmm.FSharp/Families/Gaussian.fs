namespace Gmm

open System
open MathNet.Numerics

/// The parameters of K Gaussian components N(x|μₖ, Σₖ).
type Gaussian =
    {
        /// Which of the six covariance structures.
        Structure: Structure
        /// μ (K×D).
        Means: Tensor
        /// Σ: K×D×D, K×D or K for full, diag and spherical; D×D, D or a single number when tied.
        Covariances: Tensor
        /// The inverse factors W with WᵀW = Σ⁻¹, one for each of the P covariance matrices (P = K, or 1 when tied):
        /// lower triangular P×D×D for full, 1/σ as P×D for diag and P for spherical.
        InverseFactors: Tensor
    }

    /// How many components, K.
    member gaussian.Components = gaussian.Means.shape[0]
    /// How many features, D.
    member gaussian.Features = gaussian.Means.shape[1]

/// A belief about the means: μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
type MeanPrior =
    {
        /// m₀: one for all components (D), or one for each (K×D).
        Mean: Tensor
        /// κ₀ > 0: how many rows the belief is worth.
        Precision: float
    }

/// A belief about the covariances: density ∝ |Σ|^−(ν₀+D+1)/2 exp(−½ tr Ψ₀Σ⁻¹), inverse Wishart within the structure.
type CovariancePrior =
    {
        /// Ψ₀: shaped as the covariances, or as one of them for all, or a single number ψ that stands for ψ·I.
        Scale: Tensor
        /// ν₀ > D − 1.
        Degrees: float
    }

/// Both beliefs, checked and laid out for K components of D features; made by `Gaussian.prior`.
[<NoEquality; NoComparison>]
type GaussianPrior =
    internal
        {
            /// m₀ₖ (K×D) and κ₀.
            OnMeans: (float[] * float) option
            /// The planes of Ψ₀, and ν₀.
            OnCovariances: (float[] * float) option
        }

/// Gaussian components with any of the six covariance structures: maximum likelihood (Bishop, PRML, 2006, §9.2.2) and
/// maximum a posteriori with the normal–inverse-Wishart prior (Murphy, Machine Learning, 2012, §11.4.2.8), restricted to
/// the structure.
module Gaussian =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    let private rows (matrix: Tensor) = matrix.toArray () |> Array.chunkBySize matrix.shape[1]

    /// The numbers of one of several rows or planes of a size, which lie one after another.
    let private part size (numbers: float[]) index = Span<float>(numbers, index * size, size)

    /// A tensor of numbers that nobody else has, without a copy.
    let private tensorOf shape (numbers: float[]) = Reference.engine.Create shape (ReadOnlyMemory numbers)

    /// Writes W of one plane; false where its matrix isn't positive definite.
    let private inverseFactor features structure (plane: ReadOnlySpan<float>) (factor: Span<float>) : bool =
        match Structure.shape structure with
        | Shape.Full -> LinearAlgebra.inverseFactor features plane factor
        | Shape.Diag
        | Shape.Spherical ->
            let mutable arePositive = true

            for j in 0 .. plane.Length - 1 do
                arePositive <- arePositive && plane[j] > 0.0 && plane[j] < infinity
                factor[j] <- 1.0 / sqrt plane[j]

            arePositive

    /// The component that a plane belongs to, unless all share it.
    let private owner structure plane = if Structure.isTied structure then None else Some plane

    /// The first of `count` planes for which something doesn't hold.
    let private firstWithout (holds: int -> bool) count : int option =
        let rec search p =
            if p = count then None
            elif holds p then search (p + 1)
            else Some p

        search 0

    /// The parameters with these means (K×D) and covariance planes, which nobody else has, or the first plane that isn't
    /// positive definite.
    let private ofPlanes structure features (means: float[]) (planes: float[]) : Result<Gaussian, int> =
        let components, size = means.Length / features, Structure.planeSize features structure
        let count = Structure.planes components structure
        let factors = GC.AllocateUninitializedArray<float> planes.Length

        let isDefinite p =
            inverseFactor features structure (Span.op_Implicit (part size planes p)) (part size factors p)

        match firstWithout isDefinite count with
        | Some plane -> Error plane
        | None ->
            Ok
                { Structure = structure
                  Means = tensorOf [| components; features |] means
                  Covariances = tensorOf (Structure.covarianceShape components features structure) planes
                  InverseFactors = tensorOf (Array.append [| count |] (Structure.planeShape features structure)) factors }

    /// The parameters with these means and computed covariance planes; the error names the first component, if they don't
    /// share it, whose covariance isn't positive definite.
    let internal ofComputed structure (means: float[][]) (planes: float[][]) : Result<Gaussian, GmmError> =
        ofPlanes structure means[0].Length (Array.concat means) (Array.concat planes)
        |> Result.mapError (fun plane -> SingularCovariance(owner structure plane, 0))

    /// The planes of covariances that a caller gave: shaped as the structure has them, as one matrix for all components,
    /// or as a single number for a multiple of I. Each must be symmetric and positive definite.
    let private planesOf name components features structure (given: Tensor) : Result<float[][], GmmError> =
        let count = Structure.planes components structure
        let all = Structure.covarianceShape components features structure
        let one = Structure.planeShape features structure

        let isSymmetric (plane: float[]) =
            let entry i j = plane[i * features + j]
            let isClose a b = abs (a - b) <= 1e-8 * (abs a + abs b)

            Structure.shape structure <> Shape.Full
            || Seq.forall
                (fun i -> Seq.forall (fun j -> isClose (entry i j) (entry j i)) (seq { 0..i }))
                (seq { 0 .. features - 1 })

        let numbers = given.toArray ()

        let laidOut =
            if given.shape = all then
                Ok(Array.chunkBySize (Structure.planeSize features structure) numbers)
            elif given.shape = one then
                Ok(Array.create count numbers)
            elif given.shape.Length = 0 then
                Ok(Array.create count (Structure.diagonal structure (Array.create features numbers[0])))
            else
                let shapes = [ all; one; [||] ] |> List.distinct |> List.map Tensor.Show |> String.concat " or "

                Error(
                    InvalidOption(name, $"{shapes} for structure {Structure.name structure}", Tensor.Show given.shape)
                )

        laidOut
        |> Result.bind (fun planes ->
            let isDefinite (plane: float[]) =
                inverseFactor features structure (ReadOnlySpan plane) (Span(Array.zeroCreate plane.Length))

            match planes |> Array.tryFind (fun plane -> not (isSymmetric plane && isDefinite plane)) with
            | Some plane ->
                Error(InvalidOption(name, "symmetric and positive definite", string (Tensor.create one plane)))
            | None -> Ok planes)

    /// Parameters of means (K×D) and covariances: shaped as the structure has them (K×D×D, K×D or K; D×D, D or a single
    /// number when tied), as one matrix for all components, or as a single number σ² for σ²I. Error when a shape is
    /// another, a mean is not finite, or a covariance not symmetric and positive definite.
    let create structure (means: float[,]) (covariances: Tensor) : Result<Gaussian, GmmError> =
        let components, features = Array2D.length1 means, Array2D.length2 means

        result {
            do!
                GmmError.requireAll
                    [ components > 0 && features > 0, "Means", "at least 1×1", $"{components}×{features}" ]

            do! GmmError.requireFinite "Means" means
            let! planes = planesOf "Covariances" components features structure covariances

            return! ofComputed structure (Array.init components (fun k -> means[k, *])) planes
        }

    /// Σₖ as a D×D matrix, whatever the structure.
    let covariance (gaussian: Gaussian) (k: int) : float[,] =
        let size = Structure.planeSize gaussian.Features gaussian.Structure
        let plane = Structure.planeOf gaussian.Structure k

        Structure.matrix
            gaussian.Features
            gaussian.Structure
            (Array.sub (gaussian.Covariances.toArray ()) (plane * size) size)

    /// What is wrong with a choice of features of D, if anything: they must be different ones of 0 to D − 1, at least one.
    let internal checkFeatures name width (features: int[]) : Result<unit, GmmError> =
        let areDifferent = Array.length (Array.distinct features) = features.Length
        let areInside = features |> Array.forall (fun j -> j >= 0 && j < width)
        let text = "[" + String.Join("; ", features) + "]"

        GmmError.requireAll
            [ features.Length > 0 && areDifferent && areInside,
              name,
              $"different ones of 0 to {width - 1}, at least one",
              text ]

    /// The components' distribution of some features, in the order given: the means' numbers and the covariances' rows and
    /// columns of those features, in the same structure (Bishop, PRML, eq. 2.98). Error unless the features are different
    /// ones of 0 to D − 1, at least one.
    let marginal (features: int[]) (gaussian: Gaussian) : Result<Gaussian, GmmError> =
        let structure, width = gaussian.Structure, gaussian.Features

        let select (plane: float[]) =
            match Structure.shape structure with
            | Shape.Full ->
                [| for i in features do
                       for j in features -> plane[i * width + j] |]
            | Shape.Diag -> features |> Array.map (fun j -> plane[j])
            | Shape.Spherical -> plane

        result {
            do! checkFeatures "Features" width features
            let planes = gaussian.Covariances.toArray () |> Array.chunkBySize (Structure.planeSize width structure)
            let means = rows gaussian.Means |> Array.map (fun mean -> features |> Array.map (fun j -> mean[j]))

            return! ofComputed structure means (Array.map select planes)
        }

    /// How many numbers of means and covariances are free: K·D and the structure's own.
    let freeParameters (gaussian: Gaussian) =
        let components, features = gaussian.Components, gaussian.Features
        components * features + Structure.freeParameters components features gaussian.Structure

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// zₙₖ = xₙ − μₖ (K×n×D).
    let private deviations (gaussian: Gaussian) (x: Tensor) = x.unsqueeze 0 - gaussian.Means.unsqueeze 1

    /// y = W z (K×n×D), which has covariance I.
    let private whitened (gaussian: Gaussian) (z: Tensor) =
        let w = gaussian.InverseFactors

        match Structure.shape gaussian.Structure with
        | Shape.Full ->
            z.matmul (w.transpose(1, 2).expand [| gaussian.Components; gaussian.Features; gaussian.Features |])
        | Shape.Diag -> z * w.unsqueeze 1
        | Shape.Spherical -> z * w.view [| w.shape[0]; 1; 1 |]

    /// ln|W| = −½ ln|Σ| of every covariance matrix (P).
    let private logDeterminants (gaussian: Gaussian) =
        let w, features = gaussian.InverseFactors, gaussian.Features

        match Structure.shape gaussian.Structure with
        | Shape.Full ->
            let identity = w.like ([| features; features |], Structure.diagonal Full (Array.create features 1.0))
            (w * identity).sum(2).log().sum 1
        | Shape.Diag -> w.log().sum 1
        | Shape.Spherical -> w.log () * float features

    /// `logDeterminants` as plain numbers, read from the diagonals alone.
    let private logDeterminantsOf (gaussian: Gaussian) : float[] =
        let w, features = Reference.numbersOf gaussian.InverseFactors, gaussian.Features
        let size = Structure.planeSize features gaussian.Structure

        let sumOfLogs p step =
            let mutable sum = 0.0

            for j in 0 .. features - 1 do
                sum <- sum + log w.Span[p * size + j * step]

            sum

        Array.init (w.Length / size) (fun p ->
            match Structure.shape gaussian.Structure with
            | Shape.Full -> sumOfLogs p (features + 1)
            | Shape.Diag -> sumOfLogs p 1
            | Shape.Spherical -> log w.Span[p] * float features)

    /// The squared Mahalanobis distances (xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ) = ‖Wₖ(xₙ−μₖ)‖² (K×n).
    let private squaredDistances (gaussian: Gaussian) (x: Tensor) =
        let y = whitened gaussian (deviations gaussian x)
        (y * y).sum 2

    /// The squared Mahalanobis distances (xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ) (n×K) of a block x (n×D) (Bishop, PRML, eq. 2.44).
    let squaredMahalanobis (gaussian: Gaussian) (x: Tensor) : Tensor = (squaredDistances gaussian x).transpose(0, 1)

    /// ln|W| − ½D ln 2π of every covariance matrix (P).
    let private normalisers (gaussian: Gaussian) =
        logDeterminants gaussian - float gaussian.Features * Constants.Ln2PiOver2

    /// ln N(xₙ|μₖ, Σₖ) = −½‖Wₖ(xₙ−μₖ)‖² + ln|Wₖ| − ½D ln 2π (n×K) of a block x (n×D) (Bishop, PRML, eq. 2.43).
    let logDensity (gaussian: Gaussian) (x: Tensor) : Tensor =
        (squaredDistances gaussian x * -0.5 + (normalisers gaussian).unsqueeze 1).transpose(0, 1)

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// First moments Σₙ rₙₖ zₙₖ (K×D) and second Σₙ rₙₖ zₙₖzₙₖᵀ (a plane for each covariance matrix) about the current
    /// means, z = x − μₖ, of a block x (n×D) under responsibilities (n×K). About the means nothing cancels, however far
    /// from 0 the data lie.
    let sums (gaussian: Gaussian) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        let z = deviations gaussian x
        let rz = responsibilities.transpose(0, 1).unsqueeze 2 * z

        let second =
            match Structure.shape gaussian.Structure with
            | Shape.Full -> z.transpose(1, 2).matmul rz
            | Shape.Diag -> (z * rz).sum 1
            | Shape.Spherical -> (z * rz).sum(2).sum 1 * (1.0 / float gaussian.Features)

        [ rz.sum 1; (if Structure.isTied gaussian.Structure then second.sum 0 else second) ]

    /// `logDensity` and `sums` for the kernels.
    let internal form (gaussian: Gaussian) : Form =
        let normaliser = float gaussian.Features * Constants.Ln2PiOver2
        let constants = logDeterminantsOf gaussian |> Array.map (fun logDeterminant -> logDeterminant - normaliser)
        Form.Quadratic(gaussian.Structure, gaussian.Means, gaussian.InverseFactors, constants)

    // ── Prior ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// No belief: maximum likelihood.
    let flat = { OnMeans = None; OnCovariances = None }

    /// Beliefs about the means and the covariances of K components of D features, checked: shapes, κ₀ > 0, ν₀ > D − 1,
    /// Ψ₀ symmetric and positive definite.
    let prior
        components
        features
        structure
        (onMeans: MeanPrior option)
        (onCovariances: CovariancePrior option)
        : Result<GaussianPrior, GmmError> =
        let means (belief: MeanPrior) =
            if not (belief.Precision > 0.0 && belief.Precision < infinity) then
                Error(InvalidOption("MeanPrior.Precision", "above 0 and finite", string belief.Precision))
            elif belief.Mean.toArray () |> Array.forall Double.IsFinite |> not then
                Error(InvalidOption("MeanPrior.Mean", "finite", string belief.Mean))
            elif belief.Mean.shape = [| features |] then
                Ok(Array.concat (Array.create components (belief.Mean.toArray ())), belief.Precision)
            elif belief.Mean.shape = [| components; features |] then
                Ok(belief.Mean.toArray (), belief.Precision)
            else
                Error(
                    InvalidOption(
                        "MeanPrior.Mean",
                        $"{features} or {components}×{features}",
                        Tensor.Show belief.Mean.shape
                    )
                )

        let covariances (belief: CovariancePrior) =
            if not (belief.Degrees > float features - 1.0 && belief.Degrees < infinity) then
                Error(
                    InvalidOption(
                        "CovariancePrior.Degrees",
                        $"above {features - 1}, the number of features less 1, and finite",
                        string belief.Degrees
                    )
                )
            else
                planesOf "CovariancePrior.Scale" components features structure belief.Scale
                |> Result.map (fun planes -> Array.concat planes, belief.Degrees)

        let optional check belief =
            match belief with
            | None -> Ok None
            | Some belief -> check belief |> Result.map Some

        match optional means onMeans, optional covariances onCovariances with
        | Error error, _
        | _, Error error -> Error error
        | Ok means, Ok covariances ->
            Ok
                { OnMeans = means
                  OnCovariances = covariances }

    /// The prior as if it were data: what it adds to the statistics about the current means.
    [<NoEquality; NoComparison>]
    type private PseudoStatistics =
        {
            /// κ₀, rows added to every mean; 0 without a belief.
            Rows: float
            /// κ₀ (m₀ₖ − μₖ), what those rows add to the first moments (K×D).
            First: float[]
            /// Ψ₀ + Σₖ κ₀ (m₀ₖ−μₖ)(m₀ₖ−μₖ)ᵀ in every plane, added to the second moments.
            Scatter: float[]
            /// What is added to the count each plane is divided by: Σₖ [κ₀ given] + [Ψ₀ given](ν₀+D+1).
            Degrees: float
        }

    /// Adds to every plane the outer products of its components' vectors (K×D), each times its factor.
    let private addOuter structure features (factor: int -> float) (vectors: float[]) (planes: float[]) =
        let size = Structure.planeSize features structure

        for k in 0 .. vectors.Length / features - 1 do
            let vector = part features vectors k
            let plane = part size planes (Structure.planeOf structure k)
            Structure.addOuter structure (factor k) (Span.op_Implicit vector) plane

    /// What the prior adds to the statistics; None without a belief.
    let private pseudoStatistics (prior: GaussianPrior) (gaussian: Gaussian) : PseudoStatistics option =
        if prior.OnMeans.IsNone && prior.OnCovariances.IsNone then
            None
        else
            let components, features, structure = gaussian.Components, gaussian.Features, gaussian.Structure
            let count = Structure.planes components structure

            let offsets, rows, degreesOfMeans =
                match prior.OnMeans with
                | Some(centres, precision) ->
                    Array.map2 (-) centres (gaussian.Means.toArray ()), precision, float (components / count)
                | None -> Array.zeroCreate (components * features), 0.0, 0.0

            let scatter, degreesOfScale =
                match prior.OnCovariances with
                | Some(planes, degrees) -> Array.copy planes, degrees + float features + 1.0
                | None -> Array.zeroCreate (count * Structure.planeSize features structure), 0.0

            addOuter structure features (fun _ -> rows) offsets scatter

            Some
                { Rows = rows
                  First = offsets |> Array.map (fun offset -> rows * offset)
                  Scatter = scatter
                  Degrees = degreesOfMeans + degreesOfScale }

    /// ln of the prior's density without its constant: −½ Σ over planes of (degrees · ln|Σ| + tr(scatter · Σ⁻¹)).
    let logPrior (prior: GaussianPrior) (gaussian: Gaussian) : float =
        match pseudoStatistics prior gaussian with
        | None -> 0.0
        | Some pseudo ->
            let features = gaussian.Features
            let size = Structure.planeSize features gaussian.Structure
            let factors = Reference.numbersOf gaussian.InverseFactors

            /// tr(scatter · WᵀW).
            let trace p =
                let scatter = part size pseudo.Scatter p
                let w = factors.Span.Slice(p * size, size)

                match Structure.shape gaussian.Structure with
                | Shape.Full -> LinearAlgebra.traceOfProduct features (Span.op_Implicit scatter) w
                | Shape.Diag ->
                    let mutable sum = 0.0

                    for j in 0 .. features - 1 do
                        sum <- sum + scatter[j] * w[j] * w[j]

                    sum
                | Shape.Spherical -> float features * scatter[0] * w[0] * w[0]

            let logDeterminants = logDeterminantsOf gaussian // −½ ln|Σ|
            let mutable sum = 0.0

            for p in 0 .. logDeterminants.Length - 1 do
                sum <- sum + pseudo.Degrees * logDeterminants[p] - 0.5 * trace p

            sum

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Whether every variance of plane p is more than the rounding noise of numbers as large as the means it belongs to.
    let private isAboveNoise structure features (means: float[]) (planes: float[]) p =
        let size = Structure.planeSize features structure
        let first, last = if Structure.isTied structure then 0, means.Length / features - 1 else p, p

        let noise j =
            let mutable largest = 0.0

            for k in first..last do
                largest <- max largest (abs means[k * features + j])

            let rounding = 4.0 * Precision.DoublePrecision * largest
            rounding * rounding

        let rec areAbove step j = j = features || planes[p * size + j * step] > noise j && areAbove step (j + 1)

        match Structure.shape structure with
        | Shape.Full -> areAbove (features + 1) 0
        | Shape.Diag -> areAbove 1 0
        | Shape.Spherical -> planes[p] > Array.average (Array.init features noise)

    /// The joint mode of means and covariances, from statistics about the current means μ:
    ///   δₖ = (Σₙ rₙₖzₙₖ + κ₀(m₀ₖ−μₖ)) / (Nₖ+κ₀),  μₖ ← μₖ + δₖ,
    ///   Σ ← (S + prior's scatter − Σₖ (Nₖ+κ₀) δₖδₖᵀ) / (Σₖ Nₖ + prior's degrees) + regularisation,
    /// with sums over the components that share the covariance. `regularisation` (D variances) is added to its diagonal.
    let maximise
        (prior: GaussianPrior)
        (regularisation: float[] option)
        (gaussian: Gaussian)
        (statistics: Statistics)
        : Result<Gaussian, GmmError> =
        let structure, features = gaussian.Structure, gaussian.Features

        let counts, first, second, ofPrior =
            match pseudoStatistics prior gaussian with
            | None -> statistics.Counts, statistics.Sums[0], Array.copy statistics.Sums[1], 0.0
            | Some pseudo ->
                statistics.Counts |> Array.map (fun count -> count + pseudo.Rows),
                LinearAlgebra.add statistics.Sums[0] pseudo.First,
                LinearAlgebra.add statistics.Sums[1] pseudo.Scatter,
                pseudo.Degrees

        match statistics |> Statistics.firstEmpty counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let shifts = first |> Array.mapi (fun i sum -> sum / counts[i / features])
            let means = LinearAlgebra.add (gaussian.Means.toArray ()) shifts
            let degrees = Array.create (Structure.planes counts.Length structure) ofPrior

            for k in 0 .. counts.Length - 1 do
                let p = Structure.planeOf structure k
                degrees[p] <- degrees[p] + statistics.Counts[k]

            // The second moments, which nobody else has, turn into covariances where they are.
            addOuter structure features (fun k -> -counts[k]) shifts second

            for p in 0 .. degrees.Length - 1 do
                let plane = part (Structure.planeSize features structure) second p
                LinearAlgebra.divide degrees[p] plane

                match regularisation with
                | Some variances -> Structure.addDiagonal structure variances plane
                | None -> ()

            match firstWithout (isAboveNoise structure features means second) degrees.Length with
            | Some p -> Error p
            | None -> ofPlanes structure features means second
            |> Result.mapError (fun plane -> SingularCovariance(owner structure plane, 0))

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// D standard normal numbers.
    let internal standardNormal (random: Random) features : float[] =
        Array.init features (fun _ -> Distributions.Normal.Sample(random, 0.0, 1.0))

    /// x = μₖ + Wₖ⁻¹y of a y (D): the row at Mahalanobis distance ‖y‖ from μₖ, in the direction that y says.
    let internal unwhitened (gaussian: Gaussian) (k: int) : float[] -> float[] =
        let size = Structure.planeSize gaussian.Features gaussian.Structure
        let plane = Structure.planeOf gaussian.Structure k
        let mean, w = (rows gaussian.Means)[k], Array.sub (gaussian.InverseFactors.toArray ()) (plane * size) size

        let step (y: float[]) =
            match Structure.shape gaussian.Structure with
            | Shape.Full -> LinearAlgebra.solveLower w y
            | Shape.Diag -> Array.map2 (/) y w
            | Shape.Spherical -> y |> Array.map (fun number -> number / w[0])

        fun y -> Array.map2 (+) mean (step y)

    /// A row (D) drawn from component k: μₖ + Wₖ⁻¹y with y ~ N(0, I), which has covariance Wₖ⁻¹Wₖ⁻ᵀ = Σₖ (Bishop, PRML,
    /// §11.1.1).
    let sample (gaussian: Gaussian) (k: int) : Random -> float[] =
        let place = unwhitened gaussian k
        fun random -> place (standardNormal random gaussian.Features)

    // ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────────────

    let private toState (gaussian: Gaussian) : State =
        Map
            [ State.choice "structure" (Structure.name gaussian.Structure)
              "means", gaussian.Means
              "covariances", gaussian.Covariances
              "inverseFactors", gaussian.InverseFactors ]

    /// Whether every plane of full covariances is symmetric, but for the rounding of its variances.
    let private areSymmetric features structure (planes: float[][]) =
        let isClose (plane: float[]) i j =
            let scale = sqrt (plane[i * features + i] * plane[j * features + j])
            abs (plane[i * features + j] - plane[j * features + i]) <= 1e-8 * scale

        Structure.shape structure <> Shape.Full
        || planes
           |> Array.forall (fun plane ->
               Seq.forall (fun i -> Seq.forall (isClose plane i) (seq { 0..i })) (seq { 0 .. features - 1 }))

    let private ofState (state: State) : Result<Gaussian, GmmError> =
        /// W as it was saved, to the last bit; it is that of Σ but for rounding, which ill-conditioned matrices enlarge.
        let withFactors (computed: Gaussian) =
            match Map.tryFind "inverseFactors" state with
            | None -> Ok computed
            | Some _ ->
                result {
                    let! saved = State.ofShape computed.InverseFactors.shape "inverseFactors" state
                    let expected = computed.InverseFactors.toArray ()
                    let scale = expected |> Array.fold (fun largest w -> max largest (abs w)) 0.0
                    let isClose a b = abs (a - b) <= 1e-3 * scale && (b <> 0.0 || a = 0.0)

                    do!
                        GmmError.requireAll
                            [ Array.forall2 isClose (saved.toArray ()) expected,
                              "inverseFactors",
                              "those of the covariances (without them they are computed)",
                              string saved ]

                    return { computed with InverseFactors = saved }
                }

        result {
            let! word = State.word "structure" state
            let! structure = Structure.parse word
            let! means = State.matrix "means" state
            do! State.requireFinite "means" means
            let components, features = means.shape[0], means.shape[1]
            let shape = Structure.covarianceShape components features structure
            let! covariances = State.ofShape shape "covariances" state
            let planes = covariances.toArray () |> Array.chunkBySize (Structure.planeSize features structure)
            let rule = InvalidOption("covariances", "symmetric and positive definite", string covariances)

            let! computed =
                if areSymmetric features structure planes then
                    ofPlanes structure features (means.toArray ()) (covariances.toArray ())
                    |> Result.mapError (fun _ -> rule)
                else
                    Error rule

            return! withFactors computed
        }

    /// The settings as arrays: the beliefs laid out for all components, and what is added to the covariances.
    let private settings (prior: GaussianPrior) (regularisation: float[] option) (gaussian: Gaussian) : State =
        let components, features = gaussian.Components, gaussian.Features

        Map
            [ match prior.OnMeans with
              | Some(means, precision) ->
                  "meanPrior", Tensor.create [| components; features |] means
                  "meanPrecisionPrior", Tensor.scalar precision
              | None -> ()

              match prior.OnCovariances with
              | Some(planes, degrees) ->
                  let shape = Structure.covarianceShape components features gaussian.Structure
                  "covariancePrior", Tensor.create shape planes
                  "degreesOfFreedomPrior", Tensor.scalar degrees
              | None -> ()

              match regularisation with
              | Some variances -> "regularisation", Tensor.vector variances
              | None -> () ]

    /// Prior and regularisation of settings, checked for such parameters.
    let private ofSettings (gaussian: Gaussian) (state: State) : Result<GaussianPrior * float[] option, GmmError> =
        let components, features, structure = gaussian.Components, gaussian.Features, gaussian.Structure

        let optional name (read: unit -> Result<'T, GmmError>) =
            if Map.containsKey name state then Result.map Some (read ()) else Ok None

        result {
            let! onMeans =
                optional "meanPrior" (fun () ->
                    result {
                        let! mean = State.ofShape [| components; features |] "meanPrior" state
                        let! precision = State.scalar "meanPrecisionPrior" state
                        return { Mean = mean; Precision = precision }
                    })

            let! onCovariances =
                optional "covariancePrior" (fun () ->
                    result {
                        let shape = Structure.covarianceShape components features structure
                        let! scale = State.ofShape shape "covariancePrior" state
                        let! degrees = State.scalar "degreesOfFreedomPrior" state
                        return { Scale = scale; Degrees = degrees }
                    })

            let! regularisation =
                optional "regularisation" (fun () -> State.ofShape [| features |] "regularisation" state)

            let amounts = regularisation |> Option.map _.toArray()
            let isAmount amount = amount >= 0.0 && amount < infinity
            let text = regularisation |> Option.map string |> Option.defaultValue ""

            do!
                GmmError.requireAll
                    [ amounts |> Option.forall (Array.forall isAmount), "regularisation", "0 or more, and finite", text ]

            let! prior = prior components features structure onMeans onCovariances
            return prior, amounts
        }

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Gaussian components under a prior, with `regularisation` (D variances) added to every covariance.
    let rec familyWith (prior: GaussianPrior) (regularisation: float[] option) : Family<Gaussian> =
        { Name = "gaussian"
          LogDensity = logDensity
          Sums = sums
          Maximise = maximise prior regularisation
          LogPrior = logPrior prior
          Form = form >> Some
          Misfit = fun _ _ -> None
          Sample = sample
          Means = fun gaussian -> gaussian.Means.toArray2D ()
          Features = _.Features
          FreeParameters = freeParameters
          Move =
            fun move gaussian ->
                { gaussian with
                    Means = move gaussian.Means
                    Covariances = move gaussian.Covariances
                    InverseFactors = move gaussian.InverseFactors }
          Storage =
            { Parameters = toState
              OfParameters = ofState
              Settings = settings prior regularisation
              OfSettings =
                fun gaussian state ->
                    ofSettings gaussian state
                    |> Result.map (fun (prior, regularisation) -> familyWith prior regularisation) } }

    /// Gaussian components by maximum likelihood, without prior or regularisation.
    let family: Family<Gaussian> = familyWith flat None
