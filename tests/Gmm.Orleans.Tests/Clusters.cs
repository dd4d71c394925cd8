using System.Collections.Concurrent;
using Gmm.CSharp;
using Gmm.Orleans.Tests;
using Xunit;

[assembly: AssemblyFixture(typeof(Clusters))]

namespace Gmm.Orleans.Tests;

/// <summary>Clusters of one, two and three silos in this process, and a folder with the tables as files.</summary>
public sealed class Clusters : IAsyncLifetime
{
    private readonly List<GmmCluster> clusters = [];
    private readonly ConcurrentDictionary<(int, string, string?), Lazy<Task<ClusterRows>>> opened = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("gmm-orleans-").FullName;

    public async ValueTask InitializeAsync()
    {
        foreach (var (name, table) in Tables.All)
            ((CSharp.Rows)table).SaveNpy(Path.Combine(Folder, name + ".npy"));

        CSharp.Rows.FromMemory(Tables.Weights, 1).SaveNpy(Path.Combine(Folder, "weights.npy"));

        for (var silos = 1; silos <= 3; silos++)
            clusters.Add(await GmmCluster.StartAsync(silos, options => options.Folder = Folder));
    }

    public GmmCluster Of(int silos) => clusters[silos - 1];

    /// <summary>The rows of a file on a cluster, opened once for all tests.</summary>
    public Task<ClusterRows> Open(int silos, string table, string? weights = null) =>
        opened.GetOrAdd(
            (silos, table, weights),
            key => new(() => Of(silos).Client.OpenRowsAsync(table + ".npy", new() { Weights = weights }))).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var rows in opened.Values)
            await (await rows.Value).DisposeAsync();

        foreach (var cluster in clusters)
            await cluster.DisposeAsync();

        Directory.Delete(Folder, recursive: true);
    }
}
