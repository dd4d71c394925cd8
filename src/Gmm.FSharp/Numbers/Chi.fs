namespace Gmm

open System
open MathNet.Numerics

/// The χ distribution with D degrees of freedom: the distribution of the length of D standard normal numbers.
module internal Chi =
    /// The tails below and above r: ln P(s, t) and ln Q(s, t), the regularised incomplete gamma functions at s = D/2 and
    /// t = r²/2, each with its ratio to A = tˢe⁻ᵗ/Γ(s), which is half of r times the density at r.
    type private Tails =
        { LogLower: float
          LogUpper: float
          LowerRatio: float
          UpperRatio: float }

    /// Returns Σₙ tⁿ / (s(s+1)…(s+n)) = P(s, t)/A (NIST Handbook of Mathematical Functions, 2010, 8.11.4).
    let private series s t =
        let rec add n term sum =
            let term = term * t / (s + n)
            if sum + term = sum then sum else add (n + 1.0) term (sum + term)

        add 1.0 (1.0 / s) (1.0 / s)

    /// Returns 1/(t+1−s − 1(1−s)/(t+3−s − 2(2−s)/(t+5−s − …))) = Q(s, t)/A, for t ≥ s + 1 (NIST Handbook, 2010, 8.9.2),
    /// by Lentz's method as modified by Thompson and Barnett (1986).
    let private continuedFraction s t =
        let rec next n b c d value =
            let a = n * (s - n)
            let b = b + 2.0
            let d = 1.0 / (a * d + b)
            let c = b + a / c
            let factor = c * d
            let value = value * factor
            if abs (factor - 1.0) < 1e-15 then value else next (n + 1.0) b c d value

        let first = t + 1.0 - s
        next 1.0 first infinity (1.0 / first) (1.0 / first)

    let private tails dimension r =
        // From here on r² may overflow, and no probability is left.
        if r >= Limits.largest then
            { LogLower = 0.0
              LogUpper = -infinity
              LowerRatio = infinity
              UpperRatio = 0.0 }
        else
            let s, t = float dimension / 2.0, r * r / 2.0
            let logA = s * (2.0 * log r - Constants.Ln2) - t - Special.logGammaOfHalf dimension

            if t < s + 1.0 then
                let ratio = series s t
                let lower = logA + log ratio
                let upper = log (1.0 - exp lower)

                { LogLower = lower
                  LogUpper = upper
                  LowerRatio = ratio
                  UpperRatio = exp (upper - logA) }
            else
                let ratio = continuedFraction s t
                let upper = logA + log ratio
                let lower = log (1.0 - exp upper)

                { LogLower = lower
                  LogUpper = upper
                  LowerRatio = exp (lower - logA)
                  UpperRatio = ratio }

    /// The relative step at which Newton's method stops: smaller steps vanish in the rounding of r.
    let private rounding = 4.0 * Precision.DoublePrecision

    /// Solves ln P = logLower for r, by Newton's method in ln r. It starts below the solution, at the root of the bound
    /// P ≤ tˢ/Γ(s+1). Since ln P is concave in ln r (the density is log-concave there, Prékopa 1973), every step climbs
    /// towards the solution and none passes it.
    let private ofLower dimension logLower =
        let s = float dimension / 2.0

        let step r =
            let tails = tails dimension r
            r * exp ((logLower - tails.LogLower) * tails.LowerRatio / 2.0)

        let rec climb r =
            let next = step r
            if next > r * (1.0 + rounding) then climb next else r

        climb (exp ((logLower + Special.logGammaOfHalf (dimension + 2)) / float dimension + Constants.Ln2 / 2.0))

    /// Solves ln Q = logUpper for r, by Newton's method in r. Since ln Q is concave in r, for the same reason, all
    /// steps after the first one descend towards the solution and none passes it.
    let private ofUpper dimension logUpper start =
        let step r =
            let tails = tails dimension r
            r + (tails.LogUpper - logUpper) * tails.UpperRatio * r / 2.0

        let rec descend r =
            let next = step r
            if next < r * (1.0 - rounding) then descend next else r

        descend (step start)

    /// Returns the inverse distribution function of the χ distribution between two radii, 0 ≤ low < high ≤ ∞ and low
    /// below `Limits.largest`: a function of probabilities u from 0 to 1. With P below and Q = 1 − P above, it solves
    /// P(r) = (1−u) P(low) + u P(high) or Q(r) = (1−u) Q(low) + u Q(high), whichever has the smaller right side. It
    /// works on the logarithmic scale and takes no difference, so it is as exact in the far tails as in the middle.
    let quantileBetween (dimension: int) (low: float, high: float) : float -> float =
        let lowTails, highTails = tails dimension low, tails dimension high
        let middle = sqrt (float dimension)

        fun u ->
            let between a b = Special.logSumExp [| log (1.0 - u) + a; log u + b |]

            if u = 0.0 then
                low
            elif u = 1.0 then
                high
            else
                let logLower = between lowTails.LogLower highTails.LogLower
                let logUpper = between lowTails.LogUpper highTails.LogUpper

                let radius =
                    if logLower < logUpper then
                        ofLower dimension logLower
                    else
                        ofUpper dimension logUpper (max low middle)

                radius |> max low |> min high
