namespace Gmm.Laws

open System
open Gmm

/// Laws of the M-step.
module internal MStepLaws =
    /// Q + ln prior of parameters, Q = Σₙₖ rₙₖ ln p(xₙ|θₖ), and the magnitude of what was added.
    let private expected (family: Family<'θ>) (x: Tensor) (responsibilities: float[]) parameters : float * float =
        let densities = (family.LogDensity parameters x).toArray()
        let prior = family.LogPrior parameters
        // Of a row that has no share in a component its density there, perhaps 0, doesn't matter.
        let terms = Array.map2 (fun r density -> if r = 0.0 then 0.0 else r * density) responsibilities densities
        Array.sum terms + prior, Seq.sumBy abs terms + abs prior

    /// Directions to look in: along every coordinate, and some random ones.
    let private directions (random: Random) length =
        let axes = [ for i in 0 .. min length 24 - 1 -> Array.init length (fun j -> if i = j then 1.0 else 0.0) ]
        axes @ List.init 8 (fun _ -> Array.init length (fun _ -> 2.0 * random.NextDouble() - 1.0))

    let private verdict (subject: Subject<'θ>) (family: Family<'θ>) (case: Case<'θ>) =
        let x = Tensor.matrix (array2D case.Rows)
        let joint = family.LogDensity case.Parameters x + case.Mixture.LogWeights
        let responsibilities = Assignment.soft joint |> snd

        let statistics =
            { Weight = float case.Rows.Length
              LogLikelihood = 0.0
              Counts = (responsibilities.sum 0).toArray()
              Sums = [| for sum in family.Sums case.Parameters x responsibilities -> sum.toArray () |] }

        match family.Maximise case.Parameters statistics with
        | Error _ -> Beside
        | Ok maximum ->
            let q = expected family x (responsibilities.toArray ())
            let best, magnitude = q maximum
            let noise = 1e-11 * (1.0 + magnitude)
            let centre = subject.Coordinates maximum

            let at (direction: float[]) step =
                Array.map2 (fun c d -> c + step * d) centre direction |> subject.OfCoordinates maximum |> Option.map q

            let compare direction step =
                match at direction step, at direction -step with
                | Some(after, _), Some(before, _) ->
                    let better = max after before

                    if not (best >= better - noise) then
                        let best, gain = Numbers.brief best, Numbers.brief (better - best)
                        Some $"Q + ln prior is {best} after the M-step, but {gain} more at a neighbour."
                    // The slope may move the top of the parabola by a twentieth of the step, no more.
                    elif step < 0.01 && abs (after - before) > 0.1 * (2.0 * best - after - before) + noise then
                        let slope = Numbers.brief ((after - before) / (2.0 * step))
                        Some $"Q + ln prior has slope {slope} after the M-step, not 0."
                    else
                        None
                | _ -> None

            if Double.IsNaN best then
                Broken "Q + ln prior is NaN after the M-step."
            else
                seq {
                    for direction in directions (Subject.random case.Seed) centre.Length do
                        for step in [ 1e-3; 0.1; 1.0 ] -> compare direction step
                }
                |> Law.firstBroken

    let maximises<'θ> : Law<'θ> =
        Law.ofAll "the M-step maximises Q" (fun subject case -> verdict subject subject.Family case)

    let maximisesWithPrior<'θ> : Law<'θ> =
        Law.ofAll "the M-step maximises Q + ln prior" (fun subject case ->
            verdict subject (subject.Believed case.Seed case.Parameters) case)
