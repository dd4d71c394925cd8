namespace Gmm

open System

/// A distribution of the parameters of K Gaussian components with weights π: μₖ|Λₖ ~ N(mₖ, (βₖΛₖ)⁻¹), with
/// Λₖ = Σₖ⁻¹ ~ Wishart(νₖ, Vₖ⁻¹). Prior and posterior are such distributions.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type NormalWishart =
    {
        /// The components with the expected parameters: means m, covariances V/ν = (E Λ)⁻¹.
        Gaussian: Gaussian
        /// β (K).
        MeanPrecisions: float[]
        /// ν, one for each covariance matrix (K, or 1 when tied).
        DegreesOfFreedom: float[]
        /// The distribution of the weights.
        Weights: WeightDistribution
    }

    /// The number of components, K.
    member parameters.Components = parameters.Gaussian.Components
    /// The number of features, D.
    member parameters.Features = parameters.Gaussian.Features

    member internal parameters.Display =
        let components, features =
            Display.count parameters.Components "component", Display.count parameters.Features "feature"

        let means, gaussian = parameters.Gaussian.Means.toArray2D (), parameters.Gaussian
        let weights = WeightDistribution.expected parameters.Weights

        let line k =
            $"weight {Display.number weights[k]}, mean {Display.numbers means[k, *]}, "
            + $"standard deviations {Display.numbers (gaussian.Deviations k)}, "
            + $"β = {Display.number parameters.MeanPrecisions[k]}, "
            + $"ν = {Display.number parameters.DegreesOfFreedom[Layout.planeOf gaussian.Layout k]}"

        let title = $"bayesian_gaussian, {components} of {features}, covariances {Structure.name gaussian.Structure}"
        Display.components title parameters.Components line

/// The distribution of a precision matrix Λ (D×D) with ν degrees of freedom, in the shapes of covariances: Wishart for
/// full matrices; a gamma distribution of shape ν/2 for each number of a diagonal; one of shape Dν/2 for the precision
/// that all features share. The rates are V/2, and DV/2 for the shared one, so that E Λ = νV⁻¹ in every shape, and all
/// are the same for D = 1.
module internal Wishart =
    /// Returns the arguments of Γ in the normaliser.
    let private arguments shape features (nu: float) : float[] =
        match shape with
        | Shape.Full -> Array.init features (fun i -> (nu - float i) / 2.0)
        | Shape.Diag -> Array.create features (nu / 2.0)
        | Shape.Spherical -> [| float features * nu / 2.0 |]

    /// Returns how many features each argument stands for.
    let private features shape count =
        match shape with
        | Shape.Full
        | Shape.Diag -> 1.0
        | Shape.Spherical -> float count

    /// Returns E ln|Λ| − ln|E Λ|, which doesn't depend on V: Σᵢ ψ((ν+1−i)/2) − ln(ν/2) for the Wishart distribution
    /// (Bishop, PRML, eq. B.81), ψ(s) − ln s for each feature whose gamma distribution has the shape s (eq. B.30).
    let excess shape count (nu: float) : float =
        let mean =
            match shape with
            | Shape.Full
            | Shape.Diag -> nu / 2.0
            | Shape.Spherical -> float count * nu / 2.0

        features shape count
        * (arguments shape count nu |> Array.sumBy (fun s -> log (s / mean) - GammaFunction.logMinusDigamma s))

    /// Returns KL(q‖p) for q with ν, V and p with ν₀, V₀ (from Bishop, PRML, eqs. B.79 and B.82, for gamma
    /// distributions B.26 and B.31):
    ///   ½(ν−ν₀) Σψ − Σ ln Γ + Σ ln Γ₀ + ½ν₀ (ln|V| − ln|V₀|) + ½ tr(V₀ E Λ) − ½νD,
    /// with the sums over the arguments of Γ. `logRatio` is ln|V| − ln|V₀|, `trace` is tr(V₀ E Λ).
    let divergence shape count (nu0: float) (nu: float) (logRatio: float) (trace: float) : float =
        let before, after = arguments shape count nu0, arguments shape count nu
        let digammas = features shape count * Array.sumBy GammaFunction.digamma after
        let logGammas = Array.map2 (fun s0 s -> GammaFunction.logGamma s0 - GammaFunction.logGamma s) before after

        0.5 * ((nu - nu0) * digammas + nu0 * logRatio + trace - nu * float count) + Array.sum logGammas

/// Gaussian components by variational Bayes (Bishop, PRML, 2006, §10.2; Blei and Jordan 2006): their parameters have a
/// distribution q, and the mixture maximises the evidence lower bound
///   L = Σₙ wₙ ln Σₖ ρₙₖ − KL(q(π)‖p(π)) − KL(q(μ, Λ)‖p(μ, Λ)),
///   ln ρₙₖ = E ln πₖ + ½ E ln|Λₖ| − ½D ln 2π − D/(2βₖ) − ½νₖ(xₙ−mₖ)ᵀVₖ⁻¹(xₙ−mₖ).
/// The weights of a mixture of these components are exp E ln πₖ, whose sum is below 1. Minus the two divergences are
/// the ln prior of its objective.
[<CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module NormalWishart =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// The limits of β, and of the numbers that ν exceeds its bound by. Beyond them, terms overflow.
    let private isWithin number = number >= 1e-100 && number <= 1e100

    /// Returns the number that ν must exceed: D − 1 for the Wishart distribution, 0 for gamma distributions.
    let private bound features (layout: Layout) =
        match layout.Shape with
        | Shape.Full -> float features - 1.0
        | Shape.Diag
        | Shape.Spherical -> 0.0

    /// Returns an error unless a number is at least 1e-100 and at most 1e100.
    let internal requirePositive name (number: float) : Result<unit, GmmError> =
        GmmError.requireAll [ isWithin number, name, "from 1e-100 to 1e100", string number ]

    /// Returns an error unless components of a structure can have ν degrees of freedom.
    let internal requireDegrees name structure features (nu: float) : Result<unit, GmmError> =
        let least = bound features (Structure.layout structure)

        GmmError.requireAll
            [ isWithin (nu - least),
              name,
              $"""above {least} for {Structure.name structure} covariances of {Display.count features "feature"}, and at most 1e100""",
              string nu ]

    /// Returns an error unless a structure is one whose covariances have independent distributions, or one for all.
    let internal requireStructure structure : Result<unit, GmmError> =
        let names = Structure.all |> List.filter Structure.isPlanewise |> List.map Structure.name |> String.concat ", "

        GmmError.requireAll
            [ Structure.isPlanewise structure,
              "Structure",
              $"one of {names} for a Bayesian mixture",
              Structure.name structure ]

    /// Returns the distribution whose expected parameters are those of Gaussian components: means m, covariances V/ν;
    /// with β (K), ν (K, or 1 when tied) and the distribution of the weights. Error when a number isn't positive, ν
    /// isn't above D − 1 for full covariances, there are not as many numbers as components, or the structure is VEI …
    /// EVV.
    let create
        (gaussian: Gaussian)
        (meanPrecisions: float[])
        (degreesOfFreedom: float[])
        (weights: WeightDistribution)
        : Result<NormalWishart, GmmError> =
        let planes = Layout.planes gaussian.Components gaussian.Layout

        let requireCount name expected (numbers: float[]) =
            GmmError.requireAll
                [ numbers.Length = expected,
                  name,
                  Display.count expected "number",
                  Display.count numbers.Length "number" ]

        let requireAll (require: string -> float -> Result<unit, GmmError>) name (numbers: float[]) =
            List.ofArray numbers
            |> List.indexed
            |> GmmError.traverse (fun (k, number) -> require $"{name}[{k}]" number)
            |> Result.map ignore

        result {
            do! requireStructure gaussian.Structure
            do! requireCount "MeanPrecisions" gaussian.Components meanPrecisions
            do! requireCount "DegreesOfFreedom" planes degreesOfFreedom
            do! requireAll requirePositive "MeanPrecisions" meanPrecisions

            do!
                requireAll
                    (fun name -> requireDegrees name gaussian.Structure gaussian.Features)
                    "DegreesOfFreedom"
                    degreesOfFreedom

            match weights with
            | WeightDistribution.Dirichlet alpha -> do! requireCount "Weights" gaussian.Components alpha
            | WeightDistribution.Sticks(a, b) ->
                do! requireCount "Weights" gaussian.Components a
                do! requireCount "Weights" gaussian.Components b

            do! requireAll requirePositive "Weights" (WeightDistribution.numbers weights)

            return
                { Gaussian = gaussian
                  MeanPrecisions = Array.copy meanPrecisions
                  DegreesOfFreedom = Array.copy degreesOfFreedom
                  Weights = weights }
        }

    let private shapeOf (parameters: NormalWishart) = parameters.Gaussian.Layout.Shape

    let private degreesOf (parameters: NormalWishart) k =
        parameters.DegreesOfFreedom[Layout.planeOf parameters.Gaussian.Layout k]

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns what ln ρₙₖ has beyond ln N(xₙ|mₖ, Vₖ/νₖ): ½(E ln|Λₖ| − ln|E Λₖ|) − D/(2βₖ).
    let private excess (parameters: NormalWishart) (k: int) : float =
        let features = parameters.Features

        0.5 * Wishart.excess (shapeOf parameters) features (degreesOf parameters k)
        - 0.5 * float features / parameters.MeanPrecisions[k]

    /// Returns E ln N(xₙ|μₖ, Λₖ⁻¹) (n×K) of a block x (n×D): ln ρₙₖ without E ln πₖ (Bishop, PRML, eqs. 10.64–10.65).
    let expectedLogDensity (parameters: NormalWishart) (x: Tensor) : Tensor =
        let excesses = Array.init parameters.Components (excess parameters)
        Gaussian.logDensity parameters.Gaussian x + x.like ([| parameters.Components |], excesses)

    /// Returns `expectedLogDensity` and the sums as a form for the kernels.
    let private form (parameters: NormalWishart) : Form = Gaussian.formWith (excess parameters) parameters.Gaussian

    // ── Posterior ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns diagonal matrices F (P×D) with V₀ ⪰ 2F: ½/(D·(V₀⁻¹)ⱼⱼ), because A ⪯ D·diag A for every A ⪰ 0. A
    /// posterior has V ⪰ V₀, so that only rounding can lead below F.
    let private floors (prior: NormalWishart) : float[][] =
        let gaussian, features = prior.Gaussian, prior.Features
        let size = Layout.planeSize features gaussian.Layout
        let factors = gaussian.InverseFactors.toArray () |> Array.chunkBySize size

        factors
        |> Array.map2
            (fun nu w ->
                let ofSquares square = nu / (2.0 * float features * square)

                match gaussian.Layout.Shape with
                | Shape.Full ->
                    Array.init features (fun j ->
                        Seq.init features (fun i -> w[i * features + j]) |> Seq.sumBy (fun w -> w * w) |> ofSquares)
                | Shape.Diag -> w |> Array.map (fun w -> ofSquares (w * w))
                | Shape.Spherical -> Array.create features (ofSquares (w[0] * w[0])))
            prior.DegreesOfFreedom

    /// Returns V₀ = ν₀ · V₀/ν₀ (planes).
    let private scales (prior: NormalWishart) : float[] =
        let size = Layout.planeSize prior.Features prior.Gaussian.Layout
        prior.Gaussian.Covariances.toArray () |> Array.mapi (fun i entry -> prior.DegreesOfFreedom[i / size] * entry)

    /// Returns the posterior with means m (K×D), from the counts Nₖ and V less V₀ (planes). The caller must not use the
    /// arrays afterwards.
    let private posterior
        (prior: NormalWishart)
        (counts: float[])
        (means: float[])
        (scatter: float[])
        : Result<NormalWishart, GmmError> =
        let gaussian, features = prior.Gaussian, prior.Features
        let layout, floors = gaussian.Layout, floors prior
        let size = Layout.planeSize features layout
        let degrees = Array.copy prior.DegreesOfFreedom

        for k in 0 .. counts.Length - 1 do
            let p = Layout.planeOf layout k
            degrees[p] <- degrees[p] + counts[k]

        /// Makes V/ν and its inverse factor of V.
        let complete (planes: float[]) (factors: float[]) p =
            let plane = GaussianParameters.part size planes p
            let factor = GaussianParameters.part size factors p
            let isFinite = CovarianceFloor.raise layout floors[p] plane factor
            LinearAlgebra.divide degrees[p] plane
            LinearAlgebra.divide (1.0 / sqrt degrees[p]) factor
            isFinite

        LinearAlgebra.add (scales prior) scatter
        |> GaussianParameters.ofPlanesBy complete gaussian.Structure features means
        |> Result.mapError (fun plane -> SingularCovariance(GaussianParameters.owner layout plane, 0))
        |> Result.map (fun gaussian ->
            { Gaussian = gaussian
              MeanPrecisions = Array.map2 (+) prior.MeanPrecisions counts
              DegreesOfFreedom = degrees
              Weights = WeightDistribution.posterior prior.Weights counts })

    /// Runs the M-step: returns the posterior under a prior, from statistics about the current means m (Bishop, PRML,
    /// eqs. 10.58–10.63):
    ///   βₖ = β₀+Nₖ,  mₖ ← mₖ + δₖ with δₖ = (Σₙ rₙₖzₙₖ + β₀(m₀−mₖ))/βₖ,  νₖ = ν₀+Nₖ,
    ///   Vₖ = V₀ + Σₙ rₙₖzₙₖzₙₖᵀ + β₀(m₀−mₖ)(m₀−mₖ)ᵀ − βₖδₖδₖᵀ,
    /// with z = x − mₖ before the step. A tied V has the sums of all components, and ν = ν₀+N.
    let maximise
        (prior: NormalWishart)
        (current: NormalWishart)
        (statistics: Statistics)
        : Result<NormalWishart, GmmError> =
        let features, layout = prior.Features, prior.Gaussian.Layout
        let offsets = (prior.Gaussian.Means - current.Gaussian.Means).toArray()
        let precisions = Array.map2 (+) prior.MeanPrecisions statistics.Counts

        let shifts =
            Array.map2
                (+)
                statistics.Sums[0]
                (offsets |> Array.mapi (fun i offset -> prior.MeanPrecisions[i / features] * offset))
            |> Array.mapi (fun i sum -> sum / precisions[i / features])

        let scatter = Array.copy statistics.Sums[1]
        GaussianPrior.addOuter layout features (fun k -> prior.MeanPrecisions[k]) offsets scatter
        GaussianPrior.addOuter layout features (fun k -> -precisions[k]) shifts scatter
        posterior prior statistics.Counts (LinearAlgebra.add (current.Gaussian.Means.toArray ()) shifts) scatter

    /// Returns components around centres (K×D), each as if an equal share of the rows lay around its centre as wide as
    /// all data.
    let internal around (prior: NormalWishart) (data: DataCovariance) (centres: float[,]) =
        let layout, components = prior.Gaussian.Layout, prior.Components
        let planes = Layout.planes components layout
        let rows = data.Weight / float components
        let rowsOfPlane = data.Weight / float planes
        let scatter = data.Covariance |> Array.map (fun variance -> rowsOfPlane * variance)

        posterior
            prior
            (Array.create components rows)
            (Seq.cast<float> centres |> Array.ofSeq)
            (Array.replicate planes scatter |> Array.concat)

    // ── Evidence lower bound ────────────────────────────────────────────────────────────────────────────────────────

    /// Returns ln|V| of every plane.
    let private logDeterminants (parameters: NormalWishart) : float[] =
        Array.map2
            (fun nu logFactor -> float parameters.Features * log nu - 2.0 * logFactor)
            parameters.DegreesOfFreedom
            (GaussianParameters.logDeterminants parameters.Gaussian)

    /// Returns KL(q‖p) of means, precisions and weights, for a posterior q and a prior p:
    ///   Σₖ ½D (β₀/βₖ − 1 − ln(β₀/βₖ)) + ½β₀(mₖ−m₀)ᵀ E Λₖ (mₖ−m₀), and `Wishart.divergence` for every Λ
    /// (from Bishop, PRML, eqs. 10.73–10.77).
    let divergence (prior: NormalWishart) (parameters: NormalWishart) : float =
        let gaussian, features = parameters.Gaussian, parameters.Features

        let ofMeans =
            Array.map2
                (fun before after -> before / after - 1.0 - log (before / after))
                prior.MeanPrecisions
                parameters.MeanPrecisions
            |> Array.sum

        let offsets, scatter =
            (gaussian.Means - prior.Gaussian.Means).toArray(),
            Array.zeroCreate (Array.fold (*) 1 gaussian.Covariances.shape)

        GaussianPrior.addOuter gaussian.Layout features (fun k -> prior.MeanPrecisions[k]) offsets scatter
        let before, after = logDeterminants prior, logDeterminants parameters
        let traces = scales prior |> GaussianPrior.traces gaussian

        let ofPrecision p nu =
            Wishart.divergence (shapeOf prior) features prior.DegreesOfFreedom[p] nu (after[p] - before[p]) traces[p]

        0.5 * (float features * ofMeans + Array.sum (GaussianPrior.traces gaussian scatter))
        + (parameters.DegreesOfFreedom |> Array.mapi ofPrecision |> Array.sum)
        + WeightDistribution.divergence prior.Weights parameters.Weights

    /// Returns a mixture with the weights exp E ln πₖ of its own parameters.
    let internal withWeights (mixture: Mixture<NormalWishart>) : Mixture<NormalWishart> =
        { mixture with
            LogWeights = WeightDistribution.expectedLogarithms mixture.Parameters.Weights |> Tensor.vector }

    /// The rule of variational Bayes: the M-step, then the weights that it expects. The evidence lower bound never
    /// falls but for rounding, which grows where values lie very far from the others in several columns.
    let internal rule (stopping: Stopping) : Rule<NormalWishart> =
        { Name = "variational Bayes"
          Assignment = Some Soft
          OwnWeights = Some "whose weights have a prior of their own"
          IsExact = false
          Begin = withWeights
          Next = fun model iterate -> EM.mStep model iterate.Mixture iterate.Statistics |> Result.map withWeights
          HasConverged = Stopping.hasConverged stopping }

    // ── Coordinates and storage ─────────────────────────────────────────────────────────────────────────────────────

    /// Returns β, then ν less its bound, then the numbers of the weights: all positive.
    let private positives (parameters: NormalWishart) : float[] =
        let bound = bound parameters.Features parameters.Gaussian.Layout

        Array.concat
            [ parameters.MeanPrecisions
              parameters.DegreesOfFreedom |> Array.map (fun nu -> nu - bound)
              WeightDistribution.numbers parameters.Weights ]

    let private names (parameters: NormalWishart) : string[] =
        let named name count = Array.init count (fun k -> $"{name}[{k}]")

        Array.concat
            [ named "mean precision" parameters.Components
              named "degrees of freedom" parameters.DegreesOfFreedom.Length
              WeightDistribution.names parameters.Weights ]

    /// The free coordinates: those of the Gaussian, then the logarithms of β, of ν less its bound, and of the numbers
    /// of the weights.
    let private coordinates: Coordinates<NormalWishart> =
        let ofGaussian = GaussianCoordinates.coordinates

        { Names =
            fun parameters ->
                Array.append
                    (ofGaussian.Names parameters.Gaussian)
                    (names parameters |> Array.map (fun name -> $"ln {name}"))
          OfParameters =
            fun parameters ->
                Array.append (ofGaussian.OfParameters parameters.Gaussian) (positives parameters |> Array.map log)
          Units =
            fun parameters ->
                Array.append (ofGaussian.Units parameters.Gaussian) (positives parameters |> Array.map (fun _ -> 1.0))
          ToParameters =
            fun like numbers ->
                let count, planes = (positives like).Length, like.DegreesOfFreedom.Length
                let own, logarithms = Array.splitAt (numbers.Length - count) numbers
                let found = logarithms |> Array.map exp
                let bound = bound like.Features like.Gaussian.Layout

                ofGaussian.ToParameters like.Gaussian own
                |> Result.bind (fun gaussian ->
                    create
                        gaussian
                        (Array.truncate like.Components found)
                        (Array.sub found like.Components planes |> Array.map ((+) bound))
                        (Array.skip (like.Components + planes) found |> WeightDistribution.ofNumbers like.Weights))
          Parameters =
            fun parameters ->
                let numbers =
                    Array.concat
                        [ parameters.MeanPrecisions
                          parameters.DegreesOfFreedom
                          WeightDistribution.numbers parameters.Weights ]

                Array.append (ofGaussian.Parameters parameters.Gaussian) (Array.zip (names parameters) numbers) }

    let private toState (parameters: NormalWishart) : State =
        GaussianStorage.toState parameters.Gaussian
        |> Map.add "meanPrecisions" (Tensor.vector parameters.MeanPrecisions)
        |> Map.add "degreesOfFreedom" (Tensor.vector parameters.DegreesOfFreedom)
        |> Map.add "concentrations" (WeightDistribution.table parameters.Weights |> Tensor.matrix)

    let private ofState (state: State) : Result<NormalWishart, GmmError> =
        result {
            let! gaussian = GaussianStorage.ofState state
            let components = gaussian.Components
            let! precisions = State.vector "meanPrecisions" state
            let! degrees = State.vector "degreesOfFreedom" state
            let isShape shape = shape = [| components; 1 |] || shape = [| components; 2 |]
            let! weights = State.shaped $"{components}×1 or {components}×2" isShape "concentrations" state

            return!
                WeightDistribution.ofTable (weights.toArray2D ())
                |> create gaussian (precisions.toArray ()) (degrees.toArray ())
        }

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns what prior, start and posterior of a fit have in common, in words.
    let internal describe (parameters: NormalWishart) : string =
        let weights =
            match parameters.Weights with
            | WeightDistribution.Dirichlet _ -> "Dirichlet"
            | WeightDistribution.Sticks _ -> "stick-breaking"

        let components, features =
            Display.count parameters.Components "component", Display.count parameters.Features "feature"

        $"{Structure.name parameters.Gaussian.Structure} with {components} of {features} and {weights} weights"

    /// The name of the family.
    let name = "bayesian_gaussian"

    /// Whether a family's parameters are a posterior of variational Bayes, so that its fits don't maximise a likelihood.
    let internal isPosterior (family: Family<'θ>) : bool = family.Name = name

    /// Returns the family under a prior, for mixtures of as many components and columns as the prior has. It has no
    /// density p(x|θₖ): its place takes `expectedLogDensity`, whose exponential doesn't integrate to 1. The sampler
    /// draws from N(mₖ, Vₖ/νₖ).
    let rec familyWith (prior: NormalWishart) : Family<NormalWishart> =
        let ofGaussian = Gaussian.family

        { Name = name
          LogDensity = expectedLogDensity
          Sums = fun parameters -> ofGaussian.Sums parameters.Gaussian
          SumLengths = fun parameters -> ofGaussian.SumLengths parameters.Gaussian
          Maximise = maximise prior
          Recentre = fun from target -> ofGaussian.Recentre from.Gaussian target.Gaussian
          LogPrior = fun parameters -> -(divergence prior parameters)
          Form = form >> Some
          Misfit = NumberwiseMisfit.none _.Features
          Sample = fun parameters -> ofGaussian.Sample parameters.Gaussian
          Means = fun parameters -> ofGaussian.Means parameters.Gaussian
          Features = _.Features
          FreeParameters =
            fun parameters -> ofGaussian.FreeParameters parameters.Gaussian + (positives parameters).Length
          Move =
            fun move parameters ->
                { parameters with
                    Gaussian = ofGaussian.Move move parameters.Gaussian }
          Coordinates = coordinates
          Noise = None
          Storage =
            { Parameters = toState
              OfParameters = ofState
              Settings = fun _ -> toState prior
              OfSettings =
                fun parameters state ->
                    result {
                        let! prior = ofState state
                        let expected, found = describe parameters, describe prior
                        do! GmmError.requireAll [ found = expected, "prior", expected, found ]
                        return familyWith prior
                    } }
          Missing = None }

    /// The family of saved fits, whose settings have the prior.
    let internal saved: string * (State -> Result<Family<NormalWishart>, GmmError>) =
        name, ofState >> Result.map familyWith
