using System.Net;
using Gmm.Orleans;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Gmm.Cluster;

/// <summary>A silo as a process of its own.</summary>
internal static class SiloHost
{
    /// <summary>Runs a silo until its input ends, or the process.</summary>
    public static async Task RunAsync(Arguments arguments)
    {
        var membership = Membership.Parse(arguments.Required("membership"));
        var address = IPAddress.Parse(arguments.Text("address") ?? "127.0.0.1");
        var builder = Host.CreateApplicationBuilder();
        builder.Logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);

        builder.UseOrleans(silo =>
        {
            membership.Configure(silo);
            silo.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = address;
                options.SiloPort = arguments.Number("silo-port", 11111);
                options.GatewayPort = arguments.Number("gateway-port", 30000);
            });
            silo.UseQuickFailover();
            silo.AddGmm(options =>
            {
                options.Folder = arguments.Text("folder");
                options.Threads = arguments.Number("threads", Environment.ProcessorCount);
            });
        });

        using var host = builder.Build();
        await host.StartAsync();
        Console.WriteLine("ready");

        if (arguments.Text("until") == "input-ends")
        {
            while (await Console.In.ReadLineAsync() is not null)
            {
            }

            await host.StopAsync();
        }
        else
        {
            await host.WaitForShutdownAsync();
        }
    }
}
