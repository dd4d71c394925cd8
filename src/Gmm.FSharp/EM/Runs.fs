namespace Gmm

open System
open System.Diagnostics

/// Drives all fits: runs from several seeds, of which the best wins.
module Runs =
    let private errorOf result =
        match result with
        | Ok _ -> None
        | Error error -> Some error

    /// Whether an error concerns all runs, not only the one that met it.
    let private isOfAllRuns error =
        match error with
        | UnreadableFile _
        | UnavailableBackend _ -> true
        | InvalidOption _
        | InvalidData _
        | InvalidNumber _
        | OutsideDomain _
        | SingularCovariance _
        | CollapsedComponent _
        | DegenerateComponent _ -> false

    /// Runs `runs` ≥ 1 times, with seeds seed, seed+1, …, and returns the run with the highest score, the earliest of
    /// equals, together with the seeds and errors of the failed runs. When all runs fail, it returns the error of the
    /// first; when a file can't be read or the backend fails, it returns that error. With several threads in `execution`
    /// the runs work in parallel.
    let best
        (execution: Execution)
        (score: 'T -> float)
        (run: int -> Result<'T, GmmError>)
        seed
        runs
        : Result<'T * (int * GmmError) list, GmmError> =
        let better a b = if score b > score a || Double.IsNaN(score a) then b else a

        let results =
            [ for i, result in Seq.indexed (execution.Map(runs, fun i -> run (seed + i))) do
                  Result.mapError (fun error -> seed + i, error) result ]

        let failures = results |> List.choose errorOf

        match results |> List.choose Result.toOption, failures |> List.tryFind (snd >> isOfAllRuns) with
        | _, Some(_, error) -> Error error
        | [], None -> Error(snd failures.Head)
        | fits, None -> Ok(List.reduce better fits, failures)

    /// Divides the threads between runs and each run's work on the data. Runs work in parallel when the data have too
    /// few blocks to keep the threads busy. The division changes no result.
    let internal sharing (execution: Execution) runs (source: Source) : Execution * Execution =
        let alone = { execution with Threads = 1 }

        if runs > 1 && source.Blocks < 8L * int64 execution.Threads then
            execution, alone
        else
            alone, execution

    /// Returns an error when the rule is k-means' and the options ask for a feature that k-means doesn't have.
    let private requireHardLimit (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) : Result<unit, GmmError> =
        if rule.IsHardLimit then
            GmmError.requireAll
                [ options.Assignment.IsHard, "Assignment", "Hard for k-means", "Soft"
                  options.WeightPrior.IsFixed,
                  "WeightPrior",
                  "Fixed for k-means, whose weights are equal",
                  $"{options.WeightPrior}"
                  options.StartWeights.IsNone, "StartWeights", "None for k-means, whose weights are equal", "given" ]
        else
            Ok()

    /// Returns the number of rows of positive weight, if the weights sum to less than half of it. It reads the rows only
    /// if the weights sum to less than half the number of all rows.
    let private lightRows (execution: Execution) weight (source: Source) : int64 option =
        if 2.0 * weight < float source.Rows then
            let positive (block: Block) = seq { 0 .. block.Rows - 1 } |> Seq.filter (fun i -> block.Weight i > 0.0)
            let rows = source |> Source.reduce execution (+) (positive >> Seq.length >> int64)
            if 2.0 * weight < float rows then Some rows else None
        else
            None

    /// Returns the best fit of all seeds under a rule, from starts that a seed and an execution make. `isRandom` says
    /// whether different seeds make different starts; if not, there is only one run.
    let internal fit
        (options: FitOptions<'kind, 'θ>)
        (family: Family<'θ>)
        (rule: Rule<'θ>)
        isRandom
        (start: Execution -> int -> Result<Mixture<'θ>, GmmError>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> =
        let clock = Stopwatch.StartNew()
        let restarts = if isRandom then options.Restarts else 1
        let ofRuns, ofRun = sharing options.Execution restarts source
        let report = Progress.oneAtATime options.Progress

        /// Sets the logarithms of the weights to 0 for k-means: beside ln 1/K, distances as small as 1e-150 would be
        /// lost.
        let begin' (mixture: Mixture<'θ>) =
            if rule.IsHardLimit then
                { mixture with
                    LogWeights = Tensor.vector (Array.zeroCreate mixture.Components) }
            else
                mixture

        let model =
            { Family = family
              Weights = options.WeightPrior
              Assignment = options.Assignment
              Backend = options.Backend
              Execution = ofRun }

        let run (pass: Pass<'θ>) seed =
            result {
                let! start = start ofRun seed
                let history = ResizeArray<Mixture<'θ>>()

                let keep (iterate: Iterate<'θ>) =
                    if options.History then
                        history.Add iterate.Mixture

                    iterate

                let! fit =
                    EM.iteratesOn pass (rule.Next model) model (begin' start)
                    |> Progress.watch report (seed - options.Seed) seed clock
                    |> Seq.map (Result.map keep)
                    |> Fit.ofIterates
                        { model with
                            Execution = options.Execution }
                        seed
                        options.MaxIterations
                        (rule.HasConverged options.Tolerance)

                return { fit with History = history.ToArray() }
            }

        /// Gives the fit the statistics of soft assignment, whose log-likelihood is that of the mixture.
        let soften (pass: Pass<'θ>) (fit: Fit<'θ>) =
            { fit with
                Statistics = pass.Expect(Soft, fit.Mixture) }

        result {
            do! requireHardLimit options rule
            use! pass = Model.openPass model source
            let! best, failures = best ofRuns (fun (fit: Fit<'θ>) -> fit.Objective) (run pass) options.Seed restarts

            let best =
                { best with
                    Failures = failures
                    LightRows = source |> lightRows options.Execution best.Statistics.Weight }

            return if options.Assignment = Soft || rule.IsHardLimit then best else soften pass best
        }
