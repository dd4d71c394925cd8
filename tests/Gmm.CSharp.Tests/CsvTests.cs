using System.Globalization;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>Files are read as the core reads them; errors name line and column.</summary>
public sealed class CsvTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Fact]
    public void FaithfulHasNamesAndNoLabels()
    {
        var file = CsvData.Read(Path.Combine(AppContext.BaseDirectory, "data", "faithful.csv"));
        Assert.Equal(["eruptions", "waiting"], file.ColumnNames);
        Assert.Null(file.Labels);
        Assert.Equal(Data.Jagged(Data.Faithful), file.Rows);
    }

    [Fact]
    public void IrisHasLabels()
    {
        var file = CsvData.Read(Path.Combine(AppContext.BaseDirectory, "data", "iris.csv"));
        Assert.Equal(4, file.ColumnNames.Count);
        Assert.Equal((150L, 4), (file.Rows.Count, file.Rows.Columns));
        Assert.Equal(3, file.Labels!.Distinct().Count());
        Assert.Equal(Data.Species, file.Labels!.Select(label => file.Labels!.Distinct().ToList().IndexOf(label)));
    }

    [Theory]
    [InlineData(null, null, "1,2\n3,4\n", 2, "column 1")]
    [InlineData(true, null, "1,2\n3,4\n", 1, "1")]
    [InlineData(null, ';', "a;b\n1.5;2\n", 1, "a")]
    [InlineData(null, null, "a;b\n1.5;2\n", 1, "a")]
    public void HeaderAndSeparatorReachTheCore(bool? header, char? separator, string text, int rows, string name)
    {
        var culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");

        try
        {
            var file = Read(text, header, separator);
            Assert.Equal((rows, name), (file.Rows.Count(), file.ColumnNames[0]));
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [Theory]
    [InlineData("a,b\n1,2\n3,x4\n", ", line 3, column 2: The cell must be a number, but is \"x4\".")]
    [InlineData("a,b\n1,2\n,4\n", ", line 3, column 1: The cell must be a number, but is empty.")]
    [InlineData("a,b\nNaN,2\n", ", line 2, column 1: The cell must be a finite number, but is NaN.")]
    [InlineData("a,b\n1,2\n3\n", ", line 3: The row has 1 cells and the first row has 2.")]
    [InlineData("a,b\n", ": The file has a header, but no rows.")]
    [InlineData("", ": The file is empty.")]
    public void WhatIsWrongIsToldWithItsPlace(string text, string message) =>
        Assert.Equal(path + message, Assert.Throws<IOException>(() => Read(text, header: true)).Message);

    [Fact]
    public void MissingFile()
    {
        Assert.Equal("nowhere/missing.csv: There is no such file.", Assert.Throws<IOException>(() => CsvData.Read("nowhere/missing.csv")).Message);
        string folder = Path.GetTempPath();
        Assert.Equal($"{folder}: This is a folder, not a file.", Assert.Throws<IOException>(() => CsvData.Read(folder)).Message);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => CsvData.Read(null!)).ParamName);
    }

    private CsvData Read(string text, bool? header = null, char? separator = null)
    {
        File.WriteAllText(path, text);
        return CsvData.Read(path, header, separator);
    }
}
