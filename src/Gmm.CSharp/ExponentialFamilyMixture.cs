using System.Runtime.CompilerServices;

namespace Gmm.CSharp;

/// <summary>
/// What mixtures of one exponential family have in common: columns are independent given the component,
/// p(x|θₖ) = Πⱼ h(xⱼ) exp(ηₖⱼ·T(xⱼ) − A(ηₖⱼ)).
/// </summary>
/// <remarks>
/// The M-step gives every component the mean of the statistics T, Σₙ rₙₖ T(xₙⱼ) / Nₖ, those of the prior among them
/// (Bishop, Pattern Recognition and Machine Learning, 2006, §2.4 and §9.3.3).
/// </remarks>
public abstract class ExponentialFamilyMixture : MixtureModel
{
    private protected ExponentialFamilyMixture(int components)
        : base(components)
    {
    }

    /// <summary>The property that holds the parameters to start from.</summary>
    private protected abstract string GivenName { get; }

    /// <summary>The parameters to start from, if any.</summary>
    private protected abstract Array? Given { get; }

    /// <summary>The family with its prior, as the settings have it.</summary>
    private protected abstract Parametrisation ToParametrisation();

    /// <summary>The fitted parameters, for the member that asks.</summary>
    private protected Array Parameters([CallerMemberName] string member = "") =>
        Current<ExponentialFit>(member).Known;

    /// <summary>The parameters that the best run started from, for the member that asks.</summary>
    private protected Array InitialParameters([CallerMemberName] string member = "") =>
        Current<ExponentialFit>(member).InitialKnown;

    /// <summary>The parameters of every iteration, for the member that asks.</summary>
    private protected IReadOnlyList<T> ParametersHistory<T>([CallerMemberName] string member = "") =>
        History(Current<ExponentialFit>(member).KnownHistory<T>(), member);

    /// <summary>The family's name in the core.</summary>
    private protected abstract string FamilyName { get; }

    /// <summary>Sets what the parameters tell besides K.</summary>
    private protected virtual void Adopt(ExponentialParameters fit)
    {
    }

    private protected sealed override Func<IFit> Open(SavedFit saved)
    {
        Saving.RequireFamily(FamilyName, saved.Family);
        var fit = Saving.Open<ExponentialParameters>(saved);
        Components = fit.Components;
        Adopt(fit.Parameters);
        var fitted = ToParametrisation(); // The settings that are restored may be others than those of the fit.
        return () => new ExponentialFit(fit, fitted);
    }

    private protected sealed override IFitting ToFitting(bool isWarm)
    {
        var fitted = ToParametrisation();
        return new Fitting<ExponentialFamily, ExponentialParameters>(
            this, isWarm, [fitted.Family], ToGiven(fitted), fit => new ExponentialFit(fit, fitted));
    }

    private GivenStart<ExponentialParameters> ToGiven(Parametrisation parametrisation)
    {
        return GivenParameters(parametrisation) is { } parameters
            ? new(
                GivenName,
                Start<ExponentialParameters>.NewMixture(Mixture.uniform(parameters.Means.shape[0], parameters)))
            : new(GivenName, null);
    }

    /// <summary>The parameters to start from in the core's form, if any.</summary>
    private protected virtual ExponentialParameters? GivenParameters(Parametrisation parametrisation) =>
        Given is { } given
            ? ExponentialFamilyModule.create(parametrisation.Family, parametrisation.Write(given, GivenName)).Get()
            : null;
}
