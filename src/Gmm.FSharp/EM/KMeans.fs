namespace Gmm

open System
open System.Diagnostics

/// Where k-means starts.
[<RequireQualifiedAccess>]
type KMeansStart =
    /// Rows by greedy k-means++.
    | KPlusPlus
    /// Random rows.
    | Points
    /// Given centres (K×D).
    | Means of float[,]

/// How to run k-means; start from `KMeans.defaults`.
[<NoEquality; NoComparison>]
type KMeansOptions =
    {
        /// K ≥ 1.
        Clusters: int
        /// Where to start.
        Start: KMeansStart
        /// How many runs with seeds Seed, Seed+1, …; the lowest inertia wins. Given centres are run once.
        Restarts: int
        /// The seed of the first run.
        Seed: int
        /// M-steps at most.
        MaxIterations: int
        /// Converged when the squared movement of the centres is at most this share of the features' mean variance. At 0
        /// they move until only rounding moves them.
        Tolerance: float
        /// Called after every assignment of rows, of every run, from one thread at a time; the objective is −½ inertia / Σₙ wₙ.
        Progress: Progress -> unit
        /// Threads and cancellation.
        Execution: Execution
        /// Where the E-steps are done; starts and M-steps are always the processor's.
        Device: Device
    }

/// The result of k-means.
[<NoEquality; NoComparison>]
type KMeansFit =
    {
        /// Σₙ wₙ minₖ ‖xₙ−μₖ‖².
        Inertia: float
        /// The fit of the mixture of centroids: iterations, trace, why it stopped.
        Fit: Fit<Centroid>
    }

    /// μ (K×D).
    member found.Centres = found.Fit.Parameters.Centres.toArray2D ()

/// k-means: EM on centroids with hard assignment and equal weights, the limit of a Gaussian mixture with Σ = εI for
/// ε → 0 (Lloyd 1982; Bishop, PRML, 2006, §9.1 and §9.3.2). A cluster left empty takes the row farthest from its centre.
module KMeans =
    /// One cluster, k-means++, 10 restarts from seed 0, at most 300 iterations, tolerance 1e-4.
    let defaults =
        { Clusters = 1
          Start = KMeansStart.KPlusPlus
          Restarts = 10
          Seed = 0
          MaxIterations = 300
          Tolerance = 1e-4
          Progress = ignore
          Execution = Execution.Default
          Device = Device.Cpu }

    /// The model of k-means, for EM's functions.
    let model (execution: Execution) : Model<Centroid> =
        { Model.ofFamily Centroid.family with
            Assignment = Hard
            Weights = Fixed
            Execution = execution }

    let internal mixture (centres: float[,]) : Mixture<Centroid> =
        { LogWeights = Tensor.vector (Array.zeroCreate (Array2D.length1 centres))
          Parameters = { Centres = Tensor.matrix centres } }

    // ── Distances ───────────────────────────────────────────────────────────────────────────────────────────────────

    let private centresOf (mixture: Mixture<Centroid>) =
        mixture.Parameters.Centres.toArray2D ()
        |> fun centres -> Array.init mixture.Components (fun k -> centres[k, *])

    /// −½‖xₙ−μₖ‖² of a block (n×K, row by row), by the kernels of centroids, until the same thread's next block.
    let private logJoint: Mixture<Centroid> -> Block -> float[] = Kernel.passingLogJoint Centroid.family

    /// The number of the nearest centre for every row of a block (n), the lowest of equals.
    let internal labels (centres: float[,]) : Block -> int[] =
        logJoint (mixture centres) >> Assignment.likeliestRows (Array2D.length1 centres)

    /// One-hot responsibilities of the nearest centre for every row of a block (n×K, row by row), until the same thread's next
    /// block.
    let internal memberships (centres: float[,]) : Block -> float[] =
        logJoint (mixture centres) >> Assignment.hardRows (Array2D.length1 centres)

    // ── Empty clusters ──────────────────────────────────────────────────────────────────────────────────────────────

    /// A row that may leave its cluster.
    type private Far =
        { Row: int64
          Values: float[]
          Weight: float
          Cluster: int
          Distance: float }

    /// The rows of positive weight farthest from their centres, the farthest first.
    let private farthest count execution source mixture : Far list =
        let logJoint = logJoint mixture
        let keep rows = rows |> List.sortBy (fun far -> -far.Distance, far.Row) |> List.truncate count

        let ofBlock (block: Block) =
            let joint = logJoint block
            let clusters = Assignment.likeliestRows mixture.Components joint
            let nearest = clusters |> Array.mapi (fun i cluster -> joint[i * mixture.Components + cluster])

            [ 0 .. block.Rows - 1 ]
            |> List.filter (fun i -> block.Weight i > 0.0)
            |> List.sortBy (fun i -> nearest[i])
            |> List.truncate count
            |> List.map (fun i ->
                { Row = block.FirstRow + int64 i
                  Values = block.Row(i).ToArray()
                  Weight = block.Weight i
                  Cluster = clusters[i]
                  Distance = 2.0 * abs nearest[i] })

        source |> Source.reduce execution (fun a b -> keep (a @ b)) ofBlock

    /// The statistics after every empty cluster has taken the farthest row that isn't alone in its cluster.
    let private fillEmpty execution (source: Source) (iterate: Iterate<Centroid>) : Result<Statistics, GmmError> =
        let statistics, features = iterate.Statistics, source.Columns
        let clusters = statistics.Counts.Length
        let counts, sums = Array.copy statistics.Counts, Array.copy statistics.Sums[0]
        let centres = centresOf iterate.Mixture

        /// Adds a row to a cluster's sums about its centre, or takes it away.
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
        | empty -> fill empty (farthest (empty.Length + clusters) execution source iterate.Mixture)

    /// The result of k-means that has this fit, such as a loaded one.
    let ofFit (fit: Fit<Centroid>) : KMeansFit =
        { Inertia = -2.0 * fit.LogLikelihood
          Fit = fit }

    // ── The loop ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The iterates of a model of k-means on the source in the blocks that its backend wants.
    let private iteratesOf (model: Model<Centroid>) blocks execution source (centres: float[,]) =
        let next (iterate: Iterate<Centroid>) =
            fillEmpty execution source iterate |> Result.bind (EM.mStep model iterate.Mixture)

        EM.iteratesBy next model blocks (mixture centres)

    /// The iterates of k-means from given centres (K×D): the sequence of `EM.iterates`, with empty clusters filled.
    let iterates
        (execution: Execution)
        (source: Source)
        (centres: float[,])
        : seq<Result<Iterate<Centroid>, GmmError>> =
        iteratesOf (model execution) source execution source centres

    let private checkStart (options: KMeansOptions) (source: Source) =
        match options.Start with
        | KMeansStart.KPlusPlus
        | KMeansStart.Points -> Ok()
        | KMeansStart.Means centres ->
            result {
                do! GmmError.requireShape "Start means" options.Clusters source.Columns centres
                do! GmmError.requireFinite "Start means" centres
            }

    let private check (options: KMeansOptions) (source: Source) =
        result {
            do! GmmError.requireAll [ options.Clusters >= 1, "Clusters", "at least 1", string options.Clusters ]
            do! Fit.check options.Restarts options.MaxIterations options.Tolerance options.Execution
            do! Source.requireRows "Clusters" options.Clusters source

            do! checkStart options source
            do! Devices.check options.Device
            do! Source.validate options.Execution source
        }

    /// Clusters the rows. Error when an option breaks its rule, the data are not finite, or they have fewer different rows
    /// than clusters.
    let fit (options: KMeansOptions) (source: Source) : Result<KMeansFit, GmmError> =
        let centres execution seed =
            match options.Start with
            | KMeansStart.KPlusPlus -> Centres.kPlusPlus execution (RandomStream.ofSeed seed) options.Clusters source
            | KMeansStart.Points -> Centres.points execution (RandomStream.ofSeed seed) options.Clusters source
            | KMeansStart.Means centres -> Ok centres

        let restarts =
            match options.Start with
            | KMeansStart.Means _ -> 1
            | KMeansStart.KPlusPlus
            | KMeansStart.Points -> options.Restarts

        let clock = Stopwatch.StartNew()
        let report = Progress.oneAtATime options.Progress

        let run (model: Model<Centroid>) blocks execution meanVariance seed =
            let hasSettled (previous: Iterate<Centroid>) (current: Iterate<Centroid>) =
                let squares (tensor: Tensor) = (tensor * tensor).toArray() |> Array.sum
                let centres = current.Mixture.Parameters.Centres
                // A centre is never closer than its own rounding, nor than that of the rows' distances from it.
                let rounding = 1e-30 * squares centres + 1e-28 * meanVariance

                squares (centres - previous.Mixture.Parameters.Centres)
                <= max rounding (options.Tolerance * meanVariance)

            result {
                let! centres = centres execution seed

                return!
                    iteratesOf model blocks execution source centres
                    |> Progress.watch report (seed - options.Seed) seed clock
                    |> Fit.ofIterates model seed options.MaxIterations hasSettled
            }

        /// The best of all runs, whose E-steps are the model's on its blocks, and all else is the processor's.
        let bestOf meanVariance (model: Model<Centroid>) blocks =
            let ofRuns, ofRun = Fit.sharing model.Execution restarts blocks
            let execution = if model.Execution.Threads = 1 then options.Execution else ofRun
            let run = run { model with Execution = ofRun } blocks execution meanVariance

            Fit.best ofRuns (fun (fit: Fit<Centroid>) -> fit.LogLikelihood) run options.Seed restarts
            |> Result.map (fun (best, failures) ->
                { best with
                    Model = Model.unbound model
                    Failures = failures })

        result {
            do! check options source
            let! spread = Spread.ofSource options.Execution Spherical source
            let bestOf = bestOf spread.Covariance[0]
            let! best = Devices.run options.Device bestOf (model options.Execution) source
            return ofFit best
        }

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What is wrong with data that centres are used on, if anything.
    let private checkData (found: KMeansFit) (source: Source) =
        result {
            do! Source.requireColumns (Array2D.length2 found.Centres) source
            do! Source.validate found.Fit.Model.Execution source
        }

    /// What a function makes of every block, `width` things for each row, in memory for all.
    let private fill (found: KMeansFit) width target ofBlock (source: Source) : Result<unit, GmmError> =
        checkData found source
        |> Result.map (fun () -> source |> Source.fill found.Fit.Model.Execution width target ofBlock)

    /// The number of the nearest centre for every row (N), the lowest of equals. Error when the data have another number of
    /// features than the centres, or a number that isn't finite.
    let predict (found: KMeansFit) (source: Source) : Result<int[], GmmError> =
        let clusters = Array.zeroCreate (int source.Rows)
        source |> fill found 1 (Memory clusters) (labels found.Centres) |> Result.map (fun () -> clusters)

    /// Σₙ wₙ minₖ ‖xₙ−μₖ‖² of data, those that were clustered or others. Errors as `predict`.
    let inertia (found: KMeansFit) (source: Source) : Result<float, GmmError> =
        let statistics () = EM.eStep found.Fit.Model source found.Fit.Mixture
        checkData found source |> Result.map (fun () -> -2.0 * (statistics ()).LogLikelihood)

    /// The distance ‖xₙ−μₖ‖ of every row to every centre (N×K). Errors as `predict`.
    let transform (found: KMeansFit) (source: Source) : Result<float[,], GmmError> =
        let clusters = found.Fit.Mixture.Components
        let distances = Array2D.zeroCreate (int source.Rows) clusters

        source
        |> fill
            found
            clusters
            (Source.memoryOf distances)
            (logJoint found.Fit.Mixture >> Array.map (fun joint -> sqrt (2.0 * abs joint)))
        |> Result.map (fun () -> distances)
