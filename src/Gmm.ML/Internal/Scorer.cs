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

    internal Scorer(Estimator model, double densityThreshold, FeatureColumns columns)
    {
        (Model, DensityThreshold, Columns) = (model, densityThreshold, columns);
        predictor = model.LastFit.Predictor;
        Components = predictor.Components - (model is MixtureModel { Noise: not null } ? 1 : 0);
    }

    internal Estimator Model { get; }

    internal double DensityThreshold { get; }

    internal FeatureColumns Columns { get; }

    /// <summary>The number of features, D.</summary>
    internal int Features => predictor.Features;

    /// <summary>The number of components, K, without the noise.</summary>
    internal int Components { get; }

    /// <summary>The number of responsibilities: K, with noise K + 1.</summary>
    internal int Shares => predictor.Components;

    /// <summary>
    /// Computes the distances −ln rₖ, the responsibilities, the likeliest component (−1 for noise) and the log-density
    /// of a row. All but the distances have the bits that the model has for it.
    /// </summary>
    /// <remarks>
    /// The distances come from joint densities, −ln rₖ = −ln rₘ + ln(ρₘ / ρₖ) with m the likeliest, because
    /// responsibilities underflow. They are finite, since ML.NET's <c>Evaluate</c> leaves out rows with infinite ones.
    /// </remarks>
    internal (int Component, double LogDensity) Score(
        ReadOnlySpan<double> row, Span<double> distances, Span<double> responsibilities)
    {
        try
        {
            var logDensity = predictor.Ratios(row, distances, responsibilities);
            var likeliest = distances.IndexOf(0.0);
            var least = 0 - Math.Log(responsibilities[likeliest]);

            for (var k = 0; k < distances.Length; k++)
                distances[k] = Math.Min(least - distances[k], float.MaxValue);

            return (likeliest < Components ? likeliest : -1, logDensity);
        }
        catch (GmmException rejection)
        {
            throw new ArgumentException(Columns.MessageInRow(rejection.Error), rejection);
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
            ["features"] = new JsonArray([.. Columns.Names.Select(name => JsonValue.Create(name))]),
            ["sizes"] = new JsonArray([.. Columns.Sizes.Select(size => JsonValue.Create(size))]),
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
            Scorer scorer = new(
                Kinds.Restore(root.GetProperty("kind").GetString()!, saved),
                double.Parse(root.GetProperty("densityThreshold").GetString()!, CultureInfo.InvariantCulture),
                new(
                    [.. root.GetProperty("features").EnumerateArray().Select(name => name.GetString()!)],
                    [.. root.GetProperty("sizes").EnumerateArray().Select(size => size.GetInt32())]));
            return scorer.Columns.Sizes.Count == scorer.Columns.Names.Count
                && scorer.Columns.Sizes.Sum() == scorer.Features
                ? scorer
                : throw new FormatException(
                    $"The columns {scorer.Columns.Text} must have {Words.Count(scorer.Features, "number")}, but have "
                    + $"{string.Join(", ", scorer.Columns.Sizes)}.");
        }
        catch (Exception trouble) when (trouble is JsonException or KeyNotFoundException or InvalidOperationException
            or IOException or ArgumentException or FormatException)
        {
            // The errors of saved fits have their own remedies.
            var remedy = trouble is IOException ? "" : " Save the pipeline again.";
            throw new InvalidDataException(
                $"The mixture in the pipeline can't be read: {trouble.Message}{remedy}", trouble);
        }
    }
}
