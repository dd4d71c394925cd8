namespace Gmm.CSharp;

/// <summary>
/// A mixture of directions around mean directions μₖ with concentrations κₖ, p(x) = Σₖ πₖ C(κₖ) e^(κₖ μₖ·x); the data
/// are rows of length 1, in two columns or more.
/// </summary>
/// <remarks>
/// <see cref="Normalise"/> divides rows by their lengths. The concentration of a component is at most 1e8;
/// <see cref="Estimator.Warnings"/> names the components there. (Banerjee, Dhillon, Ghosh and Sra, Journal of Machine
/// Learning Research 6, 2005.)
/// </remarks>
/// <example>
/// <code>
/// double[][] rows = VonMisesFisherMixture.Normalise([[1, 0.1], [0.9, 0], [0.1, 1], [0, 2]]);
/// var model = new VonMisesFisherMixture(components: 2).Fit(rows);
/// double[,] directions = model.Directions;
/// </code>
/// </example>
public sealed class VonMisesFisherMixture : MixtureModel
{
    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public VonMisesFisherMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// Starting mean directions μₖ (K×D), which are normalised, with or without <see cref="InitConcentrations"/> and
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitDirections { get; set; }

    /// <summary>
    /// Starting concentrations κₖ (K), from 0 to 1e8, with <see cref="InitDirections"/>; unless given, that of the
    /// data.
    /// </summary>
    public double[]? InitConcentrations { get; set; }

    /// <summary>Divides rows by their lengths.</summary>
    /// <param name="rows">The rows.</param>
    /// <returns>Rows of length 1.</returns>
    /// <exception cref="ArgumentException">A row is 0 or not finite.</exception>
    public static double[][] Normalise(double[][] rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return VonMisesFisherModule.normalise(rows).Get();
    }

    /// <summary>The mean directions μₖ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Directions => VonMisesFisherModule.directions(Current<FitOf<VonMisesFisher>>().Parameters);

    /// <summary>The mean directions μₖ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialDirections =>
        VonMisesFisherModule.directions(Current<FitOf<VonMisesFisher>>().InitialParameters);

    /// <summary>
    /// The mean directions μₖ (K×D) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> DirectionsHistory =>
        History(Current<FitOf<VonMisesFisher>>().History(VonMisesFisherModule.directions));

    /// <summary>The concentrations κₖ (K).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] Concentrations => VonMisesFisherModule.concentrations(Current<FitOf<VonMisesFisher>>().Parameters);

    /// <summary>The concentrations κₖ (K) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] InitialConcentrations =>
        VonMisesFisherModule.concentrations(Current<FitOf<VonMisesFisher>>().InitialParameters);

    /// <summary>
    /// The concentrations κₖ (K) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/>
    /// is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[]> ConcentrationsHistory =>
        History(Current<FitOf<VonMisesFisher>>().History(VonMisesFisherModule.concentrations));

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static VonMisesFisherMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new VonMisesFisherMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static VonMisesFisherMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new VonMisesFisherMixture(1), Saving.FromDictionary(state, _ => VonMisesFisherModule.family.Name));

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override VonMisesFisherMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("initDirections", () => InitDirections, value => InitDirections = value),
        Setting.Optional("initConcentrations", () => InitConcentrations, value => InitConcentrations = value),
    ];

    private protected override Func<IFit> Open(SavedFit saved) => Open(VonMisesFisherModule.family, saved);

    private protected override IFitting ToFitting(bool isWarm) =>
        new Fitting<VonMisesFisherKind, VonMisesFisher>(
            this,
            isWarm,
            [VonMisesFisherKindModule.defaults],
            GivenStart<VonMisesFisher>.Of(
                nameof(InitDirections),
                InitDirections,
                nameof(InitConcentrations),
                InitConcentrations,
                VonMisesFisherModule.create),
            fit => new FitOf<VonMisesFisher>(fit));
}
