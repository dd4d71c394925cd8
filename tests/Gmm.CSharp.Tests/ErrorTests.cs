using System.Reflection;
using Microsoft.FSharp.Core;
using Xunit;

namespace Gmm.CSharp.Tests;

/// <summary>A mistake is an error with its rule and its value, before any work, and the earlier fit stays.</summary>
public class ErrorTests
{
    private static readonly double[,] TwoMeans = { { 2, 55 }, { 4.3, 80 } };

    private static double[,] FaithfulWith(int row, int column, double value)
    {
        var data = (double[,])Data.Faithful.Clone();
        data[row, column] = value;
        return data;
    }

    /// <summary>The error of the core, which every exception has inside.</summary>
    private static GmmError CoreError(Exception error) => Assert.IsType<GmmException>(error.InnerException).Error;

    private static double[,] Responsibilities(double first)
    {
        var responsibilities = Data.OneHot(new int[272], 2);
        responsibilities[5, 0] = first;
        return responsibilities;
    }

    /// <summary>A setting of a mixture of two, and what is said of it.</summary>
    private static readonly Dictionary<string, Action<GaussianMixture>> Settings = new()
    {
        ["Components must be at least 1, but is 0."] = m => m.Components = 0,
        ["Components must be at most the number of rows, 272, but is 273."] = m => m.Components = 273,
        ["Restarts must be at least 1, but is 0."] = m => m.Restarts = 0,
        ["MaxIterations must be at least 1, but is 0."] = m => m.MaxIterations = 0,
        ["Tolerance must be 0 or more, and finite, but is -0.1."] = m => m.Tolerance = -0.1,
        ["Tolerance must be 0 or more, and finite, but is NaN."] = m => m.Tolerance = double.NaN,
        ["RegCovar must be 0 or more, and finite, but is -1."] = m => m.RegCovar = Regularisation.Absolute(-1),
        ["RegCovar must be 0 or more, and finite, but is -2."] = m => m.RegCovar = Regularisation.Floor(-2),
        ["Threads must be at least 1, but is 0."] = m => m.Threads = 0,
        ["The backend cuda:99 can't be used: "] = m => m.Backend = Backend.Cuda(99),
        ["CovarianceType must be one of Full, Diag, Spherical, TiedFull, TiedDiag, TiedSpherical, VEI, EVI, VEE, EVE, VVE, EEV, VEV, EVV, but is 17."] = m => m.CovarianceType = (CovarianceType)17,
        ["Init must be one of Auto, Thorough, KMeans, KPlusPlus, Points, FarthestFirst, Random, RandomResponsibilities, but is -1."] = m => m.Init = (InitMethod)(-1),
        ["InitMeans must be of shape 2×2, but is 1×2."] = m => m.InitMeans = new double[1, 2],
        ["InitMeans[1, 0] must be finite, but is NaN."] = m => m.InitMeans = new double[,] { { 2, 55 }, { double.NaN, 80 } },
        ["InitLabels must be one for each of the 272 rows, but is 3 labels."] = m => m.InitLabels = [0, 1, 0],
        ["InitLabels must be between 0 and 1, but is 2 in row 0 (counting from 0)."] = m => m.InitLabels = [.. Enumerable.Repeat(2, 272)],
        ["InitResponsibilities must be of shape 272×2, but is 1×2."] = m => m.InitResponsibilities = new double[1, 2],
        ["InitResponsibilities[5] must be 0 or more with a sum of 1, but is [0.7; 0]."] = m => m.InitResponsibilities = Responsibilities(0.7),
        ["The start must be one of InitMeans, InitLabels, InitResponsibilities, but is InitMeans and InitLabels."] =
            m => (m.InitMeans, m.InitLabels) = (TwoMeans, new int[272]),
        ["InitWeights must be one number for each of the 2 components, but is 3 numbers."] = m => m.InitWeights = [1, 1, 1],
        ["CovarianceInit must be OfStart when InitCovariances are given, but is Random."] =
            m => (m.InitCovariances, m.CovarianceInit) = (1, CovarianceInitMethod.Random),
        ["CovarianceInit must be one of OfStart, Empirical, Identity, Random, but is 9."] =
            m => m.CovarianceInit = (CovarianceInitMethod)9,
        ["VerboseInterval must be at least 1, but is 0."] = m => m.VerboseInterval = 0,
        ["InitWeights[1] must be finite and not negative, but is -1."] =
            m => (m.InitMeans, m.InitCovariances, m.InitWeights) = (TwoMeans, 1, [1, -1]),
        ["InitWeights must be above 0 somewhere, with a finite sum, but is a sum of 0."] = m => m.InitWeights = [0, 0],
        ["RegCovar must be 0 or more, and finite, but is Infinity."] = m => m.RegCovar = Regularisation.Absolute(double.PositiveInfinity),
        ["MeanPrior must be 2 or 2×2, but is scalar."] = m => (m.MeanPrior, m.MeanPrecisionPrior) = (0, 1),
        ["MeanPrecisionPrior must be above 0 and finite, but is NaN."] = m => (m.MeanPrior, m.MeanPrecisionPrior) = (new double[2], double.NaN),
        ["DegreesOfFreedomPrior must be above 1, the number of features less 1, and finite, but is Infinity."] =
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (1, double.PositiveInfinity),
        ["InitCovariances must be symmetric and positive definite, but is"] = m => (m.InitMeans, m.InitCovariances) = (TwoMeans, -1),
        ["InitCovariances must be 2×2×2 or 2×2 or scalar for structure full, but is 3."] =
            m => (m.InitMeans, m.InitCovariances) = (TwoMeans, new double[3]),
        ["InitMeans must be of shape 2×2, but is 3×2."] = m => (m.InitMeans, m.InitCovariances) = (new double[3, 2], 1),
        ["WeightConcentrationPrior must be at least 1 and at most 1e150 for every component, but is 0.5."] = m => m.WeightConcentrationPrior = 0.5,
        ["WeightConcentrationPrior must be at least 1 and at most 1e150 for every component, but is 1E+308."] = m => m.WeightConcentrationPrior = 1e308,
        ["WeightConcentrationPrior must be one concentration for each of the 2 weights, or one for all, but is 3 numbers."] =
            m => m.WeightConcentrationPrior = new double[] { 1, 2, 3 },
        ["WeightConcentrationPrior must be a number or one for every component, but is 2-dimensional."] =
            m => m.WeightConcentrationPrior = new double[,] { { 1, 2 } },
        ["MeanPrior must be 2 or 2×2, but is 3."] = m => (m.MeanPrior, m.MeanPrecisionPrior) = (new double[3], 1),
        ["MeanPrior must be finite, but is"] = m => (m.MeanPrior, m.MeanPrecisionPrior) = (new[] { 1, double.NaN }, 1),
        ["MeanPrecisionPrior must be above 0 and finite, but is 0."] = m => (m.MeanPrior, m.MeanPrecisionPrior) = (new double[2], 0),
        ["MeanPrior must be given together with MeanPrecisionPrior, but is given without."] = m => m.MeanPrior = new double[2],
        ["MeanPrecisionPrior must be given together with MeanPrior, but is given without."] = m => m.MeanPrecisionPrior = 1,
        ["CovariancePrior must be symmetric and positive definite, but is"] =
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (new double[,] { { 1, 2 }, { 2, 1 } }, 4),
        ["CovariancePrior must be 2×2×2 or 2×2 or scalar for structure full, but is 2."] =
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (new double[] { 1, 1 }, 4),
        ["DegreesOfFreedomPrior must be above 1, the number of features less 1, and finite, but is 1."] =
            m => (m.CovariancePrior, m.DegreesOfFreedomPrior) = (1, 1),
        ["CovariancePrior must be given together with DegreesOfFreedomPrior, but is given without."] = m => m.CovariancePrior = 1,
        ["DegreesOfFreedomPrior must be given together with CovariancePrior, but is given without."] = m => m.DegreesOfFreedomPrior = 3,
    };

    public static TheoryData<string> SettingMessages => new(Settings.Keys);

    [Theory]
    [MemberData(nameof(SettingMessages))]
    public void SettingThatBreaksItsRule(string message)
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var means = model.Means;
        Settings[message](model);
        var error = Assert.Throws<ArgumentException>(() => model.Fit(Data.Faithful));
        Assert.StartsWith(message, error.Message);
        Assert.Null(error.ParamName);
        Assert.Equal(error.Message, CoreError(error).Message);
        AssertKept(means, model);
    }

    /// <summary>Data, and what is said of them.</summary>
    private static readonly Dictionary<string, Func<Rows>> Bad = new()
    {
        ["The data must be complete, but row 7, column 1 (counting from 0) holds NaN, the only missing cell."] = () => FaithfulWith(7, 1, double.NaN),
        ["The data must be finite and below 1e150 in magnitude, but row 271, column 0 (counting from 0) holds Infinity."] = () => FaithfulWith(271, 0, double.PositiveInfinity),
        ["The data must be finite and below 1e150 in magnitude, but row 0, column 0 (counting from 0) holds 1E+200."] = () => FaithfulWith(0, 0, 1e200),
        ["The data must have at least one row, but there is none."] = () => new double[0, 2],
        ["The data must have at least one row, but there is none. "] = () => Array.Empty<double[]>(),
        ["The data must have at least one column, but the width given is 0."] = () => new double[3, 0],
        ["The data must have at least one column, but the width given is -2."] = () => Rows.FromMemory(new double[4], -2),
        ["The data must have rows of 3 numbers, but 4 numbers can't make a whole number of rows."] = () => Rows.FromMemory(new double[4], 3),
        ["The data must have rows of one length, but row 2 (counting from 0) has 1 number and row 0 has 2."] = () => new double[][] { [1, 2], [3, 4], [5] },
        ["The data must have no null rows, but row 1 (counting from 0) is null."] = () => new double[][] { [1, 2], null! },
        ["The data must have no null rows, but row 0 (counting from 0) is null."] = () => new float[][] { null! },
        ["The data must be complete, but row 1, column 0 (counting from 0) holds NaN, the only missing cell."] = () => new float[,] { { 1, 2 }, { float.NaN, 3 } },
        ["The data must have rows of one length, but row 1 (counting from 0) has 1 number and row 0 has 2."] = () => new float[][] { [1, 2], [3] },
    };

    public static TheoryData<string> DataMessages => new(Bad.Keys);

    [Theory]
    [MemberData(nameof(DataMessages))]
    public void DataThatBreakTheirRule(string message)
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var means = model.Means;

        void Check(Action use)
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.StartsWith(message.Trim(), error.Message);
            Assert.Equal("data", error.ParamName);
            Assert.Equal(error.Message, $"{CoreError(error).Message} (Parameter 'data')");
            AssertKept(means, model);
        }

        Check(() => model.Fit(Bad[message]()));
        Check(() => model.FitPredict(Bad[message]()));
        Check(() => model.Predict(Bad[message]()));
        Check(() => model.PredictProba(Bad[message]()));
        Check(() => model.ScoreSamples(Bad[message]()));
        Check(() => model.Score(Bad[message]()));
        Check(() => new KMeans(2).Fit(Bad[message]()));
        Check(() => new KMeans(2).Fit(Data.Faithful).Predict(Bad[message]()));
    }

    [Fact]
    public void CovariancesThatNoArrayHoldsAreAnErrorThatNamesTheRemedy()
    {
        foreach (var columns in new[] { 46341, 65536, 65537 })
        {
            double[][] rows = [new double[columns], [.. Enumerable.Range(0, columns).Select(j => (double)j)]];
            var message = Assert.Throws<ArgumentException>(() => new GaussianMixture(1).Fit(rows)).Message;
            Assert.StartsWith("CovarianceType must be one with covariances of at most 2147483591 numbers, such as Diag", message);
            Assert.Throws<ArgumentException>(() => new GaussianMixture(1).UsePriorsFromData(rows));
            Assert.Throws<ArgumentException>(() => new GaussianMixtureDistribution([1], new double[1, columns], 1));
        }
    }

    [Fact]
    public void NullIsNamed()
    {
        var model = new GaussianMixture(2);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => model.Fit((Rows)null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => model.Fit((double[,])null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => model.Fit((double[][])null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => model.Fit((float[,])null!)).ParamName);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => model.Fit((float[][])null!)).ParamName);
    }

    [Theory]
    [InlineData("sampleWeights must be one number for each of the 272 rows, but is 1 number.", 1, 1.0)]
    [InlineData("sampleWeights[0] must be finite and not negative, but is -1.", 272, -1.0)]
    [InlineData("sampleWeights[0] must be finite and not negative, but is NaN.", 272, double.NaN)]
    [InlineData("sampleWeights must be above 0 somewhere, but is 0 for every row.", 272, 0.0)]
    public void SampleWeightsThatBreakTheirRule(string message, int count, double value)
    {
        double[] weights = [.. Enumerable.Repeat(value, count)];
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var means = model.Means;

        foreach (Action use in new Action[]
                 {
                     () => model.Fit(Data.Faithful, weights),
                     () => model.FitPredict(Data.Faithful, weights),
                     () => model.Score(Data.Faithful, weights),
                     () => new KMeans(2).Fit(Data.Faithful, weights),
                     () => new KMeans(2).FitPredict(Data.Faithful, weights),
                 })
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.StartsWith(message, error.Message);
            Assert.Equal("sampleWeights", error.ParamName);
            Assert.Equal(error.Message, $"{CoreError(error).Message} (Parameter 'sampleWeights')");
            AssertKept(means, model);
        }
    }

    [Fact]
    public void OtherWidthThanTheFittedOne()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var clusters = new KMeans(2).Fit(Data.Faithful);

        foreach (Action use in new Action[]
                 {
                     () => model.Predict(Data.Iris),
                     () => model.PredictProba(Data.Iris),
                     () => model.ScoreSamples(Data.Iris),
                     () => model.Score(Data.Iris),
                     () => clusters.Predict(Data.Iris),
                     () => clusters.Transform(Data.Iris),
                 })
        {
            var error = Assert.Throws<ArgumentException>(use);
            Assert.StartsWith("The data must have 2 columns, as in the data that the model was fitted to, but there are 4.", error.Message);
        }
    }

    /// <summary>Every class, not fitted, by its name.</summary>
    private static readonly Dictionary<string, object> Unfitted = new object[]
    {
        new GaussianMixture(2), new BernoulliMixture(2), new BinomialMixture(2, 3), new CategoricalMixture(2, 3), new PoissonMixture(2),
        new ExponentialMixture(2), new ProductMixture(2), new KMeans(2), new StudentTMixture(2), new BayesianGaussianMixture(2),
    }.ToDictionary(model => model.GetType().Name);

    public static TheoryData<string> Classes => new(Unfitted.Keys);

    /// <summary>Every result and every method but those that fit, and those of spans, which reflection can't call: see <see cref="SingleRowTests"/>.</summary>
    [Theory]
    [MemberData(nameof(Classes))]
    public void BeforeAFitTheRemedyIsNamed(string name)
    {
        var (model, type) = (Unfitted[name], Unfitted[name].GetType());
        var results = type.GetProperties().Where(property => !property.CanWrite).Select(property => property.GetMethod!);
        var methods = type.GetMethods().Where(method =>
            !method.IsSpecialName && !method.IsStatic && !method.GetParameters().Any(parameter => parameter.ParameterType.IsByRefLike)
            && method.DeclaringType != typeof(object) && method.GetBaseDefinition().DeclaringType != typeof(object));
        string[] others = ["IsFitted", "Parts", "Fit", "TryFit", "FitAsync", "FitPredict", "Select", "LikelihoodRatio", "LikelihoodRatios", "UsePriorsFromData"];

        object? Argument(ParameterInfo parameter) =>
            parameter switch
            {
                { HasDefaultValue: true } => parameter.DefaultValue,
                { ParameterType: var given } when given == typeof(Rows) => (Rows)Data.Faithful,
                { ParameterType: var given } when given == typeof(int) => 1,
                { ParameterType: var given } when given == typeof(double) => 0.5,
                { ParameterType: var given } when given == typeof(int[]) => new int[1],
                { ParameterType: var given } when given == typeof(double[]) => new double[1],
                { ParameterType: var given } when given == typeof(string) => Path.GetTempPath(),
                _ => model,
            };

        foreach (var member in results.Concat(methods))
        {
            var said = member.Name.StartsWith("get_", StringComparison.Ordinal) ? member.Name[4..] : member.Name;

            if (!others.Contains(said))
            {
                object?[] arguments = [.. member.GetParameters().Select(Argument)];
                var error = Assert.Throws<InvalidOperationException>(
                    () => member.Invoke(model, BindingFlags.DoNotWrapExceptions, null, arguments, null));
                Assert.Equal($"{name}.{said} needs a fitted model. Call Fit or FitPredict first.", error.Message);
            }
        }
    }

    [Fact]
    public void SingularCovarianceNamesComponentAndIteration()
    {
        double[,] data = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 5, 6 }, { 7, 5 }, { 6, 9 } };
        var model = new GaussianMixture(2) { InitLabels = [1, 1, 1, 0, 0, 0], RegCovar = default };
        var error = Assert.Throws<MixtureFitException>(() => model.Fit(data));
        Assert.Equal(1, error.Component);
        Assert.Equal(GmmError.NewSingularCovariance(FSharpOption<int>.Some(1), error.Iteration), CoreError(error));
        Assert.StartsWith($"The covariance of component 1 (counting from 0) is not positive definite in iteration {error.Iteration}", error.Message);
        Assert.Contains("Set RegCovar to Floor or to a larger Absolute amount", error.Message);
        Assert.False(model.IsFitted);
    }

    [Fact]
    public void RandomCovariancesAroundDuplicateColumnsAreSingularWithoutAFloor()
    {
        var model = new GaussianMixture(2) { Init = InitMethod.Points, CovarianceInit = CovarianceInitMethod.Random, RegCovar = default };
        var error = Assert.Throws<MixtureFitException>(() => model.Fit([[0, 0], [1, 1], [3, 3], [7, 7]]));
        Assert.Equal((0, 0), (error.Component, error.Iteration));
        Assert.Contains("drop duplicate columns", error.Message);
    }

    [Fact]
    public void SingularSharedCovarianceNamesNoComponent()
    {
        double[,] data = { { 0, 0 }, { 1, 1 }, { 5, 5 }, { 6, 6 } };
        var model = new GaussianMixture(2) { CovarianceType = CovarianceType.TiedFull, InitLabels = [0, 0, 1, 1], RegCovar = default };
        var error = Assert.Throws<MixtureFitException>(() => model.Fit(data));
        Assert.Null(error.Component);
        Assert.True(CoreError(error).IsSingularCovariance);
        Assert.StartsWith("The shared covariance is not positive definite", error.Message);
    }

    [Fact]
    public void CollapsedComponentIsNamedAndTheEarlierFitKept()
    {
        var model = new GaussianMixture(2).Fit(Data.Faithful);
        var means = model.Means;
        model.InitLabels = new int[272];
        var error = Assert.Throws<MixtureFitException>(() => model.Fit(Data.Faithful));
        Assert.Equal((1, 0), (error.Component, error.Iteration));
        Assert.Equal(GmmError.NewCollapsedComponent(1, 0), CoreError(error));
        Assert.StartsWith("Component 1 (counting from 0) has no rows left in iteration 0.", error.Message);
        AssertKept(means, model);
    }

    [Fact]
    public void ConstantColumnNeedsAnAbsoluteRegularisation()
    {
        double[,] data = { { 0, 1 }, { 1, 1 }, { 5, 1 }, { 6, 1 } };
        var model = new GaussianMixture(2);
        var error = Assert.Throws<ArgumentException>(() => model.Fit(data));
        Assert.StartsWith("Column 1 (counting from 0) is constant: every row holds 1.", error.Message);
        Assert.Contains("set RegCovar to Absolute", error.Message);
        model.RegCovar = Regularisation.Absolute(1e-6);
        Assert.Equal(1e-6, model.Fit(data).Covariances[0][1, 1], 1e-12);
    }

    [Fact]
    public void TooFewDifferentRows()
    {
        var error = Assert.Throws<ArgumentException>(() => new GaussianMixture(3).Fit(new double[,] { { 1 }, { 2 }, { 1 } }));
        Assert.StartsWith("3 components need 3 different rows of positive weight, but the data have 2.", error.Message);
        Assert.Equal(2, new GaussianMixture(3) { FewerComponents = true }.Fit(new double[,] { { 1 }, { 2 }, { 1 } }).Weights.Length);
    }

    private static void AssertKept(double[,] means, GaussianMixture model)
    {
        Assert.True(model.IsFitted);
        Assert.Equal(means, model.Means);
        Assert.Equal(2, model.PredictProba(Data.Faithful).GetLength(1));
    }
}
