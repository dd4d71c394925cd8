namespace Gmm

open System

/// Adds a noise component to mixtures of any family: f(x) = Σₖ πₖ p(x|θₖ) + π₀/V (Banfield and Raftery 1993; Fraley and
/// Raftery 1998). The mixture has K + 1 weights, of which the last is π₀, and K components.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Noise =
    /// The label of rows that are noise, as in scikit-learn's DBSCAN.
    [<Literal>]
    let Label = -1

    /// Returns the label of a row whose likeliest component is number k of the K components and the noise after them.
    let internal labelOf components k = if k = components then Label else k

    /// The share of noise that a fit starts from.
    let internal startShare = 0.05

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the matrix that maps K columns to K' columns: each to itself, or to nothing.
    let private columns (like: Tensor) from target =
        like.like (
            [| from; target |],
            Array.init (from * target) (fun i -> if i / target = i % target then 1.0 else 0.0)
        )

    let private clusters (statistics: Statistics) =
        { statistics with
            Counts = Array.truncate (statistics.Counts.Length - 1) statistics.Counts }

    /// Returns a family whose mixtures of K components also have noise: the log-density −ln V of every row follows
    /// those of the components (n×(K+1)), and mixtures and statistics have K + 1 weights and counts. Sums and M-step
    /// are those of the K components, which rows of noise don't touch.
    let wrap (noise: Noise) (family: Family<'θ>) : Family<'θ> =
        let components parameters = Array2D.length1 (family.Means parameters)

        let logDensity parameters x =
            let ofClusters = (family.LogDensity parameters x).clamp Limits.zeroDensity
            let count = ofClusters.shape[1]
            let constant = Array.append (Array.zeroCreate count) [| noise.LogDensity |]
            ofClusters.matmul (columns ofClusters count (count + 1)) + ofClusters.like ([| count + 1 |], constant)

        let sums parameters x (responsibilities: Tensor) =
            let count = responsibilities.shape[1]
            responsibilities.matmul (columns responsibilities count (count - 1)) |> family.Sums parameters x

        /// Draws a row of noise.
        let draw (random: Random) =
            Array.init noise.Low.Length (fun j ->
                let low, high, u = noise.Low[j], noise.High[j], random.NextDouble()

                if noise.IsWhole[j] then
                    low + floor (u * (high - low + 1.0))
                else
                    low + u * (high - low))

        { family with
            LogDensity = logDensity
            Sums = sums
            Maximise = fun parameters statistics -> family.Maximise parameters (clusters statistics)
            Recentre =
                fun from target statistics ->
                    { family.Recentre from target (clusters statistics) with
                        Counts = statistics.Counts }
            Form = family.Form >> Option.map (fun form -> Form.Noise(form, noise.LogDensity))
            Sample = fun parameters k -> if k = components parameters then draw else family.Sample parameters k
            Noise = Some noise }

    // ── Measurement ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// The scores of rows along directions (D, as the rows of a D×D matrix) about a point (D).
    type internal Scores =
        { Point: float[]; Directions: float[,] }

    /// The smallest and the largest score of the rows of positive weight along each direction (D each); those of the
    /// columns without directions.
    let internal ranging: Scan<Scores option, float[] * float[]> =
        let scores (scores: Scores) (block: Block) =
            let features = block.Columns

            let values =
                [| for i in 0 .. block.Rows - 1 do
                       let row = block.Row(i).ToArray()

                       for d in 0 .. features - 1 do
                           let mutable score = 0.0

                           for j in 0 .. features - 1 do
                               score <- score + scores.Directions[d, j] * (row[j] - scores.Point[j])

                           score |]

            { block with
                Numbers = Numbers.Float64(ReadOnlyMemory values) }

        let ofBlock (block: Block) =
            let low, high = Array.create block.Columns infinity, Array.create block.Columns -infinity

            for i in 0 .. block.Rows - 1 do
                if block.Weight i > 0.0 then
                    let row = block.Row i

                    for j in 0 .. block.Columns - 1 do
                        low[j] <- min low[j] row[j]
                        high[j] <- max high[j] row[j]

            low, high

        let merge (a, b) (c, d) = Array.map2 min a c, Array.map2 max b d

        { Name = "ranges"
          Family = fun _ -> ""
          State =
            fun argument ->
                match argument with
                | None -> Map.empty
                | Some scores ->
                    Map [ "point", Tensor.vector scores.Point; "directions", Tensor.matrix scores.Directions ]
          OfRun =
            fun argument ->
                let prepare = argument |> Option.map scores |> Option.defaultValue id
                Seq.map (prepare >> ofBlock) >> Seq.reduce merge
          Merge = merge
          ToNumbers = fun (low, high) -> Array.append low high
          OfNumbers = fun _ numbers -> Array.splitAt (numbers.Length / 2) numbers }

    /// Returns the argument of `ranging` for data of some columns that a state stores.
    let internal rangingOf (columns: int) (state: State) : Result<Scores option, GmmError> =
        if Map.isEmpty state then
            Ok None
        else
            result {
                let! point = State.ofShape [| columns |] "point" state
                let! directions = State.ofShape [| columns; columns |] "directions" state
                do! State.requireFinite "point" point
                do! State.requireFinite "directions" directions

                return
                    Some
                        { Point = point.toArray ()
                          Directions = directions.toArray2D () }
            }

    let private ranges execution (source: Source) = source |> Scan.run execution ranging None

    /// The largest share of the widest range of scores that counts as rounding.
    let private flat = 1e-10

    /// Returns the logarithm of the product of the ranges of the principal components' scores; ∞ if the data don't vary
    /// along one of them, because a column is a combination of others.
    let private logVolumeOfScores execution (source: Source) : float =
        let features = source.Columns
        let data = source |> DataCovariance.ofSource execution (Layout.own Shape.Full)
        let _, directions = LinearAlgebra.eigen features data.Covariance

        let scores =
            { Point = data.Mean[0, *]
              Directions = array2D directions }

        let low, high = source |> Scan.run execution ranging (Some scores)
        let extents = Array.map2 (-) high low

        if Array.min extents <= flat * Array.max extents then
            infinity
        else
            extents |> Array.sumBy log

    /// Measures the noise component that the options ask for. `misfit` is the test of the kind's domain: a column whose
    /// domain has no number between two whole numbers takes whole numbers only. Error when a given volume isn't above
    /// 0, or the data's volume is 0 because a column is constant.
    let internal measure
        (volume: NoiseVolume)
        (misfit: Block -> GmmError option)
        execution
        (source: Source)
        : Result<Noise, GmmError> =
        let low, high = ranges execution source
        let first = (Source.firstRow source)[0, *]

        /// Whether the domain of a column has no number halfway between two whole numbers.
        let isWhole j =
            let row = Array.updateAt j (floor first[j] + 0.5) first

            misfit
                { FirstRow = 0L
                  Rows = 1
                  Columns = row.Length
                  Numbers = Numbers.Float64(ReadOnlyMemory row)
                  Weights = None }
            |> Option.isSome

        let isWhole = Array.init source.Columns isWhole

        let noise isMeasured logVolume =
            Ok
                { LogDensity = -logVolume
                  IsMeasured = isMeasured
                  Low = low
                  High = high
                  IsWhole = isWhole }

        match volume with
        | NoiseVolume.Given volume when volume > 0.0 && volume < infinity -> noise false (log volume)
        | NoiseVolume.Given volume -> Error(InvalidOption("Noise", "a volume above 0, and finite", string volume))
        | NoiseVolume.Hypervolume ->
            let extents = Array.init source.Columns (fun j -> high[j] - low[j] + (if isWhole[j] then 1.0 else 0.0))

            match extents |> Array.tryFindIndex (fun extent -> not (extent > 0.0)) with
            | Some column -> Error(ConstantColumn(column, low[column]))
            | None ->
                let box = extents |> Array.sumBy log

                if Array.contains true isWhole then
                    noise true box
                else
                    noise true (min box (logVolumeOfScores execution source))

    // ── Mixtures ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns a mixture of K components with a share of noise; with K + 1 weights, the mixture itself.
    let internal add share (components: int) (mixture: Mixture<'θ>) : Mixture<'θ> =
        if mixture.Components > components then
            mixture
        else
            let weights = mixture.Weights |> Array.map (fun weight -> log (weight * (1.0 - share)))

            { mixture with
                LogWeights = Array.append weights [| log share |] |> Tensor.vector }
