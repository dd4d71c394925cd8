using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The parameters of fits to resampled data: see <see cref="MixtureModel.Bootstrap"/>.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Bootstrap
{
    private readonly Core.Bootstrap value;

    internal Bootstrap(Core.Bootstrap value)
    {
        this.value = value;
        StandardErrors = new(value.StandardErrors);
    }

    /// <summary>
    /// The names of the P parameters: <c>weight[0]</c>, <c>mean[0,1]</c> …, counting from 0; the weight of the noise is
    /// <c>weight[noise]</c>.
    /// </summary>
    public IReadOnlyList<string> Names => Array.AsReadOnly(value.Names);

    /// <summary>The parameters of the fit (P).</summary>
    public IReadOnlyList<double> Estimates => Array.AsReadOnly(value.Estimates);

    /// <summary>The parameters of every replicate that has a fit (B×P).</summary>
    public double[,] Replicates => (double[,])value.Replicates.Clone();

    /// <summary>The numbers of the replicates without a fit, and why they have none.</summary>
    public IReadOnlyList<(int Replicate, string Reason)> Failures =>
        [.. value.Failures.Select(failure => (failure.Item1, failure.Item2.Message))];

    /// <summary>
    /// The standard errors: the standard deviations of the replicates, for the jackknife √((B−1)/B Σ (θ₍ᵢ₎ − θ̄)²).
    /// </summary>
    public StandardErrors StandardErrors { get; }

    /// <summary>
    /// The estimated bias of every parameter (P): the mean of the replicates less the estimate, for the jackknife B − 1
    /// times that.
    /// </summary>
    public IReadOnlyList<double> Bias => Array.AsReadOnly(value.Bias);

    /// <summary>
    /// Returns an interval for every parameter that contains it with a probability near the level: percentiles of the
    /// replicates, for the jackknife the estimate ± z standard errors.
    /// </summary>
    /// <param name="level">The probability, above 0 and below 1.</param>
    /// <returns>The ends of the intervals (P).</returns>
    /// <exception cref="ArgumentException">The level is not between 0 and 1.</exception>
    public IReadOnlyList<(double Low, double High)> Intervals(double level = 0.95) =>
        StandardErrors.ToIntervals(Core.BootstrapModule.intervals(level, value).Get(("Level", nameof(level))));

    /// <summary>
    /// Returns a table: for every parameter its estimate, its standard error and its interval of 95 %, as
    /// <see cref="Intervals"/> gives it.
    /// </summary>
    /// <returns>The text, of at most 100 parameters.</returns>
    public override string ToString() => Core.Summary.ofBootstrap(0.95, value).Get();
}
