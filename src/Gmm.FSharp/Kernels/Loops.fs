namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// Loops over the rows of a panel.
[<Optimised>]
module internal Loops =
    /// Returns the address of number i from an address on.
    let inline at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Returns an address as a native integer.
    let inline start (address: nativeptr<float>) = NativePtr.toNativeInt address

    /// Sets every number of a column.
    let fill<'L, 'V when 'L :> ILanes<'V>> (column: nativeptr<float>) (value: float) rows =
        let vector = 'L.Fill value
        let mutable n = 0

        while n < rows do
            'L.Store(vector, at column n)
            n <- n + 'L.Width

    /// Returns whether every number of a column is 0; the numbers are not negative.
    let isZero<'N, 'V when 'N :> IVectors<'V>> (column: nativeint) rows =
        Span<byte>(column.ToPointer(), int ('N.At(0n, rows))).IndexOfAnyExcept 0uy < 0

    /// Passes the squared distances ‖xₙ−m‖² over D columns to `take`, two vectors of rows from n on at a time.
    let inline onDistances<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        columns
        rows
        ([<InlineIfLambda>] take: 'V -> 'V -> int -> unit)
        =
        let width = 'N.Width
        let mutable n = 0

        while n < rows do
            let mutable q0 = 'N.Zero
            let mutable q1 = 'N.Zero
            let mutable q2 = 'N.Zero
            let mutable q3 = 'N.Zero
            let mutable column = 'N.At(x, n)

            for j in 0 .. columns - 1 do
                let m = 'N.Fill('N.At(mean, j))
                let z0 = 'N.Subtract('N.Load column, m)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), m)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * width)), m)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * width)), m)
                q0 <- 'N.Fma(z0, z0, q0)
                q1 <- 'N.Fma(z1, z1, q1)
                q2 <- 'N.Fma(z2, z2, q2)
                q3 <- 'N.Fma(z3, z3, q3)
                column <- 'N.At(column, 'N.Stride)

            take q0 q1 n
            take q2 q3 (n + 2 * width)
            n <- n + 4 * width

    /// Adds c − ½q[n] to target[n], where q are the squared distances ‖x−m‖² over D columns.
    let addDistances<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        columns
        constant
        (target: nativeptr<float>)
        rows
        =
        onDistances<'N, 'V> x mean columns rows (fun q0 q1 n -> 'N.AddScaled(q0, q1, -0.5, constant, at target n))

    /// Lowers nearest[n] to the least squared distance of row n to the centres k from `first` to `last` − 1, an even
    /// number of them, where one is less, and sets winners[n] to that k, the first of equals. Centres have D numbers
    /// and lie `step` numbers apart. The loop takes two at a time, so that it loads every number of a row half as
    /// often.
    let findNearest<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (centres: nativeptr<float>)
        step
        columns
        first
        last
        (nearest: nativeptr<float>)
        (winners: nativeptr<float>)
        rows
        =
        let width = 'L.Width
        let mutable n = 0

        while n < rows do
            let mutable nearest0 = 'L.Load(at nearest n)
            let mutable nearest1 = 'L.Load(at nearest (n + width))
            let mutable nearest2 = 'L.Load(at nearest (n + 2 * width))
            let mutable nearest3 = 'L.Load(at nearest (n + 3 * width))
            let mutable winner0 = 'L.Load(at winners n)
            let mutable winner1 = 'L.Load(at winners (n + width))
            let mutable winner2 = 'L.Load(at winners (n + 2 * width))
            let mutable winner3 = 'L.Load(at winners (n + 3 * width))
            let mutable k = first

            while k < last do
                let mutable p0 = 'L.Zero
                let mutable p1 = 'L.Zero
                let mutable p2 = 'L.Zero
                let mutable p3 = 'L.Zero
                let mutable q0 = 'L.Zero
                let mutable q1 = 'L.Zero
                let mutable q2 = 'L.Zero
                let mutable q3 = 'L.Zero
                let mutable column = at x n
                let mutable centre = at centres (k * step)

                for _ in 1..columns do
                    let m, m' = 'L.Fill(NativePtr.read centre), 'L.Fill(NativePtr.get centre step)
                    let v = 'L.Load column
                    let y, z = 'L.Subtract(v, m), 'L.Subtract(v, m')
                    p0 <- 'L.Fma(y, y, p0)
                    q0 <- 'L.Fma(z, z, q0)
                    let v = 'L.Load(at column width)
                    let y, z = 'L.Subtract(v, m), 'L.Subtract(v, m')
                    p1 <- 'L.Fma(y, y, p1)
                    q1 <- 'L.Fma(z, z, q1)
                    let v = 'L.Load(at column (2 * width))
                    let y, z = 'L.Subtract(v, m), 'L.Subtract(v, m')
                    p2 <- 'L.Fma(y, y, p2)
                    q2 <- 'L.Fma(z, z, q2)
                    let v = 'L.Load(at column (3 * width))
                    let y, z = 'L.Subtract(v, m), 'L.Subtract(v, m')
                    p3 <- 'L.Fma(y, y, p3)
                    q3 <- 'L.Fma(z, z, q3)
                    column <- at column Panel.Stride
                    centre <- at centre 1

                let number, number' = 'L.Fill(float k), 'L.Fill(float (k + 1))
                winner0 <- 'L.WhereLess(p0, nearest0, number, winner0)
                nearest0 <- 'L.WhereLess(p0, nearest0, p0, nearest0)
                winner0 <- 'L.WhereLess(q0, nearest0, number', winner0)
                nearest0 <- 'L.WhereLess(q0, nearest0, q0, nearest0)
                winner1 <- 'L.WhereLess(p1, nearest1, number, winner1)
                nearest1 <- 'L.WhereLess(p1, nearest1, p1, nearest1)
                winner1 <- 'L.WhereLess(q1, nearest1, number', winner1)
                nearest1 <- 'L.WhereLess(q1, nearest1, q1, nearest1)
                winner2 <- 'L.WhereLess(p2, nearest2, number, winner2)
                nearest2 <- 'L.WhereLess(p2, nearest2, p2, nearest2)
                winner2 <- 'L.WhereLess(q2, nearest2, number', winner2)
                nearest2 <- 'L.WhereLess(q2, nearest2, q2, nearest2)
                winner3 <- 'L.WhereLess(p3, nearest3, number, winner3)
                nearest3 <- 'L.WhereLess(p3, nearest3, p3, nearest3)
                winner3 <- 'L.WhereLess(q3, nearest3, number', winner3)
                nearest3 <- 'L.WhereLess(q3, nearest3, q3, nearest3)
                k <- k + 2

            'L.Store(nearest0, at nearest n)
            'L.Store(nearest1, at nearest (n + width))
            'L.Store(nearest2, at nearest (n + 2 * width))
            'L.Store(nearest3, at nearest (n + 3 * width))
            'L.Store(winner0, at winners n)
            'L.Store(winner1, at winners (n + width))
            'L.Store(winner2, at winners (n + 2 * width))
            'L.Store(winner3, at winners (n + 3 * width))
            n <- n + 4 * width

    /// Replaces nearest[n] by the smaller of nearest[n] and ‖xₙ−μ‖².
    let lowerDistances<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        (nearest: nativeptr<float>)
        rows
        =
        let inline lower q n =
            let least = 'L.Load(at nearest n)
            'L.Store('L.WhereLess(q, least, q, least), at nearest n)

        onDistances<Doubles<'L, 'V>, 'V> (start x) (start mean) columns rows (fun q0 q1 n ->
            lower q0 n
            lower q1 (n + 'L.Width))

    /// Adds Σₙ wₙ min(nearest[n], ‖xₙ−μ‖²) to 8 sums.
    let sumDistances<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        (weights: nativeptr<float>)
        (nearest: nativeptr<float>)
        (sums: nativeptr<float>)
        rows
        =
        let inline add q n =
            let least = 'L.Load(at nearest n)
            let lower = 'L.WhereLess(q, least, q, least)
            let sum = at sums (n % Panel.Lanes)
            'L.Store('L.Add('L.Load sum, 'L.Multiply('L.Load(at weights n), lower)), sum)

        onDistances<Doubles<'L, 'V>, 'V> (start x) (start mean) columns rows (fun q0 q1 n ->
            add q0 n
            add q1 (n + 'L.Width))

    /// Adds Σₙ rₙ(xₙ−μ) to sums (D×8), for an even number of columns.
    let addFirst<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        (r: nativeptr<float>)
        (sums: nativeptr<float>)
        rows
        =
        let mutable j = 0

        while j < columns do
            let m0, m1 = 'L.Fill(NativePtr.get mean j), 'L.Fill(NativePtr.get mean (j + 1))
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sum = at sums (j * Panel.Lanes + lane)
                let mutable s0 = 'L.Load sum
                let mutable s1 = 'L.Load(at sum Panel.Lanes)
                let mutable column = at x (j * Panel.Stride + lane)
                let mutable p = at r lane
                let mutable n = lane

                while n < rows do
                    let r = 'L.Load p
                    s0 <- 'L.Fma(r, 'L.Subtract('L.Load column, m0), s0)
                    s1 <- 'L.Fma(r, 'L.Subtract('L.Load(at column Panel.Stride), m1), s1)
                    column <- at column Panel.Lanes
                    p <- at p Panel.Lanes
                    n <- n + Panel.Lanes

                'L.Store(s0, sum)
                'L.Store(s1, at sum Panel.Lanes)
                lane <- lane + 'L.Width

            j <- j + 2

    let inline private addRowsBy<'L, 'V, 'E when 'L :> ILanes<'V> and 'E: unmanaged>
        ([<InlineIfLambda>] load: nativeptr<'E> -> 'V)
        (x: nativeptr<'E>)
        width
        (panel: PanelState)
        (centres: nativeptr<float>)
        (sums: nativeptr<float>)
        columns
        =
        let weights, winners, counts = panel.Weights.Address, panel.Winners.Address, panel.Counts.Address
        let squares = NativePtr.stackalloc<float> Panel.Lanes
        let mutable lane = 0

        while lane < Panel.Lanes do
            let mutable square = 'L.Zero
            let mutable row = NativePtr.add x lane

            for n in 0 .. panel.Count - 1 do
                let weight, k = NativePtr.get weights n, Double.ConvertToIntegerNative<int>(NativePtr.get winners n)
                let w, place = 'L.Fill weight, lane + columns * k
                let centre, sum = at centres place, at sums place
                let mutable ofRow = 'L.Zero
                let mutable j = 0

                while j < columns do
                    let z = 'L.Subtract(load (NativePtr.add row j), 'L.Load(at centre j))
                    let weighted = 'L.Multiply(w, z)
                    ofRow <- 'L.Fma(weighted, z, ofRow)
                    'L.Store('L.Add('L.Load(at sum j), weighted), at sum j)
                    j <- j + Panel.Lanes

                square <- 'L.Add(square, ofRow)
                row <- NativePtr.add row width

                if lane = 0 then
                    let count = at counts (k * Panel.Lanes + (n &&& (Panel.Lanes - 1)))
                    NativePtr.write count (NativePtr.read count + weight)

            'L.Store(square, at squares lane)
            lane <- lane + 'L.Width

        Panel.sum squares

    /// Adds wₙ(xₙ−μₖ) to the sum of the winner k of each row of a panel, row by row, and wₙ to its count, which has 8
    /// partial sums. Returns Σₙ wₙ‖xₙ−μₖ‖². Rows lie `width` numbers apart; centres and sums (K×D) lie `columns`
    /// numbers apart, a multiple of 8.
    let addRows<'L, 'V when 'L :> ILanes<'V>> x width panel centres sums columns =
        addRowsBy<'L, 'V, float> (fun address -> 'L.Load address) x width panel centres sums columns

    /// Does what `addRows` does, with rows of float32.
    let addSingleRows<'L, 'V when 'L :> ILanes<'V>> x width panel centres sums columns =
        addRowsBy<'L, 'V, float32> (fun address -> 'L.LoadSingle address) x width panel centres sums columns
