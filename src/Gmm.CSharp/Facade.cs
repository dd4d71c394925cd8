namespace Gmm.CSharp;

/// <summary>Placeholder.</summary>
public static class Facade
{
    /// <summary>Zero.</summary>
    public static double Zero() => 0.0;
}
