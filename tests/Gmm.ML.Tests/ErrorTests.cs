using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>
/// Errors of mixtures in pipelines: schemas, names, rows, weights, options, views that change, and cancellation.
/// </summary>
public class ErrorTests
{
    private static readonly MLContext Context = Views.Context;

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
            var early = Assert.ThrowsAny<ArgumentException>(() => chain.Fit(input));
            Assert.Equal(("input", "inputSchema"), (trouble.ParamName, early.ParamName));
            Assert.Equal(trouble.Message, early.Message.Replace("inputSchema", "input", StringComparison.Ordinal));
        }

        var kinds = Context.Transforms.Conversion.MapValueToKey("Key", "Text").Fit(varying).Transform(varying);
        var whole = Context.Data.LoadFromEnumerable([new { Age = 1, IsNew = true }]);
        Rejects(
            view, new() { FeatureColumnNames = ["Other"] }, "'Other'", "there is none", "Transforms.Concatenate", "FeatureColumnNames");
        Rejects(view, new() { FeatureColumnNames = ["Features", "Nothing"] }, "'Nothing'");
        Rejects(view, new() { ExampleWeightColumnName = "Nothing" }, "'Nothing'", "weight", "ExampleWeightColumnName");
        Rejects(view, new() { ExampleWeightColumnName = "Features" }, "'Features'", "a vector", "one number in each row");
        Rejects(varying, new(), "'Features'", "size varies", "[VectorType(n)]", "SchemaDefinition");
        Rejects(varying, new() { FeatureColumnNames = ["Text"] }, "'Text'", "Single or Double", "String", "Categorical.OneHotEncoding(\"Text\")");
        Rejects(kinds, new() { FeatureColumnNames = ["Key"] }, "'Key'", "a key", "MapKeyToVector(\"Key\")");
        Rejects(whole, new() { FeatureColumnNames = ["Age"] }, "Int32", "Conversion.ConvertType(\"Age\", outputKind: DataKind.Single)");
        Rejects(whole, new() { FeatureColumnNames = ["IsNew"] }, "Boolean", "Conversion.ConvertType(\"IsNew\"");
        Rejects(varying, new() { ExampleWeightColumnName = "Text", FeatureColumnNames = ["Features"] }, "'Features'");
    }

    [Fact]
    public void MixedTypesOfFeaturesAreAnError()
    {
        var view = Context.Data.LoadFromEnumerable([new { A = 1f, B = 2.0 }]);
        var trouble = Assert.Throws<ArgumentException>(() => Context.Clustering.Trainers.Mixture(
            new GaussianMixture(1), new() { FeatureColumnNames = ["A", "B"] }).Fit(view));
        Assert.Equal(
            "The feature column 'B' must be Single, as 'A' is, but is Double. "
            + "Convert it: Transforms.Conversion.ConvertType(\"B\", outputKind: DataKind.Single). (Parameter 'input')",
            trouble.Message);
    }

    [Fact]
    public void OtherTypesOfNewRowsAreErrors()
    {
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(Views.Of(Context, Views.Rows(50)));
        var doubles = Views.OfDoubles(Context, Views.Doubles(Views.Rows(50)));
        var text = Context.Data.LoadFromEnumerable([new { Features = "a" }]);
        var trouble = Assert.Throws<ArgumentException>("input", () => fitted.Transform(doubles));
        Assert.StartsWith(
            "The feature column 'Features' must be Single, as in the fit, but is a vector of Double. Convert it: "
            + "Transforms.Conversion.ConvertType(\"Features\", outputKind: DataKind.Single).",
            trouble.Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("input", () => fitted.Transform(text));
        Assert.Throws<ArgumentException>("inputSchema", () => fitted.GetOutputSchema(doubles.Schema));
        Assert.Throws<ArgumentException>("inputSchema", () => fitted.GetRowToRowMapper(doubles.Schema));

        var ofDoubles = Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(doubles);
        Assert.Equal(50, Views.Predictions(Context, ofDoubles.Transform(doubles)).Length);
        Assert.Contains(
            "must be Double",
            Assert.Throws<ArgumentException>("input", () => ofDoubles.Transform(Views.Of(Context, Views.Rows(9)))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void NamesOfTheStepsAreErrors()
    {
        var trainers = Context.Clustering.Trainers;
        var view = Views.Of(Context, Views.Rows(50));
        var fitted = trainers.GaussianMixture(components: 1).Fit(view);
        var taken = Context.Transforms.CopyColumns("Gmm.Key", "Weight").Fit(view).Transform(view);

        Action[] calls =
        [
            () => trainers.GaussianMixture("Gmm.Features"),
            () => trainers.Mixture(new GaussianMixture(1), new() { ScoreColumnName = "Gmm.Score1" }),
            () => trainers.GaussianMixture(components: 1).Fit(taken),
            () => fitted.Transform(taken),
            () => fitted.GetOutputSchema(taken.Schema),
            () => Context.Transforms.CopyColumns("Gmm.Key", "Weight").Append(trainers.GaussianMixture(components: 1)).Fit(view),
        ];
        Assert.All(calls, call => Assert.Contains(
            "must not begin with 'Gmm.'", Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 4)]
    [InlineData(true, 4)]
    public void RowsOfOtherLengthsAreErrors(bool isStreamed, int length)
    {
        var rows = Views.Rows(5_000);
        rows[4_321] = new float[length];
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(2), new() { StreamRows = isStreamed });
        var trouble = Assert.Throws<ArgumentException>("input", () => trainer.Fit(Views.Of(Context, rows)));
        Assert.StartsWith(
            $"Every row must have 3 features, as the schema says, but row 4321 (counting from 0) has {length}. Correct the row, or the size in VectorType.",
            trouble.Message,
            StringComparison.Ordinal);
    }

    /// <summary>Errors of the library number the features; here they name columns.</summary>
    [Fact]
    public void ErrorsNameColumns()
    {
        House[] houses =
        [
            .. Enumerable.Range(0, 60).Select(i => new House { Price = 1 + i % 7, Place = [i % 5, i % 11], Rooms = i % 3 }),
        ];
        var view = Context.Data.LoadFromEnumerable(houses);
        var options = new MixtureOptions { FeatureColumnNames = ["Price", "Place", "Rooms"] };
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(1), options);
        var fitted = trainer.Fit(view);
        using var engine = Context.Model.CreatePredictionEngine<House, MixturePrediction>(
            fitted, new PredictionEngineOptions { OwnsTransformer = false });

        string OfPrediction(House house) => Assert.Throws<ArgumentException>(() => engine.Predict(house)).Message;
        string OfFit() => Assert.Throws<ArgumentException>("input", () => trainer.Fit(view)).Message;
        Assert.StartsWith(
            "Features of 'Price', 'Place', 'Rooms': The data must be complete, but column 'Rooms' in this row holds NaN",
            OfPrediction(new() { Place = [1, 2], Rooms = float.NaN }),
            StringComparison.Ordinal);
        Assert.Contains(
            "but slot 1 (counting from 0) of 'Place' in this row holds NaN",
            OfPrediction(new() { Place = [1, float.NaN] }),
            StringComparison.Ordinal);
        Assert.DoesNotContain("(Parameter", OfPrediction(new() { Place = [1, float.NaN] }), StringComparison.Ordinal);

        houses[7].Price = float.NaN;
        Assert.Contains("but row 7 (counting from 0), column 'Price' holds NaN", OfFit(), StringComparison.Ordinal);
        houses[7].Price = 2;
        houses[8].Place[1] = float.PositiveInfinity;
        Assert.Contains("but row 8, slot 1 (counting from 0) of 'Place' holds ", OfFit(), StringComparison.Ordinal);
        houses[8].Place[1] = 3;
        Array.ForEach(houses, house => house.Rooms = 4);
        Assert.Contains("Column 'Rooms' is constant", OfFit(), StringComparison.Ordinal);

        var product = Context.Clustering.Trainers.ProductMixture(
            1, ("Rooms", slots => Part.Poisson(slots)), ("Place", slots => Part.Poisson(slots)));
        houses[9].Place[0] = 0.5f;
        Assert.Contains(
            "row 9, slot 0 (counting from 0) of 'Place' holds 0.5",
            Assert.Throws<ArgumentException>("input", () => product.Fit(view)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TooManyComponentsAreAnErrorBeforeTheFit()
    {
        var view = new ChangingView(Views.Of(Context, Views.Rows(20_000)), isShorter: false);
        var trainers = Context.Clustering.Trainers;
        Action[] calls =
        [
            () => trainers.Mixture(new PoissonMixture(20_000)).Fit(view),
            () => trainers.Mixture(new GaussianMixture(16_383) { Noise = CSharp.NoiseVolume.Hypervolume }).Fit(view),
            () => trainers.Mixture(new BayesianGaussianMixture(16_384)).Fit(view),
        ];
        Assert.All(calls, call => Assert.Contains(
            "at most 16383", Assert.Throws<ArgumentException>(call).Message, StringComparison.Ordinal));
        Assert.Equal(0, view.Opened);
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
        Assert.Contains("slot 2 (counting from 0) of 'Features'", trouble.Message, StringComparison.Ordinal);

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
        Assert.Contains("slot 1 (counting from 0) of 'Features' in this row", $"{trouble}", StringComparison.Ordinal);
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
        var trouble = Assert.Throws<ArgumentException>("input", () => trainer.Fit(Views.Of(Context, rows, weights)));
        Assert.Contains("row 42 (counting from 0) of 'Weight'", trouble.Message, StringComparison.Ordinal);
        Assert.Contains("Remove the row or give it weight 0.", trouble.Message, StringComparison.Ordinal);
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

    /// <summary>A view may say that it has fewer rows than it has; none is lost.</summary>
    [Theory]
    [InlineData(19_999)]
    [InlineData(1)]
    public void RowsBeyondTheirNumberAreAnErrorWhereTheyAreStreamed(int rows)
    {
        var view = new ChangingView(Views.Of(Context, Views.Rows(20_000)), isShorter: false, rows, isInOrder: true);
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(1), new() { StreamRows = true });
        var trouble = Assert.Throws<InvalidOperationException>(() => trainer.Fit(view));
        Assert.Contains("StreamRows", trouble.Message, StringComparison.Ordinal);
        Assert.Equal(
            new GaussianMixture(1).Fit(Views.Rows(20_000)).LogLikelihood,
            Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(view).Model.LogLikelihood);
    }

    /// <summary>A view whose rows come in another order, or are fewer, each time.</summary>
    private sealed class ChangingView(IDataView view, bool isShorter, long rowCount = 20_000, bool isInOrder = false) : IDataView
    {
        private int opened;

        internal int Opened => opened;

        public bool CanShuffle => false;

        public DataViewSchema Schema => view.Schema;

        public long? GetRowCount() => rowCount;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        {
            var number = Interlocked.Increment(ref opened);
            var rows = isInOrder
                ? view
                : isShorter
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

        // Cancelled from the start.
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Fit(Views.Of(Context, Views.Rows(5_000))));
    }

    /// <summary>The pass for the outliers is the last; cancelled while it opens the rows, it ends.</summary>
    [Fact]
    public void PassForOutliersIsCancelled()
    {
        var rows = Views.Rows(20_000).Select(row => new FloatRow { Features = row }).ToArray();
        using var cancellation = new CancellationTokenSource();
        var (opened, last) = (0, int.MaxValue);

        IEnumerable<FloatRow> Read()
        {
            if (++opened > last)
                cancellation.Cancel();

            foreach (var row in rows)
                yield return row;
        }

        void Fit(double? share) => Context.Clustering.Trainers.Mixture(
            new GaussianMixture(2) { Threads = 1 },
            new() { StreamRows = true, OutlierShare = share, CancellationToken = cancellation.Token }).Fit(
                Context.Data.LoadFromEnumerable(new Repeated<FloatRow>(Read), Views.Schema<FloatRow>(NumberDataViewType.Single, 3)));

        Fit(null);
        (last, opened) = (opened, 0);
        Assert.ThrowsAny<OperationCanceledException>(() => Fit(0.1));
        Assert.Equal(last + 1, opened);
    }

    private sealed class Repeated<T>(Func<IEnumerable<T>> read) : IEnumerable<T>
    {
        public IEnumerator<T> GetEnumerator() => read().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
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
        Assert.Throws<ArgumentException>("options", () => trainers.Mixture(settings, new() { FeatureColumnNames = [] }));
        Assert.Throws<ArgumentException>("options", () => trainers.Mixture(settings, new() { ScoreColumnName = "" }));
        Assert.Throws<ArgumentException>("options", () => trainers.Mixture(settings, new() { ScoreColumnName = "LogDensity" }));
        Assert.Throws<ArgumentException>("options", () => trainers.Mixture(settings, new() { OutlierShare = 1 }));
        Assert.Throws<ArgumentException>("options", () => trainers.Mixture(settings, new() { OutlierShare = double.NaN }));
        Assert.Throws<ArgumentException>("options", () => trainers.GaussianMixture(""));
        Assert.Throws<ArgumentException>("options", () => trainers.GaussianMixture(exampleWeightColumnName: ""));
        Assert.Throws<ArgumentNullException>(() => trainers.Mixture<GaussianMixture>(null!));
        Assert.Throws<ArgumentException>("parts", () => trainers.ProductMixture(2));
        Assert.Throws<ArgumentException>("options", () => trainers.ProductMixture(2, ("", slots => Part.Poisson(slots))));
        Assert.Throws<ArgumentException>("options", () => trainers.ProductMixture(2, ("Gmm.A", slots => Part.Poisson(slots))));
        Assert.StartsWith(
            "parts[0] ('Duration') must have a function, but it is null.",
            Assert.Throws<ArgumentException>("parts", () => trainers.ProductMixture(2, ("Duration", null!))).Message,
            StringComparison.Ordinal);
    }
}
