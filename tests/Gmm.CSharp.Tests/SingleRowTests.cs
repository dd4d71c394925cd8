using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Predictions of single rows: no memory, and errors as for all rows. That their numbers are the same, every test with <see cref="Against"/> checks.</summary>
public class SingleRowTests
{
    private static readonly GaussianMixture Model = new GaussianMixture(3) { CovarianceType = CovarianceType.TiedFull }.Fit(Data.Iris);

    [Fact]
    public void NothingIsAllocated()
    {
        double[] row = [6, 3, 4, 1];
        var responsibilities = new double[3];

        void Call()
        {
            Model.Predict(row);
            Model.ScoreSample(row);
            Model.PredictProba(row, responsibilities);
        }

        for (var i = 0; i < 100; i++)
        {
            Call();
        }

        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();

            for (var i = 0; i < 1000; i++)
            {
                Call();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // A collection may take an array from the shared pool, and the next call then makes another.
        Assert.Equal(0, Enumerable.Range(0, 10).Min(_ => Round()));
    }

    [Fact]
    public void ClustersAreThoseOfAllRows()
    {
        var clusters = new KMeans(4).Fit(Data.Iris);
        Assert.Equal(clusters.Predict(Data.Iris), Data.Jagged(Data.Iris).Select(row => clusters.Predict(row)));
    }

    public static TheoryData<double[]> Unusable =>
    [
        (double[])[1, 2, 3],
        (double[])[1, 2, 3, 4, 5],
        (double[])[1, 2, 3, double.NaN],
        (double[])[double.NegativeInfinity, 2, 3, 4],
    ];

    [Theory]
    [MemberData(nameof(Unusable))]
    public void UnusableRowIsAnError(double[] row)
    {
        var expected = Assert.Throws<ArgumentException>(() => Model.Predict([row]));

        Action[] calls = [() => Model.Predict(row), () => Model.ScoreSample(row), () => Model.PredictProba(row, new double[3])];

        foreach (var call in calls)
        {
            var error = Assert.Throws<ArgumentException>("row", call);
            Assert.Equal(expected.Message.Replace("'data'", "'row'"), error.Message);
        }
    }

    [Fact]
    public void RowOutsideTheDomainIsAnError()
    {
        var counts = new PoissonMixture(1).Fit(new double[,] { { 1 }, { 2 }, { 4 } });
        Assert.StartsWith("Data for poisson must be a whole number from 0 upward", Assert.Throws<ArgumentException>("row", () => counts.Predict((double[])[0.5])).Message);
    }

    [Fact]
    public void RoomForAnotherNumberOfResponsibilitiesIsAnError()
    {
        var error = Assert.Throws<ArgumentException>("responsibilities", () => Model.PredictProba([6, 3, 4, 1], new double[2]));
        Assert.StartsWith("responsibilities must be of 3 numbers, one for every component, but is of 2.", error.Message);
    }

    [Fact]
    public void BeforeAFitTheRemedyIsNamed()
    {
        var model = new GaussianMixture(2);

        (string Name, Action Call)[] calls =
        [
            ("Predict", () => model.Predict([1, 2])),
            ("ScoreSample", () => model.ScoreSample([1, 2])),
            ("PredictProba", () => model.PredictProba([1, 2], new double[2])),
        ];

        foreach (var (name, call) in calls)
        {
            var error = Assert.Throws<InvalidOperationException>(call);
            Assert.Equal($"GaussianMixture.{name} needs a fitted model. Call Fit or FitPredict first.", error.Message);
        }
    }
}
