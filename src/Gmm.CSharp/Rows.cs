using System.Collections;
using System.Runtime.CompilerServices;
using Microsoft.FSharp.Core;
using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// The data, N rows of D numbers. Arrays and lists of rows convert implicitly: <c>Fit(array)</c>, <c>Predict([[3.6,
/// 79]])</c>; for any other sequence write <c>Fit([.. rows])</c>.
/// </summary>
/// <remarks>
/// Rectangular arrays and memory, of <c>double</c> or <c>float</c>, are read in place, neither copied nor changed: do
/// not change them while they are in use. Everything else is copied once. Single precision stays as it is, in half the
/// memory. The methods that use the numbers check that they are finite.
/// </remarks>
[TypeFormatterSource(typeof(TextFormatterSource))]
[CollectionBuilder(typeof(Rows), nameof(Of))]
public sealed class Rows : IEnumerable<double[]>
{
    internal Rows(Source source) => Source = source;

    private Rows(FSharpResult<Source, GmmError> source)
        : this(source.Get())
    {
    }

    internal Source Source { get; }

    /// <summary>The number of rows, N.</summary>
    public long Count => Source.Rows;

    /// <summary>The number of columns, D.</summary>
    public int Columns => Source.Columns;

    /// <summary>Wraps a source of rows that another assembly makes, such as rows on other machines.</summary>
    /// <param name="source">A source of Gmm.FSharp.</param>
    /// <returns>The rows.</returns>
    public static Rows OfSource(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new(source);
    }

    /// <summary>A source of rows that another assembly makes, such as those of a Parquet file.</summary>
    /// <param name="source">A source of Gmm.FSharp.</param>
    public static implicit operator Rows(Source source) => OfSource(source);

    /// <summary>The rows of an N×D array, read in place.</summary>
    /// <param name="data">The numbers.</param>
    /// <exception cref="ArgumentException">The array has no columns.</exception>
    public static implicit operator Rows(double[,] data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(SourceModule.ofArray2D(data));
    }

    /// <summary>Rows as arrays of their own, copied once.</summary>
    /// <param name="data">N arrays of D numbers.</param>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static implicit operator Rows(double[][] data) => new(SourceModule.ofRows(WithoutNull(data)));

    /// <summary>A list of rows, copied once.</summary>
    /// <param name="data">N arrays of D numbers.</param>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static implicit operator Rows(List<double[]> data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.ToArray();
    }

    /// <summary>The rows of an N×D array of whole numbers, such as counts, copied once.</summary>
    /// <param name="data">The numbers.</param>
    /// <exception cref="ArgumentException">The array has no columns.</exception>
    public static implicit operator Rows(int[,] data)
    {
        ArgumentNullException.ThrowIfNull(data);
        var numbers = new double[data.GetLength(0), data.GetLength(1)];

        for (var row = 0; row < numbers.GetLength(0); row++)
        {
            for (var column = 0; column < numbers.GetLength(1); column++)
            {
                numbers[row, column] = data[row, column];
            }
        }

        return numbers;
    }

    /// <summary>Rows of whole numbers as arrays of their own, copied once.</summary>
    /// <param name="data">N arrays of D numbers.</param>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static implicit operator Rows(int[][] data) =>
        Array.ConvertAll(WithoutNull(data), row => Array.ConvertAll(row, number => (double)number));

    /// <summary>The rows of an N×D array of single precision, read in place.</summary>
    /// <param name="data">The numbers.</param>
    /// <exception cref="ArgumentException">The array has no columns.</exception>
    public static implicit operator Rows(float[,] data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return new(SourceModule.ofFloat32Array2D(data));
    }

    /// <summary>Rows of single precision as arrays of their own, copied once.</summary>
    /// <param name="data">N arrays of D numbers.</param>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static implicit operator Rows(float[][] data) => new(SourceModule.ofFloat32Rows(WithoutNull(data)));

    /// <summary>
    /// Copies rows that are arrays of their own; a collection expression such as <c>[[3.6, 79], [1.8, 54]]</c> calls
    /// it.
    /// </summary>
    /// <param name="rows">N arrays of D numbers.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static Rows Of(params ReadOnlySpan<double[]> rows) => rows.ToArray();

    /// <summary>
    /// Copies the rows of any sequence once, such as a list behind an interface or the result of a query.
    /// </summary>
    /// <param name="rows">N arrays of D numbers.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentException">The rows differ in length, one is null, or there is none.</exception>
    public static Rows From(IEnumerable<double[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows as Rows ?? (Rows)rows.ToArray();
    }

    /// <summary>Wraps rows stored one after another in memory, and reads them in place.</summary>
    /// <param name="values">The N·D numbers, row by row.</param>
    /// <param name="columns">The number of columns, D.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentException">The width is below 1, or the numbers do not fill whole rows.</exception>
    public static Rows FromMemory(ReadOnlyMemory<double> values, int columns) =>
        new(SourceModule.ofMemory(columns, values));

    /// <summary>Wraps rows of single precision stored one after another in memory, and reads them in place.</summary>
    /// <param name="values">The N·D numbers, row by row.</param>
    /// <param name="columns">The number of columns, D.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="ArgumentException">The width is below 1, or the numbers do not fill whole rows.</exception>
    public static Rows FromMemory(ReadOnlyMemory<float> values, int columns) =>
        new(SourceModule.ofFloat32Memory(columns, values));

    /// <summary>
    /// Writes the rows as an N×D file of float64 that <c>numpy.load</c> and <see cref="NpyData"/> read, block by block.
    /// </summary>
    /// <remarks>
    /// The method creates the folder if necessary; the file is complete or, if it can't be written, as it was.
    /// </remarks>
    /// <param name="path">Where to write.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public void SaveNpy(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Core.Npy.writeSource(path, Source).Get();
    }

    /// <summary>Returns a copy of every row (D), from first to last.</summary>
    /// <returns>The rows as arrays.</returns>
    /// <exception cref="IOException">The rows are those of a file that was changed while in use.</exception>
    public IEnumerator<double[]> GetEnumerator()
    {
        for (var index = 0L; index < Source.Blocks; index++)
        {
            var block = Read(index);

            for (var i = 0; i < block.Rows; i++)
            {
                yield return block.Row(i).ToArray();
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Returns one line: the numbers of rows and columns.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Words.Count(Count, "row")} of {Words.Count(Columns, "column")}";

    private static T[][] WithoutNull<T>(T[][] data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Array.IndexOf(data, null) is >= 0 and var row
            ? throw Translation.ToException(GmmError.NewInvalidRow("no null rows", row, "is null"))
            : data;
    }

    private Block Read(long index)
    {
        try
        {
            return Source.Read.Invoke(index);
        }
        catch (GmmException trouble)
        {
            throw new IOException(trouble.Message, trouble);
        }
    }
}
