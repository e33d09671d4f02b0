using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;
using Dataplane.Proxy;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>
/// How fast a mode puts changes into the kernel: in a network namespace of its own, from what an informer would tell to the kernel's acknowledgement.
/// </summary>
internal sealed class SyncBench(SyncBenchOptions options, BenchReport report, ILoggerFactory loggers)
{
    private const int ServerPort = 8080;
    private const int SoakRate = 100;
    private const string IptablesModeName = "iptables";
    private const string IpvsModeName = "ipvs";
    private static readonly IPNetwork Servers = IPNetwork.Parse("10.127.252.0/22");
    private static readonly IPAddress Server = IPAddress.Parse("10.127.252.1");
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly Process _process = Process.GetCurrentProcess();

    internal async Task RunAsync(CancellationToken cancellation)
    {
        var name = $"dp-bench-{Environment.ProcessId}";
        using var networkNamespace = NetworkNamespace.Create(name);
        try
        {
            using var server = Prepare(networkNamespace);
            await MeasureAsync(networkNamespace, cancellation);
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    private async Task MeasureAsync(NetworkNamespace networkNamespace, CancellationToken cancellation)
    {
        var cluster = new SyntheticCluster(options.Services, options.Endpoints, Servers);
        var programmed = Channel.CreateUnbounded<ProgrammedPlan>();
        var started = Stopwatch.GetTimestamp();
        await using var proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                NodeName = "bench",
                Feed = cluster,
                Mode = options.Mode,
                Namespace = networkNamespace,
                ClusterCidrs = [IPNetwork.Parse("10.128.0.0/9")],
                HealthzBindAddress = null,
                MetricsBindAddress = null,
                MinSyncPeriod = TimeSpan.Zero,
            },
            loggers,
            cancellation);
        proxy.PlanProgrammed += plan => programmed.Writer.TryWrite(plan);
        await proxy.WaitForFirstSyncAsync(cancellation).WaitAsync(Limit, cancellation);
        var coldStart = Stopwatch.GetElapsedTime(started);
        report.Total("cold-start", options.Mode, "time", "s", 1, coldStart.TotalSeconds);
        if (options.Mode == IpvsModeName && await EntryByEntry.MeasureAsync(options.Endpoints, cancellation) is { } sample)
        {
            var whole = sample * options.Services / EntryByEntry.Sample;
            report.Total("cold-start", EntryByEntry.Programs, $"time, as {EntryByEntry.Sample} Services take", "s", EntryByEntry.Sample, whole.TotalSeconds);
            report.Total("cold-start", options.Mode, $"times faster than {EntryByEntry.Programs}", "", 1, whole / coldStart);
        }

        using var kernel = KernelTransactions.Open(networkNamespace, options.Mode);
        using var floor = options.Mode == IptablesModeName ? TransactionFloor.Open(networkNamespace) : null;
        await ChangeAsync(cluster, programmed.Reader, options.WarmUp, kernel, cancellation);
        await (floor?.MeasureAsync(options.Changes / 2, options.Pause, cancellation) ?? Task.CompletedTask);
        var cpu = CpuTime();
        var allocated = GC.GetTotalAllocatedBytes();
        var times = await ChangeAsync(cluster, programmed.Reader, options.Changes, kernel, cancellation);
        report.Samples("change", options.Mode, "latency", "ms", [.. times]);
        report.Total("change", options.Mode, "CPU per change", "ms", options.Changes, (CpuTime() - cpu).TotalMilliseconds / options.Changes);
        report.Total("change", options.Mode, "allocated per change", "kB", options.Changes, (GC.GetTotalAllocatedBytes() - allocated) / 1e3 / options.Changes);
        if (floor is not null)
        {
            // Half before and half after, so that what else the machine does meets both.
            await floor.MeasureAsync(options.Changes / 2, options.Pause, cancellation);
            report.Samples("floor", options.Mode, "smallest transaction", "ms", [.. floor.Times]);
            report.Total("floor", options.Mode, "a change's p50 above its", "%", options.Changes, ((Median(times) / Median(floor.Times)) - 1) * 100);
        }

        if (options.Soak > TimeSpan.Zero)
        {
            await SoakAsync(cluster, programmed.Reader, kernel, cancellation);
        }

        report.Total("memory", options.Mode, "resident", "MB", 1, Resident());
        if (kernel.CanCount)
        {
            var flush = new ForeignFlush(networkNamespace, new IPEndPoint(SyntheticCluster.ClusterIP(options.Services - 1), 80), programmed.Reader);
            await flush.RepeatAsync(options.Flushes, cancellation);
            report.Samples("foreign-flush", options.Mode, "until a front end in use answers", "ms", [.. flush.UntilInUseAnswers]);
            report.Samples("foreign-flush", options.Mode, "until all is in force", "ms", [.. flush.UntilAll]);
        }

        report.Samples("first-packet", options.Mode, "connect through a ClusterIP", "us", await ConnectAsync(networkNamespace, new IPEndPoint(SyntheticCluster.ClusterIP(options.Services - 1), 80)));
        report.Samples("first-packet", options.Mode, "connect to the endpoint", "us", await ConnectAsync(networkNamespace, new IPEndPoint(Server, ServerPort)));
    }

    // One at a time, as in a quiet cluster: what a change waits for is its own programming.
    private async Task<List<double>> ChangeAsync(
        SyntheticCluster cluster, ChannelReader<ProgrammedPlan> programmed, int changes, KernelTransactions kernel, CancellationToken cancellation)
    {
        var times = new List<double>(changes);
        kernel.Start();
        for (var change = 0; change < changes; change++)
        {
            while (programmed.TryRead(out _))
            {
            }

            cluster.ChangeNext();
            times.Add((await programmed.ReadAsync(cancellation).AsTask().WaitAsync(Limit, cancellation)).SinceChange.TotalMilliseconds);
            await Task.Delay(options.Pause, cancellation);
        }

        kernel.RequireAtLeast(changes);
        return times;
    }

    private async Task SoakAsync(SyntheticCluster cluster, ChannelReader<ProgrammedPlan> programmed, KernelTransactions kernel, CancellationToken cancellation)
    {
        var live = GC.GetTotalMemory(forceFullCollection: true) / 1e6;
        var (cpu, started) = (CpuTime(), Stopwatch.GetTimestamp());
        var (times, resident) = (new List<double>(), new List<double>());
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        kernel.Start();
        var change = 0;
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < options.Soak && await tick.WaitForNextTickAsync(cancellation))
        {
            // A tick that comes late has its changes made up for.
            for (; change < elapsed.TotalSeconds * SoakRate; change++)
            {
                cluster.ChangeNext();
            }

            while (programmed.TryRead(out var plan))
            {
                times.Add(plan.SinceChange.TotalMilliseconds);
            }

            if (elapsed.TotalSeconds >= resident.Count)
            {
                resident.Add(Resident());
            }
        }

        kernel.RequireAtLeast(times.Count);
        var tenth = Math.Max(1, resident.Count / 10);
        report.Samples("soak", options.Mode, "latency", "ms", [.. times]);
        report.Total("soak", options.Mode, "changes a second", "1/s", change, change / Stopwatch.GetElapsedTime(started).TotalSeconds);
        report.Total("soak", options.Mode, "of a core", "%", times.Count, (CpuTime() - cpu) / Stopwatch.GetElapsedTime(started) * 100);
        report.Total("soak", options.Mode, "resident, first tenth", "MB", tenth, resident.Take(tenth).Average());
        report.Total("soak", options.Mode, "resident, last tenth", "MB", tenth, resident.TakeLast(tenth).Average());
        report.Total("soak", options.Mode, "growth of live objects", "MB", 1, (GC.GetTotalMemory(forceFullCollection: true) / 1e6) - live);
    }

    private async Task<double[]> ConnectAsync(NetworkNamespace networkNamespace, IPEndPoint destination)
    {
        var times = new List<double>(options.Connections);
        for (var connection = 0; connection < options.Connections; connection++)
        {
            using var socket = networkNamespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            socket.LingerState = new LingerOption(true, 0);
            var before = Stopwatch.GetTimestamp();
            socket.Connect(destination);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
            if (connection % 64 == 0)
            {
                await Task.Yield();
            }
        }

        return [.. times];
    }

    // A server on every address of a network of loopback, and a route that brings packets to ClusterIPs past the output hook.
    private static Socket Prepare(NetworkNamespace networkNamespace)
    {
        using var route = RouteConnection.Open(networkNamespace);
        var loopback = route.GetLink("lo").Index;
        route.SetUp(loopback);
        route.AddAddress(loopback, Server, Servers.PrefixLength);
        route.ReplaceRoute(new Route(IPNetwork.Parse("10.0.0.0/8"), LinkIndex: loopback));
        var server = networkNamespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        server.Bind(new IPEndPoint(IPAddress.Any, ServerPort));
        server.Listen(1024);
        _ = AcceptAsync(server);
        return server;
    }

    private static async Task AcceptAsync(Socket server)
    {
        try
        {
            while (true)
            {
                (await server.AcceptAsync()).Dispose();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private static double Median(IEnumerable<double> times) => times.Order().ElementAt(times.Count() / 2);

    private TimeSpan CpuTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    private double Resident()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1e6;
    }
}
