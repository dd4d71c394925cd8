using Gmm.CSharp;
using Microsoft.Data.Analysis;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>Mixtures as steps of ML.NET's pipelines: schemas, evaluation, threads, names.</summary>
public class PipelineTests
{
    private static readonly MLContext Context = Views.Context;

    private sealed class Labelled : MixturePrediction
    {
        public int Component { get; set; }
    }

    [Fact]
    public void EvaluationIsSensible()
    {
        var rows = Views.Rows(1_000);
        var view = Views.Of(Context, rows);
        var scored = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(view).Transform(view);
        var metrics = Context.Clustering.Evaluate(scored, featureColumnName: "Features");
        var predictions = Views.Predictions(Context, scored);

        Assert.Equal(predictions.Average(row => (double)row.Score.Min()), metrics.AverageDistance, 1e-9);
        var labels = predictions.Select(row => (int)row.PredictedLabel - 1).ToArray();
        Assert.Equal(CSharp.Metrics.DaviesBouldin(rows, labels), metrics.DaviesBouldinIndex, 1e-4);
    }

    /// <summary>Responsibilities underflow between far components; no row is left out of the metrics for that.</summary>
    [Theory]
    [InlineData(20, false)]
    [InlineData(1_000, false)]
    [InlineData(20, true)]
    public void EvaluationOfFarComponentsTakesAllRows(int gap, bool hasNoise)
    {
        var random = new Random(1);
        float[][] rows = [.. Enumerable.Range(0, 400).Select(i => new[] { i % 2 * gap + random.NextSingle(), random.NextSingle() + random.NextSingle() })];

        for (var i = 0; hasNoise && i < 10; i++)
            rows[i * 40] = [i * 37 % 41 * 5 - 100, i * 17 % 41 * 5 - 100];

        var view = Views.Of(Context, rows);
        var fitted = Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2) { Noise = hasNoise ? CSharp.NoiseVolume.Hypervolume : null }).Fit(view);
        var predictions = Views.Predictions(Context, fitted.Transform(view));
        var metrics = Context.Clustering.Evaluate(fitted.Transform(view), featureColumnName: "Features");
        var labels = predictions.Select(row => Array.IndexOf(row.Score, row.Score.Min())).ToArray();
        Views.AssertSame(fitted.Model, Views.Doubles(rows), predictions);
        Assert.Contains(predictions, row => row.Responsibilities.Contains(0));
        Assert.Equal(hasNoise, predictions.Any(row => row.PredictedLabel == 0));
        Assert.All(predictions, row => Assert.All(row.Score, distance => Assert.InRange(distance, 0, float.MaxValue)));
        Assert.Equal(predictions.Average(row => (double)row.Score.Min()), metrics.AverageDistance, 1e-6 * (1 + metrics.AverageDistance));
        Assert.Equal(CSharp.Metrics.DaviesBouldin(rows, labels), metrics.DaviesBouldinIndex, 1e-4 * metrics.DaviesBouldinIndex);
    }

    /// <summary>A component under which a row is impossible has the largest Single.</summary>
    [Fact]
    public void ImpossibleComponentsHaveTheLargestDistance()
    {
        float[][] rows = [.. Enumerable.Range(0, 40).Select(i => new[] { i % 2f, i % 2f })];
        var view = Views.Of(Context, rows);
        var settings = new CategoricalMixture(2, 2) { InitLabels = [.. rows.Select(row => (int)row[0])] };
        var fitted = Context.Clustering.Trainers.Mixture(settings).Fit(view);
        var predictions = Views.Predictions(Context, fitted.Transform(view));
        Assert.All(predictions, row => Assert.Equal([0, float.MaxValue], row.Score.Order()));
        Assert.Equal(0, Context.Clustering.Evaluate(fitted.Transform(view)).AverageDistance);
    }

    [Fact]
    public void KeysHaveTheNumbersOfComponents()
    {
        var view = Views.Of(Context, Views.Rows(200));
        var pipeline = Context.Clustering.Trainers.GaussianMixture(components: 2)
            .Append(Context.Transforms.Conversion.MapKeyToValue("Component", "PredictedLabel"));
        var rows = Context.Data.CreateEnumerable<Labelled>(pipeline.Fit(view).Transform(view), reuseRowObject: false).ToArray();
        Assert.All(rows, row => Assert.Equal((int)row.PredictedLabel - 1, row.Component));
    }

    [Fact]
    public void NoiseHasTheMissingKey()
    {
        var rows = Views.Rows(300);
        rows[7] = [40, -40, 40];
        var settings = new GaussianMixture(2) { Noise = CSharp.NoiseVolume.Hypervolume };
        var fitted = Context.Clustering.Trainers.Mixture(settings).Fit(Views.Of(Context, rows));
        var predictions = Views.Predictions(Context, fitted.Transform(Views.Of(Context, rows)));
        Views.AssertSame(fitted.Model, Views.Doubles(rows), predictions);
        Assert.Equal(0u, predictions[7].PredictedLabel);
        Assert.Equal((2, 3), (predictions[7].Score.Length, predictions[7].Responsibilities.Length));
        Assert.False(settings.IsFitted);
    }

    [Fact]
    public void OutliersAreTheShareOfFittedRows()
    {
        var view = Views.Of(Context, Views.Rows(1_000));
        var fitted = Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2), new() { OutlierShare = 0.03 }).Fit(view);
        Assert.Equal(30, Views.Predictions(Context, fitted.Transform(view)).Count(row => row.IsOutlier));
    }

    [Fact]
    public void ColumnsHaveOtherNames()
    {
        var view = Views.Of(Context, Views.Rows(100));
        var pair = Context.Clustering.Trainers.GaussianMixture(components: 2).Append(Context.Clustering.Trainers.Mixture(
            new StudentTMixture(3),
            new()
            {
                PredictedLabelColumnName = "Cluster",
                ScoreColumnName = "Distances",
                ResponsibilitiesColumnName = "Shares",
                LogDensityColumnName = "Density",
                IsOutlierColumnName = "Far",
            })).Fit(view);
        var schema = pair.GetOutputSchema(view.Schema);
        string[] names = [.. schema.Select(column => column.Name)];
        Assert.Equal(names.Distinct(), names);
        Assert.Equal(["Cluster", "Distances", "Shares", "Density", "Far"], names.TakeLast(5));
        Assert.Equal("Vector<Single, 3>", $"{schema["Distances"].Type}");
        Assert.Equal("Vector<Single, 2>", $"{schema["Score"].Type}");
    }

    [Fact]
    public void NamedColumnsAreTheParts()
    {
        var random = new Random(5);
        House[] houses =
        [
            .. Enumerable.Range(0, 400).Select(i => new House
            {
                Price = (float)Math.Exp(i % 2 + random.NextDouble()),
                Place = [i % 2 * 3 + (float)random.NextDouble(), (float)random.NextDouble()],
                Rooms = random.Next(1, i % 2 == 0 ? 4 : 9),
            }),
        ];
        var view = Context.Data.LoadFromEnumerable(houses);
        var fitted = Context.Clustering.Trainers.ProductMixture(
            2,
            ("Price", slots => Part.LogNormal(slots)),
            ("Place", slots => Part.Gaussian(slots, CovarianceType.Diag)),
            ("Rooms", slots => Part.Poisson(slots))).Fit(view);
        double[][] rows = [.. houses.Select(each => new double[] { each.Price, each.Place[0], each.Place[1], each.Rooms })];
        var expected = new ProductMixture(2)
        {
            Parts = [Part.LogNormal([0]), Part.Gaussian([1, 2], CovarianceType.Diag), Part.Poisson([3])],
        }.Fit(Array.ConvertAll(rows, row => Array.ConvertAll(row, value => (float)value)));

        Assert.Equal(expected.LogLikelihood, fitted.Model.LogLikelihood);
        Views.AssertSame(expected, rows, Views.Predictions(Context, fitted.Transform(view)));
        Assert.Equal(["Price", "Place", "Rooms"], fitted.FeatureColumnNames);
    }

    [Fact]
    public void DataFrameIsAView()
    {
        var rows = Views.Rows(300, columns: 2);
        var frame = new DataFrame(
            new SingleDataFrameColumn("x", rows.Select(row => row[0])),
            new SingleDataFrameColumn("y", rows.Select(row => row[1])));
        var expected = new GaussianMixture(2).Fit(rows);

        foreach (var isStreamed in new[] { false, true })
        {
            var fitted = Context.Clustering.Trainers.Mixture(
                new GaussianMixture(2), new() { FeatureColumnNames = ["x", "y"], StreamRows = isStreamed }).Fit(frame);
            Views.AssertSame(expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(frame)));
        }
    }

    [Fact]
    public void SparseRowsAreDense()
    {
        float[][] rows = [.. Views.Rows(200).Select(row => new[] { row[0], 0, 0, 0, 0, row[1] })];
        var settings = new GaussianMixture(2) { CovarianceType = CovarianceType.Spherical };
        var expected = settings.Fit(rows);
        var view = Context.Data.LoadFromEnumerable(
            rows.Select(row => new SparseRow { Features = new(6, 2, [row[0], row[5]], [0, 5]) }),
            Views.Schema<SparseRow>(NumberDataViewType.Single, 6));
        var fitted = Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2) { CovarianceType = CovarianceType.Spherical }).Fit(view);
        Views.AssertSame(expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(view)));
    }

    private sealed class SparseRow
    {
        public VBuffer<float> Features { get; set; }
    }

    [Fact]
    public void ThirtyTwoThreadsPredictTheSame()
    {
        var rows = Views.Rows(2_000);
        var view = Views.Of(Context, rows);
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 4).Fit(view);
        using var stream = new MemoryStream();
        Context.Model.Save(fitted, view.Schema, stream);
        stream.Position = 0;
        var loaded = new MLContext().Model.Load(stream, out _);
        var expected = Views.Predictions(Context, fitted.Transform(view));
        var found = new MixturePrediction[32][];
        var threads = Enumerable.Range(0, 32).Select(i => new Thread(() =>
        {
            // All threads share the transformer; an engine belongs to one thread.
            using var engine = Context.Model.CreatePredictionEngine<FloatRow, MixturePrediction>(
                loaded, new PredictionEngineOptions { OwnsTransformer = false });
            found[i] = [.. rows.Select(row => engine.Predict(new() { Features = row }))];
        })).ToArray();

        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(found, predictions => Views.AssertSame(expected, predictions));
    }

    [Fact]
    public void CrossValidationFitsAnew()
    {
        var view = Views.Of(Context, Views.Rows(600));
        var folds = Context.Clustering.CrossValidate(
            view, Context.Clustering.Trainers.GaussianMixture(components: 2), numberOfFolds: 3, featuresColumnName: "Features");
        Assert.Equal(3, folds.Count);
        Assert.All(folds, fold => Assert.InRange(fold.Metrics.DaviesBouldinIndex, 0, 1.5));
        Assert.Equal(3, folds.Select(fold => fold.Model.FindMixture<GaussianMixture>()!.Model.LogLikelihood).Distinct().Count());
    }

    [Fact]
    public void WarmStartContinues()
    {
        var rows = Views.Rows(500);
        var first = new GaussianMixture(4) { WarmStart = true, MaxIterations = 1, Acceleration = CSharp.Acceleration.None }.Fit(rows);
        var (before, iterations) = (first.LogLikelihood, first.Iterations);
        var next = Context.Clustering.Trainers.Mixture(first).Fit(Views.Of(Context, rows)).Model;
        Assert.True(next.LogLikelihood > before);
        Assert.Equal((before, iterations), (first.LogLikelihood, first.Iterations));
        first.Fit(rows);
        Assert.Equal(first.LogLikelihood, next.LogLikelihood);
    }

    [Fact]
    public void LaterChangesOfSettingsHaveNoEffect()
    {
        var view = Views.Of(Context, Views.Rows(200));
        var settings = new GaussianMixture(2)
        {
            MaxIterations = 1,
            Acceleration = CSharp.Acceleration.None,
            InitMeans = new double[,] { { 1, 1, 1 }, { 5, 5, 5 } },
            InitWeights = [0.5, 0.5],
        };
        var trainer = Context.Clustering.Trainers.Mixture(settings);
        var before = trainer.Fit(view).Model.LogLikelihood;
        (settings.InitMeans[0, 0], settings.InitWeights[0], settings.InitWeights[1]) = (4, 0.1, 0.9);
        settings.MaxIterations = 7;
        Assert.Equal(before, trainer.Fit(view).Model.LogLikelihood);

        var product = new ProductMixture(2) { Parts = [Part.Gaussian([0, 1]), Part.Gaussian([2])] };
        var products = Context.Clustering.Trainers.Mixture(product);
        product.Parts.Clear();
        Assert.Equal(2, products.Fit(view).Model.PartParameters.Count);
    }
}
