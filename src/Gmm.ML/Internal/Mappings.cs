using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Gmm.ML;

/// <summary>A custom mapping that reads no column.</summary>
internal sealed class NoRow;

/// <summary>The key of the mixture's text, the same for every row.</summary>
internal sealed class KeyRow
{
    [ColumnName(Steps.Key)]
    public int Key { get; set; }
}

/// <summary>A key that a component has.</summary>
internal sealed class ComponentRow
{
    public int Component { get; set; }
}

/// <summary>Features in single precision, and the text of the mixture.</summary>
internal sealed class SingleRow
{
    [ColumnName(Steps.Features)]
    public VBuffer<float> Features { get; set; }

    [ColumnName(Steps.Text)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>Features in double precision, and the text of the mixture.</summary>
internal sealed class DoubleRow
{
    [ColumnName(Steps.Features)]
    public VBuffer<double> Features { get; set; }

    [ColumnName(Steps.Text)]
    public ReadOnlyMemory<char> Text { get; set; }
}

/// <summary>The mapping to the key, as ML.NET finds it when it loads a pipeline.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class KeyFactory : CustomMappingFactory<NoRow, KeyRow>
{
    internal const string Contract = "Gmm.ML.Key";

    internal static void Map(NoRow row, KeyRow key) => key.Key = 0;

    public override Action<NoRow, KeyRow> GetMapping() => Map;
}

/// <summary>The mapping of features in single precision, as ML.NET finds it when it loads a pipeline.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class SingleFactory : CustomMappingFactory<SingleRow, ScoredRow>
{
    internal const string Contract = "Gmm.ML.Single";

    public override Action<SingleRow, ScoredRow> GetMapping() => new ScorerOf(null).Map;
}

/// <summary>The mapping of features in double precision, as ML.NET finds it when it loads a pipeline.</summary>
[CustomMappingFactoryAttribute(Contract)]
internal sealed class DoubleFactory : CustomMappingFactory<DoubleRow, ScoredRow>
{
    internal const string Contract = "Gmm.ML.Double";

    public override Action<DoubleRow, ScoredRow> GetMapping() => new ScorerOf(null).Map;
}

/// <summary>
/// The mixture of a mapping: a known one, or the one in the text that the rows bring, which is read once. Any number of
/// threads may map rows.
/// </summary>
internal sealed class ScorerOf(Scorer? known)
{
    private readonly Lock reading = new();

    private volatile Tuple<ReadOnlyMemory<char>, Scorer>? read;

    internal void Map(SingleRow row, ScoredRow scored)
    {
        var features = row.Features;
        var numbers = Numbers(scored, features.Length);

        if (features.IsDense)
        {
            var values = features.GetValues();

            for (var j = 0; j < numbers.Length; j++)
                numbers[j] = values[j];
        }
        else
        {
            Array.Clear(numbers);

            foreach (var (j, value) in features.Items())
                numbers[j] = value;
        }

        Score(row.Text, numbers, scored);
    }

    internal void Map(DoubleRow row, ScoredRow scored)
    {
        var features = row.Features;
        var numbers = Numbers(scored, features.Length);
        features.CopyTo(numbers);
        Score(row.Text, numbers, scored);
    }

    private void Score(ReadOnlyMemory<char> text, double[] numbers, ScoredRow scored)
    {
        var scorer = known ?? Of(text);

        if (scored.Responsibilities.Length != scorer.Shares)
            (scored.Distances, scored.Responsibilities) = (new double[scorer.Shares], new double[scorer.Shares]);

        var (distances, shares) = (scored.Distances, scored.Responsibilities);
        (scored.Component, scored.LogDensity) = scorer.Score(numbers, distances, shares);
        scored.IsOutlier = scored.LogDensity < scorer.DensityThreshold;
        Steps.Cut(distances.AsSpan(0, scorer.Components), scored.Scores);
        Steps.Cut(shares, scored.Shares);
    }

    /// <summary>The mixture of a text; the same text lies in the same memory.</summary>
    private Scorer Of(ReadOnlyMemory<char> text)
    {
        if (read is { } last && last.Item1.Equals(text))
            return last.Item2;

        lock (reading)
        {
            if (read is not { } other || !other.Item1.Equals(text))
                read = other = Tuple.Create(text, Scorer.OfJson(text));

            return other.Item2;
        }
    }

    private static double[] Numbers(ScoredRow scored, int length) =>
        scored.Numbers.Length == length ? scored.Numbers : scored.Numbers = new double[length];
}
