using Xunit;

namespace Gmm.CSharp.Tests;

public class FacadeTests
{
    [Fact]
    public void ZeroIsZero() => Assert.Equal(0.0, Facade.Zero());
}
