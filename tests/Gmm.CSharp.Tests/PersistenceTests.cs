using System.Reflection;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

/// <summary>A loaded model has the fit and the settings of the saved one, and does what that does.</summary>
public sealed class PersistenceTests : IDisposable
{
    private static readonly double[][] Counts = [.. Enumerable.Range(0, 40).Select(n => new double[] { n % 2, n % 3 % 2 })];

    private readonly string folder = Directory.CreateTempSubdirectory("gmm").FullName;

    private string Target => Path.Combine(folder, "model.json");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // ── Every class ─────────────────────────────────────────────────────────────────────────────────────────────────

    public static TheoryData<CovarianceType> Structures => [.. Enum.GetValues<CovarianceType>()];

    [Theory]
    [MemberData(nameof(Structures))]
    public void GaussianMixtures(CovarianceType type)
    {
        var model = new GaussianMixture(2)
        {
            CovarianceType = type,
            RegCovar = Regularisation.Absolute(1e-5),
            Tolerance = 1e-4,
            MaxIterations = 30,
            Restarts = 2,
            RandomState = 7,
            Init = InitMethod.KPlusPlus,
            Cem = type == CovarianceType.Diag,
            WarmStart = type == CovarianceType.Full,
            CovarianceInit = CovarianceInitMethod.Empirical,
            KeepHistory = true,
            VerboseInterval = 5,
            WeightConcentrationPrior = new double[] { 2, 3 },
            MeanPrior = new double[] { 3, 70 },
            MeanPrecisionPrior = 0.1,
            CovariancePrior = 0.5,
            DegreesOfFreedomPrior = 4,
        }.Fit(Data.Faithful);
        AssertSame(model, GaussianMixture.Load, GaussianMixture.FromState, Data.Faithful);
    }

    [Fact]
    public void GivenStartsAreKept()
    {
        var model = new GaussianMixture(2)
        {
            InitWeights = [0.4, 0.6],
            InitMeans = new double[,] { { 2, 55 }, { 4, 80 } },
            InitCovariances = new double[,] { { 1, 0 }, { 0, 30 } },
        }.Fit(Data.Faithful);
        AssertSame(model, GaussianMixture.Load, GaussianMixture.FromState, Data.Faithful);
    }

    [Fact]
    public void AWarmStartGoesOnAcrossAFile()
    {
        GaussianMixture Model() => new(2) { MaxIterations = 1, Tolerance = 0, WarmStart = true, MeanPrior = new double[] { 3, 70 }, MeanPrecisionPrior = 2 };
        var model = Model().Fit(Data.Faithful);
        model.Save(Target);
        var expected = model.Fit(Data.Faithful);
        var loaded = GaussianMixture.Load(Target).Fit(Data.Faithful);
        AssertSameFit(expected, loaded, Data.Faithful);
        Assert.Equal(expected.Means, loaded.Means);
    }

    [Fact]
    public void BernoulliMixtures() =>
        AssertSame(
            new BernoulliMixture(2) { BetaPrior = (2, 1.5), InitProbabilities = new[,] { { 0.2, 0.7 }, { 0.9, 0.4 } } }.Fit(Counts),
            BernoulliMixture.Load, BernoulliMixture.FromState, Counts);

    [Fact]
    public void BinomialMixtures() =>
        AssertSame(new BinomialMixture(2, 5) { BetaPrior = (2, 1.5) }.Fit(Counts), BinomialMixture.Load, BinomialMixture.FromState, Counts);

    [Fact]
    public void CategoricalMixtures() =>
        AssertSame(
            new CategoricalMixture(2, 3) { DirichletPrior = new double[] { 2, 1, 1.5 } }.Fit(Counts),
            CategoricalMixture.Load, CategoricalMixture.FromState, Counts);

    [Fact]
    public void PoissonMixtures() =>
        AssertSame(
            new PoissonMixture(2) { GammaPrior = (2, 1), InitRates = new[,] { { 0.5, 1 }, { 1, 0.2 } }, InitWeights = [1, 3] }.Fit(Counts),
            PoissonMixture.Load, PoissonMixture.FromState, Counts);

    [Fact]
    public void ExponentialMixtures()
    {
        double[][] times = [.. Counts.Select((row, n) => new[] { 0.5 + row[0], 0.1 + (n % 7) })];
        AssertSame(new ExponentialMixture(2) { GammaPrior = (2, 1) }.Fit(times), ExponentialMixture.Load, ExponentialMixture.FromState, times);
    }

    [Fact]
    public void MixturesOfTwoParameters()
    {
        double[][] numbers = [.. Counts.Select((row, n) => new[] { 0.5 + row[0], 0.1 + (n % 7) })];
        double[][] shares = [.. numbers.Select(row => row.Select(x => x / (1 + x)).ToArray())];
        double[,] two = { { 0.5, 1 }, { 1, 2 } };
        AssertSame(
            new GammaMixture(2) { Prior = (2, 1, 3), InitShapes = two, InitRates = two }.Fit(numbers),
            GammaMixture.Load, GammaMixture.FromState, numbers);
        AssertSame(
            new LogNormalMixture(2) { Prior = (2, 1, 3), InitLogMeans = two, InitLogDeviations = two }.Fit(numbers),
            LogNormalMixture.Load, LogNormalMixture.FromState, numbers);
        AssertSame(
            new BetaMixture(2) { Prior = (2, 1, 3), InitAlphas = two, InitBetas = two }.Fit(shares),
            BetaMixture.Load, BetaMixture.FromState, shares);
        AssertSame(
            new GeometricMixture(2) { BetaPrior = (2, 1), InitProbabilities = new[,] { { 0.5, 1 }, { 1, 0.2 } } }.Fit(Counts),
            GeometricMixture.Load, GeometricMixture.FromState, Counts);
        AssertSame(
            new NegativeBinomialMixture(2) { InitMeans = two, InitSizes = two }.Fit(Counts),
            NegativeBinomialMixture.Load, NegativeBinomialMixture.FromState, Counts);
    }

    private static readonly double[][] Mixed =
        [.. Enumerable.Range(0, 60).Select(n => new[] { (n % 2 * 3) + Math.Sin(n), n % 3 % 2, n % 4, n % 3, n % 5, 0.5 + (n % 6), 0.5 + (n % 6), 1 + (n % 6), 0.1 + (n % 7 / 10.0), n % 3, n % 8, (n % 2 * 3) + Math.Tan(n), Math.Tan(n + 0.5) })];

    private static ProductMixture Product() =>
        new(2)
        {
            Parts =
            {
                Part.Gaussian([0], CovarianceType.TiedDiag, Regularisation.Absolute(0.01), new double[] { 1 }, 0.5, 0.25, 3),
                Part.Bernoulli([1], (2, 3)),
                Part.Categorical([3], 4, new double[] { 1, 2, 1, 1 }),
                Part.Binomial([2], 3, (1, 2)),
                Part.Poisson([4], (2, 1)),
                Part.Exponential([5], (1, 0.5)),
                Part.Gamma([6], (2, 1, 3)),
                Part.LogNormal([7], (2, 1, 3)),
                Part.Beta([8], (2, 1, 3)),
                Part.Geometric([9], (2, 1)),
                Part.NegativeBinomial([10]),
                Part.StudentT([11], CovarianceType.Diag, null, true, Regularisation.Absolute(0.01), null, null, 0.25, 3),
                Part.StudentT([12], givenDegreesOfFreedom: 4),
            },
        };

    [Fact]
    public void ProductMixtures()
    {
        var model = Product().Fit(Mixed);
        var loaded = AssertSame(model, ProductMixture.Load, ProductMixture.FromState, Mixed);
        Assert.Equal(model.Parts.Select(part => $"{part}"), loaded.Parts.Select(part => $"{part}"));
        Assert.Equal(model.PartParameters[0].Means, loaded.PartParameters[0].Means);
        Assert.Equal(model.PartParameters[3].Probabilities, loaded.PartParameters[3].Probabilities);
        Assert.Equal(model.PartParameters[11].DegreesOfFreedom, loaded.PartParameters[11].DegreesOfFreedom);
        Assert.Equal([4, 4], loaded.PartParameters[12].DegreesOfFreedom);
    }

    [Fact]
    public void PartsAreThoseThatWereFitted()
    {
        var model = Product().Fit(Mixed);
        model.Parts.Clear();
        model.Save(Target);
        Assert.Equal(Product().Parts.Select(part => $"{part}"), ProductMixture.Load(Target).Parts.Select(part => $"{part}"));
    }

    [Fact]
    public void ParametersAreThoseThatWereFitted()
    {
        var model = new BinomialMixture(2, trials: 2).Fit(Counts);
        var probabilities = model.Probabilities;

        foreach (var trials in new[] { 4, 0 })
        {
            model.Trials = trials;
            model.Save(Target);
            var loaded = BinomialMixture.Load(Target);
            Assert.Equal(probabilities, loaded.Probabilities);
            Assert.Equal(trials, loaded.Trials);
        }

        var coins = new BernoulliMixture(2).Fit(Counts);
        coins.BetaPrior = (0, 1);
        coins.Save(Target);
        Assert.Equal(coins.Probabilities, BernoulliMixture.Load(Target).Probabilities);
    }

    [Fact]
    public void KMeansModels()
    {
        var model = new KMeans(3) { Restarts = 3, RandomState = 5, MaxIterations = 50, Tolerance = 1e-3, Init = KMeansInitMethod.Points }.Fit(Data.Iris);
        model.Save(Target);

        foreach (var again in new[] { KMeans.Load(Target), KMeans.FromState(model.ToState()) })
        {
            Assert.Equal(model.Centers, again.Centers);
            Assert.Equal((model.Inertia, model.Iterations, model.Converged, model.BestRandomState), (again.Inertia, again.Iterations, again.Converged, again.BestRandomState));
            Assert.Equal(model.Labels, again.Predict(Data.Iris));
            Assert.Equal(
                "KMeans.Labels are those of the fitted rows, which a loaded model does not have. Call Predict.",
                Assert.Throws<InvalidOperationException>(() => again.Labels).Message);
            AssertSameSettings(model, again);
            Assert.Equal(model.Fit(Data.Iris).Labels, again.Fit(Data.Iris).Labels);
        }
    }

    [Fact]
    public void WhatTheCoreSavedIsLoadedWithWhatItTells()
    {
        var fit = Data.Value(Core.Gmm.fit(Against.Options(3, Structure.TiedFull), Data.Source(Data.Iris)));
        Data.Value(Core.Persist.save(Target, fit));
        var model = GaussianMixture.Load(Target);
        Assert.Equal((3, CovarianceType.TiedFull), (model.Components, model.CovarianceType));
        Against.AssertSame(model, fit, Data.Iris);

        var counts = Data.Value(Core.Gmm.fit(
            Against.With(Core.Gmm.defaultsOf<ExponentialFamily, ExponentialParameters>(Core.Binomial.family(4)), ("Components", 2)),
            Data.Value(SourceModule.ofRows(Counts))));
        Data.Value(Core.Persist.save(Target, counts));
        Assert.Equal((2, 4), (BinomialMixture.Load(Target).Components, BinomialMixture.Load(Target).Trials));
    }

    [Fact]
    public void WhatTheCoreSavedGoesOnWithItsPriors()
    {
        var kind = Against.With(
            GaussianKindModule.defaults,
            ("MeanPrior", FSharpOption<MeanPrior>.Some(new(TensorModule.vector([3, 70]), 50))),
            ("CovariancePrior", FSharpOption<CovariancePrior>.Some(new(TensorModule.scalar(2), 5))));
        var options = Against.With(
            Core.Gmm.defaults,
            ("Components", 2),
            ("Family", kind),
            ("Assignment", Assignment.Hard),
            ("WeightPrior", WeightPrior.NewDirichlet([3])));
        var fit = Data.Value(Core.Gmm.fit(options, Data.Source(Data.Faithful)));
        Data.Value(Core.Persist.save(Target, fit));
        var model = GaussianMixture.Load(Target);
        Assert.True(model.Cem);
        Assert.Equal((50.0, 5.0), (model.MeanPrecisionPrior!.Value, model.DegreesOfFreedomPrior!.Value));
        model.WarmStart = true;
        model.Fit(Data.Faithful);
        Assert.NotEqual(0, fit.LogPrior);
        Assert.Equal(fit.LogPrior, model.LogPrior, 1e-6);
        Assert.Equal(fit.Objective, model.Objective, 1e-6);

        var diagonal = Against.With(
            GaussianKindModule.defaults, ("MeanPrior", kind.MeanPrior), ("Structure", Structure.Diag));
        var parts = ProductKindModule.ofParts(ListModule.OfSeq([Core.PartModule.create([0, 1], diagonal)]));
        var joint = Data.Value(Core.Gmm.fit(
            Against.With(Core.Gmm.defaultsOf<ProductKind, Core.Product>(parts), ("Components", 2)), Data.Source(Data.Faithful)));
        Data.Value(Core.Persist.save(Target, joint));
        var product = ProductMixture.Load(Target);
        product.WarmStart = true;
        product.Fit(Data.Faithful);
        Assert.NotEqual(0, joint.LogPrior);
        Assert.Equal(joint.LogPrior, product.LogPrior, 1e-3 * Math.Abs(joint.LogPrior));
    }

    [Fact]
    public void PartsOfTheCoreHaveTheirSettings()
    {
        static Core.Part T(int column, DegreesOfFreedom degrees) =>
            Core.PartModule.create([column], Against.With(StudentTKindModule.defaults, ("DegreesOfFreedom", degrees)));
        var parts = ProductKindModule.ofParts(ListModule.OfSeq(
            [T(0, DegreesOfFreedom.NewGiven(4)), T(1, DegreesOfFreedom.Equal)]));
        var joint = Data.Value(Core.Gmm.fit(
            Against.With(Core.Gmm.defaultsOf<ProductKind, Core.Product>(parts), ("Components", 2)), Data.Source(Data.Faithful)));
        Data.Value(Core.Persist.save(Target, joint));
        var product = ProductMixture.Load(Target);
        Assert.Equal(["student_t full ν = 4 on [0]", "student_t full equal ν on [1]"], product.Parts.Select(part => $"{part}"));
        product.WarmStart = true;
        product.Fit(Data.Faithful);
        Assert.Equal([4, 4], product.PartParameters[0].DegreesOfFreedom);
        Assert.Equal(product.PartParameters[1].DegreesOfFreedom[0], product.PartParameters[1].DegreesOfFreedom[1]);
        Assert.Equal(joint.LogLikelihood, product.LogLikelihood, 0.01);
    }

    [Fact]
    public void WhatIsSavedHereIsLoadedByTheCore()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        model.Save(Target);
        Against.AssertSame(model, Data.Value(Core.Persist.load<Gaussian>(Target)), Data.Faithful);
    }

    [Fact]
    public void SettingsThatNeedTheRowsAreNotSaved()
    {
        var model = new GaussianMixture(3) { InitLabels = Data.Species, Threads = 1 }.Fit(Data.Iris);
        model.Save(Target);
        var loaded = GaussianMixture.Load(Target);
        Assert.Null(loaded.InitLabels);
        Assert.Equal(new GaussianMixture(1).Threads, loaded.Threads);
    }

    // ── NumPy ───────────────────────────────────────────────────────────────────────────────────────────────────────

    [Theory]
    [MemberData(nameof(Structures))]
    public void ArchivesOfNumPy(CovarianceType type)
    {
        var model = new GaussianMixture(3) { CovarianceType = type }.Fit(Data.Iris);
        var path = Path.Combine(folder, "model.npz");
        model.ExportNpz(path);
        var expected = type switch
        {
            CovarianceType.TiedDiag or CovarianceType.TiedSpherical => CovarianceType.TiedFull,
            CovarianceType.VEI or CovarianceType.EVI => CovarianceType.Diag,
            CovarianceType.VEE or CovarianceType.EVE or CovarianceType.VVE => CovarianceType.Full,
            CovarianceType.EEV or CovarianceType.VEV or CovarianceType.EVV => CovarianceType.Full,
            _ => type,
        };

        foreach (var again in new[] { GaussianMixture.ImportNpz(path), GaussianMixture.ImportNpz(path, expected) })
        {
            Assert.Equal((3, expected), (again.Components, again.CovarianceType));
            Assert.Equal(model.Means, again.Means);
            Assert.Equal(model.Covariances.ToArray(), again.Covariances.ToArray());
            Assert.Equal(model.Predict(Data.Iris), again.Predict(Data.Iris));
            Assert.All(model.ScoreSamples(Data.Iris).Zip(again.ScoreSamples(Data.Iris)), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.Equal((double.NegativeInfinity, double.PositiveInfinity), (again.LowerBound, again.Bic()));
        }

        var wrong = type == CovarianceType.Spherical ? CovarianceType.Full : CovarianceType.Spherical;
        Assert.Contains(" must have shape ", Assert.Throws<IOException>(() => GaussianMixture.ImportNpz(path, wrong)).Message);
        Assert.ThrowsAny<ArgumentException>(() => GaussianMixture.ImportNpz(path, (CovarianceType)99));
    }

    // ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void BeforeAFitThereIsNothingToSave()
    {
        var model = new GaussianMixture(2);
        Assert.Equal(
            "GaussianMixture.Save needs a fitted model. Call Fit or FitPredict first.",
            Assert.Throws<InvalidOperationException>(() => model.Save(Target)).Message);
        Assert.StartsWith("GaussianMixture.ToState ", Assert.Throws<InvalidOperationException>(model.ToState).Message);
        Assert.StartsWith("GaussianMixture.ExportNpz ", Assert.Throws<InvalidOperationException>(() => model.ExportNpz(Target)).Message);
        Assert.StartsWith("KMeans.Save ", Assert.Throws<InvalidOperationException>(() => new KMeans(2).Save(Target)).Message);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void NullIsNoPath()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => model.Save(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => model.ExportNpz(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => GaussianMixture.Load(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => GaussianMixture.ImportNpz(null!)).ParamName);
        Assert.Equal("state", Assert.Throws<ArgumentNullException>(() => GaussianMixture.FromState(null!)).ParamName);
    }

    [Fact]
    public void FilesThatCannotBeUsed()
    {
        Assert.Equal($"{Target}: There is no such file.", Assert.Throws<IOException>(() => GaussianMixture.Load(Target)).Message);
        Assert.Equal($"{folder}: This is a folder, not a file.", Assert.Throws<IOException>(() => GaussianMixture.Load(folder)).Message);
        new GaussianMixture(2).Fit(Data.Faithful).Save(Target);
        Assert.Equal(
            $"{Target}: Family must be \"bernoulli\", the family requested, but is \"gaussian\".",
            Assert.Throws<IOException>(() => BernoulliMixture.Load(Target)).Message);
        Assert.StartsWith($"{Target}: Family must be one whose parameters are Centroid", Assert.Throws<IOException>(() => KMeans.Load(Target)).Message);
        Assert.StartsWith($"{Target}: Family must be one whose parameters are Product", Assert.Throws<IOException>(() => ProductMixture.Load(Target)).Message);
        var saved = Data.Value(Core.Persist.read(Target));
        Data.Value(Core.Persist.write(Target, new SavedFit(saved.Family, saved.State.Remove("means"), saved.Options)));
        Assert.Equal(
            $"{Target}: state[\"means\"] must be an entry of the state, but is missing.",
            Assert.Throws<IOException>(() => GaussianMixture.Load(Target)).Message);
        Data.Value(Core.Persist.write(Target, saved));
        File.WriteAllText(Target, File.ReadAllText(Target).Replace("\"seed\": 0", "\"seed\": 1"));
        Assert.StartsWith($"{Target}: It was altered after it was saved", Assert.Throws<IOException>(() => GaussianMixture.Load(Target)).Message);
        File.WriteAllText(Target, File.ReadAllText(Target)[..500]);
        Assert.StartsWith($"{Target}: It is not a complete JSON file", Assert.Throws<IOException>(() => GaussianMixture.Load(Target)).Message);
    }

    [Fact]
    public void StatesThatAreNoModel()
    {
        var state = new GaussianMixture(2).Fit(Data.Faithful).ToState().ToDictionary();
        Assert.Equal("state[\"means\"] must be an entry of the state, but is missing. (Parameter 'state')", Trouble(state, "means", null));
        Assert.Equal("state[\"means\"] must be of shape K×D, but is scalar. (Parameter 'state')", Trouble(state, "means", 1.0));
        Assert.Equal("state[\"options.init\"] must be as it was saved, but is 9. (Parameter 'state')", Trouble(state, "options.init", 9.0));
        Assert.Equal("state[\"options.components\"] must be as it was saved, but is 1.5. (Parameter 'state')", Trouble(state, "options.components", 1.5));
        Assert.Equal("state[\"options.restarts\"] must be as it was saved, but is 2.14748E+09. (Parameter 'state')", Trouble(state, "options.restarts", 2147483648.0));
        Assert.StartsWith("state[\"options.tolerance\"] must be as it was saved, but is [1; 2]", Trouble(state, "options.tolerance", new double[] { 1, 2 }));
        Assert.Equal("state[\"more\"] must be an entry of gaussian, but is an unknown one. (Parameter 'state')", Trouble(state, "more", 1.0));
        state["means"] = null!;
        Assert.Equal("state[\"means\"] must be a tensor, but is null. (Parameter 'state')", Assert.Throws<ArgumentException>(() => GaussianMixture.FromState(state)).Message);
        Assert.ThrowsAny<ArgumentException>(() => ProductMixture.FromState(new Dictionary<string, Tensor>()));
        Assert.ThrowsAny<ArgumentException>(() => ProductMixture.FromState(new Dictionary<string, Tensor> { ["options.part0.family"] = 7.0 }));
    }

    private static string Trouble(Dictionary<string, Tensor> state, string name, Tensor? value)
    {
        var changed = state.ToDictionary();

        if (value is null)
        {
            changed.Remove(name);
        }
        else
        {
            changed[name] = value;
        }

        return Assert.Throws<ArgumentException>(() => GaussianMixture.FromState(changed)).Message;
    }

    // ── What is the same ────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>By file and by state, a model comes back with fit and settings, and another fit of both is the same.</summary>
    private T AssertSame<T>(T model, Func<string, T> load, Func<IReadOnlyDictionary<string, Tensor>, T> fromState, Rows data)
        where T : MixtureModel
    {
        model.Save(Target);

        foreach (var again in new[] { load(Target), fromState(model.ToState()) })
        {
            Assert.Equal(model.ToState().OrderBy(entry => entry.Key), again.ToState().OrderBy(entry => entry.Key));
            AssertSameSettings(model, again);
            AssertSameFit(model, again, data);
        }

        var loaded = load(Target);
        AssertSameFit(model.Fit(data), loaded.Fit(data), data);
        return load(Target);
    }

    private static void AssertSameFit(MixtureModel model, MixtureModel again, Rows data)
    {
        Assert.Equal(model.Weights, again.Weights);
        Assert.Equal(model.InitialWeights, again.InitialWeights);
        Assert.Equal(model.Trace, again.Trace);
        Assert.Equal((model.Bic(), model.Aic(), model.LowerBound), (again.Bic(), again.Aic(), again.LowerBound));
        Assert.Equal((model.Converged, model.Iterations, model.BestRandomState), (again.Converged, again.Iterations, again.BestRandomState));
        Assert.Equal(model.ScoreSamples(data), again.ScoreSamples(data));
        Assert.Equal(model.PredictProba(data), again.PredictProba(data));
    }

    /// <summary>All settings but those that are not saved.</summary>
    private static void AssertSameSettings(object model, object again)
    {
        string[] notSaved = [nameof(MixtureModel.InitLabels), nameof(MixtureModel.InitResponsibilities), nameof(MixtureModel.Threads), nameof(ProductMixture.Parts)];
        var settings = model.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite && !notSaved.Contains(property.Name)).ToArray();
        Assert.True(settings.Length > 5);

        foreach (var setting in settings)
        {
            Assert.Equal(setting.GetValue(model), setting.GetValue(again));
        }
    }
}
