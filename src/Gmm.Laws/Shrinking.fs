namespace Gmm.Laws

open System
open FsCheck
open FsCheck.FSharp

/// Simpler values near a value, so that counterexamples become readable.
module Shrinking =
    /// Returns rounder numbers, the roundest first: x with 0, 1 and 2 decimals or, for a whole number, 0, its half and its
    /// neighbour towards 0.
    let number (x: float) : float seq =
        if x = 0.0 then
            Seq.empty
        elif x = Math.Round x then
            seq {
                0.0
                Math.Truncate(x / 2.0)
                x - float (sign x)
            }
            |> Seq.filter (fun smaller -> smaller <> x)
            |> Seq.distinct
        else
            seq { 0..2 } |> Seq.map (fun digits -> Math.Round(x, digits)) |> Seq.filter (fun round -> round <> x)

    /// Returns the array with every number rounded to 0, 1 and 2 decimals, where that changes it.
    let rounded (numbers: float[]) : float[] seq =
        seq { 0..2 }
        |> Seq.map (fun digits -> numbers |> Array.map (fun x -> Math.Round(x, digits)))
        |> Seq.filter (fun round -> round <> numbers)

    /// Returns arrays of fewer elements in the same order: without half of them, without a quarter, …, without one.
    let fewer (values: 'T[]) : 'T[] seq =
        let length = values.Length

        Seq.unfold (fun size -> if size = 0 then None else Some(size, size / 2)) (length / 2)
        |> Seq.collect (fun size -> seq { for first in 0..size .. length - size -> first, size })
        |> Seq.map (fun (first, size) -> Array.append values[.. first - 1] values[first + size ..])
        |> Seq.filter (fun fewer -> fewer.Length > 0)

/// Mean parameters of one number of an exponential family, drawn and shrunk.
module MeanParameters =
    let private between low high =
        Gen.choose (0, Int32.MaxValue - 1)
        |> Gen.map (fun i -> low + (high - low) * (float i + 0.5) / float Int32.MaxValue)

    /// Draws one number between two positive ones, with a uniform logarithm.
    let positive (low: float) (high: float) : Arbitrary<float[]> =
        let inside x = low <= x && x <= high

        Arb.fromGenShrink (
            between (log low) (log high) |> Gen.map (fun x -> [| exp x |]),
            fun means -> Shrinking.number means[0] |> Seq.filter inside |> Seq.map (fun x -> [| x |])
        )

    /// Draws L positive numbers with a given sum: the probabilities of L levels, times the sum.
    let simplex (levels: int) (total: float) : Arbitrary<float[]> =
        let share (parts: float[]) =
            let sum = Array.sum parts
            parts |> Array.map (fun part -> total * part / sum)

        let uniform = Array.create levels (total / float levels)

        let rounded (means: float[]) (digits: int) = means |> Array.map (fun mean -> Math.Round(mean / total, digits))

        let shrink (means: float[]) =
            if means = uniform then
                Seq.empty
            else
                seq {
                    uniform

                    for parts in Seq.map (rounded means) [ 1; 2 ] do
                        if Array.forall (fun part -> part > 0.0) parts && abs (Array.sum parts - 1.0) < 1e-12 then
                            parts |> Array.map (fun part -> total * part)
                }
                |> Seq.filter (fun simpler -> simpler <> means)

        Arb.fromGenShrink (Gen.arrayOfLength levels (between 0.05 1.0) |> Gen.map share, shrink)
