using System.Runtime.CompilerServices;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// What mixtures of one exponential family have in common: columns are independent given the component,
/// p(x|θₖ) = Πⱼ h(xⱼ) exp(ηₖⱼ·T(xⱼ) − A(ηₖⱼ)).
/// </summary>
/// <remarks>
/// The M-step gives every component the mean of the statistics T, Σₙ rₙₖ T(xₙⱼ) / Nₖ, those of the prior among them (Bishop,
/// Pattern Recognition and Machine Learning, 2006, §2.4 and §9.3.3).
/// </remarks>
public abstract class ExponentialFamilyMixture : MixtureModel
{
    private protected ExponentialFamilyMixture(int components)
        : base(components)
    {
    }

    /// <summary>Starting weights πₖ (K), with the starting parameters; they are divided by their sum. Equal unless set.</summary>
    public double[]? InitWeights { get; set; }

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

    private protected sealed override IFit Run(Source source, CancellationToken cancellationToken)
    {
        var parametrisation = ToParametrisation();
        var options = ToOptions(GivenName, GivenStart(parametrisation), cancellationToken);
        var names = ("Start mixture", $"The mixture of {GivenName}");
        return new ExponentialFit(Core.Mixtures.fit(parametrisation.Family, options, source).Get(names), parametrisation);
    }

    private Start<ExponentialParameters>? GivenStart(Parametrisation parametrisation)
    {
        if (InitWeights is not null && Given is null)
        {
            throw Translation.Invalid(nameof(InitWeights), $"given together with {GivenName}", "given without");
        }

        return Given is { } given
            ? ToStart(
                GivenName,
                given.GetLength(0),
                ExponentialFamilyModule.create(parametrisation.Family, parametrisation.Write(given, GivenName)).Get(),
                InitWeights)
            : null;
    }
}
