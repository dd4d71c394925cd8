namespace Gmm

/// Where a fit of a mixture starts.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Start<'θ> =
    /// The M-step of the clusters that one k-means run finds; components around their centres for families with
    /// probabilities and rates, which the M-step would put at 0 for good.
    | KMeans
    /// Components around rows chosen by greedy k-means++.
    | KPlusPlus
    /// Components around random rows.
    | Points
    /// Components around rows that are far from one another: each the farthest from the nearest of those before it.
    | FarthestFirst
    /// Components around draws from the normal distribution with the data's mean and covariance. Not for families with
    /// probabilities and rates, which such draws may lie outside of.
    | Random
    /// The M-step of random responsibilities: of all rows of small data, of a random sample of large ones, where those of
    /// all rows would make every component the same. A weak start: give it several Restarts.
    | RandomResponsibilities
    /// Components around given means (K×D).
    | Means of float[,]
    /// The M-step of given labels 0 … K−1 (N).
    | Labels of int[]
    /// The M-step of given responsibilities (N×K), each row summing to 1.
    | Responsibilities of float[,]
    /// A given mixture: that of an earlier fit to go on from where it stopped (a warm start: two fits of one iteration are
    /// one fit of two).
    | Mixture of Mixture<'θ>

/// How a family's components come to lie around centres. Centres are chosen and averaged in the space of features: the
/// data themselves for Gaussians, their statistics T(x) for exponential families.
[<NoEquality; NoComparison>]
type internal Surroundings<'θ> =
    {
        /// F, how many features data of D columns have.
        Width: int -> int
        /// The features of the rows of a block.
        Features: Block -> Block
        /// The parameters with given means (K×D).
        AtMeans: float[,] -> Result<'θ, GmmError>
        /// The parameters of components around centres (K×F), to start from.
        Around: float[,] -> Result<'θ, GmmError>
        /// Any parameters at centres (K×F), to take statistics about.
        Provisional: float[,] -> Result<'θ, GmmError>
        /// Whether the M-step of hard clusters can have parameters that EM never leaves, such as a probability of 0. Then
        /// k-means gives the centres only.
        HasEdges: bool
        /// What the options ask of the first parameters beyond the start, from a seed: other covariances, for Gaussians.
        Revise: int -> 'θ -> Result<'θ, GmmError>
        /// Whether another seed revises otherwise.
        IsRandom: bool
    }

/// Making the first mixture of a fit.
module Start =
    /// Whether other seeds give other starts.
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

    /// What is wrong with a start for K components and these data, if anything.
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
                  $"of {components} components",
                  string mixture.Components ]

    /// The average of the features by given responsibilities, for every component (K×F).
    let internal averages execution components (given: Block -> float[]) (features: Source) : float[,] =
        let first = Source.firstRow features
        let start = Array2D.init components features.Columns (fun _ j -> first[0, j])

        let model =
            { KMeans.model execution with
                Assignment = Given given }

        let statistics = EM.eStep model features (KMeans.mixture start)

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

    /// Responsibilities uniform on the simplex (exponential numbers divided by their sum), from a stream for each row; 0 for
    /// a row outside a sample of about four rows for each number that a component may have.
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

    /// The first mixture of K components, for a start that `check` found right. Error when the data have too few different
    /// rows, or when the M-step of a start has one.
    let internal mixture
        (surroundings: Surroundings<'θ>)
        (model: Model<'θ>)
        components
        seed
        (source: Source)
        (start: Start<'θ>)
        : Result<Mixture<'θ>, GmmError> =
        let execution = model.Execution
        let features = source |> Source.map (surroundings.Width source.Columns) surroundings.Features
        let random () = RandomStream.ofSeed seed

        let around centres = surroundings.Around centres |> Result.map (Mixture.uniform components)

        /// The M-step of given responsibilities, from statistics about centres close to the means: nothing cancels.
        let grouped centres (given: Block -> float[]) =
            result {
                let! provisional = surroundings.Provisional centres |> Result.map (Mixture.uniform components)
                let statistics = EM.eStep { model with Assignment = Given given } source provisional
                return! EM.mStep model provisional statistics
            }

        let averaged given = grouped (averages execution components given features) given

        let revised (mixture: Mixture<'θ>) =
            surroundings.Revise seed mixture.Parameters
            |> Result.map (fun parameters -> { mixture with Parameters = parameters })

        match start with
        | Start.Mixture mixture -> Ok mixture
        | Start.Means means -> surroundings.AtMeans means |> Result.map (Mixture.uniform components)
        | Start.Points -> Centres.points execution (random ()) components features |> Result.bind around
        | Start.KPlusPlus -> Centres.kPlusPlus execution (random ()) components features |> Result.bind around
        | Start.FarthestFirst -> Centres.farthestFirst execution (random ()) components features |> Result.bind around
        | Start.Random when surroundings.HasEdges -> Error notRandom
        | Start.Random -> Centres.normal execution (random ()) components features |> Result.bind around
        | Start.RandomResponsibilities -> averaged (randomResponsibilities components seed features)
        | Start.Labels labels ->
            averaged (fun block -> Array.sub labels (int block.FirstRow) block.Rows |> oneHot components)
        | Start.Responsibilities responsibilities ->
            averaged (fun block ->
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
                let! found = KMeans.fit options features

                if surroundings.HasEdges then
                    return! around found.Centres
                else
                    return! grouped found.Centres (surroundings.Features >> KMeans.memberships found.Centres)
            }
        |> Result.bind revised
