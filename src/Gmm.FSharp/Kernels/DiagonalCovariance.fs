namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// The kernel of Gaussian components with diagonal or spherical covariances, tied or not: computes scaled distances,
/// and sums weighted moments about the means.
[<Sealed; Optimised>]
type internal DiagonalCovariance<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, means, factors, first, second = Pinned(), Pinned(), Pinned(), Pinned(), Pinned()
    let mutable layout = Layout.own Shape.Diag
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable factorSize = 0 // numbers in the factor of one plane

    let mean k = NativePtr.add means.Address (k * columns)
    let planeOf k = Layout.planeOf layout k
    let factor k = NativePtr.add factors.Address (planeOf k * factorSize)
    let firstOf k = NativePtr.add first.Address (k * columns * Panel.Lanes)
    let secondOf p = NativePtr.add second.Address (p * columns * Panel.Lanes)

    override _.Prepare(form, count) =
        match form with
        | Form.Quadratic(itsLayout, itsMeans, itsFactors, itsConstants) ->
            let numbers = (Reference.numbersOf itsMeans).Span
            let w = (Reference.numbersOf itsFactors).Span
            layout <- itsLayout
            components <- count
            features <- itsMeans.shape[1]
            constants <- itsConstants
            columns <- Panel.even features
            let planes = Layout.planes components layout
            factorSize <- w.Length / planes
            means.Require(components * columns)
            means.Clear(components * columns)
            factors.Require w.Length
            x.Require(columns * Panel.Stride)
            first.Require(components * columns * Panel.Lanes)
            second.Require(planes * columns * Panel.Lanes)

            for k in 0 .. components - 1 do
                for j in 0 .. features - 1 do
                    NativePtr.set (mean k) j numbers[k * features + j]

            for i in 0 .. w.Length - 1 do
                NativePtr.set factors.Address i w[i]
        | _ -> invalidOp "A quadratic kernel was given another form."

    override _.Clear() =
        first.Clear(components * columns * Panel.Lanes)
        second.Clear(Layout.planes components layout * columns * Panel.Lanes)

    override _.Read(source, width, panel) =
        Panel.transpose (NativePtr.ofNativeInt source) width features panel.Count x.Address

    override _.Score panel =
        for k in 0 .. components - 1 do
            panel.LoadPart(2 * components)
            let target, constant, rows = panel.Component k, constants[k], panel.Padded

            if layout.Shape = Shape.Spherical then
                let w = NativePtr.read (factor k)
                Loops.addDistances<'L, 'V> x.Address (mean k) features w constant target rows
            else
                Loops.addScaledDistances<'L, 'V> x.Address (mean k) (factor k) features constant target rows

    override _.Gather panel =
        for k in 0 .. components - 1 do
            panel.LoadPart(2 * components)
            let r, second = panel.Component k, secondOf (planeOf k)

            if not (Loops.isZero r panel.Padded) then
                Loops.addFirstAndSquares<'L, 'V> x.Address (mean k) columns r (firstOf k) second panel.Padded

    override _.AddTo sums =
        let firsts, seconds = sums[0], sums[1]
        let sum (sums: nativeptr<float>) j = Panel.sum (NativePtr.add sums (j * Panel.Lanes))

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                firsts[k * features + j] <- firsts[k * features + j] + sum (firstOf k) j

        for p in 0 .. Layout.planes components layout - 1 do
            if layout.Shape = Shape.Spherical then
                let mutable total = 0.0

                for j in 0 .. features - 1 do
                    total <- total + sum (secondOf p) j

                seconds[p] <- seconds[p] + total / float features
            else
                for j in 0 .. features - 1 do
                    seconds[p * features + j] <- seconds[p * features + j] + sum (secondOf p) j

        2
