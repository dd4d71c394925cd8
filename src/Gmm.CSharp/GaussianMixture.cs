using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A Gaussian mixture p(x) = Σₖ πₖ N(x|μₖ, Σₖ), fitted to data by expectation–maximisation, by maximum likelihood or
/// with priors.
/// </summary>
/// <remarks>(Bishop, Pattern Recognition and Machine Learning, 2006, §9.2.)</remarks>
/// <example>
/// <code>
/// var model = new GaussianMixture(components: 2) { CovarianceType = CovarianceType.TiedDiag, Restarts = 10
/// }.Fit(data); int component = model.Predict([[3.6, 79]])[0];
/// </code>
/// </example>
public sealed class GaussianMixture : EllipticalMixture
{
    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public GaussianMixture(int components)
        : base(components)
    {
    }

    // ── Settings ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Sets the four settings of the priors to weak beliefs measured on data, which stabilise components of few rows.
    /// </summary>
    /// <remarks>
    /// <see cref="MeanPrior"/> is the mean of the data with precision 0.01, <see cref="CovariancePrior"/> their
    /// unbiased covariance within the structure, divided by Σₙ wₙ − 1, times K^(−2/D) with D + 2 degrees of freedom:
    /// mclust's <c>priorControl()</c> (Fraley and Raftery 2007). It uses <see cref="MixtureModel.Components"/> and
    /// <see cref="CovarianceType"/> as they are now.
    /// </remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, which the message states with the value.
    /// </exception>
    public GaussianMixture UsePriorsFromData(Rows data, double[]? sampleWeights = null)
    {
        var structure = GaussianSettings.ToStructure(CovarianceType);
        var (means, covariances) = Core.Prior.fromData(structure, Components, data.ToSource(sampleWeights)).Get();
        (MeanPrior, MeanPrecisionPrior) = (new(means.Mean), means.Precision);
        (CovariancePrior, DegreesOfFreedomPrior) = (new(covariances.Scale), covariances.Degrees);
        return this;
    }

    // ── Fitting ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override GaussianMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Use ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The fitted mixture as a distribution of its own, which later fits do not change.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public GaussianMixtureDistribution Distribution => Of(Current<FitOf<Gaussian>>());

    /// <summary>
    /// Draws rows: a component k with probability πₖ, then a row from N(μₖ, Σₖ), or from the part of it at some
    /// Mahalanobis distances from μₖ.
    /// </summary>
    /// <remarks>
    /// A seed gives the same rows on every call; a shorter sample is a prefix of a longer one. A region,
    /// <c>confidence</c> or <c>stdRange</c>, changes no weight and leaves the noise out; component −1, which is the
    /// noise, is then an error. Its distances are drawn by the inverse distribution function of the χ distribution with
    /// D degrees of freedom and no row is rejected, so that a region as unlikely as (8, ∞) costs the same.
    /// </remarks>
    /// <inheritdoc cref="GaussianMixtureDistribution.Sample"/>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public (double[,] Rows, int[] Components) Sample(
        int n,
        int? component = null,
        int seed = 0,
        double? confidence = null,
        (double Low, double High)? stdRange = null) =>
        confidence is null && stdRange is null
            ? base.Sample(n, component, seed) // With the noise.
            : Of(Current<FitOf<Gaussian>>()).Sample(n, component, seed, confidence, stdRange);

    /// <summary>Returns the Mahalanobis distance √((x−μₖ)ᵀΣₖ⁻¹(x−μₖ)) of every row to every component.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>Distances (N×K).</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double[,] Mahalanobis(Rows data) =>
        Core.Predict.mahalanobis(Current<FitOf<Gaussian>>().Value, data.ToSource(null)).Get();

    /// <summary>
    /// Returns the distribution of some features: a Gaussian mixture of the same weights and structure.
    /// </summary>
    /// <inheritdoc cref="GaussianMixtureDistribution.Marginal"/>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public GaussianMixtureDistribution Marginal(int[] features) => Of(Current<FitOf<Gaussian>>()).Marginal(features);

    /// <summary>
    /// Returns the points x at which the most probable component changes, argmaxₖ πₖ N(x|μₖ, σₖ²), in ascending order.
    /// </summary>
    /// <inheritdoc cref="GaussianMixtureDistribution.CutPoints"/>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public (double X, int Below, int Above)[] CutPoints() => Of(Current<FitOf<Gaussian>>()).CutPoints();

    /// <summary>
    /// Returns the distribution of some features y given values of others x: a Gaussian mixture of the same structure,
    /// with weights πₖ(x) ∝ πₖ N(x|μₖ, Σₖ) of the given features.
    /// </summary>
    /// <inheritdoc cref="GaussianMixtureDistribution.Conditional"/>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public GaussianMixtureDistribution Conditional(int[] features, int[] given, double[] values) =>
        Of(Current<FitOf<Gaussian>>()).Conditional(features, given, values);

    /// <summary>
    /// Gaussian mixture regression: for every row of given features x the mean and the covariance of other features y.
    /// </summary>
    /// <inheritdoc cref="GaussianMixtureDistribution.Regress"/>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public GaussianRegression Regress(int[] features, int[] given, Rows data) =>
        Of(Current<FitOf<Gaussian>>()).Regress(features, given, data);

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>A model with the fit and the settings that were saved.</returns>
    /// <exception cref="IOException">
    /// The file is missing, unreadable, incomplete, altered or newer than this library, or it has a model of another
    /// kind.
    /// </exception>
    public static GaussianMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new GaussianMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <param name="state">The arrays by name.</param>
    /// <returns>A model with their fit and settings.</returns>
    /// <exception cref="ArgumentException">
    /// An array is missing, unknown, of a wrong shape, or contradicts the others.
    /// </exception>
    public static GaussianMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new GaussianMixture(1), Saving.FromDictionary(state, _ => GaussianModule.family.Name));

    /// <summary>
    /// Writes the last fit as an <c>.npz</c> archive that <c>numpy.load</c> reads, in the layout of scikit-learn.
    /// </summary>
    /// <remarks>
    /// Its keys are <c>weights_</c> (K), <c>means_</c> (K×D), <c>covariances_</c>, <c>precisions_cholesky_</c> and
    /// <c>covariance_type</c>. The structures that scikit-learn lacks, TiedDiag and TiedSpherical, are written as tied,
    /// with the D×D matrix that they stand for. The file is complete or, if it can't be written, as it was.
    /// </remarks>
    /// <param name="path">Where to write.</param>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void ExportNpz(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Core.Npz.export(path, Current<FitOf<Gaussian>>().Value.Mixture).Get();
    }

    /// <summary>
    /// Returns the mixture of an <c>.npz</c> archive with <c>weights_</c>, <c>means_</c> and <c>covariances_</c>, as
    /// scikit-learn has them, in double or single precision.
    /// </summary>
    /// <remarks>
    /// It predicts and scores. The data that it was fitted to are unknown: its <see cref="MixtureModel.LogLikelihood"/>
    /// is −∞, the criteria are ∞.
    /// </remarks>
    /// <param name="path">Where the file is.</param>
    /// <param name="covarianceType">
    /// Which covariances it has; unless given, as <c>covariance_type</c> or the shapes say.
    /// </param>
    /// <returns>A model with that fit, and default settings but for components and covariances.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it is damaged, an array is missing or of a wrong shape or type, weights do not sum to 1,
    /// or a covariance is not positive definite.
    /// </exception>
    public static GaussianMixture ImportNpz(string path, CovarianceType? covarianceType = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var mixture = covarianceType is { } type
            ? Core.Npz.importAs(GaussianSettings.ToStructure(type), path).Get()
            : Core.Npz.import(path).Get();
        return Adopt(
            new GaussianMixture(mixture.Components)
            {
                CovarianceType = GaussianSettings.ToCovarianceType(mixture.Parameters.Structure),
            },
            new FitOf<Gaussian>(Core.Fit.ofMixture(GaussianModule.family, mixture)));
    }

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The means μₖ (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Means => Current<FitOf<Gaussian>>().Parameters.Means.toArray2D();

    /// <summary>The covariances Σₖ: <c>Covariances[k]</c> is a D×D matrix whatever the structure.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Covariances Covariances => new(Current<FitOf<Gaussian>>().Parameters);

    /// <summary>The precisions Σₖ⁻¹ in the structure's own shape, that of <see cref="Covariances.Values"/>.</summary>
    /// <remarks>
    /// A cast makes them an array: <c>(double[,,])model.Precisions</c> for full covariances, <c>(double[,])</c> for
    /// diagonal and for tied full ones, <c>(double[])</c> for spherical and for tied diagonal ones.
    /// </remarks>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Tensor Precisions => new(GaussianModule.precisions(Current<FitOf<Gaussian>>().Parameters));

    /// <summary>
    /// The factors U of the precisions, Σₖ⁻¹ = UₖUₖᵀ, in the same shape: upper triangular matrices, or 1/σ.
    /// </summary>
    /// <remarks>scikit-learn's <c>precisions_cholesky_</c>.</remarks>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Tensor PrecisionsCholesky => new(GaussianModule.precisionsCholesky(Current<FitOf<Gaussian>>().Parameters));

    /// <summary>The means μₖ (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialMeans => Current<FitOf<Gaussian>>().InitialParameters.Means.toArray2D();

    /// <summary>The covariances Σₖ that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Covariances InitialCovariances => new(Current<FitOf<Gaussian>>().InitialParameters);

    /// <summary>
    /// The means μₖ (K×D) of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> MeansHistory =>
        History(Current<FitOf<Gaussian>>().History(parameters => parameters.Means.toArray2D()));

    /// <summary>
    /// The covariances Σₖ of the start and after every iteration, kept when <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<Covariances> CovariancesHistory =>
        History(Current<FitOf<Gaussian>>().History(parameters => new Covariances(parameters)));

    // ── Conversion ───────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override IFitting ToFitting(CovarianceType[] covarianceTypes, bool isWarm) =>
        new Fitting<GaussianKind, Gaussian>(
            this,
            isWarm,
            Array.ConvertAll(covarianceTypes, type => ToGaussianKind(type, isWarm)),
            GivenMeans<Gaussian>(),
            fit => new FitOf<Gaussian>(fit));

    private protected override Structure StructureOf(IFit fit) => ((FitOf<Gaussian>)fit).Parameters.Structure;

    private static GaussianMixtureDistribution Of(FitOf<Gaussian> fit) =>
        new(Mixture.clusters(fit.Value.Components, fit.Value.Mixture), fit.Value.Model.Execution);

    private protected override Func<IFit> Open(SavedFit saved)
    {
        var fit = Saving.Open<Gaussian>(saved);
        Components = fit.Components;
        CovarianceType = GaussianSettings.ToCovarianceType(fit.Parameters.Structure);
        return () => new FitOf<Gaussian>(fit);
    }
}
