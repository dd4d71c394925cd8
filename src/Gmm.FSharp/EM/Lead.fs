namespace Gmm

/// Leads the starts of large data near a maximum, by EM on a sample.
module internal Lead =
    /// The rows of the sample for each weight and free parameter of the mixture. Estimates from n rows for each of p
    /// parameters have a mean log-likelihood about 1/(2n) below the maximum on all rows (Akaike 1973).
    let private perParameter = 40.0

    /// The fewest rows of the sample. Larger samples double this number, so that few different samples of remote rows
    /// are drawn and kept.
    let private fewest = 10_000.0

    /// The fewest rows of each component of a start, for each parameter of a component.
    let private ownedAtStart = 10.0

    /// The fewest rows of each component where EM has led, for each parameter of a component.
    let private ownedAtEnd = 5.0

    /// How many times as many rows as the sample the data must have.
    let private largeFrom = 4.0

    /// Returns how many rows a sample for some mixtures needs.
    let private countFor (race: Race<'kind, 'θ>) (mixtures: Mixture<'θ>[]) : float =
        let smallest = mixtures |> Array.map (fun mixture -> Array.min mixture.Weights) |> Array.min
        let ofEach = max (perParameter * float race.Options.Components) (ownedAtStart / smallest)
        let wanted = ofEach * race.ParametersOfComponent mixtures[0]

        let rec doubled count =
            if count >= wanted || OnSample.isTooLarge race count then
                count
            else
                doubled (2.0 * count)

        doubled fewest

    /// Returns the mixtures to which EM on a sample leads from starts, their components moved where that raises the
    /// objective, without those that join the first. Where EM fails on the sample, or leaves a component irregular or
    /// with few rows, the start itself remains, and components of its run don't move. None if no start is led: the
    /// options rule a sample out (`Race.leavesStart`), the rows are few, the sample would be too large, or EM fails for
    /// all.
    let ofStarts
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
            fit.Irregular.IsEmpty && share * count >= ownedAtEnd * race.ParametersOfComponent fit.Mixture

        let choose race _ (outcomes: (int * Result<(Fit<'θ> * float) option, GmmError>)[]) =
            let led =
                outcomes
                |> Array.map (fun (_, outcome) ->
                    match outcome with
                    | Ok(Some(fit, _)) -> [ Moves.improve ignore race fit; fit ] |> List.tryFind isSound
                    | Ok None
                    | Error _ -> None)

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

        if largeFrom * count > float race.Rows || OnSample.isTooLarge race count then
            None
        else
            result {
                let! onSample = OnSample.race race count

                let mayJoin = Race.mayJoin onSample starts.Length
                return! Race.run Race.unwatched Race.straight mayJoin onSample starts (choose onSample)
            }
            |> Result.defaultValue None
