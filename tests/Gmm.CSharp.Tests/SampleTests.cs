using System.Diagnostics;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The C# sample runs as a program.</summary>
public class SampleTests
{
    [Fact]
    public async Task SampleFitsOldFaithful()
    {
        var (exitCode, output, errors) = await Run("data/faithful.csv");
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        Assert.Contains("log-likelihood -1130.26", output);
        Assert.Contains("BIC 2322.19", output);
        Assert.Contains("weight 0.644", output);
        Assert.Contains("mean (4.290 min, 79.97 min)", output);
        Assert.Contains("mean (2.036 min, 54.48 min)", output);
        Assert.Contains("converged", output);
        Assert.Contains("probability 1.0000", output);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["Gmm.CSharp.Sample.dll", .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
