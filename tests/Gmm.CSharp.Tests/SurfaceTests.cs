using System.Reflection;
using System.Xml.Linq;
using Xunit;
using static Gmm.CSharp.Tests.Surface;

namespace Gmm.CSharp.Tests;

/// <summary>What a C# user sees of the library.</summary>
public class SurfaceTests() : PackageSurface(Facade)
{
    private static readonly Assembly Facade = typeof(GaussianMixture).Assembly;
    private static readonly string? Framework = Path.GetDirectoryName(typeof(object).Assembly.Location);

    /// <summary>The exceptions are the doors for other assemblies: for backends and sources that they write, and to figures that they draw.</summary>
    [Fact]
    public void NoTypeButDotNetsAndOurOwnIsVisible()
    {
        var strangers =
            from place in Facade.GetExportedTypes().SelectMany(TypesOf)
            from type in Parts(place.Type)
            where type.Assembly != Facade && Path.GetDirectoryName(type.Assembly.Location) != Framework
            select $"{place.Where}: {type}";
        string[] doors =
        [
            "Backend.Of: Gmm.Backend", "Figure.get_Value: Gmm.Figure", "Figure.Value: Gmm.Figure", "Rows.OfSource: Gmm.Source",
            "Rows.op_Implicit: Gmm.Source",
        ];
        Assert.Equal(doors, strangers.Distinct());
    }

    [Fact]
    public void NoTypeParameterIsToBeSpelt()
    {
        // Methods return generic types, whose arguments the compiler infers from those of the methods.
        Assert.All(Facade.GetExportedTypes().Where(type => type.IsGenericTypeDefinition), type => Assert.Empty(type.GetConstructors()));
        Assert.All(
            Facade.GetExportedTypes().SelectMany(type => type.GetMethods(Declared)).Where(method => IsVisible(method) && method.IsGenericMethod),
            method => Assert.Subset(ParametersOf(method).SelectMany(ArgumentsOf).ToHashSet(), method.GetGenericArguments().ToHashSet()));
    }

    /// <summary>A type parameter, or those that a type is made of.</summary>
    private static IEnumerable<Type> ArgumentsOf(Type type) =>
        type.IsGenericParameter ? [type] : type.GetGenericArguments().SelectMany(ArgumentsOf);

    [Fact]
    public void AllIsInOneNamespace() =>
        Assert.All(Facade.GetExportedTypes(), type => Assert.Equal("Gmm.CSharp", type.Namespace));

    [Fact]
    public void EveryDocumentationTagSaysSomething()
    {
        var documentation = XDocument.Load(Path.ChangeExtension(Facade.Location, ".xml"));
        string[] references = ["see", "paramref", "inheritdoc"];
        Assert.NotEmpty(documentation.Descendants("summary"));
        Assert.DoesNotContain(
            documentation.Descendants(),
            tag => string.IsNullOrWhiteSpace(tag.Value) && !references.Contains(tag.Name.LocalName) && tag.Element("inheritdoc") is null);
    }
}
