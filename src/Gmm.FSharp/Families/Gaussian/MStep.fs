namespace Gmm

open System
open MathNet.Numerics

/// The M-step of Gaussian components. `GaussianEstimators` has the covariances of each structure.
module internal GaussianMStep =
    /// Returns the square of the rounding of feature j's mean, the smallest among the components of plane p: a variance
    /// below it is noise.
    let private noise (layout: Layout) features (means: float[]) p j =
        let first, last = if layout.IsTied then 0, means.Length / features - 1 else p, p
        let mutable smallest = infinity

        for k in first..last do
            smallest <- min smallest (abs means[k * features + j])

        let rounding = 4.0 * Precision.DoublePrecision * smallest
        rounding * rounding

    /// Tests whether every variance of plane p exceeds the rounding noise of numbers as large as the plane's means.
    let private isAboveNoise (layout: Layout) features (means: float[]) (planes: float[]) p =
        let size = Layout.planeSize features layout
        let noise = noise layout features means p
        let rec areAbove step j = j = features || planes[p * size + j * step] > noise j && areAbove step (j + 1)

        match layout.Shape with
        | Shape.Full -> areAbove (features + 1) 0
        | Shape.Diag -> areAbove 1 0
        | Shape.Spherical -> planes[p] > Array.average (Array.init features noise)

    /// Returns the floor of plane p: the given variances, or the rounding noise where it is larger.
    let private floorOf layout features means (variances: float[]) p =
        variances |> Array.mapi (fun j variance -> max variance (noise layout features means p j))

    /// Writes the inverse factor of plane p. Returns false when a variance is noise or the covariance isn't positive
    /// definite.
    let private isDefinite (layout: Layout) features means planes factors p =
        let size = Layout.planeSize features layout

        isAboveNoise layout features means planes p
        && GaussianParameters.inverseFactor
            features
            layout
            (Span.op_Implicit (GaussianParameters.part size planes p))
            (GaussianParameters.part size factors p)

    /// Returns the parameters with these means (K×D) and the covariances scatter/degrees of each plane, regularised;
    /// the error is the first plane that isn't positive definite. The caller must not use the arrays afterwards.
    let private planewise
        (regularisation: CovarianceRegularisation option)
        structure
        features
        means
        (degrees: float[])
        (scatter: float[])
        =
        let layout = Structure.layout structure
        let size = Layout.planeSize features layout

        let complete (planes: float[]) factors p =
            match regularisation with
            | None -> isDefinite layout features means planes factors p
            | Some(Added variances) ->
                Layout.addDiagonal layout variances (GaussianParameters.part size planes p)
                isDefinite layout features means planes factors p
            | Some(AtLeast variances) ->
                CovarianceFloor.raise
                    layout
                    (floorOf layout features means variances p)
                    (GaussianParameters.part size planes p)
                    (GaussianParameters.part size factors p)

        for p in 0 .. degrees.Length - 1 do
            LinearAlgebra.divide degrees[p] (GaussianParameters.part size scatter p)

        GaussianParameters.ofPlanesBy complete structure features means scatter

    /// Returns the floor of every plane.
    let private floorsOf layout features (means: float[]) variances =
        Array.init (Layout.planes (means.Length / features) layout) (floorOf layout features means variances)

    /// Returns the same for a structure whose planes are estimated together, from previous covariances (planes).
    let private together
        (regularisation: CovarianceRegularisation option)
        structure
        features
        (means: float[])
        (previous: float[][])
        (degrees: float[])
        (scatter: float[])
        =
        let layout = Structure.layout structure
        let scatter = scatter |> Array.chunkBySize (Layout.planeSize features layout)

        let planes, complete =
            match regularisation with
            | None ->
                GaussianEstimators.estimate GaussianEstimators.mostSweeps structure features previous degrees scatter,
                isDefinite layout features means
            | Some(Added variances) ->
                Array.iter2
                    (fun d (s: float[]) ->
                        Layout.addDiagonal layout (variances |> Array.map (fun variance -> d * variance)) (Span s))
                    degrees
                    scatter

                GaussianEstimators.estimate GaussianEstimators.mostSweeps structure features previous degrees scatter,
                isDefinite layout features means
            | Some(AtLeast variances) ->
                let floors = floorsOf layout features means variances

                CommonFloor.estimate structure floors previous degrees scatter,
                GaussianParameters.completed layout features

        GaussianParameters.ofPlanesBy complete structure features means (Array.concat planes)

    /// Returns the planes whose covariance is at most `limit` times a floor of D variances in some direction.
    let private reaching (limit: float) (variances: float[]) (gaussian: Gaussian) : int list =
        let layout, features = gaussian.Layout, gaussian.Features
        let size = Layout.planeSize features layout
        let means = gaussian.Means.toArray ()
        let planes, factors = gaussian.Covariances.toArray (), gaussian.InverseFactors.toArray ()

        let loads () =
            Array.map2
                (CommonFloor.load layout)
                (floorsOf layout features means variances)
                (Array.chunkBySize size factors)

        if Structure.isPlanewise gaussian.Structure then
            [ for p in 0 .. planes.Length / size - 1 do
                  if
                      CovarianceFloor.reaches
                          limit
                          layout
                          (floorOf layout features means variances p)
                          (Span.op_Implicit (GaussianParameters.part size planes p))
                          (Span.op_Implicit (GaussianParameters.part size factors p))
                  then
                      p ]
        elif limit < 1.0 then
            if Array.sum (loads ()) * limit > 1.0 then
                [ 0 .. planes.Length / size - 1 ]
            else
                []
        else
            // With the sum at its bound 1, one of the components has at least 1/K.
            let limit = 0.5 / float (planes.Length / size)

            [ for p, load in Array.indexed (loads ()) do
                  if load >= limit then
                      p ]

    /// Returns the planes whose covariance is on a floor of D variances.
    let onFloor variances gaussian = reaching CovarianceFloor.touching variances gaussian

    /// Returns the parameters. Error when a covariance is below a floor of D variances.
    let requireFloor variances gaussian : Result<Gaussian, GmmError> =
        match reaching CovarianceFloor.below variances gaussian with
        | [] -> Ok gaussian
        | plane :: _ ->
            Error(
                InvalidOption(
                    "Coordinates",
                    "coordinates of covariances above the floor",
                    $"below it in matrix {plane}"
                )
            )

    /// Returns the parameters with some covariances changed. `change planes factors p` changes plane p and writes its
    /// inverse factor; it returns false when that isn't possible. The other planes keep their bits.
    let private changed (change: float[] -> float[] -> int -> bool) (chosen: int list) (gaussian: Gaussian) =
        let layout, features = gaussian.Layout, gaussian.Features
        let size = Layout.planeSize features layout
        let before = gaussian.InverseFactors.toArray ()

        let complete (planes: float[]) (factors: float[]) p =
            if List.contains p chosen then
                change planes factors p
            else
                (GaussianParameters.part size before p).CopyTo(GaussianParameters.part size factors p)
                true

        gaussian.Covariances.toArray ()
        |> GaussianParameters.ofPlanesBy complete gaussian.Structure features (gaussian.Means.toArray ())
        |> Result.mapError (fun plane -> SingularCovariance(GaussianParameters.owner layout plane, 0))

    /// Returns the parameters with every covariance raised to a floor of D variances; without any below it, the
    /// parameters themselves.
    let atLeast (variances: float[]) (gaussian: Gaussian) : Result<Gaussian, GmmError> =
        let layout, features = gaussian.Layout, gaussian.Features
        let size, means = Layout.planeSize features layout, gaussian.Means.toArray ()

        let raise planes factors p =
            CovarianceFloor.raise
                layout
                (floorOf layout features means variances p)
                (GaussianParameters.part size planes p)
                (GaussianParameters.part size factors p)

        let planes = gaussian.Covariances.toArray () |> Array.chunkBySize size

        match reaching (2.0 - CovarianceFloor.touching) variances gaussian with
        | [] -> Ok gaussian
        | below when Structure.isPlanewise gaussian.Structure -> changed raise below gaussian
        | _ ->
            together
                (Some(AtLeast variances))
                gaussian.Structure
                features
                means
                planes
                (Array.create planes.Length 1.0)
                (Array.concat planes)
            |> Result.mapError (fun plane -> SingularCovariance(GaussianParameters.owner layout plane, 0))

    /// Returns the parameters with the covariances of `onFloor` planes widened to the scale of the data (D variances)
    /// where they lie on the floor, and those of `whole` planes in all directions.
    let widened (floor: float[]) (scale: float[]) (onFloor: int list) (whole: int list) (gaussian: Gaussian) =
        let layout, features = gaussian.Layout, gaussian.Features
        let size, means = Layout.planeSize features layout, gaussian.Means.toArray ()

        // Each eigenvalue σ of a component on a common floor may have a share of the load tr(FΣ⁻¹), which is 1/(2K) at least.
        let touching =
            if Structure.isPlanewise gaussian.Structure then
                CovarianceFloor.touching
            else
                2.0 * float gaussian.Components * float features

        let widen planes factors p =
            CovarianceFloor.widen
                touching
                layout
                (floorOf layout features means floor p)
                scale
                (List.contains p whole)
                (GaussianParameters.part size planes p)
                (GaussianParameters.part size factors p)

        changed widen (List.distinct (onFloor @ whole)) gaussian

    /// Runs the M-step: see `Gaussian.maximise`. The means are sums divided by the statistics' counts, the covariances
    /// sums divided by `rows` (K). The two differ where rows have latent weights besides their responsibilities.
    let maximise
        (prior: GaussianPrior)
        (regularisation: CovarianceRegularisation option)
        (rows: float[])
        (gaussian: Gaussian)
        (statistics: Statistics)
        : Result<Gaussian, GmmError> =
        let layout, features = gaussian.Layout, gaussian.Features
        let size = Layout.planeSize features layout

        let pseudoRows, first, second, ofPrior =
            match GaussianPrior.pseudoStatistics prior gaussian with
            | None -> 0.0, statistics.Sums[0], Array.copy statistics.Sums[1], 0.0
            | Some pseudo ->
                pseudo.Rows,
                LinearAlgebra.add statistics.Sums[0] pseudo.First,
                LinearAlgebra.add statistics.Sums[1] pseudo.Scatter,
                pseudo.Degrees

        let counts = statistics.Counts |> Array.map ((+) pseudoRows)

        match statistics |> Statistics.firstEmpty (rows |> Array.map ((+) pseudoRows)) with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let shifts = first |> Array.mapi (fun i sum -> sum / counts[i / features])
            let means = LinearAlgebra.add (gaussian.Means.toArray ()) shifts
            let degrees = Array.create (Layout.planes counts.Length layout) ofPrior

            for k in 0 .. counts.Length - 1 do
                let p = Layout.planeOf layout k
                degrees[p] <- degrees[p] + rows[k]

            // The second moments have no other owner and become covariances in place.
            GaussianPrior.addOuter layout features (fun k -> -counts[k]) shifts second

            (if Structure.isPlanewise gaussian.Structure then
                 planewise regularisation gaussian.Structure features means degrees second
             else
                 let previous = gaussian.Covariances.toArray () |> Array.chunkBySize size
                 together regularisation gaussian.Structure features means previous degrees second)
            |> Result.mapError (fun plane -> SingularCovariance(GaussianParameters.owner layout plane, 0))

    /// Moves statistics about the means of `from` to those of `target`. With δₖ = μₖ(target) − μₖ(from), it subtracts
    /// Nₖδₖ from the first moments s and adds Σₖ Nₖ ((s/Nₖ − δₖ)(s/Nₖ − δₖ)ᵀ − (s/Nₖ)(s/Nₖ)ᵀ), over the components that
    /// share the plane, to the second.
    let recentre (from: Gaussian) (target: Gaussian) (statistics: Statistics) : Statistics =
        let layout, features, counts = from.Layout, from.Features, statistics.Counts
        let shifts = (target.Means - from.Means).toArray()
        let first, second = statistics.Sums[0], Array.copy statistics.Sums[1]
        let moved = Statistics.moveFirst counts shifts first

        /// Returns s/Nₖ, for components that have rows.
        let centred (sums: float[]) =
            sums |> Array.mapi (fun i sum -> if counts[i / features] > 0.0 then sum / counts[i / features] else 0.0)

        GaussianPrior.addOuter layout features (fun k -> -counts[k]) (centred first) second
        GaussianPrior.addOuter layout features (fun k -> counts[k]) (centred moved) second

        { statistics with
            Sums = [| moved; second |] }
