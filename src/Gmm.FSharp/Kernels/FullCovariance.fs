namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The kernel of Gaussian components with a full covariance each: computes densities by whitening, and sums weighted
/// moments about the means. Rows and intermediate results are numbers of one type 'E, float64 or float32; densities are
/// float64, and so are sums over more than `IVectors.Rows` rows.
[<Sealed; Optimised>]
type internal FullCovariance<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>() =
    inherit FormKernel()

    let x, z, roots, means, factors = Pinned<'E>(), Pinned<'E>(), Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let byColumn, byRow = ColumnMoments<'E, 'N, 'V>(x, means), RowMoments<'E, 'N, 'V>()
    let mutable moments: Moments = byColumn
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable factorSize = 0 // numbers in the factor of one component
    let mutable rows = 0 // rows in `moments`
    let mutable gathered = 0 // rows since `Clear`, in all sums
    let mutable firsts: float[] = [||] // sums of the rows that are no longer in `moments`
    let mutable seconds: float[] = [||]
    let mutable scratch: float[] = [||]

    let mean k = 'N.At(means.Start, k * columns * 'N.Parts)
    let factor k = 'N.At(factors.Start, k * factorSize)

    let clear () =
        moments.Clear()
        rows <- 0

    /// Adds the current sums to those of earlier rows, and starts new ones.
    let settle () =
        moments.AddTo(firsts, seconds)
        clear ()

    /// Returns whether `firsts` and `seconds` have sums of earlier rows; if not, they are 0.
    let isSettled () = gathered > rows

    override _.Prepare(form, count) =
        match form with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = false }, itsMeans, itsFactors, itsConstants) ->
            let numbers = (Reference.numbersOf itsMeans).Span
            let w = (Reference.numbersOf itsFactors).Span
            components <- count
            features <- itsMeans.shape[1]
            constants <- itsConstants
            columns <- Panel.even features
            factorSize <- Whitening.packedSize columns
            x.Require(columns * 'N.Stride)
            roots.Require Panel.Rows
            z.Require(columns * 4 * 'N.Lanes)
            factors.Require(components * factorSize)
            Whitening.packMeans<'N, 'V, 'E> numbers features means

            for k in 0 .. components - 1 do
                let matrix = w.Slice(k * features * features, features * features)
                Whitening.packTriangle<'N, 'V> matrix features (factor k)

            // With more features, the smaller sums of `RowMoments` gain more than its surplus multiply–adds cost.
            moments <- if features < 4 * 'N.Lanes then byColumn :> Moments else byRow
            moments.Prepare(numbers, components, features)

            if seconds.Length <> components * features * features || firsts.Length <> components * features then
                firsts <- Array.zeroCreate (components * features)
                seconds <- Array.zeroCreate (components * features * features)
        | _ -> invalidOp "A kernel of full covariances was given another form."

    override _.Clear() =
        if isSettled () then
            Array.Clear firsts
            Array.Clear seconds

        clear ()
        gathered <- 0

    override _.Read(source, width, panel) =
        'N.Transpose(source, width, features, panel.Count, x.Start)
        moments.Read(source, width, panel)

    override _.Score panel =
        for k in 0 .. components - 1 do
            let target, constant, rows = panel.Component k, constants[k], panel.Padded
            Whitening.addWhitened<'N, 'V> x.Start (mean k) (factor k) columns constant z.Start target rows

    override _.Gather panel =
        for k in 0 .. components - 1 do
            let r = panel.Component k

            if not (Loops.isZero r panel.Padded) then
                Whitening.roots<'N, 'V> r roots.Start panel.Padded
                moments.Add(k, roots.Start, panel)

        rows <- rows + panel.Count
        gathered <- gathered + panel.Count

        if rows >= 'N.Rows then
            settle ()

    /// Returns whether float32 was enough for the sums. `count` gives the rows of each component, and `weight` is the
    /// sum of all weights. Float32 is enough if the mean square of every feature lies in its range and every covariance
    /// keeps enough digits. A component of few rows need not keep digits, because it has none to keep; a component that
    /// is empty in the sense of `Statistics.firstEmpty` is not checked.
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
                isInRange <- isInRange && second[j * (features + 1)] >= SinglePrecision.smallestSquare * n

            let isNone = n <= MathNet.Numerics.Precision.DoublePrecision * weight
            let isFew = n * float gathered < float (2 * features + 8) * weight
            isNone || isInRange && (isFew || SinglePrecision.leavesDigits n first second (Span scratch))

        Seq.forall isSound (seq { 0 .. components - 1 })

    override _.AddTo sums =
        if isSettled () then
            Statistics.add sums[0] firsts
            Statistics.add sums[1] seconds

        moments.AddTo(sums[0], sums[1])
        2
