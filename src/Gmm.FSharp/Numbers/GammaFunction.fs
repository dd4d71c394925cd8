namespace Gmm

/// The gamma function and its derivatives for x > 0, with the same bits on every system: recurrences lead to x ≥ 10, from
/// where asymptotic series hold (NIST Handbook of Mathematical Functions, 2010, §5.5 and §5.11). Differences between two
/// places are computed as such, so that nothing cancels where the places are large and close.
module internal GammaFunction =
    /// From here on the series have full precision.
    let private far = 10.0

    /// Returns ln x − ψ(x) for x ≥ 10.
    let private digammaRest (x: float) =
        let y = 1.0 / (x * x)
        let tail = 1.0 / 240.0 - y * (1.0 / 132.0 - y * (691.0 / 32760.0 - y * (1.0 / 12.0)))
        0.5 / x + y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y * tail)))

    /// Returns ψ′(x) − 1/x for x ≥ 10.
    let private trigammaRest (x: float) =
        let y = 1.0 / (x * x)
        let tail = 1.0 / 30.0 - y * (5.0 / 66.0 - y * (691.0 / 2730.0 - y * (7.0 / 6.0)))
        y * (0.5 + (1.0 / 6.0 - y * (1.0 / 30.0 - y * (1.0 / 42.0 - y * tail))) / x)

    /// Returns the sum of f(x), f(x + 1) … at the places below 10, and the first place from there on; NaN unless x > 0.
    let private climb (f: float -> float) (x: float) : float * float =
        let mutable place = if x > 0.0 then x else nan
        let mutable sum = 0.0

        while place < far do
            sum <- sum + f place
            place <- place + 1.0

        sum, place

    /// Returns ln Γ(x).
    let logGamma (x: float) : float =
        let mutable place = if x > 0.0 then x else nan
        let mutable product = 1.0

        while place < far do
            product <- product * place
            place <- place + 1.0

        Special.stirling place - log product

    /// Returns ψ(x) = d ln Γ(x) / dx.
    let digamma (x: float) : float =
        let sum, place = climb (fun x -> 1.0 / x) x
        log place - digammaRest place - sum

    /// Returns ψ′(x).
    let trigamma (x: float) : float =
        let sum, place = climb (fun x -> 1.0 / (x * x)) x
        1.0 / place + trigammaRest place + sum

    /// Returns ln x − ψ(x).
    let logMinusDigamma (x: float) : float = if x >= far then digammaRest x else log x - digamma x

    /// Returns ψ′(x) − 1/x.
    let trigammaMinusInverse (x: float) : float = if x >= far then trigammaRest x else trigamma x - 1.0 / x

    /// Returns ln Γ(a + b) − ln Γ(b) for a ≥ 0.
    let logRise (a: float) (b: float) : float =
        if b >= far then
            (b - 0.5) * Special.log1p (a / b) + a * log (a + b) - a
            + (Special.stirlingRest (a + b) - Special.stirlingRest b)
        else
            logGamma (a + b) - logGamma b

    /// Returns ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b).
    let logBeta (a: float) (b: float) : float =
        let low, high = min a b, max a b
        logGamma low - logRise low high

    /// Returns ψ(a + b) − ψ(b) for a ≥ 0.
    let digammaRise (a: float) (b: float) : float =
        let sum, place = climb (fun b -> a / (b * (a + b))) b
        sum + Special.log1p (a / place) + (digammaRest place - digammaRest (a + place))

    /// Returns ψ′(b) − ψ′(a + b) for a ≥ 0.
    let trigammaFall (a: float) (b: float) : float =
        let sum, place = climb (fun b -> (1.0 / b - 1.0 / (a + b)) * (1.0 / b + 1.0 / (a + b))) b
        sum + a / (place * (a + place)) + (trigammaRest place - trigammaRest (a + place))
