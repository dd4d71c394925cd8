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

    /// Numbers in ascending order, and the sum of the weights of each and of those before it.
    type private Ordered = { Values: float[]; Passed: float[] }

    let private order (values: float[]) (weights: float[]) : Ordered =
        let sorted = Array.copy values

        // Equal weights, which most data have, need not be sorted.
        let weights =
            if weights.Length = 0 || not (ReadOnlySpan(weights).ContainsAnyExcept weights[0]) then
                Array.Sort sorted
                weights
            else
                let weights = Array.copy weights
                Array.Sort(sorted, weights)
                weights

        { Values = sorted
          Passed = (Array.scan (+) 0.0 weights)[1..] }

    /// Returns the lowest number at or below which at least a share of the weight lies; None without weight.
    let private quantile share (ordered: Ordered) : float option =
        let wanted = share * (Array.tryLast ordered.Passed |> Option.defaultValue 0.0)

        if wanted > 0.0 then
            let place = Array.BinarySearch(ordered.Passed, wanted)

            let rec first place =
                if place > 0 && ordered.Passed[place - 1] >= wanted then
                    first (place - 1)
                else
                    place

            Some ordered.Values[first (if place < 0 then ~~~place else place)]
        else
            None

    let private median = quantile 0.5

    /// Returns the scale of one column from a sample of its values, or 0 when it doesn't vary.
    let private ofColumn (variance: float) (values: float[]) (weights: float[]) : float =
        let isNoise size (deviation: float) = deviation <= 4.0 * Precision.DoublePrecision * size

        match median (order values weights) with
        | None -> variance
        | Some middle ->
            let deviations = values |> Array.map (fun value -> abs (value - middle))
            let ordered = order deviations weights
            // Beside the larger values, also those around a median of 0 are rounded.
            let size = max (abs middle) (quantile 0.9 ordered |> Option.defaultValue 0.0)
            let far = Array.init values.Length (fun i -> weights[i] > 0.0 && not (isNoise size deviations[i]))

            let chosen (numbers: float[]) =
                [| for i in 0 .. far.Length - 1 do
                       if far[i] then
                           numbers[i] |]

            let typical = median ordered |> Option.filter (isNoise size >> not)

            match typical |> Option.orElseWith (fun () -> median (order (chosen deviations) (chosen weights))) with
            | Some deviation ->
                let typical = DeviationOfMedian * deviation
                min variance (typical * typical)
            | None when isNoise size (sqrt variance) -> 0.0
            | None -> variance

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
                weights[row] <- block.Weight i

                for j in 0 .. source.Columns - 1 do
                    columns[j][row] <- block[i, j]

        execution.Map(columns.Length, (fun j -> ofColumn variances[j] columns[j] weights))
