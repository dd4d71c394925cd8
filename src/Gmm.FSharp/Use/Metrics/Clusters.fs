namespace Gmm

/// The clusters into which labels divide weighted rows; each has at least one row of positive weight.
type internal Clusters =
    {
        /// The weight of every row (N).
        Weights: float[]
        /// The index of every row's cluster (N); −1 for rows of weight 0.
        Numbers: int[]
        /// The weight of every cluster (K).
        Totals: float[]
    }

/// Makes clusters.
module internal Clusters =
    let private partition (labels: 'L[]) (weights: float[]) : Clusters =
        let counted = [| 0 .. labels.Length - 1 |] |> Array.filter (fun n -> weights[n] > 0.0)
        let distinct, numbersOfCounted = counted |> Array.map (fun n -> labels[n]) |> Labels.numbered
        let numbers, totals = Array.create labels.Length -1, Array.zeroCreate<float> distinct.Length

        for i in 0 .. counted.Length - 1 do
            let n, cluster = counted[i], numbersOfCounted[i]
            numbers[n] <- cluster
            totals[cluster] <- totals[cluster] + weights[n]

        { Weights = weights
          Numbers = numbers
          Totals = totals }

    /// Divides the rows into clusters. Error when labels and rows differ in number, when there are fewer than two
    /// clusters or as many as rows, or when a number is not finite.
    let ofLabels execution (labels: 'L[]) (source: Source) : Result<Clusters, GmmError> =
        result {
            do!
                GmmError.requireAll
                    [ int64 labels.Length = source.Rows,
                      "Labels",
                      $"""one for {Display.each source.Rows "row"}""",
                      Display.count labels.Length "label"
                      execution.Threads >= 1, "Threads", "at least 1", string execution.Threads ]

            do! Source.validate execution source
            let weights = source |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)
            let clusters = partition labels weights
            let count, total = clusters.Totals.Length, Array.sum clusters.Totals

            let rows =
                if weights |> Array.forall ((=) 1.0) then
                    "rows"
                else
                    "the total weight of the rows"

            do!
                GmmError.requireAll
                    [ count >= 2, "Labels", "of at least two clusters", $"of {count}"
                      float count < total, "Labels", $"of fewer clusters than {rows}, {total}", $"of {count}" ]

            return clusters
        }
