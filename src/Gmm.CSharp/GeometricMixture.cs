namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent numbers of failures before the first success, p(x) = Σₖ πₖ Πⱼ pₖⱼ (1 − pₖⱼ)^xⱼ; the data
/// are whole numbers from 0 upward.
/// </summary>
/// <remarks>(Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, §5.2.)</remarks>
/// <example>
/// <code>
/// var model = new GeometricMixture(components: 2) .Fit([[0], [1], [17], [2], [9]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class GeometricMixture : ProbabilityMixture
{
    private const string Family = "geometric";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public GeometricMixture(int components)
        : base(components)
    {
    }

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static GeometricMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new GeometricMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static GeometricMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new GeometricMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override GeometricMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Geometric(BetaPrior, nameof(BetaPrior));
}
