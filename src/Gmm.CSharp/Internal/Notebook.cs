using System.Net;
using Gmm.Notebooks;

namespace Gmm.CSharp;

#pragma warning disable CA1822 // Notebooks call CreateTypeFormatters on an object.

/// <summary>Names the class that makes formatters for a type, which notebooks then show as HTML.</summary>
/// <remarks>
/// Notebooks of .NET Interactive find the attribute, and the members of the classes below, by their names; so the
/// library needs none of their packages.
/// </remarks>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;

    public string[] PreferredMimeTypes { get; set; } = ["text/html"];
}

/// <summary>Makes the formatter of figures, which notebooks show as SVG.</summary>
internal sealed class FigureFormatterSource
{
    public IEnumerable<object> CreateTypeFormatters() =>
        [new HtmlFormatter(figure => ((Figure)figure).ToSvg())];
}

/// <summary>
/// Makes the formatter of mixtures, which notebooks show as their summary, and of other values, as their text.
/// </summary>
internal sealed class TextFormatterSource
{
    public IEnumerable<object> CreateTypeFormatters() =>
        [new HtmlFormatter(value => $"<pre>{WebUtility.HtmlEncode(Text(value))}</pre>")];

    private static string? Text(object value) =>
        value is MixtureModel { IsFitted: true } model ? model.Summary() : value.ToString();
}
