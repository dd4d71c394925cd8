namespace Gmm.Laws

open System
open Gmm

/// Laws of the M-step.
module internal MStepLaws =
    /// Returns directions to look in: along every coordinate, and some random ones.
    let private directions (random: Random) length =
        let axes = [ for i in 0 .. min length 24 - 1 -> Array.init length (fun j -> if i = j then 1.0 else 0.0) ]
        axes @ List.init 8 (fun _ -> Array.init length (fun _ -> 2.0 * random.NextDouble() - 1.0))

    let private isMaximum (family: Family<'θ>) (case: Case<'θ>) =
        let x, responsibilities = Expectation.rows case, Expectation.responsibilities family case
        let statistics = Expectation.statistics family case.Parameters x responsibilities

        match family.Maximise case.Parameters statistics with
        | Error _ -> Beside
        | Ok maximum ->
            let q = Expectation.q family x responsibilities
            let best, magnitude = q maximum
            let noise = 1e-11 * (1.0 + magnitude)
            let centre = family.Coordinates.OfParameters maximum

            let at (direction: float[]) step =
                Array.map2 (fun c d -> c + step * d) centre direction
                |> family.Coordinates.ToParameters maximum
                |> Result.toOption
                |> Option.map q

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
            elif centre |> Array.exists (fun number -> not (abs number < 1e300)) then
                Beside // a maximum on an edge has no neighbours on one side
            else
                seq {
                    for direction in directions (Subject.random case.Seed) centre.Length do
                        for step in [ 1e-3; 0.1; 1.0 ] -> compare direction step
                }
                |> Law.firstBroken

    /// The laws of exact maxima apply to subjects whose M-step finds them.
    let private exact (subject: Subject<'θ>) = if subject.MStep = Maximises then Some() else None

    let maximises<'θ> : Law<'θ> =
        Law.ofThose "the M-step maximises Q" exact (fun () subject case -> isMaximum subject.Family case)

    let maximisesWithPrior<'θ> : Law<'θ> =
        Law.ofThose "the M-step maximises Q + ln prior" exact (fun () subject case ->
            isMaximum (subject.Believed case.Seed case.Parameters) case)

    let increases<'θ> : Law<'θ> =
        Law.ofAll "the M-step never lowers Q + ln prior" (fun subject case ->
            let fall (family: Family<'θ>) =
                let x, responsibilities = Expectation.rows case, Expectation.responsibilities family case
                let q = Expectation.q family x responsibilities

                Expectation.statistics family case.Parameters x responsibilities
                |> family.Maximise case.Parameters
                |> Result.toOption
                |> Option.map (fun next ->
                    let (before, magnitude), (after, _) = q case.Parameters, q next

                    if after >= before - 1e-10 * (1.0 + magnitude) then
                        None
                    else
                        let before, after = Numbers.brief before, Numbers.brief after
                        Some $"Q + ln prior falls from {before} to {after} in the M-step.")

            match List.choose fall [ subject.Family; subject.Believed case.Seed case.Parameters ] with
            | [] -> Beside
            | falls -> Law.firstBroken falls)
