namespace Gmm.Laws

open System

/// The law of samplers.
module internal SamplerLaws =
    /// A sample with a smaller probability does not follow the density.
    let private significance = 1e-6

    let private draws = 2000

    /// Tells how unlikely a sample is, if it is too unlikely to follow the density.
    let private misfit (marginal: Marginal) (sample: float[]) : string option =
        let nodes = Support.nodes marginal.Support marginal.LogDensity
        let xs = nodes |> Array.map fst
        let masses = Array.map2 (fun (_, weight) density -> weight * exp density) nodes (marginal.LogDensity xs)
        let average = Numbers.brief (Array.average sample)

        if Support.isDiscrete marginal.Support then
            let drawn = sample |> Array.countBy id |> dict
            let counts = xs |> Array.map (fun x -> if drawn.ContainsKey x then float drawn[x] else 0.0)
            let expected = masses |> Array.map (fun mass -> float draws * mass)
            let chance = Numbers.chiSquared expected counts

            if chance < significance || Array.sum counts < 0.999 * float draws then
                let chance = Numbers.brief chance
                Some $"the frequencies of {draws} draws (average {average}) have a chance of {chance} by χ²."
            else
                None
        else
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
                None

    let followsDensity<'θ> : Law<'θ> =
        Law.ofThose "the sampler draws from the density" _.Marginals (fun marginals subject case ->
            let ofComponent k =
                let draw, random = subject.Family.Sample case.Parameters k, Subject.random (case.Seed + k)
                let rows = Array.init draws (fun _ -> draw random)

                match rows |> Array.tryPick (Subject.misfit subject case.Parameters) with
                | Some impossible -> Some $"component {k} draws an impossible row: {impossible}"
                | None ->
                    marginals case.Parameters k
                    |> List.tryPick (fun marginal ->
                        rows
                        |> Array.map marginal.Of
                        |> misfit marginal
                        |> Option.map (fun how -> $"component {k}, {marginal.Name}: {how}"))

            Seq.init case.Weights.Length ofComponent |> Law.firstBroken)
