namespace Gmm.Orleans.Tests;

/// <summary>20,000 rows of three columns in 4 runs of blocks: three groups, in the domain of every family.</summary>
internal static class Tables
{
    public const int Rows = 20_000;
    private const int Columns = 3;

    public static readonly double[,] Real = Make((_, _, x) => x);

    /// <summary>Weights, some of which are 0.</summary>
    public static readonly double[] Weights = MakeWeights();

    public static readonly IReadOnlyDictionary<string, double[,]> All = new Dictionary<string, double[,]>
    {
        ["real"] = Real,
        ["counts"] = Make((_, _, x) => Math.Floor(x)),
        ["binary"] = Make((_, j, x) => x > j + 2 ? 1 : 0),
        ["positive"] = Make((_, _, x) => x + 0.1),
        ["shares"] = Make((_, _, x) => (x + 0.1) / 13),
        ["directions"] = Directions(),
    };

    private static double[,] Make(Func<int, int, double, double> of)
    {
        var random = new Random(3);
        var table = new double[Rows, Columns];

        for (var n = 0; n < Rows; n++)
        {
            for (var j = 0; j < Columns; j++)
                table[n, j] = of(n, j, (n % 3 * (j + 2)) + random.NextDouble() + random.NextDouble());
        }

        return table;
    }

    private static double[] MakeWeights()
    {
        var random = new Random(4);
        return [.. Enumerable.Range(0, Rows).Select(n => n % 7 == 0 ? 0 : 0.5 + random.NextDouble())];
    }

    private static double[,] Directions()
    {
        var table = Make((_, _, x) => x);

        for (var n = 0; n < Rows; n++)
        {
            var norm = Math.Sqrt(Enumerable.Range(0, Columns).Sum(j => table[n, j] * table[n, j]));

            for (var j = 0; j < Columns; j++)
                table[n, j] /= norm;
        }

        return table;
    }
}
