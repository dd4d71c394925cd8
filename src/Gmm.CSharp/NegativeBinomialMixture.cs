namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent counts with means μₖⱼ and sizes rₖⱼ, more dispersed than Poisson counts: the variance of a
/// component is μₖⱼ + μₖⱼ²/rₖⱼ; the data are whole numbers from 0 upward.
/// </summary>
/// <remarks>
/// Counts that are less dispersed than Poisson counts have the largest size, 1e8, which stands for a Poisson
/// distribution. (Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, §5.1.)
/// </remarks>
/// <example>
/// <code>
/// var model = new NegativeBinomialMixture(components: 2).Fit([[0], [3], [71], [1], [9], [140]]);
/// double[,] means = model.Means, sizes = model.Sizes;
/// </code>
/// </example>
public sealed class NegativeBinomialMixture : MixtureModel
{
    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public NegativeBinomialMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// Starting means μₖⱼ (K×D), 0 or more, with or without <see cref="InitSizes"/> and
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitMeans { get; set; }

    /// <summary>
    /// Starting sizes rₖⱼ (K×D), above 0 and at most 1e8, with <see cref="InitMeans"/>; unless given, that of the data.
    /// </summary>
    public double[,]? InitSizes { get; set; }

    /// <summary>The means μₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Means => NegativeBinomialModule.means(Current<FitOf<NegativeBinomial>>().Parameters);

    /// <summary>The means μₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialMeans => NegativeBinomialModule.means(Current<FitOf<NegativeBinomial>>().InitialParameters);

    /// <summary>
    /// The means μₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> MeansHistory =>
        History(Current<FitOf<NegativeBinomial>>().History(NegativeBinomialModule.means));

    /// <summary>The sizes rₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Sizes => NegativeBinomialModule.sizes(Current<FitOf<NegativeBinomial>>().Parameters);

    /// <summary>The sizes rₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialSizes => NegativeBinomialModule.sizes(Current<FitOf<NegativeBinomial>>().InitialParameters);

    /// <summary>
    /// The sizes rₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> SizesHistory =>
        History(Current<FitOf<NegativeBinomial>>().History(NegativeBinomialModule.sizes));

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static NegativeBinomialMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new NegativeBinomialMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static NegativeBinomialMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new NegativeBinomialMixture(1), Saving.FromDictionary(state, _ => NegativeBinomialModule.family.Name));

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override NegativeBinomialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("initMeans", () => InitMeans, value => InitMeans = value),
        Setting.Optional("initSizes", () => InitSizes, value => InitSizes = value),
    ];

    private protected override Func<IFit> Open(SavedFit saved) => Open(NegativeBinomialModule.family, saved);

    private protected override IFitting ToFitting(bool isWarm) =>
        new Fitting<NegativeBinomialKind, NegativeBinomial>(
            this,
            isWarm,
            [NegativeBinomialKindModule.defaults],
            GivenStart<NegativeBinomial>.Of(
                nameof(InitMeans), InitMeans, nameof(InitSizes), InitSizes, NegativeBinomialModule.create),
            fit => new FitOf<NegativeBinomial>(fit));
}
