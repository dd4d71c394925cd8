using System.Globalization;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The amount added to the diagonal of every covariance after each M-step, so that none becomes singular.</summary>
/// <remarks>The default value of the type adds nothing.</remarks>
public readonly record struct Regularisation
{
    private Regularisation(double amount, bool isAbsolute) => (Amount, IsAbsolute) = (amount, isAbsolute);

    /// <summary>The share or the number that is added.</summary>
    public double Amount { get; }

    /// <summary>Whether the amount is a number, and not a share of the variances of the data.</summary>
    public bool IsAbsolute { get; }

    internal Core.Regularisation Value =>
        IsAbsolute ? Core.Regularisation.NewAbsolute(Amount) : Core.Regularisation.NewRelative(Amount);

    /// <summary>Adds a share of each feature's variance over the data; for spherical structures of their mean.</summary>
    /// <remarks>The fit of rescaled data is then the rescaled fit.</remarks>
    /// <param name="share">The share, 0 or more.</param>
    /// <returns>The regularisation.</returns>
    public static Regularisation Relative(double share) => new(share, false);

    /// <summary>Adds a number, whatever the scale of the data, as scikit-learn and tgmm do.</summary>
    /// <param name="amount">The number, 0 or more.</param>
    /// <returns>The regularisation.</returns>
    public static Regularisation Absolute(double amount) => new(amount, true);

    /// <summary>Returns this regularisation as the call that creates it.</summary>
    /// <returns>The text, such as <c>Relative(1E-06)</c>.</returns>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsAbsolute ? nameof(Absolute) : nameof(Relative))}({Amount})");

    internal static Regularisation Of(Core.Regularisation value) =>
        value switch
        {
            Core.Regularisation.Absolute { Item: var amount } => Absolute(amount),
            Core.Regularisation.Relative { Item: var share } => Relative(share),
            _ => throw new NotSupportedException($"{value}"),
        };
}
