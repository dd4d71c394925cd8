using System.Diagnostics;
using System.Text;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The C# samples run as programs.</summary>
public class SampleTests
{
    [Fact]
    public async Task SampleFitsOldFaithful()
    {
        var picture = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "faithful.svg");
        var (exitCode, output, errors) = await Run("Gmm.CSharp.Sample.dll", "data/faithful.csv", picture);
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
        var (exitCode, output, errors) = await Run("Gmm.CSharp.Sample.dll", "data/missing.csv");
        Assert.Equal((1, "", "data/missing.csv: There is no such file.\n"), (exitCode, output, errors.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task TgmmPageIsReproduced()
    {
        var (exitCode, output, errors) = await Run("Gmm.Tgmm.dll");
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            [
                "Covariance types", "Maximum likelihood", "Maximum a posteriori", "Starts", "Covariance starts", "Restarts",
                "Classification EM", "Convergence", "Sampling", "Saving", "Attributes", "Predictions", "Metrics",
            ],
            output.ReplaceLineEndings("\n").Split("\n\n").Select(section => section.Trim('\n').Split('\n')[0]));

        foreach (var line in new[]
                 {
                     "Full           score -3.1350  BIC 3870.71  covariances (3, 2, 2)",
                     "TiedDiag       score -3.2967  BIC 4019.98  covariances (2)",
                     "TiedSpherical  score -3.3194  BIC 4040.81  covariances ()",
                     "weight 0.500  mean (0.016, 0.077)  variances 0.566, 0.486  covariance 0.008",
                     "weight 0.353  mean (-0.071, 0.124)  variances 0.502, 0.447  covariance 0.026",
                     "objective -3.8054 = lower bound -3.1605 + log-prior -386.93 / 600",
                     "FarthestFirst  from -4.3097 to -3.1350",
                     "given          from -3.7942 to -3.1350",
                     "Identity       from -3.3602 to -3.1350",
                     "the same by that seed alone: True",
                     "weight 0.545  mean (0.101, 0.034)",
                     "tolerance 0.01: lower bound -3.134983, converged True",
                     "after 5 iterations: The fit stopped after 5 iterations without converging",
                     "after 5 more: lower bound -3.294535, converged False",
                     "run 0 (seed 42)  iteration   10  objective     -3.267395966",
                     "component 1                rows of each component 0, 1000, 0",
                     "2 to 3 σ                   rows of each component 342, 499, 159  2.00 to 3.00 σ",
                     "beyond 3 σ of component 1  rows of each component 0, 1000, 0     3.00 to",
                     "loaded: the same score True",
                     "43 arrays, the same score True",
                     "for NumPy: the same means True",
                     "fitted: False, then True",
                     "weights [0.49989; 0.340495; 0.159615",
                     "row 1: probability 0.8955 of component 1, log-density -2.8030",
                     "score -3.1350, AIC 3795.97, BIC 3870.71",
                     "adjusted Rand 0.8461, purity 0.9433",
                     "KL divergence to the tied mixture 0.156 ± 0.010",
                 })
        {
            Assert.Contains(line, output);
        }
    }

    private static async Task<(int ExitCode, string Output, string Errors)> Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            Environment = { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}
