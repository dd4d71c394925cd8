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

    /// <inheritdoc/>
    public override ProductMixture Fit(Rows data, double[]? sampleWeights = null, CancellationToken cancellationToken = default) =>
        Fit(this, data, sampleWeights, cancellationToken);

    private protected override IFit Run(Source source, CancellationToken cancellationToken)
    {
        Part[] parts = [.. Parts];

        if (Array.IndexOf(parts, null) is >= 0 and var i)
        {
            throw Translation.Invalid($"{nameof(Parts)}[{i}]", "a part", "null");
        }

        var options = ToOptions<Product>(null, null, cancellationToken);
        return new ProductFit(
            Core.Mixtures.fitProduct(ListModule.OfSeq(parts.Select(part => part.Value)), options, source).Get(), Array.AsReadOnly(parts));
    }
}
