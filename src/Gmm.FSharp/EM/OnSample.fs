namespace Gmm

/// Leads the starts of large data near a maximum: EM on a sample of the rows costs little beside EM on all.
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

    /// How many times as many rows as the sample the data must have.
    let private largeFrom = 8.0

    /// The least tolerance on the sample. With a smaller one, EM would only approach the maximum of the sample, which
    /// is not that of all rows.
    let private leastTolerance = 1e-4

    /// Doubles a number of rows until there are as many as wanted, or too many.
    let rec private doubledTo wanted count =
        if count >= wanted || count > mostNumbers then
            count
        else
            doubledTo wanted (2.0 * count)

    /// Whether the options leave the start to the library, and a sample can stand for all rows. It may hold too little
    /// noise, or too few observed cells of a column.
    let private isFor (race: Race<'kind, 'θ>) =
        let options = race.Options

        (options.Start.IsAuto || options.Start.IsThorough)
        && options.Components > 1
        && options.Assignment = Soft
        && race.Rule.Assignment.IsNone
        && options.Missing.IsReject
        && options.Noise.IsNone
        && options.Tolerance > 0.0

    /// Returns a sample of the rows that weighs as much as they all, so that a prior keeps its share in the objective.
    /// Error when the sum of the weights becomes infinite.
    let private draw (race: Race<'kind, 'θ>) count : Result<Source, GmmError> =
        let execution = race.Options.Execution
        let sample = race.Source |> Survey.sample execution 0 count
        let ofEach = float race.Rows / float sample.Rows

        sample
        |> Source.weighted (
            sample |> Source.collect execution (fun block -> Array.init block.Rows (fun i -> ofEach * block.Weight i))
        )

    /// Returns the mixtures to which EM on a sample leads from starts, without those that join the first. Where EM
    /// fails on the sample, or leaves a component irregular or with few rows, the start itself remains. All starts
    /// remain as they are if the options rule a sample out (`isFor`), if the rows are few, or if the sample would be
    /// too large.
    let lead
        (race: Race<'kind, 'θ>)
        (starts: (int * Result<Mixture<'θ>, GmmError>)[])
        : (int * Result<Mixture<'θ>, GmmError>)[] =
        let mixtures = starts |> Array.choose (snd >> Result.toOption)

        if mixtures.Length = 0 || not (isFor race) then
            starts
        else
            let components = race.Options.Components
            let parameters = float (race.Family.FreeParameters mixtures[0].Parameters + components)
            let ofComponent = parameters / float components
            let smallest = mixtures |> Array.map (fun mixture -> Array.min mixture.Weights) |> Array.min
            let wanted = max (perParameter * parameters) (ownedAtStart * ofComponent / smallest)
            let count = fewest |> doubledTo wanted

            let isSound (fit: Fit<'θ>) =
                let share = Array.min fit.Statistics.Counts / fit.Statistics.Weight
                fit.Irregular.IsEmpty && share * count >= ownedAtEnd * ofComponent

            let choose _ (outcomes: (int * Result<(Fit<'θ> * float) option, GmmError>)[]) =
                let led =
                    outcomes
                    |> Array.map (fun (_, outcome) ->
                        match outcome with
                        | Ok(Some(fit, _)) when isSound fit -> Some fit.Mixture
                        | Ok _
                        | Error _ -> None)

                Ok
                    [| for i in 0 .. starts.Length - 1 do
                           match led[i], outcomes[i] with
                           | Some mixture, (seed, _) -> seed, Ok mixture
                           | None, (_, Ok None) when led[0].IsSome -> ()
                           | None, _ -> starts[i] |]

            if largeFrom * count > float race.Rows || count * float race.Source.Columns > mostNumbers then
                starts
            else
                result {
                    let! sample = draw race (int count)

                    let onSample =
                        { race with
                            Options =
                                { race.Options with
                                    Tolerance = max leastTolerance race.Options.Tolerance
                                    History = false
                                    Backend = Kernel.backend }
                            Source = sample
                            Rows = sample.Rows }

                    return! Race.run (fun _ _ -> ignore) (Race.mayJoin onSample starts.Length) onSample starts choose
                }
                |> Result.defaultValue starts
