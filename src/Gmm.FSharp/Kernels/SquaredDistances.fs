namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The kernel of k-means: computes squared distances to the centres, and sums first moments about them.
[<Sealed; Optimised>]
type internal SquaredDistances<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, centres, constants, first, ofRows = Pinned(), Pinned(), Pinned(), Pinned(), Pinned()
    let mutable components = 0
    let mutable padded = 0 // K rounded up to an even number
    let mutable atOnce = 0 // an even number of centres that stay in a core's first-level cache beside a panel
    let mutable features = 0
    let mutable columns = 0 // D rounded up to an even number
    let mutable rows: nativeptr<float> = NativePtr.ofNativeInt 0n
    let mutable width = 0

    let centre k = NativePtr.add centres.Address (k * columns)
    let firstOf k = NativePtr.add first.Address (k * columns * Panel.Lanes)

    override _.Prepare(form, count) =
        match form with
        | Form.Distance itsCentres ->
            let numbers = (Reference.numbersOf itsCentres).Span
            components <- count
            padded <- Panel.even count
            features <- itsCentres.shape[1]
            columns <- Panel.even features
            atOnce <- max 2 (2048 / columns &&& ~~~1)
            x.Require(columns * Panel.Stride)

            for buffer, length in
                [ centres, padded * columns
                  constants, padded
                  ofRows, components * columns
                  first, components * columns * Panel.Lanes ] do
                buffer.Require length
                buffer.Clear length

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    NativePtr.set (centre k) j numbers[k * features + j]
        | _ -> invalidOp "A kernel of distances was given another form."

    override _.Read(itsRows, itsWidth, panel) =
        rows <- NativePtr.ofNativeInt itsRows
        width <- itsWidth
        Panel.transpose rows width features panel.Count x.Address

    override _.Score panel =
        for k in 0 .. components - 1 do
            let centre, target = Loops.start (centre k), panel.Component k
            Loops.addDistances<Doubles<'L, 'V>, 'V> x.Start centre features 0.0 target panel.Padded

    override _.Win(logWeights, panel) =
        let highest, winners, rows = panel.Evidence.Address, panel.Winners.Address, panel.Padded
        Span<float>(NativePtr.toVoidPtr highest, rows).Fill Double.NegativeInfinity
        panel.Winners.Clear rows

        // Another centre, which never wins, makes their number even.
        for k in 0 .. padded - 1 do
            NativePtr.set constants.Address k (if k < components then logWeights[k] else Double.NegativeInfinity)

        let mutable k = 0

        while k < padded do
            let next, c = min padded (k + atOnce), constants.Address
            Loops.raiseHighest<'L, 'V> x.Address centres.Address columns features c k next highest winners rows
            k <- next

        true

    override _.Gather panel =
        if panel.IsHard then
            let sums, weights, winners = ofRows.Address, panel.Weights.Address, panel.Winners.Address
            Loops.addRows<'L, 'V> rows width centres.Address columns features weights winners sums panel.Count
        else
            for k in 0 .. components - 1 do
                Loops.addFirst<'L, 'V> x.Address (centre k) columns (panel.Component k) (firstOf k) panel.Padded

    override _.Clear() =
        ofRows.Clear(components * columns)
        first.Clear(components * columns * Panel.Lanes)

    override _.AddTo sums =
        let firsts = sums[0]

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = NativePtr.get ofRows.Address (k * columns + j)
                let sum = sum + Panel.sum (NativePtr.add (firstOf k) (j * Panel.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

        1
