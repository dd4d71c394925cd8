namespace Gmm.ML;

/// <summary>Exceptions about an argument of a public method further up.</summary>
internal static class Trouble
{
    /// <summary>The exception about the view that a fit reads.</summary>
    internal static ArgumentException OfInput(string message, Exception? inner = null) => Of("input", message, inner);

    private static ArgumentException Of(string argument, string message, Exception? inner) =>
        new(message, argument, inner);
}
