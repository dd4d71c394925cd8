namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open FSharp.NativeInterop

/// Loops over the rows of a panel.
[<Optimised>]
module internal Loops =
    /// Returns the address of number i from an address on.
    let inline at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Returns whether every number of a column is 0; the numbers are not negative.
    let isZero (column: nativeptr<float>) rows = Span<float>(NativePtr.toVoidPtr column, rows).IndexOfAnyExcept 0.0 < 0

    /// Passes the squared distances ‖xₙ−μ‖² over D columns to `take`, one vector of rows from n on at a time.
    let inline private onDistances<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        rows
        ([<InlineIfLambda>] take: 'V -> int -> unit)
        =
        let width = 'L.Width
        let mutable n = 0

        while n < rows do
            let mutable q0 = 'L.Zero
            let mutable q1 = 'L.Zero
            let mutable q2 = 'L.Zero
            let mutable q3 = 'L.Zero
            let mutable column = at x n

            for j in 0 .. columns - 1 do
                let m = 'L.Fill(NativePtr.get mean j)
                let z0 = 'L.Subtract('L.Load column, m)
                let z1 = 'L.Subtract('L.Load(at column width), m)
                let z2 = 'L.Subtract('L.Load(at column (2 * width)), m)
                let z3 = 'L.Subtract('L.Load(at column (3 * width)), m)
                q0 <- 'L.Fma(z0, z0, q0)
                q1 <- 'L.Fma(z1, z1, q1)
                q2 <- 'L.Fma(z2, z2, q2)
                q3 <- 'L.Fma(z3, z3, q3)
                column <- at column Panel.Stride

            take q0 n
            take q1 (n + width)
            take q2 (n + 2 * width)
            take q3 (n + 3 * width)
            n <- n + 4 * width

    /// Adds c − ½w²q[n] to target[n], where q are the squared distances ‖x−μ‖² over D columns and w is `factor`.
    let addDistances<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        factor
        constant
        (target: nativeptr<float>)
        rows
        =
        let w, half, c = 'L.Fill factor, 'L.Fill -0.5, 'L.Fill constant

        onDistances<'L, 'V> x mean columns rows (fun q n ->
            let scaled = 'L.Multiply('L.Multiply(q, w), w)
            'L.Store('L.Add('L.Load(at target n), 'L.Fma(scaled, half, c)), at target n))

    /// Lowers nearest[n] to the least squared distance of row n to the centres k from `first` to `last` − 1, an even number
    /// of them, where one is less, and sets winners[n] to that k, the first of equals. Centres have D numbers and lie `step`
    /// numbers apart. The loop takes two at a time, so that it loads every number of a row half as often.
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
        onDistances<'L, 'V> x mean columns rows (fun q n ->
            let least = 'L.Load(at nearest n)
            'L.Store('L.WhereLess(q, least, q, least), at nearest n))

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
        onDistances<'L, 'V> x mean columns rows (fun q n ->
            let least = 'L.Load(at nearest n)
            let lower = 'L.WhereLess(q, least, q, least)
            let sum = at sums (n % Panel.Lanes)
            'L.Store('L.Add('L.Load sum, 'L.Multiply('L.Load(at weights n), lower)), sum))

    /// Adds c − ½Σⱼ(wⱼ(xⱼ−μⱼ))² to target[n].
    let addScaledDistances<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        (factors: nativeptr<float>)
        columns
        constant
        (target: nativeptr<float>)
        rows
        =
        let width = 'L.Width
        let mutable n = 0

        while n < rows do
            let mutable q0 = 'L.Zero
            let mutable q1 = 'L.Zero
            let mutable q2 = 'L.Zero
            let mutable q3 = 'L.Zero
            let mutable column = at x n

            for j in 0 .. columns - 1 do
                let m = 'L.Fill(NativePtr.get mean j)
                let w = 'L.Fill(NativePtr.get factors j)
                let y0 = 'L.Multiply('L.Subtract('L.Load column, m), w)
                let y1 = 'L.Multiply('L.Subtract('L.Load(at column width), m), w)
                let y2 = 'L.Multiply('L.Subtract('L.Load(at column (2 * width)), m), w)
                let y3 = 'L.Multiply('L.Subtract('L.Load(at column (3 * width)), m), w)
                q0 <- 'L.Fma(y0, y0, q0)
                q1 <- 'L.Fma(y1, y1, q1)
                q2 <- 'L.Fma(y2, y2, q2)
                q3 <- 'L.Fma(y3, y3, q3)
                column <- at column Panel.Stride

            let half, c = 'L.Fill -0.5, 'L.Fill constant
            let t = at target n

            let inline finish q i =
                let i = i * width
                'L.Store('L.Add('L.Load(at t i), 'L.Fma(q, half, c)), at t i)

            finish q0 0
            finish q1 1
            finish q2 2
            finish q3 3
            n <- n + 4 * width

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

    /// Adds wₙ(xₙ−μₖ) to the sum of the winner k of each row, row by row, and wₙ to its count, which has 8 partial sums.
    /// Returns Σₙ wₙ‖xₙ−μₖ‖². Rows lie `width` numbers apart; centres and sums (K×D) lie `columns` numbers apart, a multiple
    /// of 8.
    let addRows<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        width
        (weights: nativeptr<float>)
        (winners: nativeptr<float>)
        (centres: nativeptr<float>)
        (sums: nativeptr<float>)
        (counts: nativeptr<float>)
        columns
        rows
        =
        let squares = NativePtr.stackalloc<float> Panel.Lanes
        let mutable lane = 0

        while lane < Panel.Lanes do
            let mutable square = 'L.Zero
            let mutable row = at x lane

            for n in 0 .. rows - 1 do
                let weight, k = NativePtr.get weights n, Double.ConvertToIntegerNative<int>(NativePtr.get winners n)
                let w, place = 'L.Fill weight, lane + columns * k
                let centre, sum = at centres place, at sums place
                let mutable ofRow = 'L.Zero
                let mutable j = 0

                while j < columns do
                    let z = 'L.Subtract('L.Load(at row j), 'L.Load(at centre j))
                    let weighted = 'L.Multiply(w, z)
                    ofRow <- 'L.Fma(weighted, z, ofRow)
                    'L.Store('L.Add('L.Load(at sum j), weighted), at sum j)
                    j <- j + Panel.Lanes

                square <- 'L.Add(square, ofRow)
                row <- at row width

                if lane = 0 then
                    let count = at counts (k * Panel.Lanes + (n &&& (Panel.Lanes - 1)))
                    NativePtr.write count (NativePtr.read count + weight)

            'L.Store(square, at squares lane)
            lane <- lane + 'L.Width

        Panel.sum squares

    /// Adds Σₙ rₙ(xₙ−μ) to `first` and Σₙ rₙ(xₙ−μ)² to `second` for 4 columns (4×8 each).
    let private addFourFirstAndSquares<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        (r: nativeptr<float>)
        (first: nativeptr<float>)
        (second: nativeptr<float>)
        rows
        =
        let m0, m1 = 'L.Fill(NativePtr.read mean), 'L.Fill(NativePtr.get mean 1)
        let m2, m3 = 'L.Fill(NativePtr.get mean 2), 'L.Fill(NativePtr.get mean 3)
        let mutable lane = 0

        while lane < Panel.Lanes do
            let sum, square = at first lane, at second lane
            let mutable s0 = 'L.Load sum
            let mutable s1 = 'L.Load(at sum Panel.Lanes)
            let mutable s2 = 'L.Load(at sum (2 * Panel.Lanes))
            let mutable s3 = 'L.Load(at sum (3 * Panel.Lanes))
            let mutable t0 = 'L.Load square
            let mutable t1 = 'L.Load(at square Panel.Lanes)
            let mutable t2 = 'L.Load(at square (2 * Panel.Lanes))
            let mutable t3 = 'L.Load(at square (3 * Panel.Lanes))
            let mutable column = at x lane
            let mutable p = at r lane
            let mutable n = lane

            while n < rows do
                let r = 'L.Load p
                let z0 = 'L.Subtract('L.Load column, m0)
                let rz0 = 'L.Multiply(r, z0)
                s0 <- 'L.Add(s0, rz0)
                t0 <- 'L.Fma(z0, rz0, t0)
                let z1 = 'L.Subtract('L.Load(at column Panel.Stride), m1)
                let rz1 = 'L.Multiply(r, z1)
                s1 <- 'L.Add(s1, rz1)
                t1 <- 'L.Fma(z1, rz1, t1)
                let z2 = 'L.Subtract('L.Load(at column (2 * Panel.Stride)), m2)
                let rz2 = 'L.Multiply(r, z2)
                s2 <- 'L.Add(s2, rz2)
                t2 <- 'L.Fma(z2, rz2, t2)
                let z3 = 'L.Subtract('L.Load(at column (3 * Panel.Stride)), m3)
                let rz3 = 'L.Multiply(r, z3)
                s3 <- 'L.Add(s3, rz3)
                t3 <- 'L.Fma(z3, rz3, t3)
                column <- at column Panel.Lanes
                p <- at p Panel.Lanes
                n <- n + Panel.Lanes

            'L.Store(s0, sum)
            'L.Store(s1, at sum Panel.Lanes)
            'L.Store(s2, at sum (2 * Panel.Lanes))
            'L.Store(s3, at sum (3 * Panel.Lanes))
            'L.Store(t0, square)
            'L.Store(t1, at square Panel.Lanes)
            'L.Store(t2, at square (2 * Panel.Lanes))
            'L.Store(t3, at square (3 * Panel.Lanes))
            lane <- lane + 'L.Width

    /// Adds Σₙ rₙ(xₙ−μ) to `first` and Σₙ rₙ(xₙ−μ)² to `second` for 2 columns (2×8 each).
    let private addTwoFirstAndSquares<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        (r: nativeptr<float>)
        (first: nativeptr<float>)
        (second: nativeptr<float>)
        rows
        =
        let m0, m1 = 'L.Fill(NativePtr.read mean), 'L.Fill(NativePtr.get mean 1)
        let mutable lane = 0

        while lane < Panel.Lanes do
            let sum, square = at first lane, at second lane
            let mutable s0 = 'L.Load sum
            let mutable s1 = 'L.Load(at sum Panel.Lanes)
            let mutable t0 = 'L.Load square
            let mutable t1 = 'L.Load(at square Panel.Lanes)
            let mutable column = at x lane
            let mutable p = at r lane
            let mutable n = lane

            while n < rows do
                let r = 'L.Load p
                let z0 = 'L.Subtract('L.Load column, m0)
                let z1 = 'L.Subtract('L.Load(at column Panel.Stride), m1)
                let rz0, rz1 = 'L.Multiply(r, z0), 'L.Multiply(r, z1)
                s0 <- 'L.Add(s0, rz0)
                s1 <- 'L.Add(s1, rz1)
                t0 <- 'L.Fma(z0, rz0, t0)
                t1 <- 'L.Fma(z1, rz1, t1)
                column <- at column Panel.Lanes
                p <- at p Panel.Lanes
                n <- n + Panel.Lanes

            'L.Store(s0, sum)
            'L.Store(s1, at sum Panel.Lanes)
            'L.Store(t0, square)
            'L.Store(t1, at square Panel.Lanes)
            lane <- lane + 'L.Width

    /// Adds Σₙ rₙ(xₙ−μ) to `first` and Σₙ rₙ(xₙ−μ)² to `second` (D×8 each), for an even number of columns.
    let addFirstAndSquares<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        (r: nativeptr<float>)
        (first: nativeptr<float>)
        (second: nativeptr<float>)
        rows
        =
        let mutable j = 0

        while j < columns do
            let x, mean = at x (j * Panel.Stride), at mean j
            let first, second = at first (j * Panel.Lanes), at second (j * Panel.Lanes)

            // Eight sums need more than 16 vector registers.
            if 'L.Width = Panel.Lanes && j + 4 <= columns then
                addFourFirstAndSquares<'L, 'V> x mean r first second rows
                j <- j + 4
            else
                addTwoFirstAndSquares<'L, 'V> x mean r first second rows
                j <- j + 2
