using System.Reflection;
using Gmm.CSharp.Tests;
using Xunit;

namespace Gmm.ML.Tests;

/// <summary>What a user sees of the package.</summary>
public class SurfaceTests
{
    private static readonly Assembly Package = typeof(MixtureCatalog).Assembly;

    [Fact]
    public void NoTypeOfFSharpCoreIsVisible()
    {
        var types = Package.GetExportedTypes().SelectMany(Surface.TypesOf).SelectMany(place => Surface.Parts(place.Type));
        Assert.DoesNotContain(types, type => type.Assembly.GetName().Name == "FSharp.Core");
    }

    /// <summary>GMM_ACCEPT_SURFACE=1 writes the surface that there is to the file that it is compared to.</summary>
    [Fact]
    public void SurfaceIsTheAcceptedOne()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "PublicSurface.txt");
        var surface = Surface.Describe(Package);

        if (Environment.GetEnvironmentVariable("GMM_ACCEPT_SURFACE") == "1")
            File.WriteAllText(path, surface);

        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), surface);
    }
}
