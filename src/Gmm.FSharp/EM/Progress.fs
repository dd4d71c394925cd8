namespace Gmm

open System
open System.Diagnostics
open System.Runtime.ExceptionServices

/// The progress of a fit, reported after every E-step on all rows.
type Progress =
    {
        /// The number of the run, from 0. The start `Auto` makes two runs for each seed, `Thorough` up to three; on
        /// large data, runs that join the first one on a sample are left out, and not counted. The reports of a run
        /// that joins it later end early (`FitOptions.Restarts`). If components move at the end, another run follows, which
        /// counts if it ends higher.
        Run: int
        /// The run's seed.
        Seed: int
        /// The number of M-steps that the run has made; 0 at its start, when it begins anew from components that have
        /// moved, and when it goes back from these (`Start.Auto`).
        Iteration: int
        /// The objective of the current mixture.
        Objective: float
        /// The change of the objective since the previous iteration; 0 at the start.
        Change: float
        /// The time since the fit began, including starts and other runs.
        Elapsed: TimeSpan
    }

    /// The report as one line.
    member progress.Line =
        let seconds = progress.Elapsed.TotalSeconds

        FormattableString.Invariant
            $"run {progress.Run} (seed {progress.Seed})  iteration {progress.Iteration, 4}  objective {progress.Objective, 16:G10}  change {progress.Change, 10:G3}  {seconds:F2} s"

/// Reports the progress of fits.
module internal Progress =
    /// Serialises the reports of several runs: only one thread calls `report` at a time. Once it has thrown, every run
    /// ends with its exception at the run's next report.
    let oneAtATime (report: Progress -> unit) : Progress -> unit =
        let gate, thrown = obj (), ref None

        fun progress ->
            lock gate (fun () ->
                thrown.Value |> Option.iter (fun (first: ExceptionDispatchInfo) -> first.Throw())

                try
                    report progress
                with trouble ->
                    thrown.Value <- Some(ExceptionDispatchInfo.Capture trouble)
                    reraise ())

    /// Returns a function that reports each iterate of a run as the run reaches it.
    let watch (report: Progress -> unit) run seed (clock: Stopwatch) : Iterate<'θ> -> unit =
        let previous: float option ref = ref None

        fun iterate ->
            let change = previous.Value |> Option.map (fun before -> iterate.Objective - before)
            previous.Value <- Some iterate.Objective

            report
                { Run = run
                  Seed = seed
                  Iteration = iterate.Iteration
                  Objective = iterate.Objective
                  Change = Option.defaultValue 0.0 change
                  Elapsed = clock.Elapsed }

/// A condition of a fit that the user should know of, although it is not an error.
[<Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type FitWarning =
    /// The fit stopped at its iteration limit. `change` is the change of the objective in the last iteration, and
    /// `remaining` the estimate of its remaining gain.
    | NotConverged of iterations: int * change: float * remaining: float
    /// The covariance or dispersion of a component lies on its floor, because its rows lie in fewer dimensions than the
    /// data: equal values, a single row, or fewer rows than columns. The likelihood there is as high as the floor lets
    /// it be, and says nothing about the data. The owner is None when all components share the covariance.
    | OnFloor of owner: int option
    /// A component has fewer rows than its covariance needs.
    | FewRows of owner: int * rows: float
    /// The objective fell in an iteration, by more than rounding explains.
    | ObjectiveFell of iteration: int * fall: float
    /// A component has less than a hundredth of an equal share 1/K of the weight. Weights that the fit keeps fixed
    /// don't count.
    | NearlyEmpty of owner: int * weight: float
    /// A run with a higher objective was passed over, because irregular components may explain it.
    | PassedOver of seed: int * objective: float
    /// One of several runs failed and was left out.
    | FailedRun of seed: int * error: GmmError
    /// The sample weights sum to less than half the number of rows of positive weight. BIC and ICL take the sum for the
    /// number of rows, so their penalty for parameters is too small.
    | LightWeights of sum: float * rows: int64

    /// The condition and the remedy, in words.
    member warning.Message =
        match warning with
        | NotConverged(iterations, change, remaining) ->
            $"""The fit stopped after {Display.count iterations "iteration"} without converging; the objective last changed by """
            + FormattableString.Invariant $"{change:G3}"
            + (if remaining < infinity then
                   FormattableString.Invariant $", and its remaining gain is about {remaining:G3}. "
               else
                   ". ")
            + "Raise MaxIterations or Tolerance, or go on from this fit."
        | OnFloor owner ->
            let which =
                match owner with
                | Some k -> $"The spread of {Place.words [ Place.Component k ]}"
                | None -> "The shared covariance"

            $"{which} lies on its floor: its rows hardly vary in some direction, because their values are equal, because they "
            + "are too few, or because a column is a combination of others. Its likelihood only measures the floor. Choose fewer "
            + "components or a structure with fewer parameters, drop such columns, set a prior, or accept the component."
        | FewRows(owner, rows) ->
            let count =
                if rows < 1.5 then
                    "at most 1 row"
                else
                    FormattableString.Invariant $"about {rows:F0} rows"

            $"{Place.capitalised (Place.words [ Place.Component owner ])} has {count}, "
            + "fewer than its covariance needs. Choose fewer components, a structure with fewer parameters, or a prior."
        | ObjectiveFell(iteration, fall) ->
            FormattableString.Invariant $"The objective fell by {fall:G3} in iteration {iteration}. "
            + "RegCovar Absolute adds to covariances after each M-step, which is no maximum: use Floor instead. With Floor, "
            + "values lie so far from the others that rounding hides the others: leave them out or rescale them."
        | NearlyEmpty(owner, weight) ->
            Place.capitalised (Place.words [ Place.Component owner ])
            + FormattableString.Invariant $" has a weight of {weight:G3}, "
            + "less than a hundredth of an equal share. Choose fewer components, more Restarts or a WeightPrior."
        | PassedOver(seed, objective) ->
            FormattableString.Invariant
                $"A run with seed {seed} reached the objective {objective:G9} with components on their floor or of few rows, "
            + "and was passed over. If such components are real, such as a heap of equal values, start from them: see Start."
        | FailedRun(seed, error) -> $"The run with seed {seed} failed and was left out. {error.Message}"
        | LightWeights(sum, rows) ->
            FormattableString.Invariant
                $"""The sample weights of {Display.count rows "row"} sum to {sum:G6}, which BIC and ICL take for the """
            + "number of rows. Scale the weights so that they sum to the number of rows that the data stand for."

    /// Returns the message.
    override warning.ToString() = warning.Message
