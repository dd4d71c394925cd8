namespace Gmm

open System
open System.Collections.Concurrent

/// Finds the centres of clusters (K×D) in valid data, with an execution, from K and a seed.
type internal ClusterCentres = Execution -> int -> int -> Source -> Result<float[,], GmmError>

/// Lloyd's algorithm, the iteration of k-means: the M-step of centroids, in which an empty cluster takes the row
/// farthest from its centre (Lloyd 1982; Bishop, PRML, 2006, §9.1 and §9.3.2).
module internal Lloyd =
    /// Returns K centres (K×D) as a mixture with equal weights.
    let mixture (centres: float[,]) : Mixture<Centroid> =
        { LogWeights = Tensor.vector (Array.zeroCreate (Array2D.length1 centres))
          Parameters = { Centres = Tensor.matrix centres } }

    // ── Distances ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private centresOf (mixture: Mixture<Centroid>) =
        mixture.Parameters.Centres.toArray2D ()
        |> fun centres -> Array.init mixture.Components (fun k -> centres[k, *])

    /// Returns −½‖xₙ−μₖ‖² of a block (n×K, row by row), computed by the kernels of centroids. The array is valid until
    /// the next block on the same thread.
    let logJoint: Mixture<Centroid> -> Block -> float[] = Kernel.passingLogJoint Centroid.family

    /// Returns the number of the nearest centre for every row of a block (n), the lowest of equals.
    let labels (centres: float[,]) : Block -> int[] =
        logJoint (mixture centres) >> Assignment.likeliestRows (Array2D.length1 centres)

    /// Returns one-hot responsibilities of the nearest centre for every row of a block (n×K, row by row). The array is
    /// valid until the next block on the same thread.
    let memberships (centres: float[,]) : Block -> float[] =
        logJoint (mixture centres) >> Assignment.hardRows (Array2D.length1 centres)

    /// The number of the nearest centre for every row, from the centres (K×D).
    let nearest: Scan<float[,], float[]> =
        { Name = "nearest"
          Family = fun _ -> ""
          State = fun centres -> Map [ "centres", Tensor.matrix centres ]
          OfRun = fun centres -> Seq.map (labels centres >> Array.map float) >> Array.concat
          Merge = Array.append
          ToNumbers = id
          OfNumbers = fun _ -> id }

    /// Returns the centres (K×D) for data of some columns that a state stores.
    let centresIn (columns: int) (state: State) : Result<float[,], GmmError> =
        result {
            let! centres = State.matrix "centres" state
            do! State.requireFinite "centres" centres

            do!
                GmmError.requireAll
                    [ centres.shape[1] = columns,
                      "centres",
                      $"""of {Display.count columns "column"}""",
                      string centres.shape[1] ]

            return centres.toArray2D ()
        }

    // ── Empty clusters ──────────────────────────────────────────────────────────────────────────────────────────────

    /// A row that may leave its cluster.
    type Far =
        { Row: int64
          Values: float[]
          Weight: float
          Cluster: int
          Distance: float }

    /// Returns the rows that are farthest from their centres, so many of them, the farthest first.
    let private keep count (rows: Far list) : Far list =
        rows |> List.sortBy (fun far -> -far.Distance, far.Row) |> List.truncate count

    /// The rows of positive weight that are farthest from their centres, the farthest first: a number of rows, and the
    /// centres (K×D).
    let farthest: Scan<int * float[,], Far list> =
        let ofRun (count, centres: float[,]) =
            let clusters, logJoint = Array2D.length1 centres, logJoint (mixture centres)

            let ofBlock (block: Block) =
                let joint = logJoint block
                let nearest = Assignment.likeliestRows clusters joint
                let distances = nearest |> Array.mapi (fun i cluster -> 2.0 * abs joint[i * clusters + cluster])

                [ 0 .. block.Rows - 1 ]
                |> List.filter (fun i -> block.Weight i > 0.0)
                |> List.sortBy (fun i -> -distances[i])
                |> List.truncate count
                |> List.map (fun i ->
                    { Row = block.FirstRow + int64 i
                      Values = block.Row(i).ToArray()
                      Weight = block.Weight i
                      Cluster = nearest[i]
                      Distance = distances[i] })

            Seq.map ofBlock >> Seq.reduce (fun a b -> keep count (a @ b))

        let toNumbers (far: Far) =
            Array.append [| float far.Row; far.Weight; float far.Cluster; far.Distance |] far.Values

        let ofNumbers (numbers: float[]) =
            { Row = int64 numbers[0]
              Weight = numbers[1]
              Cluster = int numbers[2]
              Distance = numbers[3]
              Values = Array.skip 4 numbers }

        { Name = "farthest"
          Family = fun _ -> ""
          State = fun (count, centres) -> Map [ "count", Tensor.scalar (float count); "centres", Tensor.matrix centres ]
          OfRun = ofRun
          Merge = fun a b -> a @ b
          ToNumbers = List.map toNumbers >> Array.concat
          OfNumbers =
            fun (_, centres) -> Array.chunkBySize (4 + Array2D.length2 centres) >> Array.map ofNumbers >> List.ofArray }

    /// Returns the argument of `farthest` for data of some columns that a state stores.
    let farthestOf (columns: int) (state: State) : Result<int * float[,], GmmError> =
        result {
            let! centres = centresIn columns state
            let! count = State.whole 1 (2 * Array2D.length1 centres) "count" state
            return count, centres
        }

    /// Returns the statistics after every empty cluster has taken the farthest row among those that aren't alone in
    /// their cluster.
    let private fillEmpty execution (source: Source) (iterate: Iterate<Centroid>) : Result<Statistics, GmmError> =
        let statistics, features = iterate.Statistics, source.Columns
        let clusters = statistics.Counts.Length
        let counts, sums = Array.copy statistics.Counts, Array.copy statistics.Sums[0]
        let centres = centresOf iterate.Mixture

        /// Adds a row to a cluster's sums about its centre, or subtracts it.
        let put weight (values: float[]) cluster =
            counts[cluster] <- counts[cluster] + weight

            for j in 0 .. features - 1 do
                let i = cluster * features + j
                sums[i] <- sums[i] + weight * (values[j] - centres[cluster][j])

        let rec fill empty rows =
            match empty, rows with
            | [], _ ->
                Ok
                    { statistics with
                        Counts = counts
                        Sums = [| sums |] }
            | k :: others, far :: rest when far.Distance > 0.0 ->
                if counts[far.Cluster] > far.Weight then
                    put -far.Weight far.Values far.Cluster
                    put far.Weight far.Values k
                    fill others rest
                else
                    fill empty rest
            | _ -> Centres.tooFew clusters (clusters - empty.Length)

        match [ 0 .. clusters - 1 ] |> List.filter (fun k -> counts[k] = 0.0) with
        | [] -> Ok statistics
        | empty ->
            let count = empty.Length + clusters

            source
            |> Scan.run execution farthest (count, iterate.Mixture.Parameters.Centres.toArray2D ())
            |> keep count
            |> fill empty

    // ── The rule ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the centres that follow an iterate on the rows of a source.
    let next source (model: Model<Centroid>) (iterate: Iterate<Centroid>) : Result<Mixture<Centroid>, GmmError> =
        fillEmpty model.Execution source iterate |> Result.bind (EM.mStep model iterate.Mixture)

    /// Returns the rule of Lloyd's iterations on the rows of a source. They have converged when the squared movement of
    /// the centres is at most the tolerance's share of the features' mean variance.
    let rule source meanVariance : Rule<Centroid> =
        let hasSettled tolerance (previous: Iterate<Centroid>) (current: Iterate<Centroid>) =
            let squares (tensor: Tensor) = (tensor * tensor).toArray() |> Array.sum
            let centres = current.Mixture.Parameters.Centres
            // The precision of a centre is limited by its own rounding and by the rounding of the rows' distances from
            // it.
            let rounding = 1e-30 * squares centres + 1e-28 * meanVariance

            squares (centres - previous.Mixture.Parameters.Centres) <= max rounding (tolerance * meanVariance)

        { Name = "k-means"
          Assignment = Some Hard
          OwnWeights = Some "whose weights are equal"
          IsExact = false
          // Beside ln 1/K, distances as small as 1e-150 would be lost.
          Begin =
            fun start ->
                { start with
                    LogWeights = Tensor.vector (Array.zeroCreate start.Components) }
          Next = next source
          HasConverged = hasSettled }

    /// Returns the model of k-means, for EM's functions.
    let model (execution: Execution) : Model<Centroid> =
        { Model.ofFamily Centroid.family with
            Assignment = Hard
            Weights = Fixed
            Execution = execution }

    /// Returns Σₙ wₙ minₖ ‖xₙ−μₖ‖² of statistics; 0, not −0, when every row is a centre.
    let inertiaOf (statistics: Statistics) : float = 0.0 - 2.0 * statistics.LogLikelihood

    /// Returns the mean variance of the features of a source. The M-step of one cluster about a row gives the mean, and
    /// the distances from the mean give the variance. k-means compiles these steps anyway, so that its first fit needs no
    /// other kernel.
    let private meanVarianceOf execution (source: Source) : float =
        let model, aboutRow = model execution, source |> Source.firstRow |> mixture
        let aboutMean = EM.eStep model source aboutRow |> EM.mStep model aboutRow |> GmmError.get
        let statistics = EM.eStep model source aboutMean
        inertiaOf statistics / (statistics.Weight * float source.Columns)

    /// Returns the rule for a source, whose mean variance it measures.
    let ruleOf execution (source: Source) : Rule<Centroid> = rule source (meanVarianceOf execution source)

    /// Returns the options of k-means with K clusters: hard assignment, equal weights, k-means++, 10 restarts, at most
    /// 300 iterations, until the centres settle within 1e-4.
    let options (kind: 'kind) components : FitOptions<'kind, Centroid> =
        { FitOptions.ofKind kind with
            Components = components
            Start = Start.KPlusPlus
            Restarts = 10
            Assignment = Hard
            Tolerance = 1e-4
            MaxIterations = 300
            Acceleration = Acceleration.None
            WeightPrior = Fixed }

    /// Runs k-means once, from k-means++, on valid data, and returns the centres (K×D). Error when fewer than K rows
    /// differ.
    let run execution components seed (source: Source) : Result<float[,], GmmError> =
        let options =
            { options () components with
                Restarts = 1
                Seed = seed
                Execution = execution }

        let candidates =
            { Prepare =
                fun () execution seed ->
                    Centres.kPlusPlus execution (RandomStream.ofSeed seed) components source
                    |> Result.map (mixture >> List.singleton)
              AreRandom = true
              Refit = None }

        source
        |> Runs.fit options Centroid.family (ruleOf execution source) Regularity.none candidates
        |> Result.map (fun fit -> fit.Parameters.Centres.toArray2D ())

    /// Returns `run` for data that several fits share: it clusters them once for each K and seed, which two threads may
    /// ask for at the same time. The threads that a caller may use change no bit.
    let shared () : ClusterCentres =
        let found = ConcurrentDictionary<struct (int * int), Lazy<Result<float[,], GmmError>>>()

        fun execution components seed source ->
            found.GetOrAdd(struct (components, seed), (fun _ -> lazy run execution components seed source)).Value
