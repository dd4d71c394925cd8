using System.Globalization;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>How covariances are kept from becoming singular: a floor, or an amount added to them.</summary>
/// <remarks>The default value of the type is no floor.</remarks>
public readonly record struct Regularisation
{
    private Regularisation(double amount, bool isAbsolute) => (Amount, IsAbsolute) = (amount, isAbsolute);

    /// <summary>The share of the floor, or the number that is added.</summary>
    public double Amount { get; }

    /// <summary>Whether the amount is a number that is added, and not the share of a floor.</summary>
    public bool IsAbsolute { get; }

    internal Core.Regularisation Value =>
        IsAbsolute ? Core.Regularisation.NewAbsolute(Amount) : Core.Regularisation.NewFloor(Amount);

    /// <summary>
    /// Maximises the objective subject to Σₖ ⪰ share · V, where V holds robust variances of the features.
    /// </summary>
    /// <remarks>
    /// A variance in V is the smaller of the feature's variance over the data and of (1.4826 · MAD)², where MAD is the
    /// median absolute deviation from the median, so a few far values can't move it. The M-step is the exact maximum,
    /// so the objective never falls but for rounding. A fit in which no component touches the floor is the
    /// maximum-likelihood fit, and the fit of rescaled data is the rescaled fit. A component on the floor is a warning,
    /// and <see cref="MixtureModel.Select"/> doesn't choose it.
    /// </remarks>
    /// <param name="share">The share, 0 or more; 0 sets no floor.</param>
    /// <returns>The regularisation.</returns>
    public static Regularisation Floor(double share) => new(share, false);

    /// <summary>
    /// Adds a number to the diagonal of every covariance after each M-step, as scikit-learn and tgmm do.
    /// </summary>
    /// <remarks>
    /// The sum is no maximum of the objective, which may therefore fall; <see cref="FitWarningKind.ObjectiveFell"/>
    /// says when it does. The number must suit the scale of the data.
    /// </remarks>
    /// <param name="amount">The number, 0 or more.</param>
    /// <returns>The regularisation.</returns>
    public static Regularisation Absolute(double amount) => new(amount, true);

    /// <summary>Returns this regularisation as the call that creates it.</summary>
    /// <returns>The text, such as <c>Floor(1E-08)</c>.</returns>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(IsAbsolute ? nameof(Absolute) : nameof(Floor))}({Amount})");

    internal static Regularisation Of(Core.Regularisation value) =>
        value switch
        {
            Core.Regularisation.Absolute { amount: var amount } => Absolute(amount),
            Core.Regularisation.Floor { share: var share } => Floor(share),
            _ => throw new NotSupportedException($"{value}"),
        };
}
