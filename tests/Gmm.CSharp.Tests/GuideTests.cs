using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The guide, docs/csharp.md: its code is the code below, and its output is what that prints.</summary>
public partial class GuideTests
{
    [Fact]
    public void CodeOfTheGuideIsTheCodeHere()
    {
        var here = Squeeze(File.ReadAllText(Path.Combine(Data.Root, "tests", "Gmm.CSharp.Tests", "GuideTests.cs")));
        Assert.All(Blocks("csharp"), code => Assert.Contains(Squeeze(code.Replace("using Gmm.CSharp;", "")), here));
    }

    [Fact]
    public void OutputOfTheGuideIsWhatItPrints()
    {
        Directory.SetCurrentDirectory(AppContext.BaseDirectory);
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Run();

        foreach (string file in (string[])["em.html", "weights.svg", "faithful.json", "faithful.npz", "export.csv"])
            File.Delete(Path.Combine(Path.GetTempPath(), file));

        Assert.Equal(string.Concat(Blocks("text")), Console.Output);
    }

    private static void Run()
    {
        var file = CsvData.Read("data/faithful.csv");
        var eruptions = file.Rows;

        var model = new GaussianMixture(components: 2) { RandomState = 42, Restarts = 10 }.Fit(eruptions);

        Console.WriteLine($"weights        {model.Weights[0]:F4} and {model.Weights[1]:F4}");
        Console.WriteLine($"mean waits     {model.Means[0, 1]:F3} and {model.Means[1, 1]:F3} minutes");
        Console.WriteLine($"log-likelihood {model.LogLikelihood:F4}, BIC {model.Bic():F3}");
        Console.WriteLine($"{model.Iterations} iterations, converged: {model.Converged}, seed {model.BestRandomState}");
        Console.WriteLine($"component of an eruption of 3.6 minutes after 79: {model.Predict([[3.6, 79]])[0]}");

        double[] eruption = [3.6, 79];
        var shares = new double[model.Weights.Length];
        model.PredictProba(eruption, shares);
        int component = model.Predict(eruption);
        Console.WriteLine(
            $"component {component}: probability {shares[component]:F6}, log-density {model.ScoreSample(eruption):F4}");

        var csv = Path.Combine(Path.GetTempPath(), "export.csv");
        File.WriteAllText(csv, "id;length;group;width\nA1;20,7;u;1,5\nA2;22,1;v;2\nA3;19,4;u;NA\nA4;35,4;v;4,5\n");
        var export = CsvData.Read(csv, new() { Decimal = ',', Labels = "group", Missing = MissingCells.DropRows });
        Console.WriteLine(export.Report.Summary);

        var holes = CsvData.Read("data/iris-missing.csv", new() { Missing = MissingCells.Keep });
        var incomplete = new GaussianMixture(3) { Missing = MissingData.Fit }.Fit(holes.Rows);
        double[,] completed = incomplete.Impute(holes.Rows);
        double[,] drawn = incomplete.ImputeDraws(holes.Rows, seed: 1);
        Console.WriteLine($"{holes.Report.MissingCells} of 600 cells are missing; log-likelihood {incomplete.LogLikelihood:F4}");
        Console.WriteLine($"the sepals of the first flower are {completed[0, 1]:F3} wide on average, {drawn[0, 1]:F3} in a draw");
        Console.WriteLine($"component of a flower with petals of 1.4 by 0.2: {incomplete.Predict([[double.NaN, double.NaN, 1.4, 0.2]])[0]}");

        var tied = new GaussianMixture(2) { CovarianceType = CovarianceType.TiedDiag }.Fit(eruptions);
        var variances = (double[])tied.Covariances.Values;
        Console.WriteLine($"variances {variances[0]:F4} and {variances[1]:F4}; {tied.Covariances[1][0, 1]} off the diagonal");
        Console.WriteLine($"BIC {model.Bic():F1} with full, {tied.Bic():F1} with tied diagonal covariances");

        var options = new PlotOptions { Title = "Old Faithful", ColumnNames = file.ColumnNames };
        string picture = Plot.Scatter(model, eruptions, options).ToSvg();
        Console.WriteLine(picture[..picture.IndexOf(' ')]);

        var watched = new GaussianMixture(2) { Init = InitMethod.Random, KeepHistory = true }.Fit(eruptions);
        Plot.Animation(watched, eruptions, options).Save(Path.Combine(Path.GetTempPath(), "em.html"));
        Plot.Weights(watched).Save(Path.Combine(Path.GetTempPath(), "weights.svg"));

        var noisy = new GaussianMixture(2) { Noise = NoiseVolume.Hypervolume }.Fit(eruptions);
        var noiseRows = noisy.Predict(eruptions).Count(label => label == -1);
        Console.WriteLine($"{noiseRows} rows of noise, weight {noisy.Weights[2]:F4}");

        var robust = new StudentTMixture(2) { EqualDegreesOfFreedom = true, Tolerance = 1e-10 }.Fit(eruptions);
        var lightest = robust.RobustWeights(eruptions).Min();
        Console.WriteLine($"{robust.DegreesOfFreedom[0]:F1} degrees of freedom, lightest row {lightest:F3}");

        var errors = model.StandardErrors(eruptions, Information.Sandwich);
        var replicates = model.Bootstrap(eruptions, Resampling.WeightedLikelihood);
        Console.WriteLine($"a mean wait of {model.Means[0, 1]:F2} ± {errors["mean[0,1]"]:F2} or ± {replicates.StandardErrors["mean[0,1]"]:F2} minutes");
        var test = new GaussianMixture(1).LikelihoodRatio(eruptions, replicates: 19);
        Console.WriteLine($"{test}");

        var stream = new GaussianMixture(2).Fit(eruptions);

        for (var t = 0; t < 3; t++)
        {
            var (batch, _) = model.Sample(200, seed: t);
            var score = stream.PartialFit(batch, GaussianMixture.StepSize(t));
            Console.WriteLine($"batch {t + 1}: {score:F3}");
        }

        var believed = new GaussianMixture(2)
        {
            WeightConcentrationPrior = 20,
            MeanPrior = new[] { 3.5, 70 },
            MeanPrecisionPrior = 5,
            CovariancePrior = new double[,] { { 0.1, 0 }, { 0, 30 } },
            DegreesOfFreedomPrior = 4,
        }.Fit(eruptions);
        Console.WriteLine(
            $"weights {believed.Weights[0]:F4}, {believed.Weights[1]:F4}; "
            + $"waits {believed.Means[0, 1]:F3}, {believed.Means[1, 1]:F3}");

        var further = new GaussianMixture(2)
        {
            InitWeights = model.Weights,
            InitMeans = model.Means,
            InitCovariances = model.Covariances.Values,
            Tolerance = 1e-12,
        }.Fit(eruptions);
        Console.WriteLine($"{further.LogLikelihood:F9} after {further.Iterations} more iterations");

        var reports = new List<string>();
        var careful = new GaussianMixture(2) { Init = InitMethod.Points, Restarts = 3, KeepHistory = true, MaxIterations = 3 };
        careful.Fit(eruptions, progress: new Recorder(reports));
        Console.WriteLine($"{reports.Count} reports; {careful.WeightsHistory.Count} iterates kept");
        Console.WriteLine($"{careful.Warnings[0].Kind} after {careful.Iterations} iterations");

        careful.WarmStart = true;
        careful.MaxIterations = 1000;
        careful.FitAsync(eruptions).Wait();
        Console.WriteLine($"gone on from there: converged {careful.Converged}, log-likelihood {careful.LogLikelihood:F2}");

        double[][] patterns = [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]];
        double[] times = [1513, 23, 59, 12, 21, 19, 11, 34];

        var films = new BernoulliMixture(components: 2) { InitLabels = [0, 0, 0, 1, 0, 1, 1, 1], Tolerance = 1e-12 }
            .Fit(patterns, times);
        Console.WriteLine($"{films.Weights[1]:P1} of the films show it; log-likelihood {films.LogLikelihood:F4}");
        Console.WriteLine(
            $"the first doctor says so for {films.Probabilities[1, 0]:P0} of them, "
            + $"and for {films.Probabilities[0, 0]:P0} of the others");

        double[][] visits = [[1.2, 5, 0], [0.9, 7, 0], [1.4, 6, 1], [3.8, 1, 1], [4.1, 0, 1], [3.5, 2, 1], [4.4, 1, 0]];

        var mixed = new ProductMixture(components: 2)
        {
            Parts = { Part.Gaussian([0], CovarianceType.Diag), Part.Poisson([1]), Part.Bernoulli([2], betaPrior: (2, 2)) },
        }.Fit(visits);

        int first = mixed.Predict(visits)[0];
        Console.WriteLine(
            $"mean {mixed.PartParameters[0].Means[first, 0]:F3}, rate {mixed.PartParameters[1].Rates[first, 0]:F3}");
        Console.WriteLine(
            $"probability {mixed.PartParameters[2].Probabilities[first, 0]:F3}, weight {mixed.Weights[first]:F3}");

        var clusters = new KMeans(clusters: 2) { Restarts = 10 };
        int[] labels = clusters.FitPredict(eruptions);
        double[,] distances = clusters.Transform(eruptions);
        Console.WriteLine(
            $"inertia {clusters.Inertia:F5}, {labels.Count(label => label == labels[0])} rows with the first one");
        Console.WriteLine(
            $"it lies {distances[0, labels[0]]:F3} from its center, {distances[0, 1 - labels[0]]:F3} from the other");

        var bayesian = new BayesianGaussianMixture(components: 10).Fit(eruptions);
        Console.WriteLine(
            $"{bayesian.EffectiveComponents} of {bayesian.Components} components have rows, lower bound {bayesian.LowerBound:F3}");
        Console.WriteLine($"mean waits {bayesian.Means[0, 1]:F3} and {bayesian.Means[1, 1]:F3} minutes");
        Console.WriteLine($"mean log-density of the rows {bayesian.PlugIn.Score(eruptions):F4}");

        Console.WriteLine($"{tied}");
        Console.WriteLine(tied.Summary(eruptions, file.ColumnNames));

        var flowers = CsvData.Read("data/iris.csv");
        int[] species = Metrics.ToNumbers(flowers.Labels!);
        var gardener = new GaussianMixture(3) { InitLabels = species }.Fit(flowers.Rows);
        int[] found = gardener.Predict(flowers.Rows);
        Console.WriteLine(
            $"adjusted Rand index {Metrics.AdjustedRand(flowers.Labels!, found):F4}, "
            + $"silhouette {Metrics.Silhouette(flowers.Rows, found):F4}");
        Console.WriteLine($"BIC {gardener.Bic():F2}, ICL {gardener.Icl(flowers.Rows):F2}");
        Console.WriteLine($"{Metrics.Report(flowers.Labels!, found)}");

        var likely = Metrics.AlignColumns(flowers.Labels!, gardener.PredictProba(flowers.Rows));
        Console.WriteLine($"area under the ROC curve {Metrics.RocAuc(flowers.Labels!, likely):F4}");

        var rounder = new GaussianMixture(3) { CovarianceType = CovarianceType.Diag, InitLabels = [.. species.Select(label => 2 - label)] }
            .Fit(flowers.Rows);
        foreach (var pair in gardener.Compare(rounder).Pairs)
        {
            Console.WriteLine(
                $"component {pair.First} is {pair.Second} of the other: "
                + $"weight {pair.WeightDifference:+0.000;-0.000;0.000}, mean moved by {pair.Distance:F3}");
        }

        var chosen = new GaussianMixture(1) { Restarts = 5 };
        var selection = chosen.Select(
            flowers.Rows, components: [1, 2, 3, 4], covarianceTypes: [CovarianceType.Full, CovarianceType.TiedFull]);
        Console.WriteLine($"{chosen.Components} components, {chosen.CovarianceType}: BIC {selection.Best.Bic:F3}");
        Console.WriteLine($"{selection.Candidates.Count} candidates, ICL of the best {selection.Best.Icl:F3}");

        bool[] unusual = model.Outliers(eruptions, share: 0.02);
        double threshold = model.DensityThreshold(eruptions, share: 0.02);
        bool[] isNew = model.IsOutlier([[4.4, 82], [4.4, 50]], threshold);
        Console.WriteLine(
            $"{unusual.Count(isUnusual => isUnusual)} eruptions below {threshold:F4}; of the new ones {isNew[0]}, {isNew[1]}");

        var waits = model.Marginal([1]);
        Console.WriteLine($"short and long eruptions meet at a wait of {waits.CutPoints()[^1].X:F3} minutes");

        var (rows, from) = model.Sample(5, seed: 1);
        Console.WriteLine($"{rows.GetLength(0)} rows, the first from component {from[0]}");

        var (inner, _) = model.Sample(1000, confidence: 0.9);
        var (outer, _) = model.Sample(1000, component: 0, stdRange: (3, double.PositiveInfinity));
        Console.WriteLine(
            $"largest distance {Largest(model.Mahalanobis(inner)):F2}, least {Least(model.Mahalanobis(outer), 0):F2}");

        var wait = model.Conditional(features: [1], given: [0], values: [3.6]);
        Console.WriteLine($"after 3.6 minutes: {wait.Means[0, 0]:F1} minutes with weight {wait.Weights[0]:F3}");

        var path = Path.Combine(Path.GetTempPath(), "faithful.json");
        model.Save(path);
        var loaded = GaussianMixture.Load(path);
        Console.WriteLine($"loaded: {loaded.Components} components, {loaded.Restarts} restarts, BIC {loaded.Bic():F3}");

        IReadOnlyDictionary<string, Tensor> state = model.ToState();
        Console.WriteLine($"the same again: {GaussianMixture.FromState(state).Bic() == model.Bic()}");

        model.ExportNpz(Path.ChangeExtension(path, ".npz"));
        var imported = GaussianMixture.ImportNpz(Path.ChangeExtension(path, ".npz"));
        Console.WriteLine($"imported: component {imported.Predict([[3.6, 79]])[0]}");

        try
        {
            model.Fit([[3.6, 79], [1.8, 54], [3.3, 74], [2.3, double.NaN]]);
        }
        catch (ArgumentException error)
        {
            Console.WriteLine(error.Message);
        }
    }

    /// <summary>The largest distance of a row to its nearest component.</summary>
    private static double Largest(double[,] distances) =>
        Enumerable.Range(0, distances.GetLength(0)).Max(n => Math.Min(distances[n, 0], distances[n, 1]));

    /// <summary>The least distance of the rows to a component.</summary>
    private static double Least(double[,] distances, int component) =>
        Enumerable.Range(0, distances.GetLength(0)).Min(n => distances[n, component]);

    private sealed class Recorder(List<string> reports) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => reports.Add(value.ToString());
    }

    /// <summary>Keeps what the guide prints.</summary>
    private static class Console
    {
        private static readonly StringBuilder Text = new();

        public static string Output => Text.ToString();

        public static void WriteLine(string text) => Text.Append(text).Append('\n');
    }

    /// <summary>The fenced blocks of a language, in their order.</summary>
    private static IEnumerable<string> Blocks(string language) =>
        Fence().Matches(File.ReadAllText(Path.Combine(Data.Root, "docs", "csharp.md")).ReplaceLineEndings("\n"))
            .Where(block => block.Groups[1].Value == language)
            .Select(block => block.Groups[2].Value);

    private static string Squeeze(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"```(\w+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
