namespace Gmm

open MathNet.Numerics.Distributions
open MathNet.Numerics.LinearAlgebra.Double

/// The amount added to the diagonal of every covariance after each M-step, so that none becomes singular.
type Regularisation =
    /// This share of each feature's variance over the data, or of the mean variance for spherical structures. The fit
    /// of rescaled data is then the rescaled fit.
    | Relative of float
    /// This number, for data of any scale, as scikit-learn and tgmm add it.
    | Absolute of float

/// The covariances that Gaussian components start from.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type CovarianceStart =
    /// The covariances that the start gives: of the clusters that k-means finds, of given labels or responsibilities,
    /// or of the given mixture; for components around centres, the data's covariance.
    | OfStart
    /// The covariance of all data, for every component.
    | Empirical
    /// I for every component.
    | Identity
    /// A draw for every covariance matrix from the Wishart distribution of D + 2 degrees of freedom with the data's
    /// covariance as its mean; it is positive definite.
    | Random
    /// Given covariances: in the shape of the structure, as one matrix for all components, or as a single number σ² for
    /// σ²I.
    | Given of Tensor

/// Makes the starting parameters of Gaussian components.
module private GaussianStart =
    /// Returns components around centres (K×D), each as wide as the whole data: the M-step in which every component has
    /// all rows, moved so that their mean is its centre.
    let around structure prior regularisation (data: DataCovariance) (centres: float[,]) =
        let components = Array2D.length1 centres
        let planes = Layout.planes components (Structure.layout structure)
        let rowsOfPlane = data.Weight * float (components / planes)
        let scatter = data.Covariance |> Array.map (fun variance -> rowsOfPlane * variance)

        result {
            let! provisional = Gaussian.create structure centres (Tensor.scalar 1.0)

            let statistics =
                { Weight = data.Weight
                  LogLikelihood = 0.0
                  Counts = Array.create components data.Weight
                  Sums = [| Array.zeroCreate centres.Length; Array.replicate planes scatter |> Array.concat |] }

            return! GaussianMStep.maximise { prior with OnMeans = None } (Some regularisation) provisional statistics
        }

    /// Returns the given parameters with the covariances that the settings require, regularised like those of an
    /// M-step.
    let revise structure start (regularisation: float[]) (data: DataCovariance) seed (gaussian: Gaussian) =
        let layout = Structure.layout structure
        let components, features = gaussian.Components, gaussian.Features
        let means, planes = gaussian.Means.toArray2D (), Layout.planes components layout
        let empirical = Array.map2 (+) (Layout.diagonal layout regularisation) data.Covariance

        let withPlanes (plane: int -> float[]) =
            GaussianParameters.ofComputed
                structure
                (Array.init components (fun k -> means[k, *]))
                (Array.init planes plane)

        /// Returns a covariance drawn around the data's, as a plane.
        let drawn random =
            let degrees = float features + 2.0
            let matrix = Layout.matrix features layout empirical |> DenseMatrix.OfArray
            let draw = Wishart.Sample(random, degrees, matrix / degrees)
            Layout.ofMatrix layout (draw.ToArray())

        match start with
        | CovarianceStart.OfStart -> Ok gaussian
        | CovarianceStart.Empirical -> withPlanes (fun _ -> empirical)
        | CovarianceStart.Identity -> Gaussian.create structure means (Tensor.scalar 1.0)
        | CovarianceStart.Random ->
            // A singular matrix has no draws around it.
            withPlanes (fun _ -> empirical)
            |> Result.bind (fun _ -> withPlanes (fun plane -> drawn (RandomStream.ofRow seed -(int64 plane + 1L))))
        | CovarianceStart.Given covariances -> Gaussian.create structure means covariances

/// Gaussian components with their settings.
[<NoEquality; NoComparison>]
type GaussianKind =
    {
        /// The structure of the covariances.
        Structure: Structure
        /// The covariances to start from.
        StartCovariances: CovarianceStart
        /// The amount added to the diagonal of the covariances.
        RegCovar: Regularisation
        /// μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
        MeanPrior: MeanPrior option
        /// Σₖ ~ inverse Wishart(Ψ₀, ν₀) within the structure.
        CovariancePrior: CovariancePrior option
    }

    member private kind.CheckStartCovariances(components, columns) =
        match kind.StartCovariances with
        | CovarianceStart.Given covariances ->
            Gaussian.create kind.Structure (Array2D.zeroCreate components columns) covariances
            |> Result.map ignore
            |> Result.mapError (GmmError.ofOption "Covariances" "StartCovariances")
        | CovarianceStart.OfStart
        | CovarianceStart.Empirical
        | CovarianceStart.Identity
        | CovarianceStart.Random -> Ok()

    member private kind.CheckStart(components, columns, start: Gaussian option) =
        let describe (components, columns, structure) =
            $"{Structure.name structure} with {components} components of {columns} features"

        match start with
        | Some start ->
            (start.Components, start.Features, start.Structure)
            |> Kind.requireStart describe (components, columns, kind.Structure)
        | None -> Ok()

    member private kind.Prior(components, columns) =
        GaussianPrior.create components columns kind.Structure kind.MeanPrior kind.CovariancePrior

    interface Kind<Gaussian> with
        member kind.Name = Structure.name kind.Structure

        member kind.Check(components, columns, start) =
            let amount =
                match kind.RegCovar with
                | Relative amount
                | Absolute amount -> amount

            result {
                do! kind.CheckStart(components, columns, start)

                do!
                    GmmError.requireAll
                        [ amount >= 0.0 && amount < infinity, "RegCovar", "0 or more, and finite", string amount ]

                do! kind.CheckStartCovariances(components, columns)
                return! kind.Prior(components, columns) |> Result.map ignore
            }

        member _.Misfit _ = None

        member kind.Measure(components, source, execution) =
            let structure, columns = kind.Structure, source.Columns
            let layout = Structure.layout structure

            result {
                let! prior = kind.Prior(components, columns)
                let data = source |> DataCovariance.ofSource execution layout

                let regularisation =
                    match kind.RegCovar with
                    | Absolute amount -> Array.create columns amount
                    | Relative share ->
                        DataCovariance.variances layout columns data |> Array.map (fun variance -> share * variance)

                let provisional centres = Gaussian.create structure centres (Tensor.scalar 1.0)

                let around =
                    match kind.StartCovariances with
                    | CovarianceStart.OfStart
                    | CovarianceStart.Empirical -> GaussianStart.around structure prior regularisation data
                    | CovarianceStart.Identity
                    | CovarianceStart.Random
                    | CovarianceStart.Given _ -> provisional // revised below

                return
                    { Measured.ofFamily (Gaussian.familyWith prior (Some regularisation)) columns around with
                        Provisional = provisional
                        Revise = GaussianStart.revise structure kind.StartCovariances regularisation data
                        IsRandom = kind.StartCovariances.IsRandom }
            }

/// Gaussian components as a kind.
module GaussianKind =
    /// The default settings: full covariances, RegCovar Relative 1e-6, no prior, the start's covariances.
    let defaults: GaussianKind =
        { Structure = Full
          StartCovariances = CovarianceStart.OfStart
          RegCovar = Relative 1e-6
          MeanPrior = None
          CovariancePrior = None }

/// Makes priors from data: weak, and at the scale of the data.
module Prior =
    /// Returns weak priors measured on the data, which stabilise components with few rows: m₀ = x̄, κ₀ = 0.01, ν₀ = D +
    /// 2 and Ψ₀ = S/K^(2/D), where S = Σₙ wₙ(xₙ−x̄)(xₙ−x̄)ᵀ/(n−1) with n = Σₙ wₙ is the data's unbiased covariance,
    /// restricted to the structure. These are the priors of mclust's `priorControl()` (Fraley and Raftery 2007, §3.1),
    /// which however gives every feature of diagonal structures the mean variance. Error when there are no data, when
    /// there are fewer components than 1, when a number isn't finite, or when n is 1 or less. A constant feature makes
    /// Ψ₀ singular, which the fit rejects.
    let fromData structure (components: int) (source: Source) : Result<MeanPrior * CovariancePrior, GmmError> =
        let layout = Structure.layout structure

        result {
            do! GmmError.requireAll [ components >= 1, "Components", "at least 1", string components ]
            do! GaussianParameters.requireSize components source.Columns structure
            do! Source.validate Execution.Default source
            let data = source |> DataCovariance.ofSource Execution.Default layout
            let features = source.Columns

            if not (data.Weight > 1.0) then
                let rule =
                    "a total weight above 1, because variances are divided by Σw − 1 (scale the sample weights so that their sum is the number of rows)"

                return! Error(InvalidData(rule, $"it is {string data.Weight}"))

            let share = float components ** (-2.0 / float features) * (data.Weight / (data.Weight - 1.0))

            return
                { Mean = Tensor.vector data.Mean[0, *]
                  Precision = 0.01 },
                { Scale =
                    data.Covariance
                    |> Array.map (fun variance -> share * variance)
                    |> Tensor.create (Layout.planeShape features layout)
                  Degrees = float features + 2.0 }
        }
