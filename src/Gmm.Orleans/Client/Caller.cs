using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Gmm.Orleans;

/// <summary>Calls grains, repeats calls that fail on the way, and counts bytes.</summary>
internal sealed class Caller(ClusterRowsOptions options)
{
    /// <summary>
    /// The slowest network for which a call that carries many bytes has time enough, and a repeated call of which the
    /// reply does, in bytes for a second.
    /// </summary>
    private const double SlowestNetwork = 500_000;

    /// <summary>The bytes that names, shapes and headers may take in a message.</summary>
    private const int Overhead = 1 << 20;

    private const int LongestReply = ShardGrain.PieceLength * sizeof(double);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private long sent;
    private long received;

    public long BytesSent => Interlocked.Read(ref sent);

    public long BytesReceived => Interlocked.Read(ref received);

    /// <summary>The most bytes of numbers in a call: by default Orleans' limit less what else is in a message.</summary>
    public long MostBytes { get; init; } = new ClientMessagingOptions().MaxMessageBodySize - Overhead;

    /// <summary>How long a silo keeps a call waiting for the answer to a question.</summary>
    public TimeSpan Wait => options.CallTimeout / 2;

    /// <summary>
    /// Returns the reply to a call. The call is repeated until a reply comes or patience ends. Throws the error of
    /// the silo, or that there is none.
    /// </summary>
    public async Task<Reply> CallAsync(
        Func<Task<Reply>> call, long bytes, Patience patience, CancellationToken cancellation)
    {
        Translation.RequireMessage(bytes, MostBytes);
        var carried = bytes;

        while (true)
        {
            cancellation.ThrowIfCancellationRequested();

            try
            {
                var timeout = options.CallTimeout + TimeSpan.FromSeconds(carried / SlowestNetwork);
                carried = bytes + LongestReply;
                Interlocked.Add(ref sent, bytes);
                var reply = await call().WaitAsync(timeout, cancellation).ConfigureAwait(false);
                var answer = reply.Numbers.Length + (reply.Weights?.Length ?? 0) + (reply.Counts.Length * sizeof(long));
                Interlocked.Add(ref received, answer);

                return reply.Status is Status.Failed && reply.Error is { } error
                    ? throw Translation.Failure(Translation.OfWire(error))
                    : reply;
            }
            catch (Exception trouble) when (trouble is not GmmException && cancellation.IsCancellationRequested)
            {
                // Nobody waits any more, for example because another shard has failed.
                throw new OperationCanceledException(trouble.Message, trouble, cancellation);
            }
            catch (Exception trouble) when (IsPassing(trouble))
            {
                await patience.PauseAsync(FirstLine(trouble), cancellation).ConfigureAwait(false);
            }
            catch (Exception trouble) when (trouble is not GmmException)
            {
                throw Translation.Failure(Translation.Unavailable(
                    $"a call failed with {trouble.GetType().Name}: {FirstLine(trouble)}",
                    "Call AddGmm when you build the silos, and start the client before you use it"));
            }
        }
    }

    /// <summary>Returns a caller with the limits of a client.</summary>
    public static Caller Of(IClusterClient client, ClusterRowsOptions options)
    {
        var own = client.ServiceProvider.GetService<IOptions<ClientMessagingOptions>>()?.Value.MaxMessageBodySize;
        return own is { } limit ? new(options.Checked()) { MostBytes = limit - Overhead } : new(options.Checked());
    }

    /// <summary>Begins a call of which nothing is expected.</summary>
    public static void Forget(Func<Task> call) => _ = IgnoreAsync(call);

    /// <summary>Waits for a call as long as any other; its outcome does not matter.</summary>
    public Task TryAsync(Func<Task> call) => IgnoreAsync(() => call().WaitAsync(options.CallTimeout));

    public Patience NewPatience(string place) => new(place, options.RetryLimit);

    private static async Task IgnoreAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Nobody waits for the outcome.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>Whether the same call may succeed later: silos die, join, and lose their connections.</summary>
    private static bool IsPassing(Exception trouble) =>
        trouble is TimeoutException or OrleansException or IOException or SocketException or OperationCanceledException;

    /// <summary>What Orleans says of an exception may go on with traces of the stack.</summary>
    private static string FirstLine(Exception trouble) => trouble.Message.Split('\n')[0].Trim().TrimEnd('.');

    /// <summary>How long failures may go on.</summary>
    internal sealed class Patience(string place, TimeSpan limit)
    {
        private readonly TimeProvider clock = TimeProvider.System;
        private bool isWorkRepeated;
        private long? since;
        private TimeSpan pause = TimeSpan.FromMilliseconds(20);

        /// <summary>Starts anew after a success.</summary>
        public void Renew() => (since, pause, isWorkRepeated) = (null, TimeSpan.FromMilliseconds(20), false);

        /// <summary>
        /// Starts anew when a silo is at work, but not if it repeats work that was lost: that could go on for ever.
        /// </summary>
        public void RenewForWork()
        {
            if (!isWorkRepeated)
                Renew();
        }

        /// <summary>Notes that the silo has to begin its work again.</summary>
        public void RepeatWork() => isWorkRepeated = true;

        /// <summary>Waits before the next try, each time longer, or throws when the limit is reached.</summary>
        public async Task PauseAsync(string reason, CancellationToken cancellation)
        {
            since ??= clock.GetTimestamp();

            if (clock.GetElapsedTime(since.Value) > limit)
            {
                throw Translation.Failure(Translation.Unavailable(
                    $"{place} did not answer for {limit.TotalSeconds:0.#} s: {reason}",
                    "Start silos, or look into their logs; ClusterRowsOptions.RetryLimit sets the time"));
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }
}
