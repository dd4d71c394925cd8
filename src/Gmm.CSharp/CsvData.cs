using System.Diagnostics.CodeAnalysis;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The content of a CSV file: rows of numbers, the names of their columns, and perhaps a label and a name for every
/// row.
/// </summary>
/// <remarks>
/// Files follow RFC 4180. The reader decides what a column holds from all its cells; <see cref="Report"/> says what it
/// took each column for. Where the cells allow several answers, the exception names the option to set. The culture of
/// the machine has no influence.
/// </remarks>
/// <example>
/// <code>
/// var file = CsvData.Read("data/faithful.csv");
/// var model = new GaussianMixture(components: 2).Fit(file.Rows);
/// </code>
/// </example>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class CsvData
{
    private CsvData(Table table)
    {
        Rows = new Rows(Core.Csv.source(table));
        ColumnNames = Array.AsReadOnly(table.Names);
        Labels = table.Labels?.Value is { } labels ? Array.AsReadOnly(labels) : null;
        RowNames = table.RowNames?.Value is { } names ? Array.AsReadOnly(names) : null;
        Report = new CsvReport(table.Report);
    }

    /// <summary>The numbers, N×D.</summary>
    public Rows Rows { get; }

    /// <summary>The names of the columns of numbers (D); "column 1" … where the file has none.</summary>
    public IReadOnlyList<string> ColumnNames { get; }

    /// <summary>The label of every row (N); null if the file has none.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>The name of every row (N); null if the file has none.</summary>
    public IReadOnlyList<string>? RowNames { get; }

    /// <summary>What the reader took each column for, and what it left out.</summary>
    public CsvReport Report { get; }

    /// <summary>Reads a file, and detects its format.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>The content of the file.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it can't be read, has no rows or rows of different lengths, or a cell is missing or no
    /// finite number; the message names line and column, counting from 1. Or the file allows several readings; the
    /// message names the option to set.
    /// </exception>
    public static CsvData Read(string path) => Read(path, new CsvOptions());

    /// <summary>Reads a file with some options.</summary>
    /// <param name="path">Where the file is.</param>
    /// <param name="options">The format, and the columns to read.</param>
    /// <returns>The content of the file.</returns>
    /// <exception cref="IOException">As without options.</exception>
    /// <exception cref="ArgumentException">
    /// An option breaks its rule, or names a column that the file does not have.
    /// </exception>
    public static CsvData Read(string path, CsvOptions options)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        return new(Core.Csv.readWith(options.ToCore(), path).Get());
    }

    /// <summary>Reads a file, or says what is wrong with it, as for files that users upload.</summary>
    /// <param name="path">Where the file is.</param>
    /// <param name="data">The content of the file; null if the file can't be used.</param>
    /// <param name="error">
    /// The problem with its place and its remedy, a setting that breaks its rule included: the message of the exception
    /// that <see cref="Read(string, CsvOptions)"/> throws.
    /// </param>
    /// <param name="options">The format, and the columns to read; all is detected unless given.</param>
    /// <returns>True if the file was read.</returns>
    /// <exception cref="ArgumentException">
    /// <see cref="CsvOptions.Columns"/> and <see cref="CsvOptions.Without"/> are both set.
    /// </exception>
    public static bool TryRead(
        string path,
        [NotNullWhen(true)] out CsvData? data,
        [NotNullWhen(false)] out string? error,
        CsvOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var read = Core.Csv.readWith((options ?? new()).ToCore(), path);
        data = read.IsOk ? new(read.ResultValue) : null;
        error = read.IsOk ? null : read.ErrorValue.Known().Message;
        return read.IsOk;
    }

    /// <summary>Returns the report.</summary>
    /// <returns>The text, of several lines.</returns>
    public override string ToString() => Report.Summary;
}
