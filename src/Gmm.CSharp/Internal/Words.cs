namespace Gmm.CSharp;

/// <summary>Words of which the texts of models are made.</summary>
internal static class Words
{
    /// <summary>"1 component", "2 components" …</summary>
    internal static string Count(long number, string thing) => number == 1 ? $"1 {thing}" : $"{number} {thing}s";

    /// <summary>"the only row", "each of the 2 rows" …</summary>
    internal static string Each(long number, string thing) =>
        number == 1 ? $"the only {thing}" : $"each of the {Count(number, thing)}";

    /// <summary>A number to ten digits, in every culture alike.</summary>
    internal static string Number(double? number) => FormattableString.Invariant($"{number:G10}");

    /// <summary>A class or a label, in every culture alike.</summary>
    internal static string Text<T>(T value) => FormattableString.Invariant($"{value}");

    /// <summary>Names and numbers, a line for each.</summary>
    internal static string Lines(params IEnumerable<(string Name, double Number)> lines) =>
        Table([.. lines.Select(line => (string[])[line.Name, Number(line.Number)])]);

    /// <summary>A table of cells, the first column flush left, the others flush right.</summary>
    internal static string Table(IReadOnlyList<string[]> lines)
    {
        int[] widths = [.. lines[0].Select((_, column) => lines.Max(line => line[column].Length))];
        return string.Join(
            Environment.NewLine,
            lines.Select(line => string.Join(
                "  ",
                line.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column])))));
    }

    internal static string Covariances(CovarianceType type) => $", {type} covariances";

    internal static string ScaleMatrices(CovarianceType type) => $", {type} scale matrices";

    internal static string Parts(IEnumerable<Part>? parts) =>
        string.Concat((parts ?? []).Select(part => $", {part}"));
}
