using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent numbers of successes in n trials, p(x) = Σₖ πₖ Πⱼ C(n, xⱼ) pₖⱼ^xⱼ (1 − pₖⱼ)^(n−xⱼ); the
/// data are whole numbers from 0 to n.
/// </summary>
/// <remarks>(Hasselblad 1969.)</remarks>
/// <example>
/// <code>
/// var model = new BinomialMixture(components: 2, trials: 10).Fit([[5], [9], [8], [4], [7]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class BinomialMixture : ProbabilityMixture
{
    private const string Family = "binomial";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    /// <param name="trials">Out of how many trials the successes are, n; 1 or more.</param>
    public BinomialMixture(int components, int trials)
        : base(components) => Trials = trials;

    /// <summary>Out of how many trials the successes are, n; 1 or more.</summary>
    public int Trials { get; set; }

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static BinomialMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new BinomialMixture(1, 1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static BinomialMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new BinomialMixture(1, 1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override string Details => $", {Words.Count(Trials, "trial")}";

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("trials", () => Trials, value => Trials = value),
    ];

    private protected override void Adopt(ExponentialParameters fit) => Trials = Core.Binomial.trials(fit);

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override BinomialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Binomial(Trials, BetaPrior, nameof(Trials), nameof(BetaPrior));
}
