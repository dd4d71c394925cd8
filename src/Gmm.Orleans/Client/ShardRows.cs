using System.Runtime.InteropServices;
using Orleans;

namespace Gmm.Orleans;

/// <summary>The rows of a table as their client sees them: it asks every shard and puts the answers together.</summary>
internal sealed class ShardRows : RemoteRows
{
    private const int CallsAtOnce = 4;

    private readonly Table table;
    private readonly IShardGrain[] grains;
    private readonly Shard[] shards;
    private readonly (long First, long Last)[] blocks;
    private readonly CancellationToken closing;

    /// <summary>Makes rows, which end with a token; their shards are not open yet.</summary>
    public ShardRows(IClusterClient client, Table table, Caller caller, int mostShards, CancellationToken closing)
    {
        (this.table, Caller, this.closing) = (table, caller, closing);
        Source = new(table.Rows.Sum(), table.Columns, SourceModule.blockRows(table.Columns), this);
        var runs = SourceModule.runs(Source);
        var count = Math.Min(mostShards, runs.Length);
        var id = ClusterRows.Identifier();
        grains = [.. Enumerable.Range(0, count).Select(i => client.GetGrain<IShardGrain>(i, id))];
        shards = [.. Enumerable.Range(0, count).Select(i => ShardOf(i, count, runs.Length))];
        blocks = [.. shards.Select(shard => (runs[shard.FirstRun].Item1, runs[shard.FirstRun + shard.Runs - 1].Item2))];
    }

    public Caller Caller { get; }

    public Source Source { get; }

    public int Shards => grains.Length;

    public override string Name => "orleans";

    public override bool IsWeighted => table.IsWeighted;

    private bool IsSent => table.Files.Length == 0;

    /// <summary>Opens all shards and sends rows, if they are not in files. Returns the sum of the weights.</summary>
    public async Task<double> OpenAsync(Source? sent, CancellationToken cancellation)
    {
        var sums = await OfEachAsync((i, cancel) => OpenAsync(i, sent, cancel), cancellation).ConfigureAwait(false);
        return sums.Sum();
    }

    public override double[][] Ask(Question question, CancellationToken cancellation)
    {
        var wire = Translation.ToWire(question);
        var answers = UntilClosingAsync(
                ending => OfEachAsync((i, cancel) => AskAsync(i, WithSlices(wire, question, i), cancel), ending),
                cancellation)
            .GetAwaiter()
            .GetResult();
        return [.. answers.SelectMany(each => each)];
    }

    public override Block Invoke(long index)
    {
        var i = Array.FindIndex(blocks, each => index >= each.First && index <= each.Last);
        ArgumentOutOfRangeException.ThrowIfNegative(i, nameof(index));
        return UntilClosingAsync(cancel => ReadAsync(i, index, cancel), CancellationToken.None)
            .GetAwaiter()
            .GetResult();
    }

    public Task TouchAsync() => Task.WhenAll(grains.Select(grain => Caller.TryAsync(grain.Touch)));

    public Task CloseAsync() => Task.WhenAll(grains.Select(grain => Caller.TryAsync(grain.Close)));

    /// <summary>The question to a shard, with the slices of its runs.</summary>
    private WireQuestion WithSlices(WireQuestion wire, Question question, int i)
    {
        var slices = question.Slices.Length == 0 ? [] : question.Slices.AsSpan(shards[i].FirstRun, shards[i].Runs);
        int[] lengths = [.. slices.ToArray().Select(slice => slice.Length)];
        return wire with { SliceLengths = lengths, Slices = Translation.Bytes(slices) };
    }

    /// <summary>Divides the runs evenly.</summary>
    private Shard ShardOf(int number, int count, int runs)
    {
        var (first, next) = (runs * number / count, runs * (number + 1) / count);
        return new() { Table = table, FirstRun = first, Runs = next - first };
    }

    /// <summary>
    /// Runs work for every shard at the same time and returns the results, or throws the error of the first shard.
    /// </summary>
    private async Task<T[]> OfEachAsync<T>(Func<int, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        async Task<T> Run(int i)
        {
            try
            {
                return await work(i, ending.Token).ConfigureAwait(false);
            }
            catch
            {
                await ending.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }

        var tasks = Enumerable.Range(0, Shards).Select(Run).ToArray();

        try
        {
            return await Task.WhenAll(tasks).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // WhenAll prefers exceptions to cancellation, so that the caller has cancelled.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Runs work that also ends when the rows are closed, and then throws that they are.</summary>
    private async Task<T> UntilClosingAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, typeof(ClusterRows));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation, closing);

        try
        {
            return await work(ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(closing.IsCancellationRequested, typeof(ClusterRows));
            throw;
        }
    }

    private async Task<double> OpenAsync(int i, Source? sent, CancellationToken cancellation)
    {
        var sum = await OpenShardAsync(i, Patience(i), cancellation).ConfigureAwait(false);

        if (sent is null)
            return sum;

        var options = new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellation };
        var gate = new Lock();

        async ValueTask Put(long index, CancellationToken cancel)
        {
            var block = sent.Read.Invoke(index);
            var numbers = table.IsSingle ? Translation.Bytes(block.Numbers) : Translation.Bytes(block.Values.Span);
            var weights = block.Weights is { } own ? Translation.Bytes(own.Value.Span) : null;
            var bytes = numbers.Length + (weights?.Length ?? 0);
            var put = await Caller.CallAsync(() => grains[i].Put(index, numbers, weights), bytes, Patience(i), cancel)
                .ConfigureAwait(false);

            if (put.Status is not Status.Done)
                throw Lost();

            lock (gate)
                sum += Translation.Doubles(put.Numbers).Sum();
        }

        var indices = Indices(blocks[i].First, blocks[i].Last);
        await Parallel.ForEachAsync(indices, options, Put).ConfigureAwait(false);
        return sum;
    }

    private async Task<double[][]> AskAsync(int i, WireQuestion question, CancellationToken cancellation)
    {
        var (grain, shard, id, patience) = (grains[i], shards[i], Guid.NewGuid(), Patience(i));
        var (isAsked, taken) = (false, 0L);
        double[][]? answers = null;

        try
        {
            while (true)
            {
                Task<Reply> Call() =>
                    isAsked ? grain.Continue(id, taken, Caller.Wait) : grain.Ask(id, question, Caller.Wait);

                var bytes = isAsked ? 0 : question.Bytes;
                var reply = await Caller.CallAsync(Call, bytes, patience, cancellation).ConfigureAwait(false);

                switch (reply.Status)
                {
                    case Status.Working:
                        isAsked = true;
                        patience.RenewForWork();
                        break;

                    case Status.Done:
                        isAsked = true;
                        answers ??= Empty(reply.Counts, shard.Runs);
                        var count = Fill(answers, taken, reply.Numbers);
                        taken += count;

                        if (taken == answers.Sum(answer => (long)answer.Length))
                            return answers;

                        if (count == 0)
                            throw Translation.Strange("an answer without its end");

                        patience.Renew();
                        break;

                    case Status.NotOpen:
                    case Status.NotAsked:
                        (isAsked, taken, answers) = (false, 0, null);
                        await ReopenAsync(i, reply.Status, patience, cancellation).ConfigureAwait(false);
                        break;

                    case Status.Failed:
                    default:
                        throw Translation.Strange($"the status {reply.Status}");
                }
            }
        }
        finally
        {
            // The silo keeps the question, and its answer, until now.
            Caller.Forget(() => grain.Cancel(id));
        }
    }

    private async Task<Block> ReadAsync(int i, long index, CancellationToken cancellation)
    {
        var patience = Patience(i);
        var rows = (int)Math.Min(Source.BlockRows, Source.Rows - (index * Source.BlockRows));

        while (true)
        {
            var reply = await Caller.CallAsync(() => grains[i].Read(index), 0, patience, cancellation)
                .ConfigureAwait(false);

            if (reply.Status is Status.Done)
            {
                var size = reply.IsSingle ? sizeof(float) : sizeof(double);
                var isWhole = reply.Numbers.Length == (long)rows * Source.Columns * size
                    && reply.Weights?.Length == (IsWeighted ? rows * sizeof(double) : null);

                return isWhole
                    ? SiloTable.Block(
                        index * Source.BlockRows,
                        rows,
                        Source.Columns,
                        Translation.NumbersOf(reply.Numbers, reply.IsSingle),
                        SiloTable.Option(reply.Weights is null ? null : Translation.Doubles(reply.Weights)))
                    : throw Translation.Strange($"a block of {reply.Numbers.Length} bytes");
            }

            await ReopenAsync(i, reply.Status, patience, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a shard again that is new on its silo.</summary>
    private async Task ReopenAsync(int i, Status status, Caller.Patience patience, CancellationToken cancellation)
    {
        if (status is Status.NotOpen && IsSent)
            throw Lost();

        patience.RepeatWork();
        await patience.PauseAsync("its silo changes", cancellation).ConfigureAwait(false);

        if (status is Status.NotOpen)
            await OpenShardAsync(i, patience, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Has a silo open a shard and returns the sum of the weights in its files, which may take a while to read.
    /// </summary>
    private async Task<double> OpenShardAsync(int i, Caller.Patience patience, CancellationToken cancellation)
    {
        while (true)
        {
            var reply = await Caller.CallAsync(() => grains[i].Open(shards[i], Caller.Wait), 0, patience, cancellation)
                .ConfigureAwait(false);

            if (reply.Status is Status.Done)
                return Translation.Doubles(reply.Numbers).Sum();

            if (reply.Status is Status.Working)
                patience.RenewForWork();
            else
                await patience.PauseAsync("its silo changes", cancellation).ConfigureAwait(false);
        }
    }

    private Caller.Patience Patience(int i) => Caller.NewPatience($"shard {i} of {Shards}");

    private static IEnumerable<long> Indices(long first, long last)
    {
        for (var index = first; index <= last; index++)
            yield return index;
    }

    /// <summary>Arrays for answers of given lengths.</summary>
    private static double[][] Empty(long[] lengths, int runs) =>
        lengths.Length == runs && lengths.All(length => length >= 0 && length <= Array.MaxLength)
            ? Array.ConvertAll(lengths, length => new double[length])
            : throw Translation.Strange($"{lengths.Length} answers of {runs}");

    /// <summary>Copies numbers to a place in all answers, and returns their count.</summary>
    private static int Fill(double[][] answers, long from, byte[] bytes)
    {
        var numbers = MemoryMarshal.Cast<byte, double>(bytes);
        var rest = numbers;

        foreach (var answer in answers)
        {
            if (rest.Length > 0 && from < answer.Length)
            {
                var part = rest[..(int)Math.Min(answer.Length - from, rest.Length)];
                part.CopyTo(answer.AsSpan((int)from));
                rest = rest[part.Length..];
                from += part.Length;
            }

            from -= answer.Length;
        }

        return rest.IsEmpty ? numbers.Length : throw Translation.Strange($"{numbers.Length} numbers");
    }

    private static GmmException Lost() => Translation.Failure(Translation.Unavailable(
        "rows that were sent are lost: their silo is gone, or was not used for long",
        "Send the rows again, or use files that all silos see"));
}
