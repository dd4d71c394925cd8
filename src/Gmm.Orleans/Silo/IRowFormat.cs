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

/// <summary>NumPy's format, read from the disk as rows are needed: see <c>Npy.openFile</c>.</summary>
public sealed class NpyFormat : IRowFormat
{
    /// <summary>Returns whether a name ends in <c>.npy</c>.</summary>
    /// <param name="fileName">The name of the file.</param>
    /// <returns>Whether it does.</returns>
    public bool Knows(string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        return fileName.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where the file is.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="GmmException">The file can't be read, or is not an N×D array of numbers.</exception>
    public OpenFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = GmmErrorModule.get(Npy.openFile(path));
        return new(file.Source, file);
    }
}
