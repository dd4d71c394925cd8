using Gmm.CSharp.Tests;

namespace Gmm.Orleans.Tests;

/// <summary>What a user sees of the package.</summary>
public class SurfaceTests() : PackageSurface(typeof(ClusterRows).Assembly);
