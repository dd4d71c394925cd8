namespace Gmm

open System
open MathNet.Numerics

/// Gaussian components with any of the fourteen covariance structures: maximum likelihood (Bishop, PRML, 2006, §9.2.2)
/// and maximum a posteriori with the normal–inverse-Wishart prior (Murphy, Machine Learning, 2012, §11.4.2.8),
/// restricted to the structure.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Gaussian =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the parameters with means (K×D) and covariances. The covariances have the shape of the structure (K×D×D,
    /// K×D or K; D×D, D or a single number when tied), or are one matrix for all components, or a single number σ² for
    /// σ²I. Error when a shape is wrong, a mean is not finite, a covariance is not symmetric and positive definite, or
    /// the covariances don't belong to the structure: VEI … EVV ask for some of volume, shape and orientation to be
    /// equal.
    let create structure (means: float[,]) (covariances: Tensor) : Result<Gaussian, GmmError> =
        let components, features = Array2D.length1 means, Array2D.length2 means

        result {
            if components = 0 || features = 0 then
                return! Error(InvalidOption("Means", "at least 1×1", $"{components}×{features}"))

            do! GmmError.requireFinite "Means" means
            let! planes = GaussianParameters.planesOf "Covariances" components features structure covariances

            let! gaussian =
                GaussianParameters.ofComputed structure (Array.init components (fun k -> means[k, *])) planes

            do! GaussianEstimators.requireWithin "Covariances" gaussian
            return gaussian
        }

    /// Returns Σₖ as a D×D matrix, for any structure.
    let covariance (gaussian: Gaussian) (k: int) : float[,] =
        let size = Layout.planeSize gaussian.Features gaussian.Layout
        let plane = Layout.planeOf gaussian.Layout k

        Layout.matrix
            gaussian.Features
            gaussian.Layout
            (Array.sub (gaussian.Covariances.toArray ()) (plane * size) size)

    /// Returns the precisions Σ⁻¹ = WᵀW, in the shape of the covariances.
    let precisions (gaussian: Gaussian) : Tensor =
        let w = gaussian.InverseFactors

        let squares =
            match gaussian.Layout.Shape with
            | Shape.Full -> w.transpose(1, 2).matmul w
            | Shape.Diag
            | Shape.Spherical -> w * w

        squares.view gaussian.Covariances.shape

    /// Returns the factors U of the precisions, Σ⁻¹ = UUᵀ, in the shape of the covariances: upper triangular matrices
    /// Wᵀ, or 1/σ. They are scikit-learn's `precisions_cholesky_`.
    let precisionsCholesky (gaussian: Gaussian) : Tensor =
        let w = gaussian.InverseFactors

        let factors =
            match gaussian.Layout.Shape with
            | Shape.Full -> w.transpose (1, 2)
            | Shape.Diag
            | Shape.Spherical -> w

        factors.view gaussian.Covariances.shape

    /// Returns an error unless a choice of features is valid: at least one of 0 to D − 1, without repetition.
    let internal checkFeatures name width (features: int[]) : Result<unit, GmmError> =
        let areDifferent = Array.length (Array.distinct features) = features.Length
        let areInside = features |> Array.forall (fun j -> j >= 0 && j < width)
        let text = "[" + String.Join("; ", features) + "]"

        GmmError.requireAll
            [ features.Length > 0 && areDifferent && areInside,
              name,
              $"different numbers from 0 to {width - 1}, at least one",
              text ]

    /// Returns the structure of a marginal or conditional distribution: volumes of parts differ where shapes differ,
    /// and parts of rotated matrices have nothing in common.
    let internal structureOfPart structure =
        match structure with
        | Full
        | Diag
        | Spherical
        | TiedFull
        | TiedDiag
        | TiedSpherical
        | VEI
        | VEE -> structure
        | EVI -> Diag
        | EVE
        | VVE
        | EEV
        | VEV
        | EVV -> Full

    /// Returns the components' distribution of some features, in the given order: the means' numbers and the
    /// covariances' rows and columns of those features (Bishop, PRML, eq. 2.98). The structure is the same, except that
    /// without some of the features EVI becomes Diag, and EVE, VVE, EEV, VEV and EVV become Full. Error unless the
    /// features are different numbers from 0 to D − 1, at least one.
    let marginal (features: int[]) (gaussian: Gaussian) : Result<Gaussian, GmmError> =
        let width = gaussian.Features

        let structure =
            if features.Length = width then
                gaussian.Structure
            else
                structureOfPart gaussian.Structure

        let select (plane: float[]) =
            match gaussian.Layout.Shape with
            | Shape.Full ->
                [| for i in features do
                       for j in features -> plane[i * width + j] |]
            | Shape.Diag -> features |> Array.map (fun j -> plane[j])
            | Shape.Spherical -> plane

        result {
            do! checkFeatures "Features" width features
            let planes = gaussian.Covariances.toArray () |> Array.chunkBySize (Layout.planeSize width gaussian.Layout)

            let means =
                GaussianParameters.rows gaussian.Means
                |> Array.map (fun mean -> features |> Array.map (fun j -> mean[j]))

            return! GaussianParameters.ofComputed structure means (Array.map select planes)
        }

    /// Returns the number of free numbers in means and covariances: K·D and the structure's own.
    let freeParameters (gaussian: Gaussian) =
        let components, features = gaussian.Components, gaussian.Features
        components * features + Structure.freeParameters components features gaussian.Structure

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns zₙₖ = xₙ − μₖ (K×n×D).
    let private deviations (gaussian: Gaussian) (x: Tensor) = x.unsqueeze 0 - gaussian.Means.unsqueeze 1

    /// Returns y = W z (K×n×D), which has covariance I.
    let private whitened (gaussian: Gaussian) (z: Tensor) =
        let w = gaussian.InverseFactors

        match gaussian.Layout.Shape with
        | Shape.Full ->
            z.matmul (w.transpose(1, 2).expand [| gaussian.Components; gaussian.Features; gaussian.Features |])
        | Shape.Diag -> z * w.unsqueeze 1
        | Shape.Spherical -> z * w.view [| w.shape[0]; 1; 1 |]

    /// Returns ln|W| = −½ ln|Σ| of every covariance matrix (P).
    let private logDeterminants (gaussian: Gaussian) =
        let w, features = gaussian.InverseFactors, gaussian.Features

        match gaussian.Layout.Shape with
        | Shape.Full ->
            let identity =
                w.like ([| features; features |], Layout.diagonal gaussian.Layout (Array.create features 1.0))

            (w * identity).sum(2).log().sum 1
        | Shape.Diag -> w.log().sum 1
        | Shape.Spherical -> w.log () * float features

    /// Returns the squared Mahalanobis distances (xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ) = ‖Wₖ(xₙ−μₖ)‖² (K×n).
    let private squaredDistances (gaussian: Gaussian) (x: Tensor) =
        let y = whitened gaussian (deviations gaussian x)
        (y * y).sum 2

    /// Returns the squared Mahalanobis distances (xₙ−μₖ)ᵀΣₖ⁻¹(xₙ−μₖ) (n×K) of a block x (n×D) (Bishop, PRML, eq. 2.44).
    let squaredMahalanobis (gaussian: Gaussian) (x: Tensor) : Tensor = (squaredDistances gaussian x).transpose(0, 1)

    /// Returns ln|W| − ½D ln 2π of every covariance matrix (P).
    let internal normalisers (gaussian: Gaussian) =
        logDeterminants gaussian - float gaussian.Features * Constants.Ln2PiOver2

    /// Returns ln N(xₙ|μₖ, Σₖ) = −½‖Wₖ(xₙ−μₖ)‖² + ln|Wₖ| − ½D ln 2π (n×K) of a block x (n×D) (Bishop, PRML, eq. 2.43).
    let logDensity (gaussian: Gaussian) (x: Tensor) : Tensor =
        (squaredDistances gaussian x * -0.5 + (normalisers gaussian).unsqueeze 1).transpose(0, 1)

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the first moments Σₙ rₙₖ zₙₖ (K×D) and the second moments Σₙ rₙₖ zₙₖzₙₖᵀ (a plane for each covariance
    /// matrix) about the current means, z = x − μₖ, of a block x (n×D) under responsibilities (n×K). About the means
    /// nothing cancels, however far from 0 the data lie.
    let sums (gaussian: Gaussian) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        let z = deviations gaussian x
        let rz = responsibilities.transpose(0, 1).unsqueeze 2 * z

        let second =
            match gaussian.Layout.Shape with
            | Shape.Full -> z.transpose(1, 2).matmul rz
            | Shape.Diag -> (z * rz).sum 1
            | Shape.Spherical -> (z * rz).sum(2).sum 1 * (1.0 / float gaussian.Features)

        [ rz.sum 1; (if gaussian.Layout.IsTied then second.sum 0 else second) ]

    /// Returns `logDensity` with a number added for each component, and `sums`, as a form for the kernels.
    let internal formWith (added: int -> float) (gaussian: Gaussian) : Form =
        let normaliser = float gaussian.Features * Constants.Ln2PiOver2

        let logDeterminants = GaussianParameters.logDeterminants gaussian

        let constants =
            Array.init gaussian.Components (fun k ->
                logDeterminants[Layout.planeOf gaussian.Layout k] - normaliser + added k)

        Form.Quadratic(gaussian.Layout, gaussian.Means, gaussian.InverseFactors, constants)

    /// Returns `logDensity` and `sums` as a form for the kernels.
    let internal form: Gaussian -> Form = formWith (fun _ -> 0.0)

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Runs the M-step: returns the joint mode of means and covariances (Bishop, PRML, eqs. 9.24–9.25; Murphy, Machine
    /// Learning, 2012, §11.4.2.8), from statistics about the current means μ, with a prior κ₀, m₀ on the means and one
    /// on the covariances:
    ///   δₖ = (Σₙ rₙₖzₙₖ + κ₀(m₀ₖ−μₖ)) / (Nₖ+κ₀),  μₖ ← μₖ + δₖ,
    ///   Σ ← (S + prior's scatter − Σₖ (Nₖ+κ₀) δₖδₖᵀ) / (Σₖ Nₖ + prior's degrees),
    /// with sums over the components that share the covariance. `AtLeast` variances F (D) give the mode among the
    /// covariances with Σ ⪰ F: eigenvalues of F^−½ΣF^−½ below 1 become 1. `Added` variances (D) are added to the
    /// diagonal of Σ instead. VEI … EVV estimate all covariances together, from the numerators and denominators of the
    /// Σₖ above (Celeux and Govaert 1995; see `Structure`). `AtLeast` gives them the mode among the covariances with Σₖ
    /// tr(FΣₖ⁻¹) ≤ 1, which implies Σₖ ⪰ F; `Added` variances enter the numerators as (denominator)·variances. Error
    /// when a component has no rows left or a covariance is singular.
    let maximise
        (prior: GaussianPrior)
        (regularisation: CovarianceRegularisation option)
        (gaussian: Gaussian)
        (statistics: Statistics)
        : Result<Gaussian, GmmError> =
        GaussianMStep.maximise prior regularisation statistics.Counts gaussian statistics

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns x = μₖ + Wₖ⁻¹y for a vector y (D): the row at Mahalanobis distance ‖y‖ from μₖ, in the direction that y
    /// gives.
    let internal unwhitened (gaussian: Gaussian) (k: int) : float[] -> float[] =
        let size = Layout.planeSize gaussian.Features gaussian.Layout
        let plane = Layout.planeOf gaussian.Layout k

        let mean, w =
            (GaussianParameters.rows gaussian.Means)[k],
            Array.sub (gaussian.InverseFactors.toArray ()) (plane * size) size

        let step (y: float[]) =
            match gaussian.Layout.Shape with
            | Shape.Full -> LinearAlgebra.solveLower w y
            | Shape.Diag -> Array.map2 (/) y w
            | Shape.Spherical -> y |> Array.map (fun number -> number / w[0])

        fun y -> Array.map2 (+) mean (step y)

    /// Draws a row (D) from component k: μₖ + Wₖ⁻¹y with y ~ N(0, I), which has covariance Wₖ⁻¹Wₖ⁻ᵀ = Σₖ (Bishop, PRML,
    /// §11.1.1).
    let sample (gaussian: Gaussian) (k: int) : Random -> float[] =
        let place = unwhitened gaussian k
        fun random -> place (Draw.standardNormals random gaussian.Features)

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the family of Gaussian components under a prior, with covariances regularised as in `maximise`.
    let rec familyWith (prior: GaussianPrior) (regularisation: CovarianceRegularisation option) : Family<Gaussian> =
        { Name = "gaussian"
          LogDensity = logDensity
          Sums = sums
          SumLengths =
            fun gaussian -> [| gaussian.Components * gaussian.Features; Array.fold (*) 1 gaussian.Covariances.shape |]
          Maximise = maximise prior regularisation
          Recentre = GaussianMStep.recentre
          LogPrior = GaussianPrior.logPrior prior
          Form = form >> Some
          Misfit = NumberwiseMisfit.none _.Features
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
          Coordinates =
            match regularisation with
            | Some(AtLeast variances) ->
                { GaussianCoordinates.coordinates with
                    ToParameters =
                        fun like numbers ->
                            GaussianCoordinates.coordinates.ToParameters like numbers
                            |> Result.bind (GaussianMStep.requireFloor variances) }
            | Some(Added _)
            | None -> GaussianCoordinates.coordinates
          Noise = None
          Storage =
            { Parameters = GaussianStorage.toState
              OfParameters = GaussianStorage.ofState
              Settings = GaussianStorage.settings prior regularisation
              OfSettings =
                fun gaussian state ->
                    GaussianStorage.ofSettings gaussian state
                    |> Result.map (fun (prior, regularisation) -> familyWith prior regularisation) }
          Missing =
            Some
                { Restrict = GaussianMissing.restrict
                  Lift = GaussianMissing.lift
                  Complete = GaussianMissing.complete } }

    /// The family of Gaussian components by maximum likelihood, without prior or regularisation.
    let family: Family<Gaussian> = familyWith GaussianPrior.flat None
