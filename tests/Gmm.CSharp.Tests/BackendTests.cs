using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Fits with another backend are those of the default one, and a backend may be written in C#.</summary>
public class BackendTests
{
    [Fact]
    public void KernelsAreTheBackendUnlessSet()
    {
        Assert.Same(Backend.Kernels, new GaussianMixture(2).Backend);
        Assert.Same(Backend.Kernels, new KMeans(2).Backend);
        Assert.Throws<ArgumentNullException>(() => new KMeans(2).Backend = null!);
    }

    [Theory]
    [InlineData("cpu", "kernels")]
    [InlineData("torch:cpu", "torch:cpu")]
    [InlineData("cuda", "cuda:0")]
    [InlineData("cuda:3", "cuda:3")]
    public void NamesAreParsed(string text, string name)
    {
        Assert.Equal(name, Backend.Parse(text).Name);
        Assert.Equal(name, $"{Backend.Parse(text)}");
    }

    [Fact]
    public void BackendsHaveNames() =>
        Assert.Equal(
            ["kernels", "textbook on reference", "torch:cpu", "cuda:0", "cuda:2"],
            [Backend.Kernels.Name, Backend.Textbook.Name, Backend.TorchCpu.Name, Backend.Cuda().Name, Backend.Cuda(2).Name]);

    [Fact]
    public void UnknownNameIsAnError()
    {
        var error = Assert.Throws<ArgumentException>(() => Backend.Parse("gpu"));
        Assert.StartsWith("name must be cpu, torch:cpu, cuda, cuda:1 (or another number) or auto, but is \"gpu\".", error.Message);
        Assert.Equal("name", error.ParamName);
        Assert.Throws<ArgumentNullException>(() => Backend.Parse(null!));
    }

    [Fact]
    public void UnavailableBackendOfKMeansIsAnError()
    {
        var model = new KMeans(2) { Backend = Backend.Cuda(99) };
        var error = Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful));
        Assert.StartsWith("The backend cuda:99 can't be used: ", error.Message);
        Assert.False(model.IsFitted);
    }

    [Fact]
    public void AutoFitsOnEveryMachine() => AssertClose(backend => Gaussian(backend), Backend.Auto);

    [Fact]
    public void TextbookFitsAsTheKernelsDo()
    {
        AssertClose(Gaussian, Backend.Textbook);
        AssertClose(Poisson, Backend.Textbook);
        AssertClose(Product, Backend.Textbook);
        AssertSameClusters(Backend.Textbook);
    }

    [Fact]
    public void LibtorchFitsAsTheKernelsDo()
    {
        RequireTorch();
        AssertClose(Gaussian, Backend.TorchCpu);
        AssertClose(Poisson, Backend.TorchCpu);
        AssertSameClusters(Backend.TorchCpu);
    }

    // ── A backend written in C# ─────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void BackendWrittenInCSharpGivesTheBitsOfTheOneBehindIt()
    {
        var counting = new Counting();
        var (expected, actual) = (Gaussian(Backend.Kernels), Gaussian(Backend.Of(counting)));
        Assert.Equal("counting kernels", Backend.Of(counting).Name);
        Assert.Equal(expected.Trace, actual.Trace);
        Assert.Equal(expected.Means, actual.Means);
        Assert.Equal(expected.Covariances.Values, actual.Covariances.Values);
        Assert.Equal((1, expected.Trace.Count, 1), (counting.Opened, counting.Steps, counting.Closed));
    }

    [Fact]
    public void ErrorOfABackendEndsTheFit()
    {
        var model = new GaussianMixture(2) { Backend = Backend.Of(new Broken()) };
        var error = Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful));
        Assert.Equal("The backend broken can't be used: it is only an example. Choose another one.", error.Message);
        Assert.False(model.IsFitted);
    }

    /// <summary>Passes every call on to the kernels, and counts passes and E-steps.</summary>
    private sealed class Counting : Core.Backend
    {
        private int steps;

        public string Name => "counting kernels";

        public int Opened { get; private set; }

        public int Closed { get; private set; }

        public int Steps => steps;

        public FSharpResult<Pass<T>, GmmError> Open<T>(Family<T> family, Source source, Execution execution)
        {
            Opened++;
            var pass = Data.Value(Kernel.backend.Open(family, source, execution));
            return FSharpResult<Pass<T>, GmmError>.NewOk(new CountingPass<T>(this, pass));
        }

        private sealed class CountingPass<T>(Counting backend, Pass<T> pass) : Pass<T>
        {
            public Statistics Expect(Assignment assignment, Mixture<T> mixture)
            {
                Interlocked.Increment(ref backend.steps);
                return pass.Expect(assignment, mixture);
            }

            public void Dispose()
            {
                backend.Closed++;
                pass.Dispose();
            }
        }
    }

    private sealed class Broken : Core.Backend
    {
        public string Name => "broken";

        public FSharpResult<Pass<T>, GmmError> Open<T>(Family<T> family, Source source, Execution execution) =>
            FSharpResult<Pass<T>, GmmError>.NewError(
                GmmError.NewUnavailableBackend(Name, "it is only an example", "Choose another one"));
    }

    // ── Fits ────────────────────────────────────────────────────────────────────────────────────────────────────────

    private static GaussianMixture Gaussian(Backend backend) => new GaussianMixture(2) { Init = InitMethod.KMeans, Backend = backend }.Fit(Data.Faithful);

    private static PoissonMixture Poisson(Backend backend)
    {
        double[,] counts = { { 0, 3 }, { 1, 2 }, { 0, 4 }, { 9, 11 }, { 8, 14 }, { 12, 10 } };
        return new PoissonMixture(2) { Backend = backend }.Fit(counts);
    }

    private static ProductMixture Product(Backend backend) =>
        new ProductMixture(2)
        {
            Backend = backend,
            Parts = { Part.Gaussian([0]), Part.Exponential([1]) },
        }.Fit(Data.Faithful);

    /// <summary>A fit with a backend is that of the kernels up to rounding.</summary>
    private static void AssertClose(Func<Backend, MixtureModel> fit, Backend backend)
    {
        var (expected, actual) = (fit(Backend.Kernels), fit(backend));
        Assert.Equal(expected.Iterations, actual.Iterations);
        Assert.Equal(expected.LogLikelihood, actual.LogLikelihood, 1e-9 * Math.Abs(expected.LogLikelihood));
    }

    private static void AssertSameClusters(Backend backend)
    {
        var (expected, actual) = (new KMeans(3).Fit(Data.Iris), new KMeans(3) { Backend = backend }.Fit(Data.Iris));
        Assert.Equal(expected.Inertia, actual.Inertia, 1e-9);
        Assert.Equal(expected.Labels, actual.Labels);
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
