using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Gmm.ML;

/// <summary>
/// A mixture as a chain of ML.NET's own transformers, which ML.NET can save and load: features → one vector; a key →
/// the text of the mixture; both → outputs of fixed names and types; these → the columns that users see.
/// </summary>
/// <remarks>
/// A loaded custom mapping has the types of its classes, whatever K is. Vectors of K numbers are therefore made of
/// pieces whose sizes are powers of two: those of the binary digits of K.
/// </remarks>
internal static class Steps
{
    /// <summary>What the names of the columns between the steps begin with.</summary>
    internal const string Prefix = "Gmm.";

    internal const string Key = "Gmm.Key";
    internal const string Text = "Gmm.Text";
    internal const string Features = "Gmm.Features";
    internal const string Component = "Gmm.Component";
    internal const string LogDensity = "Gmm.LogDensity";
    internal const string IsOutlier = "Gmm.IsOutlier";

    /// <summary>The largest number of components or responsibilities.</summary>
    internal const int Most = (1 << Pieces) - 1;

    /// <summary>The number of pieces of a vector.</summary>
    internal const int Pieces = 14;

    /// <summary>Returns the chain of a mixture; or, for a promise of its schema, that of any.</summary>
    internal static EstimatorChain<ITransformer> Of(
        MLContext context, MixtureOptions options, string[] features, bool isDouble, Scorer? scorer)
    {
        var transforms = context.Transforms;
        var (components, shares) = scorer is null ? (1, 1) : (scorer.Components, scorer.Shares);
        var keys = context.Data.LoadFromEnumerable(
            Enumerable.Range(0, components).Select(k => new ComponentRow { Component = k }));
        var text = scorer?.ToJson() ?? "";
        IEstimator<ITransformer> mapping = isDouble
            ? transforms.CustomMapping<DoubleRow, ScoredRow>(new ScorerOf(scorer).Map, DoubleFactory.Contract)
            : transforms.CustomMapping<SingleRow, ScoredRow>(new ScorerOf(scorer).Map, SingleFactory.Contract);
        IEstimator<ITransformer>[] steps =
        [
            transforms.Concatenate(Features, features),
            transforms.CustomMapping<NoRow, KeyRow>(KeyFactory.Map, KeyFactory.Contract),
            transforms.Conversion.MapValue(Text, [KeyValuePair.Create(0, text)], Key),
            mapping,
            transforms.Conversion.MapValueToKey(options.PredictedLabelColumnName, Component, keyData: keys),
            transforms.Concatenate(options.ScoreColumnName, PieceNames("Score", components)),
            transforms.Concatenate(options.ResponsibilitiesColumnName, PieceNames("Share", shares)),
            transforms.CopyColumns(options.LogDensityColumnName, LogDensity),
            transforms.CopyColumns(options.IsOutlierColumnName, IsOutlier),
            transforms.DropColumns(
            [
                Key, Text, Features, Component, LogDensity, IsOutlier,
                .. PieceNames("Score", Most), .. PieceNames("Share", Most),
            ]),
        ];
        return steps.Aggregate(new EstimatorChain<ITransformer>(), (chain, step) => chain.Append(step));
    }

    /// <summary>Returns the mixture of a loaded chain; null if the transformers are not such a chain.</summary>
    internal static Scorer? ScorerOf(IReadOnlyList<ITransformer> chain)
    {
        if (chain is not [_, CustomMappingTransformer<NoRow, KeyRow>, var texts, ..])
            return null;

        var context = new MLContext();
        var view = texts.Transform(context.Data.LoadFromEnumerable([new KeyRow()]));
        using var cursor = view.GetRowCursor([view.Schema[Text]]);
        cursor.MoveNext();
        var text = ReadOnlyMemory<char>.Empty;
        cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema[Text])(ref text);
        return Scorer.OfJson(text);
    }

    /// <summary>Returns the type of the features of a chain.</summary>
    internal static DataViewType ItemOf(ITransformer chain) =>
        chain is IEnumerable<ITransformer> steps && steps.OfType<CustomMappingTransformer<DoubleRow, ScoredRow>>().Any()
            ? NumberDataViewType.Double
            : NumberDataViewType.Single;

    /// <summary>Throws if a view has columns whose names the steps use.</summary>
    internal static void RequireNames(IEnumerable<string> columns, string argument)
    {
        if (columns.FirstOrDefault(name => name.StartsWith(Prefix, StringComparison.Ordinal)) is { } used)
            throw new ArgumentException(
                $"Names of columns must not begin with '{Prefix}', which a mixture uses itself, but one is '{used}'. "
                + "Rename it.",
                argument);
    }

    /// <summary>The columns of the pieces whose sizes sum to a number.</summary>
    private static string[] PieceNames(string vector, int size) =>
        [.. Enumerable.Range(0, Pieces).Where(i => (size >> i & 1) == 1).Select(i => $"Gmm.{vector}{1 << i}")];

    /// <summary>Cuts numbers into pieces in single precision.</summary>
    internal static void Cut(ReadOnlySpan<double> numbers, float[]?[] pieces)
    {
        var next = 0;

        for (var i = 0; i < Pieces; i++)
        {
            if ((numbers.Length >> i & 1) == 1)
            {
                var piece = pieces[i] ??= new float[1 << i];

                for (var j = 0; j < piece.Length; j++)
                    piece[j] = (float)numbers[next++];
            }
        }
    }
}
