namespace Gmm

open MathNet.Numerics.LinearAlgebra

/// The free parameters of a mixture as one flat vector θ (m), of which any numbers make a mixture.
[<NoEquality; NoComparison>]
type FreeParameters<'θ> =
    {
        /// The kind of component.
        Family: Family<'θ>
        /// What each number is: "ln π[0]/π[1]", "mean[0,1]" …, counting from 0.
        Names: string[]
        /// θ of a mixture. Error when the mixture is of another layout, or at an edge: a weight of 0, a probability of 0.
        OfMixture: Mixture<'θ> -> Result<float[], GmmError>
        /// The mixture of θ, as tensor expressions on the engine of θ. What the log-density doesn't need, such as covariances
        /// beside W, are numbers without derivatives.
        ToMixture: Tensor -> Mixture<'θ>
    }

/// Free parameters of mixtures: the K−1 log-odds ln πₖ/π_K, then those of the components.
module FreeParameters =

    // ── Vectors ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Some numbers of a vector (m) under a shape: those at the positions, and 0 where the position is None. A product with
    /// zeros and ones, which every engine can differentiate.
    let private pick (vector: Tensor) (shape: int[]) (positions: int option[]) : Tensor =
        let length, count = vector.shape[0], positions.Length
        let chosen = Array.zeroCreate (length * count)
        positions |> Array.iteri (fun i position -> position |> Option.iter (fun p -> chosen[p * count + i] <- 1.0))
        (vector.view [| 1; length |]).matmul(vector.like ([| length; count |], chosen)).view shape

    /// `count` neighbouring numbers of a vector under a shape.
    let private slice (vector: Tensor) shape first =
        Array.init (Array.fold (*) 1 shape) (fun i -> Some(first + i)) |> pick vector shape

    let private oddsNames components = Array.init (components - 1) (fun k -> $"ln π[{k}]/π[{components - 1}]")

    /// ln πₖ − ln π_K for all k but the last.
    let private logOdds (mixture: Mixture<'θ>) : float[] =
        let logWeights = mixture.LogWeights.toArray1D ()
        logWeights[.. logWeights.Length - 2] |> Array.map (fun logWeight -> logWeight - Array.last logWeights)

    /// ln πₖ up to a constant (K): the log-odds, and 0 for the last.
    let private logWeights (vector: Tensor) components =
        Array.init components (fun k -> if k < components - 1 then Some k else None) |> pick vector [| components |]

    /// θ, if the mixture is of the expected layout and all its numbers are finite.
    let private checkedVector expected actual (names: string[]) (vector: unit -> float[]) : Result<float[], GmmError> =
        result {
            do! GmmError.requireAll [ (actual = expected), "Mixture", expected, actual ]
            let numbers = vector ()
            let rule = "finite: free parameters have no edge values"

            do!
                Array.zip names numbers
                |> Array.map (fun (name, number) -> abs number < 1e300, name, rule, string number)
                |> List.ofArray
                |> GmmError.requireAll

            return numbers
        }

    /// θ of a mixture as a tensor of DiffSharp at a place. Error as `OfMixture`.
    let vector (place: DiffSharpPlace) (parameters: FreeParameters<'θ>) mixture : Result<DiffSharp.Tensor, GmmError> =
        parameters.OfMixture mixture
        |> Result.map (fun numbers -> Tensor.vector numbers |> DiffSharpTensor.toDiffSharp place)

    // ── Gaussian ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Where the entries of a D×D lower triangle below its diagonal lie, row by row.
    let private below features =
        [| for i in 1 .. features - 1 do
               for j in 0 .. i - 1 -> i * features + j |]

    /// The covariance matrices Σ = (WᵀW)⁻¹ of factors W, in the layout of covariances; numbers without derivatives.
    let private covariances structure components features (factors: Tensor) : Tensor =
        let invert (plane: float[]) =
            match Structure.shape structure with
            | Shape.Full ->
                let inverse = Matrix<float>.Build.DenseOfRowMajor(features, features, plane).Inverse()
                (inverse * inverse.Transpose()).ToRowMajorArray()
            | Shape.Diag
            | Shape.Spherical -> plane |> Array.map (fun w -> 1.0 / (w * w))

        let planes =
            factors.toArray () |> Array.chunkBySize (Structure.planeSize features structure) |> Array.collect invert

        factors.like (Structure.covarianceShape components features structure, planes)

    /// The free parameters of Gaussian mixtures: log-odds (K−1), means (K·D), and of the inverse factor W of every covariance
    /// matrix the logarithms of its diagonal (D, or 1 when spherical), then, when full, what is below it, row by row.
    let gaussian structure (components: int) (features: int) : FreeParameters<Gaussian> =
        let planes = Structure.planes components structure
        let firstMean = components - 1
        let firstFactor = firstMean + components * features
        let isFull = Structure.shape structure = Shape.Full
        let diagonal = if Structure.shape structure = Shape.Spherical then 1 else features
        let lower = if isFull then below features else [||]
        let ofPlane = diagonal + lower.Length

        let names =
            [| yield! oddsNames components
               for k in 0 .. components - 1 do
                   for j in 0 .. features - 1 -> $"mean[{k},{j}]"
               for p in 0 .. planes - 1 do
                   for i in 0 .. diagonal - 1 -> $"ln W[{p},{i},{i}]"
                   for entry in lower -> $"W[{p},{entry / features},{entry % features}]" |]

        let describe structure components features =
            $"{Structure.name structure} with {components} components of {features} features"

        let ofMixture (mixture: Mixture<Gaussian>) =
            let gaussian = mixture.Parameters

            let factors () =
                gaussian.InverseFactors.toArray ()
                |> Array.chunkBySize (Structure.planeSize features structure)
                |> Array.collect (fun plane ->
                    [| for i in 0 .. diagonal - 1 -> log plane[if isFull then i * features + i else i]
                       for entry in lower -> plane[entry] |])

            checkedVector
                (describe structure components features)
                (describe gaussian.Structure gaussian.Components gaussian.Features)
                names
                (fun () -> Array.concat [ logOdds mixture; gaussian.Means.toArray (); factors () ])

        let toMixture (vector: Tensor) =
            let logDiagonal =
                [| for p in 0 .. planes - 1 do
                       for i in 0 .. diagonal - 1 -> Some(firstFactor + p * ofPlane + i) |]

            let factors =
                match Structure.shape structure with
                | Shape.Full ->
                    let positions =
                        [| for p in 0 .. planes - 1 do
                               for entry in 0 .. features * features - 1 ->
                                   lower
                                   |> Array.tryFindIndex ((=) entry)
                                   |> Option.map (fun i -> firstFactor + p * ofPlane + features + i) |]

                    let identity =
                        vector.like ([| features; features |], Structure.diagonal Full (Array.create features 1.0))

                    let onDiagonal = (pick vector [| planes; features |] logDiagonal).exp()
                    pick vector [| planes; features; features |] positions + onDiagonal.unsqueeze 1 * identity
                | Shape.Diag -> (pick vector [| planes; features |] logDiagonal).exp()
                | Shape.Spherical -> (pick vector [| planes |] logDiagonal).exp()

            { LogWeights = logWeights vector components
              Parameters =
                { Structure = structure
                  Means = slice vector [| components; features |] firstMean
                  Covariances = covariances structure components features factors
                  InverseFactors = factors } }

        { Family = Gaussian.family
          Names = names
          OfMixture = ofMixture
          ToMixture = toMixture }

    // ── Exponential families ────────────────────────────────────────────────────────────────────────────────────────

    /// The parameters with natural parameters η (K×D×S), of any engine: A(η) is an expression of η, the mean parameters are
    /// numbers without derivatives.
    let ofNatural (family: ExponentialFamily) (logPartition: Tensor -> Tensor) (natural: Tensor) =
        let means = natural.toArray () |> Array.chunkBySize family.Statistics |> Array.collect family.Mean

        { Family = family.Name
          Means = natural.like (natural.shape, means)
          Natural = natural
          LogPartitions = (logPartition natural).sum 1 }

    /// The free parameters of mixtures of D columns of an exponential family, whose A(η) is given as an expression of tensors
    /// (see `LogPartition`): log-odds (K−1), then η (K·D·S). Where one of the S statistics follows from the others, as
    /// 1 − x from x, the last η is 0 and the others are η₁ − η_S …: for Bernoulli the logit ln p/(1−p). Throws ArgumentException
    /// for a family of fewer free parameters.
    let exponential (family: ExponentialFamily) (logPartition: Tensor -> Tensor) (components: int) (columns: int) =
        let size, free = family.Statistics, family.Free

        if free < size - 1 then
            invalidArg
                (nameof family)
                $"Free must be Statistics or one less ({size} or {size - 1}) for {family.Name}, but is {free}."

        let cells = components * columns

        let names =
            [| yield! oddsNames components
               for cell in 0 .. cells - 1 do
                   for s in 0 .. free - 1 ->
                       let against = if free < size then $"−η[{cell / columns},{cell % columns},{free}]" else ""
                       $"η[{cell / columns},{cell % columns},{s}]{against}" |]

        let ofMixture (mixture: Mixture<ExponentialParameters>) =
            let natural () =
                mixture.Parameters.Natural.toArray ()
                |> Array.chunkBySize size
                |> Array.collect (fun eta ->
                    let last = if free < size then eta[free] else 0.0
                    // Below −1e300, what stands for −∞, minus a number is still there.
                    eta[.. free - 1] |> Array.map (fun number -> number - last))

            let shape = Tensor.Show mixture.Parameters.Natural.shape

            checkedVector
                $"{components}×{columns}×{size} of {family.Name}"
                $"{shape} of {mixture.Parameters.Family}"
                names
                (fun () -> Array.append (logOdds mixture) (natural ()))

        let toMixture (vector: Tensor) =
            let positions =
                [| for cell in 0 .. cells - 1 do
                       for s in 0 .. size - 1 -> if s < free then Some(components - 1 + cell * free + s) else None |]

            { LogWeights = logWeights vector components
              Parameters = pick vector [| components; columns; size |] positions |> ofNatural family logPartition }

        { Family = ExponentialFamily.components family
          Names = names
          OfMixture = ofMixture
          ToMixture = toMixture }
