namespace Gmm

#nowarn "9" // The pointers are to pinned buffers.

open System
open System.Runtime.Intrinsics
open FSharp.NativeInterop

/// Computes eˣ and ln x, with errors of at most 1 unit in the last place, and with the same bits on every system, in
/// every process, at every width of vectors and for a number alone. The functions of .NET have other bits on other
/// systems, because the C runtime computes them, and `TensorPrimitives.Exp` has other bits on other processors and
/// after its first calls.
[<Optimised>]
module internal Elementary =
    /// 1.5·2⁵². Adding it to a number below 2⁵¹ rounds that number to an integer.
    [<Literal>]
    let Rounding = 6755399441055744.0

    /// log₂ e.
    [<Literal>]
    let Log2OfE = 1.4426950408889634

    /// ln 2, rounded.
    [<Literal>]
    let Ln2 = 0.6931471805599453

    /// ln 2 − `Ln2`.
    [<Literal>]
    let Ln2Rest = 2.3190468138462996e-17

    /// Above this number, eˣ is ∞.
    [<Literal>]
    let Largest = 710.0

    /// Below this number, eˣ is 0.
    [<Literal>]
    let Smallest = -746.0

    /// Below this number, eˣ is less than 1.22 times the smallest normal number.
    [<Literal>]
    let SmallestNormal = -708.2

    /// Returns p₀ + x·p₁, one step of Horner's rule.
    let inline horner<'L, 'V when 'L :> ILanes<'V>> (x: 'V) (p0: float) (p1: 'V) : 'V = 'L.Fma(p1, x, 'L.Fill p0)

    /// Returns n + 1.5·2⁵², where eˣ = 2ⁿeʳ with r = x − n ln 2 and |r| ≤ ½ ln 2.
    let inline exponentOf<'L, 'V when 'L :> ILanes<'V>> (x: 'V) : 'V = 'L.Fma(x, 'L.Fill Log2OfE, 'L.Fill Rounding)

    /// Returns eʳ, from x and n + 1.5·2⁵². The minimax polynomial of degree 9 for (eʳ − 1 − r)/r² has an error of 2⁻⁵⁶
    /// of eʳ.
    let inline remainingPower<'L, 'V when 'L :> ILanes<'V>> (x: 'V) (exponent: 'V) : 'V =
        let n = 'L.Subtract(exponent, 'L.Fill Rounding)
        let r = 'L.Fma(n, 'L.Fill -Ln2, x)
        let r = 'L.Fma(n, 'L.Fill -Ln2Rest, r)

        // By Estrin's scheme: Horner's would be a chain twice as long, each step of which waits for the one before it.
        let inline pair p0 p1 = 'L.Fma('L.Fill p1, r, 'L.Fill p0)
        let square = 'L.Multiply(r, r)
        let fourth = 'L.Multiply(square, square)
        let p01, p23 = pair 0.5000000000000001 0.16666666666666669, pair 0.041666666666624136 0.008333333333330063

        let p45, p67 =
            pair 0.001388888891720967 0.00019841269863050506, pair 2.4801521302241082e-05 2.7557268464831627e-06

        let p89 = pair 2.7620085455018414e-07 2.510038319586702e-08
        let p03, p47 = 'L.Fma(p23, square, p01), 'L.Fma(p67, square, p45)
        let p = 'L.Fma('L.Fma(p89, fourth, p47), fourth, p03)
        'L.Add('L.Fill 1.0, 'L.Fma(square, p, r))

    /// Returns e^y, where y is x ≤ 0 or half of it; 0 where x is below `SmallestNormal`.
    let inline private expWhere<'L, 'V when 'L :> ILanes<'V>> (x: 'V) (y: 'V) : 'V =
        let exponent = exponentOf<'L, 'V> y
        let power = remainingPower<'L, 'V> y exponent
        'L.WhereLess(x, 'L.Fill SmallestNormal, 'L.Zero, 'L.Multiply(power, 'L.PowerOfTwo exponent))

    /// Returns eˣ for x ≤ 0; 0 below `SmallestNormal`.
    let inline expUpTo0<'L, 'V when 'L :> ILanes<'V>> (x: 'V) : 'V = expWhere<'L, 'V> x x

    /// Returns √(eˣ) for x ≤ 0; 0 below `SmallestNormal`.
    let inline rootOfExpUpTo0<'L, 'V when 'L :> ILanes<'V>> (x: 'V) : 'V =
        expWhere<'L, 'V> x ('L.Multiply(x, 'L.Fill 0.5))

    /// Returns eˣ. 2ⁿ is applied in two factors, because n goes from −1076 to 1024, and a result below the smallest
    /// normal number must be rounded only once.
    let inline private expOf<'L, 'V when 'L :> ILanes<'V>> (x: 'V) : 'V =
        let rounding, largest = 'L.Fill Rounding, 'L.Fill Largest
        let x = 'L.Max('L.Fill Smallest, 'L.WhereLess(largest, x, largest, x))
        let exponent = exponentOf<'L, 'V> x
        let n = 'L.Subtract(exponent, rounding)
        let half = 'L.Fma(n, 'L.Fill 0.5, rounding)
        let other = 'L.Add('L.Subtract(n, 'L.Subtract(half, rounding)), rounding)
        let power = remainingPower<'L, 'V> x exponent
        'L.Multiply('L.Multiply(power, 'L.PowerOfTwo half), 'L.PowerOfTwo other)

    /// √2, rounded up: significands from here on are halved, so that 1+f begins at √½.
    [<Literal>]
    let private RootOfTwo = 1.4142135623730951

    /// The smallest normal number.
    [<Literal>]
    let private Normal = 2.2250738585072014e-308

    /// 2⁵⁴.
    [<Literal>]
    let private Upward = 18014398509481984.0

    /// The first part of ln 2; its product with any exponent is exact.
    [<Literal>]
    let private Ln2High = 6.93147180369123816490e-01

    /// ln 2 − `Ln2High`.
    [<Literal>]
    let private Ln2Low = 1.90821492927058770002e-10

    /// Returns ln x = e ln 2 + ln(1+f) with √½ ≤ 1+f < √2. With s = f/(2+f), ln(1+f) = f − s(f − R(s²)); the polynomial
    /// R and the order of the sum are those of fdlibm's e_log.c (Sun Microsystems 1993).
    let inline private logOf<'L, 'V when 'L :> ILanes<'V>> (x: 'V) : 'V =
        let zero, one, infinity = 'L.Zero, 'L.Fill 1.0, 'L.Fill System.Double.PositiveInfinity
        let normal = 'L.Fill Normal
        let scaled = 'L.WhereLess(x, normal, 'L.Multiply(x, 'L.Fill Upward), x)
        let lift = 'L.WhereLess(x, normal, 'L.Fill 54.0, zero)
        let m, root = 'L.Significand scaled, 'L.Fill RootOfTwo
        let e = 'L.Subtract('L.Exponent scaled, lift)
        let e = 'L.WhereLess(m, root, e, 'L.Add(e, one))
        let f = 'L.Subtract('L.WhereLess(m, root, m, 'L.Multiply(m, 'L.Fill 0.5)), one)
        let s = 'L.Divide(f, 'L.Add('L.Fill 2.0, f))
        let z = 'L.Multiply(s, s)

        let r =
            'L.Fill 1.479819860511658591e-01
            |> horner<'L, 'V> z 1.531383769920937332e-01
            |> horner<'L, 'V> z 1.818357216161805012e-01
            |> horner<'L, 'V> z 2.222219843214978396e-01
            |> horner<'L, 'V> z 2.857142874366239149e-01
            |> horner<'L, 'V> z 3.999999999940941908e-01
            |> horner<'L, 'V> z 6.666666666666735130e-01

        let r = 'L.Multiply(r, z)
        let halfSquare = 'L.Multiply('L.Multiply(f, 'L.Fill 0.5), f)
        let small = 'L.Fma(s, 'L.Add(halfSquare, r), 'L.Multiply(e, 'L.Fill Ln2Low))
        let value = 'L.Fma(e, 'L.Fill Ln2High, 'L.Subtract(f, 'L.Subtract(halfSquare, small)))
        // ln 0 is −∞, the logarithm of a negative number is NaN, and ∞ and NaN stay what they are.
        let value = 'L.WhereLess(x, infinity, value, x)
        let value = 'L.WhereLess(zero, x, value, 'L.Subtract(x, infinity))
        'L.WhereLess(x, zero, 'L.Fill System.Double.NaN, value)

    /// Replaces `count` numbers, a multiple of the width, by eˣ.
    let expVectors<'L, 'V when 'L :> ILanes<'V>> (x: nativeptr<float>) (count: int) : unit =
        let mutable i = 0

        while i < count do
            let address = NativePtr.add x i
            'L.Store(expOf<'L, 'V>('L.Load address), address)
            i <- i + 'L.Width

    /// Replaces `count` numbers, a multiple of the width, by ln x.
    let logVectors<'L, 'V when 'L :> ILanes<'V>> (x: nativeptr<float>) (count: int) : unit =
        let mutable i = 0

        while i < count do
            let address = NativePtr.add x i
            'L.Store(logOf<'L, 'V>('L.Load address), address)
            i <- i + 'L.Width

    /// Returns eˣ; e^−∞ = 0, and NaN stays NaN.
    let exp (x: float) : float = Vector128.ToScalar(expOf<Lanes128, Vector128<float>>(Vector128.Create x))

    /// Returns ln x; ln 0 = −∞, and the logarithm of a negative number or of NaN is NaN.
    let log (x: float) : float = Vector128.ToScalar(logOf<Lanes128, Vector128<float>>(Vector128.Create x))

    /// Replaces every number by eˣ.
    let expEach (x: Span<float>) : unit =
        use address = fixed x
        let whole = x.Length &&& ~~~(Width.numbers Width.widest - 1)

        match Width.widest with
        | Width.Bits512 -> expVectors<Lanes512, _> address whole
        | Width.Bits256 -> expVectors<Lanes256, _> address whole
        | Width.Bits128 -> expVectors<Lanes128, _> address whole

        for i in whole .. x.Length - 1 do
            x[i] <- exp x[i]

    /// Replaces every number by ln x.
    let logEach (x: Span<float>) : unit =
        use address = fixed x
        let whole = x.Length &&& ~~~(Width.numbers Width.widest - 1)

        match Width.widest with
        | Width.Bits512 -> logVectors<Lanes512, _> address whole
        | Width.Bits256 -> logVectors<Lanes256, _> address whole
        | Width.Bits128 -> logVectors<Lanes128, _> address whole

        for i in whole .. x.Length - 1 do
            x[i] <- log x[i]

/// Replaces the functions `exp` and `log` of F#, which are those of .NET, in the whole library: see `Elementary`.
[<AutoOpen>]
module internal ElementaryFunctions =
    /// Returns eˣ.
    let exp (x: float) : float = Elementary.exp x

    /// Returns ln x.
    let log (x: float) : float = Elementary.log x
