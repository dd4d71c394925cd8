using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>What the reader took a column of a CSV file for.</summary>
public enum CsvRole
{
    /// <summary>One of the features.</summary>
    Data,

    /// <summary>The label of every row.</summary>
    Labels,

    /// <summary>The name of every row.</summary>
    RowNames,

    /// <summary>None of these.</summary>
    LeftOut,
}

/// <summary>What the reader took a column of a CSV file for, and why.</summary>
/// <param name="Number">The number of the column in the file, from 1.</param>
/// <param name="Name">The name of the column; "column 1" … where it has none.</param>
/// <param name="Role">What the reader took the column for.</param>
/// <param name="Reason">Why the reader took it for labels or row names, or left it out; empty for data.</param>
public sealed record CsvColumnReport(int Number, string Name, CsvRole Role, string Reason);

/// <summary>What the reader took from a CSV file, and what it left out.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class CsvReport
{
    internal CsvReport(Core.CsvReport report)
    {
        Columns = Array.AsReadOnly(Array.ConvertAll(report.Columns, ToColumn));
        (FileRows, DroppedRows, MissingCells) = (report.FileRows, report.DroppedRows, report.MissingCells);
        (HasHeader, Separator, Decimal) = (report.Header, report.Separator, report.Decimal);
        Summary = report.Summary;
    }

    /// <summary>Every column of the file, in its order.</summary>
    public IReadOnlyList<CsvColumnReport> Columns { get; }

    /// <summary>The number of rows in the file, without the header.</summary>
    public int FileRows { get; }

    /// <summary>How many of these rows were dropped, because they have missing cells.</summary>
    public int DroppedRows { get; }

    /// <summary>The number of missing cells: in the dropped rows, or, if they are kept, in the data.</summary>
    public int MissingCells { get; }

    /// <summary>Whether the first row holds the column names.</summary>
    public bool HasHeader { get; }

    /// <summary>The character between two cells; a space stands for runs of spaces and tabs.</summary>
    public char Separator { get; }

    /// <summary>The decimal mark, '.' or ','.</summary>
    public char Decimal { get; }

    /// <summary>
    /// The report as text, a line for each fact: the data, the labels, the row names, the columns left out, the rows
    /// dropped, and the format.
    /// </summary>
    public string Summary { get; }

    /// <summary>Returns the summary.</summary>
    public override string ToString() => Summary;

    private static CsvColumnReport ToColumn(Core.CsvColumnReport column) =>
        new(
            column.Number,
            column.Name,
            column.Role.IsData ? CsvRole.Data
                : column.Role.IsLabels ? CsvRole.Labels
                : column.Role.IsRowNames ? CsvRole.RowNames
                : CsvRole.LeftOut,
            column.Reason);
}
