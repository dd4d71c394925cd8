using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The C# code of the README and of the documentation's first page is the code below, and runs.</summary>
public partial class FirstPageTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/index.md")]
    public void CodeOfThePageIsTheCodeHere(string page)
    {
        var here = Squeeze(File.ReadAllText(Path.Combine(Data.Root, "tests", "Gmm.CSharp.Tests", "FirstPageTests.cs")));
        var code = Assert.Single(Fence().Matches(File.ReadAllText(Path.Combine(Data.Root, page)))).Groups[1].Value;
        Assert.StartsWith("#:package Gmm.CSharp@", code);
        Assert.Contains(Squeeze(code[code.IndexOf("double[][]", StringComparison.Ordinal)..].Replace("\"eruptions.svg\"", "path")), here);
    }

    [Fact]
    public void CodeOfThePageFitsAndDraws()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".svg");
        Assert.Equal(["log-likelihood -46.695, BIC 113.27, mean wait 55.2", "components 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1"], Run(path));
        Assert.StartsWith("<svg ", File.ReadAllText(path));
        File.Delete(path);
    }

    [Fact]
    public void CodeOfThePackagesReadmeIsTheCodeHereAndRuns()
    {
        var here = Squeeze(File.ReadAllText(Path.Combine(Data.Root, "tests", "Gmm.CSharp.Tests", "FirstPageTests.cs")));
        var code = Assert.Single(Fence().Matches(File.ReadAllText(Path.Combine(Data.Root, "src", "Gmm.CSharp", "README.md")))).Groups[1].Value;
        Assert.Contains(Squeeze(code.Replace("using Gmm.CSharp;", "").Replace("\"scatter.svg\"", "path")), here);
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".svg");
        var lines = RunOfThePackage(path);
        Assert.Matches("^log-likelihood -[0-9.]+, BIC [0-9.]+, [0-9]+ iterations$", lines[0]);
        Assert.Matches("^row 0 belongs to component [01]$", lines[1]);
        Assert.StartsWith("<svg ", File.ReadAllText(path));
        File.Delete(path);
    }

    private static List<string> RunOfThePackage(string path)
    {
        var Console = new Lines();

        double[][] rows = [.. Enumerable.Range(0, 200).Select(n => new[] { n % 2 * 5 + Math.Sin(n), Math.Cos(3 * n) })];

        var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.Full, Restarts = 5, RandomState = 1 };
        model.Fit(rows);

        Console.WriteLine($"log-likelihood {model.LogLikelihood:F3}, BIC {model.Bic():F2}, {model.Iterations} iterations");
        Console.WriteLine($"row 0 belongs to component {model.Predict(rows)[0]}");

        Plot.Scatter(model, rows, new() { Title = "Two components" }).Save(path);

        return Console;
    }

    private static List<string> Run(string path)
    {
        var Console = new Lines();

        double[][] eruptions = // of Old Faithful: minutes of an eruption, and of the wait before it
        [
            [3.6, 79], [1.8, 54], [3.3, 74], [2.3, 62], [4.5, 85], [2.9, 55],
            [4.7, 88], [3.6, 85], [2.0, 51], [4.4, 85], [1.8, 54], [3.9, 84],
        ];

        var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.TiedFull }.Fit(eruptions);

        Console.WriteLine($"log-likelihood {model.LogLikelihood:F3}, BIC {model.Bic():F2}, mean wait {model.Means[0, 1]:F1}");
        Console.WriteLine($"components {string.Join(", ", model.Predict(eruptions))}");
        Plot.Scatter(model, eruptions).Save(path);

        return Console;
    }

    /// <summary>Stands for the console, and keeps the lines.</summary>
    private sealed class Lines : List<string>
    {
        public void WriteLine(string line) => Add(line);
    }

    private static string Squeeze(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"^```csharp\r?\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
