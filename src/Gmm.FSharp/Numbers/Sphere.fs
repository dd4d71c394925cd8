namespace Gmm

open System

/// The constant C_D(κ) of the von Mises–Fisher distribution on directions of D dimensions, and the mean resultant length
/// A_D(κ) = I_{D/2}(κ) / I_{D/2−1}(κ), with I the modified Bessel function (Mardia and Jupp, Directional Statistics, 2000,
/// §9.3.2). At orders from 64 on, Debye's expansion has full precision, for every κ; stable recurrences lead down from there
/// (NIST Handbook of Mathematical Functions, 2010, §10.29 and §10.41).
module internal Sphere =
    let private lowestOrder = 64.0

    /// The value of a polynomial with coefficients c₀, c₁, …
    let private value (coefficients: float[]) (p: float) = Array.foldBack (fun c sum -> c + p * sum) coefficients 0.0

    let private derivative (coefficients: float[]) = coefficients |> Array.mapi (fun i c -> float i * c) |> Array.skip 1

    /// Debye's polynomials U₀ … U₈: U′ₖ₊₁ = ½p²(1−p²)U′ₖ + ⅛∫(1−5t²)Uₖ dt from 0 to p (NIST Handbook, 10.41.9).
    let private polynomials =
        let next (u: float[]) =
            let terms = Array.zeroCreate (u.Length + 3)

            u
            |> Array.iteri (fun i c ->
                let e = float i
                terms[i + 1] <- terms[i + 1] + c * (0.5 * e + 0.125 / (e + 1.0))
                terms[i + 3] <- terms[i + 3] - c * (0.5 * e + 0.625 / (e + 3.0)))

            terms

        Array.init 8 ignore |> Array.scan (fun u () -> next u) [| 1.0 |]

    /// Debye's polynomials U₁ … U₈, which correct ln I.
    let private ofBessel = polynomials[1..]

    /// The polynomials −½pUₖ − p²U′ₖ for k = 0 … 7, which correct I′/I (NIST Handbook, 10.41.11).
    let private ofRatio =
        polynomials[..7]
        |> Array.map (fun u ->
            let slopes = derivative u

            Array.init (u.Length + 1) (fun i ->
                (if i > 0 then -0.5 * u[i - 1] else 0.0)
                - (if i > 1 && i - 2 < slopes.Length then slopes[i - 2] else 0.0)))

    /// The sum of polynomials k = 1, 2, … at p, each divided by Nᵏ.
    let private series (polynomials: float[][]) (order: float) p =
        Array.foldBack (fun polynomial sum -> (value polynomial p + sum) / order) polynomials 0.0

    /// Returns ln I_ν(κ) and I_{ν+1}(κ) / I_ν(κ) with ν = D/2 − 1, for κ > 0.
    let private bessel (dimension: int) (kappa: float) : float * float =
        let nu = float dimension / 2.0 - 1.0
        let steps = int (ceil (max 0.0 (lowestOrder - nu)))
        let order = nu + float steps
        let s = sqrt (order * order + kappa * kappa)
        let p = order / s
        let rest = series ofBessel order p
        let mutable ratio = kappa * (1.0 / (s + order) + series ofRatio order p / ((1.0 + rest) * s))

        let mutable logBessel =
            s - order * log ((order + s) / kappa) - 0.5 * log (2.0 * Math.PI * s) + Special.log1p rest

        for i in 0 .. steps - 1 do
            ratio <- 1.0 / (2.0 * (order - float i) / kappa + ratio)
            logBessel <- logBessel - log ratio

        logBessel, ratio

    /// Returns A_D(κ), the length of the mean direction, for κ ≥ 0.
    let resultant (dimension: int) (kappa: float) : float = if kappa = 0.0 then 0.0 else snd (bessel dimension kappa)

    /// Returns ln C_D(κ) = ν ln κ − (D/2) ln 2π − ln I_ν(κ), for κ ≥ 0. Below 1e-4 it is that of the uniform distribution less
    /// κ²/2D, up to terms of κ⁴.
    let logConstant (dimension: int) (kappa: float) : float =
        let half = float dimension / 2.0

        if kappa < 1e-4 then
            Special.logGammaOfHalf dimension - log 2.0 - half * log Math.PI - kappa * kappa / (4.0 * half)
        else
            (half - 1.0) * log kappa - half * log (2.0 * Math.PI) - fst (bessel dimension kappa)

    /// Returns the κ with A_D(κ) = r, for 0 ≤ r < 1: from an approximation by steps with its slope (Banerjee, Dhillon, Ghosh and
    /// Sra, Journal of Machine Learning Research 6, 2005, §4.4), until they no longer become smaller.
    let concentration (dimension: int) (r: float) : float =
        let d, square = float dimension, r * r
        let rest = (1.0 - r) * (1.0 + r)
        let slope = ((d - 3.0 * square) * rest + 2.0 * square * (d - square)) / (rest * rest)

        let rec improve kappa previous remaining =
            let step = (resultant dimension kappa - r) * slope
            let next = kappa - step

            if remaining = 0 || not (abs step < 0.9 * previous) || not (next >= 0.0) then
                kappa
            else
                improve next (abs step) (remaining - 1)

        improve (r * (d - square) / rest) infinity 100
