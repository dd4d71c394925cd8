using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// What all mixtures p(x) = Σₖ πₖ p(x|θₖ) have in common; fitted to data by expectation–maximisation, by maximum likelihood or
/// with priors.
/// </summary>
/// <remarks>
/// N is the number of rows, D of features, K of components; rows, columns and components count from 0. Settings are read when
/// <see cref="Fit"/> begins. What is fitted is replaced as a whole when it ends: all other members may be called from many
/// threads, even during a fit, and a fit that fails leaves the earlier one as it was. Arrays returned are copies.
/// (Dempster, Laird and Rubin 1977; Bishop, Pattern Recognition and Machine Learning, 2006, §9.4.)
/// </remarks>
public abstract class MixtureModel
{
    private static readonly GmmOptions Defaults = Core.Gmm.defaults;

    private readonly Fitted<IFit> fitted;

    private protected MixtureModel(int components) => (Components, fitted) = (components, new(GetType().Name));

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>How many components the mixture has, K; from 1 to the number of rows.</summary>
    public int Components { get; set; }

    /// <summary>The change of the objective below which the fit has converged; 1e-6 unless set.</summary>
    /// <remarks>The objective is (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ. At 0 exactly <see cref="MaxIterations"/> are made.</remarks>
    public double Tolerance { get; set; } = Defaults.Tolerance;

    /// <summary>How many iterations are made at most; 1000 unless set.</summary>
    public int MaxIterations { get; set; } = Defaults.MaxIterations;

    /// <summary>How the start is found when none is given; by k-means unless set.</summary>
    public InitMethod Init { get; set; } = InitMethod.KMeans;

    /// <summary>Starting weights πₖ (K), divided by their sum; those that the start makes unless set.</summary>
    public double[]? InitWeights { get; set; }

    /// <summary>A label from 0 to K − 1 for every row (N) to start from: the first mixture is their M-step.</summary>
    public int[]? InitLabels { get; set; }

    /// <summary>Responsibilities (N×K) to start from, each row summing to 1: the first mixture is their M-step.</summary>
    public double[,]? InitResponsibilities { get; set; }

    /// <summary>How many runs are made, with seeds RandomState, RandomState + 1, …; 1 unless set.</summary>
    /// <remarks>The best final objective wins. A given start is run once.</remarks>
    public int Restarts { get; set; } = Defaults.Restarts;

    /// <summary>The seed of the first run; 0 unless set.</summary>
    /// <remarks>A seed gives the same bits on every run and for any number of threads.</remarks>
    public int RandomState { get; set; } = Defaults.Seed;

    /// <summary>Whether a fit goes on from the last one, where there is one; false unless set.</summary>
    /// <remarks>
    /// Two fits of one iteration are one fit of two, to the last bit. Restarts and the settings of the start count for the
    /// first fit only. A selection starts anew.
    /// </remarks>
    public bool WarmStart { get; set; }

    /// <summary>Whether to run classification EM, which gives every row to its likeliest component; false unless set.</summary>
    /// <remarks>Responsibilities are one-hot, ties go to the lower component (Celeux and Govaert 1992).</remarks>
    public bool Cem { get; set; }

    /// <summary>The prior on the weights, π ~ Dirichlet(α): a number or one for every component (K), each from 1 to 1e150.</summary>
    /// <remarks>πₖ = (Nₖ + αₖ − 1) / Σⱼ (Nⱼ + αⱼ − 1).</remarks>
    public Tensor? WeightConcentrationPrior { get; set; }

    /// <summary>Whether a fit keeps the weights and the parameters of every iteration; false unless set.</summary>
    /// <remarks>They are in <see cref="WeightsHistory"/> and its neighbours.</remarks>
    public bool KeepHistory { get; set; }

    /// <summary>Whether a fit writes lines of progress, and one about the outcome, to the console; false unless set.</summary>
    public bool Verbose { get; set; }

    /// <summary>Every how many iterations <see cref="Verbose"/> writes a line; 10 unless set.</summary>
    public int VerboseInterval { get; set; } = Defaults.VerboseInterval;

    /// <summary>How many threads work at most; all cores unless set. The number changes no result.</summary>
    public int Threads { get; set; } = Defaults.Execution.Threads;

    /// <summary>Where the E-steps of a fit are done: cpu, torch:cpu, cuda, cuda:1 (or another number) or auto; cpu unless set.</summary>
    /// <remarks>
    /// cpu is this library's own code and needs nothing else. The others need libtorch and the library gmm_torch, which
    /// <c>dotnet fsi build.fsx torch</c> builds in the sources of Gmm; auto is the first CUDA device if there is one, otherwise cpu.
    /// A device that is not there makes <see cref="Fit"/> throw <see cref="ArgumentException"/>, which says what is missing.
    /// </remarks>
    public string Device { get; set; } = DeviceModule.name(Defaults.Device);

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the mixture to data and returns this object.</summary>
    /// <remarks>Not converging is no error: see <see cref="Converged"/>.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, which the message states with the value.</exception>
    /// <exception cref="MixtureFitException">In every run a covariance became singular, a component was left with no rows, or its likelihood is unbounded.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public abstract MixtureModel Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default);

    /// <summary>Fits the mixture to data on other threads; this object has the fit when the task has ended.</summary>
    /// <remarks>The settings are read before this method returns; arrays among them stay in use, as the data, until the task has ended.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); a weight of m counts as m copies of the row.</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>The fit under way; its exceptions are those of <see cref="Fit"/>.</returns>
    /// <exception cref="ArgumentException">A setting or the sample weights break their rule, which the message states with the value.</exception>
    public Task FitAsync(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var run = Prepare(data.ToSource(sampleWeights), progress, cancellationToken);
        return Task.Run(() => fitted.Set(run()), cancellationToken);
    }

    /// <summary>Fits the mixture to data and returns the likeliest component of every row (N).</summary>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="progress">Told of every iteration of every run, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fit between two blocks of rows.</param>
    /// <returns>A component for every row (N).</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, which the message states with the value.</exception>
    /// <exception cref="MixtureFitException">In every run a covariance became singular, a component was left with no rows, or its likelihood is unbounded.</exception>
    /// <exception cref="OperationCanceledException">The fit was cancelled.</exception>
    public int[] FitPredict(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var source = data.ToSource(sampleWeights);
        return fitted.Set(Prepare(source, progress, cancellationToken)()).Labels(source);
    }

    /// <summary>Fits mixtures of every number of components, and keeps the best: this object has its fit and its <see cref="Components"/>.</summary>
    /// <remarks>Everything else is as the settings have it. A candidate that fails is in the table with its error.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or what <see cref="Rows"/> makes.</param>
    /// <param name="components">The numbers of components to try.</param>
    /// <param name="criterion">What the candidates are judged by; BIC unless given.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="progress">Told of every candidate when it is done, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>All candidates, with their criteria.</returns>
    /// <exception cref="ArgumentException">A setting, the data or the sample weights break their rule, which the message states with the value.</exception>
    /// <exception cref="MixtureFitException">No candidate has a fit.</exception>
    /// <exception cref="OperationCanceledException">The fits were cancelled.</exception>
    public Selection Select(
        Rows data,
        IEnumerable<int> components,
        Criterion criterion = Criterion.Bic,
        double[]? sampleWeights = null,
        IProgress<SelectionCandidate>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(components);
        int[] numbers = [.. components];
        Translation.RequireAny(nameof(components), numbers);
        var source = data.ToSource(sampleWeights);
        var (fit, selection) = Choose(source, numbers, criterion, progress, cancellationToken);
        return Keep(fit, selection);
    }

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The likeliest component of every row, the lower of equals.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A component for every row (N).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int[] Predict(Rows data) => fitted.Get().Labels(data.ToSource(null));

    /// <summary>The responsibilities rₙₖ = p(k|xₙ) of the components for every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Responsibilities (N×K), each row summing to 1.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[,] PredictProba(Rows data) => fitted.Get().Responsibilities(data.ToSource(null));

    /// <summary>The log-density ln p(xₙ) of every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A log-density for every row (N).</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] ScoreSamples(Rows data) => fitted.Get().LogDensities(data.ToSource(null));

    /// <summary>The mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The mean.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Score(Rows data, double[]? sampleWeights = null) => fitted.Get().Score(data.ToSource(sampleWeights));

    /// <summary>Draws rows from the fitted mixture: a component k with probability πₖ, then a row from p(x|θₖ).</summary>
    /// <remarks>A seed gives the same rows on every call, and fewer rows are the first of more.</remarks>
    /// <param name="n">How many rows, 0 or more.</param>
    /// <param name="component">The only component to draw from, counting from 0; all of them unless given.</param>
    /// <param name="seed">The seed; another one gives other rows.</param>
    /// <returns>The rows (n×D) and the component that each comes from (n).</returns>
    /// <exception cref="ArgumentException">n is negative, or there is no such component.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public (double[,] Rows, int[] Components) Sample(int n, int? component = null, int seed = 0)
    {
        var sample = fitted.Get().Sample(n, component, seed);
        return (sample.Rows, sample.Components);
    }

    /// <summary>
    /// The Kullback–Leibler divergence KL(p‖q) = E ln(p(x)/q(x)) from this mixture p to another q, estimated by rows drawn from
    /// p (Hershey and Olsen 2007).
    /// </summary>
    /// <remarks>
    /// It is 0 when both are the same, and ∞ when q can't have a row that p has. 95 % of estimates are within two standard errors
    /// of the truth.
    /// </remarks>
    /// <param name="other">The other mixture q, of the same or another family, fitted too.</param>
    /// <param name="n">How many rows are drawn, 2 or more.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <returns>The estimate and its standard error.</returns>
    /// <exception cref="ArgumentException">n is below 2, the other mixture has another number of features, or a row is not in its family's domain.</exception>
    /// <exception cref="InvalidOperationException">One of the mixtures has no fit yet.</exception>
    public (double Value, double StandardError) KlDivergence(MixtureModel other, int n = 10_000, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(other);
        var estimate = fitted.Get().KlDivergence(other.fitted.Get(), n, seed);
        return (estimate.Value, estimate.StandardError);
    }

    /// <summary>The Bayesian information criterion of the fit, −2 ln L + p ln n with n = Σₙ wₙ; lower is better (Schwarz 1978).</summary>
    /// <remarks>mclust's has the opposite sign.</remarks>
    /// <returns>The criterion.</returns>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Bic() => fitted.Get().Bic;

    /// <summary>Akaike's information criterion of the fit, −2 ln L + 2p; lower is better (Akaike 1974).</summary>
    /// <returns>The criterion.</returns>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Aic() => fitted.Get().Aic;

    /// <summary>
    /// The integrated complete likelihood on data, −2 Σₙ wₙ (ln p(xₙ) + ln maxₖ rₙₖ) + p ln n with n = Σₙ wₙ; lower is better
    /// (Biernacki, Celeux and Govaert 2000).
    /// </summary>
    /// <remarks>
    /// On the fitted data it is <see cref="Bic"/> + 2 Σₙ wₙ (−ln maxₖ rₙₖ): components that overlap cost. mclust's has the
    /// opposite sign.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data: mostly these.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The criterion.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain, or the sample weights break their rule.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Icl(Rows data, double[]? sampleWeights = null) => fitted.Get().Icl(data.ToSource(sampleWeights));

    /// <summary>The mixture on data: the criteria, and the measures of the clustering by likeliest components.</summary>
    /// <remarks>All N² distances are computed, and none kept: for many rows take a sample, or the measures wanted from <see cref="Metrics"/>.</remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="truth">The true label of every row (N), if they are known.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); those of true labels are not weighted.</param>
    /// <returns>All measures.</returns>
    /// <exception cref="ArgumentException">The data have another number of features, no rows, or a number that is not finite or not in the family's domain, or rows and labels or sample weights do not belong together.</exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public Evaluation Evaluate(Rows data, int[]? truth = null, double[]? sampleWeights = null) =>
        new(fitted.Get().Evaluate(truth, data.ToSource(sampleWeights)));

    /// <summary>This mixture's components beside those of another, each matched to the one of nearest mean.</summary>
    /// <remarks>
    /// Of all matchings the one with the least sum of Euclidean distances between means. Means are μₖ for Gaussian components;
    /// for exponential families the expectations of their statistics, E T(x); for a product those of all its parts, one after
    /// another.
    /// </remarks>
    /// <param name="other">A fitted mixture of the same family and width, of any number of components.</param>
    /// <returns>The pairs with their differences, other less this, and the components left over.</returns>
    /// <exception cref="ArgumentException">The other mixture is of another family, or of another number of features.</exception>
    /// <exception cref="InvalidOperationException">One of both has no fit yet.</exception>
    public Comparison Compare(MixtureModel other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(fitted.Get().Compare(other.fitted.Get()));
    }

    // ── What was fitted ─────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Whether there has been a fit.</summary>
    public bool IsFitted => fitted.Exists;

    /// <summary>The weights πₖ (K), summing to 1.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] Weights => fitted.Get().Weights;

    /// <summary>Whether the objective changed by less than <see cref="Tolerance"/> in the end.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public bool Converged => fitted.Get().Converged;

    /// <summary>How many iterations the best run made.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int Iterations => fitted.Get().Iterations;

    /// <summary>The mean log-likelihood per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ, of the fitted data.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double LowerBound => fitted.Get().LowerBound;

    /// <summary>The log-likelihood Σₙ wₙ ln p(xₙ) of the fitted data.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double LogLikelihood => fitted.Get().LogLikelihood;

    /// <summary>The objective (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ of the start and after every iteration.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyList<double> Trace => Array.AsReadOnly(fitted.Get().Trace);

    /// <summary>The final objective: (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ, with maxₖ ln ρₙₖ for ln p(xₙ) in classification EM.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double Objective => fitted.Get().Objective;

    /// <summary>ln of the prior's density at what was fitted, without its constant; 0 without a prior.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double LogPrior => fitted.Get().LogPrior;

    /// <summary>What you should see: that the fit has not converged, components of nearly no weight, runs that failed.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyList<FitWarning> Warnings => fitted.Get().Warnings;

    /// <summary>The weights πₖ (K) of the start and after every iteration, kept when <see cref="KeepHistory"/> is set.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[]> WeightsHistory => History(fitted.Get().WeightsHistory);

    /// <summary>The weights πₖ (K) that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public double[] InitialWeights => fitted.Get().InitialWeights;

    /// <summary>The seed of the best run.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int BestRandomState => fitted.Get().Seed;

    /// <summary>How many parameters are free: those of the components and K − 1 weights.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public int FreeParameters => fitted.Get().FreeParameters;

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Saves the last fit and the settings as a JSON file, whose folder is made if need be.</summary>
    /// <remarks>
    /// The loaded model predicts and scores to the last bit as this one. The file is complete or, when it can't be written, as it
    /// was. It holds numbers and a few words: loading runs no code. Not saved are settings with a number for every row
    /// (<see cref="InitLabels"/>, <see cref="InitResponsibilities"/>), <see cref="Threads"/>, <see cref="Device"/>, the history of
    /// the iterations, and which runs failed.
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

    // ── For the families ────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Reads the settings; what it returns runs the core's fit.</summary>
    private protected abstract Func<IFit> Prepare(Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The settings as they are saved.</summary>
    private protected virtual IEnumerable<Setting> Settings =>
    [
        Setting.Of("components", () => Components, value => Components = value),
        Setting.Of("tolerance", () => Tolerance, value => Tolerance = value),
        Setting.Of("maxIterations", () => MaxIterations, value => MaxIterations = value),
        Setting.Of("init", () => Init, value => Init = value),
        Setting.Of("restarts", () => Restarts, value => Restarts = value),
        Setting.Of("randomState", () => RandomState, value => RandomState = value),
        Setting.Optional("initWeights", () => InitWeights, value => InitWeights = value),
        Setting.Of("warmStart", () => WarmStart, value => WarmStart = value),
        Setting.Of("cem", () => Cem, value => Cem = value),
        Setting.Of("keepHistory", () => KeepHistory, value => KeepHistory = value),
        Setting.Of("verbose", () => Verbose, value => Verbose = value),
        Setting.Of("verboseInterval", () => VerboseInterval, value => VerboseInterval = value),
        Setting.Optional("weightConcentrationPrior", () => WeightConcentrationPrior, value => WeightConcentrationPrior = value),
    ];

    /// <summary>
    /// The fit that was saved, and how to make it this model's once the settings are restored; the settings that it tells
    /// itself are set before.
    /// </summary>
    private protected abstract Func<IFit> Open(SavedFit saved);

    /// <summary>Gives a new model the fit and the settings that were saved.</summary>
    private protected static TModel Restore<TModel>(TModel model, SavedFit saved)
        where TModel : MixtureModel
    {
        var fit = model.Open(saved);
        Setting.Restore(model.Settings, saved.Options.IsEmpty ? Saving.Told(saved.State) : saved.Options);
        model.fitted.Set(fit());
        return model;
    }

    /// <summary>Gives a new model a fit.</summary>
    private protected static TModel Adopt<TModel>(TModel model, IFit fit)
        where TModel : MixtureModel
    {
        model.fitted.Set(fit);
        return model;
    }

    private SavedFit ToSaved([CallerMemberName] string member = "") => fitted.Get(member).ToSaved(Setting.Save(Settings));

    /// <summary>Fits a model, and returns it.</summary>
    private protected static TModel Fit<TModel>(
        TModel model, Rows data, double[]? sampleWeights, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
        where TModel : MixtureModel
    {
        model.fitted.Set(model.Prepare(data.ToSource(sampleWeights), progress, cancellationToken)());
        return model;
    }

    /// <summary>The best of the core's fits of every number of components, and the table of all.</summary>
    private protected abstract (IFit Fit, Selection Selection) Choose(
        Source source, int[] components, Criterion criterion, IProgress<SelectionCandidate>? progress, CancellationToken cancellationToken);

    /// <summary>Keeps the best of the candidates.</summary>
    private protected Selection Keep(IFit fit, Selection selection)
    {
        fitted.Set(fit);
        Components = selection.Best.Components;
        return selection;
    }

    /// <summary>Something of every iteration, if the fit kept it.</summary>
    private protected static IReadOnlyList<T> History<T>(IReadOnlyList<T> history, [CallerMemberName] string member = "") =>
        history.Count > 0
            ? history
            : throw new InvalidOperationException($"{member} needs a fit that kept its history. Set {nameof(KeepHistory)} before Fit.");

    /// <summary>What the core's start is here when the fit goes on from the last one.</summary>
    private protected const string WarmName = $"The last fit, for {nameof(WarmStart)},";

    /// <summary>Whether the next fit goes on from the last one.</summary>
    private protected bool IsWarm => WarmStart && IsFitted;

    /// <summary>The last fit as pictures need it, if there is one.</summary>
    internal IDrawing? Drawing => fitted.Exists ? fitted.Get().Drawing : null;

    /// <summary>The last fit, for the member that asks.</summary>
    private protected TFit Current<TFit>([CallerMemberName] string member = "")
        where TFit : IFit => (TFit)fitted.Get(member);

    /// <summary>The settings that all mixtures have.</summary>
    /// <param name="isWarm">Whether the fit goes on from the last one.</param>
    /// <param name="name">The property that holds the parameters to start from, if there is one.</param>
    /// <param name="given">The start that it holds, if it does.</param>
    /// <param name="progress">Told of every iteration.</param>
    /// <param name="cancellationToken">Stops the fit.</param>
    private protected MixtureOptions<TParameters> ToOptions<TParameters>(
        bool isWarm, string? name, Start<TParameters>? given, IProgress<FitProgress>? progress, CancellationToken cancellationToken) =>
        new(
            components: Components,
            start: isWarm ? Start<TParameters>.NewMixture(Current<FitOf<TParameters>>().Value.Mixture) : ToStart(name, given),
            startWeights: InitWeights is null || isWarm ? null : FSharpOption<double[]>.Some(InitWeights),
            restarts: Restarts,
            seed: RandomState,
            assignment: Cem ? Assignment.Hard : Assignment.Soft,
            tolerance: Tolerance,
            maxIterations: MaxIterations,
            weightPrior: ToWeightPrior(WeightConcentrationPrior),
            progress: Translation.ToFunction<Progress>(report => progress?.Report(new(report))),
            verbose: Verbose,
            verboseInterval: VerboseInterval,
            history: KeepHistory,
            execution: new Execution(Threads, cancellationToken),
            device: DeviceModule.parse(Device).Get());

    private Start<TParameters> ToStart<TParameters>(string? name, Start<TParameters>? given)
    {
        (string? Name, Start<TParameters>? Start)[] starts =
        [
            (name, given),
            (nameof(InitLabels), InitLabels is { } labels ? Start<TParameters>.NewLabels(labels) : null),
            (nameof(InitResponsibilities), InitResponsibilities is { } shares ? Start<TParameters>.NewResponsibilities(shares) : null),
        ];
        var set = starts.Where(start => start.Start is not null).ToArray();
        var names = starts.Where(start => start.Name is not null).Select(start => start.Name);

        return set switch
        {
            [] => ToStart<TParameters>(Init),
            [var only] => only.Start!,
            _ => throw Translation.Invalid(
                "The start", $"one of {string.Join(", ", names)}", string.Join(" and ", set.Select(start => start.Name))),
        };
    }

    private static Start<TParameters> ToStart<TParameters>(InitMethod method) =>
        method switch
        {
            InitMethod.KMeans => Start<TParameters>.KMeans,
            InitMethod.KPlusPlus => Start<TParameters>.KPlusPlus,
            InitMethod.Points => Start<TParameters>.Points,
            InitMethod.FarthestFirst => Start<TParameters>.FarthestFirst,
            InitMethod.Random => Start<TParameters>.Random,
            InitMethod.RandomResponsibilities => Start<TParameters>.RandomResponsibilities,
            _ => throw Translation.UnknownValue(nameof(Init), method),
        };

    private static WeightPrior ToWeightPrior(Tensor? concentration) =>
        concentration switch
        {
            null => WeightPrior.Flat,
            { Shape: [] } => WeightPrior.NewDirichlet([(double)concentration]),
            { Shape: [_] } => WeightPrior.NewDirichlet((double[])concentration),
            _ => throw Translation.Invalid(
                nameof(WeightConcentrationPrior), "a number or one for every component", $"{concentration.Shape.Count}-dimensional"),
        };
}
