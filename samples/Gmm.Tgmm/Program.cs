// What the page of tgmm's GaussianMixture shows, section by section, on three blobs of points:
//
//     dotnet run --project samples/Gmm.Tgmm
using Gmm.CSharp;

var (points, truth) = Blobs(600);
Rows data = points;

CovarianceTypes(data);
MaximumLikelihood(data);
Priors(data);
Starts(data);
CovarianceStarts(data);
Restarts(data);
ClassificationEm(data);
Convergence(data);
Sampling(data);
Saving(data);
Attributes(data);
Predictions(data);
Evaluations(data, truth);

// Rows of three components: a round one, a tilted one and a flat one.
static (double[,] Rows, int[] Components) Blobs(int n)
{
    double[,,] covariances = { { { 0.5, 0 }, { 0, 0.5 } }, { { 1.25, 1 }, { 1, 1.25 } }, { { 2, 0 }, { 0, 0.125 } } };
    return new GaussianMixtureDistribution([3, 2, 1], new double[,] { { 0, 0 }, { 3, 1 }, { 1, 3 } }, covariances).Sample(n, seed: 42);
}

static void CovarianceTypes(Rows data)
{
    Section("Covariance types");

    foreach (var type in Enum.GetValues<CovarianceType>())
    {
        var model = new GaussianMixture(3) { CovarianceType = type, RandomState = 42 }.Fit(data);
        var shape = string.Join(", ", model.Covariances.Values.Shape);
        Console.WriteLine($"{type,-13}  score {model.Score(data):F4}  BIC {model.Bic():F2}  covariances ({shape})");
    }
}

static void MaximumLikelihood(Rows data)
{
    Section("Maximum likelihood");

    var model = new GaussianMixture(3) { RandomState = 42 }.Fit(data);
    Print("without priors", model);
}

static void Priors(Rows data)
{
    Section("Maximum a posteriori");

    var weights = new GaussianMixture(3) { RandomState = 42, WeightConcentrationPrior = 1000 };
    Print("weight prior", weights.Fit(data));

    var means = new GaussianMixture(3) { RandomState = 42, MeanPrior = new double[] { 2, 2 }, MeanPrecisionPrior = 10 };
    Print("mean prior", means.Fit(data));

    var covariances = new GaussianMixture(3) { RandomState = 42, CovariancePrior = 200, DegreesOfFreedomPrior = 100 };
    Print("covariance prior", covariances.Fit(data));

    var all = new GaussianMixture(3)
    {
        RandomState = 42,
        WeightConcentrationPrior = new double[] { 100, 100, 100 },
        MeanPrior = new double[,] { { 0, 0 }, { 3, 1 }, { 1, 3 } },
        MeanPrecisionPrior = 10,
        CovariancePrior = new double[,] { { 10, 0 }, { 0, 10 } },
        DegreesOfFreedomPrior = 10,
        InitMeans = new double[,] { { 0, 0 }, { 3, 1 }, { 1, 3 } },
    };
    Print("normal-inverse-Wishart", all.Fit(data));
    Console.WriteLine($"objective {all.Objective:F4} = lower bound {all.LowerBound:F4} + log-prior {all.LogPrior:F2} / {data.Count}");
}

static void Starts(Rows data)
{
    Section("Starts");

    foreach (var init in new[] { InitMethod.KMeans, InitMethod.KPlusPlus, InitMethod.Random, InitMethod.Points, InitMethod.FarthestFirst })
    {
        var model = new GaussianMixture(3) { Init = init, RandomState = 42 }.Fit(data);
        Console.WriteLine($"{init,-13}  from {model.Trace[0]:F4} to {model.LowerBound:F4}");
    }

    var given = new GaussianMixture(3)
    {
        InitWeights = [0.5, 0.25, 0.25],
        InitMeans = new double[,] { { 0, 0 }, { 3, 0 }, { 0, 3 } },
        InitCovariances = new double[,] { { 2, 0 }, { 0, 2 } },
    }.Fit(data);
    Console.WriteLine($"{"given",-13}  from {given.Trace[0]:F4} to {given.LowerBound:F4}");
}

static void CovarianceStarts(Rows data)
{
    Section("Covariance starts");

    foreach (var covariances in new[] { CovarianceInitMethod.Empirical, CovarianceInitMethod.Identity, CovarianceInitMethod.Random })
    {
        var model = new GaussianMixture(3) { CovarianceInit = covariances, RandomState = 42 }.Fit(data);
        Console.WriteLine($"{covariances,-13}  from {model.Trace[0]:F4} to {model.LowerBound:F4}");
    }
}

static void Restarts(Rows data)
{
    Section("Restarts");

    var model = new GaussianMixture(3) { Init = InitMethod.Points, Restarts = 10, RandomState = 42 }.Fit(data);
    Console.WriteLine($"best seed {model.BestRandomState}, lower bound {model.LowerBound:F6}");

    var best = new GaussianMixture(3) { Init = InitMethod.Points, RandomState = model.BestRandomState }.Fit(data);
    Console.WriteLine($"the same by that seed alone: {best.LowerBound == model.LowerBound}");
}

static void ClassificationEm(Rows data)
{
    Section("Classification EM");

    var model = new GaussianMixture(3) { Cem = true, RandomState = 42 }.Fit(data);
    Print("hard assignments", model);
}

static void Convergence(Rows data)
{
    Section("Convergence");

    foreach (var tolerance in new[] { 1e-2, 1e-4, 1e-8 })
    {
        var model = new GaussianMixture(3) { Init = InitMethod.Points, RandomState = 42, Tolerance = tolerance }.Fit(data);
        Console.WriteLine($"tolerance {tolerance}: lower bound {model.LowerBound:F6}, converged {model.Converged} in {model.Iterations} iterations");
    }

    var steps = new GaussianMixture(3) { Init = InitMethod.Points, RandomState = 42, MaxIterations = 5, WarmStart = true };
    Console.WriteLine($"after 5 iterations: {steps.Fit(data).Warnings[0]}");
    Console.WriteLine($"after 5 more: lower bound {steps.Fit(data).LowerBound:F6}, converged {steps.Converged}");

    _ = new GaussianMixture(3) { Init = InitMethod.Points, RandomState = 42, Verbose = true, VerboseInterval = 10 }.Fit(data);
}

static void Sampling(Rows data)
{
    Section("Sampling");

    var model = new GaussianMixture(3) { RandomState = 42 }.Fit(data);
    Show("any rows", model.Sample(1000));
    Show("component 1", model.Sample(1000, component: 1));
    Show("90 % ellipsoids", model.Sample(1000, confidence: 0.9));
    Show("2 to 3 σ", model.Sample(1000, stdRange: (2, 3)));
    Show("beyond 3 σ of component 1", model.Sample(1000, component: 1, stdRange: (3, double.PositiveInfinity)));

    void Show(string name, (double[,] Rows, int[] Components) sample)
    {
        var distances = model.Mahalanobis(sample.Rows);
        var own = sample.Components.Select((k, n) => distances[n, k]).ToArray();
        var counts = string.Join(", ", Enumerable.Range(0, 3).Select(k => sample.Components.Count(component => component == k)));
        Console.WriteLine($"{name,-25}  rows of each component {counts,-13}  {own.Min():F2} to {own.Max():F2} σ");
    }
}

static void Saving(Rows data)
{
    Section("Saving");

    var model = new GaussianMixture(3) { RandomState = 42 }.Fit(data);
    var folder = Directory.CreateTempSubdirectory().FullName;
    var path = Path.Combine(folder, "blobs.json");
    model.Save(path);
    Console.WriteLine($"loaded: the same score {GaussianMixture.Load(path).Score(data) == model.Score(data)}");

    var state = model.ToState();
    Console.WriteLine($"state: {state.Count} arrays, the same score {GaussianMixture.FromState(state).Score(data) == model.Score(data)}");

    var archive = Path.Combine(folder, "blobs.npz");
    model.ExportNpz(archive);
    var imported = GaussianMixture.ImportNpz(archive);
    Console.WriteLine($"for NumPy: the same means {(Tensor)model.Means == imported.Means}");
    Directory.Delete(folder, recursive: true);
}

static void Attributes(Rows data)
{
    Section("Attributes");

    var model = new GaussianMixture(3) { Init = InitMethod.Points, Restarts = 5, RandomState = 42 };
    Console.WriteLine($"fitted: {model.IsFitted}, then {model.Fit(data).IsFitted}");
    Console.WriteLine($"initial weights {(Tensor)model.InitialWeights}");
    Console.WriteLine($"initial means {(Tensor)model.InitialMeans}");
    Console.WriteLine($"initial covariances {model.InitialCovariances}");
    Console.WriteLine($"weights {(Tensor)model.Weights}");
    Console.WriteLine($"means {(Tensor)model.Means}");
    Console.WriteLine($"covariances {model.Covariances}");
    Console.WriteLine($"converged {model.Converged}, {model.Iterations} iterations, lower bound {model.LowerBound:F4}, best seed {model.BestRandomState}");
}

static void Predictions(Rows data)
{
    Section("Predictions");

    var model = new GaussianMixture(3) { RandomState = 42 }.Fit(data);
    Rows between = [[0, 0], [1, 0.5], [2, 2.5]];
    var labels = model.Predict(between);
    var probabilities = model.PredictProba(between);
    var logDensities = model.ScoreSamples(between);

    for (var n = 0; n < labels.Length; n++)
    {
        Console.WriteLine($"row {n}: probability {probabilities[n, labels[n]]:F4} of component {labels[n]}, log-density {logDensities[n]:F4}");
    }

    Console.WriteLine($"score {model.Score(data):F4}, AIC {model.Aic():F2}, BIC {model.Bic():F2}");
}

static void Evaluations(Rows data, int[] truth)
{
    Section("Metrics");

    var model = new GaussianMixture(3) { RandomState = 42 }.Fit(data);
    var evaluation = model.Evaluate(data, truth);
    Console.WriteLine($"silhouette {evaluation.Separation!.Silhouette:F4}, Davies-Bouldin {evaluation.Separation.DaviesBouldin:F4}");
    Console.WriteLine($"adjusted Rand {evaluation.Agreement!.AdjustedRand:F4}, purity {evaluation.Agreement.Purity:F4}");
    Console.WriteLine(Metrics.Report(truth, model.Predict(data)));

    var tied = new GaussianMixture(3) { CovarianceType = CovarianceType.TiedFull, RandomState = 42 }.Fit(data);
    var (divergence, error) = model.KlDivergence(tied);
    Console.WriteLine($"KL divergence to the tied mixture {divergence:F3} ± {2 * error:F3}");
}

static void Section(string title) => Console.WriteLine($"{Environment.NewLine}{title}");

// Components from left to right: their order in a model is that of its start.
static void Print(string name, GaussianMixture model)
{
    Console.WriteLine(name);

    foreach (var k in Enumerable.Range(0, model.Components).OrderBy(k => model.Means[k, 0]))
    {
        var (x, y, covariance) = (model.Means[k, 0], model.Means[k, 1], model.Covariances[k]);
        Console.WriteLine(
            $"  weight {model.Weights[k]:F3}  mean ({x:F3}, {y:F3})  variances {covariance[0, 0]:F3}, {covariance[1, 1]:F3}  covariance {covariance[0, 1]:F3}");
    }
}
