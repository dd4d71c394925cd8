using System.Globalization;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>What C# programmers expect: data in any of their collections, labels of any type, attempts without exceptions, texts.</summary>
public class ConvenienceTests
{
    private static readonly double[][] Counts = [[0, 3], [1, 4], [7, 0], [1, 5], [9, 1]];

    private static readonly PoissonMixture Model = new PoissonMixture(2) { RandomState = 1 }.Fit(Counts);

    // ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────

    public static TheoryData<string, Rows> Collections
    {
        get
        {
            List<double[]> list = [.. Counts];
            IReadOnlyList<double[]> readOnly = list;
            IEnumerable<double[]> query = Counts.Where(_ => true);
            int[,] whole = { { 0, 3 }, { 1, 4 }, { 7, 0 }, { 1, 5 }, { 9, 1 } };
            int[][] wholeRows = [[0, 3], [1, 4], [7, 0], [1, 5], [9, 1]];
            ReadOnlyMemory<double> memory = Counts.SelectMany(row => row).ToArray();
            return new()
            {
                { "List<double[]>", list },
                { "IReadOnlyList<double[]>", Rows.From(readOnly) },
                { "spread IReadOnlyList<double[]>", [.. readOnly] },
                { "IEnumerable<double[]>", Rows.From(query) },
                { "int[,]", whole },
                { "int[][]", wholeRows },
                { "ReadOnlyMemory<double>", Rows.FromMemory(memory, 2) },
                { "collection expression", [[0, 3], [1, 4], [7, 0], [1, 5], [9, 1]] },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Collections), DisableDiscoveryEnumeration = true)]
    public void EveryCollectionOfRowsIsTheSameData(string collection, Rows data)
    {
        Assert.Equal(Counts, data);
        var model = new PoissonMixture(2) { RandomState = 1 }.Fit(data);
        Assert.True(model.LogLikelihood == Model.LogLikelihood, collection);
        Assert.Equal(Model.Predict(Counts), model.Predict(data));
        Assert.Equal(Model.PredictProba(Counts), model.PredictProba(data));
        Assert.Equal(Model.ScoreSamples(Counts), model.ScoreSamples(data));
    }

    [Fact]
    public void RowsAreCopiedFromListsAndPassedOnWhereTheyAreRows()
    {
        List<double[]> list = [[1, 2]];
        Rows rows = list;
        list[0][0] = 7;
        list.Add([3, 4]);
        Assert.Equal([[1.0, 2]], rows);
        Assert.Same(rows, Rows.From(rows));
    }

    /// <summary>An array or a collection expression of numbers is one row; one of rows is data. Nothing is ambiguous.</summary>
    [Fact]
    public void OneRowIsOneRow()
    {
        double[] row = [7, 0];
        var (label, labels) = (Model.Predict(Counts)[2], Model.Predict(Counts));
        Assert.Equal(label, Model.Predict(row));
        Assert.Equal(label, Model.Predict(row.AsSpan()));
        Assert.Equal(label, Model.Predict([7, 0]));
        Assert.Equal([label], Model.Predict([row]));
        Assert.Equal([label, labels[0]], Model.Predict([[7, 0], [0, 3]]));

        double[] shares = Model.PredictProba(row);
        double[,] ofRows = Model.PredictProba([row]);
        Assert.Equal([ofRows[0, 0], ofRows[0, 1]], shares);
        Assert.Equal(shares, Model.PredictProba([7, 0]));
        Assert.Equal(Model.ScoreSamples([row])[0], Model.ScoreSample(row));
        Assert.Equal(Model.ScoreSample(row), Model.ScoreSample([7, 0]));
        Assert.Equal(1, new PoissonMixture(1).Fit([[0], [1]]).Weights[0]);
        Assert.Equal("row", Assert.Throws<ArgumentException>(() => Model.PredictProba([7])).ParamName);
    }

    [Fact]
    public void NullIsNamed()
    {
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => Model.Fit(null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => Model.Predict(null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => Model.PredictProba(null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => (Rows)(List<double[]>)null!).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => (Rows)(int[,])null!).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => (Rows)(int[][])null!).ParamName);
        Assert.Equal("rows", Assert.Throws<ArgumentNullException>(() => Rows.From(null!)).ParamName);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => Rows.From([[1.0], null!])).Message);
        Assert.Contains("row 1", Assert.Throws<ArgumentException>(() => (Rows)new int[][] { [1], null! }).Message);
    }

    // ── Labels ──────────────────────────────────────────────────────────────────────────────────────────────────────

    private enum Tree
    {
        Oak,
        Ash,
        Yew,
    }

    [Fact]
    public void LabelsAreOfAnyType()
    {
        string[] words = ["oak", "oak", "ash", "yew", "yew"];
        IReadOnlyList<string> list = words;
        Tree[] trees = [Tree.Oak, Tree.Oak, Tree.Ash, Tree.Yew, Tree.Yew];
        int[] numbers = [0, 0, 1, 2, 2], found = [5, 5, 5, 9, 9];
        var expected = Metrics.AdjustedRand(numbers, found);
        Assert.InRange(expected, 0.1, 0.9);
        Assert.Equal(expected, Metrics.AdjustedRand(words, found));
        Assert.Equal(expected, Metrics.AdjustedRand(list, found));
        Assert.Equal(expected, Metrics.AdjustedRand(trees, found));
        Assert.Equal(expected, Metrics.AdjustedRand(found, list));
        Assert.Equal(1, Metrics.VMeasure(words, trees), 1e-12);
        Assert.Equal(Metrics.Agreement(numbers, found).ToString(), Metrics.Agreement(words, found).ToString());
        Rows data = Rows.FromMemory(new double[] { 0, 1, 5, 6, 9 }, 1);
        Assert.Equal(Metrics.Silhouette(data, numbers), Metrics.Silhouette(data, list));
        double[,] scores = { { 0, 1, 0 }, { 0, 1, 0 }, { 1, 0, 0 }, { 0, 0.4, 0.6 }, { 0, 0, 1 } };
        Assert.Equal(Metrics.RocAuc([1, 1, 0, 2, 2], scores), Metrics.RocAuc(words, scores));
        Assert.Equal(Metrics.AlignColumns([1, 1, 0, 2, 2], scores), Metrics.AlignColumns(words, scores));
    }

    [Fact]
    public void TablesHaveTheLabels()
    {
        string[] words = ["oak", "oak", "ash", "yew", "yew"];
        int[] found = [5, 5, 5, 9, 9];
        var confusion = Metrics.Confusion(words, found);
        Assert.Equal(["ash", "oak", "yew"], confusion.Classes);
        Assert.Equal([5, 9], confusion.Labels);
        Assert.Equal("     5  9\nash  1  0\noak  2  0\nyew  0  2", confusion.ToString().ReplaceLineEndings("\n"));

        var report = Metrics.Report(words, found);
        Assert.Equal([("ash", false), ("oak", true), ("yew", true)], report.Classes.Select(scores => (scores.Class, scores.IsMatched)));
        Assert.Equal(9, report.Classes[2].Label);
        Assert.Contains("oak", report.ToString());
        Assert.Equal("class yew, label 9: precision 1.0000, recall 1.0000, F1 1.0000, 2 rows", report.Classes[2].ToString());
        Assert.StartsWith("class ash, no label: ", report.Classes[0].ToString());
        Assert.Contains("ash", Assert.Throws<InvalidOperationException>(() => report.Classes[0].Label).Message);
    }

    // ── Precisions ──────────────────────────────────────────────────────────────────────────────────────────────────

    [Theory]
    [InlineData(CovarianceType.Full)]
    [InlineData(CovarianceType.Diag)]
    [InlineData(CovarianceType.Spherical)]
    [InlineData(CovarianceType.TiedFull)]
    [InlineData(CovarianceType.TiedDiag)]
    [InlineData(CovarianceType.TiedSpherical)]
    public void PrecisionsAreInverseCovariances(CovarianceType type)
    {
        const int Features = 4;
        var model = new GaussianMixture(3) { CovarianceType = type, RandomState = 1 }.Fit(Data.Iris);
        Assert.Equal(model.Covariances.Values.Shape, model.Precisions.Shape);
        Assert.Equal(model.Covariances.Values.Shape, model.PrecisionsCholesky.Shape);

        for (var k = 0; k < 3; k++)
        {
            double[,] precision = Matrix(model.Precisions, type, k), factor = Matrix(model.PrecisionsCholesky, type, k);

            for (var i = 0; i < Features; i++)
            {
                for (var j = 0; j < Features; j++)
                {
                    var indices = Enumerable.Range(0, Features);
                    Assert.Equal(i == j ? 1 : 0, indices.Sum(l => precision[i, l] * model.Covariances[k][l, j]), 1e-9);
                    Assert.Equal(precision[i, j], indices.Sum(l => factor[i, l] * factor[j, l]), 1e-9 * Math.Abs(precision[i, i] + precision[j, j]));
                    Assert.True(i <= j || factor[i, j] == 0, "The factor is upper triangular.");
                }
            }
        }
    }

    /// <summary>The matrix (4×4) of component k that numbers in a structure's shape stand for.</summary>
    private static double[,] Matrix(Tensor values, CovarianceType type, int k)
    {
        var matrix = new double[4, 4];

        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < 4; j++)
            {
                matrix[i, j] = type switch
                {
                    CovarianceType.Full => ((double[,,])values)[k, i, j],
                    CovarianceType.TiedFull => ((double[,])values)[i, j],
                    _ when i != j => 0,
                    CovarianceType.Diag => ((double[,])values)[k, i],
                    CovarianceType.Spherical => ((double[])values)[k],
                    CovarianceType.TiedDiag => ((double[])values)[i],
                    _ => (double)values,
                };
            }
        }

        return matrix;
    }

    // ── Attempts ────────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void AnAttemptToFitSaysWhatIsWrongWithTheData()
    {
        var model = new GaussianMixture(2);
        Assert.True(model.TryFit(Data.Faithful, out var error));
        Assert.Null(error);
        var weights = model.Weights;

        Assert.False(model.TryFit([[3.6, 79], [1.8, double.NaN], [2.3, 60]], out error));
        Assert.StartsWith("The data must be complete", error);
        Assert.DoesNotContain("Parameter", error);
        Assert.False(model.TryFit([[1, 2], [1, 3], [1, 5]], out error));
        Assert.Contains("Column 0", error);
        Assert.Equal(weights, model.Weights);

        var singular = new GaussianMixture(3) { RegCovar = Regularisation.Floor(0), Init = InitMethod.Points };
        Assert.False(singular.TryFit([[0, 0], [1, 1], [2, 2], [3, 3]], out error));
        Assert.Equal(Assert.Throws<MixtureFitException>(() => singular.Fit([[0, 0], [1, 1], [2, 2], [3, 3]])).Message, error);
        Assert.False(singular.IsFitted);
    }

    [Fact]
    public void AnAttemptDoesNotHideMistakesInTheProgram()
    {
        Assert.Throws<ArgumentException>(() => new GaussianMixture(0).TryFit(Data.Faithful, out _));
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => new GaussianMixture(1).TryFit(null!, out _)).ParamName);
        Assert.Equal("sampleWeights[0]", Assert.Throws<ArgumentException>(() => new GaussianMixture(1).TryFit([[1], [2]], out _, [-1, 1])).Message[..16]);
        Assert.ThrowsAny<OperationCanceledException>(
            () => new GaussianMixture(1).TryFit(Data.Faithful, out _, cancellationToken: new CancellationToken(true)));
        Assert.Throws<ArgumentException>(() => CsvData.TryRead("any.csv", out _, out _, new() { Columns = ["a"], Without = ["b"] }));
        Assert.Throws<ArgumentNullException>(() => CsvData.TryRead(null!, out _, out _));
    }

    [Fact]
    public void AnAttemptToReadSaysWhatIsWrongWithTheFile()
    {
        var folder = Directory.CreateTempSubdirectory();

        try
        {
            string good = Path.Combine(folder.FullName, "good.csv"), bad = Path.Combine(folder.FullName, "bad.csv");
            File.WriteAllText(good, "a,b\n1,2\n3,4\n");
            File.WriteAllText(bad, "a,b\n1,2\n3\n");

            Assert.True(CsvData.TryRead(good, out var data, out var error));
            Assert.Equal([[1.0, 2], [3, 4]], data.Rows);
            Assert.Null(error);
            Assert.True(CsvData.TryRead(good, out data, out _, new() { Columns = ["b"] }));
            Assert.Equal([[2.0], [4]], data.Rows);

            Assert.False(CsvData.TryRead(bad, out data, out error));
            Assert.Null(data);
            Assert.Equal(Assert.Throws<IOException>(() => CsvData.Read(bad)).Message, error);
            Assert.False(CsvData.TryRead(good, out _, out error, new() { Columns = ["c"] }));
            Assert.Contains("\"c\"", error);
            Assert.False(CsvData.TryRead(good, out _, out error, new() { Decimal = 'x' }));
            Assert.StartsWith("Decimal must be", error);
            Assert.False(CsvData.TryRead(Path.Combine(folder.FullName, "none.csv"), out _, out error));
            Assert.Contains("none.csv", error);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // ── Texts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void ResultsSayWhatTheyAre()
    {
        var model = new GaussianMixture(2) { InitLabels = [.. Enumerable.Range(0, 272).Select(n => Data.Faithful[n, 0] > 3 ? 1 : 0)] }.Fit(Data.Faithful);
        Assert.Equal("272 rows of 2 columns", ((Rows)Data.Faithful).ToString());
        Assert.Equal("1 row of 1 column", Rows.Of([1]).ToString());
        Assert.Equal("GaussianRegression of 3 rows, 1 feature, 2 components", $"{model.Regress([1], [0], [[2], [3], [4]])}");

        var file = CsvData.Read(Path.Combine(AppContext.BaseDirectory, "data", "faithful.csv"));
        Assert.Equal(file.Report.Summary, $"{file}");
        Assert.Equal("\"a\"", $"{(CsvColumn)"a"}");
        Assert.Equal("3", $"{(CsvColumn)3}");
        Assert.Equal("none", $"{CsvColumn.None}");

        var selection = new GaussianMixture(1).Select(Data.Faithful, [1, 2], [CovarianceType.Full]);
        Assert.Equal(FormattableString.Invariant($"full, 1 component: BIC {selection.Candidates[0].Bic:G10}"), $"{selection.Candidates[0]}");

        var comparison = model.Compare(model);
        Assert.Equal(
            "first  second  distance  weight difference\n0           0         0                  0\n1           1         0                  0",
            comparison.ToString().ReplaceLineEndings("\n"));
        Assert.Equal("component 1 and component 1: distance 0, weight difference 0", $"{comparison.Pairs[1]}");

        var evaluation = model.Evaluate(Data.Faithful, model.Predict(Data.Faithful)).ToString();
        Assert.Contains(FormattableString.Invariant($"{model.Score(Data.Faithful):G10}"), evaluation);
        Assert.Contains("AdjustedRand", evaluation);
        Assert.Contains("Silhouette", evaluation);
        Assert.DoesNotContain("Silhouette", new GaussianMixture(1).Fit(Data.Faithful).Evaluate(Data.Faithful).ToString());
    }

    [Fact]
    public void ClassesAndLabelsAreWrittenAlikeInEveryCulture()
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");

        try
        {
            double[] truth = [1.5, 1.5, 2.5], labels = [0.25, 0.25, 0.75];
            var matrix = Metrics.Confusion(truth, labels).ToString();
            var report = Metrics.Report(truth, labels);
            Assert.All(["1.5", "2.5", "0.25", "0.75"], number => Assert.Contains(number, matrix));
            Assert.StartsWith("class 1.5, label 0.25: precision 1.0000", report.Classes[0].ToString());
            Assert.DoesNotContain(",", report.ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }
}
