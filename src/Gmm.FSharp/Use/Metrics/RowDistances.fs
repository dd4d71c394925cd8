namespace Gmm

open System

/// Measures of clusters by the distances between all pairs of rows.
module internal RowDistances =
    type private Primitives = System.Numerics.Tensors.TensorPrimitives

    /// The rows compared with all rows at once: few enough that their sums stay in a core's cache.
    let private tileRows = 256

    let private tiles (block: Block) =
        [ for first in 0..tileRows .. block.Rows - 1 -> block.Slice(first, min tileRows (block.Rows - first)) ]

    /// Calls `visit m` for every row m of positive weight, with ‖xᵢ − xₘ‖² for the rows i of a tile in `squares`. It
    /// adds features in their order, so the bits are the same on every processor.
    let private forEachRow
        (execution: Execution)
        (clusters: Clusters)
        (source: Source)
        (tile: Block)
        (squares: float[])
        (visit: int -> unit)
        =
        let columns = Array.init tile.Columns (fun j -> Array.init tile.Rows (fun i -> tile[i, j]))
        let differences = Array.zeroCreate<float> tile.Rows

        for index in 0L .. source.Blocks - 1L do
            execution.Cancellation.ThrowIfCancellationRequested()
            let block = source.Read index

            for i in 0 .. block.Rows - 1 do
                let m = int block.FirstRow + i

                if clusters.Numbers[m] >= 0 then
                    let row = block.Row i
                    Array.Clear squares

                    for j in 0 .. columns.Length - 1 do
                        Primitives.Subtract(ReadOnlySpan columns[j], row[j], differences.AsSpan())

                        Primitives.MultiplyAdd(
                            ReadOnlySpan differences,
                            ReadOnlySpan differences,
                            ReadOnlySpan squares,
                            squares.AsSpan()
                        )

                    visit m

    /// Returns the silhouettes of the rows of a tile.
    let private silhouettesOf execution (clusters: Clusters) source (tile: Block) : float[] =
        let totals = clusters.Totals
        let distances = Array.zeroCreate<float> tile.Rows
        let sums = totals |> Array.map (fun _ -> Array.zeroCreate<float> tile.Rows)

        forEachRow execution clusters source tile distances (fun m ->
            let sum = sums[clusters.Numbers[m]]
            Primitives.Sqrt(ReadOnlySpan distances, distances.AsSpan())

            Primitives.MultiplyAdd(ReadOnlySpan distances, clusters.Weights[m], ReadOnlySpan sum, sum.AsSpan()))

        Array.init tile.Rows (fun i ->
            let own = clusters.Numbers[int tile.FirstRow + i]

            if own < 0 || totals[own] <= 1.0 then
                0.0
            else
                let within = sums[own][i] / (totals[own] - 1.0)
                let mutable nearest = infinity

                for k in 0 .. totals.Length - 1 do
                    if k <> own then
                        nearest <- min nearest (sums[k][i] / totals[k])

                let larger = max within nearest
                if larger = 0.0 then 0.0 else (nearest - within) / larger)

    let private silhouettesOfBlock execution clusters source block =
        tiles block |> List.map (silhouettesOf execution clusters source) |> Array.concat

    let silhouettes execution (clusters: Clusters) source : float[] =
        source |> Source.collect execution (silhouettesOfBlock execution clusters source)

    let silhouette execution (clusters: Clusters) source =
        let sum =
            source
            |> Source.reduce execution (+) (fun block ->
                block.WeightedSum(silhouettesOfBlock execution clusters source block))

        sum / Array.sum clusters.Totals

    /// Returns the largest squared distance between two rows of one cluster, and the smallest between rows of different
    /// clusters.
    let private extremesOf execution (clusters: Clusters) source (tile: Block) : float * float =
        let squares = Array.zeroCreate<float> tile.Rows
        let most = clusters.Totals |> Array.map (fun _ -> Array.zeroCreate<float> tile.Rows)
        let least = clusters.Totals |> Array.map (fun _ -> Array.create tile.Rows infinity)

        forEachRow execution clusters source tile squares (fun m ->
            let most, least = most[clusters.Numbers[m]], least[clusters.Numbers[m]]
            Primitives.Max(ReadOnlySpan squares, ReadOnlySpan most, most.AsSpan())
            Primitives.Min(ReadOnlySpan squares, ReadOnlySpan least, least.AsSpan()))

        let mutable diameter, gap = 0.0, infinity

        for i in 0 .. tile.Rows - 1 do
            let own = clusters.Numbers[int tile.FirstRow + i]

            if own >= 0 then
                diameter <- max diameter (most[own][i])

                for k in 0 .. least.Length - 1 do
                    if k <> own then
                        gap <- min gap (least[k][i])

        diameter, gap

    let dunn execution clusters source =
        let either (diameter, gap) (diameter', gap') = max diameter diameter', min gap gap'

        let diameter, gap =
            source
            |> Source.reduce execution either (fun block ->
                tiles block |> List.map (extremesOf execution clusters source) |> List.reduce either)

        if gap = 0.0 then 0.0 else sqrt (gap / diameter)
