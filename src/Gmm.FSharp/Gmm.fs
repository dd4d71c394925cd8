namespace Gmm

open System
open MathNet.Numerics.Distributions
open MathNet.Numerics.LinearAlgebra.Double

/// What is added to the diagonal of every covariance after each M-step, so that none becomes singular.
type Regularisation =
    /// This share of each feature's variance over the data (for spherical structures of their mean): the fit of rescaled
    /// data is the rescaled fit.
    | Relative of float
    /// This number, whatever the scale of the data, as scikit-learn and tgmm add it.
    | Absolute of float

/// The covariances that Gaussian components start from.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type CovarianceStart =
    /// Those that the start makes: of the clusters that k-means finds, of given labels or responsibilities, or of the given
    /// mixture; otherwise, around centres, the data's.
    | OfStart
    /// That of all data, for every component.
    | Empirical
    /// I for every component.
    | Identity
    /// A draw from the Wishart distribution of D + 2 degrees of freedom with the data's covariance as its mean, for every
    /// covariance matrix; positive definite.
    | Random
    /// Given ones: shaped as the structure has them, as one matrix for all components, or as a single number σ² for σ²I.
    | Given of Tensor

/// What Gaussian components are: the part of `GmmOptions` that is not of EM.
[<NoEquality; NoComparison>]
type GaussianOptions =
    {
        /// Which covariances the components have.
        Structure: Structure
        /// The covariances to start from.
        StartCovariances: CovarianceStart
        /// What is added to the covariances.
        RegCovar: Regularisation
        /// μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀).
        MeanPrior: MeanPrior option
        /// Σₖ ~ inverse Wishart(Ψ₀, ν₀) within the structure.
        CovariancePrior: CovariancePrior option
    }

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
        /// πₖ (K) to start from, divided by their sum; None for those that the start makes.
        StartWeights: float[] option
        /// The covariances to start from.
        StartCovariances: CovarianceStart
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
        /// Called after every E-step of every run, from one thread at a time.
        Progress: Progress -> unit
        /// Whether to print a line of progress, and one at the end.
        Verbose: bool
        /// Every how many iterations a line is printed.
        VerboseInterval: int
        /// Whether the fit keeps the mixture of every iterate.
        History: bool
        /// Threads and cancellation; neither changes a result.
        Execution: Execution
        /// Where the E-steps are done; starts and M-steps are always the processor's.
        Device: Device
    }

/// Printing how a fit goes: the only place that does.
module internal Verbose =
    /// Runs a fit with options whose progress is printed, if they ask for it, and a last line about the outcome.
    let run (options: MixtureOptions<'θ>) (fit: MixtureOptions<'θ> -> Result<Fit<'θ>, GmmError>) =
        let print (progress: Progress) =
            if progress.Iteration % options.VerboseInterval = 0 then
                Console.Out.WriteLine progress.Line

            options.Progress progress

        let summary (fit: Fit<'θ>) =
            let outcome = if fit.Converged then "converged" else "stopped without converging"

            Console.Out.WriteLine(
                FormattableString.Invariant
                    $"seed {fit.Seed} was best: {outcome} after {fit.Iterations} iterations, objective {fit.Objective:G10}"
            )

        if options.Verbose then
            fit { options with Progress = print }
            |> Result.map (fun fit ->
                summary fit
                fit)
        else
            fit options

/// Beliefs that suit some data: weak, and at their scale.
module Prior =
    /// Weak beliefs measured on the data, which hold components together where they have few rows: m₀ = x̄, κ₀ = 0.01,
    /// ν₀ = D + 2 and Ψ₀ = S/K^(2/D), where S is the data's covariance, restricted to the structure (Fraley and Raftery
    /// 2007, §3.1, who give every feature of diagonal structures the mean variance). Error when there are no data, fewer
    /// components than 1, or a number isn't finite; a constant feature makes Ψ₀ singular, which the fit refuses.
    let fromData structure (components: int) (source: Source) : Result<MeanPrior * CovariancePrior, GmmError> =
        result {
            do! GmmError.requireAll [ components >= 1, "Components", "at least 1", string components ]
            do! Source.validate Execution.Default source
            let! spread = Spread.ofSource Execution.Default structure source
            let features = source.Columns
            let share = float components ** (-2.0 / float features)

            return
                { Mean = Tensor.vector spread.Mean[0, *]
                  Precision = 0.01 },
                { Scale =
                    spread.Covariance
                    |> Array.map (fun variance -> share * variance)
                    |> Tensor.create (Structure.planeShape features structure)
                  Degrees = float features + 2.0 }
        }

/// The front door: fitting Gaussian mixtures.
module Gmm =
    /// One full component; k-means start from seed 0; EM until the objective changes by less than 1e-6, at most 1000
    /// iterations; RegCovar Relative 1e-6; no prior; all cores.
    let defaults =
        { Components = 1
          Structure = Full
          Start = Start.KMeans
          StartWeights = None
          StartCovariances = CovarianceStart.OfStart
          Restarts = 1
          Seed = 0
          Assignment = Soft
          Tolerance = 1e-6
          MaxIterations = 1000
          RegCovar = Relative 1e-6
          WeightPrior = Flat
          MeanPrior = None
          CovariancePrior = None
          Progress = ignore
          Verbose = false
          VerboseInterval = 10
          History = false
          Execution = Execution.Default
          Device = Device.Cpu }

    /// Gaussian columns of a product, unless something else is wanted: full covariances, RegCovar Relative 1e-6, no prior.
    let columns: GaussianOptions =
        { Structure = defaults.Structure
          StartCovariances = defaults.StartCovariances
          RegCovar = defaults.RegCovar
          MeanPrior = defaults.MeanPrior
          CovariancePrior = defaults.CovariancePrior }

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

    /// The given parameters with the covariances that the options ask for. Regularised, as those of an M-step are.
    let private revise structure start (regularisation: float[]) (spread: Spread) seed (gaussian: Gaussian) =
        let components, features = gaussian.Components, gaussian.Features
        let means, planes = gaussian.Means.toArray2D (), Structure.planes components structure
        let empirical = Array.map2 (+) (Structure.diagonal structure regularisation) spread.Covariance

        let withPlanes (plane: int -> float[]) =
            Gaussian.ofComputed structure (Array.init components (fun k -> means[k, *])) (Array.init planes plane)

        /// A covariance drawn around the data's, in the layout of a plane.
        let drawn random =
            let degrees = float features + 2.0
            let matrix = Structure.matrix features structure empirical |> DenseMatrix.OfArray
            let draw = Wishart.Sample(random, degrees, matrix / degrees)
            Structure.ofMatrix structure (draw.ToArray())

        match start with
        | CovarianceStart.OfStart -> Ok gaussian
        | CovarianceStart.Empirical -> withPlanes (fun _ -> empirical)
        | CovarianceStart.Identity -> Gaussian.create structure means (Tensor.scalar 1.0)
        | CovarianceStart.Random ->
            // There are no draws around a singular matrix.
            withPlanes (fun _ -> empirical)
            |> Result.bind (fun _ -> withPlanes (fun plane -> drawn (RandomStream.ofRow seed -(int64 plane + 1L))))
        | CovarianceStart.Given covariances -> Gaussian.create structure means covariances

    let private checkRegularisation regularisation =
        match regularisation with
        | Relative amount
        | Absolute amount ->
            let holds = amount >= 0.0 && amount < infinity
            GmmError.requireAll [ holds, "RegCovar", "0 or more, and finite", string amount ]

    /// Gaussian components of K components and D columns, checked; what is left is to measure the data.
    let internal prepare components columns execution (options: GaussianOptions) =
        let structure = options.Structure

        let measure prior (source: Source) : Result<Prepared<Gaussian>, GmmError> =
            result {
                let! spread = Spread.ofSource execution structure source

                let regularisation =
                    match options.RegCovar with
                    | Absolute amount -> Array.create columns amount
                    | Relative share ->
                        Spread.variances structure columns spread |> Array.map (fun variance -> share * variance)

                let provisional centres = Gaussian.create structure centres (Tensor.scalar 1.0)

                let around =
                    match options.StartCovariances with
                    | CovarianceStart.OfStart
                    | CovarianceStart.Empirical -> around structure prior regularisation spread
                    | CovarianceStart.Identity
                    | CovarianceStart.Random
                    | CovarianceStart.Given _ -> provisional // revised below

                return
                    { Family = Gaussian.familyWith prior (Some regularisation)
                      Surroundings =
                        { Width = id
                          Features = id
                          AtMeans = around
                          Around = around
                          Provisional = provisional
                          HasEdges = false
                          Revise = revise structure options.StartCovariances regularisation spread
                          IsRandom = options.StartCovariances.IsRandom } }
            }

        let checkStart () =
            match options.StartCovariances with
            | CovarianceStart.Given covariances ->
                Gaussian.create structure (Array2D.zeroCreate components columns) covariances
                |> Result.map ignore
                |> Result.mapError (GmmError.ofOption "Covariances" "StartCovariances")
            | _ -> Ok()

        result {
            do! checkRegularisation options.RegCovar
            do! checkStart ()
            let! prior = Gaussian.prior components columns structure options.MeanPrior options.CovariancePrior
            return measure prior
        }

    /// Fits a Gaussian mixture: EM from every seed, the best objective wins. An error says what is wrong with options or
    /// data before any work, or that a component collapsed or a covariance became singular in every run. Not converging
    /// is no error: see `Fit.Converged`.
    let fit (options: GmmOptions) (source: Source) : Result<Fit<Gaussian>, GmmError> =
        let gaussian =
            { Structure = options.Structure
              StartCovariances = options.StartCovariances
              RegCovar = options.RegCovar
              MeanPrior = options.MeanPrior
              CovariancePrior = options.CovariancePrior }

        let training =
            { Components = options.Components
              Start = options.Start
              StartWeights = options.StartWeights
              Restarts = options.Restarts
              Seed = options.Seed
              Assignment = options.Assignment
              Tolerance = options.Tolerance
              MaxIterations = options.MaxIterations
              WeightPrior = options.WeightPrior
              Progress = options.Progress
              Verbose = options.Verbose
              VerboseInterval = options.VerboseInterval
              History = options.History
              Execution = options.Execution
              Device = options.Device }

        let describe structure components features =
            $"{Structure.name structure} with {components} components of {features} features"

        let expected = describe options.Structure options.Components source.Columns

        let start =
            match options.Start with
            | Start.Mixture { Parameters = start } -> describe start.Structure start.Components start.Features
            | _ -> expected

        result {
            do! GmmError.requireAll [ start = expected, "Start mixture", expected, start ]
            do! Training.check training source
            let! measure = prepare options.Components source.Columns options.Execution gaussian
            do! Source.validate options.Execution source
            let! prepared = measure source
            return! Verbose.run training (fun training -> Training.run prepared training source)
        }
