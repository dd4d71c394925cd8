using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Sampling, Mahalanobis distances, marginal and conditional distributions and divergences are the core's, bit for bit.</summary>
public class SamplingTests
{
    private static readonly GaussianMixture Model = new GaussianMixture(3).Fit(Data.Iris);

    private static readonly Fit<Gaussian> Core3 =
        Data.Value(Core.Gmm.fit(Against.With(Core.Gmm.defaults, ("Components", 3)), Data.Source(Data.Iris)));

    private static SampleOptions Options(int? component, int seed) =>
        new(component is { } k ? FSharpOption<int>.Some(k) : null, seed, Execution.Default);

    private static void AssertSame(Sample expected, (double[,] Rows, int[] Components) actual)
    {
        Against.AssertEqual(expected.Rows, actual.Rows);
        Assert.Equal(expected.Components, actual.Components);
    }

    // ── Five ways to sample ─────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void RowsAreTheCores() =>
        AssertSame(Data.Value(SampleModule.draw(Options(null, 0), 500, Core3)), Model.Sample(500));

    [Fact]
    public void SeedReachesTheCore()
    {
        AssertSame(Data.Value(SampleModule.draw(Options(null, 7), 500, Core3)), Model.Sample(500, seed: 7));
        Assert.NotEqual(Model.Sample(500).Rows, Model.Sample(500, seed: 7).Rows);
    }

    [Fact]
    public void ComponentReachesTheCore()
    {
        AssertSame(Data.Value(SampleModule.draw(Options(2, 1), 500, Core3)), Model.Sample(500, component: 2, seed: 1));
        Assert.All(Model.Sample(500, component: 2).Components, k => Assert.Equal(2, k));
    }

    [Fact]
    public void ConfidenceReachesTheCore()
    {
        var region = Region.NewConfidence(0.5);
        AssertSame(Data.Value(SampleModule.within(region, Options(null, 0), 500, Core3.Mixture)), Model.Sample(500, confidence: 0.5));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(8, double.PositiveInfinity)]
    public void StdRangeReachesTheCore(double low, double high)
    {
        var region = Region.NewStdRange(low, high);
        var (rows, components) = Model.Sample(500, stdRange: (low, high));
        AssertSame(Data.Value(SampleModule.within(region, Options(null, 0), 500, Core3.Mixture)), (rows, components));
        var distances = Model.Mahalanobis(rows);
        Assert.All(components.Index(), row => Assert.InRange(distances[row.Index, row.Item], low - 1e-6, high + 1e-6));
    }

    [Fact]
    public void ComponentAndRegionReachTheCoreTogether()
    {
        var region = Region.NewStdRange(2, 3);
        AssertSame(
            Data.Value(SampleModule.within(region, Options(1, 3), 500, Core3.Mixture)),
            Model.Sample(500, component: 1, stdRange: (2, 3), seed: 3));
    }

    [Fact]
    public void EveryFamilyHasRows()
    {
        double[,] counts = { { 0 }, { 1 }, { 1 }, { 9 }, { 11 }, { 14 } };
        var poisson = new PoissonMixture(2).Fit(counts);
        Assert.All(((Rows)poisson.Sample(200).Rows).Select(row => row[0]), x => Assert.True(x >= 0 && x == Math.Floor(x)));

        double[,] bits = { { 0, 1 }, { 1, 1 }, { 0, 1 }, { 1, 0 }, { 1, 0 }, { 0, 0 } };
        var bernoulli = new BernoulliMixture(2) { BetaPrior = (2, 2) }.Fit(bits);
        Assert.All(bernoulli.Sample(200).Rows.Cast<double>(), x => Assert.True(x is 0 or 1));

        var product = new ProductMixture(2) { Parts = { Part.Bernoulli([1], (2, 2)), Part.Gaussian([0]) } }.Fit(bits);
        var (rows, components) = product.Sample(200);
        Assert.Equal((200, 2, 200), (rows.GetLength(0), rows.GetLength(1), components.Length));
        Assert.All(((Rows)rows).Select(row => row[1]), x => Assert.True(x is 0 or 1));
        Assert.Contains(((Rows)rows).Select(row => row[0]), x => x is not (0 or 1));
    }

    [Fact]
    public void NoRowsAreNoMistake()
    {
        var (rows, components) = Model.Sample(0);
        Assert.Equal((0, 4, 0), (rows.GetLength(0), rows.GetLength(1), components.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ThreadsChangeNoBit(int threads) =>
        Assert.Equal(Model.Sample(5000).Rows, new GaussianMixture(3) { Threads = threads }.Fit(Data.Iris).Sample(5000).Rows);

    // ── Distances and distributions ─────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void MahalanobisDistancesAreTheCores() =>
        Assert.Equal(Data.Value(Core.Predict.mahalanobis(Core3, Data.Source(Data.Iris))), Model.Mahalanobis(Data.Iris));

    [Fact]
    public void DistributionIsTheFittedMixture()
    {
        var distribution = Model.Distribution;
        Assert.Equal(Model.Weights, distribution.Weights);
        Assert.Equal(Model.Means, distribution.Means);
        Assert.Equal(Model.Covariances.Values, distribution.Covariances.Values);
        Assert.Equal(Model.ScoreSamples(Data.Iris), distribution.ScoreSamples(Data.Iris));
        Assert.Equal(Model.Sample(50, seed: 2).Rows, distribution.Sample(50, seed: 2).Rows);
    }

    [Fact]
    public void MarginalIsTheCores()
    {
        int[] features = [2, 0];
        var expected = Data.Value(ConditionalModule.marginal(features, Core3.Mixture));
        var actual = Model.Marginal(features);
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal(expected.Parameters.Means.toArray2D(), actual.Means);
        Assert.Equal(expected.Parameters.Covariances.toArray(), ((double[,,])actual.Covariances.Values).Cast<double>());
        Assert.Equal(Model.Means[1, 2], actual.Means[1, 0]);
        Assert.Equal(Model.Covariances[1][2, 0], actual.Covariances[1][0, 1]);
    }

    [Fact]
    public void ConditionalIsTheCores()
    {
        int[] features = [3], given = [0, 2];
        double[] values = [5.5, 4];
        var expected = Data.Value(ConditionalModule.at(values, Data.Value(ConditionalModule.create(features, given, Core3.Mixture))));
        var actual = Model.Conditional(features, given, values);
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal(expected.Parameters.Means.toArray2D(), actual.Means);
        Assert.Equal(GaussianModule.covariance(expected.Parameters, 2), actual.Covariances[2]);
    }

    [Fact]
    public void RegressionIsTheCores()
    {
        int[] features = [3, 1], given = [0, 2];
        double[,] data = { { 5.5, 4 }, { 5, 1.4 } };
        var conditional = Data.Value(ConditionalModule.create(features, given, Core3.Mixture));
        var expected = Data.Value(ConditionalModule.predict(Execution.Default, conditional, Data.Source(data)));
        var actual = Model.Regress(features, given, data);
        Assert.Equal(expected.Means, actual.Means);
        Against.AssertEqual(expected.Covariances, actual.Covariances);
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal((2, 2), (actual.Means.GetLength(0), actual.Means.GetLength(1)));
    }

    [Fact]
    public void ConditionalOfAMarginalIsThatOfTheWhole()
    {
        var whole = Model.Conditional([3], [0], [6]);
        var part = Model.Marginal([0, 3]).Conditional([1], [0], [6]);
        Assert.Equal(whole.Weights.Zip(part.Weights, (a, b) => a - b), new double[3], (a, b) => Math.Abs(a - b) < 1e-14);
        Assert.Equal(whole.Means[0, 0], part.Means[0, 0], 1e-12);
    }

    // ── Divergence ──────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void DivergenceIsTheCores()
    {
        var diag = new GaussianMixture(2) { CovarianceType = CovarianceType.Diag }.Fit(Data.Iris);
        var core = Data.Value(Core.Gmm.fit(
            Against.Options(2, Structure.Diag), Data.Source(Data.Iris)));
        var expected = Data.Value(Divergence.kullbackLeibler(new DivergenceOptions(2000, 5, Execution.Default), Core3, core));
        Assert.Equal((expected.Value, expected.StandardError), Model.KlDivergence(diag, 2000, 5));
        Assert.True(expected.Value > 10 * expected.StandardError);
    }

    [Fact]
    public void DivergenceFromItselfIsZero() => Assert.Equal((0.0, 0.0), Model.KlDivergence(Model));

    [Fact]
    public void DivergenceToAnotherFamilyIsThatToTheSameDistribution()
    {
        var diag = new GaussianMixture(2) { CovarianceType = CovarianceType.Diag, RegCovar = default }.Fit(Data.Faithful);
        var product = new ProductMixture(2)
        {
            Parts = { Part.Gaussian([0], regCovar: default(Regularisation)), Part.Gaussian([1], regCovar: default(Regularisation)) },
        }.Fit(Data.Faithful);
        var full = new GaussianMixture(2).Fit(Data.Faithful);
        Assert.Equal(full.KlDivergence(diag).Value, full.KlDivergence(product).Value, 1e-3);
    }

    // ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>A mistake: what is said of it, and the argument that it is in.</summary>
    private static readonly Dictionary<string, (string? Argument, Action Use)> Mistakes = new()
    {
        ["n must be between 0 and 429496718, but is -1."] = ("n", () => Model.Sample(-1)),
        ["component must be between 0 and 2, but is 3."] = ("component", () => Model.Sample(5, component: 3)),
        ["component must be between 0 and 2, but is -1."] = ("component", () => Model.Sample(5, component: -1, confidence: 0.5)),
        ["confidence must be above 0 and at most 1, but is 0."] = ("confidence", () => Model.Sample(5, confidence: 0)),
        ["confidence must be above 0 and at most 1, but is 1.5."] = ("confidence", () => Model.Sample(5, confidence: 1.5)),
        ["stdRange must be two distances 0 ≤ low < high, low below 1e150, but is (2, 1)."] = ("stdRange", () => Model.Sample(5, stdRange: (2, 1))),
        ["stdRange must be two distances 0 ≤ low < high, low below 1e150, but is (-1, 1)."] = ("stdRange", () => Model.Sample(5, stdRange: (-1, 1))),
        ["confidence must be given without stdRange, but is given with it."] =
            ("confidence", () => Model.Sample(5, confidence: 0.5, stdRange: (1, 2))),
        ["features must be different numbers from 0 to 3, at least one, but is []."] = ("features", () => Model.Marginal([])),
        ["features must be different numbers from 0 to 3, at least one, but is [4]."] = ("features", () => Model.Marginal([4])),
        ["features must be different numbers from 0 to 3, at least one, but is [1; 1]."] =
            ("features", () => Model.Conditional([1, 1], [0], [5])),
        ["given must be different numbers from 0 to 3, at least one, but is [-1]."] = ("given", () => Model.Regress([1], [-1], Data.Iris)),
        ["features must be other than the given ones, but is [0; 1]."] = ("features", () => Model.Conditional([0, 1], [1], [5])),
        ["values must be one for each of the 1 given features, but is 2 numbers."] =
            ("values", () => Model.Conditional([1], [0], [5, 6])),
        ["values must be finite and below 1e150 in magnitude, but is [NaN]."] =
            ("values", () => Model.Conditional([1], [0], [double.NaN])),
        ["The data must have 1 column, one for each given feature, but there are 4."] = ("data", () => Model.Regress([1], [0], Data.Iris)),
        ["The data must have 4 columns, as in the data that the model was fitted to, but there are 2."] = ("data", () => Model.Mahalanobis(Data.Faithful)),
        ["n must be at least 2, but is 1."] = ("n", () => Model.KlDivergence(Model, 1)),
        ["Features of the other mixture must be 4, as in the first, but is 2."] =
            (null, () => Model.KlDivergence(new GaussianMixture(1).Fit(Data.Faithful))),
    };

    public static TheoryData<string> Messages => new(Mistakes.Keys);

    [Theory]
    [MemberData(nameof(Messages))]
    public void MistakeIsToldWithRuleAndValue(string message)
    {
        var error = Assert.Throws<ArgumentException>(Mistakes[message].Use);
        Assert.StartsWith(message, error.Message);
        Assert.Equal(Mistakes[message].Argument, error.ParamName);
    }

    [Fact]
    public void NullIsNamed()
    {
        void Check(string name, Action use) => Assert.Equal(name, Assert.Throws<ArgumentNullException>(use).ParamName);

        Check("features", () => Model.Marginal(null!));
        Check("features", () => Model.Conditional(null!, [0], [1]));
        Check("given", () => Model.Conditional([1], null!, [1]));
        Check("values", () => Model.Conditional([1], [0], null!));
        Check("data", () => Model.Regress([1], [0], null!));
        Check("data", () => Model.Mahalanobis(null!));
        Check("other", () => Model.KlDivergence(null!));
    }

    [Fact]
    public void BeforeAFitTheRemedyIsNamed()
    {
        var model = new GaussianMixture(2);
        MixtureModel poisson = new PoissonMixture(2);

        foreach (var (member, use) in new (string, Func<object>)[]
                 {
                     ("GaussianMixture.Sample", () => model.Sample(1)),
                     ("PoissonMixture.Sample", () => poisson.Sample(1)),
                     ("GaussianMixture.Mahalanobis", () => model.Mahalanobis(Data.Iris)),
                     ("GaussianMixture.Distribution", () => model.Distribution),
                     ("GaussianMixture.Marginal", () => model.Marginal([0])),
                     ("GaussianMixture.Conditional", () => model.Conditional([0], [1], [2])),
                     ("GaussianMixture.Regress", () => model.Regress([0], [1], Data.Iris)),
                     ("GaussianMixture.KlDivergence", () => model.KlDivergence(Model)),
                     ("GaussianMixture.KlDivergence", () => Model.KlDivergence(model)),
                 })
        {
            var error = Assert.Throws<InvalidOperationException>(use);
            Assert.Equal($"{member} needs a fitted model. Call Fit or FitPredict first.", error.Message);
        }
    }

    [Fact]
    public void DistributionOfGivenParametersIsThatOfTheCore()
    {
        double[,] means = { { 0, 0 }, { 3, 1 } };
        var given = new GaussianMixtureDistribution([3, 1], means, new double[,] { { 2, 0.5 }, { 1, 4 } }, CovarianceType.Diag);
        Assert.Equal([0.75, 0.25], given.Weights);
        Assert.Equal(means, given.Means);
        Assert.Equal(4, given.Covariances[1][1, 1]);
        // ½ ln(2π)² + … of N(0, diag(2, ½)) at 0 is −ln 2π.
        var alone = new GaussianMixtureDistribution([1], new double[1, 2], 1).ScoreSamples(new double[1, 2])[0];
        Assert.Equal(-Math.Log(2 * Math.PI), alone, 1e-14);
        Assert.Equal(100, given.Sample(100, seed: 3).Components.Length);
    }

    [Fact]
    public void DistributionOfParametersThatBreakTheirRulesIsAnError()
    {
        double[,] means = { { 0, 0 }, { 3, 1 } };
        Assert.StartsWith(
            "weights must be one number for each of the 2 rows of means, but is 1 number.",
            Assert.Throws<ArgumentException>(() => new GaussianMixtureDistribution([1], means, 1)).Message);
        Assert.StartsWith(
            "weights[1] must be finite and not negative, but is -1.",
            Assert.Throws<ArgumentException>(() => new GaussianMixtureDistribution([1, -1], means, 1)).Message);
        Assert.StartsWith(
            "covariances must be symmetric and positive definite, but is",
            Assert.Throws<ArgumentException>(() => new GaussianMixtureDistribution([1, 1], means, -1)).Message);
        Assert.Throws<ArgumentException>(() => new GaussianMixtureDistribution([1, 1], means, 1, (CovarianceType)99));
        Assert.Throws<ArgumentNullException>(() => new GaussianMixtureDistribution(null!, means, 1));
    }
}
