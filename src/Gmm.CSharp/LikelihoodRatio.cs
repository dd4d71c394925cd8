using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>The test of K components against K + 1: see <see cref="MixtureModel.LikelihoodRatio"/>.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class LikelihoodRatio
{
    private readonly Core.LikelihoodRatio value;

    internal LikelihoodRatio(Core.LikelihoodRatio value) => this.value = value;

    /// <summary>K, the number of components under the hypothesis.</summary>
    public int Components => value.Components;

    /// <summary>2(ln L(K+1) − ln L(K)) of the data.</summary>
    public double Statistic => value.Statistic;

    /// <summary>The p-value (1 + #{replicates ≥ <see cref="Statistic"/>}) / (B + 1).</summary>
    public double PValue => value.PValue;

    /// <summary>The statistic of every replicate with fits (B).</summary>
    public IReadOnlyList<double> Replicates => Array.AsReadOnly(value.Replicates);

    /// <summary>The numbers of the replicates without fits, and why they have none.</summary>
    public IReadOnlyList<(int Replicate, string Reason)> Failures =>
        [.. value.Failures.Select(failure => (failure.Item1, failure.Item2.Message))];

    /// <summary>Returns one line: the numbers of components, the statistic and the p-value.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => value.ToString();
}
