using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Gmm.CSharp;
using Gmm.Orleans;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Gmm.Cluster;

/// <summary>
/// Starts three silos as processes on this machine, fits a mixture here and on them in turn, and kills a silo in the
/// middle of a fit.
/// </summary>
internal static class Demo
{
    private const int Silos = 3;

    /// <summary>Returns whether every fit on the cluster has the same bits as the one here.</summary>
    public static async Task<bool> RunAsync(Arguments arguments)
    {
        var count = arguments.Number("rows", 1_000_000);
        var columns = arguments.Number("columns", 16);
        var components = arguments.Number("components", 16);
        var iterations = Math.Max(2, arguments.Number("iterations", 10));
        var rounds = Math.Max(1, arguments.Number("rounds", 3));
        var threads = arguments.Number("threads", Environment.ProcessorCount);
        var folder = Directory.CreateTempSubdirectory("gmm-cluster-").FullName;
        var children = new List<Process>();

        try
        {
            Write($"writing {count:N0} rows of {columns} columns …");
            WriteRows(Path.Combine(folder, "rows.npy"), count, columns, components);
            var membership = arguments.Text("membership") is { } text
                ? Membership.Parse(text)
                : await StartRedisAsync(children) ?? new("development", $"127.0.0.1:{FreePort()}");
            var gateways = new List<IPEndPoint>();
            Write($"starting {Silos} silos of {threads} threads; membership: {membership.Kind} …");

            for (var i = 0; i < Silos; i++)
            {
                var isPrimary = membership.Kind == "development" && i == 0;
                var siloPort = isPrimary ? IPEndPoint.Parse(membership.Place).Port : FreePort();
                gateways.Add(new(IPAddress.Loopback, FreePort()));
                children.Add(await StartSiloAsync(membership, siloPort, gateways[i].Port, folder, threads));
            }

            using var host = await ClientHost.ConnectAsync(membership, gateways);
            var client = host.Services.GetRequiredService<IClusterClient>();
            await using var rows = await client.OpenRowsAsync("rows.npy");
            using var file = NpyData.Open(Path.Combine(folder, "rows.npy"));
            Write($"{rows}");

            var areEqual = Compare(file.Rows, rows, components, iterations, rounds, children);
            return Kill(file.Rows, rows, components, iterations, children[^1]) && areEqual;
        }
        finally
        {
            children.Reverse();

            foreach (var child in children)
            {
                if (!child.HasExited)
                    child.Kill(entireProcessTree: true);

                await child.WaitForExitAsync();
                child.Dispose();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Fits here and on the cluster in turn, and returns whether the fits have the same bits.</summary>
    private static bool Compare(
        Rows here, ClusterRows there, int components, int iterations, int rounds, List<Process> children)
    {
        var (local, cluster) = (new List<double>(), new List<double>());
        var (work, clusterWork) = (new List<double>(), new List<double>());
        var areEqual = true;
        var (sent, received) = (0L, 0L);

        // The first round warms up the compiler and is not counted.
        for (var round = 0; round <= rounds; round++)
        {
            var begin = ProcessorTime(children);
            var ofHere = Fit(here, components, iterations);
            var middle = ProcessorTime(children);
            var (sentBefore, receivedBefore) = (there.BytesSent, there.BytesReceived);
            var ofThere = Fit(there.Rows, components, iterations);
            var end = ProcessorTime(children);
            (sent, received) = (there.BytesSent - sentBefore, there.BytesReceived - receivedBefore);
            areEqual &= HaveSameBits(ofHere.Model, ofThere.Model);

            if (round > 0)
            {
                local.Add(ofHere.Milliseconds.Average());
                cluster.Add(ofThere.Milliseconds.Average());
                work.Add((middle - begin).TotalMilliseconds);
                clusterWork.Add((end - middle).TotalMilliseconds);
            }
        }

        var ratios = local.Zip(cluster, (a, b) => b / a).ToList();
        Write($"here     {Median(local),8:F0} ms an iteration");
        Write($"cluster  {Median(cluster),8:F0} ms an iteration, {Median(ratios):F2} times as long; {rounds} rounds");
        Write($"processor time of a fit: here {Median(work):F0} ms, client and silos {Median(clusterWork):F0} ms");
        Write($"a fit of {iterations} iterations, with its start, sent {sent:N0} bytes and received {received:N0}");
        return Report(areEqual);
    }

    /// <summary>Fits on the cluster while a silo is killed, and returns whether the fits have the same bits.</summary>
    private static bool Kill(Rows here, ClusterRows there, int components, int iterations, Process silo)
    {
        var middle = Math.Max(1, iterations / 3);
        Write($"killing the last silo (kill -9) after iteration {middle} …");
        var ofHere = Fit(here, components, iterations);
        var ofThere = Fit(there.Rows, components, iterations, at =>
        {
            if (at == middle)
            {
                silo.Kill();
                silo.WaitForExit();
            }
        });

        if (!silo.HasExited)
        {
            Write($"the fit ended before iteration {middle}, and no silo was killed");
            return false;
        }

        var median = Median(ofThere.Milliseconds);
        var stall = (ofThere.Milliseconds.Max() - median) / 1000;
        Write($"the longest iteration took {stall:F1} s more than the median of {median:F0} ms");
        return Report(HaveSameBits(ofHere.Model, ofThere.Model));
    }

    private static bool Report(bool areEqual)
    {
        Write(areEqual ? "the fits have the same bits" : "THE FITS DIFFER");
        return areEqual;
    }

    /// <summary>Fits a mixture; the times are those of its iterations.</summary>
    private static (GaussianMixture Model, List<double> Milliseconds) Fit(
        Rows rows, int components, int iterations, Action<int>? after = null)
    {
        var model = new GaussianMixture(components)
        {
            MaxIterations = iterations,
            Tolerance = 0,
            Stopping = StoppingRule.Change,
            Acceleration = CSharp.Acceleration.None,
            Init = InitMethod.Points,
            RandomState = 7,
        };
        var times = new List<double>();
        model.Fit(rows, progress: new Watch(progress =>
        {
            times.Add(progress.Elapsed.TotalMilliseconds);
            after?.Invoke(progress.Iteration);
        }));
        return (model, [.. times.Zip(times.Skip(1), (a, b) => b - a)]);
    }

    private static bool HaveSameBits(GaussianMixture a, GaussianMixture b)
    {
        static IEnumerable<long> Bits(GaussianMixture model) =>
            model.Weights.Concat(model.Means.Cast<double>())
                .Append(model.LogLikelihood)
                .Concat(model.Trace)
                .Select(BitConverter.DoubleToInt64Bits);

        return Bits(a).SequenceEqual(Bits(b));
    }

    /// <summary>The processor time of this process and others so far.</summary>
    private static TimeSpan ProcessorTime(List<Process> children)
    {
        children.ForEach(child => child.Refresh());
        return children.Aggregate(Environment.CpuUsage.TotalTime, (sum, child) => sum + child.TotalProcessorTime);
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Writes rows around as many centres as there are components.</summary>
    private static void WriteRows(string path, int count, int columns, int components)
    {
        var random = new Random(1);
        var centres = new double[components, columns];

        for (var k = 0; k < components; k++)
        {
            for (var j = 0; j < columns; j++)
                centres[k, j] = 8 * random.NextDouble();
        }

        var values = new double[(long)count * columns];

        for (var i = 0; i < values.Length; i++)
        {
            var noise = random.NextDouble() + random.NextDouble() + random.NextDouble();
            values[i] = centres[i / columns % components, i % columns] + noise;
        }

        Rows.FromMemory(values, columns).SaveNpy(path);
    }

    /// <summary>Starts a Redis for the membership, or returns null if there is none on this machine.</summary>
    private static async Task<Membership?> StartRedisAsync(List<Process> children)
    {
        var port = FreePort();

        try
        {
            string[] settings = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
            var start = new ProcessStartInfo("redis-server", settings) { RedirectStandardOutput = true };
            children.Add(Process.Start(start)!);
            await children[^1].StandardOutput.ReadLineAsync();
            await WaitForPortAsync(port);
            return new("redis", $"127.0.0.1:{port}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task WaitForPortAsync(int port)
    {
        for (var i = 0; i < 300; i++)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        throw new IOException($"Nothing listens on port {port}.");
    }

    /// <summary>Starts a silo as a process and waits until it is ready.</summary>
    private static async Task<Process> StartSiloAsync(
        Membership membership, int siloPort, int gatewayPort, string folder, int threads)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "exec", typeof(Demo).Assembly.Location, "silo", "--membership", $"{membership}", "--folder", folder,
                "--silo-port", $"{siloPort}", "--gateway-port", $"{gatewayPort}", "--threads", $"{threads}",
                "--until", "input-ends",
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var silo = Process.Start(start)!;
        var log = new List<string>();
        silo.ErrorDataReceived += (_, line) => log.Add(line.Data ?? "");
        silo.BeginErrorReadLine();
        return await silo.StandardOutput.ReadLineAsync() == "ready"
            ? silo
            : throw new IOException($"A silo did not start: {string.Join(Environment.NewLine, log)}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static void Write(string line) => Console.WriteLine(line);

    /// <summary>Calls a function at every iteration, on the thread of the fit.</summary>
    private sealed class Watch(Action<FitProgress> report) : IProgress<FitProgress>
    {
        public void Report(FitProgress value) => report(value);
    }
}
