using System.Globalization;
using Gmm.CSharp;
using Orleans;

namespace Gmm.Orleans;

/// <summary>
/// Rows on a cluster. Fits, predictions and selections take them like any other rows, and have the same bits.
/// </summary>
/// <remarks>
/// The rows stay on the silos. The client sends them questions, such as an E-step's, and merges the answers in the
/// order of the rows; what starts and moves need of the rows are samples of at most about 32 MiB. A question is
/// repeated when a silo does not answer, so that a fit goes on when one dies. Fits use the default backend. Dispose after
/// the last use; a fitted model does not need the rows.
/// </remarks>
public sealed class ClusterRows : IAsyncDisposable
{
    private static readonly TimeSpan BetweenTouches = TimeSpan.FromMinutes(1);

    private readonly ShardRows rows;
    private readonly CancellationTokenSource ending;
    private readonly Task touching;

    private ClusterRows(ShardRows rows, int silos, CancellationTokenSource ending)
    {
        (this.rows, Silos, this.ending) = (rows, silos, ending);
        Source = rows.Source;
        Rows = Rows.OfSource(Source);
        touching = TouchAsync();
    }

    /// <summary>The rows, for Gmm.FSharp.</summary>
    public Source Source { get; }

    /// <summary>The rows, for Gmm.CSharp.</summary>
    public Rows Rows { get; }

    /// <summary>The number of silos when the rows were opened.</summary>
    public int Silos { get; }

    /// <summary>The number of shards.</summary>
    public int Shards => rows.Shards;

    /// <summary>
    /// The number of bytes of arguments and rows that the client has sent, without Orleans' own headers.
    /// </summary>
    public long BytesSent => rows.Caller.BytesSent;

    /// <summary>
    /// The number of bytes of answers and rows that the client has received, without Orleans' own headers.
    /// </summary>
    public long BytesReceived => rows.Caller.BytesReceived;

    /// <summary>
    /// Closes the files and frees the memory on the silos. A later use of the rows throws ObjectDisposedException.
    /// </summary>
    /// <returns>A task that ends when they have been told.</returns>
    public async ValueTask DisposeAsync()
    {
        if (ending.IsCancellationRequested)
            return;

        await ending.CancelAsync().ConfigureAwait(false);
        await touching.ConfigureAwait(false);
        await rows.CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Returns one line: the numbers of rows, columns and shards.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"{Rows} in {Count(Shards, "shard")} on {Count(Silos, "silo")}";

    internal static async Task<ClusterRows> OpenAsync(
        IClusterClient client, IReadOnlyList<string> files, ClusterRowsOptions options, CancellationToken cancellation)
    {
        if (files.Count == 0)
            throw Translation.Failure(GmmError.NewInvalidOption("Files", "at least one", "none"));

        var caller = Caller.Of(client, options);
        var all = options.Weights is { } weights ? [.. files, weights] : files;
        var describing = all.Select((file, i) => DescribeAsync(client, caller, file, i, cancellation));
        var described = await Task.WhenAll(describing).ConfigureAwait(false);
        var columns = (int)described[0].Counts[1];

        for (var i = 1; i < files.Count; i++)
        {
            if (described[i].Counts[1] != columns)
            {
                var value = $"{files[i]} has {Words.Count(described[i].Counts[1], "column")} and {files[0]} has {columns}";
                throw Translation.Failure(GmmError.NewInvalidData("files of one width", value));
            }
        }

        var rows = described.Take(files.Count).Select(each => each.Counts[0]).ToArray();

        if (options.Weights is not null && (described[^1].Counts[0] != rows.Sum() || described[^1].Counts[1] != 1))
        {
            var value = $"{Words.Count(described[^1].Counts[0], "row")} of {described[^1].Counts[1]}";
            throw Translation.Failure(
                GmmError.NewInvalidOption("SampleWeights", $"one number for {Words.Each(rows.Sum(), "row")}", value));
        }

        var table = new Table
        {
            Files = [.. files],
            Weights = options.Weights,
            Rows = rows,
            Digests = [.. described.Select(each => each.Digest)],
            Columns = columns,
            IsWeighted = options.Weights is not null,
            Version = Translation.Version,
        };
        return await OpenAsync(client, table, null, options, caller, cancellation).ConfigureAwait(false);
    }

    internal static Task<ClusterRows> SendAsync(
        IClusterClient client, Source source, ClusterRowsOptions options, CancellationToken cancellation)
    {
        if (options.Weights is { } file)
        {
            const string Rule = "null for rows that are sent, whose weights come with them";
            throw Translation.Failure(GmmError.NewInvalidOption(nameof(options.Weights), Rule, file));
        }

        var head = source.Rows > 0 ? source.Read.Invoke(0) : null;
        var table = new Table
        {
            Rows = [source.Rows],
            Columns = source.Columns,
            IsSingle = head?.Numbers.IsFloat32 ?? false,
            IsWeighted = head?.Weights is not null,
            Version = Translation.Version,
        };

        if (source.BlockRows != SourceModule.blockRows(source.Columns))
            throw Translation.Failure(GmmError.NewInvalidData(
                $"blocks of {SourceModule.blockRows(source.Columns)} rows", $"they have {source.BlockRows}"));

        return OpenAsync(client, table, source, options, Caller.Of(client, options), cancellation);
    }

    private static async Task<ClusterRows> OpenAsync(
        IClusterClient client,
        Table table,
        Source? sent,
        ClusterRowsOptions options,
        Caller caller,
        CancellationToken cancellation)
    {
        if (table.Rows.Sum() == 0)
            throw Translation.Failure(GmmError.NewInvalidData("at least one row", "there is none"));

        var silos = await CountSilosAsync(client, caller, cancellation).ConfigureAwait(false);
#pragma warning disable CA2000 // Without a timer it holds nothing to free.
        var ending = new CancellationTokenSource();
#pragma warning restore CA2000
        var rows = new ShardRows(client, table, caller, silos * options.ShardsPerSilo, ending.Token);

        try
        {
            var weight = await rows.OpenAsync(sent, cancellation).ConfigureAwait(false);

            if (table.IsWeighted && !(weight > 0 && double.IsFinite(weight)))
                throw Translation.Failure(
                    weight > 0
                        ? GmmError.NewInvalidOption("SampleWeights", "of a finite sum", "an infinite one")
                        : GmmError.NewInvalidOption("SampleWeights", "above 0 somewhere", "0 for every row"));
        }
        catch
        {
            await rows.CloseAsync().ConfigureAwait(false);
            throw;
        }

        return new(rows, silos, ending);
    }

    private static async Task<Reply> DescribeAsync(
        IClusterClient client, Caller caller, string file, int number, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        var grain = client.GetGrain<IShardGrain>(number, Identifier());
        var patience = caller.NewPatience("the silo that should open a file");

        while (true)
        {
            var reply = await caller.CallAsync(() => grain.Describe(file, caller.Wait), 0, patience, cancellation)
                .ConfigureAwait(false);

            switch (reply.Status)
            {
                case Status.Done when reply.Counts.Length == 2:
                    return reply;

                case Status.Working:
                    patience.RenewForWork();
                    break;

                case Status.NotOpen:
                case Status.NotAsked:
                    await patience.PauseAsync("its silo stops", cancellation).ConfigureAwait(false);
                    break;

                case Status.Done:
                case Status.Failed:
                default:
                    throw Translation.Strange($"the status {reply.Status} with {reply.Counts.Length} counts");
            }
        }
    }

    private static async Task<int> CountSilosAsync(IClusterClient client, Caller caller, CancellationToken cancellation)
    {
        async Task<Reply> Count()
        {
            var management = client.GetGrain<IManagementGrain>(0);
            var hosts = await management.GetHosts(onlyActive: true, cancellation).ConfigureAwait(false);
            return new() { Counts = [hosts.Count] };
        }

        var patience = caller.NewPatience("the cluster");
        var reply = await caller.CallAsync(Count, 0, patience, cancellation).ConfigureAwait(false);
        return (int)Math.Max(1, reply.Counts[0]);
    }

    private static string Count(int number, string noun) => number == 1 ? $"1 {noun}" : $"{number} {noun}s";

    internal static string Identifier() => Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);

    /// <summary>Tells the silos from time to time that the rows are in use.</summary>
    private async Task TouchAsync()
    {
        using var timer = new PeriodicTimer(BetweenTouches);

        try
        {
            while (await timer.WaitForNextTickAsync(ending.Token).ConfigureAwait(false))
                await rows.TouchAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
