using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The meaning of the colours of points.</summary>
public enum PointColour
{
    /// <summary>The likeliest component.</summary>
    Component,

    /// <summary>
    /// The true class, each in the colour of the component matched to it; rows in other components have a ring.
    /// </summary>
    Class,

    /// <summary>The log-density ln p(x), with a bar of colours. The lowest hundredth has one colour.</summary>
    Density,
}

/// <summary>How to draw a picture. Every picture uses the options that apply to it.</summary>
public sealed class PlotOptions
{
    private static readonly Core.PlotOptions Defaults = Core.Plot.defaults;

    /// <summary>The text above the picture; empty unless set.</summary>
    public string Title { get; set; } = Defaults.Title;

    /// <summary>
    /// The features to draw, counting from 0: two for a scatter, first the horizontal one; one for a density; up to
    /// eight for pairs. Unless set, those that separate the components best, or all for pairs.
    /// </summary>
    /// <remarks>
    /// The best pair has the largest tr(W⁻¹B), W the covariance within the components and B the one between them.
    /// </remarks>
    public IReadOnlyList<int> Columns { get; set; } = [];

    /// <summary>The names of all features (D), as <see cref="CsvData.ColumnNames"/>; "column 1" … unless set.</summary>
    public IReadOnlyList<string> ColumnNames { get; set; } = [];

    /// <summary>
    /// The true class of every row (N), as <see cref="CsvData.Labels"/>, drawn as the shape of its mark, or as its
    /// colour; none unless set.
    /// </summary>
    public IReadOnlyList<string>? Classes { get; set; }

    /// <summary>The meaning of the colours of points; the component unless set.</summary>
    public PointColour Colour { get; set; }

    /// <summary>The radius of points in pixels, above 0; one that suits their number unless set.</summary>
    public double? PointSize { get; set; }

    /// <summary>The opacity of points, above 0 and at most 1; 0.55 unless set.</summary>
    public double PointOpacity { get; set; } = Defaults.PointOpacity;

    /// <summary>The largest number of points; 5,000 unless set.</summary>
    /// <remarks>If there are more rows, this many are drawn, chosen at random but always the same ones.</remarks>
    public int MaxPoints { get; set; } = Defaults.MaxPoints;

    /// <summary>
    /// The distances of the ellipses from the means in standard deviations; 1, 2 and 3 unless set, none for no
    /// ellipses.
    /// </summary>
    public IReadOnlyList<double> Sigmas { get; set; } = Array.AsReadOnly(Defaults.Sigmas);

    /// <summary>The opacity of the tint of ellipses, from 0, lines only, to 1; 0.09 unless set.</summary>
    public double EllipseFill { get; set; } = Defaults.EllipseFill;

    /// <summary>Whether the means are marked; true unless set.</summary>
    public bool Means { get; set; } = Defaults.Means;

    /// <summary>
    /// Whether the means at the start are marked, with the ways to the means at the end; false unless set.
    /// </summary>
    public bool StartMeans { get; set; } = Defaults.StartMeans;

    /// <summary>
    /// Whether the ellipses of heavier components are more opaque, and the crosses at their means larger; true unless
    /// set.
    /// </summary>
    public bool ByWeight { get; set; } = Defaults.ByWeight;

    /// <summary>Whether there is a legend; true unless set.</summary>
    public bool Legend { get; set; } = Defaults.Legend;

    /// <summary>The width of the picture in pixels, 240 or more; 720 unless set.</summary>
    public int Width { get; set; } = Defaults.Width;

    /// <summary>The height of the picture in pixels, 240 or more; 480 unless set.</summary>
    public int Height { get; set; } = Defaults.Height;

    internal Core.PlotOptions Value =>
        new(
            title: Title,
            columns: [.. Columns],
            columnNames: [.. ColumnNames],
            classes: Classes is { } classes ? FSharpOption<string[]>.Some([.. classes]) : null,
            colour: ToCore(Colour),
            pointSize: PointSize is { } size ? FSharpOption<double>.Some(size) : null,
            pointOpacity: PointOpacity,
            maxPoints: MaxPoints,
            sigmas: [.. Sigmas],
            ellipseFill: EllipseFill,
            means: Means,
            startMeans: StartMeans,
            byWeight: ByWeight,
            legend: Legend,
            width: Width,
            height: Height);

    private static Core.PointColour ToCore(PointColour colour) =>
        colour switch
        {
            PointColour.Component => Core.PointColour.Component,
            PointColour.Class => Core.PointColour.Class,
            PointColour.Density => Core.PointColour.Density,
            _ => throw Translation.UnknownValue(nameof(Colour), colour),
        };
}
