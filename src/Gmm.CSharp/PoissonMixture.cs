namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent counts, p(x) = Σₖ πₖ Πⱼ λₖⱼ^xⱼ e^−λₖⱼ / xⱼ!; the data are whole numbers from 0 upward.
/// </summary>
/// <remarks>(Hasselblad 1969.)</remarks>
/// <example>
/// <code>
/// var model = new PoissonMixture(components: 2).Fit([[0], [1], [7], [1], [9]]);
/// double[,] rates = model.Rates;
/// </code>
/// </example>
public sealed class PoissonMixture : RateMixture
{
    private const string Family = "poisson";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public PoissonMixture(int components)
        : base(components)
    {
    }

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static PoissonMixture Load(string path) => Saving.Load(path, saved => Restore(new PoissonMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static PoissonMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new PoissonMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override PoissonMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Poisson(GammaPrior, nameof(GammaPrior));
}
