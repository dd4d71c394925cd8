namespace Gmm.Laws

open System
open Gmm

/// Laws of the density.
module internal DensityLaws =
    /// Returns ln p(xₙ|θₖ) (n×K).
    let private logDensities (subject: Subject<'θ>) (case: Case<'θ>) (rows: float[][]) : float[,] =
        (subject.Family.LogDensity case.Parameters (Tensor.matrix (array2D rows))).toArray2D()

    let isNormalised<'θ> : Law<'θ> =
        Law.ofThose "the density sums or integrates to one" _.Nodes (fun nodes subject case ->
            let total k =
                nodes case.Parameters k
                |> Option.map (fun nodes ->
                    let densities = logDensities subject case (Array.map fst nodes)
                    nodes |> Seq.mapi (fun n (_, weight) -> weight * exp densities[n, k]) |> Seq.sum)

            let totals = [ for k in 0 .. case.Weights.Length - 1 -> k, total k ]

            if totals |> List.forall (snd >> Option.isNone) then
                Beside
            else
                totals
                |> Seq.map (fun (k, total) ->
                    match total with
                    | Some total when not (abs (total - 1.0) <= 1e-7) ->
                        Some $"The density of component {k} sums to {Numbers.brief total}."
                    | _ -> None)
                |> Law.firstBroken)

    let isTextbook<'θ> : Law<'θ> =
        Law.ofThose "the log-density is the textbook's" _.Textbook (fun textbook subject case ->
            let densities = logDensities subject case case.Rows

            seq {
                for n in 0 .. case.Rows.Length - 1 do
                    for k in 0 .. case.Weights.Length - 1 do
                        let expected, actual = textbook case.Parameters k case.Rows[n], densities[n, k]

                        // −1e300 times something stands for −∞.
                        let isSame =
                            abs (actual - expected) <= 1e-9 * (1.0 + abs expected)
                            || (expected = -infinity && actual <= -1e290)

                        if isSame then
                            None
                        else
                            let actual, expected = Numbers.brief actual, Numbers.brief expected
                            Some $"ln p of row {n} under component {k} is {actual}; by the textbook it is {expected}."
            }
            |> Law.firstBroken)
