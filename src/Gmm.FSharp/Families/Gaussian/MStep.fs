namespace Gmm

open System
open MathNet.Numerics

/// The M-step of Gaussian components.
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

    /// Returns the parameters with these means (K×D) and planes, regularised; the error is the first plane that isn't
    /// positive definite. The caller must not use the arrays afterwards.
    let private regularised (regularisation: CovarianceRegularisation option) structure features means planes =
        let layout = Structure.layout structure
        let size = Layout.planeSize features layout

        let isDefinite planes factors p =
            isAboveNoise layout features means planes p
            && GaussianParameters.inverseFactor
                features
                layout
                (Span.op_Implicit (GaussianParameters.part size planes p))
                (GaussianParameters.part size factors p)

        let complete (planes: float[]) factors p =
            match regularisation with
            | None -> isDefinite planes factors p
            | Some(Added variances) ->
                Layout.addDiagonal layout variances (GaussianParameters.part size planes p)
                isDefinite planes factors p
            | Some(AtLeast variances) ->
                CovarianceFloor.raise
                    layout
                    (floorOf layout features means variances p)
                    (GaussianParameters.part size planes p)
                    (GaussianParameters.part size factors p)

        GaussianParameters.ofPlanesBy complete structure features means planes

    /// Returns the planes whose covariance is on a floor of D variances, or with `isStrict` below it.
    let private reaching isStrict (variances: float[]) (gaussian: Gaussian) : int list =
        let layout, features = gaussian.Layout, gaussian.Features
        let size = Layout.planeSize features layout
        let means = gaussian.Means.toArray ()
        let planes, factors = gaussian.Covariances.toArray (), gaussian.InverseFactors.toArray ()

        [ for p in 0 .. planes.Length / size - 1 do
              if
                  CovarianceFloor.reaches
                      isStrict
                      layout
                      (floorOf layout features means variances p)
                      (Span.op_Implicit (GaussianParameters.part size planes p))
                      (Span.op_Implicit (GaussianParameters.part size factors p))
              then
                  p ]

    /// Returns the planes whose covariance is on a floor of D variances.
    let onFloor variances gaussian = reaching false variances gaussian

    /// Returns the parameters. Error when a covariance is below a floor of D variances.
    let requireFloor variances gaussian : Result<Gaussian, GmmError> =
        match reaching true variances gaussian with
        | [] -> Ok gaussian
        | plane :: _ ->
            Error(InvalidOption("Coordinates", "coordinates of covariances above the floor", $"below it in matrix {plane}"))

    /// Returns the parameters with some covariances changed. `change planes factors p` changes plane p and writes its inverse
    /// factor; it returns false when that isn't possible. The other planes keep their bits.
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

        match reaching true variances gaussian with
        | [] -> Ok gaussian
        | below -> changed raise below gaussian

    /// Returns the parameters with the covariances of `onFloor` planes widened to the scale of the data (D variances) where
    /// they lie on the floor, and those of `whole` planes in all directions.
    let widened (floor: float[]) (scale: float[]) (onFloor: int list) (whole: int list) (gaussian: Gaussian) =
        let layout, features = gaussian.Layout, gaussian.Features
        let size, means = Layout.planeSize features layout, gaussian.Means.toArray ()

        let widen planes factors p =
            CovarianceFloor.widen
                layout
                (floorOf layout features means floor p)
                scale
                (List.contains p whole)
                (GaussianParameters.part size planes p)
                (GaussianParameters.part size factors p)

        changed widen (List.distinct (onFloor @ whole)) gaussian

    /// Estimates the covariances of a structure: replaces scatter matrices (planes), in place, by the covariances that
    /// maximise −½ Σ over planes of (degrees · ln|Σ| + tr(scatter · Σ⁻¹)). If every plane is free, they are
    /// scatter/degrees.
    let private estimate structure size (degrees: float[]) (scatter: float[]) : unit =
        match structure with
        | Full
        | Diag
        | Spherical
        | TiedFull
        | TiedDiag
        | TiedSpherical ->
            for p in 0 .. degrees.Length - 1 do
                LinearAlgebra.divide degrees[p] (GaussianParameters.part size scatter p)

    /// Runs the M-step: see `Gaussian.maximise`.
    let maximise
        (prior: GaussianPrior)
        (regularisation: CovarianceRegularisation option)
        (gaussian: Gaussian)
        (statistics: Statistics)
        : Result<Gaussian, GmmError> =
        let layout, features = gaussian.Layout, gaussian.Features
        let size = Layout.planeSize features layout

        let counts, first, second, ofPrior =
            match GaussianPrior.pseudoStatistics prior gaussian with
            | None -> statistics.Counts, statistics.Sums[0], Array.copy statistics.Sums[1], 0.0
            | Some pseudo ->
                statistics.Counts |> Array.map (fun count -> count + pseudo.Rows),
                LinearAlgebra.add statistics.Sums[0] pseudo.First,
                LinearAlgebra.add statistics.Sums[1] pseudo.Scatter,
                pseudo.Degrees

        match statistics |> Statistics.firstEmpty counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let shifts = first |> Array.mapi (fun i sum -> sum / counts[i / features])
            let means = LinearAlgebra.add (gaussian.Means.toArray ()) shifts
            let degrees = Array.create (Layout.planes counts.Length layout) ofPrior

            for k in 0 .. counts.Length - 1 do
                let p = Layout.planeOf layout k
                degrees[p] <- degrees[p] + statistics.Counts[k]

            // The second moments have no other owner and become covariances in place.
            GaussianPrior.addOuter layout features (fun k -> -counts[k]) shifts second
            estimate gaussian.Structure size degrees second

            regularised regularisation gaussian.Structure features means second
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
