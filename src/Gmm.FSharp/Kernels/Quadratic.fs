namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// Gaussian components: densities by whitening, and weighted moments about the means.
[<Sealed; Optimised>]
type internal Quadratic<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, scratch, roots, u = Pinned(), Pinned(), Pinned(), Pinned()
    let means, factors, first, second = Pinned(), Pinned(), Pinned(), Pinned()
    let mutable structure = Full
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable factorSize = 0 // numbers of one plane's factor
    let mutable secondSize = 0 // numbers of one plane's second moment

    let mean k = NativePtr.add means.Address (k * columns)
    let planeOf k = Structure.planeOf structure k
    let factor k = NativePtr.add factors.Address (planeOf k * factorSize)
    let firstOf k = NativePtr.add first.Address (k * columns * Panel.Lanes)
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
            let planes = Structure.planes components structure
            means.Require(components * columns)
            means.Clear(components * columns)

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    NativePtr.set (mean k) j numbers[k * features + j]

            match Structure.shape structure with
            | Shape.Full ->
                factorSize <- Loops.packedSize columns
                secondSize <- Tiles.triangleSize columns
                factors.Require(planes * factorSize)

                for p in 0 .. planes - 1 do
                    let matrix = ReadOnlySpan(w, p * features * features, features * features)
                    Loops.packTriangle matrix features (NativePtr.add factors.Address (p * factorSize))

                scratch.Require(columns * Panel.Step)
                roots.Require Panel.Rows
                u.Require(columns * Panel.Stride)
            | Shape.Diag
            | Shape.Spherical ->
                factorSize <- w.Length / planes
                secondSize <- columns * Panel.Lanes
                factors.Require w.Length

                for i in 0 .. w.Length - 1 do
                    NativePtr.set factors.Address i w[i]

            x.Require(columns * Panel.Stride)
            first.Require(components * columns * Panel.Lanes)
            second.Require(planes * secondSize)
        | _ -> invalidOp "A quadratic kernel was given another form."

    override _.Read(source, sourceWidth, sheet) = Panel.transpose source sourceWidth features sheet.Count x.Address

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
        let rows = sheet.Padded

        for k in 0 .. components - 1 do
            let r = sheet.Component k

            if not (Loops.isZero<'L, 'V> r rows) then
                match Structure.shape structure with
                | Shape.Full ->
                    Loops.roots<'L, 'V> r roots.Address rows
                    Loops.weigh<'L, 'V> x.Address (mean k) columns roots.Address u.Address (firstOf k) rows
                    Tiles.addTriangle<'L, 'V> u.Address (secondOf k) columns rows
                | Shape.Diag
                | Shape.Spherical ->
                    Loops.addFirstAndSquares<'L, 'V> x.Address (mean k) columns r (firstOf k) (secondOf k) rows

    override _.Clear() =
        first.Clear(components * columns * Panel.Lanes)
        second.Clear(Structure.planes components structure * secondSize)

    override _.Lengths =
        let planes = Structure.planes components structure
        [ components * features; planes * Structure.planeSize features structure ]

    override _.Put sums =
        let firsts, seconds = sums[0], sums[1]
        let size = Structure.planeSize features structure
        let sum (sums: nativeptr<float>) j = Panel.sum (NativePtr.add sums (j * Panel.Lanes))

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                firsts[k * features + j] <- sum (firstOf k) j

        for p in 0 .. Structure.planes components structure - 1 do
            let sums = NativePtr.add second.Address (p * secondSize)

            match Structure.shape structure with
            | Shape.Full -> Tiles.readTriangle sums columns seconds (p * size) features
            | Shape.Diag ->
                for j in 0 .. features - 1 do
                    seconds[p * size + j] <- sum sums j
            | Shape.Spherical ->
                let mutable total = 0.0

                for j in 0 .. features - 1 do
                    total <- total + sum sums j

                seconds[p] <- total / float features
