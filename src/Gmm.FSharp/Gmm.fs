namespace Gmm

/// What is added to the diagonal of every covariance after each M-step, so that none becomes singular.
type Regularisation =
    /// This share of each feature's variance over the data (for spherical structures of their mean): the fit of rescaled
    /// data is the rescaled fit.
    | Relative of float
    /// This number, whatever the scale of the data, as scikit-learn and tgmm add it.
    | Absolute of float

/// What Gaussian components are: the part of `GmmOptions` that is not of EM.
[<NoEquality; NoComparison>]
type GaussianOptions =
    {
        /// Which covariances the components have.
        Structure: Structure
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

    /// Gaussian columns of a product, unless something else is wanted: full covariances, RegCovar Relative 1e-6, no prior.
    let columns: GaussianOptions =
        { Structure = defaults.Structure
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

                let around = around structure prior regularisation spread

                return
                    { Family = Gaussian.familyWith prior (Some regularisation)
                      Surroundings =
                        { Width = id
                          Features = id
                          AtMeans = around
                          Around = around
                          Provisional = fun centres -> Gaussian.create structure centres (Tensor.scalar 1.0)
                          HasEdges = false } }
            }

        result {
            do! checkRegularisation options.RegCovar
            let! prior = Gaussian.prior components columns structure options.MeanPrior options.CovariancePrior
            return measure prior
        }

    /// Fits a Gaussian mixture: EM from every seed, the best objective wins. An error says what is wrong with options or
    /// data before any work, or that a component collapsed or a covariance became singular in every run. Not converging
    /// is no error: see `Fit.Converged`.
    let fit (options: GmmOptions) (source: Source) : Result<Fit<Gaussian>, GmmError> =
        let gaussian =
            { Structure = options.Structure
              RegCovar = options.RegCovar
              MeanPrior = options.MeanPrior
              CovariancePrior = options.CovariancePrior }

        let training =
            { Components = options.Components
              Start = options.Start
              Restarts = options.Restarts
              Seed = options.Seed
              Assignment = options.Assignment
              Tolerance = options.Tolerance
              MaxIterations = options.MaxIterations
              WeightPrior = options.WeightPrior
              Execution = options.Execution }

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
            return! Training.run prepared training source
        }
