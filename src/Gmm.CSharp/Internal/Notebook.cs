using System.Net;
using Gmm.Notebooks;

namespace Gmm.CSharp.Notebooks;

#pragma warning disable CA1822 // Notebooks call CreateTypeFormatters on an object.

/// <summary>Makes the formatter of figures, which notebooks show as SVG.</summary>
public sealed class FigureFormatterSource
{
    /// <summary>Returns the formatter.</summary>
    /// <returns>One formatter.</returns>
    public IEnumerable<object> CreateTypeFormatters() => [new HtmlFormatter(figure => ((Figure)figure).ToSvg())];
}

/// <summary>
/// Makes the formatter of mixtures, which notebooks show as their summary, and of what is not fitted, as its text.
/// </summary>
public sealed class EstimatorFormatterSource
{
    /// <summary>Returns the formatter.</summary>
    /// <returns>One formatter.</returns>
    public IEnumerable<object> CreateTypeFormatters() =>
        [new HtmlFormatter(value => $"<pre>{WebUtility.HtmlEncode(Text(value))}</pre>")];

    private static string? Text(object value) =>
        value is MixtureModel { IsFitted: true } model ? model.Summary() : value.ToString();
}
