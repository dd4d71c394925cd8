using System.Runtime.CompilerServices;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The parameters of all K components for the d columns of one part of a <see cref="ProductMixture"/>.
/// </summary>
/// <remarks>
/// Each family has its own properties; those of another family throw an exception that names the right ones.
/// </remarks>
public sealed class PartParameters
{
    private readonly Core.PartParameters parameters;

    internal PartParameters(Part part, Core.PartParameters parameters) => (Part, this.parameters) = (part, parameters);

    /// <summary>The part: its columns and its family.</summary>
    public Part Part { get; }

    /// <summary>The means μₖ (K×d) of a Gaussian or negative binomial part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Means => (double[,])Read();

    /// <summary>
    /// The covariances Σₖ of a Gaussian part: <c>Covariances[k]</c> is a d×d matrix whatever the structure.
    /// </summary>
    /// <exception cref="InvalidOperationException">The part is not Gaussian.</exception>
    public Covariances Covariances => (Covariances)Read();

    /// <summary>The locations μₖ (K×d) of a Student's t part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Locations => (double[,])Read();

    /// <summary>
    /// The scale matrices Σₖ of a Student's t part: <c>ScaleMatrices[k]</c> is a d×d matrix whatever the structure.
    /// </summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public Covariances ScaleMatrices => (Covariances)Read();

    /// <summary>The degrees of freedom νₖ (K) of a Student's t part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[] DegreesOfFreedom => (double[])Read();

    /// <summary>
    /// The probabilities pₖⱼ (K×d) of a Bernoulli, binomial or geometric part, or of the columns of a multinomial part.
    /// </summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Probabilities => (double[,])Read();

    /// <summary>The probabilities pₖⱼₗ (K×d×L) of the levels of a categorical part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,,] LevelProbabilities => (double[,,])Read();

    /// <summary>The rates (K×d): λₖⱼ of a Poisson or exponential part, βₖⱼ of a gamma part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Rates => (double[,])Read();

    /// <summary>The shapes αₖⱼ (K×d) of a gamma part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Shapes => (double[,])Read();

    /// <summary>The scales 1/βₖⱼ (K×d) of a gamma part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Scales => (double[,])Read();

    /// <summary>The means μₖⱼ of ln x (K×d) of a log-normal part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] LogMeans => (double[,])Read();

    /// <summary>The standard deviations σₖⱼ of ln x (K×d) of a log-normal part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] LogDeviations => (double[,])Read();

    /// <summary>The parameters αₖⱼ (K×d) of a beta part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Alphas => (double[,])Read();

    /// <summary>The parameters βₖⱼ (K×d) of a beta part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Betas => (double[,])Read();

    /// <summary>The sizes rₖⱼ (K×d) of a negative binomial part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Sizes => (double[,])Read();

    /// <summary>The mean directions μₖ (K×d) of a von Mises–Fisher part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[,] Directions => (double[,])Read();

    /// <summary>The concentrations κₖ (K) of a von Mises–Fisher part.</summary>
    /// <exception cref="InvalidOperationException">The part is of another family.</exception>
    public double[] Concentrations => (double[])Read();

    private object Read([CallerMemberName] string member = "") =>
        Part.Properties.FirstOrDefault(property => property.Name == member) is { Read: { } read }
            ? read(parameters)
            : throw new InvalidOperationException(
                $"The part {Part} has no {member}; "
                + $"it has {string.Join(" and ", Part.Properties.Select(property => property.Name))}.");
}
