namespace Gmm

open System
open MathNet.Numerics

/// The parameters of K Gaussian components N(x|μₖ, Σₖ).
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type Gaussian =
    {
        /// The covariance structure.
        Structure: Structure
        /// μ (K×D).
        Means: Tensor
        /// Σ: K×D×D, K×D or K for full, diag and spherical; D×D, D or a single number when tied.
        Covariances: Tensor
        /// The inverse factors W with WᵀW = Σ⁻¹, one for each of the P covariance matrices (P = K, or 1 when tied):
        /// lower triangular P×D×D for full structures, 1/σ as P×D for diag and P for spherical ones.
        InverseFactors: Tensor
    }

    /// The layout of the covariances.
    member gaussian.Layout = Structure.layout gaussian.Structure
    /// The number of components, K.
    member gaussian.Components = gaussian.Means.shape[0]
    /// The number of features, D.
    member gaussian.Features = gaussian.Means.shape[1]

    /// Returns the standard deviation of every feature (D) in component k.
    member internal gaussian.Deviations(k: int) : float[] =
        let layout, features = gaussian.Layout, gaussian.Features
        let variances, size = Reference.numbersOf gaussian.Covariances, Layout.planeSize features layout

        Array.init features (fun j ->
            let place =
                match layout.Shape with
                | Shape.Full -> j * (features + 1)
                | Shape.Diag -> j
                | Shape.Spherical -> 0

            sqrt variances.Span[Layout.planeOf layout k * size + place])

    member internal gaussian.Display =
        let components, features =
            Display.count gaussian.Components "component", Display.count gaussian.Features "feature"

        let means = gaussian.Means.toArray ()

        let line k =
            let mean = Seq.init gaussian.Features (fun j -> means[k * gaussian.Features + j])
            $"mean {Display.numbers mean}, standard deviations {Display.numbers (gaussian.Deviations k)}"

        Display.components
            $"gaussian, {components} of {features}, covariances {Structure.name gaussian.Structure}"
            gaussian.Components
            line

/// Makes Gaussian parameters from planes of covariances, with their inverse factors.
module internal GaussianParameters =
    let rows (matrix: Tensor) = matrix.toArray () |> Array.chunkBySize matrix.shape[1]

    /// Returns row or plane number `index` of several consecutive ones of a given size.
    let part size (numbers: float[]) index = Span<float>(numbers, index * size, size)

    /// Returns an error when the covariances of a structure are more numbers than one array can hold.
    let requireSize components features structure : Result<unit, GmmError> =
        Layout.requireSize components features (Structure.layout structure) (Structure.name structure)

    /// Returns a tensor over numbers without copying them. The caller must not use the array afterwards.
    let tensorOf shape (numbers: float[]) = Reference.engine.Create shape (ReadOnlyMemory numbers)

    /// Writes W of one plane. Returns false if its matrix isn't positive definite.
    let inverseFactor features (layout: Layout) (plane: ReadOnlySpan<float>) (factor: Span<float>) : bool =
        match layout.Shape with
        | Shape.Full -> LinearAlgebra.inverseFactor features plane factor
        | Shape.Diag
        | Shape.Spherical ->
            let mutable arePositive = true

            for j in 0 .. plane.Length - 1 do
                arePositive <- arePositive && plane[j] > 0.0 && plane[j] < infinity
                factor[j] <- 1.0 / sqrt plane[j]

            arePositive

    /// Returns the component to which a plane belongs; None if all components share it.
    let owner (layout: Layout) (plane: int) = if layout.IsTied then None else Some plane

    /// Returns the first of `count` planes that fails a predicate.
    let firstWithout (holds: int -> bool) count : int option =
        let rec search p =
            if p = count then None
            elif holds p then search (p + 1)
            else Some p

        search 0

    /// Returns the parameters with these means (K×D) and covariance planes. `complete planes factors p` writes the inverse
    /// factor of plane p, and may change the plane; the error is the first plane for which it returns false. The caller
    /// must not use the arrays afterwards.
    let ofPlanesBy
        (complete: float[] -> float[] -> int -> bool)
        structure
        features
        (means: float[])
        (planes: float[])
        : Result<Gaussian, int> =
        let layout = Structure.layout structure
        let components = means.Length / features
        let count = Layout.planes components layout
        let factors = GC.AllocateUninitializedArray<float> planes.Length

        match firstWithout (complete planes factors) count with
        | Some plane -> Error plane
        | None ->
            Ok
                { Structure = structure
                  Means = tensorOf [| components; features |] means
                  Covariances = tensorOf (Layout.covarianceShape components features layout) planes
                  InverseFactors = tensorOf (Array.append [| count |] (Layout.planeShape features layout)) factors }

    /// Writes the inverse factor of plane p. Returns false if the plane isn't positive definite.
    let completed layout features (planes: float[]) (factors: float[]) p : bool =
        let size = Layout.planeSize features layout
        inverseFactor features layout (Span.op_Implicit (part size planes p)) (part size factors p)

    /// Returns the parameters with these means (K×D) and covariance planes, or the first plane that isn't positive
    /// definite. The caller must not use the arrays afterwards.
    let ofPlanes structure features (means: float[]) (planes: float[]) : Result<Gaussian, int> =
        ofPlanesBy (completed (Structure.layout structure) features) structure features means planes

    /// Returns the parameters with these means and computed covariance planes. The error is about the first covariance
    /// that isn't positive definite, and names its component unless all components share it.
    let ofComputed structure (means: float[][]) (planes: float[][]) : Result<Gaussian, GmmError> =
        ofPlanes structure means[0].Length (Array.concat means) (Array.concat planes)
        |> Result.mapError (fun plane -> SingularCovariance(owner (Structure.layout structure) plane, 0))

    /// Returns ln|W| = −½ ln|Σ| of every covariance matrix (P), read from the diagonals of W.
    let logDeterminants (gaussian: Gaussian) : float[] =
        let w, features = Reference.numbersOf gaussian.InverseFactors, gaussian.Features
        let size = Layout.planeSize features gaussian.Layout

        let sumOfLogs p step =
            let mutable sum = 0.0

            for j in 0 .. features - 1 do
                sum <- sum + log w.Span[p * size + j * step]

            sum

        Array.init (w.Length / size) (fun p ->
            match gaussian.Layout.Shape with
            | Shape.Full -> sumOfLogs p (features + 1)
            | Shape.Diag -> sumOfLogs p 1
            | Shape.Spherical -> log w.Span[p] * float features)

    /// Tests whether planes are symmetric up to the rounding of their variances.
    let areSymmetric features layout (planes: float[][]) =
        planes |> Array.forall (fun plane -> Layout.asymmetry features layout (ReadOnlySpan plane) <= 1e-8)

    /// Tests whether W is lower triangular with a positive diagonal, and (WᵀW)⁻¹ equals a plane within 1e-6 of its
    /// variances.
    let isInverseFactor features (layout: Layout) (plane: float[]) (w: float[]) : bool =
        let isClose (value: float) (expected: float) scale = abs (value - expected) <= 1e-6 * scale

        match layout.Shape with
        | Shape.Full ->
            let indices = seq { 0 .. features - 1 }

            let isTriangular =
                indices
                |> Seq.forall (fun i ->
                    w[i * features + i] > 0.0
                    && Seq.forall (fun j -> w[i * features + j] = 0.0) (seq { i + 1 .. features - 1 }))

            // The columns of W⁻¹: (WᵀW)⁻¹ = W⁻¹W⁻ᵀ is the sum of their outer products.
            let columns () =
                [| for j in indices ->
                       LinearAlgebra.solveLower w (Array.init features (fun i -> if i = j then 1.0 else 0.0)) |]

            isTriangular
            && (let product = Array.zeroCreate plane.Length

                for column in columns () do
                    LinearAlgebra.addOuter 1.0 (ReadOnlySpan column) (Span product)

                indices
                |> Seq.forall (fun i ->
                    indices
                    |> Seq.forall (fun j ->
                        let scale = sqrt plane[i * features + i] * sqrt plane[j * features + j]
                        isClose product[i * features + j] plane[i * features + j] scale)))
        | Shape.Diag
        | Shape.Spherical ->
            Array.forall2 (fun w variance -> w > 0.0 && isClose (1.0 / (w * w)) variance variance) w plane

    /// Returns the planes of covariances that a caller gave: in the shape of the structure, as one matrix for all
    /// components, or as a single number for a multiple of I. Each must be symmetric and positive definite.
    let planesOf name components features structure (given: Tensor) : Result<float[][], GmmError> =
        let layout = Structure.layout structure
        let count = Layout.planes components layout
        let all = Layout.covarianceShape components features layout
        let one = Layout.planeShape features layout
        let numbers = given.toArray ()

        let laidOut () =
            if given.shape = all then
                Ok(Array.chunkBySize (Layout.planeSize features layout) numbers)
            elif given.shape = one then
                Ok(Array.create count numbers)
            elif given.shape.Length = 0 then
                Ok(Array.create count (Layout.diagonal layout (Array.create features numbers[0])))
            else
                let shapes = [ all; one; [||] ] |> List.distinct |> List.map Tensor.Show |> String.concat " or "

                Error(
                    InvalidOption(name, $"{shapes} for structure {Structure.name structure}", Tensor.Show given.shape)
                )

        let isSound (plane: float[]) =
            areSymmetric features layout [| plane |]
            && inverseFactor features layout (ReadOnlySpan plane) (Span(Array.zeroCreate plane.Length))

        requireSize components features structure
        |> Result.bind laidOut
        |> Result.bind (fun planes ->
            match planes |> Array.tryFind (isSound >> not) with
            | Some plane ->
                Error(InvalidOption(name, "symmetric and positive definite", string (Tensor.create one plane)))
            | None -> Ok planes)
