namespace Gmm

open System

/// A prior on the means: μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
type MeanPrior =
    {
        /// m₀: one mean for all components (D), or one for each (K×D).
        Mean: Tensor
        /// κ₀ > 0: the number of rows that the prior counts as.
        Precision: float
    }

/// A prior on the covariances: density ∝ |Σ|^−(ν₀+D+1)/2 exp(−½ tr Ψ₀Σ⁻¹), inverse Wishart within the structure.
type CovariancePrior =
    {
        /// Ψ₀, in the shape of all covariances or of one covariance for all, or as a single number ψ, which stands for
        /// ψ·I.
        Scale: Tensor
        /// ν₀ > D − 1.
        Degrees: float
    }

/// Both priors, checked and laid out for K components of D features; `GaussianPrior.create` makes them.
[<NoEquality; NoComparison>]
type GaussianPrior =
    internal
        {
            /// m₀ₖ (K×D) and κ₀.
            OnMeans: (float[] * float) option
            /// The planes of Ψ₀, and ν₀.
            OnCovariances: (float[] * float) option
        }

/// Priors on Gaussian components: the normal–inverse-Wishart prior, restricted to the structure (Murphy, Machine
/// Learning, 2012, §11.4.2.8). The prior of a structure with K covariances is the product over the components of their inverse
/// Wisharts, also where the covariances have something in common: the density is that of the product at the covariances of the
/// structure. It therefore adds Ψ₀ to every Sₖ and ν₀ + D + 1 to every Nₖ, and the mode comes from the same M-step.
module GaussianPrior =
    /// No prior: maximum likelihood.
    let flat = { OnMeans = None; OnCovariances = None }

    /// Makes the priors on the means and the covariances of K components of D features. It checks shapes, κ₀ > 0, ν₀ >
    /// D − 1, and that Ψ₀ is symmetric and positive definite. Error otherwise.
    let create
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
                GaussianParameters.planesOf "CovariancePrior.Scale" components features structure belief.Scale
                |> Result.map (fun planes -> Array.concat planes, belief.Degrees)

        let optional check belief =
            match belief with
            | None -> Ok None
            | Some belief -> check belief |> Result.map Some

        result {
            do! GaussianParameters.requireSize components features structure
            let! means = optional means onMeans
            let! covariances = optional covariances onCovariances

            return
                { OnMeans = means
                  OnCovariances = covariances }
        }

    /// The prior as pseudo-data: the terms that it adds to the statistics about the current means.
    [<NoEquality; NoComparison>]
    type internal PseudoStatistics =
        {
            /// κ₀, the rows added to every mean; 0 without a prior on the means.
            Rows: float
            /// κ₀ (m₀ₖ − μₖ), the contribution of those rows to the first moments (K×D).
            First: float[]
            /// Ψ₀ + Σₖ κ₀ (m₀ₖ−μₖ)(m₀ₖ−μₖ)ᵀ in every plane, added to the second moments.
            Scatter: float[]
            /// The number added to each plane's count, by which the plane is divided: Σₖ [κ₀ given] + [Ψ₀
            /// given](ν₀+D+1).
            Degrees: float
        }

    /// Adds to every plane the outer products of its components' vectors (K×D), each multiplied by its factor.
    let internal addOuter layout features (factor: int -> float) (vectors: float[]) (planes: float[]) =
        let size = Layout.planeSize features layout

        for k in 0 .. vectors.Length / features - 1 do
            let vector = GaussianParameters.part features vectors k
            let plane = GaussianParameters.part size planes (Layout.planeOf layout k)
            Layout.addOuter layout (factor k) (Span.op_Implicit vector) plane

    /// Returns the terms that the prior adds to the statistics; None without a prior.
    let internal pseudoStatistics (prior: GaussianPrior) (gaussian: Gaussian) : PseudoStatistics option =
        if prior.OnMeans.IsNone && prior.OnCovariances.IsNone then
            None
        else
            let components, features, layout = gaussian.Components, gaussian.Features, gaussian.Layout
            let count = Layout.planes components layout

            let offsets, rows, degreesOfMeans =
                match prior.OnMeans with
                | Some(centres, precision) ->
                    Array.map2 (-) centres (gaussian.Means.toArray ()), precision, float (components / count)
                | None -> Array.zeroCreate (components * features), 0.0, 0.0

            let scatter, degreesOfScale =
                match prior.OnCovariances with
                | Some(planes, degrees) -> Array.copy planes, degrees + float features + 1.0
                | None -> Array.zeroCreate (count * Layout.planeSize features layout), 0.0

            addOuter layout features (fun _ -> rows) offsets scatter

            Some
                { Rows = rows
                  First = offsets |> Array.map (fun offset -> rows * offset)
                  Scatter = scatter
                  Degrees = degreesOfMeans + degreesOfScale }

    /// Returns tr(AΣ⁻¹) for every plane of symmetric matrices A.
    let internal traces (gaussian: Gaussian) (matrices: float[]) : float[] =
        let features = gaussian.Features
        let size = Layout.planeSize features gaussian.Layout
        let factors = Reference.numbersOf gaussian.InverseFactors

        Array.init (matrices.Length / size) (fun p ->
            let matrix = GaussianParameters.part size matrices p
            let w = factors.Span.Slice(p * size, size)

            match gaussian.Layout.Shape with
            | Shape.Full -> LinearAlgebra.traceOfProduct features (Span.op_Implicit matrix) w
            | Shape.Diag ->
                let mutable sum = 0.0

                for j in 0 .. features - 1 do
                    sum <- sum + matrix[j] * w[j] * w[j]

                sum
            | Shape.Spherical -> float features * matrix[0] * w[0] * w[0])

    /// Returns ln of the prior's density without its constant: −½ Σ over planes of (degrees · ln|Σ| + tr(scatter ·
    /// Σ⁻¹)).
    let logPrior (prior: GaussianPrior) (gaussian: Gaussian) : float =
        match pseudoStatistics prior gaussian with
        | None -> 0.0
        | Some pseudo ->
            let traces = traces gaussian pseudo.Scatter
            let logDeterminants = GaussianParameters.logDeterminants gaussian // −½ ln|Σ|
            let mutable sum = 0.0

            for p in 0 .. logDeterminants.Length - 1 do
                sum <- sum + pseudo.Degrees * logDeterminants[p] - 0.5 * traces[p]

            sum
