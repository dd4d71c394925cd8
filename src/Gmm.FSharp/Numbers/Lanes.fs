namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.
#nowarn "3535" // Static abstract members let one source serve every vector width.

open System.Runtime.CompilerServices
open System.Runtime.Intrinsics
open System.Runtime.Intrinsics.X86

/// The operations of the kernels on a vector of 2, 4 or 8 numbers. Each operation gives every number the same bits at
/// every width: `Fma` adds a product without rounding it first, and no operation sums across a vector. A kernel is
/// written once over these operations; the runtime's compiler makes machine code from it for each width.
type internal ILanes<'V> =
    /// The number of numbers in a vector: 2, 4 or 8.
    static abstract Width: int
    /// 0 in every place.
    static abstract Zero: 'V
    /// Loads the numbers at an address.
    static abstract Load: nativeptr<float> -> 'V
    /// Loads float32 numbers at an address.
    static abstract LoadSingle: nativeptr<float32> -> 'V
    /// Stores the numbers at an address.
    static abstract Store: 'V * nativeptr<float> -> unit
    /// Returns a vector with one number in every place.
    static abstract Fill: float -> 'V
    static abstract Add: 'V * 'V -> 'V
    static abstract Subtract: 'V * 'V -> 'V
    static abstract Multiply: 'V * 'V -> 'V
    static abstract Divide: 'V * 'V -> 'V
    static abstract Sqrt: 'V -> 'V
    /// Returns a·b + c, rounded once.
    static abstract Fma: a: 'V * b: 'V * c: 'V -> 'V
    /// Returns `yes` where a < b, and `no` elsewhere and where a or b is NaN.
    static abstract WhereLess: a: 'V * b: 'V * yes: 'V * no: 'V -> 'V
    /// Returns a where a > b, and b elsewhere and where a or b is NaN.
    static abstract Max: a: 'V * b: 'V -> 'V
    /// Returns 2ⁿ for integers n from −1022 to 1023. Each n is given as n + 1.5·2⁵², whose lowest bits are those of n.
    static abstract PowerOfTwo: 'V -> 'V
    /// Returns e of x = m·2ᵉ with 1 ≤ m < 2, for normal x > 0.
    static abstract Exponent: 'V -> 'V
    /// Returns m of x = m·2ᵉ with 1 ≤ m < 2, for normal x > 0.
    static abstract Significand: 'V -> 'V

/// Bits of float64 numbers in the IEEE 754 format.
module internal Bits =
    /// The position of the exponent's lowest bit.
    [<Literal>]
    let Shift = 52

    /// The bits of 1.
    [<Literal>]
    let One = 0x3FF0000000000000L

    /// The bits of the significand.
    [<Literal>]
    let Mask = 0x000FFFFFFFFFFFFFL

    /// The bits of 2⁵². Putting an integer below 2⁵² into the lowest bits adds it to 2⁵².
    [<Literal>]
    let Whole = 0x4330000000000000L

    /// 2⁵² + 1023, where 1023 is the bias with which exponents are stored.
    [<Literal>]
    let WholeAndBias = 4503599627371519.0

/// Vectors of 512 bits: 8 numbers.
[<Struct>]
type internal Lanes512 =
    interface ILanes<Vector512<float>> with
        static member Width = 8

        static member Zero = Vector512<float>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector512.Load address

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadSingle(address: nativeptr<float32>) =
            Vector512.WidenLower(Vector256.Load(address).ToVector512Unsafe())

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector512.Store(v, address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill(x: float) = Vector512.Create x

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector512.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector512.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a, b) = Vector512.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector512.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt v = Vector512.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector512<float>, b: Vector512<float>, c: Vector512<float>) =
            Vector512.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a, b, yes, no) = Vector512.ConditionalSelect(Vector512.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector512<float>, b: Vector512<float>) =
            if Avx512F.IsSupported then
                Avx512F.Max(a, b)
            else
                Vector512.ConditionalSelect(Vector512.LessThan(b, a), a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo n =
            (Vector512.ShiftLeft(n.AsInt64(), Bits.Shift) + Vector512.Create Bits.One).AsDouble()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Exponent x =
            (Vector512.ShiftRightLogical(x.AsInt64(), Bits.Shift) ||| Vector512.Create Bits.Whole).AsDouble()
            - Vector512.Create Bits.WholeAndBias

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Significand x =
            ((x.AsInt64() &&& Vector512.Create Bits.Mask) ||| Vector512.Create Bits.One).AsDouble()

/// Vectors of 256 bits: 4 numbers.
[<Struct>]
type internal Lanes256 =
    interface ILanes<Vector256<float>> with
        static member Width = 4

        static member Zero = Vector256<float>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector256.Load address

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadSingle(address: nativeptr<float32>) =
            Vector256.WidenLower(Vector128.Load(address).ToVector256Unsafe())

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector256.Store(v, address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill(x: float) = Vector256.Create x

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector256.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector256.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a, b) = Vector256.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector256.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt v = Vector256.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector256<float>, b: Vector256<float>, c: Vector256<float>) =
            Vector256.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a, b, yes, no) = Vector256.ConditionalSelect(Vector256.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector256<float>, b: Vector256<float>) =
            if Avx.IsSupported then
                Avx.Max(a, b)
            else
                Vector256.ConditionalSelect(Vector256.LessThan(b, a), a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo n =
            (Vector256.ShiftLeft(n.AsInt64(), Bits.Shift) + Vector256.Create Bits.One).AsDouble()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Exponent x =
            (Vector256.ShiftRightLogical(x.AsInt64(), Bits.Shift) ||| Vector256.Create Bits.Whole).AsDouble()
            - Vector256.Create Bits.WholeAndBias

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Significand x =
            ((x.AsInt64() &&& Vector256.Create Bits.Mask) ||| Vector256.Create Bits.One).AsDouble()

/// Vectors of 128 bits: 2 numbers.
[<Struct>]
type internal Lanes128 =
    interface ILanes<Vector128<float>> with
        static member Width = 2

        static member Zero = Vector128<float>.Zero

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Load address = Vector128.Load address

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member LoadSingle(address: nativeptr<float32>) =
            Vector128.WidenLower(Vector64.Load(address).ToVector128Unsafe())

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Store(v, address) = Vector128.Store(v, address)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fill(x: float) = Vector128.Create x

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Add(a, b) = Vector128.Add(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Subtract(a, b) = Vector128.Subtract(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Multiply(a, b) = Vector128.Multiply(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Divide(a, b) = Vector128.Divide(a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Sqrt v = Vector128.Sqrt v

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Fma(a: Vector128<float>, b: Vector128<float>, c: Vector128<float>) =
            Vector128.FusedMultiplyAdd(a, b, c)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member WhereLess(a, b, yes, no) = Vector128.ConditionalSelect(Vector128.LessThan(a, b), yes, no)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Max(a: Vector128<float>, b: Vector128<float>) =
            if Sse2.IsSupported then
                Sse2.Max(a, b)
            else
                Vector128.ConditionalSelect(Vector128.LessThan(b, a), a, b)

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member PowerOfTwo n =
            (Vector128.ShiftLeft(n.AsInt64(), Bits.Shift) + Vector128.Create Bits.One).AsDouble()

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Exponent x =
            (Vector128.ShiftRightLogical(x.AsInt64(), Bits.Shift) ||| Vector128.Create Bits.Whole).AsDouble()
            - Vector128.Create Bits.WholeAndBias

        [<MethodImpl(MethodImplOptions.AggressiveInlining)>]
        static member Significand x =
            ((x.AsInt64() &&& Vector128.Create Bits.Mask) ||| Vector128.Create Bits.One).AsDouble()

/// The width of vectors.
[<RequireQualifiedAccess>]
type internal Width =
    | Bits512
    | Bits256
    | Bits128

module internal Width =
    /// The widest vectors that this machine accelerates.
    let widest =
        if Vector512.IsHardwareAccelerated then Width.Bits512
        elif Vector256.IsHardwareAccelerated then Width.Bits256
        else Width.Bits128

    /// Returns how many numbers a vector holds.
    let numbers width =
        match width with
        | Width.Bits512 -> 8
        | Width.Bits256 -> 4
        | Width.Bits128 -> 2
