using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>What mixtures and k-means have in common: the settings of a fit, the fit itself, and its outcome.</summary>
/// <remarks>
/// N is the number of rows, D of features, K of components or clusters; rows, columns and components count from 0. A
/// fit reads the settings when it begins, and replaces the earlier fit as a whole when it ends. Many threads may
/// therefore call all other members, even during a fit, and a fit that fails leaves the earlier one as it was. Returned
/// arrays are copies.
/// </remarks>
[TypeFormatterSource(typeof(TextFormatterSource))]
public abstract class Estimator
{
    private Fitted<IFit> fitted;

    private protected Estimator() => fitted = new(GetType().Name);

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// The change between two iterations below which a fit has converged; 1e-6 unless set, for k-means 1e-4.
    /// </summary>
    /// <remarks>
    /// In a mixture it is the change of the objective, (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ, and its remaining gain
    /// (<see cref="MixtureModel.Stopping"/>); at 0 a fit makes exactly <see cref="MaxIterations"/>. In k-means it is
    /// the squared movement of the centers, as a share of the features' mean variance; at 0 the centers move until only
    /// rounding moves them.
    /// </remarks>
    public double Tolerance { get; set; } = Core.Gmm.defaults.Tolerance;

    /// <summary>The largest number of iterations of a run; 1000 unless set, for k-means 300.</summary>
    public int MaxIterations { get; set; } = Core.Gmm.defaults.MaxIterations;

    /// <summary>The number of runs, with seeds RandomState, RandomState + 1, …; 1 unless set, for k-means 10.</summary>
    /// <remarks>
    /// The best final objective wins, the earliest of those within 1e-6 of it; for k-means the lowest inertia. Runs
    /// with irregular components, on the floor or of few rows, are compared by the objective in which those are widened
    /// to the scale of the data. A given start is run once. On large data, a run of EM that joins the first one stops
    /// and is left out, because it would reach the same maximum: see the guide to starting points.
    /// </remarks>
    public int Restarts { get; set; } = Core.Gmm.defaults.Restarts;

    /// <summary>
    /// Whether to fit fewer components when fewer rows differ than there are components, which is an error otherwise;
    /// false unless set.
    /// </summary>
    public bool FewerComponents { get; set; }

    /// <summary>The seed of the first run; 0 unless set.</summary>
    /// <remarks>A seed gives the same bits on every run and for any number of threads.</remarks>
    public int RandomState { get; set; } = Core.Gmm.defaults.Seed;

    /// <summary>
    /// Whether a fit keeps the parameters of every iteration, for the properties whose names end in History; false
    /// unless set.
    /// </summary>
    /// <remarks>Such a fit makes the steps of plain EM: it is not accelerated.</remarks>
    public bool KeepHistory { get; set; }

    /// <summary>
    /// Whether a fit writes lines of progress, and one about the outcome, to the console; false unless set.
    /// </summary>
    public bool Verbose { get; set; }

    /// <summary>The number of iterations from one line of <see cref="Verbose"/> to the next; 10 unless set.</summary>
    public int VerboseInterval { get; set; } = Core.Gmm.defaults.VerboseInterval;

    /// <summary>The largest number of threads; all cores unless set. The number changes no result.</summary>
    public int Threads { get; set; } = Core.Gmm.defaults.Execution.Threads;

    /// <summary>Where and how a fit computes its E-steps; <see cref="Backend.Kernels"/> unless set.</summary>
    public Backend Backend
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = Backend.Kernels;

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <remarks>Not converging is no error: see <see cref="Converged"/>.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="sampleWeights">
    /// A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.
    /// </param>
    /// <param name="progress">Receives every iteration of every run, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="MixtureFitException">
    /// In every run a covariance became singular, a component lost all its rows, or its likelihood is unbounded.
    /// </exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public abstract Estimator Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default);

    /// <summary>Fits the model to data, or says why these data have no fit, as for data that users choose.</summary>
    /// <remarks>
    /// A setting or sample weights that break their rule throw as in <see cref="Fit"/>. Rows that differ in length
    /// throw before, as they become <see cref="Rows"/>. Without a fit, this object keeps its earlier one.
    /// </remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="error">
    /// The problem of the data or of the fit and its remedy: that of the exception that <see cref="Fit"/> throws.
    /// </param>
    /// <param name="sampleWeights">
    /// A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.
    /// </param>
    /// <param name="progress">Receives every iteration of every run, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>True if this object has the fit.</returns>
    /// <exception cref="ArgumentException">
    /// A setting or the sample weights break their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public bool TryFit(
        Rows data,
        [NotNullWhen(false)] out string? error,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);

        try
        {
            Fit(data, sampleWeights, progress, cancellationToken);
            error = null;
            return true;
        }
        catch (Exception trouble) when (trouble is MixtureFitException or ArgumentException { ParamName: nameof(data) })
        {
            error = Translation.Reason(trouble);
            return false;
        }
    }

    /// <summary>Fits the model to data on other threads; this object has the fit when the task has ended.</summary>
    /// <remarks>
    /// The method reads the settings before it returns. Arrays among them stay in use, like the data, until the task
    /// has ended.
    /// </remarks>
    /// <inheritdoc cref="Fit" path="/param"/>
    /// <returns>The running fit; its exceptions are those of <see cref="Fit"/>.</returns>
    /// <exception cref="ArgumentException">
    /// A setting or the sample weights break their rule, which the message states with the value.
    /// </exception>
    public Task FitAsync(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var run = Prepare(data.ToSource(sampleWeights), progress, cancellationToken);
        return Task.Run(() => fitted.Set(run()), cancellationToken);
    }

    /// <summary>Fits the model to data and returns the component or the cluster of every row (N).</summary>
    /// <inheritdoc cref="Fit" path="/param"/>
    /// <returns>A component or a cluster for every row (N), as <see cref="Predict(Rows)"/> returns it.</returns>
    /// <inheritdoc cref="Fit" path="/exception"/>
    public int[] FitPredict(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var source = data.ToSource(sampleWeights);
        return fitted.Set(Prepare(source, progress, cancellationToken)()).FittedLabels(source);
    }

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Returns the likeliest component of every row, or the cluster with the nearest center; the lower of equals.
    /// </summary>
    /// <remarks>
    /// A row that is impossible under every component, such as one with a level that no fitted row has, gets the
    /// component with the fewest impossible values, and of those the one with the highest density of the other values.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A component or a cluster for every row (N).</returns>
    /// <exception cref="ArgumentException">
    /// The data have another number of features, no rows, or a number that is not finite or not in the family's domain.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    [OverloadResolutionPriority(1)]
    public int[] Predict(Rows data) => fitted.Get().Labels(data.ToSource(null));

    /// <summary>
    /// Returns the likeliest component of a single row, or the cluster with the nearest center; the lower of equals.
    /// </summary>
    /// <remarks>
    /// The result is the one that <see cref="Predict(Rows)"/> has for this row. The method allocates no memory, so that
    /// a service can call it for every request; any number of threads may call it at the same time.
    /// </remarks>
    /// <param name="row">The D numbers of the row.</param>
    /// <returns>A component or a cluster.</returns>
    /// <exception cref="ArgumentException">
    /// The row has another number of features than the fitted data, or a number that is not finite or not in the
    /// family's domain.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int Predict(ReadOnlySpan<double> row)
    {
        var predictor = fitted.Get().Predictor;

        try
        {
            return predictor.Label(row);
        }
        catch (GmmException rejection)
        {
            throw rejection.ToRowException();
        }
    }

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Whether there has been a fit.</summary>
    public bool IsFitted => fitted.Exists;

    /// <summary>Whether the best run satisfied its convergence rule.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public bool Converged => fitted.Get().Converged;

    /// <summary>The number of iterations of the best run.</summary>
    /// <inheritdoc cref="Converged" path="/exception"/>
    public int Iterations => fitted.Get().Iterations;

    /// <summary>The objective of the start and after every iteration.</summary>
    /// <remarks>It is (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ for mixtures, −½ inertia / Σₙ wₙ for k-means.</remarks>
    /// <inheritdoc cref="Converged" path="/exception"/>
    public IReadOnlyList<double> Trace => Array.AsReadOnly(fitted.Get().Trace);

    /// <summary>The seed of the best run.</summary>
    /// <inheritdoc cref="Converged" path="/exception"/>
    public int BestRandomState => fitted.Get().Seed;

    /// <summary>
    /// What deserves attention but is no error: that the fit has not converged or its objective fell, components on the
    /// floor, of few rows or of nearly no weight, runs that failed, sample weights too light for the criteria.
    /// </summary>
    /// <inheritdoc cref="Converged" path="/exception"/>
    public IReadOnlyList<FitWarning> Warnings => fitted.Get().Warnings;

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Saves the last fit and the settings as a JSON file, and creates its folder if necessary.</summary>
    /// <remarks>
    /// The loaded model predicts and scores to the last bit as this one. The file is complete or, if it can't be
    /// written, as it was. It holds numbers and a few words: loading runs no code. It leaves out what has a number for
    /// every row (labels and responsibilities), <see cref="Threads"/>, <see cref="Backend"/>, the history of the
    /// iterations, and which runs failed.
    /// </remarks>
    /// <param name="path">Where to write.</param>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Core.Persist.write(path, ToSaved()).Get();
    }

    /// <summary>
    /// Returns the last fit and the settings as arrays by name, such as <c>means</c> and <c>options.tolerance</c>.
    /// </summary>
    /// <remarks>
    /// The names are those in the file that <see cref="Save"/> writes; words of the file are numbers here.
    /// </remarks>
    /// <returns>The arrays, from which <c>FromState</c> restores the model.</returns>
    /// <inheritdoc cref="Converged" path="/exception"/>
    public IReadOnlyDictionary<string, Tensor> ToState() => Saving.ToDictionary(ToSaved());

    internal SavedFit ToSaved([CallerMemberName] string member = "") =>
        fitted.Get(member).ToSaved(Setting.Save(Settings));

    // ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Returns one line: the class, the number of components or clusters, and the outcome of the last fit or "not
    /// fitted".
    /// </summary>
    /// <returns>The text.</returns>
    public sealed override string ToString() =>
        fitted.Exists
            ? $"{GetType().Name} of {fitted.Get().Description}"
            : $"{GetType().Name} of {Description}, not fitted";

    // ── For the estimators ──────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// The number of components or clusters that the settings ask for, in words, with what else distinguishes them.
    /// </summary>
    private protected abstract string Description { get; }

    /// <summary>Reads the settings and returns the core's fit, to be run.</summary>
    private protected abstract Func<IFit> Prepare(
        Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The settings as they are saved.</summary>
    private protected virtual IEnumerable<Setting> Settings =>
    [
        Setting.Of("tolerance", () => Tolerance, value => Tolerance = value),
        Setting.Of("maxIterations", () => MaxIterations, value => MaxIterations = value),
        Setting.Of("restarts", () => Restarts, value => Restarts = value),
        Setting.Of("fewerComponents", () => FewerComponents, value => FewerComponents = value),
        Setting.Of("randomState", () => RandomState, value => RandomState = value),
        Setting.Of("keepHistory", () => KeepHistory, value => KeepHistory = value),
        Setting.Of("verbose", () => Verbose, value => Verbose = value),
        Setting.Of("verboseInterval", () => VerboseInterval, value => VerboseInterval = value),
    ];

    /// <summary>
    /// Returns the core's options of a fit: the settings above, with those that only some estimators have.
    /// </summary>
    private protected FitOptions<TKind, TParameters> ToOptions<TKind, TParameters>(
        TKind kind,
        int components,
        Start<TParameters> start,
        double[]? startWeights,
        Assignment assignment,
        Core.Stopping stopping,
        Core.Acceleration acceleration,
        WeightPrior weightPrior,
        FSharpOption<Core.NoiseVolume>? noise,
        Core.Missing missing,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken) =>
        new(
            components: components,
            family: kind,
            start: start,
            startWeights: startWeights is null ? null : FSharpOption<double[]>.Some(startWeights),
            restarts: Restarts,
            seed: RandomState,
            assignment: assignment,
            tolerance: Tolerance,
            stopping: stopping,
            acceleration: acceleration,
            maxIterations: MaxIterations,
            fewerComponents: FewerComponents,
            weightPrior: weightPrior,
            noise: noise,
            missing: missing,
            progress: Translation.ToFunction<Progress>(report => progress?.Report(new(report))),
            verbose: Verbose,
            verboseInterval: VerboseInterval,
            history: KeepHistory,
            execution: new Execution(Threads, cancellationToken),
            backend: Backend.Value);

    /// <summary>Returns the only one of some starts that is given, or that of a method.</summary>
    private protected static Start<TParameters> ToStart<TParameters>(
        InitMethod method, params (string? Name, Start<TParameters>? Start)[] starts)
    {
        var set = starts.Where(start => start.Start is not null).ToArray();
        var names = starts.Where(start => start.Name is not null).Select(start => start.Name);

        return set switch
        {
            [] => ToStart<TParameters>(method),
            [var only] => only.Start!,
            _ => throw Translation.Invalid(
                "The start", $"one of {string.Join(", ", names)}", string.Join(" and ", set.Select(start => start.Name))),
        };
    }

    private static Start<TParameters> ToStart<TParameters>(InitMethod method) =>
        method switch
        {
            InitMethod.Auto => Start<TParameters>.Auto,
            InitMethod.Thorough => Start<TParameters>.Thorough,
            InitMethod.KMeans => Start<TParameters>.KMeans,
            InitMethod.KPlusPlus => Start<TParameters>.KPlusPlus,
            InitMethod.Points => Start<TParameters>.Points,
            InitMethod.FarthestFirst => Start<TParameters>.FarthestFirst,
            InitMethod.Random => Start<TParameters>.Random,
            InitMethod.RandomResponsibilities => Start<TParameters>.RandomResponsibilities,
            _ => throw Translation.UnknownValue(nameof(MixtureModel.Init), method),
        };

    /// <summary>Returns a convergence rule of the core.</summary>
    private protected static Core.Stopping ToCore(StoppingRule rule) =>
        rule switch
        {
            StoppingRule.Aitken => Core.Stopping.Aitken,
            StoppingRule.Change => Core.Stopping.Change,
            _ => throw Translation.UnknownValue(nameof(MixtureModel.Stopping), rule),
        };

    /// <summary>
    /// Sets the settings that a saved fit contains, such as its K, and returns how the fit becomes this model's once
    /// the other settings are restored.
    /// </summary>
    private protected abstract Func<IFit> Open(SavedFit saved);

    /// <summary>
    /// Returns another estimator with these settings and this fit: a fit of one, or a change of its arrays, leaves the
    /// other as it is.
    /// </summary>
    internal Estimator Copy()
    {
        var copy = (Estimator)MemberwiseClone();
        copy.fitted = new(GetType().Name);

        if (fitted.Exists)
            copy.fitted.Set(fitted.Get());

        foreach (var setting in GetType().GetProperties().Where(property => property.CanWrite))
        {
            object? own = setting.GetValue(this) switch
            {
                Array array => array.Clone(),
                IList<Part> parts => parts.ToList(),
                _ => null,
            };

            if (own is not null)
                setting.SetValue(copy, own);
        }

        return copy;
    }

    /// <summary>The last fit.</summary>
    internal IFit LastFit => fitted.Get();

    /// <summary>Gives a new model the fit and the settings that were saved.</summary>
    internal static TModel Restore<TModel>(TModel model, SavedFit saved)
        where TModel : Estimator
    {
        var fit = model.Open(saved);
        Setting.Restore(model.Settings, saved.Options.IsEmpty ? Saving.Contained(saved.State) : saved.Options);
        return Adopt(model, fit());
    }

    /// <summary>Fits a model, and returns it.</summary>
    private protected static TModel Fit<TModel>(
        TModel model,
        Rows data,
        double[]? sampleWeights,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken)
        where TModel : Estimator =>
            Adopt(model, model.Prepare(data.ToSource(sampleWeights), progress, cancellationToken)());

    /// <summary>Gives a model a fit, and returns the model.</summary>
    private protected static TModel Adopt<TModel>(TModel model, IFit fit)
        where TModel : Estimator
    {
        model.fitted.Set(fit);
        return model;
    }

    /// <summary>The last fit, for the member that asks.</summary>
    private protected IFit Current([CallerMemberName] string member = "") => fitted.Get(member);

    /// <summary>The last fit, for the member that asks.</summary>
    private protected TFit Current<TFit>([CallerMemberName] string member = "")
        where TFit : IFit => (TFit)fitted.Get(member);

    /// <summary>Returns the values of all iterations, if the fit kept them.</summary>
    private protected static IReadOnlyList<T> History<T>(
        IReadOnlyList<T> history, [CallerMemberName] string member = "") =>
        history.Count > 0
            ? history
            : throw new InvalidOperationException(
                $"{member} needs a fit that kept its history. Set {nameof(KeepHistory)} before Fit.");

    /// <summary>The last fit as pictures need it, if there is one.</summary>
    internal IDrawing? Drawing => fitted.Exists ? fitted.Get().Drawing : null;
}
