using Xunit;
using Core = global::Gmm;
using Options = Gmm.FitOptions<Gmm.CentroidKind, Gmm.Centroid>;

namespace Gmm.CSharp.Tests;

public class KMeansTests
{
    private static readonly double[,] Centers = { { 5, 3.4, 1.4, 0.2 }, { 5.9, 2.8, 4.3, 1.3 }, { 6.6, 3, 5.6, 2 } };

    private static readonly Dictionary<string, (Action<KMeans> Here, Func<Options, Options> Core)> Settings = new()
    {
        ["defaults"] = (_ => { }, o => o),
        ["Clusters"] = (m => m.Clusters = 5, o => Against.With(o, ("Components", 5))),
        ["Init"] = (m => (m.Init, m.Restarts) = (KMeansInitMethod.Points, 1), o => Against.With(o, ("Start", Start<Centroid>.Points), ("Restarts", 1))),
        ["Init FarthestFirst"] = (
            m => (m.Init, m.Restarts) = (KMeansInitMethod.FarthestFirst, 1),
            o => Against.With(o, ("Start", Start<Centroid>.FarthestFirst), ("Restarts", 1))),
        ["Init Random"] = (
            m => (m.Init, m.Restarts) = (KMeansInitMethod.Random, 1),
            o => Against.With(o, ("Start", Start<Centroid>.Random), ("Restarts", 1))),
        ["Init RandomResponsibilities"] = (
            m => (m.Init, m.Restarts) = (KMeansInitMethod.RandomResponsibilities, 1),
            o => Against.With(o, ("Start", Start<Centroid>.RandomResponsibilities), ("Restarts", 1))),
        ["InitCenters"] = (m => m.InitCenters = Centers, o => Against.With(o, ("Start", Start<Centroid>.NewMeans(Centers)))),
        ["Restarts, RandomState"] = (m => (m.Restarts, m.RandomState) = (2, 11), o => Against.With(o, ("Restarts", 2), ("Seed", 11))),
        ["MaxIterations"] = (m => (m.Restarts, m.MaxIterations) = (1, 2), o => Against.With(o, ("Restarts", 1), ("MaxIterations", 2))),
        ["Tolerance"] = (m => (m.Restarts, m.Tolerance) = (1, 0.1), o => Against.With(o, ("Restarts", 1), ("Tolerance", 0.1))),
        ["Threads"] = (m => m.Threads = 1, o => Against.With(o, ("Execution", new Execution(1, CancellationToken.None)))),
    };

    public static TheoryData<string> SettingNames => new(Settings.Keys);

    [Theory]
    [MemberData(nameof(SettingNames))]
    public void SettingReachesTheCore(string name)
    {
        var model = new KMeans(3);
        Settings[name].Here(model);
        model.Fit(Data.Iris);
        var source = Data.Source(Data.Iris);
        var core = Data.Value(Core.KMeans.fit(Settings[name].Core(Against.With(Core.KMeans.defaults, ("Components", 3))), source));
        Assert.Equal(core.Centres, model.Centers);
        Assert.Equal(
            (core.Inertia, core.Fit.Iterations, core.Fit.Converged, core.Fit.Seed),
            (model.Inertia, model.Iterations, model.Converged, model.BestRandomState));
        Assert.Equal(Data.Value(Core.KMeans.predict(core, source)), model.Labels);
        Assert.Equal(model.Labels, model.Predict(Data.Iris));
        Assert.Equal(Data.Value(Core.KMeans.transform(core, source)), model.Transform(Data.Iris));
    }

    [Theory]
    [InlineData(2, 152.34795176)]
    [InlineData(3, 78.8514414261)]
    public void IrisHasTheKnownInertia(int clusters, double inertia) =>
        Assert.Equal(inertia, new KMeans(clusters) { Tolerance = 0 }.Fit(Data.Iris).Inertia, 1e-8);

    [Fact]
    public void TheInertiaOfRowsThatAreAllCentersIsNotMinusZero()
    {
        var model = new KMeans(2).Fit([[1], [1], [2]]);
        Assert.Equal(("0", "0"), ($"{model.Inertia}", $"{model.Score([[1], [2]])}"));
        Assert.EndsWith("inertia 0", model.ToString());
    }

    [Fact]
    public void FitPredictGivesLabelsAndTransformDistances()
    {
        var model = new KMeans(3);
        var labels = model.FitPredict(Data.Iris);
        var distances = model.Transform(Data.Iris);
        Assert.Equal(model.Labels, labels);
        Assert.Equal((150, 3), (distances.GetLength(0), distances.GetLength(1)));
        Assert.All(labels, (label, n) => Assert.Equal(Enumerable.Range(0, 3).Min(k => distances[n, k]), distances[n, label]));
        Assert.Equal(model.Inertia, labels.Select((label, n) => Math.Pow(distances[n, label], 2)).Sum(), 1e-9);
        Assert.Same(model, model.Fit(Data.Iris));
    }

    [Fact]
    public void AWeightOfTwoIsTwoRows()
    {
        double[,] data = { { 0 }, { 1 }, { 10 } };
        var model = new KMeans(2).Fit(data, [2, 1, 1]);
        Assert.Equal([1.0 / 3, 10], model.Centers.Cast<double>().Order().ToArray(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void ResultsAreCopies()
    {
        var model = new KMeans(2).Fit(Data.Faithful);
        var (label, center) = (model.Labels[0], model.Centers[0, 0]);
        model.Labels[0] = 77;
        model.FitPredict(Data.Faithful)[0] = 77;
        model.Centers[0, 0] = 77;
        Assert.Equal((label, center), (model.Labels[0], model.Centers[0, 0]));
    }

    private static readonly Dictionary<string, Action<KMeans>> Errors = new()
    {
        ["Clusters must be at least 1, but is 0."] = m => m.Clusters = 0,
        ["Clusters must be at most the number of rows, 150, but is 151."] = m => m.Clusters = 151,
        ["Restarts must be at least 1, but is -3."] = m => m.Restarts = -3,
        ["MaxIterations must be at least 1, but is 0."] = m => m.MaxIterations = 0,
        ["Tolerance must be 0 or more, and finite, but is -1."] = m => m.Tolerance = -1,
        ["Threads must be at least 1, but is 0."] = m => m.Threads = 0,
        ["VerboseInterval must be at least 1, but is 0."] = m => m.VerboseInterval = 0,
        ["Init must be one of KPlusPlus, Points, FarthestFirst, Random, RandomResponsibilities, but is 9."] = m => m.Init = (KMeansInitMethod)9,
        ["InitCenters must be of shape 3×4, but is 3×2."] = m => m.InitCenters = new double[3, 2],
        ["InitCenters[0, 1] must be finite, but is NaN."] = m => m.InitCenters = new double[,] { { 1, double.NaN, 0, 0 }, { 1, 0, 0, 0 }, { 1, 1, 1, 1 } },
    };

    public static TheoryData<string> ErrorMessages => new(Errors.Keys);

    [Theory]
    [MemberData(nameof(ErrorMessages))]
    public void SettingThatBreaksItsRule(string message)
    {
        var model = new KMeans(3).Fit(Data.Iris);
        var inertia = model.Inertia;
        Errors[message](model);
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Fit(Data.Iris)).Message);
        Assert.Equal(inertia, model.Inertia);
        Assert.Equal(150, model.Labels.Length);
    }

    [Fact]
    public void TooFewDifferentRows() =>
        Assert.StartsWith(
            "3 components need 3 different rows of positive weight, but the data have 2.",
            Assert.Throws<ArgumentException>(() => new KMeans(3).Fit(new double[,] { { 1 }, { 2 }, { 1 }, { 2 } })).Message);

    [Fact]
    public void FitIsCancelled()
    {
        var model = new KMeans(3);
        Assert.ThrowsAny<OperationCanceledException>(() => model.Fit(Data.Iris, cancellationToken: new CancellationToken(true)));
        Assert.False(model.IsFitted);
    }

    /// <summary>Collects reports as they come.</summary>
    private sealed class Reports : List<FitProgress>, IProgress<FitProgress>
    {
        public void Report(FitProgress value) => Add(value);
    }

    [Fact]
    public async Task FitAsyncFitsAsFitDoesAndTellsItsProgress()
    {
        var (model, reports) = (new KMeans(3) { Restarts = 2 }, new Reports());
        await model.FitAsync(Data.Iris, progress: reports, cancellationToken: TestContext.Current.CancellationToken);
        var same = new KMeans(3) { Restarts = 2 }.Fit(Data.Iris);
        Assert.Equal(same.Centers, model.Centers);
        var best = reports.Where(report => report.Seed == model.BestRandomState).ToArray();
        Assert.Equal(Enumerable.Range(0, model.Iterations + 1), best.Select(report => report.Iteration));
        Assert.Equal(model.Inertia, -2 * 150 * best[^1].Objective, 1e-9);
        Assert.Throws<ArgumentException>(() => { _ = new KMeans(2) { Init = (KMeansInitMethod)7 }.FitAsync(Data.Iris); });
    }

    [Fact]
    public void KeptHistoryHasTheCentersOfEveryIteration()
    {
        var model = new KMeans(3) { Restarts = 2, KeepHistory = true }.Fit(Data.Iris);
        Assert.Equal(model.Iterations + 1, model.CentersHistory.Count);
        Assert.Equal(model.Trace.Count, model.CentersHistory.Count);
        Assert.Equal(model.Centers, model.CentersHistory[^1]);
        Assert.Equal(new KMeans(3) { Restarts = 2 }.Fit(Data.Iris).Centers, model.Centers);

        for (var i = 0; i < model.CentersHistory.Count; i++)
        {
            var here = new KMeans(3) { InitCenters = model.CentersHistory[i], MaxIterations = 1 }.Fit(Data.Iris);
            Assert.Equal(here.Trace[0], model.Trace[i]);
        }

        Assert.StartsWith(
            "CentersHistory needs a fit that kept its history.",
            Assert.Throws<InvalidOperationException>(() => new KMeans(3).Fit(Data.Iris).CentersHistory).Message);
    }

    [Fact]
    public void FitThatStopsEarlyWarns()
    {
        var model = new KMeans(3) { Restarts = 1, MaxIterations = 1, Tolerance = 0 }.Fit(Data.Iris);
        Assert.Equal(FitWarningKind.NotConverged, Assert.Single(model.Warnings).Kind);
        Assert.Empty(new KMeans(3).Fit(Data.Iris).Warnings);
    }

    [Fact]
    public void ScoreIsMinusTheInertiaOfTheData()
    {
        var model = new KMeans(3).Fit(Data.Iris);
        Assert.Equal(-model.Inertia, model.Score(Data.Iris), 1e-9);
        var distance = model.Transform(new double[,] { { 5, 3, 2, 1 } }).Cast<double>().Min();
        Assert.Equal(-3 * distance * distance, model.Score(new double[,] { { 5, 3, 2, 1 } }, [3]), 1e-12);
        Assert.Throws<ArgumentException>(() => model.Score(new double[1, 3]));
        Assert.Throws<InvalidOperationException>(() => new KMeans(3).Score(Data.Iris));
    }
}
