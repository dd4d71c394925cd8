using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>
/// The columns of the features, and how many slots each has. Messages of the core number the features; here they name
/// columns and slots.
/// </summary>
internal sealed record FeatureColumns(IReadOnlyList<string> Names, IReadOnlyList<int> Sizes)
{
    /// <summary>The names, for errors.</summary>
    internal string Text => string.Join(", ", Names.Select(name => $"'{name}'"));

    internal static FeatureColumns Of(DataViewSchema schema, IReadOnlyList<string> names) =>
        new(names, [.. names.Select(name => SizeOf(schema[name]))]);

    /// <summary>The number of slots of a column; 0 where it varies.</summary>
    internal static int SizeOf(DataViewSchema.Column column) =>
        column.Type is VectorDataViewType vector ? vector.Size : 1;

    /// <summary>What an error of the core says about a fit.</summary>
    internal string Message(GmmError error) => Message(error, Words);

    /// <summary>What an error of the core says about the prediction of a single row.</summary>
    internal string MessageInRow(GmmError error) => Message(error, WordsInRow);

    private string Message(GmmError error, Func<FSharpList<Place>, string> words) =>
        $"Features of {Text}: {error.MessageIn(FuncConvert.FromFunc(words))}";

    private string Words(FSharpList<Place> places)
    {
        if (places is not [.., Place.Column { number: var feature }])
            return PlaceModule.words(places);

        var around = ListModule.OfSeq(places.SkipLast(1));
        var (name, slot) = Find(feature);
        return (around.IsEmpty, slot) switch
        {
            (true, null) => $"column '{name}'",
            (true, { } number) => $"slot {number} (counting from 0) of '{name}'",
            (false, null) => $"{PlaceModule.words(around)}, column '{name}'",
            (false, { } number) => $"{PlaceModule.numbered(around)}, slot {number} (counting from 0) of '{name}'",
        };
    }

    private string WordsInRow(FSharpList<Place> places)
    {
        var inside = ListModule.OfSeq(places.Where(place => place is not Place.Row));
        return inside.IsEmpty ? "this row" : $"{Words(inside)} in this row";
    }

    /// <summary>Returns the column of a feature, and its slot unless the column has one only.</summary>
    private (string Name, int? Slot) Find(int feature)
    {
        var (column, first) = (0, 0);

        for (; column < Names.Count - 1 && feature >= first + Sizes[column]; column++)
            first += Sizes[column];

        return (Names[column], Sizes[column] == 1 ? null : feature - first);
    }
}
