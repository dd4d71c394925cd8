namespace rec Gmm

open System
open MathNet.Numerics

/// A conjugate prior as pseudo-data, with density ∝ exp(η·τ − ν A(η)). It acts like ν extra numbers whose statistics
/// sum to τ.
type ConjugatePrior =
    {
        /// τ (S); each number is 0 or more.
        Sums: float[]
        /// ν ≥ 0.
        Count: float
    }

/// Makes conjugate priors.
module ConjugatePrior =
    /// Returns the prior without pseudo-data for S statistics: maximum likelihood.
    let flat statistics =
        { Sums = Array.zeroCreate statistics
          Count = 0.0 }

    /// Throws ArgumentException unless a prior's parameter is finite and has at least its lowest value.
    let internal require name lowest (value: float) =
        if not (value >= lowest && value < infinity) then
            let rule = if lowest = 0.0 then "0 or more" else $"at least {string lowest}"
            invalidArg name $"{name} must be {rule} and finite, but is {string value}."

/// The dispersion of a family in which it is a parameter of its own, as in gamma, log-normal and beta distributions. The
/// likelihood of such a family is unbounded: without a limit, a component shrinks onto a few equal values. All functions
/// take natural parameters (S).
[<NoEquality; NoComparison>]
type Dispersion =
    {
        /// How narrow the distribution is: 1 at the smallest dispersion that components may have, less at a larger one.
        Narrowness: float[] -> float
        /// ∇²A(η), the covariance of T(x) (S×S, flat).
        Covariance: float[] -> float[]
        /// E x.
        Expectation: float[] -> float
        /// The natural parameters of the distribution with another E x, but the same dispersion: `WithExpectation x η`.
        WithExpectation: float -> float[] -> float[]
    }

/// A distribution of one number as an exponential family, p(x|η) = h(x) exp(η·T(x) − A(η)) (Bishop, PRML, 2006, §2.4).
/// The record has everything that mixtures of the family need, and is a kind of component. Data of D columns are D
/// independent numbers, each with its own parameters.
[<NoEquality;
  NoComparison;
  StructuredFormatDisplay("{Name}, a family of numbers: {Domain}");
  Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type ExponentialFamily =
    {
        /// The family's name: "bernoulli" …
        Name: string
        /// The domain of the numbers, in words.
        Domain: string
        /// Whether a number is in the domain.
        IsInDomain: float -> bool
        /// The number of values of T(x), S.
        Statistics: int
        /// T(x) (n×D×S) of numbers x (n×D).
        Statistic: Tensor -> Tensor
        /// ln h(x) of one number.
        LogBase: float -> float
        /// The mean parameters m = E T(x) (S) of natural parameters (S).
        Mean: float[] -> float[]
        /// The natural parameters η (S) of mean parameters (S); −∞ for a probability or a rate of 0. With `Dispersion`, the η
        /// that maximises η·m − A(η) among those whose `Narrowness` is at most 1, also for an m that belongs to no distribution,
        /// such as that of equal values.
        Natural: float[] -> float[]
        /// A(η) of natural parameters (S); its gradient is m. The likelihood is unbounded where A(η) isn't finite.
        LogPartition: float[] -> float
        /// The number of free parameters among the S.
        Free: int
        /// The dispersion, if it is a parameter of its own; None if the mean determines it.
        Dispersion: Dispersion option
        /// The prior on the parameters of every column.
        Prior: ConjugatePrior
        /// Draws a number from the distribution with these mean parameters (S).
        Sample: Random -> float[] -> float
        /// The parameters that users report, by name, from the mean parameters (S): one number of a name, or several,
        /// such as a probability for each level.
        Reported: (string * (float[] -> float[])) list
    }

    interface Kind<ExponentialParameters> with
        member family.Name = family.Name
        member family.Check(components, columns, start) = ExponentialFamily.check family components columns start
        member family.Misfit block = ExponentialFamily.misfit family block

        member family.Measure(components, source, execution) =
            ExponentialFamily.measure family components source execution

/// The parameters of K components of D independent columns of an exponential family.
[<StructuredFormatDisplay("{Display}"); Notebooks.TypeFormatterSource(typeof<Notebooks.TextFormatterSource>)>]
type ExponentialParameters =
    {
        /// The family's name.
        Family: string
        /// The mean parameters m = E T(x) (K×D×S).
        Means: Tensor
        /// The natural parameters η (K×D×S). −1e305 stands for −∞, whose product with 0 is NaN.
        Natural: Tensor
        /// Σⱼ A(ηₖⱼ) (K).
        LogPartitions: Tensor
    }

    member internal parameters.Display =
        let shape, means = parameters.Means.shape, parameters.Means.toArray ()
        let size = shape[1] * shape[2]
        let components, columns = Display.count shape[0] "component", Display.count shape[1] "column"

        Display.components $"{parameters.Family}, {components} of {columns}" shape[0] (fun k ->
            $"mean parameters {Display.numbers (Seq.init size (fun i -> means[k * size + i]))}")

/// Builds mixtures of any exponential family: one density, one set of sums and one M-step serve all.
module ExponentialFamily =

    // ── Parameters ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Whether a distribution has the smallest dispersion that components may have.
    let private isNarrowest (family: ExponentialFamily) (natural: float[]) =
        family.Dispersion |> Option.exists (fun dispersion -> dispersion.Narrowness natural >= 1.0)

    /// Returns the parameters with these natural parameters (S) of each component and column, and their mean parameters.
    /// Error for the first component and column whose likelihood is unbounded.
    let private assemble (family: ExponentialFamily) (shape: int[]) (natural: float[][]) (means: float[][]) =
        let partitions = natural |> Array.map family.LogPartition

        match partitions |> Array.tryFindIndex (Double.IsFinite >> not) with
        | Some i -> Error(DegenerateComponent(i / shape[1], i % shape[1], family.Name, 0))
        | None ->
            Ok
                { Family = family.Name
                  Means = Array.concat means |> Tensor.create shape
                  Natural = natural |> Array.concat |> Array.map (max Limits.minusInfinity) |> Tensor.create shape
                  LogPartitions = (Tensor.create shape[..1] partitions).sum 1 }

    /// Returns the parameters with these mean parameters (K×D×S), or with the nearest whose dispersion isn't too small. Error
    /// for the first component and column whose likelihood is unbounded.
    let internal ofMeans (family: ExponentialFamily) (means: Tensor) : Result<ExponentialParameters, GmmError> =
        let wanted = means.toArray () |> Array.chunkBySize family.Statistics
        let natural = wanted |> Array.map family.Natural

        Array.map2 (fun eta m -> if isNarrowest family eta then family.Mean eta else m) natural wanted
        |> assemble family means.shape natural

    /// Returns the parameters with these natural parameters (S) of each component and column (K, D). Error unless they belong to
    /// distributions of the family whose dispersion isn't too small.
    let internal ofNatural (family: ExponentialFamily) (shape: int[]) (natural: float[][]) =
        let means = natural |> Array.map family.Mean

        let isTooNarrow natural =
            family.Dispersion |> Option.exists (fun dispersion -> dispersion.Narrowness natural > 1.0)

        if Array.forall (Array.forall Double.IsFinite) means && not (Array.exists isTooNarrow natural) then
            assemble family [| shape[0]; shape[1]; family.Statistics |] natural means
        else
            Error(InvalidOption("Coordinates", $"within the domain of {family.Name}", "outside it"))

    /// Tests whether mean parameters (S) belong to a distribution of the family: a conversion to natural parameters and
    /// back changes them by no more than a relative tolerance, or by that share of a standard deviation of T(x).
    let private areMeansWithin tolerance (family: ExponentialFamily) (means: float[]) =
        let natural = family.Natural means

        let deviations =
            match family.Dispersion with
            | Some dispersion ->
                let covariance = dispersion.Covariance natural
                Array.init means.Length (fun s -> sqrt covariance[s * means.Length + s])
            | None -> Array.zeroCreate means.Length

        Array.forall2
            (fun a (b, deviation) -> abs (a - b) <= tolerance * (abs a + deviation))
            means
            (Array.zip (family.Mean natural) deviations)

    /// Tests whether mean parameters (S) belong to a distribution of the family.
    let private areMeans = areMeansWithin 1e-9

    /// Returns the parameters whose natural parameters follow from two matrices of numbers that have names (K×D). Error unless
    /// the matrices have the same shape, and every pair makes a distribution whose dispersion isn't too small.
    let internal ofPairs
        (family: ExponentialFamily)
        (firstName: string, first: float[,])
        (secondName: string, second: float[,])
        (naturalOf: float -> float -> float[])
        : Result<ExponentialParameters, GmmError> =
        let shape (numbers: float[,]) = [| Array2D.length1 numbers; Array2D.length2 numbers |]
        let first', second' = Seq.cast<float> first |> Array.ofSeq, Seq.cast<float> second |> Array.ofSeq

        let isPossible x y = ofNatural family [| 1; 1 |] [| naturalOf x y |] |> Result.isOk

        result {
            do!
                GmmError.requireAll
                    [ shape first = shape second,
                      secondName,
                      $"of the shape of the other, {Tensor.Show(shape first)}",
                      Tensor.Show(shape second) ]

            match Seq.zip first' second' |> Seq.tryFindIndex (fun (x, y) -> not (isPossible x y)) with
            | Some i ->
                let rule = $"numbers of a distribution ({family.Name})"

                return!
                    Error(InvalidOption($"{firstName}, {secondName}", rule, $"{string first'[i]}, {string second'[i]}"))
            | None -> return! Array.map2 naturalOf first' second' |> ofNatural family (shape first)
        }

    /// Returns natural parameter s of every component and column (K×D).
    let internal natural (s: int) (parameters: ExponentialParameters) : float[,] =
        let numbers = parameters.Natural.toArray3D ()
        numbers[*, *, s]

    /// Returns the parameters with these mean parameters m = E T(x) (K×D×S). Error when they have another shape, or
    /// don't belong to a distribution of the family.
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
                    $"the mean parameters of a distribution ({family.Name})",
                    string (Tensor.vector numbers)
                )

            let cells = means.toArray () |> Array.chunkBySize size

            match cells |> Array.tryFind (areMeans family >> not) with
            | Some numbers -> return! Error(impossible numbers)
            | None -> return! ofMeans family means |> Result.mapError (fun _ -> impossible (Array.concat cells))
        }

    /// Returns an error for the first number of a block that is outside the family's domain, or None.
    let misfit (family: ExponentialFamily) (block: Block) : GmmError option =
        block.Numbers.TryFindIndex(fun x -> not (family.IsInDomain x))
        |> Option.map (fun i ->
            let row, column = i / block.Columns, i % block.Columns
            OutsideDomain(family.Name, family.Domain, block.FirstRow + int64 row, column, block[row, column]))

    // ── Density ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns T(x) as one row of D·S numbers for each row of x.
    let private statistic (family: ExponentialFamily) : Tensor -> Tensor = NumberwiseStatistic.flat family.Statistic

    /// Returns ln p(xₙ|θₖ) = Σⱼ (ηₖⱼ·T(xₙⱼ) − A(ηₖⱼ) + ln h(xₙⱼ)) (n×K) for the rows of a block x (n×D).
    let logDensity (family: ExponentialFamily) (parameters: ExponentialParameters) (x: Tensor) : Tensor =
        let t = statistic family x
        let natural = parameters.Natural.view [| parameters.Natural.shape[0]; t.shape[1] |]
        let logBase = x.like (x.shape, x.toArray () |> Array.map family.LogBase)
        t.matmul (natural.transpose (0, 1)) - parameters.LogPartitions + (logBase.sum 1).unsqueeze 1

    // ── Statistics ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns Σₙ rₙₖ T(xₙ) (K×D·S) of a block x (n×D) under responsibilities (n×K).
    let sums (family: ExponentialFamily) (x: Tensor) (responsibilities: Tensor) : Tensor list =
        [ (responsibilities.transpose (0, 1)).matmul(statistic family x) ]

    /// Returns `logDensity` and `sums` as a form for the kernels.
    let internal form (family: ExponentialFamily) (parameters: ExponentialParameters) : Form =
        let shape = parameters.Natural.shape

        Form.Linear(
            statistic family,
            family.LogBase,
            parameters.Natural.view [| shape[0]; shape[1] * shape[2] |],
            (parameters.LogPartitions * -1.0).toArray()
        )

    // ── Prior ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the test and the rule of each number of a prior's sums: statistics such as logarithms may be negative.
    let private sumRule (family: ExponentialFamily) : (float -> bool) * string =
        match family.Dispersion with
        | None -> (fun value -> value >= 0.0 && value < infinity), "0 or more, and finite"
        | Some _ -> Double.IsFinite, "finite"

    /// Returns an error when the family's prior breaks a rule: τ/ν must be mean parameters of the family, and if ν is
    /// 0, τ may differ from 0 only in a family whose statistics are all free, and whose dispersion isn't.
    let checkPrior (family: ExponentialFamily) : Result<unit, GmmError> =
        let prior = family.Prior
        let isCount value = value >= 0.0 && value < infinity
        let isSum, rule = sumRule family
        let numbers = string (Tensor.vector prior.Sums)

        let isConsistent () =
            if prior.Count > 0.0 then
                areMeans family (prior.Sums |> Array.map (fun sum -> sum / prior.Count))
            else
                family.Free = family.Statistics && family.Dispersion.IsNone || Array.forall ((=) 0.0) prior.Sums

        result {
            do!
                GmmError.requireAll
                    [ prior.Sums.Length = family.Statistics,
                      "Prior.Sums",
                      $"""{Display.count family.Statistics "number"} for {family.Name}""",
                      Display.count prior.Sums.Length "number"
                      prior.Sums |> Array.forall isSum, "Prior.Sums", rule, numbers
                      isCount prior.Count, "Prior.Count", "0 or more, and finite", string prior.Count ]

            do!
                GmmError.requireAll
                    [ isConsistent (),
                      "Prior.Sums",
                      $"statistics of Prior.Count numbers ({family.Name})",
                      $"{numbers} for {string prior.Count}" ]
        }

    /// Returns Σₖⱼ (η·τ − ν A(η)), the log-density without its constant.
    let logPrior (family: ExponentialFamily) (parameters: ExponentialParameters) : float =
        let products = (parameters.Natural * Tensor.vector family.Prior.Sums).toArray() |> Array.sum
        products - family.Prior.Count * (parameters.LogPartitions.toArray () |> Array.sum)

    // ── M-step ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Runs the M-step, m = (Σₙ rₙₖT(xₙ) + τ) / (Nₖ + ν): the mean of the statistics, including those of the prior.
    let maximise (family: ExponentialFamily) (parameters: ExponentialParameters) (statistics: Statistics) =
        let shape = parameters.Means.shape
        let counts = statistics.Counts |> Array.map (fun count -> count + family.Prior.Count)

        match statistics |> Statistics.firstEmpty counts with
        | Some k -> Error(CollapsedComponent(k, 0))
        | None ->
            let sums = Tensor.create shape statistics.Sums[0] + Tensor.vector family.Prior.Sums

            sums / Tensor.create [| shape[0]; 1; 1 |] counts |> ofMeans family

    /// Returns the family with another prior.
    let withPrior (prior: ConjugatePrior) (family: ExponentialFamily) : ExponentialFamily =
        { family with Prior = prior }

    /// Returns the mean parameters of the components, one after another (K×D·S).
    let private means (parameters: ExponentialParameters) =
        let shape = parameters.Means.shape
        (parameters.Means.view [| shape[0]; shape[1] * shape[2] |]).toArray2D()

    // ── Sampler ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Draws a row (D) from component k, every column from its own distribution.
    let sample (family: ExponentialFamily) (parameters: ExponentialParameters) (k: int) : Random -> float[] =
        let size = parameters.Means.shape[1] * family.Statistics
        let means = Array.sub (parameters.Means.toArray ()) (k * size) size |> Array.chunkBySize family.Statistics
        fun random -> means |> Array.map (family.Sample random)

    // ── Coordinates ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the coordinates: natural parameters η (K·D·Free). If one of the S statistics follows from the others, as
    /// 1 − x follows from x, the last η is 0 and the others are η₁ − η_S …: for Bernoulli the logit ln p/(1−p).
    let private coordinates (family: ExponentialFamily) : Coordinates<ExponentialParameters> =
        let size, free = family.Statistics, family.Free
        let cells (parameters: ExponentialParameters) = parameters.Natural.toArray () |> Array.chunkBySize size

        let names (parameters: ExponentialParameters) =
            let against j k = if free < size then $"−η[{k},{j},{free}]" else ""

            [| for k in 0 .. parameters.Means.shape[0] - 1 do
                   for j in 0 .. parameters.Means.shape[1] - 1 do
                       for s in 0 .. free - 1 -> $"η[{k},{j},{s}]{against j k}" |]

        let ofParameters parameters =
            cells parameters
            |> Array.collect (fun eta ->
                let last = if free < size then eta[free] else 0.0
                eta[.. free - 1] |> Array.map (fun number -> number - last))

        /// Returns 1/m, which is the unit of η·T(x) for a statistic of mean m, or 1/σ where its standard deviation is known.
        let units (parameters: ExponentialParameters) =
            match family.Dispersion with
            | Some dispersion ->
                cells parameters
                |> Array.collect (fun eta ->
                    let covariance = dispersion.Covariance eta
                    Array.init size (fun s -> 1.0 / sqrt covariance[s * size + s]))
            | None ->
                parameters.Means.toArray ()
                |> Array.chunkBySize size
                |> Array.collect (fun means ->
                    means[.. free - 1] |> Array.map (fun mean -> if mean = 0.0 then 1.0 else 1.0 / abs mean))

        let toParameters (like: ExponentialParameters) (numbers: float[]) =
            let natural =
                numbers
                |> Array.chunkBySize free
                |> Array.map (fun eta -> Array.append eta (Array.zeroCreate (size - free)))

            if family.Dispersion.IsSome then
                ofNatural family like.Means.shape natural
            else
                let means = natural |> Array.collect family.Mean

                if Array.forall Double.IsFinite means then
                    ofMeans family (Tensor.create like.Means.shape means)
                else
                    Error(InvalidOption("Coordinates", $"within the domain of {family.Name}", "outside it"))

        /// Returns the parameters that users report, those of a component and column after one another.
        let parameters (parameters: ExponentialParameters) =
            let columns = parameters.Means.shape[1]

            [| for i, means in parameters.Means.toArray () |> Array.chunkBySize size |> Array.indexed do
                   let k, j = i / columns, i % columns

                   for name, valuesOf in family.Reported do
                       match valuesOf means with
                       | [| value |] -> $"{name}[{k},{j}]", value
                       | values -> yield! values |> Array.mapi (fun s value -> $"{name}[{k},{j},{s}]", value) |]

        { Names = names
          OfParameters = ofParameters
          Units = units
          ToParameters = toParameters
          Parameters = parameters }

    // ── Storage ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns T(0) and T(1) (2×S), which distinguish families with the same name: binomials with other trials,
    /// categoricals with other levels. Families with a dispersion, which may have no 0 and no 1, have T(¼) and T(½).
    let private statistics (family: ExponentialFamily) =
        let numbers = if family.Dispersion.IsSome then [ [ 0.25 ]; [ 0.5 ] ] else [ [ 0.0 ]; [ 1.0 ] ]
        (family.Statistic(Tensor.matrix (array2D numbers))).view [| 2; family.Statistics |]

    /// Returns T(0) from the settings saved with a fit. It reveals the number of trials or levels.
    let internal originOf (settings: State) : Result<float[], GmmError> =
        result {
            let! statistics = State.matrix "statistics" settings
            return statistics.toArray()[.. statistics.shape[1] - 1]
        }

    let private toState (parameters: ExponentialParameters) : State =
        Map [ "means", parameters.Means; "natural", parameters.Natural; "logPartitions", parameters.LogPartitions ]

    /// Tests whether numbers are equal up to the rounding of another machine's functions.
    let private areClose (a: float[]) (b: float[]) =
        Array.forall2 (fun x y -> x = y || abs (x - y) <= 1e-6 * (1.0 + abs y) || Double.IsNaN x && Double.IsNaN y) a b

    let private ofState (family: ExponentialFamily) (state: State) : Result<ExponentialParameters, GmmError> =
        /// Returns the saved numbers, to the last bit, if they are consistent with the means.
        let saved name (computed: Tensor) =
            if Map.containsKey name state then
                result {
                    let! saved = State.ofShape computed.shape name state
                    let rule = "the value for the means (omit the entry to have it computed)"

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
                InvalidOption("means", $"the means of a distribution ({family.Name})", string (Tensor.vector numbers))

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

    /// Returns the family with the prior in the settings, which must come from a family with the same statistics.
    let private ofSettings (family: ExponentialFamily) (state: State) : Result<ExponentialFamily, GmmError> =
        let isCount value = value >= 0.0 && value < infinity
        let isSum, rule = sumRule family
        let places = if family.Dispersion.IsSome then "T(¼) and T(½)" else "T(0) and T(1)"

        result {
            let expected = statistics family
            let! found = State.ofShape expected.shape "statistics" state

            do!
                GmmError.requireAll
                    [ areClose (found.toArray ()) (expected.toArray ()),
                      "statistics",
                      $"{places} of {family.Name} as it is defined, {expected.toArray () |> Tensor.vector}",
                      string (Tensor.vector (found.toArray ())) ]

            let! sums = State.ofShape [| family.Statistics |] "priorSums" state
            let! count = State.scalar "priorCount" state

            do!
                GmmError.requireAll
                    [ sums.toArray () |> Array.forall isSum, "priorSums", rule, string sums
                      isCount count, "priorCount", "0 or more, and finite", string count ]

            return
                family
                |> withPrior
                    { Sums = sums.toArray ()
                      Count = count }
        }

    // ── Missing cells ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the parameters of some columns.
    let private restrict (family: ExponentialFamily) (columns: int[]) (parameters: ExponentialParameters) =
        let shape, size = parameters.Means.shape, family.Statistics
        let chosen = [| shape[0]; columns.Length; size |]

        let select (numbers: Tensor) =
            let all = numbers.toArray ()

            Array.init (shape[0] * columns.Length * size) (fun i ->
                let k, j, s = i / (columns.Length * size), i / size % columns.Length, i % size
                all[(k * shape[1] + columns[j]) * size + s])

        let natural = select parameters.Natural

        let partitions =
            natural
            |> Array.map (fun eta -> if eta <= Limits.zeroDensity then -infinity else eta)
            |> Array.chunkBySize size
            |> Array.map family.LogPartition

        { parameters with
            Means = Tensor.create chosen (select parameters.Means)
            Natural = Tensor.create chosen natural
            LogPartitions = (Tensor.create chosen[..1] partitions).sum 1 }

    /// Returns the statistics of all columns. Columns are independent given the component, so a missing cell has the
    /// expected statistics m of its component, whatever the other cells are. A column that is always missing therefore
    /// keeps its parameters, and one that is sometimes missing moves towards the mean of its observed cells: EM's exact
    /// step.
    let private lift (family: ExponentialFamily) (columns: int[]) (parameters: ExponentialParameters) statistics =
        let width, size = parameters.Means.shape[1], family.Statistics
        let means = parameters.Means.toArray ()
        let sums = means |> Array.mapi (fun i mean -> statistics.Counts[i / (width * size)] * mean)

        for k in 0 .. statistics.Counts.Length - 1 do
            for j in 0 .. columns.Length - 1 do
                Array.blit
                    statistics.Sums[0]
                    ((k * columns.Length + j) * size)
                    sums
                    ((k * width + columns[j]) * size)
                    size

        { statistics with Sums = [| sums |] }

    /// Returns the mean E x of a number with the mean parameters m. If x = a + b·T(x), it is a + b·m; a and b come from
    /// the statistics of small whole numbers and halves. For other families it is the mean of 4,096 draws from a fixed
    /// seed.
    let private meanOf (family: ExponentialFamily) : float[] -> float =
        let points = [| for i in 0 .. 2 * family.Statistics + 8 -> float i / 2.0 |] |> Array.filter family.IsInDomain

        let draws means =
            let random = RandomStream.ofSeed 0
            Seq.init 4096 (fun _ -> family.Sample random means) |> Seq.average

        if points.Length = 0 then
            draws
        else
            let t = (family.Statistic(Tensor.matrix (array2D [ for x in points -> [ x ] ]))).toArray()

            let design =
                LinearAlgebra.Matrix<float>.Build.Dense(
                    points.Length,
                    1 + family.Statistics,
                    fun i s -> if s = 0 then 1.0 else t[i * family.Statistics + s - 1]
                )

            let factors = design.PseudoInverse() * LinearAlgebra.Vector<float>.Build.Dense points
            let errors = design * factors - LinearAlgebra.Vector<float>.Build.Dense points

            if points.Length > 1 && errors.InfinityNorm() <= 1e-9 * Array.max points then
                fun means -> factors[0] + Seq.fold2 (fun sum b m -> sum + b * m) 0.0 (Seq.skip 1 factors) means
            else
                draws

    /// Returns a function that completes rows under component k.
    let private complete (family: ExponentialFamily) =
        let mean = lazy meanOf family

        fun (columns: int[]) (parameters: ExponentialParameters) (k: int) ->
            let width, size = parameters.Means.shape[1], family.Statistics

            let ofComponent (numbers: Tensor) =
                Array.sub (numbers.toArray ()) (k * width * size) (width * size) |> Array.chunkBySize size

            let expected =
                match family.Dispersion with
                | Some dispersion -> ofComponent parameters.Natural |> Array.map dispersion.Expectation
                | None -> ofComponent parameters.Means |> Array.map mean.Value

            fun (numbers: float[]) ->
                let row = Array.copy expected
                Array.iter2 (fun column number -> row[column] <- number) columns numbers
                row

    // ── The family ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns the family of components with D independent columns of an exponential family.
    let rec components (family: ExponentialFamily) : Family<ExponentialParameters> =
        { Name = family.Name
          LogDensity = logDensity family
          Sums = fun _ x responsibilities -> sums family x responsibilities
          SumLengths = fun parameters -> [| Array.fold (*) 1 parameters.Means.shape |]
          Maximise = maximise family
          Recentre = fun _ _ -> id
          LogPrior = logPrior family
          Form = form family >> Some
          Misfit =
            fun _ -> misfit family
            |> NumberwiseMisfit.withTests (
                Some(fun parameters -> Array.create parameters.Means.shape[1] (ColumnTest family.IsInDomain))
            )
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
          Coordinates = coordinates family
          Noise = None
          Storage =
            { Parameters = toState
              OfParameters = ofState family
              Settings = fun _ -> settings family
              OfSettings = fun _ state -> ofSettings family state |> Result.map components }
          Missing =
            Some
                { Restrict = restrict family
                  Lift = lift family
                  Complete = complete family } }

    // ── The kind ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Returns an error when the prior breaks a rule, or when a start has another family or shape.
    let internal check (family: ExponentialFamily) components columns (start: ExponentialParameters option) =
        let describe (components: int, columns: int, (name, isPossible)) =
            if isPossible then
                $"""{name} with {Display.count components "component"} of {Display.count columns "column"}"""
            else
                $"{name} with other parameters (trials, levels)"

        result {
            match start with
            | Some start ->
                let isPossible = start.Family <> family.Name || Result.isOk (create family start.Means)

                do!
                    (start.Means.shape[0], start.Means.shape[1], (start.Family, isPossible))
                    |> Kind.requireStart describe (components, columns, (family.Name, true))
            | None -> ()

            do!
                GmmError.requireLength
                    "Components"
                    (fun most -> $"few enough for at most {most} mean parameters, K·D·S")
                    (string components)
                    [ components; columns; family.Statistics ]

            do! checkPrior family
        }

    /// Measures the mean of the statistics, over the rows that starts see. Components start halfway between a centre and that mean, in the space of
    /// mean parameters. This space is convex, so the start lies inside it even if a row, such as a 0 or a 1, is on its
    /// edge. Given means are used without change, with the dispersion of the data if there is one. Where statistics have
    /// different units, as x and ln x have, starts see each divided by its standard deviation over the data.
    let internal measure (family: ExponentialFamily) (count: int) (source: Source) execution =
        let size = family.Statistics
        let width = source.Columns * size

        let statistics rows columns values =
            (family.Statistic(Reference.engine.Create [| rows; columns |] values)).toArray()

        let raw (block: Block) =
            { block with
                Columns = width
                Numbers = Numbers.Float64(ReadOnlyMemory(statistics block.Rows block.Columns block.Values)) }

        let statisticsOfSome = source |> Survey.forStarts count execution |> Source.map width raw

        let all = statisticsOfSome |> Start.averages execution 1 (fun block -> Array.create block.Rows 1.0)

        let deviations =
            if family.Dispersion.IsSome then
                let data = statisticsOfSome |> DataCovariance.ofSource execution (Layout.own Shape.Diag)
                data.Covariance |> Array.map sqrt
            else
                Array.create width 1.0

        let scales = deviations |> Array.map (fun deviation -> if deviation > 0.0 then deviation else 1.0)

        let features (block: Block) =
            let statistics = raw block

            if family.Dispersion.IsNone then
                statistics
            else
                { statistics with
                    Numbers =
                        statistics.Values.ToArray()
                        |> Array.mapi (fun i number -> number / scales[i % width])
                        |> ReadOnlyMemory
                        |> Numbers.Float64 }

        let ofAll j = Array.sub all[0, *] (j * size) size

        let atMeans (means: float[,]) =
            let parameters (means: float[,]) =
                let rows, columns = Array2D.length1 means, Array2D.length2 means

                match family.Dispersion with
                | Some dispersion ->
                    [| for k in 0 .. rows - 1 do
                           for j in 0 .. columns - 1 -> dispersion.WithExpectation means[k, j] (family.Natural(ofAll j)) |]
                    |> ofNatural family [| rows; columns |]
                | None ->
                    statistics rows columns (ReadOnlyMemory((Tensor.matrix means).toArray()))
                    |> Tensor.create [| rows; columns; size |]
                    |> create family

            let isImpossible k = Result.isError (parameters means[k..k, *])

            match Seq.tryFind isImpossible (seq { 0 .. Array2D.length1 means - 1 }) with
            | Some k ->
                let numbers = string (Tensor.vector means[k, *])
                Error(InvalidOption($"Start means[{k}]", $"possible means of {family.Name}", numbers))
            | None -> parameters means

        let around (centres: float[,]) =
            let means =
                centres |> Array2D.mapi (fun _ i centre -> 0.5 * (scales[i] * centre + all[0, i])) |> Tensor.matrix

            means.view [| means.shape[0]; source.Columns; size |] |> ofMeans family

        /// Returns the components and columns that have the smallest dispersion.
        let narrowest (parameters: ExponentialParameters) =
            parameters.Natural.toArray ()
            |> Array.chunkBySize size
            |> Array.map (isNarrowest family)
            |> Array.chunkBySize source.Columns

        let regularity: Regularity<ExponentialParameters> =
            { Irregular =
                fun _ parameters ->
                    { Irregular.None with
                        OnFloor =
                            [ for k, columns in Seq.indexed (narrowest parameters) do
                                  if Array.contains true columns then
                                      Some k ] }
              Widened =
                fun _ parameters ->
                    let isWidened = narrowest parameters |> Array.concat

                    parameters.Means.toArray ()
                    |> Array.mapi (fun i mean -> if isWidened[i / size] then all[0, i % width] else mean)
                    |> Tensor.create parameters.Means.shape
                    |> ofMeans family }

        let constant =
            if family.Dispersion.IsSome && family.Prior.Count = 0.0 && Array.contains 0.0 deviations then
                // What is constant in a sample may vary in the data.
                let isConstant =
                    if statisticsOfSome.Rows = source.Rows then
                        fun _ -> true
                    else
                        let data = source |> DataCovariance.ofSource execution (Layout.own Shape.Diag)
                        fun column -> data.Covariance[column] = 0.0

                Seq.init width id
                |> Seq.filter (fun i -> deviations[i] = 0.0)
                |> Seq.map (fun i -> i / size)
                |> Seq.tryFind isConstant
            else
                None

        match constant with
        | Some column -> Error(ConstantColumn(column, (Source.firstRow source)[0, column]))
        | None ->
            Ok
                { Measured.ofFamily (components family) source.Columns around with
                    Width = width
                    Features = features
                    AtMeans = atMeans
                    HasEdges = family.Dispersion.IsNone
                    IsBounded = true
                    Regularity = if family.Dispersion.IsSome then regularity else Regularity.none }
