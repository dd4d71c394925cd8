namespace Gmm

open System
open System.Numerics
open System.Numerics.Tensors
open System.Runtime.InteropServices

/// Decides when the kernels of Gaussian components may calculate in float32 for rows of float32: when no intermediate
/// result leaves the range of float32, and log-densities keep six digits.
[<Optimised>]
module internal SinglePrecision =
    /// 2⁴⁶. With `largestWeight`, a sum of squares (x−μ)² times weights over the rows that sums in float32 run over,
    /// fewer than 2¹⁴, stays below 2¹²⁸, in the range of float32.
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

    /// Returns how large numbers may be for one full covariance, from ‖W(x−μ)‖ ≤ ‖W‖·‖x−μ‖; −1 if W isn't moderate.
    let private reachOfMatrix features (w: ReadOnlySpan<float>) =
        if isModerate features w then
            min largestNumber (largestLength / (norm w * sqrt (float features)))
        else
            -1.0

    /// With fewer features, float32 gains little, and the few rounded numbers of a row hardly make up for one another.
    let private fewestFeatures = 8

    /// Returns how large numbers may be for covariances without correlations, in which nothing cancels; −1 if their
    /// scales aren't moderate.
    let private reachOfScales features (w: ReadOnlySpan<float>) =
        let mutable smallest, largest = infinity, 0.0

        for i in 0 .. w.Length - 1 do
            smallest <- min smallest w[i]
            largest <- max largest w[i]

        if largest <= largestScale && smallest >= 1.0 / largestScale then
            min largestNumber (largestLength / (largest * sqrt (float features)))
        else
            -1.0

    /// Returns how large the numbers of a row may be for float32 to be enough under a form; −1 if float32 is never
    /// enough, as with few features, and under all forms but those of covariances that belong to one component or have
    /// no correlations.
    let rec reach (form: Form) : float =
        match form with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = true }, _, _, _) -> -1.0
        | Form.Quadratic(_, means, _, _) when means.shape[1] < fewestFeatures -> -1.0
        | Form.Quadratic(layout, means, factors, _) ->
            let features = means.shape[1]
            let w = Reference.numbersOf factors

            let reach =
                if layout.Shape = Shape.Full then
                    let ofComponent k =
                        reachOfMatrix features (w.Span.Slice(k * features * features, features * features))

                    Seq.init means.shape[0] ofComponent |> Seq.min
                else
                    reachOfScales features w.Span

            if means.toArray () |> Array.forall (fun mean -> abs mean <= reach) then
                reach
            else
                -1.0
        | Form.Noise(form, _) -> reach form
        | Form.Distance _
        | Form.Linear _
        | Form.Student _
        | Form.Product _ -> -1.0

    /// 2⁻⁶⁰. Products of numbers keep their digits if the mean square is this large or larger.
    let private smallestSquare = 8.673617379884035e-19

    /// 2⁻⁴⁸. Rows that differ from a mean by less, relative to it, are equal to it but for rounding in float64.
    let private equal = 3.552713678800501e-15

    /// How many times larger the root of a second moment about the previous mean may be than the deviation that remains
    /// of it. Steps far from convergence need fewer digits than the last ones, for which `mostCancelled` limits
    /// the covariances.
    let private mostLost = 256.0

    /// Returns whether float32 was enough for the sum of squares of n numbers about means, of which the distance of
    /// their own means from these explains a part: whether enough digits remain.
    let private isEnoughForSquares n square explained =
        square >= smallestSquare * n && square <= mostLost * mostLost * (square - explained)

    /// Returns whether float32 was enough for the second moments about a mean μ (D×D) of n rows: whether each mean
    /// square lies in its range, and enough digits remain to form a covariance. The part of each feature's variance
    /// that the earlier features don't explain must not be too small a part of the feature's mean square about μ. Of
    /// few rows, whose covariance may be singular, only the variance of each feature alone needs digits. `scratch` has
    /// room for a D×D matrix.
    let isEnoughForMatrix
        isFew
        (n: float)
        (first: ReadOnlySpan<float>)
        (second: ReadOnlySpan<float>)
        (scratch: Span<float>)
        : bool =
        let mutable isEnough = true

        for j in 0 .. first.Length - 1 do
            let square, explained = second[j * (first.Length + 1)], first[j] * first[j] / n
            isEnough <- isEnough && isEnoughForSquares n square explained

        if isEnough && not isFew then
            second.CopyTo scratch
            LinearAlgebra.addOuter (-1.0 / n) first scratch
            isEnough <- LinearAlgebra.factorise first.Length scratch

            for j in 0 .. first.Length - 1 do
                let place = j * (first.Length + 1)
                isEnough <- isEnough && sqrt second[place] <= mostLost * scratch[place]

        isEnough

    /// Returns what the distances from the previous means explain of a feature's second moment, from the counts of
    /// components (K) and their first moments (K×D).
    let private explained (n: float[]) (first: ReadOnlySpan<float>) j =
        let features = first.Length / n.Length
        let mutable sum = 0.0

        for k in 0 .. n.Length - 1 do
            if n[k] > 0.0 then
                let moment = first[k * features + j]
                sum <- sum + moment * moment / n[k]

        sum

    /// Returns whether float32 was enough for the second moments of each feature (D) about means μ (K×D) of some
    /// components, as `isEnoughForMatrix` does. A feature whose numbers all equal the means has no digits in float64
    /// either.
    let isEnoughForFeatures
        (n: float[])
        (means: ReadOnlySpan<float>)
        (first: ReadOnlySpan<float>)
        (second: ReadOnlySpan<float>)
        : bool =
        let mutable isEnough = true

        for j in 0 .. second.Length - 1 do
            let mutable total, rounding = 0.0, 0.0

            for k in 0 .. n.Length - 1 do
                let noise = equal * means[k * second.Length + j]
                total <- total + n[k]
                rounding <- rounding + n[k] * noise * noise

            isEnough <- isEnough && (second[j] <= rounding || isEnoughForSquares total second[j] (explained n first j))

        isEnough

    /// Returns whether float32 was enough for the second moment that some components have in common for all features,
    /// as `isEnoughForMatrix` does.
    let isEnoughForAll (n: float[]) (first: ReadOnlySpan<float>) (second: float) : bool =
        let features = first.Length / n.Length
        let mutable total, sum = 0.0, 0.0

        for k in 0 .. n.Length - 1 do
            total <- total + n[k]

        for j in 0 .. features - 1 do
            sum <- sum + explained n first j

        isEnoughForSquares total second (sum / float features)

    /// Returns the largest magnitude of some numbers. Without their signs, numbers are in the order of their bits.
    let private largestMagnitude (numbers: ReadOnlySpan<float32>) =
        let magnitudes = Vector<int> 0x7FFFFFFF
        let vectors = MemoryMarshal.Cast<float32, Vector<int>> numbers
        let mutable a, b = Vector<int>.Zero, Vector<int>.Zero
        let mutable i = 0

        while i + 1 < vectors.Length do
            a <- Vector.Max(a, vectors[i] &&& magnitudes)
            b <- Vector.Max(b, vectors[i + 1] &&& magnitudes)
            i <- i + 2

        a <- Vector.Max(a, b)
        let mutable largest = 0

        for i in 0 .. Vector<int>.Count - 1 do
            largest <- max largest a[i]

        for i in i * Vector<int>.Count .. numbers.Length - 1 do
            largest <- max largest (BitConverter.SingleToInt32Bits numbers[i] &&& 0x7FFFFFFF)

        BitConverter.Int32BitsToSingle largest

    /// Returns whether float32 is enough for some rows, whose numbers may be as large as `reach`, and for their sample
    /// weights.
    let isEnoughFor reach (numbers: ReadOnlySpan<float32>) (weights: ReadOnlyMemory<float> option) : bool =
        let isModerate (weights: ReadOnlyMemory<float>) =
            let largest = TensorPrimitives.Max weights.Span
            largest >= smallestWeight && largest <= largestWeight

        reach >= 0.0 && Option.forall isModerate weights && float (largestMagnitude numbers) <= reach
