using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Negative binomial mixtures give bit for bit what the F# core gives.</summary>
public class NegativeBinomialTests
{
    private static readonly double[,] Counts = Draw();

    private static readonly double[,] Means = { { 1, 2 }, { 9, 4 } }, Sizes = { { 2, 0.5 }, { 1e8, 3 } };

    [Fact]
    public void DefaultsAreThoseOfTheCore() => AssertSame(new NegativeBinomialMixture(2), null);

    [Fact]
    public void StartsReachTheCore()
    {
        AssertSame(new NegativeBinomialMixture(2) { InitMeans = Means }, Start<NegativeBinomial>.NewMeans(Means));
        var model = new NegativeBinomialMixture(2) { InitMeans = Means, InitSizes = Sizes };
        var start = Mixture.uniform(2, Data.Value(NegativeBinomialModule.create(Means, Sizes)));
        AssertSame(model, Start<NegativeBinomial>.NewMixture(start));
        Assert.Equal(Means, model.InitialMeans);
        Assert.Equal(Sizes, model.InitialSizes);
        model.KeepHistory = true;
        model.Fit(Counts);
        Assert.Equal(model.Means, model.MeansHistory[^1]);
        Assert.Equal(model.Sizes, model.SizesHistory[^1]);
    }

    [Fact]
    public void SelectionAndProductsHaveIt()
    {
        var model = new NegativeBinomialMixture(1);
        var selection = model.Select(Counts, [1, 2, 3]);
        Assert.Equal(selection.Best.Components, model.Components);
        var product = new ProductMixture(2) { Parts = { Part.NegativeBinomial([0]), Part.Poisson([1]) } }.Fit(Counts);
        Assert.Equal("negative_binomial on [0]", $"{product.PartParameters[0].Part}");
        Assert.True(product.PartParameters[0].Sizes[0, 0] > 0 && product.PartParameters[0].Means[0, 0] > 0);
        Assert.Equal(
            "The part negative_binomial on [0] has no Rates; it has Means and Sizes.",
            Assert.Throws<InvalidOperationException>(() => product.PartParameters[0].Rates).Message);
    }

    [Fact]
    public void WhatBreaksItsRule()
    {
        void Says(string message, NegativeBinomialMixture model) =>
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Fit(Counts)).Message);

        Says("InitSizes must be given together with InitMeans", new(2) { InitSizes = Sizes });
        Says("InitSizes must be above 0 and at most 1e8, but is 0.", new(2) { InitMeans = Means, InitSizes = new double[2, 2] });
        Says("InitMeans must be 0 or more, and finite, but is -1.", new(2) { InitMeans = new double[,] { { 1, 1 }, { 1, -1 } }, InitSizes = Sizes });
    }

    private static void AssertSame(NegativeBinomialMixture model, Start<NegativeBinomial>? start)
    {
        var options = Core.Gmm.defaultsOf<NegativeBinomialKind, NegativeBinomial>(NegativeBinomialKindModule.defaults);
        options = Against.With(options, start is null ? [("Components", 2)] : [("Components", 2), ("Start", start)]);
        Against.AssertSame(model.Fit(Counts), Data.Value(Core.Gmm.fit(options, Data.Source(Counts))), Counts);
    }

    private static double[,] Draw()
    {
        var random = new Random(7);
        var counts = new double[90, 2];

        for (var n = 0; n < 90; n++)
        {
            counts[n, 0] = Math.Floor(-Math.Log(1 - random.NextDouble()) * (n % 2 == 0 ? 3 : 30));
            counts[n, 1] = Math.Floor(-Math.Log(1 - random.NextDouble()) * 5);
        }

        return counts;
    }
}
