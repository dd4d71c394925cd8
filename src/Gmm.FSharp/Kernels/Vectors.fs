namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.
#nowarn "3535" // Static abstract members let one source serve every vector width.

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// The operations of the loops of full covariances on vectors of numbers of one type, float64 or float32. As with
/// `ILanes`, each operation gives the same bits at every width. Addresses are native integers, because a typed pointer
/// would have one type in the interface, where the number type is still open, and another in its implementations.
type internal IVectors<'V> =
    /// The number of numbers in a vector.
    static abstract Width: int
    /// The number of numbers in a cache line. `Tiles` keeps a sum over rows in as many partial sums, and `RowTiles` in
    /// one number.
    static abstract Lanes: int
    /// The distance from one column of a panel to the next: an odd number of cache lines.
    static abstract Stride: int
    /// The number of numbers that represent a float64 number with all its digits.
    static abstract Parts: int
    /// The number of rows after which a sum must be added to a float64 sum.
    static abstract Rows: int
    /// Stores one part of a float64 number: part 0 is the rounded number, part 1 the rest.
    static abstract Put: float * part: int * address: nativeint -> unit
    /// Returns the number at an address.
    static abstract Get: address: nativeint -> float
    /// Returns the address of number i.
    static abstract At: address: nativeint * i: int -> nativeint
    static abstract Zero: 'V
    static abstract Load: nativeint -> 'V
    static abstract Store: 'V * nativeint -> unit
    /// Returns a vector with the number at an address in every place.
    static abstract Fill: nativeint -> 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Multiply: 'V * 'V -> 'V
    /// Returns a·b + c, rounded once.
    static abstract Fma: a: 'V * b: 'V * c: 'V -> 'V
    /// Returns x − m for a number m, where every place of `first` holds m's first part and every place of `last` its
    /// last.
    static abstract Subtract: x: 'V * first: 'V * last: 'V -> 'V
    /// Returns the square roots of float64 numbers.
    static abstract Root: nativeptr<float> -> 'V
    /// Adds c − ½q to float64 numbers at an address.
    static abstract AddHalf: q: 'V * c: float * target: nativeptr<float> -> unit
    /// Returns the sum of the partial sums of a sum over rows.
    static abstract Sum: nativeint -> float
    /// Transposes `count` rows of `columns` numbers, where each row begins `width` numbers after the one before it,
    /// into a panel.
    static abstract Transpose: source: nativeint * width: int * columns: int * count: int * target: nativeint -> unit

/// Vectors of float64 numbers.
[<Struct>]
type internal Doubles<'L, 'V when 'L :> ILanes<'V>> =
    interface IVectors<'V> with
        static member Width = 'L.Width
        static member Lanes = Panel.Lanes
        static member Stride = Panel.Stride
        static member Parts = 1
        static member Rows = System.Int32.MaxValue
        static member Put(x, _, address) = NativePtr.write (NativePtr.ofNativeInt address) x
        static member Get address = NativePtr.read (NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 8n * nativeint i

        static member Zero = 'L.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = 'L.Load(NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = 'L.Store(v, NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill address = 'L.Fill(NativePtr.read (NativePtr.ofNativeInt address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = 'L.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a, b) = 'L.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a, b, c) = 'L.Fma(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(x, first, _) = 'L.Subtract(x, first)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root address = 'L.Sqrt('L.Load address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddHalf(q, c, target) =
            'L.Store('L.Add('L.Load target, 'L.Fma(q, 'L.Fill -0.5, 'L.Fill c)), target)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sum address = Panel.sum (NativePtr.ofNativeInt address)

        static member Transpose(source, width, columns, count, target) =
            Panel.transpose (NativePtr.ofNativeInt source) width columns count (NativePtr.ofNativeInt target)

/// Panels of float32 numbers.
[<Optimised>]
module internal Single =
    /// The number of partial sums in which a sum over rows is kept.
    [<Literal>]
    let Lanes = 16

    /// The distance from one column to the next.
    [<Literal>]
    let Stride = 144

    /// The number of rows that sums run over in float32 before they are added to float64 sums. The last panel may
    /// bring up to 127 more.
    [<Literal>]
    let Rows = 2048

    /// Stores one part of a float64 number: part 0 is the nearest float32 number, part 1 the rest.
    let put (x: float) part (address: nativeptr<float32>) =
        NativePtr.write address (if part = 0 then float32 x else float32 (x - float (float32 x)))

    /// Returns the sum of the partial sums of a sum over rows.
    let inline sum (lanes: nativeptr<float32>) =
        let inline pairs i = Vector128.Load(NativePtr.add lanes (4 * i))
        let a, b, c, d = pairs 0, pairs 1, pairs 2, pairs 3

        let lower =
            (Vector128.WidenLower a + Vector128.WidenLower c) + (Vector128.WidenLower b + Vector128.WidenLower d)

        let upper =
            (Vector128.WidenUpper a + Vector128.WidenUpper c) + (Vector128.WidenUpper b + Vector128.WidenUpper d)

        let sums = lower + upper
        sums.GetElement 0 + sums.GetElement 1

    /// Transposes 4 rows by 4 columns.
    let inline private four (row: nativeptr<float32>) width (target: nativeptr<float32>) =
        let second = NativePtr.add row width
        let third = NativePtr.add second width

        let a, b, c, d =
            Vector128.Load row, Vector128.Load second, Vector128.Load third, Vector128.Load(NativePtr.add third width)

        let ab, ab' = Sse.UnpackLow(a, b), Sse.UnpackHigh(a, b)
        let cd, cd' = Sse.UnpackLow(c, d), Sse.UnpackHigh(c, d)
        Vector128.Store(Sse.MoveLowToHigh(ab, cd), target)
        Vector128.Store(Sse.MoveHighToLow(cd, ab), NativePtr.add target Stride)
        Vector128.Store(Sse.MoveLowToHigh(ab', cd'), NativePtr.add target (2 * Stride))
        Vector128.Store(Sse.MoveHighToLow(cd', ab'), NativePtr.add target (3 * Stride))

    /// Transposes `count` rows of `columns` numbers, where each row begins `width` numbers after the one before it, and
    /// pads rows and columns with 0.
    let transpose source width columns count target =
        if Sse.IsSupported then
            Panel.transposeBy Stride 4 4 four source width columns count target
        else
            Panel.transposeBy Stride 1 1 Panel.one source width columns count target

/// Vectors of 512 bits: 16 float32 numbers. Long sums, and the results for each row, are float64.
[<Struct>]
type internal Singles512 =
    interface IVectors<Vector512<float32>> with
        static member Width = 16
        static member Lanes = Single.Lanes
        static member Stride = Single.Stride
        static member Parts = 2
        static member Rows = Single.Rows
        static member Put(x, part, address) = Single.put x part (NativePtr.ofNativeInt address)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector512<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v: Vector512<float32>, address) = Vector512.Store(v, NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill address = Vector512.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a: Vector512<float32>, b: Vector512<float32>) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a: Vector512<float32>, b: Vector512<float32>) = Vector512.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector512<float32>, b: Vector512<float32>, c: Vector512<float32>) =
            Vector512.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(x: Vector512<float32>, first, last) =
            Vector512.Subtract(Vector512.Subtract(x, first), last)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root(address: nativeptr<float>) : Vector512<float32> =
            let next = NativePtr.add address 8
            Vector512.Narrow(Vector512.Sqrt(Vector512.Load address), Vector512.Sqrt(Vector512.Load next))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddHalf(q: Vector512<float32>, c: float, target: nativeptr<float>) =
            let half, constant, next = Vector512.Create -0.5, Vector512.Create c, NativePtr.add target 8
            let lower = Vector512.FusedMultiplyAdd(Vector512.WidenLower q, half, constant)
            let upper = Vector512.FusedMultiplyAdd(Vector512.WidenUpper q, half, constant)
            Vector512.Store(Vector512.Add(Vector512.Load target, lower), target)
            Vector512.Store(Vector512.Add(Vector512.Load next, upper), next)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sum address = Single.sum (NativePtr.ofNativeInt address)

        static member Transpose(source, width, columns, count, target) =
            Single.transpose (NativePtr.ofNativeInt source) width columns count (NativePtr.ofNativeInt target)

/// Vectors of 256 bits: 8 float32 numbers. Long sums, and the results for each row, are float64.
[<Struct>]
type internal Singles256 =
    interface IVectors<Vector256<float32>> with
        static member Width = 8
        static member Lanes = Single.Lanes
        static member Stride = Single.Stride
        static member Parts = 2
        static member Rows = Single.Rows
        static member Put(x, part, address) = Single.put x part (NativePtr.ofNativeInt address)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector256<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v: Vector256<float32>, address) = Vector256.Store(v, NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill address = Vector256.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a: Vector256<float32>, b: Vector256<float32>) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a: Vector256<float32>, b: Vector256<float32>) = Vector256.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector256<float32>, b: Vector256<float32>, c: Vector256<float32>) =
            Vector256.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(x: Vector256<float32>, first, last) =
            Vector256.Subtract(Vector256.Subtract(x, first), last)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root(address: nativeptr<float>) : Vector256<float32> =
            let next = NativePtr.add address 4
            Vector256.Narrow(Vector256.Sqrt(Vector256.Load address), Vector256.Sqrt(Vector256.Load next))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddHalf(q: Vector256<float32>, c: float, target: nativeptr<float>) =
            let half, constant, next = Vector256.Create -0.5, Vector256.Create c, NativePtr.add target 4
            let lower = Vector256.FusedMultiplyAdd(Vector256.WidenLower q, half, constant)
            let upper = Vector256.FusedMultiplyAdd(Vector256.WidenUpper q, half, constant)
            Vector256.Store(Vector256.Add(Vector256.Load target, lower), target)
            Vector256.Store(Vector256.Add(Vector256.Load next, upper), next)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sum address = Single.sum (NativePtr.ofNativeInt address)

        static member Transpose(source, width, columns, count, target) =
            Single.transpose (NativePtr.ofNativeInt source) width columns count (NativePtr.ofNativeInt target)

/// Vectors of 128 bits: 4 float32 numbers. Long sums, and the results for each row, are float64.
[<Struct>]
type internal Singles128 =
    interface IVectors<Vector128<float32>> with
        static member Width = 4
        static member Lanes = Single.Lanes
        static member Stride = Single.Stride
        static member Parts = 2
        static member Rows = Single.Rows
        static member Put(x, part, address) = Single.put x part (NativePtr.ofNativeInt address)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector128<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load(NativePtr.ofNativeInt<float32> address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v: Vector128<float32>, address) = Vector128.Store(v, NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill address = Vector128.Create(NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a: Vector128<float32>, b: Vector128<float32>) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a: Vector128<float32>, b: Vector128<float32>) = Vector128.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector128<float32>, b: Vector128<float32>, c: Vector128<float32>) =
            Vector128.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(x: Vector128<float32>, first, last) =
            Vector128.Subtract(Vector128.Subtract(x, first), last)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Root(address: nativeptr<float>) : Vector128<float32> =
            let next = NativePtr.add address 2
            Vector128.Narrow(Vector128.Sqrt(Vector128.Load address), Vector128.Sqrt(Vector128.Load next))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddHalf(q: Vector128<float32>, c: float, target: nativeptr<float>) =
            let half, constant, next = Vector128.Create -0.5, Vector128.Create c, NativePtr.add target 2
            let lower = Vector128.FusedMultiplyAdd(Vector128.WidenLower q, half, constant)
            let upper = Vector128.FusedMultiplyAdd(Vector128.WidenUpper q, half, constant)
            Vector128.Store(Vector128.Add(Vector128.Load target, lower), target)
            Vector128.Store(Vector128.Add(Vector128.Load next, upper), next)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sum address = Single.sum (NativePtr.ofNativeInt address)

        static member Transpose(source, width, columns, count, target) =
            Single.transpose (NativePtr.ofNativeInt source) width columns count (NativePtr.ofNativeInt target)
