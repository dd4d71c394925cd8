namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent yes-or-no columns, p(x) = Σₖ πₖ Πⱼ pₖⱼ^xⱼ (1 − pₖⱼ)^(1−xⱼ); the data are 0 and 1.
/// </summary>
/// <remarks>
/// Also known as latent class analysis. (Bishop, Pattern Recognition and Machine Learning, 2006, §9.3.3.)
/// </remarks>
/// <example>
/// <code>
/// var model = new BernoulliMixture(components: 2) { BetaPrior = (2, 2) }.Fit([[0, 1, 1], [1, 1, 1], [0, 0, 0]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class BernoulliMixture : ProbabilityMixture
{
    private const string Family = "bernoulli";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public BernoulliMixture(int components)
        : base(components)
    {
    }

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static BernoulliMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new BernoulliMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static BernoulliMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new BernoulliMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override BernoulliMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Bernoulli(BetaPrior, nameof(BetaPrior));
}
