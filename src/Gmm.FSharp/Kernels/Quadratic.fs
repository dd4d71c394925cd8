namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// Gaussian components: densities by whitening, and weighted moments about the means.
[<Sealed; Optimised>]
type internal Quadratic<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, rows, scratch, z, rz = Pinned(), Pinned(), Pinned(), Pinned(), Pinned()
    let means, factors, first, second = Pinned(), Pinned(), Pinned(), Pinned()
    let mutable structure = Full
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable isByRows = false // whether second moments are summed row by row
    let mutable width = 0 // numbers of a mean: then D rounded up to a multiple of 8, else `columns`
    let mutable lanes = 0 // numbers for each sum: then 1, else 8
    let mutable factorSize = 0 // numbers of one plane's factor
    let mutable secondSize = 0 // numbers of one plane's second moment

    /// From so many features on, 8 numbers for each second moment of 16 components no longer stay in a core's cache.
    let fewestByRows = 20

    let mean k = NativePtr.add means.Address (k * width)
    let planeOf k = Structure.planeOf structure k
    let factor k = NativePtr.add factors.Address (planeOf k * factorSize)
    let firstOf k = NativePtr.add first.Address (k * width * lanes)
    let secondOf k = NativePtr.add second.Address (planeOf k * secondSize)

    override _.Prepare(form, count) =
        match form with
        | Form.Quadratic(itsStructure, itsMeans, itsFactors, itsConstants) ->
            let numbers = itsMeans.toArray ()
            let w = itsFactors.toArray ()
            structure <- itsStructure
            components <- count
            features <- itsMeans.shape[1]
            constants <- itsConstants
            columns <- Panel.even features
            isByRows <- Structure.shape structure = Shape.Full && features >= fewestByRows
            width <- if isByRows then (features + 7) / 8 * 8 else columns
            lanes <- if isByRows then 1 else Panel.Lanes
            let planes = Structure.planes components structure
            means.Require(components * width)
            means.Clear(components * width)

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    NativePtr.set (mean k) j numbers[k * features + j]

            match Structure.shape structure with
            | Shape.Full ->
                factorSize <- Loops.packedSize columns
                secondSize <- if isByRows then width * width else Tiles.triangleSize columns
                factors.Require(planes * factorSize)

                for p in 0 .. planes - 1 do
                    let matrix = ReadOnlySpan(w, p * features * features, features * features)
                    Loops.packTriangle matrix features (NativePtr.add factors.Address (p * factorSize))

                // Two vectors of every column.
                scratch.Require(columns * 2 * Panel.Lanes)
                z.Require(width * Panel.Stride)
                rz.Require(width * Panel.Stride)

                if isByRows then
                    rows.Require(width * Panel.Rows)
                    rows.Clear(width * Panel.Rows)
            | Shape.Diag
            | Shape.Spherical ->
                factorSize <- w.Length / planes
                secondSize <- columns * Panel.Lanes
                factors.Require w.Length

                for i in 0 .. w.Length - 1 do
                    NativePtr.set factors.Address i w[i]

            x.Require(columns * Panel.Stride)
            first.Require(components * width * lanes)
            second.Require(planes * secondSize)
        | _ -> invalidOp "A quadratic kernel was given another form."

    override _.Read(source, sourceWidth, sheet) =
        Panel.transpose source sourceWidth features sheet.Count x.Address

        if isByRows then
            for n in 0 .. sheet.Count - 1 do
                let row = Span<float>(NativePtr.toVoidPtr (NativePtr.add source (n * sourceWidth)), features)
                row.CopyTo(Span<float>(NativePtr.toVoidPtr (NativePtr.add rows.Address (n * width)), features))

    override _.Score sheet =
        for k in 0 .. components - 1 do
            let target, constant = sheet.Component k, constants[planeOf k]

            match Structure.shape structure with
            | Shape.Full ->
                Loops.addWhitened<'L, 'V>
                    x.Address
                    (mean k)
                    (factor k)
                    columns
                    constant
                    scratch.Address
                    target
                    sheet.Padded
            | Shape.Diag ->
                Loops.addScaledDistances<'L, 'V> x.Address (mean k) (factor k) features constant target sheet.Padded
            | Shape.Spherical ->
                let w = NativePtr.read (factor k)
                Loops.addDistances<'L, 'V> x.Address (mean k) features w constant target sheet.Padded

    override _.Gather sheet =
        let count, padded = sheet.Count, sheet.Padded

        for k in 0 .. components - 1 do
            let r = sheet.Component k

            if not (Loops.isZero<'L, 'V> r padded) then
                match Structure.shape structure with
                | Shape.Full when isByRows ->
                    Loops.weighRows<'L, 'V> rows.Address (mean k) width r z.Address rz.Address (firstOf k) count
                    Tiles.addTriangleOfRows<'L, 'V> rz.Address z.Address width (secondOf k) count
                | Shape.Full ->
                    Loops.weigh<'L, 'V> x.Address (mean k) columns r z.Address rz.Address (firstOf k) padded
                    Tiles.addTriangle<'L, 'V> rz.Address z.Address (secondOf k) columns padded
                | Shape.Diag
                | Shape.Spherical ->
                    Loops.addFirstAndSquares<'L, 'V> x.Address (mean k) columns r (firstOf k) (secondOf k) padded

    override _.Clear() =
        first.Clear(components * width * lanes)
        second.Clear(Structure.planes components structure * secondSize)

    override _.Sums() =
        let planes, size = Structure.planes components structure, Structure.planeSize features structure
        let firsts, seconds = Array.zeroCreate (components * features), Array.zeroCreate (planes * size)

        let sum (sums: nativeptr<float>) j =
            if isByRows then
                NativePtr.get sums j
            else
                Panel.sum (NativePtr.add sums (j * Panel.Lanes))

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                firsts[k * features + j] <- sum (firstOf k) j

        for p in 0 .. planes - 1 do
            let sums = NativePtr.add second.Address (p * secondSize)

            match Structure.shape structure with
            | Shape.Full when isByRows ->
                for i in 0 .. features - 1 do
                    for j in 0..i do
                        seconds[p * size + i * features + j] <- NativePtr.get sums (i * width + j)
                        seconds[p * size + j * features + i] <- NativePtr.get sums (i * width + j)
            | Shape.Full -> Tiles.readTriangle sums columns seconds (p * size) features
            | Shape.Diag ->
                for j in 0 .. features - 1 do
                    seconds[p * size + j] <- sum sums j
            | Shape.Spherical ->
                let mutable total = 0.0

                for j in 0 .. features - 1 do
                    total <- total + sum sums j

                seconds[p] <- total / float features

        [ firsts; seconds ]
