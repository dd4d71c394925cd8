using Microsoft.FSharp.Collections;
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
    private static readonly GaussianMixture Model = new GaussianMixture(3) { InitLabels = Data.Species, KeepHistory = true }.Fit(Data.Iris);
    private static readonly Fit<Gaussian> Fit = Data.Value(Core.Gmm.fit(
        Against.With(Core.Gmm.defaults, ("Components", 3), ("Start", Start<Gaussian>.NewLabels(Data.Species)), ("History", true)), Source));

    [Fact]
    public void DefaultsAreThoseOfTheCore()
    {
        Same(Core.Plot.scatter(Core.Plot.defaults, Fit, Source), Plot.Scatter(Model, Data.Iris));
        Same(Core.Plot.scatter(Core.Plot.defaults, Fit, Source), Plot.Scatter(Model, Data.Iris, new PlotOptions()));
    }

    [Fact]
    public void EveryOptionReachesTheCore()
    {
        foreach (var colour in Enum.GetValues<PointColour>())
        {
            var options = new PlotOptions
            {
                Title = "Iris & more",
                Columns = [3, 0],
                ColumnNames = Names,
                Classes = Classes,
                Colour = colour,
                PointSize = 2.5,
                PointOpacity = 0.7,
                MaxPoints = 100,
                Sigmas = [2.5, 0.5],
                EllipseFill = 0.2,
                Means = false,
                StartMeans = true,
                ByWeight = false,
                Legend = false,
                Width = 900,
                Height = 500,
            };
            var core = new Core.PlotOptions(
                title: "Iris & more",
                columns: [3, 0],
                columnNames: Names,
                classes: FSharpOption<string[]>.Some(Classes),
                colour: colour switch
                {
                    PointColour.Class => Core.PointColour.Class,
                    PointColour.Density => Core.PointColour.Density,
                    _ => Core.PointColour.Component,
                },
                pointSize: FSharpOption<double>.Some(2.5),
                pointOpacity: 0.7,
                maxPoints: 100,
                sigmas: [2.5, 0.5],
                ellipseFill: 0.2,
                means: false,
                startMeans: true,
                byWeight: false,
                legend: false,
                width: 900,
                height: 500);
            Same(Core.Plot.scatter(core, Fit, Source), Plot.Scatter(Model, Data.Iris, options));
        }
    }

    [Fact]
    public void EveryPictureIsTheCores()
    {
        var d = Core.Plot.defaults;
        var small = new GaussianMixture(2) { CovarianceType = CovarianceType.Diag }.Fit(Data.Iris);
        var smallFit = Data.Value(Core.Gmm.fit(
            Against.Options(2, Structure.Diag), Source));
        Same(Core.Plot.pairs(d, Fit, Source), Plot.Pairs(Model, Data.Iris));
        Same(Core.Plot.density(d, Fit, Source), Plot.Density(Model, Data.Iris));
        Same(Core.Plot.weights(d, Fit), Plot.Weights(Model));
        Same(Core.Plot.objective(d, Fit), Plot.Objective(Model));
        Same(Core.Plot.animation(d, Fit, Source), Plot.Animation(Model, Data.Iris));
        Same(Core.Plot.labelled(d, Source, Data.Species), Plot.Labelled(Data.Iris, Data.Species));
        Same(Core.Plot.labelled(d, Source, Classes), Plot.Labelled(Data.Iris, Classes));
        Same(
            Core.Plot.compare(d, ListModule.OfSeq<Tuple<string, Fit<Gaussian>>>([new("full", Fit), new("diag", smallFit)]), Source),
            Plot.Compare([("full", Model), ("diag", small)], Data.Iris));
        Same(Core.Plot.meanImages(d, 2, Fit), Plot.MeanImages(Model, 2));
        Same(
            Core.Plot.images(d, 2, ["a"], new double[,] { { 0, 1, 0.5, 0.25 } }),
            Plot.Images(new double[,] { { 0, 1, 0.5, 0.25 } }, 2, ["a"]));
        Same(
            Core.Plot.curves(d, "x", "y", ListModule.OfSeq<Tuple<string, Tuple<double, double>[]>>([new("a", [new(0, 1), new(2, 3)])])),
            Plot.Curves("x", "y", [("a", [(0, 1), (2, 3)])]));
    }

    [Fact]
    public void ClustersAreDrawnWithTheirCenters()
    {
        var clusters = new KMeans(3).Fit(Data.Iris);
        var core = Data.Value(Core.KMeans.fit(Against.With(Core.KMeans.defaults, ("Components", 3)), Source));
        Same(Core.Plot.scatter(Core.Plot.defaults, core.Fit, Source), Plot.Scatter(clusters, Data.Iris));
        Same(Core.Plot.meanImages(Core.Plot.defaults, 2, core.Fit), Plot.MeanImages(clusters, 2));
    }

    [Fact]
    public void CriteriaAreThoseOfTheSelection()
    {
        var selection = new GaussianMixture(1).Select(Data.Iris, [1, 2, 3], [CovarianceType.Full, CovarianceType.Diag]);
        var core = Data.Value(Core.Select.gaussian(
            Core.Criterion.Bic,
            FuncConvert.FromAction<Candidate<Gaussian>>(_ => { }),
            ListModule.OfSeq([1, 2, 3]),
            ListModule.OfSeq([Structure.Full, Structure.Diag]),
            Core.Gmm.defaults,
            Source));
        Same(Core.Plot.criteria(Core.Plot.defaults, core), Plot.Criteria(selection));
    }

    [Fact]
    public void OneFeatureIsDrawnAsItsDensity()
    {
        double[][] waits = [.. Enumerable.Range(0, 272).Select(n => new[] { Data.Faithful[n, 1] })];
        Assert.Contains("under the density of the mixture", Plot.Scatter(new GaussianMixture(2).Fit(waits), waits).ToSvg());
    }

    [Fact]
    public void SaveWritesWhatTheNameAsksFor()
    {
        var folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var figure = Plot.Scatter(Model, Data.Iris, new() { Title = "Iris" });

        foreach (var (name, text) in new[] { ("a.svg", figure.ToSvg()), ("a.html", figure.ToHtml()) })
        {
            var path = Path.Combine(folder, name);
            figure.Save(path);
            Assert.Equal(text, File.ReadAllText(path));
        }

        Directory.CreateDirectory(Path.Combine(folder, "b.svg"));
        Assert.StartsWith(folder, Assert.Throws<IOException>(() => figure.Save(Path.Combine(folder, "b.svg"))).Message);
        Assert.Equal("path", Assert.Throws<ArgumentException>(() => figure.Save(Path.Combine(folder, "a.png"))).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => figure.Save(null!)).ParamName);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void FramesOfAnAnimationStandSideBySide()
    {
        var animation = Plot.Animation(Model, Data.Iris);
        Assert.Equal(Model.Trace.Count, animation.Frames);
        Assert.Equal(0, animation.Frame(1).Frames);
        Assert.StartsWith(
            "number must be between 0 and", Assert.Throws<ArgumentException>(() => animation.Frame(animation.Frames)).Message);
        var (left, right) = (Plot.Scatter(Model, Data.Iris), Plot.Labelled(Data.Iris, Classes));
        Assert.Contains("species 2", Figure.Beside("both", left, right).ToSvg());
        Assert.Equal("figures", Assert.Throws<ArgumentException>(() => Figure.Beside("none")).ParamName);
    }

    [Fact]
    public void WhatIsWrongIsNamed()
    {
        Assert.StartsWith("Width must be at least 240, but is 10.", Message(new() { Width = 10 }));
        Assert.StartsWith("Height must be at least 240, but is -1.", Message(new() { Height = -1 }));
        Assert.StartsWith("MaxPoints must be at least 1, but is 0.", Message(new() { MaxPoints = 0 }));
        Assert.StartsWith("PointSize must be above 0 and finite, but is 0.", Message(new() { PointSize = 0 }));
        Assert.StartsWith("PointOpacity must be above 0 and at most 1, but is 2.", Message(new() { PointOpacity = 2 }));
        Assert.StartsWith("EllipseFill must be between 0 and 1, but is -1.", Message(new() { EllipseFill = -1 }));
        Assert.StartsWith("ColumnNames must be empty or 4 names, but is 1 name.", Message(new() { ColumnNames = ["a"] }));
        Assert.StartsWith("Columns must be empty or two different features between 0 and 3, but is 0, 4.", Message(new() { Columns = [0, 4] }));
        Assert.StartsWith("Sigmas must be above 0 and finite, but is", Message(new() { Sigmas = [0] }));
        Assert.StartsWith("Classes must be one for each of the 150 rows, but is 1.", Message(new() { Classes = ["a"] }));
        Assert.StartsWith("Classes must be given, for points in the colours of their classes", Message(new() { Colour = PointColour.Class }));
        Assert.StartsWith("Colour must be one of Component, Class, Density, but is 9.", Message(new() { Colour = (PointColour)9 }));
        Assert.StartsWith("The data must have 4 columns", Assert.Throws<ArgumentException>(() => Plot.Scatter(Model, Data.Faithful)).Message);
        Assert.Equal("labels", Assert.Throws<ArgumentException>(() => Plot.Labelled(Data.Iris, [1, 2])).ParamName);
        Assert.Equal("width", Assert.Throws<ArgumentException>(() => Plot.MeanImages(Model, 3)).ParamName);
        Assert.Equal("names", Assert.Throws<ArgumentException>(() => Plot.Images(new double[1, 1], 1, [])).ParamName);
        Assert.Equal("lines", Assert.Throws<ArgumentException>(() => Plot.Curves("x", "y", [])).ParamName);
        Assert.Equal("models", Assert.Throws<ArgumentException>(() => Plot.Compare([], Data.Iris)).ParamName);
        var poisson = new PoissonMixture(1).Fit(Data.Iris.Cast<double>().Chunk(4).Select(row => Array.ConvertAll(row, Math.Floor)).ToArray());
        Assert.Equal(
            "models", Assert.Throws<ArgumentException>(() => Plot.Compare([("a", Model), ("b", poisson)], Data.Iris)).ParamName);
    }

    [Fact]
    public void AFitAndItsHistoryAreNeeded()
    {
        Assert.Equal(
            "Plot.Scatter needs a fitted GaussianMixture. Call Fit or FitPredict first.",
            Assert.Throws<InvalidOperationException>(() => Plot.Scatter(new GaussianMixture(2), Data.Iris)).Message);
        Assert.Equal(
            "Plot.MeanImages needs a fitted KMeans. Call Fit or FitPredict first.",
            Assert.Throws<InvalidOperationException>(() => Plot.MeanImages(new KMeans(2), 2)).Message);
        var forgetful = new GaussianMixture(2).Fit(Data.Iris);
        Assert.Equal(
            "Plot.Weights needs a fit that kept its history. Set KeepHistory before Fit.",
            Assert.Throws<InvalidOperationException>(() => Plot.Weights(forgetful)).Message);
        Assert.StartsWith(
            "Plot.Animation needs a fit that kept its history.",
            Assert.Throws<InvalidOperationException>(() => Plot.Animation(forgetful, Data.Iris)).Message);
    }

    private static string Message(PlotOptions options) =>
        Assert.Throws<ArgumentException>(() => Plot.Scatter(Model, Data.Iris, options)).Message;

    private static void Same(FSharpResult<Core.Figure, GmmError> core, Figure here)
    {
        var figure = Data.Value(core);
        Assert.Equal(FigureModule.svg(figure), here.ToSvg());
        Assert.Equal(FigureModule.html(figure), here.ToHtml());
        Assert.Equal(figure.Frames, here.Frames);
    }
}
