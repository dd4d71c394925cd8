using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent positive numbers whose logarithms are normal, with means μₖⱼ and standard deviations σₖⱼ;
/// the data are above 0.
/// </summary>
/// <remarks>(Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, vol. 1, 1994, §14.2.)</remarks>
/// <example>
/// <code>
/// var model = new LogNormalMixture(components: 2).Fit([[0.5], [80.1], [0.9], [97.3], [1.4], [72]]);
/// double[,] means = model.LogMeans, deviations = model.LogDeviations;
/// </code>
/// </example>
public sealed class LogNormalMixture : TwoParameterMixture
{
    private const string Family = "lognormal";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public LogNormalMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The prior on the parameters of every column, which acts like so many extra numbers of the log-normal
    /// distribution with this μ and σ: count of 0 or more, σ above 0; none unless set.
    /// </summary>
    public (double Count, double LogMean, double LogDeviation)? Prior { get; set; }

    /// <summary>
    /// Starting means μₖⱼ of ln x (K×D), with <see cref="InitLogDeviations"/>, and with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitLogMeans { get; set; }

    /// <summary>
    /// Starting standard deviations σₖⱼ of ln x (K×D), at least 1e-4, with <see cref="InitLogMeans"/>, and with or
    /// without <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitLogDeviations { get; set; }

    /// <summary>The means μₖⱼ of ln x (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] LogMeans => Fitted(Core.LogNormal.logMeans);

    /// <summary>The means μₖⱼ of ln x (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialLogMeans => Initial(Core.LogNormal.logMeans);

    /// <summary>
    /// The means μₖⱼ of ln x (K×D) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> LogMeansHistory => Every(Core.LogNormal.logMeans);

    /// <summary>The standard deviations σₖⱼ of ln x (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] LogDeviations => Fitted(Core.LogNormal.logDeviations);

    /// <summary>The standard deviations σₖⱼ of ln x (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialLogDeviations => Initial(Core.LogNormal.logDeviations);

    /// <summary>
    /// The standard deviations σₖⱼ of ln x (K×D) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> LogDeviationsHistory => Every(Core.LogNormal.logDeviations);

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static LogNormalMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new LogNormalMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static LogNormalMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new LogNormalMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("prior", () => Prior, value => Prior = value),
        Setting.Optional("initLogMeans", () => InitLogMeans, value => InitLogMeans = value),
        Setting.Optional("initLogDeviations", () => InitLogDeviations, value => InitLogDeviations = value),
    ];

    private protected override ((string Name, double[,]? Value) First, (string Name, double[,]? Value) Second) Start =>
        ((nameof(InitLogMeans), InitLogMeans), (nameof(InitLogDeviations), InitLogDeviations));

    private protected override FSharpResult<ExponentialParameters, GmmError> Make(double[,] first, double[,] second) =>
        Core.LogNormal.ofLogMeansAndDeviations(first, second);

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override LogNormalMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.LogNormal(Prior, nameof(Prior));
}
