using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>
/// The C# code of the page for people who come from scikit-learn, docs/from-scikit-learn.fsx, is the code below. It prints what
/// the Python code prints: the comments of that code.
/// </summary>
public partial class ScikitLearnPageTests
{
    private static string Page => File.ReadAllText(Path.Combine(Data.Root, "docs", "from-scikit-learn.fsx")).ReplaceLineEndings("\n");

    [Fact]
    public void CodeOfThePageIsTheCodeHere()
    {
        var here = Squeeze(File.ReadAllText(Path.Combine(Data.Root, "tests", "Gmm.CSharp.Tests", "ScikitLearnPageTests.cs")));
        Assert.All(Blocks("csharp"), code => Assert.Contains(Squeeze(code.Replace("using Gmm.CSharp;", "").Replace("\"faithful.json\"", "path")), here));
    }

    [Fact]
    public void CodeOfThePagePrintsWhatItsPythonPrints()
    {
        var printed = Blocks("python").SelectMany(code => code.Split('\n')).Where(line => line.StartsWith("# ")).Select(line => line[2..]);
        Directory.SetCurrentDirectory(AppContext.BaseDirectory);
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Assert.Equal(printed, Run());
    }

    private static List<string> Run()
    {
        var Console = new Lines();

        var X = CsvData.Read("data/faithful.csv").Rows;
        var model = new GaussianMixture(components: 2) { Tolerance = 1e-9 }.Fit(X);

        Console.WriteLine($"log-likelihood {model.LogLikelihood:F4}");

        foreach (int k in Enumerable.Range(0, 2).OrderBy(k => model.Weights[k]))
        {
            Console.WriteLine($"weight {model.Weights[k]:F4}, mean {model.Means[k, 0]:F4} {model.Means[k, 1]:F3}, variance {model.Covariances[k][0, 0]:F4}");
        }

        int[] labels = model.Predict(X);
        double[,] between = model.PredictProba([[2.9, 66]]);

        Console.WriteLine($"{labels.GroupBy(label => label).Min(group => group.Count())} rows in the smaller component");
        Console.WriteLine($"largest responsibility {Math.Max(between[0, 0], between[0, 1]):F4}");

        Console.WriteLine($"ln p {model.ScoreSamples([[4.4, 50]])[0]:F3}, mean {model.Score(X):F6}");
        Console.WriteLine($"BIC {model.Bic():F3}, AIC {model.Aic():F3}");

        foreach (var (name, type) in new[] { ("full", CovarianceType.Full), ("tied", CovarianceType.TiedFull), ("diag", CovarianceType.Diag) })
        {
            var fit = new GaussianMixture(2) { CovarianceType = type }.Fit(X);
            Console.WriteLine($"{name} BIC {fit.Bic():F2}");
        }

        var given = new GaussianMixture(2) { InitMeans = new double[,] { { 2, 55 }, { 4.3, 80 } }, Tolerance = 1e-12 }.Fit(X);
        var best = new GaussianMixture(2) { Init = InitMethod.Points, Restarts = 10 }.Fit(X);

        Console.WriteLine($"{given.LogLikelihood:F8}, best of ten {best.LogLikelihood:F4}");

        var chosen = new GaussianMixture(1);
        var selection = chosen.Select(X, components: [1, 2, 3, 4], covarianceTypes: [CovarianceType.TiedFull]);

        Console.WriteLine($"{chosen.Components} components, BIC {selection.Best.Bic:F2}");

        var (rows, components) = model.Sample(1000);

        Console.WriteLine($"{rows.GetLength(0)} rows of {rows.GetLength(1)}");

        var clusters = new KMeans(clusters: 2) { Restarts = 10 }.Fit(X);

        Console.WriteLine($"inertia {clusters.Inertia:F4}");
        Console.WriteLine($"adjusted Rand {Metrics.AdjustedRand(labels, clusters.Predict(X)):F4}, silhouette {Metrics.Silhouette(X, labels):F4}");

        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        model.Save(path);
        var loaded = GaussianMixture.Load(path);

        double threshold = loaded.DensityThreshold(X, share: 0.02);
        int outliers = loaded.IsOutlier(X, threshold).Count(isOutlier => isOutlier);
        Console.WriteLine($"{outliers} outliers below {threshold:F3}");

        File.Delete(path);
        return Console;
    }

    /// <summary>Stands for the console, and keeps the lines.</summary>
    private sealed class Lines : List<string>
    {
        public void WriteLine(string line) => Add(line);
    }

    /// <summary>The fenced blocks of a language, in their order.</summary>
    private static IEnumerable<string> Blocks(string language) =>
        Fence().Matches(Page).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value);

    private static string Squeeze(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"```(\w+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
