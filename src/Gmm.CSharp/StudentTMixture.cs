using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of Student's t distributions p(x) = Σₖ πₖ t(x|μₖ, Σₖ, νₖ): robust clusters, whose tails are heavier than a
/// Gaussian's, so that far rows pull little.
/// </summary>
/// <remarks>
/// (Peel and McLachlan 2000; McLachlan and Peel, Finite Mixture Models, 2000, ch. 7.) The settings of covariances are
/// those of the scale matrices Σₖ.
/// </remarks>
/// <example>
/// <code>
/// var model = new StudentTMixture(components: 2).Fit(data);
/// double[] weights = model.RobustWeights(data); // close to 0 for outliers
/// </code>
/// </example>
public sealed class StudentTMixture : EllipticalMixture
{
    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public StudentTMixture(int components)
        : base(components)
    {
    }

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// The degrees of freedom of all components, from 0.1 to 1e6, or ∞ for Gaussian ones; estimated unless set.
    /// </summary>
    /// <remarks>
    /// Estimates lie between 1, a Cauchy distribution, and 200, which can hardly be told from a Gaussian one.
    /// </remarks>
    public double? GivenDegreesOfFreedom { get; set; }

    /// <summary>
    /// Whether all components have the same estimated degrees of freedom; each has its own unless set.
    /// </summary>
    /// <remarks>It can't be combined with <see cref="GivenDegreesOfFreedom"/>.</remarks>
    public bool EqualDegreesOfFreedom { get; set; }

    // ── Fitting ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override StudentTMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Returns how much every row counts in the estimates: Σₖ rₙₖ (νₖ+D)/(νₖ+δₙₖ), with δ the squared Mahalanobis
    /// distance.
    /// </summary>
    /// <remarks>
    /// About 1 for most rows, close to 0 for a row far from all components, at most 1 + D/νₖ (Peel and McLachlan 2000,
    /// eq. 16). Noise adds nothing. A row with missing cells has the weight of its observed cells, and one without an
    /// observed cell 1.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A weight for every row (N).</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double[] RobustWeights(Rows data) =>
        Core.Predict.robustWeights(Current<FitOf<StudentT>>().Value, data.ToSource(null)).Get();

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static StudentTMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new StudentTMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static StudentTMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new StudentTMixture(1), Saving.FromDictionary(state, _ => StudentTModule.family.Name));

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The locations μₖ (K×D): the medians of the features, and their means where νₖ is above 1.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Locations => StudentTModule.locations(Current<FitOf<StudentT>>().Parameters);

    /// <summary>The scale matrices Σₖ: <c>ScaleMatrices[k]</c> is a D×D matrix whatever the structure.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Covariances ScaleMatrices => new(Current<FitOf<StudentT>>().Parameters.Gaussian);

    /// <summary>The degrees of freedom νₖ (K).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] DegreesOfFreedom => [.. Current<FitOf<StudentT>>().Parameters.DegreesOfFreedom];

    /// <summary>Returns the covariance νₖ/(νₖ−2) Σₖ (D×D) of a component.</summary>
    /// <param name="component">The component k, counting from 0.</param>
    /// <returns>The covariance.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such component.</exception>
    /// <exception cref="ArgumentException">
    /// The component has 2 degrees of freedom or less, and therefore no covariance.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Covariance(int component)
    {
        var fit = Current<FitOf<StudentT>>();
        ArgumentOutOfRangeException.ThrowIfNegative(component);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(component, fit.Parameters.Components);
        return StudentTModule.covariance(fit.Parameters, component).Get(
            (nameof(DegreesOfFreedom), nameof(DegreesOfFreedom)));
    }

    /// <summary>The locations μₖ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialLocations => StudentTModule.locations(Current<FitOf<StudentT>>().InitialParameters);

    /// <summary>
    /// The locations μₖ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is
    /// set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> LocationsHistory =>
        History(Current<FitOf<StudentT>>().History(StudentTModule.locations));

    /// <summary>
    /// The degrees of freedom νₖ (K) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[]> DegreesOfFreedomHistory =>
        History(Current<FitOf<StudentT>>().History(parameters => (double[])[.. parameters.DegreesOfFreedom]));

    // ── Conversion ───────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override IFitting ToFitting(CovarianceType[] covarianceTypes, bool isWarm) =>
        new Fitting<StudentTKind, StudentT>(
            this,
            isWarm,
            Array.ConvertAll(covarianceTypes, type => ToKind(type, isWarm)),
            GivenMeans<StudentT>(),
            fit => new FitOf<StudentT>(fit));

    private protected override Structure StructureOf(IFit fit) => ((FitOf<StudentT>)fit).Parameters.Gaussian.Structure;

    private StudentTKind ToKind(CovarianceType covarianceType, bool isWarm) =>
        new(
            gaussian: ToGaussianKind(covarianceType, isWarm),
            degreesOfFreedom: ToDegreesOfFreedom(
                (GivenDegreesOfFreedom, nameof(GivenDegreesOfFreedom)),
                (EqualDegreesOfFreedom, nameof(EqualDegreesOfFreedom))));

    internal static Core.DegreesOfFreedom ToDegreesOfFreedom(
        (double? Value, string Name) given, (bool Value, string Name) equal) =>
        (given.Value, equal.Value) switch
        {
            (null, false) => Core.DegreesOfFreedom.Estimated,
            (null, true) => Core.DegreesOfFreedom.Equal,
            ({ } value, false) => Core.DegreesOfFreedom.NewGiven(value),
            (_, true) => throw Translation.Invalid(equal.Name, $"false when {given.Name} is set", "true"),
        };

    /// <summary>How a fit found its degrees of freedom, from the settings saved with it.</summary>
    internal static (double? Given, bool Equal) DegreesOfFreedomOf(
        StudentT fitted, FSharpMap<string, Core.Tensor> settings)
    {
        var word = StateModule.choices["degrees"][(int)settings["degrees"].toArray()[0]];
        return (word == "given" ? fitted.DegreesOfFreedom[0] : null, word == "equal");
    }

    private protected override string Details =>
        Words.ScaleMatrices(CovarianceType)
        + (GivenDegreesOfFreedom is { } given ? FormattableString.Invariant($", {given} degrees of freedom")
            : EqualDegreesOfFreedom ? ", equal degrees of freedom" : "");

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("givenDegreesOfFreedom", () => GivenDegreesOfFreedom, value => GivenDegreesOfFreedom = value),
        Setting.Of("equalDegreesOfFreedom", () => EqualDegreesOfFreedom, value => EqualDegreesOfFreedom = value),
    ];

    private protected override Func<IFit> Open(SavedFit saved)
    {
        var fit = Saving.Open<StudentT>(saved);
        Components = fit.Components;
        CovarianceType = GaussianSettings.ToCovarianceType(fit.Parameters.Gaussian.Structure);

        (GivenDegreesOfFreedom, EqualDegreesOfFreedom) =
            DegreesOfFreedomOf(fit.Parameters, StateModule.within("settings", saved.State));
        return () => new FitOf<StudentT>(fit);
    }
}
