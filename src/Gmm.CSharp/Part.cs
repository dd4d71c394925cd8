using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// Some columns of the data and the family that they belong to: a part of a <see cref="ProductMixture"/>. It does not
/// change.
/// </summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Part
{
    private readonly GaussianKind? gaussian;

    private readonly (double? Given, bool Equal)? degreesOfFreedom;

    private readonly string family;

    private Part(
        int[] columns,
        string family,
        Func<int[], Core.Part> make,
        IReadOnlyList<(string Name, Func<Core.PartParameters, object> Read)> properties,
        GaussianKind? gaussian = null,
        (double? Given, bool Equal)? degreesOfFreedom = null)
    {
        ArgumentNullException.ThrowIfNull(columns);
        int[] copy = columns.Length > 0
            ? [.. columns]
            : throw Translation.Invalid(nameof(columns), "at least one", "empty");
        (Columns, Value) = (Array.AsReadOnly(copy), make(copy));
        (this.family, Properties) = (family, properties);
        (this.gaussian, this.degreesOfFreedom) = (gaussian, degreesOfFreedom);
    }

    /// <summary>The columns, counting from 0.</summary>
    public IReadOnlyList<int> Columns { get; }

    internal Core.Part Value { get; }

    /// <summary>The names of the parameters that the family has, and what reads them.</summary>
    internal IReadOnlyList<(string Name, Func<Core.PartParameters, object> Read)> Properties { get; }

    /// <summary>Gaussian columns, as in a <see cref="GaussianMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="covarianceType">Which covariances the components have.</param>
    /// <param name="regCovar">
    /// How covariances are kept from becoming singular; unless given, <c>Regularisation.Floor(1e-8)</c>.
    /// </param>
    /// <param name="meanPrior">m₀ (d or K×d for d columns), with the precision.</param>
    /// <param name="meanPrecisionPrior">κ₀ above 0, with the mean.</param>
    /// <param name="covariancePrior">
    /// Ψ₀, shaped as the covariances, or as one of them for all, or a number, with the degrees of freedom.
    /// </param>
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
        var kind = ToKind(
            covarianceType, regCovar, meanPrior, meanPrecisionPrior, covariancePrior, degreesOfFreedomPrior);
        return new(
            columns,
            Families[0],
            chosen => Core.PartModule.create(chosen, kind),
            [
                Property<Gaussian>(nameof(PartParameters.Means), fitted => fitted.Means.toArray2D()),
                Property<Gaussian>(nameof(PartParameters.Covariances), fitted => new Covariances(fitted)),
            ],
            kind);
    }

    /// <summary>Columns with far values, as in a <see cref="StudentTMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="covarianceType">Which scale matrices the components have.</param>
    /// <param name="givenDegreesOfFreedom">
    /// νₖ of all components, from 0.1 to 1e6, or ∞ for Gaussian ones; estimated unless given.
    /// </param>
    /// <param name="equalDegreesOfFreedom">Whether all components have the same estimated degrees of freedom.</param>
    /// <param name="regCovar">
    /// How scale matrices are kept from becoming singular; unless given, <c>Regularisation.Floor(1e-8)</c>.
    /// </param>
    /// <param name="meanPrior">m₀ (d or K×d for d columns), with the precision.</param>
    /// <param name="meanPrecisionPrior">κ₀ above 0, with the mean.</param>
    /// <param name="covariancePrior">
    /// Ψ₀, shaped as the scale matrices, or as one of them for all, or a number, with the degrees of freedom.
    /// </param>
    /// <param name="degreesOfFreedomPrior">ν₀ above d − 1, with Ψ₀.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">
    /// There is no column, no such structure, or half a prior; or degrees of freedom are both given and equal estimated
    /// ones.
    /// </exception>
    public static Part StudentT(
        int[] columns,
        CovarianceType covarianceType = CovarianceType.Full,
        double? givenDegreesOfFreedom = null,
        bool equalDegreesOfFreedom = false,
        Regularisation? regCovar = null,
        Tensor? meanPrior = null,
        double? meanPrecisionPrior = null,
        Tensor? covariancePrior = null,
        double? degreesOfFreedomPrior = null)
    {
        var gaussian = ToKind(
            covarianceType, regCovar, meanPrior, meanPrecisionPrior, covariancePrior, degreesOfFreedomPrior);
        var kind = new StudentTKind(
            gaussian,
            StudentTMixture.ToDegreesOfFreedom(
                (givenDegreesOfFreedom, nameof(givenDegreesOfFreedom)),
                (equalDegreesOfFreedom, nameof(equalDegreesOfFreedom))));
        return new(
            columns,
            StudentTModule.family.Name,
            chosen => Core.PartModule.create(chosen, kind),
            [
                Property<StudentT>(nameof(PartParameters.Locations), StudentTModule.locations),
                Property<StudentT>(nameof(PartParameters.ScaleMatrices), fitted => new Covariances(fitted.Gaussian)),
                Property<StudentT>(
                    nameof(PartParameters.DegreesOfFreedom), fitted => (double[])[.. fitted.DegreesOfFreedom]),
            ],
            gaussian,
            (givenDegreesOfFreedom, equalDegreesOfFreedom));
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
    /// <param name="levels">The number of levels of each column, L; 1 or more.</param>
    /// <param name="dirichletPrior">pₖⱼ ~ Dirichlet(α): a number or one for every level (L), each 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the levels or the prior break their rule.</exception>
    public static Part Categorical(int[] columns, int levels, Tensor? dirichletPrior = null) =>
        Exponential(
            columns, Parametrisation.Categorical(levels, dirichletPrior, nameof(levels), nameof(dirichletPrior)));

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

    /// <summary>Columns of failures before the first success, as in a <see cref="GeometricMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="betaPrior">pₖⱼ ~ Beta(a, b), both 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Geometric(int[] columns, (double A, double B)? betaPrior = null) =>
        Exponential(columns, Parametrisation.Geometric(betaPrior, nameof(betaPrior)));

    /// <summary>Columns of positive numbers, as in a <see cref="GammaMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="prior">Acts like so many extra numbers of a gamma distribution.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Gamma(int[] columns, (double Count, double Shape, double Rate)? prior = null) =>
        Exponential(columns, Parametrisation.Gamma(prior, nameof(prior)));

    /// <summary>
    /// Columns of positive numbers whose logarithms are normal, as in a <see cref="LogNormalMixture"/>.
    /// </summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="prior">Acts like so many extra numbers of a log-normal distribution.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part LogNormal(int[] columns, (double Count, double LogMean, double LogDeviation)? prior = null) =>
        Exponential(columns, Parametrisation.LogNormal(prior, nameof(prior)));

    /// <summary>Columns of numbers between 0 and 1, as in a <see cref="BetaMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <param name="prior">Acts like so many extra numbers of a beta distribution.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior breaks its rule.</exception>
    public static Part Beta(int[] columns, (double Count, double Alpha, double Beta)? prior = null) =>
        Exponential(columns, Parametrisation.BetaNumbers(prior, nameof(prior)));

    /// <summary>
    /// Columns of counts more dispersed than Poisson counts, as in a <see cref="NegativeBinomialMixture"/>.
    /// </summary>
    /// <param name="columns">The columns, counting from 0.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column.</exception>
    public static Part NegativeBinomial(int[] columns) =>
        new(
            columns,
            NegativeBinomialModule.family.Name,
            chosen => Core.PartModule.create(chosen, NegativeBinomialKindModule.defaults),
            [
                Property<NegativeBinomial>(nameof(PartParameters.Means), NegativeBinomialModule.means),
                Property<NegativeBinomial>(nameof(PartParameters.Sizes), NegativeBinomialModule.sizes),
            ]);

    /// <summary>Columns that together are rows of counts, as in a <see cref="MultinomialMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0; at least two.</param>
    /// <param name="dirichletPrior">pₖ ~ Dirichlet(α): a number or one for every column, each 1 or more.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column, or the prior is no number or vector.</exception>
    public static Part Multinomial(int[] columns, Tensor? dirichletPrior = null)
    {
        var kind = MultinomialMixture.ToKind(dirichletPrior, nameof(dirichletPrior));
        return new(
            columns,
            MultinomialModule.family.Name,
            chosen => Core.PartModule.create(chosen, kind),
            [Property<Multinomial>(nameof(PartParameters.Probabilities), MultinomialModule.probabilities)]);
    }

    /// <summary>Columns that together are directions, as in a <see cref="VonMisesFisherMixture"/>.</summary>
    /// <param name="columns">The columns, counting from 0; at least two.</param>
    /// <returns>The part.</returns>
    /// <exception cref="ArgumentException">There is no column.</exception>
    public static Part VonMisesFisher(int[] columns) =>
        new(
            columns,
            VonMisesFisherModule.family.Name,
            chosen => Core.PartModule.create(chosen, VonMisesFisherKindModule.defaults),
            [
                Property<VonMisesFisher>(nameof(PartParameters.Directions), VonMisesFisherModule.directions),
                Property<VonMisesFisher>(nameof(PartParameters.Concentrations), VonMisesFisherModule.concentrations),
            ]);

    /// <summary>Returns the family and the columns in words.</summary>
    /// <returns>The text, such as <c>bernoulli on [2; 3]</c>.</returns>
    public override string ToString() =>
        $"{Value.Kind.Name} on [{string.Join("; ", Columns)}]";

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The core's names of the families; a saved part has the number of its own.</summary>
    internal static IReadOnlyList<string> Families { get; } =
    [
        "gaussian", "bernoulli", "binomial", "categorical", "poisson", "exponential", "geometric", "gamma", "lognormal",
        "beta", "negative_binomial", "multinomial", "von_mises_fisher", "student_t",
    ];

    /// <summary>
    /// The part that fitted parameters are of, with default settings but for an exponential family's prior.
    /// </summary>
    internal static Part Of(
        string family, int[] columns, Core.PartParameters parameters, FSharpMap<string, Core.Tensor> settings)
    {
        if (parameters.TryAs<Gaussian>() is { Value: var gaussian })
        {
            return Gaussian(columns, GaussianSettings.ToCovarianceType(gaussian.Structure));
        }

        if (parameters.TryAs<StudentT>() is { Value: var t })
        {
            var (given, equal) = StudentTMixture.DegreesOfFreedomOf(t, settings);
            return StudentT(columns, GaussianSettings.ToCovarianceType(t.Gaussian.Structure), given, equal);
        }

        if (family == NegativeBinomialModule.family.Name)
        {
            return NegativeBinomial(columns);
        }

        if (family == VonMisesFisherModule.family.Name)
        {
            return VonMisesFisher(columns);
        }

        if (family == MultinomialModule.family.Name)
        {
            return Multinomial(columns, settings.TryGetValue("prior", out var alpha) ? new Tensor(alpha) : null);
        }

        ConjugatePrior? prior =
            settings.TryGetValue("priorSums", out var sums) && settings.TryGetValue("priorCount", out var count)
            ? new(sums.toArray(), count.toArray()[0])
            : null;
        if (parameters.TryAs<ExponentialParameters>() is not { Value: var fitted })
        {
            throw Translation.Invalid("Family", $"one of {string.Join(", ", Families)}", family);
        }

        var parametrisation = family switch
        {
            "bernoulli" => Parametrisation.Bernoulli(null, ""),
            "binomial" => Parametrisation.Binomial(Core.Binomial.trials(fitted), null, "", ""),
            "categorical" => Parametrisation.Categorical(fitted.Means.shape[2], null, "", ""),
            "poisson" => Parametrisation.Poisson(null, ""),
            "exponential" => Parametrisation.Exponential(null, ""),
            "geometric" => Parametrisation.Geometric(null, ""),
            "gamma" => Parametrisation.Gamma(null, ""),
            "lognormal" => Parametrisation.LogNormal(null, ""),
            "beta" => Parametrisation.BetaNumbers(null, ""),
            _ => throw Translation.Invalid("Family", $"one of {string.Join(", ", Families)}", family),
        };
        return Exponential(
            columns,
            prior is null
                ? parametrisation
                : parametrisation with { Family = ExponentialFamilyModule.withPrior(prior, parametrisation.Family) });
    }

    /// <summary>
    /// The settings of this part, as they are saved, and a way to replace the part by one with saved settings.
    /// </summary>
    internal IEnumerable<Setting> Settings(string name, Action<Part> replace)
    {
        yield return Setting.Of($"{name}.family", () => Families.ToList().IndexOf(family), _ => { });

        if (gaussian is not { } kind)
        {
            yield break;
        }

        var regularisation = Regularisation.Of(kind.RegCovar);
        Tensor? mean = kind.MeanPrior?.Value is { } onMeans ? new(onMeans.Mean) : null;
        var precision = kind.MeanPrior?.Value.Precision;
        Tensor? scale = kind.CovariancePrior?.Value is { } onCovariances ? new(onCovariances.Scale) : null;
        var degrees = kind.CovariancePrior?.Value.Degrees;

        foreach (var setting in GaussianSettings.OfRegularisation(
            () => regularisation, value => regularisation = value))
        {
            yield return setting.Under(name);
        }

        yield return Setting.Optional($"{name}.meanPrior", () => mean, value => mean = value);
        yield return Setting.Optional($"{name}.meanPrecisionPrior", () => precision, value => precision = value);
        yield return Setting.Optional($"{name}.covariancePrior", () => scale, value => scale = value);
        yield return Setting.Optional($"{name}.degreesOfFreedomPrior", () => degrees, value => degrees = value);
        yield return Setting.Of(
            $"{name}.structure",
            () => GaussianSettings.ToCovarianceType(kind.Structure),
            type => replace(
                degreesOfFreedom is var (given, equal)
                    ? StudentT([.. Columns], type, given, equal, regularisation, mean, precision, scale, degrees)
                    : Gaussian([.. Columns], type, regularisation, mean, precision, scale, degrees)));
    }

    private static GaussianKind ToKind(
        CovarianceType covarianceType,
        Regularisation? regCovar,
        Tensor? meanPrior,
        double? meanPrecisionPrior,
        Tensor? covariancePrior,
        double? degreesOfFreedomPrior) =>
        GaussianSettings.ToKind(
            covarianceType,
            CovarianceStart.OfStart,
            regCovar ?? Regularisation.Of(GaussianKindModule.defaults.RegCovar),
            (meanPrior, nameof(meanPrior)),
            (meanPrecisionPrior, nameof(meanPrecisionPrior)),
            (covariancePrior, nameof(covariancePrior)),
            (degreesOfFreedomPrior, nameof(degreesOfFreedomPrior)));

    private static Part Exponential(int[] columns, Parametrisation parametrisation) =>
        new(
            columns,
            parametrisation.Family.Name,
            chosen => Core.PartModule.create(chosen, parametrisation.Family),
            [.. parametrisation.Properties.Select(
                property => Property<ExponentialParameters>(property.Name, property.Read))]);

    private static (string Name, Func<Core.PartParameters, object> Read) Property<T>(
        string name, Func<T, object> read) =>
        (name, parameters => read(parameters.As<T>()));
}
