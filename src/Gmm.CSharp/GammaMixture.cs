using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent positive numbers with shapes αₖⱼ and rates βₖⱼ, p(x) = Σₖ πₖ Πⱼ βₖⱼ^αₖⱼ xⱼ^(αₖⱼ−1) e^(−βₖⱼ
/// xⱼ) / Γ(αₖⱼ); the data are above 0.
/// </summary>
/// <remarks>(Murphy, Machine Learning, 2012, §2.4.4.)</remarks>
/// <example>
/// <code>
/// var model = new GammaMixture(components: 2).Fit([[0.5], [8.1], [0.9], [9.7], [1.4], [7.2]]);
/// double[,] shapes = model.Shapes, rates = model.Rates;
/// </code>
/// </example>
public sealed class GammaMixture : TwoParameterMixture
{
    private const string Family = "gamma";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public GammaMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The prior on the parameters of every column, which acts like so many extra numbers of the gamma distribution
    /// with this shape and rate: count of 0 or more, shape and rate above 0; none unless set.
    /// </summary>
    public (double Count, double Shape, double Rate)? Prior { get; set; }

    /// <summary>
    /// Starting shapes αₖⱼ (K×D), above 0 and at most 1e8, with <see cref="InitRates"/>, and with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitShapes { get; set; }

    /// <summary>
    /// Starting rates βₖⱼ (K×D), above 0, with <see cref="InitShapes"/>, and with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitRates { get; set; }

    /// <summary>The shapes αₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Shapes => Fitted(Core.Gamma.shapes);

    /// <summary>The shapes αₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialShapes => Initial(Core.Gamma.shapes);

    /// <summary>
    /// The shapes αₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> ShapesHistory => Every(Core.Gamma.shapes);

    /// <summary>The rates βₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Rates => Fitted(Core.Gamma.rates);

    /// <summary>The rates βₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialRates => Initial(Core.Gamma.rates);

    /// <summary>
    /// The rates βₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> RatesHistory => Every(Core.Gamma.rates);

    /// <summary>The scales 1/βₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Scales => Fitted(Core.Gamma.scales);

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static GammaMixture Load(string path) => Saving.Load(path, saved => Restore(new GammaMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static GammaMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new GammaMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("prior", () => Prior, value => Prior = value),
        Setting.Optional("initShapes", () => InitShapes, value => InitShapes = value),
        Setting.Optional("initRates", () => InitRates, value => InitRates = value),
    ];

    private protected override ((string Name, double[,]? Value) First, (string Name, double[,]? Value) Second) Start =>
        ((nameof(InitShapes), InitShapes), (nameof(InitRates), InitRates));

    private protected override FSharpResult<ExponentialParameters, GmmError> Make(double[,] first, double[,] second) =>
        Core.Gamma.ofShapesAndRates(first, second);

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override GammaMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.Gamma(Prior, nameof(Prior));
}
