using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Some columns of the data and the family that they belong to: a part of a <see cref="ProductMixture"/>. It does not change.</summary>
public sealed class Part
{
    private Part(int[] columns, Func<int[], Core.Part> make, Parametrisation? parametrisation)
    {
        ArgumentNullException.ThrowIfNull(columns);
        int[] copy = columns.Length > 0 ? [.. columns] : throw Translation.Invalid(nameof(columns), "at least one", "empty");
        (Columns, Value, Parametrisation) = (Array.AsReadOnly(copy), make(copy), parametrisation);
    }

    /// <summary>The columns, counting from 0.</summary>
    public IReadOnlyList<int> Columns { get; }

    internal Core.Part Value { get; }

    /// <summary>Null for Gaussian columns.</summary>
    internal Parametrisation? Parametrisation { get; }

    /// <summary>Gaussian columns, as in a <see cref="GaussianMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="covarianceType">Which covariances the components have.</param>
    /// <param name="regCovar">What is added to the diagonal of every covariance; unless given, <c>Regularisation.Relative(1e-6)</c>.</param>
    /// <param name="meanPrior">m₀ (d or K×d for d columns), with the precision.</param>
    /// <param name="meanPrecisionPrior">κ₀ above 0, with the mean.</param>
    /// <param name="covariancePrior">Ψ₀, shaped as the covariances, or as one of them for all, or a number, with the degrees of freedom.</param>
    /// <param name="degreesOfFreedomPrior">ν₀ above d − 1, with Ψ₀.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, no such structure, or half a prior.</exception>
    public static Part Gaussian(
        int[] columns,
        CovarianceType covarianceType = CovarianceType.Full,
        Regularisation? regCovar = null,
        Tensor? meanPrior = null,
        double? meanPrecisionPrior = null,
        Tensor? covariancePrior = null,
        double? degreesOfFreedomPrior = null)
    {
        var options = GaussianSettings.ToCore(
            covarianceType,
            CovarianceStart.OfStart,
            regCovar ?? Regularisation.Of(Core.Gmm.defaults.RegCovar),
            (meanPrior, nameof(meanPrior)),
            (meanPrecisionPrior, nameof(meanPrecisionPrior)),
            (covariancePrior, nameof(covariancePrior)),
            (degreesOfFreedomPrior, nameof(degreesOfFreedomPrior)));
        return new(columns, chosen => Core.Part.NewGaussian(chosen, options), null);
    }

    /// <summary>Columns of 0 and 1, as in a <see cref="BernoulliMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="betaPrior">pₖⱼ ~ Beta(a, b), both 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Bernoulli(int[] columns, (double A, double B)? betaPrior = null) =>
        Exponential(columns, Parametrisation.Bernoulli(betaPrior, nameof(betaPrior)));

    /// <summary>Columns of successes in n trials, as in a <see cref="BinomialMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="trials">Out of how many trials the successes are, n; 1 or more.</param>
    /// <param name="betaPrior">pₖⱼ ~ Beta(a, b), both 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the trials or the prior break their rule.</exception>
    public static Part Binomial(int[] columns, int trials, (double A, double B)? betaPrior = null) =>
        Exponential(columns, Parametrisation.Binomial(trials, betaPrior, nameof(trials), nameof(betaPrior)));

    /// <summary>Columns of levels 0 to L − 1, as in a <see cref="CategoricalMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="levels">How many levels each of them has, L; 1 or more.</param>
    /// <param name="dirichletPrior">pₖⱼ ~ Dirichlet(α): a number or one for every level (L), each 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the levels or the prior break their rule.</exception>
    public static Part Categorical(int[] columns, int levels, Tensor? dirichletPrior = null) =>
        Exponential(columns, Parametrisation.Categorical(levels, dirichletPrior, nameof(levels), nameof(dirichletPrior)));

    /// <summary>Columns of counts, as in a <see cref="PoissonMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="gammaPrior">λₖⱼ ~ Gamma(shape, rate), the shape 1 or more, the rate 0 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Poisson(int[] columns, (double Shape, double Rate)? gammaPrior = null) =>
        Exponential(columns, Parametrisation.Poisson(gammaPrior, nameof(gammaPrior)));

    /// <summary>Columns of waiting times, as in an <see cref="ExponentialMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="gammaPrior">λₖⱼ ~ Gamma(shape, rate), the shape 1 or more, the rate 0 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Exponential(int[] columns, (double Shape, double Rate)? gammaPrior = null) =>
        Exponential(columns, Parametrisation.Exponential(gammaPrior, nameof(gammaPrior)));

    /// <summary>The family and the columns in words.</summary>
    /// <returns>The text, such as <c>bernoulli on [2; 3]</c>.</returns>
    public override string ToString() =>
        $"{(Value is Core.Part.Gaussian { options: var options } ? StructureModule.name(options.Structure) : Parametrisation!.Family.Name)} on [{string.Join("; ", Columns)}]";

    private static Part Exponential(int[] columns, Parametrisation parametrisation) =>
        new(columns, chosen => Core.Part.NewExponential(chosen, parametrisation.Family), parametrisation);
}
