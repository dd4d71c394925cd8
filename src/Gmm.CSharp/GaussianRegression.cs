namespace Gmm.CSharp;

/// <summary>The distribution of features y for every row of given features x (N rows, d features y, K components).</summary>
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
}
