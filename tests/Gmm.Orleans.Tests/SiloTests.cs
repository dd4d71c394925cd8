using Gmm.CSharp;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>What silos refuse, and where they keep shards.</summary>
public class SiloTests(Clusters clusters)
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public void TheRootMayBeTheFolder()
    {
        var root = Path.GetPathRoot(Path.GetTempPath())!;
        var path = Path.Combine(root, "tables", "real.npy");
        Assert.Equal(path, Folder.Resolve(root, Path.Combine("tables", "real.npy")));
    }

    [Theory]
    [InlineData("../real.npy")]
    [InlineData("a/../../real.npy")]
    [InlineData("/etc/hosts.npy")]
    [InlineData("")]
    [InlineData("real.npy\0")]
    [InlineData(".")]
    [InlineData("out.npy")]
    [InlineData("out/real.npy")]
    [InlineData("loop.npy")]
    public async Task ANameThatLeavesTheFolderIsAnError(string name)
    {
        var outside = Directory.CreateTempSubdirectory("gmm-outside-").FullName;
        var folder = Directory.CreateDirectory(Path.Combine(outside, "folder")).FullName;

        try
        {
            ((Rows)Tables.Real).SaveNpy(Path.Combine(outside, "real.npy"));
            File.CreateSymbolicLink(Path.Combine(folder, "out.npy"), Path.Combine(outside, "real.npy"));
            File.CreateSymbolicLink(Path.Combine(folder, "loop.npy"), Path.Combine(folder, "loop.npy"));
            Directory.CreateSymbolicLink(Path.Combine(folder, "out"), "..");
            await using var cluster = await GmmCluster.StartAsync(1, options => options.Folder = folder);
            var error = await Assert.ThrowsAsync<GmmException>(() => cluster.Client.OpenRowsAsync(name));
            Assert.True(error.Error.IsUnreadableFile, error.Message);
            Assert.DoesNotContain(outside, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    [Fact]
    public async Task AFileMayLieBehindALinkBelowTheFolder()
    {
        Directory.CreateDirectory(Path.Combine(clusters.Folder, "deep", "er"));
        File.Copy(Path.Combine(clusters.Folder, "real.npy"), Path.Combine(clusters.Folder, "deep", "er", "copy.npy"));
        Directory.CreateSymbolicLink(Path.Combine(clusters.Folder, "link"), "deep");
        await using var rows = await clusters.Of(2).Client.OpenRowsAsync("link/er/copy.npy");
        Assert.Equal(Tables.Rows, rows.Rows.Count);
    }

    [Fact]
    public async Task ASiloWithoutAFolderOpensNoFile()
    {
        await using var cluster = await GmmCluster.StartAsync();
        var error = await Assert.ThrowsAsync<GmmException>(() => cluster.Client.OpenRowsAsync("real.npy"));
        Assert.Contains("GmmSiloOptions.Folder", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("absent.npy", "absent.npy")]
    [InlineData("note.txt", "GmmSiloOptions.Formats")]
    [InlineData("text.npy", "It is not an .npy file")]
    public async Task AFileThatCannotBeReadIsAnError(string name, string reason)
    {
        File.WriteAllText(Path.Combine(clusters.Folder, "note.txt"), "1,2,3");
        File.WriteAllText(Path.Combine(clusters.Folder, "text.npy"), "1,2,3");
        var error = await Assert.ThrowsAsync<GmmException>(() => clusters.Of(2).Client.OpenRowsAsync(name));
        Assert.True(error.Error.IsUnreadableFile);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FilesThatDoNotFitTogetherAreAnError()
    {
        Rows.FromMemory(new double[12], 4).SaveNpy(Path.Combine(clusters.Folder, "wide.npy"));
        var client = clusters.Of(2).Client;
        var widths = await Assert.ThrowsAsync<GmmException>(() => client.OpenRowsAsync(["real.npy", "wide.npy"]));
        Assert.Equal("The data must have files of one width, but wide.npy has 4 columns and real.npy has 3.", widths.Message);
        var weights = await Assert.ThrowsAsync<GmmException>(() => client.OpenRowsAsync("real.npy", new() { Weights = "wide.npy" }));
        Assert.Equal("SampleWeights must be one number for each of the 20000 rows, but is 3 rows of 4.", weights.Message);
        Assert.Contains("at least one", (await Assert.ThrowsAsync<GmmException>(() => client.OpenRowsAsync([]))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, "SampleWeights[19999] must be finite and not negative, but is NaN.")]
    [InlineData(-1, "SampleWeights[19999] must be finite and not negative, but is -1.")]
    [InlineData(1e308, "SampleWeights must be of a finite sum, but is an infinite one.")]
    [InlineData(0, "SampleWeights must be above 0 somewhere, but is 0 for every row.")]
    public async Task WeightsInAFileHaveTheirRules(double last, string message)
    {
        var weights = new double[Tables.Rows];
        weights[^1] = last;
        weights[0] = last is 1e308 ? last : 0;
        var name = Guid.NewGuid() + ".npy";
        Rows.FromMemory(weights, 1).SaveNpy(Path.Combine(clusters.Folder, name));
        var error = await Assert.ThrowsAsync<GmmException>(
            () => clusters.Of(2).Client.OpenRowsAsync("real.npy", new() { Weights = name }));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public async Task AFileWithOtherNumbersThanWhenItWasDescribedIsAnError()
    {
        var grain = clusters.Of(1).Client.GetGrain<IShardGrain>(0, Guid.NewGuid().ToString());
        var table = TableOf("real.npy", "other");
        Assert.Equal(Status.Done, (await UntilDone(() => grain.Open(new() { Table = table, Runs = 1 }, Short))).Status);
        var reply = await grain.Read(0);
        Assert.Equal(Status.Failed, reply.Status);
        Assert.Contains("other numbers", Translation.OfWire(reply.Error!).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AnotherNumberInTheFirstBlockOfARunIsNoticed(int run)
    {
        var source = GmmErrorModule.get(SourceModule.ofArray2D(Tables.Real));
        var table = (double[,])Tables.Real.Clone();
        table[SourceModule.runs(source)[run].Item1 * source.BlockRows, 2] += 1e-9;
        var name = Guid.NewGuid() + ".npy";
        ((Rows)table).SaveNpy(Path.Combine(clusters.Folder, name));
        var grain = clusters.Of(1).Client.GetGrain<IShardGrain>(0, Guid.NewGuid().ToString());
        var digest = (await DescribeAsync(grain, "real.npy")).Digest;
        var other = TableOf(name, digest);
        Assert.Equal(Status.Done, (await UntilDone(() => grain.Open(new() { Table = other, Runs = 1 }, Short))).Status);
        var reply = await grain.Read(0);
        Assert.Equal(Status.Failed, reply.Status);
        Assert.Contains("other numbers", Translation.OfWire(reply.Error!).Message, StringComparison.Ordinal);
        await grain.Close();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFileClosesWhenNobodyReadsIt(bool isQuestion)
    {
        using var format = new HeldFormat();
        var name = Guid.NewGuid() + HeldFormat.Ending;
        File.Copy(Path.Combine(clusters.Folder, "real.npy"), Path.Combine(clusters.Folder, name));
        await using var cluster = await GmmCluster.StartAsync(1, options =>
        {
            options.Folder = clusters.Folder;
            options.Formats.Add(format);
        });

        try
        {
            var grain = await OpenAsync(cluster, name);
            Assert.Equal(Status.Done, (await grain.Read(0)).Status);
            Assert.Equal(1, format.OpenFiles);

            // The client no longer waits for what is being read, and closes.
            var (id, isHeld) = (Guid.NewGuid(), format.Hold());
            var asking = isQuestion ? grain.Ask(id, new() { Scan = "count" }, TimeSpan.Zero) : grain.Read(1);
            await isHeld.WaitAsync(Minute);
            await grain.Cancel(id);
            var closing = grain.Close();
            await ClosedAsync(grain).WaitAsync(Minute);
            Assert.False(closing.IsCompleted);
            Assert.Equal(1, format.OpenFiles);
            format.Release();
            await closing;
            Assert.Equal(0, format.OpenFiles);
            Assert.Equal(isQuestion ? Status.Working : Status.Done, (await asking).Status);
        }
        finally
        {
            format.Release();
        }
    }

    [Fact]
    public async Task ErrorsOfTheDataAreThoseOfThisMachine()
    {
        var table = (double[,])Tables.Real.Clone();
        table[17_000, 1] = double.NaN;
        ((Rows)table).SaveNpy(Path.Combine(clusters.Folder, "missing.npy"));
        await using var rows = await clusters.Of(2).Client.OpenRowsAsync("missing.npy");
        var here = Assert.Throws<ArgumentException>(() => new GaussianMixture(2).Fit(table));
        var there = Assert.Throws<ArgumentException>(() => new GaussianMixture(2).Fit(rows.Rows));
        Assert.Equal(here.Message, there.Message);
        Assert.Contains("row 17000, column 1", there.Message, StringComparison.Ordinal);
    }

    // ── Rows that are sent ──────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public async Task MoreRowsThanASiloHasMemoryForAreAnError()
    {
        await using var cluster = await GmmCluster.StartAsync(1, options => options.MemoryLimit = 3_500_000);
        var (rows, weights) = (Rows.FromMemory(new double[300_000], 3), Enumerable.Repeat(1.0, 100_000).ToArray());
        var error = await Assert.ThrowsAsync<GmmException>(
            () => cluster.Client.SendRowsAsync(Rows.FromMemory(new double[450_000], 3)));
        Assert.Contains("MemoryLimit", error.Message, StringComparison.Ordinal);

        // What was sent is free again, and weights are 800,000 bytes more.
        for (var i = 0; i < 3; i++)
        {
            await using var sent = await cluster.Client.SendRowsAsync(rows);
            Assert.Equal(100_000, sent.Rows.Count);
        }

        await using var weighted = await cluster.Client.SendRowsAsync(rows, weights);
        error = await Assert.ThrowsAsync<GmmException>(
            () => cluster.Client.SendRowsAsync(Rows.FromMemory(new double[45_000], 3)));
        Assert.Contains("MemoryLimit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFileOfWeightsForRowsThatAreSentIsAnError()
    {
        var options = new ClusterRowsOptions { Weights = "weights.npy" };
        var error = await Assert.ThrowsAsync<GmmException>(
            () => clusters.Of(1).Client.SendRowsAsync(Tables.Real, null, options));
        Assert.Equal(
            "Weights must be null for rows that are sent, whose weights come with them, but is weights.npy.",
            error.Message);
    }

    [Fact]
    public async Task RowsThatAreDisposedCannotBeUsed()
    {
        var rows = await clusters.Of(1).Client.OpenRowsAsync("real.npy");
        await rows.DisposeAsync();
        await rows.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => new GaussianMixture(2).Fit(rows.Rows));
        Assert.Throws<ObjectDisposedException>(() => rows.Source.Read.Invoke(0));
    }

    [Fact]
    public async Task NoRowsAreAnError()
    {
        var error = await Assert.ThrowsAsync<GmmException>(() => clusters.Of(1).Client.SendRowsAsync(new double[0, 2]));
        Assert.Equal("The data must have at least one row, but there is none.", error.Message);
    }

    // ── Calls that no client of this version makes ──────────────────────────────────────────────────────────────────

    [Fact]
    public async Task CallsThatBreakARuleAreErrors()
    {
        var client = clusters.Of(1).Client;
        var grain = client.GetGrain<IShardGrain>(0, Guid.NewGuid().ToString());
        var question = new WireQuestion { Scan = "count" };

        Task<Reply> AskAsync(WireQuestion asked)
        {
            var id = Guid.NewGuid();
            return UntilDone(() => grain.Ask(id, asked, Short));
        }

        Assert.Equal(Status.NotOpen, (await grain.Ask(Guid.NewGuid(), question, Short)).Status);
        Assert.Equal(Status.NotOpen, (await grain.Continue(Guid.NewGuid(), 0, Short)).Status);
        Assert.Equal(Status.NotOpen, (await grain.Read(0)).Status);
        Assert.Equal(Status.NotOpen, (await grain.Put(0, [], null)).Status);
        Assert.Equal(Status.NotOpen, (await grain.Touch()).Status);

        var good = new Table { Rows = [Tables.Rows], Columns = 3, Version = Translation.Version };
        Table[] bad =
        [
            good with { Columns = 0 }, good with { Columns = -1 }, good with { Columns = int.MaxValue }, good with { Rows = [] },
            good with { Rows = [0] }, good with { Rows = [-5] }, good with { Rows = [long.MaxValue] }, good with { Rows = [1, 2] },
            good with { Digests = ["?"] }, good with { Files = ["real.npy"] }, good with { Weights = "weights.npy" },
        ];

        foreach (var table in bad)
            Assert.Equal(Status.Failed, (await grain.Open(new() { Table = table, Runs = 1 }, Short)).Status);

        foreach (var (first, count) in new[] { (-1, 1), (0, 0), (0, 5), (4, 1), (int.MaxValue, 1), (1, int.MaxValue) })
            Assert.Equal(Status.Failed, (await grain.Open(new() { Table = good, FirstRun = first, Runs = count }, Short)).Status);

        Assert.Equal(Status.Done, (await UntilDone(() => grain.Open(new() { Table = good, Runs = 1 }, Short))).Status);
        var size = SourceModule.blockRows(3) * 3 * sizeof(double);
        Assert.Equal(Status.Failed, (await grain.Put(-1, new byte[size], null)).Status);
        Assert.Equal(Status.Failed, (await grain.Put(2, new byte[size], null)).Status);
        Assert.Equal(Status.Failed, (await grain.Put(0, new byte[size - 1], null)).Status);
        Assert.Equal(Status.Failed, (await grain.Put(0, new byte[size], new byte[8])).Status);
        Assert.Equal(Status.Failed, (await grain.Read(long.MaxValue)).Status);
        Assert.Equal(Status.Failed, (await grain.Read(0)).Status);
        Assert.Equal(Status.NotAsked, (await grain.Continue(Guid.NewGuid(), 0, Short)).Status);
        Assert.Equal(Status.Failed, (await AskAsync(question)).Status);
        Assert.Equal(Status.Done, (await grain.Put(0, new byte[size], null)).Status);
        Assert.Equal(Status.Done, (await grain.Put(1, new byte[size], null)).Status);
        Assert.Equal(Status.Done, (await AskAsync(question)).Status);
        Assert.Equal(Status.Failed, (await AskAsync(question with { Scan = "System.IO.File" })).Status);
        Assert.Equal(Status.Failed, (await AskAsync(question with { Names = ["?"] })).Status);
        await grain.Close();
        Assert.Equal(Status.NotOpen, (await grain.Read(0)).Status);
    }

    [Fact]
    public async Task AQuestionThatIsAskedTwiceIsAnsweredTwice()
    {
        var grain = await OpenAsync(clusters.Of(1), "real.npy");
        var (id, question) = (Guid.NewGuid(), new WireQuestion { Scan = "count" });
        Task<Reply> AskAsync() => UntilDone(() => grain.Ask(id, question, Short));
        var replies = await Task.WhenAll(AskAsync(), AskAsync(), AskAsync());
        Assert.All(replies, reply => Assert.Equal([1, 1, 1, 1], reply.Counts));
        Assert.All(replies, reply => Assert.Equal(Tables.Rows, Translation.Doubles(reply.Numbers).Sum()));

        // The answer stays until the client has it.
        Assert.Equal(replies[0].Numbers, (await grain.Continue(id, 0, Short)).Numbers);
        Assert.Equal(replies[0].Numbers[8..], (await grain.Continue(id, 1, Short)).Numbers);
        await grain.Cancel(id);
        Assert.Equal(Status.NotAsked, (await grain.Continue(id, 0, Short)).Status);
        await grain.Close();
    }

    [Fact]
    public async Task BlocksAndDescriptionsDoNotWaitForQuestions()
    {
        using var format = new HeldFormat();
        var name = Guid.NewGuid() + HeldFormat.Ending;
        File.Copy(Path.Combine(clusters.Folder, "real.npy"), Path.Combine(clusters.Folder, name));
        await using var cluster = await GmmCluster.StartAsync(1, options =>
        {
            options.Folder = clusters.Folder;
            options.Formats.Add(format);
            options.Threads = 1;
        });

        try
        {
            var grain = await OpenAsync(cluster, name);
            var other = await OpenAsync(cluster, "real.npy");
            Assert.Equal(Status.Done, (await grain.Read(0)).Status);
            var isHeld = format.Hold();
            var question = new WireQuestion { Scan = "count" };
            Assert.Equal(Status.Working, (await grain.Ask(Guid.NewGuid(), question, TimeSpan.Zero)).Status);
            await isHeld.WaitAsync(Minute);
            Assert.Equal(Status.Done, (await other.Read(0)).Status);
            Assert.Equal(Status.Done, (await DescribeAsync(other, "real.npy")).Status);

            // What is repeated meanwhile is done once.
            var opened = format.Opened;

            for (var i = 0; i < 3; i++)
                Assert.Equal(Status.Working, (await other.Describe(name, TimeSpan.Zero)).Status);

            Assert.InRange(format.OpenFiles, 1, 2);
            format.Release();
            Assert.Equal(Status.Done, (await DescribeAsync(other, name)).Status);
            Assert.Equal(opened + 1, format.Opened);
            await grain.Close();
            Assert.Equal(0, format.OpenFiles);
        }
        finally
        {
            format.Release();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0.0.1")]
    public async Task AClientOfAnotherVersionIsRefused(string version)
    {
        var grain = clusters.Of(1).Client.GetGrain<IShardGrain>(0, Guid.NewGuid().ToString());
        var table = new Table { Rows = [Tables.Rows], Columns = 3, Version = version };
        var reply = await grain.Open(new() { Table = table, Runs = 1 }, Short);
        Assert.Equal(Status.Failed, reply.Status);
        var error = Translation.OfWire(reply.Error!);
        Assert.True(error.IsUnavailableBackend);
        Assert.Contains($"a silo has {Translation.Version}", error.Message, StringComparison.Ordinal);
        Assert.Contains(Translation.SameVersion, error.Message, StringComparison.Ordinal);
    }

    // ── Places and options ──────────────────────────────────────────────────────────────────────────────────────────

    [Fact]
    public async Task ShardsAreSpreadOverAllSilos()
    {
        var client = clusters.Of(3).Client;
        var id = Guid.NewGuid().ToString();
        var places = new List<SiloAddress?>();

        for (var i = 0; i < 6; i++)
        {
            var grain = client.GetGrain<IShardGrain>(i, id);
            await grain.Touch();
            places.Add(await client.GetGrain<IManagementGrain>(0).GetActivationAddress(grain));
        }

        Assert.Equal(3, places.Distinct().Count());
        Assert.Equal(places[..3], places[3..]);
    }

    [Theory]
    [InlineData(0, 2.0, 60.0, "ShardsPerSilo")]
    [InlineData(4, 2.0, 60.0, "ShardsPerSilo")]
    [InlineData(1, 0.0, 60.0, "CallTimeout")]
    [InlineData(1, 2.0, -1.0, "RetryLimit")]
    public async Task OptionsOfClientsHaveTheirRules(int shards, double timeout, double limit, string name)
    {
        var options = new ClusterRowsOptions
        {
            ShardsPerSilo = shards,
            CallTimeout = TimeSpan.FromSeconds(timeout),
            RetryLimit = TimeSpan.FromSeconds(limit),
        };
        var error = await Assert.ThrowsAsync<GmmException>(() => clusters.Of(1).Client.OpenRowsAsync("real.npy", options));
        Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<GmmException>(() => clusters.Of(1).Client.SendRowsAsync(Tables.Real, null, options));
        Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OptionsOfSilosHaveTheirRules()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => GmmCluster.StartAsync(1, options => options.Threads = 0));
        Assert.Contains("Threads must be at least 1", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<OptionsValidationException>(() => GmmCluster.StartAsync(1, options => options.Folder = "/no/such"));
        Assert.Contains("Folder must be a folder that exists", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilosWithoutGmmAreAClearError()
    {
        var (siloPort, gatewayPort) = (Processes.FreePort(), Processes.FreePort());
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort, gatewayPort));
        using var host = builder.Build();
        await host.StartAsync();
        var client = (IClusterClient)host.Services.GetService(typeof(IClusterClient))!;
        var error = await Assert.ThrowsAsync<GmmException>(() => client.OpenRowsAsync("real.npy", new() { RetryLimit = Short }));
        Assert.Contains("Call AddGmm", error.Message, StringComparison.Ordinal);
        await host.StopAsync();
    }

    [Fact]
    public async Task AnswersLongerThanAMessageComeInPieces()
    {
        // A shard's responsibilities: 10,000 rows of 30 numbers.
        var model = new GaussianMixture(30) { Init = InitMethod.Points, MaxIterations = 1, CovarianceType = CovarianceType.Spherical };
        model.Fit(Tables.Real);
        var rows = await clusters.Open(1, "real");
        Assert.Equal(model.PredictProba(Tables.Real), model.PredictProba(rows.Rows));
    }

    [Fact]
    public async Task TheClientCountsBytes()
    {
        await using var rows = await clusters.Of(2).Client.OpenRowsAsync("real.npy");
        var (sent, received) = (rows.BytesSent, rows.BytesReceived);
        new GaussianMixture(2) { Init = InitMethod.Points, MaxIterations = 1 }.Fit(rows.Rows);
        Assert.True(rows.BytesSent > sent);
        Assert.True(rows.BytesReceived > received);
    }

    /// <summary>A shard that has a table of 20,000 rows in a file as a whole.</summary>
    private static async Task<IShardGrain> OpenAsync(GmmCluster cluster, string name)
    {
        var grain = cluster.Client.GetGrain<IShardGrain>(0, Guid.NewGuid().ToString());
        var file = await DescribeAsync(grain, name);
        var shard = new Shard { Table = TableOf(name, file.Digest), Runs = 4 };
        Assert.Equal(Status.Done, (await UntilDone(() => grain.Open(shard, Short))).Status);
        return grain;
    }

    private static Table TableOf(string file, string digest) => new()
    {
        Files = [file],
        Rows = [Tables.Rows],
        Columns = 3,
        Digests = [digest],
        Version = Translation.Version,
    };

    private static Task<Reply> DescribeAsync(IShardGrain grain, string name) =>
        UntilDone(() => grain.Describe(name, Short));

    /// <summary>Waits until a shard is closed to new calls.</summary>
    private static async Task ClosedAsync(IShardGrain grain)
    {
        while ((await grain.Touch()).Status is not Status.NotOpen)
            await Task.Yield();
    }

    /// <summary>Repeats a call while the silo works on it, a minute at most.</summary>
    private static async Task<Reply> UntilDone(Func<Task<Reply>> call)
    {
        for (var i = 0; i < 60; i++)
        {
            if (await call() is { Status: not Status.Working } reply)
                return reply;
        }

        throw new TimeoutException("The silo still works.");
    }
}
