using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The standard errors of the parameters of a fit, with their covariance: see
/// <see cref="MixtureModel.StandardErrors"/>.
/// </summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class StandardErrors
{
    private readonly Core.StandardErrors value;

    internal StandardErrors(Core.StandardErrors value) => this.value = value;

    /// <summary>
    /// The names of the P parameters: <c>weight[0]</c>, <c>mean[0,1]</c> …, counting from 0; the weight of the noise is
    /// <c>weight[noise]</c>.
    /// </summary>
    public IReadOnlyList<string> Names => Array.AsReadOnly(value.Names);

    /// <summary>The parameters of the fit (P).</summary>
    public IReadOnlyList<double> Estimates => Array.AsReadOnly(value.Estimates);

    /// <summary>The standard errors (P).</summary>
    public IReadOnlyList<double> Errors => Array.AsReadOnly(value.Errors);

    /// <summary>The estimated covariance of the estimates (P×P).</summary>
    public double[,] Covariance => (double[,])value.Covariance.Clone();

    /// <summary>Returns the standard error of a parameter.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public double this[string name] => value.Errors[Place(value.Names, name)];

    /// <summary>
    /// Returns an interval for every parameter that contains it with a probability near the level: the estimate ± z
    /// standard errors.
    /// </summary>
    /// <param name="level">The probability, above 0 and below 1.</param>
    /// <returns>The ends of the intervals (P).</returns>
    /// <exception cref="ArgumentException">The level is not between 0 and 1.</exception>
    public IReadOnlyList<(double Low, double High)> Intervals(double level = 0.95) =>
        ToIntervals(Core.StandardErrorsModule.intervals(level, value).Get(("Level", nameof(level))));

    /// <summary>
    /// Returns a table: for every parameter its estimate, its standard error and its interval of 95 %.
    /// </summary>
    /// <returns>The text.</returns>
    public override string ToString() => Core.Summary.ofErrors(0.95, value).Get();

    internal static IReadOnlyList<(double Low, double High)> ToIntervals(Tuple<double, double>[] intervals) =>
        Array.AsReadOnly(Array.ConvertAll(intervals, interval => (interval.Item1, interval.Item2)));

    internal static int Place(string[] names, string name) =>
        Array.IndexOf(names, name) is >= 0 and var place
            ? place
            : throw Translation.Invalid(nameof(name), $"one of {string.Join(", ", names.Take(4))} …", $"\"{name}\"");
}
