namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System

/// The factor −½ of a squared distance ‖W(x−μ)‖².
[<Optimised>]
module internal Half =
    /// Returns −½, in float32 times a correction for the rounding of W, from the diagonal of W: the numbers that lie
    /// `step` numbers apart. The rounded Ŵ makes the squared distances of a component's rows too large by the share
    /// 2·mean(ŵⱼⱼ/wⱼⱼ − 1), on average over the rows, and in the next iteration of EM by another. The errors that the
    /// correction leaves differ from row to row, and nearly vanish in the mean over many rows.
    let under<'N, 'V when 'N :> IVectors<'V>> (w: ReadOnlySpan<float>) step =
        if 'N.IsRounded then
            let mutable sum, count, i = 0.0, 0, 0

            while i < w.Length do
                let ratio = w[i] / float (float32 w[i])
                sum <- sum + ratio * ratio
                count <- count + 1
                i <- i + step

            -0.5 * sum / float count
        else
            -0.5

/// A kernel of Gaussian components: computes scaled distances, and sums weighted moments about the means. Rows and
/// intermediate results are numbers of one type 'E, float64 or float32; densities are float64, and so are sums over
/// more than `Single.Rows` rows. In float32 the loops work with rounded means m. What these lack, the rests μ − m,
/// comes in by W(x−μ) = W(x−m) − W(μ−m) and, when all rows are summed, by
///   Σ r(x−μ)(x−μ)ᵀ = Σ r(x−m)(x−m)ᵀ − Σ r(x−m)(μ−m)ᵀ − (μ−m)Σ r(x−m)ᵀ + Σ r(μ−m)(μ−m)ᵀ.
/// No digits cancel, because no row is nearer to μ than m is. `x` holds the panel's columns, and `means` the means m,
/// each with an even number of columns.
[<AbstractClass; Optimised>]
type internal CovarianceKernel<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>(x: Pinned<'E>, means: Pinned<'E>) =
    inherit FormKernel()

    let mutable layout = Layout.own Shape.Full
    let mutable components = 0
    let mutable features = 0
    let mutable numbers = ReadOnlyMemory<float>.Empty // the means μ (K×D)
    let mutable moments = Unchecked.defaultof<Moments>

    // Only in float32: what the sums of all rows need.
    let mutable rests: float[] = [||]
    let mutable rows = 0 // rows in `moments`
    let mutable counts: float[] = [||]
    let mutable firsts: float[] = [||]
    let mutable seconds: float[] = [||]
    let mutable scratch: float[] = [||]

    /// Adds the sums of the last rows to those of earlier rows, and starts new ones.
    let settle () =
        moments.AddTo(firsts, seconds)
        moments.Clear()
        rows <- 0

    /// Turns the sums of component k about m into sums about μ.
    let move k =
        let size, n = Layout.planeSize features layout, counts[k]
        let rest = ReadOnlySpan(rests, k * features, features)
        let first = Span(firsts, k * features, features)
        let second = Span(seconds, Layout.planeOf layout k * size, size)

        for i in 0 .. features - 1 do
            match layout.Shape with
            | Shape.Full ->
                for j in 0 .. features - 1 do
                    let place = i * features + j
                    let crossed = rest[i] * first[j] + first[i] * rest[j]
                    second[place] <- second[place] - crossed + n * (rest[i] * rest[j])
            | Shape.Diag -> second[i] <- second[i] - (2.0 * first[i] - n * rest[i]) * rest[i]
            | Shape.Spherical -> second[0] <- second[0] - (2.0 * first[i] - n * rest[i]) * rest[i] / float features

        for i in 0 .. features - 1 do
            first[i] <- first[i] - n * rest[i]

    /// Lays out the factors W and constants c of components, and the shifts −W(μ−m) for the rests of their means (K×D).
    /// Returns the sums of moments.
    abstract Lay: Layout * features: int * factors: ReadOnlySpan<float> * constants: float[] * rests: float[] -> Moments

    override kernel.Prepare(form, count) =
        match form with
        | Form.Quadratic(itsLayout, itsMeans, factors, constants) ->
            numbers <- Reference.numbersOf itsMeans
            layout <- itsLayout
            components <- count
            features <- itsMeans.shape[1]
            let columns = Panel.even features
            x.Require(columns * 'N.Stride)
            means.Require(components * columns)
            means.Clear(components * columns)

            if rests.Length <> numbers.Length then
                rests <- Array.zeroCreate numbers.Length

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    let number, place = numbers.Span[k * features + j], 'N.At(means.Start, k * columns + j)
                    'N.Put(number, place)
                    rests[k * features + j] <- number - 'N.Get place

            moments <- kernel.Lay(layout, features, (Reference.numbersOf factors).Span, constants, rests)
            moments.Prepare(layout, numbers.Span, components, features)

            if 'N.IsRounded then
                let size = Layout.planes components layout * Layout.planeSize features layout

                if firsts.Length <> rests.Length || seconds.Length <> size then
                    firsts <- Array.zeroCreate rests.Length
                    seconds <- Array.zeroCreate size
        | _ -> invalidOp "A quadratic kernel was given another form."

    override _.ReadsSingle = 'N.IsRounded

    override _.Clear() =
        moments.Clear()

        if 'N.IsRounded then
            rows <- 0
            Array.Clear firsts
            Array.Clear seconds

    override _.Read(source, width, panel) =
        'N.Transpose(source, width, features, panel.Count, x.Start)
        moments.Read(source, width, panel)

    override _.Gather panel =
        moments.Add panel

        if 'N.IsRounded then
            rows <- rows + panel.Count

            if rows >= Single.Rows then
                settle ()

    override _.AddTo sums =
        if 'N.IsRounded then
            Statistics.add sums[0] firsts
            Statistics.add sums[1] seconds
        else
            moments.AddTo(sums[0], sums[1])

        2

    /// In float32, completes the sums, from the counts Σₙ wₙrₙₖ (K) of their rows. Call it before `IsSound` and
    /// `AddTo`.
    member _.Finish(itsCounts: float[]) =
        counts <- itsCounts
        settle ()

        for k in 0 .. components - 1 do
            move k

    /// Returns whether float32 was enough for the sums, where the kernels of both precisions have gathered so many
    /// rows, and `weight` is the sum of their weights. A component that is empty in the sense of
    /// `Statistics.firstEmpty` is not checked.
    member _.IsSound(rows: int64, weight: float) =
        let size = Layout.planeSize features layout
        let few = 2 * features + 8

        if scratch.Length <> size then
            scratch <- Array.zeroCreate size

        let isSound plane =
            let first, last = if layout.IsTied then 0, components - 1 else plane, plane
            let n = counts[first..last]
            let means = numbers.Span.Slice(first * features, n.Length * features)
            let moments = ReadOnlySpan(firsts, first * features, n.Length * features)
            let second = ReadOnlySpan(seconds, plane * size, size)
            let total = Array.sum n
            let isNone = total <= MathNet.Numerics.Precision.DoublePrecision * weight
            let isFew = total * float rows < float few * weight

            isNone
            || match layout.Shape with
               | Shape.Full -> SinglePrecision.isEnoughForMatrix isFew total moments second (Span scratch)
               | Shape.Diag -> SinglePrecision.isEnoughForFeatures n means moments second
               | Shape.Spherical -> SinglePrecision.isEnoughForAll n moments second[0]

        Seq.forall isSound (seq { 0 .. Layout.planes components layout - 1 })
