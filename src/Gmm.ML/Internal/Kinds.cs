using Gmm.CSharp;

namespace Gmm.ML;

/// <summary>The classes of mixtures, by the names under which pipelines save them.</summary>
internal static class Kinds
{
    private static readonly Dictionary<string, Func<SavedFit, Estimator>> All = new()
    {
        [nameof(BayesianGaussianMixture)] = saved => Estimator.Restore(new BayesianGaussianMixture(1), saved),
        [nameof(BernoulliMixture)] = saved => Estimator.Restore(new BernoulliMixture(1), saved),
        [nameof(BetaMixture)] = saved => Estimator.Restore(new BetaMixture(1), saved),
        [nameof(BinomialMixture)] = saved => Estimator.Restore(new BinomialMixture(1, 1), saved),
        [nameof(CategoricalMixture)] = saved => Estimator.Restore(new CategoricalMixture(1, 1), saved),
        [nameof(ExponentialMixture)] = saved => Estimator.Restore(new ExponentialMixture(1), saved),
        [nameof(GammaMixture)] = saved => Estimator.Restore(new GammaMixture(1), saved),
        [nameof(GaussianMixture)] = saved => Estimator.Restore(new GaussianMixture(1), saved),
        [nameof(GeometricMixture)] = saved => Estimator.Restore(new GeometricMixture(1), saved),
        [nameof(LogNormalMixture)] = saved => Estimator.Restore(new LogNormalMixture(1), saved),
        [nameof(MultinomialMixture)] = saved => Estimator.Restore(new MultinomialMixture(1), saved),
        [nameof(NegativeBinomialMixture)] = saved => Estimator.Restore(new NegativeBinomialMixture(1), saved),
        [nameof(PoissonMixture)] = saved => Estimator.Restore(new PoissonMixture(1), saved),
        [nameof(ProductMixture)] = saved => Estimator.Restore(new ProductMixture(1), saved),
        [nameof(StudentTMixture)] = saved => Estimator.Restore(new StudentTMixture(1), saved),
        [nameof(VonMisesFisherMixture)] = saved => Estimator.Restore(new VonMisesFisherMixture(1), saved),
    };

    internal static IReadOnlyCollection<string> Names => All.Keys;

    /// <summary>Returns the model of a class, with the fit and the settings that were saved.</summary>
    internal static Estimator Restore(string kind, SavedFit saved) =>
        All.TryGetValue(kind, out var restore)
            ? restore(saved)
            : throw new InvalidDataException(
                $"The mixture must be one of {string.Join(", ", Names)}, but is a '{kind}'. Use the version of Gmm.ML "
                + "that saved it.");
}
