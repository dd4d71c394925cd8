using System.Runtime.CompilerServices;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The parameters of all K components for the d columns of one part of a <see cref="ProductMixture"/>.</summary>
/// <remarks>Each family has its own properties; those of another family throw an exception that names the right ones.</remarks>
public sealed class PartParameters
{
    private readonly Core.PartParameters parameters;

    internal PartParameters(Part part, Core.PartParameters parameters) => (Part, this.parameters) = (part, parameters);

    /// <summary>The part: its columns and its family.</summary>
    public Part Part { get; }

    /// <summary>The means μₖ (K×d) of a Gaussian part.</summary>
    /// <exception cref="InvalidOperationException">The part is not Gaussian.</exception>
    public double[,] Means => Gaussian().Means.toArray2D();

    /// <summary>The covariances Σₖ of a Gaussian part: <c>Covariances[k]</c> is a d×d matrix whatever the structure.</summary>
    /// <exception cref="InvalidOperationException">The part is not Gaussian.</exception>
    public Covariances Covariances => new(Gaussian());

    /// <summary>The probabilities pₖⱼ (K×d) of a Bernoulli or binomial part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Probabilities => (double[,])Exponential();

    /// <summary>The probabilities pₖⱼₗ (K×d×L) of the levels of a categorical part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,,] LevelProbabilities => (double[,,])Exponential();

    /// <summary>The rates λₖⱼ (K×d) of a Poisson or exponential part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Rates => (double[,])Exponential();

    private Gaussian Gaussian([CallerMemberName] string member = "") =>
        parameters.TryAs<Gaussian>() is { Value: var gaussian } ? gaussian : throw Missing(member);

    private Array Exponential([CallerMemberName] string member = "") =>
        Part.Parametrisation is { } known && known.Name == member
            ? known.Read(parameters.As<ExponentialParameters>())
            : throw Missing(member);

    private InvalidOperationException Missing(string member) =>
        new($"The part {Part} has no {member}; it has {Part.Parametrisation?.Name ?? $"{nameof(Means)} and {nameof(Covariances)}"}.");
}
