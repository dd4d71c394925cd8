using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// k-means clustering: every row belongs to its nearest center, every center is the mean of its rows.
/// </summary>
/// <remarks>
/// It is EM with hard assignment and equal weights, the limit of a Gaussian mixture with covariances εI for ε → 0
/// (Lloyd 1982; Bishop, Pattern Recognition and Machine Learning, 2006, §9.1 and §9.3.2). A cluster left empty takes
/// the row farthest from its center.
/// </remarks>
/// <example>
/// <code>
/// int[] labels = new KMeans(clusters: 3) { RandomState = 42 }.FitPredict(data);
/// </code>
/// </example>
public sealed class KMeans : Estimator
{
    private static readonly FitOptions<CentroidKind, Centroid> Defaults = Core.KMeans.defaults;

    /// <summary>Creates a clustering into K clusters, to be fitted.</summary>
    /// <param name="clusters">The number of clusters, K; from 1 to the number of different rows.</param>
    public KMeans(int clusters) =>
        (Clusters, Tolerance, MaxIterations, Restarts) =
            (clusters, Defaults.Tolerance, Defaults.MaxIterations, Defaults.Restarts);

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The number of clusters, K; from 1 to the number of different rows.</summary>
    public int Clusters { get; set; }

    /// <summary>How to find starting centers when none are given; by greedy k-means++ unless set.</summary>
    public KMeansInitMethod Init { get; set; } = KMeansInitMethod.KPlusPlus;

    /// <summary>Starting centers (K×D).</summary>
    public double[,]? InitCenters { get; set; }

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, or fewer than K rows differ.
    /// </exception>
    public override KMeans Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Returns the distance ‖xₙ−μₖ‖ of every row to every center.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Distances (N×K).</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double[,] Transform(Rows data) => Current<KMeansState>().Distances(data.ToSource(null));

    /// <summary>
    /// Returns minus the sum of squared distances of the rows to their nearest centers, −Σₙ wₙ minₖ ‖xₙ−μₖ‖²: higher is
    /// better.
    /// </summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The score.</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double Score(Rows data, double[]? sampleWeights = null) => Current().Score(data.ToSource(sampleWeights));

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static KMeans Load(string path) => Saving.Load(path, saved => Restore(new KMeans(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static KMeans FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new KMeans(1), Saving.FromDictionary(state, _ => CentroidModule.family.Name));

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The centers μₖ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Centers => Current<KMeansState>().Centers;

    /// <summary>The cluster of every fitted row (N).</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it was loaded.</exception>
    public int[] Labels =>
        Current<KMeansState>().KnownLabels is { } labels
            ? [.. labels]
            : throw new InvalidOperationException(
                "KMeans.Labels are those of the fitted rows, which a loaded model does not have. Call Predict.");

    /// <summary>The sum of squared distances of the fitted rows to their centers, Σₙ wₙ minₖ ‖xₙ−μₖ‖².</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Inertia => Current<KMeansState>().Inertia;

    /// <summary>
    /// The centers μₖ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> CentersHistory =>
        History(Current<KMeansState>().History(centroid => centroid.Centres.toArray2D()));

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override Func<IFit> Prepare(
        Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        var start = InitCenters is { } centers ? Start<Centroid>.NewMeans(centers) : ToStart(Init);
        var options = ToOptions(
            Defaults.Family,
            Clusters,
            start,
            startWeights: null,
            Defaults.Assignment,
            Defaults.Stopping,
            Defaults.Acceleration,
            Defaults.WeightPrior,
            noise: null,
            Defaults.Missing,
            progress,
            cancellationToken);
        return () =>
        {
            var fit = Core.KMeans.fit(options, source).Get(
                ("Components", nameof(Clusters)), ("Start means", nameof(InitCenters)));
            return new KMeansState(fit, Core.KMeans.predict(fit, source).Get());
        };
    }

    private static Start<Centroid> ToStart(KMeansInitMethod method) =>
        method switch
        {
            KMeansInitMethod.KPlusPlus => Start<Centroid>.KPlusPlus,
            KMeansInitMethod.Points => Start<Centroid>.Points,
            KMeansInitMethod.FarthestFirst => Start<Centroid>.FarthestFirst,
            KMeansInitMethod.Random => Start<Centroid>.Random,
            KMeansInitMethod.RandomResponsibilities => Start<Centroid>.RandomResponsibilities,
            _ => throw Translation.UnknownValue(nameof(Init), method),
        };

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("clusters", () => Clusters, value => Clusters = value),
        Setting.Of("init", () => Init, value => Init = value),
        Setting.Optional("initCenters", () => InitCenters, value => InitCenters = value),
    ];

    private protected override string Description => Words.Count(Clusters, "cluster");

    private protected override Func<IFit> Open(SavedFit saved)
    {
        var fit = Saving.Open<Centroid>(saved);
        Clusters = fit.Mixture.Components;
        return () => new KMeansState(Core.KMeans.ofFit(fit), null);
    }
}
