namespace Gmm

/// What all runs of a fit have in common.
[<NoEquality; NoComparison>]
type internal Race<'kind, 'θ> =
    {
        Options: FitOptions<'kind, 'θ>
        Family: Family<'θ>
        Rule: Rule<'θ>
        Regularity: Regularity<'θ>
        /// Fits the same kind of component to rows, with options; None if components may not move (`Moves`).
        Refit: (FitOptions<'kind, 'θ> -> Source -> Result<Fit<'θ>, GmmError>) option
        /// The rows on which EM runs.
        Source: Source
        /// How many of them have a positive weight.
        Rows: int64
    }

    /// Returns the number of free parameters of a component of a mixture, with its weight and its share of parameters
    /// that components have in common.
    member race.ParametersOfComponent(mixture: Mixture<'θ>) : float =
        float (race.Family.FreeParameters mixture.Parameters) / float race.Options.Components + 1.0

/// Runs EM from several starts on the same rows.
module internal Race =
    /// The iteration at which a run that hasn't converged is slow. Where components are misplaced, EM may need
    /// thousands.
    let slow = 50

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

    /// Whether runs may stop if they join the first one. The answer must not depend on the number of threads.
    let mayJoin (race: Race<'kind, 'θ>) runs =
        runs > 1
        && Basin.isCheap (FitOptions.weightsOf race.Options) race.Source
        && race.Rule.Assignment.IsNone
        && race.Options.Assignment = Soft
        && race.Options.Missing.IsReject

    /// Whether the options leave the start to the library, and a sample can stand for all rows. It may hold too little
    /// noise, or too few observed cells of a column.
    let leavesStart (race: Race<'kind, 'θ>) =
        let options = race.Options

        race.Refit.IsSome
        && (options.Start.IsAuto || options.Start.IsThorough)
        && options.Components > 1
        && options.Assignment = Soft
        && race.Rule.Assignment.IsNone
        && options.Missing.IsReject
        && options.Noise.IsNone
        && options.Tolerance > 0.0

    /// Returns a fit with its irregular components, and the objective by which it is compared with other runs on the
    /// same rows, if it is: its own, or that of the mixture in which its irregular components are widened. `rows` is
    /// the number of rows of positive weight.
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
    let marginOf (race: Race<'kind, 'θ>) =
        match race.Rule.Assignment with
        | Some Hard -> 0.0
        | Some Soft
        | None -> min race.Options.Tolerance 1e-6

    /// Runs out starts, each with its seed, and concludes from the pass of all runs and from what became of them: fits
    /// with their ranks, errors, or nothing for a run that joined the first one. `mayJoin` says whether runs may.
    /// `watch` makes from the number of a run and its seed a function that sees each iterate. `turn` gets the
    /// threads, the seed and the mixture of a slow run, and returns a better mixture from which the run goes on, or
    /// None. If the run doesn't end higher from there than where it left off, it goes back.
    let run
        (watch: int -> int -> Iterate<'θ> -> unit)
        (turn: Execution -> int -> Mixture<'θ> -> Mixture<'θ> option)
        mayJoin
        (race: Race<'kind, 'θ>)
        (starts: (int * Result<Mixture<'θ>, GmmError>)[])
        (conclude: Pass<'θ> -> (int * Result<(Fit<'θ> * float) option, GmmError>)[] -> Result<'R, GmmError>)
        : Result<'R, GmmError> =
        let options, rule = race.Options, race.Rule
        let inParallel = if mayJoin then starts.Length - 1 else starts.Length
        let ofRuns, ofRun = race.Source |> Source.sharing options.Execution inParallel

        let model =
            { Family = race.Family
              Weights = options.WeightPrior
              Assignment = options.Assignment
              Missing = options.Missing
              Backend = options.Backend
              Execution = ofRun }

        result {
            use! pass = Model.openPass model race.Source

            /// Runs out one start. The result has its rank. None if the run joins the fit of a basin.
            let runOut (basin: Basin<'θ> option) number =
                let seed, first = starts[number]

                let rec fit (basin: Basin<'θ> option) mayTurn start =
                    result {
                        let history = ResizeArray<Mixture<'θ>>()
                        let hasJoined = ref false
                        let turned: (Iterate<'θ> * Mixture<'θ>) option ref = ref None

                        let follow iterates =
                            let watch = watch number seed

                            let joins =
                                match basin with
                                | Some basin -> Basin.watch (marginOf race) (rule.Next model) basin
                                | None -> fun _ -> false

                            let reached (iterate: Iterate<'θ>) =
                                watch iterate

                                if options.History then
                                    history.Add iterate.Mixture

                                hasJoined.Value <- joins iterate

                                let isSlow = iterate.Iteration = slow && slow < options.MaxIterations

                                if mayTurn && isSlow && not hasJoined.Value then
                                    turned.Value <-
                                        turn ofRun seed iterate.Mixture |> Option.map (fun better -> iterate, better)

                                iterate

                            iterates
                            |> Seq.map (Result.map reached)
                            |> Seq.takeWhile (fun _ -> not hasJoined.Value && turned.Value.IsNone)
                            |> Fit.ofIterates
                                { model with
                                    Execution = options.Execution }
                                seed
                                options.MaxIterations
                                (rule.HasConverged options.Tolerance)

                        let plain () = EM.iteratesOn pass (rule.Next model) model start |> follow

                        let! ended =
                            match options.Acceleration, options.Assignment with
                            | Acceleration.Squarem, Soft when rule.IsExact && not options.History ->
                                match Squarem.iteratesOn pass model options.Tolerance start |> follow with
                                // Plain EM takes another path, on which it may not fail.
                                | Error error when not (isOfAllRuns error) -> plain ()
                                | fit -> fit
                            | Acceleration.Squarem, _
                            | Acceleration.None, _ -> plain ()

                        match turned.Value with
                        | _ when hasJoined.Value -> return None
                        | None ->
                            return
                                { ended with
                                    History = history.ToArray() }
                                |> judge (starts.Length > 1) pass race.Regularity race.Rows
                                |> Some
                        | Some(left, better) ->
                            match fit None false better with
                            | Ok(Some(further: Fit<'θ>, _)) as run when
                                further.Irregular.IsEmpty && further.Objective > left.Objective
                                ->
                                return! run
                            | Error error when isOfAllRuns error -> return! Error error
                            | run ->
                                match fit basin false left.Mixture with
                                | Error _ when Result.isOk run -> return! run
                                | straight -> return! straight
                    }

                seed, Result.bind (fit basin true) first

            /// Returns the basin of a run's fit, which the other runs may join if it has converged and is regular.
            let basinOf outcome =
                match outcome with
                | Ok(Some(fit: Fit<'θ>, _)) when
                    fit.Converged && fit.Remaining < options.Tolerance && fit.Irregular.IsEmpty
                    ->
                    Basin.ofFit ofRun race.Source fit
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

    /// No watch on the iterates of any run.
    let unwatched: int -> int -> Iterate<'θ> -> unit = fun _ _ -> ignore

    /// No turn of any run.
    let straight: Execution -> int -> Mixture<'θ> -> Mixture<'θ> option = fun _ _ _ -> None

    /// Runs out one start. `watch` sees each iterate.
    let runOne (watch: Iterate<'θ> -> unit) (race: Race<'kind, 'θ>) seed start : Result<Fit<'θ>, GmmError> =
        run (fun _ _ -> watch) straight false race [| seed, Ok start |] (fun _ outcomes ->
            snd outcomes[0] |> Result.map (Option.get >> fst))
