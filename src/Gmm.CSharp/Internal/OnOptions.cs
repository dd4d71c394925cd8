using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Work on the core's options of a fit, whatever the kind of component.</summary>
internal interface IOnOptions<TResult>
{
    TResult Run<TKind, TParameters>(FitOptions<TKind, TParameters> options)
        where TKind : Kind<TParameters>;
}

/// <summary>Fits resampled data.</summary>
internal sealed class BootstrapOf(IFit fit, BootstrapOptions bootstrap, Source source) : IOnOptions<Bootstrap>
{
    public Bootstrap Run<TKind, TParameters>(FitOptions<TKind, TParameters> options)
        where TKind : Kind<TParameters> =>
        new(BootstrapModule.run(bootstrap, options, ((FitOf<TParameters>)fit).Value, source).Get());
}

/// <summary>Tests one number of components.</summary>
internal sealed class LikelihoodRatioOf(int replicates, Source source) : IOnOptions<LikelihoodRatio>
{
    public LikelihoodRatio Run<TKind, TParameters>(FitOptions<TKind, TParameters> options)
        where TKind : Kind<TParameters> =>
        new(BootstrapModule.likelihoodRatio(replicates, options, source).Get(Names));

    /// <summary>The names of the core's options here.</summary>
    internal static (string, string)[] Names =>
        [("StartWeights", nameof(MixtureModel.InitWeights)), ("Start", "The start")];
}

/// <summary>Tests one number of components after another.</summary>
internal sealed class LikelihoodRatiosOf(int replicates, double level, int most, Source source)
    : IOnOptions<(int Components, IReadOnlyList<LikelihoodRatio> Tests)>
{
    public (int Components, IReadOnlyList<LikelihoodRatio> Tests) Run<TKind, TParameters>(
        FitOptions<TKind, TParameters> options)
        where TKind : Kind<TParameters>
    {
        var chosen = BootstrapModule.components(replicates, level, most, options, source).Get(LikelihoodRatioOf.Names);
        return (chosen.Item1, Array.AsReadOnly(chosen.Item2.Select(test => new LikelihoodRatio(test)).ToArray()));
    }
}
