// Notebooks find the attribute, and the members of the classes, by their names; so they must be public.
namespace Gmm.Notebooks

open System
open System.IO
open System.Net

/// Names the class that makes formatters for a type, which notebooks of .NET Interactive then show as HTML. The class has a
/// method `CreateTypeFormatters`. Notebooks recognise the attribute by its name, so that the library needs none of their
/// packages.
[<AttributeUsage(AttributeTargets.Class ||| AttributeTargets.Struct)>]
type TypeFormatterSourceAttribute(formatterSourceType: Type) =
    inherit Attribute()

    /// Names a class that is compiled after the type, by its name and that of its assembly.
    new(assemblyQualifiedName: string) =
        TypeFormatterSourceAttribute(Type.GetType(assemblyQualifiedName, throwOnError = true))

    /// The class that makes the formatters.
    member _.FormatterSourceType = formatterSourceType

    /// The formats in which notebooks show a value, the best first.
    member val PreferredMimeTypes = [| "text/html" |] with get, set

/// Writes a value as HTML for notebooks.
[<Sealed>]
type HtmlFormatter(html: Func<obj, string>) =
    /// The format.
    member _.MimeType = "text/html"

    /// Writes a value; returns whether it did.
    member _.Format(value: obj, writer: TextWriter) : bool =
        writer.Write(html.Invoke value)
        true

/// Makes the formatter of values that notebooks show as the text that scripts print.
[<Sealed>]
type TextFormatterSource() =
    /// Returns the formatter.
    member _.CreateTypeFormatters() : obj seq =
        [ HtmlFormatter(fun value -> $"<pre>{WebUtility.HtmlEncode(string value)}</pre>") ]
