namespace Gmm.Laws

open System
open Gmm

/// Laws of definitions of exponential families.
module internal ExponentialFamilyLaws =
    /// Makes a law from one about a column with its mean parameters, which is tried on all columns of all components.
    let private ofColumns name (broken: Case<'θ> -> Column -> float[] -> string option) : Law<'θ> =
        Law.ofThose name _.Exponential (fun columns _ case ->
            columns case.Parameters
            |> Seq.map (fun (column, means) ->
                broken case column means
                |> Option.map (fun how ->
                    $"{column.Definition.Name} with mean parameters {Numbers.showAll means}: {how}"))
            |> Law.firstBroken)

    let private scale (numbers: float[]) = 1e-300 + (numbers |> Seq.map abs |> Seq.max)

    let private isFar tolerance (a: float[]) (b: float[]) =
        a.Length <> b.Length
        || Array.exists2 (fun x y -> not (abs (x - y) <= tolerance * max (scale a) (scale b))) a b

    let roundTrip<'θ> : Law<'θ> =
        ofColumns "natural and mean parameters are inverse maps" (fun _ column means ->
            let natural = column.Definition.Natural means
            let back = column.Definition.Mean natural

            if isFar 1e-9 means back then
                Some $"natural parameters {Numbers.showAll natural} have mean parameters {Numbers.showAll back}."
            else
                None)

    let gradient<'θ> : Law<'θ> =
        ofColumns "the gradient of the log-partition is the mean" (fun _ column means ->
            let natural = column.Definition.Natural means
            let mean = column.Definition.Mean natural

            let slopes =
                natural
                |> Array.mapi (fun i x ->
                    Numbers.derivative (fun x -> column.Definition.LogPartition(Array.updateAt i x natural)) x)

            let isOff (slope, uncertainty) mean' =
                not (abs (slope - mean') <= 1e-6 * scale mean + 10.0 * uncertainty) || uncertainty > 1e-3 * scale mean

            if Array.exists2 isOff slopes mean then
                let found = slopes |> Seq.map (fst >> Numbers.brief) |> String.concat "; "
                let place = $"natural parameters {Numbers.showAll natural}"
                Some $"∇A = [{found}] at {place}, whose mean parameters are {Numbers.showAll mean}."
            else
                None)
