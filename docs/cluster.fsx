(**
---
title: Rows on a cluster
category: Guides
categoryindex: 3
index: 18
---

# Rows on a cluster

When a table is too large for one machine, `Gmm.Orleans` shares its rows among the machines of an
[Orleans](https://learn.microsoft.com/dotnet/orleans/) cluster. Each machine runs a silo, a server process that works on
its part of the rows. The client fits the mixture, but sees only sums and a sample. Every family, restart, selection and
prediction works as on one machine, with [a few limits](#What-runs-where). The result is identical to the last bit, for
any number of silos, and even if a silo dies during the fit.

A script or program of your own loads the package first:

    [lang=fs]
    #r "nuget: Gmm.Orleans"

Run this page with `dotnet fsi docs/cluster.fsx` after `dotnet fsi build.fsx build`.
*)
(*** hide ***)
#I "../samples/Gmm.Cluster/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.CSharp.dll"
#r "Gmm.Orleans.dll"
#r "Orleans.Core.Abstractions.dll"
#r "Orleans.Core.dll"
(** *)
open System
open Gmm
open Gmm.Orleans
(**
## A cluster in this process

`GmmCluster.StartAsync` starts silos in this process, for experiments and tests. The client sends them the rows once:
*)
let data =
    let random = Random 1

    Array2D.init 60_000 4 (fun n j -> 0.4 * float (n % 3 * (j + 1)) + random.NextDouble() + random.NextDouble())
    |> Source.ofArray2D
    |> GmmError.get

let cluster = GmmCluster.StartAsync(silos = 3).Result
let rows = cluster.Client.SendRowsAsync(data).Result

let options = { Gmm.defaults with Components = 3 }
let remote = Gmm.fit options rows.Source |> GmmError.get
let local = Gmm.fit options data |> GmmError.get

printfn $"log-likelihood per row %.6f{remote.LogLikelihood / 60000.0} after {remote.Iterations} iterations"
printfn $"the same bits: {remote.Trace = local.Trace && remote.Weights = local.Weights}"
printfn $"the same labels: {Predict.labels remote rows.Source = Predict.labels local data}"

rows.DisposeAsync().AsTask().Wait()
cluster.DisposeAsync().AsTask().Wait()
(*** include-output ***)
(**
In C#, `new GaussianMixture(components: 3).Fit(rows.Rows)` does the same.

Rows that were sent stay in the memory of the silos. If a silo dies, its rows are lost, and the fit ends with an error
that says so. Use files for data that matter.

## A real cluster

Run one silo on each machine. Its configuration names the folder that clients may read from, and the membership store
through which silos and clients find each other. All silos must see the same files, for example in a shared folder, and
the files must not change while they are in use. Each silo reads only its own part of them, and some blocks of each file
to check that all silos see the same: the first block of each run (see [below](#What-runs-where)) and the last one. A
file of the same length that differs only in other blocks goes unnoticed. This is a silo in C#, with the packages
Gmm.Orleans, Microsoft.Orleans.Clustering.Redis and StackExchange.Redis (2.13.17 or later; with an older one the build
warns):

    [lang=csharp]
    using Gmm.Orleans;
    using Microsoft.Extensions.Hosting;
    using Orleans.Configuration;
    using Orleans.Hosting;
    using StackExchange.Redis;

    var builder = Host.CreateApplicationBuilder(args);
    builder.UseOrleans(silo => silo
        .UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse("redis.example:6379"))
        .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("gmm", "gmm"))
        .UseQuickFailover()
        .AddGmm(options => options.Folder = "/srv/tables"));
    await builder.Build().RunAsync();

A silo listens on two ports, by default 11111 for the other silos and 30000 for clients. Two silos on one machine need
ports of their own, or the second one ends the first: call
`silo.ConfigureEndpoints(IPAddress.Loopback, siloPort: 11112, gatewayPort: 30001)` for the second one, with
`using System.Net;`.

The client is another program, with the same store and the same identifiers of the cluster:

    [lang=csharp]
    using Gmm.CSharp;
    using Gmm.Orleans;
    using Microsoft.Extensions.DependencyInjection;
    using Microsoft.Extensions.Hosting;
    using Orleans;
    using Orleans.Configuration;
    using Orleans.Hosting;
    using StackExchange.Redis;

    var builder = Host.CreateApplicationBuilder(args);
    builder.UseOrleansClient(cluster => cluster
        .UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse("redis.example:6379"))
        .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("gmm", "gmm"))
        .UseQuickFailover());
    using var host = builder.Build();
    await host.StartAsync();

    var client = host.Services.GetRequiredService<IClusterClient>();
    await using var rows = await client.OpenRowsAsync("payments.npy");
    var model = new GaussianMixture(components: 8).Fit(rows.Rows);
    int[] labels = model.Predict(rows.Rows);

`OpenRowsAsync` also takes a list of files, whose rows follow one another as one table. `ClusterRowsOptions.Weights`
names a file of weights. `GmmSiloOptions` has the other settings of a silo: the threads, the memory for rows that are
sent, file formats other than NumPy's, and families of your own, which every silo must know. With the package
Gmm.Parquet, silos read Parquet files, too:

    [lang=csharp]
    options.Formats.Add(RowFormat.Of(".parquet", path => Gmm.ParquetFile.Open(path), file => file.Source));

The sample `samples/Gmm.Cluster` contains both programs, silo and client. `dotnet fsi build.fsx cluster` starts three
silos and a client on one machine, alternates local and cluster fits, and kills a silo during a fit.

**Membership.** Redis and PostgreSQL are tested. For PostgreSQL (Microsoft.Orleans.Clustering.AdoNet and Npgsql), run
Orleans' SQL scripts first. Orleans' development clustering keeps the membership in the memory of the first silo, so
the cluster fails with that silo. SQLite doesn't work, because Orleans has no scripts for it.

## What runs where

The library divides a table into blocks of some 8,192 numbers, and into runs of neighbouring blocks. A table of up to 67
million rows has at most 64 runs. A larger one has a run for each million rows, up to 4,096. The division depends only
on the shape of the table. A shard is some neighbouring runs, and a silo has one to three shards. Each run has its own
statistics, and the client adds them in the order of the runs. So neither the number of silos nor the order of their
answers changes a bit.

| step | where | what travels |
|---|---|---|
| checks of the numbers | silos | a few numbers for each run of blocks |
| the scale of the data: mean, covariance, ranges | silos | moments of each run |
| starts, k-means and short runs included | client, on a sample | about 4 MiB of rows, more for many columns or components; a table that is smaller than that as a whole |
| EM on a sample, before the runs on all rows (`Auto` and `Thorough`, from 40,000 rows on, or more), and moves of components | client | a sample of at most 32 MiB for each size of sample; nothing if the client still has it |
| sums for a start from `Labels` or `Responsibilities` | silos | to each silo those of its rows; statistics of each run back |
| E-steps of every family, and of k-means | silos | the mixture to the silos; statistics of each run back |
| M-steps, convergence, acceleration, restarts, selection | client | nothing |
| labels, responsibilities, densities, scores | silos | the results |

A fit on one machine draws the same samples: for starts when the data have more than 524,288 numbers, and for EM and
moves as the table says. The client keeps up to four samples for the next fits. Functions that are not in this table,
such as `Metrics.silhouette`, read the rows block by block.

These are errors:

- A missing cell; the error names its row and column. Impute the cells or leave out their rows when you write the
  files: fits with `Missing = Missing.Fit` need the rows on one machine.
- Weights that the client gives to rows in files. Put them into a file, and name it in `ClusterRowsOptions.Weights`; for
  rows that are sent, pass them to `SendRowsAsync`.
- A backend other than the default.
- A message to a shard that is longer than Orleans carries: its `MaxMessageBodySize` less 1 MiB, by default 99 MiB. A
  mixture with full covariances takes 16·K·D² bytes, and a start from `Labels` or `Responsibilities` 8 or 8·K bytes for
  each row of the shard. Raise the limit on the client and on all silos. More silos help for labels and
  responsibilities, because each shard then has fewer rows.

## Faults

A question about rows is pure, so the client repeats it when a silo does not answer. Other silos open the shards of a
dead one again, from the files.

| what happens | what the fit does |
|---|---|
| a silo is killed (`kill -9`) | pauses for about 3 seconds with `UseQuickFailover`, then continues with the same bits |
| a silo is cut off from the network, and comes back | the same; the silo learns that it was declared dead, and shuts down |
| no silo runs when the client starts | `host.StartAsync` waits until one does; its `CancellationToken` ends that |
| a silo is killed while the client connects | the client's start takes up to 40 s |
| a silo is added | continues; tables that open later use the new silo, too |
| all silos but one are killed | pauses for about 8 seconds, then continues with that one |
| all silos are gone | ends with an error after `ClusterRowsOptions.RetryLimit`, one minute by default: when the last try has failed, up to ten seconds later, or later if a message carries many megabytes |
| a silo with rows that were sent is gone | ends with the error that these rows are lost |
| the fit is cancelled | ends; the silos give up the work |
| the rows are disposed of during a fit or before it | ends with `ObjectDisposedException` |
| a silo has another version of Gmm than the client | ends with an error that names both versions |

Without `UseQuickFailover`, Orleans' own settings apply, which suit slower networks; pauses then take about ten times as
long.

## Security

Whoever reaches the ports of a silo can use it: keep them in a private network, and use TLS between all machines. With
the package Microsoft.Orleans.Connections.Security, silos and clients both need it, in the lambda of `UseOrleans` and of
`UseOrleansClient`:

    [lang=csharp]
    .UseTls(StoreName.My, "gmm.example", allowInvalid: false, StoreLocation.LocalMachine, options =>
    {
        options.OnAuthenticateAsClient = (_, ssl) => ssl.TargetHost = "gmm.example";
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
    })

Messages carry names and numbers, but no names of types. A silo checks the sizes of all arrays before it works on them.
It opens only files below its folder, and follows no symbolic link out of it.

## Measured

`dotnet fsi build.fsx cluster -- --rounds 7 --iterations 20` on a machine of two cores, 29 November 2026, without other
work: 1,000,000 rows of 16 columns, 16 components with full covariances, three silos as processes of their own,
membership in Redis.

| | local | three silos |
|---|---|---|
| mean time of an iteration in a round, median of 7 rounds | 107 ms | 117 ms |
| ratio of the two means of a round, median of 7 rounds | 1 | 1.21 |
| processor time of a fit, median of 7 rounds | 4,947 ms | 5,044 ms, client and silos |
| sent in an iteration, from the sizes | | 407,136 bytes: the mixture, 67,856 bytes, to each of 6 shards |
| received in an iteration, from the sizes | | 2,237,952 bytes: statistics of 64 runs, 34,968 bytes each |
| longest iteration of a fit in which a silo is killed | | 2.2 s more than the median |

A round makes one fit here and one on the silos, one after the other. The ratio of the medians, 117/107 = 1.09, is not
the median of the ratios, 1.21, because the two medians may come from different rounds. The ratios are the fairer
measure: both fits of a round find the machine in about the same state. The bytes follow from the sizes of the mixture
and of the statistics; all else is measured.

In 5 rounds of 10 iterations (`--rounds 5 --iterations 10`), the ratio was 1.36. With one thread for each silo
(`--rounds 5 --iterations 10 --threads 1`), it was 1.28. The three silos share two cores, so this measures what the
cluster costs, not what it gains.

## On paper: 10¹⁰ rows and 100 silos

This is an estimate from the numbers above, not a measurement: 10¹⁰ rows of 16 columns, K = 16, full covariances, 100
silos of 16 cores, a network of 10 Gb/s.

| part of an iteration | estimate |
|---|---|
| E-step: 0.21 µs of a core for each row (107 ms · 2 cores / 10⁶) | 2,140 s of a core |
| on 1,600 cores: 4,096 runs of 2.4 million rows, at most 3 for each core, 0.52 s each | 1.6 s |
| the mixture to 200 shards: 14 MB | 0.01 s |
| statistics of 4,096 runs to the client: 143 MB | 0.12 s |
| the client reads and adds 143 MB, at 1 GB/s | 0.15 s |
| total | 1.9 s; with perfect scaling, 1.3 s |

The rows are 1.28 TB of float64, 12.8 GB for each silo. If they fit its memory, the operating system keeps them there
after the first iteration. Otherwise the disk decides: 6.4 s an iteration at 2 GB/s, and half of that for float32. The
client limits what more silos gain, because its 143 MB an iteration don't shrink: with 1,000 silos the E-step takes
0.5 s, as long as one run, and the network and the client 0.4 s.
*)
