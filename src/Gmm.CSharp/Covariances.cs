using System.Collections;

namespace Gmm.CSharp;

/// <summary>
/// The covariances of a fitted mixture, or scale matrices: a list of K matrices (D×D), whatever the structure, and the
/// numbers they are made of.
/// </summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Covariances : IReadOnlyList<double[,]>
{
    private readonly Gaussian gaussian;

    internal Covariances(Gaussian gaussian) => this.gaussian = gaussian;

    /// <summary>The number of components, K.</summary>
    public int Count => gaussian.Components;

    /// <summary>
    /// The numbers in the structure's own shape: K×D×D, K×D or K for Full, Diag and Spherical; D×D, D or a single
    /// number when tied.
    /// </summary>
    /// <remarks>
    /// Cast to the array of that shape, or give them to <see cref="EllipticalMixture.InitCovariances"/>.
    /// </remarks>
    public Tensor Values => new(gaussian.Covariances);

    /// <summary>The covariance matrix Σₖ (D×D) of a component, a copy.</summary>
    /// <param name="component">The component k, counting from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such component.</exception>
    public double[,] this[int component]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(component);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(component, Count);
            return GaussianModule.covariance(gaussian, component);
        }
    }

    /// <summary>Returns the covariance matrices, from the first component to the last.</summary>
    /// <returns>K matrices (D×D).</returns>
    public IEnumerator<double[,]> GetEnumerator() => Enumerable.Range(0, Count).Select(k => this[k]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Returns the text of <see cref="Values"/>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Values.ToString();
}
