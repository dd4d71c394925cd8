using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>
/// Fits through ML.NET are those of the library, to the last bit; predictions are those for rows in double precision.
/// </summary>
public class FitTests
{
    private static readonly MLContext Context = Views.Context;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsOfSinglesGiveTheBitsOfArrays(bool isStreamed)
    {
        var rows = Views.Rows(20_000);
        var expected = new GaussianMixture(2).Fit(rows);
        var view = Views.Of(Context, rows);
        var fitted = Context.Clustering.Trainers.Mixture(new GaussianMixture(2), new() { StreamRows = isStreamed }).Fit(view);

        Assert.Equal(expected.LogLikelihood, fitted.Model.LogLikelihood);
        Assert.Equal(expected.Trace, fitted.Model.Trace);
        Assert.Equal(expected.Means, fitted.Model.Means);
        Assert.Equal((double[,,])expected.Covariances.Values, (double[,,])fitted.Model.Covariances.Values);
        Views.AssertSame(expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(view)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsOfDoublesAndWeightsGiveTheBitsOfArrays(bool isStreamed)
    {
        double[][] rows = [.. Views.Rows(9_000, columns: 2).Select(row => Array.ConvertAll(row, x => x / 3.0))];
        double[] weights = [.. rows.Select((_, i) => i % 5 / 4.0)];
        var expected = new GaussianMixture(3) { CovarianceType = CovarianceType.Diag }.Fit(rows, weights);
        var view = Views.OfDoubles(Context, rows, weights);
        var fitted = Context.Clustering.Trainers.Mixture(
            new GaussianMixture(3) { CovarianceType = CovarianceType.Diag },
            new() { StreamRows = isStreamed, ExampleWeightColumnName = "Weight", OutlierShare = 0.02 }).Fit(view);

        Assert.Equal(expected.LogLikelihood, fitted.Model.LogLikelihood);
        Assert.Equal(expected.DensityThreshold(rows, 0.02, weights), fitted.DensityThreshold);
        Views.AssertSame(
            expected, rows, Views.Predictions(Context, fitted.Transform(view)), fitted.DensityThreshold);
    }

    [Fact]
    public void StreamedThreadsGiveTheSameBits()
    {
        var view = Views.Of(Context, Views.Rows(60_000, columns: 2));
        var fits = new[] { 1, 2, 7 }.Select(threads => Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2) { Threads = threads, Restarts = 2 }, new() { StreamRows = true }).Fit(view).Model.LogLikelihood);
        Assert.Single(fits.Distinct());
    }

    public static TheoryData<string> Kinds => [.. ML.Kinds.Names];

    /// <summary>Every kind, with rows of its domain: as the library fits it, and saved and loaded.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKindGivesTheBitsOfArraysAndIsSaved(string kind)
    {
        var random = new Random(3);
        float[][] Make(Func<int, int, double> cell) =>
            [.. Enumerable.Range(0, 300).Select(i => Enumerable.Range(0, 3).Select(j => (float)cell(i, j)).ToArray())];

        var positive = Make((i, _) => random.NextDouble() + 0.1 + i % 2 * 5);
        var counts = Make((i, _) => random.Next(1, i % 2 == 0 ? 4 : 30));
        var bits = Make((i, _) => random.NextDouble() < (i % 2 == 0 ? 0.2 : 0.8) ? 1 : 0);
        var trainers = Context.Clustering.Trainers;

        switch (kind)
        {
            case nameof(GaussianMixture):
                Check(trainers.GaussianMixture(components: 2), new GaussianMixture(2), positive);
                break;
            case nameof(StudentTMixture):
                Check(trainers.StudentTMixture(components: 2), new StudentTMixture(2), positive);
                break;
            case nameof(BernoulliMixture):
                Check(trainers.BernoulliMixture(components: 2), new BernoulliMixture(2), bits);
                break;
            case nameof(BinomialMixture):
                Check(trainers.BinomialMixture(30, components: 2), new BinomialMixture(2, 30), counts);
                break;
            case nameof(CategoricalMixture):
                Check(trainers.CategoricalMixture(2, components: 2), new CategoricalMixture(2, 2), bits);
                break;
            case nameof(PoissonMixture):
                Check(trainers.PoissonMixture(components: 2), new PoissonMixture(2), counts);
                break;
            case nameof(NegativeBinomialMixture):
                Check(trainers.NegativeBinomialMixture(components: 2), new NegativeBinomialMixture(2), counts);
                break;
            case nameof(GeometricMixture):
                Check(trainers.GeometricMixture(components: 2), new GeometricMixture(2), counts);
                break;
            case nameof(ExponentialMixture):
                Check(trainers.ExponentialMixture(components: 2), new ExponentialMixture(2), positive);
                break;
            case nameof(GammaMixture):
                Check(trainers.GammaMixture(components: 2), new GammaMixture(2), positive);
                break;
            case nameof(LogNormalMixture):
                Check(trainers.LogNormalMixture(components: 2), new LogNormalMixture(2), positive);
                break;
            case nameof(BetaMixture):
                Check(trainers.BetaMixture(components: 2), new BetaMixture(2), Scaled(positive, 0.1f));
                break;
            case nameof(MultinomialMixture):
                Check(trainers.MultinomialMixture(components: 2), new MultinomialMixture(2), counts);
                break;
            case nameof(VonMisesFisherMixture):
                Check(trainers.VonMisesFisherMixture(components: 2), new VonMisesFisherMixture(2), Directions(positive));
                break;
            case nameof(ProductMixture):
                Part[] parts = [Part.Gaussian([0, 1]), Part.Gamma([2])];
                Check(
                    trainers.Mixture(new ProductMixture(2) { Parts = parts }),
                    new ProductMixture(2) { Parts = parts },
                    positive);
                break;
            case nameof(BayesianGaussianMixture):
                var bayes = new BayesianGaussianMixture(4).Fit(positive);
                var fitted = trainers.BayesianGaussianMixture(components: 4).Fit(Views.Of(Context, positive));
                var scored = Views.Predictions(Context, fitted.Transform(Views.Of(Context, positive)));
                Assert.Equal(bayes.Predict(positive).Select(label => label + 1), scored.Select(row => (int)row.PredictedLabel));
                Assert.Equal(
                    bayes.PredictProba(Views.Doubles(positive)).Cast<double>().Select(share => (float)share),
                    scored.SelectMany(row => row.Responsibilities));
                AssertSaved(fitted, positive);
                break;
            default:
                Assert.Fail($"{kind} has no test.");
                break;
        }
    }

    private static void Check<TModel>(MixtureTrainer<TModel> trainer, TModel settings, float[][] rows)
        where TModel : MixtureModel
    {
        var expected = settings.Fit(rows);
        var fitted = trainer.Fit(Views.Of(Context, rows));
        Assert.Equal(expected.LogLikelihood, fitted.Model.LogLikelihood);
        Views.AssertSame(
            expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(Views.Of(Context, rows))));
        AssertSaved(fitted, rows);
    }

    private static void AssertSaved<TModel>(MixtureTransformer<TModel> fitted, float[][] rows)
        where TModel : Estimator
    {
        var view = Views.Of(Context, rows);
        using var stream = new MemoryStream();
        Context.Model.Save(fitted, view.Schema, stream);
        stream.Position = 0;
        var loaded = new MLContext().Model.Load(stream, out _);
        Views.AssertSame(
            Views.Predictions(Context, fitted.Transform(view)), Views.Predictions(Context, loaded.Transform(view)));
        Assert.Equal($"{fitted.Model}", $"{loaded.FindMixture<TModel>()!.Model}");
    }

    private static float[][] Scaled(float[][] rows, float factor) =>
        [.. rows.Select(row => Array.ConvertAll(row, value => value * factor))];

    private static float[][] Directions(float[][] rows) =>
    [
        .. rows.Select((row, i) => Array.ConvertAll(
            row, value => (i % 2 == 0 ? 1 : -1) * value / (float)Math.Sqrt(row.Sum(each => (double)each * each)))),
    ];
}
