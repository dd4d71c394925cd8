namespace Gmm

open System

/// How much of a covariance matrix is free.
[<RequireQualifiedAccess>]
type Shape =
    /// Every entry: D² numbers.
    | Full
    /// The diagonal, the rest 0: D numbers.
    | Diag
    /// One variance for all features: 1 number.
    | Spherical

/// The six covariance structures of a Gaussian mixture: three shapes, each component's own or tied (one for all).
/// mclust calls them VVV, VVI, VII, EEE, EEI, EII.
type Structure =
    /// Every component its own symmetric matrix.
    | Full
    /// Every component its own variances; features are independent within a component.
    | Diag
    /// Every component one variance for all features (isotropic).
    | Spherical
    /// One symmetric matrix for all components.
    | TiedFull
    /// One set of variances for all components.
    | TiedDiag
    /// One variance for everything.
    | TiedSpherical

/// The layout of covariances. A second moment has the layout of the covariance it estimates: one plane of
/// `planeSize` numbers for every covariance matrix, of which there are K or 1.
module Structure =
    /// All six, most parameters first.
    let all = [ Full; TiedFull; Diag; TiedDiag; Spherical; TiedSpherical ]

    /// The shape of each covariance matrix.
    let shape structure =
        match structure with
        | Full
        | TiedFull -> Shape.Full
        | Diag
        | TiedDiag -> Shape.Diag
        | Spherical
        | TiedSpherical -> Shape.Spherical

    /// Whether all components share one covariance matrix.
    let isTied structure =
        match structure with
        | TiedFull
        | TiedDiag
        | TiedSpherical -> true
        | Full
        | Diag
        | Spherical -> false

    /// The name in scikit-learn's and tgmm's spelling: full, tied_full, diag …
    let name structure =
        match structure with
        | Full -> "full"
        | Diag -> "diag"
        | Spherical -> "spherical"
        | TiedFull -> "tied_full"
        | TiedDiag -> "tied_diag"
        | TiedSpherical -> "tied_spherical"

    /// The structure of a name, which may also be "isotropic" (spherical) or "tied" (tied_full).
    let parse (text: string) : Result<Structure, GmmError> =
        let text = if isNull text then "" else text

        match text.Trim().ToLowerInvariant().Replace('-', '_') with
        | "isotropic" -> Ok Spherical
        | "tied" -> Ok TiedFull
        | spelled ->
            match List.tryFind (fun structure -> name structure = spelled) all with
            | Some structure -> Ok structure
            | None ->
                let names = all |> List.map name |> String.concat ", "
                Error(InvalidOption("Structure", $"one of {names}, isotropic, tied", $"\"{text}\""))

    /// How many covariance matrices K components have: K, or 1 when they share it.
    let planes components structure = if isTied structure then 1 else components

    /// The plane that component k uses.
    let planeOf structure k = if isTied structure then 0 else k

    /// The shape of the numbers that stand for one covariance matrix of D features: D×D, D or a single number.
    let planeShape features structure : int[] =
        match shape structure with
        | Shape.Full -> [| features; features |]
        | Shape.Diag -> [| features |]
        | Shape.Spherical -> [||]

    /// How many numbers stand for one covariance matrix of D features: D², D or 1.
    let planeSize features structure =
        match shape structure with
        | Shape.Full -> features * features
        | Shape.Diag -> features
        | Shape.Spherical -> 1

    /// The shape of all covariances as a tensor: K×D×D, K×D, K, D×D, D or a single number.
    let covarianceShape components features structure : int[] =
        let one = planeShape features structure
        if isTied structure then one else Array.append [| components |] one

    /// How many parameters are free in the covariances: K·D(D+1)/2, K·D, K, or a K-th of that when tied.
    let freeParameters components features structure =
        planes components structure
        * match shape structure with
          | Shape.Full -> features * (features + 1) / 2
          | Shape.Diag -> features
          | Shape.Spherical -> 1

    /// Adds a multiple of the outer product δδᵀ of D numbers to a plane.
    let internal addOuter structure (factor: float) (delta: ReadOnlySpan<float>) (plane: Span<float>) =
        match shape structure with
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
    let internal addDiagonal structure (variances: float[]) (plane: Span<float>) =
        match shape structure with
        | Shape.Full ->
            for j in 0 .. variances.Length - 1 do
                let index = j * variances.Length + j
                plane[index] <- plane[index] + variances[j]
        | Shape.Diag ->
            for j in 0 .. variances.Length - 1 do
                plane[j] <- plane[j] + variances[j]
        | Shape.Spherical -> plane[0] <- plane[0] + Array.average variances

    /// The outer product δδᵀ of D numbers in a plane's layout: all of it, its diagonal, or the mean of its diagonal.
    let outer structure (delta: float[]) : float[] =
        let plane = Array.zeroCreate (planeSize delta.Length structure)
        addOuter structure 1.0 (ReadOnlySpan delta) (Span plane)
        plane

    /// A diagonal matrix of D variances in a plane's layout.
    let diagonal structure (variances: float[]) : float[] =
        let plane = Array.zeroCreate (planeSize variances.Length structure)
        addDiagonal structure variances (Span plane)
        plane

    /// What a plane keeps of a D×D matrix: all of it, its diagonal, or the mean of its diagonal.
    let ofMatrix structure (matrix: float[,]) : float[] =
        let features = Array2D.length1 matrix

        match shape structure with
        | Shape.Full -> Array.init (features * features) (fun i -> matrix[i / features, i % features])
        | Shape.Diag
        | Shape.Spherical -> Array.init features (fun j -> matrix[j, j]) |> diagonal structure

    /// A plane as the D×D matrix it stands for.
    let matrix features structure (plane: float[]) : float[,] =
        Array2D.init features features (fun i j ->
            match shape structure with
            | Shape.Full -> plane[i * features + j]
            | Shape.Diag when i = j -> plane[i]
            | Shape.Spherical when i = j -> plane[0]
            | _ -> 0.0)
