namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// Sums the weighted moments Σₙ rₙ(xₙ−mₖ) and Σₙ rₙ(xₙ−mₖ)(xₙ−mₖ)ᵀ of components about their means, which are rounded
/// in float32. There all sums run over few rows.
[<AbstractClass>]
type internal Moments() =
    /// Makes room for the sums of components with these means (K×D), with second moments in a layout.
    abstract Prepare: Layout * means: ReadOnlySpan<float> * components: int * features: int -> unit
    /// Sets the sums to 0.
    abstract Clear: unit -> unit
    /// Takes the panel's rows at an address, where each row begins `width` numbers after the one before it. They stay
    /// there until the last `Add`.
    abstract Read: rows: nativeint * width: int * PanelState -> unit
    /// Adds the panel's rows, weighted by their responsibilities.
    abstract Add: PanelState -> unit
    /// Adds the sums to first moments (K×D) and second moments (planes).
    abstract AddTo: firsts: float[] * seconds: float[] -> unit

/// Sums moments with vectors that hold one column of several rows: as few multiply–adds as the moments need. `x` holds
/// the panel's columns, and `means` the means, each with an even number of columns.
[<Sealed; Optimised>]
type internal ColumnMoments<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>(x: Pinned<'E>, means: Pinned<'E>) =
    inherit Moments()

    let roots, u, first, second = Pinned<'E>(), Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let mutable components = 0
    let mutable features = 0
    let mutable columns = 0 // D rounded up to an even number
    let mutable secondSize = 0 // numbers in the sums of one component's second moment

    let firstOf k = 'N.At(first.Start, k * columns * 'N.Lanes)
    let secondOf k = 'N.At(second.Start, k * secondSize)

    override _.Prepare(_, _, count, itsFeatures) =
        components <- count
        features <- itsFeatures
        columns <- Panel.even features
        secondSize <- Tiles.triangleSize<'N, 'V> columns
        roots.Require Panel.Rows
        u.Require(columns * 'N.Stride)
        first.Require(components * columns * 'N.Lanes)
        second.Require(components * secondSize)

    override _.Clear() =
        first.Clear(components * columns * 'N.Lanes)
        second.Clear(components * secondSize)

    override _.Read(_, _, _) = ()

    override _.Add panel =
        let rows = panel.Padded

        for k in 0 .. components - 1 do
            panel.LoadPart(2 * components)
            let r, mean = PanelState.responsibilities<'N, 'V> panel k, 'N.At(means.Start, k * columns)

            if not (Loops.isZero<'N, 'V> r rows) then
                let roots = Whitening.rootsOf<'N, 'V> panel r roots.Start
                Whitening.weigh<'N, 'V> x.Start mean columns roots u.Start (firstOf k) rows
                Tiles.addTriangle<'N, 'V> u.Start (secondOf k) columns rows

    override _.AddTo(firsts, seconds) =
        use pinned = fixed seconds

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = 'N.Sum('N.At(firstOf k, j * 'N.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

            Tiles.readTriangle<'N, 'V> (secondOf k) columns (NativePtr.add pinned (k * features * features)) features

/// Sums moments with vectors that hold several columns of one row. The sums take a quarter or an eighth of the memory
/// that those of `ColumnMoments` take, and a few rows at a time stay in a core's first-level cache. The price: of the
/// ½D(D+8) multiply–adds of a row and component, or ½D(D+16) in float32, ½D(D+1) would do. The loops pass over the rows
/// of which a component owns too little to change a sum (`PanelState.leastRoot`): with many features, most rows.
[<Sealed; Optimised>]
type internal RowMoments<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>() =
    inherit Moments()

    let filled, means, roots = Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let owned = Pinned<int>() // the numbers of the rows of which a component owns a share
    let u, first, second = Pinned<'E>(), Pinned<'E>(), Pinned<'E>()
    let mutable components = 0
    let mutable features = 0
    let mutable columns = 0 // D rounded up to a multiple of `IVectors.Lanes`
    let mutable step = 0 // numbers from one row of u to the next: an odd number of cache lines, as in a panel
    let mutable atOnce = 0 // rows of u
    let mutable x = 0n // the panel's rows, filled up with zeros
    let mutable stepOfX = 0

    let mean k = 'N.At(means.Start, k * columns)
    let firstOf k = 'N.At(first.Start, k * columns)
    let secondOf k = 'N.At(second.Start, k * columns * columns)

    override _.Prepare(_, itsMeans, count, itsFeatures) =
        components <- count
        features <- itsFeatures
        let lines = (features + 'N.Lanes - 1) / 'N.Lanes
        columns <- lines * 'N.Lanes
        step <- (lines ||| 1) * 'N.Lanes
        // So u and the rows that it comes from take at most 40 KB for up to 8 cache lines of features, and stay in a
        // core's first-level cache.
        atOnce <- if lines <= 5 then 64 else 32
        roots.Require Panel.Rows
        owned.Require Panel.Rows
        u.Require(atOnce * step)
        first.Require(components * columns)
        second.Require(components * columns * columns)

        // The places beyond the features of a row or mean stay 0.
        for buffer, length in [ filled, Panel.Rows * step; means, components * columns ] do
            buffer.Require length
            buffer.Clear length

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                'N.Put(itsMeans[k * features + j], 'N.At(mean k, j))

    override _.Clear() =
        first.Clear(components * columns)
        second.Clear(components * columns * columns)

    override _.Read(rows, width, panel) =
        if features = columns then
            x <- rows
            stepOfX <- width
        else
            x <- filled.Start
            stepOfX <- step

            for n in 0 .. panel.Count - 1 do
                let row = ReadOnlySpan<'E>('N.At(rows, n * width).ToPointer(), features)
                row.CopyTo(Span<'E>('N.At(x, n * step).ToPointer(), features))

    override _.Add panel =
        for k in 0 .. components - 1 do
            panel.LoadPart(2 * components)
            let r = PanelState.responsibilities<'N, 'V> panel k
            let roots = Whitening.rootsOf<'N, 'V> panel r roots.Start
            let least = PanelState.leastRoot<'N, 'V> panel k
            let mutable count = 0

            // Without branches, which no processor could predict. NaN counts, so that it isn't lost.
            for n in 0 .. panel.Count - 1 do
                NativePtr.set owned.Address count n
                count <- count + Convert.ToInt32(not ('N.Get('N.At(roots, n)) <= least))

            for first in 0..atOnce .. count - 1 do
                let those, rows = NativePtr.add owned.Address first, min atOnce (count - first)
                RowTiles.weigh<'N, 'V> x stepOfX (mean k) columns roots u.Start step (firstOf k) those rows
                RowTiles.addTriangle<'N, 'V> u.Start step (secondOf k) columns rows

    override _.AddTo(firsts, seconds) =
        for k in 0 .. components - 1 do
            for i in 0 .. features - 1 do
                let place = k * features + i
                firsts[place] <- firsts[place] + 'N.Get('N.At(firstOf k, i))

                for j in 0..i do
                    let sum = 'N.Get('N.At(secondOf k, i * columns + j))
                    let place, mirrored = (k * features + i) * features + j, (k * features + j) * features + i
                    seconds[place] <- seconds[place] + sum
                    seconds[mirrored] <- seconds[place]

/// Sums first moments, and second moments of each feature alone, or their mean over the features. `x` holds the panel's
/// columns, and `means` the means, each with an even number of columns.
[<Sealed; Optimised>]
type internal FeatureMoments<'E, 'N, 'V when 'N :> IVectors<'V> and 'E: unmanaged>(x: Pinned<'E>, means: Pinned<'E>) =
    inherit Moments()

    let first, second = Pinned<'E>(), Pinned<'E>()
    let mutable layout = Layout.own Shape.Diag
    let mutable components = 0
    let mutable features = 0
    let mutable columns = 0 // D rounded up to an even number

    let firstOf k = 'N.At(first.Start, k * columns * 'N.Lanes)
    let secondOf p = 'N.At(second.Start, p * columns * 'N.Lanes)

    override _.Prepare(itsLayout, _, count, itsFeatures) =
        layout <- itsLayout
        components <- count
        features <- itsFeatures
        columns <- Panel.even features
        first.Require(components * columns * 'N.Lanes)
        second.Require(Layout.planes components layout * columns * 'N.Lanes)

    override _.Clear() =
        first.Clear(components * columns * 'N.Lanes)
        second.Clear(Layout.planes components layout * columns * 'N.Lanes)

    override _.Read(_, _, _) = ()

    override _.Add panel =
        let rows = panel.Padded

        for k in 0 .. components - 1 do
            panel.LoadPart(2 * components)
            let r = PanelState.responsibilities<'N, 'V> panel k
            let mean, second = 'N.At(means.Start, k * columns), secondOf (Layout.planeOf layout k)

            if not (Loops.isZero<'N, 'V> r rows) then
                Scaling.addFirstAndSquares<'N, 'V> x.Start mean columns r (firstOf k) second rows

    override _.AddTo(firsts, seconds) =
        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = 'N.Sum('N.At(firstOf k, j * 'N.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

        for p in 0 .. Layout.planes components layout - 1 do
            if layout.Shape = Shape.Spherical then
                let mutable total = 0.0

                for j in 0 .. features - 1 do
                    total <- total + 'N.Sum('N.At(secondOf p, j * 'N.Lanes))

                seconds[p] <- seconds[p] + total / float features
            else
                for j in 0 .. features - 1 do
                    let sum = 'N.Sum('N.At(secondOf p, j * 'N.Lanes))
                    seconds[p * features + j] <- seconds[p * features + j] + sum
