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

        let expected = describe options.Structure options.Components source.Columns

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> describe start.Structure start.Components start.Features
            | _ -> expected

        GmmError.requireAll
            [ options.Components >= 1, "Components", "at least 1", string options.Components
              options.Restarts >= 1, "Restarts", "at least 1", string options.Restarts
              options.MaxIterations >= 1, "MaxIterations", "at least 1", string options.MaxIterations
              isSetting options.Tolerance, "Tolerance", "0 or more, and finite", string options.Tolerance
              isSetting regularisation, "RegCovar", "0 or more, and finite", string regularisation
              isAssignment, "Assignment", "Soft or Hard", "Given"
              options.Execution.Threads >= 1, "Threads", "at least 1", string options.Execution.Threads ]
        |> Result.bind (fun () -> Source.validate options.Execution source)
        |> Result.bind (fun source ->
            let rows = $"at most the number of rows, {source.Rows}"

            GmmError.requireAll
                [ int64 options.Components <= source.Rows, "Components", rows, string options.Components
                  start = expected, "Start mixture", expected, start ])
        |> Result.bind (fun () -> Start.check options.Components source options.Start)
        |> Result.bind (fun () -> WeightPrior.check options.Components options.WeightPrior)
        |> Result.bind (fun _ ->
            Gaussian.prior
                options.Components
                source.Columns
                options.Structure
                options.MeanPrior
                options.CovariancePrior)

    /// The total weight of the data and their covariance about their mean, in a plane of the structure's layout.
    let private spread execution structure (source: Source) : Result<float * float[], GmmError> =
        let model =
            { Model.ofFamily Gaussian.family with
                Execution = execution }

        /// The statistics of one component that has all the data, about a centre (1×D).
        let about (centre: float[,]) =
            Gaussian.create structure centre (Tensor.scalar 1.0)
            |> Result.map (Mixture.uniform 1 >> EM.eStep model source)

        let mean (centre: float[,]) (statistics: Statistics) =
            centre |> Array2D.mapi (fun _ j c -> c + statistics.Sums[0][j] / statistics.Weight)

        let first = Source.rows [| 0L |] source

        about first
        |> Result.bind (mean first >> about)
        |> Result.map (fun statistics ->
            statistics.Weight, statistics.Sums[1] |> Array.map (fun sum -> sum / statistics.Weight))

    /// Components around centres (K×D), each as wide as the whole data: the M-step in which every component has all rows,
    /// their mean at its centre.
    let private around
        structure
        (prior: GaussianPrior)
        regularisation
        (weight: float, spread: float[])
        (centres: float[,])
        =
        let components = Array2D.length1 centres
        let planes = Structure.planes components structure

        Gaussian.create structure centres (Tensor.scalar 1.0)
        |> Result.bind (fun provisional ->
            let rowsOfPlane = weight * float (components / planes)

            Gaussian.maximise
                { prior with OnMeans = None }
                (Some regularisation)
                provisional
                { Weight = weight
                  LogLikelihood = 0.0
                  Counts = Array.create components weight
                  Sums =
                    [| Array.zeroCreate centres.Length
                       Array.replicate planes spread
                       |> Array.concat
                       |> Array.map (fun variance -> rowsOfPlane * variance) |] })

    /// Fits a Gaussian mixture: EM from every seed, the best objective wins. An error says what is wrong with options or
    /// data before any work, or that a component collapsed or a covariance became singular in every run. Not converging
    /// is no error: see `Fit.Converged`.
    let fit (options: GmmOptions) (source: Source) : Result<Fit<Gaussian>, GmmError> =
        let execution, structure = options.Execution, options.Structure

        let run prior (spread: float * float[]) : int -> Result<Fit<Gaussian>, GmmError> =
            let variances = Structure.matrix source.Columns structure (snd spread)

            let regularisation =
                Array.init source.Columns (fun j ->
                    match options.RegCovar with
                    | Relative share -> share * variances[j, j]
                    | Absolute amount -> amount)

            let model =
                { Model.ofFamily (Gaussian.familyWith prior (Some regularisation)) with
                    Weights = options.WeightPrior
                    Assignment = options.Assignment
                    Execution = execution }

            fun seed ->
                options.Start
                |> Start.mixture (around structure prior regularisation spread) model options.Components seed source
                |> Result.map (EM.iterates model source)
                |> Result.bind (
                    Fit.ofIterates model seed options.MaxIterations (Stopping.objectiveWithin options.Tolerance)
                )

        /// After classification EM the statistics are those of soft assignment, whose log-likelihood is the mixture's.
        let softened (fit: Fit<Gaussian>) =
            match options.Assignment with
            | Soft -> fit
            | _ ->
                { fit with
                    Statistics = EM.eStep { fit.Model with Assignment = Soft } source fit.Mixture }

        let restarts = if Start.isRandom options.Start then options.Restarts else 1

        check options source
        |> Result.bind (fun prior -> spread execution structure source |> Result.map (run prior))
        |> Result.bind (fun run ->
            [ options.Seed .. options.Seed + restarts - 1 ] |> Fit.best (fun (fit: Fit<Gaussian>) -> fit.Objective) run)
        |> Result.map softened
