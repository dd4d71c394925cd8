namespace Gmm

/// Makes the first mixture of a fit.
module Start =
    /// Returns the parameters of a start that is a mixture.
    let internal parameters (start: Start<'θ>) : 'θ option =
        match start with
        | Start.Mixture mixture -> Some mixture.Parameters
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

    /// Returns an error when a start doesn't suit K components or these data.
    let check components (source: Source) (start: Start<'θ>) : Result<unit, GmmError> =
        match start with
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points
        | Start.FarthestFirst
        | Start.Random
        | Start.RandomResponsibilities -> Ok()
        | Start.Means means ->
            result {
                do! GmmError.requireShape "Start means" components source.Columns means
                do! GmmError.requireFinite "Start means" means
            }
        | Start.Labels labels ->
            let bad = labels |> Array.tryFindIndex (fun label -> label < 0 || label >= components)

            let text =
                bad |> Option.map (fun row -> $"{labels[row]} in row {row} (counting from 0)") |> Option.defaultValue ""

            GmmError.requireAll
                [ int64 labels.Length = source.Rows,
                  "Start labels",
                  $"one for each of the {source.Rows} rows",
                  $"{labels.Length} labels"
                  bad.IsNone, "Start labels", $"between 0 and {components - 1}", text ]
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
                [ mixture.Components = components,
                  "Start mixture",
                  $"one of K = {components}",
                  $"one of K = {mixture.Components}" ]

    /// Returns the average of the features by given responsibilities, for every component (K×F).
    let internal averages execution components (given: Block -> float[]) (features: Source) : float[,] =
        let first = Source.firstRow features
        let start = Array2D.init components features.Columns (fun _ j -> first[0, j])
        let statistics = Lloyd.mixture start |> Kernel.given Centroid.family execution given features

        start
        |> Array2D.mapi (fun k j first ->
            let count = statistics.Counts[k]

            if count > 0.0 then
                first + statistics.Sums[0][k * features.Columns + j] / count
            else
                first)

    let private oneHot components (labels: int[]) =
        let responsibilities = Array.zeroCreate (labels.Length * components)
        labels |> Array.iteri (fun i label -> responsibilities[i * components + label] <- 1.0)
        responsibilities

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
            "KMeans, KPlusPlus, Points, FarthestFirst, RandomResponsibilities or a given one for families with probabilities "
            + "and rates",
            "Random"
        )

    /// Returns the first mixture of a run from a seed, for options that were checked. Error when the data have too few
    /// different rows, or when the M-step of a start fails.
    let internal mixture
        (measured: Measured<'θ>)
        (options: FitOptions<'kind, 'θ>)
        (source: Source)
        (execution: Execution)
        seed
        : Result<Mixture<'θ>, GmmError> =
        let components = options.Components
        let features = source |> Source.map measured.Width measured.Features
        let random () = RandomStream.ofSeed seed

        let around centres = measured.Around centres |> Result.map (Mixture.uniform components)

        /// Returns the M-step of given responsibilities, from statistics about centres close to the means, so that
        /// nothing cancels.
        let grouped centres (given: Block -> float[]) =
            result {
                let! provisional = measured.Provisional centres |> Result.map (Mixture.uniform components)
                let statistics = provisional |> Kernel.given measured.Family execution given source

                return!
                    EM.mStep
                        { Model.ofFamily measured.Family with
                            Weights = options.WeightPrior }
                        provisional
                        statistics
            }

        let averaged given = grouped (averages execution components given features) given

        let revised (mixture: Mixture<'θ>) =
            measured.Revise seed mixture.Parameters
            |> Result.map (fun parameters -> { mixture with Parameters = parameters })

        match options.Start with
        | Start.Mixture mixture -> Ok mixture
        | Start.Means means -> measured.AtMeans means |> Result.map (Mixture.uniform components)
        | Start.Points -> Centres.points execution (random ()) components features |> Result.bind around
        | Start.KPlusPlus -> Centres.kPlusPlus execution (random ()) components features |> Result.bind around
        | Start.FarthestFirst -> Centres.farthestFirst execution (random ()) components features |> Result.bind around
        | Start.Random when measured.IsBounded -> Error notRandom
        | Start.Random -> Centres.normal execution (random ()) components features |> around
        | Start.RandomResponsibilities -> averaged (randomResponsibilities components seed features)
        | Start.Labels labels ->
            averaged (fun block -> Array.sub labels (int block.FirstRow) block.Rows |> oneHot components)
        | Start.Responsibilities responsibilities ->
            averaged (fun block ->
                Array.init (block.Rows * components) (fun i ->
                    responsibilities[int block.FirstRow + i / components, i % components]))
        | Start.KMeans ->
            result {
                let! centres = Lloyd.run execution components seed features

                if measured.HasEdges then
                    return! around centres
                else
                    return! grouped centres (measured.Features >> Lloyd.memberships centres)
            }
        |> Result.bind revised
        |> Result.bind (fun start ->
            match options.StartWeights with
            | Some weights -> Mixture.create weights start.Parameters
            | None -> Ok start)
