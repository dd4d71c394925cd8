namespace Gmm

open System

/// The rows of some data that lie where a mixture has the lowest density.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Outliers =
    {
        /// The log-density below which a row is an outlier.
        Threshold: float
        /// ln p(xₙ) of every row (N).
        LogDensities: float[]
        /// Whether ln p(xₙ) is below the threshold, for every row (N).
        IsOutlier: bool[]
    }

    /// The numbers of the outliers, counting from 0, the row of the lowest density first.
    member outliers.Rows: int[] =
        [| 0 .. outliers.IsOutlier.Length - 1 |]
        |> Array.filter (fun row -> outliers.IsOutlier[row])
        |> Array.sortBy (fun row -> outliers.LogDensities[row])

    member internal outliers.Display =
        FormattableString.Invariant
            $"""{outliers.Rows.Length} of {Display.count outliers.LogDensities.Length "row"} below {outliers.Threshold:G9}: {Display.numbers (Seq.map float outliers.Rows)}"""

/// Finds outliers: rows with a log-density ln p(xₙ) below a threshold (Bishop 1994, "Novelty detection and neural
/// network validation"). A threshold taken from the training data marks a chosen share of them, and any number of new
/// rows.
module Outliers =
    /// The relative rounding of sums of weights. A share of the rows counts as reached within it.
    let private rounding = 1e-12

    let private checkShare share : Result<unit, GmmError> =
        GmmError.requireAll [ share > 0.0 && share < 1.0, "Share", "above 0 and below 1", string share ]

    let private checkThreshold threshold : Result<unit, GmmError> =
        GmmError.requireAll
            [ not (Double.IsNaN threshold), "Threshold", "a number, as log-densities are", string threshold ]

    /// Returns the number between two consecutive log-densities, so that only the lower one is below it.
    let private between lower upper =
        let middle = 0.5 * lower + 0.5 * upper
        if middle > lower then middle else upper

    /// Returns the share-quantile of log-densities with weights, some of which are above 0.
    let private quantile share (logDensities: float[]) (weights: float[]) : float =
        let order =
            [| 0 .. logDensities.Length - 1 |]
            |> Array.filter (fun row -> weights[row] > 0.0)
            |> Array.sortBy (fun row -> logDensities[row])

        let wanted = share * (order |> Array.sumBy (fun row -> weights[row]))

        /// Passes rows of ascending density, and returns the quantile when their weight exceeds the share.
        let rec pass i passed =
            let next = logDensities[order[i]]
            let mutable last, weight = i, passed

            while last < order.Length && logDensities[order[last]] = next do
                weight <- weight + weights[order[last]]
                last <- last + 1

            if last = order.Length || weight > wanted * (1.0 + rounding) then
                if i > 0 && passed >= wanted * (1.0 - rounding) then
                    between logDensities[order[i - 1]] next
                else
                    next
            else
                pass last weight

        pass 0 0.0

    let private weights execution (source: Source) : float[] =
        source |> Source.collect execution (fun block -> Array.init block.Rows block.Weight)

    let private isBelow threshold logDensities = logDensities |> Array.map (fun density -> density < threshold)

    /// Marks a share of the rows as outliers, and returns them with their threshold and all log-densities. The
    /// threshold is that of `threshold`. Errors as `threshold`.
    let find (share: float) (fit: Fit<'θ>) (source: Source) : Result<Outliers, GmmError> =
        result {
            do! checkShare share
            let! logDensities = Predict.logDensities fit source
            let threshold = quantile share logDensities (weights fit.Model.Execution source)

            return
                { Threshold = threshold
                  LogDensities = logDensities
                  IsOutlier = isBelow threshold logDensities }
        }

    /// Returns the log-density t below which a share s of the data lies: the s-quantile of ln p(xₙ) under the weights
    /// wₙ, by definition 2 of Hyndman and Fan (1996). It is the smallest t with Σ {wₙ : ln p(xₙ) ≤ t} > s Σₙ wₙ. Where
    /// some rows have exactly the share s, it lies halfway between the highest of them and the next row. The rows
    /// strictly below t therefore weigh at most s Σₙ wₙ (⌊sN⌋ rows without weights and ties), and those at or below t
    /// weigh more, or exactly s Σₙ wₙ. Rows of equal density are all below t or none is. A weight of m acts as m copies
    /// of the row. Error unless the share is above 0 and below 1; other errors as `Predict.logDensities`.
    let threshold (share: float) (fit: Fit<'θ>) (source: Source) : Result<float, GmmError> =
        find share fit source |> Result.map _.Threshold

    /// Returns whether ln p(xₙ) < t, for every row (N) of any data. Error when the threshold is NaN; other errors as
    /// `Predict.logDensities`.
    let below (threshold: float) (fit: Fit<'θ>) (source: Source) : Result<bool[], GmmError> =
        result {
            do! checkThreshold threshold
            return! Predict.logDensities fit source |> Result.map (isBelow threshold)
        }
