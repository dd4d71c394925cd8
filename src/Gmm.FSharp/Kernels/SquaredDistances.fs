namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Numerics.Tensors
open FSharp.NativeInterop

/// The kernel of k-means: computes squared distances to the centres, and sums first moments about them.
[<Sealed; Optimised>]
type internal SquaredDistances<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, filled, centres, nearest = Pinned(), Pinned(), Pinned(), Pinned()
    let first, ofRows = Pinned(), Pinned()
    let coarse = CoarseDistances.create 'L.Width
    let mutable coarseFor = ValueNone // whether `coarse` is prepared for rows of float32, by the first `Win`
    let mutable means = ReadOnlyMemory<float>.Empty // the centres (K×D)
    let mutable components = 0
    let mutable padded = 0 // K rounded up to an even number
    let mutable atOnce = 0 // an even number of centres that stay in a core's first-level cache beside a panel
    let mutable features = 0
    let mutable columns = 0 // D rounded up to an even number
    let mutable step = 0 // D rounded up to a multiple of `Panel.Lanes`, from one centre to the next
    let mutable rows = 0n // the address of the panel's rows
    let mutable width = 0 // from one row to the next
    let mutable areSingle = false // whether the rows are float32
    let mutable isTransposed = false // whether `x` holds the panel's columns

    let centre k = NativePtr.add centres.Address (k * step)
    let firstOf k = NativePtr.add first.Address (k * columns * Panel.Lanes)

    /// Makes sure that the rows are float64, and that each may be read up to `step` numbers, of which those beyond D
    /// are 0.
    let fill (panel: PanelState) =
        if rows <> filled.Start && (areSingle || features < step) then
            filled.Require(Panel.Rows * step)

            for n in 0 .. panel.Count - 1 do
                let target = Span<float>(NativePtr.toVoidPtr (NativePtr.add filled.Address (n * step)), features)

                if areSingle then
                    let row = NativePtr.toVoidPtr (NativePtr.add (NativePtr.ofNativeInt<float32> rows) (n * width))
                    TensorPrimitives.ConvertTruncating(ReadOnlySpan<float32>(row, features), target)
                else
                    let row = NativePtr.toVoidPtr (NativePtr.add (NativePtr.ofNativeInt<float> rows) (n * width))
                    ReadOnlySpan<float>(row, features).CopyTo target

            rows <- filled.Start
            width <- step
            areSingle <- false

    /// Makes sure that `x` holds the panel's columns.
    let transpose (panel: PanelState) =
        if not isTransposed then
            if areSingle then
                fill panel

            Panel.transpose (NativePtr.ofNativeInt rows) width features panel.Count x.Address
            isTransposed <- true

    /// Finds the nearest centres by the squared distances themselves.
    let findNearest (panel: PanelState) =
        transpose panel
        let x, centres, nearest, winners = x.Address, centres.Address, nearest.Address, panel.Winners.Address
        // At a distance at which the density is 0 no centre is nearest, and the first wins.
        Span<float>(NativePtr.toVoidPtr nearest, panel.Padded).Fill(-2.0 * Limits.zeroDensity)
        panel.Winners.Clear panel.Padded
        let mutable k = 0

        while k < padded do
            let next = min padded (k + atOnce)
            Loops.findNearest<'L, 'V> x centres step features k next nearest winners panel.Padded
            k <- next

    override _.Prepare(form, count) =
        match form with
        | Form.Distance itsCentres ->
            means <- Reference.numbersOf itsCentres
            let numbers = means.Span
            components <- count
            padded <- Panel.even count
            features <- itsCentres.shape[1]
            columns <- Panel.even features
            step <- (features + Panel.Lanes - 1) / Panel.Lanes * Panel.Lanes
            atOnce <- max 2 (2048 / columns &&& ~~~1)
            x.Require(columns * Panel.Stride)
            nearest.Require Panel.Rows

            for buffer, length in
                [ filled, (if features < step then Panel.Rows * step else 0)
                  centres, padded * step
                  ofRows, components * step
                  first, components * columns * Panel.Lanes ] do
                buffer.Require length
                buffer.Clear length

            // The last centre once more makes their number even: the first of equals wins.
            for k in 0 .. padded - 1 do
                for j in 0 .. features - 1 do
                    NativePtr.set (centre k) j numbers[min k (components - 1) * features + j]

            coarseFor <- ValueNone
        | _ -> invalidOp "A kernel of distances was given another form."

    override _.ReadsSingle = true

    override _.Read(itsRows, itsWidth, panel) =
        rows <- itsRows
        width <- itsWidth
        areSingle <- panel.AreSingle
        isTransposed <- false

    override _.Score panel =
        transpose panel

        for k in 0 .. components - 1 do
            let centre, target = Loops.start (centre k), panel.Component k
            Loops.addDistances<Doubles<'L, 'V>, 'V> x.Start centre features 0.0 target panel.Padded

    override _.Win(logWeights, panel) =
        // k-means has no weights of components: the nearest centre wins.
        if ReadOnlySpan(logWeights).ContainsAnyExcept 0.0 then
            ValueNone
        else
            if components = 1 then
                panel.Winners.Clear panel.Padded
            else
                match coarseFor with
                | ValueSome single when single = areSingle -> ()
                | ValueSome _
                | ValueNone ->
                    coarse.Prepare(means.Span, components, features, areSingle)
                    coarseFor <- ValueSome areSingle

                if not (coarse.Win(rows, width, panel)) then
                    findNearest panel

            if features < step then
                fill panel

            let centres, sums = centres.Address, ofRows.Address

            let sumOfSquares =
                if areSingle then
                    Loops.addSingleRows<'L, 'V> (NativePtr.ofNativeInt rows) width panel centres sums step
                else
                    Loops.addRows<'L, 'V> (NativePtr.ofNativeInt rows) width panel centres sums step

            ValueSome(-0.5 * sumOfSquares)

    override _.Gather panel =
        for k in 0 .. components - 1 do
            Loops.addFirst<'L, 'V> x.Address (centre k) columns (panel.Component k) (firstOf k) panel.Padded

    override _.Clear() =
        ofRows.Clear(components * step)
        first.Clear(components * columns * Panel.Lanes)

    override _.AddTo sums =
        let firsts = sums[0]

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = NativePtr.get ofRows.Address (k * step + j)
                let sum = sum + Panel.sum (NativePtr.add (firstOf k) (j * Panel.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

        1
