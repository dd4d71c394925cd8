using System.Diagnostics;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The C# sample runs as a program.</summary>
public class SampleTests
{
    [Fact]
    public async Task SampleFitsOldFaithful()
    {
        var picture = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "faithful.svg");
        var (exitCode, output, errors) = await Run("data/faithful.csv", picture);
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        Assert.Contains("log-likelihood -1130.26", output);
        Assert.Contains("BIC 2322.19", output);
        Assert.Contains("weight 0.644", output);
        Assert.Contains("mean (4.290 min, 79.97 min)", output);
        Assert.Contains("mean (2.036 min, 54.48 min)", output);
        Assert.Contains("probability 1.0000", output);
        Assert.Contains($"picture: {picture}", output);
        Assert.StartsWith("<svg ", File.ReadAllText(picture));
        Directory.Delete(Path.GetDirectoryName(picture)!, recursive: true);
    }

    [Fact]
    public async Task SampleNamesAFileThatIsMissing()
    {
        var (exitCode, output, errors) = await Run("data/missing.csv");
        Assert.Equal((1, "", "data/missing.csv: There is no such file.\n"), (exitCode, output, errors.ReplaceLineEndings("\n")));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["Gmm.CSharp.Sample.dll", .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
