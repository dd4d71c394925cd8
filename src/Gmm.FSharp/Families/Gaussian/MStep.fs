namespace Gmm

open System
open MathNet.Numerics

/// The M-step of Gaussian components.
module internal GaussianMStep =
    /// Tests whether every variance of plane p exceeds the rounding noise of numbers as large as the plane's means.
    let private isAboveNoise (layout: Layout) features (means: float[]) (planes: float[]) p =
        let size = Layout.planeSize features layout
        let first, last = if layout.IsTied then 0, means.Length / features - 1 else p, p

        let noise j =
            let mutable largest = 0.0

            for k in first..last do
                largest <- max largest (abs means[k * features + j])

            let rounding = 4.0 * Precision.DoublePrecision * largest
            rounding * rounding

        let rec areAbove step j = j = features || planes[p * size + j * step] > noise j && areAbove step (j + 1)

        match layout.Shape with
        | Shape.Full -> areAbove (features + 1) 0
        | Shape.Diag -> areAbove 1 0
        | Shape.Spherical -> planes[p] > Array.average (Array.init features noise)

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
        (regularisation: float[] option)
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

            match regularisation with
            | Some variances ->
                for p in 0 .. degrees.Length - 1 do
                    Layout.addDiagonal layout variances (GaussianParameters.part size second p)
            | None -> ()

            match GaussianParameters.firstWithout (isAboveNoise layout features means second) degrees.Length with
            | Some p -> Error p
            | None -> GaussianParameters.ofPlanes gaussian.Structure features means second
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
