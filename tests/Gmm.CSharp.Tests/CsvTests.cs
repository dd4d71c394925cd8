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
    [InlineData(null, null, "1,2.5\n3,4\n", 2, "column 1")]
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
    [InlineData("a,b\n1,2\n3,x4\n", ", line 3, column 2: The cell must be a number, but is \"x4\". If it stands for a missing cell, add it to MissingWords. If the column holds no data, name it in Labels or RowNames, or leave it out with Columns.")]
    [InlineData("a,b\n1,2\n,4\n", ", line 3, column 1: The cell is empty; it is the only missing cell in 2 rows. Have NaN in such cells by setting Missing to Keep, leave out such rows by setting Missing to DropRows, or columns with Columns.")]
    [InlineData("a,b\n1e999,2\n", ", line 2, column 1: The cell must be a finite number, but is 1e999.")]
    [InlineData("a,b\n1,2\n3\n", ", line 3: The row has 1 cell and the first row has 2. If the numbers have decimal commas, set Decimal to ','.")]
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

    [Fact]
    public void AnExportIsReadWithOptions()
    {
        const string export = "id;a;b;kind;note\nA1;1.000;2,5;u;x\nA2;NA;3,5;v;y\nA3;3;4,5;w;z\n";
        var file = Read(export, new() { Decimal = ',', Thousands = '.', Labels = "kind", Without = [5], Missing = MissingCells.DropRows });
        Assert.Equal([[1000, 2.5], [3, 4.5]], file.Rows);
        Assert.Equal(["a", "b"], file.ColumnNames);
        Assert.Equal(["u", "w"], file.Labels!);
        Assert.Equal(["A1", "A3"], file.RowNames!);
        Assert.Equal((3, 1, 1), (file.Report.FileRows, file.Report.DroppedRows, file.Report.MissingCells));
        Assert.Equal((true, ';', ','), (file.Report.HasHeader, file.Report.Separator, file.Report.Decimal));
        Assert.Equal(new CsvColumnReport(1, "id", CsvRole.RowNames, "by its name"), file.Report.Columns[0]);
        Assert.Equal(
            [CsvRole.RowNames, CsvRole.Data, CsvRole.Data, CsvRole.Labels, CsvRole.LeftOut],
            file.Report.Columns.Select(column => column.Role));
        Assert.Equal(
            """
            data: 2 rows of 2 columns: a, b
            labels: kind (as the options say)
            row names: id (by its name)
            left out: note (as the options say)
            dropped: 1 of 3 rows, with 1 missing cell
            format: a header, semicolons between cells, decimal commas
            """.ReplaceLineEndings("\n"),
            file.Report.ToString());

        file = Read(export, new() { Decimal = ',', Columns = ["b"], Labels = CsvColumn.None, RowNames = CsvColumn.None });
        Assert.Equal([[2.5], [3.5], [4.5]], file.Rows);
        Assert.Null(file.Labels);
        Assert.Null(file.RowNames);
    }

    [Fact]
    public void WordsForMissingCellsAreAnOption()
    {
        Assert.Equal(["", "NA", "N/A", "#N/A", "<NA>", "NaN", "null", "?"], CsvOptions.DefaultMissingWords);
        var file = Read("a,b\n1,2\n-9,3\n", new() { MissingWords = [.. CsvOptions.DefaultMissingWords, "-9"], Missing = MissingCells.DropRows });
        Assert.Equal([[1, 2]], file.Rows);
    }

    [Fact]
    public void OptionsThatBreakTheirRulesAreToldByName()
    {
        string Message(CsvOptions options) => Assert.Throws<ArgumentException>(() => Read("a,b\n1,2\n", options)).Message;
        Assert.Equal("Labels must be one of the columns a, b, by name, or by number from 1 to 2, but is \"c\".", Message(new() { Labels = "c" }));
        Assert.StartsWith("Columns must be one of the columns a, b, ", Message(new() { Columns = [1, 3] }));
        Assert.StartsWith("Columns must be unset where Without is set", Message(new() { Columns = [1], Without = [2] }));
        Assert.StartsWith("Columns must be columns of the file", Message(new() { Columns = [CsvColumn.None] }));
        Assert.StartsWith("Decimal must be '.' or ','", Message(new() { Decimal = ';' }));
        Assert.StartsWith("Missing must be one of Refuse, DropRows, Keep", Message(new() { Missing = (MissingCells)7 }));
        Assert.Equal("options", Assert.Throws<ArgumentNullException>(() => CsvData.Read(path, null!)).ParamName);
    }

    private CsvData Read(string text, CsvOptions options)
    {
        File.WriteAllText(path, text);
        return CsvData.Read(path, options);
    }

    private CsvData Read(string text, bool? header = null, char? separator = null)
    {
        File.WriteAllText(path, text);
        return CsvData.Read(path, new CsvOptions { Header = header, Separator = separator });
    }
}
