namespace Gmm.CSharp;

/// <summary>
/// The distribution of features y for every row of given features x (N rows, d features y, K components).
/// </summary>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class GaussianRegression
{
    internal GaussianRegression(double[,] means, double[,,] covariances, double[,] weights) =>
        (Means, Covariances, Weights) = (means, covariances, weights);

    /// <summary>The means E(y|xₙ) (N×d).</summary>
    public double[,] Means { get; }

    /// <summary>The covariances Cov(y|xₙ) (N×d×d).</summary>
    public double[,,] Covariances { get; }

    /// <summary>The conditional weights πₖ(xₙ) (N×K), each row summing to 1.</summary>
    public double[,] Weights { get; }

    /// <summary>Returns one line: the numbers of rows, features and components.</summary>
    /// <returns>The text.</returns>
    public override string ToString() =>
        $"{nameof(GaussianRegression)} of {Words.Count(Means.GetLength(0), "row")}, "
        + $"{Words.Count(Means.GetLength(1), "feature")}, {Words.Count(Weights.GetLength(1), "component")}";
}
