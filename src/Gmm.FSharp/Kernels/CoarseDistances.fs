namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// Finds the nearest centres of rows by sums in float32, and tells when rounding may have changed them.
///
/// With z = s(x−c) and mₖ = s(μₖ−c), for a point c amid the centres and a power of two s, the nearest centre is the one
/// with the largest tₖ = z·mₖ − ½‖mₖ‖² = ½‖z‖² − ½‖z−mₖ‖²: one multiply–add per number is enough. Computed in float32,
/// tₖ errs by at most u(½‖mₖ‖² + ‖z‖‖mₖ‖) ≤ u(‖mₖ‖² + ½‖z‖²), where u grows with the number of features (Higham,
/// Accuracy and Stability of Numerical Algorithms, 2002, §3.1). The centre of the largest tₖ + u‖mₖ‖² is the nearest if
/// its lead is more than u(2‖mₖ‖² + ‖z‖²). Few rows lie so near to the middle between two centres that it isn't.
[<AbstractClass>]
type internal CoarseDistances() =
    /// Lays out centres (K×D) for rows of float32 or float64.
    abstract Prepare: centres: ReadOnlySpan<float> * components: int * features: int * areSingle: bool -> unit
    /// Finds the nearest centres of a panel's rows, each of which begins `width` numbers after the one before it.
    /// Returns false if it can't tell those of all rows.
    abstract Win: rows: nativeint * width: int * PanelState -> bool

[<Sealed; Optimised>]
type internal CoarseDistances<'N, 'V when 'N :> IVectors<'V>>() =
    inherit CoarseDistances()

    let shifts = Pinned() // −sc
    let rounded = Pinned<float32>() // z of rows of float64, row by row
    let z, centres = Pinned<float32>(), Pinned<float32>() // mₖ of two centres lie side by side.
    let constants, numbers, certain = Pinned<float32>(), Pinned<float32>(), Pinned<float32>()
    let squares, highest, second, winners = Pinned<float32>(), Pinned<float32>(), Pinned<float32>(), Pinned<float32>()
    let mutable components = 0
    let mutable padded = 0 // K rounded up to an even number; another centre never wins.
    let mutable features = 0
    let mutable areSingle = false // whether rows are float32
    let mutable isUsable = false
    let mutable scale = 0.0 // s
    let mutable rounding = 0.0 // u

    /// 2⁻²⁴, the largest relative error of a number rounded to float32.
    let unitRoundoff = 5.9604644775390625e-8

    /// More than the absolute errors of numbers too small for a relative error. It is a normal number, because
    /// processors are slow with subnormal ones.
    let underflow = 1e-37

    /// A sum that loses.
    let lowest = -1e30

    /// The largest ‖z‖² whose products with mₖ, shorter than 1, stay in the range of float32.
    let largestSquare = 1e30

    /// Computes z of rows of float64: one vector of features at a time, for all rows.
    let roundRows (rows: nativeptr<float>) width count =
        let inline ofEach first put =
            let mutable row, target = NativePtr.add rows first, NativePtr.add rounded.Address first

            for _ in 1..count do
                put row target
                row <- NativePtr.add row width
                target <- NativePtr.add target features

        let size =
            if Avx512F.IsSupported && features >= 8 then 8
            elif Avx.IsSupported then 4
            else 1

        let mutable j = 0

        while j < features do
            // The last vectors may begin in those before them.
            let first = min j (features - size)
            let shift = NativePtr.add shifts.Address first

            if Avx512F.IsSupported && size = 8 then
                let scale, shift = Vector512.Create scale, Vector512.Load shift

                ofEach first (fun row target ->
                    let z = Vector512.FusedMultiplyAdd(Vector512.Load row, scale, shift)
                    Vector256.Store(Avx512F.ConvertToVector256Single z, target))
            elif Avx.IsSupported then
                let scale, shift = Vector256.Create scale, Vector256.Load shift

                ofEach first (fun row target ->
                    let z = Vector256.FusedMultiplyAdd(Vector256.Load row, scale, shift)
                    Vector128.Store(Avx.ConvertToVector128Single z, target))
            else
                ofEach first (fun row target ->
                    let z = Math.FusedMultiplyAdd(NativePtr.read row, scale, NativePtr.read shift)
                    NativePtr.write target (float32 z))

            j <- first + size

    /// Computes z of all rows as columns. Rows of float32 are only transposed; `shift` then makes z of them.
    let transpose rows width (panel: PanelState) =
        let count = panel.Count

        if areSingle then
            Single.transpose (NativePtr.ofNativeInt rows) width features count z.Address
        else
            roundRows (NativePtr.ofNativeInt rows) width count
            Single.transpose rounded.Address features features count z.Address

        // Padding rows are the last row once more, and so as certain as it.
        if count < panel.Padded then
            for j in 0 .. features - 1 do
                let column = NativePtr.add z.Address (j * Single.Stride)
                let padding = Span<float32>(NativePtr.toVoidPtr (NativePtr.add column count), panel.Padded - count)
                padding.Fill(NativePtr.get column (count - 1))

    /// Computes z of rows of float32.
    let shift rows =
        let scale, step = 'N.Number scale, 'N.Width

        for j in 0 .. features - 1 do
            let column, shift = 'N.At(z.Start, j * 'N.Stride), 'N.Number(NativePtr.get shifts.Address j)
            let mutable n = 0

            while n < rows do
                let place = 'N.At(column, n)
                'N.Store('N.Fma('N.Load place, scale, shift), place)
                n <- n + step

    /// Computes ‖z‖² of all rows.
    let square rows =
        let width = 'N.Width
        let mutable n = 0

        while n < rows do
            let mutable s0 = 'N.Zero
            let mutable s1 = 'N.Zero
            let mutable s2 = 'N.Zero
            let mutable s3 = 'N.Zero
            let mutable column = 'N.At(z.Start, n)

            for _ in 1..features do
                let z0, z1 = 'N.Load column, 'N.Load('N.At(column, width))
                let z2, z3 = 'N.Load('N.At(column, 2 * width)), 'N.Load('N.At(column, 3 * width))
                s0 <- 'N.Fma(z0, z0, s0)
                s1 <- 'N.Fma(z1, z1, s1)
                s2 <- 'N.Fma(z2, z2, s2)
                s3 <- 'N.Fma(z3, z3, s3)
                column <- 'N.At(column, 'N.Stride)

            'N.Store(s0, 'N.At(squares.Start, n))
            'N.Store(s1, 'N.At(squares.Start, n + width))
            'N.Store(s2, 'N.At(squares.Start, n + 2 * width))
            'N.Store(s3, 'N.At(squares.Start, n + 3 * width))
            n <- n + 4 * width

    /// Finds the largest sum of each row, the second largest, and the centre of the largest. The loop takes two centres
    /// at a time, so that it loads every number of a row half as often.
    let compare (panel: PanelState) rows =
        let width, step = 'N.Width, 'N.Stride
        let lowest = 'N.Number lowest
        let parts = padded / 2 * (Panel.Rows / (4 * width))
        let mutable n = 0

        while n < rows do
            let mutable highest0 = lowest
            let mutable highest1 = lowest
            let mutable highest2 = lowest
            let mutable highest3 = lowest
            let mutable second0 = lowest
            let mutable second1 = lowest
            let mutable second2 = lowest
            let mutable second3 = lowest
            let mutable winner0 = 'N.Zero
            let mutable winner1 = 'N.Zero
            let mutable winner2 = 'N.Zero
            let mutable winner3 = 'N.Zero
            let mutable centre = centres.Start
            let mutable k = 0

            while k < padded do
                panel.LoadPart parts
                let c, c' = 'N.Fill('N.At(constants.Start, k)), 'N.Fill('N.At(constants.Start, k + 1))
                let mutable p0 = c
                let mutable p1 = c
                let mutable p2 = c
                let mutable p3 = c
                let mutable q0 = c'
                let mutable q1 = c'
                let mutable q2 = c'
                let mutable q3 = c'
                let mutable column = 'N.At(z.Start, n)

                for _ in 1..features do
                    let m, m' = 'N.Fill centre, 'N.Fill('N.At(centre, 1))
                    let v = 'N.Load column
                    p0 <- 'N.Fma(v, m, p0)
                    q0 <- 'N.Fma(v, m', q0)
                    let v = 'N.Load('N.At(column, width))
                    p1 <- 'N.Fma(v, m, p1)
                    q1 <- 'N.Fma(v, m', q1)
                    let v = 'N.Load('N.At(column, 2 * width))
                    p2 <- 'N.Fma(v, m, p2)
                    q2 <- 'N.Fma(v, m', q2)
                    let v = 'N.Load('N.At(column, 3 * width))
                    p3 <- 'N.Fma(v, m, p3)
                    q3 <- 'N.Fma(v, m', q3)
                    column <- 'N.At(column, step)
                    centre <- 'N.At(centre, 2)

                let number, number' = 'N.Fill('N.At(numbers.Start, k)), 'N.Fill('N.At(numbers.Start, k + 1))
                let best = 'N.Max(p0, q0)
                second0 <- 'N.Max(second0, 'N.Max('N.Min(p0, q0), 'N.Min(best, highest0)))
                winner0 <- 'N.WhereLess(highest0, best, 'N.WhereLess(p0, q0, number', number), winner0)
                highest0 <- 'N.Max(best, highest0)
                let best = 'N.Max(p1, q1)
                second1 <- 'N.Max(second1, 'N.Max('N.Min(p1, q1), 'N.Min(best, highest1)))
                winner1 <- 'N.WhereLess(highest1, best, 'N.WhereLess(p1, q1, number', number), winner1)
                highest1 <- 'N.Max(best, highest1)
                let best = 'N.Max(p2, q2)
                second2 <- 'N.Max(second2, 'N.Max('N.Min(p2, q2), 'N.Min(best, highest2)))
                winner2 <- 'N.WhereLess(highest2, best, 'N.WhereLess(p2, q2, number', number), winner2)
                highest2 <- 'N.Max(best, highest2)
                let best = 'N.Max(p3, q3)
                second3 <- 'N.Max(second3, 'N.Max('N.Min(p3, q3), 'N.Min(best, highest3)))
                winner3 <- 'N.WhereLess(highest3, best, 'N.WhereLess(p3, q3, number', number), winner3)
                highest3 <- 'N.Max(best, highest3)
                k <- k + 2

            'N.Store(highest0, 'N.At(highest.Start, n))
            'N.Store(highest1, 'N.At(highest.Start, n + width))
            'N.Store(highest2, 'N.At(highest.Start, n + 2 * width))
            'N.Store(highest3, 'N.At(highest.Start, n + 3 * width))
            'N.Store(second0, 'N.At(second.Start, n))
            'N.Store(second1, 'N.At(second.Start, n + width))
            'N.Store(second2, 'N.At(second.Start, n + 2 * width))
            'N.Store(second3, 'N.At(second.Start, n + 3 * width))
            'N.Store(winner0, 'N.At(winners.Start, n))
            'N.Store(winner1, 'N.At(winners.Start, n + width))
            'N.Store(winner2, 'N.At(winners.Start, n + 2 * width))
            'N.Store(winner3, 'N.At(winners.Start, n + 3 * width))
            n <- n + 4 * width

    /// Returns whether the nearest centre of every row leads by enough.
    let areCertain rows =
        // ‖mₖ‖ ≤ ‖z‖ + ‖z−mₖ‖, so that 2‖mₖ‖² + ‖z‖² ≤ 5‖z‖² + 4‖z−mₖ‖² = 9‖z‖² − 8tₖ.
        let ofSquare, ofHighest = 'N.Number(9.0 * rounding), 'N.Number(-8.0 * rounding)
        let least, largest, one = 'N.Number underflow, 'N.Number largestSquare, 'N.Number 1.0
        let mutable all = one
        let mutable n = 0

        while n < rows do
            let square, highest = 'N.Load('N.At(squares.Start, n)), 'N.Load('N.At(highest.Start, n))
            let lead = 'N.Fma(square, ofSquare, 'N.Fma(highest, ofHighest, least))
            let other = 'N.Add('N.Load('N.At(second.Start, n)), lead)
            let isInRange = 'N.WhereLess(square, largest, one, 'N.Zero)
            all <- 'N.Min(all, 'N.WhereLess(other, highest, isInRange, 'N.Zero))
            n <- n + 'N.Width

        'N.Store(all, certain.Start)
        not (ReadOnlySpan<float32>(NativePtr.toVoidPtr certain.Address, 'N.Width).Contains 0.0f)

    /// Lays out the differences of centres and the point c (K×D), the longest of which has this length.
    let layOut (differences: float[]) longest =
        rounding <- float (features + 16) * unitRoundoff
        // Lengths become less than 1, and the longest at least ½.
        let exponent = BitConverter.DoubleToInt64Bits longest >>> Bits.Shift
        scale <- BitConverter.Int64BitsToDouble((2045L - exponent) <<< Bits.Shift)

        for buffer, length in
            [ z, Panel.even features * 'N.Stride
              rounded, (if areSingle then 0 else Panel.Rows * features)
              squares, Panel.Rows
              highest, Panel.Rows
              second, Panel.Rows
              winners, Panel.Rows
              certain, 'N.Lanes
              centres, padded * features
              constants, padded
              numbers, padded ] do
            buffer.Require length

        centres.Clear(padded * features)

        for k in 0 .. components - 1 do
            let mutable square = 0.0

            for j in 0 .. features - 1 do
                let m = scale * differences[k * features + j]
                square <- square + m * m
                'N.Put(m, 'N.At(centres.Start, (k / 2 * features + j) * 2 + k % 2))

            'N.Put((rounding - 0.5) * square, 'N.At(constants.Start, k))

        for k in components .. padded - 1 do
            'N.Put(lowest, 'N.At(constants.Start, k))

        for k in 0 .. padded - 1 do
            'N.Put(float k, 'N.At(numbers.Start, k))

        for j in 0 .. features - 1 do
            NativePtr.set shifts.Address j (scale * NativePtr.get shifts.Address j)

    override _.Prepare(itsCentres, count, itsFeatures, areItsRowsSingle) =
        areSingle <- areItsRowsSingle
        components <- count
        padded <- Panel.even count
        features <- itsFeatures
        // With fewer features nothing is gained, and with very many the bound is too large.
        // Numbers of centres must be exact in float32.
        isUsable <- features >= 4 && features <= 4096 && components <= (1 <<< 24)

        if isUsable then
            shifts.Require features
            let differences, ofFeature = itsCentres.ToArray(), Array.zeroCreate components
            let squares: float[] = Array.zeroCreate components

            // The point c is the median of every feature, which one far centre doesn't move.
            for j in 0 .. features - 1 do
                for k in 0 .. components - 1 do
                    ofFeature[k] <- differences[k * features + j]

                Array.sortInPlace ofFeature
                let median = ofFeature[components / 2]
                // If c is a float32 number, too, z of a row of float32 is rounded only once.
                let shift = if areSingle then -float(float32 median) else -median
                NativePtr.set shifts.Address j shift

                for k in 0 .. components - 1 do
                    let difference = differences[k * features + j] + shift
                    differences[k * features + j] <- difference
                    squares[k] <- squares[k] + difference * difference

            let longest = sqrt (Array.max squares)
            // s must be a normal number. Where s·c isn't, no row is certain, or the error is below `underflow`.
            let reach = if areSingle then 1e18 else 1e150
            isUsable <- longest > 1.0 / reach && longest < reach

            if isUsable then
                layOut differences longest

    override _.Win(source, width, panel) =
        let rows = panel.Padded

        if isUsable then
            transpose source width panel

            if areSingle then
                shift rows

            square rows
            compare panel rows

        if isUsable && areCertain rows then
            let mutable n = 0

            while n < rows do
                'N.Widen('N.Load('N.At(winners.Start, n)), NativePtr.add panel.Winners.Address n)
                n <- n + 'N.Width

            true
        else
            false

module internal CoarseDistances =
    /// Makes the kernel for float64 vectors of some numbers.
    let create width : CoarseDistances =
        match width with
        | 8 -> CoarseDistances<Singles512, Vector512<float32>>()
        | 4 -> CoarseDistances<Singles256, Vector256<float32>>()
        | _ -> CoarseDistances<Singles128, Vector128<float32>>()
