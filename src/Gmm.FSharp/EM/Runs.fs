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
        | InvalidRow _
        | InvalidColumn _
        | InvalidNumber _
        | MissingCell _
        | OutsideDomain _
        | ConstantColumn _
        | TooFewDistinctRows _
        | SingularCovariance _
        | FlooredComponent _
        | FailedUpdate _
        | CollapsedComponent _
        | DegenerateComponent _ -> false

    /// Returns the earliest run whose score is within a margin of the highest, together with the seeds and errors of the
    /// failed runs. When all runs failed, it returns the error of the first; when a file can't be read or the backend fails, it
    /// returns that error.
    let best
        (margin: float)
        (score: 'T -> float)
        (runs: (int * Result<'T, GmmError>) list)
        : Result<'T * (int * GmmError) list, GmmError> =
        let failures = runs |> List.choose (fun (seed, run) -> errorOf run |> Option.map (fun error -> seed, error))

        match runs |> List.choose (snd >> Result.toOption), failures |> List.tryFind (snd >> isOfAllRuns) with
        | _, Some(_, error) -> Error error
        | [], None -> Error(snd failures.Head)
        | fits, None ->
            let highest =
                fits
                |> List.map score
                |> List.fold (fun highest score -> if score > highest then score else highest) -infinity

            let isBest fit = score fit >= highest - margin
            Ok(fits |> List.tryFind isBest |> Option.defaultValue fits.Head, failures)

    /// Divides the threads between runs and each run's work on the data. Runs work in parallel when the data have too
    /// few blocks to keep the threads busy. The division changes no result.
    let internal sharing (execution: Execution) runs (source: Source) : Execution * Execution =
        if runs > 1 && source.Blocks < 8L * int64 execution.Threads then
            execution,
            { execution with
                Threads = max 1 (execution.Threads / runs) }
        else
            { execution with Threads = 1 }, execution

    /// The fewest blocks of data whose first run ends before the others begin. On fewer blocks, runs side by side are
    /// quicker than runs that may stop early.
    let private fewestBlocks = 8L

    /// Whether runs stop if they join the first one. The answer must not depend on the number of threads.
    let private mayJoin (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) runs (source: Source) =
        runs > 1
        && source.Blocks >= fewestBlocks
        && Basin.isCheap (FitOptions.weightsOf options) source
        && rule.Assignment.IsNone
        && options.Assignment = Soft
        && options.Missing.IsReject

    /// Returns an error when the options ask for a feature that the rule doesn't have.
    let private checkRule (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) : Result<unit, GmmError> =
        match rule.Assignment, rule.OwnWeights with
        | Some assignment, _ when options.Assignment <> assignment ->
            Error(InvalidOption("Assignment", $"{assignment} for {rule.Name}", $"{options.Assignment}"))
        | _, Some reason when not options.WeightPrior.IsFixed ->
            Error(InvalidOption("WeightPrior", $"Fixed for {rule.Name}, {reason}", $"{options.WeightPrior}"))
        | _, Some reason when options.StartWeights.IsSome ->
            Error(InvalidOption("StartWeights", $"None for {rule.Name}, {reason}", "given"))
        | _ -> Ok()

    /// Returns a fit with its irregular components, and the objective by which it is compared with other runs on the same
    /// rows, if it is: its own, or that of the mixture in which its irregular components are widened. `rows` is the number of
    /// rows of positive weight.
    let internal judge
        isCompared
        (pass: Pass<'θ>)
        (regularity: Regularity<'θ>)
        (rows: int64)
        (fit: Fit<'θ>)
        : Fit<'θ> * float =
        let owned =
            fit.Statistics.Counts
            |> Array.truncate fit.Components
            |> Array.map (fun count -> count / fit.Statistics.Weight * float rows)

        let irregular = regularity.Irregular owned fit.Parameters

        let rank =
            if irregular.IsEmpty || not isCompared then
                fit.Objective
            else
                match regularity.Widened owned fit.Parameters with
                | Error _ -> -infinity
                | Ok widened ->
                    let mixture =
                        { fit.Mixture with
                            Parameters = widened }

                    pass.Expect(fit.Model.Assignment, mixture) |> EM.objective fit.Model mixture

        { fit with Irregular = irregular }, rank

    /// Returns the best fit of all seeds under a rule. `starts` makes the first mixtures of a seed, of which each begins a
    /// run. `isRandom` says whether different seeds make different starts; if not, there is only one seed.
    let internal fit
        (options: FitOptions<'kind, 'θ>)
        (family: Family<'θ>)
        (rule: Rule<'θ>)
        (regularity: Regularity<'θ>)
        isRandom
        (starts: Execution -> int -> Result<Mixture<'θ> list, GmmError>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> =
        let clock = Stopwatch.StartNew()
        let report = Progress.oneAtATime options.Progress

        /// Returns the first mixture of every run, or the error of a seed's starts.
        let makeFirsts () =
            let restarts = if isRandom then options.Restarts else 1
            let ofSeeds, ofSeed = sharing options.Execution restarts source

            let ofSeedNumber i =
                let seed = options.Seed + i

                match starts ofSeed seed with
                | Ok mixtures -> mixtures |> List.map (fun mixture -> seed, Ok(rule.Begin mixture))
                | Error error -> [ seed, Error error ]

            ofSeeds.Map(restarts, ofSeedNumber) |> List.concat

        /// Gives the fit the statistics of soft assignment, whose log-likelihood is that of the mixture.
        let soften (pass: Pass<'θ>) (fit: Fit<'θ>) =
            { fit with
                Statistics = pass.Expect(Soft, fit.Mixture) }

        result {
            do! checkRule options rule
            let firsts = Array.ofList (makeFirsts ())
            let mayJoin = mayJoin options rule firsts.Length source
            let inParallel = if mayJoin then firsts.Length - 1 else firsts.Length
            let ofRuns, ofRun = sharing options.Execution inParallel source

            let model =
                { Family = family
                  Weights = options.WeightPrior
                  Assignment = options.Assignment
                  Missing = options.Missing
                  Backend = options.Backend
                  Execution = ofRun }

            // Soft assignment stops within the tolerance of a maximum, so runs to the same maximum differ by less.
            let margin =
                match rule.Assignment with
                | Some Hard -> 0.0
                | Some Soft
                | None -> min options.Tolerance 1e-6

            use! pass = Model.openPass model source
            let rows = source |> Survey.countWeighted options.Execution

            /// Runs out one start. The result has its rank. None if the run joins the fit of a basin.
            let run (basin: Basin<'θ> option) number =
                let seed, first = firsts[number]

                let fit start =
                    result {
                        let history = ResizeArray<Mixture<'θ>>()
                        let hasJoined = ref false

                        let follow iterates =
                            let watch = Progress.watch report number seed clock

                            let joins =
                                match basin with
                                | Some basin -> Basin.watch margin (rule.Next model) basin
                                | None -> fun _ -> false

                            let reached (iterate: Iterate<'θ>) =
                                watch iterate

                                if options.History then
                                    history.Add iterate.Mixture

                                hasJoined.Value <- joins iterate
                                iterate

                            iterates
                            |> Seq.map (Result.map reached)
                            |> Seq.takeWhile (fun _ -> not hasJoined.Value)
                            |> Fit.ofIterates
                                { model with
                                    Execution = options.Execution }
                                seed
                                options.MaxIterations
                                (rule.HasConverged options.Tolerance)

                        let plain () = EM.iteratesOn pass (rule.Next model) model start |> follow

                        let! fit =
                            match options.Acceleration, options.Assignment with
                            | Acceleration.Squarem, Soft when rule.IsExact && not options.History ->
                                match Squarem.iteratesOn pass model options.Tolerance start |> follow with
                                // Plain EM takes another path, on which it may not fail.
                                | Error error when not (isOfAllRuns error) -> plain ()
                                | fit -> fit
                            | Acceleration.Squarem, _
                            | Acceleration.None, _ -> plain ()

                        return
                            if hasJoined.Value then
                                None
                            else
                                { fit with History = history.ToArray() }
                                |> judge (firsts.Length > 1) pass regularity rows
                                |> Some
                    }

                seed, Result.bind fit first

            /// Returns the basin of a run's fit, which the other runs may join if it has converged and is regular.
            let basinOf outcome =
                match outcome with
                | Ok(Some(fit: Fit<'θ>, _)) when
                    fit.Converged && fit.Remaining < options.Tolerance && fit.Irregular.IsEmpty
                    ->
                    Basin.ofFit ofRun source fit
                | Ok _
                | Error _ -> None

            let outcomes =
                if mayJoin then
                    let first = run None 0
                    let basin = basinOf (snd first)
                    Array.append [| first |] (ofRuns.Map(inParallel, fun i -> run basin (i + 1)))
                else
                    ofRuns.Map(inParallel, run None)

            let runs =
                [ for seed, outcome in outcomes do
                      match outcome with
                      | Ok(Some run) -> seed, Ok run
                      | Ok None -> ()
                      | Error error -> seed, Error error ]

            let! (best, _), failures = runs |> best margin snd

            let passedOver =
                [ for _, run in runs do
                      match run with
                      | Ok(fit, _) when fit.Objective > best.Objective + margin && not fit.Irregular.IsEmpty ->
                          fit.Seed, fit.Objective
                      | Ok _
                      | Error _ -> () ]

            let best =
                { best with
                    Failures = failures
                    PassedOver = if passedOver.IsEmpty then None else Some(List.maxBy snd passedOver)
                    LightRows = if 2.0 * best.Statistics.Weight < float rows then Some rows else None }

            return
                if options.Assignment = Soft || rule.Assignment.IsSome then
                    best
                else
                    soften pass best
        }
