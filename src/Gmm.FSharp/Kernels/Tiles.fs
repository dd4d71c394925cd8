namespace Gmm

#nowarn "9" // Pointers: the kernels' buffers are pinned.

open FSharp.NativeInterop

/// Sums of products over the rows of a panel, some columns of one by some columns of another at a time, so that every
/// number that is loaded is used more than once.
[<Optimised>]
module internal Tiles =
    let inline private at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Sums of 4 columns of `a` by 2 of `b` take 64 numbers, of 2 by 2 half of them.
    [<Literal>]
    let FourByTwo = 64

    [<Literal>]
    let TwoByTwo = 32

    /// Adds Σₙ aᵢₙbⱼₙ for 4 columns i and 2 columns j to sums (4×2×8).
    let addFour<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        (sums: nativeptr<float>)
        rows
        =
        let mutable lane = 0

        while lane < Panel.Lanes do
            let sums = at sums lane
            let mutable s00 = 'L.Load sums
            let mutable s01 = 'L.Load(at sums 8)
            let mutable s10 = 'L.Load(at sums 16)
            let mutable s11 = 'L.Load(at sums 24)
            let mutable s20 = 'L.Load(at sums 32)
            let mutable s21 = 'L.Load(at sums 40)
            let mutable s30 = 'L.Load(at sums 48)
            let mutable s31 = 'L.Load(at sums 56)
            let mutable p = at a lane
            let mutable q = at b lane
            let mutable n = lane

            while n < rows do
                let b0 = 'L.Load q
                let b1 = 'L.Load(at q Panel.Stride)
                let a0 = 'L.Load p
                s00 <- 'L.Fma(a0, b0, s00)
                s01 <- 'L.Fma(a0, b1, s01)
                let a1 = 'L.Load(at p Panel.Stride)
                s10 <- 'L.Fma(a1, b0, s10)
                s11 <- 'L.Fma(a1, b1, s11)
                let a2 = 'L.Load(at p (2 * Panel.Stride))
                s20 <- 'L.Fma(a2, b0, s20)
                s21 <- 'L.Fma(a2, b1, s21)
                let a3 = 'L.Load(at p (3 * Panel.Stride))
                s30 <- 'L.Fma(a3, b0, s30)
                s31 <- 'L.Fma(a3, b1, s31)
                p <- at p Panel.Lanes
                q <- at q Panel.Lanes
                n <- n + Panel.Lanes

            'L.Store(s00, sums)
            'L.Store(s01, at sums 8)
            'L.Store(s10, at sums 16)
            'L.Store(s11, at sums 24)
            'L.Store(s20, at sums 32)
            'L.Store(s21, at sums 40)
            'L.Store(s30, at sums 48)
            'L.Store(s31, at sums 56)
            lane <- lane + 'L.Width

    /// Adds Σₙ aᵢₙbⱼₙ for 2 columns i and 2 columns j to sums (2×2×8).
    let addTwo<'L, 'V when 'L :> ILanes<'V>> (a: nativeptr<float>) (b: nativeptr<float>) (sums: nativeptr<float>) rows =
        let mutable lane = 0

        while lane < Panel.Lanes do
            let sums = at sums lane
            let mutable s00 = 'L.Load sums
            let mutable s01 = 'L.Load(at sums 8)
            let mutable s10 = 'L.Load(at sums 16)
            let mutable s11 = 'L.Load(at sums 24)
            let mutable n = lane

            while n < rows do
                let a0, a1 = 'L.Load(at a n), 'L.Load(at a (Panel.Stride + n))
                let b0, b1 = 'L.Load(at b n), 'L.Load(at b (Panel.Stride + n))
                s00 <- 'L.Fma(a0, b0, s00)
                s01 <- 'L.Fma(a0, b1, s01)
                s10 <- 'L.Fma(a1, b0, s10)
                s11 <- 'L.Fma(a1, b1, s11)
                n <- n + Panel.Lanes

            'L.Store(s00, sums)
            'L.Store(s01, at sums 8)
            'L.Store(s10, at sums 16)
            'L.Store(s11, at sums 24)
            lane <- lane + 'L.Width

    // ── All columns ─────────────────────────────────────────────────────────────────────────────────────────────────
    // Columns i of `a` are taken four at a time, and two at the end where their even number isn't a multiple of 4;
    // columns j of `b` two at a time: the first `upTo i` of them.

    /// How many numbers the sums of an even number of columns i take, with `upTo i` columns j for the last i of each group.
    let inline private size ([<InlineIfLambda>] upTo: int -> int) columns =
        let mutable total, i = 0, 0

        while i < columns do
            let group = min 4 (columns - i)
            total <- total + group * Panel.even (upTo (i + group)) * Panel.Lanes
            i <- i + group

        total

    let inline private add<'L, 'V when 'L :> ILanes<'V>>
        ([<InlineIfLambda>] upTo: int -> int)
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        (sums: nativeptr<float>)
        columns
        rows
        =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            let last = upTo (i + group)
            let mutable j = 0

            while j < last do
                if group = 4 then
                    addFour<'L, 'V> (at a (i * Panel.Stride)) (at b (j * Panel.Stride)) tile rows
                else
                    addTwo<'L, 'V> (at a (i * Panel.Stride)) (at b (j * Panel.Stride)) tile rows

                tile <- at tile (group * 2 * Panel.Lanes)
                j <- j + 2

            i <- i + group

    /// Hands every sum over rows to `take i j`.
    let inline private read
        ([<InlineIfLambda>] upTo: int -> int)
        (sums: nativeptr<float>)
        columns
        ([<InlineIfLambda>] take)
        =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            let last = upTo (i + group)
            let mutable j = 0

            while j < last do
                for m in 0 .. group - 1 do
                    for l in 0..1 do
                        take (i + m) (j + l) (Panel.sum (at tile ((m * 2 + l) * Panel.Lanes)))

                tile <- at tile (group * 2 * Panel.Lanes)
                j <- j + 2

            i <- i + group

    /// How many numbers the sums of the lower triangle take, of an even number of columns.
    let triangleSize columns = size id columns

    /// Adds Σₙ aᵢₙbⱼₙ for all j ≤ i of an even number of columns.
    let addTriangle<'L, 'V when 'L :> ILanes<'V>> a b sums columns rows = add<'L, 'V> id a b sums columns rows

    /// The symmetric matrix of a lower triangle of sums, added to `target` (D×D) for its first D columns.
    let readTriangle (sums: nativeptr<float>) columns (target: float[]) first dimension =
        read id sums columns (fun i j value ->
            if j <= i && i < dimension then
                target[first + i * dimension + j] <- target[first + i * dimension + j] + value

                if j < i then
                    target[first + j * dimension + i] <- target[first + j * dimension + i] + value)

    /// How many numbers the sums of all columns i by all columns j take, of even numbers of columns.
    let rectangleSize columns others = size (fun _ -> others) columns

    /// Adds Σₙ aᵢₙbⱼₙ for even numbers of columns i and j.
    let addRectangle<'L, 'V when 'L :> ILanes<'V>> a b sums columns others rows =
        add<'L, 'V> (fun _ -> others) a b sums columns rows

    /// The sums of the first columns, row by row into `target` (height×width).
    let readRectangle (sums: nativeptr<float>) columns others (target: float[]) height width =
        read (fun _ -> others) sums columns (fun i j value ->
            if i < height && j < width then
                target[i * width + j] <- value)

    // ── Row by row ──────────────────────────────────────────────────────────────────────────────────────────────────
    // For many columns the eight numbers of each sum would leave the cache. Then vectors hold columns of one row, and a sum
    // is a single number.

    /// Adds Σₙ aₙᵢbₙⱼ for 8 columns i and a vector of columns j, to sums `width` from one i to the next, as rows are.
    let private addEight<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        width
        i
        j
        (sums: nativeptr<float>)
        rows
        =
        let sum = at sums (i * width + j)
        let mutable s0 = 'L.Load sum
        let mutable s1 = 'L.Load(at sum width)
        let mutable s2 = 'L.Load(at sum (2 * width))
        let mutable s3 = 'L.Load(at sum (3 * width))
        let mutable s4 = 'L.Load(at sum (4 * width))
        let mutable s5 = 'L.Load(at sum (5 * width))
        let mutable s6 = 'L.Load(at sum (6 * width))
        let mutable s7 = 'L.Load(at sum (7 * width))
        let mutable p = at a i
        let mutable q = at b j

        for _ in 1..rows do
            let b0 = 'L.Load q
            s0 <- 'L.Fma('L.Fill(NativePtr.read p), b0, s0)
            s1 <- 'L.Fma('L.Fill(NativePtr.get p 1), b0, s1)
            s2 <- 'L.Fma('L.Fill(NativePtr.get p 2), b0, s2)
            s3 <- 'L.Fma('L.Fill(NativePtr.get p 3), b0, s3)
            s4 <- 'L.Fma('L.Fill(NativePtr.get p 4), b0, s4)
            s5 <- 'L.Fma('L.Fill(NativePtr.get p 5), b0, s5)
            s6 <- 'L.Fma('L.Fill(NativePtr.get p 6), b0, s6)
            s7 <- 'L.Fma('L.Fill(NativePtr.get p 7), b0, s7)
            p <- at p width
            q <- at q width

        'L.Store(s0, sum)
        'L.Store(s1, at sum width)
        'L.Store(s2, at sum (2 * width))
        'L.Store(s3, at sum (3 * width))
        'L.Store(s4, at sum (4 * width))
        'L.Store(s5, at sum (5 * width))
        'L.Store(s6, at sum (6 * width))
        'L.Store(s7, at sum (7 * width))

    /// The same for two vectors of columns j, where there are registers enough.
    let private addEightByTwo<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        width
        i
        j
        (sums: nativeptr<float>)
        rows
        =
        let sum = at sums (i * width + j)
        let next = at sum 'L.Width
        let mutable s0 = 'L.Load sum
        let mutable s1 = 'L.Load(at sum width)
        let mutable s2 = 'L.Load(at sum (2 * width))
        let mutable s3 = 'L.Load(at sum (3 * width))
        let mutable s4 = 'L.Load(at sum (4 * width))
        let mutable s5 = 'L.Load(at sum (5 * width))
        let mutable s6 = 'L.Load(at sum (6 * width))
        let mutable s7 = 'L.Load(at sum (7 * width))
        let mutable t0 = 'L.Load next
        let mutable t1 = 'L.Load(at next width)
        let mutable t2 = 'L.Load(at next (2 * width))
        let mutable t3 = 'L.Load(at next (3 * width))
        let mutable t4 = 'L.Load(at next (4 * width))
        let mutable t5 = 'L.Load(at next (5 * width))
        let mutable t6 = 'L.Load(at next (6 * width))
        let mutable t7 = 'L.Load(at next (7 * width))
        let mutable p = at a i
        let mutable q = at b j

        for _ in 1..rows do
            let b0 = 'L.Load q
            let b1 = 'L.Load(at q 'L.Width)
            let a0 = 'L.Fill(NativePtr.read p)
            s0 <- 'L.Fma(a0, b0, s0)
            t0 <- 'L.Fma(a0, b1, t0)
            let a1 = 'L.Fill(NativePtr.get p 1)
            s1 <- 'L.Fma(a1, b0, s1)
            t1 <- 'L.Fma(a1, b1, t1)
            let a2 = 'L.Fill(NativePtr.get p 2)
            s2 <- 'L.Fma(a2, b0, s2)
            t2 <- 'L.Fma(a2, b1, t2)
            let a3 = 'L.Fill(NativePtr.get p 3)
            s3 <- 'L.Fma(a3, b0, s3)
            t3 <- 'L.Fma(a3, b1, t3)
            let a4 = 'L.Fill(NativePtr.get p 4)
            s4 <- 'L.Fma(a4, b0, s4)
            t4 <- 'L.Fma(a4, b1, t4)
            let a5 = 'L.Fill(NativePtr.get p 5)
            s5 <- 'L.Fma(a5, b0, s5)
            t5 <- 'L.Fma(a5, b1, t5)
            let a6 = 'L.Fill(NativePtr.get p 6)
            s6 <- 'L.Fma(a6, b0, s6)
            t6 <- 'L.Fma(a6, b1, t6)
            let a7 = 'L.Fill(NativePtr.get p 7)
            s7 <- 'L.Fma(a7, b0, s7)
            t7 <- 'L.Fma(a7, b1, t7)
            p <- at p width
            q <- at q width

        'L.Store(s0, sum)
        'L.Store(s1, at sum width)
        'L.Store(s2, at sum (2 * width))
        'L.Store(s3, at sum (3 * width))
        'L.Store(s4, at sum (4 * width))
        'L.Store(s5, at sum (5 * width))
        'L.Store(s6, at sum (6 * width))
        'L.Store(s7, at sum (7 * width))
        'L.Store(t0, next)
        'L.Store(t1, at next width)
        'L.Store(t2, at next (2 * width))
        'L.Store(t3, at next (3 * width))
        'L.Store(t4, at next (4 * width))
        'L.Store(t5, at next (5 * width))
        'L.Store(t6, at next (6 * width))
        'L.Store(t7, at next (7 * width))

    /// Adds Σₙ aₙᵢbₙⱼ for all j ≤ i of rows of `width` numbers, a multiple of 8, to sums (width×width).
    let addTriangleOfRows<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        width
        (sums: nativeptr<float>)
        rows
        =
        let two = 2 * 'L.Width
        let mutable i = 0

        while i < width do
            let mutable j = 0

            // Only the widest vectors have 32 registers.
            while 'L.Width = 8 && j + two <= i + 8 do
                addEightByTwo<'L, 'V> a b width i j sums rows
                j <- j + two

            while j < i + 8 do
                addEight<'L, 'V> a b width i j sums rows
                j <- j + 'L.Width

            i <- i + 8
