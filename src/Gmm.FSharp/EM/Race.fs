namespace Gmm

/// Runs EM from several starts on the same rows.
module internal Race =
    /// Whether an error concerns all runs, not only the one that met it.
    let isOfAllRuns error =
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

    /// Divides the threads between runs and each run's work on the data. Runs work in parallel when the data have too
    /// few blocks to keep the threads busy. The division changes no result.
    let sharing (execution: Execution) runs (source: Source) : Execution * Execution =
        if runs > 1 && source.Blocks < 8L * int64 execution.Threads then
            execution,
            { execution with
                Threads = max 1 (execution.Threads / runs) }
        else
            { execution with Threads = 1 }, execution

    /// Whether runs stop if they join the first one. The answer must not depend on the number of threads.
    let mayJoin (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) runs (source: Source) =
        runs > 1
        && Basin.isCheap (FitOptions.weightsOf options) source
        && rule.Assignment.IsNone
        && options.Assignment = Soft
        && options.Missing.IsReject

    /// Returns a fit with its irregular components, and the objective by which it is compared with other runs on the same
    /// rows, if it is: its own, or that of the mixture in which its irregular components are widened. `rows` is the number of
    /// rows of positive weight.
    let judge isCompared (pass: Pass<'θ>) (regularity: Regularity<'θ>) (rows: int64) (fit: Fit<'θ>) : Fit<'θ> * float =
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

    /// Returns by how much the objectives of runs to the same maximum may differ: soft assignment stops within the
    /// tolerance of a maximum.
    let marginOf (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) =
        match rule.Assignment with
        | Some Hard -> 0.0
        | Some Soft
        | None -> min options.Tolerance 1e-6

    /// Runs out the starts of some seeds on the rows of a source, of which `rows` have a positive weight, and concludes from
    /// the pass of all runs and from what became of them: fits with their ranks, errors, or nothing for a run that joined
    /// the first one. `mayJoin` says whether runs may. `watch` makes from the number of a run and its seed a function that
    /// sees each iterate.
    let run
        (watch: int -> int -> Iterate<'θ> -> unit)
        mayJoin
        (options: FitOptions<'kind, 'θ>)
        (family: Family<'θ>)
        (rule: Rule<'θ>)
        (regularity: Regularity<'θ>)
        (rows: int64)
        (source: Source)
        (firsts: (int * Result<Mixture<'θ>, GmmError>)[])
        (conclude: Pass<'θ> -> (int * Result<(Fit<'θ> * float) option, GmmError>)[] -> Result<'R, GmmError>)
        : Result<'R, GmmError> =
        let inParallel = if mayJoin then firsts.Length - 1 else firsts.Length
        let ofRuns, ofRun = sharing options.Execution inParallel source

        let model =
            { Family = family
              Weights = options.WeightPrior
              Assignment = options.Assignment
              Missing = options.Missing
              Backend = options.Backend
              Execution = ofRun }

        result {
            use! pass = Model.openPass model source

            /// Runs out one start. The result has its rank. None if the run joins the fit of a basin.
            let runOut (basin: Basin<'θ> option) number =
                let seed, first = firsts[number]

                let fit start =
                    result {
                        let history = ResizeArray<Mixture<'θ>>()
                        let hasJoined = ref false

                        let follow iterates =
                            let watch = watch number seed

                            let joins =
                                match basin with
                                | Some basin -> Basin.watch (marginOf options rule) (rule.Next model) basin
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
                    let first = runOut None 0
                    let basin = basinOf (snd first)
                    Array.append [| first |] (ofRuns.Map(inParallel, fun i -> runOut basin (i + 1)))
                else
                    ofRuns.Map(inParallel, runOut None)

            return! conclude pass outcomes
        }
