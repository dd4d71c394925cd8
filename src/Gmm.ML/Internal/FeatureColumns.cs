using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Gmm.ML;

/// <summary>
/// The columns of the features, and how many slots each has. Errors of the library number the features; these say the
/// same with the names of columns.
/// </summary>
internal sealed partial record FeatureColumns(IReadOnlyList<string> Names, IReadOnlyList<int> Sizes)
{
    /// <summary>The names, for errors.</summary>
    internal string Text => string.Join(", ", Names.Select(name => $"'{name}'"));

    internal static FeatureColumns Of(DataViewSchema schema, IReadOnlyList<string> names) =>
        new(names, [.. names.Select(name => SizeOf(schema[name]))]);

    /// <summary>The number of slots of a column; 0 where it varies.</summary>
    internal static int SizeOf(DataViewSchema.Column column) =>
        column.Type is VectorDataViewType vector ? vector.Size : 1;

    /// <summary>Returns an error of a fit with the names of columns.</summary>
    internal string Named(string message) =>
        Place().Replace(message, match =>
        {
            var row = match.Groups["row"].Value;
            var (name, slot) = Find(int.Parse(match.Groups["column"].ValueSpan, CultureInfo.InvariantCulture));
            var isFirst = char.IsUpper(match.Value[0]);
            return (row, slot) switch
            {
                ("", null) => $"{(isFirst ? "Column" : "column")} '{name}'",
                ("", { } number) => $"{(isFirst ? "Slot" : "slot")} {number} (counting from 0) of '{name}'",
                (_, null) => $"row {row} (counting from 0), column '{name}'",
                (_, { } number) => $"row {row}, slot {number} (counting from 0) of '{name}'",
            };
        });

    /// <summary>Returns an error of the prediction of a single row, with the names of columns.</summary>
    internal string NamedInRow(string message) =>
        OnlyRow().Replace(
            Place().Replace(message, match =>
            {
                var (name, slot) = Find(int.Parse(match.Groups["column"].ValueSpan, CultureInfo.InvariantCulture));
                return slot is { } number
                    ? $"slot {number} (counting from 0) of '{name}' in this row"
                    : $"column '{name}' in this row";
            }),
            "this row");

    /// <summary>Returns the column of a feature, and its slot unless the column has one only.</summary>
    private (string Name, int? Slot) Find(int feature)
    {
        var (column, first) = (0, 0);

        for (; column < Names.Count - 1 && feature >= first + Sizes[column]; column++)
            first += Sizes[column];

        return (Names[column], Sizes[column] == 1 ? null : feature - first);
    }

    [GeneratedRegex(@"(row (?<row>\d+), )?[Cc]olumn (?<column>\d+) \(counting from 0\)")]
    private static partial Regex Place();

    [GeneratedRegex(@"row 0 \(counting from 0\)")]
    private static partial Regex OnlyRow();
}
