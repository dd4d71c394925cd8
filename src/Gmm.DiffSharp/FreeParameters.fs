namespace Gmm

/// The free coordinates of mixtures of one layout as one flat vector θ (m), for derivatives: see `Coordinates`.
[<NoEquality; NoComparison>]
type FreeParameters<'θ> =
    {
        /// The kind of component.
        Family: Family<'θ>
        /// The name of each number: "ln π[0]/π[1]", "mean[0,1]" …, counting from 0.
        Names: string[]
        /// θ of a mixture. Error when the mixture has another layout, or is at an edge: a weight of 0, a probability of 0.
        OfMixture: Mixture<'θ> -> Result<float[], GmmError>
        /// The mixture of θ, as tensor expressions on the engine of θ. What the log-density doesn't need, such as covariances
        /// beside W, are numbers without derivatives. Throws `GmmException` where numbers overflow, or are natural parameters
        /// beyond their bounds.
        ToMixture: Tensor -> Mixture<'θ>
    }

/// Free parameters of mixtures: the K−1 log-odds ln πₖ/π_K, then those of the components.
module FreeParameters =
    /// θ of a mixture as a tensor of DiffSharp at a place. Error as `OfMixture`.
    let vector (place: DiffSharpPlace) (parameters: FreeParameters<'θ>) mixture : Result<DiffSharp.Tensor, GmmError> =
        parameters.OfMixture mixture
        |> Result.map (fun numbers -> Tensor.vector numbers |> DiffSharpTensor.toDiffSharp place)

    /// Some numbers of a vector (m) under a shape: those at the positions, and 0 where the position is None. It is a product with
    /// zeros and ones, which every engine can differentiate.
    let private pick (vector: Tensor) (shape: int[]) (positions: int option[]) : Tensor =
        let length, count = vector.shape[0], positions.Length
        let chosen = Array.zeroCreate (length * count)
        positions |> Array.iteri (fun i position -> position |> Option.iter (fun p -> chosen[p * count + i] <- 1.0))
        (vector.view [| 1; length |]).matmul(vector.like ([| length; count |], chosen)).view shape

    /// The free parameters of mixtures that are laid out as a given one. `describe` tells layouts apart, and `express` makes the
    /// parameters of θ from those in numbers.
    let private create family describe (like: Mixture<'θ>) (express: Tensor -> 'θ -> 'θ) : FreeParameters<'θ> =
        let components, expected = like.Components, describe like.Parameters

        let ofMixture (mixture: Mixture<'θ>) =
            let layout = describe mixture.Parameters

            if layout = expected then
                Coordinates.ofMixture family mixture
            else
                Error(InvalidOption("Mixture", expected, layout))

        let toMixture (vector: Tensor) =
            let numbers = Coordinates.toMixture family like (vector.toArray ()) |> GmmError.get
            let odds = Array.init components (fun k -> if k < components - 1 then Some k else None)

            { LogWeights = pick vector [| components |] odds
              Parameters = express vector numbers.Parameters }

        { Family = family
          Names = Coordinates.names family like
          OfMixture = ofMixture
          ToMixture = toMixture }

    /// The free parameters of Gaussian mixtures that have the structure, components and features of a given one: log-odds (K−1),
    /// means (K·D), and of the inverse factor W of every covariance matrix the logarithms of its diagonal (D, or 1 when
    /// spherical), then, when full, the entries below it, row by row. Throws ArgumentException for the structures VEI … EVV, whose
    /// covariances depend on one another.
    let gaussian (like: Mixture<Gaussian>) : FreeParameters<Gaussian> =
        if not (Structure.isPlanewise like.Parameters.Structure) then
            invalidArg
                (nameof like)
                $"The structure must have covariances that don't depend on one another, but is {Structure.name like.Parameters.Structure}. Use Full, Diag, Spherical, TiedFull, TiedDiag or TiedSpherical."

        let components, features = like.Parameters.Components, like.Parameters.Features
        let layout, factors = like.Parameters.Layout, like.Parameters.InverseFactors.shape
        let firstMean = components - 1
        let firstFactor = firstMean + components * features

        let describe (gaussian: Gaussian) =
            $"{Structure.name gaussian.Structure} with {gaussian.Components} components of {gaussian.Features} features"

        let inverseFactors (vector: Tensor) =
            match layout.Shape with
            | Shape.Full ->
                let size = features * (features + 1) / 2

                // The place of ln Wᵢᵢ, or of Wᵢⱼ below the diagonal.
                let positions isWanted place =
                    [| for p in 0 .. factors[0] - 1 do
                           for i in 0 .. features - 1 do
                               for j in 0 .. features - 1 ->
                                   if isWanted i j then Some(firstFactor + p * size + place i j) else None |]
                    |> pick vector factors

                let below = positions (>) (fun i j -> features + i * (i - 1) / 2 + j)

                let identity =
                    vector.like ([| features; features |], Layout.diagonal layout (Array.create features 1.0))

                below + (positions (=) (fun i _ -> i)).exp() * identity
            | Shape.Diag
            | Shape.Spherical ->
                (Array.init (Array.fold (*) 1 factors) (fun i -> Some(firstFactor + i)) |> pick vector factors).exp()

        create Gaussian.family describe like (fun vector numbers ->
            { numbers with
                Means =
                    Array.init (components * features) (fun i -> Some(firstMean + i))
                    |> pick vector [| components; features |]
                Covariances = vector.like (numbers.Covariances.shape, numbers.Covariances.toArray ())
                InverseFactors = inverseFactors vector })

    /// The free parameters of mixtures of an exponential family that have the components and columns of a given one: log-odds
    /// (K−1), then η (K·D·S). Where one of the S statistics follows from the others, as 1 − x from x, the last η is 0 and the
    /// others are η₁ − η_S …: for Bernoulli the logit ln p/(1−p). A(η) is given as an expression of tensors (see
    /// `LogPartition`). Throws ArgumentException for a family of fewer free parameters.
    let exponential
        (family: ExponentialFamily)
        (logPartition: Tensor -> Tensor)
        (like: Mixture<ExponentialParameters>)
        : FreeParameters<ExponentialParameters> =
        let shape, size, free = like.Parameters.Means.shape, family.Statistics, family.Free

        if free < size - 1 then
            invalidArg
                (nameof family)
                $"Free must be Statistics or one less ({size} or {size - 1}) for {family.Name}, but is {free}."

        let describe (parameters: ExponentialParameters) =
            let shape = parameters.Means.shape |> Array.map string |> String.concat "×"
            $"{shape} of {parameters.Family}"

        create (ExponentialFamily.components family) describe like (fun vector numbers ->
            let natural =
                Array.init (Array.fold (*) 1 shape) (fun i ->
                    let cell, s = i / size, i % size
                    if s < free then Some(shape[0] - 1 + cell * free + s) else None)
                |> pick vector shape

            { numbers with
                Means = vector.like (shape, numbers.Means.toArray ())
                Natural = natural
                LogPartitions = (logPartition natural).sum 1 })
