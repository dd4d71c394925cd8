namespace Gmm.CSharp;

/// <summary>
/// The fit can't continue: a covariance became singular, a component was left with no rows or on its floor, or its
/// likelihood is unbounded.
/// </summary>
/// <remarks>
/// The message names the remedies. With several restarts, a fit throws it only if every run fails. The estimator keeps
/// its earlier fit. The <c>InnerException</c> is a <see cref="GmmException"/>, which has the error as a value.
/// </remarks>
public sealed class MixtureFitException : Exception
{
    internal MixtureFitException(string message, GmmException inner, int? component, int iteration)
        : base(message, inner) => (Component, Iteration) = (component, iteration);

    /// <summary>
    /// The component in trouble, counting from 0; null if it is the covariance that all components share.
    /// </summary>
    public int? Component { get; }

    /// <summary>
    /// The iteration in which it happened; 0 is the start. It is 0, too, where a batch can't be learned.
    /// </summary>
    public int Iteration { get; }
}
