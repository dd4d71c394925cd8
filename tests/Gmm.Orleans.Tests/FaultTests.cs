using System.Globalization;
using System.Text.RegularExpressions;
using Gmm.Cluster;
using Gmm.CSharp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>Tests whose processes need the machine: no other test runs beside them.</summary>
[CollectionDefinition(nameof(Faults), DisableParallelization = true)]
public sealed class Faults;

/// <summary>
/// Silos are processes; what happens to them in the middle of a fit changes no bit of it, or ends it with a clear
/// error.
/// </summary>
[Collection(nameof(Faults))]
public sealed class FaultTests(Clusters clusters) : IAsyncDisposable
{
    /// <summary>The iteration after which something happens.</summary>
    private const int Middle = 4;

    private readonly Processes processes = new();

    [Fact]
    public async Task AKilledSilo()
    {
        var (_, silos, host) = await StartAsync(3);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            Assert.Equal(3, rows.Silos);
            IsUnchangedBy(rows, silos[1].Kill);
        }
    }

    [Fact]
    public async Task AllSilosButOneKilled()
    {
        var (_, silos, host) = await StartAsync(3);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            Assert.Equal(3, rows.Silos);
            IsUnchangedBy(rows, () =>
            {
                silos[0].Kill();
                silos[2].Kill();
            });
        }
    }

    [Fact]
    public async Task AllSilosKilledAndOthersStarted()
    {
        var (membership, silos, host) = await StartAsync(2);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            IsUnchangedBy(rows, () =>
            {
                silos.ForEach(silo => silo.Kill());
                processes.StartSiloAsync(membership, clusters.Folder).GetAwaiter().GetResult();
            });
        }
    }

    [Fact]
    public async Task ASiloAddedAndTheOthersKilled()
    {
        var (membership, silos, host) = await StartAsync(2);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            IsUnchangedBy(rows, () =>
            {
                processes.StartSiloAsync(membership, clusters.Folder).GetAwaiter().GetResult();
                silos.ForEach(silo => silo.Kill());
            });
        }
    }

    [Fact]
    public async Task NoSiloLeftIsAnError()
    {
        var (_, silos, host) = await StartAsync(2);
        using (host)
        {
            await using var rows = await OpenAsync(host, new() { RetryLimit = TimeSpan.FromSeconds(10) });
            var error = Assert.ThrowsAny<Exception>(() => Fit(rows.Rows, () => silos.ForEach(silo => silo.Kill())));
            Assert.Contains("orleans can't be used: shard ", error.Message, StringComparison.Ordinal);
            Assert.Contains("did not answer for 10 s", error.Message, StringComparison.Ordinal);
            Assert.Contains("RetryLimit", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SentRowsAreLostWithTheirSilo()
    {
        var (_, silos, host) = await StartAsync(2);
        using (host)
        {
            var client = host.Services.GetRequiredService<IClusterClient>();
            await using var rows = await client.SendRowsAsync(Tables.Real);
            var error = Assert.ThrowsAny<Exception>(() => Fit(rows.Rows, silos[0].Kill));
            Assert.Contains("rows that were sent are lost", error.Message, StringComparison.Ordinal);
            Assert.Contains("Send the rows again", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AFitIsCancelled()
    {
        var (_, _, host) = await StartAsync(1);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            using var ending = new CancellationTokenSource();
            Assert.ThrowsAny<OperationCanceledException>(() => Fit(rows.Rows, ending.Cancel, ending.Token));
            Bits.AreEqual(Fit(Tables.Real), Fit(rows.Rows));
        }
    }

    [Fact]
    public async Task AStalledSiloAndBack()
    {
        var (_, silos, host) = await StartAsync(2);
        using (host)
        {
            await using var rows = await OpenAsync(host);
            Assert.Equal(2, rows.Silos);
            IsUnchangedBy(rows, () => silos[1].Signal("STOP"));
            await ComesBackAsync(rows, silos[1], () => silos[1].Signal("CONT"));
        }
    }

    [Fact]
    public async Task ASiloCutOffAndBack()
    {
        const int Machines = 2;
        Processes.Require(OperatingSystem.IsLinux() && Processes.Run("ip", "-V"), "program ip");
        DeleteNetworks(process => !Directory.Exists($"/proc/{process}"));

        // The names, and the numbers of the machines, are those of this process alone.
        var own = Environment.ProcessId;
        var (bridge, machine, cable) = ($"gmm{own}b", $"gmm{own}n", $"gmm{own}v");
        string Address(int i) => string.Create(CultureInfo.InvariantCulture, $"10.213.{own % 250}.{i + 1}");

        try
        {
            if (!Processes.Run("ip", "netns", "add", machine + "0") || !Processes.Run("ip", "link", "add", bridge, "type", "bridge"))
            {
                // Some containers keep the right to make networks even from root.
                TestContext.Current.AddWarning("Networks are forbidden here: the silo is halted instead of cut off.");
                await AStalledSiloAndBack();
                return;
            }

            // Machines of their own on a bridge of this one, where the membership and the client are.
            Ip($"addr add {Address(0)}/24 dev {bridge}");
            Ip($"link set {bridge} up");

            for (var i = 1; i <= Machines; i++)
            {
                Ip($"netns add {machine}{i}");
                Ip($"link add {cable}{i} type veth peer name eth0 netns {machine}{i}");
                Ip($"link set {cable}{i} master {bridge} up");
                Ip($"-n {machine}{i} addr add {Address(i)}/24 dev eth0");
                Ip($"-n {machine}{i} link set eth0 up");
                Ip($"-n {machine}{i} link set lo up");
            }

            var membership = await processes.StartRedisAsync(Address(0));
            var silos = await Task.WhenAll(Enumerable.Range(1, Machines).Select(i => processes.StartSiloAsync(
                membership, clusters.Folder, Address(i), "ip", "netns", "exec", $"{machine}{i}")));
            using var host = await ClientHost.ConnectAsync(
                Membership.Parse(membership), [.. silos.Select(silo => silo.Gateway)]);
            await using var rows = await OpenAsync(host);
            Assert.Equal(Machines, rows.Silos);
            IsUnchangedBy(rows, () => Ip($"link set {cable}2 down"));
            await ComesBackAsync(rows, silos[1], () => Ip($"link set {cable}2 up"));
        }
        finally
        {
            await processes.DisposeAsync();
            DeleteNetworks(process => process == own);
        }
    }

    [Fact]
    public async Task AKilledSiloWithPostgreSql()
    {
        const string User = "postgres";
        var bin = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).FirstOrDefault(Directory.Exists)
            : null;
        Processes.Require(bin is not null && Environment.IsPrivilegedProcess, "PostgreSQL with its user postgres");
        var folder = Directory.CreateTempSubdirectory("gmm-postgresql-").FullName;

        try
        {
            var port = Processes.FreePort();
            Assert.True(Processes.Run("chown", User, folder));
            Assert.True(Processes.Run("runuser", "-u", User, "--", $"{bin}/initdb", "-D", $"{folder}/data", "-A", "trust", "--no-sync"));
            processes.Start(
                "runuser", "-u", User, "--", $"{bin}/postgres", "-D", $"{folder}/data", "-h", "127.0.0.1", "-p", $"{port}", "-k", folder);
            await Processes.WaitForAsync("127.0.0.1", port);
            var scripts = Path.Combine(AppContext.BaseDirectory, "PostgreSQL");

            foreach (var script in new[] { "PostgreSQL-Main.sql", "PostgreSQL-Clustering.sql" })
            {
                string[] command = [$"{bin}/psql", "-h", "127.0.0.1", "-p", $"{port}", "-U", User, "-v", "ON_ERROR_STOP=1", "-f", Path.Combine(scripts, script)];

                // The server listens a moment before it takes statements.
                for (var i = 0; i < 100 && !Processes.Run([.. command[..7], "-c", "select 1"]); i++)
                    await Task.Delay(100);

                Assert.True(Processes.Run(command), script);
            }

            var (_, silos, host) = await StartAsync(2, $"postgresql=Host=127.0.0.1;Port={port};Username={User};Database={User}");
            using (host)
            {
                await using var rows = await OpenAsync(host);
                Assert.Equal(2, rows.Silos);
                IsUnchangedBy(rows, silos[0].Kill);
            }
        }
        finally
        {
            await processes.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    public ValueTask DisposeAsync() => processes.DisposeAsync();

    private async Task<(string Membership, List<Processes.SiloProcess> Silos, IHost Client)> StartAsync(int count, string? membership = null)
    {
        membership ??= await processes.StartRedisAsync();
        var silos = (await Task.WhenAll(Enumerable.Range(0, count).Select(_ => processes.StartSiloAsync(membership, clusters.Folder)))).ToList();
        return (membership, silos, await ClientHost.ConnectAsync(Membership.Parse(membership), [.. silos.Select(silo => silo.Gateway)]));
    }

    private static Task<ClusterRows> OpenAsync(IHost host, ClusterRowsOptions? options = null) =>
        host.Services.GetRequiredService<IClusterClient>().OpenRowsAsync("real.npy", options);

    /// <summary>A silo that is back learns that it counts as dead, and ends; the fit stays the same.</summary>
    private static async Task ComesBackAsync(ClusterRows rows, Processes.SiloProcess silo, Action comeBack)
    {
        comeBack();
        Bits.AreEqual(Fit(Tables.Real), Fit(rows.Rows));
        await silo.Process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Fits, has something happen in the middle, and compares the fit with that of this machine.</summary>
    private static void IsUnchangedBy(ClusterRows rows, Action happen)
    {
        var expected = Fit(Tables.Real);
        var hasHappened = false;
        var found = Fit(rows.Rows, () =>
        {
            happen();
            hasHappened = true;
        });
        Assert.True(hasHappened);
        Bits.AreEqual(expected, found);
        Assert.Equal(Bits.OfPredictions(expected, Tables.Real), Bits.OfPredictions(found, rows.Rows));
    }

    private static GaussianMixture Fit(Rows rows, Action? inTheMiddle = null, CancellationToken cancellation = default)
    {
        var model = new GaussianMixture(3) { Init = InitMethod.Points, MaxIterations = 12, Tolerance = 0, RandomState = 5 };
        return model.Fit(
            rows,
            progress: new Watch(at =>
            {
                if (at.Iteration == Middle)
                    inTheMiddle?.Invoke();
            }),
            cancellationToken: cancellation);
    }

    /// <summary>Deletes the machines, cables and bridges of processes: their names have the process's number.</summary>
    private static void DeleteNetworks(Func<int, bool> areOf)
    {
        foreach (var (folder, kind) in new[] { ("/var/run/netns", "netns"), ("/sys/class/net", "link") })
        {
            var all = Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Select(Path.GetFileName) : [];

            foreach (var name in all.OfType<string>())
            {
                var match = Regex.Match(name, "^gmm([0-9]{1,9})[bnv]");

                if (match.Success && areOf(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)))
                    Processes.Run("ip", kind, "del", name);
            }
        }
    }

    private static void Ip(string arguments) =>
        Assert.True(Processes.Run(["ip", .. arguments.Split(' ')]), string.Create(CultureInfo.InvariantCulture, $"ip {arguments}"));

    /// <summary>Calls a function at every iteration, on the thread of the fit.</summary>
    private sealed class Watch(Action<FitProgress> report) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => report(value);
    }
}
