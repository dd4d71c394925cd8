namespace Gmm.CSharp.Tests;

/// <summary>Names a formula that a test checks, and who states it. The build lists all of them on the page formulas.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class FormulaAttribute(string formula, string source) : Attribute
{
    /// <summary>The formula in Unicode.</summary>
    public string Formula { get; } = formula;

    /// <summary>Author, year, and where it stands.</summary>
    public string Source { get; } = source;
}
