using System.Collections.Concurrent;
using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;
using Options = Gmm.FitOptions<Gmm.GaussianKind, Gmm.Gaussian>;

namespace Gmm.CSharp.Tests;

/// <summary>The facade gives bit for bit what the F# core gives, and every setting reaches it.</summary>
public class GaussianMixtureTests
{
    private static readonly double[,] Means = { { 5, 3.4, 1.4, 0.2 }, { 5.9, 2.8, 4.3, 1.3 }, { 6.6, 3, 5.6, 2 } };
    private static readonly double[] MeanVector = [5.8, 3.1, 3.8, 1.2];
    private static readonly double[,] Identity = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } };

    /// <summary>A setting, in C# and in F#.</summary>
    private sealed record Setting(Action<GaussianMixture> Here, Func<Options, Options> Core);

    private static readonly Dictionary<string, Setting> Settings = new()
    {
        ["Components"] = new(m => m.Components = 2, o => With(o, components: 2)),
        ["Diag"] = new(m => m.CovarianceType = CovarianceType.Diag, o => With(o, structure: Structure.Diag)),
        ["Spherical"] = new(m => m.CovarianceType = CovarianceType.Spherical, o => With(o, structure: Structure.Spherical)),
        ["TiedFull"] = new(m => m.CovarianceType = CovarianceType.TiedFull, o => With(o, structure: Structure.TiedFull)),
        ["TiedDiag"] = new(m => m.CovarianceType = CovarianceType.TiedDiag, o => With(o, structure: Structure.TiedDiag)),
        ["TiedSpherical"] = new(m => m.CovarianceType = CovarianceType.TiedSpherical, o => With(o, structure: Structure.TiedSpherical)),
        ["Tolerance"] = new(m => m.Tolerance = 1e-3, o => With(o, tolerance: 1e-3)),
        ["MaxIterations"] = new(m => m.MaxIterations = 2, o => With(o, maxIterations: 2)),
        ["RegCovar absolute"] = new(m => m.RegCovar = Regularisation.Absolute(0.01), o => With(o, regCovar: Core.Regularisation.NewAbsolute(0.01))),
        ["RegCovar relative"] = new(m => m.RegCovar = Regularisation.Floor(0.01), o => With(o, regCovar: Core.Regularisation.NewFloor(0.01))),
        ["Stopping"] = new(m => (m.Stopping, m.Init) = (StoppingRule.Change, InitMethod.Points),
            o => With(o, stopping: Core.Stopping.Change, start: Start<Gaussian>.Points)),
        ["Acceleration"] = new(m => m.Acceleration = Acceleration.None, o => With(o, acceleration: Core.Acceleration.None)),
        ["Init KPlusPlus"] = new(m => m.Init = InitMethod.KPlusPlus, o => With(o, start: Start<Gaussian>.KPlusPlus)),
        ["Init Points"] = new(m => m.Init = InitMethod.Points, o => With(o, start: Start<Gaussian>.Points)),
        ["Init RandomResponsibilities"] = new(m => m.Init = InitMethod.RandomResponsibilities, o => With(o, start: Start<Gaussian>.RandomResponsibilities)),
        ["Init FarthestFirst"] = new(m => m.Init = InitMethod.FarthestFirst, o => With(o, start: Start<Gaussian>.FarthestFirst)),
        ["Init Random"] = new(m => m.Init = InitMethod.Random, o => With(o, start: Start<Gaussian>.Random)),
        ["InitWeights"] = new(m => m.InitWeights = [1, 2, 2], o => With(o, startWeights: [1, 2, 2])),
        ["InitCovariances"] = new(
            m => m.InitCovariances = 0.5,
            o => With(o, startCovariances: CovarianceStart.NewGiven(TensorModule.scalar(0.5)))),
        ["CovarianceInit Empirical"] = new(
            m => m.CovarianceInit = CovarianceInitMethod.Empirical, o => With(o, startCovariances: CovarianceStart.Empirical)),
        ["CovarianceInit Identity"] = new(
            m => m.CovarianceInit = CovarianceInitMethod.Identity, o => With(o, startCovariances: CovarianceStart.Identity)),
        ["CovarianceInit Random"] = new(
            m => m.CovarianceInit = CovarianceInitMethod.Random, o => With(o, startCovariances: CovarianceStart.Random)),
        ["InitMeans"] = new(m => m.InitMeans = Means, o => With(o, start: Start<Gaussian>.NewMeans(Means))),
        ["InitMeans, InitCovariances"] = new(
            m => (m.InitMeans, m.InitCovariances) = (Means, 0.5),
            o => With(o, start: Start<Gaussian>.NewMixture(Mixture.uniform(3, Parameters(TensorModule.scalar(0.5)))))),
        ["InitMeans, InitCovariances, InitWeights"] = new(
            m => (m.InitMeans, m.InitCovariances, m.InitWeights) = (Means, Identity, [1, 2, 2]),
            o => With(o, start: Start<Gaussian>.NewMixture(
                Data.Value(Mixture.create([1.0, 2, 2], Parameters(TensorModule.matrix(Identity))))))),
        ["InitLabels"] = new(m => m.InitLabels = Data.Species, o => With(o, start: Start<Gaussian>.NewLabels(Data.Species))),
        ["InitResponsibilities"] = new(
            m => m.InitResponsibilities = Data.OneHot(Data.Species, 3),
            o => With(o, start: Start<Gaussian>.NewResponsibilities(Data.OneHot(Data.Species, 3)))),
        ["Restarts, RandomState"] = new(
            m => (m.Init, m.Restarts, m.RandomState) = (InitMethod.Points, 5, 7),
            o => With(o, start: Start<Gaussian>.Points, restarts: 5, seed: 7)),
        ["Cem"] = new(m => m.Cem = true, o => With(o, assignment: Assignment.Hard)),
        ["WeightConcentrationPrior, one"] = new(
            m => m.WeightConcentrationPrior = 10, o => With(o, weightPrior: WeightPrior.NewDirichlet([10, 10, 10]))),
        ["WeightConcentrationPrior, K"] = new(
            m => m.WeightConcentrationPrior = new[] { 1.0, 5, 50 }, o => With(o, weightPrior: WeightPrior.NewDirichlet([1, 5, 50]))),
        ["MeanPrior, D"] = new(
            m => (m.MeanPrior, m.MeanPrecisionPrior) = (MeanVector, 4),
            o => With(o, meanPrior: new(TensorModule.vector(MeanVector), 4))),
        ["MeanPrior, K×D"] = new(
            m => (m.MeanPrior, m.MeanPrecisionPrior) = (Means, 40),
            o => With(o, meanPrior: new(TensorModule.matrix(Means), 40))),
        ["CovariancePrior, one"] = new(
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (0.5, 6),
            o => With(o, covariancePrior: new(TensorModule.scalar(0.5), 6))),
        ["CovariancePrior, D×D"] = new(
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (Identity, 6),
            o => With(o, covariancePrior: new(TensorModule.matrix(Identity), 6))),
        ["CovariancePrior, D, diagonal"] = new(
            m => (m.CovarianceType, m.CovariancePrior, m.DegreesOfFreedomPrior) = (CovarianceType.Diag, MeanVector, 6),
            o => With(o, structure: Structure.Diag, covariancePrior: new(TensorModule.vector(MeanVector), 6))),
        ["CovariancePrior, K×D×D"] = new(
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (Stack, 6),
            o => With(o, covariancePrior: new(TensorModule.matrices(Stack), 6))),
    };

    private static double[,,] Stack
    {
        get
        {
            var stack = new double[3, 4, 4];

            for (var k = 0; k < 3; k++)
            {
                for (var j = 0; j < 4; j++)
                {
                    stack[k, j, j] = 0.1 * (k + j + 1);
                }
            }

            return stack;
        }
    }

    public static TheoryData<string> SettingNames => new(Settings.Keys);

    [Fact]
    public void CovarianceTypesAreTheStructuresOfTheCoreInItsOrder() =>
        Assert.Equal(StructureModule.all.Select(structure => $"{structure}"), Enum.GetNames<CovarianceType>());

    [Fact]
    public void DefaultsAreThoseOfTheCore() => AssertSame(Fit(new GaussianMixture(3)), CoreFit(With(Core.Gmm.defaults, components: 3)));

    [Theory]
    [MemberData(nameof(SettingNames))]
    public void SettingReachesTheCore(string name)
    {
        var model = new GaussianMixture(3);
        Settings[name].Here(model);
        AssertSame(Fit(model), CoreFit(Settings[name].Core(With(Core.Gmm.defaults, components: 3))));
        Assert.NotEqual(new GaussianMixture(3).Fit(Data.Iris).Trace, model.Trace);
    }

    /// <summary>Without a component on it, the floor is not there.</summary>
    [Fact]
    public void FloorThatNothingTouchesChangesNoBit() =>
        Assert.Equal(new GaussianMixture(3).Fit(Data.Iris).Trace, new GaussianMixture(3) { RegCovar = default }.Fit(Data.Iris).Trace);

    [Fact]
    public void ManySettingsTogetherReachTheCore()
    {
        string[] names = ["TiedDiag", "Tolerance", "RegCovar absolute", "Restarts, RandomState", "WeightConcentrationPrior, K", "MeanPrior, D", "CovariancePrior, one"];
        var model = new GaussianMixture(3);
        Array.ForEach(names, name => Settings[name].Here(model));
        AssertSame(Fit(model), CoreFit(names.Aggregate(With(Core.Gmm.defaults, components: 3), (options, name) => Settings[name].Core(options))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void ThreadsChangeNoBit(int threads) =>
        AssertSame(Fit(new GaussianMixture(3) { Threads = threads }), CoreFit(With(Core.Gmm.defaults, components: 3)));

    [Fact]
    public void SampleWeightsReachTheCore()
    {
        double[] weights = [.. Enumerable.Range(0, 150).Select(n => n % 3 + 0.5)];
        var model = new GaussianMixture(3).Fit(Data.Iris, weights);
        var source = Data.Value(SourceModule.weighted(weights, Data.Source(Data.Iris)));
        var core = Data.Value(Core.Gmm.fit(With(Core.Gmm.defaults, components: 3), source));
        AssertSame(model, core);
        Assert.Equal(Data.Value(Core.Predict.score(core, source)), model.Score(Data.Iris, weights));
        Assert.NotEqual(model.Score(Data.Iris), model.Score(Data.Iris, weights));
        Assert.Equal(model.LowerBound, model.Score(Data.Iris, weights), 1e-12);
    }

    [Fact]
    public void IrisFromItsLabelsHasTheKnownLogLikelihood()
    {
        var model = new GaussianMixture(3) { InitLabels = Data.Species, RegCovar = default, Tolerance = 1e-14 }.Fit(Data.Iris);
        Assert.Equal(-180.185477131, model.LogLikelihood, 1e-8);
        Assert.Equal(44, model.FreeParameters);
        Assert.Equal(-2 * model.LogLikelihood + 44 * Math.Log(150), model.Bic(), 1e-9);
        Assert.Equal(-2 * model.LogLikelihood + 88, model.Aic(), 1e-9);
        Assert.True(model.Converged);
    }

    [Fact]
    public void FitReturnsTheObjectItself()
    {
        var model = new GaussianMixture(2);
        Assert.False(model.IsFitted);
        Assert.Same(model, model.Fit(Data.Faithful));
        Assert.True(model.IsFitted);
    }

    [Fact]
    public void FitPredictIsFitThenPredict()
    {
        var model = new GaussianMixture(3);
        Assert.Equal(model.FitPredict(Data.Iris), new GaussianMixture(3).Fit(Data.Iris).Predict(Data.Iris));
        Assert.True(model.IsFitted);
    }

    [Fact]
    public void SeedsAndRestartsCount()
    {
        GaussianMixture Run(int seed, int restarts) =>
            new GaussianMixture(3) { Init = InitMethod.Points, RandomState = seed, Restarts = restarts }.Fit(Data.Iris);

        var single = Enumerable.Range(0, 6).Select(seed => Run(seed, 1)).ToArray();
        var best = single.MaxBy(model => model.Trace[^1])!;
        var all = Run(0, 6);
        Assert.NotEqual(single[0].InitialMeans, single[1].InitialMeans);
        Assert.Equal(best.Means, all.Means);
        Assert.Equal(best.RandomState, all.BestRandomState);
    }

    [Fact]
    public void NotConvergingIsNoError()
    {
        var model = new GaussianMixture(3) { Tolerance = 0, MaxIterations = 4 }.Fit(Data.Iris);
        Assert.False(model.Converged);
        Assert.Equal(4, model.Iterations);
        Assert.Equal(5, model.Trace.Count);
        Assert.Equal(model.LowerBound, model.Trace[^1]);
    }

    [Fact]
    public void FitMayStartFromAnEarlierOne()
    {
        var first = new GaussianMixture(3) { Acceleration = Acceleration.None, Tolerance = 0, MaxIterations = 3 }.Fit(Data.Iris);
        var second = new GaussianMixture(3)
        {
            Acceleration = Acceleration.None,
            Tolerance = 0,
            MaxIterations = 2,
            InitWeights = first.Weights,
            InitMeans = first.Means,
            InitCovariances = first.Covariances.Values,
        }.Fit(Data.Iris);
        Assert.Equal(first.Means, second.InitialMeans);
        Assert.Equal(first.Covariances.Values, second.InitialCovariances.Values);
        var whole = new GaussianMixture(3) { Acceleration = Acceleration.None, Tolerance = 0, MaxIterations = 5 }.Fit(Data.Iris);
        Assert.Equal(whole.LogLikelihood, second.LogLikelihood, 1e-9);
    }

    [Fact]
    public void ResultsAreCopies()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var (weight, mean, variance) = (model.Weights[0], model.Means[0, 0], model.Covariances[0][0, 0]);
        model.Weights[0] = model.Means[0, 0] = model.Covariances[0][0, 0] = model.InitialWeights[0] = model.InitialMeans[0, 0] = 77;
        ((double[,,])model.Covariances.Values)[0, 0, 0] = 77;
        Assert.Equal((weight, mean, variance), (model.Weights[0], model.Means[0, 0], model.Covariances[0][0, 0]));
        Assert.Equal(variance, ((double[,,])model.Covariances.Values)[0, 0, 0]);
        Assert.True(((ICollection<double>)model.Trace).IsReadOnly);
    }

    [Fact]
    public void FitIsCancelledAndTheEarlierFitKept()
    {
        using var cancellation = new CancellationTokenSource();
        var model = new GaussianMixture(2).Fit(Data.Faithful, cancellationToken: cancellation.Token);
        var means = model.Means;
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => model.Fit(Data.Iris, cancellationToken: cancellation.Token));
        Assert.Equal(means, model.Means);
        Assert.Equal(272, model.Predict(Data.Faithful).Length);
    }

    [Fact]
    public void FitIsCancelledWhileItRuns()
    {
        using var cancellation = new CancellationTokenSource();
        var model = new GaussianMixture(3) { Tolerance = 0, MaxIterations = int.MaxValue };
        var progress = new WatchingTests.CancelAt(3, cancellation);
        Assert.ThrowsAny<OperationCanceledException>(() => model.Fit(Data.Iris, progress: progress, cancellationToken: cancellation.Token));
        Assert.False(model.IsFitted);
    }

    [Fact]
    public async Task PredictMayBeCalledDuringAFit()
    {
        var two = new GaussianMixture(2).Fit(Data.Iris).PredictProba(Data.Iris);
        var three = new GaussianMixture(3).Fit(Data.Iris).PredictProba(Data.Iris);
        var model = new GaussianMixture(2).Fit(Data.Iris);
        var seen = new ConcurrentDictionary<int, bool>();
        using var enough = new CancellationTokenSource();
        var reads = 0;

        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                var proba = model.PredictProba(Data.Iris);
                Assert.Equal(proba.GetLength(1) == 2 ? two : three, proba);
                seen[proba.GetLength(1)] = true;
                Interlocked.Increment(ref reads);
            }
        })).ToArray();

        for (var fits = 0; fits < 40; fits++)
        {
            model.Components = fits % 2 == 0 ? 3 : 2;
            model.Fit(Data.Iris);
            // Each reader may have one under way that began before; of five more, one began after the fit.
            var before = Volatile.Read(ref reads);
            SpinWait.SpinUntil(() => Volatile.Read(ref reads) >= before + 5 || readers.Any(reader => reader.IsFaulted));
        }

        enough.Cancel();
        await Task.WhenAll(readers);
        Assert.Equal([2, 3], seen.Keys.Order());
    }

    // ── Against the core ────────────────────────────────────────────────────────────────────────────────────────────

    private static GaussianMixture Fit(GaussianMixture model) => model.Fit(Data.Iris);

    private static Fit<Gaussian> CoreFit(Options options) => Data.Value(Core.Gmm.fit(options, Data.Source(Data.Iris)));

    private static Gaussian Parameters(Core.Tensor covariances) => Data.Value(GaussianModule.create(Structure.Full, Means, covariances));

    /// <summary>F#'s <c>{ options with … }</c>; what is not given stays.</summary>
    private static Options With(
        Options options,
        int? components = null,
        Structure? structure = null,
        Start<Gaussian>? start = null,
        double[]? startWeights = null,
        CovarianceStart? startCovariances = null,
        int? restarts = null,
        int? seed = null,
        Assignment? assignment = null,
        double? tolerance = null,
        int? maxIterations = null,
        Core.Regularisation? regCovar = null,
        Core.Stopping? stopping = null,
        Core.Acceleration? acceleration = null,
        WeightPrior? weightPrior = null,
        MeanPrior? meanPrior = null,
        CovariancePrior? covariancePrior = null)
    {
        var kind = Changed(
            options.Family,
            (nameof(GaussianKind.Structure), structure),
            (nameof(GaussianKind.StartCovariances), startCovariances),
            (nameof(GaussianKind.RegCovar), regCovar),
            (nameof(GaussianKind.MeanPrior), meanPrior is null ? null : FSharpOption<MeanPrior>.Some(meanPrior)),
            (nameof(GaussianKind.CovariancePrior), covariancePrior is null ? null : FSharpOption<CovariancePrior>.Some(covariancePrior)));
        return Changed(
            options,
            (nameof(options.Family), kind),
            (nameof(options.Components), components),
            (nameof(options.Start), start),
            (nameof(options.StartWeights), startWeights is null ? null : FSharpOption<double[]>.Some(startWeights)),
            (nameof(options.Restarts), restarts),
            (nameof(options.Seed), seed),
            (nameof(options.Assignment), assignment),
            (nameof(options.Tolerance), tolerance),
            (nameof(options.MaxIterations), maxIterations),
            (nameof(options.Stopping), stopping),
            (nameof(options.Acceleration), acceleration),
            (nameof(options.WeightPrior), weightPrior));
    }

    private static T Changed<T>(T record, params (string Field, object? Value)[] changes) =>
        Against.With(record, [.. from change in changes where change.Value is not null select (change.Field, change.Value!)]);

    /// <summary>Every number of a fitted model is that of the core's fit, to the last bit.</summary>
    private static void AssertSame(GaussianMixture model, Fit<Gaussian> fit)
    {
        Against.AssertSame(model, fit, Data.Iris);
        Assert.Equal(fit.Parameters.Means.toArray2D(), model.Means);
        Assert.Equal(fit.Parameters.Covariances.shape, model.Covariances.Values.Shape);
        Assert.Equal(fit.Parameters.Covariances.toArray(), Flat(model.Covariances.Values));
        Assert.All(model.Covariances, (matrix, k) => Assert.Equal(GaussianModule.covariance(fit.Parameters, k), matrix));
        Assert.Equal(fit.Start.Parameters.Means.toArray2D(), model.InitialMeans);
        Assert.Equal(fit.Start.Parameters.Covariances.toArray(), Flat(model.InitialCovariances.Values));
    }

    private static double[] Flat(Tensor tensor) =>
        tensor.Shape.Count switch
        {
            0 => [(double)tensor],
            1 => (double[])tensor,
            2 => [.. ((double[,])tensor).Cast<double>()],
            _ => [.. ((double[,,])tensor).Cast<double>()],
        };
}
