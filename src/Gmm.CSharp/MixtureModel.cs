using System.Runtime.CompilerServices;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The settings and results that all mixtures p(x) = Σₖ πₖ p(x|θₖ) have in common. Expectation–maximisation fits them
/// to data by maximum likelihood or with priors.
/// </summary>
/// <remarks>(Dempster, Laird and Rubin 1977; Bishop, Pattern Recognition and Machine Learning, 2006, §9.4.)</remarks>
public abstract class MixtureModel : Estimator
{
    private protected MixtureModel(int components) => Components = components;

    // ── Settings ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The number of components, K; from 1 to the number of rows.</summary>
    public int Components { get; set; }

    /// <summary>How to find a start when none is given; <see cref="InitMethod.Auto"/> unless set.</summary>
    public InitMethod Init { get; set; } = InitMethod.Auto;

    /// <summary>When the fit has converged; by Aitken's rule unless set.</summary>
    public StoppingRule Stopping { get; set; } = StoppingRule.Aitken;

    /// <summary>How the fit reaches the limit of EM; by <see cref="Acceleration.Squarem"/> unless set.</summary>
    /// <remarks>
    /// Fits with classification EM, with <see cref="Estimator.KeepHistory"/> or with
    /// <see cref="Regularisation.Absolute"/> are not accelerated.
    /// </remarks>
    public Acceleration Acceleration { get; set; } = Acceleration.Squarem;

    /// <summary>
    /// The volume of a noise component for rows that belong to no component; without noise unless set.
    /// </summary>
    /// <remarks>
    /// Noise has the constant density 1/V (Banfield and Raftery 1993). Its weight follows those of the components in
    /// <see cref="Weights"/>, <see cref="InitWeights"/> and <see cref="WeightConcentrationPrior"/>, and its
    /// responsibilities are the last column. Its label is −1, as in scikit-learn's DBSCAN, also in
    /// <see cref="InitLabels"/>. A fit starts from 5 % of noise, or from the share of the rows that
    /// <see cref="InitLabels"/> gives to it.
    /// </remarks>
    public NoiseVolume? Noise { get; set; }

    /// <summary>
    /// Whether a selection may choose a candidate with a component on the floor of its covariance; false unless set.
    /// </summary>
    public bool SelectOnFloor { get; set; }

    /// <summary>
    /// Starting weights πₖ (K; with noise K + 1, the last that of the noise), divided by their sum; those of the start
    /// unless set.
    /// </summary>
    public double[]? InitWeights { get; set; }

    /// <summary>
    /// A label from 0 to K − 1 for every row (N) to start from, −1 for noise: the first mixture is their M-step.
    /// </summary>
    public int[]? InitLabels { get; set; }

    /// <summary>
    /// Responsibilities (N×K) to start from, each row summing to 1: the first mixture is their M-step.
    /// </summary>
    public double[,]? InitResponsibilities { get; set; }

    /// <summary>Whether a fit continues from the last one, if there is one; false unless set.</summary>
    /// <remarks>
    /// With <see cref="Acceleration.None"/>, two fits of one iteration are one fit of two, to the last bit. Restarts
    /// and the settings of the start apply to the first fit only. A selection always starts anew.
    /// </remarks>
    public bool WarmStart { get; set; }

    /// <summary>
    /// Whether to run classification EM, which gives every row to its likeliest component; false unless set.
    /// </summary>
    /// <remarks>Responsibilities are one-hot, ties go to the lower component (Celeux and Govaert 1992).</remarks>
    public bool Cem { get; set; }

    /// <summary>Whether NaN in the data is an error or a missing cell; an error unless set.</summary>
    /// <remarks>
    /// With <see cref="MissingData.Fit"/> a fit and its predictions use the observed cells of every row. Rows without
    /// an observed cell don't count in a fit; their responsibilities are the weights πₖ, and their log-density is 0.
    /// Missing cells can't be combined with <see cref="Noise"/>, and <see cref="KMeans"/> doesn't take them.
    /// </remarks>
    public MissingData Missing { get; set; }

    /// <summary>
    /// The prior on the weights, π ~ Dirichlet(α): a number or one for every component (K; with noise K + 1, the last
    /// that of the noise), each from 1 to 1e150.
    /// </summary>
    /// <remarks>πₖ = (Nₖ + αₖ − 1) / Σⱼ (Nⱼ + αⱼ − 1).</remarks>
    public Tensor? WeightConcentrationPrior { get; set; }

    // ── Fitting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public abstract override MixtureModel Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Fits mixtures of every number of components, and keeps the best: this object takes its fit and its
    /// <see cref="Components"/>.
    /// </summary>
    /// <remarks>
    /// The settings determine everything else. The table lists a candidate that fails with its error.
    /// </remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="components">The numbers of components to try.</param>
    /// <param name="criterion">The criterion of the choice; BIC unless given.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <param name="progress">Receives every candidate as it finishes, from one thread at a time.</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>All candidates, with their criteria.</returns>
    /// <exception cref="ArgumentException">
    /// A setting, the data or the sample weights break their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="MixtureFitException">No candidate has a fit.</exception>
    /// <exception cref="OperationCanceledException">The fits were cancelled.</exception>
    public Selection Select(
        Rows data,
        IEnumerable<int> components,
        Criterion criterion = Criterion.Bic,
        double[]? sampleWeights = null,
        IProgress<SelectionCandidate>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(components);
        int[] numbers = [.. components];
        Translation.RequireAny(nameof(components), numbers);
        var source = data.ToSource(sampleWeights);
        var (fit, selection) = ToFitting(isWarm: false).Choose(source, numbers, criterion, progress, cancellationToken);
        return Keep(fit, selection);
    }

    /// <summary>
    /// Learns a batch of a stream, of which it keeps no row: one step of online EM (Cappé and Moulines 2009).
    /// </summary>
    /// <remarks>
    /// Begin with <see cref="Fit(Rows, double[], IProgress{FitProgress}, CancellationToken)"/> on a first batch. Each
    /// later batch takes the share γ, the step size, of the statistics s of the rows so far: s ← (1 − γ) s + γ
    /// s̄(batch), whose M-step gives the parameters. With the steps of <see cref="StepSize"/> the parameters converge;
    /// a constant γ follows a stream that changes, and remembers about 1/γ batches. The fit counts as one batch. If it
    /// saw many more rows than a batch has, use the step sizes for t from about the ratio on, rows of the fit / rows of
    /// a batch, so that the first batches don't outweigh it. <see cref="LogLikelihood"/> and the criteria are estimates
    /// for as many rows as the first batch has. A prior counts against these, too. Call it from one thread at a time;
    /// predictions may run meanwhile. After an exception the model is as before.
    /// </remarks>
    /// <param name="batch">n×D numbers, with the D of the fitted data.</param>
    /// <param name="stepSize">The step size γ, above 0 and at most 1.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (n), which counts within the batch.</param>
    /// <returns>The mean log-density per row of the batch before it was learned.</returns>
    /// <exception cref="ArgumentException">
    /// The step size or the sample weights break their rule; or the batch has another number of features, no rows, or a
    /// number that is not finite or not in the family's domain.
    /// </exception>
    /// <exception cref="MixtureFitException">
    /// A component lost all its rows, or a covariance became singular.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double PartialFit(Rows batch, double stepSize, double[]? sampleWeights = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var (fit, score) = Current().PartialFit(stepSize, batch.ToSource(sampleWeights));
        Adopt(this, fit);
        return score;
    }

    /// <summary>
    /// Returns the step size γ = (updates + 2)^−exponent for <see cref="PartialFit"/>, with which a stream converges.
    /// </summary>
    /// <param name="updates">The number of batches learned so far, 0 or more.</param>
    /// <param name="exponent">The exponent, above 0.5 and at most 1; smaller ones forget a poor start sooner.</param>
    /// <returns>The step size.</returns>
    /// <exception cref="ArgumentException">The exponent or the number of updates breaks its rule.</exception>
    public static double StepSize(long updates, double exponent = 0.6) => Online.stepSize(exponent, updates);

    // ── Use ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Returns the responsibilities rₙₖ = p(k|xₙ) of the components for every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>
    /// Responsibilities (N×K; with noise N×(K + 1), the last column that of the noise), each row summing to 1.
    /// </returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    [OverloadResolutionPriority(1)]
    public double[,] PredictProba(Rows data) => Current().Responsibilities(data.ToSource(null));

    /// <summary>Computes the responsibilities rₖ = p(k|x) of the components for a single row.</summary>
    /// <remarks>
    /// The numbers are those that <see cref="PredictProba(Rows)"/> has for this row, to the last bit. The method
    /// allocates no memory; any number of threads may call it at the same time.
    /// </remarks>
    /// <param name="row">The D numbers of the row.</param>
    /// <param name="responsibilities">
    /// Receives the K responsibilities (with noise K + 1, the last that of the noise), which sum to 1.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The row has another number of features than the fitted data, or a number that is not finite or not in the
    /// family's domain; or there is not room for exactly these responsibilities.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public void PredictProba(ReadOnlySpan<double> row, Span<double> responsibilities)
    {
        var predictor = Current().Predictor;

        if (responsibilities.Length != predictor.Components)
        {
            throw Translation.Invalid(
                nameof(responsibilities),
                $"of {Words.Count(predictor.Components, "number")}, one for every component",
                $"of {responsibilities.Length}");
        }

        Responsibilities(predictor, row, responsibilities);
    }

    /// <summary>Returns the responsibilities rₖ = p(k|x) of the components for a single row.</summary>
    /// <remarks>
    /// The numbers are those that <see cref="PredictProba(Rows)"/> has for this row, to the last bit.
    /// </remarks>
    /// <param name="row">The D numbers of the row.</param>
    /// <returns>Responsibilities (K; with noise K + 1, the last that of the noise), which sum to 1.</returns>
    /// <inheritdoc cref="Estimator.Predict(ReadOnlySpan{double})" path="/exception"/>
    public double[] PredictProba(ReadOnlySpan<double> row)
    {
        var predictor = Current().Predictor;
        var responsibilities = new double[predictor.Components];
        Responsibilities(predictor, row, responsibilities);
        return responsibilities;
    }

    private static void Responsibilities(
        RowPredictor predictor, ReadOnlySpan<double> row, Span<double> responsibilities)
    {
        try
        {
            predictor.Responsibilities(row, responsibilities);
        }
        catch (GmmException rejection)
        {
            throw rejection.ToRowException();
        }
    }

    /// <summary>Returns the log-density ln p(xₙ) of every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <returns>A log-density for every row (N).</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double[] ScoreSamples(Rows data) => Current().LogDensities(data.ToSource(null));

    /// <summary>Returns the log-density ln p(x) of a single row.</summary>
    /// <remarks>
    /// The number is the one that <see cref="ScoreSamples"/> has for this row, to the last bit. The method allocates no
    /// memory; any number of threads may call it at the same time.
    /// </remarks>
    /// <param name="row">The D numbers of the row.</param>
    /// <returns>The log-density.</returns>
    /// <inheritdoc cref="Estimator.Predict(ReadOnlySpan{double})" path="/exception"/>
    public double ScoreSample(ReadOnlySpan<double> row)
    {
        var predictor = Current().Predictor;

        try
        {
            return predictor.LogDensity(row);
        }
        catch (GmmException rejection)
        {
            throw rejection.ToRowException();
        }
    }

    /// <summary>Returns the mean log-density per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The mean.</returns>
    /// <inheritdoc cref="Estimator.Predict(Rows)" path="/exception"/>
    public double Score(Rows data, double[]? sampleWeights = null) => Current().Score(data.ToSource(sampleWeights));

    /// <summary>
    /// Returns the data with the mean of the mixture, given the observed cells of the row, in place of every NaN: Σₖ
    /// rₙₖ E(x|xₒ, k).
    /// </summary>
    /// <remarks>
    /// (Ghahramani and Jordan 1994.) Completed data vary less than the data would; for estimates that need their
    /// spread, use <see cref="ImputeDraws"/>. The mean of categories is that of their numbers, which is rarely a
    /// category.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data; missing cells are NaN.</param>
    /// <returns>The data (N×D) without missing cells.</returns>
    /// <exception cref="ArgumentException">
    /// The data have another number of features, no rows, or a number that is infinite or not in the family's domain.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Impute(Rows data) => Current().Impute(data.ToSource(null));

    /// <summary>
    /// Returns the data with a draw from the mixture, given the observed cells of the row, in place of every NaN.
    /// </summary>
    /// <remarks>
    /// Several draws with different seeds are multiple imputations (Rubin 1987). A seed gives the same cells on every
    /// call.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data; missing cells are NaN.</param>
    /// <param name="seed">The seed; another one gives other cells.</param>
    /// <returns>The data (N×D) without missing cells.</returns>
    /// <inheritdoc cref="Impute" path="/exception"/>
    public double[,] ImputeDraws(Rows data, int seed = 0) => Current().ImputeDraws(seed, data.ToSource(null));

    /// <summary>
    /// Marks the outliers among the rows: the given share of them, where the density p(xₙ) is lowest.
    /// </summary>
    /// <remarks>
    /// A row is an outlier if <see cref="ScoreSamples"/> is below <see cref="DensityThreshold"/> of the same rows. The
    /// outliers weigh at most the share of all rows: without sample weights and rows of equal density there are
    /// ⌊share·N⌋.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data; usually the fitted data.</param>
    /// <param name="share">The share of the rows to mark, above 0 and below 1: 0.01 for one in a hundred.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>Whether each row is an outlier (N).</returns>
    /// <exception cref="ArgumentException">
    /// The share, the data or the sample weights break their rule, which the message states with the value.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public bool[] Outliers(Rows data, double share, double[]? sampleWeights = null) =>
        Current().Outliers(share, data.ToSource(sampleWeights)).IsOutlier;

    /// <summary>Returns the log-density below which a share of the rows lies, for <see cref="IsOutlier"/>.</summary>
    /// <remarks>
    /// It is the quantile of the log-densities ln p(xₙ) by definition 2 of Hyndman and Fan (1996): the smallest t for
    /// which the rows with ln p(xₙ) ≤ t weigh more than the share. Where some rows have exactly the share, it lies
    /// halfway between the highest of them and the next row.
    /// </remarks>
    /// <inheritdoc cref="Outliers" path="/param"/>
    /// <returns>The threshold.</returns>
    /// <inheritdoc cref="Outliers" path="/exception"/>
    public double DensityThreshold(Rows data, double share, double[]? sampleWeights = null) =>
        Current().Outliers(share, data.ToSource(sampleWeights)).Threshold;

    /// <summary>Returns whether the log-density ln p(xₙ) is below a threshold, for every row.</summary>
    /// <param name="data">N×D numbers, with the D of the fitted data; usually new data.</param>
    /// <param name="threshold">The threshold, usually <see cref="DensityThreshold"/> of the fitted data.</param>
    /// <returns>Whether each row is an outlier (N).</returns>
    /// <exception cref="ArgumentException">
    /// The threshold is NaN, or the data have another number of features, no rows, or a number that is not finite or
    /// not in the family's domain.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public bool[] IsOutlier(Rows data, double threshold) => Current().IsOutlier(threshold, data.ToSource(null));

    /// <summary>
    /// Draws rows from the fitted mixture: a component k with probability πₖ, then a row from p(x|θₖ).
    /// </summary>
    /// <remarks>A seed gives the same rows on every call; a shorter sample is a prefix of a longer one.</remarks>
    /// <param name="n">The number of rows, 0 or more.</param>
    /// <param name="component">
    /// The single component to draw from, counting from 0, or −1 for the noise; the whole mixture unless given.
    /// </param>
    /// <param name="seed">The seed; another one gives other rows.</param>
    /// <returns>The rows (n×D) and the component that each comes from (n), −1 for noise.</returns>
    /// <exception cref="ArgumentException">n is negative, or there is no such component.</exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public (double[,] Rows, int[] Components) Sample(int n, int? component = null, int seed = 0)
    {
        var sample = Current().Sample(n, component, seed);
        return (sample.Rows, sample.Components);
    }

    /// <summary>
    /// Returns the Kullback–Leibler divergence KL(p‖q) = E ln(p(x)/q(x)) from this mixture p to another q, estimated
    /// from rows drawn from p (Hershey and Olsen 2007).
    /// </summary>
    /// <remarks>
    /// It is 0 when both are the same, and ∞ when q can't have a row that p has. 95 % of the estimates lie within two
    /// standard errors of the true value.
    /// </remarks>
    /// <param name="other">The other mixture q, of the same or another family, fitted too.</param>
    /// <param name="n">The number of rows to draw, 2 or more.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <returns>The estimate and its standard error.</returns>
    /// <exception cref="ArgumentException">
    /// n is below 2, the other mixture has another number of features, or a row is not in its family's domain.
    /// </exception>
    /// <exception cref="InvalidOperationException">One of the mixtures has no fit yet.</exception>
    public (double Value, double StandardError) KlDivergence(MixtureModel other, int n = 10_000, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(other);
        var estimate = Current().KlDivergence(other.Current(), n, seed);
        return (estimate.Value, estimate.StandardError);
    }

    /// <summary>
    /// Returns the Bayesian information criterion of the fit, −2 ln L + p ln n with n = Σₙ wₙ; lower is better (Schwarz
    /// 1978).
    /// </summary>
    /// <remarks>mclust's has the opposite sign.</remarks>
    /// <returns>The criterion.</returns>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Bic() => Current().Bic;

    /// <summary>Akaike's information criterion of the fit, −2 ln L + 2p; lower is better (Akaike 1974).</summary>
    /// <returns>The criterion.</returns>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Aic() => Current().Aic;

    /// <summary>
    /// Returns the integrated complete likelihood on data, −2 Σₙ wₙ (ln p(xₙ) + ln maxₖ rₙₖ) + p ln n with n = Σₙ wₙ;
    /// lower is better (Biernacki, Celeux and Govaert 2000).
    /// </summary>
    /// <remarks>
    /// On the fitted data it is <see cref="Bic"/> + 2 Σₙ wₙ (−ln maxₖ rₙₖ): components that overlap cost. mclust's has
    /// the opposite sign.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data; usually the fitted data.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N).</param>
    /// <returns>The criterion.</returns>
    /// <exception cref="ArgumentException">
    /// The data have another number of features, no rows, or a number that is not finite or not in the family's domain,
    /// or the sample weights break their rule.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Icl(Rows data, double[]? sampleWeights = null) => Current().Icl(data.ToSource(sampleWeights));

    /// <summary>
    /// Computes the criteria of this mixture on data, and the measures of its clustering by likeliest components.
    /// </summary>
    /// <remarks>
    /// Rows of noise, whose label is −1, count as one cluster. It computes all N² distances and keeps none. For many
    /// rows take a sample, or only the measures you need from <see cref="Metrics"/>.
    /// </remarks>
    /// <param name="data">N×D numbers, with the D of the fitted data.</param>
    /// <param name="truth">The true label of every row (N), if they are known.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N); those of true labels are not weighted.</param>
    /// <returns>All measures.</returns>
    /// <exception cref="ArgumentException">
    /// The data have another number of features, no rows, or a number that is not finite or not in the family's domain,
    /// or rows, labels and sample weights differ in number.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public Evaluation Evaluate(Rows data, int[]? truth = null, double[]? sampleWeights = null) =>
        new(Current().Evaluate(truth, data.ToSource(sampleWeights)));

    /// <summary>
    /// Compares this mixture with another, component by component, and matches those of nearest means.
    /// </summary>
    /// <remarks>
    /// The matching has the least sum of Euclidean distances between means. Means are μₖ for Gaussian components;
    /// for exponential families the expectations of their statistics, E T(x); for a product those of all its parts, one
    /// after another.
    /// </remarks>
    /// <param name="other">A fitted mixture of the same family and width, of any number of components.</param>
    /// <returns>The pairs with their differences, other less this, and the components left over.</returns>
    /// <exception cref="ArgumentException">
    /// The other mixture is of another family, or of another number of features.
    /// </exception>
    /// <exception cref="InvalidOperationException">One of the two has no fit yet.</exception>
    public Comparison Compare(MixtureModel other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(Current().Compare(other.Current()));
    }

    /// <summary>Returns a summary of the fit as a text, like that of mclust.</summary>
    /// <remarks>
    /// It says how the fit ended, and lists log-likelihood, n = Σₙ wₙ, the number of free parameters (df) and the
    /// criteria; for every component its weight, the expected number of its rows Nₖ = Σₙ wₙrₙₖ and its parameters; and
    /// the warnings. With data, it adds the ICL and the number of rows that <see cref="Estimator.Predict(Rows)"/> gives
    /// to every component. Whole covariance matrices are in it if they are full and D ≤ 10.
    /// </remarks>
    /// <param name="data">N×D numbers, usually the fitted data; none unless given.</param>
    /// <param name="columnNames">
    /// The names of all D columns, such as <see cref="CsvData.ColumnNames"/>; "column 1" … unless given.
    /// </param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N), for the ICL of the data.</param>
    /// <returns>The text, of several lines.</returns>
    /// <exception cref="ArgumentException">
    /// The number of names is not D, or the data have another number of features, no rows, or a number that is not
    /// finite or not in the family's domain, or the sample weights break their rule.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public string Summary(Rows? data = null, IEnumerable<string>? columnNames = null, double[]? sampleWeights = null) =>
        Current().Summary([.. columnNames ?? []], data?.ToSource(sampleWeights));

    // ── Uncertainty ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Estimates the standard errors of the parameters, from the data that the model was fitted to.</summary>
    /// <remarks>
    /// The covariance of the free coordinates is that of the chosen information; the delta method gives that of the
    /// parameters. Errors by <see cref="Information.Observed"/> are too small where the data don't come from a mixture
    /// of this kind; those by <see cref="Information.Sandwich"/> are not. Sample weights must be those of the fit; a
    /// weight of m acts as m rows.
    /// </remarks>
    /// <param name="data">N×D numbers, those of the fit.</param>
    /// <param name="information">What the errors are estimated from.</param>
    /// <param name="sampleWeights">A weight wₙ ≥ 0 for every row (N), those of the fit.</param>
    /// <returns>The estimates, their errors and their covariance.</returns>
    /// <exception cref="ArgumentException">
    /// A parameter is on an edge of its domain, such as a probability of 0; a covariance lies on its floor; the fit is
    /// one of classification EM; the information is not positive definite; or the data don't suit the model.
    /// </exception>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public StandardErrors StandardErrors(
        Rows data, Information information = Information.Observed, double[]? sampleWeights = null) =>
        new(Current().StandardErrors(ToCore(information), data.ToSource(sampleWeights)));

    /// <summary>Fits resampled data, to see how much the parameters vary.</summary>
    /// <remarks>
    /// Each replicate starts from the fitted mixture, so that its components keep their order, and has the settings of
    /// this model, which must be those of the fit. Priors, floors and the volume of the noise are not measured again.
    /// Replicates run in parallel; the result doesn't depend on the number of threads. Sample weights must be whole
    /// numbers: the copies of the rows.
    /// </remarks>
    /// <param name="data">N×D numbers, those of the fit.</param>
    /// <param name="resampling">How the data of a replicate are made.</param>
    /// <param name="replicates">
    /// The number of replicates, at least 2; the jackknife has one for every row instead.
    /// </param>
    /// <param name="seed">The seed; another one gives other replicates.</param>
    /// <param name="sampleWeights">The number of copies of every row (N), those of the fit.</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>The parameters of all replicates, with standard errors, bias and intervals.</returns>
    /// <exception cref="ArgumentException">
    /// Fewer than half of the replicates have a fit; or an argument, a setting, the data or the sample weights break
    /// their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    /// <exception cref="OperationCanceledException">The fits were cancelled.</exception>
    public Bootstrap Bootstrap(
        Rows data,
        Resampling resampling = Resampling.Nonparametric,
        int replicates = 999,
        int seed = 0,
        double[]? sampleWeights = null,
        CancellationToken cancellationToken = default) =>
        ToFitting(isWarm: false).OnOptions(
            new BootstrapOf(Current(), new(ToCore(resampling), replicates, seed), data.ToSource(sampleWeights)),
            cancellationToken);

    /// <summary>
    /// Tests <see cref="Components"/> components, K, against K + 1, by the likelihood ratio (McLachlan 1987).
    /// </summary>
    /// <remarks>
    /// The distribution of 2(ln L(K+1) − ln L(K)) under K components is that of data drawn from their fitted mixture;
    /// it is not χ². In a replicate, K components start from the mixture that it was drawn from, and K + 1 as they do
    /// in the data, by <see cref="Init"/>. The model keeps its own fit, if it has one.
    /// </remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="replicates">
    /// The number of replicates, at least 2; B replicates give no p-value below 1/(B + 1).
    /// </param>
    /// <param name="sampleWeights">The number of copies of every row (N).</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>The statistic and its p-value.</returns>
    /// <exception cref="ArgumentException">
    /// Fewer than half of the replicates have fits; or an argument, a setting, the data or the sample weights break
    /// their rule, which the message states with the value.
    /// </exception>
    /// <exception cref="MixtureFitException">
    /// A fit of the data fails, or has a component on the floor of its covariance.
    /// </exception>
    /// <exception cref="OperationCanceledException">The fits were cancelled.</exception>
    public LikelihoodRatio LikelihoodRatio(
        Rows data,
        int replicates = 999,
        double[]? sampleWeights = null,
        CancellationToken cancellationToken = default) =>
        ToFitting(isWarm: false).OnOptions(
            new LikelihoodRatioOf(replicates, data.ToSource(sampleWeights)), cancellationToken);

    /// <summary>
    /// Tests K components against K + 1, from K = <see cref="Components"/> on, until a p-value is above a level.
    /// </summary>
    /// <remarks>The model keeps its settings, and its own fit, if it has one.</remarks>
    /// <param name="data">N×D numbers: <c>double[,]</c>, <c>double[][]</c>, or any other <see cref="Rows"/>.</param>
    /// <param name="most">The largest number of components that may be chosen.</param>
    /// <param name="level">The level of the tests, above 0 and below 1.</param>
    /// <param name="replicates">The number of replicates of every test, at least 2.</param>
    /// <param name="sampleWeights">The number of copies of every row (N).</param>
    /// <param name="cancellationToken">Stops the fits between two blocks of rows.</param>
    /// <returns>The chosen number of components, and the tests.</returns>
    /// <inheritdoc cref="LikelihoodRatio" path="/exception"/>
    public (int Components, IReadOnlyList<LikelihoodRatio> Tests) LikelihoodRatios(
        Rows data,
        int most,
        double level = 0.05,
        int replicates = 999,
        double[]? sampleWeights = null,
        CancellationToken cancellationToken = default) =>
        ToFitting(isWarm: false).OnOptions(
            new LikelihoodRatiosOf(replicates, level, most, data.ToSource(sampleWeights)), cancellationToken);

    // ── Outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The weights πₖ (K; with noise K + 1, the last that of the noise), summing to 1.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] Weights => Current().Weights;

    /// <summary>The mean log-likelihood per row, Σₙ wₙ ln p(xₙ) / Σₙ wₙ, of the fitted data.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double LowerBound => Current().LowerBound;

    /// <summary>The log-likelihood Σₙ wₙ ln p(xₙ) of the fitted data.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double LogLikelihood => Current().LogLikelihood;

    /// <summary>
    /// The final objective: (Σₙ wₙ ln p(xₙ) + ln prior) / Σₙ wₙ, with maxₖ ln ρₙₖ for ln p(xₙ) in classification EM.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Objective => Current().Objective;

    /// <summary>
    /// ln of the prior's density at the fitted parameters and weights, without its constant; 0 without a prior.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double LogPrior => Current().LogPrior;

    /// <summary>
    /// The weights πₖ (K; with noise K + 1, the last that of the noise) of the start and after every iteration, kept
    /// when <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[]> WeightsHistory => History(Current().WeightsHistory);

    /// <summary>
    /// The weights πₖ (K; with noise K + 1, the last that of the noise) that the best run started from.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[] InitialWeights => Current().InitialWeights;

    /// <summary>
    /// The number of free parameters: those of the components, K − 1 weights, and with noise another weight and the
    /// volume if it was measured.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public int FreeParameters => Current().FreeParameters;

    /// <summary>
    /// The number of E-steps over all rows: one for the start, one for each iteration and one for each rejected
    /// extrapolation.
    /// </summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public int Passes => Current().Passes;

    /// <summary>
    /// The estimate of the remaining gain of the objective; ∞ before the second iteration and at an extrapolation.
    /// </summary>
    /// <remarks>(Böhning and others 1994.)</remarks>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double Remaining => Current().Remaining;

    // ── For the families ────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The settings as they are saved.</summary>
    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Of("components", () => Components, value => Components = value),
        Setting.Of("init", () => Init, value => Init = value),
        Setting.Of("stopping", () => Stopping, value => Stopping = value),
        Setting.Optional(
            "noise",
            () => Noise is { } noise ? noise.Volume ?? 0 : (double?)null,
            value => Noise = value is null or 0 ? NoiseVolume.Hypervolume : value),
        Setting.Of("acceleration", () => Acceleration, value => Acceleration = value),
        Setting.Of("missing", () => Missing, value => Missing = value),
        Setting.Of("selectOnFloor", () => SelectOnFloor, value => SelectOnFloor = value),
        Setting.Optional("initWeights", () => InitWeights, value => InitWeights = value),
        Setting.Of("warmStart", () => WarmStart, value => WarmStart = value),
        Setting.Of("cem", () => Cem, value => Cem = value),
        Setting.Optional(
            "weightConcentrationPrior", () => WeightConcentrationPrior, value => WeightConcentrationPrior = value),
    ];

    private protected sealed override string Description => Words.Count(Components, "component") + Details;

    /// <summary>
    /// What distinguishes the components that the settings ask for, after a comma; empty if nothing does.
    /// </summary>
    private protected virtual string Details => "";

    /// <summary>Whether the next fit continues from the last one.</summary>
    private protected bool IsWarm => WarmStart && IsFitted;

    /// <summary>
    /// Returns how the core fits this model's kind of component, as the settings have it; after
    /// <paramref name="isWarm"/> from the last fit.
    /// </summary>
    private protected abstract IFitting ToFitting(bool isWarm);

    private protected sealed override Func<IFit> Prepare(
        Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken) =>
        ToFitting(IsWarm).Prepare(source, progress, cancellationToken);

    /// <summary>Sets K to that of a saved fit of a family, and returns the fit.</summary>
    private protected Func<IFit> Open<TParameters>(Family<TParameters> family, SavedFit saved)
    {
        Saving.RequireFamily(family.Name, saved.Family);
        var fit = Saving.Open<TParameters>(saved);
        Components = fit.Components;
        return () => new FitOf<TParameters>(fit);
    }

    /// <summary>Keeps the best of the candidates.</summary>
    private protected Selection Keep(IFit fit, Selection selection)
    {
        Adopt(this, fit);
        Components = selection.Best.Components;
        return selection;
    }

    private FitOptions<TKind, TParameters> ToOptions<TKind, TParameters>(
        TKind kind,
        bool isWarm,
        GivenStart<TParameters> given,
        IProgress<FitProgress>? progress,
        CancellationToken cancellationToken) =>
        ToOptions(
            kind,
            Components,
            isWarm ? Start<TParameters>.NewMixture(Current<FitOf<TParameters>>().Value.Mixture) : ToStart(given),
            isWarm ? null : InitWeights,
            Cem ? Assignment.Hard : Assignment.Soft,
            ToCore(Stopping),
            ToCore(Acceleration),
            ToWeightPrior(WeightConcentrationPrior),
            Noise is { } noise ? FSharpOption<Core.NoiseVolume>.Some(noise.Value) : null,
            ToCore(Missing),
            progress,
            cancellationToken);

    private Start<TParameters> ToStart<TParameters>(GivenStart<TParameters> given) =>
        ToStart(
            Init,
            (given.Name, given.Start),
            (nameof(InitLabels), InitLabels is { } labels ? Start<TParameters>.NewLabels(labels) : null),
            (
                nameof(InitResponsibilities),
                InitResponsibilities is { } shares ? Start<TParameters>.NewResponsibilities(shares) : null
            ));

    private static Core.Information ToCore(Information information) =>
        information switch
        {
            Information.Observed => Core.Information.Observed,
            Information.Sandwich => Core.Information.Sandwich,
            Information.OuterProduct => Core.Information.OuterProduct,
            _ => throw Translation.UnknownValue(nameof(Information), information),
        };

    private static Core.Resampling ToCore(Resampling resampling) =>
        resampling switch
        {
            Resampling.Nonparametric => Core.Resampling.Nonparametric,
            Resampling.Parametric => Core.Resampling.Parametric,
            Resampling.WeightedLikelihood => Core.Resampling.WeightedLikelihood,
            Resampling.Jackknife => Core.Resampling.Jackknife,
            _ => throw Translation.UnknownValue(nameof(Resampling), resampling),
        };

    private static Core.Acceleration ToCore(Acceleration acceleration) =>
        acceleration switch
        {
            Acceleration.None => Core.Acceleration.None,
            Acceleration.Squarem => Core.Acceleration.Squarem,
            _ => throw Translation.UnknownValue(nameof(Acceleration), acceleration),
        };

    private static Core.Missing ToCore(MissingData missing) =>
        missing switch
        {
            MissingData.Reject => Core.Missing.Reject,
            MissingData.Fit => Core.Missing.Fit,
            _ => throw Translation.UnknownValue(nameof(Missing), missing),
        };

    private static WeightPrior ToWeightPrior(Tensor? concentration) =>
        concentration switch
        {
            null => WeightPrior.Flat,
            { Shape: [] } => WeightPrior.NewDirichlet([(double)concentration]),
            { Shape: [_] } => WeightPrior.NewDirichlet((double[])concentration),
            _ => throw Translation.Invalid(
                nameof(WeightConcentrationPrior),
                "a number or one for every component",
                $"{concentration.Shape.Count}-dimensional"),
        };

    /// <summary>How the core fits a kind of component.</summary>
    private protected interface IFitting
    {
        /// <summary>Returns the core's fit, to be run.</summary>
        Func<IFit> Prepare(Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken);

        /// <summary>Returns the core's best fit of every number of components, and the table of all.</summary>
        (IFit Fit, Selection Selection) Choose(
            Source source,
            int[] components,
            Criterion criterion,
            IProgress<SelectionCandidate>? progress,
            CancellationToken cancellationToken);

        /// <summary>Runs work on the core's options of a fit.</summary>
        TResult OnOptions<TResult>(IOnOptions<TResult> work, CancellationToken cancellationToken);
    }

    /// <summary>
    /// How the core fits a kind of component; the choice of components has some kinds to choose from.
    /// </summary>
    /// <param name="model">The model with the other settings.</param>
    /// <param name="isWarm">Whether a fit continues from the last one.</param>
    /// <param name="kinds">The kinds; all but a choice use the first.</param>
    /// <param name="given">The parameters to start from.</param>
    /// <param name="wrap">Makes the core's result a fit of the model.</param>
    private protected sealed class Fitting<TKind, TParameters>(
        MixtureModel model,
        bool isWarm,
        TKind[] kinds,
        GivenStart<TParameters> given,
        Func<Fit<TParameters>, IFit> wrap) : IFitting
        where TKind : Kind<TParameters>
    {
        private readonly (string, string) startName =
            ("Start mixture", isWarm ? $"The last fit, for {nameof(WarmStart)}," : $"The mixture of {given.Name}");

        public Func<IFit> Prepare(Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
        {
            var options = ToOptions(progress, cancellationToken);
            return () => wrap(Core.Gmm.fit(options, source).Get(startName));
        }

        public (IFit Fit, Selection Selection) Choose(
            Source source,
            int[] components,
            Criterion criterion,
            IProgress<SelectionCandidate>? progress,
            CancellationToken cancellationToken)
        {
            var selection = Core.Select.kinds(
                Selection.ToCore(criterion),
                Selection.Report<TParameters>(progress, startName),
                ListModule.OfSeq(components),
                ListModule.OfSeq(kinds),
                ToOptions(null, cancellationToken),
                source).Get(startName);
            var chosen = model.SelectOnFloor ? Core.Select.evenOnFloor(selection) : selection;
            return (wrap(chosen.Fit), Selection.Of(chosen, startName));
        }

        public TResult OnOptions<TResult>(IOnOptions<TResult> work, CancellationToken cancellationToken) =>
            work.Run(ToOptions(null, cancellationToken));

        private FitOptions<TKind, TParameters> ToOptions(
            IProgress<FitProgress>? progress, CancellationToken cancellationToken) =>
            model.ToOptions(kinds[0], isWarm, given, progress, cancellationToken);
    }

    /// <summary>The parameters to start from, if the settings give them.</summary>
    /// <param name="Name">The property that holds them; null where there is none.</param>
    /// <param name="Start">The start that it holds; null unless it is set.</param>
    private protected readonly record struct GivenStart<TParameters>(string? Name, Start<TParameters>? Start)
    {
        /// <summary>
        /// The start of means alone, or of all parameters together; the core calls them the same without Init.
        /// </summary>
        internal static GivenStart<TParameters> Of<TOthers>(
            string name,
            double[,]? means,
            string othersName,
            TOthers? others,
            Func<double[,], TOthers, FSharpResult<TParameters, GmmError>> make)
            where TOthers : class =>
            new(name, (means, others) switch
            {
                (null, null) => null,
                (null, { }) => throw Translation.Invalid(othersName, $"given together with {name}", "given without"),
                ({ }, null) => Start<TParameters>.NewMeans(means),
                ({ }, { }) => Start<TParameters>.NewMixture(
                    Mixture.uniform(
                        means.GetLength(0),
                        make(means, others).Get(
                            (name["Init".Length..], name), (othersName["Init".Length..], othersName)))),
            });
    }
}
