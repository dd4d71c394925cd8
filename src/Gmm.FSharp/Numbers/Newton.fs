namespace Gmm

/// Newton's method for smooth convex functions of a few numbers.
module internal Newton =
    /// Returns the place of the minimum, to rounding: Newton steps, halved until the value falls enough (Boyd and
    /// Vandenberghe, Convex Optimization, 2004, §9.5). `derivatives` gives the gradient (S) and the Hessian (S×S, flat); the
    /// value isn't finite outside the domain, in which the start must lie.
    let minimise (value: float[] -> float) (derivatives: float[] -> float[] * float[]) (start: float[]) : float[] =
        let size = start.Length

        /// Returns −H⁻¹g and the decrement gᵀH⁻¹g; None where H isn't positive definite in rounding.
        let direction place =
            let gradient, hessian = derivatives place
            let factor = Array.zeroCreate (size * size)

            if LinearAlgebra.inverseFactor size (System.ReadOnlySpan hessian) (System.Span factor) then
                let whitened =
                    Array.init size (fun i -> Seq.init size (fun j -> factor[i * size + j] * gradient[j]) |> Seq.sum)

                let step =
                    Array.init size (fun j -> -(Seq.init size (fun i -> factor[i * size + j] * whitened[i]) |> Seq.sum))

                Some(step, whitened |> Array.sumBy (fun number -> number * number))
            else
                None

        let at (place: float[]) length step = Array.map2 (fun x d -> x + length * d) place step

        let rec shorten (place: float[]) before decrement step length =
            let next = at place length step

            if value next <= before - 0.1 * length * decrement then Some next
            elif length < 1e-12 then None
            else shorten place before decrement step (0.5 * length)

        let rec descend (place: float[]) previous remaining =
            match direction place with
            | None -> place
            | Some(step, decrement) ->
                // Here full steps converge quadratically, up to rounding that the value no longer shows.
                if decrement < 1e-4 then
                    let next = at place 1.0 step
                    let isBetter = decrement < 0.25 * previous && System.Double.IsFinite(value next)

                    if not isBetter then place
                    elif remaining = 0 then next
                    else descend next decrement (remaining - 1)
                elif remaining = 0 then
                    place
                else
                    match shorten place (value place) decrement step 1.0 with
                    | Some next -> descend next decrement (remaining - 1)
                    | None -> place

        descend start infinity 100
