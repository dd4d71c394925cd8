using System.Globalization;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Files of NumPy are data as arrays are, for as long as they are open.</summary>
public sealed class NpyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("gmm").FullName;

    private string Target => Path.Combine(folder, "rows.npy");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void AFileIsWhatWasWritten()
    {
        ((Rows)Data.Iris).SaveNpy(Target);
        using var file = NpyData.Open(Target);
        Assert.Equal((150L, 4), (file.Rows.Count, file.Rows.Columns));
        Assert.Equal(Data.Jagged(Data.Iris), file.Rows);
    }

    [Fact]
    public void AFitOfAFileIsThatOfAnArray()
    {
        ((Rows)Data.Iris).SaveNpy(Target);
        var expected = new GaussianMixture(3).Fit(Data.Iris);
        GaussianMixture model;

        using (var file = NpyData.Open(Target))
        {
            model = new GaussianMixture(3).Fit(file.Rows);
            Assert.Equal(expected.PredictProba(Data.Iris), model.PredictProba(file.Rows));
            Assert.Equal(new KMeans(3).Fit(Data.Iris).Centers, new KMeans(3).Fit(file.Rows).Centers);
        }

        Assert.Equal(expected.Trace, model.Trace);
        Assert.Equal(expected.Means, model.Means);
        Assert.Equal(expected.ScoreSamples(Data.Iris), model.ScoreSamples(Data.Iris));
    }

    [Fact]
    public void SinglePrecisionAndOneDimension()
    {
        var numbers = Enumerable.Range(0, 9).SelectMany(i => BitConverter.GetBytes(i / 3f)).ToArray();
        Write("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }", numbers);
        using var file = NpyData.Open(Target);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => new double[] { i / 3f }), file.Rows);
    }

    [Theory]
    [InlineData("<i4", false, "01000000feffffff030000000400000005000000faffffff")]
    [InlineData("<i4", true, "0100000004000000feffffff0500000003000000faffffff")]
    [InlineData("|i1", false, "01fe030405fa")]
    [InlineData(">i2", true, "00010004fffe00050003fffa")]
    [InlineData("<f2", false, "003c00c000420044004500c6")]
    [InlineData("<f8", true, "000000000000f03f000000000000104000000000000000c00000000000001440000000000000084000000000000018c0")]
    public void IntegersAndColumnsBecomeRows(string type, bool isFortran, string bytes)
    {
        Write($"{{'descr': '{type}', 'fortran_order': {isFortran}, 'shape': (2, 3), }}", Convert.FromHexString(bytes));
        using var file = NpyData.Open(Target);
        Assert.Equal([[1, -2, 3], [4, 5, -6]], file.Rows);
    }

    [Fact]
    public void AnIntegerThatNoDoubleEqualsIsToldWithItsPlace()
    {
        Write("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2), }", [.. new byte[8], .. BitConverter.GetBytes((1L << 53) + 1)]);
        using var file = NpyData.Open(Target);
        Assert.Equal(
            $"{Target}: Row 0, column 1 (counting from 0) holds 9007199254740993, which no float64 equals; round with array.astype('<f8'), or subtract an offset before saving.",
            Assert.Throws<IOException>(() => new GaussianMixture(1).Fit(file.Rows)).Message);
    }

    [Fact]
    public void AFitOfAFileInSinglePrecisionIsThatOfAnArray()
    {
        float[] numbers = [.. Data.Iris.Cast<double>().Select(number => (float)number)];
        Write("{'descr': '<f4', 'fortran_order': False, 'shape': (150, 4), }", [.. numbers.SelectMany(BitConverter.GetBytes)]);
        using var file = NpyData.Open(Target);
        var memory = Rows.FromMemory(numbers, 4);
        GaussianMixture expected = new GaussianMixture(3).Fit(memory), model = new GaussianMixture(3).Fit(file.Rows);
        Assert.Equal(expected.Trace, model.Trace);
        Assert.Equal(expected.Means, model.Means);
        Assert.Equal(expected.ScoreSamples(memory), model.ScoreSamples(file.Rows));
    }

    [Theory]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 2), }", "Its numbers must be floating-point numbers, integers or Booleans of at most 8 bytes, but are <c8; save them with array.astype('<f8').")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 2), }", "Its shape must be N×D or N, but is 2×2×2.")]
    [InlineData("{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2), }", "It is cut short: a shape of 4×2 takes 134 bytes, but it has 86.")]
    public void WhatIsWrongIsToldWithThePath(string header, string reason)
    {
        Write(header, new byte[16]);
        Assert.Equal($"{Target}: {reason}", Assert.Throws<IOException>(() => NpyData.Open(Target)).Message);
    }

    [Fact]
    public void FilesThatAreNone()
    {
        Assert.Equal($"{Target}: There is no such file.", Assert.Throws<IOException>(() => NpyData.Open(Target)).Message);
        Assert.Equal($"{folder}: This is a folder, not a file.", Assert.Throws<IOException>(() => NpyData.Open(folder)).Message);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => NpyData.Open(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => Rows.Of([1]).SaveNpy(null!)).ParamName);
        Assert.Throws<IOException>(() => Rows.Of([1]).SaveNpy(folder));
    }

    [Fact]
    public void AChangeWhileInUseIsAnErrorAndTheEarlierFitStays()
    {
        ((Rows)Data.Faithful).SaveNpy(Target);
        using var file = NpyData.Open(Target);
        var model = new GaussianMixture(2).Fit(file.Rows);
        var before = model.Weights;
        File.SetLastWriteTimeUtc(Target, DateTime.Parse("2001-01-01", CultureInfo.InvariantCulture));
        var expected = $"{Target}: It was changed while it was in use. Write to another file and rename it.";
        Assert.Equal(expected, Assert.Throws<IOException>(() => model.Fit(file.Rows)).Message);
        Assert.Equal(expected, Assert.Throws<IOException>(() => model.Predict(file.Rows)).Message);
        Assert.Equal(expected, Assert.Throws<IOException>(() => file.Rows.Count()).Message);
        Assert.Equal(before, model.Weights);
    }

    [Fact]
    public void AClosedFileHasNoRows()
    {
        ((Rows)Data.Faithful).SaveNpy(Target);
        var file = NpyData.Open(Target);
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new GaussianMixture(2).Fit(file.Rows));
    }

    private void Write(string header, byte[] numbers) =>
        File.WriteAllBytes(
            Target, [0x93, .. "NUMPY"u8, 1, 0, (byte)(header.Length + 1), 0, .. System.Text.Encoding.ASCII.GetBytes(header + "\n"), .. numbers]);
}
