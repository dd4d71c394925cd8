namespace Gmm

/// What is added to the diagonal of every covariance after each M-step, so that none becomes singular.
type Regularisation =
    /// This share of each feature's variance over the data (for spherical structures of their mean): the fit of rescaled
    /// data is the rescaled fit.
    | Relative of float
    /// This number, whatever the scale of the data, as scikit-learn and tgmm add it.
    | Absolute of float

/// How to fit a Gaussian mixture; start from `Gmm.defaults`.
[<NoEquality; NoComparison>]
type GmmOptions =
    {
        /// K ≥ 1.
        Components: int
        /// Which covariances the components have.
        Structure: Structure
        /// Where to start.
        Start: Start<Gaussian>
        /// How many runs with seeds Seed, Seed+1, … when the start is random; the best final objective wins.
        Restarts: int
        /// The seed of the first run.
        Seed: int
        /// Soft for EM, Hard for classification EM.
        Assignment: Assignment
        /// Converged when the objective changes by less; at 0 exactly MaxIterations are made.
        Tolerance: float
        /// M-steps at most.
        MaxIterations: int
        /// What is added to the covariances.
        RegCovar: Regularisation
        /// π ~ Dirichlet(α).
        WeightPrior: WeightPrior
        /// μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
        MeanPrior: MeanPrior option
        /// Σₖ ~ inverse Wishart(Ψ₀, ν₀) within the structure.
        CovariancePrior: CovariancePrior option
        /// Threads and cancellation; neither changes a result.
        Execution: Execution
    }

/// The front door: fitting Gaussian mixtures.
module Gmm =
    /// One full component; k-means start from seed 0; EM until the objective changes by less than 1e-6, at most 1000
    /// iterations; RegCovar Relative 1e-6; no prior; all cores.
    let defaults =
        { Components = 1
          Structure = Full
          Start = Start.KMeans
          Restarts = 1
          Seed = 0
          Assignment = Soft
          Tolerance = 1e-6
          MaxIterations = 1000
          RegCovar = Relative 1e-6
          WeightPrior = Flat
          MeanPrior = None
          CovariancePrior = None
          Execution = Execution.Default }

    /// The prior on means and covariances, or the first thing wrong with the options or the data.
    let private check (options: GmmOptions) (source: Source) : Result<GaussianPrior, GmmError> =
        let components, structure = options.Components, options.Structure
        let isSetting value = value >= 0.0 && value < infinity

        let regularisation =
            match options.RegCovar with
            | Relative amount
            | Absolute amount -> amount

        let isAssignment =
            match options.Assignment with
            | Soft
            | Hard -> true
            | Given _ -> false

        let describe structure components features =
            $"{Structure.name structure} with {components} components of {features} features"

        let expected = describe structure components source.Columns

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> describe start.Structure start.Components start.Features
            | _ -> expected

        result {
            do!
                GmmError.requireAll
                    [ components >= 1, "Components", "at least 1", string components
                      options.Restarts >= 1, "Restarts", "at least 1", string options.Restarts
                      options.MaxIterations >= 1, "MaxIterations", "at least 1", string options.MaxIterations
                      isSetting options.Tolerance, "Tolerance", "0 or more, and finite", string options.Tolerance
                      isSetting regularisation, "RegCovar", "0 or more, and finite", string regularisation
                      isAssignment, "Assignment", "Soft or Hard", "Given"
                      options.Execution.Threads >= 1, "Threads", "at least 1", string options.Execution.Threads ]

            let! source = Source.validate options.Execution source
            let limit = $"at most the number of rows, {source.Rows}"

            do!
                GmmError.requireAll
                    [ int64 components <= source.Rows, "Components", limit, string components
                      start = expected, "Start mixture", expected, start ]

            do! Start.check components source options.Start
            do! WeightPrior.check components options.WeightPrior
            return! Gaussian.prior components source.Columns structure options.MeanPrior options.CovariancePrior
        }

    /// Components around centres (K×D), each as wide as the whole data: the M-step in which every component has all rows,
    /// their mean at its centre.
    let private around structure prior regularisation (spread: Spread) (centres: float[,]) =
        let components = Array2D.length1 centres
        let planes = Structure.planes components structure
        let rowsOfPlane = spread.Weight * float (components / planes)
        let scatter = spread.Covariance |> Array.map (fun variance -> rowsOfPlane * variance)

        result {
            let! provisional = Gaussian.create structure centres (Tensor.scalar 1.0)

            let statistics =
                { Weight = spread.Weight
                  LogLikelihood = 0.0
                  Counts = Array.create components spread.Weight
                  Sums = [| Array.zeroCreate centres.Length; Array.replicate planes scatter |> Array.concat |] }

            return! Gaussian.maximise { prior with OnMeans = None } (Some regularisation) provisional statistics
        }

    /// Fits a Gaussian mixture: EM from every seed, the best objective wins. An error says what is wrong with options or
    /// data before any work, or that a component collapsed or a covariance became singular in every run. Not converging
    /// is no error: see `Fit.Converged`.
    let fit (options: GmmOptions) (source: Source) : Result<Fit<Gaussian>, GmmError> =
        let execution, structure = options.Execution, options.Structure
        let restarts = if Start.isRandom options.Start then options.Restarts else 1
        let hasConverged = Stopping.objectiveWithin options.Tolerance

        let run prior (spread: Spread) =
            let regularisation =
                match options.RegCovar with
                | Absolute amount -> Array.create source.Columns amount
                | Relative share ->
                    Spread.variances structure source.Columns spread |> Array.map (fun variance -> share * variance)

            let around = around structure prior regularisation spread

            let model =
                { Model.ofFamily (Gaussian.familyWith prior (Some regularisation)) with
                    Weights = options.WeightPrior
                    Assignment = options.Assignment
                    Execution = execution }

            fun seed ->
                result {
                    let! start = Start.mixture around model options.Components seed source options.Start
                    let iterates = EM.iterates model source start
                    return! Fit.ofIterates model seed options.MaxIterations hasConverged iterates
                }

        /// After classification EM, the statistics of soft assignment, whose log-likelihood is the mixture's.
        let softened (fit: Fit<Gaussian>) =
            match options.Assignment with
            | Soft -> fit
            | _ ->
                { fit with
                    Statistics = EM.eStep { fit.Model with Assignment = Soft } source fit.Mixture }

        result {
            let! prior = check options source
            let! spread = Spread.ofSource execution structure source
            let seeds = [ options.Seed .. options.Seed + restarts - 1 ]
            let! best = seeds |> Fit.best (fun (fit: Fit<Gaussian>) -> fit.Objective) (run prior spread)
            return softened best
        }
