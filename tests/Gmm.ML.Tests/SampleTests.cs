using System.Diagnostics;
using Xunit;

namespace Gmm.ML.Tests;

/// <summary>The sample runs as a program.</summary>
public class SampleTests
{
    [Fact]
    public async Task SampleComparesSavesAndPredicts()
    {
        var (exitCode, output, errors) = await Run("data/iris.csv");
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        var lines = output.ReplaceLineEndings("\n").Split('\n');
        Assert.StartsWith("k-means ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("Gaussian mixture ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("Student t, tied ", lines[3], StringComparison.Ordinal);

        // The mixture finds the species better than k-means does.
        double Information(string line) => double.Parse(line[17..37], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(Information(lines[1]), 0.7, 0.8);
        Assert.InRange(Information(lines[2]), 0.89, 0.92);
        Assert.Equal("Gaussian mixture: log-likelihood -180.19, BIC 580.8", lines[4]);
        Assert.Equal("loaded: BIC 580.8", lines[6]);
    }

    [Fact]
    public async Task SampleNamesAFileThatIsMissing() =>
        Assert.Equal((1, "", $"data/missing.csv: There is no such file.{Environment.NewLine}"), await Run("data/missing.csv"));

    private static async Task<(int ExitCode, string Output, string Errors)> Run(string file)
    {
        var start = new ProcessStartInfo(
            "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Gmm.MLNet.dll"), file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
