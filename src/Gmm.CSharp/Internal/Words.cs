namespace Gmm.CSharp;

/// <summary>Words of which the texts of models are made.</summary>
internal static class Words
{
    /// <summary>"1 component", "2 components" …</summary>
    internal static string Count(int number, string thing) => number == 1 ? $"1 {thing}" : $"{number} {thing}s";

    internal static string Covariances(CovarianceType type) => $", {type} covariances";

    internal static string Parts(IEnumerable<Part>? parts) =>
        string.Concat((parts ?? []).Select(part => $", {part}"));
}
