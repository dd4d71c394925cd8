using Deedle;
using Microsoft.Data.Analysis;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Tables of other libraries are rows, and take results as columns.</summary>
public class TableTests
{
    private static readonly double[,] Numbers = Numbered();

    [Fact]
    public void AFrameOfMicrosoftDataAnalysisIsRows()
    {
        var frame = new DataFrame(
            new DoubleDataFrameColumn("x", Column(0)),
            new StringDataFrameColumn("name", Column(0).Select(number => $"{number}")),
            new DoubleDataFrameColumn("y", Column(1)));

        var labels = Check(frame.ToSource());
        Assert.Equal(labels, Fit(frame.ToSource("x", "y")).Predict(frame.ToSource("x", "y")));
        var result = frame.WithResults(ResultColumn.Of("label", labels));
        Assert.Equal(labels, result.Columns.GetInt32Column("label").Select(label => label!.Value));
    }

    [Fact]
    public void AFrameOfDeedleIsRows()
    {
        var frame = Frame.FromColumns(new Dictionary<string, Series<int, double>>
        {
            ["x"] = Column(0).ToOrdinalSeries(),
            ["y"] = Column(1).ToOrdinalSeries(),
        });

        var labels = Check(frame.ToSource());
        var result = frame.WithResults(ResultColumn.Of("label", labels));
        Assert.Equal(labels, result.GetColumn<int>("label").Values);
    }

    [Fact]
    public void AParquetFileIsRowsAndTakesResults()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.parquet");

        try
        {
            string[] names = ["x", "y"];
            ParquetFile.Write(path, names, GmmErrorModule.get(SourceModule.ofArray2D(Numbers)));
            int[] labels;

            using (var file = ParquetFile.Open(path))
            {
                Assert.Equal(names, file.Columns);
                labels = Check(file.Source);
            }

            using (var file = ParquetFile.Open(path, "y", "x"))
            {
                ParquetFile.Write($"{path}.labelled", file.Columns, file.Source, ResultColumn.Of("label", labels));
            }

            using var labelled = ParquetFile.Open($"{path}.labelled", "label");
            Rows rows = labelled.Source;
            Assert.Equal(labels, rows.Select(row => (int)row[0]));
            Assert.Throws<GmmException>(() => ParquetFile.Open(path, "z"));
        }
        finally
        {
            File.Delete(path);
            File.Delete($"{path}.labelled");
        }
    }

    private static GaussianMixture Fit(Rows rows) => new GaussianMixture(components: 2) { MaxIterations = 5 }.Fit(rows);

    private static int[] Check(Source source)
    {
        var (expected, found) = (Fit(Numbers), Fit(source));
        Assert.Equal(expected.LogLikelihood, found.LogLikelihood);
        Assert.Equal(expected.Predict(Numbers), found.Predict(source));
        return found.Predict(source);
    }

    private static IEnumerable<double> Column(int column) =>
        Enumerable.Range(0, Numbers.GetLength(0)).Select(row => Numbers[row, column]);

    private static double[,] Numbered()
    {
        var numbers = new double[500, 2];

        for (var n = 0; n < 500; n++)
        {
            numbers[n, 0] = ((n % 2) * 6.0) + Math.Sin(n);
            numbers[n, 1] = Math.Cos(3.0 * n);
        }

        return numbers;
    }
}
