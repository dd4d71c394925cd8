namespace Gmm.Laws

open System
open System.Globalization
open MathNet.Numerics

/// The numerical tools of the laws: printing, differences, tests of goodness of fit.
module internal Numbers =
    /// Returns the shortest text that reads back as the same number.
    let show (x: float) = x.ToString("R", CultureInfo.InvariantCulture)

    /// Returns numbers in brackets, each as `show` writes it.
    let showAll (numbers: float seq) = "[" + String.Join("; ", Seq.map show numbers) + "]"

    /// Returns a computed number with six digits.
    let brief (x: float) = x.ToString("G6", CultureInfo.InvariantCulture)

    /// Estimates f′(x), and bounds its error, by central differences of ever smaller steps that are extrapolated to step 0
    /// (Ridders 1982). The first step is small enough for f to be finite on both sides.
    let derivative (f: float -> float) (x: float) : float * float =
        let difference h = (f (x + h) - f (x - h)) / (2.0 * h)

        let rec firstStep h = if h < 1e-12 || Double.IsFinite(difference h) then h else firstStep (h / 2.0)

        let ratio = 1.4
        let first = firstStep (0.1 * max 1.0 (abs x)) / 2.0

        // Column i of Neville's table holds the extrapolations that end with step i.
        let next (column: float[]) value =
            let powers = Seq.unfold (fun power -> Some(power, power * ratio * ratio)) (ratio * ratio)

            (value, Seq.zip column powers)
            ||> Seq.scan (fun better (worse, power) -> (better * power - worse) / (power - 1.0))
            |> Array.ofSeq

        let steps = Array.init 12 (fun i -> first / ratio ** float i)
        let columns = steps |> Array.map difference |> Array.scan next [||] |> Array.tail

        Array.pairwise columns
        |> Array.collect (fun (before, after) ->
            Array.init before.Length (fun j ->
                after[j + 1], max (abs (after[j + 1] - after[j])) (abs (after[j + 1] - before[j]))))
        |> Array.minBy (fun (_, uncertainty) -> if Double.IsNaN uncertainty then infinity else uncertainty)

    /// Returns the probability of a larger χ² than that of counts against expected counts. Neighbours are pooled until 20 are
    /// expected.
    let chiSquared (expected: float[]) (counts: float[]) : float =
        let pooled, (restExpected, restCount) =
            (([], (0.0, 0.0)), Array.zip expected counts)
            ||> Array.fold (fun (pooled, (sumExpected, sumCount)) (expected, count) ->
                let bin = sumExpected + expected, sumCount + count
                if fst bin >= 20.0 then bin :: pooled, (0.0, 0.0) else pooled, bin)

        let bins =
            match pooled with
            | (expected, count) :: others -> (expected + restExpected, count + restCount) :: others
            | [] -> [ restExpected, restCount ]

        match bins with
        | [ _ ] -> 1.0
        | _ ->
            let sum = bins |> List.sumBy (fun (expected, count) -> (count - expected) ** 2.0 / expected)
            SpecialFunctions.GammaUpperRegularized(float (bins.Length - 1) / 2.0, sum / 2.0)

    /// Bounds the probability of a larger Kolmogorov–Smirnov distance d between n numbers and their distribution function by
    /// 2 exp(−2 n d²) (Massart 1990).
    let kolmogorovSmirnov (distribution: float -> float) (sample: float[]) : float =
        let n = float sample.Length

        let distance =
            Array.sort sample
            |> Array.mapi (fun i x ->
                let below = distribution x
                max (abs (float (i + 1) / n - below)) (abs (below - float i / n)))
            |> Array.max

        min 1.0 (2.0 * exp (-2.0 * n * distance * distance))
