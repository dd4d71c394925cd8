namespace Gmm

open System

/// Moves components of a fit to where they are needed: a component that adds little is removed, and another one, whose
/// rows form two groups, is split in two. EM can't make such a move, because every path there passes through lower
/// objectives (after Ueda, Nakano, Ghahramani and Hinton, "SMEM algorithm for mixture models", Neural Computation 12
/// (2000) 2109–2128).
module internal Moves =
    /// The fewest components among which one can move: with two, a move would be another start.
    let private fewestComponents = 3

    /// How many moves are tried on a fit, those of the highest estimated gain first.
    let private tries = 3

    /// The most iterations of EM after which a move must have raised the objective, and by how much at least, unless the
    /// tolerance is larger.
    let private iterations, private leastGain = 20, 1e-6

    /// The most iterations of EM with two components on the rows of one, and their tolerance. They need only show
    /// whether the rows form two groups.
    let private splitIterations, private splitTolerance = 10, 1e-2

    /// The rows of a sample on which components move, for each weight and free parameter of the mixture, and the fewest.
    let private perParameter, private fewest = 20.0, 2000.0

    /// How many times as many rows as the sample the data of a run that turns must have. With fewer rows, a look at the
    /// end of the run is as quick.
    let private turnsFrom = 2.0

    /// The least 1 − rₙₖ, so that every component has a finite loss.
    let private leastRest = 1e-16

    /// What the rows of a source, or of a block, say about the components of a fit.
    type Owners =
        {
            /// The likeliest component of each row (N): its owner.
            First: int[]
            /// The likeliest of the other components (N); 0, which may be the owner itself, if none is possible.
            Second: int[]
            /// The weight of each row (N).
            Weights: float[]
            /// Σₙ wₙ over the rows that component k owns (K).
            Counts: float[]
            /// Σₙ wₙ ln pₖ(xₙ) over these rows (K).
            Fits: float[]
            /// By how much Σₙ wₙ ln p(xₙ) falls without component k: −Σₙ wₙ ln((1 − rₙₖ) / (1 − πₖ)) (K).
            Losses: float[]
        }

    /// Returns the owners of the rows of a source under a mixture of a family.
    let ownersOf (execution: Execution) (mixture: Mixture<'θ>) (family: Family<'θ>) (source: Source) : Owners =
        let components = mixture.Components
        let logWeights = mixture.LogWeights.toArray1D ()
        let logJoint = Kernel.logJoint family mixture

        let ofBlock (block: Block) =
            let joint = logJoint block
            let first, second = Array.zeroCreate block.Rows, Array.zeroCreate block.Rows
            let counts, fits = Array.zeroCreate components, Array.zeroCreate components
            let losses = Array.zeroCreate components

            for i in 0 .. block.Rows - 1 do
                let row = Span(joint, i * components, components)
                let k = Assignment.likeliestOf (Span.op_Implicit row)
                let ofFirst = row[k]
                row[k] <- -infinity
                first[i] <- k
                second[i] <- Assignment.likeliestOf (Span.op_Implicit row)
                row[k] <- ofFirst

                // Rows without weight may be impossible.
                if block.Weight i > 0.0 then
                    counts[k] <- counts[k] + block.Weight i
                    fits[k] <- fits[k] + block.Weight i * (ofFirst - logWeights[k])

            Assignment.softRows components joint |> ignore
            let rests = joint |> Array.map (fun r -> max leastRest (1.0 - r))
            Elementary.logEach (Span rests)
            let logOthers = mixture.Weights |> Array.map (fun weight -> log (max leastRest (1.0 - weight)))

            for i in 0 .. block.Rows - 1 do
                for k in 0 .. components - 1 do
                    losses[k] <- losses[k] + block.Weight i * (logOthers[k] - rests[i * components + k])

            [| { First = first
                 Second = second
                 Weights = Array.init block.Rows block.Weight
                 Counts = counts
                 Fits = fits
                 Losses = losses } |]

        let blocks = source |> Source.collect execution ofBlock

        let sums (ofBlock: Owners -> float[]) =
            Array.init components (fun k -> blocks |> Array.sumBy (fun block -> (ofBlock block)[k]))

        { First = blocks |> Array.collect _.First
          Second = blocks |> Array.collect _.Second
          Weights = blocks |> Array.collect _.Weights
          Counts = sums _.Counts
          Fits = sums _.Fits
          Losses = sums _.Losses }

    // ── Moves on the rows of a race ─────────────────────────────────────────────────────────────────────────────────

    /// Returns a fit to the rows of a race with a higher objective than that of another fit to them, after one or more
    /// moves; it is regular, but may not have converged yet. None if no move raises the objective. `refit` fits the
    /// same kind of component.
    let private moved
        (refit: FitOptions<'kind, 'θ> -> Source -> Result<Fit<'θ>, GmmError>)
        (race: Race<'kind, 'θ>)
        (fit: Fit<'θ>)
        : Fit<'θ> option =
        let options, source, components = race.Options, race.Source, fit.Components
        let ownersUnder (fit: Fit<'θ>) = source |> ownersOf options.Execution fit.Mixture fit.Model.Family

        let quietly =
            { options with
                StartWeights = None
                Restarts = 1
                FewerComponents = false
                History = false
                Progress = ignore
                Verbose = false
                Backend = Kernel.backend }

        /// Fits one or two components to the rows of some owners. Error when the rows weigh nothing.
        let fitTo execution count start (owners: Owners) (some: int list) : Result<Fit<'θ>, GmmError> =
            let isOwned row = some |> List.contains owners.First[row]
            let rows = [| 0 .. owners.First.Length - 1 |] |> Array.filter isOwned

            if some |> List.sumBy (fun k -> owners.Counts[k]) > 0.0 then
                source
                |> Survey.only execution rows
                |> refit
                    { quietly with
                        Components = count
                        Start = start rows.Length
                        WeightPrior = Flat
                        Stopping = Stopping.Change
                        Tolerance = max splitTolerance options.Tolerance
                        MaxIterations = min splitIterations options.MaxIterations
                        Execution = execution }
            else
                Error(CollapsedComponent(some.Head, 0))

        let halve execution owners k = fitTo execution 2 (fun _ -> Start.KMeans) owners [ k ]

        /// Returns by how much Σₙ wₙ ln p(xₙ) falls when component k and its heir, to which most of its rows would go,
        /// become one: at most the loss without another fit.
        let lossOf (owners: Owners) k =
            let shares = Array.zeroCreate components

            for n in 0 .. owners.First.Length - 1 do
                let second = owners.Second[n]

                if owners.First[n] = k && second <> k then
                    shares[second] <- shares[second] + owners.Weights[n]

            let heir = Assignment.likeliestOf (ReadOnlySpan shares)

            if shares[heir] > 0.0 then
                let both = [ k; heir ]
                let sum = both |> List.sumBy (fun k -> owners.Counts[k])

                let ofOwner k =
                    let count = owners.Counts[k]
                    owners.Fits[k] + (if count > 0.0 then count * log (count / sum) else 0.0)

                match fitTo options.Execution 1 (fun rows -> Start.Labels(Array.zeroCreate rows)) owners both with
                | Ok one -> min owners.Losses[k] (List.sumBy ofOwner both - one.LogLikelihood)
                | Error _ -> owners.Losses[k]
            else
                owners.Losses[k]

        /// Fits the components after a move: the rows of component `removed` go to their second owners, and then the
        /// rows of component `split` to the two components that fit them.
        let move (owners: Owners) (halves: Fit<'θ>) split removed =
            let half = (ownersUnder halves).First

            let label row =
                let owner = if owners.First[row] = removed then owners.Second[row] else owners.First[row]
                if owner = split && half[row] = 1 then removed else owner

            source
            |> refit
                { quietly with
                    Start = Start.Labels(Array.init half.Length label)
                    MaxIterations = min iterations options.MaxIterations }

        let rec improved (fit: Fit<'θ>) movesLeft =
            let owners = ownersUnder fit
            let ofAll, ofOne = source |> Source.sharing options.Execution components
            let halves = ofAll.Map(components, halve ofOne owners)

            let tryMove (_, split, removed) =
                match halves[split] |> Result.bind (fun halves -> move owners halves split removed) with
                | Ok moved when
                    moved.Irregular.IsEmpty && moved.Objective > fit.Objective + max leastGain options.Tolerance
                    ->
                    Some moved
                | Ok _
                | Error _ -> None

            let gains =
                halves
                |> Array.mapi (fun k halves ->
                    match halves with
                    | Ok halves when halves.Irregular.IsEmpty -> halves.LogLikelihood - owners.Fits[k]
                    | Ok _
                    | Error _ -> -infinity)

            // Akaike's criterion asks as much of a further component, and splitting a single group gains less. Gains are
            // in units of weight: a row weighs Σₙ wₙ/N.
            let worth = race.ParametersOfComponent fit.Mixture * Array.sum owners.Counts / float race.Rows

            let losses =
                if gains |> Array.exists (fun gain -> gain > worth) then
                    [ 0 .. components - 1 ]
                    |> List.sortBy (fun k -> owners.Losses[k])
                    |> List.truncate tries
                    |> List.map (fun k -> k, lossOf owners k)
                else
                    []

            let moved =
                [ for removed, loss in losses do
                      for split in 0 .. components - 1 do
                          if split <> removed && gains[split] > max worth loss then
                              gains[split] - loss, split, removed ]
                |> List.sortDescending
                |> List.truncate tries
                |> List.tryPick tryMove

            match moved with
            | Some fit when movesLeft > 1 -> improved fit (movesLeft - 1) |> Option.orElse moved
            | moved -> moved

        improved fit components

    // ── Moves on all rows, or on a sample ───────────────────────────────────────────────────────────────────────────

    /// Returns on how many rows moves of a mixture's components are judged: all rows, or a sample. None if the options or
    /// the family rule moves out, or if the rows would take too much memory.
    let private countFor (race: Race<'kind, 'θ>) (mixture: Mixture<'θ>) : float option =
        let wanted = perParameter * float race.Options.Components * race.ParametersOfComponent mixture |> max fewest
        let count = if wanted < float race.Rows then wanted else float race.Source.Rows

        if
            mixture.Components >= fewestComponents
            && not race.Options.WeightPrior.IsFixed
            && Race.leavesStart race
            && not (OnSample.isTooLarge race count)
        then
            Some count
        else
            None

    /// Whether a fit is worth a look at moves: it has converged, or is slow.
    let private hasSettled (fit: Fit<'θ>) = fit.Converged || fit.Iterations >= Race.slow

    /// Returns `moved` on a sample of `count` rows, to which EM first fits a mixture; None unless the sum of the
    /// objective over the rows of the sample rises by at least a gain.
    let private movedOnSample gain (race: Race<'kind, 'θ>) count seed (mixture: Mixture<'θ>) : Fit<'θ> option =
        result {
            let! onSample = OnSample.race race count
            let! fit = Race.runOne ignore onSample seed mixture
            let isWorthIt (moved: Fit<'θ>) = (moved.Objective - fit.Objective) * float onSample.Rows >= gain

            return
                match race.Refit with
                | Some refit when hasSettled fit -> fit |> moved refit onSample |> Option.filter isWorthIt
                | Some _
                | None -> None
        }
        |> Result.defaultValue None

    /// Returns a better mixture for a slow run of EM on many rows; None to go on as it is. The move must gain as much on
    /// the sample as Akaike's criterion asks of a further component, because the mixtures aren't compared on all rows.
    /// EM on the sample may be as slow as the run, so it gets no more iterations.
    let turn (race: Race<'kind, 'θ>) execution seed (mixture: Mixture<'θ>) : Mixture<'θ> option =
        let race =
            { race with
                Options =
                    { race.Options with
                        MaxIterations = Race.slow
                        Execution = execution } }

        match countFor race mixture with
        | Some count when turnsFrom * count <= float race.Rows ->
            mixture |> movedOnSample (race.ParametersOfComponent mixture) race count seed |> Option.map _.Mixture
        | Some _
        | None -> None

    /// Returns the fit to which EM leads after moves of components, or the given fit if none is higher. `watch` sees
    /// the iterates of EM on all rows.
    let improve (watch: Iterate<'θ> -> unit) (race: Race<'kind, 'θ>) (fit: Fit<'θ>) : Fit<'θ> =
        let better =
            match race.Refit, countFor race fit.Mixture with
            | Some refit, Some count when hasSettled fit ->
                if count < float race.Rows then
                    fit.Mixture |> movedOnSample 0.0 race count fit.Seed
                else
                    // Remote rows come to this machine.
                    let all = race.Source |> Survey.sample race.Options.Execution 0 (int count)
                    fit |> moved refit { race with Source = all }
            | _ -> None

        match better |> Option.map (_.Mixture >> Race.runOne watch race fit.Seed) with
        | Some(Ok further) when further.Irregular.IsEmpty && further.Objective > fit.Objective -> further
        | Some _
        | None -> fit
