namespace Gmm.Orleans;

/// <summary>A format of files of rows, which a silo can open.</summary>
public interface IRowFormat
{
    /// <summary>Returns whether a name is one of this format, for example by its ending.</summary>
    /// <param name="fileName">The name of the file, without folders.</param>
    /// <returns>Whether <see cref="Open"/> reads such files.</returns>
    bool Knows(string fileName);

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>The open file. Its blocks have <c>Source.blockRows</c> rows.</returns>
    /// <exception cref="GmmException">The file can't be read.</exception>
    OpenFile Open(string path);
}

/// <summary>An open file of rows.</summary>
public sealed class OpenFile : IDisposable
{
    private readonly IDisposable file;

    /// <summary>Keeps the rows of a file together with what closes it.</summary>
    /// <param name="source">The rows.</param>
    /// <param name="file">Closes the file when it is disposed of.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public OpenFile(Source source, IDisposable file)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(file);
        (Source, this.file) = (source, file);
    }

    /// <summary>The rows.</summary>
    public Source Source { get; }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}

/// <summary>A format whose files have an ending of their own.</summary>
/// <example>
/// <code>
/// options.Formats.Add(RowFormat.Of(".parquet", path => Gmm.ParquetFile.Open(path), file => file.Source));
/// </code>
/// </example>
public sealed class RowFormat : IRowFormat
{
    private readonly string ending;
    private readonly Func<string, OpenFile> open;

    /// <summary>Makes a format.</summary>
    /// <param name="ending">How the names of its files end, in upper or lower case: <c>.npy</c>.</param>
    /// <param name="open">
    /// Opens the file at a path. It throws <see cref="GmmException"/> when the file can't be read.
    /// </param>
    /// <exception cref="ArgumentException">The ending is empty or null, or <paramref name="open"/> is null.</exception>
    public RowFormat(string ending, Func<string, OpenFile> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(ending);
        ArgumentNullException.ThrowIfNull(open);
        (this.ending, this.open) = (ending, open);
    }

    /// <summary>NumPy's format, read from the disk as rows are needed: see <c>Npy.openFile</c>.</summary>
    public static RowFormat Npy { get; } =
        Of(".npy", path => GmmErrorModule.get(global::Gmm.Npy.openFile(path)), file => file.Source);

    /// <summary>Makes a format of files that another package opens.</summary>
    /// <typeparam name="TFile">The package's open file.</typeparam>
    /// <param name="ending">How the names of its files end, in upper or lower case: <c>.parquet</c>.</param>
    /// <param name="open">
    /// Opens the file at a path. It throws <see cref="GmmException"/> when the file can't be read.
    /// </param>
    /// <param name="rows">Returns the rows of an open file. If it throws, the file is closed.</param>
    /// <returns>The format.</returns>
    /// <exception cref="ArgumentException">The ending is empty or null, or a function is null.</exception>
    public static RowFormat Of<TFile>(string ending, Func<string, TFile> open, Func<TFile, Source> rows)
        where TFile : IDisposable
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(rows);

        return new(ending, path =>
        {
            var file = open(path);

            try
            {
                return new(rows(file), file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        });
    }

    /// <summary>Returns whether a name has the ending of this format.</summary>
    /// <param name="fileName">The name of the file.</param>
    /// <returns>Whether it does.</returns>
    /// <exception cref="ArgumentNullException">The name is null.</exception>
    public bool Knows(string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        return fileName.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="GmmException">The file can't be read.</exception>
    /// <exception cref="ArgumentNullException">The path is null.</exception>
    public OpenFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return open(path);
    }
}
