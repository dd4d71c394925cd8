using Orleans;

namespace Gmm.Orleans;

/// <summary>
/// The rows of a shard on a silo. Its key is the number of the shard, with the table's identifier. Every call is
/// short and pure, or repeats without harm: a client may repeat it whatever became of the call before.
/// </summary>
[Alias("gmm.IShardGrain")]
internal interface IShardGrain : IGrainWithIntegerCompoundKey
{
    /// <summary>
    /// Returns the numbers of rows and of columns of a file, with a digest of it, or after a little while that the silo
    /// still works on it.
    /// </summary>
    [Alias("Describe")]
    Task<Reply> Describe(string file, TimeSpan wait);

    /// <summary>
    /// Opens the shard; rows that are sent follow. Returns the sum of the weights in its files, or after a little
    /// while that the silo still works on it.
    /// </summary>
    [Alias("Open")]
    Task<Reply> Open(Shard shard, TimeSpan wait);

    /// <summary>Takes the rows of a block.</summary>
    [Alias("Put")]
    Task<Reply> Put(long block, byte[] numbers, byte[]? weights);

    /// <summary>
    /// Begins to answer a question and waits a little for the answer, which <see cref="Continue"/> returns otherwise.
    /// </summary>
    [Alias("Ask")]
    Task<Reply> Ask(Guid id, WireQuestion question, TimeSpan wait);

    /// <summary>
    /// Returns the lengths of all answers, and some of their numbers from a place on. The grain keeps them until
    /// <see cref="Cancel"/>, or until the client has not come back for a while.
    /// </summary>
    [Alias("Continue")]
    Task<Reply> Continue(Guid id, long from, TimeSpan wait);

    /// <summary>Ends the work on a question, if it goes on, and forgets the answer.</summary>
    [Alias("Cancel")]
    Task Cancel(Guid id);

    /// <summary>Returns the rows of a block.</summary>
    [Alias("Read")]
    Task<Reply> Read(long block);

    /// <summary>Says that the table is still in use.</summary>
    [Alias("Touch")]
    Task<Reply> Touch();

    /// <summary>Closes files and frees memory.</summary>
    [Alias("Close")]
    Task Close();
}
