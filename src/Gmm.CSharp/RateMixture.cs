namespace Gmm.CSharp;

/// <summary>What mixtures of counts and of waiting times have in common: rates λₖⱼ, with a gamma prior.</summary>
public abstract class RateMixture : ExponentialFamilyMixture
{
    private protected RateMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The prior on the rates, λₖⱼ ~ Gamma(shape, rate), the shape 1 or more, the rate 0 or more; none unless set.
    /// </summary>
    /// <remarks>
    /// Of counts the estimate is λ̂ₖⱼ = (Σₙ rₙₖ xₙⱼ + shape − 1) / (Nₖ + rate), of waiting times
    /// λ̂ₖⱼ = (Nₖ + shape − 1) / (Σₙ rₙₖ xₙⱼ + rate).
    /// </remarks>
    public (double Shape, double Rate)? GammaPrior { get; set; }

    /// <summary>
    /// Starting rates λₖⱼ (K×D), with or without <see cref="MixtureModel.InitWeights"/>: 0 or more for counts, above 0
    /// for waiting times.
    /// </summary>
    public double[,]? InitRates { get; set; }

    /// <summary>The rates λₖⱼ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Rates => (double[,])Parameters();

    /// <summary>The rates λₖⱼ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialRates => (double[,])InitialParameters();

    /// <summary>
    /// The rates λₖⱼ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> RatesHistory => ParametersHistory<double[,]>();

    private protected sealed override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("gammaPrior", () => GammaPrior, value => GammaPrior = value),
        Setting.Optional("initRates", () => InitRates, value => InitRates = value),
    ];

    private protected sealed override string GivenName => nameof(InitRates);

    private protected sealed override Array? Given => InitRates;
}
