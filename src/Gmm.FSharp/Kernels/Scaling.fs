namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// The loops over the rows of a panel that diagonal and spherical covariances need.
[<Optimised>]
module internal Scaling =
    /// Adds c − ½w²q[n] to target[n], where q are the squared distances ‖x−m‖² over D columns and w lies at `factor`.
    let addDistances<'N, 'V when 'N :> IVectors<'V>> x mean columns factor constant (target: nativeptr<float>) rows =
        let w = 'N.Fill factor

        let inline scaled q = 'N.Multiply('N.Multiply(q, w), w)

        Loops.onDistances<'N, 'V> x mean columns rows (fun q0 q1 n ->
            'N.AddScaled(scaled q0, scaled q1, -0.5, constant, NativePtr.add target n))

    /// Does what `addDistances` does, for two components. The loop loads every number of a row half as often.
    let addTwoDistances<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (struct (mean: nativeint, mean': nativeint))
        columns
        (struct (factor: nativeint, factor': nativeint))
        (struct (constant, constant'))
        (struct (target: nativeptr<float>, target': nativeptr<float>))
        rows
        =
        let width = 'N.Width
        let w, w' = 'N.Fill factor, 'N.Fill factor'
        let mutable n = 0

        while n < rows do
            let mutable p0 = 'N.Zero
            let mutable p1 = 'N.Zero
            let mutable p2 = 'N.Zero
            let mutable p3 = 'N.Zero
            let mutable q0 = 'N.Zero
            let mutable q1 = 'N.Zero
            let mutable q2 = 'N.Zero
            let mutable q3 = 'N.Zero
            let mutable column = 'N.At(x, n)

            for j in 0 .. columns - 1 do
                let m, m' = 'N.Fill('N.At(mean, j)), 'N.Fill('N.At(mean', j))
                let v = 'N.Load column
                let y, z = 'N.Subtract(v, m), 'N.Subtract(v, m')
                p0 <- 'N.Fma(y, y, p0)
                q0 <- 'N.Fma(z, z, q0)
                let v = 'N.Load('N.At(column, width))
                let y, z = 'N.Subtract(v, m), 'N.Subtract(v, m')
                p1 <- 'N.Fma(y, y, p1)
                q1 <- 'N.Fma(z, z, q1)
                let v = 'N.Load('N.At(column, 2 * width))
                let y, z = 'N.Subtract(v, m), 'N.Subtract(v, m')
                p2 <- 'N.Fma(y, y, p2)
                q2 <- 'N.Fma(z, z, q2)
                let v = 'N.Load('N.At(column, 3 * width))
                let y, z = 'N.Subtract(v, m), 'N.Subtract(v, m')
                p3 <- 'N.Fma(y, y, p3)
                q3 <- 'N.Fma(z, z, q3)
                column <- 'N.At(column, 'N.Stride)

            let inline scaled q = 'N.Multiply('N.Multiply(q, w), w)
            let inline scaled' q = 'N.Multiply('N.Multiply(q, w'), w')
            let t, t' = NativePtr.add target n, NativePtr.add target' n
            'N.AddScaled(scaled p0, scaled p1, -0.5, constant, t)
            'N.AddScaled(scaled p2, scaled p3, -0.5, constant, NativePtr.add t (2 * width))
            'N.AddScaled(scaled' q0, scaled' q1, -0.5, constant', t')
            'N.AddScaled(scaled' q2, scaled' q3, -0.5, constant', NativePtr.add t' (2 * width))
            n <- n + 4 * width

    /// Adds c + hΣⱼ(wⱼ(xⱼ−mⱼ)+sⱼ)² to target[n], where h is −½ but for rounding. Only in float32 are there shifts s.
    let addScaledDistances<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (factors: nativeint)
        (shifts: nativeint)
        columns
        half
        constant
        (target: nativeptr<float>)
        rows
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
                let m, w = 'N.Fill('N.At(mean, j)), 'N.Fill('N.At(factors, j))
                let z0 = 'N.Subtract('N.Load column, m)
                let z1 = 'N.Subtract('N.Load('N.At(column, width)), m)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * width)), m)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * width)), m)

                let s = if 'N.IsRounded then 'N.Fill('N.At(shifts, j)) else w
                let inline scaled z = if 'N.IsRounded then 'N.Fma(z, w, s) else 'N.Multiply(z, w)
                let y0, y1, y2, y3 = scaled z0, scaled z1, scaled z2, scaled z3
                q0 <- 'N.Fma(y0, y0, q0)
                q1 <- 'N.Fma(y1, y1, q1)
                q2 <- 'N.Fma(y2, y2, q2)
                q3 <- 'N.Fma(y3, y3, q3)
                column <- 'N.At(column, 'N.Stride)

            let t = NativePtr.add target n
            'N.AddScaled(q0, q1, half, constant, t)
            'N.AddScaled(q2, q3, half, constant, NativePtr.add t (2 * width))
            n <- n + 4 * width

    /// Adds Σₙ rₙ(xₙ−m) to `first` and Σₙ rₙ(xₙ−m)² to `second` for 4 columns (4×lanes each).
    let private addFourFirstAndSquares<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (r: nativeint)
        (first: nativeint)
        (second: nativeint)
        rows
        =
        let m0, m1 = 'N.Fill mean, 'N.Fill('N.At(mean, 1))
        let m2, m3 = 'N.Fill('N.At(mean, 2)), 'N.Fill('N.At(mean, 3))
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sum, square = 'N.At(first, lane), 'N.At(second, lane)
            let mutable s0 = 'N.Load sum
            let mutable s1 = 'N.Load('N.At(sum, 'N.Lanes))
            let mutable s2 = 'N.Load('N.At(sum, 2 * 'N.Lanes))
            let mutable s3 = 'N.Load('N.At(sum, 3 * 'N.Lanes))
            let mutable t0 = 'N.Load square
            let mutable t1 = 'N.Load('N.At(square, 'N.Lanes))
            let mutable t2 = 'N.Load('N.At(square, 2 * 'N.Lanes))
            let mutable t3 = 'N.Load('N.At(square, 3 * 'N.Lanes))
            let mutable column = 'N.At(x, lane)
            let mutable p = 'N.At(r, lane)
            let mutable n = lane

            while n < rows do
                let r = 'N.Load p
                let z0 = 'N.Subtract('N.Load column, m0)
                let rz0 = 'N.Multiply(r, z0)
                s0 <- 'N.Add(s0, rz0)
                t0 <- 'N.Fma(z0, rz0, t0)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), m1)
                let rz1 = 'N.Multiply(r, z1)
                s1 <- 'N.Add(s1, rz1)
                t1 <- 'N.Fma(z1, rz1, t1)
                let z2 = 'N.Subtract('N.Load('N.At(column, 2 * 'N.Stride)), m2)
                let rz2 = 'N.Multiply(r, z2)
                s2 <- 'N.Add(s2, rz2)
                t2 <- 'N.Fma(z2, rz2, t2)
                let z3 = 'N.Subtract('N.Load('N.At(column, 3 * 'N.Stride)), m3)
                let rz3 = 'N.Multiply(r, z3)
                s3 <- 'N.Add(s3, rz3)
                t3 <- 'N.Fma(z3, rz3, t3)
                column <- 'N.At(column, 'N.Lanes)
                p <- 'N.At(p, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s0, sum)
            'N.Store(s1, 'N.At(sum, 'N.Lanes))
            'N.Store(s2, 'N.At(sum, 2 * 'N.Lanes))
            'N.Store(s3, 'N.At(sum, 3 * 'N.Lanes))
            'N.Store(t0, square)
            'N.Store(t1, 'N.At(square, 'N.Lanes))
            'N.Store(t2, 'N.At(square, 2 * 'N.Lanes))
            'N.Store(t3, 'N.At(square, 3 * 'N.Lanes))
            lane <- lane + 'N.Width

    /// Adds Σₙ rₙ(xₙ−m) to `first` and Σₙ rₙ(xₙ−m)² to `second` for 2 columns (2×lanes each). If a vector holds some of
    /// the lanes, the loop takes two vectors of each column at a time: with fewer sums, it would wait for each of them.
    let private addTwoFirstAndSquares<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        (r: nativeint)
        (first: nativeint)
        (second: nativeint)
        rows
        =
        let m0, m1 = 'N.Fill mean, 'N.Fill('N.At(mean, 1))
        let next = if 'N.Width < 'N.Lanes then 'N.Width else 0
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sum, square = 'N.At(first, lane), 'N.At(second, lane)
            let sum', square' = 'N.At(sum, next), 'N.At(square, next)
            let mutable s0 = 'N.Load sum
            let mutable s1 = 'N.Load('N.At(sum, 'N.Lanes))
            let mutable s0' = 'N.Load sum'
            let mutable s1' = 'N.Load('N.At(sum', 'N.Lanes))
            let mutable t0 = 'N.Load square
            let mutable t1 = 'N.Load('N.At(square, 'N.Lanes))
            let mutable t0' = 'N.Load square'
            let mutable t1' = 'N.Load('N.At(square', 'N.Lanes))
            let mutable column = 'N.At(x, lane)
            let mutable p = 'N.At(r, lane)
            let mutable n = lane

            while n < rows do
                let r = 'N.Load p
                let z0 = 'N.Subtract('N.Load column, m0)
                let rz0 = 'N.Multiply(r, z0)
                s0 <- 'N.Add(s0, rz0)
                t0 <- 'N.Fma(z0, rz0, t0)
                let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride)), m1)
                let rz1 = 'N.Multiply(r, z1)
                s1 <- 'N.Add(s1, rz1)
                t1 <- 'N.Fma(z1, rz1, t1)

                if 'N.Width < 'N.Lanes then
                    let r = 'N.Load('N.At(p, next))
                    let z0 = 'N.Subtract('N.Load('N.At(column, next)), m0)
                    let rz0 = 'N.Multiply(r, z0)
                    s0' <- 'N.Add(s0', rz0)
                    t0' <- 'N.Fma(z0, rz0, t0')
                    let z1 = 'N.Subtract('N.Load('N.At(column, 'N.Stride + next)), m1)
                    let rz1 = 'N.Multiply(r, z1)
                    s1' <- 'N.Add(s1', rz1)
                    t1' <- 'N.Fma(z1, rz1, t1')

                column <- 'N.At(column, 'N.Lanes)
                p <- 'N.At(p, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s0, sum)
            'N.Store(s1, 'N.At(sum, 'N.Lanes))
            'N.Store(t0, square)
            'N.Store(t1, 'N.At(square, 'N.Lanes))

            if 'N.Width < 'N.Lanes then
                'N.Store(s0', sum')
                'N.Store(s1', 'N.At(sum', 'N.Lanes))
                'N.Store(t0', square')
                'N.Store(t1', 'N.At(square', 'N.Lanes))

            lane <- lane + 'N.Width + next

    /// Adds Σₙ rₙ(xₙ−m) to `first` and Σₙ rₙ(xₙ−m)² to `second` (D×lanes each), for an even number of columns.
    let addFirstAndSquares<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        (mean: nativeint)
        columns
        (r: nativeint)
        (first: nativeint)
        (second: nativeint)
        rows
        =
        let mutable j = 0

        while j < columns do
            let x, mean = 'N.At(x, j * 'N.Stride), 'N.At(mean, j)
            let first, second = 'N.At(first, j * 'N.Lanes), 'N.At(second, j * 'N.Lanes)

            // Eight sums need more than 16 vector registers.
            if 'N.Width = 'N.Lanes && j + 4 <= columns then
                addFourFirstAndSquares<'N, 'V> x mean r first second rows
                j <- j + 4
            else
                addTwoFirstAndSquares<'N, 'V> x mean r first second rows
                j <- j + 2
