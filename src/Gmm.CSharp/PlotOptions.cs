using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>How to draw a picture of a fitted mixture.</summary>
public sealed class PlotOptions
{
    private static readonly Core.PlotOptions Defaults = Core.Plot.defaults;

    /// <summary>What is written above the picture; empty, for nothing, unless set.</summary>
    public string Title { get; set; } = Defaults.Title;

    /// <summary>The two features to draw, counting from 0, first the horizontal one; the pair that separates the components best unless set.</summary>
    /// <remarks>That pair has the largest tr(W⁻¹B), W the covariance within the components and B the one between them.</remarks>
    public (int Horizontal, int Vertical)? Columns { get; set; }

    /// <summary>The names of all features (D), as <see cref="CsvData.ColumnNames"/>; "column 1" … unless set.</summary>
    public IReadOnlyList<string> ColumnNames { get; set; } = [];

    /// <summary>The true class of every row (N), as <see cref="CsvData.Labels"/>, drawn as the shape of its mark; none unless set.</summary>
    public IReadOnlyList<string>? Classes { get; set; }

    /// <summary>How many pixels the picture is wide, 240 or more; 720 unless set.</summary>
    public int Width { get; set; } = Defaults.Width;

    /// <summary>How many pixels the picture is high, 240 or more; 480 unless set.</summary>
    public int Height { get; set; } = Defaults.Height;

    /// <summary>How many standard deviations from the means the ellipses lie; 1, 2 and 3 unless set.</summary>
    public IReadOnlyList<double> Sigmas { get; set; } = Array.AsReadOnly(Defaults.Sigmas);

    /// <summary>How many points are drawn at most; 5,000 unless set.</summary>
    /// <remarks>Of more rows this many are chosen at random, always the same ones.</remarks>
    public int MaxPoints { get; set; } = Defaults.MaxPoints;

    internal Core.PlotOptions Value =>
        new(
            title: Title,
            columns: Columns is var (i, j) ? FSharpOption<Tuple<int, int>>.Some(new(i, j)) : null,
            columnNames: [.. ColumnNames],
            classes: Classes is { } classes ? FSharpOption<string[]>.Some([.. classes]) : null,
            width: Width,
            height: Height,
            sigmas: [.. Sigmas],
            maxPoints: MaxPoints);
}
