(**
---
title: Rows on a cluster
category: Guides
categoryindex: 3
index: 16
---

# Rows on a cluster

When a table is too large for one machine, or lies on many, `Gmm.Orleans` fits a mixture where the rows are. The silos
of an Orleans cluster keep the rows, and the client that fits keeps none. Every family, start, restart, selection and
prediction works as on one machine. The result has the same bits, for any number of silos, also when a silo dies in the
middle of a fit.

    [lang=text]
    dotnet add package Gmm.Orleans

Run this page with `dotnet fsi docs/cluster.fsx` after `dotnet fsi build.fsx build`.
*)
(*** hide ***)
#I "../samples/Gmm.Cluster/bin/Release/net10.0"
#r "Gmm.FSharp.dll"
#r "Gmm.Orleans.dll"
#r "Orleans.Core.Abstractions.dll"
#r "Orleans.Core.dll"
(** *)
open System
open Gmm
open Gmm.Orleans
(**
## A cluster in this process

`GmmCluster.StartAsync` starts silos in this process, to try things and for tests. The client sends the rows once:
*)
let data =
    let random = Random 1

    Array2D.init 60_000 4 (fun n j -> 0.4 * float (n % 3 * (j + 1)) + random.NextDouble() + random.NextDouble())
    |> Source.ofArray2D
    |> GmmError.get

let cluster = GmmCluster.StartAsync(silos = 3).Result
let rows = cluster.Client.SendRowsAsync(data).Result

let options = { Gmm.defaults with Components = 3 }
let there = Gmm.fit options rows.Source |> GmmError.get
let here = Gmm.fit options data |> GmmError.get

printfn $"log-likelihood per row %.6f{there.LogLikelihood / 60000.0} after {there.Iterations} iterations"
printfn $"the same bits as here: {there.Trace = here.Trace && there.Weights = here.Weights}"
printfn $"the same labels: {Predict.labels there rows.Source = Predict.labels here data}"
(*** include-output ***)
(**
In C#, `new GaussianMixture(components: 3).Fit(rows.Rows)` does the same.

Sent rows stay in the memory of the silos. If a silo dies, its rows are lost, and the fit ends with an error that says
so. Use files for data that matter.

## A real cluster

A silo is a process on each machine. It names the folder that clients may read from, and the store in which silos find
one another. All silos must see the same files, for example in a shared folder; a silo reads only the runs of blocks
that are its own. In C#:

    [lang=csharp]
    // On every machine:
    var builder = Host.CreateApplicationBuilder(args);
    builder.UseOrleans(silo => silo
        .UseRedisClustering(options => options.ConfigurationOptions = ConfigurationOptions.Parse("redis.example:6379"))
        .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("gmm", "gmm"))
        .UseQuickFailover()
        .AddGmm(options => options.Folder = "/srv/tables"));
    await builder.Build().RunAsync();

    // Where you fit:
    await using var rows = await client.OpenRowsAsync("payments.npy");
    var model = new GaussianMixture(components: 8).Fit(rows.Rows);
    int[] labels = model.Predict(rows.Rows);

`OpenRowsAsync` takes a list of files, too; their rows follow one another as one table. `ClusterRowsOptions.Weights`
names a file of weights. Formats other than NumPy's plug in with `GmmSiloOptions.Formats`.

The sample `samples/Gmm.Cluster` is both programs. `dotnet fsi build.fsx cluster` starts three silos and a client on
this machine, fits here and there in turn, and kills a silo in the middle of a fit.

**Membership.** Redis and PostgreSQL are tested. Name the package StackExchange.Redis 2.13.17 in your project, or
`Microsoft.Orleans.Clustering.Redis` warns about an older one. Orleans' development membership lies in the memory of
the first silo and dies with it. SQLite does not work: Orleans has no scripts for it.

## What runs where

| step | where | what travels |
|---|---|---|
| checks of the numbers | silos | a few numbers for each run of blocks |
| the scale of the data: mean, covariance, ranges | silos | moments of each run |
| starts: k-means, short runs, and all others | client, on a sample | about 32 MiB of rows, once; small tables as a whole |
| E-steps of every family, k-means included | silos | the mixture to the silos; statistics of each run back |
| M-steps, convergence, acceleration, restarts, selection | client | – |
| labels, responsibilities, densities, scores | silos | the results |

The sample of a start is the same that a fit on one machine takes of more than 4,194,304 numbers. The starts `Labels`
and `Responsibilities` need a number for every row and are an error here, as are missing cells and backends other than
the default. Functions that are not in this table, such as `Metrics.silhouette`, read the rows block by block.

The rows are divided into runs of neighbouring blocks, which depend only on the shape of the table: at most 64 runs, but
one for each million of more than 67 million rows, at most 4,096. A shard is some neighbouring runs, and a silo has one
to three shards. Every run has its own statistics, and the client adds them in the order of the runs. So neither the
number of silos nor the order of their answers changes a bit.

## Faults

A question about rows is pure, so the client repeats it when a silo does not answer. The shards of a dead silo open
again on others, from the files.

| what happens | what the fit does |
|---|---|
| a silo is killed (`kill -9`) in the middle of a fit | stands still for about 3 seconds with `UseQuickFailover`, then goes on with the same bits |
| a silo is cut off from the network, and comes back | the same; the silo learns that it counts as dead, and ends |
| a silo is added | goes on; tables that open later use the new silo, too |
| all silos but one are gone | goes on with that one |
| all silos are gone | ends with an error after `RetryLimit` |
| a silo with sent rows is gone | ends with the error that these rows are lost |
| the client is cancelled | ends at once; the silos give up the work |

`ClusterRowsOptions.RetryLimit`, 60 seconds by default, bounds how long a shard may be silent. After that the fit ends
with the error `UnavailableBackend`, never with a wrong number.

## Security

A silo trusts its cluster, and nobody else. Keep the ports of silos in a private network, and use TLS between machines:

    [lang=csharp]
    silo.UseTls(StoreName.My, "gmm.example", allowInvalid: false, StoreLocation.LocalMachine, options =>
        options.OnAuthenticateAsClient = (_, ssl) => ssl.TargetHost = "gmm.example");

(The package is `Microsoft.Orleans.Connections.Security`.) Messages carry names and numbers, but no names of types. A
silo checks the sizes of all arrays before it works on them. It opens only files below its folder, and follows no
symbolic link out of it.

## Measured

`dotnet fsi build.fsx cluster -- --rounds 7 --iterations 20` on a machine of two cores, 29 November 2026, no other work:
1,000,000 rows of 16 columns, 16 components with full covariances, three silos as processes of their own, membership in
Redis. The fits here and there take turns.

| | here | three silos |
|---|---|---|
| time of an iteration (median of 7 rounds) | 107 ms | 117 ms |
| ratio (median of the rounds) | 1 | 1.21 |
| processor time of a fit of 20 iterations | 4,947 ms | 5,044 ms, client and silos |
| sent in an iteration | – | 407,136 bytes: the mixture, 67,856 bytes, to each of 6 shards |
| received in an iteration | – | 2,237,952 bytes: statistics of 64 runs, 34,968 bytes each |
| longest iteration when a silo is killed | – | 2.2 s more than the median |

With fits of 10 iterations, 5 rounds, the ratio was 1.36; with one thread for each silo, 1.28. The three silos share two
cores, so this measures what the cluster costs, not what it gains.

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
| sum | 1.9 s, of which 1.3 s would be perfect |

The rows are 1.28 TB of float64, 12.8 GB for each silo. If they fit its memory, the operating system keeps them there
after the first iteration. Otherwise the disk decides: 6.4 s an iteration at 2 GB/s, and half of that for float32. The
client limits what more silos gain, because its 143 MB an iteration don't shrink: with 1,000 silos the E-step takes
0.5 s, as long as one run, and the network and the client 0.4 s.
*)
(*** hide ***)
rows.DisposeAsync().AsTask().Wait()
cluster.DisposeAsync().AsTask().Wait()
