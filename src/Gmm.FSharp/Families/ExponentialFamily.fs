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
        /// The natural parameters η (K×D×S); −1e300 stands for −∞, which has no product with 0.
        Natural: Tensor
        /// Σⱼ A(ηₖⱼ) (K).
        LogPartitions: Tensor
    }

/// Mixtures of any exponential family: one density, one set of sums and one M-step for all.
module ExponentialFamily =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// −∞ as a number that times 0 is 0.
    let private minusInfinity = -1e300

    /// The parameters with these mean parameters (K×D×S); the component and column of the first whose likelihood is
    /// unbounded otherwise.
    let private ofMeans (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, int * int> =
        let components, columns = means.shape[0], means.shape[1]
        let natural = means.toArray () |> Array.chunkBySize family.Statistics |> Array.map family.Natural
        let partitions = natural |> Array.map family.LogPartition

        match partitions |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some i -> Error(i / columns, i % columns)
        | None ->
            Ok
                { Family = family.Name
                  Means = means
                  Natural = natural |> Array.concat |> Array.map (max minusInfinity) |> Tensor.create means.shape
                  LogPartitions = (Tensor.create [| components; columns |] partitions).sum 1 }

    /// The parameters with these mean parameters m = E T(x) (K×D×S). Error when one is not finite or not possible.
    let create (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, GmmError> =
        let isMatching = means.shape.Length = 3 && means.shape[2] = family.Statistics
        let isFinite = means.toArray () |> Array.forall Double.IsFinite

        result {
            do!
                GmmError.requireAll
                    [ isMatching,
                      "Mean parameters",
                      $"shaped K×D×{family.Statistics} for {family.Name}",
                      Tensor.Show means.shape
                      isFinite, "Mean parameters", "finite", string means ]

            return!
                ofMeans family means
                |> Result.mapError (fun (k, j) ->
                    InvalidOption(
                        $"Mean parameters of component {k}, column {j}",
                        $"possible for {family.Name}",
                        string means
                    ))
        }

    /// What is wrong with the first number of a block that is outside the family's domain, if any.
    let misfit (family: ExponentialFamily) (block: Block) : GmmError option =
        block.Values.ToArray()
        |> Array.tryFindIndex (family.IsInDomain >> not)
        |> Option.map (fun i ->
            let row, column = block.FirstRow + int64 (i / block.Columns), i % block.Columns
            OutsideDomain(family.Name, family.Domain, row, column, block.Values.Span[i]))

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

    // ── Prior ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// What is wrong with the family's prior, if anything.
    let checkPrior (family: ExponentialFamily) : Result<unit, GmmError> =
        let prior = family.Prior
        let isCount value = value >= 0.0 && value < infinity

        GmmError.requireAll
            [ prior.Sums.Length = family.Statistics,
              "Prior.Sums",
              $"{family.Statistics} numbers",
              string prior.Sums.Length
              prior.Sums |> Array.forall isCount,
              "Prior.Sums",
              "0 or more, and finite",
              string (Tensor.vector prior.Sums)
              isCount prior.Count, "Prior.Count", "0 or more, and finite", string prior.Count ]

    /// Σₖⱼ (η·τ − ν A(η)), the log-density without its constant.
    let logPrior (family: ExponentialFamily) (parameters: ExponentialParameters) : float =
        let products = (parameters.Natural * Tensor.vector family.Prior.Sums).toArray() |> Array.sum
        products - family.Prior.Count * (parameters.LogPartitions.toArray () |> Array.sum)

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// m = (Σₙ rₙₖT(xₙ) + τ) / (Nₖ + ν): the mean of the statistics, those of the prior among them.
    let maximise (family: ExponentialFamily) (parameters: ExponentialParameters) (statistics: Statistics) =
        let shape = parameters.Means.shape
        let counts = statistics.Counts |> Array.map (fun count -> count + family.Prior.Count)
        let nothing = 1e-15 * statistics.Weight

        match counts |> Array.tryFindIndex (fun count -> not (count > nothing)) with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let sums = Tensor.create shape statistics.Sums[0] + Tensor.vector family.Prior.Sums

            sums / Tensor.create [| shape[0]; 1; 1 |] counts
            |> ofMeans family
            |> Result.mapError (fun (k, j) -> DegenerateComponent(k, j, family.Name, 0))

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Components of D independent columns of an exponential family.
    let components (family: ExponentialFamily) : Family<ExponentialParameters> =
        { Name = family.Name
          LogDensity = logDensity family
          Sums = fun _ x responsibilities -> sums family x responsibilities
          Maximise = maximise family
          LogPrior = logPrior family
          Misfit = fun _ -> misfit family
          Features = fun parameters -> parameters.Means.shape[1]
          FreeParameters = fun parameters -> parameters.Means.shape[0] * parameters.Means.shape[1] * family.Free
          Move =
            fun move parameters ->
                { parameters with
                    Means = move parameters.Means
                    Natural = move parameters.Natural
                    LogPartitions = move parameters.LogPartitions } }
