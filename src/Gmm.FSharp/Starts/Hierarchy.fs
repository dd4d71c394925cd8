namespace Gmm

open System

/// Model-based hierarchical clustering: it begins with every row alone and always merges the two clusters whose merger
/// costs least, until K are left (Fraley 1998).
module internal Hierarchy =
    /// The largest number of rows to cluster.
    let private mostRows = 2000

    /// About the largest number of multiplications.
    let private mostWork = 1e10

    /// Returns how many rows to cluster, since the work is about N²D³; None when fewer than ten for each cluster are
    /// affordable.
    let rowsFor components features : int option =
        let affordable = sqrt (mostWork / (float features * float features * float features))
        let rows = int (min affordable (float mostRows))
        if rows < 10 * components then None else Some rows

    /// The clusters: their weights n, their means, and their scatter matrices W, all flat.
    type private Clusters =
        {
            Features: int
            Weights: float[]
            Means: float[]
            Scatters: float[]
            Costs: float[]
            /// Ψ, which keeps small clusters from becoming singular.
            Prior: float[]
        }

    /// Writes the scatter of two merged clusters, W₁ + W₂ + n₁n₂/(n₁+n₂) (m₁−m₂)(m₁−m₂)ᵀ.
    let private mergedScatter (clusters: Clusters) i j (merged: float[]) =
        let features, size = clusters.Features, merged.Length
        let n, m = clusters.Weights[i], clusters.Weights[j]
        let share = n * m / (n + m)

        for a in 0 .. features - 1 do
            let difference = clusters.Means[i * features + a] - clusters.Means[j * features + a]

            for b in a .. features - 1 do
                let other = clusters.Means[i * features + b] - clusters.Means[j * features + b]
                let place = a * features + b

                merged[place] <-
                    clusters.Scatters[i * size + place]
                    + clusters.Scatters[j * size + place]
                    + share * (difference * other)

    /// Returns n ln|(W + Ψ)/(n + 1)|, an approximation to −2 ln L of a cluster but for a constant, with the covariance at
    /// its mode under a weak prior. `work` (D×D) is overwritten; only upper triangles are read.
    let private cost (clusters: Clusters) weight (scatter: ReadOnlySpan<float>) (work: float[]) =
        let features = clusters.Features

        for i in 0 .. features - 1 do
            for place in i * features + i .. i * features + features - 1 do
                work[place] <- scatter[place] + clusters.Prior[place]

        let mutable logDeterminant = 0.0

        if LinearAlgebra.factorise features (Span work) then
            for i in 0 .. features - 1 do
                logDeterminant <- logDeterminant + 2.0 * log work[i * features + i]
        else
            // Ψ is singular where a column doesn't vary: all clusters are equally flat there.
            logDeterminant <- float features * log Double.Epsilon

        weight * (logDeterminant - float features * log (weight + 1.0))

    /// Clusters rows with weights, and returns a label from 0 to K − 1 for each. None if there are fewer rows than clusters.
    let labels (execution: Execution) components (rows: float[][]) (weights: float[]) : int[] option =
        let count, features = rows.Length, rows[0].Length
        let size = features * features
        let total = Array.fold (+) 0.0 weights

        let mean =
            Array.init features (fun j ->
                Array.fold2 (fun sum (row: float[]) w -> sum + w * row[j]) 0.0 rows weights / total)

        /// Ψ: the covariance of the data over K^(2/D), as in Fraley and Raftery (2007), and a ridge for collinear columns.
        let prior =
            let share = exp (-2.0 / float features * log (float components))

            let covariance a b =
                Array.fold2
                    (fun sum (row: float[]) w -> sum + w * (row[a] - mean[a]) * (row[b] - mean[b]))
                    0.0
                    rows
                    weights
                / total

            Array.init size (fun i ->
                let a, b = i / features, i % features
                share * covariance a b * (if a = b then 1.0 + 1e-6 else 1.0))

        let clusters =
            { Features = features
              Weights = weights |> Array.map (fun weight -> weight * float count / total)
              Means = Array.concat rows
              Scatters = Array.zeroCreate (count * size)
              Costs = Array.zeroCreate count
              Prior = prior }

        let merged, work = Array.zeroCreate size, Array.zeroCreate size
        let isActive = Array.init count (fun i -> clusters.Weights[i] > 0.0)
        let mutable active = isActive |> Array.filter id |> Array.length

        for i in 0 .. count - 1 do
            clusters.Costs[i] <-
                cost clusters clusters.Weights[i] (ReadOnlySpan(clusters.Scatters, i * size, size)) work

        let increase i j =
            mergedScatter clusters i j merged

            cost clusters (clusters.Weights[i] + clusters.Weights[j]) (ReadOnlySpan merged) work
            - clusters.Costs[i]
            - clusters.Costs[j]

        // The cheapest partner of every cluster among those after it.
        let partner, price = Array.create count -1, Array.create count infinity

        let findPartner i =
            execution.Cancellation.ThrowIfCancellationRequested()
            partner[i] <- -1
            price[i] <- infinity

            for j in i + 1 .. count - 1 do
                if isActive[j] then
                    let added = increase i j

                    if added < price[i] then
                        price[i] <- added
                        partner[i] <- j

        if active < components then
            None
        else
            for i in 0 .. count - 1 do
                if isActive[i] then
                    findPartner i

            let owner = Array.init count id

            while active > components do
                let mutable i = -1

                for candidate in 0 .. count - 1 do
                    if isActive[candidate] && partner[candidate] >= 0 && (i < 0 || price[candidate] < price[i]) then
                        i <- candidate

                let j = partner[i]
                mergedScatter clusters i j merged
                let n, m = clusters.Weights[i], clusters.Weights[j]

                for a in 0 .. features - 1 do
                    let place = i * features + a

                    clusters.Means[place] <-
                        (n * clusters.Means[place] + m * clusters.Means[j * features + a]) / (n + m)

                Array.blit merged 0 clusters.Scatters (i * size) size
                clusters.Weights[i] <- n + m
                clusters.Costs[i] <- cost clusters (n + m) (ReadOnlySpan merged) work
                isActive[j] <- false
                owner[j] <- i
                active <- active - 1
                findPartner i

                for other in 0 .. j - 1 do
                    if isActive[other] && other <> i then
                        if partner[other] = i || partner[other] = j then
                            findPartner other
                        elif other < i then
                            let added = increase other i

                            if added < price[other] then
                                price[other] <- added
                                partner[other] <- i

            let rec root i = if owner[i] = i then i else root owner[i]
            let numbers = [| 0 .. count - 1 |] |> Array.filter (fun i -> isActive[i])
            // Rows without weight belong to no cluster, and count for none.
            Some(Array.init count (fun i -> max 0 (Array.IndexOf(numbers, root i))))
