namespace Gmm

open System

/// Special functions, and sums and shares of probabilities on the logarithmic scale.
module internal Special =
    /// Computes ln Σᵢ exp xᵢ, and subtracts the largest xᵢ first. An entry of −∞ adds 0; at least one must be above −∞.
    let logSumExp (values: float[]) =
        let largest = Array.max values
        largest + log (values |> Array.sumBy (fun x -> exp (x - largest)))

    /// Computes exp xᵢ / Σⱼ exp xⱼ for every i.
    let softmax (values: float[]) =
        let total = logSumExp values
        values |> Array.map (fun x -> exp (x - total))

    /// Returns ln(1 + x) for x > −1, to the last digits for small x: the rounding error of 1 + x is put back.
    let log1p (x: float) : float =
        let u = 1.0 + x
        if u = infinity then u else log u + (x - (u - 1.0)) / u

    /// Returns eˣ − 1, to the last digits for small x (Higham, Accuracy and Stability of Numerical Algorithms, 2002,
    /// §1.14.1).
    let expm1 (x: float) : float =
        let u = exp x

        if u = 1.0 then x
        elif u - 1.0 = -1.0 || u = infinity then u - 1.0
        else (u - 1.0) * x / log u

    /// Returns the rest of Stirling's series, ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π), for x ≥ 10 (NIST Handbook of
    /// Mathematical Functions, 2010, 5.11.1). The first term that it omits is below 2e-18.
    let stirlingRest (x: float) =
        let y = 1.0 / (x * x)
        let tail = 1.0 / 1188.0 - y * (691.0 / 360360.0 - y * (1.0 / 156.0 - y * (3617.0 / 122400.0)))
        (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y * (1.0 / 1680.0 - y * tail)))) / x

    let private halfLogOfTwoPi = 0.9189385332046727

    /// Returns ln Γ(x) for x ≥ 10, by Stirling's series.
    let stirling (x: float) = (x - 0.5) * log x - x + halfLogOfTwoPi + stirlingRest x

    /// Returns ln Γ(n/2) for whole n ≥ 1.
    let logGammaOfHalf (n: int) : float =
        if n >= 256 then
            stirling (float n / 2.0)
        else
            // Γ(x) = (x − 1)Γ(x − 1), with Γ(1) = 1 and Γ(½) = √π.
            let mutable product = if n % 2 = 0 then 1.0 else sqrt Math.PI

            for m in n - 2 .. -2 .. 1 do
                product <- product * (float m / 2.0)

            log product

    let private logFactorials = Array.init 128 (fun n -> logGammaOfHalf (2 * n + 2))

    /// Returns ln n! for whole n; ∞ for n < 0, where 1/n! is 0.
    let logFactorial (n: float) : float =
        if n < 0.0 then infinity
        elif n < float logFactorials.Length then logFactorials[int n]
        else stirling (n + 1.0)

    /// Returns ln (Γ(x + ½) / (Γ(x) √x)) for x > 0, by the difference of Stirling's series; 0 at x = ∞.
    let private logHalfStep (x: float) =
        let mutable large, product = x, 1.0

        // Γ(x + ½)/Γ(x) = Γ(x + 3/2)/Γ(x + 1) · x/(x + ½).
        while large < 16.0 do
            product <- product * (large / (large + 0.5))
            large <- large + 1.0

        let inverse = 1.0 / large
        let square = inverse * inverse

        let series =
            inverse
            * (1.0 / 8.0
               - square * (1.0 / 192.0 - square * (1.0 / 640.0 - square * (17.0 / 14336.0 - square * (31.0 / 18432.0)))))

        if large = x then -series else log (product * sqrt (large / x)) - series

    /// Returns ln (Γ(x + n/2) / (Γ(x) x^(n/2))) for x > 0 and whole n ≥ 0. It keeps its digits where x is large; 0 at x
    /// = ∞.
    let logGammaRatio (x: float) (n: int) : float =
        let mutable sum = if n % 2 = 0 then 0.0 else logHalfStep x

        // Γ(y + 1) = y Γ(y).
        for i in 0 .. n / 2 - 1 do
            sum <- sum + log (1.0 + (float i + float (n % 2) / 2.0) / x)

        sum
