using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent numbers between 0 and 1, such as shares, p(x) = Σₖ πₖ Πⱼ xⱼ^(αₖⱼ−1) (1 − xⱼ)^(βₖⱼ−1) /
/// B(αₖⱼ, βₖⱼ); the data are above 0 and below 1.
/// </summary>
/// <remarks>(Bishop, Pattern Recognition and Machine Learning, 2006, §2.1.1.)</remarks>
/// <example>
/// <code>
/// var model = new BetaMixture(components: 2).Fit([[0.1], [0.8], [0.15], [0.9], [0.2], [0.7]]);
/// double[,] alphas = model.Alphas, betas = model.Betas;
/// </code>
/// </example>
public sealed class BetaMixture : TwoParameterMixture
{
    private const string Family = "beta";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public BetaMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The prior on the parameters of every column, which acts like so many extra numbers of the beta distribution with
    /// this α and β: count of 0 or more, α and β above 0; none unless set.
    /// </summary>
    public (double Count, double Alpha, double Beta)? Prior { get; set; }

    /// <summary>
    /// Starting parameters αₖⱼ (K×D), above 0, with <see cref="InitBetas"/>, and with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitAlphas { get; set; }

    /// <summary>
    /// Starting parameters βₖⱼ (K×D), above 0, with <see cref="InitAlphas"/>, and with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitBetas { get; set; }

    /// <summary>The parameters αₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Alphas => Fitted(Core.Beta.alphas);

    /// <summary>The parameters αₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialAlphas => Initial(Core.Beta.alphas);

    /// <summary>
    /// The parameters αₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/>
    /// is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> AlphasHistory => Every(Core.Beta.alphas);

    /// <summary>The parameters βₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Betas => Fitted(Core.Beta.betas);

    /// <summary>The parameters βₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialBetas => Initial(Core.Beta.betas);

    /// <summary>
    /// The parameters βₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/>
    /// is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> BetasHistory => Every(Core.Beta.betas);

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static BetaMixture Load(string path) => Saving.Load(path, saved => Restore(new BetaMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static BetaMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new BetaMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("prior", () => Prior, value => Prior = value),
        Setting.Optional("initAlphas", () => InitAlphas, value => InitAlphas = value),
        Setting.Optional("initBetas", () => InitBetas, value => InitBetas = value),
    ];

    private protected override ((string Name, double[,]? Value) First, (string Name, double[,]? Value) Second) Start =>
        ((nameof(InitAlphas), InitAlphas), (nameof(InitBetas), InitBetas));

    private protected override FSharpResult<ExponentialParameters, GmmError> Make(double[,] first, double[,] second) =>
        Core.Beta.ofAlphasAndBetas(first, second);

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override BetaMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.BetaNumbers(Prior, nameof(Prior));
}
