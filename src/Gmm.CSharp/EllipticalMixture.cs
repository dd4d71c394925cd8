using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The settings that Gaussian mixtures and mixtures of Student's t have in common: those of means and covariances,
/// which are locations and scale matrices for Student's t.
/// </summary>
public abstract class EllipticalMixture : MixtureModel
{
    private protected EllipticalMixture(int components)
        : base(components)
    {
    }

    /// <summary>The covariance structure of the components; Full unless set.</summary>
    public CovarianceType CovarianceType { get; set; } = CovarianceType.Full;

    /// <summary>
    /// How covariances are kept from becoming singular; <c>Regularisation.Floor(1e-8)</c> unless set.
    /// </summary>
    public Regularisation RegCovar { get; set; } = Regularisation.Of(GaussianKindModule.defaults.RegCovar);

    /// <summary>Starting means μₖ (K×D).</summary>
    /// <remarks>
    /// Every component is as wide as the data, unless <see cref="InitCovariances"/> or <see cref="CovarianceInit"/> say
    /// otherwise.
    /// </remarks>
    public double[,]? InitMeans { get; set; }

    /// <summary>Starting covariances, in place of those of the start.</summary>
    /// <remarks>
    /// In the shape of the structure (<see cref="Covariances.Values"/>), or as one matrix for all components, or as a
    /// number σ² for σ²I; symmetric and positive definite.
    /// </remarks>
    public Tensor? InitCovariances { get; set; }

    /// <summary>How to find starting covariances when none are given; those of the start unless set.</summary>
    public CovarianceInitMethod CovarianceInit { get; set; } = CovarianceInitMethod.OfStart;

    /// <summary>
    /// The prior on the means, μₖ | Σₖ ~ N(m₀ₖ, Σₖ/κ₀): m₀, one for all components (D) or one for each (K×D), with κ₀
    /// in <see cref="MeanPrecisionPrior"/>.
    /// </summary>
    /// <remarks>
    /// Of Gaussian means the estimate is μₖ = (Nₖ x̄ₖ + κ₀ m₀ₖ) / (Nₖ + κ₀) (Murphy, Machine Learning, 2012,
    /// §11.4.2.8).
    /// </remarks>
    public Tensor? MeanPrior { get; set; }

    /// <summary>
    /// The number of rows that the prior on the means is worth: κ₀ above 0, with <see cref="MeanPrior"/>.
    /// </summary>
    public double? MeanPrecisionPrior { get; set; }

    /// <summary>
    /// The prior on the covariances, inverse Wishart within the structure: Ψ₀, shaped as the covariances, or as one of
    /// them for all, or a number ψ for ψI, with ν₀ in <see cref="DegreesOfFreedomPrior"/>.
    /// </summary>
    /// <remarks>Its density is ∝ |Σ|^−(ν₀+D+1)/2 exp(−½ tr Ψ₀Σ⁻¹).</remarks>
    public Tensor? CovariancePrior { get; set; }

    /// <summary>
    /// The degrees of freedom of the prior on the covariances: ν₀ above D − 1, with <see cref="CovariancePrior"/>.
    /// </summary>
    /// <remarks>
    /// It is ν₀ of the inverse Wishart prior, not the degrees of freedom νₖ of a Student's t distribution.
    /// </remarks>
    public double? DegreesOfFreedomPrior { get; set; }

    /// <summary>
    /// Fits mixtures of every number of components with every kind of covariances, and keeps the best: this object has
    /// its fit, its <see cref="MixtureModel.Components"/> and its <see cref="CovarianceType"/>.
    /// </summary>
    /// <remarks>
    /// The settings determine everything else. The table lists a candidate that fails with its error.
    /// </remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="components">The numbers of components to try.</param>
    /// <param name="covarianceTypes">The kinds of covariances to try.</param>
    /// <param name="criterion">The criterion of the choice; BIC unless given.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="progress">Receives every candidate as it finishes, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>All candidates, with their criteria.</returns>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="MixtureFitException">No candidate has a fit.</exception>
    /// <exception cref="OperationCanceledException">The fits were cancelled.</exception>
    public Selection Select(
        Rows data,
        IEnumerable<int> components,
        IEnumerable<CovarianceType> covarianceTypes,
        Criterion criterion = Criterion.Bic,
        double[]? sampleWeights = null,
        IProgress<SelectionCandidate>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentNullException.ThrowIfNull(covarianceTypes);
        int[] numbers = [.. components];
        CovarianceType[] types = [.. covarianceTypes];
        Translation.RequireAny(nameof(components), numbers);
        Translation.RequireAny(nameof(covarianceTypes), types);
        var (fit, selection) =
            ToFitting(types, isWarm: false).Choose(
                data.ToSource(sampleWeights), numbers, criterion, progress, cancellationToken);
        CovarianceType = GaussianSettings.ToCovarianceType(StructureOf(fit));
        return Keep(fit, selection);
    }

    // ── For the two families ─────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Returns the structure of fitted components.</summary>
    private protected abstract Structure StructureOf(IFit fit);

    /// <summary>Returns how the core fits components with any of some structures.</summary>
    private protected abstract IFitting ToFitting(CovarianceType[] covarianceTypes, bool isWarm);

    private protected sealed override IFitting ToFitting(bool isWarm) => ToFitting([CovarianceType], isWarm);

    /// <summary>Returns these settings as those of Gaussian components.</summary>
    private protected GaussianKind ToGaussianKind(CovarianceType covarianceType, bool isWarm) =>
        GaussianSettings.ToKind(
            covarianceType,
            ToCovarianceStart(isWarm),
            RegCovar,
            (MeanPrior, nameof(MeanPrior)),
            (MeanPrecisionPrior, nameof(MeanPrecisionPrior)),
            (CovariancePrior, nameof(CovariancePrior)),
            (DegreesOfFreedomPrior, nameof(DegreesOfFreedomPrior)));

    /// <summary>Returns the start that is given by means.</summary>
    private protected GivenStart<TParameters> GivenMeans<TParameters>() =>
        new(nameof(InitMeans), InitMeans is { } means ? Start<TParameters>.NewMeans(means) : null);

    private protected override string Details => Words.Covariances(CovarianceType);

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("structure", () => CovarianceType, value => CovarianceType = value),
        .. GaussianSettings.OfRegularisation(() => RegCovar, value => RegCovar = value),
        Setting.Optional("initMeans", () => InitMeans, value => InitMeans = value),
        Setting.Optional("initCovariances", () => InitCovariances, value => InitCovariances = value),
        Setting.Of("covarianceInit", () => CovarianceInit, value => CovarianceInit = value),
        Setting.Optional("meanPrior", () => MeanPrior, value => MeanPrior = value),
        Setting.Optional("meanPrecisionPrior", () => MeanPrecisionPrior, value => MeanPrecisionPrior = value),
        Setting.Optional("covariancePrior", () => CovariancePrior, value => CovariancePrior = value),
        Setting.Optional("degreesOfFreedomPrior", () => DegreesOfFreedomPrior, value => DegreesOfFreedomPrior = value),
    ];

    private CovarianceStart ToCovarianceStart(bool isWarm) =>
        (CovarianceInit, InitCovariances) switch
        {
            _ when isWarm => CovarianceStart.OfStart,
            (CovarianceInitMethod.OfStart, { } covariances) => CovarianceStart.NewGiven(covariances.Value),
            (_, { }) => throw Translation.Invalid(
                nameof(CovarianceInit),
                $"{CovarianceInitMethod.OfStart} when {nameof(InitCovariances)} are given",
                CovarianceInit),
            (CovarianceInitMethod.OfStart, null) => CovarianceStart.OfStart,
            (CovarianceInitMethod.Empirical, null) => CovarianceStart.Empirical,
            (CovarianceInitMethod.Identity, null) => CovarianceStart.Identity,
            (CovarianceInitMethod.Random, null) => CovarianceStart.Random,
            _ => throw Translation.UnknownValue(nameof(CovarianceInit), CovarianceInit),
        };
}
