namespace Gmm

open System

/// Prints the progress of fits. Nothing else in the library prints.
module internal Verbose =
    /// Runs a fit. If the options are verbose, it prints the progress, and a summary at the end.
    let run (options: FitOptions<'kind, 'θ>) (fit: FitOptions<'kind, 'θ> -> Result<Fit<'θ>, GmmError>) =
        let print (progress: Progress) =
            if progress.Iteration % options.VerboseInterval = 0 then
                Console.Out.WriteLine progress.Line

            options.Progress progress

        let summary (fit: Fit<'θ>) =
            let outcome = if fit.Converged then "converged" else "stopped without converging"

            Console.Out.WriteLine(
                FormattableString.Invariant
                    $"""seed {fit.Seed} was best: {outcome} after {Display.count fit.Iterations "iteration"}, objective {fit.Objective:G10}"""
            )

        if options.Verbose then
            fit { options with Progress = print }
            |> Result.map (fun fit ->
                summary fit
                fit)
        else
            fit options

/// The steps of every fit: checks, measurements, runs.
module internal Fitting =
    /// Returns an error when an option breaks its rule, before any work on the data.
    let private check
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<unit, GmmError> when 'kind :> Kind<'θ> =
        result {
            do! FitOptions.check options source

            do!
                GmmError.requireLength
                    "Components"
                    (fun most -> $"few enough for means of at most {most} numbers, K·D")
                    (string options.Components)
                    [ options.Components; source.Columns ]

            if options.Start.IsRandom then
                do!
                    GmmError.requireLength
                        "Start"
                        (fun most -> $"one that needs no covariance of more than {most} numbers, such as Points")
                        "Random"
                        [ source.Columns; source.Columns ]

            do! Start.check options source
            do! options.Family.Check(options.Components, source.Columns, Start.parameters options.Start)
        }

    /// Returns an error when the starting mixture has another number of columns than the data, or other components than
    /// the options ask for. Kinds need not check this.
    let private requireColumns (options: FitOptions<'kind, 'θ>) (family: Family<'θ>) (source: Source) =
        match Start.parameters options.Start with
        | None -> Ok()
        | Some parameters ->
            let found, components = family.Features parameters, Array2D.length1 (family.Means parameters)

            GmmError.requireAll
                [ found = source.Columns,
                  "Start mixture",
                  $"""of data of {Display.count source.Columns "column"}""",
                  $"of {found}"
                  components = options.Components,
                  "Start mixture",
                  $"one of K = {options.Components}",
                  $"one of K = {components}" ]

    /// Returns the family of a fit: that of the kind, with the noise that the options ask for.
    let private familyOf (options: FitOptions<'kind, 'θ>) (measured: Measured<'θ>) (rule: Rule<'θ>) (source: Source) =
        match options.Noise with
        | None -> Ok measured.Family
        | Some _ when measured.Rule.IsSome -> Error(InvalidOption("Noise", $"None for {rule.Name}", "given"))
        | Some volume ->
            source
            |> Noise.measure volume (options.Family :> Kind<'θ>).Misfit options.Execution
            |> Result.map (fun noise -> Noise.wrap noise measured.Family)

    /// Returns an error when remote rows, or the rows of them that starts see, have an invalid number. The machines
    /// that have the rows know the domain of a family, but not that of a kind: see `requireDomainElsewhere`.
    let private requireFiniteElsewhere
        components
        (execution: Execution)
        (misfit: Block -> GmmError option)
        (source: Source)
        =
        result {
            do! source |> Survey.validate execution

            match source |> Survey.forStarts components execution |> Source.validateWith execution misfit with
            | Ok() -> ()
            | Error error ->
                // The rows of a sample have other numbers.
                let ofBlock index =
                    execution.Cancellation.ThrowIfCancellationRequested()
                    misfit (source.Read index)

                let first = seq { 0L .. source.Blocks - 1L } |> Seq.tryPick ofBlock
                return! Error(first |> Option.defaultValue error)
        }

    /// Returns an error for the first number of remote rows that is outside the domain of the measured family.
    let private requireDomainElsewhere (options: FitOptions<'kind, 'θ>) (measured: Measured<'θ>) (source: Source) =
        match Source.remote source with
        | None -> Ok()
        | Some _ ->
            let rows =
                source
                |> Survey.forStarts options.Components options.Execution
                |> Source.map measured.Width measured.Features

            let first = Source.firstRow rows

            Array2D.init options.Components measured.Width (fun _ i -> first[0, i])
            |> measured.Provisional
            |> Result.map (Mixture.uniform options.Components)
            |> Result.bind (fun mixture -> FamilyScan.requireDomain measured.Family mixture options.Execution source)

    /// Checks the numbers of the data. Returns the data for EM, and those for measurements and starts, in which every
    /// missing cell has a value.
    let private prepare
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Source * Source, GmmError> when 'kind :> Kind<'θ> =
        let execution = options.Execution

        match options.Missing with
        | Missing.Reject when (Source.remote source).IsSome ->
            source
            |> requireFiniteElsewhere options.Components execution options.Family.Misfit
            |> Result.map (fun () -> source, source)
        | Missing.Reject ->
            source |> Source.validateWith execution options.Family.Misfit |> Result.map (fun () -> source, source)
        | Missing.Fit ->
            source
            |> IncompleteRows.validate execution options.Family.Misfit
            |> Result.map (fun found ->
                if found.Cells = 0L then
                    source, source
                else
                    let source = if found.HasEmptyRows then IncompleteRows.withoutEmptyRows source else source
                    source, Donors.fill execution source)

    /// Checks options and data, and measures the data. Returns the data for EM, those for starts, and the kind measured
    /// on these.
    let measure
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Source * Source * Measured<'θ>, GmmError> when 'kind :> Kind<'θ> =
        result {
            do! check options source
            let! source, filled = prepare options source
            let! measured = (options.Family :> Kind<'θ>).Measure(options.Components, filled, options.Execution)

            match options.Missing with
            | Missing.Reject -> ()
            | Missing.Fit -> do! IncompleteRows.require measured.Family |> Result.map ignore

            do! requireColumns options measured.Family source
            do! requireDomainElsewhere options measured source
            return source, filled, measured
        }

    /// Fits a mixture of a kind of component from what a function makes of the kind measured on the data, and of the
    /// data for starts.
    let private fitBy
        (candidatesOf: Measured<'θ> -> Source -> Candidates<'kind, 'θ>)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> when 'kind :> Kind<'θ> =
        result {
            let! source, filled, measured = measure options source
            let rule = options.Stopping |> Option.defaultValue (Rule.em measured.IsExact) measured.Rule
            let! family = familyOf options measured rule filled
            let candidates = candidatesOf measured filled

            return!
                Verbose.run options (fun options -> Runs.fit options family rule measured.Regularity candidates source)
        }

    /// Fits a mixture from one first mixture, in place of the start of the options.
    let fitAt (first: Mixture<'θ>) options source = fitBy (fun _ _ -> Candidates.One first) options source

    /// Fits a mixture of a kind of component.
    let rec private fitAll
        (kMeans: ClusterCentres)
        (options: FitOptions<'kind, 'θ>)
        source
        : Result<Fit<'θ>, GmmError> =
        fitBy
            (fun measured filled ->
                let prepare () =
                    let seen = Start.rowsFor options filled

                    fun execution seed ->
                        match Start.mixtures kMeans measured options seen execution seed with
                        // A sample may lack rows that differ.
                        | Error(TooFewDistinctRows _) when seen.Rows < filled.Rows && (Source.remote filled).IsNone ->
                            Start.mixtures kMeans measured options filled execution seed
                        | mixtures -> mixtures

                { Prepare = prepare
                  AreRandom = Start.isRandom options.Start || measured.IsRandom
                  // A value that the sample lacks could lead to an edge, which EM never leaves.
                  Refit = if measured.HasEdges then None else Some(fitAll Lloyd.run) })
            options
            source

    /// Fits a mixture of a kind of component, with fewer components if the options allow it and too few rows differ.
    /// `kMeans` finds the centres of clusters for starts.
    let fitFrom
        (kMeans: ClusterCentres)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        : Result<Fit<'θ>, GmmError> when 'kind :> Kind<'θ> =
        match fitAll kMeans options source with
        | Error(TooFewDistinctRows(_, found)) when options.FewerComponents && found < options.Components && found > 0 ->
            fitAll kMeans { options with Components = found } source
        | fit -> fit

    /// Fits a mixture; see `Gmm.fit`.
    let fit options source = fitFrom Lloyd.run options source
