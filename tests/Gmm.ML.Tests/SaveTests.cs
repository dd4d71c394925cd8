using System.Diagnostics;
using System.Globalization;
using Gmm.CSharp;
using Microsoft.ML;
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
        var json = new Scorer(new GaussianMixture(1).Fit(Views.Rows(20)), -3, ["Features"]).ToJson();
        Assert.Equal(-3, Scorer.OfJson(json.AsMemory()).DensityThreshold);

        foreach (var altered in new[]
        {
            json[..^2], json.Replace("means", "moans", StringComparison.Ordinal), "{}", "[]", "",
            json.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal),
            json.Replace(nameof(GaussianMixture), "Unknown", StringComparison.Ordinal),
            json.Replace("gmm mixture of", "", StringComparison.Ordinal),
            json.Replace(nameof(GaussianMixture), nameof(PoissonMixture), StringComparison.Ordinal),
        })
        {
            var trouble = Assert.Throws<InvalidDataException>(() => Scorer.OfJson(altered.AsMemory()));
            Assert.NotEmpty(trouble.Message);
        }
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
