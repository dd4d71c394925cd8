namespace Gmm

/// Sums and shares of probabilities on the logarithmic scale.
module internal Special =
    /// Computes ln Σᵢ exp xᵢ, and subtracts the largest xᵢ first. An entry of −∞ adds 0; at least one must be above −∞.
    let logSumExp (values: float[]) =
        let largest = Array.max values
        largest + log (values |> Array.sumBy (fun x -> exp (x - largest)))

    /// Computes exp xᵢ / Σⱼ exp xⱼ for every i.
    let softmax (values: float[]) =
        let total = logSumExp values
        values |> Array.map (fun x -> exp (x - total))
