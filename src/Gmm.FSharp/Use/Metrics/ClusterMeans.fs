namespace Gmm

open System

/// Measures of clusters by the distances of rows from the means of their clusters.
module internal ClusterMeans =
    /// Adds up a quantity over all rows of positive weight: `add sums cluster weight row` changes the sums.
    let private sumRows execution (clusters: Clusters) size (add: float[] -> int -> float -> float[] -> unit) source =
        source
        |> Source.reduce execution (Array.map2 (+)) (fun block ->
            let sums = Array.zeroCreate<float> size

            for i in 0 .. block.Rows - 1 do
                let n = int block.FirstRow + i

                if clusters.Numbers[n] >= 0 then
                    add sums clusters.Numbers[n] clusters.Weights[n] (block.Row(i).ToArray())

            sums)

    /// Returns the mean of every cluster (K of D numbers). It takes moments about the cluster's first row, so nothing
    /// cancels.
    let private centres execution (clusters: Clusters) (source: Source) : float[][] =
        let features = source.Columns
        let firstRows = clusters.Totals |> Array.mapi (fun k _ -> int64 (Array.IndexOf(clusters.Numbers, k)))
        let origins = Source.rows firstRows source

        let add (sums: float[]) k weight (row: float[]) =
            for j in 0 .. features - 1 do
                sums[k * features + j] <- sums[k * features + j] + weight * (row[j] - origins[k, j])

        let sums = source |> sumRows execution clusters (clusters.Totals.Length * features) add

        Array.init clusters.Totals.Length (fun k ->
            Array.init features (fun j -> origins[k, j] + sums[k * features + j] / clusters.Totals[k]))

    /// Returns ‖a − b‖².
    let private squaredDistance (a: float[]) (b: float[]) =
        let mutable sum = 0.0

        for j in 0 .. a.Length - 1 do
            let difference = a[j] - b[j]
            sum <- sum + difference * difference

        sum

    /// Returns Σₙ wₙ f(‖xₙ − μₖ‖²) over the rows of every cluster (K).
    let private scatter execution (clusters: Clusters) (centres: float[][]) (f: float -> float) source =
        let add (sums: float[]) k weight (row: float[]) =
            sums[k] <- sums[k] + weight * f (squaredDistance row centres[k])

        source |> sumRows execution clusters centres.Length add

    let daviesBouldin execution (clusters: Clusters) source =
        let centres = centres execution clusters source
        let spreads = source |> scatter execution clusters centres sqrt |> Array.map2 (fun w s -> s / w) clusters.Totals

        let likeness i j =
            let distance = sqrt (squaredDistance centres[i] centres[j])
            if distance = 0.0 then infinity else (spreads[i] + spreads[j]) / distance

        let others i = seq { 0 .. centres.Length - 1 } |> Seq.filter ((<>) i)
        Array.init centres.Length (fun i -> others i |> Seq.map (likeness i) |> Seq.max) |> Array.average

    let calinskiHarabasz execution (clusters: Clusters) source =
        let centres = centres execution clusters source
        let totals, count, total = clusters.Totals, float clusters.Totals.Length, Array.sum clusters.Totals
        let within = source |> scatter execution clusters centres id |> Array.sum

        let mean =
            Array.init centres[0].Length (fun j ->
                let offset = Array.map2 (fun w (centre: float[]) -> w * (centre[j] - centres[0][j])) totals centres
                centres[0][j] + Array.sum offset / total)

        let between = Array.map2 (fun w centre -> w * squaredDistance centre mean) totals centres |> Array.sum

        if between = 0.0 then
            0.0
        else
            between / (count - 1.0) / (within / (total - count))
