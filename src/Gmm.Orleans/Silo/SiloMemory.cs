namespace Gmm.Orleans;

/// <summary>Counts the bytes of rows that clients have sent to a silo.</summary>
internal sealed class SiloMemory
{
    private long used;

    /// <summary>Takes some bytes, or returns false if they would go over a limit.</summary>
    public bool TryTake(long bytes, long limit)
    {
        if (Interlocked.Add(ref used, bytes) <= limit)
            return true;

        Free(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Free(long bytes) => Interlocked.Add(ref used, -bytes);
}
