using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A Gaussian mixture whose weights, means and covariances have a posterior distribution, fitted by variational Bayes:
/// components that the data don't need lose their rows, so that K only has to be large enough.
/// </summary>
/// <remarks>
/// (Bishop, Pattern Recognition and Machine Learning, 2006, §10.2; Blei and Jordan 2006.) A priori μₖ|Λₖ ~ N(m₀,
/// (β₀Λₖ)⁻¹) and Λₖ = Σₖ⁻¹ ~ Wishart(ν₀, V₀⁻¹); if covariances are variances only, their inverses have gamma
/// distributions. The fit maximises the evidence lower bound, which never falls but for rounding. The defaults of the
/// priors are those of scikit-learn.
/// </remarks>
/// <example>
/// <code>
/// var model = new BayesianGaussianMixture(components: 10).Fit(data);
/// int found = model.EffectiveComponents;
/// (double[,] rows, _) = model.PlugIn.Sample(100);
/// </code>
/// </example>
public sealed class BayesianGaussianMixture : Estimator
{
    private static readonly FitOptions<BayesianGaussianKind, NormalWishart> Defaults = Core.Bayes.defaults;

    /// <summary>Creates a mixture of at most K components, to be fitted.</summary>
    /// <param name="components">
    /// The number of components, K, more than you expect; from 1 to the number of different rows.
    /// </param>
    public BayesianGaussianMixture(int components) => Components = components;

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The number of components, K; from 1 to the number of different rows.</summary>
    public int Components { get; set; }

    /// <summary>
    /// The covariance structure of the components: Full, Diag, Spherical or one of them tied; Full unless set.
    /// </summary>
    public CovarianceType CovarianceType { get; set; } = CovarianceType.Full;

    /// <summary>The kind of prior on the weights; a Dirichlet process unless set.</summary>
    public WeightConcentrationPriorType WeightConcentrationPriorType { get; set; } = WeightConcentrationPriorType.DirichletProcess;

    /// <summary>
    /// The concentration of the prior on the weights: γ of the process or α₀ of the distribution, from 1e-100 to 1e100;
    /// 1/K unless set.
    /// </summary>
    /// <remarks>The smaller it is, the fewer components get any weight.</remarks>
    public double? WeightConcentrationPrior { get; set; }

    /// <summary>m₀, for all components (D) or for each (K×D); the mean of the data unless set.</summary>
    public Tensor? MeanPrior { get; set; }

    /// <summary>
    /// β₀, the number of rows that the prior on a mean counts as, from 1e-100 to 1e100; 1 unless set.
    /// </summary>
    public double MeanPrecisionPrior { get; set; } = Defaults.Family.MeanPrecisionPrior;

    /// <summary>
    /// V₀: shaped as the covariances, or as one of them for all, or a number v for vI; the unbiased covariance of the
    /// data unless set.
    /// </summary>
    /// <remarks>A precision matrix has the mean ν₀V₀⁻¹ a priori.</remarks>
    public Tensor? CovariancePrior { get; set; }

    /// <summary>ν₀, above D − 1 for full covariances and above 0 for others; D unless set.</summary>
    public double? DegreesOfFreedomPrior { get; set; }

    /// <summary>How to find a start when none is given; by one run of k-means unless set.</summary>
    /// <remarks><see cref="InitMethod.Auto"/> and <see cref="InitMethod.Thorough"/> are that of k-means here.</remarks>
    public InitMethod Init { get; set; } = InitMethod.KMeans;

    /// <summary>Starting means mₖ (K×D), around which every component is as wide as the data.</summary>
    public double[,]? InitMeans { get; set; }

    /// <summary>A label from 0 to K − 1 for every row (N) to start from: the first posterior is their M-step.</summary>
    public int[]? InitLabels { get; set; }

    /// <summary>
    /// Responsibilities (N×K) to start from, each row summing to 1: the first posterior is their M-step.
    /// </summary>
    public double[,]? InitResponsibilities { get; set; }

    /// <summary>Whether a fit continues from the last one, if there is one; false unless set.</summary>
    /// <remarks>
    /// Two fits of one iteration are one fit of two, to the last bit. The settings of the start apply to the first fit
    /// only.
    /// </remarks>
    public bool WarmStart { get; set; }

    /// <summary>When the fit has converged; by Aitken's rule unless set.</summary>
    public StoppingRule Stopping { get; set; } = StoppingRule.Aitken;

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the posterior to data and returns this object.</summary>
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, a column is constant and there is no <see
    /// cref="CovariancePrior"/>, or fewer than K rows differ.
    /// </exception>
    public override BayesianGaussianMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Returns the responsibilities of the components for every row, those of the variational posterior.
    /// </summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Responsibilities (N×K), each row summing to 1.</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double[,] PredictProba(Rows data) => Current().Responsibilities(data.ToSource(null));

    /// <summary>
    /// Returns the log-density ln p(xₙ|X) of every row under the posterior: that of a mixture of Student's t
    /// distributions.
    /// </summary>
    /// <remarks>
    /// (Bishop, 2006, eqs. 10.81–10.82.) Diagonal covariances of more than one feature have none; <see cref="PlugIn"/>
    /// has a density for all structures.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A log-density for every row (N).</returns>
    /// <exception cref="ArgumentException">
    /// The covariances are diagonal with more than one feature; the prior has so few degrees of freedom that the next
    /// row has fewer than 0.1; or the data have another number of features, no rows, or a number that is not finite.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] PredictiveScoreSamples(Rows data)
    {
        var mixture = Core.Bayes.predictive(Current<BayesState>().Found).Get(("Structure", nameof(CovarianceType)));
        return Core.Predict.logDensitiesOf(Core.Model.ofFamily(StudentTModule.family), mixture, data.ToSource(null)).Get();
    }

    /// <summary>
    /// The Gaussian mixture with the expected parameters as a fitted model of its own, with all that such a model can
    /// do: densities, samples, pictures, conditionals, measures.
    /// </summary>
    /// <remarks>
    /// Its weights, means and covariances are those below. Its iterations and trace are those of the posterior; its
    /// log-likelihood is −∞,
    /// because nothing has computed it: see <see cref="MixtureModel.Score(Rows, double[])"/>.
    /// </remarks>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public GaussianMixture PlugIn => Adopt(
        new GaussianMixture(Posterior().Components) { CovarianceType = GaussianSettings.ToCovarianceType(Posterior().Gaussian.Structure) },
        new FitOf<Gaussian>(Current<BayesState>().Found.PlugIn));

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static BayesianGaussianMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new BayesianGaussianMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static BayesianGaussianMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new BayesianGaussianMixture(1), Saving.FromDictionary(state, _ => NormalWishartModule.name));

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The evidence lower bound, at most ln p(X) under the prior, in total and with all constants.</summary>
    /// <remarks>
    /// Fits of the same data can be compared by it, whatever their covariances and priors. Under a Dirichlet distribution
    /// of the weights and one m₀ and V₀ for all, the K! orders of the components are equivalent, and the bound counts
    /// one of them. To compare different K, add ln K! (Bishop, 2006, §10.2.4), or ln(K!/m!) if m components have no
    /// rows: they all equal the prior, so that their order makes no difference. Add nothing under a Dirichlet process,
    /// the default, whose orders aren't equivalent. <see cref="Estimator.Trace"/> has the bound divided by Σₙ wₙ.
    /// </remarks>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double LowerBound => Current<BayesState>().Found.LowerBound;

    /// <summary>The number of components with at least the weight of one row, Nₖ ≥ 1.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public int EffectiveComponents => Current<BayesState>().Found.EffectiveComponents;

    /// <summary>The expected weights E πₖ (K), summing to 1.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] Weights => Current<BayesState>().Found.Weights;

    /// <summary>The expected means mₖ = E μₖ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Means => Current<BayesState>().Found.Means;

    /// <summary>
    /// The covariances Vₖ/νₖ = (E Λₖ)⁻¹: <c>Covariances[k]</c> is a D×D matrix whatever the structure.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Covariances Covariances => new(Posterior().Gaussian);

    /// <summary>
    /// The expected precisions E Λₖ in the structure's own shape, that of <see cref="Covariances.Values"/>.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Tensor Precisions => new(GaussianModule.precisions(Posterior().Gaussian));

    /// <summary>The factors U of the expected precisions, E Λₖ = UₖUₖᵀ, in the same shape.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Tensor PrecisionsCholesky => new(GaussianModule.precisionsCholesky(Posterior().Gaussian));

    /// <summary>βₖ = β₀ + Nₖ (K).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] MeanPrecisions => [.. Posterior().MeanPrecisions];

    /// <summary>νₖ = ν₀ + Nₖ (K), or ν₀ + N for the one covariance that tied components share (1).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] DegreesOfFreedom => [.. Posterior().DegreesOfFreedom];

    /// <summary>
    /// The posterior of the weights: αₖ of a Dirichlet distribution (K×1), or aₖ and bₖ of the sticks of a process
    /// (K×2).
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] WeightConcentrations => WeightDistributionModule.table(Posterior().Weights);

    /// <summary>
    /// The means mₖ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> MeansHistory => History(Current<BayesState>().History(posterior => posterior.Gaussian.Means.toArray2D()));

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────────

    private NormalWishart Posterior([CallerMemberName] string member = "") => Current<BayesState>(member).Parameters;

    private protected override Func<IFit> Prepare(Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        var isWarm = WarmStart && IsFitted;
        var start = isWarm
            ? Start<NormalWishart>.NewMixture(Current<BayesState>().Value.Mixture)
            : ToStart(
                Init,
                (nameof(InitMeans), InitMeans is { } means ? Start<NormalWishart>.NewMeans(means) : null),
                (nameof(InitLabels), InitLabels is { } labels ? Start<NormalWishart>.NewLabels(labels) : null),
                (nameof(InitResponsibilities),
                    InitResponsibilities is { } shares ? Start<NormalWishart>.NewResponsibilities(shares) : null));
        var options = ToOptions(
            ToKind(),
            Components,
            start,
            startWeights: null,
            Defaults.Assignment,
            ToCore(Stopping),
            Defaults.Acceleration,
            Defaults.WeightPrior,
            noise: null,
            Defaults.Missing,
            progress,
            cancellationToken);
        (string, string)[] names =
        [
            ("Structure", nameof(CovarianceType)),
            ("WeightConcentration", nameof(WeightConcentrationPrior)),
            ("DegreesOfFreedomPrior", nameof(DegreesOfFreedomPrior)),
            ("Start mixture", $"The last fit, for {nameof(WarmStart)},"),
        ];
        return () => new BayesState(Core.Bayes.fit(options, source).Get(names));
    }

    private BayesianGaussianKind ToKind() =>
        new(
            structure: GaussianSettings.ToStructure(CovarianceType),
            weightConcentration: WeightConcentrationPriorType switch
            {
                WeightConcentrationPriorType.DirichletProcess =>
                    WeightConcentration.NewDirichletProcess(WeightConcentrationPrior ?? 1.0 / Components),
                WeightConcentrationPriorType.DirichletDistribution =>
                    WeightConcentration.NewDirichletDistribution(WeightConcentrationPrior ?? 1.0 / Components),
                _ => throw Translation.UnknownValue(nameof(WeightConcentrationPriorType), WeightConcentrationPriorType),
            },
            meanPrior: ToOption(MeanPrior),
            meanPrecisionPrior: MeanPrecisionPrior,
            degreesOfFreedomPrior: DegreesOfFreedomPrior is { } degrees ? FSharpOption<double>.Some(degrees) : null,
            covariancePrior: ToOption(CovariancePrior));

    private static FSharpOption<Core.Tensor>? ToOption(Tensor? tensor) =>
        tensor is null ? null : FSharpOption<Core.Tensor>.Some(tensor.Value);

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("components", () => Components, value => Components = value),
        Setting.Of("structure", () => CovarianceType, value => CovarianceType = value),
        Setting.Of("weightConcentrationPriorType", () => WeightConcentrationPriorType, value => WeightConcentrationPriorType = value),
        Setting.Optional("weightConcentrationPrior", () => WeightConcentrationPrior, value => WeightConcentrationPrior = value),
        Setting.Optional("meanPrior", () => MeanPrior, value => MeanPrior = value),
        Setting.Of("meanPrecisionPrior", () => MeanPrecisionPrior, value => MeanPrecisionPrior = value),
        Setting.Optional("degreesOfFreedomPrior", () => DegreesOfFreedomPrior, value => DegreesOfFreedomPrior = value),
        Setting.Optional("covariancePrior", () => CovariancePrior, value => CovariancePrior = value),
        Setting.Of("init", () => Init, value => Init = value),
        Setting.Optional("initMeans", () => InitMeans, value => InitMeans = value),
        Setting.Of("stopping", () => Stopping, value => Stopping = value),
        Setting.Of("warmStart", () => WarmStart, value => WarmStart = value),
    ];

    private protected override string Description => Words.Count(Components, "component") + Words.Covariances(CovarianceType);

    private protected override Func<IFit> Open(SavedFit saved)
    {
        var fit = Saving.Open<NormalWishart>(saved);
        Components = fit.Components;
        CovarianceType = GaussianSettings.ToCovarianceType(fit.Parameters.Gaussian.Structure);
        WeightConcentrationPriorType = fit.Parameters.Weights.IsSticks
            ? WeightConcentrationPriorType.DirichletProcess
            : WeightConcentrationPriorType.DirichletDistribution;

        if (saved.Options.IsEmpty)
        {
            // The F# library saves the prior, but not which of its numbers were set.
            Core.Tensor Of(string name) => saved.State[$"settings.{name}"];
            var degrees = Of("degreesOfFreedom").toArray()[0];
            WeightConcentrationPrior = Of("concentrations").toArray()[^1];
            MeanPrior = new(Of("means"));
            MeanPrecisionPrior = Of("meanPrecisions").toArray()[0];
            DegreesOfFreedomPrior = degrees;
            CovariancePrior = new(Of("covariances") * degrees);
        }

        return () => new BayesState(Core.Bayes.ofFit(fit));
    }
}
