using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// Pairing the rows of a matrix of costs with its columns, each at most once, at the least total cost: the linear
/// assignment problem.
/// </summary>
public static class Matching
{
    /// <summary>
    /// Returns the min(R, C) pairs of a row and a column whose costs have the least sum, in the order of the rows.
    /// </summary>
    /// <remarks>
    /// The Hungarian method with potentials, O(min(R, C)²·max(R, C)) (Kuhn 1955; Jonker and Volgenant 1987).
    /// </remarks>
    /// <param name="costs">R×C numbers.</param>
    /// <returns>Row and column of every pair, counting from 0.</returns>
    /// <exception cref="ArgumentException">A cost is not finite, or beyond 1e200 in magnitude.</exception>
    public static (int Row, int Column)[] Cheapest(double[,] costs)
    {
        ArgumentNullException.ThrowIfNull(costs);
        var pairs = Core.Matching.cheapest(costs).Get(("Costs", nameof(costs)));
        return [.. pairs.Select(pair => (pair.Item1, pair.Item2))];
    }
}
