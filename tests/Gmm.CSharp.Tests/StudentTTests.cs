using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Mixtures of Student's t distributions: the core's results under the names of the class.</summary>
public sealed class StudentTTests
{
    /// <summary>Old Faithful and two rows far from it.</summary>
    private static readonly double[][] Dirty = [.. Data.Jagged(Data.Faithful), [40, 300], [-30, 20]];

    private static Source Source => Data.Value(SourceModule.ofRows(Dirty));

    private static Fit<StudentT> CoreFit(DegreesOfFreedom degrees)
    {
        var kind = new StudentTKind(GaussianKindModule.defaults, degrees);
        var options = Against.With(Core.Gmm.defaultsOf<StudentTKind, StudentT>(kind), ("Components", 2));
        return Data.Value(Core.Gmm.fit(options, Source));
    }

    [Fact]
    public void TheResultsAreTheCores()
    {
        var model = new StudentTMixture(2).Fit(Dirty);
        var fit = CoreFit(DegreesOfFreedom.Estimated);
        Assert.Equal(fit.LogLikelihood, model.LogLikelihood);
        Assert.Equal(StudentTModule.locations(fit.Parameters), model.Locations);
        Assert.Equal(fit.Parameters.DegreesOfFreedom, model.DegreesOfFreedom);
        Assert.Equal(StudentTModule.scaleMatrix(fit.Parameters, 1), model.ScaleMatrices[1]);
        Assert.Equal(2, model.ScaleMatrices.Count);
        var weights = model.RobustWeights(Dirty);
        Assert.Equal(Data.Value(Core.Predict.robustWeights(fit, Source)), weights);
        Assert.True(weights[^1] < 0.05 && weights[^2] < 0.05);
        Assert.Contains("degrees of freedom", model.Summary(), StringComparison.Ordinal);
        Assert.Equal(500, model.Sample(500).Rows.GetLength(0));
        Assert.NotNull(Plot.Scatter(model, Dirty).ToSvg());
    }

    [Fact]
    public void TheCovarianceNeedsMoreThanTwoDegreesOfFreedom()
    {
        var model = new StudentTMixture(1) { GivenDegreesOfFreedom = 4 }.Fit(Dirty);
        Assert.Equal(2 * model.ScaleMatrices[0][0, 1], model.Covariance(0)[0, 1], 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Covariance(1));
        model.GivenDegreesOfFreedom = 2;
        Assert.Contains("DegreesOfFreedom[0] must be above 2", Assert.Throws<ArgumentException>(() => model.Fit(Dirty).Covariance(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DegreesOfFreedomAreEqualOrGivenOnRequest()
    {
        var equal = new StudentTMixture(2) { EqualDegreesOfFreedom = true }.Fit(Dirty);
        Assert.Single(equal.DegreesOfFreedom.Distinct());
        var given = new StudentTMixture(2) { GivenDegreesOfFreedom = 5 }.Fit(Dirty);
        Assert.Equal([5.0, 5.0], given.DegreesOfFreedom);
        Assert.Equal(new StudentTMixture(2).Fit(Dirty).FreeParameters, equal.FreeParameters + 1);
        Assert.Equal(equal.FreeParameters, given.FreeParameters + 1);
        var gaussian = new StudentTMixture(2) { GivenDegreesOfFreedom = double.PositiveInfinity, Acceleration = Acceleration.None }.Fit(Data.Faithful);
        Assert.Equal(new GaussianMixture(2) { Acceleration = Acceleration.None }.Fit(Data.Faithful).LogLikelihood, gaussian.LogLikelihood, 1e-7);
        var error = Assert.Throws<ArgumentException>(() => new StudentTMixture(2) { GivenDegreesOfFreedom = 0 }.Fit(Dirty));
        Assert.Contains("GivenDegreesOfFreedom must be from", error.Message, StringComparison.Ordinal);
        var both = new StudentTMixture(2) { GivenDegreesOfFreedom = 5, EqualDegreesOfFreedom = true };
        Assert.Equal(
            "EqualDegreesOfFreedom must be false when GivenDegreesOfFreedom is set, but is true.",
            Assert.Throws<ArgumentException>(() => both.Fit(Dirty)).Message);
    }

    [Fact]
    public void TheTextSaysWhatTheComponentsAre()
    {
        Assert.Equal("StudentTMixture of 2 components, Full scale matrices, not fitted", $"{new StudentTMixture(2)}");
        Assert.Equal(
            "StudentTMixture of 1 component, Diag scale matrices, 3.5 degrees of freedom, not fitted",
            $"{new StudentTMixture(1) { CovarianceType = CovarianceType.Diag, GivenDegreesOfFreedom = 3.5 }}");
        Assert.StartsWith(
            "StudentTMixture of 2 components, Full scale matrices: converged after ", new StudentTMixture(2).Fit(Dirty).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ASelectionTriesStructuresAndNumbers()
    {
        var model = new StudentTMixture(1);
        var selection = model.Select(Dirty, [1, 2], [CovarianceType.Full, CovarianceType.Diag]);
        Assert.Equal(4, selection.Candidates.Count);
        Assert.Equal(selection.Best.Components, model.Components);
        Assert.Equal(selection.Best.Name, $"student_t {model.CovarianceType.ToString().ToLowerInvariant()}");
    }

    [Fact]
    public void AFitContinuesWarm()
    {
        StudentTMixture Model(int iterations) =>
            new(2)
            {
                Init = InitMethod.KMeans,
                MaxIterations = iterations,
                Tolerance = 0,
                Acceleration = Acceleration.None,
                WarmStart = true,
                KeepHistory = true,
            };
        var once = Model(2).Fit(Dirty);
        var twice = Model(1).Fit(Dirty).Fit(Dirty);
        Assert.Equal(once.DegreesOfFreedom, twice.DegreesOfFreedom);
        Assert.Equal(once.Locations, twice.Locations);
        Assert.Equal(3, once.LocationsHistory.Count);
        Assert.Equal(once.DegreesOfFreedom, once.DegreesOfFreedomHistory[2]);
        Assert.Equal(once.InitialLocations, once.LocationsHistory[0]);
    }

    [Fact]
    public void ASavedModelComesBack()
    {
        foreach (var make in new Func<StudentTMixture>[]
                 {
                     () => new(2), () => new(2) { EqualDegreesOfFreedom = true }, () => new(2) { GivenDegreesOfFreedom = 6 },
                 })
        {
            var model = make().Fit(Dirty);
            var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json");

            try
            {
                model.Save(path);
                var loaded = StudentTMixture.Load(path);
                AssertSame(model, loaded);
                AssertSame(model, StudentTMixture.FromState(model.ToState()));

                // As the F# library saves: without the settings of the class.
                var degrees = model.GivenDegreesOfFreedom is { } given ? DegreesOfFreedom.NewGiven(given)
                    : model.EqualDegreesOfFreedom ? DegreesOfFreedom.Equal : DegreesOfFreedom.Estimated;
                Data.Value(Core.Persist.save(path, CoreFit(degrees)));
                AssertSame(model, StudentTMixture.Load(path));
                Assert.Throws<IOException>(() => GaussianMixture.Load(path));
            }
            finally
            {
                File.Delete(path);
            }
        }
    }

    private static void AssertSame(StudentTMixture expected, StudentTMixture actual)
    {
        Assert.Equal(expected.DegreesOfFreedom, actual.DegreesOfFreedom);
        Assert.Equal(expected.EqualDegreesOfFreedom, actual.EqualDegreesOfFreedom);
        Assert.Equal(expected.GivenDegreesOfFreedom, actual.GivenDegreesOfFreedom);
        Assert.Equal(expected.FreeParameters, actual.FreeParameters);
        Assert.Equal(expected.ScoreSamples(Dirty), actual.ScoreSamples(Dirty));
    }
}
