using System.Globalization;
using Microsoft.FSharp.Core;

namespace Gmm.CSharp.Tests;

/// <summary>The shipped data, and what several tests do with them.</summary>
internal static class Data
{
    private static readonly string[][] IrisLines = Read("iris.csv");

    /// <summary>150×4.</summary>
    public static readonly double[,] Iris = Numbers(IrisLines, 4);

    /// <summary>The species as 0, 1, 2.</summary>
    public static readonly int[] Species = Labels(IrisLines);

    /// <summary>272×2.</summary>
    public static readonly double[,] Faithful = Numbers(Read("faithful.csv"), 2);

    public static double[][] Jagged(double[,] data) => [.. (Rows)data];

    public static Source Source(double[,] data) => Value(SourceModule.ofArray2D(data));

    public static T Value<T>(FSharpResult<T, GmmError> result) =>
        result.IsOk ? result.ResultValue : throw new InvalidOperationException(result.ErrorValue.Message);

    /// <summary>The N×K responsibilities of labels.</summary>
    public static double[,] OneHot(int[] labels, int components)
    {
        var responsibilities = new double[labels.Length, components];

        for (var n = 0; n < labels.Length; n++)
        {
            responsibilities[n, labels[n]] = 1;
        }

        return responsibilities;
    }

    /// <summary>The directory of the repository.</summary>
    public static string Root
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);

            while (!File.Exists(Path.Combine(directory.FullName, "Gmm.sln")))
            {
                directory = directory.Parent ?? throw new DirectoryNotFoundException("No directory above the tests has Gmm.sln.");
            }

            return directory.FullName;
        }
    }

    private static string[][] Read(string name) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", name)).Skip(1).Select(line => line.Split(','))];

    private static double[,] Numbers(string[][] lines, int columns)
    {
        var numbers = new double[lines.Length, columns];

        for (var row = 0; row < lines.Length; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                numbers[row, column] = double.Parse(lines[row][column], CultureInfo.InvariantCulture);
            }
        }

        return numbers;
    }

    private static int[] Labels(string[][] lines)
    {
        var names = lines.Select(line => line[^1]).Distinct().ToList();
        return [.. lines.Select(line => names.IndexOf(line[^1]))];
    }
}
