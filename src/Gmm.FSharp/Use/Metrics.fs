namespace Gmm

/// Measures of clusterings.
module Metrics =
    /// How many rows have label a in one labelling and b in the other, for every pair that occurs; Error when the
    /// labellings differ in length or are empty.
    let private contingency (truth: 'A[]) (predicted: 'B[]) =
        if truth.Length <> predicted.Length then
            Error(
                InvalidOption("Predicted labels", $"as many as the true ones, {truth.Length}", string predicted.Length)
            )
        elif truth.Length = 0 then
            Error(InvalidOption("True labels", "at least one", "none"))
        else
            Ok(Array.zip truth predicted |> Array.countBy id)

    /// The Rand index of two labellings, adjusted for chance: 1 for the same partition, about 0 for independent ones
    /// (Hubert and Arabie 1985): (pairs together in both − expected) / (mean of the pairs together in each − expected). Two partitions that are both trivial in the same way agree: 1.
    let adjustedRand (truth: 'A[]) (predicted: 'B[]) : Result<float, GmmError> =
        contingency truth predicted
        |> Result.map (fun cells ->
            let pairs count = float count * (float count - 1.0) / 2.0
            let together = cells |> Array.sumBy (snd >> pairs)
            let withinTrue = truth |> Array.countBy id |> Array.sumBy (snd >> pairs)
            let withinPredicted = predicted |> Array.countBy id |> Array.sumBy (snd >> pairs)
            let all = pairs truth.Length
            let expected = if all = 0.0 then 0.0 else withinTrue * withinPredicted / all
            let most = (withinTrue + withinPredicted) / 2.0
            if most = expected then 1.0 else (together - expected) / (most - expected))
