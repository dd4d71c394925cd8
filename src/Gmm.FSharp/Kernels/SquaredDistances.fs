namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// The kernel of k-means: computes squared distances to the centres, and sums first moments about them.
[<Sealed; Optimised>]
type internal SquaredDistances<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, centres, first, ofRows = Pinned(), Pinned(), Pinned(), Pinned()
    let mutable components = 0
    let mutable features = 0
    let mutable columns = 0 // D rounded up to an even number
    let mutable rows: nativeptr<float> = NativePtr.ofNativeInt 0n
    let mutable width = 0

    let centre k = NativePtr.add centres.Address (k * columns)
    let firstOf k = NativePtr.add first.Address (k * columns * Panel.Lanes)

    /// Adds w(x−μ) for one row to the sums of its cluster.
    let addRow (row: nativeptr<float>) w cluster =
        let mean, sums = centre cluster, NativePtr.add ofRows.Address (cluster * columns)
        let weight = 'L.Fill w
        let mutable j = 0

        while j + 'L.Width <= features do
            let z = 'L.Subtract('L.Load(NativePtr.add row j), 'L.Load(NativePtr.add mean j))
            let sum = NativePtr.add sums j
            'L.Store('L.Add('L.Load sum, 'L.Multiply(weight, z)), sum)
            j <- j + 'L.Width

        while j < features do
            let z = NativePtr.get row j - NativePtr.get mean j
            NativePtr.set sums j (NativePtr.get sums j + w * z)
            j <- j + 1

    override _.Prepare(form, count) =
        match form with
        | Form.Distance itsCentres ->
            let numbers = (Reference.numbersOf itsCentres).Span
            components <- count
            features <- itsCentres.shape[1]
            columns <- Panel.even features
            x.Require(columns * Panel.Stride)

            for buffer, length in
                [ centres, components * columns
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
            Loops.addDistances<'L, 'V> x.Address (centre k) features 1.0 0.0 (panel.Component k) panel.Padded

    override _.NeedsWinnersOnly = true

    override _.Gather panel =
        if panel.IsHard then
            for n in 0 .. panel.Count - 1 do
                let w = NativePtr.get panel.Weights.Address n

                if w > 0.0 then
                    addRow (NativePtr.add rows (n * width)) w panel.Winners[n]
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
