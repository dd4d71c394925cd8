namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// The means of components that share one full covariance, about their centre and whitened.
[<NoEquality; NoComparison>]
type internal WhitenedMeans =
    {
        /// c, the centre of the means (D).
        Centre: float[]
        /// μₖ−c (K×D).
        Offsets: float[]
        /// W(μₖ−c) (K×D).
        Targets: ReadOnlyMemory<float>
    }

/// Whitens means.
module internal WhitenedMeans =
    /// Returns the whitened means of means (K×D) under a lower triangular W (D×D).
    let ofMeans (means: ReadOnlySpan<float>) (w: ReadOnlySpan<float>) features : WhitenedMeans =
        let components = means.Length / features

        let centre, offsets, targets =
            Array.zeroCreate features, Array.zeroCreate means.Length, Array.zeroCreate means.Length

        for j in 0 .. features - 1 do
            for k in 0 .. components - 1 do
                centre[j] <- centre[j] + means[k * features + j] / float components

            for k in 0 .. components - 1 do
                offsets[k * features + j] <- means[k * features + j] - centre[j]

        for k in 0 .. components - 1 do
            for i in 0 .. features - 1 do
                let mutable sum = 0.0

                for j in 0..i do
                    sum <- Math.FusedMultiplyAdd(w[i * features + j], offsets[k * features + j], sum)

                targets[k * features + i] <- sum

        { Centre = centre
          Offsets = offsets
          Targets = ReadOnlyMemory targets }

/// The kernel of Gaussian components that share one full covariance. It whitens a row once, y = W(x−c) with c the
/// centre of the means; the distance of the row to a component is that of y to W(μₖ−c). With m = Σₖ rₖμₖ, the second
/// moment of a row is
///   Σₖ rₖ(x−μₖ)(x−μₖ)ᵀ = (x−m)(x−m)ᵀ + Σ over pairs k > l of rₖrₗ(μₖ−μₗ)(μₖ−μₗ)ᵀ.
/// These are sums of squares, in which nothing cancels, and they don't need D² work for every component.
[<Sealed; Optimised>]
type internal TiedFullCovariance<'L, 'V when 'L :> ILanes<'V>>() =
    inherit FormKernel()

    let x, centred, y, u, roots = Pinned(), Pinned(), Pinned(), Pinned(), Pinned()
    let means, offsets, targets, centre, factor = Pinned(), Pinned(), Pinned(), Pinned(), Pinned()
    let shares, inverse, apart = Pinned(), Pinned(), Pinned()
    let first, second, pairs = Pinned(), Pinned(), Pinned()
    let mutable components = 0
    let mutable features = 0
    let mutable constants: float[] = [||]
    let mutable columns = 0 // D rounded up to an even number
    let mutable rowsOfPairs = 0 // K rounded up to an even number
    let mutable isByPairs = false

    let at (buffer: Pinned) (i: int) = NativePtr.add buffer.Address i
    let get (buffer: Pinned) (i: int) = NativePtr.get buffer.Address i
    let set (buffer: Pinned) (i: int) value = NativePtr.set buffer.Address i value
    let meanOf k = at means (k * columns)
    let firstOf k = at first (k * columns * Panel.Lanes)
    let start (address: nativeptr<float>) = NativePtr.toNativeInt address

    /// Computes y = Wz for the columns z of a panel.
    let whiten (z: Pinned) rows =
        for i in 0 .. features - 1 do
            let mutable n = 0

            while n < rows do
                let mutable y0 = 'L.Zero
                let mutable y1 = 'L.Zero
                let mutable y2 = 'L.Zero
                let mutable y3 = 'L.Zero
                let mutable column = at z n

                for j in 0..i do
                    let w = 'L.Fill(get factor (i * features + j))
                    y0 <- 'L.Fma(w, 'L.Load column, y0)
                    y1 <- 'L.Fma(w, 'L.Load(NativePtr.add column 'L.Width), y1)
                    y2 <- 'L.Fma(w, 'L.Load(NativePtr.add column (2 * 'L.Width)), y2)
                    y3 <- 'L.Fma(w, 'L.Load(NativePtr.add column (3 * 'L.Width)), y3)
                    column <- NativePtr.add column Panel.Stride

                let target = at y (i * Panel.Stride + n)
                'L.Store(y0, target)
                'L.Store(y1, NativePtr.add target 'L.Width)
                'L.Store(y2, NativePtr.add target (2 * 'L.Width))
                'L.Store(y3, NativePtr.add target (3 * 'L.Width))
                n <- n + 4 * 'L.Width

    /// Computes x − c.
    let centreRows rows =
        for j in 0 .. columns - 1 do
            let c = 'L.Fill(get centre j)
            let mutable n = j * Panel.Stride

            while n < j * Panel.Stride + rows do
                'L.Store('L.Subtract('L.Load(at x n), c), at centred n)
                n <- n + 'L.Width

    /// Computes √w and 1/√w; 0 for rows of weight 0.
    let findRoots (panel: PanelState) =
        let mutable n = 0

        while n < panel.Padded do
            let root = 'L.Sqrt('L.Load(NativePtr.add panel.Weights.Address n))
            'L.Store(root, at roots n)
            'L.Store('L.WhereLess('L.Zero, root, 'L.Divide('L.Fill 1.0, root), 'L.Zero), at inverse n)
            n <- n + 'L.Width

    /// Computes √w·rₖ from responsibilities times weights.
    let findShares (panel: PanelState) =
        for k in 0 .. components - 1 do
            let mutable n = 0

            while n < panel.Padded do
                let r = 'L.Load(NativePtr.add (panel.Component k) n)
                'L.Store('L.Multiply(r, 'L.Load(at inverse n)), at shares (k * Panel.Stride + n))
                n <- n + 'L.Width

    /// Computes u = √w·(x − c − Σₖ rₖ(μₖ−c)).
    let centreAtMeans rows =
        for j in 0 .. columns - 1 do
            let mutable n = 0

            while n < rows do
                let place = j * Panel.Stride + n
                let mutable u0 = 'L.Multiply('L.Load(at centred place), 'L.Load(at roots n))
                let second, third, fourth = 'L.Width, 2 * 'L.Width, 3 * 'L.Width
                let mutable u1 = 'L.Multiply('L.Load(at centred (place + second)), 'L.Load(at roots (n + second)))
                let mutable u2 = 'L.Multiply('L.Load(at centred (place + third)), 'L.Load(at roots (n + third)))
                let mutable u3 = 'L.Multiply('L.Load(at centred (place + fourth)), 'L.Load(at roots (n + fourth)))
                let mutable share = at shares n
                let mutable offset = at offsets j

                for _ in 0 .. components - 1 do
                    let d = 'L.Fill -(NativePtr.read offset)
                    u0 <- 'L.Fma('L.Load share, d, u0)
                    u1 <- 'L.Fma('L.Load(NativePtr.add share second), d, u1)
                    u2 <- 'L.Fma('L.Load(NativePtr.add share third), d, u2)
                    u3 <- 'L.Fma('L.Load(NativePtr.add share fourth), d, u3)
                    share <- NativePtr.add share Panel.Stride
                    offset <- NativePtr.add offset columns

                'L.Store(u0, at u place)
                'L.Store(u1, at u (place + second))
                'L.Store(u2, at u (place + third))
                'L.Store(u3, at u (place + fourth))
                n <- n + 4 * 'L.Width

    /// Adds a multiple of D numbers to others.
    let addTimes (factor: float) (numbers: nativeptr<float>) (target: nativeptr<float>) =
        let factors = 'L.Fill factor
        let mutable j = 0

        while j + 'L.Width <= features do
            let sum = 'L.Add('L.Load(NativePtr.add target j), 'L.Multiply(factors, 'L.Load(NativePtr.add numbers j)))
            'L.Store(sum, NativePtr.add target j)
            j <- j + 'L.Width

        for j in j .. features - 1 do
            NativePtr.set target j (NativePtr.get target j + factor * NativePtr.get numbers j)

    override _.Prepare(form, count) =
        match form with
        | Form.Quadratic({ Shape = Shape.Full; IsTied = true }, itsMeans, itsFactor, itsConstants) ->
            let numbers = (Reference.numbersOf itsMeans).Span
            let w = (Reference.numbersOf itsFactor).Span
            components <- count
            features <- itsMeans.shape[1]
            constants <- itsConstants
            columns <- Panel.even features
            rowsOfPairs <- Panel.even components
            // The multiply–adds of a row: with pairs, compared to those without.
            let withPairs = components * components + 2 * components * features + features * features
            isByPairs <- withPairs < components * features * features

            for buffer in [ x; centred; y; u ] do
                buffer.Require(columns * Panel.Stride)

            for buffer, length in
                [ means, components * columns
                  offsets, components * columns
                  targets, components * columns
                  centre, columns
                  shares, rowsOfPairs * Panel.Stride
                  first, components * columns * Panel.Lanes
                  second, Tiles.triangleSize<Doubles<'L, 'V>, 'V> columns
                  pairs, Tiles.triangleSize<Doubles<'L, 'V>, 'V> rowsOfPairs ] do
                buffer.Require length
                buffer.Clear length

            apart.Require features
            inverse.Require Panel.Rows
            roots.Require Panel.Rows
            factor.Require w.Length

            for i in 0 .. w.Length - 1 do
                set factor i w[i]

            let whitened = WhitenedMeans.ofMeans numbers w features

            for j in 0 .. features - 1 do
                set centre j whitened.Centre[j]

                for k in 0 .. components - 1 do
                    set means (k * columns + j) numbers[k * features + j]
                    set offsets (k * columns + j) whitened.Offsets[k * features + j]
                    set targets (k * columns + j) whitened.Targets.Span[k * features + j]
        | _ -> invalidOp "A kernel of tied covariances was given another form."

    override _.Read(rows, width, panel) =
        Panel.transpose (NativePtr.ofNativeInt rows) width features panel.Count x.Address
        centreRows panel.Padded

    override _.Score panel =
        whiten centred panel.Padded

        for k in 0 .. components - 1 do
            let target, constant = panel.Component k, constants[k]
            let mean = start (at targets (k * columns))
            Loops.addDistances<Doubles<'L, 'V>, 'V> y.Start mean features constant target panel.Padded

    override _.Gather panel =
        let rows = panel.Padded

        if isByPairs && (panel.IsSoft || panel.IsHard) then
            for k in 0 .. components - 1 do
                Loops.addFirst<'L, 'V> x.Address (meanOf k) columns (panel.Component k) (firstOf k) rows

            findRoots panel
            findShares panel
            centreAtMeans rows
            Tiles.addTriangle<Doubles<'L, 'V>, 'V> u.Start second.Start columns rows

            if panel.IsSoft then
                Tiles.addTriangle<Doubles<'L, 'V>, 'V> shares.Start pairs.Start rowsOfPairs rows
        else
            for k in 0 .. components - 1 do
                Whitening.roots<Doubles<'L, 'V>, 'V> (start (panel.Component k)) roots.Start rows

                Whitening.weigh<Doubles<'L, 'V>, 'V>
                    x.Start
                    (start (meanOf k))
                    columns
                    roots.Start
                    u.Start
                    (start (firstOf k))
                    rows

                Tiles.addTriangle<Doubles<'L, 'V>, 'V> u.Start second.Start columns rows

    override _.Clear() =
        first.Clear(components * columns * Panel.Lanes)
        second.Clear(Tiles.triangleSize<Doubles<'L, 'V>, 'V> columns)
        pairs.Clear(Tiles.triangleSize<Doubles<'L, 'V>, 'V> rowsOfPairs)

    override _.AddTo sums =
        let firsts, seconds = sums[0], sums[1]
        use pinned = fixed seconds

        for k in 0 .. components - 1 do
            for j in 0 .. features - 1 do
                let sum = Panel.sum (NativePtr.add (firstOf k) (j * Panel.Lanes))
                firsts[k * features + j] <- firsts[k * features + j] + sum

        Tiles.readTriangle<Doubles<'L, 'V>, 'V> second.Start columns pinned features

        if isByPairs then
            let products = Array.zeroCreate (components * components)
            use pinnedProducts = fixed products
            Tiles.readTriangle<Doubles<'L, 'V>, 'V> pairs.Start rowsOfPairs pinnedProducts components

            for k in 1 .. components - 1 do
                for l in 0 .. k - 1 do
                    let product = products[k * components + l]

                    if product > 0.0 then
                        for j in 0 .. features - 1 do
                            set apart j (get means (k * columns + j) - get means (l * columns + j))

                        for i in 0 .. features - 1 do
                            addTimes (product * get apart i) apart.Address (NativePtr.add pinned (i * features))

            for i in 0 .. features - 1 do
                for j in 0 .. i - 1 do
                    seconds[j * features + i] <- seconds[i * features + j]

        2
