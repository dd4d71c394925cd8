using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Outliers and cut points are those of the core, on every mixture class.</summary>
public class OutlierTests
{
    private static readonly double[,] Counts = { { 0, 1 }, { 1, 1 }, { 1, 0 }, { 0, 0 }, { 1, 1 }, { 0, 1 }, { 1, 0 }, { 1, 1 } };

    private static readonly Dictionary<string, (Func<MixtureModel> Make, double[,] Numbers)> Mixtures = new()
    {
        ["Gaussian"] = (() => new GaussianMixture(2), Data.Faithful),
        ["StudentT"] = (() => new StudentTMixture(2), Data.Faithful),
        ["Bernoulli"] = (() => new BernoulliMixture(2), Counts),
        ["Binomial"] = (() => new BinomialMixture(2, trials: 3), Counts),
        ["Categorical"] = (() => new CategoricalMixture(2, levels: 2), Counts),
        ["Poisson"] = (() => new PoissonMixture(2), Counts),
        ["Exponential"] = (() => new ExponentialMixture(2), Data.Faithful),
        ["Geometric"] = (() => new GeometricMixture(2), Counts),
        ["Gamma"] = (() => new GammaMixture(2), Data.Faithful),
        ["LogNormal"] = (() => new LogNormalMixture(2), Data.Faithful),
        ["Product"] = (() => new ProductMixture(2) { Parts = { Part.Gaussian([0], CovarianceType.Full), Part.Exponential([1]) } }, Data.Faithful),
    };

    public static TheoryData<string> Families => [.. Mixtures.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void OutliersAreTheRowsBelowTheThresholdOfTheShare(string family)
    {
        var (make, numbers) = Mixtures[family];
        var model = make().Fit(numbers);
        var densities = model.ScoreSamples(numbers);

        foreach (var share in new[] { 0.01, 0.25, 0.5 })
        {
            var threshold = model.DensityThreshold(numbers, share);
            var outliers = model.Outliers(numbers, share);
            Assert.Equal(densities.Select(density => density < threshold), outliers);
            Assert.Equal(outliers, model.IsOutlier(numbers, threshold));
            Assert.True(outliers.Count(isOutlier => isOutlier) <= share * numbers.GetLength(0));
        }
    }

    [Fact]
    public void AGaussianMixtureMarksTheShareOfTheRowsRoundedDown()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        Assert.Equal(2, model.Outliers(Data.Faithful, share: 0.01).Count(isOutlier => isOutlier));
        Assert.Equal(68, model.Outliers(Data.Faithful, share: 0.25).Count(isOutlier => isOutlier));
        Assert.Equal([true, false], model.IsOutlier([[9, 9], [2, 54]], model.DensityThreshold(Data.Faithful, share: 0.01)));
    }

    [Fact]
    public void WeightsAreThoseOfTheCore()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        double[] weights = [.. Enumerable.Range(0, 272).Select(n => n % 4 / 2.0)];
        var fit = Data.Value(Core.Gmm.fit(Against.Options(2, Structure.Full), Data.Source(Data.Faithful)));
        var source = Data.Value(SourceModule.weighted(weights, Data.Source(Data.Faithful)));
        var core = Data.Value(OutliersModule.find(0.1, fit, source));
        Assert.Equal(core.Threshold, model.DensityThreshold(Data.Faithful, 0.1, weights));
        Assert.Equal(core.IsOutlier, model.Outliers(Data.Faithful, 0.1, weights));
        Assert.NotEqual(core.Threshold, model.DensityThreshold(Data.Faithful, 0.1));
    }

    [Fact]
    public void WrongArgumentsAreErrorsThatNameThem()
    {
        var model = new GaussianMixture(1);
        Assert.Throws<InvalidOperationException>(() => model.Outliers(Data.Faithful, 0.1));
        Assert.Throws<InvalidOperationException>(() => model.DensityThreshold(Data.Faithful, 0.1));
        Assert.Throws<InvalidOperationException>(() => model.IsOutlier(Data.Faithful, -5));
        Assert.Throws<InvalidOperationException>(() => model.CutPoints());
        model.Fit(Data.Faithful);
        Assert.Throws<ArgumentNullException>(() => model.Outliers(null!, 0.1));
        Assert.Equal(
            "share must be above 0 and below 1, but is 1. (Parameter 'share')",
            Assert.Throws<ArgumentException>(() => model.Outliers(Data.Faithful, 1)).Message);
        Assert.Equal("share", Assert.Throws<ArgumentException>(() => model.DensityThreshold(Data.Faithful, double.NaN)).ParamName);
        Assert.Equal("threshold", Assert.Throws<ArgumentException>(() => model.IsOutlier(Data.Faithful, double.NaN)).ParamName);
        Assert.Throws<ArgumentException>(() => model.Outliers(Data.Iris, 0.1));
        Assert.Equal(
            "The number of features must be 1 for cut points (take the marginal of one feature), but is 2.",
            Assert.Throws<ArgumentException>(() => model.CutPoints()).Message);
    }

    [Fact]
    public void CutPointsSeparateTheLabels()
    {
        Rows waiting = Data.Jagged(Data.Faithful).Select(row => new[] { row[1] }).ToArray();
        var model = new GaussianMixture(2) { CovarianceType = CovarianceType.TiedFull }.Fit(waiting);
        var (x, below, above) = Assert.Single(model.CutPoints());
        Assert.InRange(x, 60, 75);
        Assert.Equal([below, above], model.Predict([[x - 1e-6], [x + 1e-6]]));
        Assert.Equal(model.CutPoints(), model.Distribution.CutPoints());

        var marginal = new GaussianMixture(2).Fit(Data.Faithful).Marginal([1]);
        Assert.All(marginal.CutPoints(), cut => Assert.NotEqual(cut.Below, cut.Above));
        Assert.NotEmpty(marginal.CutPoints());
    }
}
