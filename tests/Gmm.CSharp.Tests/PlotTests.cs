using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>The picture is the core's for the same options.</summary>
public class PlotTests
{
    private static readonly Source Source = Data.Source(Data.Iris);
    private static readonly string[] Names = ["sepal length", "sepal width", "petal length", "petal width"];
    private static readonly string[] Classes = [.. Data.Species.Select(species => $"species {species}")];
    private static readonly GaussianMixture Model = new GaussianMixture(3) { InitLabels = Data.Species }.Fit(Data.Iris);

    [Fact]
    public void DefaultsAreThoseOfTheCore()
    {
        Assert.Equal(CoreSvg(Core.Plot.defaults), Model.ToSvg(Data.Iris));
        Assert.Equal(CoreSvg(Core.Plot.defaults), Model.ToSvg(Data.Iris, new PlotOptions()));
    }

    [Fact]
    public void EveryOptionReachesTheCore()
    {
        var options = new PlotOptions
        {
            Title = "Iris & more",
            Columns = (3, 0),
            ColumnNames = Names,
            Classes = Classes,
            Width = 900,
            Height = 500,
            Sigmas = [2.5, 0.5],
            MaxPoints = 100,
        };
        var core = new Core.PlotOptions(
            title: "Iris & more",
            columns: FSharpOption<Tuple<int, int>>.Some(new(3, 0)),
            columnNames: Names,
            classes: FSharpOption<string[]>.Some(Classes),
            width: 900,
            height: 500,
            sigmas: [2.5, 0.5],
            maxPoints: 100);
        Assert.Equal(CoreSvg(core), Model.ToSvg(Data.Iris, options));
    }

    [Fact]
    public void OneFeatureIsDrawnAsItsDensity()
    {
        double[][] waits = [.. Enumerable.Range(0, 272).Select(n => new[] { Data.Faithful[n, 1] })];
        Assert.Contains("Density of the mixture", new GaussianMixture(2).Fit(waits).ToSvg(waits));
    }

    [Fact]
    public void SaveSvgWritesWhatToSvgReturns()
    {
        var folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var path = Path.Combine(folder, "iris.svg");
        Model.SaveSvg(path, Data.Iris, new() { Title = "Iris" });
        Assert.Equal(Model.ToSvg(Data.Iris, new() { Title = "Iris" }), File.ReadAllText(path));
        Assert.StartsWith(folder, Assert.Throws<IOException>(() => Model.SaveSvg(folder, Data.Iris)).Message);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void WhatIsWrongIsNamed()
    {
        Assert.StartsWith("Width must be at least 240, but is 10.", Message(new() { Width = 10 }));
        Assert.StartsWith("Height must be at least 240, but is -1.", Message(new() { Height = -1 }));
        Assert.StartsWith("MaxPoints must be at least 1, but is 0.", Message(new() { MaxPoints = 0 }));
        Assert.StartsWith("ColumnNames must be empty or 4 names, but is 1 names.", Message(new() { ColumnNames = ["a"] }));
        Assert.StartsWith("Columns must be two features between 0 and 3, but is", Message(new() { Columns = (0, 4) }));
        Assert.StartsWith("Sigmas must be above 0 and finite, but is", Message(new() { Sigmas = [0] }));
        Assert.StartsWith("Classes must be one for each of the 150 rows, but is 1.", Message(new() { Classes = ["a"] }));
        Assert.StartsWith("The data must have 4 columns", Assert.Throws<ArgumentException>(() => Model.ToSvg(Data.Faithful)).Message);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => Model.SaveSvg(null!, Data.Iris)).ParamName);
        Assert.StartsWith(
            "GaussianMixture.ToSvg needs a fitted model.",
            Assert.Throws<InvalidOperationException>(() => new GaussianMixture(2).ToSvg(Data.Iris)).Message);
    }

    private static string Message(PlotOptions options) =>
        Assert.Throws<ArgumentException>(() => Model.ToSvg(Data.Iris, options)).Message;

    private static string CoreSvg(Core.PlotOptions options)
    {
        var core = Data.Value(Core.Gmm.fit(
            Against.With(Core.Gmm.defaults, ("Components", 3), ("Start", Start<Gaussian>.NewLabels(Data.Species))),
            Source));
        return Data.Value(Core.Plot.scatter(options, core, Source, Data.Value(Core.Predict.labels(core, Source))));
    }
}
