using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture for columns of different families, p(x) = Σₖ πₖ Π p(xₚ|θₖₚ) over parts p of the columns: independent given the
/// component, with one set of responsibilities.
/// </summary>
/// <remarks>(McLachlan and Peel, Finite Mixture Models, 2000.)</remarks>
/// <example>
/// <code>
/// var model = new ProductMixture(components: 2)
/// {
///     Parts = { Part.Gaussian([0, 1], CovarianceType.Full), Part.Bernoulli([2]), Part.Categorical([3], levels: 3) },
/// }.Fit(data);
/// double[,] means = model.PartParameters[0].Means, probabilities = model.PartParameters[1].Probabilities;
/// </code>
/// </example>
public sealed class ProductMixture : MixtureModel
{
    /// <summary>A mixture of K components, to be fitted.</summary>
    /// <param name="components">How many components, K; from 1 to the number of rows.</param>
    public ProductMixture(int components)
        : base(components)
    {
    }

    /// <summary>The parts: every column of the data belongs to exactly one.</summary>
    public IList<Part> Parts { get; set; } = [];

    /// <summary>The parameters of every part, in the order of the parts that were fitted.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyList<PartParameters> PartParameters => Current<ProductFit>().Known;

    /// <summary>The parameters of every part that the best run started from.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet.</exception>
    public IReadOnlyList<PartParameters> InitialPartParameters => Current<ProductFit>().InitialKnown;

    /// <summary>The parameters of every part, of the start and after every iteration, kept when <see cref="MixtureModel.KeepHistory"/> is set.</summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<IReadOnlyList<PartParameters>> PartParametersHistory => History(Current<ProductFit>().KnownHistory);

    /// <inheritdoc/>
    public override ProductMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    private protected override Func<IFit> Prepare(Source source, IProgress<FitProgress>? progress, CancellationToken cancellationToken)
    {
        var (parts, values) = CheckedParts();
        var options = ToOptions<Product>(null, null, progress, cancellationToken);
        return () => new ProductFit(Core.Mixtures.fitProduct(values, options, source).Get(("Start mixture", WarmName)), parts);
    }

    private protected override (IFit Fit, Selection Selection) Choose(
        Source source, int[] components, Criterion criterion, IProgress<SelectionCandidate>? progress, CancellationToken cancellationToken)
    {
        var (parts, values) = CheckedParts();
        var selection = Core.Select.product(
            Selection.ToCore(criterion),
            Selection.Report<Product>(progress),
            ListModule.OfSeq(components),
            values,
            ToOptions<Product>(null, null, null, cancellationToken),
            source).Get();
        return (new ProductFit(selection.Fit, parts), Selection.Of(selection));
    }

    private (IReadOnlyList<Part> Parts, FSharpList<Core.Part> Values) CheckedParts()
    {
        Part[] parts = [.. Parts];
        return Array.IndexOf(parts, null) is >= 0 and var i
            ? throw Translation.Invalid($"{nameof(Parts)}[{i}]", "a part", "null")
            : (Array.AsReadOnly(parts), ListModule.OfSeq(parts.Select(part => part.Value)));
    }
}
