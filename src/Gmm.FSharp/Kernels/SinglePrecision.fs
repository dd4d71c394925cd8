namespace Gmm

open System
open System.Numerics.Tensors

/// Decides when full covariances may calculate in float32 for rows of float32: when no intermediate result leaves the
/// range of float32, and log-densities keep six digits.
module internal SinglePrecision =
    /// 2⁴⁶. With `largestWeight`, a sum of products (x−μ)² times weights over the rows that sums in float32 run over,
    /// fewer than 2¹², stays below 2¹²⁶, in the range of float32.
    let private largestNumber = 70368744177664.0

    /// 2²⁰.
    let private largestWeight = 1048576.0

    /// 2⁻⁴⁰. Products of sample weights and squares keep their digits if the mean square is `smallestSquare` or more.
    let private smallestWeight = 9.094947017729282e-13

    /// 2⁶². The squares of lengths stay in the range of float32.
    let private largestLength = 4611686018427387904.0

    /// 2²⁰, the largest scale, or inverse of a scale, of a moderate matrix.
    let private largestScale = 1048576.0

    /// How many times larger than a whitened number its summands may be, for a row at a typical distance. The effect of
    /// rounding on a variance of the M-step grows with the square of this ratio: above the limit, the steps of EM
    /// wander about the maximum.
    let private mostCancelled = 16.0

    /// Returns whether a lower triangular W (D×D) with WᵀW = Σ⁻¹ is moderate: its scales lie within `largestScale`, and
    /// the summands of y = Wz, of size |wᵢⱼ|√Σⱼⱼ, within `mostCancelled` of y, whose variance is 1.
    let private isModerate features (w: ReadOnlySpan<float>) =
        let inverse: float[] = Array.zeroCreate (features * features) // L = W⁻¹, with LLᵀ = Σ
        let deviations: float[] = Array.zeroCreate features
        let mutable largest = 0.0

        for i in 0 .. features - 1 do
            let pivot = w[i * features + i]
            largest <- max largest (max pivot (1.0 / pivot))

            for j in 0..i do
                let mutable sum = if i = j then 1.0 else 0.0

                for m in j .. i - 1 do
                    sum <- sum - w[i * features + m] * inverse[m * features + j]

                inverse[i * features + j] <- sum / pivot
                deviations[i] <- deviations[i] + sum / pivot * (sum / pivot)

            deviations[i] <- sqrt deviations[i]

        let mutable cancelled = 0.0

        for i in 0 .. features - 1 do
            let mutable sum = 0.0

            for j in 0..i do
                sum <- sum + abs w[i * features + j] * deviations[j]

            cancelled <- max cancelled sum

        largest <= largestScale && cancelled <= mostCancelled

    /// Returns the Frobenius norm, with the same bits on every machine.
    let private norm (w: ReadOnlySpan<float>) =
        let mutable sum = 0.0

        for i in 0 .. w.Length - 1 do
            sum <- sum + w[i] * w[i]

        sqrt sum

    /// Returns how large numbers may be for one component, from ‖W(x−μ)‖ ≤ ‖W‖·‖x−μ‖; −1 if W isn't moderate.
    let private reachOf features (w: ReadOnlySpan<float>) =
        if isModerate features w then
            min largestNumber (largestLength / (norm w * sqrt (float features)))
        else
            -1.0

    /// Returns how large the numbers of a row may be for float32 to be enough under a form; −1 if float32 is never
    /// enough, as under every form but full covariances.
    let rec reach (form: Form) : float =
        match form with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = false }, means, factors, _) ->
            let features = means.shape[1]
            let w = Reference.numbersOf factors
            let ofComponent k = reachOf features (w.Span.Slice(k * features * features, features * features))
            let reach = Seq.init means.shape[0] ofComponent |> Seq.min

            if means.toArray () |> Array.forall (fun mean -> abs mean <= reach) then
                reach
            else
                -1.0
        | Form.Noise(form, _) -> reach form
        | Form.Quadratic _
        | Form.Distance _
        | Form.Linear _
        | Form.Student _
        | Form.Product _ -> -1.0

    /// 2⁻⁶⁰. Products of numbers keep their digits if the mean square is this large or larger.
    let smallestSquare = 8.673617379884035e-19

    /// How many times larger the root of a second moment about the previous mean may be than the deviation that remains
    /// of it. Steps far from convergence need fewer digits than the last ones, for which `mostCancelled` limits
    /// the covariances.
    let private mostLost = 256.0

    /// Returns whether second moments about a mean μ (D×D), rounded to float32, keep enough digits to form a
    /// covariance: the part of each feature's variance that the earlier features don't explain must not be too small a
    /// part of the feature's mean square about μ. `scratch` has room for a D×D matrix.
    let leavesDigits
        (count: float)
        (first: ReadOnlySpan<float>)
        (second: ReadOnlySpan<float>)
        (scratch: Span<float>)
        : bool =
        second.CopyTo scratch
        LinearAlgebra.addOuter (-1.0 / count) first scratch
        let mutable isSound = LinearAlgebra.factorise first.Length scratch

        for j in 0 .. first.Length - 1 do
            let place = j * (first.Length + 1)
            isSound <- isSound && sqrt second[place] <= mostLost * scratch[place]

        isSound

    /// Returns whether float32 is enough for some rows, whose numbers may be as large as `reach`, and for their sample
    /// weights.
    let isEnoughFor reach (numbers: ReadOnlySpan<float32>) (weights: ReadOnlyMemory<float> option) : bool =
        let isModerate (weights: ReadOnlyMemory<float>) =
            let largest = TensorPrimitives.Max weights.Span
            largest >= smallestWeight && largest <= largestWeight

        Option.forall isModerate weights && float (abs (TensorPrimitives.MaxMagnitude numbers)) <= reach
