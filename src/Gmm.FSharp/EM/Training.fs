namespace Gmm

/// How to run EM on mixtures of any family; start from `Mixtures.defaults`.
[<NoEquality; NoComparison>]
type MixtureOptions<'θ> =
    {
        /// K ≥ 1.
        Components: int
        /// Where to start.
        Start: Start<'θ>
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
        /// π ~ Dirichlet(α).
        WeightPrior: WeightPrior
        /// Threads and cancellation; neither changes a result.
        Execution: Execution
    }

/// A family made ready for some data: its regularisation and the surroundings of its starts are measured on them.
[<NoEquality; NoComparison>]
type internal Prepared<'θ> =
    { Family: Family<'θ>
      Surroundings: Surroundings<'θ> }

/// The part of a fit that all families share: checks, restarts and the walk along the iterates.
module internal Training =
    /// The first thing wrong with the options or the data, if any.
    let check (options: MixtureOptions<'θ>) (source: Source) : Result<unit, GmmError> =
        let components = options.Components

        let isAssignment =
            match options.Assignment with
            | Soft
            | Hard -> true
            | Given _ -> false

        result {
            do!
                GmmError.requireAll
                    [ components >= 1, "Components", "at least 1", string components
                      isAssignment, "Assignment", "Soft or Hard", "Given" ]

            do! Fit.check options.Restarts options.MaxIterations options.Tolerance options.Execution
            do! Source.requireRows "Components" components source
            do! Start.check components source options.Start
            do! WeightPrior.check components options.WeightPrior
        }

    /// The best fit of all seeds, from options and data that `check` found right.
    let run (prepared: Prepared<'θ>) (options: MixtureOptions<'θ>) (source: Source) : Result<Fit<'θ>, GmmError> =
        let model =
            { Model.ofFamily prepared.Family with
                Weights = options.WeightPrior
                Assignment = options.Assignment
                Execution = options.Execution }

        let hasConverged = Stopping.objectiveWithin options.Tolerance
        let restarts = if Start.isRandom options.Start then options.Restarts else 1

        let fromSeed seed =
            result {
                let! start = Start.mixture prepared.Surroundings model options.Components seed source options.Start
                let iterates = EM.iterates model source start
                return! Fit.ofIterates model seed options.MaxIterations hasConverged iterates
            }

        /// After classification EM, the statistics of soft assignment, whose log-likelihood is the mixture's.
        let soften (fit: Fit<'θ>) =
            match options.Assignment with
            | Soft -> fit
            | _ ->
                { fit with
                    Statistics = EM.eStep { model with Assignment = Soft } source fit.Mixture }

        Fit.best (fun (fit: Fit<'θ>) -> fit.Objective) fromSeed options.Seed restarts |> Result.map soften
