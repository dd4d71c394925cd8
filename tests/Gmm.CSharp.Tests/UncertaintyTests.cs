using System.Globalization;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Standard errors, bootstrap and likelihood ratios are those of the core, on every mixture class.</summary>
public class UncertaintyTests
{
    private static readonly double[,] Counts = Columns(24, n => [n % 2, n / 5 % 2]);

    /// <summary>Quantiles of the t distribution of two degrees of freedom, (2u − 1) / √(2u(1 − u)), in two orders.</summary>
    private static readonly double[,] HeavyTails = Columns(40, n => [QuantileOfT2((n + 0.5) / 40), QuantileOfT2(((7 * n % 40) + 0.5) / 40)]);

    private static readonly Dictionary<string, (Func<MixtureModel> Make, double[,] Numbers)> Mixtures = new()
    {
        ["Gaussian"] = (() => new GaussianMixture(2), Data.Faithful),
        ["Bernoulli"] = (() => new BernoulliMixture(1), Counts),
        ["Binomial"] = (() => new BinomialMixture(1, trials: 3), Counts),
        ["Categorical"] = (() => new CategoricalMixture(1, levels: 2), Counts),
        ["Poisson"] = (() => new PoissonMixture(1), Counts),
        ["Exponential"] = (() => new ExponentialMixture(1), Data.Faithful),
        ["Geometric"] = (() => new GeometricMixture(1), Counts),
        ["Gamma"] = (() => new GammaMixture(1), Data.Faithful),
        ["LogNormal"] = (() => new LogNormalMixture(1), Data.Faithful),
        ["StudentT"] = (() => new StudentTMixture(1), HeavyTails),
        ["Product"] = (() => new ProductMixture(2) { Parts = { Part.Gaussian([0], CovarianceType.Full), Part.Gaussian([1], CovarianceType.Full) } }, Data.Faithful),
    };

    public static TheoryData<string> Families => [.. Mixtures.Keys];

    private static double QuantileOfT2(double u) => ((2 * u) - 1) / Math.Sqrt(2 * u * (1 - u));

    private static double[,] Columns(int rows, Func<int, double[]> row)
    {
        var numbers = new double[rows, 2];

        for (var n = 0; n < rows; n++)
        {
            (numbers[n, 0], numbers[n, 1]) = (row(n)[0], row(n)[1]);
        }

        return numbers;
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void EveryMixtureHasErrorsAndReplicates(string family)
    {
        var (make, numbers) = Mixtures[family];
        var model = make().Fit(numbers);

        foreach (var information in Enum.GetValues<Information>())
        {
            var errors = model.StandardErrors(numbers, information);
            Assert.Equal(errors.Names.Count, errors.Estimates.Count);
            Assert.All(errors.Errors.Skip(model.Components), error => Assert.True(error > 0));
            Assert.Equal(errors.Errors[^1], errors[errors.Names[^1]]);
        }

        foreach (var resampling in Enum.GetValues<Resampling>())
        {
            var replicates = model.Bootstrap(numbers, resampling, replicates: 4);
            Assert.Equal(resampling == Resampling.Jackknife ? numbers.GetLength(0) : 4, replicates.Replicates.GetLength(0) + replicates.Failures.Count);
            Assert.Equal(replicates.Names.Count, replicates.Intervals(0.9).Count);
        }
    }

    [Fact]
    public void StandardErrorsAreThoseOfTheCore()
    {
        double[] weights = [.. Enumerable.Range(0, 272).Select(n => 1 + (n % 3))];
        var source = Data.Value(SourceModule.weighted(weights, Data.Source(Data.Faithful)));
        var model = new GaussianMixture(2).Fit(Data.Faithful, weights);
        var fit = Data.Value(Core.Gmm.fit(Against.Options(2, Structure.Full), source));
        (Information Here, Core.Information There)[] all =
        [
            (Information.Observed, Core.Information.Observed),
            (Information.Sandwich, Core.Information.Sandwich),
            (Information.OuterProduct, Core.Information.OuterProduct),
        ];

        foreach (var (here, there) in all)
        {
            var expected = Data.Value(Core.Uncertainty.standardErrors(there, fit, source));
            var errors = model.StandardErrors(Data.Faithful, here, weights);
            Assert.Equal(expected.Names, errors.Names);
            Assert.Equal(expected.Estimates, errors.Estimates);
            Assert.Equal(expected.Errors, errors.Errors);
            Against.AssertEqual(expected.Covariance, errors.Covariance);
            var intervals = Data.Value(StandardErrorsModule.intervals(0.8, expected));
            Assert.Equal(intervals.Select(ends => (ends.Item1, ends.Item2)), errors.Intervals(0.8));
            Assert.Equal(Data.Value(Core.Summary.ofErrors(0.95, expected)), errors.ToString());
        }

        // A caller that changes what it got changes nothing here.
        var errorsOnce = model.StandardErrors(Data.Faithful, Information.Observed, weights);
        errorsOnce.Covariance[1, 1] = -1;
        Assert.True(errorsOnce.Covariance[1, 1] > 0);
    }

    [Fact]
    public void BootstrapIsThatOfTheCore()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var source = Data.Source(Data.Faithful);
        var options = Against.Options(2, Structure.Full);
        var fit = Data.Value(Core.Gmm.fit(options, source));
        (Resampling Here, Core.Resampling There)[] all =
        [
            (Resampling.Nonparametric, Core.Resampling.Nonparametric),
            (Resampling.Parametric, Core.Resampling.Parametric),
            (Resampling.WeightedLikelihood, Core.Resampling.WeightedLikelihood),
            (Resampling.Jackknife, Core.Resampling.Jackknife),
        ];

        foreach (var (here, there) in all)
        {
            var expected = Data.Value(BootstrapModule.run(new(there, 6, 3), options, fit, source));
            var replicates = model.Bootstrap(Data.Faithful, here, replicates: 6, seed: 3);
            Assert.Equal(expected.Names, replicates.Names);
            Assert.Equal(expected.Estimates, replicates.Estimates);
            Against.AssertEqual(expected.Replicates, replicates.Replicates);
            Assert.Equal(expected.StandardErrors.Errors, replicates.StandardErrors.Errors);
            Assert.Equal(expected.Bias, replicates.Bias);
            var intervals = Data.Value(BootstrapModule.intervals(0.95, expected));
            Assert.Equal(intervals.Select(ends => (ends.Item1, ends.Item2)), replicates.Intervals());
            Assert.Equal(Table(replicates), Words(replicates.ToString()));
            Assert.Empty(replicates.Failures);
        }
    }

    /// <summary>The cells of a text, line by line.</summary>
    private static string[][] Words(string text) =>
        [.. text.Split('\n').Select(line => line.Split((char[])[' ', '\r'], StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The cells that the text of a bootstrap has: its own intervals, not those of its standard errors.</summary>
    private static string[][] Table(Bootstrap replicates) =>
    [
        ["parameter", "estimate", "standard", "error", "95", "%", "from", "to"],
        .. replicates.Names.Select((name, i) =>
        {
            double[] numbers = [replicates.Estimates[i], replicates.StandardErrors[name], replicates.Intervals()[i].Low, replicates.Intervals()[i].High];
            return (string[])[name, .. numbers.Select(number => number.ToString("G6", CultureInfo.InvariantCulture))];
        }),
    ];

    [Fact]
    public void TheTextOfAJackknifeIsThatOfItsErrors()
    {
        var replicates = new GaussianMixture(1).Fit(Data.Faithful).Bootstrap(Data.Faithful, Resampling.Jackknife);
        Assert.Equal(Words(replicates.StandardErrors.ToString()), Words(replicates.ToString()));
    }

    [Fact]
    public void FailuresHaveReasons()
    {
        double[,] four = { { 0, 0 }, { 1, 3 }, { 4, 1 }, { 5, 5 } };
        var replicates = new GaussianMixture(1).Fit(four).Bootstrap(four, replicates: 60);
        Assert.Equal(60, replicates.Failures.Count + replicates.Replicates.GetLength(0));
        Assert.All(replicates.Failures, failure => Assert.StartsWith("The spread of component 0", failure.Reason));
        Assert.NotEmpty(replicates.Failures);
    }

    [Fact]
    public void LikelihoodRatiosAreThoseOfTheCore()
    {
        var source = Data.Source(Data.Faithful);
        var options = Against.Options(1, Structure.TiedFull);
        var model = new GaussianMixture(1) { CovarianceType = CovarianceType.TiedFull };
        var expected = Data.Value(BootstrapModule.likelihoodRatio(9, options, source));
        var test = model.LikelihoodRatio(Data.Faithful, replicates: 9);
        Assert.Equal((1, expected.Statistic, 0.1), (test.Components, test.Statistic, test.PValue));
        Assert.Equal(expected.Replicates, test.Replicates);
        Assert.Empty(test.Failures);
        Assert.StartsWith("1 against 2 components: statistic 299.2", test.ToString());
        Assert.EndsWith(", p = 0.1 of 9 replicates", test.ToString());
        Assert.False(model.IsFitted);

        var (components, tests) = model.LikelihoodRatios(Data.Faithful, most: 2, level: 0.2, replicates: 9);
        Assert.Equal(2, components);
        Assert.Equal(test.Replicates, Assert.Single(tests).Replicates);
        Assert.Equal(1, model.Components);
    }

    [Fact]
    public void WrongArgumentsAreErrorsThatNameThem()
    {
        var model = new GaussianMixture(2);
        Assert.Throws<InvalidOperationException>(() => model.StandardErrors(Data.Faithful));
        Assert.Throws<InvalidOperationException>(() => model.Bootstrap(Data.Faithful));
        model.Fit(Data.Faithful);
        Assert.Throws<ArgumentNullException>(() => model.StandardErrors(null!));
        Assert.Throws<ArgumentNullException>(() => model.Bootstrap(null!));
        Assert.Throws<ArgumentNullException>(() => model.LikelihoodRatio(null!));
        Assert.Throws<ArgumentException>(() => model.StandardErrors(Data.Iris));
        Assert.Throws<ArgumentException>(() => model.StandardErrors(Data.Faithful, (Information)7));
        Assert.Throws<ArgumentException>(() => model.Bootstrap(Data.Faithful, (Resampling)7));
        Assert.Equal("replicates", Assert.Throws<ArgumentException>(() => model.Bootstrap(Data.Faithful, replicates: 1)).ParamName);
        Assert.Equal("replicates", Assert.Throws<ArgumentException>(() => model.LikelihoodRatio(Data.Faithful, replicates: 0)).ParamName);
        Assert.Equal("level", Assert.Throws<ArgumentException>(() => model.LikelihoodRatios(Data.Faithful, most: 3, level: 5)).ParamName);
        Assert.Equal("most", Assert.Throws<ArgumentException>(() => model.LikelihoodRatios(Data.Faithful, most: 1)).ParamName);
        Assert.StartsWith(
            "The start must be one that the data give, such as Auto, for a test of K components against K + 1",
            Assert.Throws<ArgumentException>(
                () => new GaussianMixture(1) { InitMeans = new[,] { { 3.0, 70 } } }.LikelihoodRatio(Data.Faithful)).Message);
        Assert.StartsWith(
            "InitWeights must be None for a test",
            Assert.Throws<ArgumentException>(
                () => new GaussianMixture(1) { InitWeights = [1] }.LikelihoodRatios(Data.Faithful, most: 2)).Message);
        double[] halves = [.. Enumerable.Repeat(0.5, 272)];
        Assert.Equal("sampleWeights", Assert.Throws<ArgumentException>(() => model.Bootstrap(Data.Faithful, sampleWeights: halves)).ParamName);
        var errors = model.StandardErrors(Data.Faithful);
        Assert.Equal("level", Assert.Throws<ArgumentException>(() => errors.Intervals(95)).ParamName);
        Assert.Equal(
            "name must be one of weight[0], weight[1], mean[0,0], mean[0,1] …, but is \"mean\". (Parameter 'name')",
            Assert.Throws<ArgumentException>(() => errors["mean"]).Message);
        model.CovarianceType = CovarianceType.TiedFull;
        Assert.Throws<ArgumentException>(() => model.Bootstrap(Data.Faithful));
        Assert.Throws<ArgumentException>(() => new GaussianMixture(2) { Cem = true }.Fit(Data.Faithful).StandardErrors(Data.Faithful));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        model.CovarianceType = CovarianceType.Full;
        Assert.ThrowsAny<OperationCanceledException>(() => model.Bootstrap(Data.Faithful, cancellationToken: cancelled.Token));
    }
}
