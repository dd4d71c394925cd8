using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Gmm.Orleans;

/// <summary>
/// The threads of a silo that work on questions, whatever the number of shards. They are threads of their own: those
/// of Orleans stay free to say that the silo is alive.
/// </summary>
internal sealed class SiloWorkers(IOptions<GmmSiloOptions> options) : SiloThreads(options.Value.Threads);

/// <summary>
/// The threads of a silo that read single blocks and describe files: this is short, and does not wait for the work on
/// questions.
/// </summary>
internal sealed class SiloReaders() : SiloThreads(4);

/// <summary>Some threads with a queue of work, which is taken in its order.</summary>
internal abstract class SiloThreads : IDisposable
{
    private readonly BlockingCollection<Action> queue = [];
    private readonly Thread[] threads;
    private volatile bool isStopped;

    protected SiloThreads(int count)
    {
        threads = new Thread[count];

        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new(Work) { IsBackground = true, Name = "Gmm" };
            threads[i].Start();
        }
    }

    /// <summary>Queues work and returns its result.</summary>
    public Task<T> Run<T>(Func<T> work, CancellationToken cancellation)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);

        void Perform()
        {
            if (isStopped || cancellation.IsCancellationRequested)
            {
                result.SetCanceled(cancellation);
                return;
            }

            try
            {
                result.SetResult(work());
            }
            catch (OperationCanceledException)
            {
                result.SetCanceled(cancellation);
            }
#pragma warning disable CA1031 // The task carries every exception.
            catch (Exception trouble)
#pragma warning restore CA1031
            {
                result.SetException(trouble);
            }
        }

        try
        {
            queue.Add(Perform, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // The silo stops, and takes no work.
            result.SetCanceled(CancellationToken.None);
        }

        return result.Task;
    }

    public void Dispose()
    {
        if (isStopped)
            return;

        isStopped = true;
        queue.CompleteAdding();

        foreach (var thread in threads)
            thread.Join();

        queue.Dispose();
    }

    private void Work()
    {
        foreach (var perform in queue.GetConsumingEnumerable())
            perform();
    }
}
