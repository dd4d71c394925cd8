using System.Runtime.CompilerServices;

namespace Gmm.CSharp;

/// <summary>
/// The result of an estimator: one immutable value, replaced as a whole at the end of a fit, so that any number of
/// threads may read it.
/// </summary>
internal sealed class Fitted<T>(string estimator)
    where T : class
{
    private volatile T? current;

    /// <summary>Whether there has been a fit.</summary>
    internal bool Exists => current is not null;

    /// <summary>The result of the last fit, for the member of the estimator that asks.</summary>
    internal T Get([CallerMemberName] string member = "") =>
        current
        ?? throw new InvalidOperationException(
            $"{estimator}.{member} needs a fitted model. Call Fit or FitPredict first.");

    /// <summary>Replaces the result of the last fit.</summary>
    internal T Set(T value) => current = value;
}
