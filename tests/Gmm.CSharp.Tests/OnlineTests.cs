using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Online EM: streams of batches.</summary>
public class OnlineTests
{
    /// <summary>A third of the rows of Old Faithful, every third row.</summary>
    private static double[][] Third(int i) =>
        [.. Enumerable.Range(0, 272).Where(n => n % 3 == i).Select(n => new[] { Data.Faithful[n, 0], Data.Faithful[n, 1] })];

    [Fact]
    public void AFullStepOnTheFittedDataIsAnIterationOfEM()
    {
        GaussianMixture Model() => new(2) { MaxIterations = 1, Tolerance = 0, WarmStart = true, Acceleration = Acceleration.None };
        var fitted = Model().Fit(Data.Faithful);
        var stream = Model().Fit(Data.Faithful);
        fitted.Fit(Data.Faithful);
        var score = stream.PartialFit(Data.Faithful, 1);
        Assert.Equal(fitted.Means, stream.Means);
        Assert.Equal(fitted.Weights, stream.Weights);
        Assert.Equal(fitted.Trace[0], score, 12);
    }

    [Fact]
    public void ABatchThatCannotBeLearnedIsAnErrorAndTheNextCanBe()
    {
        var model = new GaussianMixture(2) { RegCovar = Regularisation.Absolute(0) }.Fit(Data.Faithful);
        double[][] equal = [.. Enumerable.Repeat(Third(0)[0], 10)];
        var error = Assert.Throws<MixtureFitException>(() => model.PartialFit(equal, 1));
        Assert.Contains(" after this batch, which leaves it too few different rows. Learn larger batches", error.Message);
        Assert.NotNull(error.Component);
        Assert.True(double.IsFinite(model.PartialFit(Third(0), 0.5)));
    }

    [Fact]
    public void EveryKindLearnsAndKeepsItsSettings()
    {
        double[][] counts = [.. Enumerable.Range(0, 60).Select(n => new double[] { n % 7, n % 2 })];
        var poisson = new PoissonMixture(2).Fit(counts);
        Assert.True(double.IsFinite(poisson.PartialFit(counts[..20], 0.5)));
        Assert.Equal(2, poisson.Rates.GetLength(0));

        var mixed = new ProductMixture(2) { Parts = { Part.Poisson([0]), Part.Bernoulli([1], betaPrior: (2, 2)) } }.Fit(counts);
        Assert.True(double.IsFinite(mixed.PartialFit(counts[..20], 0.5)));
        Assert.Equal(2, mixed.PartParameters.Count);

        var noisy = new GaussianMixture(2) { Noise = NoiseVolume.Hypervolume }.Fit(Data.Faithful);
        noisy.PartialFit(Third(0), 0.5);
        Assert.Equal(3, noisy.Weights.Length);

        var student = new StudentTMixture(2) { GivenDegreesOfFreedom = 5 }.Fit(Data.Faithful);
        var before = student.Locations;
        Assert.True(double.IsFinite(student.PartialFit(Third(0), 0.5)));
        Assert.NotEqual(before, student.Locations);
        Assert.Equal([5.0, 5.0], student.DegreesOfFreedom);
    }

    [Fact]
    public void ALoadedModelGoesOnWithTheSameBits()
    {
        var model = new GaussianMixture(2).Fit(Third(0));
        model.PartialFit(Third(1), GaussianMixture.StepSize(0));
        var loaded = GaussianMixture.FromState(model.ToState());
        Assert.Equal(model.PartialFit(Third(2), 0.3), loaded.PartialFit(Third(2), 0.3));
        Assert.Equal(model.Means, loaded.Means);
    }

    [Fact]
    public void ErrorsLeaveTheModelAsItWas()
    {
        var model = new GaussianMixture(2);
        Assert.Throws<InvalidOperationException>(() => model.PartialFit(Third(0), 0.5));
        model.Fit(Third(0));
        var before = model.Means;
        var wrong = Assert.Throws<ArgumentException>(() => model.PartialFit(Third(1), 1.5));
        Assert.Equal("stepSize", wrong.ParamName);
        Assert.Throws<ArgumentException>(() => model.PartialFit(new double[,] { { 1, 2, 3 } }, 0.5));
        Assert.Throws<ArgumentException>(() => model.PartialFit(new double[,] { { 1, double.NaN } }, 0.5));
        Assert.Throws<ArgumentException>(() => GaussianMixture.StepSize(0, 0.4));
        Assert.Equal(before, model.Means);
    }

    [Fact]
    public void SampleWeightsCountWithinTheBatch()
    {
        var (a, b) = (new GaussianMixture(2).Fit(Third(0)), new GaussianMixture(2).Fit(Third(0)));
        var batch = Third(1);
        Assert.Equal(a.PartialFit(batch, 0.5), b.PartialFit(batch, 0.5, [.. batch.Select(_ => 4.0)]), 12);
        Assert.Equal(a.Weights[0], b.Weights[0], 12);
    }
}
