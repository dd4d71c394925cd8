using Microsoft.FSharp.Core;

namespace Gmm.CSharp;

/// <summary>Converts the settings of Gaussian components to those of the core.</summary>
internal static class GaussianSettings
{
    internal static GaussianKind ToKind(
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
        Setting.Of("regCovar", () => get().Amount, value => set(Regularisation.Floor(value))),
        Setting.Of(
            "regCovarIsAbsolute",
            () => get().IsAbsolute,
            value => set(value ? Regularisation.Absolute(get().Amount) : Regularisation.Floor(get().Amount))),
    ];

    /// <summary>
    /// Returns the structure of the core; <see cref="CovarianceType"/> has its structures in its order, by which files
    /// store them.
    /// </summary>
    internal static Structure ToStructure(CovarianceType type) =>
        Enum.IsDefined(type)
            ? StructureModule.all[(int)type]
            : throw Translation.UnknownValue(nameof(CovarianceType), type);

    internal static CovarianceType ToCovarianceType(Structure structure) =>
        (CovarianceType)StructureModule.all.ToList().IndexOf(structure);

    /// <summary>Returns two settings that make one prior: both of them, or null when neither is given.</summary>
    private static (Tensor, double)? Both((Tensor? Value, string Name) value, (double? Value, string Name) strength) =>
        (value.Value, strength.Value) switch
        {
            (null, null) => null,
            ({ } v, { } s) => (v, s),
            (null, _) => throw Translation.Invalid(strength.Name, $"given together with {value.Name}", "given without"),
            _ => throw Translation.Invalid(value.Name, $"given together with {strength.Name}", "given without"),
        };
}
