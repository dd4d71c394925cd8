namespace Gmm

open System

/// Gaussian parameters as free coordinates: the means (K·D), then the inverse factor W of every covariance matrix. Of W
/// come the logarithms of its diagonal (D, or 1 when spherical) and, when it is full, the entries below the diagonal,
/// row by row.
module internal GaussianCoordinates =
    /// Returns the positions in a plane of W of its diagonal, whose logarithms are coordinates, and of the entries
    /// below the diagonal.
    let private places features (layout: Layout) : int[] * int[] =
        match layout.Shape with
        | Shape.Full ->
            Array.init features (fun i -> i * (features + 1)),
            [| for i in 1 .. features - 1 do
                   for j in 0 .. i - 1 -> i * features + j |]
        | Shape.Diag -> Array.init features id, [||]
        | Shape.Spherical -> [| 0 |], [||]

    let private planesOf (gaussian: Gaussian) = gaussian.InverseFactors.shape[0]

    let names (gaussian: Gaussian) : string[] =
        let features = gaussian.Features
        let diagonal, below = places features gaussian.Layout

        [| for k in 0 .. gaussian.Components - 1 do
               for j in 0 .. features - 1 -> $"mean[{k},{j}]"
           for p in 0 .. planesOf gaussian - 1 do
               for i in 0 .. diagonal.Length - 1 -> $"ln W[{p},{i},{i}]"
               for place in below -> $"W[{p},{place / features},{place % features}]" |]

    let ofParameters (gaussian: Gaussian) : float[] =
        let diagonal, below = places gaussian.Features gaussian.Layout

        let ofPlane (w: float[]) =
            Array.append
                (diagonal |> Array.map (fun place -> log w[place]))
                (below |> Array.map (fun place -> w[place]))

        gaussian.InverseFactors.toArray ()
        |> Array.chunkBySize (Layout.planeSize gaussian.Features gaussian.Layout)
        |> Array.collect ofPlane
        |> Array.append (gaussian.Means.toArray ())

    /// Returns the standard deviations for the means, 1 for logarithms, and 1/σⱼ for the numbers of column j of W.
    let units (gaussian: Gaussian) : float[] =
        let features = gaussian.Features
        let diagonal, below = places features gaussian.Layout

        [| for k in 0 .. gaussian.Components - 1 do
               yield! gaussian.Deviations k
           for p in 0 .. planesOf gaussian - 1 do
               let deviations = gaussian.Deviations p
               yield! Array.create diagonal.Length 1.0

               for place in below do
                   1.0 / deviations[place % features] |]

    /// Returns Σ = W⁻¹W⁻ᵀ as a plane, from a plane of W.
    let private covariance features (layout: Layout) (w: float[]) : float[] =
        match layout.Shape with
        | Shape.Full ->
            // Column i of W⁻¹ solves Wx = eᵢ.
            let columns =
                Array.init features (fun i ->
                    LinearAlgebra.solveLower w (Array.init features (fun j -> if i = j then 1.0 else 0.0)))

            let sigma = Array.zeroCreate (features * features)

            for column in columns do
                LinearAlgebra.addOuter 1.0 (ReadOnlySpan column) (Span sigma)

            sigma
        | Shape.Diag
        | Shape.Spherical -> w |> Array.map (fun number -> 1.0 / (number * number))

    let toParameters (like: Gaussian) (numbers: float[]) : Result<Gaussian, GmmError> =
        let features, layout, planes = like.Features, like.Layout, planesOf like
        let means = like.Means.shape[0] * features
        let diagonal, below = places features layout
        let size = diagonal.Length + below.Length

        let factor p =
            let w = Array.zeroCreate (Layout.planeSize features layout)
            let first = means + p * size
            diagonal |> Array.iteri (fun i place -> w[place] <- exp numbers[first + i])
            below |> Array.iteri (fun i place -> w[place] <- numbers[first + diagonal.Length + i])
            w

        let factors = Array.init planes factor
        let covariances = factors |> Array.map (covariance features layout)
        let areFinite = Array.forall (Array.forall Double.IsFinite)

        let arePositive = factors |> Array.forall (fun w -> diagonal |> Array.forall (fun place -> w[place] > 0.0))

        if Array.forall Double.IsFinite numbers && areFinite factors && areFinite covariances && arePositive then
            Ok
                { like with
                    Means = Tensor.create like.Means.shape numbers[.. means - 1]
                    Covariances = Tensor.create like.Covariances.shape (Array.concat covariances)
                    InverseFactors = Tensor.create like.InverseFactors.shape (Array.concat factors) }
        else
            Error(InvalidOption("Coordinates", "coordinates of covariances within the range of float64", "outside it"))

    let coordinates: Coordinates<Gaussian> =
        { Names = names
          OfParameters = ofParameters
          Units = units
          ToParameters = toParameters }
