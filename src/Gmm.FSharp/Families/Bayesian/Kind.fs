namespace Gmm

open System

/// Gaussian components by variational Bayes, with the settings of their prior: μₖ|Λₖ ~ N(m₀, (β₀Λₖ)⁻¹) and
/// Λₖ ~ Wishart(ν₀, V₀⁻¹), for full covariances; see `NormalWishart` for the other structures.
[<NoEquality; NoComparison>]
type BayesianGaussianKind =
    {
        /// The structure of the covariances: Full, Diag, Spherical or one of them tied.
        Structure: Structure
        /// The prior on the weights; None for a Dirichlet process of concentration γ = 1/K.
        WeightConcentration: WeightConcentration option
        /// m₀, for all components (D) or for each (K×D); None for the mean of the data.
        MeanPrior: Tensor option
        /// β₀, the number of rows that the prior on a mean counts as, from 1e-100 to 1e100.
        MeanPrecisionPrior: float
        /// ν₀, above D − 1 for full covariances and above 0 for others; None for D.
        DegreesOfFreedomPrior: float option
        /// V₀, in the shape of all covariances or of one covariance for all, or as a single number v, which stands for
        /// vI; None for the unbiased covariance of the data, restricted to the structure, with at least a millionth of
        /// the features' scale (`FeatureScale`) in directions in which they don't vary. A precision has the mean ν₀V₀⁻¹
        /// a priori.
        CovariancePrior: Tensor option
    }

    /// The share of the features' scale below which the default V₀ has no variance in any direction.
    static member private Floor = 1e-6

    /// Returns the prior of K components of D columns, from what takes the place of missing settings: m₀ (D) and a
    /// plane of V₀.
    member private kind.Prior(components, columns, mean: float[], plane: float[]) : Result<NormalWishart, GmmError> =
        let layout = Structure.layout kind.Structure
        let nu = kind.DegreesOfFreedomPrior |> Option.defaultValue (float columns)
        let mean = kind.MeanPrior |> Option.defaultWith (fun () -> Tensor.vector mean)

        let scale =
            kind.CovariancePrior
            |> Option.defaultWith (fun () -> Tensor.create (Layout.planeShape columns layout) plane)

        let concentration =
            kind.WeightConcentration
            |> Option.defaultWith (fun () -> WeightConcentration.DirichletProcess(1.0 / float components))

        let concentrationNumber =
            match concentration with
            | WeightConcentration.DirichletDistribution number
            | WeightConcentration.DirichletProcess number -> number

        result {
            do! NormalWishart.requireStructure kind.Structure
            do! NormalWishart.requirePositive "WeightConcentration" concentrationNumber
            do! NormalWishart.requirePositive "MeanPrecisionPrior" kind.MeanPrecisionPrior
            do! NormalWishart.requireDegrees "DegreesOfFreedomPrior" kind.Structure columns nu
            do! State.requireFinite "MeanPrior" mean

            do!
                GmmError.requireAll
                    [ mean.shape = [| columns |] || mean.shape = [| components; columns |],
                      "MeanPrior",
                      $"{columns} or {components}×{columns}",
                      Tensor.Show mean.shape ]

            let! planes = GaussianParameters.planesOf "CovariancePrior" components columns kind.Structure scale
            let rows = if mean.shape.Length = 1 then components else 1

            let! gaussian =
                planes
                |> Array.map (Array.map (fun entry -> entry / nu))
                |> GaussianParameters.ofComputed
                    kind.Structure
                    (Array.replicate rows (mean.toArray ()) |> Array.concat |> Array.chunkBySize columns)

            return!
                NormalWishart.create
                    gaussian
                    (Array.create components kind.MeanPrecisionPrior)
                    (Array.create planes.Length nu)
                    (WeightDistribution.ofConcentration components concentration)
        }

    interface Kind<NormalWishart> with
        member kind.Name = $"bayesian {Structure.name kind.Structure}"

        member kind.Check(components, columns, start) =
            let layout = Structure.layout kind.Structure

            result {
                do! NormalWishart.requireStructure kind.Structure
                do! GaussianParameters.requireSize components columns kind.Structure
                let plane = Layout.diagonal layout (Array.create columns 1.0)
                let! prior = kind.Prior(components, columns, Array.zeroCreate columns, plane)
                let expected = NormalWishart.describe prior
                let found = start |> Option.fold (fun _ start -> NormalWishart.describe start) expected
                do! GmmError.requireAll [ found = expected, "Start mixture", expected, found ]
            }

        member _.Misfit _ = None

        member kind.Measure(components, source, execution) =
            let structure, columns = kind.Structure, source.Columns
            let layout = Structure.layout structure

            /// Returns the unbiased covariance of the data, above a floor in the directions in which they don't vary.
            let unbiased (data: DataCovariance) (scale: float[]) =
                DataCovariance.bias data
                |> Result.map (fun bias ->
                    let plane = data.Covariance |> Array.map (fun variance -> bias * variance)
                    let floor = scale |> Array.map (fun variance -> BayesianGaussianKind.Floor * variance)
                    CovarianceFloor.raise layout floor (Span plane) (Span(Array.zeroCreate plane.Length)) |> ignore
                    plane)

            result {
                let data = source |> DataCovariance.ofSource execution layout

                let! plane =
                    match kind.CovariancePrior with
                    | Some _ -> Ok data.Covariance
                    | None ->
                        GaussianScale.variances structure (Floor 0.0) GaussianPrior.flat execution data source
                        |> Result.bind (unbiased data)

                let! prior = kind.Prior(components, columns, data.Mean[0, *], plane)

                return
                    { Measured.ofFamily (NormalWishart.familyWith prior) columns (NormalWishart.around prior data) with
                        Rule = Some NormalWishart.rule
                        IsExact = false }
            }

/// Gaussian components by variational Bayes as a kind.
module BayesianGaussianKind =
    /// The default settings, which are those of scikit-learn: full covariances, a Dirichlet process of concentration
    /// 1/K, m₀ the mean of the data, β₀ = 1, ν₀ = D, V₀ the unbiased covariance of the data.
    let defaults: BayesianGaussianKind =
        { Structure = Full
          WeightConcentration = None
          MeanPrior = None
          MeanPrecisionPrior = 1.0
          DegreesOfFreedomPrior = None
          CovariancePrior = None }
