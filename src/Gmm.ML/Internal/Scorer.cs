using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gmm.CSharp;

namespace Gmm.ML;

/// <summary>A fitted mixture that computes the outputs of single rows, and its text in a saved pipeline.</summary>
/// <remarks>It never changes: any number of threads may use it.</remarks>
internal sealed class Scorer
{
    private const string Format = "gmm mixture of ml.net";

    private const int Version = 1;

    private readonly RowPredictor predictor;

    private readonly string columns;

    internal Scorer(Estimator model, double densityThreshold, IReadOnlyList<string> featureColumnNames)
    {
        (Model, DensityThreshold, FeatureColumnNames) = (model, densityThreshold, featureColumnNames);
        columns = string.Join(", ", featureColumnNames.Select(name => $"'{name}'"));
        predictor = model.LastFit.Predictor;
        Components = predictor.Components - (model is MixtureModel { Noise: not null } ? 1 : 0);
    }

    internal Estimator Model { get; }

    internal double DensityThreshold { get; }

    internal IReadOnlyList<string> FeatureColumnNames { get; }

    /// <summary>The number of features, D.</summary>
    internal int Features => predictor.Features;

    /// <summary>The number of components, K, without the noise.</summary>
    internal int Components { get; }

    /// <summary>The number of responsibilities: K, with noise K + 1.</summary>
    internal int Shares => predictor.Components;

    /// <summary>
    /// Computes the responsibilities, the likeliest component (−1 for noise) and the log-density of a row, with the
    /// bits that the model has for it.
    /// </summary>
    internal (int Component, double LogDensity) Score(ReadOnlySpan<double> row, Span<double> responsibilities)
    {
        try
        {
            var logDensity = predictor.Responsibilities(row, responsibilities);
            var likeliest = 0;
            var runnerUp = 0.0;

            for (var k = 1; k < responsibilities.Length; k++)
            {
                if (responsibilities[k] > responsibilities[likeliest])
                    (likeliest, runnerUp) = (k, responsibilities[likeliest]);
                else
                    runnerUp = Math.Max(runnerUp, responsibilities[k]);
            }

            // Joint densities that differ by rounding can have the same responsibilities; then the predictor decides.
            var isClear = runnerUp < 0.999 * responsibilities[likeliest] && double.IsFinite(logDensity);
            return (!isClear ? predictor.Label(row) : likeliest < Components ? likeliest : -1, logDensity);
        }
        catch (GmmException rejection)
        {
            throw new ArgumentException($"Features of {columns}: {rejection.Message}", nameof(row), rejection);
        }
    }

    // ── Text ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Returns the mixture as JSON.</summary>
    internal string ToJson() =>
        new JsonObject
        {
            ["format"] = Format,
            ["version"] = Version,
            ["kind"] = Model.GetType().Name,
            ["features"] = new JsonArray([.. FeatureColumnNames.Select(name => JsonValue.Create(name))]),
            ["densityThreshold"] = DensityThreshold.ToString("G17", CultureInfo.InvariantCulture),
            ["fit"] = JsonNode.Parse(Persist.toJson(Model.ToSaved()).Get()),
        }.ToJsonString();

    /// <summary>Reads the mixture that <see cref="ToJson"/> wrote.</summary>
    internal static Scorer OfJson(ReadOnlyMemory<char> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;

            if (root.GetProperty("format").GetString() != Format)
                throw new InvalidDataException("The pipeline's text is not that of a mixture.");

            if (root.GetProperty("version").GetInt32() > Version)
                throw new InvalidDataException("A later version of Gmm.ML saved the mixture. Use that version.");

            var saved = Persist.ofJson(root.GetProperty("fit").GetRawText()).Get();
            return new(
                Kinds.Restore(root.GetProperty("kind").GetString()!, saved),
                double.Parse(root.GetProperty("densityThreshold").GetString()!, CultureInfo.InvariantCulture),
                [.. root.GetProperty("features").EnumerateArray().Select(name => name.GetString()!)]);
        }
        catch (Exception trouble) when (trouble is JsonException or KeyNotFoundException or InvalidOperationException
            or IOException or ArgumentException or FormatException)
        {
            throw new InvalidDataException(
                $"The mixture in the pipeline can't be read: {trouble.Message} Save the pipeline again.", trouble);
        }
    }
}
