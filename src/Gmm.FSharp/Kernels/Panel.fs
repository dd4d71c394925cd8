namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// A buffer of numbers at a fixed address, which is the beginning of a cache line.
[<Sealed>]
type internal Pinned<'E when 'E: unmanaged>() =
    let line = 64 / sizeof<'E>
    let mutable numbers: 'E[] = [||]
    let mutable address: nativeptr<'E> = NativePtr.ofNativeInt 0n

    /// The address of the first number.
    member _.Address = address

    /// The address of the first number, as a native integer.
    member _.Start = NativePtr.toNativeInt address

    /// Makes room for this many numbers; the previous contents may be lost.
    member _.Require(length: int) =
        if numbers.Length < length + line then
            numbers <- GC.AllocateUninitializedArray<'E>(length + line, pinned = true)
            let first = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0)
            address <- NativePtr.ofNativeInt ((first + 63n) &&& ~~~63n)

    /// Sets the first numbers to 0.
    member _.Clear(length: int) = Span<'E>(NativePtr.toVoidPtr address, length).Clear()

/// A buffer of float64 numbers at a fixed address.
type internal Pinned = Pinned<float>

/// A panel holds some rows of a block, transposed: number i of a column lies next to number i+1, so that a vector holds
/// one column of several rows. A sum over rows is then kept in 8 numbers, one for each remainder of the row number
/// modulo 8, whatever the vector width; so sums have the same bits at every width.
[<Optimised>]
module internal Panel =
    /// The largest number of rows. A panel and the numbers computed from it stay in a core's first- or second-level
    /// cache.
    [<Literal>]
    let Rows = 128

    /// The distance from one column to the next: an odd number of cache lines, so that columns don't collide in one
    /// cache set.
    [<Literal>]
    let Stride = 136

    /// The number of partial sums in which a sum over rows is kept.
    [<Literal>]
    let Lanes = 8

    /// A panel is padded to a multiple of this many rows, with rows of zeros that have no weight.
    [<Literal>]
    let Step = 32

    /// Returns a number of columns, rounded up to an even number.
    let even columns = (columns + 1) &&& ~~~1

    /// Returns the number of rows of a panel of `count` rows, with padding rows.
    let padded count = (count + Step - 1) / Step * Step

    /// Returns the sum of the 8 partial sums of a sum over rows.
    let inline sum (lanes: nativeptr<float>) =
        let inline pair i = Vector128.Load(NativePtr.add lanes i)
        let sums = (pair 0 + pair 4) + (pair 2 + pair 6)
        sums.GetElement 0 + sums.GetElement 1

    let inline private at (address: nativeptr<float>) (i: int) = NativePtr.add address i

    /// Returns two numbers of a row, and two of another row, as one vector.
    let inline private both (p: nativeptr<float>) (q: nativeptr<float>) =
        Vector256.Create(Vector128.Load p, Vector128.Load q)

    /// Transposes 4 rows by 4 columns.
    let inline private four (row: nativeptr<float>) width (target: nativeptr<float>) =
        let second = at row width
        let third = at second width
        let fourth = at third width
        let a, b = both row third, both second fourth
        let c, d = both (at row 2) (at third 2), both (at second 2) (at fourth 2)
        Vector256.Store(Avx.UnpackLow(a, b), target)
        Vector256.Store(Avx.UnpackHigh(a, b), at target Stride)
        Vector256.Store(Avx.UnpackLow(c, d), at target (2 * Stride))
        Vector256.Store(Avx.UnpackHigh(c, d), at target (3 * Stride))

    /// Transposes 8 rows by 2 columns.
    let inline private eight (row: nativeptr<float>) width (target: nativeptr<float>) =
        let inline every (row: nativeptr<float>) =
            let lower, upper = both row (at row (2 * width)), both (at row (4 * width)) (at row (6 * width))
            Avx512F.InsertVector256(lower.ToVector512Unsafe(), upper, 1uy)

        let a, b = every row, every (at row width)
        Vector512.Store(Avx512F.UnpackLow(a, b), target)
        Vector512.Store(Avx512F.UnpackHigh(a, b), at target Stride)

    /// Transposes `count` rows of `columns` numbers, where each row begins `width` numbers after the one before it, and
    /// pads rows and columns with 0. A tile of `tall` rows by `broad` columns at a time is transposed by `tile`.
    let inline internal transposeBy
        stride
        tall
        broad
        ([<InlineIfLambda>] tile: nativeptr<'E> -> int -> nativeptr<'E> -> unit)
        (source: nativeptr<'E>)
        width
        columns
        count
        (target: nativeptr<'E>)
        =
        let rows = count / tall * tall
        let whole = columns / broad * broad
        let mutable i = 0

        while i < rows do
            let mutable row = NativePtr.add source (i * width)
            let mutable column = NativePtr.add target i
            let mutable j = 0

            while j < whole do
                tile row width column
                row <- NativePtr.add row broad
                column <- NativePtr.add column (broad * stride)
                j <- j + broad

            i <- i + tall

        for i in (if whole < columns then 0 else rows) .. count - 1 do
            for j in (if i < rows then whole else 0) .. columns - 1 do
                NativePtr.set target (j * stride + i) (NativePtr.get source (i * width + j))

        if count < padded count then
            for j in 0 .. columns - 1 do
                Span<'E>(NativePtr.toVoidPtr (NativePtr.add target (j * stride + count)), padded count - count).Clear()

        if even columns > columns then
            Span<'E>(NativePtr.toVoidPtr (NativePtr.add target (columns * stride)), stride).Clear()

    /// Transposes one number.
    let inline internal one (source: nativeptr<'E>) (_: int) (target: nativeptr<'E>) =
        NativePtr.write target (NativePtr.read source)

    /// Transposes rows of float64 numbers, as `transposeBy` does.
    let transpose source width columns count target =
        if Avx512F.IsSupported then
            transposeBy Stride 8 2 eight source width columns count target
        elif Avx.IsSupported then
            transposeBy Stride 4 4 four source width columns count target
        else
            transposeBy Stride 1 1 one source width columns count target

    /// Asks the core to load bytes into its cache while it does other work. The address need not be valid.
    let prefetch (address: nativeint) (bytes: int) =
        if Sse.IsSupported then
            let mutable i = 0

            while i < bytes do
                Sse.Prefetch1((address + nativeint i).ToPointer())
                i <- i + 64
