namespace Gmm

/// Leads the starts of large data near a maximum: EM on a sample of the rows costs little beside EM on all.
module internal OnSample =
    /// The rows of the sample for each free parameter of the mixture. Estimates from n rows for each of p parameters have a
    /// mean log-likelihood about 1/2n below the maximum on all rows (Akaike 1973).
    let private perParameter = 40.0

    /// The fewest rows of the sample.
    let private fewest = 10_000.0

    /// The fewest rows of each component of a start, for each parameter of a component.
    let private ownedAtStart = 10.0

    /// The fewest rows of each component where EM has led, for each parameter of a component.
    let private ownedAtEnd = 5.0

    /// How many times as many rows large data have.
    let private isLargeFrom = 8.0

    /// The tolerance on the sample. A smaller one would only approach the maximum of the sample, which is not that of all
    /// rows.
    let private tolerance = 1e-4

    /// Whether the options leave the start to the library, and EM on a sample is EM on fewer rows: noise has the volume of
    /// all rows, and a sample of rows with missing cells may lack all numbers of a column.
    let private isFor (options: FitOptions<'kind, 'θ>) (rule: Rule<'θ>) =
        (options.Start.IsAuto || options.Start.IsThorough)
        && options.Components > 1
        && options.Assignment = Soft
        && rule.Assignment.IsNone
        && options.Missing.IsReject
        && options.Noise.IsNone
        && options.Tolerance > 0.0

    /// Returns the mixtures to which EM on a sample leads from starts, without those that join the first. Where EM fails on
    /// the sample, or leaves a component irregular or with few rows, the start itself remains. All starts remain as they
    /// are if the options name one, or if the rows are few.
    let lead
        clock
        (options: FitOptions<'kind, 'θ>)
        (family: Family<'θ>)
        (rule: Rule<'θ>)
        (regularity: Regularity<'θ>)
        (source: Source)
        (starts: (int * Result<Mixture<'θ>, GmmError>)[])
        : (int * Result<Mixture<'θ>, GmmError>)[] =
        match starts |> Array.choose (snd >> Result.toOption) with
        | [||] -> starts
        | mixtures when isFor options rule ->
            let parameters = float (family.FreeParameters mixtures[0].Parameters + options.Components)
            let ofComponent = parameters / float options.Components
            let smallest = mixtures |> Array.map (fun mixture -> Array.min mixture.Weights) |> Array.min
            let wanted = fewest |> max (perParameter * parameters) |> max (ownedAtStart * ofComponent / smallest)

            if isLargeFrom * wanted > float source.Rows then
                starts
            else
                let sample = source |> Survey.sample options.Execution options.Seed (int wanted)

                let onSample =
                    { options with
                        Tolerance = max tolerance options.Tolerance
                        Progress = ignore
                        History = false
                        Backend = Kernel.backend }

                let isSound (fit: Fit<'θ>) =
                    let share = Array.min fit.Statistics.Counts / fit.Statistics.Weight
                    fit.Irregular.IsEmpty && share * wanted >= ownedAtEnd * ofComponent

                let choose _ _ (outcomes: (int * Result<(Fit<'θ> * float) option, GmmError>)[]) =
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

                Race.run clock onSample family rule regularity sample starts choose |> Result.defaultValue starts
        | _ -> starts
