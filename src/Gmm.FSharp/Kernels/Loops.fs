namespace Gmm

#nowarn "9" // Pointers: the buffers are pinned.

open System
open FSharp.NativeInterop

/// Loops over the rows of a panel.
[<Optimised>]
module internal Loops =
    let inline at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Whether a column of non-negative numbers is 0 throughout.
    let isZero<'L, 'V when 'L :> ILanes<'V>> (column: nativeptr<float>) rows =
        Span<float>(NativePtr.toVoidPtr column, rows).IndexOfAnyExcept 0.0 < 0

    /// Hands the squared distances ‖xₙ−μ‖² of D columns to `take`, a vector of rows from n on at a time.
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

    /// target[n] += c − ½w²q[n], with q the squared distances ‖x−μ‖² of D columns.
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

    /// The smaller of nearest[n] and ‖xₙ−μ‖², in place.
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

    /// target[n] += c − ½Σⱼ(wⱼ(xⱼ−μⱼ))².
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

    /// target[n] += c − ½‖W(x−μ)‖² for 2 vectors of each column at a time.
    let private addWhitenedByTwo<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        (factor: nativeptr<float>)
        columns
        constant
        (z: nativeptr<float>)
        (target: nativeptr<float>)
        rows
        =
        let width = 'L.Width
        let mutable n = 0

        while n < rows do
            let mutable column = at x n
            let mutable zj = z

            for j in 0 .. columns - 1 do
                let m = 'L.Fill(NativePtr.get mean j)
                'L.Store('L.Subtract('L.Load column, m), zj)
                'L.Store('L.Subtract('L.Load(at column width), m), at zj width)
                column <- at column Panel.Stride
                zj <- at zj (2 * width)

            let mutable q0 = 'L.Zero
            let mutable q1 = 'L.Zero
            let mutable w = factor
            let mutable i = 0

            while i + 4 <= columns do
                let mutable y00 = 'L.Zero
                let mutable y01 = 'L.Zero
                let mutable y10 = 'L.Zero
                let mutable y11 = 'L.Zero
                let mutable y20 = 'L.Zero
                let mutable y21 = 'L.Zero
                let mutable y30 = 'L.Zero
                let mutable y31 = 'L.Zero
                zj <- z

                for _ in 0 .. i + 3 do
                    let z0 = 'L.Load zj
                    let z1 = 'L.Load(at zj width)
                    let w0 = 'L.Fill(NativePtr.read w)
                    y00 <- 'L.Fma(w0, z0, y00)
                    y01 <- 'L.Fma(w0, z1, y01)
                    let w1 = 'L.Fill(NativePtr.get w 1)
                    y10 <- 'L.Fma(w1, z0, y10)
                    y11 <- 'L.Fma(w1, z1, y11)
                    let w2 = 'L.Fill(NativePtr.get w 2)
                    y20 <- 'L.Fma(w2, z0, y20)
                    y21 <- 'L.Fma(w2, z1, y21)
                    let w3 = 'L.Fill(NativePtr.get w 3)
                    y30 <- 'L.Fma(w3, z0, y30)
                    y31 <- 'L.Fma(w3, z1, y31)
                    w <- at w 4
                    zj <- at zj (2 * width)

                q0 <- 'L.Fma(y30, y30, 'L.Fma(y20, y20, 'L.Fma(y10, y10, 'L.Fma(y00, y00, q0))))
                q1 <- 'L.Fma(y31, y31, 'L.Fma(y21, y21, 'L.Fma(y11, y11, 'L.Fma(y01, y01, q1))))
                i <- i + 4

            if i < columns then
                let mutable y00 = 'L.Zero
                let mutable y01 = 'L.Zero
                let mutable y10 = 'L.Zero
                let mutable y11 = 'L.Zero
                zj <- z

                for _ in 0 .. i + 1 do
                    let z0 = 'L.Load zj
                    let z1 = 'L.Load(at zj width)
                    let w0 = 'L.Fill(NativePtr.read w)
                    y00 <- 'L.Fma(w0, z0, y00)
                    y01 <- 'L.Fma(w0, z1, y01)
                    let w1 = 'L.Fill(NativePtr.get w 1)
                    y10 <- 'L.Fma(w1, z0, y10)
                    y11 <- 'L.Fma(w1, z1, y11)
                    w <- at w 2
                    zj <- at zj (2 * width)

                q0 <- 'L.Fma(y10, y10, 'L.Fma(y00, y00, q0))
                q1 <- 'L.Fma(y11, y11, 'L.Fma(y01, y01, q1))

            let half, c = 'L.Fill -0.5, 'L.Fill constant
            let t = at target n
            'L.Store('L.Add('L.Load t, 'L.Fma(q0, half, c)), t)
            'L.Store('L.Add('L.Load(at t width), 'L.Fma(q1, half, c)), at t width)
            n <- n + 2 * width

    /// The same for vectors of which there are 32: 4 of each column at a time.
    let private addWhitenedByFour<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        (factor: nativeptr<float>)
        columns
        constant
        (z: nativeptr<float>)
        (target: nativeptr<float>)
        rows
        =
        let width = 'L.Width
        let mutable n = 0

        while n < rows do
            let mutable column = at x n
            let mutable zj = z

            for j in 0 .. columns - 1 do
                let m = 'L.Fill(NativePtr.get mean j)
                'L.Store('L.Subtract('L.Load column, m), zj)
                'L.Store('L.Subtract('L.Load(at column width), m), at zj width)
                'L.Store('L.Subtract('L.Load(at column (2 * width)), m), at zj (2 * width))
                'L.Store('L.Subtract('L.Load(at column (3 * width)), m), at zj (3 * width))
                column <- at column Panel.Stride
                zj <- at zj (4 * width)

            let mutable q0 = 'L.Zero
            let mutable q1 = 'L.Zero
            let mutable q2 = 'L.Zero
            let mutable q3 = 'L.Zero
            let mutable w = factor
            let mutable i = 0

            while i + 4 <= columns do
                let mutable y00 = 'L.Zero
                let mutable y01 = 'L.Zero
                let mutable y02 = 'L.Zero
                let mutable y03 = 'L.Zero
                let mutable y10 = 'L.Zero
                let mutable y11 = 'L.Zero
                let mutable y12 = 'L.Zero
                let mutable y13 = 'L.Zero
                let mutable y20 = 'L.Zero
                let mutable y21 = 'L.Zero
                let mutable y22 = 'L.Zero
                let mutable y23 = 'L.Zero
                let mutable y30 = 'L.Zero
                let mutable y31 = 'L.Zero
                let mutable y32 = 'L.Zero
                let mutable y33 = 'L.Zero
                zj <- z

                for _ in 0 .. i - 1 do
                    let z0 = 'L.Load(zj)
                    let z1 = 'L.Load(at zj width)
                    let z2 = 'L.Load(at zj (2 * width))
                    let z3 = 'L.Load(at zj (3 * width))
                    let w0 = 'L.Fill(NativePtr.read w)
                    y00 <- 'L.Fma(w0, z0, y00)
                    y01 <- 'L.Fma(w0, z1, y01)
                    y02 <- 'L.Fma(w0, z2, y02)
                    y03 <- 'L.Fma(w0, z3, y03)
                    let w1 = 'L.Fill(NativePtr.get w 1)
                    y10 <- 'L.Fma(w1, z0, y10)
                    y11 <- 'L.Fma(w1, z1, y11)
                    y12 <- 'L.Fma(w1, z2, y12)
                    y13 <- 'L.Fma(w1, z3, y13)
                    let w2 = 'L.Fill(NativePtr.get w 2)
                    y20 <- 'L.Fma(w2, z0, y20)
                    y21 <- 'L.Fma(w2, z1, y21)
                    y22 <- 'L.Fma(w2, z2, y22)
                    y23 <- 'L.Fma(w2, z3, y23)
                    let w3 = 'L.Fill(NativePtr.get w 3)
                    y30 <- 'L.Fma(w3, z0, y30)
                    y31 <- 'L.Fma(w3, z1, y31)
                    y32 <- 'L.Fma(w3, z2, y32)
                    y33 <- 'L.Fma(w3, z3, y33)
                    w <- at w 4
                    zj <- at zj (4 * width)

                // The diagonal: a row less in each column.
                let z0 = 'L.Load(zj)
                let z1 = 'L.Load(at zj width)
                let z2 = 'L.Load(at zj (2 * width))
                let z3 = 'L.Load(at zj (3 * width))
                let w0 = 'L.Fill(NativePtr.read w)
                y00 <- 'L.Fma(w0, z0, y00)
                y01 <- 'L.Fma(w0, z1, y01)
                y02 <- 'L.Fma(w0, z2, y02)
                y03 <- 'L.Fma(w0, z3, y03)
                let w1 = 'L.Fill(NativePtr.get w 1)
                y10 <- 'L.Fma(w1, z0, y10)
                y11 <- 'L.Fma(w1, z1, y11)
                y12 <- 'L.Fma(w1, z2, y12)
                y13 <- 'L.Fma(w1, z3, y13)
                let w2 = 'L.Fill(NativePtr.get w 2)
                y20 <- 'L.Fma(w2, z0, y20)
                y21 <- 'L.Fma(w2, z1, y21)
                y22 <- 'L.Fma(w2, z2, y22)
                y23 <- 'L.Fma(w2, z3, y23)
                let w3 = 'L.Fill(NativePtr.get w 3)
                y30 <- 'L.Fma(w3, z0, y30)
                y31 <- 'L.Fma(w3, z1, y31)
                y32 <- 'L.Fma(w3, z2, y32)
                y33 <- 'L.Fma(w3, z3, y33)
                let z0 = 'L.Load(at zj (4 * width))
                let z1 = 'L.Load(at zj (5 * width))
                let z2 = 'L.Load(at zj (6 * width))
                let z3 = 'L.Load(at zj (7 * width))
                let w1 = 'L.Fill(NativePtr.get w 5)
                y10 <- 'L.Fma(w1, z0, y10)
                y11 <- 'L.Fma(w1, z1, y11)
                y12 <- 'L.Fma(w1, z2, y12)
                y13 <- 'L.Fma(w1, z3, y13)
                let w2 = 'L.Fill(NativePtr.get w 6)
                y20 <- 'L.Fma(w2, z0, y20)
                y21 <- 'L.Fma(w2, z1, y21)
                y22 <- 'L.Fma(w2, z2, y22)
                y23 <- 'L.Fma(w2, z3, y23)
                let w3 = 'L.Fill(NativePtr.get w 7)
                y30 <- 'L.Fma(w3, z0, y30)
                y31 <- 'L.Fma(w3, z1, y31)
                y32 <- 'L.Fma(w3, z2, y32)
                y33 <- 'L.Fma(w3, z3, y33)
                let z0 = 'L.Load(at zj (8 * width))
                let z1 = 'L.Load(at zj (9 * width))
                let z2 = 'L.Load(at zj (10 * width))
                let z3 = 'L.Load(at zj (11 * width))
                let w2 = 'L.Fill(NativePtr.get w 10)
                y20 <- 'L.Fma(w2, z0, y20)
                y21 <- 'L.Fma(w2, z1, y21)
                y22 <- 'L.Fma(w2, z2, y22)
                y23 <- 'L.Fma(w2, z3, y23)
                let w3 = 'L.Fill(NativePtr.get w 11)
                y30 <- 'L.Fma(w3, z0, y30)
                y31 <- 'L.Fma(w3, z1, y31)
                y32 <- 'L.Fma(w3, z2, y32)
                y33 <- 'L.Fma(w3, z3, y33)
                let z0 = 'L.Load(at zj (12 * width))
                let z1 = 'L.Load(at zj (13 * width))
                let z2 = 'L.Load(at zj (14 * width))
                let z3 = 'L.Load(at zj (15 * width))
                let w3 = 'L.Fill(NativePtr.get w 15)
                y30 <- 'L.Fma(w3, z0, y30)
                y31 <- 'L.Fma(w3, z1, y31)
                y32 <- 'L.Fma(w3, z2, y32)
                y33 <- 'L.Fma(w3, z3, y33)
                w <- at w 16
                q0 <- 'L.Fma(y30, y30, 'L.Fma(y20, y20, 'L.Fma(y10, y10, 'L.Fma(y00, y00, q0))))
                q1 <- 'L.Fma(y31, y31, 'L.Fma(y21, y21, 'L.Fma(y11, y11, 'L.Fma(y01, y01, q1))))
                q2 <- 'L.Fma(y32, y32, 'L.Fma(y22, y22, 'L.Fma(y12, y12, 'L.Fma(y02, y02, q2))))
                q3 <- 'L.Fma(y33, y33, 'L.Fma(y23, y23, 'L.Fma(y13, y13, 'L.Fma(y03, y03, q3))))
                i <- i + 4

            if i < columns then
                let mutable y00 = 'L.Zero
                let mutable y01 = 'L.Zero
                let mutable y02 = 'L.Zero
                let mutable y03 = 'L.Zero
                let mutable y10 = 'L.Zero
                let mutable y11 = 'L.Zero
                let mutable y12 = 'L.Zero
                let mutable y13 = 'L.Zero
                zj <- z

                for _ in 0 .. i + 1 do
                    let z0 = 'L.Load(zj)
                    let z1 = 'L.Load(at zj width)
                    let z2 = 'L.Load(at zj (2 * width))
                    let z3 = 'L.Load(at zj (3 * width))
                    let w0 = 'L.Fill(NativePtr.read w)
                    y00 <- 'L.Fma(w0, z0, y00)
                    y01 <- 'L.Fma(w0, z1, y01)
                    y02 <- 'L.Fma(w0, z2, y02)
                    y03 <- 'L.Fma(w0, z3, y03)
                    let w1 = 'L.Fill(NativePtr.get w 1)
                    y10 <- 'L.Fma(w1, z0, y10)
                    y11 <- 'L.Fma(w1, z1, y11)
                    y12 <- 'L.Fma(w1, z2, y12)
                    y13 <- 'L.Fma(w1, z3, y13)
                    w <- at w 2
                    zj <- at zj (4 * width)

                q0 <- 'L.Fma(y10, y10, 'L.Fma(y00, y00, q0))
                q1 <- 'L.Fma(y11, y11, 'L.Fma(y01, y01, q1))
                q2 <- 'L.Fma(y12, y12, 'L.Fma(y02, y02, q2))
                q3 <- 'L.Fma(y13, y13, 'L.Fma(y03, y03, q3))

            let half, c = 'L.Fill -0.5, 'L.Fill constant
            let t = at target n
            'L.Store('L.Add('L.Load t, 'L.Fma(q0, half, c)), t)
            'L.Store('L.Add('L.Load(at t width), 'L.Fma(q1, half, c)), at t width)
            'L.Store('L.Add('L.Load(at t (2 * width)), 'L.Fma(q2, half, c)), at t (2 * width))
            'L.Store('L.Add('L.Load(at t (3 * width)), 'L.Fma(q3, half, c)), at t (3 * width))
            n <- n + 4 * width

    /// target[n] += c − ½‖W(x−μ)‖², W lower triangular and packed by `packTriangle`, of an even number of columns. `z` has
    /// room for 32 rows of each.
    let addWhitened<'L, 'V when 'L :> ILanes<'V>> x mean factor columns constant z target rows =
        if 'L.Width = 8 then
            addWhitenedByFour<'L, 'V> x mean factor columns constant z target rows
        else
            addWhitenedByTwo<'L, 'V> x mean factor columns constant z target rows

    /// How many numbers a packed lower triangle of an even number of columns takes.
    let packedSize columns =
        let mutable total, i = 0, 0

        while i < columns do
            let group = min 4 (columns - i)
            total <- total + group * (i + group)
            i <- i + group

        total

    /// Packs a lower triangular D×D matrix for rows taken four at a time, and two at the end: for each group of rows,
    /// column after column, with 0 above the diagonal and beyond D.
    let packTriangle (matrix: ReadOnlySpan<float>) dimension (target: nativeptr<float>) =
        let columns = Panel.even dimension
        let mutable next, i = target, 0

        while i < columns do
            let group = min 4 (columns - i)

            for j in 0 .. i + group - 1 do
                for m in i .. i + group - 1 do
                    let isInside = m < dimension && j <= m
                    NativePtr.write next (if isInside then matrix[m * dimension + j] else 0.0)
                    next <- at next 1

            i <- i + group

    /// √r.
    let roots<'L, 'V when 'L :> ILanes<'V>> (r: nativeptr<float>) (target: nativeptr<float>) rows =
        let mutable n = 0

        while n < rows do
            'L.Store('L.Sqrt('L.Load(at r n)), at target n)
            n <- n + 'L.Width

    /// u ← √r·(x − μ), and Σₙ √r·u added to sums (D×8), of an even number of columns.
    let weigh<'L, 'V when 'L :> ILanes<'V>>
        (x: nativeptr<float>)
        (mean: nativeptr<float>)
        columns
        (roots: nativeptr<float>)
        (u: nativeptr<float>)
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
                let mutable target = at u (j * Panel.Stride + lane)
                let mutable n = lane

                while n < rows do
                    let root = 'L.Load(at roots n)
                    let u0 = 'L.Multiply(root, 'L.Subtract('L.Load column, m0))
                    let u1 = 'L.Multiply(root, 'L.Subtract('L.Load(at column Panel.Stride), m1))
                    'L.Store(u0, target)
                    'L.Store(u1, at target Panel.Stride)
                    s0 <- 'L.Fma(root, u0, s0)
                    s1 <- 'L.Fma(root, u1, s1)
                    column <- at column Panel.Lanes
                    target <- at target Panel.Lanes
                    n <- n + Panel.Lanes

                'L.Store(s0, sum)
                'L.Store(s1, at sum Panel.Lanes)
                lane <- lane + 'L.Width

            j <- j + 2

    /// Adds Σₙ rₙ(xₙ−μ) to sums (D×8) of an even number of columns.
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

    /// Adds Σₙ rₙ(xₙ−μ) to `first` and Σₙ rₙ(xₙ−μ)² to `second` (D×8 each) of an even number of columns.
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
            let m0, m1 = 'L.Fill(NativePtr.get mean j), 'L.Fill(NativePtr.get mean (j + 1))
            let mutable lane = 0

            while lane < Panel.Lanes do
                let sum = at first (j * Panel.Lanes + lane)
                let square = at second (j * Panel.Lanes + lane)
                let mutable s0 = 'L.Load sum
                let mutable s1 = 'L.Load(at sum Panel.Lanes)
                let mutable t0 = 'L.Load square
                let mutable t1 = 'L.Load(at square Panel.Lanes)
                let mutable column = at x (j * Panel.Stride + lane)
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

            j <- j + 2
