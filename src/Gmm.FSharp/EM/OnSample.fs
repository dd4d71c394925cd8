namespace Gmm

/// Leads the starts of large data near a maximum, and moves components where that leads to a higher one. Both work on a
/// sample of many rows, because EM on a sample costs little beside EM on all.
module internal OnSample =
    /// The rows of the sample for each weight and free parameter of the mixture. Estimates from n rows for each of p
    /// parameters have a mean log-likelihood about 1/(2n) below the maximum on all rows (Akaike 1973).
    let private perParameter = 40.0

    /// The fewest rows of the sample. Larger samples double this number, so that few different samples of remote rows
    /// are drawn and kept.
    let private fewest = 10_000.0

    /// The most numbers of the sample, 32 MiB.
    let private mostNumbers = 4_194_304.0

    /// The fewest rows of each component of a start, for each parameter of a component.
    let private ownedAtStart = 10.0

    /// The fewest rows of each component where EM has led, for each parameter of a component.
    let private ownedAtEnd = 5.0

    /// The rows of a sample on which components move, for each weight and free parameter of the mixture, and the fewest.
    let private perParameterOfMoves, private fewestForMoves = 20.0, 2000.0

    /// How many times as many rows as the sample the data must have, for leads and for turns.
    let private largeFrom, private turnsFrom = 8.0, 4.0

    /// The least tolerance on the sample. With a smaller one, EM would only approach the maximum of the sample, which
    /// is not that of all rows.
    let private leastTolerance = 1e-4

    /// Returns the number of free parameters of a component, with its weight.
    let private parametersOfComponent (race: Race<'kind, 'θ>) (mixture: Mixture<'θ>) : float =
        float (race.Family.FreeParameters mixture.Parameters) / float race.Options.Components + 1.0

    /// Doubles a number of rows until there are as many as wanted, or too many.
    let rec private doubledTo wanted count =
        if count >= wanted || count > mostNumbers then
            count
        else
            doubledTo wanted (2.0 * count)

    /// Returns how many rows a sample for some mixtures needs.
    let private countFor (race: Race<'kind, 'θ>) (mixtures: Mixture<'θ>[]) : float =
        let ofComponent = parametersOfComponent race mixtures[0]
        let smallest = mixtures |> Array.map (fun mixture -> Array.min mixture.Weights) |> Array.min
        let wanted = ofComponent * max (perParameter * float race.Options.Components) (ownedAtStart / smallest)
        fewest |> doubledTo wanted

    /// Whether a sample of some rows takes too much memory.
    let private isTooLarge (race: Race<'kind, 'θ>) (count: float) = count * float race.Source.Columns > mostNumbers

    /// Returns a race on a sample of the rows that weighs as much as they all, so that a prior keeps its share in the
    /// objective. Error when the sum of the weights becomes infinite.
    let private onSample (race: Race<'kind, 'θ>) (count: float) : Result<Race<'kind, 'θ>, GmmError> =
        let execution = race.Options.Execution
        let sample = race.Source |> Survey.sample execution 0 (int count)
        let ofEach = float race.Rows / float sample.Rows
        let weightsOf (block: Block) = Array.init block.Rows (fun i -> ofEach * block.Weight i)

        sample
        |> Source.weighted (sample |> Source.collect execution weightsOf)
        |> Result.map (fun sample ->
            { race with
                Options =
                    { race.Options with
                        Tolerance = max leastTolerance race.Options.Tolerance
                        History = false
                        Backend = Kernel.backend }
                Source = sample
                Rows = sample.Rows })

    /// Returns how many rows see moves of a mixture's components: all of them, or a sample. None if the options or the
    /// family rule moves out, or if the sample would be too large.
    let private countForMoves (race: Race<'kind, 'θ>) (mixture: Mixture<'θ>) : float option =
        let wanted = perParameterOfMoves * float race.Options.Components * parametersOfComponent race mixture
        let sample = max fewestForMoves wanted
        let count = if sample < float race.Rows then sample else float race.Source.Rows

        if
            mixture.Components >= Moves.fewestComponents
            && not race.Options.WeightPrior.IsFixed
            && Race.leavesStart race
            && not (isTooLarge race count)
        then
            Some count
        else
            None

    /// Returns a fit to the rows of a source with components moved, where that raises the objective; None if it doesn't.
    let private moved (race: Race<'kind, 'θ>) (source: Source) (fit: Fit<'θ>) : Fit<'θ> option =
        race.Refit |> Option.bind (fun refit -> fit |> Moves.improve refit race.Options source)

    /// Returns `moved` on a sample, to which EM first fits a mixture; None if that doesn't raise the sum of the
    /// objective over the rows by a least gain.
    let private movedOnSample leastGain (race: Race<'kind, 'θ>) count seed (mixture: Mixture<'θ>) : Fit<'θ> option =
        result {
            let! onSample = onSample race count
            let! fit = Race.runOne onSample seed mixture
            let gain (better: Fit<'θ>) = (better.Objective - fit.Objective) * float onSample.Rows
            return fit |> moved onSample onSample.Source |> Option.filter (fun better -> gain better >= leastGain)
        }
        |> Result.defaultValue None

    /// Returns where a slow run of EM on many rows had better go on; None if it had better stay on its way. The turn
    /// must gain as much on the sample as Akaike's criterion asks of a further component, because the runs aren't
    /// compared on all rows.
    let turn (race: Race<'kind, 'θ>) execution seed (mixture: Mixture<'θ>) : Mixture<'θ> option =
        let race =
            { race with
                Options =
                    { race.Options with
                        Execution = execution } }

        match countForMoves race mixture with
        | Some count when turnsFrom * count <= float race.Rows ->
            mixture |> movedOnSample (parametersOfComponent race mixture) race count seed |> Option.map _.Mixture
        | Some _
        | None -> None

    /// Returns the fit to which EM leads after moves of components, or the given fit if none is higher. `watch` sees
    /// the iterates of EM on all rows.
    let improve (watch: Iterate<'θ> -> unit) (race: Race<'kind, 'θ>) (fit: Fit<'θ>) : Fit<'θ> =
        let better =
            match countForMoves race fit.Mixture with
            | Some count when Moves.arePossible fit ->
                if count < float race.Rows then
                    fit.Mixture |> movedOnSample 0.0 race count fit.Seed
                else
                    // Remote rows come to this machine.
                    fit |> moved race (race.Source |> Survey.sample race.Options.Execution 0 (int count))
            | Some _
            | None -> None

        match better |> Option.map (_.Mixture >> Race.runOneWatched watch race fit.Seed) with
        | Some(Ok further) when further.Irregular.IsEmpty && further.Objective > fit.Objective -> further
        | Some _
        | None -> fit

    /// Returns the mixtures to which EM on a sample leads from starts, their components moved where that raises the
    /// objective, without those that join the first. Where EM fails on the sample, or leaves a component irregular or
    /// with few rows, the start itself remains. None if no start is led: the options rule a sample out
    /// (`Race.leavesStart`), the rows are few, the sample would be too large, or EM fails for all.
    let lead
        (race: Race<'kind, 'θ>)
        (starts: (int * Result<Mixture<'θ>, GmmError>)[])
        : (int * Result<Mixture<'θ>, GmmError>)[] option =
        let mixtures = starts |> Array.choose (snd >> Result.toOption)

        let count =
            if mixtures.Length > 0 && Race.leavesStart race then
                countFor race mixtures
            else
                infinity

        let isSound (fit: Fit<'θ>) =
            let share = Array.min fit.Statistics.Counts / fit.Statistics.Weight
            fit.Irregular.IsEmpty && share * count >= ownedAtEnd * parametersOfComponent race fit.Mixture

        let choose race _ (outcomes: (int * Result<(Fit<'θ> * float) option, GmmError>)[]) =
            let sound =
                outcomes
                |> Array.map (fun (_, outcome) ->
                    match outcome with
                    | Ok(Some(fit, _)) when isSound fit -> Some fit
                    | Ok _
                    | Error _ -> None)

            let moved fit = [ improve ignore race fit; fit ] |> List.find isSound
            let led = sound |> Array.map (Option.map moved)

            if Array.forall Option.isNone led then
                Ok None
            else
                [| for i in 0 .. starts.Length - 1 do
                       match led[i], outcomes[i] with
                       | Some fit, (seed, _) -> seed, Ok fit.Mixture
                       | None, (_, Ok None) when led[0].IsSome -> ()
                       | None, _ -> starts[i] |]
                |> Some
                |> Ok

        if largeFrom * count > float race.Rows || isTooLarge race count then
            None
        else
            result {
                let! onSample = onSample race count

                let mayJoin = Race.mayJoin onSample starts.Length
                return! Race.run Race.unwatched Race.straight mayJoin onSample starts (choose onSample)
            }
            |> Result.defaultValue None
