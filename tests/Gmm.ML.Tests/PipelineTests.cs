using Gmm.CSharp;
using Microsoft.Data.Analysis;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>Mixtures as steps of ML.NET's pipelines: schemas, evaluation, threads, names, errors.</summary>
public class PipelineTests
{
    private static readonly MLContext Context = Views.Context;

    private sealed class House
    {
        public float Price { get; set; }

        [VectorType(2)]
        public float[] Place { get; set; } = [];

        public float Rooms { get; set; }
    }

    private sealed class Varying
    {
        public float[] Features { get; set; } = [];

        public string Text { get; set; } = "";
    }

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

    // ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void SchemasThatDontFitAreErrors()
    {
        var view = Views.Of(Context, Views.Rows(50));
        var varying = Context.Data.LoadFromEnumerable([new Varying { Features = [1, 2] }]);

        void Rejects(IDataView input, MixtureOptions options, params string[] words)
        {
            var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(1), options);
            var trouble = Assert.ThrowsAny<ArgumentException>(() => trainer.Fit(input));
            Assert.All(words, word => Assert.Contains(word, trouble.Message, StringComparison.Ordinal));

            // A pipeline finds out before it fits its first step.
            var chain = Context.Transforms.CopyColumns("Copy", input.Schema[0].Name).Append(trainer);
            Assert.Equal(trouble.Message, Assert.ThrowsAny<ArgumentException>(() => chain.Fit(input)).Message);
        }

        Rejects(view, new() { FeatureColumnNames = ["Other"] }, "'Other'", "there is none");
        Rejects(view, new() { FeatureColumnNames = ["Features", "Nothing"] }, "'Nothing'");
        Rejects(view, new() { ExampleWeightColumnName = "Nothing" }, "'Nothing'", "weight");
        Rejects(view, new() { ExampleWeightColumnName = "Features" }, "'Features'", "a vector");
        Rejects(varying, new(), "'Features'", "size varies");
        Rejects(varying, new() { FeatureColumnNames = ["Text"] }, "'Text'", "Single or Double", "String");
        Rejects(varying, new() { ExampleWeightColumnName = "Text", FeatureColumnNames = ["Features"] }, "'Features'");
    }

    [Fact]
    public void MixedTypesOfFeaturesAreAnError()
    {
        var view = Context.Data.LoadFromEnumerable([new { A = 1f, B = 2.0 }]);
        var trouble = Assert.Throws<ArgumentException>(() => Context.Clustering.Trainers.Mixture(
            new GaussianMixture(1), new() { FeatureColumnNames = ["A", "B"] }).Fit(view));
        Assert.Equal("The feature column 'B' must be Single, as 'A' is, but is Double.", trouble.Message);
    }

    [Fact]
    public void OtherSizesAreErrors()
    {
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(Views.Of(Context, Views.Rows(50)));
        var other = Views.Of(Context, Views.Rows(50, columns: 4));
        Assert.Contains(
            "must have 3 numbers", Assert.Throws<ArgumentException>(() => fitted.Transform(other)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => fitted.GetOutputSchema(other.Schema));

        // Rows of arrays say their size only when they are read.
        var varying = Context.Data.LoadFromEnumerable([new Varying { Features = [1, 2] }]);
        var trouble = Assert.ThrowsAny<Exception>(() => Views.Predictions(Context, fitted.Transform(varying)));
        Assert.Contains("3 columns", $"{trouble}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MissingNumbersAreErrorsThatNameRowAndColumn(bool isStreamed)
    {
        var rows = Views.Rows(5_000);
        rows[4_321][2] = float.NaN;
        var options = new MixtureOptions { StreamRows = isStreamed };
        var trouble = Assert.Throws<ArgumentException>(
            () => Context.Clustering.Trainers.Mixture(new GaussianMixture(2), options).Fit(Views.Of(Context, rows)));
        Assert.Contains("'Features'", trouble.Message, StringComparison.Ordinal);
        Assert.Contains("row 4321", trouble.Message, StringComparison.Ordinal);
        Assert.Contains("column 2", trouble.Message, StringComparison.Ordinal);

        // As the option of the model says, they are missing cells.
        var expected = new GaussianMixture(2) { Missing = MissingData.Fit }.Fit(rows);
        var fitted = Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2) { Missing = MissingData.Fit }, options).Fit(Views.Of(Context, rows));
        Assert.Equal(expected.LogLikelihood, fitted.Model.LogLikelihood);
        Views.AssertSame(
            expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(Views.Of(Context, rows))));
    }

    [Fact]
    public void MissingNumbersOfPredictionsAreErrors()
    {
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(Views.Of(Context, Views.Rows(50)));
        using var engine = Context.Model.CreatePredictionEngine<FloatRow, MixturePrediction>(fitted);
        var trouble = Assert.ThrowsAny<Exception>(() => engine.Predict(new() { Features = [1, float.NaN, 2] }));
        Assert.Contains("column 1", $"{trouble}", StringComparison.Ordinal);
        Assert.Contains("'Features'", $"{trouble}", StringComparison.Ordinal);
        Assert.NotEqual(0u, engine.Predict(new() { Features = [1, 1, 2] }).PredictedLabel);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NoRowsAreAnErrorOfTheFitOnly(bool isStreamed)
    {
        var none = Views.Of(Context, []);
        var trouble = Assert.Throws<ArgumentException>(() => Context.Clustering.Trainers.Mixture(
            new GaussianMixture(1), new() { StreamRows = isStreamed }).Fit(none));
        Assert.Contains("at least one row", trouble.Message, StringComparison.Ordinal);
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(Views.Of(Context, Views.Rows(50)));
        Assert.Empty(Views.Predictions(Context, fitted.Transform(none)));
    }

    [Theory]
    [InlineData(false, -1f)]
    [InlineData(true, -1f)]
    [InlineData(false, float.NaN)]
    [InlineData(true, float.PositiveInfinity)]
    public void WeightsThatAreNoneAreErrors(bool isStreamed, float weight)
    {
        var rows = Views.Rows(100);
        var options = new MixtureOptions { StreamRows = isStreamed, ExampleWeightColumnName = "Weight" };
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(1), options);
        float[] weights = [.. Enumerable.Repeat(1f, 100)];
        weights[42] = weight;
        Assert.Contains(
            "row 42",
            Assert.Throws<ArgumentException>(() => trainer.Fit(Views.Of(Context, rows, weights))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "above 0",
            Assert.Throws<ArgumentException>(() => trainer.Fit(Views.Of(Context, rows, new float[100]))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ViewsThatChangeAreErrorsWhereTheyAreStreamed()
    {
        var view = Views.Of(Context, Views.Rows(20_000));
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(2), new() { StreamRows = true });

        foreach (var changing in new ChangingView[] { new(view, isShorter: false), new(view, isShorter: true) })
        {
            var trouble = Assert.Throws<InvalidOperationException>(() => trainer.Fit(changing));
            Assert.Contains("StreamRows", trouble.Message, StringComparison.Ordinal);
            Assert.True(Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(changing).Model.IsFitted);
        }

        // ML.NET's shuffled view has the same order each time.
        var shuffled = new MLContext().Data.ShuffleRows(view);
        Assert.Equal(
            Context.Clustering.Trainers.GaussianMixture(components: 5).Fit(shuffled).Model.LogLikelihood,
            Context.Clustering.Trainers.Mixture(new GaussianMixture(5), new() { StreamRows = true }).Fit(shuffled).Model.LogLikelihood);
    }

    /// <summary>A view whose rows come in another order, or are fewer, each time.</summary>
    private sealed class ChangingView(IDataView view, bool isShorter) : IDataView
    {
        private int opened;

        internal int Opened => opened;

        public bool CanShuffle => false;

        public DataViewSchema Schema => view.Schema;

        public long? GetRowCount() => 20_000;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        {
            var number = Interlocked.Increment(ref opened);
            var rows = isShorter
                ? Context.Data.TakeRows(view, 20_000 - number)
                : Context.Data.ShuffleRows(view, seed: number);
            return rows.GetRowCursor(columnsNeeded.Select(column => rows.Schema[column.Name]));
        }

        public DataViewRowCursor[] GetRowCursorSet(
            IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
    }

    /// <summary>What a mixture adds to a pipeline reads no row until the outputs are read.</summary>
    [Fact]
    public void RowsAreReadOncePerCopy()
    {
        var view = new ChangingView(Views.Of(Context, Views.Rows(20_000)), isShorter: true);
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(view);
        Assert.Equal(1, view.Opened);
        _ = fitted.Transform(view);
        _ = fitted.GetOutputSchema(view.Schema);
        Assert.Equal(1, view.Opened);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FitsAreCancelled(bool isStreamed)
    {
        using var cancellation = new CancellationTokenSource();
        var options = new MixtureOptions
        {
            StreamRows = isStreamed,
            CancellationToken = cancellation.Token,
            Progress = new Once(cancellation.Cancel),
        };
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(3) { Tolerance = 0 }, options);
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Fit(Views.Of(Context, Views.Rows(5_000))));

        // Cancelled from the start, it reads no row into memory.
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Fit(Views.Of(Context, Views.Rows(5_000))));
    }

    private sealed class Once(Action act) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => act();
    }

    [Fact]
    public void OptionsThatBreakTheirRulesAreErrors()
    {
        var trainers = Context.Clustering.Trainers;
        var settings = new GaussianMixture(1);
        Assert.Throws<ArgumentException>(() => trainers.Mixture(settings, new() { FeatureColumnNames = [] }));
        Assert.Throws<ArgumentException>(() => trainers.Mixture(settings, new() { ScoreColumnName = "" }));
        Assert.Throws<ArgumentException>(() => trainers.Mixture(settings, new() { ScoreColumnName = "LogDensity" }));
        Assert.Throws<ArgumentException>(() => trainers.Mixture(settings, new() { OutlierShare = 1 }));
        Assert.Throws<ArgumentException>(() => trainers.Mixture(settings, new() { OutlierShare = double.NaN }));
        Assert.Throws<ArgumentException>(() => trainers.GaussianMixture(""));
        Assert.Throws<ArgumentNullException>(() => trainers.Mixture<GaussianMixture>(null!));
        Assert.Throws<ArgumentException>(() => trainers.ProductMixture(2));
    }
}
