using Core = global::Gmm;

namespace Gmm.CSharp;

/// <summary>
/// An open <c>.npy</c> file of NumPy. Its rows are read from the disk as they are needed, so the file may be larger
/// than memory.
/// </summary>
/// <remarks>
/// The numbers may be floating-point numbers of 2, 4 or 8 bytes, integers of 1, 2, 4 or 8 bytes, or Booleans, in either
/// order of bytes, row by row (C order) or column by column (Fortran order); an array of one dimension is one column.
/// Little-endian float64 and float32 in C order are read in place; others are converted block by block, float16 to
/// single and integers to double precision. Every result has the same bits as with the numbers in memory. Dispose after
/// the last use of the rows; a fitted model does not need them. Do not write to the file while it is open: a change
/// that is noticed throws an <see cref="IOException"/> where the rows are used, but truncating the file while a block
/// is being read ends the process. Write to another file and rename it.
/// </remarks>
/// <example>
/// <code>
/// using var file = NpyData.Open("rows.npy");
/// var model = new GaussianMixture(components: 2).Fit(file.Rows);
/// </code>
/// </example>
[TypeFormatterSource(typeof(TextFormatterSource))]
public sealed class NpyData : IDisposable
{
    private readonly NpyFile file;

    private NpyData(NpyFile file) => (this.file, Rows) = (file, new Rows(file.Source));

    /// <summary>The numbers, N×D.</summary>
    public Rows Rows { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="IOException">
    /// There is no such file, it can't be read, it holds other elements or has another number of dimensions, or its
    /// header and its length do not agree.
    /// </exception>
    public static NpyData Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new(Core.Npy.openFile(path).Get());
    }

    /// <summary>Returns one line: the numbers of rows and columns.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Rows.ToString();

    /// <summary>Closes the file. Its rows can't be used any more.</summary>
    public void Dispose() => ((IDisposable)file).Dispose();
}
