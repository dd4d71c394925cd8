using Microsoft.FSharp.Core;

namespace Gmm.CSharp;

/// <summary>
/// A mixture of rows of counts, such as the words of texts: p(x) = Σₖ πₖ n!/Πⱼxⱼ! Πⱼ pₖⱼ^xⱼ with the total n of the
/// row, which may differ between rows; the data are whole numbers from 0 upward, in two columns or more.
/// </summary>
/// <remarks>(Bishop, Pattern Recognition and Machine Learning, 2006, §2.2.)</remarks>
/// <example>
/// <code>
/// var model = new MultinomialMixture(components: 2).Fit([[5, 1, 0], [0, 2, 9], [7, 0, 1], [1, 1, 6]]);
/// double[,] probabilities = model.Probabilities;
/// </code>
/// </example>
public sealed class MultinomialMixture : MixtureModel
{
    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public MultinomialMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The prior on the probabilities, pₖ ~ Dirichlet(α): a number or one for every column (D), each 1 or more; none
    /// unless set.
    /// </summary>
    /// <remarks>p̂ₖⱼ ∝ Σₙ rₙₖ xₙⱼ + αⱼ − 1.</remarks>
    public Tensor? DirichletPrior { get; set; }

    /// <summary>
    /// Starting probabilities pₖⱼ of the columns (K×D), 0 or more with a sum of 1, with or without
    /// <see cref="MixtureModel.InitWeights"/>.
    /// </summary>
    public double[,]? InitProbabilities { get; set; }

    /// <summary>The probabilities pₖⱼ of the columns (K×D).</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] Probabilities => MultinomialModule.probabilities(Current<FitOf<Multinomial>>().Parameters);

    /// <summary>The probabilities pₖⱼ of the columns (K×D) that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public double[,] InitialProbabilities =>
        MultinomialModule.probabilities(Current<FitOf<Multinomial>>().InitialParameters);

    /// <summary>
    /// The probabilities pₖⱼ of the columns (K×D) of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<double[,]> ProbabilitiesHistory =>
        History(Current<FitOf<Multinomial>>().History(MultinomialModule.probabilities));

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static MultinomialMixture Load(string path) =>
        Saving.Load(path, saved => Restore(new MultinomialMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static MultinomialMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new MultinomialMixture(1), Saving.FromDictionary(state, _ => MultinomialModule.family.Name));

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override MultinomialMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    private protected override IEnumerable<Setting> Settings =>
    [
        .. base.Settings,
        Setting.Optional("dirichletPrior", () => DirichletPrior, value => DirichletPrior = value),
        Setting.Optional("initProbabilities", () => InitProbabilities, value => InitProbabilities = value),
    ];

    private protected override Func<IFit> Open(SavedFit saved) => Open(MultinomialModule.family, saved);

    private protected override IFitting ToFitting(bool isWarm) =>
        new Fitting<MultinomialKind, Multinomial>(
            this, isWarm, [ToKind(DirichletPrior, nameof(DirichletPrior))], Given, fit => new FitOf<Multinomial>(fit));

    /// <summary>The kind with a prior; its length and its numbers are checked in a fit.</summary>
    internal static MultinomialKind ToKind(Tensor? prior, string name) =>
        new(prior?.Shape switch
        {
            null => null,
            [] => FSharpOption<double[]>.Some([(double)prior!]),
            [_] => FSharpOption<double[]>.Some((double[])prior!),
            var shape => throw Translation.Invalid(
                name, "a number or one for each column", $"of shape ({string.Join(", ", shape)})"),
        });

    private GivenStart<Multinomial> Given =>
        new(
            nameof(InitProbabilities),
            InitProbabilities is { } probabilities
                ? Start<Multinomial>.NewMixture(
                    Mixture.uniform(
                        probabilities.GetLength(0),
                        MultinomialModule.create(0, probabilities).Get(("Probabilities", nameof(InitProbabilities)))))
                : null);
}
