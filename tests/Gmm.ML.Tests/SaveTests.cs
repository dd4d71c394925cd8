using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

/// <summary>Saved pipelines predict in another process as they did before, to the last bit.</summary>
public class SaveTests
{
    /// <summary>The variable whose value names the pipeline that a second process is to load.</summary>
    private const string Pipeline = "GMM_ML_PIPELINE";

    private static readonly MLContext Context = Views.Context;

    [Fact]
    public async Task AnotherProcessPredictsTheSameBits()
    {
        var folder = Directory.CreateTempSubdirectory("gmm-ml").FullName;

        try
        {
            var view = Views.Of(Context, RowsWithNoise());
            var trainer = Context.Clustering.Trainers.Mixture(
                new StudentTMixture(3) { Noise = CSharp.NoiseVolume.Hypervolume }, new() { OutlierShare = 0.05 });
            var fitted = Context.Transforms.NormalizeMeanVariance("Features").Append(trainer).Fit(view);
            var path = Path.Combine(folder, "model.zip");
            Context.Model.Save(fitted, view.Schema, path);

            // The test below, in a process of its own.
            var start = new ProcessStartInfo(
                "dotnet",
                [
                    "exec", typeof(SaveTests).Assembly.Location, "-noLogo", "-noColor", "-method",
                    $"{typeof(SaveTests).FullName}.{nameof(LoadedPipelinePredicts)}",
                ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = AppContext.BaseDirectory,
            };
            start.Environment[Pipeline] = path;
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await output + await errors);

            var expected = Views.Predictions(Context, fitted.Transform(view)).Select(Line);
            Assert.Equal(expected, await File.ReadAllLinesAsync(path + ".predictions"));
            Assert.Contains(expected, line => line.StartsWith("0 ", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Loads a pipeline with ML.NET's means alone, and writes what it predicts for the rows of the test above; alone, it
    /// does so with a pipeline of its own.
    /// </summary>
    [Fact]
    public void LoadedPipelinePredicts()
    {
        if (Environment.GetEnvironmentVariable(Pipeline) is { } path)
        {
            var context = new MLContext();
            var loaded = context.Model.Load(path, out var schema);
            using var engine = context.Model.CreatePredictionEngine<FloatRow, MixturePrediction>(loaded, schema);
            File.WriteAllLines(
                path + ".predictions", RowsWithNoise().Select(row => Line(engine.Predict(new() { Features = row }))));
            return;
        }

        var view = Views.Of(Context, Views.Rows(200));
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(view);
        using var own = Context.Model.CreatePredictionEngine<FloatRow, MixturePrediction>(Reloaded(fitted, view.Schema), view.Schema);
        Assert.Equal(
            Views.Predictions(Context, fitted.Transform(view)).Select(Line),
            Views.Rows(200).Select(row => Line(own.Predict(new() { Features = row }))));
    }

    [Fact]
    public void MixtureIsFoundInLoadedPipeline()
    {
        var view = Views.Of(Context, Views.Rows(400));
        var trainer = Context.Clustering.Trainers.Mixture(new GaussianMixture(2), new() { OutlierShare = 0.1 });
        var fitted = Context.Transforms.NormalizeMinMax("Features").Append(trainer).Fit(view);
        var loaded = Reloaded(fitted, view.Schema);
        var mixture = loaded.FindMixture<GaussianMixture>();

        Assert.NotNull(mixture);
        Assert.Equal(fitted.LastTransformer.Model.Means, mixture.Model.Means);
        Assert.Equal(fitted.LastTransformer.Model.Bic(), mixture.Model.Bic());
        Assert.Equal(fitted.LastTransformer.DensityThreshold, mixture.DensityThreshold);
        Assert.Equal(["Features"], mixture.FeatureColumnNames);
        Assert.Null(loaded.FindMixture<StudentTMixture>());
        Assert.Same(fitted.LastTransformer, fitted.FindMixture<GaussianMixture>());

        // By a class that it inherits from, too.
        foreach (var chain in new[] { fitted, loaded })
        {
            Assert.IsType<GaussianMixture>(chain.FindMixture<MixtureModel>()!.Model);
            Assert.IsType<GaussianMixture>(chain.FindMixture<Estimator>()!.Model);
            Assert.Null(chain.FindMixture<BayesianGaussianMixture>());
            Views.AssertSame(
                Views.Predictions(Context, fitted.Transform(view)),
                Views.Predictions(Context, chain.FindMixture<Estimator>()!.Transform(
                    Context.Transforms.NormalizeMinMax("Features").Fit(view).Transform(view))));
        }

        // What was found can be saved again, and predicts the same.
        var normalized = Context.Transforms.NormalizeMinMax("Features").Fit(view).Transform(view);
        var again = Reloaded(mixture, normalized.Schema);
        Views.AssertSame(
            Views.Predictions(Context, fitted.Transform(view)), Views.Predictions(Context, again.Transform(normalized)));
    }

    [Fact]
    public void SchemaOfLoadedPipelineIsThatOfTheFit()
    {
        var view = Views.Of(Context, Views.Rows(400));
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 3).Fit(view);
        var (before, after) = (fitted.GetOutputSchema(view.Schema), Reloaded(fitted, view.Schema).GetOutputSchema(view.Schema));
        Assert.Equal(before.Select(column => (column.Name, $"{column.Type}")), after.Select(column => (column.Name, $"{column.Type}")));
        Assert.Equal(
            ["Features", "Weight", "PredictedLabel", "Score", "Responsibilities", "LogDensity", "IsOutlier"],
            after.Select(column => column.Name));
        Assert.Equal(
            ["Key<UInt32, 0-2>", "Vector<Single, 3>", "Vector<Single, 3>", "Double", "Boolean"],
            after.Skip(2).Select(column => $"{column.Type}"));
    }

    [Fact]
    public void AlteredMixtureIsAnError()
    {
        var json = new Scorer(new GaussianMixture(1).Fit(Views.Rows(20)), -3, new(["Features"], [3])).ToJson();
        Assert.Equal(-3, Scorer.OfJson(json.AsMemory()).DensityThreshold);

        string With(string old, string replacement)
        {
            Assert.Contains(old, json, StringComparison.Ordinal);
            return json.Replace(old, replacement, StringComparison.Ordinal);
        }

        foreach (var (altered, words, hasSave) in new[]
        {
            (json[..^2], "end of the JSON payload", true),
            ("", "any JSON tokens", true),
            ("{}", "key was not present", true),
            ("[]", "has type 'Array'", true),
            (With("\"means\"", "\"moans\""), "altered after it was saved, or damaged. Take another copy, or save", false),
            (With("\"version\":1,\"kind\"", "\"version\":2,\"kind\""), "Use that version.", false),
            (With("\"format\":\"gmm fit\",\"version\":1", "\"format\":\"gmm fit\",\"version\":99"), "Update the library.", false),
            (With("\"kind\":\"GaussianMixture\"", "\"kind\":\"Unknown\""), "'Unknown'", false),
            (With("\"kind\":\"GaussianMixture\"", "\"kind\":\"PoissonMixture\""), "must be \"poisson\"", true),
            (With("gmm mixture of", ""), "not that of a mixture", false),
            (With("\"sizes\":[3]", "\"sizes\":[2]"), "must have 3 numbers, but have 2", true),
            (With("\"sizes\":[3]", "\"sizes\":[1,2]"), "'Features' must have 3 numbers, but have 1, 2", true),
        })
        {
            var trouble = Assert.Throws<InvalidDataException>(() => Scorer.OfJson(altered.AsMemory()));
            Assert.Contains(words, trouble.Message, StringComparison.Ordinal);
            Assert.Equal(hasSave, trouble.Message.Contains("Save the pipeline again.", StringComparison.Ordinal));
        }
    }

    /// <summary>A row of the table from keys to texts, as ML.NET saves it.</summary>
    private sealed class Text
    {
        public int Key { get; set; }

        public string Value { get; set; } = "";
    }

    /// <summary>ML.NET loads a pipeline whose text was altered; the mixture says so where it is used.</summary>
    [Fact]
    public void AlteredPipelineIsAnError()
    {
        var view = Views.Of(Context, Views.Rows(100));
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(view);
        using var stream = new MemoryStream();
        Context.Model.Save(fitted, view.Schema, stream);
        var json = new Scorer(fitted.Model, fitted.DensityThreshold, new(["Features"], [3])).ToJson();
        var altered = 0;

        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            foreach (var entry in zip.Entries.Where(each => each.Name == "DefaultMap.idv").ToArray())
            {
                using var content = entry.Open();
                content.SetLength(0);
                Context.Data.SaveAsBinary(
                    Context.Data.LoadFromEnumerable([new Text { Value = json.Replace("means", "moans", StringComparison.Ordinal) }]),
                    content);
                altered++;
            }
        }

        Assert.Equal(1, altered);
        stream.Position = 0;
        var loaded = new MLContext().Model.Load(stream, out _);
        var found = Assert.Throws<InvalidDataException>(() => loaded.FindMixture<GaussianMixture>());
        Assert.Contains("altered after it was saved", found.Message, StringComparison.Ordinal);
        using var engine = Context.Model.CreatePredictionEngine<FloatRow, MixturePrediction>(loaded, view.Schema);
        var predicted = Assert.ThrowsAny<Exception>(() => engine.Predict(new() { Features = [1, 2, 3] }));
        Assert.Contains(found.Message, $"{predicted}", StringComparison.Ordinal);
    }

    /// <summary>37 = 32 + 4 + 1 components, with noise 38 = 32 + 4 + 2 responsibilities.</summary>
    [Fact]
    public void ManyComponentsAreSaved()
    {
        var random = new Random(2);
        float[][] rows = [.. Enumerable.Range(0, 1_500).Select(_ => new[] { random.NextSingle() * 50, random.NextSingle() * 50 })];
        var view = Views.Of(Context, rows);
        GaussianMixture Settings() => new(37)
        {
            CovarianceType = CovarianceType.TiedSpherical,
            Init = InitMethod.Points,
            MaxIterations = 3,
            Noise = CSharp.NoiseVolume.Hypervolume,
        };
        var expected = Settings().Fit(rows);
        var fitted = Context.Clustering.Trainers.Mixture(Settings()).Fit(view);
        var loaded = Reloaded(fitted, view.Schema);
        Views.AssertSame(expected, Views.Doubles(rows), Views.Predictions(Context, fitted.Transform(view)));
        Views.AssertSame(expected, Views.Doubles(rows), Views.Predictions(Context, loaded.Transform(view)));
    }

    /// <summary>Every piece has the name and the size of its place, and its property reads and writes that place.</summary>
    [Theory]
    [InlineData("Score")]
    [InlineData("Share")]
    public void PiecesHaveTheirPlaces(string vector)
    {
        for (var i = 0; i < Steps.Pieces; i++)
        {
            var property = typeof(ScoredRow).GetProperty($"{vector}{1 << i}")!;
            var column = SchemaDefinition.Create(typeof(ScoredRow)).Single(each => each.MemberName == property.Name);
            Assert.Equal($"Gmm.{vector}{1 << i}", column.ColumnName);
            Assert.Equal($"Vector<Single, {1 << i}>", $"{column.ColumnType}");

            var row = new ScoredRow();
            var (pieces, others) = vector == "Score" ? (row.Scores, row.Shares) : (row.Shares, row.Scores);
            var piece = new float[1];
            property.SetValue(row, piece);
            Assert.Same(piece, pieces[i]);
            Assert.Same(piece, property.GetValue(row));
            Assert.Equal(1, pieces.Concat(others).Count(each => each is not null));
        }

        Assert.Equal(
            Steps.Pieces,
            typeof(ScoredRow).GetProperties().Count(each => each.Name.StartsWith(vector, StringComparison.Ordinal)));
    }

    /// <summary>The text of a mixture of many numbers passes the limits of texts in pipelines, if there are any.</summary>
    [Fact]
    public void LargeMixtureIsSaved()
    {
        var rows = Views.Rows(700, columns: 100);
        var view = Views.Of(Context, rows);
        var fitted = Context.Clustering.Trainers.GaussianMixture(components: 2).Fit(view);
        Views.AssertSame(
            Views.Predictions(Context, fitted.Transform(view)),
            Views.Predictions(Context, Reloaded(fitted, view.Schema).Transform(view)));
    }

    private static float[][] RowsWithNoise()
    {
        var rows = Views.Rows(500);
        rows[3] = [60, -60, 60];
        return rows;
    }

    /// <summary>Returns a transformer after it was saved and loaded.</summary>
    private static ITransformer Reloaded(ITransformer transformer, DataViewSchema schema)
    {
        using var stream = new MemoryStream();
        Context.Model.Save(transformer, schema, stream);
        stream.Position = 0;
        return new MLContext().Model.Load(stream, out _);
    }

    /// <summary>A prediction as text that distinguishes all bits.</summary>
    private static string Line(MixturePrediction row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.PredictedLabel} {string.Join(' ', row.Score.Concat(row.Responsibilities).Select(BitConverter.SingleToInt32Bits))} {BitConverter.DoubleToInt64Bits(row.LogDensity)} {row.IsOutlier}");
}
