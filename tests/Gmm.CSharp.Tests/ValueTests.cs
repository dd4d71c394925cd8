using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>The small types that arrays turn into.</summary>
public class ValueTests
{
    private static readonly double[] Flat = [.. Data.Faithful.Cast<double>()];

    public static TheoryData<string, Rows> Kinds => new()
    {
        { "double[][]", Data.Jagged(Data.Faithful) },
        { "memory", Rows.FromMemory(Flat, 2) },
        { "part of memory", Rows.FromMemory(new double[] { 9, 9 }.Concat(Flat).ToArray().AsMemory(2), 2) },
        { "collection", [.. Data.Jagged(Data.Faithful)] },
    };

    [Theory]
    [MemberData(nameof(Kinds), DisableDiscoveryEnumeration = true)]
    public void EveryKindOfDataGivesTheSameBits(string kind, Rows data)
    {
        var expected = new GaussianMixture(2).Fit(Data.Faithful);
        var model = new GaussianMixture(2).Fit(data);
        Assert.True(expected.Means.Cast<double>().SequenceEqual(model.Means.Cast<double>()), kind);
        Assert.Equal(expected.PredictProba(Data.Faithful), model.PredictProba(data));
        Assert.Equal((272, 2), (data.Count, data.Columns));
    }

    /// <summary>How far results of single precision may be from those of the same numbers in double precision.</summary>
    private const double SingleTolerance = 1e-5;

    private static readonly float[] FlatSingle = Array.ConvertAll(Flat, number => (float)number);

    private static float[,] Rectangular(float[] flat)
    {
        var rectangular = new float[flat.Length / 2, 2];
        Buffer.BlockCopy(flat, 0, rectangular, 0, sizeof(float) * flat.Length);
        return rectangular;
    }

    public static TheoryData<string, Rows> SingleKinds => new()
    {
        { "float[][]", FlatSingle.Chunk(2).ToArray() },
        { "float[,]", Rectangular(FlatSingle) },
        { "memory", Rows.FromMemory(FlatSingle, 2) },
        { "part of memory", Rows.FromMemory(new float[] { 9, 9 }.Concat(FlatSingle).ToArray().AsMemory(2), 2) },
    };

    [Theory]
    [MemberData(nameof(SingleKinds), DisableDiscoveryEnumeration = true)]
    public void SinglePrecisionIsTheSameNumbersInDoublePrecision(string kind, Rows data)
    {
        double[][] widened = Array.ConvertAll(FlatSingle, number => (double)number).Chunk(2).ToArray();
        Assert.Equal(widened, data);
        Assert.Equal((272, 2), (data.Count, data.Columns));
        GaussianMixture expected = new GaussianMixture(2).Fit(widened), model = new GaussianMixture(2).Fit(data);

        void Near(IEnumerable<double> one, IEnumerable<double> other) =>
            Assert.All(one.Zip(other), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= SingleTolerance * Math.Max(1, Math.Abs(pair.First)), kind));

        Near(expected.Means.Cast<double>(), model.Means.Cast<double>());
        Near(expected.PredictProba(widened).Cast<double>(), model.PredictProba(data).Cast<double>());
        Near(expected.ScoreSamples(widened), model.ScoreSamples(data));
        Assert.Equal(expected.Predict(widened), model.Predict(data));
        Assert.Equal(new KMeans(2).FitPredict(widened), new KMeans(2).FitPredict(data));
    }

    [Fact]
    public void OneRowIsWrittenInBrackets()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        Assert.Equal(model.Predict(new double[,] { { 3.6, 79 }, { 1.8, 54 } }), model.Predict([[3.6, 79], [1.8, 54]]));
    }

    [Fact]
    public void RectangularDataAreReadInPlaceAndJaggedOnesCopied()
    {
        double[,] rectangular = { { 1, 2 } };
        double[][] jagged = [[1, 2]];
        Rows inPlace = rectangular, copied = jagged;
        rectangular[0, 1] = jagged[0][1] = 7;
        Assert.Equal([1.0, 7], inPlace.Single());
        Assert.Equal([1.0, 2], copied.Single());
    }

    [Fact]
    public void SinglePrecisionIsReadInPlaceAndCopiedAlike()
    {
        float[,] rectangular = { { 1, 2 } };
        float[][] jagged = [[1, 2]];
        float[] flat = [1, 2];
        Rows inPlace = rectangular, copied = jagged, memory = Rows.FromMemory(flat, 2);
        rectangular[0, 1] = jagged[0][1] = flat[1] = 7;
        Assert.Equal([1.0, 7], inPlace.Single());
        Assert.Equal([1.0, 7], memory.Single());
        Assert.Equal([1.0, 2], copied.Single());
    }

    [Fact]
    public void RowsAreCopiesInOrderThroughManyBlocks()
    {
        var values = Enumerable.Range(0, 30_000).Select(i => (double)i).ToArray();
        var rows = Rows.FromMemory(values, 3);
        Assert.Equal(values, rows.SelectMany(row => row));
        rows.First()[0] = 77;
        Assert.Equal(0, rows.First()[0]);
    }

    [Fact]
    public void TensorsKeepShapeAndNumbers()
    {
        Tensor number = 2, vector = new double[] { 1, 2 }, matrix = new double[,] { { 1, 2 } }, stack = new double[1, 2, 3];
        Assert.Empty(number.Shape);
        Assert.Equal([2], vector.Shape);
        Assert.Equal([1, 2], matrix.Shape);
        Assert.Equal([1, 2, 3], stack.Shape);
        Assert.Equal(2, (double)number);
        Assert.Equal([1, 2], (double[])vector);
        Assert.Equal(new double[,] { { 1, 2 } }, (double[,])matrix);
        Assert.Equal(new double[1, 2, 3], (double[,,])stack);
        Assert.Equal("[1; 2]", vector.ToString());
    }

    [Fact]
    public void TensorOfAnotherShapeIsNoSuchArray()
    {
        Tensor vector = new double[] { 1, 2 };
        Assert.Equal(
            "A tensor of shape (2) has 1 dimension, not 2.",
            Assert.Throws<InvalidCastException>(() => (double[,])vector).Message);
        Assert.Throws<InvalidCastException>(() => (double)vector);
        Assert.Throws<InvalidCastException>(() => (double[,,])vector);
        Assert.Throws<InvalidCastException>(() => (double[])(Tensor)1.0);
    }

    [Fact]
    public void TensorsAreImmutableValues()
    {
        double[] numbers = [1, 2];
        double[,] matrix = { { 1, 2 } };
        Tensor a = numbers, b = matrix;
        numbers[0] = matrix[0, 0] = 7;
        Assert.Equal((Tensor)new double[] { 1, 2 }, a);
        Assert.Equal((Tensor)new double[,] { { 1, 2 } }, b);
        Assert.NotEqual(a, b);
        Assert.True(a == new double[] { 1, 2 } && b != a && a != null && (Tensor?)null == null);
        Assert.Equal(((Tensor)new double[] { 1, 2 }).GetHashCode(), a.GetHashCode());
        Assert.False(a.Equals("text"));
    }

    [Fact]
    public void NullIsNoTensor()
    {
        Assert.Throws<ArgumentNullException>(() => (Tensor)(double[])null!);
        Assert.Throws<ArgumentNullException>(() => (Tensor)(double[,])null!);
        Assert.Throws<ArgumentNullException>(() => (Tensor)(double[,,])null!);
        Assert.Equal("tensor", Assert.Throws<ArgumentNullException>(() => (double)(Tensor)null!).ParamName);
        Assert.Equal("tensor", Assert.Throws<ArgumentNullException>(() => (double[,])(Tensor)null!).ParamName);
    }

    [Theory]
    [InlineData(CovarianceType.Full, new[] { 3, 4, 4 })]
    [InlineData(CovarianceType.Diag, new[] { 3, 4 })]
    [InlineData(CovarianceType.Spherical, new[] { 3 })]
    [InlineData(CovarianceType.TiedFull, new[] { 4, 4 })]
    [InlineData(CovarianceType.TiedDiag, new[] { 4 })]
    [InlineData(CovarianceType.TiedSpherical, new int[0])]
    public void CovariancesHaveTheStructuresShapeAndAMatrixForEveryComponent(CovarianceType type, int[] shape)
    {
        var covariances = new GaussianMixture(3) { CovarianceType = type }.Fit(Data.Iris).Covariances;
        Assert.Equal(shape, covariances.Values.Shape);
        Assert.Equal(3, covariances.Count);
        Assert.All(covariances, matrix => Assert.Equal((4, 4), (matrix.GetLength(0), matrix.GetLength(1))));
        Assert.Throws<ArgumentOutOfRangeException>(() => covariances[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => covariances[-1]);
        Assert.Equal(covariances.Values.ToString(), covariances.ToString());
    }

    [Fact]
    public void RegularisationsAreValues()
    {
        Assert.Equal(Regularisation.Floor(1e-8), new GaussianMixture(1).RegCovar);
        Assert.Equal(default, Regularisation.Floor(0));
        Assert.NotEqual(Regularisation.Absolute(1), Regularisation.Floor(1));
        Assert.Equal("Absolute(0.5)", Regularisation.Absolute(0.5).ToString());
        Assert.Equal("Floor(1E-08)", Regularisation.Floor(1e-8).ToString());
    }
}
