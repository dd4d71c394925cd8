using System.Collections.ObjectModel;
using Microsoft.FSharp.Collections;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// A mixture for columns of different families, p(x) = Σₖ πₖ Π p(xₚ|θₖₚ) over parts p of the columns: independent given
/// the component, with one set of responsibilities.
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
    /// <summary>Between the families of the parts, in the core's name of theirs together.</summary>
    private const string Separator = " × ";

    /// <summary>Creates a mixture of K components, to be fitted.</summary>
    /// <param name="components">The number of components, K; from 1 to the number of rows.</param>
    public ProductMixture(int components)
        : base(components)
    {
    }

    /// <summary>The parts: every column of the data belongs to exactly one.</summary>
    public IList<Part> Parts { get; set; } = [];

    /// <summary>The parameters of every part, in the order of the parts that were fitted.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public IReadOnlyList<PartParameters> PartParameters => Current<ProductFit>().Known;

    /// <summary>The parameters of every part that the best run started from.</summary>
    /// <inheritdoc cref="Estimator.Converged" path="/exception"/>
    public IReadOnlyList<PartParameters> InitialPartParameters => Current<ProductFit>().InitialKnown;

    /// <summary>
    /// The parameters of every part, of the start and after every iteration, kept when
    /// <see cref="Estimator.KeepHistory"/> is set.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no fit yet, or it kept no history.</exception>
    public IReadOnlyList<IReadOnlyList<PartParameters>> PartParametersHistory =>
        History(Current<ProductFit>().KnownHistory);

    /// <summary>Fits the model to data and returns this object.</summary>
    /// <inheritdoc/>
    public override ProductMixture Fit(
        Rows data,
        double[]? sampleWeights = null,
        IProgress<FitProgress>? progress = null,
        CancellationToken cancellationToken = default) => Fit(this, data, sampleWeights, progress, cancellationToken);

    // ── Saving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>
    /// Loads a model from a file that <see cref="Estimator.Save"/> wrote, or from a fit that the F# library saved.
    /// </summary>
    /// <inheritdoc cref="GaussianMixture.Load"/>
    public static ProductMixture Load(string path) => Saving.Load(path, saved => Restore(new ProductMixture(1), saved));

    /// <summary>Restores a model from the arrays that <see cref="Estimator.ToState"/> returned.</summary>
    /// <inheritdoc cref="GaussianMixture.FromState"/>
    public static ProductMixture FromState(IReadOnlyDictionary<string, Tensor> state) =>
        Restore(new ProductMixture(1), Saving.FromDictionary(state, FamilyOf));

    private protected override string Details => Words.Parts(Parts);

    // ── Conversion ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// <summary>The settings, with those of the parts: the fitted ones, once there are.</summary>
    private protected override IEnumerable<Setting> Settings
    {
        get
        {
            var parts = IsFitted ? Current<ProductFit>().Parts : [.. Parts];
            return base.Settings.Concat(
                parts.SelectMany((part, i) => part.Settings($"part{i}", replacement => Parts[i] = replacement)));
        }
    }

    private protected override Func<IFit> Open(SavedFit saved)
    {
        var fit = Saving.Open<Product>(saved);
        Components = fit.Components;
        Parts = [.. saved.Family.Split(Separator).Zip(fit.Parameters.Parts, (family, part) => (family, part)).Select(
            (found, i) => Part.Of(
                found.family,
                found.part.Item1,
                found.part.Item2,
                StateModule.within($"settings.part{i}", saved.State)))];
        return () => new ProductFit(fit, Array.AsReadOnly(Parts.ToArray()));
    }

    /// <summary>The name of the family whose parts the settings name.</summary>
    private static string FamilyOf(FSharpMap<string, Core.Tensor> settings)
    {
        List<string> names = [];

        while (settings.TryGetValue($"part{names.Count}.family", out var family))
        {
            var index = family.toArray() is [var number] && number >= 0 && number < Part.Families.Count
                ? (int)number
                : -1;
            var entry = Saving.EntryName($"options.part{names.Count}.family");
            names.Add(
                index >= 0
                    ? Part.Families[index]
                    : throw Translation.Invalid(entry, $"from 0 to {Part.Families.Count - 1}", family));
        }

        return string.Join(Separator, names);
    }

    private protected override IFitting ToFitting(bool isWarm)
    {
        var parts = CheckedParts();
        var kind = ProductKindModule.ofParts(ListModule.OfSeq(parts.Select(part => part.Value)));
        return new Fitting<ProductKind, Product>(this, isWarm, [kind], default, fit => new ProductFit(fit, parts));
    }

    private ReadOnlyCollection<Part> CheckedParts()
    {
        Part[] parts = Parts is null ? throw Translation.Invalid(nameof(Parts), "a list of parts", "null") : [.. Parts];
        return Array.IndexOf(parts, null) is >= 0 and var i
            ? throw Translation.Invalid($"{nameof(Parts)}[{i}]", "a part", "null")
            : Array.AsReadOnly(parts);
    }
}
