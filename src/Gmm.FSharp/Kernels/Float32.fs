namespace Gmm

open System
open System.Numerics.Tensors

/// When float32 is enough for rows of float32, and what full covariances make of each: not beyond their range, and with six
/// digits of a log-density.
module internal Float32 =
    /// 2⁴⁸ and 2²⁰. Sums of 2⁷ numbers' squares times weights stay in the range of float32.
    let private largestNumber = 281474976710656.0
    let private largestWeight = 1048576.0

    /// 2⁻⁴⁰. Products of sample weights and squares of which `smallestSquare` is the mean keep their digits.
    let private smallestWeight = 9.094947017729282e-13

    /// 2⁶². The squares of lengths stay in the range of float32.
    let private largestLength = 4611686018427387904.0

    /// 2²⁰, within which scales and their inverses are.
    let private largestScale = 1048576.0

    /// How often larger than its sum the summands of a whitened number may be, when a row lies as far out as is usual. What
    /// rounding does to a variance of the M-step grows with the square: beyond this, steps of EM wander about the maximum.
    let private mostCancelled = 16.0

    /// Whether a lower triangular W (D×D) of a covariance WᵀW = Σ⁻¹ is moderate: y = Wz has summands of |wᵢⱼ|√Σⱼⱼ, and itself
    /// variance 1.
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

    /// Frobenius' norm, with the same bits everywhere.
    let private norm (w: ReadOnlySpan<float>) =
        let mutable sum = 0.0

        for i in 0 .. w.Length - 1 do
            sum <- sum + w[i] * w[i]

        sqrt sum

    /// ‖W(x−μ)‖ ≤ ‖W‖·‖x−μ‖.
    let private reachOf features (w: ReadOnlySpan<float>) =
        if isModerate features w then
            min largestNumber (largestLength / (norm w * sqrt (float features)))
        else
            -1.0

    /// How large numbers may be that float32 is enough for under a form; below 0 where it is for none, as under all but full
    /// covariances.
    let reach (form: Form) : float =
        match form with
        | Form.Quadratic(Full, means, factors, _) ->
            let features = means.shape[1]
            let w = Reference.numbersOf factors
            let ofComponent k = reachOf features (w.Span.Slice(k * features * features, features * features))
            let reach = Seq.init means.shape[0] ofComponent |> Seq.min

            if means.toArray () |> Array.forall (fun mean -> abs mean <= reach) then
                reach
            else
                -1.0
        | _ -> -1.0

    /// 2⁻⁶⁰. Products of numbers whose mean square is no less keep their digits.
    let smallestSquare = 8.673617379884035e-19

    /// How often larger than the deviation that is left of it the root of a second moment about a former mean may be. A step on
    /// the way needs fewer digits than those that come to rest, of which the covariances tell.
    let private mostLost = 256.0

    /// Whether so much is left of second moments about a mean μ (D×D), with float32's rounding, that a covariance can be made of
    /// them: the part of a feature's variance that the earlier features don't explain, of its mean square about μ. `scratch` has
    /// room for a D×D matrix.
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

    /// Whether it is for some rows, by how large numbers may be, and for their sample weights.
    let isEnoughFor reach (numbers: ReadOnlySpan<float32>) (weights: ReadOnlyMemory<float> option) : bool =
        let isModerate (weights: ReadOnlyMemory<float>) =
            let largest = TensorPrimitives.Max weights.Span
            largest >= smallestWeight && largest <= largestWeight

        Option.forall isModerate weights && float (abs (TensorPrimitives.MaxMagnitude numbers)) <= reach
