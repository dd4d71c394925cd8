using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using Microsoft.FSharp.Collections;
using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Gmm.Orleans;

/// <summary>The rows of a shard, and the questions about them that are being answered.</summary>
[Reentrant, ShardPlacement, Immovable, CollectionAgeLimit(Minutes = 15)]
internal sealed class ShardGrain(
    SiloWorkers workers, SiloReaders readers, SiloMemory memory, IOptions<GmmSiloOptions> options)
    : Grain, IShardGrain
{
    /// <summary>The most numbers in a reply: with 1 MiB, a call takes a few seconds on the slowest network.</summary>
    internal const int PieceLength = 131_072;

    /// <summary>A question is given up when its client does not come back for so long.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, Task<Reply>> describing = [];
    private readonly Dictionary<Guid, Job> jobs = [];

    /// <summary>
    /// Work that reads rows, also for questions that were given up: files close when all of it has ended.
    /// </summary>
    private readonly List<Task> reading = [];

    private readonly ConcurrentDictionary<long, Block> sent = [];
    private long sentBytes;
    private Task<Opened>? opening;
    private Opened? opened;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            _ => GiveUp(),
            new GrainTimerCreationOptions(Abandoned / 3, Abandoned / 3) { Interleave = true });
        return base.OnActivateAsync(cancellationToken);
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await Close().ConfigureAwait(true);
        await base.OnDeactivateAsync(reason, cancellationToken).ConfigureAwait(true);
    }

    public Task<Reply> Describe(string file, TimeSpan wait) => Guarded(async () =>
    {
        if (!describing.TryGetValue(file, out var task))
        {
            task = readers.Run(() => SiloTable.Describe(file, options.Value), CancellationToken.None);
            describing.Add(file, task);
        }

        await Task.WhenAny(task, Task.Delay(Shorter(wait))).ConfigureAwait(true);

        if (!task.IsCompleted)
            return new() { Status = Status.Working };

        describing.Remove(file);
        return await task.ConfigureAwait(true);
    });

    public Task<Reply> Open(Shard shard, TimeSpan wait) => Guarded(async () =>
    {
        if (opened is null)
        {
            Check(shard);
            var task = opening ??= workers.Run(() => OpenHere(shard), CancellationToken.None);
            await Task.WhenAny(task, Task.Delay(Shorter(wait))).ConfigureAwait(true);

            if (!task.IsCompleted)
                return new() { Status = Status.Working };

            // Another call may have come here first.
            if (task == opening)
            {
                opening = null;
                opened = await task.ConfigureAwait(true);
            }
        }

        return opened is null
            ? await NotOpen.ConfigureAwait(true)
            : new() { Numbers = Translation.Bytes([opened.Weight]) };
    });

    public Task<Reply> Put(long block, byte[] numbers, byte[]? weights) => Guarded(() =>
    {
        if (opened is not { } shard)
            return NotOpen;

        var (table, source) = (shard.Shard.Table, shard.Table.Source);
        var first = block * source.BlockRows;

        if (table.Files.Length > 0 || block < shard.FirstBlock || block > shard.LastBlock)
            throw Refusal("Block", $"one of this shard, from {shard.FirstBlock} to {shard.LastBlock}", $"{block}");

        var rows = (int)Math.Min(source.BlockRows, source.Rows - first);
        var length = (long)rows * source.Columns * (table.IsSingle ? sizeof(float) : sizeof(double));

        if (numbers.Length != length || weights?.Length != (table.IsWeighted ? rows * sizeof(double) : null))
            throw Refusal("Block", $"of {length} bytes, with weights if the table has them", $"of {numbers.Length} bytes");

        var own = weights is null ? null : Translation.Doubles(weights);
        var sum = own is null ? 0 : SiloTable.SumWeights(own, first);

        if (!sent.ContainsKey(block))
        {
            var size = length + (weights?.Length ?? 0);

            if (!memory.TryTake(size, options.Value.MemoryLimit))
            {
                var rule = $"of at most {options.Value.MemoryLimit} bytes on a silo (GmmSiloOptions.MemoryLimit)";
                throw Refusal("Rows", rule, "more; use a file, or more silos");
            }

            sentBytes += size;
            var values = Translation.NumbersOf(numbers, table.IsSingle);
            sent.TryAdd(block, SiloTable.Block(first, rows, source.Columns, values, SiloTable.Option(own)));
        }

        return Task.FromResult(new Reply { Numbers = Translation.Bytes([sum]) });
    });

    public Task<Reply> Ask(Guid id, WireQuestion question, TimeSpan wait) => Guarded(() =>
    {
        if (opened is not { } shard)
            return NotOpen;

        if (!jobs.TryGetValue(id, out var job))
        {
            jobs.Add(id, job = Start(shard, Translation.OfWire(question)));
            Keep(job.Ended);
        }

        return Progress(id, job, 0, wait);
    });

    public Task<Reply> Continue(Guid id, long from, TimeSpan wait) => Guarded(() =>
        opened is null ? NotOpen
        : jobs.TryGetValue(id, out var job) ? Progress(id, job, from, wait)
        : Task.FromResult(new Reply { Status = Status.NotAsked }));

    public Task Cancel(Guid id)
    {
        if (jobs.Remove(id, out var job))
            job.Cancel();

        return Task.CompletedTask;
    }

    public Task<Reply> Read(long block) => Guarded(async () =>
    {
        if (opened is not { } shard)
            return await NotOpen.ConfigureAwait(true);

        if (block < shard.FirstBlock || block > shard.LastBlock)
            throw Refusal("Block", $"from {shard.FirstBlock} to {shard.LastBlock}", $"{block}");

        if (!shard.Reads.TryGetValue(block, out var task))
        {
            task = readers.Run(() => ReadHere(shard, block), CancellationToken.None);
            shard.Reads.Add(block, task);
            Keep(task);
        }

        try
        {
            return await task.ConfigureAwait(true);
        }
        finally
        {
            if (shard.Reads.GetValueOrDefault(block) == task)
                shard.Reads.Remove(block);
        }
    });

    public Task<Reply> Touch() => opened is null ? NotOpen : Task.FromResult(new Reply());

    public async Task Close()
    {
        if (opening is { } task)
        {
            opening = null;
            await Task.WhenAny(task).ConfigureAwait(true);

            if (task.IsCompletedSuccessfully)
                opened = await task.ConfigureAwait(true);
        }

        if (opened is not { } shard)
            return;

        opened = null;

        foreach (var job in jobs.Values)
            job.Cancel();

        jobs.Clear();

        // A block that is being read must stay. How the work ends does not matter.
        await Task.WhenAny(Task.WhenAll(reading)).ConfigureAwait(true);
        shard.Table.Dispose();
        sent.Clear();
        memory.Free(sentBytes);
        sentBytes = 0;
        DeactivateOnIdle();
    }

    private static Task<Reply> NotOpen => Task.FromResult(new Reply { Status = Status.NotOpen });

    private static GmmException Refusal(string name, string rule, string value) =>
        Translation.Failure(GmmError.NewInvalidOption(name, rule, value));

    /// <summary>Turns the errors of a call into replies.</summary>
    private static async Task<Reply> Guarded(Func<Task<Reply>> call)
    {
        try
        {
            return await call().ConfigureAwait(true);
        }
        catch (GmmException trouble)
        {
            return new() { Status = Status.Failed, Error = Translation.ToWire(trouble.Error) };
        }
        catch (OperationCanceledException)
        {
            return new() { Status = Status.NotAsked };
        }
#pragma warning disable CA1031 // What happens on a silo ends in a clear error for the user.
        catch (Exception trouble)
#pragma warning restore CA1031
        {
            var error = Translation.Unavailable(
                $"a silo failed with {trouble.GetType().Name}: {trouble.Message.TrimEnd('.')}",
                "Look into the silo's log");
            return new() { Status = Status.Failed, Error = Translation.ToWire(error) };
        }
    }

    /// <summary>Throws if a shard is not one that a client of this version asks for.</summary>
    private static void Check(Shard shard)
    {
        var table = shard.Table;

        if (table.Version != Translation.Version)
        {
            var reason = $"the client has {table.Version} of Gmm, and a silo has {Translation.Version}";
            throw Translation.Failure(Translation.Unavailable(reason, Translation.SameVersion));
        }

        var parts = Math.Max(1, table.Files.Length);
        var digests = table.Files.Length + (table.Weights is null ? 0 : 1);
        var isTable = table.Columns > 0
            && table.Columns <= Array.MaxLength / 64
            && table.Rows.Length == parts
            && table.Rows.All(rows => rows >= 0 && rows <= long.MaxValue / 2 / parts)
            && table.Rows.Sum() > 0
            && table.Digests.Length == digests;

        if (!isTable)
            throw Refusal("Table", "of rows and columns, with a number of rows and a digest for every file", "another");

        var runs = SourceModule.runs(SiloTable.SourceOf(table, _ => throw new NotSupportedException())).Length;

        if (shard.FirstRun < 0 || shard.Runs < 1 || shard.FirstRun > runs - shard.Runs)
            throw Refusal("Shard", $"some of the runs 0 to {runs - 1}", $"{shard.Runs} from {shard.FirstRun} on");
    }

    /// <summary>Opens a shard, which reads its weights, on a thread of the silo's workers.</summary>
    private Opened OpenHere(Shard shard)
    {
#pragma warning disable CA2000 // The open shard keeps the table.
        var table = shard.Table.Files.Length > 0
            ? SiloTable.OfFiles(shard.Table, options.Value)
            : SiloTable.OfSent(shard.Table, sent);
#pragma warning restore CA2000

        try
        {
            var server = new RowServer(ListModule.OfSeq(options.Value.Families), table.Source);
            var runs = server.Runs;
            var (first, last) = (runs[shard.FirstRun].Item1, runs[shard.FirstRun + shard.Runs - 1].Item2);
            return new(shard, table, server, first, last, table.SumWeights(first, last));
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    /// <summary>Reads a block on a thread of the readers, and copies it while its file is open.</summary>
    private static Reply ReadHere(Opened shard, long block)
    {
        var read = shard.Table.Source.Read.Invoke(block);

        return new()
        {
            Numbers = Translation.Bytes(read.Numbers),
            IsSingle = read.Numbers.IsFloat32,
            Weights = read.Weights is null ? null : Translation.Bytes(read.Weights.Value.Span),
        };
    }

    /// <summary>Keeps work until it has ended.</summary>
    private void Keep(Task work)
    {
        reading.RemoveAll(task => task.IsCompleted);
        reading.Add(work);
    }

    private static TimeSpan Shorter(TimeSpan wait) => wait < LongestWait ? wait : LongestWait;

    private Job Start(Opened shard, Question question)
    {
#pragma warning disable CA2000 // Without a timer it holds nothing to free.
        var ending = new CancellationTokenSource();
#pragma warning restore CA2000
        int[] runs = [.. Enumerable.Range(shard.Shard.FirstRun, shard.Shard.Runs)];
        var answer = new Lazy<Func<int, CancellationToken, double[]>>(
            () => GmmErrorModule.get(shard.Server.Prepare(question, runs)));
        var work = runs.Select((_, i) => workers.Run(() => answer.Value(i, ending.Token), ending.Token));
        return new([.. work], ending);
    }

    /// <summary>
    /// Waits a little for the answer to a question, and returns the part of it that begins at a place.
    /// </summary>
    private async Task<Reply> Progress(Guid id, Job job, long from, TimeSpan wait)
    {
        job.Touch();
        await job.Wait(Shorter(wait)).ConfigureAwait(true);

        if (!job.Ended.IsCompleted)
            return new() { Status = Status.Working };

        double[][] answers;

        try
        {
            answers = await job.Answers.ConfigureAwait(true);
        }
        catch (OperationCanceledException)
        {
            jobs.Remove(id);
            throw;
        }

        var total = answers.Sum(answer => (long)answer.Length);

        if (from < 0 || from > total)
            throw Refusal("From", $"from 0 to {total}", $"{from}");

        var piece = Piece(answers, from, (int)Math.Min(PieceLength, total - from));
        return new() { Counts = Array.ConvertAll(answers, answer => (long)answer.Length), Numbers = piece };
    }

    private static byte[] Piece(double[][] answers, long from, int length)
    {
        var piece = GC.AllocateUninitializedArray<byte>(length * sizeof(double));
        var rest = MemoryMarshal.Cast<byte, double>(piece.AsSpan());

        foreach (var answer in answers)
        {
            if (rest.Length > 0 && from < answer.Length)
            {
                var part = answer.AsSpan((int)from, (int)Math.Min(answer.Length - from, rest.Length));
                part.CopyTo(rest);
                rest = rest[part.Length..];
                from += part.Length;
            }

            from -= answer.Length;
        }

        return piece;
    }

    /// <summary>Ends the work for clients that went away, and forgets answers that nobody fetches.</summary>
    private Task GiveUp()
    {
        foreach (var (id, job) in jobs.ToArray())
        {
            if (job.Age > Abandoned)
            {
                jobs.Remove(id);
                job.Cancel();
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// An open shard: its table, what answers questions, its first and last block, and the sum of its weights.
    /// </summary>
    private sealed record Opened(
        Shard Shard,
        SiloTable Table,
        RowServer Server,
        long FirstBlock,
        long LastBlock,
        double Weight)
    {
        /// <summary>The blocks that are being read, so that a call that is repeated waits for the same read.</summary>
        public Dictionary<long, Task<Reply>> Reads { get; } = [];
    }

    /// <summary>The work on a question.</summary>
    private sealed class Job(Task<double[]>[] work, CancellationTokenSource ending)
    {
        private readonly TimeProvider clock = TimeProvider.System;
        private long touched = TimeProvider.System.GetTimestamp();

        /// <summary>The answers of the runs, in their order.</summary>
        public Task<double[][]> Answers { get; } = Task.WhenAll(work);

        /// <summary>Completes without an exception when all work has ended.</summary>
        public Task Ended { get; } = Task.WhenAll(work).ContinueWith(_ => { }, TaskScheduler.Default);

        public TimeSpan Age => clock.GetElapsedTime(touched);

        public void Touch() => touched = clock.GetTimestamp();

        public Task<Task> Wait(TimeSpan time) => Task.WhenAny(Ended, Task.Delay(time));

        public void Cancel() => ending.Cancel();
    }
}
