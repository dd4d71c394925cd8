namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

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
