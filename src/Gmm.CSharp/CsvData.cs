using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The content of a CSV file: rows of numbers, the names of their columns, and perhaps a label for every row.</summary>
/// <remarks>
/// Files follow RFC 4180, with decimal points whatever the culture of the machine. The last column has
/// labels if it is named <c>label</c> or <c>class</c>, or if its cells are not numbers.
/// </remarks>
/// <example>
/// <code>
/// var file = CsvData.Read("data/faithful.csv");
/// var model = new GaussianMixture(components: 2).Fit(file.Rows);
/// </code>
/// </example>
public sealed class CsvData
{
    private CsvData(Table table)
    {
        Rows = new Rows(Core.Csv.source(table));
        ColumnNames = Array.AsReadOnly(table.Names);
        Labels = table.Labels?.Value is { } labels ? Array.AsReadOnly(labels) : null;
    }

    /// <summary>The numbers, N×D.</summary>
    public Rows Rows { get; }

    /// <summary>The names of the columns of numbers (D); "column 1" … where the file has none.</summary>
    public IReadOnlyList<string> ColumnNames { get; }

    /// <summary>The label of every row (N); null if the file has none.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>Reads a file of numbers, with or without a header, with or without labels in its last column.</summary>
    /// <param name="path">Where the file is.</param>
    /// <param name="header">
    /// Whether the first row has the names of the columns; unless given, true if none of its cells is a number.
    /// </param>
    /// <param name="separator">The separator of cells; unless given, found in the file: a comma, a semicolon, a tab or a bar.</param>
    /// <returns>The content of the file.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it can't be read, has no rows or rows of different lengths, or a cell is no finite number; the
    /// message names line and column, counting from 1.
    /// </exception>
    public static CsvData Read(string path, bool? header = null, char? separator = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var options = new CsvOptions(
            header: header is { } has ? FSharpOption<bool>.Some(has) : null,
            separator: separator is { } mark ? FSharpOption<char>.Some(mark) : null);
        return new(Core.Csv.readWith(options, path).Get());
    }
}
