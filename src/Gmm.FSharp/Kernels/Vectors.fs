namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.
#nowarn "3535" // Static abstract members let one source serve every vector width.

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86
open FSharp.NativeInterop

/// The operations of the loops of covariances on vectors of numbers of one type, float64 or float32. As with
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
    /// Whether float64 numbers are rounded. Sums over `Single.Rows` rows must then be added to float64 sums.
    static abstract IsRounded: bool
    /// Stores the number nearest to a float64 number.
    static abstract Put: float * address: nativeint -> unit
    /// Returns the number at an address.
    static abstract Get: address: nativeint -> float
    /// Returns the address of number i.
    static abstract At: address: nativeint * i: int -> nativeint
    static abstract Zero: 'V
    /// Returns a vector with the number nearest to a float64 number in every place.
    static abstract Number: float -> 'V
    static abstract Load: nativeint -> 'V
    static abstract Store: 'V * nativeint -> unit
    /// Returns a vector with the number at an address in every place.
    static abstract Fill: nativeint -> 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Subtract: 'V * 'V -> 'V
    static abstract Multiply: 'V * 'V -> 'V
    static abstract Divide: 'V * 'V -> 'V
    static abstract Min: 'V * 'V -> 'V
    static abstract Max: 'V * 'V -> 'V
    /// Returns `yes` where a < b, and `no` elsewhere.
    static abstract WhereLess: a: 'V * b: 'V * yes: 'V * no: 'V -> 'V
    /// Returns a·b + c, rounded once.
    static abstract Fma: a: 'V * b: 'V * c: 'V -> 'V
    static abstract Sqrt: 'V -> 'V
    /// Returns 2ⁿ for integers n where it is a normal number. Each n is given as n + 1.5·2⁵², in float32 n + 1.5·2²³,
    /// whose lowest bits are those of n.
    static abstract PowerOfTwo: 'V -> 'V
    /// Returns max(a, least) − b of float64 numbers a and b.
    static abstract Difference: a: nativeptr<float> * least: float * b: nativeptr<float> -> 'V
    /// Returns the numbers nearest to float64 numbers at an address.
    static abstract Narrow: nativeptr<float> -> 'V
    /// Stores the numbers as float64.
    static abstract Widen: 'V * nativeptr<float> -> unit
    /// Adds f·q + c to float64 numbers at an address, for two vectors of numbers q.
    static abstract AddScaled: q0: 'V * q1: 'V * f: float * c: float * target: nativeptr<float> -> unit
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
        static member IsRounded = false
        static member Put(x, address) = NativePtr.write (NativePtr.ofNativeInt address) x
        static member Get address = NativePtr.read (NativePtr.ofNativeInt address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 8n * nativeint i

        static member Zero = 'L.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Number(x: float) = 'L.Fill x

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
        static member Divide(a, b) = 'L.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Min(a, b) = 'L.WhereLess(a, b, a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a, b) = 'L.Max(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a, b, yes, no) = 'L.WhereLess(a, b, yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo n = 'L.PowerOfTwo n

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Difference(a, least, b) = 'L.Subtract('L.Max('L.Fill least, 'L.Load a), 'L.Load b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Narrow address = 'L.Load address

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Widen(v, target) = 'L.Store(v, target)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a, b, c) = 'L.Fma(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = 'L.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt v = 'L.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddScaled(q0, q1, f, c, target) =
            let factor, constant, next = 'L.Fill f, 'L.Fill c, NativePtr.add target 'L.Width
            'L.Store('L.Add('L.Load target, 'L.Fma(q0, factor, constant)), target)
            'L.Store('L.Add('L.Load next, 'L.Fma(q1, factor, constant)), next)

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

    /// 2⁻¹¹⁰. Smaller responsibilities change no sum, but their products would be subnormal numbers, with which
    /// processors take long.
    [<Literal>]
    let Least = 7.703719777548943e-34

    /// The position of the exponent's lowest bit.
    [<Literal>]
    let Shift = 23

    /// The bits of 1.
    [<Literal>]
    let One = 0x3F800000

    /// The number of rows that sums run over in float32 before they are added to float64 sums. The last panel may
    /// bring up to 127 more.
    [<Literal>]
    let Rows = 8192

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

    /// Transposes 8 rows by 4 columns.
    let inline private eight (row: nativeptr<float32>) width (target: nativeptr<float32>) =
        // Four numbers of row i, and of the row four after it.
        let inline both i =
            let row = NativePtr.add row (i * width)
            Vector256.Create(Vector128.Load row, Vector128.Load(NativePtr.add row (4 * width)))

        let a, b, c, d = both 0, both 1, both 2, both 3
        let ab, ab' = Avx.UnpackLow(a, b), Avx.UnpackHigh(a, b)
        let cd, cd' = Avx.UnpackLow(c, d), Avx.UnpackHigh(c, d)
        Vector256.Store(Avx.Shuffle(ab, cd, 0x44uy), target)
        Vector256.Store(Avx.Shuffle(ab, cd, 0xEEuy), NativePtr.add target Stride)
        Vector256.Store(Avx.Shuffle(ab', cd', 0x44uy), NativePtr.add target (2 * Stride))
        Vector256.Store(Avx.Shuffle(ab', cd', 0xEEuy), NativePtr.add target (3 * Stride))

    /// Transposes `count` rows of `columns` numbers, where each row begins `width` numbers after the one before it, and
    /// pads rows and columns with 0.
    let transpose source width columns count target =
        if Avx.IsSupported then
            Panel.transposeBy Stride 8 4 eight source width columns count target
        elif Sse.IsSupported then
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
        static member IsRounded = true
        static member Put(x, address) = NativePtr.write (NativePtr.ofNativeInt address) (float32 x)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector512<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Number(x: float) = Vector512.Create(float32 x)

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
        static member Divide(a: Vector512<float32>, b: Vector512<float32>) = Vector512.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Min(a: Vector512<float32>, b: Vector512<float32>) = Vector512.MinNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector512<float32>, b: Vector512<float32>) = Vector512.MaxNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a: Vector512<float32>, b: Vector512<float32>, yes, no) =
            Vector512.ConditionalSelect(Vector512.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo(n: Vector512<float32>) =
            (Vector512.ShiftLeft(n.AsInt32(), Single.Shift) + Vector512.Create Single.One).AsSingle()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Difference(a: nativeptr<float>, least: float, b: nativeptr<float>) : Vector512<float32> =
            let inline difference i =
                Vector512.MaxNative(Vector512.Create least, Vector512.Load(NativePtr.add a i))
                - Vector512.Load(NativePtr.add b i)

            Vector512.Narrow(difference 0, difference 8)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Narrow(address: nativeptr<float>) : Vector512<float32> =
            Vector512.Narrow(Vector512.Load address, Vector512.Load(NativePtr.add address 8))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Widen(v: Vector512<float32>, target: nativeptr<float>) =
            Vector512.Store(Vector512.WidenLower v, target)
            Vector512.Store(Vector512.WidenUpper v, NativePtr.add target 8)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector512<float32>, b: Vector512<float32>, c: Vector512<float32>) =
            Vector512.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a: Vector512<float32>, b: Vector512<float32>) = Vector512.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt(v: Vector512<float32>) = Vector512.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddScaled
            (q0: Vector512<float32>, q1: Vector512<float32>, f: float, c: float, target: nativeptr<float>)
            =
            let factor, constant = Vector512.Create f, Vector512.Create c

            let inline add q i =
                let target = NativePtr.add target (i * 8)
                let value = Vector512.FusedMultiplyAdd(q, factor, constant)
                Vector512.Store(Vector512.Add(Vector512.Load target, value), target)

            add (Vector512.WidenLower q0) 0
            add (Vector512.WidenUpper q0) 1
            add (Vector512.WidenLower q1) 2
            add (Vector512.WidenUpper q1) 3

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
        static member IsRounded = true
        static member Put(x, address) = NativePtr.write (NativePtr.ofNativeInt address) (float32 x)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector256<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Number(x: float) = Vector256.Create(float32 x)

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
        static member Divide(a: Vector256<float32>, b: Vector256<float32>) = Vector256.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Min(a: Vector256<float32>, b: Vector256<float32>) = Vector256.MinNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector256<float32>, b: Vector256<float32>) = Vector256.MaxNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a: Vector256<float32>, b: Vector256<float32>, yes, no) =
            Vector256.ConditionalSelect(Vector256.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo(n: Vector256<float32>) =
            (Vector256.ShiftLeft(n.AsInt32(), Single.Shift) + Vector256.Create Single.One).AsSingle()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Difference(a: nativeptr<float>, least: float, b: nativeptr<float>) : Vector256<float32> =
            let inline difference i =
                Vector256.MaxNative(Vector256.Create least, Vector256.Load(NativePtr.add a i))
                - Vector256.Load(NativePtr.add b i)

            Vector256.Narrow(difference 0, difference 4)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Narrow(address: nativeptr<float>) : Vector256<float32> =
            Vector256.Narrow(Vector256.Load address, Vector256.Load(NativePtr.add address 4))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Widen(v: Vector256<float32>, target: nativeptr<float>) =
            Vector256.Store(Vector256.WidenLower v, target)
            Vector256.Store(Vector256.WidenUpper v, NativePtr.add target 4)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector256<float32>, b: Vector256<float32>, c: Vector256<float32>) =
            Vector256.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a: Vector256<float32>, b: Vector256<float32>) = Vector256.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt(v: Vector256<float32>) = Vector256.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddScaled
            (q0: Vector256<float32>, q1: Vector256<float32>, f: float, c: float, target: nativeptr<float>)
            =
            let factor, constant = Vector256.Create f, Vector256.Create c

            let inline add q i =
                let target = NativePtr.add target (i * 4)
                let value = Vector256.FusedMultiplyAdd(q, factor, constant)
                Vector256.Store(Vector256.Add(Vector256.Load target, value), target)

            add (Vector256.WidenLower q0) 0
            add (Vector256.WidenUpper q0) 1
            add (Vector256.WidenLower q1) 2
            add (Vector256.WidenUpper q1) 3

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
        static member IsRounded = true
        static member Put(x, address) = NativePtr.write (NativePtr.ofNativeInt address) (float32 x)
        static member Get address = float (NativePtr.read (NativePtr.ofNativeInt<float32> address))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member At(address, i) = address + 4n * nativeint i

        static member Zero = Vector128<float32>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Number(x: float) = Vector128.Create(float32 x)

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
        static member Divide(a: Vector128<float32>, b: Vector128<float32>) = Vector128.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Min(a: Vector128<float32>, b: Vector128<float32>) = Vector128.MinNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector128<float32>, b: Vector128<float32>) = Vector128.MaxNative(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a: Vector128<float32>, b: Vector128<float32>, yes, no) =
            Vector128.ConditionalSelect(Vector128.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo(n: Vector128<float32>) =
            (Vector128.ShiftLeft(n.AsInt32(), Single.Shift) + Vector128.Create Single.One).AsSingle()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Difference(a: nativeptr<float>, least: float, b: nativeptr<float>) : Vector128<float32> =
            let inline difference i =
                Vector128.MaxNative(Vector128.Create least, Vector128.Load(NativePtr.add a i))
                - Vector128.Load(NativePtr.add b i)

            Vector128.Narrow(difference 0, difference 2)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Narrow(address: nativeptr<float>) : Vector128<float32> =
            Vector128.Narrow(Vector128.Load address, Vector128.Load(NativePtr.add address 2))

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Widen(v: Vector128<float32>, target: nativeptr<float>) =
            Vector128.Store(Vector128.WidenLower v, target)
            Vector128.Store(Vector128.WidenUpper v, NativePtr.add target 2)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector128<float32>, b: Vector128<float32>, c: Vector128<float32>) =
            Vector128.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a: Vector128<float32>, b: Vector128<float32>) = Vector128.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt(v: Vector128<float32>) = Vector128.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member AddScaled
            (q0: Vector128<float32>, q1: Vector128<float32>, f: float, c: float, target: nativeptr<float>)
            =
            let factor, constant = Vector128.Create f, Vector128.Create c

            let inline add q i =
                let target = NativePtr.add target (i * 2)
                let value = Vector128.FusedMultiplyAdd(q, factor, constant)
                Vector128.Store(Vector128.Add(Vector128.Load target, value), target)

            add (Vector128.WidenLower q0) 0
            add (Vector128.WidenUpper q0) 1
            add (Vector128.WidenLower q1) 2
            add (Vector128.WidenUpper q1) 3

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sum address = Single.sum (NativePtr.ofNativeInt address)

        static member Transpose(source, width, columns, count, target) =
            Single.transpose (NativePtr.ofNativeInt source) width columns count (NativePtr.ofNativeInt target)

/// eˣ in float32.
module internal SingleExp =
    /// 1.5·2²³. Adding it to a number below 2²² rounds that number to an integer.
    [<Literal>]
    let Rounding = 12582912.0

    /// ln 2, rounded to float32.
    [<Literal>]
    let Ln2 = 0.693147182464599609375

    /// ln 2 − `Ln2`.
    [<Literal>]
    let Ln2Rest = -1.90465429995776804525e-9

    /// ln of `Single.Least`.
    [<Literal>]
    let Smallest = -76.24618986159398

    /// Returns e^y, where y is x ≤ 0 or half of it, with an error of at most 1.5·2⁻²⁴ of the result, as e^y = 2ⁿeʳ with
    /// r = y − n ln 2 and |r| ≤ ½ ln 2; 0 where x is below `Smallest`. The minimax polynomial of degree 4 for (eʳ − 1 −
    /// r)/r² has an error of 2⁻²⁸ of eʳ.
    let inline private expWhere<'N, 'V when 'N :> IVectors<'V>> (x: 'V) (y: 'V) : 'V =
        let rounding = 'N.Number Rounding
        let exponent = 'N.Fma(y, 'N.Number Elementary.Log2OfE, rounding)
        let n = 'N.Subtract(exponent, rounding)
        let r = 'N.Fma(n, 'N.Number -Ln2, y)
        let r = 'N.Fma(n, 'N.Number -Ln2Rest, r)
        let square = 'N.Multiply(r, r)
        let p01 = 'N.Fma('N.Number 0.16666520398818915, r, 'N.Number 0.4999999343234881)
        let p23 = 'N.Fma('N.Number 0.00836874513335416, r, 'N.Number 0.04166839074350497)
        let p = 'N.Fma('N.Fma('N.Number 0.0013814542044626146, square, p23), square, p01)
        let power = 'N.Add('N.Number 1.0, 'N.Fma(square, p, r))
        'N.WhereLess(x, 'N.Number Smallest, 'N.Zero, 'N.Multiply(power, 'N.PowerOfTwo exponent))

    /// Returns eˣ for x ≤ 0, with an error of at most 1.5·2⁻²⁴ of the result; 0 where eˣ is less than `Single.Least`.
    let inline expUpTo0<'N, 'V when 'N :> IVectors<'V>> (x: 'V) : 'V = expWhere<'N, 'V> x x

    /// Returns √(eˣ) for x ≤ 0, with an error of at most 1.5·2⁻²⁴ of the result; 0 where eˣ is less than
    /// `Single.Least`.
    let inline rootOfExpUpTo0<'N, 'V when 'N :> IVectors<'V>> (x: 'V) : 'V =
        expWhere<'N, 'V> x ('N.Multiply(x, 'N.Number 0.5))
