namespace Gmm

#nowarn "9" // Pointers: the kernels' buffers are pinned.

open FSharp.NativeInterop

/// Sums of products over the rows of a panel, some columns of one by some columns of another at a time, so that every
/// number that is loaded is used more than once.
[<Optimised>]
module internal Tiles =
    let inline private at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// How many numbers the sums of 4 columns of `a` by 2 of `b` take.
    [<Literal>]
    let FourByTwo = 64

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

    /// The same for 4 columns j, the sums of two such pairs (2×4×2×8), with vectors of 8 numbers, of which there are 32.
    let private addFourByFour<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        (sums: nativeptr<float>)
        rows
        =
        let mutable s00 = 'L.Load sums
        let mutable s01 = 'L.Load(at sums 8)
        let mutable s02 = 'L.Load(at sums 64)
        let mutable s03 = 'L.Load(at sums 72)
        let mutable s10 = 'L.Load(at sums 16)
        let mutable s11 = 'L.Load(at sums 24)
        let mutable s12 = 'L.Load(at sums 80)
        let mutable s13 = 'L.Load(at sums 88)
        let mutable s20 = 'L.Load(at sums 32)
        let mutable s21 = 'L.Load(at sums 40)
        let mutable s22 = 'L.Load(at sums 96)
        let mutable s23 = 'L.Load(at sums 104)
        let mutable s30 = 'L.Load(at sums 48)
        let mutable s31 = 'L.Load(at sums 56)
        let mutable s32 = 'L.Load(at sums 112)
        let mutable s33 = 'L.Load(at sums 120)
        let mutable p = a
        let mutable q = b
        let mutable n = 0

        while n < rows do
            let b0 = 'L.Load q
            let b1 = 'L.Load(at q Panel.Stride)
            let b2 = 'L.Load(at q (2 * Panel.Stride))
            let b3 = 'L.Load(at q (3 * Panel.Stride))
            let a0 = 'L.Load p
            s00 <- 'L.Fma(a0, b0, s00)
            s01 <- 'L.Fma(a0, b1, s01)
            s02 <- 'L.Fma(a0, b2, s02)
            s03 <- 'L.Fma(a0, b3, s03)
            let a1 = 'L.Load(at p Panel.Stride)
            s10 <- 'L.Fma(a1, b0, s10)
            s11 <- 'L.Fma(a1, b1, s11)
            s12 <- 'L.Fma(a1, b2, s12)
            s13 <- 'L.Fma(a1, b3, s13)
            let a2 = 'L.Load(at p (2 * Panel.Stride))
            s20 <- 'L.Fma(a2, b0, s20)
            s21 <- 'L.Fma(a2, b1, s21)
            s22 <- 'L.Fma(a2, b2, s22)
            s23 <- 'L.Fma(a2, b3, s23)
            let a3 = 'L.Load(at p (3 * Panel.Stride))
            s30 <- 'L.Fma(a3, b0, s30)
            s31 <- 'L.Fma(a3, b1, s31)
            s32 <- 'L.Fma(a3, b2, s32)
            s33 <- 'L.Fma(a3, b3, s33)
            p <- at p Panel.Lanes
            q <- at q Panel.Lanes
            n <- n + Panel.Lanes

        'L.Store(s00, sums)
        'L.Store(s01, at sums 8)
        'L.Store(s02, at sums 64)
        'L.Store(s03, at sums 72)
        'L.Store(s10, at sums 16)
        'L.Store(s11, at sums 24)
        'L.Store(s12, at sums 80)
        'L.Store(s13, at sums 88)
        'L.Store(s20, at sums 32)
        'L.Store(s21, at sums 40)
        'L.Store(s22, at sums 96)
        'L.Store(s23, at sums 104)
        'L.Store(s30, at sums 48)
        'L.Store(s31, at sums 56)
        'L.Store(s32, at sums 112)
        'L.Store(s33, at sums 120)

    /// The same for 4 columns and themselves, the sums of j ≤ i only.
    let private addSquare<'L, 'V when 'L :> ILanes<'V>> (a: nativeptr<float>) (sums: nativeptr<float>) rows =
        let mutable s00 = 'L.Load sums
        let mutable s10 = 'L.Load(at sums 16)
        let mutable s11 = 'L.Load(at sums 24)
        let mutable s20 = 'L.Load(at sums 32)
        let mutable s21 = 'L.Load(at sums 40)
        let mutable s22 = 'L.Load(at sums 96)
        let mutable s30 = 'L.Load(at sums 48)
        let mutable s31 = 'L.Load(at sums 56)
        let mutable s32 = 'L.Load(at sums 112)
        let mutable s33 = 'L.Load(at sums 120)
        let mutable p = a
        let mutable n = 0

        while n < rows do
            let a0 = 'L.Load p
            s00 <- 'L.Fma(a0, a0, s00)
            let a1 = 'L.Load(at p Panel.Stride)
            s10 <- 'L.Fma(a1, a0, s10)
            s11 <- 'L.Fma(a1, a1, s11)
            let a2 = 'L.Load(at p (2 * Panel.Stride))
            s20 <- 'L.Fma(a2, a0, s20)
            s21 <- 'L.Fma(a2, a1, s21)
            s22 <- 'L.Fma(a2, a2, s22)
            let a3 = 'L.Load(at p (3 * Panel.Stride))
            s30 <- 'L.Fma(a3, a0, s30)
            s31 <- 'L.Fma(a3, a1, s31)
            s32 <- 'L.Fma(a3, a2, s32)
            s33 <- 'L.Fma(a3, a3, s33)
            p <- at p Panel.Lanes
            n <- n + Panel.Lanes

        'L.Store(s00, sums)
        'L.Store(s10, at sums 16)
        'L.Store(s11, at sums 24)
        'L.Store(s20, at sums 32)
        'L.Store(s21, at sums 40)
        'L.Store(s22, at sums 96)
        'L.Store(s30, at sums 48)
        'L.Store(s31, at sums 56)
        'L.Store(s32, at sums 112)
        'L.Store(s33, at sums 120)

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

    /// Adds Σₙ aᵢₙbⱼₙ for a group of 4 or 2 columns i and an even number of columns j; returns where further sums belong.
    let private addGroup<'L, 'V when 'L :> ILanes<'V>>
        group
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        (sums: nativeptr<float>)
        columns
        rows
        =
        let mutable tile, j = sums, 0

        if 'L.Width = Panel.Lanes && group = 4 then
            while j + 4 <= columns do
                addFourByFour<'L, 'V> a (at b (j * Panel.Stride)) tile rows
                tile <- at tile (2 * FourByTwo)
                j <- j + 4

        while j < columns do
            if group = 4 then
                addFour<'L, 'V> a (at b (j * Panel.Stride)) tile rows
            else
                addTwo<'L, 'V> a (at b (j * Panel.Stride)) tile rows

            tile <- at tile (group * 2 * Panel.Lanes)
            j <- j + 2

        tile

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

    /// Adds Σₙ uᵢₙuⱼₙ for all j ≤ i of an even number of columns.
    let addTriangle<'L, 'V when 'L :> ILanes<'V>> (u: nativeptr<float>) (sums: nativeptr<float>) columns rows =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            let a = at u (i * Panel.Stride)
            tile <- addGroup<'L, 'V> group a u tile i rows

            if 'L.Width = Panel.Lanes && group = 4 then
                addSquare<'L, 'V> a tile rows
                tile <- at tile (2 * FourByTwo)
            else
                tile <- addGroup<'L, 'V> group a a tile group rows

            i <- i + group

    /// The symmetric matrix of a lower triangle of sums of its first D columns, put into `target` (D×D) from `first` on.
    let readTriangle (sums: nativeptr<float>) columns (target: float[]) first dimension =
        read id sums columns (fun i j value ->
            if j <= i && i < dimension then
                target[first + i * dimension + j] <- value
                target[first + j * dimension + i] <- value)

    /// How many numbers the sums of all columns i by all columns j take, of even numbers of columns.
    let rectangleSize columns others = size (fun _ -> others) columns

    /// Adds Σₙ aᵢₙbⱼₙ for even numbers of columns i and j.
    let addRectangle<'L, 'V when 'L :> ILanes<'V>>
        (a: nativeptr<float>)
        (b: nativeptr<float>)
        (sums: nativeptr<float>)
        columns
        others
        rows
        =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            tile <- addGroup<'L, 'V> group (at a (i * Panel.Stride)) b tile others rows
            i <- i + group

    /// The sums of the first columns, row by row into `target` (height×width).
    let readRectangle (sums: nativeptr<float>) columns others (target: float[]) height width =
        read (fun _ -> others) sums columns (fun i j value ->
            if i < height && j < width then
                target[i * width + j] <- value)
