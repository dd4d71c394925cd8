namespace Gmm.CSharp;

/// <summary>A mixture of independent waiting times, p(x) = Σₖ πₖ Πⱼ λₖⱼ e^(−λₖⱼ xⱼ); the data are 0 or more.</summary>
/// <remarks>(Hasselblad 1969.)</remarks>
/// <example>
/// <code>
/// var model = new ExponentialMixture(components: 2).Fit([[0.1], [3.5], [0.3], [7.1]]);
/// double[,] rates = model.Rates;
/// </code>
/// </example>
public sealed class ExponentialMixture : ExponentialFamilyMixture
{
    private const string Family = "exponential";

    /// <summary>A mixture of K components, to be fitted.</summary>
    /// <param name="components">How many components, K; from 1 to the number of rows.</param>
    public ExponentialMixture(int components)
        : base(components)
    {
    }

    /// <summary>The prior on the rates, λₖⱼ ~ Gamma(shape, rate), the shape 1 or more, the rate 0 or more; none unless set.</summary>
    /// <remarks>λ̂ₖⱼ = (Nₖ + shape − 1) / (Σₙ rₙₖ xₙⱼ + rate).</remarks>
    public (double Shape, double Rate)? GammaPrior { get; set; }

    /// <summary>Starting rates λₖⱼ (K×D), each above 0, with or without <see cref="MixtureModel.InitWeights"/>.</summary>
    public double[,]? InitRates { get; set; }

    /// <summary>The rates λₖⱼ (K×D).</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] Rates => (double[,])Parameters();

    /// <summary>The rates λₖⱼ (K×D) that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] InitialRates => (double[,])InitialParameters();

    /// <summary>The rates λₖⱼ (K×D) of the start and after every iteration, kept when <see cref="MixtureModel.KeepHistory"/> is set.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> RatesHistory => ParametersHistory<double[,]>();

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Loads the model that <see cref="MixtureModel.Save"/> wrote, or a fit of the F# library.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>A model with the fit and the settings that were saved.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it can't be read, is not whole, was altered or is newer than this library, or its model is another.
    /// </exception>
    public static ExponentialMixture Load(string path) => Saving.Load(path, saved => Restore(new ExponentialMixture(1), saved));

    /// <summary>The model whose arrays <see cref="MixtureModel.ToState"/> gave.</summary>
    /// <param name="state">The arrays by name.</param>
    /// <returns>A model with their fit and settings.</returns>
    /// <exception cref="ArgumentException">An array is missing, unknown, of a wrong shape, or not what the others say.</exception>
    public static ExponentialMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new ExponentialMixture(1), Saving.FromDictionary(state, _ => Family));

    private protected override string FamilyName => Family;

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("gammaPrior", () => GammaPrior, value => GammaPrior = value),
        Setting.Optional("initRates", () => InitRates, value => InitRates = value),
    ];

    private protected override string GivenName => nameof(InitRates);

    private protected override Array? Given => InitRates;

    /// <inheritdoc/>
    public override ExponentialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Parametrisation ToParametrisation() => Parametrisation.Exponential(GammaPrior, nameof(GammaPrior));
}
