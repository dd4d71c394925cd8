namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// Sums products of two numbers of a row over rows. A vector holds neighbouring numbers of one row, where in `Tiles` it
/// holds one column of several rows. So a sum is one number instead of a cache line of partial sums, and rows, tiles and
/// sums of many features stay in a core's caches. Each sum of a few rows begins at 0 and is added up in their order
/// before it is added to the sums of earlier rows; so sums have the same bits at every width, for tiles of any shape.
[<Optimised>]
module internal RowTiles =
    /// Adds a vector to the vector at an address.
    let inline private add<'N, 'V when 'N :> IVectors<'V>> (v: 'V) (address: nativeint) =
        'N.Store('N.Add('N.Load address, v), address)

    /// Adds Σₙ aₙᵢbₙⱼ for 8 numbers i and 2 vectors of numbers j to sums, whose rows lie `width` numbers apart. Rows of a
    /// and b lie `step` numbers apart. The loop needs 32 vector registers.
    let private addEightByTwo<'N, 'V when 'N :> IVectors<'V>>
        (a: nativeint)
        (b: nativeint)
        step
        (sums: nativeint)
        width
        rows
        =
        let mutable s0 = 'N.Zero
        let mutable s1 = 'N.Zero
        let mutable s2 = 'N.Zero
        let mutable s3 = 'N.Zero
        let mutable s4 = 'N.Zero
        let mutable s5 = 'N.Zero
        let mutable s6 = 'N.Zero
        let mutable s7 = 'N.Zero
        let mutable t0 = 'N.Zero
        let mutable t1 = 'N.Zero
        let mutable t2 = 'N.Zero
        let mutable t3 = 'N.Zero
        let mutable t4 = 'N.Zero
        let mutable t5 = 'N.Zero
        let mutable t6 = 'N.Zero
        let mutable t7 = 'N.Zero
        let mutable p = a
        let mutable q = b

        for _ in 1..rows do
            let b0, b1 = 'N.Load q, 'N.Load('N.At(q, 'N.Width))
            let a0 = 'N.Fill p
            s0 <- 'N.Fma(a0, b0, s0)
            t0 <- 'N.Fma(a0, b1, t0)
            let a1 = 'N.Fill('N.At(p, 1))
            s1 <- 'N.Fma(a1, b0, s1)
            t1 <- 'N.Fma(a1, b1, t1)
            let a2 = 'N.Fill('N.At(p, 2))
            s2 <- 'N.Fma(a2, b0, s2)
            t2 <- 'N.Fma(a2, b1, t2)
            let a3 = 'N.Fill('N.At(p, 3))
            s3 <- 'N.Fma(a3, b0, s3)
            t3 <- 'N.Fma(a3, b1, t3)
            let a4 = 'N.Fill('N.At(p, 4))
            s4 <- 'N.Fma(a4, b0, s4)
            t4 <- 'N.Fma(a4, b1, t4)
            let a5 = 'N.Fill('N.At(p, 5))
            s5 <- 'N.Fma(a5, b0, s5)
            t5 <- 'N.Fma(a5, b1, t5)
            let a6 = 'N.Fill('N.At(p, 6))
            s6 <- 'N.Fma(a6, b0, s6)
            t6 <- 'N.Fma(a6, b1, t6)
            let a7 = 'N.Fill('N.At(p, 7))
            s7 <- 'N.Fma(a7, b0, s7)
            t7 <- 'N.Fma(a7, b1, t7)
            p <- 'N.At(p, step)
            q <- 'N.At(q, step)

        add<'N, 'V> s0 sums
        add<'N, 'V> s1 ('N.At(sums, width))
        add<'N, 'V> s2 ('N.At(sums, 2 * width))
        add<'N, 'V> s3 ('N.At(sums, 3 * width))
        add<'N, 'V> s4 ('N.At(sums, 4 * width))
        add<'N, 'V> s5 ('N.At(sums, 5 * width))
        add<'N, 'V> s6 ('N.At(sums, 6 * width))
        add<'N, 'V> s7 ('N.At(sums, 7 * width))
        let next = 'N.At(sums, 'N.Width)
        add<'N, 'V> t0 next
        add<'N, 'V> t1 ('N.At(next, width))
        add<'N, 'V> t2 ('N.At(next, 2 * width))
        add<'N, 'V> t3 ('N.At(next, 3 * width))
        add<'N, 'V> t4 ('N.At(next, 4 * width))
        add<'N, 'V> t5 ('N.At(next, 5 * width))
        add<'N, 'V> t6 ('N.At(next, 6 * width))
        add<'N, 'V> t7 ('N.At(next, 7 * width))

    /// Adds Σₙ aₙᵢbₙⱼ as `addEightByTwo` does, for 8 numbers i and 1 vector of numbers j.
    let private addEightByOne<'N, 'V when 'N :> IVectors<'V>>
        (a: nativeint)
        (b: nativeint)
        step
        (sums: nativeint)
        width
        rows
        =
        let mutable s0 = 'N.Zero
        let mutable s1 = 'N.Zero
        let mutable s2 = 'N.Zero
        let mutable s3 = 'N.Zero
        let mutable s4 = 'N.Zero
        let mutable s5 = 'N.Zero
        let mutable s6 = 'N.Zero
        let mutable s7 = 'N.Zero
        let mutable p = a
        let mutable q = b

        for _ in 1..rows do
            let b0 = 'N.Load q
            s0 <- 'N.Fma('N.Fill p, b0, s0)
            s1 <- 'N.Fma('N.Fill('N.At(p, 1)), b0, s1)
            s2 <- 'N.Fma('N.Fill('N.At(p, 2)), b0, s2)
            s3 <- 'N.Fma('N.Fill('N.At(p, 3)), b0, s3)
            s4 <- 'N.Fma('N.Fill('N.At(p, 4)), b0, s4)
            s5 <- 'N.Fma('N.Fill('N.At(p, 5)), b0, s5)
            s6 <- 'N.Fma('N.Fill('N.At(p, 6)), b0, s6)
            s7 <- 'N.Fma('N.Fill('N.At(p, 7)), b0, s7)
            p <- 'N.At(p, step)
            q <- 'N.At(q, step)

        add<'N, 'V> s0 sums
        add<'N, 'V> s1 ('N.At(sums, width))
        add<'N, 'V> s2 ('N.At(sums, 2 * width))
        add<'N, 'V> s3 ('N.At(sums, 3 * width))
        add<'N, 'V> s4 ('N.At(sums, 4 * width))
        add<'N, 'V> s5 ('N.At(sums, 5 * width))
        add<'N, 'V> s6 ('N.At(sums, 6 * width))
        add<'N, 'V> s7 ('N.At(sums, 7 * width))

    /// Adds Σₙ aₙᵢbₙⱼ as `addEightByTwo` does, for 4 numbers i and 2 vectors of numbers j, on machines with 16 vector
    /// registers.
    let private addFourByTwo<'N, 'V when 'N :> IVectors<'V>>
        (a: nativeint)
        (b: nativeint)
        step
        (sums: nativeint)
        width
        rows
        =
        let mutable s0 = 'N.Zero
        let mutable s1 = 'N.Zero
        let mutable s2 = 'N.Zero
        let mutable s3 = 'N.Zero
        let mutable t0 = 'N.Zero
        let mutable t1 = 'N.Zero
        let mutable t2 = 'N.Zero
        let mutable t3 = 'N.Zero
        let mutable p = a
        let mutable q = b

        for _ in 1..rows do
            let b0, b1 = 'N.Load q, 'N.Load('N.At(q, 'N.Width))
            let a0 = 'N.Fill p
            s0 <- 'N.Fma(a0, b0, s0)
            t0 <- 'N.Fma(a0, b1, t0)
            let a1 = 'N.Fill('N.At(p, 1))
            s1 <- 'N.Fma(a1, b0, s1)
            t1 <- 'N.Fma(a1, b1, t1)
            let a2 = 'N.Fill('N.At(p, 2))
            s2 <- 'N.Fma(a2, b0, s2)
            t2 <- 'N.Fma(a2, b1, t2)
            let a3 = 'N.Fill('N.At(p, 3))
            s3 <- 'N.Fma(a3, b0, s3)
            t3 <- 'N.Fma(a3, b1, t3)
            p <- 'N.At(p, step)
            q <- 'N.At(q, step)

        add<'N, 'V> s0 sums
        add<'N, 'V> s1 ('N.At(sums, width))
        add<'N, 'V> s2 ('N.At(sums, 2 * width))
        add<'N, 'V> s3 ('N.At(sums, 3 * width))
        let next = 'N.At(sums, 'N.Width)
        add<'N, 'V> t0 next
        add<'N, 'V> t1 ('N.At(next, width))
        add<'N, 'V> t2 ('N.At(next, 2 * width))
        add<'N, 'V> t3 ('N.At(next, 3 * width))

    /// Adds Σₙ uₙᵢuₙⱼ to the sums of all i and j (D×D) with j ≤ i, and to some others. D is a multiple of
    /// `IVectors.Lanes`; rows of u lie `step` numbers apart.
    let addTriangle<'N, 'V when 'N :> IVectors<'V>> (u: nativeint) step (sums: nativeint) columns rows =
        let mutable i = 0

        while i < columns do
            // Only these columns have a j ≤ i of one of the next rows of sums.
            let upTo = (i / 'N.Lanes + 1) * 'N.Lanes
            let a = 'N.At(u, i)
            let mutable j = 0

            while j < upTo do
                let b, sums = 'N.At(u, j), 'N.At(sums, i * columns + j)

                if 'N.Width < 'N.Lanes then
                    addFourByTwo<'N, 'V> a b step sums columns rows
                    addFourByTwo<'N, 'V> ('N.At(a, 4)) b step ('N.At(sums, 4 * columns)) columns rows
                    j <- j + 2 * 'N.Width
                elif j + 2 * 'N.Width <= upTo then
                    addEightByTwo<'N, 'V> a b step sums columns rows
                    j <- j + 2 * 'N.Width
                else
                    addEightByOne<'N, 'V> a b step sums columns rows
                    j <- j + 'N.Width

            i <- i + 8

    /// Computes u = √r·(x − m) of some rows, one after another, and adds Σₙ √r·u to sums, for 4 vectors of neighbouring
    /// numbers of each row.
    let private weighFour<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        stepOfX
        (mean: nativeint)
        (roots: nativeint)
        (u: nativeint)
        step
        (sums: nativeint)
        (rows: nativeptr<int>)
        count
        =
        let width = 'N.Width
        let m0 = 'N.Load mean
        let m1 = 'N.Load('N.At(mean, width))
        let m2 = 'N.Load('N.At(mean, 2 * width))
        let m3 = 'N.Load('N.At(mean, 3 * width))
        let mutable s0 = 'N.Zero
        let mutable s1 = 'N.Zero
        let mutable s2 = 'N.Zero
        let mutable s3 = 'N.Zero
        let mutable target = u

        for i in 0 .. count - 1 do
            let n = NativePtr.get rows i
            let row = 'N.At(x, n * stepOfX)
            let root = 'N.Fill('N.At(roots, n))
            let u0 = 'N.Multiply(root, 'N.Subtract('N.Load row, m0))
            let u1 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(row, width)), m1))
            let u2 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(row, 2 * width)), m2))
            let u3 = 'N.Multiply(root, 'N.Subtract('N.Load('N.At(row, 3 * width)), m3))
            'N.Store(u0, target)
            'N.Store(u1, 'N.At(target, width))
            'N.Store(u2, 'N.At(target, 2 * width))
            'N.Store(u3, 'N.At(target, 3 * width))
            s0 <- 'N.Fma(root, u0, s0)
            s1 <- 'N.Fma(root, u1, s1)
            s2 <- 'N.Fma(root, u2, s2)
            s3 <- 'N.Fma(root, u3, s3)
            target <- 'N.At(target, step)

        add<'N, 'V> s0 sums
        add<'N, 'V> s1 ('N.At(sums, width))
        add<'N, 'V> s2 ('N.At(sums, 2 * width))
        add<'N, 'V> s3 ('N.At(sums, 3 * width))

    /// Computes u = √r·(x − m) as `weighFour` does, for 1 vector of neighbouring numbers of each row.
    let private weighOne<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        stepOfX
        (mean: nativeint)
        (roots: nativeint)
        (u: nativeint)
        step
        (sums: nativeint)
        (rows: nativeptr<int>)
        count
        =
        let m = 'N.Load mean
        let mutable s = 'N.Zero
        let mutable target = u

        for i in 0 .. count - 1 do
            let n = NativePtr.get rows i
            let row = 'N.At(x, n * stepOfX)
            let root = 'N.Fill('N.At(roots, n))
            let weighted = 'N.Multiply(root, 'N.Subtract('N.Load row, m))
            'N.Store(weighted, target)
            s <- 'N.Fma(root, weighted, s)
            target <- 'N.At(target, step)

        add<'N, 'V> s sums

    /// Computes u = √r·(x − m) of the rows whose numbers are listed, one after another, and adds Σₙ √r·u to sums (D). D
    /// is a multiple of `IVectors.Lanes`. Rows of x lie `stepOfX` numbers apart, and rows of u `step`.
    let weigh<'N, 'V when 'N :> IVectors<'V>>
        (x: nativeint)
        stepOfX
        (mean: nativeint)
        columns
        (roots: nativeint)
        (u: nativeint)
        step
        (sums: nativeint)
        (rows: nativeptr<int>)
        count
        =
        let mutable j = 0

        while j < columns do
            let x, mean, u, sums = 'N.At(x, j), 'N.At(mean, j), 'N.At(u, j), 'N.At(sums, j)

            if j + 4 * 'N.Width <= columns then
                weighFour<'N, 'V> x stepOfX mean roots u step sums rows count
                j <- j + 4 * 'N.Width
            else
                weighOne<'N, 'V> x stepOfX mean roots u step sums rows count
                j <- j + 'N.Width
