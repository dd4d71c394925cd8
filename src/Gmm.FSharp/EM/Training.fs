namespace Gmm

open System.Diagnostics

/// How to run EM on mixtures of any family; start from `Mixtures.defaults`.
[<NoEquality; NoComparison>]
type MixtureOptions<'θ> =
    {
        /// K ≥ 1.
        Components: int
        /// Where to start.
        Start: Start<'θ>
        /// πₖ (K) to start from, divided by their sum; None for those that the start makes.
        StartWeights: float[] option
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

/// A family made ready for some data: its regularisation and the surroundings of its starts are measured on them.
[<NoEquality; NoComparison>]
type internal Prepared<'θ> =
    { Family: Family<'θ>
      Surroundings: Surroundings<'θ> }

/// The part of a fit that all families share: checks, restarts and the walk along the iterates.
module internal Training =
    let private checkWeights components (weights: float[]) =
        result {
            do!
                GmmError.requireAll
                    [ weights.Length = components,
                      "StartWeights",
                      $"one number for each of the {components} components",
                      $"{weights.Length} numbers" ]

            return!
                Mixture.create weights ()
                |> Result.map ignore
                |> Result.mapError (GmmError.ofOption "Weights" "StartWeights")
        }

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
                      isAssignment, "Assignment", "Soft or Hard", "Given"
                      options.VerboseInterval >= 1, "VerboseInterval", "at least 1", string options.VerboseInterval ]

            do! Fit.check options.Restarts options.MaxIterations options.Tolerance options.Execution
            do! Source.requireRows "Components" components source
            do! Start.check components source options.Start
            do! options.StartWeights |> Option.map (checkWeights components) |> Option.defaultValue (Ok())
            do! WeightPrior.check components options.WeightPrior
            do! Devices.check options.Device
        }

    /// The best fit of all seeds, from options and data that `check` found right.
    let run (prepared: Prepared<'θ>) (options: MixtureOptions<'θ>) (source: Source) : Result<Fit<'θ>, GmmError> =
        let clock = Stopwatch.StartNew()
        let isRandom = Start.isRandom options.Start || prepared.Surroundings.IsRandom
        let restarts = if isRandom then options.Restarts else 1
        let hasConverged = Stopping.objectiveWithin options.Tolerance
        let report = Progress.oneAtATime options.Progress

        let managed =
            { Model.ofFamily prepared.Family with
                Weights = options.WeightPrior
                Assignment = options.Assignment
                Execution = options.Execution }

        /// The best of all runs, whose starts are made by the processor, and whose E-steps are the model's on its blocks.
        let bestOf (model: Model<'θ>) (blocks: Source) =
            let ofRuns, ofRun = Fit.sharing model.Execution restarts blocks
            let ofStart = if model.Execution.Threads = 1 then options.Execution else ofRun

            let fromSeed seed =
                result {
                    let! start =
                        Start.mixture
                            prepared.Surroundings
                            { managed with Execution = ofStart }
                            options.Components
                            seed
                            source
                            options.Start

                    let! start =
                        options.StartWeights
                        |> Option.map (fun weights -> Mixture.create weights start.Parameters)
                        |> Option.defaultValue (Ok start)

                    let history = ResizeArray<Mixture<'θ>>()

                    let keep (iterate: Iterate<'θ>) =
                        if options.History then
                            history.Add iterate.Mixture

                        iterate

                    let iterates =
                        EM.iterates { model with Execution = ofRun } blocks start
                        |> Progress.watch report (seed - options.Seed) seed clock
                        |> Seq.map (Result.map keep)

                    let! fit = Fit.ofIterates model seed options.MaxIterations hasConverged iterates
                    return { fit with History = history.ToArray() }
                }

            /// After classification EM, the statistics of soft assignment, whose log-likelihood is the mixture's.
            let soften (fit: Fit<'θ>) =
                match options.Assignment with
                | Soft -> fit
                | _ ->
                    { fit with
                        Statistics = EM.eStep { model with Assignment = Soft } blocks fit.Mixture }

            Fit.best ofRuns (fun (fit: Fit<'θ>) -> fit.Objective) fromSeed options.Seed restarts
            |> Result.map (fun (fit, failures) -> soften { fit with Failures = failures })

        Devices.run options.Device bestOf managed source
