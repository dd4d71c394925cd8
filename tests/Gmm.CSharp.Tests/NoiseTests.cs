using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Noise and acceleration: what the classes add to the core's tests.</summary>
public sealed class NoiseTests
{
    /// <summary>Two groups of whole numbers, and a row far from both.</summary>
    private static readonly double[][] Groups =
        [.. Enumerable.Range(0, 60).Select(n => new double[] { (n % 7) + (n % 2 * 40), (n * 5 % 11) + (n % 2 * 40) }), [200, -100], [-90, 160]];

    [Fact]
    public void NoiseHasAWeightAColumnAndTheLabelMinusOne()
    {
        var model = new GaussianMixture(2) { Noise = NoiseVolume.Hypervolume, Init = InitMethod.KMeans }.Fit(Groups);
        Assert.Equal(3, model.Weights.Length);
        var (labels, shares) = (model.Predict(Groups), model.PredictProba(Groups));
        Assert.Equal([-1, -1], labels[^2..]);
        Assert.Equal(-1, model.Predict([200.0, -100]));
        Assert.All(labels[..^2], label => Assert.InRange(label, 0, 1));
        Assert.Equal(3, shares.GetLength(1));
        Assert.True(shares[60, 2] > 0.99);
        Assert.Equal(model.LogLikelihood, model.ScoreSamples(Groups).Sum(), 1e-9);
        Assert.Contains(-1, model.Sample(1000).Components);
        Assert.Contains("2 components and noise", model.Summary(), StringComparison.Ordinal);
    }

    [Fact]
    public void AGivenVolumeIsNoFreeParameter()
    {
        var measured = new GaussianMixture(2) { Noise = NoiseVolume.Hypervolume }.Fit(Groups);
        var given = new GaussianMixture(2) { Noise = 80_000 }.Fit(Groups);
        Assert.Equal(measured.FreeParameters - 1, given.FreeParameters);
        Assert.Equal("Given(80000)", given.Noise.ToString());
        Assert.Equal("Hypervolume", measured.Noise.ToString());
        Assert.Equal(80_000, given.Noise!.Value.Volume);
        Assert.Null(NoiseVolume.Hypervolume.Volume);
    }

    [Fact]
    public void LabelsOfNoiseAreAStart()
    {
        int[] labels = [.. Enumerable.Range(0, 60).Select(n => n % 2), -1, -1];
        var model = new GaussianMixture(2) { Noise = NoiseVolume.Hypervolume, InitLabels = labels, MaxIterations = 1 }.Fit(Groups);
        Assert.Equal(2.0 / 62, model.InitialWeights[2], 1e-12);
    }

    [Fact]
    public void TheSettingsAreSaved()
    {
        foreach (var noise in new NoiseVolume?[] { null, NoiseVolume.Hypervolume, 1000 })
        {
            var model = new GaussianMixture(2) { Noise = noise, Acceleration = Acceleration.None }.Fit(Groups);
            var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json");

            try
            {
                model.Save(path);
                var again = GaussianMixture.Load(path);
                Assert.Equal(noise, again.Noise);
                Assert.Equal(Acceleration.None, again.Acceleration);
                Assert.Equal(2, again.Components);
                Assert.Equal(model.Predict(Groups), again.Predict(Groups));
                Assert.Equal((model.Bic(), model.Passes), (again.Bic(), again.Passes));
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    [Fact]
    public void ErrorsTellTheRule()
    {
        var error = Assert.Throws<ArgumentException>(() => new GaussianMixture(2) { Noise = -1 }.Fit(Groups));
        Assert.Contains("Noise must be a volume above 0, and finite, but is -1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new GaussianMixture(2) { Noise = 9, InitWeights = [1, 1] }.Fit(Groups));
        Assert.Throws<ArgumentException>(() => new GaussianMixture(2) { Acceleration = (Acceleration)7 }.Fit(Groups));
    }

    [Fact]
    public void AccelerationNeedsFewerEStepsAndEndsNoLower()
    {
        var plain = new GaussianMixture(3) { Acceleration = Acceleration.None, Init = InitMethod.KMeans }.Fit(Data.Faithful);
        var fast = new GaussianMixture(3) { Init = InitMethod.KMeans }.Fit(Data.Faithful);
        Assert.True(2 * fast.Passes < plain.Passes);
        Assert.Equal(plain.Iterations + 1, plain.Passes);
        Assert.True(fast.Objective >= plain.Objective - 1e-6);
    }
}
