using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>A picture that <see cref="Plot"/> has made, to be written as SVG, as a page of HTML, or as JSON for Plotly.</summary>
/// <remarks>The texts refer to nothing outside themselves. The same figure gives the same text.</remarks>
/// <example>
/// <code>
/// Plot.Scatter(model, data).Save("picture.svg");
/// </code>
/// </example>
public sealed class Figure
{
    private readonly Core.Figure value;

    internal Figure(Core.Figure value) => this.value = value;

    /// <summary>The number of frames of an animation; 0 for a still picture.</summary>
    public int Frames => value.Frames;

    /// <summary>Returns the figure as SVG: text that any browser shows, in light and in dark surroundings.</summary>
    /// <remarks>An animation plays for ever; a reader who prefers reduced motion sees its last frame.</remarks>
    /// <returns>The text.</returns>
    public string ToSvg() => FigureModule.svg(value);

    /// <summary>Returns the figure as a page of HTML that needs no network; an animation has a slider and a button that stops it.</summary>
    /// <returns>The text.</returns>
    public string ToHtml() => FigureModule.html(value);

    /// <summary>Returns the figure as JSON for Plotly, with "data", "layout" and, for an animation, "frames", in the colours of light surroundings.</summary>
    /// <returns>The text.</returns>
    public string ToPlotly() => FigureModule.plotly(value);

    /// <summary>Writes the figure to a file as SVG, HTML or JSON: its name ends in .svg, .html or .json.</summary>
    /// <remarks>The method creates the folder if necessary; the file is complete or, if it can't be written, as it was.</remarks>
    /// <param name="path">Where to write.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        _ = FigureModule.save(path, value).Get(("Path", nameof(path)));
    }

    /// <summary>Returns one frame of an animation as a still picture whose title names it.</summary>
    /// <param name="number">Which frame, from 0 to <see cref="Frames"/> − 1.</param>
    /// <returns>The picture.</returns>
    /// <exception cref="ArgumentException">There is no such frame, or the figure is no animation.</exception>
    public Figure Frame(int number) => new(FigureModule.frame(number, value).Get(("Frame", nameof(number))));

    /// <summary>Puts figures side by side, each under its title, at most three in a row; axes of the same title share a scale.</summary>
    /// <param name="title">Above all of them; empty for none.</param>
    /// <param name="figures">Still pictures of one panel each.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">There is no figure, or one is an animation or has several panels.</exception>
    public static Figure Beside(string title, params IReadOnlyList<Figure> figures)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(figures);
        var values = ListModule.OfSeq(figures.Select(figure => figure.value));
        return new(FigureModule.beside(title, values).Get(("Figures", nameof(figures))));
    }
}
