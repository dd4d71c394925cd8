namespace Gmm.Laws

open System
open Gmm

/// Laws of definitions of exponential families.
module internal ExponentialFamilyLaws =
    /// What a law of one column with its mean parameters finds wrong, over all columns of all components.
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

    /// Less likely than this, a sample is not of the density.
    let private significance = 1e-6

    let private draws = 2000

    let sampler<'θ> : Law<'θ> =
        ofColumns "the sampler draws from the density" (fun case column means ->
            let family = column.Definition
            let random = Subject.random case.Seed
            let sample = Array.init draws (fun _ -> family.Sample random means)
            let logDensity = ExponentialSubject.logDensity family means
            let nodes = Support.nodes column.Support logDensity
            let xs = nodes |> Array.map fst
            let masses = Array.map2 (fun (_, weight) density -> weight * exp density) nodes (logDensity xs)
            let average = Numbers.brief (Array.average sample)

            match sample |> Array.tryFind (family.IsInDomain >> not) with
            | Some x -> Some $"it draws {Numbers.show x}, which is not {family.Domain}."
            | None when Support.isDiscrete column.Support ->
                let drawn = sample |> Array.countBy id |> dict
                let counts = xs |> Array.map (fun x -> if drawn.ContainsKey x then float drawn[x] else 0.0)
                let expected = masses |> Array.map (fun mass -> float draws * mass)
                let chance = Numbers.chiSquared expected counts

                if chance < significance || Array.sum counts < 0.999 * float draws then
                    let chance = Numbers.brief chance
                    Some $"the frequencies of {draws} draws (average {average}) have a chance of {chance} by χ²."
                else
                    None
            | None ->
                let cumulated = masses |> Array.scan (+) 0.0

                let distribution x =
                    let i = Array.BinarySearch(xs, x)
                    let i = if i < 0 then ~~~i else i

                    if i = 0 then
                        0.0
                    elif i = xs.Length then
                        cumulated[i]
                    else
                        // Half of a node's mass lies below it.
                        let middle i = cumulated[i] + masses[i] / 2.0
                        middle (i - 1) + (middle i - middle (i - 1)) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])

                let chance = Numbers.kolmogorovSmirnov distribution sample

                if chance < significance then
                    let chance = Numbers.brief chance
                    Some $"{draws} draws (average {average}) have a chance of {chance} by Kolmogorov and Smirnov."
                else
                    None)
