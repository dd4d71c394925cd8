namespace Gmm

open System

/// The part of a covariance matrix that is stored.
[<RequireQualifiedAccess>]
type Shape =
    /// Every entry: D² numbers.
    | Full
    /// The diagonal: D numbers. The rest is 0.
    | Diag
    /// One variance for all features: 1 number.
    | Spherical

/// The storage of K covariance matrices: one plane of `planeSize` numbers for each matrix. There are K planes, or 1
/// when all components share the matrix. A second moment has the layout of the covariance that it estimates.
[<Struct>]
type Layout =
    {
        /// The shape of each matrix.
        Shape: Shape
        /// Whether all components share one matrix.
        IsTied: bool
    }

/// Functions on numbers in the layout of covariances.
module Layout =
    /// Returns the layout with one matrix for every component.
    let own shape = { Shape = shape; IsTied = false }

    /// Returns the layout with one matrix for all components.
    let tied shape = { Shape = shape; IsTied = true }

    /// Returns the number of covariance matrices of K components: K, or 1 when they share it.
    let planes components (layout: Layout) = if layout.IsTied then 1 else components

    /// Returns the number of the plane that component k uses.
    let planeOf (layout: Layout) (k: int) = if layout.IsTied then 0 else k

    /// Returns the shape of the stored numbers of one covariance matrix of D features: D×D, D or a single number.
    let planeShape features (layout: Layout) : int[] =
        match layout.Shape with
        | Shape.Full -> [| features; features |]
        | Shape.Diag -> [| features |]
        | Shape.Spherical -> [||]

    /// Returns the number of stored numbers of one covariance matrix of D features: D², D or 1.
    let planeSize features (layout: Layout) =
        match layout.Shape with
        | Shape.Full -> features * features
        | Shape.Diag -> features
        | Shape.Spherical -> 1

    /// Returns an error when the covariances of K components of D features are more numbers than one array can hold.
    /// The product of dimensions overflows 32 bits then, so this must be checked before `planeSize` is used. `name` is
    /// the structure's.
    let internal requireSize components features (layout: Layout) (name: string) : Result<unit, GmmError> =
        let planes = if layout.IsTied then 1 else components

        let factors =
            match layout.Shape with
            | Shape.Full -> [ planes; features; features ]
            | Shape.Diag -> [ planes; features ]
            | Shape.Spherical -> [ planes ]

        GmmError.requireLength
            "Structure"
            (fun most -> $"one with covariances of at most {most} numbers, such as Diag (K·D of them instead of K·D·D)")
            name
            factors

    /// Returns the shape of all covariances as one tensor: K×D×D, K×D, K, D×D, D or a single number.
    let covarianceShape components features (layout: Layout) : int[] =
        let one = planeShape features layout
        if layout.IsTied then one else Array.append [| components |] one

    /// Adds a multiple of the outer product δδᵀ of D numbers to a plane.
    let internal addOuter (layout: Layout) (factor: float) (delta: ReadOnlySpan<float>) (plane: Span<float>) =
        match layout.Shape with
        | Shape.Full -> LinearAlgebra.addOuter factor delta plane
        | Shape.Diag ->
            for j in 0 .. delta.Length - 1 do
                plane[j] <- plane[j] + factor * (delta[j] * delta[j])
        | Shape.Spherical ->
            let mutable sum = 0.0

            for j in 0 .. delta.Length - 1 do
                sum <- sum + delta[j] * delta[j]

            plane[0] <- plane[0] + factor * (sum / float delta.Length)

    /// Adds a diagonal matrix of D variances to a plane.
    let internal addDiagonal (layout: Layout) (variances: float[]) (plane: Span<float>) =
        match layout.Shape with
        | Shape.Full ->
            for j in 0 .. variances.Length - 1 do
                let index = j * variances.Length + j
                plane[index] <- plane[index] + variances[j]
        | Shape.Diag ->
            for j in 0 .. variances.Length - 1 do
                plane[j] <- plane[j] + variances[j]
        | Shape.Spherical -> plane[0] <- plane[0] + Array.average variances

    /// Returns the outer product δδᵀ of D numbers as a plane: all of it, its diagonal, or the mean of its diagonal.
    let outer (layout: Layout) (delta: float[]) : float[] =
        let plane = Array.zeroCreate (planeSize delta.Length layout)
        addOuter layout 1.0 (ReadOnlySpan delta) (Span plane)
        plane

    /// Returns a diagonal matrix of D variances as a plane.
    let diagonal (layout: Layout) (variances: float[]) : float[] =
        let plane = Array.zeroCreate (planeSize variances.Length layout)
        addDiagonal layout variances (Span plane)
        plane

    /// Returns the part of a D×D matrix that a plane stores: all of it, its diagonal, or the mean of its diagonal.
    let ofMatrix (layout: Layout) (matrix: float[,]) : float[] =
        let features = Array2D.length1 matrix

        match layout.Shape with
        | Shape.Full -> Array.init (features * features) (fun i -> matrix[i / features, i % features])
        | Shape.Diag
        | Shape.Spherical -> Array.init features (fun j -> matrix[j, j]) |> diagonal layout

    /// Returns the D×D matrix that a plane represents.
    let matrix features (layout: Layout) (plane: float[]) : float[,] =
        Array2D.init features features (fun i j ->
            match layout.Shape with
            | Shape.Full -> plane[i * features + j]
            | Shape.Diag -> if i = j then plane[i] else 0.0
            | Shape.Spherical -> if i = j then plane[0] else 0.0)

    /// Measures how far a plane is from symmetric: the largest |σᵢⱼ − σⱼᵢ| / √(σᵢᵢσⱼⱼ); 0 where both entries are equal, NaN or ∞ where they
    /// differ and a variance is NaN or 0.
    let internal asymmetry features (layout: Layout) (plane: ReadOnlySpan<float>) : float =
        let mutable largest = 0.0

        match layout.Shape with
        | Shape.Full ->
            for i in 1 .. features - 1 do
                for j in 0 .. i - 1 do
                    let a, b = plane[i * features + j], plane[j * features + i]

                    if a <> b then
                        let scale = sqrt (abs plane[i * features + i]) * sqrt (abs plane[j * features + j])
                        // Math.Max keeps NaN.
                        largest <- Math.Max(largest, abs (a - b) / scale)
        | Shape.Diag
        | Shape.Spherical -> ()

        largest
