using System.Text.Json;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

public class MetricsTests
{
    private static readonly JsonElement Oracle = JsonDocument
        .Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Oracles", "metrics-iris.json"))).RootElement;

    private static readonly int[] Truth = Integers("labels_true"), Predicted = Integers("labels_pred");

    private static readonly Dictionary<string, (Func<int[], int[], double> Alone, Func<Agreement, double> Among)> OfTwo = new()
    {
        ["rand_score"] = (Metrics.Rand, a => a.Rand),
        ["adjusted_rand_score"] = (Metrics.AdjustedRand, a => a.AdjustedRand),
        ["mutual_info_score"] = (Metrics.MutualInformation, a => a.MutualInformation),
        ["adjusted_mutual_info_score"] = (Metrics.AdjustedMutualInformation, a => a.AdjustedMutualInformation),
        ["normalized_mutual_info_score"] = (Metrics.NormalizedMutualInformation, a => a.NormalizedMutualInformation),
        ["fowlkes_mallows_score"] = (Metrics.FowlkesMallows, a => a.FowlkesMallows),
        ["homogeneity_score"] = (Metrics.Homogeneity, a => a.Homogeneity),
        ["completeness_score"] = (Metrics.Completeness, a => a.Completeness),
        ["v_measure_score"] = (Metrics.VMeasure, a => a.VMeasure),
        ["purity_score"] = (Metrics.Purity, a => a.Purity),
    };

    public static TheoryData<string> OfTwoNames => new(OfTwo.Keys);

    [Theory]
    [MemberData(nameof(OfTwoNames))]
    public void MeasureOfTwoLabellingsIsScikitLearns(string name)
    {
        var expected = Oracle.GetProperty("supervised").GetProperty(name).GetDouble();
        Assert.Equal(expected, OfTwo[name].Alone(Truth, Predicted), 1e-12);
        Assert.Equal(expected, OfTwo[name].Among(Metrics.Agreement(Truth, Predicted)), 1e-12);
    }

    private delegate double OfRows(Rows data, int[] labels, double[]? sampleWeights, int? threads, CancellationToken cancellationToken);

    private static readonly Dictionary<string, (OfRows Alone, Func<Separation, double> Among)> OfLabelledRows = new()
    {
        ["silhouette_score"] = (Metrics.Silhouette, s => s.Silhouette),
        ["davies_bouldin_score"] = (Metrics.DaviesBouldin, s => s.DaviesBouldin),
        ["calinski_harabasz_score"] = (Metrics.CalinskiHarabasz, s => s.CalinskiHarabasz),
        ["dunn"] = (Metrics.Dunn, s => s.Dunn),
    };

    public static TheoryData<string> OfLabelledRowsNames => new(OfLabelledRows.Keys);

    [Theory]
    [MemberData(nameof(OfLabelledRowsNames))]
    public void MeasureOfLabelledRowsIsScikitLearns(string name)
    {
        var (alone, among) = OfLabelledRows[name];
        var expected = name == "dunn"
            ? Data.Value(Core.Metrics.dunn(Execution.Default, Predicted, Data.Source(Data.Iris)))
            : Oracle.GetProperty("unsupervised").GetProperty(name).GetDouble();
        Assert.Equal(expected, alone(Data.Iris, Predicted, null, null, default), 1e-12 * expected);
        Assert.Equal(expected, alone(Data.Iris, Predicted, null, 1, default), 1e-12 * expected);
        Assert.Equal(expected, among(Metrics.Separation(Data.Iris, Predicted)), 1e-12 * expected);
    }

    [Fact]
    public void SilhouetteIsTheMeanOfSilhouettes()
    {
        var silhouettes = Metrics.Silhouettes(Data.Iris, Predicted);
        Assert.Equal(150, silhouettes.Length);
        Assert.Equal(silhouettes.Average(), Metrics.Silhouette(Data.Iris, Predicted), 1e-12);
    }

    [Fact]
    public void AWeightOfTwoIsTwoRows()
    {
        double[,] data = { { 0 }, { 1 }, { 10 }, { 14 } }, copied = { { 0 }, { 1 }, { 1 }, { 10 }, { 14 } };

        foreach (var (alone, _) in OfLabelledRows.Values)
        {
            Assert.Equal(alone(copied, [3, 3, 3, 8, 8], null, null, default), alone(data, [3, 3, 8, 8], [1, 2, 1, 1], null, default), 1e-12);
        }
    }

    [Fact]
    public void ConfusionMatrixHasClassesDownAndLabelsAcross()
    {
        var confusion = Metrics.Confusion([7, 7, -1, -1, -1], [4, 4, 4, 9, 5]);
        Assert.Equal([-1, 7], confusion.Classes);
        Assert.Equal([4, 5, 9], confusion.Labels);
        Assert.Equal(new long[,] { { 1, 1, 1 }, { 2, 0, 0 } }, confusion.Counts);
        confusion.Counts[0, 0] = 77;
        Assert.Equal(1, confusion.Counts[0, 0]);
    }

    [Fact]
    public void ReportMatchesLabelsToClasses()
    {
        var report = Metrics.Report(Truth, Predicted);
        var core = Data.Value(Core.Metrics.report(Truth, Predicted));
        Assert.Equal([(0, 1, 50L), (1, 0, 50L), (2, 2, 50L)], report.Classes.Select(scores => (scores.Class, scores.Label, scores.Support)));
        Assert.Equal(
            core.Classes.Select(scores => (scores.Precision, scores.Recall, scores.F1)),
            report.Classes.Select(scores => (scores.Precision, scores.Recall, scores.F1)));
        Assert.Equal(134 / 150.0, report.Accuracy);
        Assert.Equal(
            (core.MacroPrecision, core.MacroRecall, core.MacroF1, core.WeightedPrecision, core.WeightedRecall, core.WeightedF1),
            (report.MacroPrecision, report.MacroRecall, report.MacroF1, report.WeightedPrecision, report.WeightedRecall, report.WeightedF1));
        Assert.Equal(core.ToString(), report.ToString());
        Assert.False(Metrics.Report([1, 2, 3], [0, 0, 0]).Classes[2].IsMatched);
    }

    [Fact]
    public void AreaUnderTheCurveOfAlignedColumns()
    {
        double[,] responsibilities = { { 0.2, 0.7, 0.1 }, { 0.3, 0.6, 0.1 }, { 0.3, 0.6, 0.1 }, { 0.9, 0.0, 0.1 } };
        var aligned = Metrics.AlignColumns([4, 4, 9, 9], responsibilities);
        Assert.Equal(new[,] { { 0.7, 0.2 }, { 0.6, 0.3 }, { 0.6, 0.3 }, { 0.0, 0.9 } }, aligned);
        Assert.Equal(0.875, Metrics.RocAuc([4, 4, 9, 9], aligned), 1e-15);
    }

    [Fact]
    public void TextsBecomeNumbers()
    {
        Assert.Equal([1, 0, 1, 2], Metrics.ToNumbers(["oak", "ash", "oak", "yew"]));
        var iris = CsvData.Read(Path.Combine(AppContext.BaseDirectory, "data", "iris.csv"));
        Assert.Equal(Data.Species, Metrics.ToNumbers(iris.Labels!));
    }

    [Fact]
    public void CheapestMatching()
    {
        Assert.Equal([(0, 1), (1, 0)], Matching.Cheapest(new double[,] { { 4, 1, 3 }, { 0, 0, 5 } }));
        Assert.Equal([(0, 1), (2, 0)], Matching.Cheapest(new double[,] { { 4, 1 }, { 9, 9 }, { 0, 0 } }));
        var error = Assert.Throws<ArgumentException>(() => Matching.Cheapest(new[,] { { double.NaN } }));
        Assert.Equal(("costs must be finite and at most 1e200 in magnitude, but is NaN. (Parameter 'costs')", "costs"), (error.Message, error.ParamName));
    }

    // ── Of models ───────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void IclIsBicAndWhatTheLikeliestComponentsLeave()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var shares = model.PredictProba(Data.Faithful);
        var left = Enumerable.Range(0, 272).Sum(n => -Math.Log(Math.Max(shares[n, 0], shares[n, 1])));
        Assert.Equal(model.Bic() + (2 * left), model.Icl(Data.Faithful), 1e-8);
        Assert.Equal(model.Icl(Data.Faithful), model.Icl(Data.Faithful, [.. Enumerable.Repeat(1.0, 272)]));
        Assert.True(model.Icl(Data.Faithful, [.. Enumerable.Repeat(2.0, 272)]) > model.Icl(Data.Faithful));
    }

    [Fact]
    public void EvaluationHasEveryMeasure()
    {
        var model = new GaussianMixture(3).Fit(Data.Iris);
        var labels = model.Predict(Data.Iris);
        var found = model.Evaluate(Data.Iris, Data.Species);
        Assert.Equal((model.Score(Data.Iris), model.Icl(Data.Iris)), (found.Score, found.Icl));
        Assert.Equal(model.Bic(), found.Bic, 1e-9);
        Assert.Equal(model.Aic(), found.Aic, 1e-9);
        var (separation, agreement) = (found.Separation!, found.Agreement!);
        Assert.Equal(Metrics.Silhouette(Data.Iris, labels), separation.Silhouette);
        Assert.Equal(Metrics.AdjustedRand(Data.Species, labels), agreement.AdjustedRand);
        var without = new GaussianMixture(1).Fit(Data.Iris).Evaluate(Data.Iris);
        Assert.Null(without.Separation);
        Assert.Null(without.Agreement);
    }

    [Fact]
    public void ComparisonMatchesComponents()
    {
        var first = new GaussianMixture(2) { InitLabels = [.. Enumerable.Range(0, 272).Select(n => Data.Faithful[n, 0] > 3 ? 1 : 0)] }.Fit(Data.Faithful);
        var second = new GaussianMixture(2) { InitLabels = [.. Enumerable.Range(0, 272).Select(n => Data.Faithful[n, 0] > 3 ? 0 : 1)] }.Fit(Data.Faithful);
        var comparison = first.Compare(second);
        Assert.Equal([(0, 1), (1, 0)], comparison.Pairs.Select(pair => (pair.First, pair.Second)));
        Assert.InRange(comparison.LargestDistance, 0, 1e-9);
        Assert.InRange(comparison.LargestWeightDifference, 0, 1e-9);
        Assert.InRange(comparison.MeanDistance, 0, 1e-9);
        Assert.Empty(comparison.OnlyFirst);
        var third = new GaussianMixture(3).Fit(Data.Faithful);
        comparison = first.Compare(third);
        var (pair, left) = (comparison.Pairs[0], Assert.Single(comparison.OnlySecond));
        Assert.DoesNotContain(left, comparison.Pairs.Select(pair => pair.Second));
        Assert.Equal(third.Means[pair.Second, 1] - first.Means[pair.First, 1], pair.MeanDifference[1]);
        Assert.Equal(third.Weights[pair.Second] - first.Weights[pair.First], pair.WeightDifference);
        Assert.Equal(Math.Sqrt(pair.MeanDifference.Sum(difference => difference * difference)), pair.Distance, 1e-12);
    }

    [Fact]
    public void MixturesThatCannotBeCompared()
    {
        var model = new GaussianMixture(1).Fit(Data.Faithful);
        var counts = new PoissonMixture(1).Fit([[1], [2], [4]]);
        var waits = new ExponentialMixture(1).Fit([[1], [2], [4]]);

        void Check(string message, Action use)
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.StartsWith(message, error.Message);
            Assert.Equal("other", error.ParamName);
        }

        Check("other must be a fitted mixture of the same kind of components, but is one of another.", () => model.Compare(counts));
        Check("other must be one of poisson, like the first, but is exponential.", () => counts.Compare(waits));
        Check("other must be one with 2 numbers in a component's mean, like the first, but is one with 4.", () => model.Compare(new GaussianMixture(1).Fit(Data.Iris)));
        Assert.Equal("other", Assert.Throws<ArgumentNullException>(() => model.Compare(null!)).ParamName);
    }

    [Fact]
    public void BeforeAFitTheRemedyIsNamed()
    {
        var (fitted, model) = (new GaussianMixture(2).Fit(Data.Faithful), new GaussianMixture(2));

        foreach (var (member, use) in new (string, Action)[]
                 {
                     ("Icl", () => model.Icl(Data.Faithful)),
                     ("Evaluate", () => model.Evaluate(Data.Faithful)),
                     ("Compare", () => model.Compare(fitted)),
                     ("Compare", () => fitted.Compare(model)),
                 })
        {
            Assert.Equal(
                $"GaussianMixture.{member} needs a fitted model. Call Fit or FitPredict first.",
                Assert.Throws<InvalidOperationException>(use).Message);
        }
    }

    // ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────

    private static readonly Dictionary<string, (string Argument, Action Use)> Errors = new()
    {
        ["predicted must be as many as the true ones, 3, but is 2."] = ("predicted", () => Metrics.Rand([0, 1, 1], [0, 1])),
        ["truth must be at least one, but is none."] = ("truth", () => Metrics.Report(Array.Empty<int>(), Array.Empty<int>())),
        ["truth must be of at least two classes, but is of 1."] = ("truth", () => Metrics.RocAuc([3, 3], new double[2, 1])),
        ["scores must be one row for each of the 3 true labels, but is 2 rows."] = ("scores", () => Metrics.RocAuc([0, 1, 2], new double[2, 3])),
        ["scores[1, 0] must be finite, but is NaN."] = ("scores", () => Metrics.RocAuc([0, 1], new[,] { { 0, 0 }, { double.NaN, 1 } })),
        ["responsibilities must be at least one column for each of the 2 classes, but is 1 column."] =
            ("responsibilities", () => Metrics.AlignColumns([0, 1], new double[2, 1])),
        ["labels must be one for each of the 150 rows, but is 2 labels."] = ("labels", () => Metrics.Silhouette(Data.Iris, [0, 1])),
        ["labels must be of at least two clusters, but is of 1."] = ("labels", () => Metrics.Dunn(Data.Iris, new int[150])),
        ["labels must be of fewer clusters than rows, 2, but is of 2."] = ("labels", () => Metrics.DaviesBouldin(new double[2, 1], [0, 1])),
        ["threads must be at least 1, but is 0."] = ("threads", () => Metrics.CalinskiHarabasz(Data.Iris, Predicted, threads: 0)),
        ["sampleWeights[0] must be finite and not negative, but is -1."] = ("sampleWeights", () => Metrics.Silhouette(new double[1, 1], [0], [-1])),
        ["The data must be complete, but row 1, column 0"] =
            ("data", () => Metrics.Separation(new[,] { { 0 }, { double.NaN } }, [0, 1])),
        ["truth must be one for each of the 272 rows, but is 1 label."] =
            ("truth", () => new GaussianMixture(1).Fit(Data.Faithful).Evaluate(Data.Faithful, [1])),
    };

    public static TheoryData<string> ErrorMessages => new(Errors.Keys);

    [Theory]
    [MemberData(nameof(ErrorMessages))]
    public void ArgumentThatBreaksItsRule(string message)
    {
        var error = Assert.Throws<ArgumentException>(Errors[message].Use);
        Assert.StartsWith(message, error.Message);
        Assert.Equal(Errors[message].Argument, error.ParamName);
    }

    [Fact]
    public void NullIsNamed()
    {
        Assert.Equal("truth", Assert.Throws<ArgumentNullException>(() => Metrics.Purity((int[])null!, [1])).ParamName);
        Assert.Equal("predicted", Assert.Throws<ArgumentNullException>(() => Metrics.Purity([1], (int[])null!)).ParamName);
        Assert.Equal("labels", Assert.Throws<ArgumentNullException>(() => Metrics.Dunn(Data.Iris, (int[])null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => Metrics.Dunn(null!, [1])).ParamName);
        Assert.Equal("scores", Assert.Throws<ArgumentNullException>(() => Metrics.RocAuc([1], null!)).ParamName);
        Assert.Equal("costs", Assert.Throws<ArgumentNullException>(() => Matching.Cheapest(null!)).ParamName);
    }

    [Fact]
    public void WorkIsCancelled() =>
        Assert.ThrowsAny<OperationCanceledException>(
            () => Metrics.Silhouette(Data.Iris, Predicted, cancellationToken: new CancellationToken(true)));

    private static int[] Integers(string name) => [.. Oracle.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}
