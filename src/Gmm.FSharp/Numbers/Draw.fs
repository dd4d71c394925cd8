namespace Gmm

open System

/// Draws from distributions. They use the exponential functions and logarithms of `Elementary`, so that a stream gives
/// the same draws on every system.
module internal Draw =
    /// Draws from N(0, 1), by the polar method (Marsaglia and Bray 1964).
    let rec standardNormal (random: Random) : float =
        let u, v = 2.0 * random.NextDouble() - 1.0, 2.0 * random.NextDouble() - 1.0
        let square = u * u + v * v

        if square >= 1.0 || square = 0.0 then
            standardNormal random
        else
            u * sqrt (-2.0 * log square / square)

    /// Draws `count` numbers from N(0, 1).
    let standardNormals (random: Random) count : float[] = Array.init count (fun _ -> standardNormal random)

    /// Draws from the exponential distribution with this mean.
    let rec exponential (random: Random) (mean: float) : float =
        let u = random.NextDouble()
        if u = 0.0 then exponential random mean else -log u * mean

    /// Counts the successes of n trials with probability p.
    let binomial (random: Random) (n: int) (p: float) : float =
        let mutable successes = 0

        for _ in 1..n do
            if random.NextDouble() < p then
                successes <- successes + 1

        float successes

    /// Draws from the Poisson distribution with mean λ < 30: counts the factors whose product stays above e^−λ (Knuth,
    /// The Art of Computer Programming, vol. 2, §3.4.1).
    let private smallPoisson (random: Random) (lambda: float) =
        let limit = exp -lambda
        let mutable count = 0.0
        let mutable product = random.NextDouble()

        while product >= limit do
            count <- count + 1.0
            product <- product * random.NextDouble()

        count

    /// Draws from the Poisson distribution with mean λ ≥ 30, by rejection from the logistic distribution (Atkinson
    /// 1979, method PA).
    let private largePoisson (random: Random) (lambda: float) =
        let c = 0.767 - 3.36 / lambda
        let beta = Math.PI / sqrt (3.0 * lambda)
        let alpha = beta * lambda
        let k = log c - lambda - log beta

        let rec draw () =
            let u = random.NextDouble()
            let x = (alpha - log ((1.0 - u) / u)) / beta
            let n = floor (x + 0.5)

            // It is −∞ or ∞ where u is 0 or 1.
            if not (n >= 0.0 && n < infinity) then
                draw ()
            else
                let v = random.NextDouble()
                let y = alpha - beta * x
                let odds = 1.0 + exp y

                if y + log (v / (odds * odds)) <= k + n * log lambda - Special.logFactorial n then
                    n
                else
                    draw ()

        draw ()

    /// Draws from the Poisson distribution with mean λ ≥ 0.
    let poisson (random: Random) (lambda: float) : float =
        if lambda < 30.0 then smallPoisson random lambda else largePoisson random lambda

    /// Draws from the gamma distribution with this shape and the rate 1: by rejection from the cube of a normal number for
    /// shapes of 1 and more, and x·u^(1/shape) from a shape larger by 1 for smaller ones (Marsaglia and Tsang 2000).
    let rec gamma (random: Random) (shape: float) : float =
        if shape < 1.0 then
            let x = gamma random (shape + 1.0)
            x * exp (-(exponential random 1.0) / shape)
        else
            let d = shape - 1.0 / 3.0
            let c = 1.0 / sqrt (9.0 * d)

            let rec draw () =
                let z = standardNormal random
                let root = 1.0 + c * z

                if root <= 0.0 then
                    draw ()
                else
                    let v = root * root * root
                    let u = random.NextDouble()
                    if log u < 0.5 * z * z + d - d * v + d * log v then d * v else draw ()

            draw ()
