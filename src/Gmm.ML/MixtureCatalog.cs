using Gmm.CSharp;
using Microsoft.ML;
using Microsoft.ML.Data;
using Trainers = Microsoft.ML.ClusteringCatalog.ClusteringTrainers;

namespace Gmm.ML;

using Part = CSharp.Part;

/// <summary>The trainers of mixtures, beside ML.NET's k-means in <c>mlContext.Clustering.Trainers</c>.</summary>
/// <example>
/// <code>
/// var trainer = mlContext.Clustering.Trainers.GaussianMixture(components: 3);
/// var transformer = trainer.Fit(view);
/// Console.WriteLine(transformer.Model.Summary());
/// </code>
/// </example>
public static class MixtureCatalog
{
    /// <summary>Returns a trainer of a mixture of any kind, with all settings.</summary>
    /// <typeparam name="TModel">The class of the mixture.</typeparam>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="settings">
    /// A mixture with the settings of the fits, of at most 16,383 components, noise included. The trainer takes a copy,
    /// so that later changes have no effect. If it is fitted and has WarmStart, fits continue from its fit.
    /// </param>
    /// <param name="options">The columns, and how the rows are read; the defaults unless given.</param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// An option breaks its rule, which the message states with the value.
    /// </exception>
    public static MixtureTrainer<TModel> Mixture<TModel>(
        this Trainers trainers, TModel settings, MixtureOptions? options = null)
        where TModel : MixtureModel => Of(trainers, settings, options);

    /// <summary>Returns a trainer of a Gaussian mixture by variational Bayes, with all settings.</summary>
    /// <remarks>
    /// Its log-density is ln Σₖ exp(E ln πₖ + E ln N(x|μₖ, Λₖ⁻¹)), from which the responsibilities follow. The
    /// exponential of this number is below the posterior predictive density of the row, by Jensen's inequality. So it
    /// integrates to less than 1 and is no density.
    /// </remarks>
    /// <inheritdoc cref="Mixture{TModel}(Trainers, TModel, MixtureOptions?)"/>
    public static MixtureTrainer<BayesianGaussianMixture> Mixture(
        this Trainers trainers, BayesianGaussianMixture settings, MixtureOptions? options = null) =>
        Of(trainers, settings, options);

    /// <summary>Returns a trainer of a mixture whose parts are the slots of named columns.</summary>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="settings">
    /// A product with the settings of the fits but for its parts, of at most 16,383 components, noise included.
    /// </param>
    /// <param name="parts">
    /// The name of a column, and what makes the part of its slots: <c>("Colour", slots =&gt; Part.Categorical(slots,
    /// levels: 4))</c>. The columns are those of the features, in this order.
    /// </param>
    /// <param name="options">
    /// The other columns, and how the rows are read; the defaults unless given. Its names of features have no effect.
    /// </param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// There is no part, one has no function, or an option breaks its rule, which the message states with the value.
    /// </exception>
    public static MixtureTrainer<ProductMixture> ProductMixture(
        this Trainers trainers,
        ProductMixture settings,
        IReadOnlyList<(string Column, Func<int[], Part> Part)> parts,
        MixtureOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(trainers);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(parts);
        var copy = (ProductMixture)settings.Copy();
        (string Column, Func<int[], Part> Part)[] all = [.. parts];

        if (all.Length == 0)
            throw new ArgumentException("There must be at least one part.", nameof(parts));

        if (Array.FindIndex(all, part => part.Part is null) is >= 0 and var none)
            throw new ArgumentException(
                $"parts[{none}] ('{all[none].Column}') must have a function, but it is null.", nameof(parts));

        return new(
            schema =>
            {
                var next = 0;
                var product = (ProductMixture)copy.Copy();
                product.Parts = [.. all.Select(part =>
                {
                    var size = FeatureColumns.SizeOf(schema[part.Column]);
                    int[] slots = [.. Enumerable.Range(next, size)];
                    next += size;
                    return part.Part(slots);
                })];
                return product;
            },
            options ?? new(),
            [.. all.Select(part => part.Column)]);
    }

    /// <summary>Returns a trainer of a mixture whose parts are the slots of named columns.</summary>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="components">The number of components, K; from 1 to the number of rows, at most 16,383.</param>
    /// <param name="parts">
    /// The name of a column, and what makes the part of its slots: <c>("Colour", slots =&gt; Part.Categorical(slots,
    /// levels: 4))</c>.
    /// </param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// There is no part, one has no function, or a column's name is empty or begins with <c>Gmm.</c>.
    /// </exception>
    public static MixtureTrainer<ProductMixture> ProductMixture(
        this Trainers trainers, int components, params (string Column, Func<int[], Part> Part)[] parts) =>
        ProductMixture(trainers, new ProductMixture(components), parts);

    /// <summary>Returns a trainer of a Gaussian mixture, with full covariances.</summary>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="featureColumnName">The column of the features, a vector of Singles or Doubles.</param>
    /// <param name="exampleWeightColumnName">The column of the weights; without weights unless given.</param>
    /// <param name="components">The number of components, K; from 1 to the number of rows, at most 16,383.</param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// A name of a column is empty, or that of the features begins with <c>Gmm.</c>.
    /// </exception>
    public static MixtureTrainer<GaussianMixture> GaussianMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new GaussianMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of Student's t distributions, for data with outliers.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<StudentTMixture> StudentTMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new StudentTMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a Gaussian mixture by variational Bayes, for which K only has to be large enough.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<BayesianGaussianMixture> BayesianGaussianMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new BayesianGaussianMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of Bernoulli distributions, for features of 0 and 1.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<BernoulliMixture> BernoulliMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new BernoulliMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a mixture of binomial distributions, for counts of successes in n trials.
    /// </summary>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="trials">The number of trials, n.</param>
    /// <param name="featureColumnName">The column of the features, a vector of Singles or Doubles.</param>
    /// <param name="exampleWeightColumnName">The column of the weights; without weights unless given.</param>
    /// <param name="components">The number of components, K; from 1 to the number of rows, at most 16,383.</param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// A name of a column is empty, or that of the features begins with <c>Gmm.</c>.
    /// </exception>
    public static MixtureTrainer<BinomialMixture> BinomialMixture(
        this Trainers trainers,
        int trials,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new BinomialMixture(components, trials), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a mixture of categorical distributions, for features of levels 0 to L − 1.
    /// </summary>
    /// <param name="trainers">The catalog of trainers.</param>
    /// <param name="levels">The number of levels of each feature, L.</param>
    /// <param name="featureColumnName">The column of the features, a vector of Singles or Doubles.</param>
    /// <param name="exampleWeightColumnName">The column of the weights; without weights unless given.</param>
    /// <param name="components">The number of components, K; from 1 to the number of rows, at most 16,383.</param>
    /// <returns>The trainer.</returns>
    /// <exception cref="ArgumentException">
    /// A name of a column is empty, or that of the features begins with <c>Gmm.</c>.
    /// </exception>
    public static MixtureTrainer<CategoricalMixture> CategoricalMixture(
        this Trainers trainers,
        int levels,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new CategoricalMixture(components, levels), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of Poisson distributions, for features of counts.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<PoissonMixture> PoissonMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new PoissonMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of negative binomial distributions, for overdispersed counts.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<NegativeBinomialMixture> NegativeBinomialMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new NegativeBinomialMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a mixture of geometric distributions, for counts of failures before the first success.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<GeometricMixture> GeometricMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new GeometricMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of exponential distributions, for waiting times.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<ExponentialMixture> ExponentialMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new ExponentialMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of gamma distributions, for positive numbers.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<GammaMixture> GammaMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new GammaMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a mixture of log-normal distributions, for positive numbers whose logarithms are normal.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<LogNormalMixture> LogNormalMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new LogNormalMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of beta distributions, for numbers between 0 and 1.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<BetaMixture> BetaMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new BetaMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Returns a trainer of a mixture of multinomial distributions, for rows of counts.</summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<MultinomialMixture> MultinomialMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new MultinomialMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>
    /// Returns a trainer of a mixture of von Mises–Fisher distributions, for rows that are directions.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture"/>
    public static MixtureTrainer<VonMisesFisherMixture> VonMisesFisherMixture(
        this Trainers trainers,
        string featureColumnName = "Features",
        string? exampleWeightColumnName = null,
        int components = 5) =>
        Of(trainers, new VonMisesFisherMixture(components), featureColumnName, exampleWeightColumnName);

    /// <summary>Finds the mixture in a pipeline, such as one that ML.NET loaded.</summary>
    /// <typeparam name="TModel">The class of the mixture, or one that it inherits from.</typeparam>
    /// <param name="transformer">A mixture, or a chain that has it among its steps.</param>
    /// <returns>The first mixture of this class, or null.</returns>
    /// <exception cref="InvalidDataException">The mixture was altered, or saved by a later version.</exception>
    public static MixtureTransformer<TModel>? FindMixture<TModel>(this ITransformer transformer)
        where TModel : Estimator
    {
        ArgumentNullException.ThrowIfNull(transformer);
        return transformer switch
        {
            MixtureTransformer<TModel> mixture => mixture,
            IMixtureTransformer mixture => mixture.Scorer.Model is TModel ? new(mixture.Steps, mixture.Scorer) : null,
            IEnumerable<ITransformer> chain when Steps.ScorerOf([.. chain]) is { } scorer =>
                scorer.Model is TModel ? new(transformer, scorer) : null,
            IEnumerable<ITransformer> chain =>
                chain.Select(FindMixture<TModel>).FirstOrDefault(mixture => mixture is not null),
            _ => null,
        };
    }

    private static MixtureTrainer<TModel> Of<TModel>(
        Trainers trainers, TModel settings, string featureColumnName, string? exampleWeightColumnName)
        where TModel : Estimator =>
        Of(trainers, settings, new()
        {
            FeatureColumnNames = [featureColumnName],
            ExampleWeightColumnName = exampleWeightColumnName,
        });

    private static MixtureTrainer<TModel> Of<TModel>(Trainers trainers, TModel settings, MixtureOptions? options)
        where TModel : Estimator
    {
        ArgumentNullException.ThrowIfNull(trainers);
        ArgumentNullException.ThrowIfNull(settings);
        var copy = (TModel)settings.Copy();
        return new(_ => copy, options ?? new(), (options ?? new()).FeatureColumnNames);
    }
}
