using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The subject of a warning.</summary>
public enum FitWarningKind
{
    /// <summary>The fit stopped at its iteration limit.</summary>
    NotConverged,

    /// <summary>The objective fell in an iteration, by more than rounding explains.</summary>
    ObjectiveFell,

    /// <summary>
    /// The covariance or dispersion of a component, or the shared covariance, lies on its floor: its rows lie in fewer
    /// dimensions than the data.
    /// </summary>
    OnFloor,

    /// <summary>A component has fewer rows than its covariance needs.</summary>
    FewRows,

    /// <summary>A component has less than a hundredth of an equal share 1/K of the weight.</summary>
    NearlyEmpty,

    /// <summary>One of several runs failed and was left out.</summary>
    FailedRun,

    /// <summary>
    /// A run with a higher objective was passed over, because components on their floor or of few rows may explain it.
    /// </summary>
    PassedOver,

    /// <summary>
    /// The sample weights sum to less than half the number of rows of positive weight; BIC and ICL take the sum for the
    /// number of rows.
    /// </summary>
    LightWeights,
}

/// <summary>Something about a fit that deserves attention but is no error.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class FitWarning
{
    internal FitWarning(Core.FitWarning value)
    {
        Message = value.Message;
        (Kind, Component, Seed) = value switch
        {
            Core.FitWarning.ObjectiveFell => (FitWarningKind.ObjectiveFell, (int?)null, (int?)null),
            Core.FitWarning.OnFloor onFloor => (FitWarningKind.OnFloor, onFloor.owner?.Value, (int?)null),
            Core.FitWarning.FewRows few => (FitWarningKind.FewRows, few.owner, (int?)null),
            Core.FitWarning.NearlyEmpty nearlyEmpty => (FitWarningKind.NearlyEmpty, nearlyEmpty.owner, (int?)null),
            Core.FitWarning.FailedRun failed => (FitWarningKind.FailedRun, (int?)null, failed.seed),
            Core.FitWarning.PassedOver over => (FitWarningKind.PassedOver, (int?)null, over.seed),
            Core.FitWarning.LightWeights => (FitWarningKind.LightWeights, (int?)null, (int?)null),
            Core.FitWarning.NotConverged => (FitWarningKind.NotConverged, (int?)null, (int?)null),
            _ => throw new NotSupportedException($"{value}"),
        };
    }

    /// <summary>The subject of the warning.</summary>
    public FitWarningKind Kind { get; }

    /// <summary>The problem and its remedy.</summary>
    public string Message { get; }

    /// <summary>The component that it is about, if any.</summary>
    public int? Component { get; }

    /// <summary>The seed of the run that it is about, if any.</summary>
    public int? Seed { get; }

    /// <summary>Returns the message.</summary>
    /// <returns>The message.</returns>
    public override string ToString() => Message;
}
