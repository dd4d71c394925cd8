namespace Gmm.Orleans;

/// <summary>What a silo offers to fits.</summary>
public sealed class GmmSiloOptions
{
    /// <summary>
    /// The folder below which clients may name files; null for none. It may be one that all silos share.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>
    /// The largest number of threads that work on the questions of fits, all shards of the silo together: by default
    /// all cores.
    /// </summary>
    public int Threads { get; set; } = Environment.ProcessorCount;

    /// <summary>
    /// The largest number of bytes of rows and weights that clients may send to this silo; by default half of its
    /// memory.
    /// </summary>
    public long MemoryLimit { get; set; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;

    /// <summary>The families that fits may have: the built-in ones, and products of them. Add your own.</summary>
    public IList<SavedFamily> Families { get; } = [.. SavedFamilyModule.builtIn];

    /// <summary>
    /// The formats of files, of which the first that knows a name reads it: <see cref="RowFormat.Npy"/>. Add your own.
    /// </summary>
    public IList<IRowFormat> Formats { get; } = [RowFormat.Npy];
}
