using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>Mixtures of the exponential families give bit for bit what the F# core gives, and every setting reaches it.</summary>
public class FamilyTests
{
    private const int Rows = 90;

    /// <summary>A family here and in the core.</summary>
    /// <param name="Make">A model.</param>
    /// <param name="Numbers">Data (90×2).</param>
    /// <param name="Family">The core's family.</param>
    /// <param name="Read">Parameters as users know them, from the core's.</param>
    /// <param name="Parameters">The parameters of a model, and those it started from.</param>
    /// <param name="SetPrior">Sets the prior of a model.</param>
    /// <param name="Prior">The same prior of the core.</param>
    /// <param name="SetStart">Sets the parameters that a model of two starts from.</param>
    /// <param name="Start">The same as mean parameters (2×2×S).</param>
    /// <param name="Given">The same, where mean parameters round.</param>
    private sealed record Case(
        Func<MixtureModel> Make,
        double[,] Numbers,
        ExponentialFamily Family,
        Func<ExponentialParameters, Array> Read,
        Func<MixtureModel, (Array Fitted, Array Initial)> Parameters,
        Action<MixtureModel> SetPrior,
        ConjugatePrior Prior,
        Action<MixtureModel> SetStart,
        double[,,] Start,
        ExponentialParameters? Given = null);

    private static readonly double[,] Quarters = { { 0.25, 0.5 }, { 0.75, 0.5 } };

    private static readonly double[,] Halves = { { 0.5, 1.5 }, { 2.5, 0.5 } };

    private static readonly double[,,] Thirds = { { { 0.5, 0.25, 0.25 }, { 0.25, 0.25, 0.5 } }, { { 0.25, 0.5, 0.25 }, { 0.125, 0.125, 0.75 } } };

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["Bernoulli"] = new(
            () => new BernoulliMixture(2),
            Draw((random, first) => random.NextDouble() < (first ? 0.8 : 0.3) ? 1 : 0),
            Core.Bernoulli.family,
            Core.Bernoulli.probabilities,
            m => (((BernoulliMixture)m).Probabilities, ((BernoulliMixture)m).InitialProbabilities),
            m => ((BernoulliMixture)m).BetaPrior = (2, 3.5),
            Core.Bernoulli.beta(2, 3.5),
            m => ((BernoulliMixture)m).InitProbabilities = Quarters,
            Pairs(1)),
        ["Binomial"] = new(
            () => new BinomialMixture(2, trials: 8),
            Draw((random, first) => Enumerable.Range(0, 8).Count(_ => random.NextDouble() < (first ? 0.8 : 0.3))),
            Core.Binomial.family(8),
            parameters => Core.Binomial.probabilities(8, parameters),
            m => (((BinomialMixture)m).Probabilities, ((BinomialMixture)m).InitialProbabilities),
            m => ((BinomialMixture)m).BetaPrior = (2, 3.5),
            Core.Binomial.beta(8, 2, 3.5),
            m => ((BinomialMixture)m).InitProbabilities = Quarters,
            Pairs(8)),
        ["Categorical"] = new(
            () => new CategoricalMixture(2, levels: 3),
            Draw((random, first) => first ? random.Next(2) : random.Next(3)),
            Core.Categorical.family(3),
            Core.Categorical.probabilities,
            m => (((CategoricalMixture)m).Probabilities, ((CategoricalMixture)m).InitialProbabilities),
            m => ((CategoricalMixture)m).DirichletPrior = new[] { 1, 2.5, 4 },
            Core.Categorical.dirichlet([1, 2.5, 4]),
            m => ((CategoricalMixture)m).InitProbabilities = Thirds,
            Thirds),
        ["Poisson"] = new(
            () => new PoissonMixture(2),
            Draw((random, first) => random.Next(first ? 4 : 12)),
            Core.Poisson.family,
            Core.Poisson.rates,
            m => (((PoissonMixture)m).Rates, ((PoissonMixture)m).InitialRates),
            m => ((PoissonMixture)m).GammaPrior = (3, 0.5),
            Core.Poisson.gamma(3, 0.5),
            m => ((PoissonMixture)m).InitRates = Quarters,
            Single(rate => rate)),
        ["Exponential"] = new(
            () => new ExponentialMixture(2),
            Draw((random, first) => -Math.Log(1 - random.NextDouble()) / (first ? 3 : 0.5)),
            Core.Exponential.family,
            Core.Exponential.rates,
            m => (((ExponentialMixture)m).Rates, ((ExponentialMixture)m).InitialRates),
            m => ((ExponentialMixture)m).GammaPrior = (3, 0.5),
            Core.Exponential.gamma(3, 0.5),
            m => ((ExponentialMixture)m).InitRates = Quarters,
            Single(rate => 1 / rate)),
        ["Geometric"] = new(
            () => new GeometricMixture(2),
            Draw((random, first) => random.Next(first ? 4 : 12)),
            Core.Geometric.family,
            Core.Geometric.probabilities,
            m => (((GeometricMixture)m).Probabilities, ((GeometricMixture)m).InitialProbabilities),
            m => ((GeometricMixture)m).BetaPrior = (3, 1.5),
            Core.Geometric.beta(3, 1.5),
            m => ((GeometricMixture)m).InitProbabilities = Quarters,
            Single(p => (1 - p) / p)),
        ["Gamma"] = new(
            () => new GammaMixture(2),
            Draw((random, first) => 0.1 - (Math.Log(1 - random.NextDouble()) / (first ? 3 : 0.5))),
            Core.Gamma.family,
            Core.Gamma.shapes,
            m => (((GammaMixture)m).Shapes, ((GammaMixture)m).InitialShapes),
            m => ((GammaMixture)m).Prior = (3, 2, 0.5),
            Core.Gamma.prior(3, 2, 0.5),
            m => (((GammaMixture)m).InitShapes, ((GammaMixture)m).InitRates) = (Quarters, Halves),
            new double[2, 2, 2],
            Data.Value(Core.Gamma.ofShapesAndRates(Quarters, Halves))),
        ["LogNormal"] = new(
            () => new LogNormalMixture(2),
            Draw((random, first) => Math.Exp(random.NextDouble() + (first ? 3 : 0.5))),
            Core.LogNormal.family,
            Core.LogNormal.logMeans,
            m => (((LogNormalMixture)m).LogMeans, ((LogNormalMixture)m).InitialLogMeans),
            m => ((LogNormalMixture)m).Prior = (3, -1, 0.5),
            Core.LogNormal.prior(3, -1, 0.5),
            m => (((LogNormalMixture)m).InitLogMeans, ((LogNormalMixture)m).InitLogDeviations) = (Quarters, Halves),
            new double[2, 2, 2],
            Data.Value(Core.LogNormal.ofLogMeansAndDeviations(Quarters, Halves))),
        ["Beta"] = new(
            () => new BetaMixture(2),
            Draw((random, first) => first ? 0.001 + (0.5 * random.NextDouble()) : 0.999 - (0.5 * random.NextDouble())),
            Core.Beta.family,
            Core.Beta.alphas,
            m => (((BetaMixture)m).Alphas, ((BetaMixture)m).InitialAlphas),
            m => ((BetaMixture)m).Prior = (3, 2, 0.5),
            Core.Beta.prior(3, 2, 0.5),
            m => (((BetaMixture)m).InitAlphas, ((BetaMixture)m).InitBetas) = (Quarters, Halves),
            new double[2, 2, 2],
            Data.Value(Core.Beta.ofAlphasAndBetas(Quarters, Halves))),
    };

    private static readonly int[] Labels = [.. Enumerable.Range(0, Rows).Select(n => n % 2)];

    /// <summary>A setting that all mixtures have, here and in the core.</summary>
    private static readonly Dictionary<string, (Action<MixtureModel> Here, (string, object)[] Core)> Settings = new()
    {
        ["defaults"] = (_ => { }, []),
        ["Components"] = (m => m.Components = 3, [("Components", 3)]),
        ["Tolerance"] = (m => m.Tolerance = 1e-3, [("Tolerance", 1e-3)]),
        ["MaxIterations"] = (m => m.MaxIterations = 2, [("MaxIterations", 2)]),
        ["Init KPlusPlus"] = (m => m.Init = InitMethod.KPlusPlus, [("Start", Start<ExponentialParameters>.KPlusPlus)]),
        ["Init Points"] = (m => m.Init = InitMethod.Points, [("Start", Start<ExponentialParameters>.Points)]),
        ["Init RandomResponsibilities, Restarts, RandomState"] = (
            m => (m.Init, m.Restarts, m.RandomState) = (InitMethod.RandomResponsibilities, 3, 5),
            [("Start", Start<ExponentialParameters>.RandomResponsibilities), ("Restarts", 3), ("Seed", 5)]),
        ["InitLabels"] = (m => m.InitLabels = Labels, [("Start", Start<ExponentialParameters>.NewLabels(Labels))]),
        ["InitResponsibilities"] = (
            m => m.InitResponsibilities = Data.OneHot(Labels, 2),
            [("Start", Start<ExponentialParameters>.NewResponsibilities(Data.OneHot(Labels, 2)))]),
        ["Cem"] = (m => m.Cem = true, [("Assignment", Assignment.Hard)]),
        ["WeightConcentrationPrior"] = (
            m => m.WeightConcentrationPrior = new[] { 5.0, 20 }, [("WeightPrior", WeightPrior.NewDirichlet([5, 20]))]),
        ["Threads"] = (m => m.Threads = 1, []),
    };

    public static TheoryData<string> FamilyNames => new(Cases.Keys);

    public static TheoryData<string, string> FamiliesAndSettings
    {
        get
        {
            var all = new TheoryData<string, string>();

            foreach (var family in Cases.Keys)
            {
                foreach (var setting in Settings.Keys)
                {
                    all.Add(family, setting);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(FamiliesAndSettings))]
    public void SettingReachesTheCore(string family, string setting)
    {
        var model = Cases[family].Make();
        Settings[setting].Here(model);
        AssertSame(family, model, changes: Settings[setting].Core);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void PriorReachesTheCore(string family)
    {
        var model = Cases[family].Make();
        Cases[family].SetPrior(model);
        AssertSame(family, model, Cases[family].Prior);
        Assert.NotEqual(Cases[family].Make().Fit(Cases[family].Numbers).Trace, model.Trace);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void StartReachesTheCore(string family)
    {
        var (one, two) = (Cases[family].Make(), (ExponentialFamilyMixture)Cases[family].Make());
        var parameters = Cases[family].Given
            ?? Data.Value(ExponentialFamilyModule.create(Cases[family].Family, TensorModule.matrices(Cases[family].Start)));
        Cases[family].SetStart(one);
        AssertSame(family, one, changes: ("Start", Start<ExponentialParameters>.NewMixture(Mixture.uniform(2, parameters))));
        Cases[family].SetStart(two);
        two.InitWeights = [1, 3];
        AssertSame(
            family, two, changes: ("Start", Start<ExponentialParameters>.NewMixture(Data.Value(Mixture.create([1.0, 3], parameters)))));
        Assert.Equal([0.25, 0.75], two.InitialWeights);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void SampleWeightsReachTheCore(string family)
    {
        var data = Cases[family].Numbers;
        double[] weights = [.. Enumerable.Range(0, Rows).Select(n => n % 3 + 0.5)];
        var model = Cases[family].Make().Fit(data, weights);
        var source = Data.Value(SourceModule.weighted(weights, Data.Source(data)));
        Against.AssertSame(model, Data.Value(Core.Gmm.fit(OptionsOf(Cases[family].Family), source)), data);
        Assert.Equal(model.LowerBound, model.Score(data, weights), 1e-12);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void FitReturnsTheObjectAndFitPredictLabels(string family)
    {
        var model = Cases[family].Make();
        Assert.False(model.IsFitted);
        Assert.Same(model, model.Fit(Cases[family].Numbers));
        Assert.Equal(model.Predict(Cases[family].Numbers), Cases[family].Make().FitPredict(Cases[family].Numbers));
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void ParametersAreCopies(string family)
    {
        var model = Cases[family].Make().Fit(Cases[family].Numbers);
        var place = new int[Cases[family].Parameters(model).Fitted.Rank];
        var value = Cases[family].Parameters(model).Fitted.GetValue(place);
        Cases[family].Parameters(model).Fitted.SetValue(77.0, place);
        Assert.Equal(value, Cases[family].Parameters(model).Fitted.GetValue(place));
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void FitIsCancelledAndTheEarlierFitKept(string family)
    {
        var model = Cases[family].Make().Fit(Cases[family].Numbers);
        var trace = model.Trace;
        Assert.ThrowsAny<OperationCanceledException>(() => model.Fit(Cases[family].Numbers, cancellationToken: new CancellationToken(true)));
        Assert.Equal(trace, model.Trace);
    }

    [Theory]
    [MemberData(nameof(FamilyNames))]
    public void BeforeAFitTheRemedyIsNamed(string family)
    {
        var model = Cases[family].Make();
        var name = family switch
        {
            "Poisson" or "Exponential" => "Rates",
            "Gamma" => "Shapes",
            "LogNormal" => "LogMeans",
            "Beta" => "Alphas",
            _ => "Probabilities",
        };

        foreach (var (member, use) in new (string, Func<object>)[]
                 {
                     (name, () => Cases[family].Parameters(model)),
                     ($"Initial{name}", () => model.GetType().GetProperty($"Initial{name}")!.GetMethod!.CreateDelegate<Func<Array>>(model)()),
                     ("Weights", () => model.Weights),
                     ("InitialWeights", () => model.InitialWeights),
                     ("Trace", () => model.Trace),
                     ("Bic", () => model.Bic()),
                     ("Predict", () => model.Predict(Cases[family].Numbers)),
                     ("PredictProba", () => model.PredictProba(Cases[family].Numbers)),
                     ("ScoreSamples", () => model.ScoreSamples(Cases[family].Numbers)),
                     ("Score", () => model.Score(Cases[family].Numbers)),
                 })
        {
            Assert.Equal(
                $"{family}Mixture.{member} needs a fitted model. Call Fit or FitPredict first.",
                Assert.Throws<InvalidOperationException>(use).Message);
        }
    }

    [Fact]
    public void TrialsAndLevelsOfAFitStay()
    {
        var binomial = new BinomialMixture(2, trials: 8).Fit(Cases["Binomial"].Numbers);
        var categorical = new CategoricalMixture(2, levels: 3).Fit(Cases["Categorical"].Numbers);
        var (probabilities, levels) = (binomial.Probabilities, categorical.Probabilities);
        (binomial.Trials, categorical.Levels) = (80, 7);
        Assert.Equal(probabilities, binomial.Probabilities);
        Assert.Equal(levels, categorical.Probabilities);
    }

    // ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    [Theory]
    [InlineData("Bernoulli", 2, "Data for bernoulli must be 0 or 1, but row 5, column 1 (counting from 0) holds 2.")]
    [InlineData("Bernoulli", 0.5, "Data for bernoulli must be 0 or 1, but row 5, column 1 (counting from 0) holds 0.5.")]
    [InlineData("Binomial", 9, "Data for binomial must be a whole number from 0 to 8, but row 5, column 1 (counting from 0) holds 9.")]
    [InlineData("Categorical", 3, "Data for categorical must be a whole number from 0 to 2, but row 5, column 1 (counting from 0) holds 3.")]
    [InlineData("Categorical", 1.5, "Data for categorical must be a whole number from 0 to 2, but row 5, column 1 (counting from 0) holds 1.5.")]
    [InlineData("Poisson", -1, "Data for poisson must be a whole number from 0 upward, but row 5, column 1 (counting from 0) holds -1.")]
    [InlineData("Poisson", 2.5, "Data for poisson must be a whole number from 0 upward, but row 5, column 1 (counting from 0) holds 2.5.")]
    [InlineData("Geometric", 0.5, "Data for geometric must be a whole number from 0 upward, but row 5, column 1 (counting from 0) holds 0.5.")]
    [InlineData("Gamma", 0, "Data for gamma must be above 0, but row 5, column 1 (counting from 0) holds 0.")]
    [InlineData("LogNormal", -1, "Data for lognormal must be above 0, but row 5, column 1 (counting from 0) holds -1.")]
    [InlineData("Beta", 1, "Data for beta must be above 0 and below 1, but row 5, column 1 (counting from 0) holds 1.")]
    [InlineData("Exponential", -0.25, "Data for exponential must be 0 or more, but row 5, column 1 (counting from 0) holds -0.25.")]
    [InlineData("Poisson", double.NaN, "The data must be complete, but row 5, column 1 (counting from 0) holds NaN, the only missing cell.")]
    public void NumberOutsideTheDomain(string family, double number, string message)
    {
        var model = Cases[family].Make().Fit(Cases[family].Numbers);
        var trace = model.Trace;
        var data = (double[,])Cases[family].Numbers.Clone();
        data[5, 1] = number;

        foreach (Action use in new Action[]
                 {
                     () => model.Fit(data),
                     () => model.FitPredict(data),
                     () => model.Predict(data),
                     () => model.PredictProba(data),
                     () => model.ScoreSamples(data),
                     () => model.Score(data),
                 })
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.StartsWith(message, error.Message);
            Assert.Equal("data", error.ParamName);
            Assert.Equal(trace, model.Trace);
        }
    }

    /// <summary>A family, a setting of a mixture of two, and what is said of it.</summary>
    private static readonly Dictionary<string, (string Family, Action<MixtureModel> Set)> Wrong = new()
    {
        ["Components must be at least 1, but is 0."] = ("Poisson", m => m.Components = 0),
        ["Init must be one of Auto, Thorough, KMeans, KPlusPlus, Points, FarthestFirst, Random, RandomResponsibilities, but is 9."] = ("Bernoulli", m => m.Init = (InitMethod)9),
        ["The start must be one of InitProbabilities, InitLabels, InitResponsibilities, but is InitProbabilities and InitLabels."] =
            ("Bernoulli", m => (((BernoulliMixture)m).InitProbabilities, m.InitLabels) = (Quarters, Labels)),
        ["InitWeights must be one number for each of the 2 components, but is 3 numbers."] =
            ("Poisson", m => (((PoissonMixture)m).InitRates, ((PoissonMixture)m).InitWeights) = (Quarters, [1, 1, 1])),
        ["InitWeights[1] must be finite and not negative, but is -1."] =
            ("Poisson", m => (((PoissonMixture)m).InitRates, ((PoissonMixture)m).InitWeights) = (Quarters, [1, -1])),
        ["InitProbabilities[1, 0] must be between 0 and 1, but is 1.5."] =
            ("Bernoulli", m => ((BernoulliMixture)m).InitProbabilities = new[,] { { 0.5, 1 }, { 1.5, 0 } }),
        ["InitProbabilities[0, 1] must be between 0 and 1, but is NaN."] =
            ("Binomial", m => ((BinomialMixture)m).InitProbabilities = new[,] { { 0.5, double.NaN }, { 0.5, 0 } }),
        ["InitProbabilities must be of shape K×D×3, but is 2×2×2."] =
            ("Categorical", m => ((CategoricalMixture)m).InitProbabilities = new double[2, 2, 2]),
        ["InitProbabilities[0, 0] must be 0 or more with a sum of 1 over the levels, but is 0."] =
            ("Categorical", m => ((CategoricalMixture)m).InitProbabilities = new double[2, 2, 3]),
        ["InitProbabilities[0, 0, 1] must be 0 or more with a sum of 1 over the levels, but is -1."] =
            ("Categorical", m => ((CategoricalMixture)m).InitProbabilities = new double[,,] { { { 1, -1, 1 } }, { { 1, 0, 0 } } }),
        ["InitRates[0, 0] must be 0 or more, and finite, but is -1."] =
            ("Poisson", m => ((PoissonMixture)m).InitRates = new double[,] { { -1, 1 }, { 1, 1 } }),
        ["InitRates[1, 1] must be above 0 and finite, but is 0."] =
            ("Exponential", m => ((ExponentialMixture)m).InitRates = new double[,] { { 1, 1 }, { 1, 0 } }),
        ["InitProbabilities[0, 1] must be above 0 and at most 1, but is 0."] =
            ("Geometric", m => ((GeometricMixture)m).InitProbabilities = new[,] { { 0.5, 0 }, { 1, 1 } }),
        ["InitShapes must be given together with InitRates, but is given without."] =
            ("Gamma", m => ((GammaMixture)m).InitShapes = Quarters),
        ["InitLogDeviations must be given together with InitLogMeans, but is given without."] =
            ("LogNormal", m => ((LogNormalMixture)m).InitLogDeviations = Quarters),
        ["InitAlphas, InitBetas must be numbers of a distribution (beta), but is 0, 0.5."] =
            ("Beta", m => (((BetaMixture)m).InitAlphas, ((BetaMixture)m).InitBetas) = (new double[2, 2], Halves)),
        ["InitRates must be of the shape of the other, 2×2, but is 1×2."] =
            ("Gamma", m => (((GammaMixture)m).InitShapes, ((GammaMixture)m).InitRates) = (Quarters, new double[1, 2])),
        ["Prior must be a count of 0 or more, a shape and a rate above 0, all finite, but is (-1, 2, 3)."] =
            ("Gamma", m => ((GammaMixture)m).Prior = (-1, 2, 3)),
        ["Prior must be a count of 0 or more, a mean and a standard deviation above 0, all finite, but is (1, NaN, 3)."] =
            ("LogNormal", m => ((LogNormalMixture)m).Prior = (1, double.NaN, 3)),
        ["Prior must be a count of 0 or more, α and β above 0, all finite, but is (1, 2, 0)."] =
            ("Beta", m => ((BetaMixture)m).Prior = (1, 2, 0)),
        ["The mixture of InitRates must be one of K = 2, but is one of K = 3."] =
            ("Poisson", m => ((PoissonMixture)m).InitRates = new double[3, 2]),
        ["BetaPrior must be two numbers of 1 or more, and finite, but is (0.5, 1)."] =
            ("Bernoulli", m => ((BernoulliMixture)m).BetaPrior = (0.5, 1)),
        ["BetaPrior must be two numbers of 1 or more, and finite, but is (1, NaN)."] =
            ("Binomial", m => ((BinomialMixture)m).BetaPrior = (1, double.NaN)),
        ["GammaPrior must be a shape of 1 or more and a rate of 0 or more, both finite, but is (0.5, 1)."] =
            ("Poisson", m => ((PoissonMixture)m).GammaPrior = (0.5, 1)),
        ["GammaPrior must be a shape of 1 or more and a rate of 0 or more, both finite, but is (1, -1)."] =
            ("Exponential", m => ((ExponentialMixture)m).GammaPrior = (1, -1)),
        ["DirichletPrior must be at least 1 and finite for every level, but is 0.5."] =
            ("Categorical", m => ((CategoricalMixture)m).DirichletPrior = 0.5),
        ["DirichletPrior must be a number or one for each of the 3 levels, but is of shape (2)."] =
            ("Categorical", m => ((CategoricalMixture)m).DirichletPrior = new double[] { 1, 1 }),
        ["Trials must be at least 1, but is 0."] = ("Binomial", m => ((BinomialMixture)m).Trials = 0),
        ["Levels must be at least 1, but is -1."] = ("Categorical", m => ((CategoricalMixture)m).Levels = -1),
    };

    public static TheoryData<string> WrongMessages => new(Wrong.Keys);

    [Theory]
    [MemberData(nameof(WrongMessages))]
    public void SettingThatBreaksItsRule(string message)
    {
        var (family, set) = Wrong[message];
        var model = Cases[family].Make().Fit(Cases[family].Numbers);
        var trace = model.Trace;
        set(model);
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Fit(Cases[family].Numbers)).Message);
        Assert.Equal(trace, model.Trace);
    }

    [Fact]
    public void UnboundedLikelihoodNamesComponentAndRemedy()
    {
        var model = new ExponentialMixture(2) { InitLabels = [0, 0, 1, 1] };
        var error = Assert.Throws<MixtureFitException>(() => model.Fit([[0.0], [0.0], [1.0], [2.0]]));
        Assert.Equal((0, 0), (error.Component, error.Iteration));
        Assert.Contains("Set a prior", error.Message);
        Assert.False(model.IsFitted);
    }

    [Fact]
    public void ProbabilitiesOfZeroAndOneAreOrdinary()
    {
        var model = new BernoulliMixture(2) { InitLabels = [0, 0, 1] }.Fit([[0, 1], [0, 1], [1, 1]]);
        Assert.Equal(new double[,] { { 0, 1 }, { 1, 1 } }, model.Probabilities);
        Assert.Equal(double.NegativeInfinity, model.ScoreSamples([[1, 0]])[0]);
    }

    // ── Numbers of other programs ───────────────────────────────────────────────────────────────────────────────────

    /// <summary>Three readers of chest films, Dayton: eight patterns and how often each was seen.</summary>
    [Fact]
    public void PleuralThickeningHasTheKnownClasses()
    {
        double[][] patterns = [.. Enumerable.Range(0, 8).Select(i => new double[] { i >> 2 & 1, i >> 1 & 1, i & 1 })];
        double[] counts = [1513, 23, 59, 12, 21, 19, 11, 34];
        var model = new BernoulliMixture(2)
        {
            Init = InitMethod.RandomResponsibilities,
            Restarts = 5,
            Tolerance = 1e-12,
            MaxIterations = 10_000,
        }.Fit(patterns, counts);
        var large = model.Weights[0] > 0.5 ? 0 : 1;
        Assert.Equal(-891.142795, model.LogLikelihood, 1e-6);
        Assert.Equal(0.94552, model.Weights[large], 1e-4);
        Assert.All(
            new[] { 0.990031, 0.964571, 0.989074 }, (zero, j) => Assert.Equal(zero, 1 - model.Probabilities[large, j], 1e-4));
        Assert.All(
            new[] { 0.250919, 0.356491, 0.234975 }, (zero, j) => Assert.Equal(zero, 1 - model.Probabilities[1 - large, j], 1e-3));
    }

    /// <summary>Deaths of women over 80 a day in the London Times (Hasselblad 1969), after ten iterations.</summary>
    [Fact]
    public void LondonTimesDeathsHaveTheKnownRates()
    {
        double[][] deaths = [.. Enumerable.Range(0, 10).Select(value => new double[] { value })];
        double[] counts = [162, 267, 271, 185, 111, 61, 27, 8, 3, 1];
        var model = new PoissonMixture(2)
        {
            InitWeights = [0.3, 0.7],
            InitRates = new[,] { { 1 }, { 2.5 } },
            Acceleration = Acceleration.None,
            Tolerance = 0,
            MaxIterations = 10,
        }.Fit(deaths, counts);
        Assert.Equal(0.28550904362246, model.Weights[0], 1e-13);
        Assert.Equal(1.1103203807742, model.Rates[0, 0], 1e-13);
        Assert.Equal(2.5751589717362, model.Rates[1, 0], 1e-13);
        Assert.Equal(-1990.0301811117, model.LogLikelihood, 1e-9);
        Assert.False(model.Converged);
    }

    // ── Against the core ────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The core's options of a mixture of two, with changes.</summary>
    private static FitOptions<ExponentialFamily, ExponentialParameters> OptionsOf(
        ExponentialFamily family, params (string Field, object Value)[] changes) =>
        Against.With(Core.Gmm.defaultsOf<ExponentialFamily, ExponentialParameters>(family), [("Components", 2), .. changes]);

    private static void AssertSame(
        string family, MixtureModel model, ConjugatePrior? prior = null, params (string Field, object Value)[] changes)
    {
        var known = Cases[family];
        var core = prior is null ? known.Family : Against.With(known.Family, ("Prior", prior));
        var fit = Data.Value(Core.Gmm.fit(OptionsOf(core, changes), Data.Source(known.Numbers)));
        model.Fit(known.Numbers);
        Against.AssertSame(model, fit, known.Numbers);
        Against.AssertEqual(known.Read(fit.Parameters), known.Parameters(model).Fitted);
        Against.AssertEqual(known.Read(fit.Start.Parameters), known.Parameters(model).Initial);
    }

    /// <summary>Ninety rows of two numbers, the first thirty of another kind.</summary>
    private static double[,] Draw(Func<Random, bool, double> number)
    {
        var random = new Random(1);
        var data = new double[Rows, 2];

        for (var n = 0; n < Rows; n++)
        {
            (data[n, 0], data[n, 1]) = (number(random, n < 30), number(random, n < 30));
        }

        return data;
    }

    /// <summary>The expected successes and failures of <see cref="Quarters"/>.</summary>
    private static double[,,] Pairs(int trials) =>
        new double[,,]
        {
            { { 0.25 * trials, 0.75 * trials }, { 0.5 * trials, 0.5 * trials } },
            { { 0.75 * trials, 0.25 * trials }, { 0.5 * trials, 0.5 * trials } },
        };

    /// <summary>The expected values of <see cref="Quarters"/>.</summary>
    private static double[,,] Single(Func<double, double> mean) =>
        new double[,,] { { { mean(0.25) }, { mean(0.5) } }, { { mean(0.75) }, { mean(0.5) } } };
}
