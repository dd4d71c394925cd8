using System.Net;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace Gmm.Cluster;

/// <summary>Where the silos of a cluster find one another, and clients find them.</summary>
internal sealed record Membership(string Kind, string Place)
{
    private const string Cluster = "gmm";
    private const string Invariant = "Npgsql";

    /// <summary>
    /// Reads <c>redis=localhost:6379</c>, <c>postgresql=Host=localhost;Username=gmm</c> or
    /// <c>development=127.0.0.1:11111</c>.
    /// </summary>
    public static Membership Parse(string text)
    {
        var parts = text.Split('=', 2);
        return parts is ["redis" or "postgresql" or "development", var place]
            ? new(parts[0], place)
            : throw new ArgumentException(
                $"--membership must begin with redis=, postgresql= or development=, but is {text}.");
    }

    public override string ToString() => $"{Kind}={Place}";

    public void Configure(ISiloBuilder silo)
    {
        silo.Configure<ClusterOptions>(Name);

        switch (Kind)
        {
            case "redis":
                silo.UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(Place));
                break;

            case "postgresql":
                silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Invariant, Place));
                break;

            default:
                silo.UseDevelopmentClustering(IPEndPoint.Parse(Place));
                break;
        }
    }

    public void Configure(IClientBuilder client, IReadOnlyList<IPEndPoint> gateways)
    {
        client.Configure<ClusterOptions>(Name);

        switch (Kind)
        {
            case "redis":
                client.UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse(Place));
                break;

            case "postgresql":
                client.UseAdoNetClustering(
                    options => (options.Invariant, options.ConnectionString) = (Invariant, Place));
                break;

            default:
                client.UseStaticClustering([.. gateways]);
                break;
        }
    }

    private static void Name(ClusterOptions options) => (options.ClusterId, options.ServiceId) = (Cluster, Cluster);
}
