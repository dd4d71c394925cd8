using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;

namespace Gmm.CSharp;

/// <summary>
/// What mixtures of families with two parameters for each column have in common: their dispersion doesn't follow from
/// their mean.
/// </summary>
/// <remarks>
/// The likelihood of such a family is unbounded: without a limit, a component shrinks onto a few equal values. The
/// relative standard deviation of a component is therefore at least a ten-thousandth. <see cref="Estimator.Warnings"/>
/// names the components on this floor.
/// </remarks>
public abstract class TwoParameterMixture : ExponentialFamilyMixture
{
    private protected TwoParameterMixture(int components)
        : base(components)
    {
    }

    /// <summary>
    /// The two properties that hold the parameters to start from; the core calls them the same without Init.
    /// </summary>
    private protected abstract ((string Name, double[,]? Value) First, (string Name, double[,]? Value) Second) Start
    {
        get;
    }

    /// <summary>The core's parameters.</summary>
    private protected abstract FSharpResult<ExponentialParameters, GmmError> Make(double[,] first, double[,] second);

    private protected sealed override string GivenName => Start.First.Name;

    private protected sealed override Array? Given => null;

    private protected sealed override ExponentialParameters? GivenParameters(Parametrisation parametrisation) =>
        Start switch
        {
            ((_, null), (_, null)) => null,
            ((var name, { } first), (var other, { } second)) =>
                Make(first, second).Get(($"{Known(name)}, {Known(other)}", $"{name}, {other}"), (Known(other), other)),
            ((var name, null), (var other, _)) =>
                throw Translation.Invalid(other, $"given together with {name}", "given without"),
            ((var name, _), (var other, null)) =>
                throw Translation.Invalid(name, $"given together with {other}", "given without"),
        };

    private static string Known(string property) => property["Init".Length..];

    /// <summary>A parameter of the fit, for the member that asks.</summary>
    private protected double[,] Fitted(
        Func<ExponentialParameters, double[,]> read, [CallerMemberName] string member = "") =>
        read(Current<ExponentialFit>(member).Parameters);

    /// <summary>A parameter that the best run started from, for the member that asks.</summary>
    private protected double[,] Initial(
        Func<ExponentialParameters, double[,]> read, [CallerMemberName] string member = "") =>
        read(Current<ExponentialFit>(member).InitialParameters);

    /// <summary>A parameter of every iteration, for the member that asks.</summary>
    private protected IReadOnlyList<double[,]> Every(
        Func<ExponentialParameters, double[,]> read, [CallerMemberName] string member = "") =>
        History(Current<ExponentialFit>(member).History(read), member);
}
