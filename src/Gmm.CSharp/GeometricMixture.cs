namespace Gmm.CSharp;

/// <summary>A mixture of independent numbers of failures before the first success, p(x) = Σₖ πₖ Πⱼ pₖⱼ (1 − pₖⱼ)^xⱼ; the data are whole numbers from 0 upward.</summary>
/// <remarks>(Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, §5.2.)</remarks>
/// <example>
/// <code>
/// var model = new GeometricMixture(components: 2) .Fit([[0], [1], [17], [2], [9]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class GeometricMixture : ExponentialFamilyMixture
{
    private const string Family = "geometric";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public GeometricMixture(int components)
        : base(components)
    {
    }

    /// <summary>The prior on the probabilities, pₖⱼ ~ Beta(a, b), both 1 or more; none unless set.</summary>
    /// <remarks>p̂ₖⱼ = (Nₖ + a − 1) / (Nₖ + Σₙ rₙₖ xₙⱼ + a + b − 2).</remarks>
    public (double A, double B)? BetaPrior { get; set; }

    /// <summary>Starting probabilities pₖⱼ of a success (K×D), each above 0 and at most 1, with or without <see cref="MixtureModel.InitWeights"/>.</summary>
    public double[,]? InitProbabilities { get; set; }

    /// <summary>The probabilities pₖⱼ of a success (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Probabilities => (double[,])Parameters();

    /// <summary>The probabilities pₖⱼ of a success (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialProbabilities => (double[,])InitialParameters();

    /// <summary>The probabilities pₖⱼ of a success (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is set.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> ProbabilitiesHistory => ParametersHistory<double[,]>();

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.</summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static GeometricMixture Load(string path) => Saving.Load(path, saved => Restore(new GeometricMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static GeometricMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new GeometricMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("betaPrior", () => BetaPrior, value => BetaPrior = value),
        Setting.Optional("initProbabilities", () => InitProbabilities, value => InitProbabilities = value),
    ];

    private protected override string GivenName => nameof(InitProbabilities);

    private protected override Array? Given => InitProbabilities;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override GeometricMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.Geometric(BetaPrior, nameof(BetaPrior));
}
