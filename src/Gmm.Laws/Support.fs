namespace Gmm.Laws

open System

/// Where a number of the data can lie, so that its probabilities can be summed or its density integrated.
type Support =
    /// One of these numbers.
    | Levels of float[]
    /// 0, 1, 2, …
    | Counts
    /// Every number above 0.
    | HalfLine
    /// Every number.
    | Line
    /// Every number between two.
    | Between of low: float * high: float

/// Sums and integrals over a support.
module Support =
    /// Tells whether densities are summed, not integrated.
    let isDiscrete support =
        match support with
        | Levels _
        | Counts -> true
        | HalfLine
        | Line
        | Between _ -> false

    /// Returns the nodes and weights of the trapezium rule after a double exponential substitution (Takahasi and Mori 1974).
    /// `substitute` gives x and dx/ds of s = π/2 sinh t, for t within ±`limit`.
    let private doubleExponential limit (substitute: float -> float * float) =
        let step = 0.06
        let half = int (limit / step)

        [| for i in -half .. half do
               let t = step * float i
               let s, slope = Math.PI / 2.0 * sinh t, Math.PI / 2.0 * cosh t
               let x, derivative = substitute s
               x, step * slope * derivative |]

    /// Returns nodes x and weights w, in ascending order, with Σ w f(x) = Σ f or ∫ f. Counts end where `logDensity` stays below
    /// −40 after its largest value, and at 4095 at the latest.
    let nodes (support: Support) (logDensity: float[] -> float[]) : (float * float)[] =
        match support with
        | Levels levels -> levels |> Array.map (fun level -> level, 1.0)
        | HalfLine -> doubleExponential 3.6 (fun s -> exp s, exp s)
        | Line -> doubleExponential 3.6 (fun s -> sinh s, cosh s)
        | Between(low, high) ->
            let middle, half = (low + high) / 2.0, (high - low) / 2.0

            doubleExponential 3.0 (fun s -> middle + half * tanh s, half / cosh s ** 2.0)
            |> Array.filter (fun (x, _) -> low < x && x < high)
        | Counts ->
            let size = 32
            let block b = Array.init size (fun i -> float (b * size + i))

            let rec last b seen =
                let largest = Array.max (logDensity (block b))

                if b = 4096 / size - 1 || (seen && not (largest > -40.0)) then
                    b
                else
                    last (b + 1) (seen || largest > -40.0)

            Array.init (size * (last 0 false + 1)) (fun x -> float x, 1.0)
