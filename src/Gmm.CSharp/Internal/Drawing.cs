using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>A fit of any family, to be drawn.</summary>
internal interface IDrawing
{
    bool HasHistory { get; }

    Core.Figure Scatter(Core.PlotOptions options, Source source);

    Core.Figure Animation(Core.PlotOptions options, Source source);

    Core.Figure Weights(Core.PlotOptions options);

    Core.Figure Objective(Core.PlotOptions options);

    Core.Figure MeanImages(Core.PlotOptions options, int width);

    /// <summary>This fit, the first of some that have names, beside the others.</summary>
    Core.Figure Compare(Core.PlotOptions options, IReadOnlyList<(string Name, IDrawing Drawing)> all, Source source);
}

/// <summary>A fit of the core, to be drawn.</summary>
internal sealed class DrawingOf<TParameters>(Fit<TParameters> value) : IDrawing
{
    /// <summary>The fit.</summary>
    internal Fit<TParameters> Value { get; } = value;

    public bool HasHistory => Value.History.Length > 0;

    public Core.Figure Scatter(Core.PlotOptions options, Source source) =>
        Core.Plot.scatter(options, Value, source).Get();

    public Core.Figure Animation(Core.PlotOptions options, Source source) =>
        Core.Plot.animation(options, Value, source).Get();

    public Core.Figure Weights(Core.PlotOptions options) => Core.Plot.weights(options, Value).Get();

    public Core.Figure Objective(Core.PlotOptions options) => Core.Plot.objective(options, Value).Get();

    public Core.Figure MeanImages(Core.PlotOptions options, int width) =>
        Core.Plot.meanImages(options, width, Value).Get(("Width of the images", nameof(width)));

    public Core.Figure Compare(
        Core.PlotOptions options, IReadOnlyList<(string Name, IDrawing Drawing)> all, Source source)
    {
        var fits = all.Select(item => item.Drawing is DrawingOf<TParameters> fit
            ? Tuple.Create(item.Name, fit.Value)
            : throw Translation.Invalid(
                "models", "fitted mixtures of the same kind of components", $"{item.Name} of another"));
        return Core.Plot.compare(options, ListModule.OfSeq(fits), source).Get(("The second mixture", "models"));
    }
}
