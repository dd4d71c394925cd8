namespace Gmm

open System
open System.Diagnostics
open System.Runtime.ExceptionServices

/// Where a fit is, told after every E-step.
type Progress =
    {
        /// Which run this is: 0, 1, … of Restarts.
        Run: int
        /// The run's seed.
        Seed: int
        /// How many M-steps the run has made; 0 at its start.
        Iteration: int
        /// The objective of the current mixture.
        Objective: float
        /// By how much the objective has changed since the iteration before; 0 at the start.
        Change: float
        /// The time since the fit began, starts and other runs included.
        Elapsed: TimeSpan
    }

    /// The report as one line.
    member progress.Line =
        let seconds = progress.Elapsed.TotalSeconds

        FormattableString.Invariant
            $"run {progress.Run} (seed {progress.Seed})  iteration {progress.Iteration, 4}  objective {progress.Objective, 16:G10}  change {progress.Change, 10:G3}  {seconds:F2} s"

/// Telling how a fit goes.
module internal Progress =
    /// A function of several runs at once, called from one thread at a time. When it has thrown, all runs end with its
    /// exception at their next report.
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

    /// The iterates of a run, each told when it is reached.
    let watch (report: Progress -> unit) run seed (clock: Stopwatch) (iterates: seq<Result<Iterate<'θ>, GmmError>>) =
        let previous: float option ref = ref None

        let told (iterate: Iterate<'θ>) =
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

        iterates |> Seq.map (Result.map told)

/// Something about a fit that its user should see, though it is no error.
type FitWarning =
    /// The fit stopped at its iteration limit; the change is that of the objective in the last iteration.
    | NotConverged of iterations: int * change: float
    /// A component has less than a hundredth of an equal share 1/K of the weight.
    | NearlyEmpty of owner: int * weight: float
    /// One of several runs failed and was left out.
    | FailedRun of seed: int * error: GmmError

    /// What is the matter, and the remedy.
    member warning.Message =
        match warning with
        | NotConverged(iterations, change) ->
            $"The fit stopped after {iterations} iterations without converging; the objective last changed by "
            + FormattableString.Invariant $"{change:G3}. Raise MaxIterations or Tolerance, or go on from this fit."
        | NearlyEmpty(owner, weight) ->
            FormattableString.Invariant $"Component {owner} (counting from 0) has a weight of {weight:G3}, "
            + "less than a hundredth of an equal share. Choose fewer components, more Restarts or a WeightPrior."
        | FailedRun(seed, error) -> $"The run with seed {seed} failed and was left out. {error.Message}"
