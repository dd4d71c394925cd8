using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Gmm.Orleans.Tests;

/// <summary>Silos, and the servers of their membership, as processes that end with the test.</summary>
internal sealed class Processes : IAsyncDisposable
{
    private readonly List<Process> all = [];

    /// <summary>A silo: its process, and its gateway.</summary>
    public sealed record SiloProcess(Process Process, IPEndPoint Gateway)
    {
        /// <summary>Ends the process as kill -9 does, and waits until it has ended.</summary>
        public void Kill()
        {
            Process.Kill();
            Process.WaitForExit();
        }

        /// <summary>Sends the process a signal: STOP halts it, CONT has it go on.</summary>
        public void Signal(string name) =>
            Require(Run("kill", $"-{name}", $"{Process.Id}"), "program kill");
    }

    /// <summary>Skips a test that lacks something, unless all tests of clusters are required.</summary>
    public static void Require(bool holds, string what)
    {
        if (!holds && Environment.GetEnvironmentVariable("GMM_CLUSTER_TESTS") == "required")
            Assert.Fail($"{what} must be there.");

        Assert.SkipUnless(holds, $"There is no {what}.");
    }

    /// <summary>Starts a program; its command line begins with its name.</summary>
    public Process Start(params string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        try
        {
            var process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            all.Add(process);
            return process;
        }
        catch (Win32Exception)
        {
            Require(false, command[0]);
            throw;
        }
    }

    /// <summary>Runs a program to its end and returns whether it succeeded.</summary>
    public static bool Run(params string[] command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Starts a Redis that keeps nothing, and returns the membership of silos that use it.</summary>
    public async Task<string> StartRedisAsync(string address = "127.0.0.1")
    {
        var port = FreePort();
        Start("redis-server", "--port", $"{port}", "--bind", address, "--save", "", "--appendonly", "no", "--protected-mode", "no");
        await WaitForAsync(address, port);
        return $"redis={address}:{port}";
    }

    /// <summary>
    /// Starts a silo and waits until it is ready; a prefix of the command may place it in a network of its own.
    /// </summary>
    public async Task<SiloProcess> StartSiloAsync(string membership, string folder, string address = "127.0.0.1", params string[] prefix)
    {
        var gateway = FreePort();
        var process = Start(
        [
            .. prefix, "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Gmm.Cluster.dll"), "silo", "--membership", membership,
            "--address", address, "--silo-port", $"{FreePort()}", "--gateway-port", $"{gateway}", "--folder", folder,
            "--threads", "1", "--until", "input-ends",
        ]);
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        return new(process, new(IPAddress.Parse(address), gateway));
    }

    public static async Task WaitForAsync(string address, int port)
    {
        for (var i = 0; i < 600; i++)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync(IPAddress.Parse(address), port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(100);
            }
        }

        Assert.Fail($"Nothing listens on {address}:{port}.");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        // The membership ends last.
        all.Reverse();

        foreach (var process in all)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);

            await process.WaitForExitAsync();
            process.Dispose();
        }

        all.Clear();
    }
}
