using Gmm;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Fits on devices are those of the core on the same device.</summary>
public class DeviceTests
{
    [Fact]
    public void CpuIsTheDeviceUnlessSet()
    {
        Assert.Equal("cpu", new GaussianMixture(2).Device);
        Assert.Equal("cpu", new KMeans(2).Device);
    }

    [Fact]
    public void DeviceOfKMeansThatIsNotThereIsAnError()
    {
        var model = new KMeans(2) { Device = "cuda:99" };
        var error = Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful));
        Assert.StartsWith("Device cuda:99 can't be used: ", error.Message);
        Assert.False(model.IsFitted);
    }

    [Fact]
    public void AutoFitsOnEveryMachine()
    {
        var expected = new GaussianMixture(2).Fit(Data.Faithful);
        var actual = new GaussianMixture(2) { Device = "auto" }.Fit(Data.Faithful);
        Assert.Equal(expected.LogLikelihood, actual.LogLikelihood, 1e-7);
    }

    [Fact]
    public void MixturesOnLibtorchAreThoseOfTheProcessor()
    {
        RequireTorch();
        double[,] counts = { { 0, 3 }, { 1, 2 }, { 0, 4 }, { 9, 11 }, { 8, 14 }, { 12, 10 } };
        MixtureModel Gaussian(string device) => new GaussianMixture(2) { Device = device }.Fit(Data.Faithful);
        MixtureModel Poisson(string device) => new PoissonMixture(2) { Device = device }.Fit(counts);

        foreach (var fit in new Func<string, MixtureModel>[] { Gaussian, Poisson })
        {
            var (expected, actual) = (fit("cpu"), fit("torch:cpu"));
            Assert.Equal(expected.Iterations, actual.Iterations);
            Assert.Equal(expected.LogLikelihood, actual.LogLikelihood, 1e-9 * Math.Abs(expected.LogLikelihood));
        }

        var (centers, same) = (new KMeans(3).Fit(Data.Iris), new KMeans(3) { Device = "torch:cpu" }.Fit(Data.Iris));
        Assert.Equal(centers.Inertia, same.Inertia, 1e-9);
        Assert.Equal(centers.Labels, same.Labels);
        Assert.Equal(Gaussian("cpu").Predict(Data.Faithful), Gaussian("torch:cpu").Predict(Data.Faithful));
    }

    /// <summary>Where the tests of libtorch are required, as in CI, it must be there.</summary>
    private static void RequireTorch()
    {
        var missing = Torch.version() is { IsError: true } result ? result.ErrorValue.Message : null;
        var isRequired = Environment.GetEnvironmentVariable("GMM_TORCH_TESTS") == "required";
        Assert.False(isRequired && missing is not null, missing);
        Assert.SkipWhen(missing is not null, missing ?? "");
    }
}
