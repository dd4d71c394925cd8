using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Data with missing cells: what the classes add to the core's tests.</summary>
public sealed class MissingTests
{
    private static readonly CsvData File =
        CsvData.Read(Path.Combine(AppContext.BaseDirectory, "data", "iris-missing.csv"), new() { Missing = MissingCells.Keep });

    private static GaussianMixture Fitted() => new GaussianMixture(3) { Missing = MissingData.Fit, Init = InitMethod.KMeans }.Fit(File.Rows);

    [Fact]
    public void FitPredictAndImputeTakeMissingCells()
    {
        var model = Fitted();
        Assert.True(model.Converged);
        Assert.Equal(104, File.Report.MissingCells);
        var (labels, shares, densities) = (model.Predict(File.Rows), model.PredictProba(File.Rows), model.ScoreSamples(File.Rows));
        var (means, draws) = (model.Impute(File.Rows), model.ImputeDraws(File.Rows, seed: 3));
        Assert.NotEqual(draws, model.ImputeDraws(File.Rows, seed: 4));
        Assert.Equal(draws, model.ImputeDraws(File.Rows, seed: 3));
        Assert.Equal(model.LogLikelihood, densities.Sum(), 1e-9);
        Assert.Equal((150, 4), (means.GetLength(0), means.GetLength(1)));
        double[] row = [double.NaN, 3, double.NaN, 0.2];
        Assert.Equal(model.Predict([row])[0], model.Predict(row));
        Assert.Equal(model.ScoreSamples((double[][])[row])[0], model.ScoreSample(row));
        Assert.Equal(150, labels.Length);
        Assert.Equal(1, shares[0, 0] + shares[0, 1] + shares[0, 2], 1e-12);
        Assert.Equal((5.1, 1.4, 0.2), (means[0, 0], means[0, 2], means[0, 3]));
        Assert.All(means.Cast<double>().Concat(draws.Cast<double>()), number => Assert.True(double.IsFinite(number)));
    }

    [Fact]
    public void TheSettingIsSaved()
    {
        var again = GaussianMixture.FromState(Fitted().ToState());
        Assert.Equal(Fitted().ScoreSamples(File.Rows), again.ScoreSamples(File.Rows));
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.json");

        try
        {
            Fitted().Save(path);
            var loaded = GaussianMixture.Load(path);
            Assert.Equal(MissingData.Fit, loaded.Missing);
            Assert.Equal(Fitted().Impute(File.Rows), loaded.Impute(File.Rows));
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    [Fact]
    public void OtherFamiliesAndProductsTakeMissingCells()
    {
        double[][] visits = [[1.2, 5, 0], [0.9, double.NaN, 0], [1.4, 6, 1], [double.NaN, 1, 1], [4.1, 0, double.NaN], [3.5, 2, 1], [4.4, 1, 0]];

        var mixed = new ProductMixture(2)
        {
            Missing = MissingData.Fit,
            Parts = { Part.Gaussian([0], CovarianceType.Diag), Part.Poisson([1]), Part.Bernoulli([2], betaPrior: (2, 2)) },
        }.Fit(visits);

        var drawn = mixed.ImputeDraws(visits);
        Assert.Equal(Math.Floor(drawn[1, 1]), drawn[1, 1]);
        Assert.Contains(drawn[4, 2], (double[])[0, 1]);
    }

    [Fact]
    public void ErrorsNameTheSetting()
    {
        var unknown = Assert.Throws<ArgumentException>(() => new GaussianMixture(3) { Missing = (MissingData)5 }.Fit(File.Rows));
        Assert.StartsWith("Missing must be one of Reject, Fit, but is 5.", unknown.Message);
        Assert.Contains("A mixture with Missing set to Fit", Assert.Throws<ArgumentException>(() => new GaussianMixture(3).Fit(File.Rows)).Message);
        Assert.Throws<ArgumentException>(() => new KMeans(3).Fit(File.Rows));
        Assert.Throws<InvalidOperationException>(() => new GaussianMixture(3).Impute(File.Rows));
    }
}
