using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A Gaussian mixture p(x) = Σₖ πₖ N(x|μₖ, Σₖ), fitted to data by expectation–maximisation, by maximum likelihood or with
/// priors.
/// </summary>
/// <remarks>
/// N is the number of rows, D of features, K of components; rows, columns and components count from 0. Settings are read when
/// <see cref="Fit"/> begins. What is fitted is replaced as a whole when it ends: all other members may be called from many
/// threads, even during a fit, and a fit that fails leaves the earlier one as it was. Arrays returned are copies.
/// (Bishop, Pattern Recognition and Machine Learning, 2006, §9.2.)
/// </remarks>
/// <example>
/// <code>
/// var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.TiedDiag, Restarts = 10 }.Fit(data);
/// int component = model.Predict([[3.6, 79]])[0];
/// </code>
/// </example>
public sealed class GaussianMixture
{
    private static readonly GmmOptions Defaults = Core.Gmm.defaults;

    private readonly Fitted<Fit<Gaussian>> fitted = new(nameof(GaussianMixture));

    /// <summary>A mixture of K components, to be fitted.</summary>
    /// <param name="components">How many components, K; from 1 to the number of rows.</param>
    public GaussianMixture(int components) => Components = components;

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>How many components the mixture has, K; from 1 to the number of rows.</summary>
    public int Components { get; set; }

    /// <summary>Which covariances the components have; Full unless set.</summary>
    public CovarianceType CovarianceType { get; set; } = CovarianceType.Full;

    /// <summary>The change of the objective below which the fit has converged; 1e-6 unless set.</summary>
    /// <remarks>The objective is (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ. At 0 exactly <see cref="MaxIterations"/> are made.</remarks>
    public double Tolerance { get; set; } = Defaults.Tolerance;

    /// <summary>How many iterations are made at most; 1000 unless set.</summary>
    public int MaxIterations { get; set; } = Defaults.MaxIterations;

    /// <summary>What is added to the diagonal of every covariance; <c>Regularisation.Relative(1e-6)</c> unless set.</summary>
    public Regularisation RegCovar { get; set; } = Regularisation.Of(Defaults.RegCovar);

    /// <summary>How the start is found when none is given; by k-means unless set.</summary>
    public InitMethod Init { get; set; } = InitMethod.KMeans;

    /// <summary>Starting weights πₖ (K), with <see cref="InitMeans"/> and <see cref="InitCovariances"/>; they are divided by their sum.</summary>
    public double[]? InitWeights { get; set; }

    /// <summary>Starting means μₖ (K×D).</summary>
    /// <remarks>
    /// Without <see cref="InitCovariances"/> every component is as wide as the data; without <see cref="InitWeights"/> all
    /// weights are equal.
    /// </remarks>
    public double[,]? InitMeans { get; set; }

    /// <summary>Starting covariances, with <see cref="InitMeans"/>.</summary>
    /// <remarks>
    /// Shaped as the structure has them (<see cref="Covariances.Values"/>), or as one matrix for all components, or as a
    /// number σ² for σ²I; symmetric and positive definite.
    /// </remarks>
    public Tensor? InitCovariances { get; set; }

    /// <summary>A label from 0 to K − 1 for every row (N) to start from: the first mixture is their M-step.</summary>
    public int[]? InitLabels { get; set; }

    /// <summary>Responsibilities (N×K) to start from, each row summing to 1: the first mixture is their M-step.</summary>
    public double[,]? InitResponsibilities { get; set; }

    /// <summary>How many runs are made, with seeds RandomState, RandomState + 1, …; 1 unless set.</summary>
    /// <remarks>The best final objective wins. A given start is run once.</remarks>
    public int Restarts { get; set; } = Defaults.Restarts;

    /// <summary>The seed of the first run; 0 unless set.</summary>
    /// <remarks>A seed gives the same bits on every run and for any number of threads.</remarks>
    public int RandomState { get; set; } = Defaults.Seed;

    /// <summary>Whether to run classification EM, which gives every row to its likeliest component; false unless set.</summary>
    /// <remarks>Responsibilities are one-hot, ties go to the lower component (Celeux and Govaert 1992).</remarks>
    public bool Cem { get; set; }

    /// <summary>The prior on the weights, π ~ Dirichlet(α): a number or one for every component (K), each 1 or more.</summary>
    /// <remarks>πₖ = (Nₖ + αₖ − 1) / Σⱼ (Nⱼ + αⱼ − 1).</remarks>
    public Tensor? WeightConcentrationPrior { get; set; }

    /// <summary>
    /// The prior on the means, μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀): m₀, one for all components (D) or one for each (K×D), with κ₀ in
    /// <see cref="MeanPrecisionPrior"/>.
    /// </summary>
    /// <remarks>μₖ = (Nₖ x̄ₖ + κ₀ m₀ₖ) / (Nₖ + κ₀) (Murphy, Machine Learning, 2012, §11.4.2.8).</remarks>
    public Tensor? MeanPrior { get; set; }

    /// <summary>How many rows the prior on the means is worth: κ₀ above 0, with <see cref="MeanPrior"/>.</summary>
    public double? MeanPrecisionPrior { get; set; }

    /// <summary>
    /// The prior on the covariances, inverse Wishart within the structure: Ψ₀, shaped as the covariances, or as one of them
    /// for all, or a number ψ for ψI, with ν₀ in <see cref="DegreesOfFreedomPrior"/>.
    /// </summary>
    /// <remarks>Its density is ∝ |Σ|^−(ν₀+D+1)/2 exp(−½ tr Ψ₀Σ⁻¹).</remarks>
    public Tensor? CovariancePrior { get; set; }

    /// <summary>The degrees of freedom of the prior on the covariances: ν₀ above D − 1, with <see cref="CovariancePrior"/>.</summary>
    public double? DegreesOfFreedomPrior { get; set; }

    /// <summary>How many threads work at most; all cores unless set. The number changes no result.</summary>
    public int Threads { get; set; } = Defaults.Execution.Threads;

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the mixture to data and returns this object.</summary>
    /// <remarks>Not converging is no error: see <see cref="Converged"/>.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, which the message states with the value.</exception>
    /// <exception cref="MixtureFitException">In every run a covariance became singular or a component was left with no rows.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public GaussianMixture Fit(Rows data, double[]? sampleWeights = null, CancellationToken cancellationToken = default)
    {
        Run(data.ToSource(sampleWeights), cancellationToken);
        return this;
    }

    /// <summary>Fits the mixture to data and returns the likeliest component of every row (N).</summary>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>A component for every row (N).</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, which the message states with the value.</exception>
    /// <exception cref="MixtureFitException">In every run a covariance became singular or a component was left with no rows.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public int[] FitPredict(Rows data, double[]? sampleWeights = null, CancellationToken cancellationToken = default)
    {
        var source = data.ToSource(sampleWeights);
        return Core.Predict.labels(Run(source, cancellationToken), source).Get();
    }

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The likeliest component of every row, the lower of equals.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A component for every row (N).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int[] Predict(Rows data) => Core.Predict.labels(fitted.Get(), data.ToSource(null)).Get();

    /// <summary>The responsibilities rₙₖ = p(k|xₙ) of the components for every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Responsibilities (N×K), each row summing to 1.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] PredictProba(Rows data) => Core.Predict.responsibilities(fitted.Get(), data.ToSource(null)).Get();

    /// <summary>The log-density ln p(xₙ) of every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A log-density for every row (N).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] ScoreSamples(Rows data) => Core.Predict.logDensities(fitted.Get(), data.ToSource(null)).Get();

    /// <summary>The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The mean.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Score(Rows data, double[]? sampleWeights = null) =>
        Core.Predict.score(fitted.Get(), data.ToSource(sampleWeights)).Get();

    /// <summary>The Bayesian information criterion of the fit, −2 ln L + p ln n with n = Σₙ wₙ; lower is better (Schwarz 1978).</summary>
    /// <remarks>mclust's has the opposite sign.</remarks>
    /// <returns>The criterion.</returns>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Bic() => fitted.Get().Bic;

    /// <summary>Akaike's information criterion of the fit, −2 ln L + 2p; lower is better (Akaike 1974).</summary>
    /// <returns>The criterion.</returns>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Aic() => fitted.Get().Aic;

    /// <summary>Draws rows as points in the plane of two features, with every component's mean and ellipses, as SVG.</summary>
    /// <remarks>
    /// The points have the colours of their likeliest components; the ellipses (x−μₖ)ᵀΣₖ⁻¹(x−μₖ) = σ² are those of the marginal
    /// 2×2 covariances, the more opaque the larger the weight. Data of one feature are drawn as a histogram under the density.
    /// The text refers to nothing outside itself; any browser shows it.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">Title, columns, names, classes and size; unless given, as <see cref="PlotOptions"/> has them.</param>
    /// <returns>The picture.</returns>
    /// <exception cref="ArgumentException">The options break their rule, or do not belong to the data, or the data not to the fit.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public string ToSvg(Rows data, PlotOptions? options = null)
    {
        var (fit, source) = (fitted.Get(), data.ToSource(null));
        return Core.Plot.scatter((options ?? new()).Value, fit, source, Core.Predict.labels(fit, source).Get()).Get();
    }

    /// <summary>Draws rows as <see cref="ToSvg"/> does, and writes the picture to a file.</summary>
    /// <remarks>The folder is made if need be; the file is complete or, when it can't be written, as it was.</remarks>
    /// <param name="path">Where to write.</param>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="options">Title, columns, names, classes and size; unless given, as <see cref="PlotOptions"/> has them.</param>
    /// <exception cref="ArgumentException">The options break their rule, or do not belong to the data, or the data not to the fit.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void SaveSvg(string path, Rows data, PlotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        _ = Core.Plot.save(path, ToSvg(data, options)).Get();
    }

    // ── What was fitted ─────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Whether there has been a fit.</summary>
    public bool IsFitted => fitted.Exists;

    /// <summary>The weights πₖ (K), summing to 1.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] Weights => fitted.Get().Weights;

    /// <summary>The means μₖ (K×D).</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] Means => fitted.Get().Parameters.Means.toArray2D();

    /// <summary>The covariances Σₖ: <c>Covariances[k]</c> is a D×D matrix whatever the structure.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public Covariances Covariances => new(fitted.Get().Parameters);

    /// <summary>Whether the objective changed by less than <see cref="Tolerance"/> in the end.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public bool Converged => fitted.Get().Converged;

    /// <summary>How many iterations the best run made.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int Iterations => fitted.Get().Iterations;

    /// <summary>The mean log-likelihood per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ, of the fitted data.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double LowerBound => fitted.Get().LowerBound;

    /// <summary>The log-likelihood Σₙ wₙ ln p(xₙ) of the fitted data.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double LogLikelihood => fitted.Get().LogLikelihood;

    /// <summary>The objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of the start and after every iteration.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyList<double> Trace => Array.AsReadOnly(fitted.Get().Trace);

    /// <summary>The weights πₖ (K) that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] InitialWeights => fitted.Get().Start.Weights;

    /// <summary>The means μₖ (K×D) that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] InitialMeans => fitted.Get().Start.Parameters.Means.toArray2D();

    /// <summary>The covariances Σₖ that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public Covariances InitialCovariances => new(fitted.Get().Start.Parameters);

    /// <summary>The seed of the best run.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int BestRandomState => fitted.Get().Seed;

    /// <summary>How many parameters are free: K·D means, the structure's covariances and K − 1 weights.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int FreeParameters => fitted.Get().FreeParameters;

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private Fit<Gaussian> Run(Source source, CancellationToken cancellationToken) =>
        fitted.Set(Core.Gmm.fit(ToOptions(cancellationToken), source).Get());

    private GmmOptions ToOptions(CancellationToken cancellationToken)
    {
        var structure = ToStructure(CovarianceType);

        return new GmmOptions(
            components: Components,
            structure: structure,
            start: ToStart(structure),
            restarts: Restarts,
            seed: RandomState,
            assignment: Cem ? Assignment.Hard : Assignment.Soft,
            tolerance: Tolerance,
            maxIterations: MaxIterations,
            regCovar: RegCovar.Value,
            weightPrior: ToWeightPrior(WeightConcentrationPrior),
            meanPrior: Both(MeanPrior, MeanPrecisionPrior, nameof(MeanPrior), nameof(MeanPrecisionPrior)) is var (mean, precision)
                ? FSharpOption<MeanPrior>.Some(new(mean.Value, precision))
                : null,
            covariancePrior: Both(CovariancePrior, DegreesOfFreedomPrior, nameof(CovariancePrior), nameof(DegreesOfFreedomPrior)) is var (scale, degrees)
                ? FSharpOption<CovariancePrior>.Some(new(scale.Value, degrees))
                : null,
            execution: new Execution(Threads, cancellationToken));
    }

    private static Structure ToStructure(CovarianceType type) =>
        type switch
        {
            CovarianceType.Full => Structure.Full,
            CovarianceType.Diag => Structure.Diag,
            CovarianceType.Spherical => Structure.Spherical,
            CovarianceType.TiedFull => Structure.TiedFull,
            CovarianceType.TiedDiag => Structure.TiedDiag,
            CovarianceType.TiedSpherical => Structure.TiedSpherical,
            _ => throw Translation.UnknownValue(nameof(CovarianceType), type),
        };

    private Start<Gaussian> ToStart(Structure structure)
    {
        (object? Value, string Name)[] starts =
            [(InitMeans, nameof(InitMeans)), (InitLabels, nameof(InitLabels)), (InitResponsibilities, nameof(InitResponsibilities))];
        var given = starts.Where(start => start.Value is not null).Select(start => start.Name).ToArray();

        if (given.Length > 1)
        {
            throw Translation.Invalid(
                "The start", $"one of {string.Join(", ", starts.Select(start => start.Name))}", string.Join(" and ", given));
        }

        if (InitCovariances is not null && InitMeans is null)
        {
            throw Translation.Invalid(nameof(InitCovariances), $"given together with {nameof(InitMeans)}", "given without");
        }

        if (InitWeights is not null && InitCovariances is null)
        {
            throw Translation.Invalid(
                nameof(InitWeights), $"given together with {nameof(InitMeans)} and {nameof(InitCovariances)}", "given without");
        }

        return (InitMeans, InitLabels, InitResponsibilities, InitCovariances) switch
        {
            ({ } means, _, _, { } covariances) => Start<Gaussian>.NewMixture(ToMixture(structure, means, covariances)),
            ({ } means, _, _, _) => Start<Gaussian>.NewMeans(means),
            (_, { } labels, _, _) => Start<Gaussian>.NewLabels(labels),
            (_, _, { } responsibilities, _) => Start<Gaussian>.NewResponsibilities(responsibilities),
            _ => Init switch
            {
                InitMethod.KMeans => Start<Gaussian>.KMeans,
                InitMethod.KPlusPlus => Start<Gaussian>.KPlusPlus,
                InitMethod.Points => Start<Gaussian>.Points,
                _ => throw Translation.UnknownValue(nameof(Init), Init),
            },
        };
    }

    private Mixture<Gaussian> ToMixture(Structure structure, double[,] means, Tensor covariances)
    {
        var components = means.GetLength(0);
        var parameters = GaussianModule.create(structure, means, covariances.Value).Get();

        return InitWeights switch
        {
            null => Mixture.uniform(components, parameters),
            var weights when weights.Length == components => Mixture.create(weights, parameters).Get(),
            var weights => throw Translation.Invalid(
                nameof(InitWeights), $"one number for each of the {components} rows of {nameof(InitMeans)}", $"{weights.Length} numbers"),
        };
    }

    private WeightPrior ToWeightPrior(Tensor? concentration) =>
        concentration switch
        {
            null => WeightPrior.Flat,
            { Shape: [] } => WeightPrior.NewDirichlet([.. Enumerable.Repeat((double)concentration, Math.Max(0, Components))]),
            { Shape: [_] } => WeightPrior.NewDirichlet((double[])concentration),
            _ => throw Translation.Invalid(
                nameof(WeightConcentrationPrior), "a number or one for every component", $"{concentration.Shape.Count}-dimensional"),
        };

    /// <summary>Two settings that make one prior: both of them, null when neither is given.</summary>
    private static (Tensor, double)? Both(Tensor? value, double? strength, string valueName, string strengthName) =>
        (value, strength) switch
        {
            (null, null) => null,
            ({ } v, { } s) => (v, s),
            (null, _) => throw Translation.Invalid(strengthName, $"given together with {valueName}", "given without"),
            _ => throw Translation.Invalid(valueName, $"given together with {strengthName}", "given without"),
        };
}
