using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>A mixture of independent numbers of successes in n trials, p(x) = Σₖ πₖ Πⱼ C(n, xⱼ) pₖⱼ^xⱼ (1 − pₖⱼ)^(n−xⱼ); the data are whole numbers from 0 to n.</summary>
/// <remarks>(Hasselblad 1969.)</remarks>
/// <example>
/// <code>
/// var model = new BinomialMixture(components: 2, trials: 10).Fit([[5], [9], [8], [4], [7]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class BinomialMixture : ExponentialFamilyMixture
{
    private const string Family = "binomial";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    /// <param name="trials">Out of how many trials the successes are, n; 1 or more.</param>
    public BinomialMixture(int components, int trials)
        : base(components) => Trials = trials;

    /// <summary>Out of how many trials the successes are, n; 1 or more.</summary>
    public int Trials { get; set; }

    /// <summary>The prior on the probabilities, pₖⱼ ~ Beta(a, b), both 1 or more; none unless set.</summary>
    /// <remarks>p̂ₖⱼ = (Σₙ rₙₖ xₙⱼ + a − 1) / (n Nₖ + a + b − 2).</remarks>
    public (double A, double B)? BetaPrior { get; set; }

    /// <summary>Starting probabilities pₖⱼ of a success (K×D), each between 0 and 1, with or without <see cref="MixtureModel.InitWeights"/>.</summary>
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
    public static BinomialMixture Load(string path) => Saving.Load(path, saved => Restore(new BinomialMixture(1, 1), saved));

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
        Setting.Optional("betaPrior", () => BetaPrior, value => BetaPrior = value),
        Setting.Optional("initProbabilities", () => InitProbabilities, value => InitProbabilities = value),
    ];

    private protected override void Adopt(ExponentialParameters fit) => Trials = Core.Binomial.trials(fit);

    private protected override string GivenName => nameof(InitProbabilities);

    private protected override Array? Given => InitProbabilities;

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override BinomialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.Binomial(Trials, BetaPrior, nameof(Trials), nameof(BetaPrior));
}
