using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>What to do with missing cells of a CSV file.</summary>
public enum MissingCells
{
    /// <summary>Throw an exception that counts them and names the first missing cell.</summary>
    Refuse,

    /// <summary>Leave rows with missing cells out, and count them in the report.</summary>
    DropRows,

    /// <summary>
    /// Keep all rows: a missing cell is NaN, which mixtures take if <see cref="MixtureModel.Missing"/> is set to Fit.
    /// </summary>
    Keep,
}

/// <summary>How a CSV file is read. What is not set is detected.</summary>
/// <example>
/// <code>
/// var file = CsvData.Read("export.csv", new() { Decimal = ',', Without = ["id"], Missing = MissingCells.DropRows });
/// </code>
/// </example>
public sealed class CsvOptions
{
    /// <summary>
    /// Whether the first row holds the column names. Unless set, it does when none of its cells is a number.
    /// </summary>
    public bool? Header { get; set; }

    /// <summary>
    /// The character between two cells; a space stands for runs of spaces and tabs. Unless set, the reader detects a
    /// comma, a semicolon, a tab, a bar, or runs of spaces and tabs.
    /// </summary>
    public char? Separator { get; set; }

    /// <summary>
    /// The decimal mark, '.' or ','. Unless set, it is a point, except where the separator is no comma and the first
    /// 1000 rows can only have decimal commas.
    /// </summary>
    public char? Decimal { get; set; }

    /// <summary>
    /// The character that separates groups of three digits, as the comma in 12,345.6. A space stands for a non-breaking
    /// space, too. Unless set, digits are not grouped.
    /// </summary>
    public char? Thousands { get; set; }

    /// <summary>
    /// The columns that hold data, in this order; unless set, all but those of the labels and the row names.
    /// </summary>
    public IReadOnlyList<CsvColumn>? Columns { get; set; }

    /// <summary>Columns to leave out. Set <see cref="Columns"/> or these, not both.</summary>
    public IReadOnlyList<CsvColumn>? Without { get; set; }

    /// <summary>
    /// The column of the labels, or <see cref="CsvColumn.None"/>. Unless set, it is a column whose name is label,
    /// labels, class or species, or otherwise the only column of words.
    /// </summary>
    public CsvColumn? Labels { get; set; }

    /// <summary>
    /// The column of the row names, or <see cref="CsvColumn.None"/>. Unless set, it is a first column that has no name,
    /// if its cells are different words or whole numbers, or a column of words whose name is id, name, key or index.
    /// </summary>
    public CsvColumn? RowNames { get; set; }

    /// <summary>
    /// The words for a missing cell; upper and lower case are the same, and the empty word stands for an empty cell.
    /// Unless set, they are <see cref="DefaultMissingWords"/>.
    /// </summary>
    public IReadOnlyList<string>? MissingWords { get; set; }

    /// <summary>What to do with missing cells; an exception by default.</summary>
    public MissingCells Missing { get; set; }

    /// <summary>
    /// The words for a missing cell, unless others are set: the empty word, NA, N/A, #N/A, &lt;NA&gt;, NaN, null and ?.
    /// </summary>
    public static IReadOnlyList<string> DefaultMissingWords { get; } = [.. Core.Csv.defaults.MissingWords];

    internal Core.CsvOptions ToCore() =>
        new(
            header: Option(Header),
            separator: Option(Separator),
            @decimal: Option(Decimal),
            thousands: Option(Thousands),
            columns: (Columns, Without) switch
            {
                (null, null) => CsvColumns.AllColumns,
                ({ } columns, null) => CsvColumns.NewOnly(List(columns)),
                (null, { } columns) => CsvColumns.NewWithout(List(columns)),
                _ => throw Translation.Invalid("Columns", "unset where Without is set", "set"),
            },
            labels: Labels?.Choice ?? CsvChoice.Detect,
            rowNames: RowNames?.Choice ?? CsvChoice.Detect,
            missingWords: ListModule.OfSeq(MissingWords ?? DefaultMissingWords),
            missing: Missing switch
            {
                MissingCells.Refuse => Core.MissingCells.Refuse,
                MissingCells.DropRows => Core.MissingCells.DropRows,
                MissingCells.Keep => Core.MissingCells.Keep,
                _ => throw Translation.UnknownValue(nameof(Missing), Missing),
            });

    private static FSharpOption<T>? Option<T>(T? value)
        where T : struct => value is { } given ? FSharpOption<T>.Some(given) : null;

    private static FSharpList<Core.CsvColumn> List(IReadOnlyList<CsvColumn> columns) =>
        ListModule.OfSeq(columns.Select(column => column.ToCore()));
}
