using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

/// <summary>A row of features in single precision.</summary>
internal class FloatRow
{
    public float[] Features { get; set; } = [];

    public float Weight { get; set; } = 1;
}

/// <summary>A row of features in double precision.</summary>
internal sealed class DoublesRow
{
    public double[] Features { get; set; } = [];

    public double Weight { get; set; } = 1;
}

/// <summary>A row of several columns.</summary>
internal sealed class House
{
    public float Price { get; set; }

    [VectorType(2)]
    public float[] Place { get; set; } = [];

    public float Rooms { get; set; }
}

/// <summary>A row whose size isn't known, and a text.</summary>
internal sealed class Varying
{
    public float[] Features { get; set; } = [];

    public string Text { get; set; } = "";
}

/// <summary>Rows, views of them, and what a mixture writes.</summary>
internal static class Views
{
    internal static MLContext Context => new(seed: 1);

    /// <summary>Rows about two centres; a seed gives the same rows.</summary>
    internal static float[][] Rows(int n, int columns = 3, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, n).Select(i => Enumerable.Range(0, columns).Select(
            j => (float)(i % 2 * 4 + random.NextDouble() + random.NextDouble() + random.NextDouble() * (j + 1))).ToArray())];
    }

    internal static IDataView Of(MLContext context, float[][] rows, float[]? weights = null) =>
        context.Data.LoadFromEnumerable(
            rows.Select((row, i) => new FloatRow { Features = row, Weight = weights?[i] ?? 1 }),
            Schema<FloatRow>(NumberDataViewType.Single, rows.Length > 0 ? rows[0].Length : 3));

    internal static IDataView OfDoubles(MLContext context, double[][] rows, double[]? weights = null) =>
        context.Data.LoadFromEnumerable(
            rows.Select((row, i) => new DoublesRow { Features = row, Weight = weights?[i] ?? 1 }),
            Schema<DoublesRow>(NumberDataViewType.Double, rows[0].Length));

    /// <summary>The schema of rows whose features have a known size.</summary>
    internal static SchemaDefinition Schema<T>(PrimitiveDataViewType item, int size)
    {
        var schema = SchemaDefinition.Create(typeof(T));
        schema["Features"].ColumnType = new VectorDataViewType(item, size);
        return schema;
    }

    internal static double[][] Doubles(float[][] rows) =>
        Array.ConvertAll(rows, row => Array.ConvertAll(row, value => (double)value));

    internal static MixturePrediction[] Predictions(MLContext context, IDataView scored) =>
        [.. context.Data.CreateEnumerable<MixturePrediction>(scored, reuseRowObject: false)];

    /// <summary>Asserts that predictions are those of a model for the same rows, to the last bit.</summary>
    internal static void AssertSame(MixtureModel model, Rows rows, MixturePrediction[] predictions, double threshold = double.NegativeInfinity)
    {
        var (labels, shares, logDensities) = (model.Predict(rows), model.PredictProba(rows), model.ScoreSamples(rows));
        var components = model.Components;
        Assert.Equal(labels.Length, predictions.Length);

        for (var n = 0; n < predictions.Length; n++)
        {
            Assert.Equal(labels[n] + 1, (int)predictions[n].PredictedLabel);
            Assert.Equal(logDensities[n], predictions[n].LogDensity);
            Assert.Equal(logDensities[n] < threshold, predictions[n].IsOutlier);
            Assert.Equal(
                Enumerable.Range(0, shares.GetLength(1)).Select(k => (float)shares[n, k]), predictions[n].Responsibilities);
            var likeliest = Enumerable.Range(0, shares.GetLength(1)).MaxBy(k => shares[n, k]);
            Assert.Equal(components, predictions[n].Score.Length);

            for (var k = 0; k < components; k++)
                AssertDistance(shares[n, k], predictions[n].Score[k], k == likeliest);
        }
    }

    /// <summary>
    /// Asserts that a distance is −ln r: to the last bit for the likeliest component, to the rounding of a Single for
    /// others, and beyond the least normal r where that underflows.
    /// </summary>
    private static void AssertDistance(double share, float distance, bool isLikeliest)
    {
        if (isLikeliest)
            Assert.Equal((float)(0 - Math.Log(share)), distance);
        else if (double.IsNormal(share))
            Assert.Equal(0 - Math.Log(share), distance, 1.2e-7 * distance);
        else
            Assert.InRange(distance, 708.39f, float.MaxValue);
    }

    /// <summary>Asserts that two lists of predictions have the same bits.</summary>
    internal static void AssertSame(MixturePrediction[] expected, MixturePrediction[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);

        for (var n = 0; n < expected.Length; n++)
        {
            Assert.Equal(expected[n].PredictedLabel, actual[n].PredictedLabel);
            Assert.Equal(expected[n].Score, actual[n].Score);
            Assert.Equal(expected[n].Responsibilities, actual[n].Responsibilities);
            Assert.Equal(expected[n].LogDensity, actual[n].LogDensity);
            Assert.Equal(expected[n].IsOutlier, actual[n].IsOutlier);
        }
    }
}
