namespace Gmm

/// Measures of two labellings by the information that one gives about the other, in nats.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module internal Information =
    /// Returns n/N ln(nN / ab), the share of a cell of n rows in the mutual information.
    let private information (total: float) (n: float) (a: float) (b: float) = n / total * log (n / a * (total / b))

    /// Returns the entropy −Σ n/N ln(n/N) of the counts n of a labelling.
    let private entropy (total: int64) (counts: int64[]) =
        counts |> Array.sumBy (fun count -> float count / float total * log (float total / float count))

    let mutual (table: Contingency) =
        table.Cells
        |> Array.sumBy (fun (a, b, count) ->
            information (float table.Rows) (float count) (float table.True[a]) (float table.Predicted[b]))
        |> max 0.0

    /// Returns the mean mutual information of all labellings with the same counts. The number of rows with labels a and
    /// b has the hypergeometric distribution. The sum starts at its most likely number and goes up and down until the
    /// probabilities vanish; it derives each probability from its neighbour and divides by their total (Vinh, Epps and
    /// Bailey 2010).
    let private expected (table: Contingency) =
        let rows = table.Rows

        let ofCell (a: int64) (b: int64) =
            let lowest, highest = max 0L (a + b - rows), min a b
            let mode = int64 (float (a + 1L) * float (b + 1L) / float (rows + 2L)) |> max lowest |> min highest

            /// Returns the probability of n + 1 divided by that of n.
            let ratio n = float (a - n) * float (b - n) / (float (n + 1L) * float (rows - a - b + n + 1L))
            let ofCount n = if n = 0L then 0.0 else information (float rows) (float n) (float a) (float b)
            let mutable probability, sum, mean = 1.0, 1.0, ofCount mode
            let mutable n = mode

            while n < highest && probability > 1e-30 do
                probability <- probability * ratio n
                n <- n + 1L
                sum <- sum + probability
                mean <- mean + probability * ofCount n

            probability <- 1.0
            n <- mode

            while n > lowest && probability > 1e-30 do
                n <- n - 1L
                probability <- probability / ratio n
                sum <- sum + probability
                mean <- mean + probability * ofCount n

            mean / sum

        let sizes = Array.countBy id
        let others = sizes table.Predicted

        sizes table.True
        |> Array.sumBy (fun (a, times) ->
            others |> Array.sumBy (fun (b, times') -> float times * float times' * ofCell a b))

    let private shareOf entropy information = if entropy = 0.0 then 1.0 else min 1.0 (information / entropy)

    let homogeneity (table: Contingency) = shareOf (entropy table.Rows table.True) (mutual table)

    let completeness (table: Contingency) = shareOf (entropy table.Rows table.Predicted) (mutual table)

    let vMeasure table =
        let h, c = homogeneity table, completeness table
        if h + c = 0.0 then 0.0 else 2.0 * h * c / (h + c)

    let private meanEntropy (table: Contingency) =
        (entropy table.Rows table.True + entropy table.Rows table.Predicted) / 2.0

    let normalized table = shareOf (meanEntropy table) (mutual table)

    let adjusted (table: Contingency) =
        if table.IsSame then
            1.0
        else
            let expected = expected table
            (mutual table - expected) / (meanEntropy table - expected)
