using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>Two mixtures, component by component: see <see cref="MixtureModel.Compare"/>.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class Comparison
{
    private readonly Core.Comparison value;

    internal Comparison(Core.Comparison value)
    {
        this.value = value;
        Pairs = Array.AsReadOnly(Array.ConvertAll(value.Pairs, pair => new ComponentPair(pair)));
    }

    /// <summary>The components that are matched, in the order of the first mixture's.</summary>
    public IReadOnlyList<ComponentPair> Pairs { get; }

    /// <summary>The unmatched components of the first mixture, if it has more.</summary>
    public IReadOnlyList<int> OnlyFirst => Array.AsReadOnly(value.OnlyFirst);

    /// <summary>The unmatched components of the second mixture, if it has more.</summary>
    public IReadOnlyList<int> OnlySecond => Array.AsReadOnly(value.OnlySecond);

    /// <summary>The mean distance over the pairs.</summary>
    public double MeanDistance => value.MeanDistance;

    /// <summary>The largest distance of a pair.</summary>
    public double LargestDistance => value.LargestDistance;

    /// <summary>The largest difference in weight of a pair, without its sign.</summary>
    public double LargestWeightDifference => value.LargestWeightDifference;

    /// <summary>Returns a table: a line for every pair.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        Words.Table(
        [
            ["first", "second", "distance", "weight difference"],
            .. Pairs.Select(pair => (string[])
            [
                $"{pair.First}", $"{pair.Second}", Words.Number(pair.Distance), Words.Number(pair.WeightDifference),
            ]),
        ]);
}

/// <summary>A component of one mixture and the one of another that it is matched to.</summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class ComponentPair
{
    private readonly Core.ComponentPair value;

    internal ComponentPair(Core.ComponentPair value) => this.value = value;

    /// <summary>The component of the first mixture.</summary>
    public int First => value.First;

    /// <summary>The component of the second mixture.</summary>
    public int Second => value.Second;

    /// <summary>‖μ₂ − μ₁‖, the Euclidean distance of their means.</summary>
    public double Distance => value.Distance;

    /// <summary>μ₂ − μ₁ (D).</summary>
    public IReadOnlyList<double> MeanDifference => Array.AsReadOnly(value.MeanDifference);

    /// <summary>π₂ − π₁.</summary>
    public double WeightDifference => value.WeightDifference;

    /// <summary>Returns one line: both components, their distance and the difference of their weights.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"component {First} and component {Second}: distance {Words.Number(Distance)}, "
        + $"weight difference {Words.Number(WeightDifference)}";
}
