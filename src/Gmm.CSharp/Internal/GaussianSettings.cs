using Microsoft.FSharp.Core;

namespace Gmm.CSharp;

/// <summary>From the settings of Gaussian components to those of the core.</summary>
internal static class GaussianSettings
{
    internal static GaussianOptions ToCore(
        CovarianceType covarianceType,
        CovarianceStart startCovariances,
        Regularisation regCovar,
        (Tensor? Value, string Name) meanPrior,
        (double? Value, string Name) meanPrecisionPrior,
        (Tensor? Value, string Name) covariancePrior,
        (double? Value, string Name) degreesOfFreedomPrior) =>
        new(
            structure: ToStructure(covarianceType),
            startCovariances: startCovariances,
            regCovar: regCovar.Value,
            meanPrior: Both(meanPrior, meanPrecisionPrior) is var (mean, precision)
                ? FSharpOption<MeanPrior>.Some(new(mean.Value, precision))
                : null,
            covariancePrior: Both(covariancePrior, degreesOfFreedomPrior) is var (scale, degrees)
                ? FSharpOption<CovariancePrior>.Some(new(scale.Value, degrees))
                : null);

    /// <summary>The settings of a regularisation, as they are saved.</summary>
    internal static IEnumerable<Setting> OfRegularisation(Func<Regularisation> get, Action<Regularisation> set) =>
    [
        Setting.Of("regCovar", () => get().Amount, value => set(Regularisation.Relative(value))),
        Setting.Of(
            "regCovarIsAbsolute",
            () => get().IsAbsolute,
            value => set(value ? Regularisation.Absolute(get().Amount) : Regularisation.Relative(get().Amount))),
    ];

    internal static CovarianceType ToCovarianceType(Structure structure) =>
        Enum.GetValues<CovarianceType>().Single(type => ToStructure(type).Equals(structure));

    /// <summary>The structure of the core.</summary>
    internal static Structure ToStructure(CovarianceType type) =>
        type switch
        {
            CovarianceType.Full => Structure.Full,
            CovarianceType.Diag => Structure.Diag,
            CovarianceType.Spherical => Structure.Spherical,
            CovarianceType.TiedFull => Structure.TiedFull,
            CovarianceType.TiedDiag => Structure.TiedDiag,
            CovarianceType.TiedSpherical => Structure.TiedSpherical,
            _ => throw Translation.UnknownValue(nameof(CovarianceType), type),
        };

    /// <summary>Two settings that make one prior: both of them, null when neither is given.</summary>
    private static (Tensor, double)? Both((Tensor? Value, string Name) value, (double? Value, string Name) strength) =>
        (value.Value, strength.Value) switch
        {
            (null, null) => null,
            ({ } v, { } s) => (v, s),
            (null, _) => throw Translation.Invalid(strength.Name, $"given together with {value.Name}", "given without"),
            _ => throw Translation.Invalid(value.Name, $"given together with {strength.Name}", "given without"),
        };
}
