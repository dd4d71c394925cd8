using System.Globalization;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>A fit of any family, as estimators use it.</summary>
internal interface IFit
{
    /// <summary>The components and the outcome, in words.</summary>
    string Description { get; }

    double[] Weights { get; }

    double[] InitialWeights { get; }

    bool Converged { get; }

    int Iterations { get; }

    double LowerBound { get; }

    double LogLikelihood { get; }

    double[] Trace { get; }

    int Seed { get; }

    int FreeParameters { get; }

    double Bic { get; }

    double Aic { get; }

    double Objective { get; }

    double Remaining { get; }

    int Passes { get; }

    double LogPrior { get; }

    IReadOnlyList<FitWarning> Warnings { get; }

    IReadOnlyList<double[]> WeightsHistory { get; }

    /// <summary>Predicts one row at a time.</summary>
    RowPredictor Predictor { get; }

    int[] Labels(Source source);

    /// <summary>The labels of the rows that were fitted.</summary>
    int[] FittedLabels(Source source);

    double[,] Responsibilities(Source source);

    double[] LogDensities(Source source);

    double[,] Impute(Source source);

    double[,] ImputeDraws(int seed, Source source);

    double Score(Source source);

    /// <summary>Learns a batch. Returns the new fit, and the batch's mean log-density under this one.</summary>
    (IFit Fit, double Score) PartialFit(double stepSize, Source batch);

    double Icl(Source source);

    /// <summary>The fit as a text; with data, what only they can show, too.</summary>
    string Summary(string[] columnNames, Source? source);

    Core.StandardErrors StandardErrors(Core.Information information, Source source);

    Core.Outliers Outliers(double share, Source source);

    bool[] IsOutlier(double threshold, Source source);

    Core.Evaluation Evaluate(int[]? truth, Source source);

    Core.Comparison Compare(IFit other);

    /// <summary>The fit as plain data, with the settings of its estimator.</summary>
    SavedFit ToSaved(FSharpMap<string, Core.Tensor> options);

    Sample Sample(int n, int? component, int seed);

    /// <summary>KL(this‖other).</summary>
    Estimate KlDivergence(IFit other, int n, int seed);

    /// <summary>KL(first‖this).</summary>
    Estimate KlDivergenceFrom<TFirst>(Fit<TFirst> first, int n, int seed);

    /// <summary>The fit as pictures need it.</summary>
    IDrawing Drawing { get; }
}

/// <summary>A fit of the core.</summary>
internal class FitOf<TParameters>(Fit<TParameters> value) : IFit
{
    private RowPredictor? predictor;

    internal Fit<TParameters> Value { get; } = value;

    /// <summary>The parameters of the fitted mixture.</summary>
    internal TParameters Parameters => Value.Parameters;

    /// <summary>The parameters that the fit started from.</summary>
    internal TParameters InitialParameters => Value.Start.Parameters;

    public virtual string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{Words.Count(Value.Components, "component")}{(Value.Model.Family.Noise is null ? "" : " and noise")}"
        + $"{Details}: {Outcome}, log-likelihood {LogLikelihood:G10}, BIC {Bic:G10}");

    /// <summary>What distinguishes the fitted components, after a comma; empty if nothing does.</summary>
    private protected virtual string Details =>
        Parameters switch
        {
            Gaussian gaussian => Words.Covariances(GaussianSettings.ToCovarianceType(gaussian.Structure)),
            StudentT t => Words.ScaleMatrices(GaussianSettings.ToCovarianceType(t.Gaussian.Structure)),
            _ => "",
        };

    private protected string Outcome =>
        $"{(Converged ? "converged" : "stopped without converging")} after {Words.Count(Iterations, "iteration")}";

    public double[] Weights => Value.Weights;

    public double[] InitialWeights => Value.Start.Weights;

    public bool Converged => Value.Converged;

    public int Iterations => Value.Iterations;

    public double LowerBound => Value.LowerBound;

    public double LogLikelihood => Value.LogLikelihood;

    public double[] Trace => Value.Trace;

    public int Seed => Value.Seed;

    public int FreeParameters => Value.FreeParameters;

    public double Bic => Value.Bic;

    public double Aic => Value.Aic;

    public double Objective => Value.Objective;

    public double Remaining => Value.Remaining;

    public int Passes => Value.Passes;

    public double LogPrior => Value.LogPrior;

    public IReadOnlyList<FitWarning> Warnings => [.. Value.Warnings.Select(warning => new FitWarning(warning))];

    public IReadOnlyList<double[]> WeightsHistory => [.. Value.History.Select(mixture => mixture.Weights)];

    /// <summary>Something of the parameters of every iteration.</summary>
    internal IReadOnlyList<T> History<T>(Func<TParameters, T> of) =>
        [.. Value.History.Select(mixture => of(mixture.Parameters))];

    // Made when it is first used; two threads may make two, which are equal.
    public RowPredictor Predictor => predictor ??= RowPredictorModule.ofFit(Value);

    public virtual int[] Labels(Source source) => Core.Predict.labels(Value, source).Get();

    public virtual int[] FittedLabels(Source source) => Labels(source);

    public double[,] Responsibilities(Source source) => Core.Predict.responsibilities(Value, source).Get();

    public double[] LogDensities(Source source) => Core.Predict.logDensities(Value, source).Get();

    public double[,] Impute(Source source) => Core.Impute.means(Value, source).Get();

    public double[,] ImputeDraws(int seed, Source source) => Core.Impute.draws(Value, seed, source).Get();

    public virtual double Score(Source source) => Core.Predict.score(Value, source).Get();

    public (IFit Fit, double Score) PartialFit(double stepSize, Source batch)
    {
        var online = Online.update(stepSize, batch, Online.ofFit(Value)).Get(("Step size", nameof(stepSize)));
        return (With(Online.toFit(online)), online.Score);
    }

    /// <summary>Another fit of the same estimator.</summary>
    private protected virtual IFit With(Fit<TParameters> fit) => new FitOf<TParameters>(fit);

    public double Icl(Source source) => Core.Predict.icl(Value, source).Get();

    public string Summary(string[] columnNames, Source? source) =>
        (source is null ? Core.Summary.ofFit(columnNames, Value) : Core.Summary.onData(columnNames, Value, source))
        .Get(("ColumnNames", nameof(columnNames)));

    public Core.StandardErrors StandardErrors(Core.Information information, Source source) =>
        Core.Uncertainty.standardErrors(information, Value, source).Get();

    public Core.Outliers Outliers(double share, Source source) =>
        OutliersModule.find(share, Value, source).Get(("Share", nameof(share)));

    public bool[] IsOutlier(double threshold, Source source) =>
        OutliersModule.below(threshold, Value, source).Get(("Threshold", nameof(threshold)));

    public Core.Evaluation Evaluate(int[]? truth, Source source) =>
        Core.Metrics.evaluate(Value, truth is null ? null : FSharpOption<int[]>.Some(truth), source).Get(Metrics.Names);

    public Core.Comparison Compare(IFit other) =>
        other is FitOf<TParameters> fit
            ? ComparisonModule.ofFits(Value, fit.Value).Get(("The second mixture", nameof(other)))
            : throw Translation.Invalid(
                nameof(other), "a fitted mixture of the same kind of components", "one of another");

    public SavedFit ToSaved(FSharpMap<string, Core.Tensor> options) => Core.Persist.toSaved(options, Value);

    public Sample Sample(int n, int? component, int seed) =>
        SampleModule.draw(Sampling.ToCore(component, seed, Value.Model.Execution), n, Value).Get(Sampling.Names);

    public Estimate KlDivergence(IFit other, int n, int seed) => other.KlDivergenceFrom(Value, n, seed);

    public Estimate KlDivergenceFrom<TFirst>(Fit<TFirst> first, int n, int seed) =>
        Divergence.kullbackLeibler(new DivergenceOptions(n, seed, first.Model.Execution), first, Value).Get();

    public IDrawing Drawing => new DrawingOf<TParameters>(Value);
}

/// <summary>
/// A fit of an exponential family. It keeps how its parameters are called: the settings may be others by now.
/// </summary>
internal sealed class ExponentialFit(Fit<ExponentialParameters> value, Parametrisation parametrisation)
    : FitOf<ExponentialParameters>(value)
{
    /// <summary>The parameters as their users know them.</summary>
    internal Array Known => parametrisation.Read(Parameters);

    private protected override string Details =>
        Parameters.Family switch
        {
            "binomial" => $", {Words.Count(Core.Binomial.trials(Parameters), "trial")}",
            "categorical" => $", {Words.Count(Parameters.Means.shape[2], "level")}",
            _ => "",
        };

    private protected override IFit With(Fit<ExponentialParameters> fit) => new ExponentialFit(fit, parametrisation);

    /// <summary>Those that the fit started from.</summary>
    internal Array InitialKnown => parametrisation.Read(InitialParameters);

    /// <summary>Those of every iteration.</summary>
    internal IReadOnlyList<T> KnownHistory<T>() => History(parameters => (T)(object)parametrisation.Read(parameters));
}

/// <summary>A fit of a product. It keeps its parts: the settings may be others by now.</summary>
internal sealed class ProductFit(Fit<Product> value, IReadOnlyList<Part> parts) : FitOf<Product>(value)
{
    /// <summary>The parts that were fitted.</summary>
    internal IReadOnlyList<Part> Parts => parts;

    private protected override string Details => Words.Parts(parts);

    private protected override IFit With(Fit<Product> fit) => new ProductFit(fit, parts);

    /// <summary>The parameters of every part.</summary>
    internal IReadOnlyList<PartParameters> Known => Of(Parameters);

    /// <summary>Those that the fit started from.</summary>
    internal IReadOnlyList<PartParameters> InitialKnown => Of(InitialParameters);

    /// <summary>Those of every iteration.</summary>
    internal IReadOnlyList<IReadOnlyList<PartParameters>> KnownHistory => History(Of);

    private IReadOnlyList<PartParameters> Of(Product product) =>
        [.. parts.Zip(product.Parts, (part, fitted) => new PartParameters(part, fitted.Item2))];
}

/// <summary>A result of k-means, and the clusters of its rows unless it was loaded.</summary>
internal sealed class KMeansState(KMeansFit value, int[]? labels) : FitOf<Centroid>(value.Fit)
{
    internal double[,] Centers => value.Centres;

    internal double Inertia => value.Inertia;

    public override string Description => FormattableString.Invariant(
        $"{Words.Count(Value.Mixture.Components, "cluster")}: {Outcome}, inertia {Inertia:G10}");

    internal int[]? KnownLabels => labels;

    public override int[] Labels(Source source) => Core.KMeans.predict(value, source).Get();

    public override int[] FittedLabels(Source source) => [.. labels ?? Labels(source)];

    /// <summary>Minus the inertia; 0, not −0, when every row is a center.</summary>
    public override double Score(Source source) => 0 - Core.KMeans.inertia(value, source).Get();

    internal double[,] Distances(Source source) => Core.KMeans.transform(value, source).Get();
}

/// <summary>A result of variational Bayes.</summary>
internal sealed class BayesState(BayesFit found) : FitOf<NormalWishart>(found.Fit)
{
    internal BayesFit Found => found;

    public override string Description => FormattableString.Invariant(
        $"{Words.Count(Value.Components, "component")}{Words.Covariances(GaussianSettings.ToCovarianceType(Parameters.Gaussian.Structure))}: {Outcome}, lower bound {found.LowerBound:G10}, {found.EffectiveComponents} of them with rows");
}
