using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A column of a CSV file: its name in the header, or its number, counted from 1. Both convert implicitly.
/// </summary>
public sealed class CsvColumn
{
    private readonly Core.CsvColumn? column;

    private CsvColumn(Core.CsvColumn? column) => this.column = column;

    /// <summary>No column: the file has no labels, or no row names.</summary>
    public static CsvColumn None { get; } = new(null);

    /// <summary>Returns the name in quotation marks, the number, or "none".</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        column switch
        {
            Core.CsvColumn.Named named => $"\"{named.name}\"",
            Core.CsvColumn.Numbered numbered => $"{numbered.number}",
            _ => "none",
        };

    internal CsvChoice Choice => column is null ? CsvChoice.NoColumn : CsvChoice.NewIn(column);

    internal Core.CsvColumn ToCore() =>
        column ?? throw Translation.Invalid("Columns", "columns of the file", "CsvColumn.None");

    /// <summary>The column with this name.</summary>
    /// <param name="name">The name in the header.</param>
    public static implicit operator CsvColumn(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new(Core.CsvColumn.NewNamed(name));
    }

    /// <summary>The column with this number.</summary>
    /// <param name="number">The number, counted from 1.</param>
    public static implicit operator CsvColumn(int number) => new(Core.CsvColumn.NewNumbered(number));
}
