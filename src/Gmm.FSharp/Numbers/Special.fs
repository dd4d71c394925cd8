namespace Gmm

/// Functions of probabilities on the log scale.
module internal Special =
    /// ln Σᵢ exp xᵢ, with the largest subtracted first; −∞ entries count as 0, and not all may be −∞.
    let logSumExp (values: float[]) =
        let largest = Array.max values
        largest + log (values |> Array.sumBy (fun x -> exp (x - largest)))

    /// exp xᵢ / Σⱼ exp xⱼ.
    let softmax (values: float[]) =
        let total = logSumExp values
        values |> Array.map (fun x -> exp (x - total))
