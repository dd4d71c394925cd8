namespace Gmm.CSharp;

/// <summary>
/// What mixtures of yes-or-no columns, of successes and of failures have in common: probabilities pₖⱼ, with a beta
/// prior.
/// </summary>
public abstract class ProbabilityMixture : ExponentialFamilyMixture
{
    private protected ProbabilityMixture(int components)
        : base(components)
    {
    }

    /// <summary>The prior on the probabilities, pₖⱼ ~ Beta(a, b), both 1 or more; none unless set.</summary>
    /// <remarks>
    /// The estimate is p̂ₖⱼ = (s + a − 1) / (s + f + a + b − 2), from the component's successes s, or 1s, and its
    /// failures f, or 0s.
    /// </remarks>
    public (double A, double B)? BetaPrior { get; set; }

    /// <summary>
    /// Starting probabilities pₖⱼ of a 1, or of a success (K×D), each between 0 and 1, with or without
    /// <see cref="MixtureModel.InitWeights"/>; geometric ones are above 0.
    /// </summary>
    public double[,]? InitProbabilities { get; set; }

    /// <summary>The probabilities pₖⱼ of a 1, or of a success (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Probabilities => (double[,])Parameters();

    /// <summary>The probabilities pₖⱼ of a 1, or of a success (K×D), that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialProbabilities => (double[,])InitialParameters();

    /// <summary>
    /// The probabilities pₖⱼ of a 1, or of a success (K×D), of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> ProbabilitiesHistory => ParametersHistory<double[,]>();

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("betaPrior", () => BetaPrior, value => BetaPrior = value),
        Setting.Optional("initProbabilities", () => InitProbabilities, value => InitProbabilities = value),
    ];

    private protected sealed override string GivenName => nameof(InitProbabilities);

    private protected sealed override Array? Given => InitProbabilities;
}
