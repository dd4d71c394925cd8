using Gmm.CSharp;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Gmm.Orleans;

/// <summary>Adds Gmm to silos, and gives clients their rows.</summary>
public static class GmmOrleans
{
    /// <summary>Adds the work on rows to a silo. All silos of a cluster need the same version of Gmm.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configure">Sets the options, above all the folder of the files.</param>
    /// <returns>The silo.</returns>
    /// <exception cref="ArgumentNullException">
    /// The silo is null. An option that breaks its rule throws OptionsValidationException when the silo starts.
    /// </exception>
    public static ISiloBuilder AddGmm(this ISiloBuilder builder, Action<GmmSiloOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);

        return builder.ConfigureServices(services =>
        {
            services.AddOptions<GmmSiloOptions>()
                .Configure(options => configure?.Invoke(options))
                .Validate(options => options.Threads >= 1, "GmmSiloOptions.Threads must be at least 1.")
                .Validate(options => options.MemoryLimit >= 0, "GmmSiloOptions.MemoryLimit must not be negative.")
                .Validate(
                    options => options.Folder is null || Directory.Exists(options.Folder),
                    "GmmSiloOptions.Folder must be a folder that exists.")
                .ValidateOnStart();
            services.AddSingleton<SiloWorkers>();
            services.AddSingleton<SiloReaders>();
            services.AddSingleton<SiloMemory>();
            services.AddPlacementDirector<ShardPlacement, ShardPlacementDirector>();
        });
    }

    /// <summary>
    /// Sets how soon a silo counts as dead: after two missed probes, one each second. A fit then stands still for
    /// about 3 seconds when a silo dies, and for about 8 when most silos die at once: those that are left outvote the
    /// others when these have not written to the membership for 6 seconds. Orleans' own settings, for slower
    /// networks, take about ten times as long.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <returns>The silo.</returns>
    public static ISiloBuilder UseQuickFailover(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);

        return builder.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(1);
            options.NumMissedProbesLimit = 2;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);
            options.NumMissedTableIAmAliveLimit = 3;
        });
    }

    /// <summary>Has a client look for new silos every 2 seconds, instead of every minute.</summary>
    /// <param name="builder">The client.</param>
    /// <returns>The client.</returns>
    public static IClientBuilder UseQuickFailover(this IClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
    }

    /// <summary>Opens a file of rows on all silos of a cluster.</summary>
    /// <param name="client">A client of the cluster.</param>
    /// <param name="file">The name of the file, relative to the silos' folder.</param>
    /// <param name="options">How to reach the rows; null for the defaults.</param>
    /// <param name="cancellation">Ends the opening.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="GmmException">The silos can't read the file, or do not answer.</exception>
    public static Task<ClusterRows> OpenRowsAsync(
        this IClusterClient client,
        string file,
        ClusterRowsOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return client.OpenRowsAsync([file], options, cancellation);
    }

    /// <summary>
    /// Opens several files on all silos of a cluster as one table: the rows of the first file, then those of the
    /// second…
    /// </summary>
    /// <param name="client">A client of the cluster.</param>
    /// <param name="files">
    /// The names of the files, relative to the silos' folder. A silo reads only the files that have its rows.
    /// </param>
    /// <param name="options">How to reach the rows; null for the defaults.</param>
    /// <param name="cancellation">Ends the opening.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="GmmException">
    /// The silos can't read a file, the files differ in width, or the silos do not answer.
    /// </exception>
    public static Task<ClusterRows> OpenRowsAsync(
        this IClusterClient client,
        IReadOnlyList<string> files,
        ClusterRowsOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(files);
        return ClusterRows.OpenAsync(client, files, options ?? new(), cancellation);
    }

    /// <summary>
    /// Sends rows to a cluster, whose silos keep them in memory. If a silo dies, its rows are lost: prefer files.
    /// </summary>
    /// <param name="client">A client of the cluster.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="weights">
    /// One weight for every row (N), which counts as so many copies of the row; null for weights of 1.
    /// </param>
    /// <param name="options">How to reach the rows; null for the defaults.</param>
    /// <param name="cancellation">Ends the sending.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="GmmException">
    /// A weight breaks its rule, the silos have too little memory, or they do not answer.
    /// </exception>
    public static Task<ClusterRows> SendRowsAsync(
        this IClusterClient client,
        Rows rows,
        double[]? weights = null,
        ClusterRowsOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var source = weights is null ? rows.Source : GmmErrorModule.get(SourceModule.weighted(weights, rows.Source));
        return client.SendRowsAsync(source, options, cancellation);
    }

    /// <summary>Sends the rows of a source of Gmm.FSharp, with its weights, like the other method.</summary>
    /// <param name="client">A client of the cluster.</param>
    /// <param name="source">The rows.</param>
    /// <param name="options">How to reach the rows; null for the defaults.</param>
    /// <param name="cancellation">Ends the sending.</param>
    /// <returns>The rows.</returns>
    /// <exception cref="GmmException">The silos have too little memory, or they do not answer.</exception>
    public static Task<ClusterRows> SendRowsAsync(
        this IClusterClient client,
        Source source,
        ClusterRowsOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(source);
        return ClusterRows.SendAsync(client, source, options ?? new(), cancellation);
    }
}
