namespace Gmm

/// Where a fit of a mixture starts.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Start<'θ> =
    /// The M-step of the clusters that one k-means run finds.
    | KMeans
    /// Components around rows chosen by greedy k-means++.
    | KPlusPlus
    /// Components around random rows.
    | Points
    /// Components around given means (K×D).
    | Means of float[,]
    /// The M-step of given labels 0 … K−1 (N).
    | Labels of int[]
    /// The M-step of given responsibilities (N×K), each row summing to 1.
    | Responsibilities of float[,]
    /// A given mixture, as from an earlier fit.
    | Mixture of Mixture<'θ>

/// Making the first mixture of a fit.
module Start =
    /// Whether other seeds give other starts.
    let isRandom (start: Start<'θ>) =
        match start with
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points -> true
        | Start.Means _
        | Start.Labels _
        | Start.Responsibilities _
        | Start.Mixture _ -> false

    /// What is wrong with a start for K components and these data, if anything.
    let check components (source: Source) (start: Start<'θ>) : Result<unit, GmmError> =
        match start with
        | Start.KMeans
        | Start.KPlusPlus
        | Start.Points -> Ok()
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
                  $"of {components} components",
                  string mixture.Components ]

    /// The average of the rows by given responsibilities, for every component (K×D).
    let private averages execution components (source: Source) (given: Block -> float[]) : float[,] =
        let first = Source.rows [| 0L |] source
        let start = Array2D.init components source.Columns (fun _ j -> first[0, j])

        let model =
            { KMeans.model execution with
                Assignment = Given given }

        let statistics = EM.eStep model source (KMeans.mixture start)

        start
        |> Array2D.mapi (fun k j first ->
            let count = statistics.Counts[k]

            if count > 0.0 then
                first + statistics.Sums[0][k * source.Columns + j] / count
            else
                first)

    /// The M-step of given responsibilities, from statistics about centres close to the means, so that nothing cancels.
    let private ofResponsibilities around (model: Model<'θ>) source (centres: float[,]) (given: Block -> float[]) =
        result {
            let! parameters = around centres
            let provisional = Mixture.uniform (Array2D.length1 centres) parameters
            let statistics = EM.eStep { model with Assignment = Given given } source provisional
            return! EM.mStep model provisional statistics
        }

    let private oneHot components (labels: int[]) =
        let responsibilities = Array.zeroCreate (labels.Length * components)
        labels |> Array.iteri (fun i label -> responsibilities[i * components + label] <- 1.0)
        responsibilities

    /// The first mixture of K components, for a start that `check` found right. `around` puts components around centres
    /// (K×D). Error when the data have too few different rows, or when the M-step of a start has one.
    let mixture
        (around: float[,] -> Result<'θ, GmmError>)
        (model: Model<'θ>)
        components
        seed
        (source: Source)
        (start: Start<'θ>)
        : Result<Mixture<'θ>, GmmError> =
        let execution = model.Execution
        let grouped given = ofResponsibilities around model source (averages execution components source given) given

        let uniform centres = centres |> Result.bind around |> Result.map (Mixture.uniform components)

        match start with
        | Start.Mixture mixture -> Ok mixture
        | Start.Means means -> uniform (Ok means)
        | Start.Points -> uniform (Centres.points execution (RandomStream.ofSeed seed) components source)
        | Start.KPlusPlus -> uniform (Centres.kPlusPlus execution (RandomStream.ofSeed seed) components source)
        | Start.Labels labels ->
            grouped (fun block -> Array.sub labels (int block.FirstRow) block.Rows |> oneHot components)
        | Start.Responsibilities responsibilities ->
            grouped (fun block ->
                Array.init (block.Rows * components) (fun i ->
                    responsibilities[int block.FirstRow + i / components, i % components]))
        | Start.KMeans ->
            let options =
                { KMeans.defaults with
                    Clusters = components
                    Restarts = 1
                    Seed = seed
                    Execution = execution }

            result {
                let! found = KMeans.fit options source
                let labels = KMeans.labels found.Centres
                return! ofResponsibilities around model source found.Centres (labels >> oneHot components)
            }
