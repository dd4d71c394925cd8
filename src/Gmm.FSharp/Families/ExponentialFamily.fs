namespace Gmm

open System

/// A conjugate prior as pseudo-data, density ∝ exp(η·τ − ν A(η)): as if ν more numbers had been seen whose statistics
/// sum to τ.
type ConjugatePrior =
    {
        /// τ (S), 0 or more each.
        Sums: float[]
        /// ν ≥ 0.
        Count: float
    }

/// Conjugate priors.
module ConjugatePrior =
    /// No pseudo-data for S statistics: maximum likelihood.
    let flat statistics =
        { Sums = Array.zeroCreate statistics
          Count = 0.0 }

    /// Throws ArgumentException unless a parameter of a prior is at least its lowest value.
    let internal require name lowest (value: float) =
        if not (value >= lowest && value < infinity) then
            let rule = if lowest = 0.0 then "0 or more" else $"at least {string lowest}"
            invalidArg name $"{name} must be {rule} and finite, but is {string value}."

/// A distribution of one number as an exponential family, p(x|η) = h(x) exp(η·T(x) − A(η)) (Bishop, PRML, 2006, §2.4):
/// all that mixtures of it need. Data of D columns are D independent numbers, each with parameters of its own.
[<NoEquality; NoComparison>]
type ExponentialFamily =
    {
        /// The family's name: "bernoulli" …
        Name: string
        /// What a number of the data must be, in words.
        Domain: string
        /// Whether a number is in the domain.
        IsInDomain: float -> bool
        /// S, how many numbers T(x) has.
        Statistics: int
        /// T(x) (n×D×S) of numbers x (n×D).
        Statistic: Tensor -> Tensor
        /// ln h(x) of one number.
        LogBase: float -> float
        /// The mean parameters m = E T(x) (S) of natural parameters (S).
        Mean: float[] -> float[]
        /// The natural parameters η (S) of mean parameters (S); −∞ for a probability or a rate of 0.
        Natural: float[] -> float[]
        /// A(η) of natural parameters (S); its gradient is m. Where it isn't finite the likelihood is unbounded.
        LogPartition: float[] -> float
        /// How many of the S parameters are free.
        Free: int
        /// What is believed of the parameters of every column before the data.
        Prior: ConjugatePrior
        /// A number drawn from the distribution with these mean parameters (S).
        Sample: Random -> float[] -> float
    }

/// The parameters of K components of D independent columns of an exponential family.
type ExponentialParameters =
    {
        /// The family's name.
        Family: string
        /// The mean parameters m = E T(x) (K×D×S).
        Means: Tensor
        /// The natural parameters η (K×D×S); −1e305 stands for −∞, which has no product with 0.
        Natural: Tensor
        /// Σⱼ A(ηₖⱼ) (K).
        LogPartitions: Tensor
    }

/// Mixtures of any exponential family: one density, one set of sums and one M-step for all.
module ExponentialFamily =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// −∞ as a number that times 0 is 0.
    let private minusInfinity = -1e305

    /// The parameters with these mean parameters (K×D×S), or the error of the first whose likelihood is unbounded.
    let internal ofMeans (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, GmmError> =
        let components, columns = means.shape[0], means.shape[1]
        let natural = means.toArray () |> Array.chunkBySize family.Statistics |> Array.map family.Natural
        let partitions = natural |> Array.map family.LogPartition

        match partitions |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some i -> Error(DegenerateComponent(i / columns, i % columns, family.Name, 0))
        | None ->
            Ok
                { Family = family.Name
                  Means = means
                  Natural = natural |> Array.concat |> Array.map (max minusInfinity) |> Tensor.create means.shape
                  LogPartitions = (Tensor.create [| components; columns |] partitions).sum 1 }

    /// Whether mean parameters (S) are those of a distribution of the family: going to natural parameters and back changes
    /// no more than a share of them.
    let private areMeansWithin tolerance (family: ExponentialFamily) (means: float[]) =
        Array.forall2 (fun a b -> abs (a - b) <= tolerance * abs a) means (family.Mean(family.Natural means))

    /// Whether mean parameters (S) are those of a distribution of the family.
    let private areMeans = areMeansWithin 1e-9

    /// The parameters with these mean parameters m = E T(x) (K×D×S). Error when they are not of that shape, or not those of a
    /// distribution of the family.
    let create (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, GmmError> =
        let size = family.Statistics
        let isMatching = means.shape.Length = 3 && means.shape[2] = size

        result {
            do!
                GmmError.requireAll
                    [ isMatching, "Mean parameters", $"K×D×{size} for {family.Name}", Tensor.Show means.shape ]

            let impossible numbers =
                InvalidOption(
                    "Mean parameters",
                    $"those of a distribution ({family.Name})",
                    string (Tensor.vector numbers)
                )

            let cells = means.toArray () |> Array.chunkBySize size

            match cells |> Array.tryFind (areMeans family >> not) with
            | Some numbers -> return! Error(impossible numbers)
            | None -> return! ofMeans family means |> Result.mapError (fun _ -> impossible (Array.concat cells))
        }

    /// What is wrong with the first number of a block that is outside the family's domain, if any.
    let misfit (family: ExponentialFamily) (block: Block) : GmmError option =
        block.Numbers.TryFindIndex(fun x -> not (family.IsInDomain x))
        |> Option.map (fun i ->
            let row, column = i / block.Columns, i % block.Columns
            OutsideDomain(family.Name, family.Domain, block.FirstRow + int64 row, column, block[row, column]))

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// T(x) as one row of D·S numbers for each row of x.
    let private statistic (family: ExponentialFamily) (x: Tensor) =
        (family.Statistic x).view [| x.shape[0]; x.shape[1] * family.Statistics |]

    /// ln p(xₙ|θₖ) = Σⱼ (ηₖⱼ·T(xₙⱼ) − A(ηₖⱼ) + ln h(xₙⱼ)) (n×K) of a block x (n×D).
    let logDensity (family: ExponentialFamily) (parameters: ExponentialParameters) (x: Tensor) : Tensor =
        let t = statistic family x
        let natural = parameters.Natural.view [| parameters.Natural.shape[0]; t.shape[1] |]
        let logBase = x.like (x.shape, x.toArray () |> Array.map family.LogBase)
        t.matmul (natural.transpose (0, 1)) - parameters.LogPartitions + (logBase.sum 1).unsqueeze 1

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Σₙ rₙₖ T(xₙ) (K×D·S) of a block x (n×D) under responsibilities (n×K).
    let sums (family: ExponentialFamily) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        [ (responsibilities.transpose (0, 1)).matmul(statistic family x) ]

    /// `logDensity` and `sums` for the kernels.
    let internal form (family: ExponentialFamily) (parameters: ExponentialParameters) : Form =
        let shape = parameters.Natural.shape

        Form.Linear(
            statistic family,
            family.LogBase,
            parameters.Natural.view [| shape[0]; shape[1] * shape[2] |],
            (parameters.LogPartitions * -1.0).toArray()
        )

    // ── Prior ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What is wrong with the family's prior, if anything. τ/ν must be mean parameters of the family; without a count, only
    /// a family of free statistics can have sums.
    let checkPrior (family: ExponentialFamily) : Result<unit, GmmError> =
        let prior = family.Prior
        let isCount value = value >= 0.0 && value < infinity
        let numbers = string (Tensor.vector prior.Sums)

        let isConsistent () =
            if prior.Count > 0.0 then
                areMeans family (prior.Sums |> Array.map (fun sum -> sum / prior.Count))
            else
                family.Free = family.Statistics || Array.forall ((=) 0.0) prior.Sums

        result {
            do!
                GmmError.requireAll
                    [ prior.Sums.Length = family.Statistics,
                      "Prior.Sums",
                      $"{family.Statistics} numbers for {family.Name}",
                      $"{prior.Sums.Length} numbers"
                      prior.Sums |> Array.forall isCount, "Prior.Sums", "0 or more, and finite", numbers
                      isCount prior.Count, "Prior.Count", "0 or more, and finite", string prior.Count ]

            do!
                GmmError.requireAll
                    [ isConsistent (),
                      "Prior.Sums",
                      $"statistics of Prior.Count numbers ({family.Name})",
                      $"{numbers} for {string prior.Count}" ]
        }

    /// Σₖⱼ (η·τ − ν A(η)), the log-density without its constant.
    let logPrior (family: ExponentialFamily) (parameters: ExponentialParameters) : float =
        let products = (parameters.Natural * Tensor.vector family.Prior.Sums).toArray() |> Array.sum
        products - family.Prior.Count * (parameters.LogPartitions.toArray () |> Array.sum)

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// m = (Σₙ rₙₖT(xₙ) + τ) / (Nₖ + ν): the mean of the statistics, those of the prior among them.
    let maximise (family: ExponentialFamily) (parameters: ExponentialParameters) (statistics: Statistics) =
        let shape = parameters.Means.shape
        let counts = statistics.Counts |> Array.map (fun count -> count + family.Prior.Count)

        match statistics |> Statistics.firstEmpty counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let sums = Tensor.create shape statistics.Sums[0] + Tensor.vector family.Prior.Sums

            sums / Tensor.create [| shape[0]; 1; 1 |] counts |> ofMeans family

    /// The family with another prior.
    let withPrior (prior: ConjugatePrior) (family: ExponentialFamily) : ExponentialFamily =
        { family with Prior = prior }

    /// The mean parameters of every component one after another (K×D·S).
    let private means (parameters: ExponentialParameters) =
        let shape = parameters.Means.shape
        (parameters.Means.view [| shape[0]; shape[1] * shape[2] |]).toArray2D()

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A row (D) drawn from component k, every column from its own distribution.
    let sample (family: ExponentialFamily) (parameters: ExponentialParameters) (k: int) : Random -> float[] =
        let size = parameters.Means.shape[1] * family.Statistics
        let means = Array.sub (parameters.Means.toArray ()) (k * size) size |> Array.chunkBySize family.Statistics
        fun random -> means |> Array.map (family.Sample random)

    // ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// T(0) and T(1) (2×S), which tell families of one name apart: binomials of other trials, categoricals of other levels.
    let private statistics (family: ExponentialFamily) =
        (family.Statistic(Tensor.matrix (array2D [ [ 0.0 ]; [ 1.0 ] ]))).view [| 2; family.Statistics |]

    let private toState (parameters: ExponentialParameters) : State =
        Map [ "means", parameters.Means; "natural", parameters.Natural; "logPartitions", parameters.LogPartitions ]

    /// Whether numbers are the same but for the rounding of another machine's functions.
    let private areClose (a: float[]) (b: float[]) =
        Array.forall2 (fun x y -> x = y || abs (x - y) <= 1e-6 * (1.0 + abs y) || Double.IsNaN x && Double.IsNaN y) a b

    let private ofState (family: ExponentialFamily) (state: State) : Result<ExponentialParameters, GmmError> =
        /// What was saved, to the last bit, if it is what the means have.
        let saved name (computed: Tensor) =
            if Map.containsKey name state then
                result {
                    let! saved = State.ofShape computed.shape name state
                    let rule = "that of the means (without it it is computed)"

                    do!
                        GmmError.requireAll
                            [ areClose (saved.toArray ()) (computed.toArray ()), name, rule, string saved ]

                    return saved
                }
            else
                Ok computed

        result {
            let size = family.Statistics
            let isShape (shape: int[]) = shape.Length = 3 && shape[0] > 0 && shape[1] > 0 && shape[2] = size
            let! means = State.shaped $"K×D×{size}" isShape "means" state
            do! State.requireFinite "means" means

            let impossible numbers =
                InvalidOption("means", $"those of a distribution ({family.Name})", string (Tensor.vector numbers))

            match means.toArray () |> Array.chunkBySize size |> Array.tryFind (areMeansWithin 1e-6 family >> not) with
            | Some numbers -> return! Error(impossible numbers)
            | None ->
                let! computed = ofMeans family means |> Result.mapError (fun _ -> impossible (means.toArray ()))
                let! natural = saved "natural" computed.Natural
                let! partitions = saved "logPartitions" computed.LogPartitions

                return
                    { computed with
                        Natural = natural
                        LogPartitions = partitions }
        }

    let private settings (family: ExponentialFamily) : State =
        Map
            [ "statistics", statistics family
              "priorSums", Tensor.vector family.Prior.Sums
              "priorCount", Tensor.scalar family.Prior.Count ]

    /// The family with the prior of settings, which must be those of a family with the same statistics.
    let private ofSettings (family: ExponentialFamily) (state: State) : Result<ExponentialFamily, GmmError> =
        let isCount value = value >= 0.0 && value < infinity

        result {
            let expected = statistics family
            let! found = State.ofShape expected.shape "statistics" state

            do!
                GmmError.requireAll
                    [ areClose (found.toArray ()) (expected.toArray ()),
                      "statistics",
                      $"T(0) and T(1) of {family.Name} as it is defined, {expected.toArray () |> Tensor.vector}",
                      string (Tensor.vector (found.toArray ())) ]

            let! sums = State.ofShape [| family.Statistics |] "priorSums" state
            let! count = State.scalar "priorCount" state

            do!
                GmmError.requireAll
                    [ sums.toArray () |> Array.forall isCount, "priorSums", "0 or more, and finite", string sums
                      isCount count, "priorCount", "0 or more, and finite", string count ]

            return
                family
                |> withPrior
                    { Sums = sums.toArray ()
                      Count = count }
        }

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Components of D independent columns of an exponential family.
    let rec components (family: ExponentialFamily) : Family<ExponentialParameters> =
        { Name = family.Name
          LogDensity = logDensity family
          Sums = fun _ x responsibilities -> sums family x responsibilities
          Maximise = maximise family
          LogPrior = logPrior family
          Form = form family >> Some
          Misfit = fun _ -> misfit family
          Sample = sample family
          Means = means
          Features = fun parameters -> parameters.Means.shape[1]
          FreeParameters = fun parameters -> parameters.Means.shape[0] * parameters.Means.shape[1] * family.Free
          Move =
            fun move parameters ->
                { parameters with
                    Means = move parameters.Means
                    Natural = move parameters.Natural
                    LogPartitions = move parameters.LogPartitions }
          Storage =
            { Parameters = toState
              OfParameters = ofState family
              Settings = fun _ -> settings family
              OfSettings = fun _ state -> ofSettings family state |> Result.map components } }
