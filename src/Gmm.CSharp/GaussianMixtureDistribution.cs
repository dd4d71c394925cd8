using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A Gaussian mixture p(x) = Σₖ πₖ N(x|μₖ, Σₖ) of known parameters, such as a marginal or conditional distribution of a
/// fitted one. It does not change.
/// </summary>
/// <remarks>(Bishop, Pattern Recognition and Machine Learning, 2006, §2.3.)</remarks>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class GaussianMixtureDistribution
{
    private readonly Mixture<Gaussian> mixture;
    private readonly Execution execution;

    /// <summary>The mixture of given parameters.</summary>
    /// <param name="weights">Weights πₖ (K), 0 or more, divided by their sum.</param>
    /// <param name="means">Means μₖ (K×D).</param>
    /// <param name="covariances">
    /// Covariances in the shape of the structure (<see cref="Covariances.Values"/>), or as one matrix for all
    /// components, or as a number σ² for σ²I; symmetric and positive definite.
    /// </param>
    /// <param name="covarianceType">Which covariances the components have; Full unless given.</param>
    /// <exception cref="ArgumentException">
    /// A parameter breaks its rule, which the message states with the value.
    /// </exception>
    public GaussianMixtureDistribution(
        double[] weights, double[,] means, Tensor covariances, CovarianceType covarianceType = CovarianceType.Full)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(covariances);
        (string, string)[] names =
            [("Weights", nameof(weights)), ("Means", nameof(means)), ("Covariances", nameof(covariances))];

        if (weights.Length != means.GetLength(0))
        {
            throw Translation.Invalid(
                nameof(weights),
                $"one number for {Words.Each(means.GetLength(0), "row")} of means",
                Words.Count(weights.Length, "number"));
        }

        var parameters = GaussianModule.create(
            GaussianSettings.ToStructure(covarianceType), means, covariances.Value).Get(names);
        (mixture, execution) = (Mixture.create(weights, parameters).Get(names), Core.Gmm.defaults.Execution);
    }

    internal GaussianMixtureDistribution(Mixture<Gaussian> mixture, Execution execution) =>
        (this.mixture, this.execution) = (mixture, execution);

    /// <summary>The weights πₖ (K), summing to 1.</summary>
    public double[] Weights => mixture.Weights;

    /// <summary>The means μₖ (K×D).</summary>
    public double[,] Means => mixture.Parameters.Means.toArray2D();

    /// <summary>The covariances Σₖ: <c>Covariances[k]</c> is a D×D matrix whatever the structure.</summary>
    public Covariances Covariances => new(mixture.Parameters);

    /// <summary>Returns the log-density ln p(xₙ) of every row.</summary>
    /// <param name="data">N×D numbers.</param>
    /// <returns>A log-density for every row (N).</returns>
    /// <exception cref="ArgumentException">
    /// The data have another number of features, no rows, or a number that is not finite.
    /// </exception>
    public double[] ScoreSamples(Rows data) =>
        Core.Predict.logDensitiesOf(Core.Model.ofFamily(GaussianModule.family), mixture, data.ToSource(null)).Get();

    /// <summary>
    /// Draws rows: a component k with probability πₖ, then a row from N(μₖ, Σₖ), or from the part of it at some
    /// Mahalanobis distances from μₖ.
    /// </summary>
    /// <remarks>
    /// A seed gives the same rows on every call; a shorter sample is a prefix of a longer one. A region changes no
    /// weight. Its distances are drawn by the inverse distribution function of the χ distribution with D degrees of
    /// freedom and no row is rejected, so that a region as unlikely as (8, ∞) costs the same.
    /// </remarks>
    /// <param name="n">The number of rows, 0 or more.</param>
    /// <param name="component">The single component to draw from, counting from 0; all of them unless given.</param>
    /// <param name="seed">The seed; another one gives other rows.</param>
    /// <param name="confidence">
    /// Only rows inside the ellipsoid of this probability of their component, above 0 and at most 1.
    /// </param>
    /// <param name="stdRange">
    /// Only rows at these distances, 0 ≤ low &lt; high ≤ ∞: standard deviations from the mean.
    /// </param>
    /// <returns>The rows (n×D) and the component that each comes from (n).</returns>
    /// <exception cref="ArgumentException">
    /// n is negative, there is no such component, a region breaks its rule, or both are given.
    /// </exception>
    public (double[,] Rows, int[] Components) Sample(
        int n,
        int? component = null,
        int seed = 0,
        double? confidence = null,
        (double Low, double High)? stdRange = null)
    {
        var sample = Sampling.Draw(mixture, n, component, confidence, stdRange, seed, execution);
        return (sample.Rows, sample.Components);
    }

    /// <summary>
    /// Returns the distribution of some features: a Gaussian mixture of the same weights and structure.
    /// </summary>
    /// <remarks>(Bishop, Pattern Recognition and Machine Learning, 2006, eq. 2.98.)</remarks>
    /// <param name="features">The features, counting from 0, in the order of the result.</param>
    /// <returns>The distribution.</returns>
    /// <exception cref="ArgumentException">
    /// The features are not different numbers from 0 to D − 1, at least one.
    /// </exception>
    public GaussianMixtureDistribution Marginal(int[] features)
    {
        ArgumentNullException.ThrowIfNull(features);
        return new(ConditionalModule.marginal(features, mixture).Get(("Features", nameof(features))), execution);
    }

    /// <summary>
    /// Returns the points x at which the most probable component changes, argmaxₖ πₖ N(x|μₖ, σₖ²), in ascending order.
    /// </summary>
    /// <remarks>
    /// Two components meet at the roots of a quadratic equation, or of a linear one when their variances are equal
    /// (Duda, Hart and Stork, Pattern Classification, 2001, §2.6). There are at most 2K − 2 points. A component that is
    /// nowhere the most probable one has none.
    /// </remarks>
    /// <returns>The points, with the most probable component just below and just above each.</returns>
    /// <exception cref="ArgumentException">
    /// The mixture has more than one feature: take <see cref="Marginal"/> of one.
    /// </exception>
    public (double X, int Below, int Above)[] CutPoints() =>
        [.. Core.CutPoints.ofMixture(mixture).Get().Select(cut => (cut.X, cut.Below, cut.Above))];

    /// <summary>
    /// Returns the distribution of some features y given values of others x: a Gaussian mixture of the same structure,
    /// with weights πₖ(x) ∝ πₖ N(x|μₖ, Σₖ) of the given features.
    /// </summary>
    /// <remarks>
    /// Features in neither are left out. (Bishop, Pattern Recognition and Machine Learning, 2006, §2.3.1.)
    /// </remarks>
    /// <param name="features">The features y, counting from 0.</param>
    /// <param name="given">The features x, counting from 0.</param>
    /// <param name="values">A value for every given feature.</param>
    /// <returns>The distribution.</returns>
    /// <exception cref="ArgumentException">
    /// The features are not different numbers from 0 to D − 1, at least one each, or the values not one finite number
    /// for each given one.
    /// </exception>
    public GaussianMixtureDistribution Conditional(int[] features, int[] given, double[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(ConditionalModule.at(values, Given(features, given)).Get(), execution);
    }

    /// <summary>
    /// Gaussian mixture regression: for every row of given features x the mean and the covariance of other features y.
    /// </summary>
    /// <remarks>
    /// E(y|x) = Σₖ πₖ(x) mₖ and Cov(y|x) = Σₖ πₖ(x) (Σₖ,y|x + (mₖ−E)(mₖ−E)ᵀ), where mₖ and Σₖ,y|x are component k's
    /// given x (Sung, Gaussian Mixture Regression and Classification, 2004).
    /// </remarks>
    /// <param name="features">The features y, d of them, counting from 0.</param>
    /// <param name="given">The features x, counting from 0.</param>
    /// <param name="data">Rows of the given features, in their order.</param>
    /// <returns>The means, covariances and conditional weights of every row.</returns>
    /// <exception cref="ArgumentException">
    /// The features are not different numbers from 0 to D − 1, at least one each, or the data have another width, no
    /// rows, or a number that is not finite.
    /// </exception>
    public GaussianRegression Regress(int[] features, int[] given, Rows data)
    {
        var regression = ConditionalModule.predict(execution, Given(features, given), data.ToSource(null)).Get();
        return new(regression.Means, regression.Covariances, regression.Weights);
    }

    /// <summary>
    /// Returns one line: the numbers of components and features, and the structure of the covariances.
    /// </summary>
    /// <returns>The text.</returns>
    public override string ToString()
    {
        var gaussian = mixture.Parameters;
        var covariances = Words.Covariances(GaussianSettings.ToCovarianceType(gaussian.Structure));
        return $"{nameof(GaussianMixtureDistribution)} of {Words.Count(gaussian.Components, "component")}, "
            + $"{Words.Count(gaussian.Features, "feature")}{covariances}";
    }

    private Core.Conditional Given(int[] features, int[] given)
    {
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(given);
        return ConditionalModule.create(features, given, mixture).Get();
    }
}
