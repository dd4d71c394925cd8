using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// An exponential family of the core, and its parameters under the names and in the shapes that its users know.
/// </summary>
/// <param name="Family">The family with its prior.</param>
/// <param name="Properties">
/// The names of the parameters, such as Probabilities or Rates, and what reads them from the core's.
/// </param>
/// <param name="Write">
/// From an array of the first of them, which is called by the string, to mean parameters (K×D×S).
/// </param>
internal sealed record Parametrisation(
    ExponentialFamily Family,
    IReadOnlyList<(string Name, Func<ExponentialParameters, Array> Read)> Properties,
    Func<Array, string, Core.Tensor> Write)
{
    private const string Probabilities = nameof(BernoulliMixture.Probabilities), Rates = nameof(PoissonMixture.Rates);

    private Parametrisation(
        ExponentialFamily family,
        string name,
        Func<ExponentialParameters, Array> read,
        Func<Array, string, Core.Tensor> write)
        : this(family, [(name, read)], write)
    {
    }

    /// <summary>The parameters of a family that has only one kind.</summary>
    internal Array Read(ExponentialParameters parameters) => Properties[0].Read(parameters);

    internal static Parametrisation Bernoulli((double A, double B)? prior, string priorName) =>
        new(
            WithPrior(Core.Bernoulli.family, Beta(prior, priorName, Core.Bernoulli.beta)),
            Probabilities,
            Core.Bernoulli.probabilities,
            (array, name) => Pairs((double[,])array, 1, name));

    internal static Parametrisation Binomial(
        int trials, (double A, double B)? prior, string trialsName, string priorName)
    {
        RequirePositive(trials, trialsName);
        return new(
            WithPrior(Core.Binomial.family(trials), Beta(prior, priorName, (a, b) => Core.Binomial.beta(trials, a, b))),
            Probabilities,
            parameters => Core.Binomial.probabilities(trials, parameters),
            (array, name) => Pairs((double[,])array, trials, name));
    }

    internal static Parametrisation Categorical(int levels, Tensor? prior, string levelsName, string priorName)
    {
        RequirePositive(levels, levelsName);
        return new(
            WithPrior(Core.Categorical.family(levels), Dirichlet(levels, prior, priorName)),
            nameof(PartParameters.LevelProbabilities),
            Core.Categorical.probabilities,
            (array, name) => Shares((double[,,])array, levels, name));
    }

    internal static Parametrisation Poisson((double Shape, double Rate)? prior, string priorName) =>
        new(
            WithPrior(Core.Poisson.family, Gamma(prior, priorName, Core.Poisson.gamma)),
            Rates,
            Core.Poisson.rates,
            (array, name) => Single((double[,])array, name, "0 or more, and finite", rate => rate >= 0, rate => rate));

    internal static Parametrisation Exponential((double Shape, double Rate)? prior, string priorName) =>
        new(
            WithPrior(Core.Exponential.family, Gamma(prior, priorName, Core.Exponential.gamma)),
            Rates,
            Core.Exponential.rates,
            (array, name) => Single((double[,])array, name, "above 0 and finite", rate => rate > 0, rate => 1 / rate));

    internal static Parametrisation Geometric((double A, double B)? prior, string priorName) =>
        new(
            WithPrior(Core.Geometric.family, Beta(prior, priorName, Core.Geometric.beta)),
            Probabilities,
            Core.Geometric.probabilities,
            (array, name) => Single(
                (double[,])array,
                name,
                "above 0 and at most 1",
                probability => probability is > 0 and <= 1,
                probability => (1 - probability) / probability));

    internal static Parametrisation Gamma((double Count, double Shape, double Rate)? prior, string priorName) =>
        Dispersed(
            Core.Gamma.family,
            Extra(
                prior,
                priorName,
                "a count of 0 or more, a shape and a rate above 0",
                (_, shape, rate) => shape > 0 && rate > 0,
                Core.Gamma.prior),
            (nameof(GammaMixture.Shapes), Core.Gamma.shapes),
            (nameof(GammaMixture.Rates), Core.Gamma.rates),
            (nameof(GammaMixture.Scales), Core.Gamma.scales));

    internal static Parametrisation LogNormal(
        (double Count, double LogMean, double LogDeviation)? prior, string priorName) =>
        Dispersed(
            Core.LogNormal.family,
            Extra(
                prior,
                priorName,
                "a count of 0 or more, a mean and a standard deviation above 0",
                (_, _, deviation) => deviation > 0,
                Core.LogNormal.prior),
            (nameof(LogNormalMixture.LogMeans), Core.LogNormal.logMeans),
            (nameof(LogNormalMixture.LogDeviations), Core.LogNormal.logDeviations));

    internal static Parametrisation BetaNumbers((double Count, double Alpha, double Beta)? prior, string priorName) =>
        Dispersed(
            Core.Beta.family,
            Extra(
                prior,
                priorName,
                "a count of 0 or more, α and β above 0",
                (_, alpha, beta) => alpha > 0 && beta > 0,
                Core.Beta.prior),
            (nameof(BetaMixture.Alphas), Core.Beta.alphas),
            (nameof(BetaMixture.Betas), Core.Beta.betas));

    /// <summary>A family with several parameters for each column, which starts give as matrices of their own.</summary>
    private static Parametrisation Dispersed(
        ExponentialFamily family,
        ConjugatePrior? prior,
        params (string Name, Func<ExponentialParameters, Array> Read)[] properties) =>
        new(WithPrior(family, prior), properties, (_, name) => throw new NotSupportedException(name));

    // ── Priors ──────────────────────────────────────────────────────────────────────────────────────────────────────

    private static ConjugatePrior? Beta(
        (double A, double B)? prior, string name, Func<double, double, ConjugatePrior> make) =>
        prior switch
        {
            null => null,
            var (a, b) when a >= 1 && b >= 1 && double.IsFinite(a) && double.IsFinite(b) => make(a, b),
            var (a, b) => throw Translation.Invalid(
                name, "two numbers of 1 or more, and finite", FormattableString.Invariant($"({a}, {b})")),
        };

    private static ConjugatePrior? Gamma(
        (double Shape, double Rate)? prior, string name, Func<double, double, ConjugatePrior> make) =>
        prior switch
        {
            null => null,
            var (shape, rate) when shape >= 1 && rate >= 0 && double.IsFinite(shape) && double.IsFinite(rate) =>
                make(shape, rate),
            var (shape, rate) => throw Translation.Invalid(
                name,
                "a shape of 1 or more and a rate of 0 or more, both finite",
                FormattableString.Invariant($"({shape}, {rate})")),
        };

    /// <summary>The prior that acts like extra numbers of a distribution with two parameters.</summary>
    private static ConjugatePrior? Extra(
        (double, double, double)? prior,
        string name,
        string rule,
        Func<double, double, double, bool> isPossible,
        Func<double, double, double, ConjugatePrior> make) =>
        prior switch
        {
            null => null,
            var (count, a, b) when count >= 0 && isPossible(count, a, b)
                && double.IsFinite(count) && double.IsFinite(a) && double.IsFinite(b) =>
                make(count, a, b),
            var (count, a, b) => throw Translation.Invalid(
                name, rule + ", all finite", FormattableString.Invariant($"({count}, {a}, {b})")),
        };

    private static ConjugatePrior? Dirichlet(int levels, Tensor? prior, string name)
    {
        if (prior is null)
        {
            return null;
        }

        double[] concentration = prior.Shape switch
        {
            [] => [.. Enumerable.Repeat((double)prior, levels)],
            [var length] when length == levels => (double[])prior,
            var shape => throw Translation.Invalid(
                name, $"a number or one for each of the {levels} levels", $"of shape ({string.Join(", ", shape)})"),
        };
        return concentration.All(alpha => alpha >= 1 && double.IsFinite(alpha))
            ? Core.Categorical.dirichlet(concentration)
            : throw Translation.Invalid(name, "at least 1 and finite for every level", prior);
    }

    /// <summary>F#'s <c>{ family with Prior = prior }</c>; the family itself without a prior.</summary>
    private static ExponentialFamily WithPrior(ExponentialFamily family, ConjugatePrior? prior) =>
        prior is null ? family : ExponentialFamilyModule.withPrior(prior, family);

    private static void RequirePositive(int value, string name)
    {
        if (value < 1)
        {
            throw Translation.Invalid(name, "at least 1", value);
        }
    }

    // ── Mean parameters ─────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>Converts probabilities p (K×D) to the expected counts (np, n − np).</summary>
    private static Core.Tensor Pairs(double[,] probabilities, int trials, string name) =>
        Make(
            [probabilities.GetLength(0), probabilities.GetLength(1), 2],
            (k, j, s) =>
            {
                var p = probabilities[k, j];
                Require(p is >= 0 and <= 1, name, "between 0 and 1", p, k, j);
                return trials * (s == 0 ? p : 1 - p);
            });

    /// <summary>Returns probabilities p (K×D×L), checked.</summary>
    private static Core.Tensor Shares(double[,,] probabilities, int levels, string name)
    {
        int[] shape = [probabilities.GetLength(0), probabilities.GetLength(1), probabilities.GetLength(2)];

        if (shape[2] != levels)
        {
            throw Translation.Invalid(name, $"of shape K×D×{levels}", string.Join('×', shape));
        }

        for (var k = 0; k < shape[0]; k++)
        {
            for (var j = 0; j < shape[1]; j++)
            {
                var sum = Enumerable.Range(0, levels).Sum(level => probabilities[k, j, level]);
                Require(Math.Abs(sum - 1) <= 1e-6, name, "0 or more with a sum of 1 over the levels", sum, k, j);
            }
        }

        return Make(
            shape,
            (k, j, level) =>
            {
                var p = probabilities[k, j, level];
                Require(p >= 0, name, "0 or more with a sum of 1 over the levels", p, k, j, level);
                return p;
            });
    }

    /// <summary>Converts rates λ (K×D) to the expected values.</summary>
    private static Core.Tensor Single(
        double[,] rates, string name, string rule, Func<double, bool> isRate, Func<double, double> mean) =>
        Make(
            [rates.GetLength(0), rates.GetLength(1), 1],
            (k, j, _) =>
            {
                Require(isRate(rates[k, j]) && double.IsFinite(rates[k, j]), name, rule, rates[k, j], k, j);
                return mean(rates[k, j]);
            });

    private static Core.Tensor Make(int[] shape, Func<int, int, int, double> value)
    {
        var values = new double[shape[0], shape[1], shape[2]];

        for (var k = 0; k < shape[0]; k++)
        {
            for (var j = 0; j < shape[1]; j++)
            {
                for (var s = 0; s < shape[2]; s++)
                {
                    values[k, j, s] = value(k, j, s);
                }
            }
        }

        return TensorModule.matrices(values);
    }

    private static void Require(bool holds, string name, string rule, double value, params ReadOnlySpan<int> place)
    {
        if (!holds)
        {
            throw Translation.Invalid(
                $"{name}[{string.Join(", ", place.ToArray())}]", rule, FormattableString.Invariant($"{value}"));
        }
    }
}
