using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Client;
using Dataplane.Dns.Wire;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>A name server in a process of its own, on one core, until disposed.</summary>
internal sealed class DnsSubject : IAsyncDisposable
{
    /// <summary>The core of the server; its client has the other.</summary>
    internal const string ServerCore = "0";
    internal const string ClientCore = "1";

    /// <summary>Where this program's own server serves its metrics, at the port where it serves names on another address.</summary>
    private const string MetricsAddress = "127.0.0.2";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo _files;
    private readonly Task<string> _complaints;

    private DnsSubject(string name, IPEndPoint endPoint, Process process, DirectoryInfo files) =>
        (Name, EndPoint, _process, _files, _complaints) = (name, endPoint, process, files, process.StandardError.ReadToEndAsync(CancellationToken.None));

    internal string Name { get; }

    internal IPEndPoint EndPoint { get; }

    internal int ProcessId => _process.Id;

    internal bool HasEnded => _process.HasExited;

    internal TimeSpan CpuTime => ProcessCost.CpuTime(_process.Id);

    internal double ResidentMB => ProcessCost.ResidentMB(_process.Id);

    /// <summary>A peer, or the echo.</summary>
    internal static Task<DnsSubject> StartPeerAsync(string name, int services, CancellationToken cancellation) =>
        StartAsync(name, (port, directory) => PeerServers.PrepareAsync(name, port, services, directory), name == DnsBenchPlan.Echo ? null : DnsBenchPlan.ServiceName(0), cancellation);

    /// <summary>This program's server with what an API server tells it, in the environment that deploy/cluster-dns.yaml gives it.</summary>
    /// <param name="kubeConfig">How to reach the API server: the text of a kubeconfig.</param>
    /// <param name="until">A name that is there once everything is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal static async Task<DnsSubject> StartOwnAsync(string kubeConfig, string until, CancellationToken cancellation)
    {
        var subject = await StartAsync(DnsBenchPlan.Own, (port, directory) => PrepareOwnAsync(kubeConfig, port, directory), until, cancellation);
        try
        {
            // Until all lists are in, nothing is denied.
            await subject.WaitForAsync("nosuch.default.svc.cluster.local", response => response.Code is ResponseCode.NXDomain, cancellation);
            return subject;
        }
        catch
        {
            await subject.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks until there is an answer that is right.</summary>
    internal async Task WaitForAsync(string name, Func<DnsResponse, bool> right, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await IsAsync(name, right, cancellation))
        {
            if (_process.HasExited)
            {
                throw new UserErrorException($"{Name} ended with status {_process.ExitCode}: {(await _complaints).TrimEnd().Split('\n')[^1]}");
            }

            if (Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                throw new UserErrorException($"{Name} did not answer for {name} within {StartLimit.TotalSeconds} s");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }
    }

    /// <summary>A counter of this program's own server, over all its labels.</summary>
    internal async Task<double> MetricAsync(string name, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync($"http://{MetricsAddress}:{EndPoint.Port}/metrics", cancellation);
        var lines = text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is (' ' or '{')).ToList();
        return lines.Count > 0
            ? lines.Sum(line => double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture))
            : throw new UserErrorException($"{Name} has no metric {name}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _files.Delete(recursive: true);
    }

    private static async Task<DnsSubject> StartAsync(
        string name, Func<int, string, Task<string[]>> prepare, string? until, CancellationToken cancellation)
    {
        var files = Directory.CreateTempSubdirectory("dp-bench-dns-");
        DnsSubject? subject = null;
        try
        {
            var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort());
            var command = await prepare(endPoint.Port, files.FullName);
            var process = PeerServers.Start(["taskset", "--cpu-list", ServerCore, .. command]);
            subject = new DnsSubject(name, endPoint, process, files);
            // What they say besides is nobody's to read, but a full pipe would stop them.
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            if (until is not null)
            {
                await subject.WaitForAsync(until, response => response.Answers.Count > 0, cancellation);
            }

            return subject;
        }
        catch
        {
            if (subject is not null)
            {
                await subject.DisposeAsync();
            }
            else
            {
                files.Delete(recursive: true);
            }

            throw;
        }
    }

    private async Task<bool> IsAsync(string name, Func<DnsResponse, bool> right, CancellationToken cancellation)
    {
        try
        {
            return right(await DnsClient.QueryAsync(name, RecordType.A, new DnsQueryOptions { Server = EndPoint, Timeout = TimeSpan.FromSeconds(1) }, cancellation));
        }
        catch (Exception failure) when (failure is SocketException or TimeoutException)
        {
            return false;
        }
    }

    private static Task<string[]> PrepareOwnAsync(string kubeConfig, int port, string directory)
    {
        var file = Path.Combine(directory, "kubeconfig");
        File.WriteAllText(file, kubeConfig);
        return Task.FromResult<string[]>(
        [
            "env", "DOTNET_GCConserveMemory=7", "DOTNET_GCgen0size=400000", .. OwnProgram.Command,
            "dns", "--kubeconfig", file, "--listen", $"127.0.0.1:{port}", "--upstream", "none", "--udp-threads", "1", "--metrics-address", $"{MetricsAddress}:{port}",
        ]);
    }

    /// <summary>One that is free for all that a subject listens on: names over UDP and TCP, and this program's metrics on another address.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)datagrams.LocalEndPoint!).Port;
            if (IsFree(new IPEndPoint(IPAddress.Loopback, port)) && IsFree(new IPEndPoint(IPAddress.Parse(MetricsAddress), port)))
            {
                return port;
            }
        }
    }

    private static bool IsFree(IPEndPoint endPoint)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(endPoint);
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
