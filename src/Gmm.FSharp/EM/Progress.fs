namespace Gmm

open System
open System.Diagnostics
open System.Runtime.ExceptionServices

/// The progress of a fit, reported after every E-step.
type Progress =
    {
        /// The number of the run: 0, 1, … up to Restarts − 1.
        Run: int
        /// The run's seed.
        Seed: int
        /// The number of M-steps that the run has made; 0 at its start.
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

    /// Reports each iterate of a run as the run reaches it.
    let watch (report: Progress -> unit) run seed (clock: Stopwatch) (iterates: seq<Result<Iterate<'θ>, GmmError>>) =
        let previous: float option ref = ref None

        let reported (iterate: Iterate<'θ>) =
            let change = previous.Value |> Option.map (fun before -> iterate.Objective - before)
            previous.Value <- Some iterate.Objective

            report
                { Run = run
                  Seed = seed
                  Iteration = iterate.Iteration
                  Objective = iterate.Objective
                  Change = Option.defaultValue 0.0 change
                  Elapsed = clock.Elapsed }

            iterate

        iterates |> Seq.map (Result.map reported)

/// A condition of a fit that the user should know of, although it is not an error.
type FitWarning =
    /// The fit stopped at its iteration limit. `change` is the change of the objective in the last iteration, and
    /// `remaining` the estimate of what it has still to gain.
    | NotConverged of iterations: int * change: float * remaining: float
    /// The covariance of a component lies on its floor, because its rows lie in fewer dimensions than the data: equal
    /// values, a single row, or fewer rows than columns. The likelihood there is as high as the floor lets it be, and says
    /// nothing about the data. The owner is None when all components share the covariance.
    | OnFloor of owner: int option
    /// A component has fewer rows than its covariance needs.
    | FewRows of owner: int * rows: float
    /// The objective fell in an iteration, by more than rounding explains.
    | ObjectiveFell of iteration: int * fall: float
    /// A component has less than a hundredth of an equal share 1/K of the weight.
    | NearlyEmpty of owner: int * weight: float
    /// One of several runs failed and was left out.
    | FailedRun of seed: int * error: GmmError
    /// The sample weights sum to less than half the number of rows of positive weight. BIC and ICL take the sum for the
    /// number of rows, so their penalty for parameters is too small.
    | LightWeights of sum: float * rows: int64

    /// The condition and the remedy, in words.
    member warning.Message =
        match warning with
        | NotConverged(iterations, change, remaining) ->
            $"The fit stopped after {iterations} iterations without converging; the objective last changed by "
            + FormattableString.Invariant $"{change:G3} and has about {remaining:G3} still to gain. "
            + "Raise MaxIterations or Tolerance, or go on from this fit."
        | OnFloor owner ->
            let which =
                match owner with
                | Some k -> $"The covariance of component {k} (counting from 0)"
                | None -> "The shared covariance"

            $"{which} lies on its floor: the rows there lie in fewer dimensions than the data, for example on equal values. "
            + "Its likelihood only measures the floor. Choose fewer components or a structure with fewer parameters, set a "
            + "CovariancePrior, or accept the component as one of equal rows."
        | FewRows(owner, rows) ->
            FormattableString.Invariant $"Component {owner} (counting from 0) has {rows:G3} rows, "
            + "fewer than its covariance needs. Choose fewer components, a structure with fewer parameters, or a prior."
        | ObjectiveFell(iteration, fall) ->
            FormattableString.Invariant $"The objective fell by {fall:G3} in iteration {iteration}. "
            + "RegCovar Absolute adds to covariances after each M-step, which is no maximum: use Floor instead. With Floor, "
            + "values lie so far from the others that rounding hides the others: leave them out or rescale them."
        | NearlyEmpty(owner, weight) ->
            FormattableString.Invariant $"Component {owner} (counting from 0) has a weight of {weight:G3}, "
            + "less than a hundredth of an equal share. Choose fewer components, more Restarts or a WeightPrior."
        | FailedRun(seed, error) -> $"The run with seed {seed} failed and was left out. {error.Message}"
        | LightWeights(sum, rows) ->
            FormattableString.Invariant
                $"The sample weights of {rows} rows sum to {sum:G6}, which BIC and ICL take for the "
            + "number of rows. Scale the weights so that they sum to the number of rows that the data stand for."
