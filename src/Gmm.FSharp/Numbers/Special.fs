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
