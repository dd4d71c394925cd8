namespace Gmm

open System
open MathNet.Numerics

/// A scale of every feature that a few far values can't move. It sets the floor of covariances, and the width at which
/// runs are compared.
module FeatureScale =
    /// 1/Φ⁻¹(¾): the standard deviation of a normal distribution over its median absolute deviation.
    [<Literal>]
    let private DeviationOfMedian = 1.482602218505602

    /// The largest number of rows that are measured. The medians of so many rows are within about 3 % of those of all.
    let private rows = 4096

    /// Returns the lowest value at or below which at least a share of the weight lies; None without weight.
    let private weightedQuantile share (values: float[]) (weights: float[]) : float option =
        let sorted, weights = Array.copy values, Array.copy weights
        Array.Sort(sorted, weights)
        let wanted = share * Array.fold (+) 0.0 weights
        let mutable passed = 0.0

        if wanted > 0.0 then
            weights
            |> Array.tryFindIndex (fun weight ->
                passed <- passed + weight
                passed >= wanted)
            |> Option.map (fun place -> sorted[place])
        else
            None

    /// Returns the lowest value at or below which at least a share of the weight lies; None without values or weight.
    /// Without weights, all values weigh the same.
    let private quantile share (values: float[]) (weights: float[] option) : float option =
        match weights with
        | Some weights -> weightedQuantile share values weights
        | None when values.Length = 0 -> None
        | None ->
            let place = share * float values.Length |> ceil |> int |> max 1
            Some(values |> OrderStatistic.at place)

    let private median = quantile 0.5

    /// Whether a deviation from the median is only the rounding of values of a size.
    let private isNoise size (deviation: float) = deviation <= 4.0 * Precision.DoublePrecision * size

    /// Returns the variance of a normal distribution with a median deviation, or the given one if that is smaller.
    let private ofMedian variance deviation =
        let typical = DeviationOfMedian * deviation
        min variance (typical * typical)

    /// Returns the scale of a column of which half of the deviations from the median may be noise; `typical` is their
    /// median.
    let private ofHeap variance middle typical (deviations: float[]) (weights: float[] option) : float =
        // Beside the larger values, also those around a median of 0 are rounded.
        let size = max (abs middle) (quantile 0.9 deviations weights |> Option.defaultValue 0.0)
        let isWeighted i = weights |> Option.forall (fun weights -> weights[i] > 0.0)
        let far = deviations |> Array.mapi (fun i deviation -> isWeighted i && not (isNoise size deviation))

        let chosen (numbers: float[]) =
            [| for i in 0 .. far.Length - 1 do
                   if far[i] then
                       numbers[i] |]

        match
            typical
            |> Option.filter (isNoise size >> not)
            |> Option.orElseWith (fun () -> median (chosen deviations) (Option.map chosen weights))
        with
        | Some deviation -> ofMedian variance deviation
        | None when isNoise size (sqrt variance) -> 0.0
        | None -> variance

    /// Returns the scale of one column from a sample of its values, or 0 when it doesn't vary.
    let private ofColumn (variance: float) (values: float[]) (weights: float[] option) : float =
        match median values weights with
        | None -> variance
        | Some middle ->
            let deviations = values |> Array.map (fun value -> abs (value - middle))

            match median deviations weights with
            | Some deviation when not (isNoise (max (abs middle) (Array.max deviations)) deviation) ->
                ofMedian variance deviation
            | typical -> ofHeap variance middle typical deviations weights

    /// Returns a variance for each feature (D): the smaller of its given variance over the data and of (1.4826 · MAD)²,
    /// where MAD is the median absolute deviation from the median (Hampel 1974). If more than half of the rows are equal,
    /// the median of the deviations that aren't 0 takes the place of MAD. Medians are weighted with the weights of the
    /// rows. Of more than 4,096 rows, it measures a sample: one row from each of 4,096 equal stretches of the data. A
    /// feature that doesn't vary, beyond the rounding of its values, has 0.
    let ofSource (execution: Execution) (variances: float[]) (source: Source) : float[] =
        let sample = source |> Survey.sample execution 0 rows
        let columns = Array.init source.Columns (fun _ -> Array.zeroCreate (int sample.Rows))
        let weights = Array.zeroCreate (int sample.Rows)

        for index in 0L .. sample.Blocks - 1L do
            execution.Cancellation.ThrowIfCancellationRequested()
            let block = sample.Read index

            for i in 0 .. block.Rows - 1 do
                let row = int block.FirstRow + i
                let values = block.Row i
                weights[row] <- block.Weight i

                for j in 0 .. values.Length - 1 do
                    columns[j][row] <- values[j]

        let areEqual =
            weights.Length > 0 && weights[0] > 0.0 && not (ReadOnlySpan(weights).ContainsAnyExcept weights[0])

        let weights = if areEqual then None else Some weights
        execution.Map(columns.Length, (fun j -> ofColumn variances[j] columns[j] weights))
