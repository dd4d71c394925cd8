namespace Gmm.Laws

open System
open Gmm

/// Laws of the loop.
module internal LoopLaws =
    let private sourceOf rows = Source.ofRows rows |> GmmError.get

    /// Returns the start and the iterates after it, up to the first error.
    let private walk steps model source start =
        EM.iterates model source start |> Seq.truncate (steps + 1) |> Seq.choose Result.toOption |> List.ofSeq

    // ── The objective never falls ───────────────────────────────────────────────────────────────────────────────────

    /// Whether the objective never falls along the iterates from a start.
    let isMonotone (model: Model<'θ>) (source: Source) (start: Mixture<'θ>) =
        match walk 15 model source start with
        | []
        | [ _ ] -> Beside
        | iterates ->
            iterates
            |> Seq.pairwise
            |> Seq.map (fun (before, after) ->
                if after.Objective >= before.Objective - 1e-10 * (1.0 + abs before.Objective) then
                    None
                else
                    let first, fall =
                        Numbers.brief before.Objective, Numbers.brief (before.Objective - after.Objective)

                    Some $"The objective falls from {first} by {fall} in iteration {after.Iteration}.")
            |> Law.firstBroken

    let monotone<'θ> : Law<'θ> =
        Law.ofAll "the objective never falls" (fun subject case ->
            isMonotone (Expectation.model subject.Family) (Expectation.source case) case.Mixture)

    let monotoneWithPrior<'θ> : Law<'θ> =
        Law.ofAll "the objective never falls under a prior" (fun subject case ->
            let random = Subject.random case.Seed
            let concentration = case.Weights |> Array.map (fun _ -> 1.0 + 5.0 * random.NextDouble())

            isMonotone
                { Expectation.model (subject.Believed case.Seed case.Parameters) with
                    Weights = Dirichlet concentration }
                (Expectation.source case)
                case.Mixture)

    let monotoneWhenHard<'θ> : Law<'θ> =
        Law.ofAll "the classification objective never falls" (fun subject case ->
            isMonotone
                { Expectation.model subject.Family with
                    Assignment = Hard }
                (Expectation.source case)
                case.Mixture)

    // ── Other orders and copies ─────────────────────────────────────────────────────────────────────────────────────

    /// Returns the weights of a mixture and ln p(xₙ|θₖ) (n×K) of some rows.
    let private seen (family: Family<'θ>) rows (mixture: Mixture<'θ>) =
        mixture.Weights, (family.LogDensity mixture.Parameters (Tensor.matrix (array2D rows))).toArray2D()

    let private isClose (a: float) (b: float) = abs (a - b) <= 1e-7 * (1.0 + abs a) || (a < -700.0 && b < -700.0)

    /// Compares objectives, weights and densities of two walks of two steps. The components of the second are in another order.
    let private agree what (family: Family<'θ>) (case: Case<'θ>) (order: int[]) first second =
        if List.length first < 3 || List.length second < 3 then
            Beside
        else
            List.zip first second
            |> Seq.map (fun (a: Iterate<'θ>, b: Iterate<'θ>) ->
                let weightsA, densitiesA = seen family case.Rows a.Mixture
                let weightsB, densitiesB = seen family case.Rows b.Mixture

                let differs name (x: float) (y: float) =
                    if isClose x y then
                        None
                    else
                        Some $"{name} is {Numbers.brief x} after {a.Iteration} steps, but {what} {Numbers.brief y}."

                seq {
                    differs "The objective" a.Objective b.Objective

                    for k in 0 .. order.Length - 1 do
                        differs $"The weight of component {order[k]}" weightsA[order[k]] weightsB[k]

                        for n in 0 .. case.Rows.Length - 1 do
                            differs
                                $"ln p of row {n} under component {order[k]}"
                                densitiesA[n, order[k]]
                                densitiesB[n, k]
                }
                |> Seq.tryPick id)
            |> Law.firstBroken

    let private identity (case: Case<'θ>) = [| 0 .. case.Weights.Length - 1 |]

    let weightsAreCopies<'θ> : Law<'θ> =
        Law.ofAll "a weight of m is m copies of the row" (fun subject case ->
            let model = Expectation.model subject.Family
            let weighted = Expectation.source case |> Source.weighted (case.Copies |> Array.map float) |> GmmError.get

            let copied =
                Array.zip case.Rows case.Copies |> Array.collect (fun (row, count) -> Array.replicate count row)

            agree
                "with copies it is"
                model.Family
                case
                (identity case)
                (walk 2 model weighted case.Mixture)
                (walk 2 model (sourceOf copied) case.Mixture))

    /// Draws a permutation of 0 … n−1.
    let private permutation (random: Random) n =
        let keys = Array.init n (fun _ -> random.NextDouble())
        Array.init n id |> Array.sortBy (fun i -> keys[i])

    let rowsInAnyOrder<'θ> : Law<'θ> =
        Law.ofAll "the order of rows doesn't matter" (fun subject case ->
            let model = Expectation.model subject.Family
            let order = permutation (Subject.random case.Seed) case.Rows.Length

            agree
                "with the rows in another order it is"
                model.Family
                case
                (identity case)
                (walk 2 model (Expectation.source case) case.Mixture)
                (walk 2 model (sourceOf (order |> Array.map (fun n -> case.Rows[n]))) case.Mixture))

    let componentsInAnyOrder<'θ> : Law<'θ> =
        Law.ofThose "the order of components doesn't matter" _.Choose (fun choose subject case ->
            if case.Weights.Length = 1 then
                Beside
            else
                let model = Expectation.model subject.Family
                let order = Array.rev (identity case)

                let other =
                    { case with
                        Weights = order |> Array.map (fun k -> case.Weights[k])
                        Parameters = choose order [| 0 .. case.Rows[0].Length - 1 |] case.Parameters }

                let source = Expectation.source case

                agree
                    "with the components in another order it is"
                    model.Family
                    case
                    order
                    (walk 2 model source case.Mixture)
                    (walk 2 model source other.Mixture))
