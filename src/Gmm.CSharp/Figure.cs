using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>A picture that <see cref="Plot"/> has made, to be shown, or written as SVG or as a page of HTML.</summary>
/// <remarks>The texts refer to nothing outside themselves. The same figure gives the same text.</remarks>
/// <example>
/// <code>
/// Plot.Scatter(model, data).Save("picture.svg");
/// </code>
/// </example>
[TypeFormatterSource(typeof(FigureFormatterSource))]
public sealed class Figure
{
    internal Figure(Core.Figure figure) => Value = figure;

    /// <summary>
    /// The figure for packages that draw it in another way: with <c>Gmm.Plotly</c>, <c>figure.Value.ToChart()</c> is a
    /// chart.
    /// </summary>
    public Core.Figure Value { get; }

    /// <summary>The number of frames of an animation; 0 for a still picture.</summary>
    public int Frames => Value.Frames;

    /// <summary>Returns the figure as SVG: text that any browser shows, in light and in dark surroundings.</summary>
    /// <remarks>An animation plays for ever; a reader who prefers reduced motion sees its last frame.</remarks>
    /// <returns>The text.</returns>
    public string ToSvg() => FigureModule.svg(Value);

    /// <summary>
    /// Returns the figure as a page of HTML that needs no network; an animation has a slider and a button that stops
    /// it.
    /// </summary>
    /// <returns>The text.</returns>
    public string ToHtml() => FigureModule.html(Value);

    /// <summary>
    /// Shows the figure in the browser: writes <see cref="ToHtml"/> into the folder for temporary files and opens the
    /// file.
    /// </summary>
    /// <remarks>
    /// A browser without a window makes a PNG of an SVG file:
    /// <c>chromium --headless --screenshot=x.png --window-size=720,480 x.svg</c>.
    /// </remarks>
    /// <returns>The path of the file.</returns>
    /// <exception cref="IOException">
    /// The file can't be written, or no browser can be opened; the message names the file, which stays.
    /// </exception>
    public string Show() => FigureModule.show(Value).Get();

    /// <summary>Writes the figure to a file as SVG or HTML: its name ends in .svg or .html.</summary>
    /// <remarks>
    /// The method creates the folder if necessary; the file is complete or, if it can't be written, as it was.
    /// </remarks>
    /// <param name="path">Where to write.</param>
    /// <exception cref="ArgumentException">The name ends otherwise.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void Save(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        _ = FigureModule.save(path, Value).Get(("Path", nameof(path)));
    }

    /// <summary>Returns one frame of an animation as a still picture whose title names it.</summary>
    /// <param name="number">Which frame, from 0 to <see cref="Frames"/> − 1.</param>
    /// <returns>The picture.</returns>
    /// <exception cref="ArgumentException">There is no such frame, or the figure is no animation.</exception>
    public Figure Frame(int number) => new(FigureModule.frame(number, Value).Get(("Frame", nameof(number))));

    /// <summary>
    /// Puts figures side by side, each under its title, at most three in a row; axes of the same title share a scale.
    /// </summary>
    /// <param name="title">Above all of them; empty for none.</param>
    /// <param name="figures">Still pictures of one panel each.</param>
    /// <returns>The figure.</returns>
    /// <exception cref="ArgumentException">
    /// There is no figure, or one is an animation or has several panels.
    /// </exception>
    public static Figure Beside(string title, params IReadOnlyList<Figure> figures)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(figures);
        var values = ListModule.OfSeq(figures.Select(figure => figure.Value));
        return new(FigureModule.beside(title, values).Get(("Figures", nameof(figures))));
    }
}
