using Microsoft.FSharp.Core;
using Xunit;
using Core = global::Gmm;

namespace Gmm.CSharp.Tests;

public sealed class BayesianTests : IDisposable
{
    private static readonly double[,] Prior = { { 2, 0.5 }, { 0.5, 100 } };

    private static readonly double[,] Means = { { 2, 55 }, { 4, 75 }, { 4.5, 85 } };

    private static readonly int[] Labels = [.. Enumerable.Range(0, 272).Select(n => n % 3)];

    private readonly string target = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "model.json");

    private static readonly Dictionary<string, (Action<BayesianGaussianMixture> Here, (string, object)[] Kind, (string, object)[] Options)> Settings =
        new()
        {
            ["defaults"] = (_ => { }, [], []),
            ["Components"] = (m => m.Components = 7, [], [("Components", 7)]),
            ["CovarianceType"] = (m => m.CovarianceType = CovarianceType.TiedDiag, [("Structure", Structure.TiedDiag)], []),
            ["WeightConcentrationPriorType"] = (
                m => m.WeightConcentrationPriorType = WeightConcentrationPriorType.DirichletDistribution,
                [("WeightConcentration", FSharpOption<WeightConcentration>.Some(WeightConcentration.NewDirichletDistribution(0.25)))],
                []),
            ["WeightConcentrationPrior"] = (
                m => m.WeightConcentrationPrior = 3,
                [("WeightConcentration", FSharpOption<WeightConcentration>.Some(WeightConcentration.NewDirichletProcess(3)))],
                []),
            ["MeanPrior, MeanPrecisionPrior"] = (
                m => (m.MeanPrior, m.MeanPrecisionPrior) = (new double[] { 3, 70 }, 0.5),
                [
                    ("MeanPrior", FSharpOption<Core.Tensor>.Some(TensorModule.vector([3, 70]))),
                    ("MeanPrecisionPrior", 0.5),
                ],
                []),
            ["CovariancePrior, DegreesOfFreedomPrior"] = (
                m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (Prior, 4),
                [
                    ("CovariancePrior", FSharpOption<Core.Tensor>.Some(TensorModule.matrix(Prior))),
                    ("DegreesOfFreedomPrior", FSharpOption<double>.Some(4)),
                ],
                []),
            ["Init"] = (m => (m.Init, m.RandomState) = (InitMethod.Points, 5), [], [("Start", Start<NormalWishart>.Points), ("Seed", 5)]),
            ["InitMeans"] = (
                m => (m.Components, m.InitMeans) = (3, Means), [], [("Components", 3), ("Start", Start<NormalWishart>.NewMeans(Means))]),
            ["InitLabels"] = (
                m => (m.Components, m.InitLabels) = (3, Labels), [], [("Components", 3), ("Start", Start<NormalWishart>.NewLabels(Labels))]),
            ["InitResponsibilities"] = (
                m => (m.Components, m.InitResponsibilities) = (3, Data.OneHot(Labels, 3)),
                [],
                [("Components", 3), ("Start", Start<NormalWishart>.NewResponsibilities(Data.OneHot(Labels, 3)))]),
            ["Stopping, Tolerance"] = (
                m => (m.Stopping, m.Tolerance) = (StoppingRule.Change, 1e-4), [], [("Stopping", Core.Stopping.Change), ("Tolerance", 1e-4)]),
            ["MaxIterations"] = (m => m.MaxIterations = 3, [], [("MaxIterations", 3)]),
        };

    public static TheoryData<string> SettingNames => new(Settings.Keys);

    public void Dispose()
    {
        if (Directory.Exists(Path.GetDirectoryName(target)))
        {
            Directory.Delete(Path.GetDirectoryName(target)!, true);
        }
    }

    [Theory]
    [MemberData(nameof(SettingNames))]
    public void SettingReachesTheCore(string name)
    {
        var (here, kind, options) = Settings[name];
        var model = new BayesianGaussianMixture(4);
        here(model);
        model.Fit(Data.Faithful);
        var source = Data.Source(Data.Faithful);
        var family = Against.With(Core.BayesianGaussianKindModule.defaults, kind);
        var core = Data.Value(Core.Bayes.fit(
            Against.With(Core.Bayes.defaults, [("Components", 4), ("Start", Start<NormalWishart>.KMeans), .. options, ("Family", family)]), source));
        var posterior = core.Fit.Parameters;
        Assert.Equal(core.Fit.Trace, model.Trace);
        Assert.Equal((core.LowerBound, core.EffectiveComponents), (model.LowerBound, model.EffectiveComponents));
        Assert.Equal((core.Fit.Converged, core.Fit.Iterations, core.Fit.Seed), (model.Converged, model.Iterations, model.BestRandomState));
        Assert.Equal(core.Weights, model.Weights);
        Assert.Equal(core.Means, model.Means);
        Assert.All(model.Covariances, (covariance, k) => Assert.Equal(GaussianModule.covariance(posterior.Gaussian, k), covariance));
        Assert.Equal(posterior.MeanPrecisions, model.MeanPrecisions);
        Assert.Equal(posterior.DegreesOfFreedom, model.DegreesOfFreedom);
        Assert.Equal(WeightDistributionModule.table(posterior.Weights), model.WeightConcentrations);
        Assert.Equal(Data.Value(Core.Predict.labels(core.Fit, source)), model.Predict(Data.Faithful));
        Assert.Equal(Data.Value(Core.Predict.responsibilities(core.Fit, source)), model.PredictProba(Data.Faithful));
        Assert.Equal(Data.Value(Core.Predict.score(core.PlugIn, source)), model.PlugIn.Score(Data.Faithful));
    }

    [Fact]
    public void OfTenComponentsTwoHaveTheEruptions()
    {
        var model = new BayesianGaussianMixture(10);
        var labels = model.FitPredict(Data.Faithful);
        Assert.Equal((2, 2), (model.EffectiveComponents, labels.Distinct().Count()));
        Assert.Equal(model.Predict(Data.Faithful), labels);
        Assert.Equal(model.Predict([3.6, 79]), model.Predict([[3.6, 79]])[0]);
        Assert.True(model.Converged);
        Assert.Empty(model.Warnings);
        Assert.Equal(model.LowerBound, model.Trace[^1] * 272, 1e-9);
        Assert.StartsWith("BayesianGaussianMixture of 10 components, Full covariances: converged after ", model.ToString());
        Assert.EndsWith("2 of them with rows", model.ToString());
        Assert.Equal("BayesianGaussianMixture of 10 components, Full covariances, not fitted", $"{new BayesianGaussianMixture(10)}");
    }

    [Fact]
    public void ThePlugInIsAGaussianMixture()
    {
        var model = new BayesianGaussianMixture(4) { CovarianceType = CovarianceType.Diag, KeepHistory = true }.Fit(Data.Faithful);
        var plugIn = model.PlugIn;
        Assert.Equal(CovarianceType.Diag, plugIn.CovarianceType);
        Assert.Equal(model.Means, plugIn.Means);
        Assert.Equal(model.Weights.Sum(), plugIn.Weights.Sum(), 1e-12);
        Assert.Equal(50, plugIn.Sample(50).Rows.GetLength(0));
        Assert.Equal(model.Iterations, plugIn.Iterations);
        Assert.Equal(double.NegativeInfinity, plugIn.LogLikelihood);
        Assert.Equal(model.Iterations + 1, model.MeansHistory.Count);
        Assert.Contains("<svg", Plot.Scatter(plugIn, Data.Faithful).ToSvg(), StringComparison.Ordinal);
        Against.AssertEqual((Array)(double[,])model.Precisions, (Array)(double[,])plugIn.Precisions);
        Against.AssertEqual((Array)(double[,])model.PrecisionsCholesky, (Array)(double[,])plugIn.PrecisionsCholesky);
    }

    [Fact]
    public void ThePredictiveDensityIsThatOfTheCore()
    {
        var model = new BayesianGaussianMixture(3).Fit(Data.Faithful);
        var source = Data.Source(Data.Faithful);
        var core = Data.Value(Core.Bayes.fit(
            Against.With(Core.Bayes.defaults, ("Components", 3), ("Start", Start<NormalWishart>.KMeans)), source));
        var predictive = Core.Fit.ofMixture(StudentTModule.family, Data.Value(Core.Bayes.predictive(core)));
        Assert.Equal(Data.Value(Core.Predict.logDensities(predictive, source)), model.PredictiveScoreSamples(Data.Faithful));

        model.CovarianceType = CovarianceType.Diag;
        Assert.StartsWith(
            "CovarianceType must be full or spherical",
            Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful).PredictiveScoreSamples(Data.Faithful)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void SavedModelsComeBack()
    {
        var model = new BayesianGaussianMixture(3)
        {
            CovarianceType = CovarianceType.TiedFull,
            WeightConcentrationPriorType = WeightConcentrationPriorType.DirichletDistribution,
            WeightConcentrationPrior = 0.7,
            MeanPrecisionPrior = 2,
            DegreesOfFreedomPrior = 5,
            CovariancePrior = Prior,
            InitMeans = Means,
            Stopping = StoppingRule.Change,
        }.Fit(Data.Faithful);
        model.Save(target);

        foreach (var again in new[] { BayesianGaussianMixture.Load(target), BayesianGaussianMixture.FromState(model.ToState()) })
        {
            Assert.Equal(model.Trace, again.Trace);
            Assert.Equal(model.PredictProba(Data.Faithful), again.PredictProba(Data.Faithful));
            Assert.Equal(model.WeightConcentrations, again.WeightConcentrations);
            Assert.Equal(model.LowerBound, again.LowerBound);
            Assert.Equal(
                (CovarianceType.TiedFull, WeightConcentrationPriorType.DirichletDistribution, 0.7, 2.0, 5.0, StoppingRule.Change),
                (again.CovarianceType, again.WeightConcentrationPriorType, again.WeightConcentrationPrior, again.MeanPrecisionPrior,
                    again.DegreesOfFreedomPrior, again.Stopping));
            Assert.Null(again.MeanPrior);
            Assert.Equal(model.Fit(Data.Faithful).Trace, again.Fit(Data.Faithful).Trace);
        }
    }

    [Fact]
    public void AFitOfTheFSharpLibraryHasItsPrior()
    {
        var core = Data.Value(Core.Bayes.fit(
            Against.With(Core.Bayes.defaults, ("Components", 3), ("Start", Start<NormalWishart>.KMeans)), Data.Source(Data.Faithful)));
        Data.Value(Core.Persist.save(target, core.Fit));
        var model = BayesianGaussianMixture.Load(target);
        Assert.Equal((3, 1.0, 2.0, 1.0 / 3), (model.Components, model.MeanPrecisionPrior, model.DegreesOfFreedomPrior, model.WeightConcentrationPrior));
        Assert.Equal(core.Fit.Trace[^1], model.Fit(Data.Faithful).Trace[^1], 1e-12);
    }

    [Fact]
    public void AWarmStartGoesOn()
    {
        BayesianGaussianMixture Model(int iterations) => new(3) { Tolerance = 0, MaxIterations = iterations, WarmStart = true };
        var two = Model(2).Fit(Data.Faithful);
        var once = Model(1).Fit(Data.Faithful).Fit(Data.Faithful);
        Assert.Equal(two.Means, once.Means);
        Assert.Equal(two.Trace[^1], once.Trace[^1]);
    }

    [Fact]
    public void ErrorsNameTheProperty()
    {
        void Check(string message, Action<BayesianGaussianMixture> set)
        {
            var model = new BayesianGaussianMixture(3);
            set(model);
            Assert.StartsWith(message, Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful)).Message, StringComparison.Ordinal);
        }

        Check("CovarianceType must be one of full, diag, spherical, tied_full, tied_diag, tied_spherical", m => m.CovarianceType = CovarianceType.VEI);
        Check("WeightConcentrationPrior must be from 1e-100 to 1e100, but is 0.", m => m.WeightConcentrationPrior = 0);
        Check("WeightConcentrationPriorType must be one of DirichletProcess, DirichletDistribution, but is 5.", m => m.WeightConcentrationPriorType = (WeightConcentrationPriorType)5);
        Check("MeanPrecisionPrior must be from 1e-100 to 1e100, but is -1.", m => m.MeanPrecisionPrior = -1);
        Check("DegreesOfFreedomPrior must be above 1 for full covariances of 2 features", m => m.DegreesOfFreedomPrior = 1);
        Check("MeanPrior must be 2 or 3×2, but is 3.", m => m.MeanPrior = new double[] { 1, 2, 3 });
        Check("CovariancePrior must be symmetric and positive definite", m => m.CovariancePrior = new double[,] { { 1, 2 }, { 2, 1 } });
        Check("Components must be at least 1, but is 0.", m => m.Components = 0);
        Check(
            "The start must be one of InitMeans, InitLabels, InitResponsibilities, but is InitMeans and InitLabels.",
            m => (m.InitMeans, m.InitLabels) = (Means, Labels));
        Assert.StartsWith(
            "BayesianGaussianMixture.Weights needs a fitted model.",
            Assert.Throws<InvalidOperationException>(() => new BayesianGaussianMixture(2).Weights).Message,
            StringComparison.Ordinal);
    }
}
