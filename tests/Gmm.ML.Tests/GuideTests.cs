using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>
/// The guide, docs/mlnet.md, and the README of the package: their code is the code that runs below, and the output of the
/// guide is what that prints.
/// </summary>
public partial class GuideTests
{
    private static readonly string Root = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    private static readonly string Here = File.ReadAllText(Path.Combine(Root, "tests", "Gmm.ML.Tests", "GuideTests.cs"))
        .ReplaceLineEndings("\n");

    /// <summary>The statements of <see cref="Run"/>, with the paths of the pages.</summary>
    private static readonly string StatementsHere = Squeeze(PathOf().Replace(BodyOfRun().Match(Here).Groups[1].Value, "$1"));

    private static readonly string Folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    /// <summary>The page has all statements of <see cref="Run"/>, in their order, and no others.</summary>
    [Fact]
    public void CodeOfTheGuideIsTheCodeThatRunsHere() =>
        Assert.Equal(StatementsHere, string.Join(" ", StatementsOf("docs/mlnet.md")));

    /// <summary>The README leaves out what the guide prints between.</summary>
    [Fact]
    public void CodeOfTheReadmeIsCodeThatRunsHere()
    {
        var end = 0;

        foreach (var statement in StatementsOf("src/Gmm.ML/README.md"))
        {
            var start = StatementsHere.IndexOf(statement, end, StringComparison.Ordinal);
            Assert.True(start >= 0, $"This isn't here, or not in this place: {statement}");
            end = start + statement.Length;
        }
    }

    /// <summary>
    /// The paragraphs of a page's program but for its namespaces and the class of its rows, which have their own asserts.
    /// </summary>
    private static List<string> StatementsOf(string page)
    {
        var code = string.Join('\n', Blocks(page, "csharp"));
        Assert.Equal(
            ["Gmm.CSharp", "Gmm.ML", "Microsoft.ML", "Microsoft.ML.Data"],
            Using().Matches(code).Select(line => line.Groups[1].Value));
        Assert.Equal(Rows().Match(Here).Value, Rows().Match(code).Value);
        var statements = Rows().Replace(Using().Replace(code, ""), "");
        return [.. statements.Split("\n\n").Select(Squeeze).Where(paragraph => paragraph.Length > 0)];
    }

    [Fact]
    public void OutputOfTheGuideIsWhatItPrints()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Directory.CreateDirectory(Folder);

        try
        {
            Run();
        }
        finally
        {
            Directory.Delete(Folder, recursive: true);
        }

        Assert.Equal(string.Concat(Blocks("docs/mlnet.md", "text")), Console.Output);
    }

    private static void Run()
    {
        var mlContext = new MLContext(seed: 1);
        var view = mlContext.Data.LoadFromTextFile<Eruption>(At("data/faithful.csv"), separatorChar: ',', hasHeader: true);

        var pipeline = mlContext.Transforms.Concatenate("Features", "Duration", "Waiting")
            .Append(mlContext.Clustering.Trainers.GaussianMixture(components: 2));
        var fitted = pipeline.Fit(view);

        GaussianMixture model = fitted.LastTransformer.Model;
        Console.WriteLine($"log-likelihood {model.LogLikelihood:F2}, BIC {model.Bic():F2}");

        var metrics = mlContext.Clustering.Evaluate(fitted.Transform(view), featureColumnName: "Features");
        Console.WriteLine($"Davies-Bouldin index {metrics.DaviesBouldinIndex:F3}, average distance {metrics.AverageDistance:F4}");

        var trainer = mlContext.Clustering.Trainers.Mixture(
            new StudentTMixture(2) { CovarianceType = CovarianceType.TiedFull, Restarts = 3 },
            new() { FeatureColumnNames = ["Duration", "Waiting"], OutlierShare = 0.02 });
        var robust = trainer.Fit(view);
        var rows = mlContext.Data.CreateEnumerable<MixturePrediction>(robust.Transform(view), reuseRowObject: false);
        Console.WriteLine($"{rows.Count(row => row.IsOutlier)} outliers, below a log-density of {robust.DensityThreshold:F2}");

        var product = mlContext.Clustering.Trainers.ProductMixture(
            2,
            ("Duration", slots => Part.LogNormal(slots)),
            ("Waiting", slots => Part.Poisson(slots))).Fit(view);
        Console.WriteLine($"mean waits {product.Model.PartParameters[1].Rates[0, 0]:F1} and {product.Model.PartParameters[1].Rates[1, 0]:F1}");

        mlContext.Model.Save(fitted, view.Schema, At("model.zip"));
        var loaded = mlContext.Model.Load(At("model.zip"), out _);
        using var engine = mlContext.Model.CreatePredictionEngine<Eruption, MixturePrediction>(loaded);
        MixturePrediction eruption = engine.Predict(new() { Duration = 3.6f, Waiting = 79 });
        Console.WriteLine($"component {eruption.PredictedLabel}, log-density {eruption.LogDensity:F3}");
        Console.WriteLine($"the same BIC: {loaded.FindMixture<GaussianMixture>()!.Model.Bic() == model.Bic()}");
    }

    /// <summary>The path of a file of the guide: the repository's data, or a folder for what the guide writes.</summary>
    private static string At(string file) =>
        Path.Combine(file.StartsWith("data/", StringComparison.Ordinal) ? Root : Folder, file);

    /// <summary>Keeps what the guide prints.</summary>
    private static class Console
    {
        private static readonly StringBuilder Text = new();

        public static string Output => Text.ToString();

        public static void WriteLine(string text) => Text.Append(text).Append('\n');
    }

    /// <summary>The fenced blocks of a language, in their order.</summary>
    private static IEnumerable<string> Blocks(string page, string language) =>
        Fence().Matches(File.ReadAllText(Path.Combine(Root, page)).ReplaceLineEndings("\n"))
            .Where(block => block.Groups[1].Value == language)
            .Select(block => block.Groups[2].Value);

    private static string Squeeze(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"```(\w+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"static void Run\(\)\n    \{\n(.*?)\n    \}\n", RegexOptions.Singleline)]
    private static partial Regex BodyOfRun();

    [GeneratedRegex(@"At\((""[\w./]+"")\)")]
    private static partial Regex PathOf();

    [GeneratedRegex(@"^public class Eruption\n\{\n.*?^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Rows();

    [GeneratedRegex(@"^using ([\w.]+);\n+", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}

/// <summary>The class of the guide's rows.</summary>
public class Eruption
{
    [LoadColumn(0)]
    public float Duration { get; set; }

    [LoadColumn(1)]
    public float Waiting { get; set; }
}
