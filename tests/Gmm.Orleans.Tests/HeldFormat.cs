using Microsoft.FSharp.Core;

namespace Gmm.Orleans.Tests;

/// <summary>NumPy's format under another ending, whose reads can be held up.</summary>
internal sealed class HeldFormat : IRowFormat, IDisposable
{
    public const string Ending = ".held";

    private readonly RowFormat format = RowFormat.Npy;
    private readonly ManualResetEventSlim free = new(initialState: true);
    private TaskCompletionSource held = new();
    private int openFiles;
    private int opened;

    /// <summary>The number of files that are open.</summary>
    public int OpenFiles => Volatile.Read(ref openFiles);

    /// <summary>The number of files that were ever opened.</summary>
    public int Opened => Volatile.Read(ref opened);

    public bool Knows(string fileName) => fileName.EndsWith(Ending, StringComparison.Ordinal);

    public OpenFile Open(string path)
    {
        var file = format.Open(path);
        Interlocked.Increment(ref openFiles);
        Interlocked.Increment(ref opened);
        var read = FuncConvert.FromFunc<long, Block>(index =>
        {
            if (!free.IsSet)
                held.TrySetResult();

            free.Wait();
            return file.Source.Read.Invoke(index);
        });
        var source = new Source(file.Source.Rows, file.Source.Columns, file.Source.BlockRows, read);
        return new(source, new Closing(() =>
        {
            file.Dispose();
            Interlocked.Decrement(ref openFiles);
        }));
    }

    /// <summary>Holds up reads from now on. The task completes when one waits.</summary>
    public Task Hold()
    {
        held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        free.Reset();
        return held.Task;
    }

    /// <summary>Lets reads go on.</summary>
    public void Release() => free.Set();

    public void Dispose() => free.Dispose();

    private sealed class Closing(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
