using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Multinomial and von Mises–Fisher mixtures give bit for bit what the F# core gives.</summary>
public class RowFamilyTests
{
    private static readonly double[,] Counts = Draw();

    private static readonly double[,] Directions = Normalised();

    [Fact]
    public void MultinomialSettingsReachTheCore()
    {
        var flat = MultinomialKindModule.defaults;
        AssertSame(new MultinomialMixture(2), flat);
        AssertSame(new MultinomialMixture(2) { DirichletPrior = 2 }, new MultinomialKind(FSharpOption<double[]>.Some([2])));
        AssertSame(
            new MultinomialMixture(2) { DirichletPrior = new[] { 1, 2, 3.5 } }, new MultinomialKind(FSharpOption<double[]>.Some([1, 2, 3.5])));
        double[,] start = { { 0.5, 0.25, 0.25 }, { 0.2, 0.2, 0.6 } };
        var model = new MultinomialMixture(2) { InitProbabilities = start };
        AssertSame(model, flat, Start<Multinomial>.NewMixture(Mixture.uniform(2, Data.Value(MultinomialModule.create(0, start)))));
        Assert.Equal(start, model.InitialProbabilities);
        model.KeepHistory = true;
        model.Fit(Counts);
        Assert.Equal(model.Probabilities, model.ProbabilitiesHistory[^1]);
    }

    [Fact]
    public void VonMisesFisherSettingsReachTheCore()
    {
        AssertSame(new VonMisesFisherMixture(2), null);
        double[,] start = { { 3, 4, 0 }, { 0, 0, 1 } };
        AssertSame(new VonMisesFisherMixture(2) { InitDirections = start }, Start<VonMisesFisher>.NewMeans(start));
        double[] concentrations = [2, 30];
        var model = new VonMisesFisherMixture(2) { InitDirections = start, InitConcentrations = concentrations };
        var parameters = Data.Value(VonMisesFisherModule.create(start, concentrations));
        AssertSame(model, Start<VonMisesFisher>.NewMixture(Mixture.uniform(2, parameters)));
        Assert.Equal(concentrations, model.InitialConcentrations);
        Assert.Equal(0.6, model.InitialDirections[0, 0], 1e-15);
        model.KeepHistory = true;
        model.Fit(Directions);
        Assert.Equal(model.Directions, model.DirectionsHistory[^1]);
        Assert.Equal(model.Concentrations, model.ConcentrationsHistory[^1]);
    }

    [Fact]
    public void SavedModelsComeBack()
    {
        var counts = new MultinomialMixture(2) { DirichletPrior = 1.5 }.Fit(Counts);
        Assert.Equal(counts.Predict(Counts), MultinomialMixture.FromState(counts.ToState()).Predict(Counts));
        Assert.Equal(counts.Probabilities, MultinomialMixture.FromState(counts.ToState()).Probabilities);
        var directions = new VonMisesFisherMixture(2).Fit(Directions);
        Assert.Equal(directions.Directions, VonMisesFisherMixture.FromState(directions.ToState()).Directions);
        var path = Path.GetTempFileName();

        try
        {
            directions.Save(path);
            Assert.Equal(directions.Concentrations, VonMisesFisherMixture.Load(path).Concentrations);
            counts.Save(path);
            Assert.Equal(counts.Bic(), MultinomialMixture.Load(path).Bic());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ProductsAndSelectionHaveThem()
    {
        var data = new double[90, 6];

        for (var n = 0; n < 90; n++)
        {
            for (var j = 0; j < 3; j++)
            {
                (data[n, j], data[n, 3 + j]) = (Counts[n, j], Directions[n, j]);
            }
        }

        var product = new ProductMixture(2) { Parts = { Part.Multinomial([0, 1, 2], dirichletPrior: 2), Part.VonMisesFisher([3, 4, 5]) } }.Fit(data);
        var again = ProductMixture.FromState(product.ToState());
        Assert.Equal(product.Predict(data), again.Predict(data));
        Assert.Equal(product.PartParameters[0].Probabilities, again.PartParameters[0].Probabilities);
        Assert.Equal(product.PartParameters[1].Directions, again.PartParameters[1].Directions);
        Assert.Equal(2, product.PartParameters[1].Concentrations.Length);
        Assert.Equal(product.LogPrior, again.LogPrior);
        var selected = new VonMisesFisherMixture(1);
        Assert.Equal(selected.Select(Directions, [1, 2]).Best.Components, selected.Components);
    }

    [Fact]
    public void WhatBreaksItsRule()
    {
        static void Says(string message, Action use) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(use).Message);

        Says("DirichletPrior must be a number or one for each column", () => new MultinomialMixture(2) { DirichletPrior = new double[2, 2] }.Fit(Counts));
        Says("InitProbabilities must be 0 or more with a sum of 1", () => new MultinomialMixture(2) { InitProbabilities = new double[2, 3] }.Fit(Counts));
        Says("InitConcentrations must be given together with InitDirections", () => new VonMisesFisherMixture(2) { InitConcentrations = [1, 1] }.Fit(Directions));
        Says("The data must have rows of length 1", () => new VonMisesFisherMixture(2).Fit(Counts));
        Says("The data must have rows of a length above 0", () => VonMisesFisherMixture.Normalise([[0, 0]]));
    }

    private static void AssertSame(MultinomialMixture model, MultinomialKind kind, Start<Multinomial>? start = null)
    {
        var options = Core.Gmm.defaultsOf<MultinomialKind, Multinomial>(kind);
        options = Against.With(options, start is null ? [("Components", 2)] : [("Components", 2), ("Start", start)]);
        Against.AssertSame(model.Fit(Counts), Data.Value(Core.Gmm.fit(options, Data.Source(Counts))), Counts);
    }

    private static void AssertSame(VonMisesFisherMixture model, Start<VonMisesFisher>? start)
    {
        var options = Core.Gmm.defaultsOf<VonMisesFisherKind, VonMisesFisher>(VonMisesFisherKindModule.defaults);
        options = Against.With(options, start is null ? [("Components", 2)] : [("Components", 2), ("Start", start)]);
        Against.AssertSame(model.Fit(Directions), Data.Value(Core.Gmm.fit(options, Data.Source(Directions))), Directions);
    }

    private static double[,] Normalised()
    {
        var rows = VonMisesFisherMixture.Normalise(
            [.. Enumerable.Range(0, 90).Select(n => new[] { 1 + Counts[n, 0], 0.5 + Counts[n, 1], Counts[n, 2] - 2 })]);
        var all = new double[90, 3];

        for (var n = 0; n < 90; n++)
        {
            for (var j = 0; j < 3; j++)
            {
                all[n, j] = rows[n][j];
            }
        }

        return all;
    }

    private static double[,] Draw()
    {
        var random = new Random(9);
        var counts = new double[90, 3];

        for (var n = 0; n < 90; n++)
        {
            for (var j = 0; j < 3; j++)
            {
                counts[n, j] = random.Next(n % 2 == 0 == (j == 0) ? 9 : 3);
            }
        }

        return counts;
    }
}
