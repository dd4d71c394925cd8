using System.Reflection;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>What a C# user sees of a package. The projects of several packages share it.</summary>
public abstract class PackageSurface(Assembly package)
{
    [Fact]
    public void NoTypeOfFSharpCoreIsVisible()
    {
        var types = package.GetExportedTypes().SelectMany(Surface.TypesOf).SelectMany(place => Surface.Parts(place.Type));
        Assert.DoesNotContain(types, type => type.Assembly.GetName().Name == "FSharp.Core");
    }

    /// <summary>GMM_ACCEPT_SURFACE=1 writes the surface that there is to the file that it is compared to.</summary>
    [Fact]
    public void SurfaceIsTheAcceptedOne()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "PublicSurface.txt");
        var surface = Surface.Describe(package);

        if (Environment.GetEnvironmentVariable("GMM_ACCEPT_SURFACE") == "1")
            File.WriteAllText(path, surface);

        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), surface);
    }
}
