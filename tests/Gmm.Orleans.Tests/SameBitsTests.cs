using Gmm.CSharp;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>Fits and predictions have the same bits on this machine and on one, two and three silos.</summary>
public class SameBitsTests(Clusters clusters)
{
    private const int Iterations = 12;

    /// <summary>What is fitted: the table, and a new model.</summary>
    private static readonly Dictionary<string, (string Table, Func<Estimator> Model)> Cases = MakeCases();

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task OfAnyNumberOfSilos(string name)
    {
        var (table, make) = Cases[name];
        Rows here = Tables.All[table];
        var expected = make().Fit(here);
        var predictions = Bits.OfPredictions(expected, here);

        for (var silos = 1; silos <= 3; silos++)
        {
            var there = await clusters.Open(silos, table);
            var found = make().Fit(there.Rows);
            Bits.AreEqual(expected, found);
            Assert.Equal(predictions, Bits.OfPredictions(found, there.Rows));
        }
    }

    [Fact]
    public async Task OfRowsWithWeights()
    {
        var expected = Gaussian(CovarianceType.Full).Fit(Tables.Real, Tables.Weights);
        var predictions = Bits.OfPredictions(expected, Tables.Real, Tables.Weights);

        for (var silos = 1; silos <= 3; silos++)
        {
            var file = await clusters.Open(silos, "real", "weights.npy");
            await using var sent = await clusters.Of(silos).Client.SendRowsAsync(Tables.Real, Tables.Weights);

            foreach (var there in new[] { file, sent })
            {
                var found = Gaussian(CovarianceType.Full).Fit(there.Rows);
                Bits.AreEqual(expected, found);
                Assert.Equal(predictions, Bits.OfPredictions(found, there.Rows));
            }
        }
    }

    [Fact]
    public async Task OfRowsOfSinglePrecision()
    {
        var table = new float[Tables.Rows, 3];

        for (var n = 0; n < Tables.Rows; n++)
        {
            for (var j = 0; j < 3; j++)
                table[n, j] = (float)Tables.Real[n, j];
        }

        var expected = Gaussian(CovarianceType.Full).Fit(table);
        await using var there = await clusters.Of(3).Client.SendRowsAsync(table);
        Assert.InRange(there.BytesSent, Tables.Rows * 3 * sizeof(float), Tables.Rows * 3 * sizeof(double) - 1);
        Bits.AreEqual(expected, Gaussian(CovarianceType.Full).Fit(there.Rows));
    }

    [Fact]
    public async Task OfSelections()
    {
        var expected = Gaussian(CovarianceType.Full);
        var ofHere = expected.Select(Tables.Real, [1, 2, 3]).Candidates.Select(each => each.Bic);

        for (var silos = 1; silos <= 3; silos++)
        {
            var there = await clusters.Open(silos, "real");
            var found = Gaussian(CovarianceType.Full);
            Assert.Equal(ofHere, found.Select(there.Rows, [1, 2, 3]).Candidates.Select(each => each.Bic));
            Bits.AreEqual(expected, found);
        }
    }

    [Fact]
    public async Task OfSeveralFilesAndOne()
    {
        // Three files, of which one is shorter than a block.
        Rows here = Tables.Real;
        var parts = new[] { (0, 7_001), (7_001, 7_100), (7_100, Tables.Rows) };
        var names = new List<string>();

        foreach (var (first, next) in parts)
        {
            names.Add($"part{names.Count}.npy");
            Rows.From(here.Skip(first).Take(next - first)).SaveNpy(Path.Combine(clusters.Folder, names[^1]));
        }

        var expected = Gaussian(CovarianceType.Full).Fit(here);
        await using var there = await clusters.Of(2).Client.OpenRowsAsync(names);
        var found = Gaussian(CovarianceType.Full).Fit(there.Rows);
        Bits.AreEqual(expected, found);
        Assert.Equal(Bits.OfPredictions(expected, here), Bits.OfPredictions(found, there.Rows));
    }

    /// <summary>A default fit of so many rows begins on a sample of them.</summary>
    [Fact]
    public async Task OfManyRows()
    {
        var random = new Random(5);
        var table = new double[80_000, 3];

        for (var n = 0; n < 80_000; n++)
        {
            for (var j = 0; j < 3; j++)
                table[n, j] = (n % 3 * (j + 2)) + random.NextDouble() + random.NextDouble();
        }

        var expected = new GaussianMixture(3).Fit(table);
        await using var there = await clusters.Of(2).Client.SendRowsAsync(table);
        Bits.AreEqual(expected, new GaussianMixture(3).Fit(there.Rows));
    }

    [Fact]
    public async Task OfFitsAtTheSameTime()
    {
        var there = await clusters.Open(2, "real");
        var expected = Gaussian(CovarianceType.Full).Fit(Tables.Real);
        var found = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Gaussian(CovarianceType.Full).Fit(there.Rows))));
        Assert.All(found, model => Bits.AreEqual(expected, model));
    }

    private static Dictionary<string, (string Table, Func<Estimator> Model)> MakeCases()
    {
        var cases = new Dictionary<string, (string Table, Func<Estimator> Model)>
        {
            ["Bernoulli"] = ("binary", () => Brief(new BernoulliMixture(3) { Init = InitMethod.RandomResponsibilities })),
            ["beta"] = ("shares", () => Brief(new BetaMixture(3))),
            ["binomial"] = ("counts", () => Brief(new BinomialMixture(3, 12))),
            ["categorical"] = ("counts", () => Brief(new CategoricalMixture(3, 12))),
            ["exponential"] = ("positive", () => Brief(new ExponentialMixture(3))),
            ["gamma"] = ("positive", () => Brief(new GammaMixture(3))),
            ["geometric"] = ("counts", () => Brief(new GeometricMixture(3))),
            ["log-normal"] = ("positive", () => Brief(new LogNormalMixture(3))),
            ["multinomial"] = ("counts", () => Brief(new MultinomialMixture(3))),
            ["negative binomial"] = ("counts", () => Brief(new NegativeBinomialMixture(3))),
            ["Poisson"] = ("counts", () => Brief(new PoissonMixture(3))),
            ["von Mises-Fisher"] = ("directions", () => Brief(new VonMisesFisherMixture(3))),
            ["Student's t"] = ("real", () => Brief(new StudentTMixture(3))),
            ["product"] = ("counts", () => Brief(new ProductMixture(3) { Parts = [CSharp.Part.Poisson([2]), CSharp.Part.Gaussian([1, 0])] })),
            ["k-means"] = ("real", () => new CSharp.KMeans(3) { RandomState = 2 }),
            ["noise"] = ("real", () => Gaussian(CovarianceType.Full, model => model.Noise = CSharp.NoiseVolume.Hypervolume)),
            ["restarts"] = ("real", () => Gaussian(CovarianceType.Full, model => model.Restarts = 3)),
            ["prior"] = ("real", () => Gaussian(CovarianceType.Full, model => model.WeightConcentrationPrior = 2.0)),
            ["hard assignment"] = ("real", () => Gaussian(CovarianceType.Full, model => model.Cem = true)),
            ["start at means"] = ("real", () => Gaussian(CovarianceType.Full, model => model.InitMeans = new double[,] { { 1, 1, 1 }, { 3, 4, 5 }, { 5, 7, 9 } })),
        };

        int[] labels = [.. Enumerable.Range(0, Tables.Rows).Select(n => n * 7 % 3)];
        var shares = new double[Tables.Rows, 3];

        for (var n = 0; n < Tables.Rows; n++)
        {
            shares[n, n % 3] = 0.75;
            shares[n, (n + 1) % 3] = 0.25;
        }

        cases["start at labels"] = ("real", () => Gaussian(CovarianceType.Full, model => model.InitLabels = labels));
        cases["start at responsibilities"] = ("real", () => Gaussian(CovarianceType.Full, model => model.InitResponsibilities = shares));

        foreach (var type in Enum.GetValues<CovarianceType>())
            cases[$"Gaussian {type}"] = ("real", () => Gaussian(type));

        foreach (var init in Enum.GetValues<InitMethod>())
            cases[$"start {init}"] = ("real", () => Gaussian(CovarianceType.Diag, model => model.Init = init));

        return cases;
    }

    private static GaussianMixture Gaussian(CovarianceType type, Action<GaussianMixture>? set = null)
    {
        var model = Brief(new GaussianMixture(3) { CovarianceType = type });
        set?.Invoke(model);
        return model;
    }

    private static T Brief<T>(T model)
        where T : MixtureModel
    {
        model.MaxIterations = Iterations;
        model.RandomState = 1;
        return model;
    }
}
