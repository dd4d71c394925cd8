namespace Gmm.CSharp;

/// <summary>
/// A mixture of independent columns of levels, p(x) = Σₖ πₖ Πⱼ pₖⱼₗ with l = xⱼ; the data are whole numbers from 0 to L
/// − 1.
/// </summary>
/// <remarks>
/// Also known as latent class analysis. Columns of different numbers of levels are parts of a
/// <see cref="ProductMixture"/>. (Murphy, Machine Learning, 2012, §11.2.2.)
/// </remarks>
/// <example>
/// <code>
/// var model = new CategoricalMixture(components: 2, levels: 3).Fit([[0, 2], [0, 1], [2, 2], [1, 0]]);
/// double[,,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class CategoricalMixture : ExponentialFamilyMixture
{
    private const string Family = "categorical";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    /// <param name="levels">The number of levels of every column, L; 1 or more.</param>
    public CategoricalMixture(int components, int levels)
        : base(components) => Levels = levels;

    /// <summary>The number of levels of every column, L; 1 or more.</summary>
    public int Levels { get; set; }

    /// <summary>
    /// The prior on the probabilities, pₖⱼ ~ Dirichlet(α): a number or one for every level (L), each 1 or more; none
    /// unless set.
    /// </summary>
    /// <remarks>p̂ₖⱼₗ = (Σₙ rₙₖ [xₙⱼ = l] + αₗ − 1) / (Nₖ + Σₘ αₘ − L).</remarks>
    public Tensor? DirichletPrior { get; set; }

    /// <summary>
    /// Starting probabilities pₖⱼₗ of the levels (K×D×L), each 0 or more with a sum of 1 over the levels, with or
    /// without <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,,]? InitProbabilities { get; set; }

    /// <summary>The probabilities pₖⱼₗ of the levels (K×D×L).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,,] Probabilities => (double[,,])Parameters();

    /// <summary>The probabilities pₖⱼₗ of the levels (K×D×L) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,,] InitialProbabilities => (double[,,])InitialParameters();

    /// <summary>
    /// The probabilities pₖⱼₗ of the levels (K×D×L) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,,]> ProbabilitiesHistory => ParametersHistory<double[,,]>();

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static CategoricalMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new CategoricalMixture(1, 1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static CategoricalMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new CategoricalMixture(1, 1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override string Details => $", {Words.Count(Levels, "level")}";

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("levels", () => Levels, value => Levels = value),
        Setting.Optional("dirichletPrior", () => DirichletPrior, value => DirichletPrior = value),
        Setting.Optional("initProbabilities", () => InitProbabilities, value => InitProbabilities = value),
    ];

    private protected override void Adopt(ExponentialParameters fit) => Levels = fit.Means.shape[2];

    private protected override string GivenName => nameof(InitProbabilities);

    private protected override Array? Given => InitProbabilities;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override CategoricalMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() =>
        Parametrisation.Categorical(Levels, DirichletPrior, nameof(Levels), nameof(DirichletPrior));
}
