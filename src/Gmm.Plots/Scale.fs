namespace Gmm.Plots

open System
open System.Globalization
open Gmm

/// A scale from the numbers of one axis to pixels, with round ticks.
type internal Scale =
    {
        /// The numbers at both ends.
        Low: float
        High: float
        /// The pixels at both ends; the vertical axis has the larger one at `Low`.
        First: float
        Last: float
    }

    /// Pixels per unit, negative on the vertical axis.
    member scale.Factor = (scale.Last - scale.First) / (scale.High - scale.Low)
    /// Returns the pixel of a number.
    member scale.At value = scale.First + (value - scale.Low) * scale.Factor

/// Makes scales and ticks.
module internal Scale =
    /// Moves the ends of an interval apart when they coincide or almost do, so that the interval has a length.
    let widen (low: float, high: float) =
        let least = 1e-9 * max (abs low) (abs high)

        let missing =
            if high - low > least then 0.0
            elif least > 0.0 then 1e3 * least
            else 1.0

        low - missing / 2.0, high + missing / 2.0

    /// Widens an interval by a little room on both sides.
    let padded (low, high) =
        let low, high = widen (low, high)
        let room = 0.03 * (high - low)
        low - room, high + room

    /// Returns the exponent of the largest power of ten that is at most x, up to rounding.
    let private magnitude (x: float) = int (floor (log x / log 10.0 + 1e-9))

    let private powerOfTen (n: int) = Double.Parse($"1e{n}", CultureInfo.InvariantCulture)

    /// Returns the round step, 1, 2 or 5 times a power of ten, that divides a length into at most `count` parts
    /// (Heckbert 1990).
    let step (count: int) (length: float) =
        let rough = length / float count
        let power = powerOfTen (magnitude rough)

        [ 1.0; 2.0; 5.0; 10.0 ]
        |> List.map ((*) power)
        |> List.tryFind (fun step -> step >= rough * (1.0 - 1e-9))
        |> Option.defaultValue (10.0 * power)

    /// Returns the round step, at least `least`, and its multiples within an interval, at most `count` + 1.
    let ticks (least: float) (count: int) (low: float, high: float) : float * float[] =
        let step = max least (step count (high - low))
        let first, last = ceil (low / step - 1e-6), floor (high / step + 1e-6)
        step, [| for i in 0 .. int (last - first) -> (first + float i) * step |]

    /// Returns the texts of ticks: with the decimals of the step, or with powers of ten when that would be long.
    let labels (step: float) (ticks: float[]) : string[] =
        let largest = ticks |> Array.map abs |> Array.fold max step
        let invariant = CultureInfo.InvariantCulture

        let text (value: float) =
            // Rounding may move the multiple at 0 a little away from 0.
            let value = if abs value < 1e-6 * step then 0.0 else value

            if magnitude step >= -5 && magnitude largest < 6 then
                value.ToString("F" + string (max 0 -(magnitude step)), invariant)
            elif value = 0.0 then
                "0"
            else
                value.ToString("0." + String('0', max 0 (magnitude largest - magnitude step)) + "e0", invariant)

        Array.map text ticks
