using Gmm.CSharp;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>Silos read files of a format that another package opens.</summary>
public class ParquetTests
{
    [Fact]
    public async Task AFitOfParquetFilesOnSilosHasTheBitsOfMemory()
    {
        var folder = Directory.CreateTempSubdirectory("gmm-parquet-").FullName;

        try
        {
            string[] names = ["first.parquet", "second.parquet"];
            var half = Tables.Rows / 2;
            Rows all = Tables.Real;
            ParquetFile.Write(Path.Combine(folder, names[0]), [], Of(all.Take(half)));
            ParquetFile.Write(Path.Combine(folder, names[1]), [], Of(all.Skip(half)));
            await using var cluster = await GmmCluster.StartAsync(2, options =>
            {
                options.Folder = folder;
                options.Formats.Add(RowFormat.Of(".parquet", path => ParquetFile.Open(path), file => file.Source));
            });

            await using var rows = await cluster.Client.OpenRowsAsync(names);
            static GaussianMixture Fit(Rows rows) => new GaussianMixture(components: 3) { MaxIterations = 5 }.Fit(rows);
            var (expected, found) = (Fit(all), Fit(rows.Rows));
            Bits.AreEqual(expected, found);
            Assert.Equal(Bits.OfPredictions(expected, all), Bits.OfPredictions(found, rows.Rows));

            // The same file, in this process: a source of another package is rows.
            using var file = ParquetFile.Open(Path.Combine(folder, names[0]));
            Bits.AreEqual(Fit([.. all.Take(half)]), Fit(file.Source));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void AFormatKnowsItsEndingInUpperAndLowerCase()
    {
        Assert.True(RowFormat.Npy.Knows("ROWS.NPY"));
        Assert.False(RowFormat.Npy.Knows("rows.npy.parquet"));
    }

    [Fact]
    public void AFileWhoseRowsCantBeTakenIsClosed()
    {
        var trouble = new InvalidOperationException("no rows");
        var file = new Closing();
        var failing = RowFormat.Of(".rows", _ => file, Source (_) => throw trouble);
        Assert.Same(trouble, Assert.Throws<InvalidOperationException>(() => failing.Open("a.rows")));
        Assert.Equal(1, file.Closed);

        file = new Closing();
        var without = RowFormat.Of(".rows", _ => file, Source (_) => null!);
        Assert.Throws<ArgumentNullException>(() => without.Open("a.rows"));
        Assert.Equal(1, file.Closed);

        file = new Closing();
        var format = RowFormat.Of(".rows", _ => file, _ => Of([[1.0], [2.0]]));
        var open = format.Open("a.rows");
        Assert.Equal((2L, 0), (open.Source.Rows, file.Closed));
        open.Dispose();
        Assert.Equal(1, file.Closed);
    }

    private sealed class Closing : IDisposable
    {
        public int Closed { get; private set; }

        public void Dispose() => Closed++;
    }

    private static Source Of(IEnumerable<double[]> rows) => GmmErrorModule.get(SourceModule.ofRows([.. rows]));
}
