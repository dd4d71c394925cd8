namespace Gmm

/// Makes the first mixture of a fit.
module Start =
    /// Returns the parameters of a start that is a mixture.
    let internal parameters (start: Start<'θ>) : 'θ option =
        match start with
        | Start.Mixture mixture -> Some mixture.Parameters
        | Start.Auto
        | Start.Thorough
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points
        | Start.FarthestFirst
        | Start.Random
        | Start.RandomResponsibilities
        | Start.Means _
        | Start.Labels _
        | Start.Responsibilities _ -> None

    /// Returns whether different seeds give different starts.
    let isRandom (start: Start<'θ>) =
        match start with
        | Start.Auto
        | Start.Thorough
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points
        | Start.FarthestFirst
        | Start.Random
        | Start.RandomResponsibilities -> true
        | Start.Means _
        | Start.Labels _
        | Start.Responsibilities _
        | Start.Mixture _ -> false

    /// Returns an error when the start of the options doesn't suit K components or these data.
    let internal check (options: FitOptions<'kind, 'θ>) (source: Source) : Result<unit, GmmError> =
        let components, lowest = options.Components, (if options.Noise.IsSome then Noise.Label else 0)

        match options.Start with
        | Start.Auto
        | Start.Thorough
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points
        | Start.FarthestFirst
        | Start.Random
        | Start.RandomResponsibilities -> Ok()
        | Start.Means means ->
            result {
                do! GmmError.requireShape "Start means" (int64 components) source.Columns means
                do! GmmError.requireFinite "Start means" means
            }
        | Start.Labels labels ->
            let bad = labels |> Array.tryFindIndex (fun label -> label < lowest || label >= components)

            let text =
                bad
                |> Option.map (fun row -> $"{labels[row]} in {Place.words [ Place.Row(int64 row) ]}")
                |> Option.defaultValue ""

            GmmError.requireAll
                [ int64 labels.Length = source.Rows,
                  "Start labels",
                  $"""one for {Display.each source.Rows "row"}""",
                  Display.count labels.Length "label"
                  bad.IsNone,
                  "Start labels",
                  $"between 0 and {components - 1}" + (if options.Noise.IsSome then ", or -1 for noise" else ""),
                  text
                  Array.exists (fun label -> label <> Noise.Label) labels,
                  "Start labels",
                  "of a component in at least one row",
                  "all of noise" ]
        | Start.Responsibilities responsibilities ->
            let name = "Start responsibilities"
            let isNegative row = responsibilities[row, *] |> Array.exists (fun r -> r < 0.0)
            let isOff row = abs (Array.sum responsibilities[row, *] - 1.0) > 1e-6

            result {
                do! GmmError.requireShape name source.Rows components responsibilities
                do! GmmError.requireFinite name responsibilities

                match
                    seq { 0 .. Array2D.length1 responsibilities - 1 }
                    |> Seq.tryFind (fun row -> isNegative row || isOff row)
                with
                | None -> ()
                | Some row ->
                    let numbers = string (Tensor.vector responsibilities[row, *])
                    return! Error(InvalidOption($"{name}[{row}]", "0 or more with a sum of 1", numbers))
            }
        | Start.Mixture mixture ->
            GmmError.requireAll
                [ mixture.Components = components || mixture.Components = FitOptions.weightsOf options,
                  "Start mixture",
                  $"one of K = {components}",
                  $"one of K = {mixture.Components}" ]

    /// Returns the average of the features by given responsibilities, for every component (K×F). A component without
    /// rows has those of another row, or of the first if there is none.
    let private averagesOr (other: int -> float[] option) execution components given (features: Source) : float[,] =
        let first = (Source.firstRow features)[0, *]
        let about = Array2D.init components features.Columns (fun _ j -> first[j])
        let statistics = Lloyd.mixture about |> Kernel.given Centroid.family execution given features

        Array.init components (fun k ->
            let count = statistics.Counts[k]

            if count > 0.0 then
                first |> Array.mapi (fun j x -> x + statistics.Sums[0][k * features.Columns + j] / count)
            else
                other k |> Option.defaultValue first)
        |> array2D

    /// Returns the average of the features by given responsibilities, for every component (K×F).
    let internal averages execution components (given: Block -> float[]) features : float[,] =
        averagesOr (fun _ -> None) execution components given features

    /// Returns centres (K×F) for moments of rows whose memberships are known: averages over the rows that starts see,
    /// or the likeliest row of a component that has none of these. The moments don't cancel about any of its rows.
    let private centresOf execution (measured: Measured<'θ>) (memberships: Memberships) (source: Source) : float[,] =
        let featuresOf (rows: Source) = rows |> Source.map measured.Width measured.Features
        let sample = source |> Survey.sampleForStarts memberships.Components execution

        let seen, likeliest =
            match sample.Numbers with
            | None -> memberships, (fun _ -> None)
            | Some numbers ->
                Memberships.ofSome numbers memberships,
                (fun k ->
                    memberships
                    |> Memberships.likeliest k source.Rows
                    |> Option.map (fun row -> (featuresOf source |> Source.rows [| row |])[0, *]))

        featuresOf sample.Source
        |> averagesOr likeliest execution memberships.Components (Memberships.responsibilities seen)

    /// Returns random responsibilities, uniform on the simplex (exponential numbers divided by their sum), from a
    /// random stream for each row. They are 0 for rows outside a sample, which has about four rows for each number that
    /// a component may have.
    let private randomResponsibilities components seed (features: Source) =
        let share = 4.0 * float components * float (features.Columns + 1) / float features.Rows

        fun (block: Block) ->
            Array.init block.Rows (fun i ->
                let random = RandomStream.ofRow seed (block.FirstRow + int64 i)

                if random.NextDouble() < share then
                    let draws = Array.init components (fun _ -> -log(1.0 - random.NextDouble()))
                    let sum = Array.sum draws
                    draws |> Array.map (fun draw -> draw / sum)
                else
                    Array.zeroCreate components)
            |> Array.concat

    let private notRandom =
        InvalidOption(
            "Start",
            "Auto, Thorough, KMeans, KPlusPlus, Points, FarthestFirst, RandomResponsibilities or a given one for families with probabilities "
            + "and rates",
            "Random"
        )

    /// Returns the mixture that a start makes from a seed, for options that were checked; `kMeans` finds the centres of
    /// clusters. Error when the data have too few different rows, or when the M-step of a start fails.
    let private mixture
        (kMeans: ClusterCentres)
        (measured: Measured<'θ>)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        (start: Start<'θ>)
        (execution: Execution)
        seed
        : Result<Mixture<'θ>, GmmError> =
        let components = options.Components
        let features = source |> Source.map measured.Width measured.Features
        let random () = RandomStream.ofSeed seed

        let around centres = measured.Around centres |> Result.map (Mixture.uniform components)

        /// Returns the M-step of statistics about centres close to the means, so that nothing cancels.
        let maximised (statisticsAbout: Mixture<'θ> -> Statistics) centres =
            result {
                let! provisional = measured.Provisional centres |> Result.map (Mixture.uniform components)
                let statistics = statisticsAbout provisional

                return!
                    EM.mStep
                        { Model.ofFamily measured.Family with
                            Weights = options.WeightPrior }
                        provisional
                        statistics
            }

        let grouped given centres = centres |> maximised (Kernel.given measured.Family execution given source)

        let known memberships =
            source
            |> centresOf execution measured memberships
            |> maximised (FamilyScan.give execution measured.Family memberships source)

        let revised (mixture: Mixture<'θ>) =
            measured.Revise seed mixture.Parameters
            |> Result.map (fun parameters -> { mixture with Parameters = parameters })

        match start with
        | Start.Mixture mixture -> Ok mixture
        | Start.Means means -> measured.AtMeans means |> Result.map (Mixture.uniform components)
        | Start.Points -> Centres.points execution (random ()) components features |> Result.bind around
        | Start.KPlusPlus -> Centres.kPlusPlus execution (random ()) components features |> Result.bind around
        | Start.FarthestFirst -> Centres.farthestFirst execution (random ()) components features |> Result.bind around
        | Start.Random when measured.IsBounded -> Error notRandom
        | Start.Random -> Centres.normal execution (random ()) components features |> around
        | Start.RandomResponsibilities ->
            let given = randomResponsibilities components seed features
            features |> averages execution components given |> grouped given
        | Start.Labels labels -> Memberships.ofLabels components labels |> known
        | Start.Responsibilities responsibilities -> Memberships.ofResponsibilities responsibilities |> known
        | Start.Auto
        | Start.Thorough
        | Start.KMeans ->
            result {
                let! centres = kMeans execution components seed features

                if measured.HasEdges then
                    return! around centres
                else
                    return! centres |> grouped (measured.Features >> Lloyd.memberships centres)
            }
        |> Result.bind revised
        |> Result.bind (fun start ->
            match options.StartWeights with
            | Some weights -> Mixture.create (Array.truncate components weights) start.Parameters
            | None -> Ok start)

    // ── Short runs ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// The number of short runs of a start.
    let private shortRuns (start: Start<'θ>) =
        if start.IsAuto then 10
        elif start.IsThorough then 40
        else 0

    /// A short run ends when an iteration gains less than this share of what the run has gained.
    let private leastGain = 0.01

    /// Returns the rows that short runs see: ten for each free parameter, and at least 2,000.
    let private sampleFor (measured: Measured<'θ>) (mixture: Mixture<'θ>) execution seed (source: Source) =
        let wanted = 10L * (int64 (measured.Family.FreeParameters mixture.Parameters) + int64 mixture.Components)

        source
        |> Survey.sample
            execution
            seed
            (int (wanted |> max 2000L |> min source.Rows |> min (int64 System.Int32.MaxValue)))

    /// Runs EM from random rows until the gains become small, and returns the mixture with its rank.
    let private shortRun
        (measured: Measured<'θ>)
        (options: FitOptions<'kind, 'θ>)
        (sample: Source)
        (execution: Execution)
        seed
        number
        : Result<Mixture<'θ> * float, GmmError> =
        let model =
            { Model.ofFamily measured.Family with
                Weights = options.WeightPrior
                Assignment = options.Assignment
                Execution = execution }

        result {
            let own = (RandomStream.ofRow seed (int64 number)).Next()
            let! start = mixture Lloyd.run measured options sample Start.Points execution own
            use! pass = Model.openPass model sample
            let first = ref nan

            let hasSettled (previous: Iterate<'θ>) (current: Iterate<'θ>) =
                if previous.Iteration = 0 then
                    first.Value <- previous.Objective

                abs current.Change <= leastGain * abs (current.Objective - first.Value)

            let! fit =
                EM.iteratesOn pass (fun iterate -> EM.mStep model iterate.Mixture iterate.Statistics) model start
                |> Fit.ofIterates model seed options.MaxIterations hasSettled

            let judged, rank = fit |> Race.judge true pass measured.Regularity (Survey.countWeighted execution sample)
            return judged.Mixture, rank
        }

    /// Returns the best of some short runs, or the error of the first if all fail; nothing for other starts.
    let private bestShortRun measured (options: FitOptions<'kind, 'θ>) source (execution: Execution) seed =
        match shortRuns options.Start with
        | 0 -> []
        | count ->
            result {
                let! any = mixture Lloyd.run measured options source Start.Points execution seed
                let sample = sampleFor measured any execution seed source
                let ofRuns, ofRun = sample |> Source.sharing execution count

                let runs =
                    ofRuns.Map(count, shortRun measured options sample ofRun seed)
                    |> List.ofArray
                    |> List.map (fun run -> seed, run)

                let! (best, _), _ = Runs.best 0.0 snd runs
                return best
            }
            |> List.singleton

    /// Returns the M-step of hierarchical clusters on a sample of the rows; nothing for other starts, or where the
    /// clusters would cost too much.
    let private hierarchical
        (measured: Measured<'θ>)
        (options: FitOptions<'kind, 'θ>)
        source
        (execution: Execution)
        seed
        =
        match Hierarchy.rowsFor options.Components measured.Width with
        | Some count when options.Start.IsThorough && not measured.HasEdges ->
            let sample = source |> Survey.sample execution seed count
            let features = sample |> Source.map measured.Width measured.Features
            let blocks = [| for index in 0L .. features.Blocks - 1L -> features.Read index |]

            let rows =
                [| for block in blocks do
                       for i in 0 .. block.Rows - 1 -> block.Row(i).ToArray() |]

            let weights = blocks |> Array.collect (fun block -> Array.init block.Rows block.Weight)

            match Hierarchy.labels execution options.Components rows weights with
            | Some labels -> [ mixture Lloyd.run measured options sample (Start.Labels labels) execution seed ]
            | None -> []
        | Some _
        | None -> []

    /// Returns the share of noise that a fit starts from: that of the starting weights, or of the labels that have
    /// noise.
    let private noiseShare (options: FitOptions<'kind, 'θ>) (source: Source) : float =
        match options.StartWeights, options.Start with
        | Some weights, _ -> Array.last weights / Array.sum weights
        | None, Start.Labels labels when Array.contains Noise.Label labels ->
            let sample = source |> Survey.sampleForStarts options.Components options.Execution

            let labelOf row =
                labels[sample.Numbers |> Option.map (fun numbers -> int numbers[row]) |> Option.defaultValue row]

            let ofBlock (block: Block) =
                let mutable noise, all = 0.0, 0.0

                for i in 0 .. block.Rows - 1 do
                    all <- all + block.Weight i

                    if labelOf (int block.FirstRow + i) = Noise.Label then
                        noise <- noise + block.Weight i

                noise, all

            let noise, all =
                sample.Source |> Source.reduce options.Execution (fun (a, b) (c, d) -> a + c, b + d) ofBlock

            // If noise is so rare that a sample has none, its share is that of a row.
            if noise > 0.0 then noise / all else 1.0 / float source.Rows
        | None, _ -> Noise.startShare

    /// Returns the rows that the start of options sees: all rows where it has a number for each, otherwise some
    /// (`Survey.forStarts`).
    let internal rowsFor (options: FitOptions<'kind, 'θ>) (source: Source) : Source =
        match options.Start with
        | Start.Labels _
        | Start.Responsibilities _ -> source
        | Start.Auto
        | Start.Thorough
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points
        | Start.FarthestFirst
        | Start.Random
        | Start.RandomResponsibilities
        | Start.Means _
        | Start.Mixture _ -> source |> Survey.forStarts options.Components options.Execution

    /// Returns the first mixtures of a seed from the rows that the start sees, for options that were checked; each
    /// begins a run. `kMeans` finds the centres of clusters. Error when no candidate of the start has a first mixture:
    /// that of the first candidate.
    let internal mixtures
        (kMeans: ClusterCentres)
        (measured: Measured<'θ>)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        (execution: Execution)
        seed
        : Result<Mixture<'θ> list, GmmError> =
        let candidates =
            [ mixture kMeans measured options source options.Start execution seed

              // One component has one optimum, and a kind with a rule of its own has no EM.
              if options.Components > 1 && measured.Rule.IsNone then
                  yield! bestShortRun measured options source execution seed
                  yield! hierarchical measured options source execution seed ]

        match List.choose Result.toOption candidates, candidates.Head with
        | [], Error error -> Error error
        | mixtures, _ when options.Noise.IsSome ->
            mixtures |> List.map (Noise.add (noiseShare options source) options.Components) |> Ok
        | mixtures, _ -> Ok mixtures
