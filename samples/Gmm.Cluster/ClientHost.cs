using System.Net;
using Gmm.CSharp;
using Gmm.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;

namespace Gmm.Cluster;

/// <summary>A client that fits a mixture to rows on a cluster.</summary>
internal static class ClientHost
{
    public static async Task RunAsync(Arguments arguments)
    {
        var gateways = (arguments.Text("gateways") ?? "127.0.0.1:30000").Split(',').Select(IPEndPoint.Parse).ToArray();
        using var host = await ConnectAsync(Membership.Parse(arguments.Required("membership")), gateways);
        var client = host.Services.GetRequiredService<IClusterClient>();
        await using var rows = await client.OpenRowsAsync(arguments.Required("file").Split(','));
        Console.WriteLine(rows);
        var model = new GaussianMixture(arguments.Number("components", 4)) { Verbose = true };
        Console.WriteLine(model.Fit(rows.Rows).Summary());
    }

    /// <summary>Starts a client. Dispose of the host after the last use.</summary>
    public static async Task<IHost> ConnectAsync(Membership membership, IReadOnlyList<IPEndPoint> gateways)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.UseOrleansClient(client =>
        {
            membership.Configure(client, gateways);
            client.UseQuickFailover();
        });
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
