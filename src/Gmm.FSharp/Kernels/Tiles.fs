namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open FSharp.NativeInterop

/// Sums products over the rows of a panel, for a tile of some columns of one matrix by some columns of another at a
/// time, so that every number loaded is used more than once.
[<Optimised>]
module internal Tiles =
    /// Adds Σₙ aᵢₙbⱼₙ for 4 columns i and 2 columns j to sums (4×2×lanes).
    let addFour<'N, 'V when 'N :> IVectors<'V>> (a: nativeint) (b: nativeint) (sums: nativeint) rows =
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sums = 'N.At(sums, lane)
            let mutable s00 = 'N.Load sums
            let mutable s01 = 'N.Load('N.At(sums, 'N.Lanes))
            let mutable s10 = 'N.Load('N.At(sums, 2 * 'N.Lanes))
            let mutable s11 = 'N.Load('N.At(sums, 3 * 'N.Lanes))
            let mutable s20 = 'N.Load('N.At(sums, 4 * 'N.Lanes))
            let mutable s21 = 'N.Load('N.At(sums, 5 * 'N.Lanes))
            let mutable s30 = 'N.Load('N.At(sums, 6 * 'N.Lanes))
            let mutable s31 = 'N.Load('N.At(sums, 7 * 'N.Lanes))
            let mutable p = 'N.At(a, lane)
            let mutable q = 'N.At(b, lane)
            let mutable n = lane

            while n < rows do
                let b0 = 'N.Load q
                let b1 = 'N.Load('N.At(q, 'N.Stride))
                let a0 = 'N.Load p
                s00 <- 'N.Fma(a0, b0, s00)
                s01 <- 'N.Fma(a0, b1, s01)
                let a1 = 'N.Load('N.At(p, 'N.Stride))
                s10 <- 'N.Fma(a1, b0, s10)
                s11 <- 'N.Fma(a1, b1, s11)
                let a2 = 'N.Load('N.At(p, 2 * 'N.Stride))
                s20 <- 'N.Fma(a2, b0, s20)
                s21 <- 'N.Fma(a2, b1, s21)
                let a3 = 'N.Load('N.At(p, 3 * 'N.Stride))
                s30 <- 'N.Fma(a3, b0, s30)
                s31 <- 'N.Fma(a3, b1, s31)
                p <- 'N.At(p, 'N.Lanes)
                q <- 'N.At(q, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s00, sums)
            'N.Store(s01, 'N.At(sums, 'N.Lanes))
            'N.Store(s10, 'N.At(sums, 2 * 'N.Lanes))
            'N.Store(s11, 'N.At(sums, 3 * 'N.Lanes))
            'N.Store(s20, 'N.At(sums, 4 * 'N.Lanes))
            'N.Store(s21, 'N.At(sums, 5 * 'N.Lanes))
            'N.Store(s30, 'N.At(sums, 6 * 'N.Lanes))
            'N.Store(s31, 'N.At(sums, 7 * 'N.Lanes))
            lane <- lane + 'N.Width

    /// Adds Σₙ aᵢₙbⱼₙ for 4 columns i and 4 columns j to the sums of two pairs of columns j (2×4×2×lanes). A vector
    /// holds all lanes, and the machine has 32 vector registers.
    let private addFourByFour<'N, 'V when 'N :> IVectors<'V>> (a: nativeint) (b: nativeint) (sums: nativeint) rows =
        let mutable s00 = 'N.Load sums
        let mutable s01 = 'N.Load('N.At(sums, 'N.Lanes))
        let mutable s02 = 'N.Load('N.At(sums, 8 * 'N.Lanes))
        let mutable s03 = 'N.Load('N.At(sums, 9 * 'N.Lanes))
        let mutable s10 = 'N.Load('N.At(sums, 2 * 'N.Lanes))
        let mutable s11 = 'N.Load('N.At(sums, 3 * 'N.Lanes))
        let mutable s12 = 'N.Load('N.At(sums, 10 * 'N.Lanes))
        let mutable s13 = 'N.Load('N.At(sums, 11 * 'N.Lanes))
        let mutable s20 = 'N.Load('N.At(sums, 4 * 'N.Lanes))
        let mutable s21 = 'N.Load('N.At(sums, 5 * 'N.Lanes))
        let mutable s22 = 'N.Load('N.At(sums, 12 * 'N.Lanes))
        let mutable s23 = 'N.Load('N.At(sums, 13 * 'N.Lanes))
        let mutable s30 = 'N.Load('N.At(sums, 6 * 'N.Lanes))
        let mutable s31 = 'N.Load('N.At(sums, 7 * 'N.Lanes))
        let mutable s32 = 'N.Load('N.At(sums, 14 * 'N.Lanes))
        let mutable s33 = 'N.Load('N.At(sums, 15 * 'N.Lanes))
        let mutable p = a
        let mutable q = b
        let mutable n = 0

        while n < rows do
            let b0 = 'N.Load q
            let b1 = 'N.Load('N.At(q, 'N.Stride))
            let b2 = 'N.Load('N.At(q, 2 * 'N.Stride))
            let b3 = 'N.Load('N.At(q, 3 * 'N.Stride))
            let a0 = 'N.Load p
            s00 <- 'N.Fma(a0, b0, s00)
            s01 <- 'N.Fma(a0, b1, s01)
            s02 <- 'N.Fma(a0, b2, s02)
            s03 <- 'N.Fma(a0, b3, s03)
            let a1 = 'N.Load('N.At(p, 'N.Stride))
            s10 <- 'N.Fma(a1, b0, s10)
            s11 <- 'N.Fma(a1, b1, s11)
            s12 <- 'N.Fma(a1, b2, s12)
            s13 <- 'N.Fma(a1, b3, s13)
            let a2 = 'N.Load('N.At(p, 2 * 'N.Stride))
            s20 <- 'N.Fma(a2, b0, s20)
            s21 <- 'N.Fma(a2, b1, s21)
            s22 <- 'N.Fma(a2, b2, s22)
            s23 <- 'N.Fma(a2, b3, s23)
            let a3 = 'N.Load('N.At(p, 3 * 'N.Stride))
            s30 <- 'N.Fma(a3, b0, s30)
            s31 <- 'N.Fma(a3, b1, s31)
            s32 <- 'N.Fma(a3, b2, s32)
            s33 <- 'N.Fma(a3, b3, s33)
            p <- 'N.At(p, 'N.Lanes)
            q <- 'N.At(q, 'N.Lanes)
            n <- n + 'N.Lanes

        'N.Store(s00, sums)
        'N.Store(s01, 'N.At(sums, 'N.Lanes))
        'N.Store(s02, 'N.At(sums, 8 * 'N.Lanes))
        'N.Store(s03, 'N.At(sums, 9 * 'N.Lanes))
        'N.Store(s10, 'N.At(sums, 2 * 'N.Lanes))
        'N.Store(s11, 'N.At(sums, 3 * 'N.Lanes))
        'N.Store(s12, 'N.At(sums, 10 * 'N.Lanes))
        'N.Store(s13, 'N.At(sums, 11 * 'N.Lanes))
        'N.Store(s20, 'N.At(sums, 4 * 'N.Lanes))
        'N.Store(s21, 'N.At(sums, 5 * 'N.Lanes))
        'N.Store(s22, 'N.At(sums, 12 * 'N.Lanes))
        'N.Store(s23, 'N.At(sums, 13 * 'N.Lanes))
        'N.Store(s30, 'N.At(sums, 6 * 'N.Lanes))
        'N.Store(s31, 'N.At(sums, 7 * 'N.Lanes))
        'N.Store(s32, 'N.At(sums, 14 * 'N.Lanes))
        'N.Store(s33, 'N.At(sums, 15 * 'N.Lanes))

    /// Adds Σₙ aᵢₙaⱼₙ for 4 columns and j ≤ i to sums in the layout of `addFourByFour`.
    let private addSquare<'N, 'V when 'N :> IVectors<'V>> (a: nativeint) (sums: nativeint) rows =
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sums = 'N.At(sums, lane)
            let mutable s00 = 'N.Load sums
            let mutable s10 = 'N.Load('N.At(sums, 2 * 'N.Lanes))
            let mutable s11 = 'N.Load('N.At(sums, 3 * 'N.Lanes))
            let mutable s20 = 'N.Load('N.At(sums, 4 * 'N.Lanes))
            let mutable s21 = 'N.Load('N.At(sums, 5 * 'N.Lanes))
            let mutable s22 = 'N.Load('N.At(sums, 12 * 'N.Lanes))
            let mutable s30 = 'N.Load('N.At(sums, 6 * 'N.Lanes))
            let mutable s31 = 'N.Load('N.At(sums, 7 * 'N.Lanes))
            let mutable s32 = 'N.Load('N.At(sums, 14 * 'N.Lanes))
            let mutable s33 = 'N.Load('N.At(sums, 15 * 'N.Lanes))
            let mutable p = 'N.At(a, lane)
            let mutable n = lane

            while n < rows do
                let a0 = 'N.Load p
                s00 <- 'N.Fma(a0, a0, s00)
                let a1 = 'N.Load('N.At(p, 'N.Stride))
                s10 <- 'N.Fma(a1, a0, s10)
                s11 <- 'N.Fma(a1, a1, s11)
                let a2 = 'N.Load('N.At(p, 2 * 'N.Stride))
                s20 <- 'N.Fma(a2, a0, s20)
                s21 <- 'N.Fma(a2, a1, s21)
                s22 <- 'N.Fma(a2, a2, s22)
                let a3 = 'N.Load('N.At(p, 3 * 'N.Stride))
                s30 <- 'N.Fma(a3, a0, s30)
                s31 <- 'N.Fma(a3, a1, s31)
                s32 <- 'N.Fma(a3, a2, s32)
                s33 <- 'N.Fma(a3, a3, s33)
                p <- 'N.At(p, 'N.Lanes)
                n <- n + 'N.Lanes

            'N.Store(s00, sums)
            'N.Store(s10, 'N.At(sums, 2 * 'N.Lanes))
            'N.Store(s11, 'N.At(sums, 3 * 'N.Lanes))
            'N.Store(s20, 'N.At(sums, 4 * 'N.Lanes))
            'N.Store(s21, 'N.At(sums, 5 * 'N.Lanes))
            'N.Store(s22, 'N.At(sums, 12 * 'N.Lanes))
            'N.Store(s30, 'N.At(sums, 6 * 'N.Lanes))
            'N.Store(s31, 'N.At(sums, 7 * 'N.Lanes))
            'N.Store(s32, 'N.At(sums, 14 * 'N.Lanes))
            'N.Store(s33, 'N.At(sums, 15 * 'N.Lanes))
            lane <- lane + 'N.Width

    /// Adds Σₙ aᵢₙbⱼₙ for 2 columns i and 2 columns j to sums (2×2×lanes).
    let addTwo<'N, 'V when 'N :> IVectors<'V>> (a: nativeint) (b: nativeint) (sums: nativeint) rows =
        let mutable lane = 0

        while lane < 'N.Lanes do
            let sums = 'N.At(sums, lane)
            let mutable s00 = 'N.Load sums
            let mutable s01 = 'N.Load('N.At(sums, 'N.Lanes))
            let mutable s10 = 'N.Load('N.At(sums, 2 * 'N.Lanes))
            let mutable s11 = 'N.Load('N.At(sums, 3 * 'N.Lanes))
            let mutable n = lane

            while n < rows do
                let a0, a1 = 'N.Load('N.At(a, n)), 'N.Load('N.At(a, 'N.Stride + n))
                let b0, b1 = 'N.Load('N.At(b, n)), 'N.Load('N.At(b, 'N.Stride + n))
                s00 <- 'N.Fma(a0, b0, s00)
                s01 <- 'N.Fma(a0, b1, s01)
                s10 <- 'N.Fma(a1, b0, s10)
                s11 <- 'N.Fma(a1, b1, s11)
                n <- n + 'N.Lanes

            'N.Store(s00, sums)
            'N.Store(s01, 'N.At(sums, 'N.Lanes))
            'N.Store(s10, 'N.At(sums, 2 * 'N.Lanes))
            'N.Store(s11, 'N.At(sums, 3 * 'N.Lanes))
            lane <- lane + 'N.Width

    // ── All columns ─────────────────────────────────────────────────────────────────────────────────────────────────
    // The loops take columns i of `a` four at a time, and two at the end if their even number isn't a multiple of 4;
    // they take columns j of `b` two at a time, the first `upTo i` of them.

    /// Returns the number of numbers in the sums of an even number of columns i, with `upTo (i + 1)` columns j for the
    /// last i of each group.
    let inline private size lanes ([<InlineIfLambda>] upTo: int -> int) columns =
        let mutable total, i = 0, 0

        while i < columns do
            let group = min 4 (columns - i)
            total <- total + group * Panel.even (upTo (i + group)) * lanes
            i <- i + group

        total

    /// Adds Σₙ aᵢₙbⱼₙ for a group of 4 or 2 columns i and an even number of columns j. Returns the address behind these
    /// sums.
    let private addGroup<'N, 'V when 'N :> IVectors<'V>>
        group
        (a: nativeint)
        (b: nativeint)
        (sums: nativeint)
        columns
        rows
        =
        let mutable tile, j = sums, 0

        if 'N.Width = 'N.Lanes && group = 4 then
            while j + 4 <= columns do
                addFourByFour<'N, 'V> a ('N.At(b, j * 'N.Stride)) tile rows
                tile <- 'N.At(tile, 16 * 'N.Lanes)
                j <- j + 4

        while j < columns do
            if group = 4 then
                addFour<'N, 'V> a ('N.At(b, j * 'N.Stride)) tile rows
            else
                addTwo<'N, 'V> a ('N.At(b, j * 'N.Stride)) tile rows

            tile <- 'N.At(tile, group * 2 * 'N.Lanes)
            j <- j + 2

        tile

    /// Returns the number of numbers in the sums of a lower triangle, for an even number of columns.
    let triangleSize<'N, 'V when 'N :> IVectors<'V>> columns = size 'N.Lanes id columns

    /// Adds Σₙ uᵢₙuⱼₙ for all j ≤ i, for an even number of columns.
    let addTriangle<'N, 'V when 'N :> IVectors<'V>> (u: nativeint) (sums: nativeint) columns rows =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            let a = 'N.At(u, i * 'N.Stride)
            tile <- addGroup<'N, 'V> group a u tile i rows

            if group = 4 then
                addSquare<'N, 'V> a tile rows
                tile <- 'N.At(tile, 16 * 'N.Lanes)
            else
                tile <- addGroup<'N, 'V> group a a tile group rows

            i <- i + group

    /// Adds a symmetric matrix to a matrix (D×D) at an address. The sums of the first D columns are its lower triangle.
    let readTriangle<'N, 'V when 'N :> IVectors<'V>> (sums: nativeint) columns (target: nativeptr<float>) dimension =
        for i in 0 .. dimension - 1 do
            let first = i &&& ~~~3
            let group = min 4 (columns - first)
            // The groups of columns before `first` have first·(first+4)/2 sums.
            let row = 'N.At(sums, (first * (first + 4) / 2 + 2 * (i - first)) * 'N.Lanes)
            let ofRow = NativePtr.add target (i * dimension)

            for j in 0..i do
                let sum = 'N.Sum('N.At(row, ((j >>> 1) * 2 * group + (j &&& 1)) * 'N.Lanes))
                NativePtr.set ofRow j (NativePtr.get ofRow j + sum)

        for i in 1 .. dimension - 1 do
            for j in 0 .. i - 1 do
                NativePtr.set target (j * dimension + i) (NativePtr.get target (i * dimension + j))

    /// Returns the number of numbers in the sums of all columns i by all columns j, for even numbers of columns.
    let rectangleSize<'N, 'V when 'N :> IVectors<'V>> columns others = size 'N.Lanes (fun _ -> others) columns

    /// Adds Σₙ aᵢₙbⱼₙ for all columns i and j, for even numbers of columns.
    let addRectangle<'N, 'V when 'N :> IVectors<'V>>
        (a: nativeint)
        (b: nativeint)
        (sums: nativeint)
        columns
        others
        rows
        =
        let mutable tile, i = sums, 0

        while i < columns do
            let group = min 4 (columns - i)
            tile <- addGroup<'N, 'V> group ('N.At(a, i * 'N.Stride)) b tile others rows
            i <- i + group

    /// Adds the sums of the first `height` columns i by the first `width` columns j to `target` (height×width, row by
    /// row).
    let readRectangle<'N, 'V when 'N :> IVectors<'V>> (sums: nativeint) columns others (target: float[]) height width =
        for i in 0 .. height - 1 do
            let first = i &&& ~~~3
            let group = min 4 (columns - first)
            let row = 'N.At(sums, (first * others + 2 * (i - first)) * 'N.Lanes)

            for j in 0 .. width - 1 do
                let sum = 'N.Sum('N.At(row, ((j >>> 1) * 2 * group + (j &&& 1)) * 'N.Lanes))
                target[i * width + j] <- target[i * width + j] + sum
