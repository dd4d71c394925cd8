using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Gmm.Orleans;

/// <summary>A cluster of silos in this process, for trying and for tests, with a client.</summary>
/// <remarks>
/// The silos find one another by Orleans' development membership, which lies in the memory of the first silo. A real
/// cluster is a process for each machine, with a membership in Redis, PostgreSQL or another store that Orleans knows.
/// </remarks>
/// <example>
/// <code>
/// await using var cluster = await GmmCluster.StartAsync(silos: 2);
/// await using var rows = await cluster.Client.SendRowsAsync(data);
/// var model = new GaussianMixture(components: 3).Fit(rows.Rows);
/// </code>
/// </example>
public sealed class GmmCluster : IAsyncDisposable
{
    private readonly List<IHost> silos;
    private readonly IHost client;

    private GmmCluster(List<IHost> silos, IHost client)
    {
        (this.silos, this.client) = (silos, client);
        Client = client.Services.GetRequiredService<IClusterClient>();
    }

    /// <summary>A client of the cluster.</summary>
    public IClusterClient Client { get; }

    /// <summary>The number of silos.</summary>
    public int Silos => silos.Count;

    /// <summary>Starts a cluster, which listens on this machine only.</summary>
    /// <param name="silos">The number of silos.</param>
    /// <param name="configure">
    /// Sets the options of every silo; the silos share the cores unless it sets the threads.
    /// </param>
    /// <param name="cancellation">Ends the start.</param>
    /// <returns>The cluster.</returns>
    public static async Task<GmmCluster> StartAsync(
        int silos = 1, Action<GmmSiloOptions>? configure = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(silos, 1);
        var ports = FreePorts(2 * silos);
        var primary = new IPEndPoint(IPAddress.Loopback, ports[0]);
        var cluster = ClusterRows.Identifier();
        var started = new List<IHost>();

        try
        {
            for (var i = 0; i < silos; i++)
            {
                var (siloPort, gatewayPort) = (ports[2 * i], ports[(2 * i) + 1]);
                var builder = Host.CreateEmptyApplicationBuilder(new());
                builder.UseOrleans(silo => silo
                    .UseLocalhostClustering(siloPort, gatewayPort, primary, cluster, cluster)
                    .AddGmm(options =>
                    {
                        options.Threads = Math.Max(1, Environment.ProcessorCount / silos);
                        configure?.Invoke(options);
                    }));
                started.Add(await StartAsync(builder.Build(), cancellation).ConfigureAwait(false));
            }

            var gateways = Enumerable.Range(0, silos).Select(i => ports[(2 * i) + 1]).ToArray();
            var ofClient = Host.CreateEmptyApplicationBuilder(new());
            ofClient.UseOrleansClient(builder => builder.UseLocalhostClustering(gateways, cluster, cluster));
            return new(started, await StartAsync(ofClient.Build(), cancellation).ConfigureAwait(false));
        }
        catch
        {
            await StopAsync(started).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops client and silos.</summary>
    /// <returns>A task that ends when they have stopped.</returns>
    public async ValueTask DisposeAsync()
    {
        await StopAsync([client]).ConfigureAwait(false);
        await StopAsync(Enumerable.Reverse(silos)).ConfigureAwait(false);
    }

    private static async Task<IHost> StartAsync(IHost host, CancellationToken cancellation)
    {
        try
        {
            await host.StartAsync(cancellation).ConfigureAwait(false);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    private static async Task StopAsync(IEnumerable<IHost> hosts)
    {
        foreach (var host in hosts)
        {
            await host.StopAsync().ConfigureAwait(false);
            host.Dispose();
        }
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();

        foreach (var listener in listeners)
            listener.Start();

        var ports = Array.ConvertAll(listeners, listener => ((IPEndPoint)listener.LocalEndpoint).Port);

        foreach (var listener in listeners)
            listener.Dispose();

        return ports;
    }
}
