namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open System.Numerics.Tensors
open FSharp.NativeInterop

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

/// Gaussian components with a full covariance each: densities by whitening, and weighted moments about the means. Rows and
/// what is made of them are numbers of one type 'E, float64 or float32; sums over more than some rows, and densities, are float64.
[<Sealed; Optimised>]
type internal FullQuadratic<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>() =
    inherit FormKernel()

    let x, z, roots, u = Pinned<'E>(), Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let means, factors, first, second = Pinned<'E>(), Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable factorSize = 0 // numbers of one component's factor
    let mutable secondSize = 0 // numbers of the sums for one component's second moment
    let mutable rows = 0 // rows that the sums have run over
    let mutable gathered = 0 // rows since `Clear`
    let mutable firsts: float[] = [||] // the sums of rows before those
    let mutable seconds: float[] = [||]
    let mutable scratch: float[] = [||]

    let mean k = 'N.At(means.Start, k * columns * 'N.Parts)
    let factor k = 'N.At(factors.Start, k * factorSize)
    let firstOf k = 'N.At(first.Start, k * columns * 'N.Lanes)
    let secondOf k = 'N.At(second.Start, k * secondSize)

    let clear () =
        first.Clear(components * columns * 'N.Lanes)
        second.Clear(components * secondSize)
        rows <- 0

    /// Adds the sums to float64 ones.
    let addTo (firsts: float[]) (seconds: float[]) =
        use pinned = fixed seconds

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = 'N.Sum('N.At(firstOf k, j * 'N.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

            Tiles.readTriangle<'N, 'V> (secondOf k) columns (NativePtr.add pinned (k * features * features)) features

    /// Adds the sums to those of rows before.
    let settle () =
        addTo firsts seconds
        clear ()

    override _.Prepare(form, count) =
        match form with
        | Form.Quadratic(Full, itsMeans, itsFactors, itsConstants) ->
            let numbers = (Reference.numbersOf itsMeans).Span
            let w = (Reference.numbersOf itsFactors).Span
            components <- count
            features <- itsMeans.shape[1]
            constants <- itsConstants
            columns <- Panel.even features
            factorSize <- Whitening.packedSize columns
            secondSize <- Tiles.triangleSize<'N, 'V> columns

            for buffer in [ x; u ] do
                buffer.Require(columns * 'N.Stride)

            roots.Require Panel.Rows
            z.Require(columns * 4 * 'N.Lanes)
            first.Require(components * columns * 'N.Lanes)
            second.Require(components * secondSize)
            factors.Require(components * factorSize)
            means.Require(components * columns * 'N.Parts)
            means.Clear(components * columns * 'N.Parts)

            if seconds.Length <> components * features * features || firsts.Length <> components * features then
                firsts <- Array.zeroCreate (components * features)
                seconds <- Array.zeroCreate (components * features * features)

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    for part in 0 .. 'N.Parts - 1 do
                        'N.Put(numbers[k * features + j], part, 'N.At(mean k, j * 'N.Parts + part))

                let matrix = w.Slice(k * features * features, features * features)
                Whitening.packTriangle<'N, 'V> matrix features (factor k)
        | _ -> invalidOp "A kernel of full covariances was given another form."

    override _.Clear() =
        clear ()
        gathered <- 0
        Array.Clear firsts
        Array.Clear seconds

    override _.Read(source, width, sheet) = 'N.Transpose(source, width, features, sheet.Count, x.Start)

    override _.Score sheet =
        for k in 0 .. components - 1 do
            let target, constant, rows = sheet.Component k, constants[k], sheet.Padded
            Whitening.addWhitened<'N, 'V> x.Start (mean k) (factor k) columns constant z.Start target rows

    override _.Gather sheet =
        for k in 0 .. components - 1 do
            let r = sheet.Component k

            if not (Loops.isZero r sheet.Padded) then
                Whitening.roots<'N, 'V> r roots.Start sheet.Padded
                Whitening.weigh<'N, 'V> x.Start (mean k) columns roots.Start u.Start (firstOf k) sheet.Padded
                Tiles.addTriangle<'N, 'V> u.Start (secondOf k) columns sheet.Padded

        rows <- rows + sheet.Count
        gathered <- gathered + sheet.Count

        if rows >= 'N.Rows then
            settle ()

    override _.Lengths = [ components * features; components * features * features ]

    /// Whether float32 was enough for the sums of components with these numbers of rows, of so much weight together: every
    /// feature has a mean square that its range allows for, and covariances keep digits. Those of few rows have none, and
    /// those of no rows, as `Statistics.firstEmpty` counts, don't matter.
    member _.IsSound(count: int -> float, weight: float) =
        settle ()
        let square = features * features

        if scratch.Length <> square then
            scratch <- Array.zeroCreate square

        let isSound k =
            let n = count k
            let first = ReadOnlySpan(firsts, k * features, features)
            let second = ReadOnlySpan(seconds, k * square, square)
            let mutable isInRange = true

            for j in 0 .. features - 1 do
                isInRange <- isInRange && second[j * (features + 1)] >= Float32.smallestSquare * n

            let isNone = n <= MathNet.Numerics.Precision.DoublePrecision * weight
            let isFew = n * float gathered < float (2 * features + 8) * weight
            isNone || isInRange && (isFew || Float32.leavesDigits n first second (Span scratch))

        Seq.forall isSound (seq { 0 .. components - 1 })

    override _.AddTo sums =
        Statistics.add sums[0] firsts
        Statistics.add sums[1] seconds
        addTo sums[0] sums[1]
