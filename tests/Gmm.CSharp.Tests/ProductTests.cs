using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Products give bit for bit what the F# core gives; their parts have parameters under the names of their families.</summary>
public class ProductTests
{
    /// <summary>Two Gaussian columns, then one each of 0 or 1, counts, levels 0 to 2, waiting times and successes in 4 trials, failures, twice positive numbers, shares, and numbers with far ones.</summary>
    private static readonly double[,] Mixed = Draw();

    private static readonly double[,] Identity = { { 1, 0 }, { 0, 1 } };

    private static ProductMixture Model => new(components: 2)
    {
        Parts =
        {
            Part.Gaussian([0, 1], CovarianceType.Full),
            Part.Bernoulli([2]),
            Part.Poisson([3]),
            Part.Categorical([4], levels: 3),
            Part.Exponential([5]),
            Part.Binomial([6], trials: 4),
            Part.Geometric([7]),
            Part.Gamma([8]),
            Part.LogNormal([9]),
            Part.Beta([10]),
            Part.StudentT([11]),
        },
    };

    private static readonly Core.Part[] Parts =
    [
        Core.PartModule.create([0, 1], GaussianKindModule.defaults),
        Core.PartModule.create([2], Core.Bernoulli.family),
        Core.PartModule.create([3], Core.Poisson.family),
        Core.PartModule.create([4], Core.Categorical.family(3)),
        Core.PartModule.create([5], Core.Exponential.family),
        Core.PartModule.create([6], Core.Binomial.family(4)),
        Core.PartModule.create([7], Core.Geometric.family),
        Core.PartModule.create([8], Core.Gamma.family),
        Core.PartModule.create([9], Core.LogNormal.family),
        Core.PartModule.create([10], Core.Beta.family),
        Core.PartModule.create([11], StudentTKindModule.defaults),
    ];

    [Fact]
    public void DefaultsAreThoseOfTheCore() => AssertSame(Model, Parts);

    [Fact]
    public void SettingsReachTheCore()
    {
        var model = Model;
        (model.Init, model.Restarts, model.RandomState, model.Cem) = (InitMethod.RandomResponsibilities, 3, 5, true);
        (model.WeightConcentrationPrior, model.Tolerance, model.MaxIterations, model.Threads) = (3, 1e-3, 9, 1);
        AssertSame(
            model,
            Parts,
            ("Start", Start<Product>.RandomResponsibilities),
            ("Restarts", 3),
            ("Seed", 5),
            ("Assignment", Assignment.Hard),
            ("WeightPrior", WeightPrior.NewDirichlet([3, 3])),
            ("Tolerance", 1e-3),
            ("MaxIterations", 9));
    }

    [Fact]
    public void LabelsReachTheCore()
    {
        int[] labels = [.. Enumerable.Range(0, 80).Select(n => n % 2)];
        var model = Model;
        model.InitLabels = labels;
        AssertSame(model, Parts, ("Start", Start<Product>.NewLabels(labels)));
        model.InitResponsibilities = Data.OneHot(labels, 2);
        Assert.StartsWith(
            "The start must be one of InitLabels, InitResponsibilities, but is InitLabels and InitResponsibilities.",
            Assert.Throws<ArgumentException>(() => model.Fit(Mixed)).Message);
    }

    [Fact]
    public void PriorsOfPartsReachTheCore()
    {
        var model = new ProductMixture(2)
        {
            Parts =
            [
                Part.Bernoulli([2], betaPrior: (2, 3)),
                Part.Gaussian(
                    [1, 0],
                    CovarianceType.TiedDiag,
                    regCovar: Regularisation.Absolute(0.01),
                    meanPrior: new double[] { 1, 2 },
                    meanPrecisionPrior: 3,
                    covariancePrior: 0.5,
                    degreesOfFreedomPrior: 6),
                Part.Poisson([3], gammaPrior: (2, 1)),
                Part.Categorical([4], levels: 3, dirichletPrior: 2),
                Part.Exponential([5], gammaPrior: (2, 1)),
                Part.Binomial([6], trials: 4, betaPrior: (2, 3)),
                Part.Geometric([7], betaPrior: (2, 3)),
                Part.Gamma([8], prior: (2, 1, 3)),
                Part.LogNormal([9], prior: (2, 1, 3)),
                Part.Beta([10], prior: (2, 1, 3)),
                Part.StudentT(
                    [11], CovarianceType.Diag, equalDegreesOfFreedom: true, covariancePrior: 0.5, degreesOfFreedomPrior: 6),
            ],
        };
        var gaussian = new GaussianKind(
            Structure.TiedDiag,
            CovarianceStart.OfStart,
            Core.Regularisation.NewAbsolute(0.01),
            FSharpOption<MeanPrior>.Some(new(TensorModule.vector([1, 2]), 3)),
            FSharpOption<CovariancePrior>.Some(new(TensorModule.scalar(0.5), 6)));
        static ExponentialFamily With(ExponentialFamily family, ConjugatePrior prior) => Against.With(family, ("Prior", prior));
        Core.Part[] parts =
        [
            Core.PartModule.create([2], With(Core.Bernoulli.family, Core.Bernoulli.beta(2, 3))),
            Core.PartModule.create([1, 0], gaussian),
            Core.PartModule.create([3], With(Core.Poisson.family, Core.Poisson.gamma(2, 1))),
            Core.PartModule.create([4], With(Core.Categorical.family(3), Core.Categorical.dirichlet([2, 2, 2]))),
            Core.PartModule.create([5], With(Core.Exponential.family, Core.Exponential.gamma(2, 1))),
            Core.PartModule.create([6], With(Core.Binomial.family(4), Core.Binomial.beta(4, 2, 3))),
            Core.PartModule.create([7], With(Core.Geometric.family, Core.Geometric.beta(2, 3))),
            Core.PartModule.create([8], With(Core.Gamma.family, Core.Gamma.prior(2, 1, 3))),
            Core.PartModule.create([9], With(Core.LogNormal.family, Core.LogNormal.prior(2, 1, 3))),
            Core.PartModule.create([10], With(Core.Beta.family, Core.Beta.prior(2, 1, 3))),
            Core.PartModule.create(
                [11],
                new StudentTKind(
                    new GaussianKind(
                        Structure.Diag,
                        CovarianceStart.OfStart,
                        GaussianKindModule.defaults.RegCovar,
                        null,
                        FSharpOption<CovariancePrior>.Some(new(TensorModule.scalar(0.5), 6))),
                    DegreesOfFreedom.Equal)),
        ];
        AssertSame(model, parts);
        Assert.NotEqual(Model.Fit(Mixed).Trace, model.Trace);
    }

    [Fact]
    public void OnePartIsTheMixtureOfItsFamily()
    {
        var product = new ProductMixture(3) { InitLabels = Data.Species, Parts = { Part.Gaussian([0, 1, 2, 3]) } }.Fit(Data.Iris);
        var gaussian = new GaussianMixture(3) { InitLabels = Data.Species }.Fit(Data.Iris);
        Assert.Equal(gaussian.LogLikelihood, product.LogLikelihood, 1e-9);
        Assert.Equal(gaussian.FreeParameters, product.FreeParameters);
        Assert.All(gaussian.Means.Cast<double>().Zip(product.PartParameters[0].Means.Cast<double>()), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.Equal(gaussian.Covariances[1][0, 2], product.PartParameters[0].Covariances[1][0, 2], 1e-9);
    }

    [Fact]
    public void PartsHaveTheParametersOfTheirFamilies()
    {
        var model = Model.Fit(Mixed);
        model.Parts.Clear();
        var parameters = model.PartParameters;
        Assert.Equal(11, parameters.Count);
        Assert.Equal(
            [
                "full on [0; 1]", "bernoulli on [2]", "poisson on [3]", "categorical on [4]", "exponential on [5]", "binomial on [6]",
                "geometric on [7]", "gamma on [8]", "lognormal on [9]", "beta on [10]",
                "student_t full on [11]",
            ],
            parameters.Select(part => part.Part.ToString()));
        Assert.Equal([0, 1], parameters[0].Part.Columns);
        Assert.Equal(
            "The part full on [0; 1] has no Rates; it has Means and Covariances.",
            Assert.Throws<InvalidOperationException>(() => parameters[0].Rates).Message);
        Assert.Equal(
            "The part poisson on [3] has no Means; it has Rates.",
            Assert.Throws<InvalidOperationException>(() => parameters[2].Means).Message);
        Assert.Equal(
            "The part categorical on [4] has no Probabilities; it has LevelProbabilities.",
            Assert.Throws<InvalidOperationException>(() => parameters[3].Probabilities).Message);
        Assert.Equal(
            "The part gamma on [8] has no Alphas; it has Shapes and Rates and Scales.",
            Assert.Throws<InvalidOperationException>(() => parameters[7].Alphas).Message);
        Assert.Equal(parameters[7].Rates[1, 0], 1 / parameters[7].Scales[1, 0], 1e-12);
        Assert.True(double.IsFinite(parameters[8].LogMeans[0, 0]) && parameters[9].Alphas[0, 0] > 0);
        Assert.Equal(
            "The part student_t full on [11] has no Means; it has Locations and ScaleMatrices and DegreesOfFreedom.",
            Assert.Throws<InvalidOperationException>(() => parameters[10].Means).Message);
        Assert.Throws<InvalidOperationException>(() => parameters[1].Covariances);
        Assert.Throws<InvalidOperationException>(() => parameters[1].LevelProbabilities);
    }

    [Fact]
    public void PartsDoNotChange()
    {
        int[] columns = [2];
        var part = Part.Bernoulli(columns);
        columns[0] = 7;
        Assert.Equal([2], part.Columns);
    }

    [Fact]
    public void BeforeAFitTheRemedyIsNamed()
    {
        Assert.StartsWith("ProductMixture.PartParameters needs", Assert.Throws<InvalidOperationException>(() => Model.PartParameters).Message);
        Assert.StartsWith("ProductMixture.InitialPartParameters needs", Assert.Throws<InvalidOperationException>(() => Model.InitialPartParameters).Message);
        Assert.StartsWith("ProductMixture.Predict needs", Assert.Throws<InvalidOperationException>(() => Model.Predict(Mixed)).Message);
    }

    [Theory]
    [InlineData(2, 3, "Data for bernoulli must be 0 or 1, but row 7, column 2 (counting from 0) holds 3.")]
    [InlineData(3, -1, "Data for poisson must be a whole number from 0 upward, but row 7, column 3 (counting from 0) holds -1.")]
    [InlineData(4, 3, "Data for categorical must be a whole number from 0 to 2, but row 7, column 4 (counting from 0) holds 3.")]
    [InlineData(5, -2, "Data for exponential must be 0 or more, but row 7, column 5 (counting from 0) holds -2.")]
    [InlineData(6, 5, "Data for binomial must be a whole number from 0 to 4, but row 7, column 6 (counting from 0) holds 5.")]
    public void NumberOutsideTheDomainOfItsPart(int column, double number, string message)
    {
        var model = Model.Fit(Mixed);
        var trace = model.Trace;
        var data = (double[,])Mixed.Clone();
        data[7, column] = number;
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Fit(data)).Message);
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Predict(data)).Message);
        Assert.Equal(trace, model.Trace);
    }

    /// <summary>What makes a part or a mixture that is wrong, and what is said of it.</summary>
    private static readonly Dictionary<string, Action> Wrong = new()
    {
        ["The columns of Parts must be 0 to 11, each once, but is []."] = () => new ProductMixture(2).Fit(Mixed),
        ["The columns of Parts must be 0 to 11, each once, but is [0; 1; 1]."] =
            () => new ProductMixture(2) { Parts = { Part.Gaussian([0, 1]), Part.Poisson([1]) } }.Fit(Mixed),
        ["Parts[1] must be a part, but is null."] = () => new ProductMixture(2) { Parts = { Part.Gaussian([0]), null! } }.Fit(Mixed),
        ["Parts must be a list of parts, but is null."] = () => new ProductMixture(2) { Parts = null! }.Fit(Mixed),
        ["columns must be at least one, but is empty."] = () => Part.Bernoulli([]),
        ["betaPrior must be two numbers of 1 or more, and finite, but is (0, 1)."] = () => Part.Bernoulli([0], betaPrior: (0, 1)),
        ["gammaPrior must be a shape of 1 or more and a rate of 0 or more, both finite, but is (0, 1)."] = () => Part.Poisson([0], gammaPrior: (0, 1)),
        ["dirichletPrior must be at least 1 and finite for every level, but is 0."] = () => Part.Categorical([0], 3, dirichletPrior: 0),
        ["levels must be at least 1, but is 0."] = () => Part.Categorical([0], 0),
        ["trials must be at least 1, but is 0."] = () => Part.Binomial([0], 0),
        ["meanPrior must be given together with meanPrecisionPrior, but is given without."] = () => Part.Gaussian([0], meanPrior: 1),
        ["degreesOfFreedomPrior must be given together with covariancePrior, but is given without."] = () => Part.Gaussian([0], degreesOfFreedomPrior: 1),
        ["equalDegreesOfFreedom must be false when givenDegreesOfFreedom is set, but is true."] =
            () => Part.StudentT([0], givenDegreesOfFreedom: 3, equalDegreesOfFreedom: true),
        ["CovarianceType must be one of Full, Diag"] = () => Part.Gaussian([0], (CovarianceType)17),
        ["MeanPrior must be 2 or 2×2, but is 3."] = () => new ProductMixture(2)
        {
            Parts = { Part.Gaussian([0, 1], meanPrior: new double[3], meanPrecisionPrior: 1), Part.Gaussian([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) },
        }.Fit(Mixed),
    };

    public static TheoryData<string> WrongMessages => new(Wrong.Keys);

    [Theory]
    [MemberData(nameof(WrongMessages))]
    public void WhatBreaksItsRule(string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(Wrong[message]).Message);

    private static void AssertSame(ProductMixture model, Core.Part[] parts, params (string Field, object Value)[] changes)
    {
        var kind = ProductKindModule.ofParts(ListModule.OfSeq(parts));
        var options = Against.With(Core.Gmm.defaultsOf<ProductKind, Product>(kind), [("Components", 2), .. changes]);
        var fit = Data.Value(Core.Gmm.fit(options, Data.Source(Mixed)));
        model.Fit(Mixed);
        Against.AssertSame(model, fit, Mixed);
        AssertSame(fit.Parameters, model.PartParameters);
        AssertSame(fit.Start.Parameters, model.InitialPartParameters);
    }

    private static void AssertSame(Product product, IReadOnlyList<PartParameters> parts) =>
        Assert.All(product.Parts.Zip(parts), pair =>
        {
            var (core, here) = pair;
            Assert.Equal(core.Item1, here.Part.Columns);

            if (core.Item2.TryAs<Gaussian>() is { Value: var gaussian })
            {
                Assert.Equal(gaussian.Means.toArray2D(), here.Means);
                Assert.All(here.Covariances, (matrix, k) => Assert.Equal(GaussianModule.covariance(gaussian, k), matrix));
                return;
            }

            if (core.Item2.TryAs<StudentT>() is { Value: var t })
            {
                Assert.Equal(StudentTModule.locations(t), here.Locations);
                Assert.Equal(t.DegreesOfFreedom, here.DegreesOfFreedom);
                Assert.All(here.ScaleMatrices, (matrix, k) => Assert.Equal(GaussianModule.covariance(t.Gaussian, k), matrix));
                return;
            }

            var exponential = core.Item2.As<ExponentialParameters>();
            (Array Expected, Array Actual) known = exponential.Family switch
            {
                "bernoulli" => (Core.Bernoulli.probabilities(exponential), (Array)here.Probabilities),
                "binomial" => (Core.Binomial.probabilities(4, exponential), here.Probabilities),
                "categorical" => ((Array)Core.Categorical.probabilities(exponential), here.LevelProbabilities),
                "poisson" => (Core.Poisson.rates(exponential), here.Rates),
                "exponential" => (Core.Exponential.rates(exponential), here.Rates),
                "geometric" => (Core.Geometric.probabilities(exponential), here.Probabilities),
                "gamma" => (Core.Gamma.shapes(exponential), here.Shapes),
                "lognormal" => (Core.LogNormal.logDeviations(exponential), here.LogDeviations),
                _ => (Core.Beta.betas(exponential), here.Betas),
            };
            Against.AssertEqual(known.Expected, known.Actual);
        });

    private static double[,] Draw()
    {
        var random = new Random(2);
        var data = new double[80, 12];

        for (var n = 0; n < 80; n++)
        {
            var first = n % 3 == 0;
            data[n, 0] = random.NextDouble() + random.NextDouble() + (first ? 1.5 : 0);
            data[n, 1] = random.NextDouble() + random.NextDouble();
            data[n, 2] = random.NextDouble() < (first ? 0.9 : 0.2) ? 1 : 0;
            data[n, 3] = random.Next(first ? 8 : 3);
            data[n, 4] = first ? random.Next(2) : random.Next(3);
            data[n, 5] = -Math.Log(1 - random.NextDouble()) * (first ? 3 : 1);
            data[n, 6] = Enumerable.Range(0, 4).Count(_ => random.NextDouble() < (first ? 0.8 : 0.4));
            data[n, 7] = random.Next(first ? 9 : 4);
            data[n, 8] = 0.1 - (Math.Log(1 - random.NextDouble()) * (first ? 3 : 1));
            data[n, 9] = Math.Exp(random.NextDouble() + (first ? 1 : 0));
            data[n, 10] = 0.01 + ((first ? 0.9 : 0.5) * random.NextDouble());
            data[n, 11] = (random.NextDouble() - 0.5) / (0.05 + random.NextDouble()) + (first ? 2 : 0);
        }

        return data;
    }
}
