using System.Runtime.CompilerServices;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>k-means clustering: every row belongs to its nearest center, every center is the mean of its rows.</summary>
/// <remarks>
/// It is EM with hard assignment and equal weights, the limit of a Gaussian mixture with covariances εI for ε → 0 (Lloyd 1982;
/// Bishop, Pattern Recognition and Machine Learning, 2006, §9.1 and §9.3.2). A cluster left empty takes the row farthest from
/// its center. N is the number of rows, D of features, K of clusters. Threads, failures and copies are as in
/// <see cref="GaussianMixture"/>.
/// </remarks>
/// <example>
/// <code>
/// int[] labels = new KMeans(clusters: 3) { RandomState = 42 }.FitPredict(data);
/// </code>
/// </example>
public sealed class KMeans
{
    private static readonly KMeansOptions Defaults = Core.KMeans.defaults;

    private readonly Fitted<State> fitted = new(nameof(KMeans));

    /// <summary>K clusters, to be found.</summary>
    /// <param name="clusters">How many clusters, K; from 1 to the number of rows.</param>
    public KMeans(int clusters) => Clusters = clusters;

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>How many clusters there are, K; from 1 to the number of rows.</summary>
    public int Clusters { get; set; }

    /// <summary>How the starting centers are found when none are given; by greedy k-means++ unless set.</summary>
    public KMeansInitMethod Init { get; set; } = KMeansInitMethod.KPlusPlus;

    /// <summary>Starting centers (K×D).</summary>
    public double[,]? InitCenters { get; set; }

    /// <summary>How many runs are made, with seeds RandomState, RandomState + 1, …; 10 unless set.</summary>
    /// <remarks>The lowest inertia wins. Given centers are run once.</remarks>
    public int Restarts { get; set; } = Defaults.Restarts;

    /// <summary>The seed of the first run; 0 unless set.</summary>
    /// <remarks>A seed gives the same bits on every run and for any number of threads.</remarks>
    public int RandomState { get; set; } = Defaults.Seed;

    /// <summary>How many iterations are made at most; 300 unless set.</summary>
    public int MaxIterations { get; set; } = Defaults.MaxIterations;

    /// <summary>The squared movement of the centers, as a share of the features' mean variance, at which a run has converged; 1e-4 unless set.</summary>
    public double Tolerance { get; set; } = Defaults.Tolerance;

    /// <summary>How many threads work at most; all cores unless set. The number changes no result.</summary>
    public int Threads { get; set; } = Defaults.Execution.Threads;

    /// <summary>Where the E-steps of a fit are done: cpu, torch:cpu, cuda, cuda:1 (or another number) or auto; cpu unless set.</summary>
    /// <remarks>As <see cref="MixtureModel.Device"/>.</remarks>
    public string Device { get; set; } = DeviceModule.name(Defaults.Device);

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Clusters the rows of data and returns this object.</summary>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time; the objective is −½ inertia / Σₙ wₙ.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, or fewer than K rows differ.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public KMeans Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        fitted.Set(Prepare(data, sampleWeights, progress, cancellationToken)());
        return this;
    }

    /// <summary>Clusters the rows of data on other threads; this object has the fit when the task has ended.</summary>
    /// <remarks>The settings are read before this method returns; arrays among them stay in use, as the data, until the task has ended.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time; the objective is −½ inertia / Σₙ wₙ.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>The fit under way; its exceptions are those of <see cref="Fit"/>.</returns>
    /// <exception cref="ArgumentException">A setting or the sample weights break their rule, which the message states with the value.</exception>
    public Task FitAsync(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var run = Prepare(data, sampleWeights, progress, cancellationToken);
        return Task.Run(() => fitted.Set(run()), cancellationToken);
    }

    /// <summary>Clusters the rows of data and returns the cluster of every row (N).</summary>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time; the objective is −½ inertia / Σₙ wₙ.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>A cluster for every row (N).</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, or fewer than K rows differ.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public int[] FitPredict(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        [.. fitted.Set(Prepare(data, sampleWeights, progress, cancellationToken)()).Labels!];

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The cluster with the nearest center for every row, the lower of equals.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A cluster for every row (N).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int[] Predict(Rows data) => Core.KMeans.predict(fitted.Get().Fit, data.ToSource(null)).Get();

    /// <summary>The distance ‖xₙ−μₖ‖ of every row to every center.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Distances (N×K).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] Transform(Rows data) => Core.KMeans.transform(fitted.Get().Fit, data.ToSource(null)).Get();

    /// <summary>Minus the sum of squared distances of the rows to their nearest centers, −Σₙ wₙ minₖ ‖xₙ−μₖ‖²: higher is better.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The score.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Score(Rows data, double[]? sampleWeights = null) =>
        -Core.KMeans.inertia(fitted.Get().Fit, data.ToSource(sampleWeights)).Get();

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Saves the last fit and the settings as a JSON file, whose folder is made if need be.</summary>
    /// <remarks>
    /// The loaded model predicts and scores to the last bit as this one. The file is complete or, when it can't be written, as it
    /// was. It holds numbers and a few words: loading runs no code. <see cref="Labels"/>, a number
    /// for every fitted row, <see cref="Threads"/> and <see cref="Device"/> are not saved.
    /// </remarks>
    /// <param name="path">Where to write.</param>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Core.Persist.write(path, ToSaved()).Get();
    }

    /// <summary>The last fit and the settings as arrays by name, such as <c>means</c> and <c>options.tolerance</c>.</summary>
    /// <remarks>The names are those of the file that <see cref="Save"/> writes; what is a word there is a number here.</remarks>
    /// <returns>The arrays; <c>FromState</c> makes the same model of them.</returns>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyDictionary<string, Tensor> ToState() => Saving.ToDictionary(ToSaved());

    /// <summary>Loads the model that <see cref="Save"/> wrote, or a fit of the F# library.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>A model with the fit and the settings that were saved.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it can't be read, is not whole, was altered or is newer than this library, or its model is another.
    /// </exception>
    public static KMeans Load(string path) => Saving.Load(path, Restore);

    /// <summary>The model whose arrays <see cref="ToState"/> gave.</summary>
    /// <param name="state">The arrays by name.</param>
    /// <returns>A model with their fit and settings.</returns>
    /// <exception cref="ArgumentException">An array is missing, unknown, of a wrong shape, or not what the others say.</exception>
    public static KMeans FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(Saving.FromDictionary(state, _ => CentroidModule.family.Name));

    // ── What was fitted ─────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Whether there has been a fit.</summary>
    public bool IsFitted => fitted.Exists;

    /// <summary>The centers μₖ (K×D).</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] Centers => fitted.Get().Fit.Centres;

    /// <summary>The cluster of every fitted row (N).</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it was loaded.</exception>
    public int[] Labels =>
        fitted.Get().Labels is { } labels
            ? [.. labels]
            : throw new InvalidOperationException("KMeans.Labels are those of the fitted rows, which a loaded model does not have. Call Predict.");

    /// <summary>The sum of squared distances of the fitted rows to their centers, Σₙ wₙ minₖ ‖xₙ−μₖ‖².</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Inertia => fitted.Get().Fit.Inertia;

    /// <summary>How many iterations the best run made.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int Iterations => fitted.Get().Fit.Fit.Iterations;

    /// <summary>Whether the centers moved by no more than <see cref="Tolerance"/> in the end.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public bool Converged => fitted.Get().Fit.Fit.Converged;

    /// <summary>The seed of the best run.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int BestRandomState => fitted.Get().Fit.Fit.Seed;

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Reads the settings; what it returns runs the core's fit.</summary>
    private Func<State> Prepare(
        Rows data, double[]? sampleWeights, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        var (source, options) = (data.ToSource(sampleWeights), ToOptions(progress, cancellationToken));
        return () =>
        {
            var fit = Core.KMeans.fit(options, source).Get(("Means", nameof(InitCenters)), ("Start means", nameof(InitCenters)));
            return new(fit, Core.KMeans.predict(fit, source).Get());
        };
    }

    private KMeansOptions ToOptions(IProgress<FitProgress>? progress, CancellationToken cancellationToken) =>
        new(
            clusters: Clusters,
            start: InitCenters is { } centers ? KMeansStart.NewMeans(centers) : ToStart(Init),
            restarts: Restarts,
            seed: RandomState,
            maxIterations: MaxIterations,
            tolerance: Tolerance,
            progress: Translation.ToFunction<Progress>(report => progress?.Report(new(report))),
            execution: new Execution(Threads, cancellationToken),
            device: DeviceModule.parse(Device).Get());

    private static KMeansStart ToStart(KMeansInitMethod method) =>
        method switch
        {
            KMeansInitMethod.KPlusPlus => KMeansStart.KPlusPlus,
            KMeansInitMethod.Points => KMeansStart.Points,
            _ => throw Translation.UnknownValue(nameof(Init), method),
        };

    private IEnumerable<Setting> Settings =>
    [
        Setting.Of("clusters", () => Clusters, value => Clusters = value),
        Setting.Of("init", () => Init, value => Init = value),
        Setting.Optional("initCenters", () => InitCenters, value => InitCenters = value),
        Setting.Of("restarts", () => Restarts, value => Restarts = value),
        Setting.Of("randomState", () => RandomState, value => RandomState = value),
        Setting.Of("maxIterations", () => MaxIterations, value => MaxIterations = value),
        Setting.Of("tolerance", () => Tolerance, value => Tolerance = value),
    ];

    private SavedFit ToSaved([CallerMemberName] string member = "") =>
        Core.Persist.toSaved(Setting.Save(Settings), fitted.Get(member).Fit.Fit).Get();

    private static KMeans Restore(SavedFit saved)
    {
        var fit = Saving.Open<Centroid>(saved);
        var model = new KMeans(fit.Mixture.Components);
        Setting.Restore(model.Settings, saved.Options);
        model.fitted.Set(new(Core.KMeans.ofFit(fit), null));
        return model;
    }

    /// <summary>The last fit as pictures need it, if there is one.</summary>
    internal IDrawing? Drawing => fitted.Exists ? new DrawingOf<Centroid>(fitted.Get().Fit.Fit) : null;

    /// <summary>The result of a fit, and the clusters of its rows unless it was loaded.</summary>
    private sealed record State(KMeansFit Fit, int[]? Labels);
}
