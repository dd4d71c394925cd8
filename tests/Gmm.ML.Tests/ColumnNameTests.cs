using System.Reflection;
using Gmm.CSharp;
using Microsoft.ML;
using Xunit;

namespace Gmm.ML.Tests;

using Part = CSharp.Part;

/// <summary>
/// The core's errors number features; a pipeline's errors say the same with the names of its columns, and with slots
/// where a column is a vector.
/// </summary>
public class ColumnNameTests
{
    private static readonly MLContext Context = Views.Context;

    /// <summary>A mixture and a part that reject rows for the same reason, and what makes them do so.</summary>
    /// <param name="Kind">The settings.</param>
    /// <param name="Part">The part of a product.</param>
    /// <param name="Spoil">The number of row n in the column.</param>
    /// <param name="Says">What the error says; {0} is the place, after that of the row or the component.</param>
    private sealed record Case(MixtureModel Kind, Func<int[], Part> Part, Func<int, float> Spoil, string Says);

    /// <summary>The errors with a column, by the names of their cases in the core.</summary>
    private static readonly Dictionary<string, Case> Cases = new()
    {
        [nameof(GmmError.InvalidNumber)] = new(
            new GaussianMixture(1),
            slots => Part.Gaussian(slots),
            n => n == 8 ? float.PositiveInfinity : n % 5 + 1,
            "but row 8{0} holds Infinity. Remove or impute the row, or rescale the column."),
        [nameof(GmmError.MissingCell)] = new(
            new GaussianMixture(1),
            slots => Part.Gaussian(slots),
            n => n is 8 or 9 ? float.NaN : n % 5 + 1,
            "but row 8{0} holds NaN, the first of 2 missing cells."),
        [nameof(GmmError.OutsideDomain)] = new(
            new PoissonMixture(1),
            slots => Part.Poisson(slots),
            n => n == 8 ? 0.5f : n % 5,
            "but row 8{0} holds 0.5."),
        [nameof(GmmError.ConstantColumn)] = new(
            new GaussianMixture(1),
            slots => Part.Gaussian(slots),
            _ => 4,
            "{0} is constant: every row holds 4. Drop the column, or set a prior."),
        [nameof(GmmError.InvalidColumn)] = new(
            new GaussianMixture(1) { Missing = MissingData.Fit },
            slots => Part.Gaussian(slots),
            _ => float.NaN,
            "The data must have an observed cell in every column, but {0} has none in a row of positive weight."),
        [nameof(GmmError.DegenerateComponent)] = new(
            new ExponentialMixture(1),
            slots => Part.Exponential(slots),
            _ => 0,
            "The likelihood of component 0{0} is unbounded for exponential in iteration 0. Set a prior"),
    };

    public static TheoryData<string, string, bool, bool> Places
    {
        get
        {
            TheoryData<string, string, bool, bool> places = [];

            foreach (var error in Cases.Keys)
            {
                foreach (var column in (string[])["Price", "Place", "Rooms"])
                {
                    places.Add(error, column, false, false);
                    places.Add(error, column, true, false);
                    places.Add(error, column, false, true);
                    places.Add(error, column, true, true);
                }
            }

            return places;
        }
    }

    /// <summary>A new error of the core with a column needs a case here.</summary>
    [Fact]
    public void EveryErrorWithAColumnIsHere()
    {
        var cases = typeof(GmmError).GetNestedTypes()
            .Where(each => each.GetProperty("column")?.PropertyType == typeof(int))
            .Select(each => each.Name);
        Assert.Equal(
            cases.Except([nameof(GmmError.UnreadableFile)]).Order(StringComparer.Ordinal),
            Cases.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void FitsNameTheColumn(string error, string column, bool isStreamed, bool isProduct)
    {
        var @case = Cases[error];
        House[] houses =
        [
            .. Enumerable.Range(0, 60).Select(n => new House { Price = n % 7 + 1, Place = [n % 5 + 1, n % 11], Rooms = n % 3 }),
        ];

        for (var n = 0; n < houses.Length; n++)
        {
            var value = @case.Spoil(n);
            var house = houses[n];
            (house.Price, house.Rooms) = (column == "Price" ? value : house.Price, column == "Rooms" ? value : house.Rooms);
            house.Place[1] = column == "Place" ? value : house.Place[1];
        }

        // The parts of a product have their own order of the columns.
        string[] names = isProduct ? ["Rooms", "Price", "Place"] : ["Price", "Place", "Rooms"];
        var options = new MixtureOptions { FeatureColumnNames = names, StreamRows = isStreamed };
        var view = Context.Data.LoadFromEnumerable(houses);
        var trainers = Context.Clustering.Trainers;
        var trouble = Assert.ThrowsAny<Exception>(() =>
        {
            if (isProduct)
            {
                trainers.ProductMixture(
                    new ProductMixture(1) { Missing = @case.Kind.Missing },
                    [.. names.Select(name => (name, @case.Part))],
                    options).Fit(view);
            }
            else
            {
                trainers.Mixture(@case.Kind, options).Fit(view);
            }
        });

        var (place, number) = column == "Place" ? ("slot 1 (counting from 0) of 'Place'", ", ") : ($"column '{column}'", " (counting from 0), ");
        var text = error is nameof(GmmError.ConstantColumn) or nameof(GmmError.InvalidColumn)
            ? string.Format(null, @case.Says, error == nameof(GmmError.ConstantColumn) ? char.ToUpperInvariant(place[0]) + place[1..] : place)
            : string.Format(null, @case.Says, number + place);
        Assert.StartsWith($"Features of {string.Join(", ", names.Select(name => $"'{name}'"))}: ", trouble.Message, StringComparison.Ordinal);
        Assert.Contains(text, trouble.Message, StringComparison.Ordinal);

        if (error == nameof(GmmError.DegenerateComponent))
            Assert.Equal((0, 0), (Assert.IsType<MixtureFitException>(trouble).Component, ((MixtureFitException)trouble).Iteration));
        else
            Assert.Equal("input", Assert.IsType<ArgumentException>(trouble).ParamName);
    }

    /// <summary>A name may look like the words of an error.</summary>
    [Theory]
    [InlineData("row 0 (counting from 0)")]
    [InlineData("column 0 (counting from 0)")]
    public void NamesOfColumnsStayAsTheyAre(string name)
    {
        var houses = Enumerable.Range(0, 60).Select(n => new House { Price = n % 7, Place = [n % 5, n % 11] }).ToArray();
        IDataView View() => Context.Transforms.CopyColumns(name, "Price").Append(Context.Transforms.DropColumns("Rooms"))
            .Fit(Context.Data.LoadFromEnumerable(houses)).Transform(Context.Data.LoadFromEnumerable(houses));
        var trainer = Context.Clustering.Trainers.GaussianMixture(name, components: 1);
        var fitted = trainer.Fit(View());
        houses[0].Price = float.NaN;
        Assert.Contains(
            $"but row 0 (counting from 0), column '{name}' holds NaN",
            Assert.Throws<ArgumentException>("input", () => trainer.Fit(View())).Message,
            StringComparison.Ordinal);
        var trouble = Assert.ThrowsAny<Exception>(() => Views.Predictions(Context, fitted.Transform(View())));
        Assert.Contains($"but column '{name}' in this row holds NaN", $"{trouble}", StringComparison.Ordinal);
    }

    /// <summary>An error about a row names it in a fit; a prediction has one row only.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsAreNamed(bool isStreamed)
    {
        float[][] rows = [.. Enumerable.Range(0, 40).Select(n => new[] { MathF.Cos(n), MathF.Sin(n) })];
        var trainer = Context.Clustering.Trainers.Mixture(new VonMisesFisherMixture(1), new() { StreamRows = isStreamed });
        var fitted = trainer.Fit(Views.Of(Context, rows));
        rows[3] = [3, 4];
        Assert.StartsWith(
            "Features of 'Features': The data must have rows of length 1 for von_mises_fisher (VonMisesFisher.normalise makes them), "
            + "but row 3 (counting from 0) has length 5.",
            Assert.Throws<ArgumentException>("input", () => trainer.Fit(Views.Of(Context, rows))).Message,
            StringComparison.Ordinal);
        using var engine = Context.Model.CreatePredictionEngine<Pair, MixturePrediction>(fitted);
        var trouble = Assert.ThrowsAny<Exception>(() => engine.Predict(new() { Features = [3, 4] }));
        Assert.Contains("but this row has length 5.", $"{trouble}", StringComparison.Ordinal);
    }

    /// <summary>An error about a component names the features, and keeps the component and the iteration.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ErrorsOfComponentsNameTheFeatures(bool isStreamed)
    {
        var rows = Enumerable.Range(0, 40).Select(n => new[] { n % 2, (float)(n % 2), n % 2 }).ToArray();
        var settings = new GaussianMixture(1) { RegCovar = default };
        var trouble = Assert.Throws<MixtureFitException>(() => Context.Clustering.Trainers.Mixture(
            settings, new() { StreamRows = isStreamed }).Fit(Views.Of(Context, rows)));
        var expected = Assert.Throws<MixtureFitException>(() => settings.Fit(rows));
        Assert.Equal($"Features of 'Features': {expected.Message}", trouble.Message);
        Assert.Equal((0, expected.Iteration), (trouble.Component, trouble.Iteration));
        Assert.True(Assert.IsType<GmmException>(trouble.InnerException).Error.IsSingularCovariance);
    }

    /// <summary>Every error of a fit has the core's error inside.</summary>
    [Fact]
    public void ErrorsHaveTheErrorOfTheCore()
    {
        var rows = Views.Rows(50);
        rows[7][1] = float.NaN;
        var trouble = Assert.Throws<ArgumentException>(
            () => Context.Clustering.Trainers.GaussianMixture(components: 1).Fit(Views.Of(Context, rows)));
        Assert.Equal(GmmError.NewMissingCell(7, 1, 1), Assert.IsType<GmmException>(trouble.InnerException).Error);
    }

    /// <summary>A row of two features.</summary>
    private sealed class Pair
    {
        [Microsoft.ML.Data.VectorType(2)]
        public float[] Features { get; set; } = [];
    }
}
