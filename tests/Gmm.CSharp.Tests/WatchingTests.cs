using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Watching a fit: progress, history, warnings, warm starts, fits on other threads.</summary>
public sealed class WatchingTests
{
    /// <summary>Collects reports as they come, on the thread that makes them.</summary>
    private sealed class Reports : List<FitProgress>, IProgress<FitProgress>
    {
        public void Report(FitProgress value) => Add(value);
    }

    /// <summary>Cancels a fit as it reports an iteration.</summary>
    internal sealed class CancelAt(int iteration, CancellationTokenSource cancellation) : IProgress<FitProgress>
    {
        public void Report(FitProgress value)
        {
            if (value.Iteration == iteration)
            {
                cancellation.Cancel();
            }
        }
    }

    private static void AssertEnds<T>(T first, T last, IReadOnlyList<T> history)
    {
        Assert.Equal(first, history[0]);
        Assert.Equal(last, history[^1]);
    }

    private static GaussianMixture Three => new(3) { Init = InitMethod.Points };

    [Fact]
    public void ProgressTellsEveryIterationOfEveryRun()
    {
        var reports = new Reports();
        var model = new GaussianMixture(3) { Init = InitMethod.Points, Restarts = 3, RandomState = 5 }.Fit(Data.Iris, progress: reports);
        var best = reports.Where(report => report.Seed == model.BestRandomState).ToArray();
        Assert.Equal([0, 1, 2], reports.Select(report => report.Run).Distinct().Order());
        Assert.All(reports, report => Assert.Equal(report.Run + 5, report.Seed));
        Assert.Equal(Enumerable.Range(0, model.Iterations + 1), best.Select(report => report.Iteration));
        Assert.Equal(model.Trace, best.Select(report => report.Objective));
        Assert.Equal(model.Trace[1] - model.Trace[0], best[1].Change);
        Assert.Equal(0, best[0].Change);
        Assert.True(best[0].Elapsed > TimeSpan.Zero);
        Assert.StartsWith($"run {best[0].Run} (seed {model.BestRandomState})  iteration    0  objective", best[0].ToString());
    }

    [Fact]
    public async Task FitAsyncFitsAsFitDoes()
    {
        var (model, reports) = (Three, new Reports());
        await model.FitAsync(Data.Iris, progress: reports, cancellationToken: TestContext.Current.CancellationToken);
        var same = Three.Fit(Data.Iris);
        Assert.Equal(same.Means, model.Means);
        Assert.Equal(same.Trace, reports.Select(report => report.Objective));
    }

    [Fact]
    public async Task FitAsyncReadsTheSettingsBeforeItReturns()
    {
        var model = Three;
        var fit = model.FitAsync(Data.Iris, cancellationToken: TestContext.Current.CancellationToken);
        model.Components = 7;
        await fit;
        Assert.Equal(3, model.Weights.Length);
        var mistaken = new GaussianMixture(2) { MeanPrior = new double[4] };
        Assert.Throws<ArgumentException>(() => { _ = mistaken.FitAsync(Data.Iris); });
    }

    [Fact]
    public async Task FitAsyncIsCancelledAndTheEarlierFitKept()
    {
        var model = Three.Fit(Data.Iris);
        var means = model.Means;
        (model.Tolerance, model.MaxIterations) = (0, int.MaxValue);
        using var cancellation = new CancellationTokenSource();
        var fit = model.FitAsync(Data.Iris, progress: new CancelAt(3, cancellation), cancellationToken: cancellation.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fit);
        Assert.Equal(means, model.Means);
    }

    [Fact]
    public async Task FitAsyncThrowsWhatFitThrows()
    {
        var model = new GaussianMixture(2) { MaxIterations = 0 };
        var thrown = await Assert.ThrowsAsync<ArgumentException>(() => model.FitAsync(Data.Iris));
        Assert.Equal("MaxIterations must be at least 1, but is 0.", thrown.Message);
        Assert.False(model.IsFitted);
    }

    [Fact]
    public void HistoryIsKeptWhenAskedFor()
    {
        var model = Three;
        model.KeepHistory = true;
        model.Fit(Data.Iris);
        Assert.Equal(model.Iterations + 1, model.WeightsHistory.Count);
        AssertEnds(model.InitialWeights, model.Weights, model.WeightsHistory);
        AssertEnds(model.InitialMeans, model.Means, model.MeansHistory);
        Assert.Equal(model.InitialCovariances.Values, model.CovariancesHistory[0].Values);
        Assert.Equal(model.Covariances.Values, model.CovariancesHistory[^1].Values);
        Assert.Equal(model.Iterations + 1, model.MeansHistory.Count);
    }

    [Fact]
    public void EveryFamilyKeepsItsHistory()
    {
        double[,] coins = { { 0, 1 }, { 1, 1 }, { 1, 0 }, { 0, 0 }, { 1, 1 }, { 0, 1 } };
        var bernoulli = new BernoulliMixture(2) { KeepHistory = true, MaxIterations = 3 }.Fit(coins);
        AssertEnds(bernoulli.InitialProbabilities, bernoulli.Probabilities, bernoulli.ProbabilitiesHistory);
        var binomial = new BinomialMixture(2, trials: 2) { KeepHistory = true, MaxIterations = 3 }.Fit(coins);
        AssertEnds(binomial.InitialProbabilities, binomial.Probabilities, binomial.ProbabilitiesHistory);
        var categorical = new CategoricalMixture(2, levels: 2) { KeepHistory = true, MaxIterations = 3 }.Fit(coins);
        AssertEnds(categorical.InitialProbabilities, categorical.Probabilities, categorical.ProbabilitiesHistory);
        var poisson = new PoissonMixture(2) { KeepHistory = true, MaxIterations = 3 }.Fit(coins);
        AssertEnds(poisson.InitialRates, poisson.Rates, poisson.RatesHistory);
        double[,] waits = { { 0.1, 1 }, { 1, 1 }, { 1, 0.2 }, { 0.4, 0.3 }, { 1, 1 }, { 0.5, 1 } };
        var exponential = new ExponentialMixture(2) { KeepHistory = true, MaxIterations = 3 }.Fit(waits);
        AssertEnds(exponential.InitialRates, exponential.Rates, exponential.RatesHistory);
        var product = new ProductMixture(2) { KeepHistory = true, MaxIterations = 3, Parts = { Part.Bernoulli([0]), Part.Poisson([1]) } }.Fit(coins);
        Assert.Equal(product.InitialPartParameters[1].Rates, product.PartParametersHistory[0][1].Rates);
        Assert.Equal(product.PartParameters[0].Probabilities, product.PartParametersHistory[^1][0].Probabilities);
        Assert.Equal(product.Iterations + 1, product.WeightsHistory.Count);
    }

    [Fact]
    public void HistoryNotKeptIsSaid()
    {
        var model = Three.Fit(Data.Iris);
        var thrown = Assert.Throws<InvalidOperationException>(() => model.MeansHistory);
        Assert.Equal("MeansHistory needs a fit that kept its history. Set KeepHistory before Fit.", thrown.Message);
        Assert.StartsWith("WeightsHistory needs", Assert.Throws<InvalidOperationException>(() => model.WeightsHistory).Message);
        Assert.Throws<InvalidOperationException>(() => new BernoulliMixture(1).Fit(new double[,] { { 1 }, { 0 } }).ProbabilitiesHistory);
    }

    [Fact]
    public void TwoWarmFitsOfOneIterationAreOneFitOfTwo()
    {
        GaussianMixture Limited(int iterations) => new(3)
        {
            Acceleration = Acceleration.None,
            Tolerance = 0,
            MaxIterations = iterations,
            WarmStart = true,
            Init = InitMethod.Points,
            Restarts = 3,
            InitWeights = [1, 2, 3],
        };
        var twice = Limited(1).Fit(Data.Iris);
        var once = Limited(2);
        (once.Restarts, once.RandomState) = (1, twice.BestRandomState);
        once.Fit(Data.Iris);
        twice.Fit(Data.Iris);
        Assert.Equal(once.Means, twice.Means);
        Assert.Equal(once.Covariances.Values, twice.Covariances.Values);
        Assert.Equal((once.Weights[2], once.LogLikelihood), (twice.Weights[2], twice.LogLikelihood));
    }

    [Fact]
    public void EveryFamilyStartsWarm()
    {
        double[,] counts = { { 0, 1 }, { 5, 1 }, { 1, 0 }, { 9, 7 }, { 1, 1 }, { 0, 3 } };
        // The same start for all, since a choice among candidates depends on the iterations.
        PoissonMixture Poisson(int iterations) =>
            new(2) { Acceleration = Acceleration.None, Init = InitMethod.KMeans, Tolerance = 0, MaxIterations = iterations, WarmStart = true };
        Assert.Equal(Poisson(4).Fit(counts).Rates, Poisson(2).Fit(counts).Fit(counts).Rates);
        ProductMixture Product(int iterations) =>
            new(2)
            {
                Init = InitMethod.KMeans,
                Acceleration = Acceleration.None,
                Tolerance = 0,
                MaxIterations = iterations,
                WarmStart = true,
                Parts = { Part.Gaussian([0]), Part.Poisson([1]) },
            };
        Assert.Equal(Product(4).Fit(counts).LogLikelihood, Product(2).Fit(counts).Fit(counts).LogLikelihood);
    }

    [Fact]
    public void WarmStartOfAnotherShapeIsAnErrorAndTheFitIsKept()
    {
        var model = new GaussianMixture(2) { WarmStart = true }.Fit(Data.Iris);
        var means = model.Means;
        model.Components = 3;
        var thrown = Assert.Throws<ArgumentException>(() => model.Fit(Data.Iris));
        Assert.StartsWith("The last fit, for WarmStart, must be one of K = 3, but is one of K = 2.", thrown.Message);
        Assert.Equal(means, model.Means);
    }

    [Fact]
    public void WarningsSayWhatToSee()
    {
        var limited = new GaussianMixture(3) { MaxIterations = 2 }.Fit(Data.Iris);
        var warning = Assert.Single(limited.Warnings);
        Assert.Equal((FitWarningKind.NotConverged, null, null), (warning.Kind, warning.Component, warning.Seed));
        Assert.StartsWith("The fit stopped after 2 iterations without converging", warning.Message);
        Assert.Equal(warning.Message, warning.ToString());
        Assert.Empty(Three.Fit(Data.Iris).Warnings);

        var rows = Enumerable.Range(0, 1000).Select(n => new[] { n == 77 ? 500 : Math.Sin(n) }).ToArray();
        var far = new GaussianMixture(2) { InitMeans = new double[,] { { 0 }, { 500 } } }.Fit(rows).Warnings;
        Assert.Equal(
            [(FitWarningKind.OnFloor, 1), (FitWarningKind.FewRows, 1), (FitWarningKind.NearlyEmpty, 1)],
            far.Select(warning => (warning.Kind, warning.Component ?? -1)));
    }

    [Fact]
    public void LightWeightsAreWarnedAbout()
    {
        double[] weights = [.. Enumerable.Repeat(1.0 / 300, 150)];
        var warning = Assert.Single(new GaussianMixture(1).Fit(Data.Iris, weights).Warnings);
        Assert.Equal((FitWarningKind.LightWeights, null, null), (warning.Kind, warning.Component, warning.Seed));
        Assert.StartsWith("The sample weights of 150 rows sum to 0.5, which BIC and ICL take for the number of rows.", warning.Message);
        Assert.Empty(new GaussianMixture(1).Fit(Data.Iris).Warnings);
    }

    [Fact]
    public void PriorsFromDataAreThoseOfTheCore()
    {
        var model = new GaussianMixture(3) { CovarianceType = CovarianceType.TiedDiag }.UsePriorsFromData(Data.Iris);
        var (means, covariances) = Data.Value(Core.Prior.fromData(Core.Structure.TiedDiag, 3, Data.Source(Data.Iris)));
        Assert.Equal(means.Mean.toArray(), (double[])model.MeanPrior!);
        Assert.Equal(covariances.Scale.toArray(), (double[])model.CovariancePrior!);
        Assert.Equal((0.01, 6.0), (model.MeanPrecisionPrior!.Value, model.DegreesOfFreedomPrior!.Value));
        model.Fit(Data.Iris);
        Assert.NotEqual(0, model.LogPrior);
        Assert.Equal((model.LogLikelihood + model.LogPrior) / 150, model.Objective, 1e-12);
    }
}
