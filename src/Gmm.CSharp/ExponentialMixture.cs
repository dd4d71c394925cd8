namespace Gmm.CSharp;

/// <summary>A mixture of independent waiting times, p(x) = Σₖ πₖ Πⱼ λₖⱼ e^(−λₖⱼ xⱼ); the data are 0 or more.</summary>
/// <remarks>(Hasselblad 1969.)</remarks>
/// <example>
/// <code>
/// var model = new ExponentialMixture(components: 2).Fit([[0.1], [3.5], [0.3], [7.1]]);
/// double[,] rates = model.Rates;
/// </code>
/// </example>
public sealed class ExponentialMixture : RateMixture
{
    private const string Family = "exponential";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public ExponentialMixture(int components)
        : base(components)
    {
    }

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static ExponentialMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new ExponentialMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static ExponentialMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new ExponentialMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override ExponentialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Exponential(GammaPrior, nameof(GammaPrior));
}
