using Gmm.CSharp.Tests;

namespace Gmm.ML.Tests;

/// <summary>What a user sees of the package.</summary>
public class SurfaceTests() : PackageSurface(typeof(MixtureCatalog).Assembly);
