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

    /// Returns ln Γ(x) for x ≥ 128, by Stirling's series (NIST Handbook of Mathematical Functions, 2010, 5.11.1). The
    /// first term that it omits is about 1e-18.
    let private stirling (x: float) =
        let halfLogOfTwoPi = 0.9189385332046727
        let inverse = 1.0 / x
        let square = inverse * inverse
        let series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0)))
        (x - 0.5) * log x - x + halfLogOfTwoPi + series

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

    /// Returns ψ(x) = d ln Γ(x)/dx for x > 0: ψ(x) = ψ(x + 1) − 1/x leads to x ≥ 16, where its asymptotic series omits
    /// terms below 1e-16 (NIST Handbook of Mathematical Functions, 2010, 5.5.2 and 5.11.2).
    let digamma (x: float) : float =
        let mutable large, steps = x, 0.0

        while large < 16.0 do
            steps <- steps + 1.0 / large
            large <- large + 1.0

        let square = 1.0 / (large * large)

        let series =
            square
            * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square * (1.0 / 240.0 - square / 132.0))))

        log large - 0.5 / large - series - steps

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
