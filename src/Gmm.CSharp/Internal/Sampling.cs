using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>From the arguments of a draw to the options of the core.</summary>
internal static class Sampling
{
    /// <summary>The core's name of the component.</summary>
    internal static readonly (string Core, string Here) Names = ("Component", "component");

    internal static SampleOptions ToCore(int? component, int seed, Execution execution) =>
        new(component is { } k ? FSharpOption<int>.Some(k) : null, seed, execution);

    /// <summary>A draw from a Gaussian mixture, in a region when one is given.</summary>
    internal static Sample Draw(
        Mixture<Gaussian> mixture,
        int n,
        int? component,
        double? confidence,
        (double Low, double High)? stdRange,
        int seed,
        Execution execution)
    {
        var options = ToCore(component, seed, execution);
        return (confidence, stdRange) switch
        {
            (null, null) => SampleModule.ofMixture(Core.GaussianModule.family, options, n, mixture).Get(Names),
            ({ } probability, null) =>
                SampleModule.within(Region.NewConfidence(probability), options, n, mixture).Get(Names),
            (null, var (low, high)) =>
                SampleModule.within(Region.NewStdRange(low, high), options, n, mixture).Get(Names),
            _ => throw Translation.Invalid(nameof(confidence), $"given without {nameof(stdRange)}", "given with it"),
        };
    }
}
