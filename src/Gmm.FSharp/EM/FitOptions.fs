namespace Gmm

/// The start of a fit. Of data of more than 524,288 numbers (4 MiB) a start sees a sample of that size, but at least
/// 2,000 rows and 10·K·(D+1) rows; only `Labels` and `Responsibilities` use every row. The final runs of EM, and the
/// scale of the data, use all rows.
[<RequireQualifiedAccess; NoEquality; NoComparison>]
type Start<'θ> =
    /// The default: two candidates, each run to convergence, of which the better one wins. They are the M-step of the
    /// clusters of one k-means run, and the best of ten short runs of EM from random rows (Biernacki, Celeux and
    /// Govaert 2003). A short run ends when an iteration gains less than 1 % of what the run has gained. The short runs
    /// see at most 2,000 rows, or ten for each free parameter.
    ///
    /// On large data, EM on a sample leads each candidate near a maximum before its run on all rows begins, and the
    /// second candidate is left out once it joins the first (`FitOptions.Restarts`). The sample has at least 10,000
    /// rows, 40 for each weight and free parameter, and enough for 10 rows per parameter in each component of a
    /// candidate. If it would exceed a quarter of the rows, or 4,194,304 numbers, there is none. Fits with noise,
    /// `Missing.Fit`, hard assignment or a tolerance of 0, and of families with probabilities and rates, use no sample
    /// either. Their runs begin at the candidates; so does a run for which EM fails on the sample, or leaves a
    /// component irregular or with fewer than 5 rows for each of its parameters.
    ///
    /// Components move where that raises the objective (on large data, that of the sample): one that adds little is
    /// removed, and one whose rows form two groups is split (after Ueda, Nakano, Ghahramani and Hinton 2000). Moves are
    /// judged on all rows, or on a sample of 20 rows for each weight and free parameter, at least 2,000. On data of at
    /// least twice as many rows as this sample, a run that hasn't converged after 50 iterations tries moves, too; it
    /// goes back if they don't pay. Components stay where they are in fits of fewer than three, in fits with fixed
    /// weights, and in those whose options or family rule samples out.
    | Auto
    /// `Auto` with forty short runs, and a third candidate for families whose features are the data: clusters of a
    /// model-based hierarchical start on at most 2,000 rows (Fraley 1998). It takes several times as long.
    | Thorough
    /// The M-step of the clusters of one k-means run. For families with probabilities and rates, components around the
    /// centres of the clusters instead, because the M-step could set a probability or a rate to 0 for good.
    | KMeans
    /// Components around rows that greedy k-means++ chooses.
    | KPlusPlus
    /// Components around random rows.
    | Points
    /// Components around rows that are far from one another: each is the row farthest from its nearest predecessor.
    | FarthestFirst
    /// Components around draws from the normal distribution with the data's mean and covariance. Not for families with
    /// probabilities and rates, because a draw may lie outside their domain.
    | Random
    /// The M-step of random responsibilities: for all rows of small data, for a random sample of large data, where
    /// responsibilities for all rows would make all components alike. This start is weak, so use several Restarts.
    | RandomResponsibilities
    /// Components around given means (K×D).
    | Means of float[,]
    /// The M-step of given labels 0 … K−1 (N). With a noise component, −1 is the label of noise.
    | Labels of int[]
    /// The M-step of given responsibilities (N×K), each row with the sum 1.
    | Responsibilities of float[,]
    /// A given mixture. To continue an earlier fit, give its mixture (a warm start). With `Acceleration.None`, two
    /// fits of one iteration each equal one fit of two iterations.
    | Mixture of Mixture<'θ>

/// The options of a fit: one record for every kind of component, with the kind's own settings in `Family`. Begin with
/// `Gmm.defaults` for Gaussian mixtures and with `Gmm.defaultsOf` for any other kind.
[<NoEquality; NoComparison>]
type FitOptions<'kind, 'θ> =
    {
        /// The number of components, K ≥ 1.
        Components: int
        /// The kind of component, with its settings.
        Family: 'kind
        /// The start.
        Start: Start<'θ>
        /// The starting weights πₖ (K), which are divided by their sum; None for the weights that the start gives. The
        /// short runs of `Auto` and `Thorough` start from them, too.
        StartWeights: float[] option
        /// The number of runs, with seeds Seed, Seed+1, …, when the start is random. The run with the best final
        /// objective wins, the earliest of those within 1e-6 of it. Runs with irregular components (`Fit.Irregular`)
        /// are compared by the objective of the mixture in which these components are widened to the scale of the data,
        /// so that a spike on equal values doesn't win. On large data, the first run of EM ends before the others
        /// begin. If it has converged, a run that joins it stops and is left out, because it would reach the same
        /// maximum. A run has joined the first if its objective is not higher and its responsibilities diverge from
        /// those of the first by less than 0.01 per row, on a sample of the rows (the symmetric divergence of Kullback
        /// and Leibler 1951). The components may come in any order, unless noise, fixed weights or a prior tell them
        /// apart. Data are large from eight blocks (`Source.Blocks`), 8,000 rows and 80 rows for each component on;
        /// more than 400 components are never compared.
        Restarts: int
        /// The seed of the first run.
        Seed: int
        /// Soft for EM, Hard for classification EM.
        Assignment: Assignment
        /// The fit has converged when the change of the objective and, by Aitken's rule, its estimated remaining gain
        /// are less than this. At 0 the fit makes exactly MaxIterations iterations. (k-means has another rule: see
        /// `KMeans.defaults`.)
        Tolerance: float
        /// The convergence rule; k-means has its own.
        Stopping: Stopping
        /// How the fit reaches the limit of EM. k-means and variational Bayes are not accelerated, nor are fits with
        /// Hard assignment, with History or with RegCovar Absolute.
        Acceleration: Acceleration
        /// The largest number of M-steps of a run. The limit also applies to each run on a sample. The count
        /// begins anew once components have moved, or a slow run has tried to move them (`Start.Auto`).
        MaxIterations: int
        /// Whether to fit fewer components when a start that chooses rows finds fewer different rows than components;
        /// otherwise that is an error. Options with an entry for each component must then be absent.
        FewerComponents: bool
        /// The prior on the weights, π ~ Dirichlet(α).
        WeightPrior: WeightPrior
        /// The volume of a noise component for rows that belong to no component; None without noise. Its weight follows
        /// those of the components, also in StartWeights and in WeightPrior. A fit starts from 5 % of noise, or from
        /// the share of the rows that `Start.Labels` gives the label −1. With `WeightPrior.Fixed` the weight of the
        /// noise stays at its start, 5 % unless StartWeights or labels give another.
        Noise: NoiseVolume option
        /// Whether NaN in the data is an error (Reject), or a missing cell (Fit): then the fit maximises the likelihood
        /// of the observed cells. Rows without an observed cell don't count. Missing cells go neither with Noise nor
        /// with k-means.
        Missing: Missing
        /// A function called after every E-step on all rows of every run, from one thread at a time.
        Progress: Progress -> unit
        /// Whether to print lines of progress, and a summary at the end.
        Verbose: bool
        /// The number of iterations from one line of progress to the next.
        VerboseInterval: int
        /// Whether to keep the mixture of every iterate in the fit.
        History: bool
        /// Threads and cancellation. Neither changes a result.
        Execution: Execution
        /// Where E-steps run. Starts and M-steps always run on the processor.
        Backend: Backend
    }

/// Makes and checks options of fits.
module FitOptions =
    /// Returns the default options for a kind: one component; the start `Auto` from seed 0; EM until the change
    /// of the objective and its remaining gain are below 1e-6, at most 1000 iterations; no prior on the weights; the
    /// kernels on all cores.
    let ofKind (kind: 'kind) : FitOptions<'kind, 'θ> =
        { Components = 1
          Family = kind
          Start = Start.Auto
          StartWeights = None
          Restarts = 1
          Seed = 0
          Assignment = Soft
          Tolerance = 1e-6
          Stopping = Stopping.Aitken
          Acceleration = Acceleration.Squarem
          MaxIterations = 1000
          FewerComponents = false
          WeightPrior = Flat
          Noise = None
          Missing = Missing.Reject
          Progress = ignore
          Verbose = false
          VerboseInterval = 10
          History = false
          Execution = Execution.Default
          Backend = Kernel.backend }

    /// Returns the number of weights of a fit: one for each component, and one for the noise.
    let internal weightsOf (options: FitOptions<'kind, 'θ>) =
        options.Components + (if options.Noise.IsSome then 1 else 0)

    let private checkWeights (options: FitOptions<'kind, 'θ>) (weights: float[]) =
        let whose =
            $"""one number for {Display.each options.Components "component"}"""
            + (if options.Noise.IsSome then " and one for the noise" else "")

        result {
            do!
                GmmError.requireAll
                    [ weights.Length = weightsOf options, "StartWeights", whose, Display.count weights.Length "number" ]

            return!
                Mixture.create weights ()
                |> Result.map ignore
                |> Result.mapError (GmmError.ofOption "Weights" "StartWeights")
        }

    /// Returns an error about the first option that breaks its rule for these data. It checks neither the kind's own
    /// settings nor the start.
    let internal check (options: FitOptions<'kind, 'θ>) (source: Source) : Result<unit, GmmError> =
        let isTolerance = options.Tolerance >= 0.0 && options.Tolerance < infinity

        result {
            do!
                GmmError.requireAll
                    [ options.Components >= 1, "Components", "at least 1", string options.Components
                      not (options.Noise.IsSome && options.Missing.IsFit),
                      "Missing",
                      "Reject for a fit with noise",
                      "Fit"
                      not (options.Missing.IsFit && (Source.remote source).IsSome),
                      "Missing",
                      "Reject for rows on other machines",
                      "Fit"
                      options.VerboseInterval >= 1, "VerboseInterval", "at least 1", string options.VerboseInterval
                      options.Restarts >= 1, "Restarts", "at least 1", string options.Restarts
                      options.MaxIterations >= 1, "MaxIterations", "at least 1", string options.MaxIterations
                      isTolerance, "Tolerance", "0 or more, and finite", string options.Tolerance
                      options.Execution.Threads >= 1, "Threads", "at least 1", string options.Execution.Threads ]

            let fewest = if options.FewerComponents then 1 else options.Components
            do! Source.requireRows "Components" fewest source
            do! options.StartWeights |> Option.map (checkWeights options) |> Option.defaultValue (Ok())
            do! WeightPrior.check (weightsOf options) options.WeightPrior
        }
