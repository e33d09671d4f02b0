using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>One way from a client to a server: its machines, its server, and the processes that do the work between.</summary>
internal sealed class BenchSubject : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    // A first sync of many takes its time in a user-mode kernel.
    private static readonly TimeSpan StartLimitPerService = TimeSpan.FromMilliseconds(30);

    private readonly int _services;
    private readonly Process? _process;
    private readonly DirectoryInfo? _files;

    private BenchSubject(string name, int services, BenchSite site, LoadServer server, Process? process, DirectoryInfo? files) =>
        (Name, _services, Site, Server, _process, _files) = (name, services, site, server, process, files);

    internal string Name { get; }

    internal BenchSite Site { get; }

    internal LoadServer Server { get; }

    /// <summary>Where clients connect.</summary>
    internal IPEndPoint Stream => Name switch
    {
        ModesBenchPlan.Direct => EndPoint(BenchSite.ServerAddresses[0], BenchSite.ServerPort),
        _ when PeerPrograms.IsPeer(Name) => EndPoint(BenchSite.NodeAddress, BenchSite.ServicePort),
        _ => EndPoint(BenchSite.ClusterIP(0), BenchSite.ServicePort),
    };

    /// <summary>Where clients send datagrams; null for one that does not do UDP.</summary>
    internal IPEndPoint? Datagrams => ModesBenchPlan.ProgramOf(Name) switch
    {
        ModesBenchPlan.Direct => EndPoint(BenchSite.ServerAddresses[0], BenchSite.DatagramServerPort),
        ModesBenchPlan.Haproxy => null,
        _ when PeerPrograms.IsPeer(Name) => EndPoint(BenchSite.NodeAddress, BenchSite.DatagramServicePort),
        _ => EndPoint(BenchSite.ClusterIP(0), BenchSite.DatagramServicePort),
    };

    /// <summary>The same for a number of connections: each has a Service of its own as far as there are so many, the first to the last of them.</summary>
    internal InetEndPoint[] Streams(int connections) => Spread(Stream, connections);

    /// <summary>The same for datagrams.</summary>
    internal InetEndPoint[] DatagramServices(int clients) => Spread(Datagrams!, clients);

    /// <summary>User and system time of the processes, seconds.</summary>
    internal double CpuSeconds => Processes().Sum(pid => ProcessCost.CpuTime(pid).TotalSeconds);

    /// <summary>Resident memory of the processes, 10^6 bytes.</summary>
    internal double ResidentMB => Processes().Sum(ProcessCost.ResidentMB);

    /// <summary>Open descriptors of the processes.</summary>
    internal int Descriptors => Processes().Sum(pid => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count());

    /// <param name="name">Which.</param>
    /// <param name="services">How many Services a mode has.</param>
    /// <param name="churn">A mode's endpoints come and go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="through">A program that starts it, with limits for example.</param>
    /// <exception cref="UserErrorException">The program is missing or does not come up.</exception>
    internal static async Task<BenchSubject> StartAsync(string name, int services, bool churn, CancellationToken cancellation, params string[] through)
    {
        var site = new BenchSite(name);
        LoadServer? server = null;
        BenchSubject? subject = null;
        DirectoryInfo? files = null;
        try
        {
            server = new LoadServer(site.Server);
            if (ModesBenchPlan.IsRedirected(name))
            {
                site.Redirect();
            }

            files = Directory.CreateTempSubdirectory("dp-bench-");
            subject = new BenchSubject(name, services, site, server, Launch(PeerPrograms.CommandFor(name, site, files.FullName, services, churn), through, site), files);
            await subject.WaitUntilReadyAsync(cancellation);
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
                server?.Dispose();
                site.Dispose();
                files?.Delete(recursive: true);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            // A mode ends with its standard input, orderly; the peers do not look at theirs.
            _process.StandardInput.Close();
            if (PeerPrograms.IsPeer(ModesBenchPlan.ProgramOf(Name)) || !_process.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                _process.Kill(entireProcessTree: true);
            }

            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }

        Server.Dispose();
        Site.Dispose();
        _files?.Delete(recursive: true);
    }

    private InetEndPoint[] Spread(IPEndPoint first, int connections) => !ProxyModes.Names.Contains(Name)
        ? [InetEndPoint.From(first)]
        : [.. Enumerable.Range(0, Math.Min(connections, _services)).Select(slot => InetEndPoint.From(
            EndPoint(BenchSite.ClusterIP((int)((long)slot * _services / Math.Min(connections, _services))), first.Port)))];

    private static IPEndPoint EndPoint(string address, int port) => new(IPAddress.Parse(address), port);

    // A child begins in the network namespace of the thread that makes it.
    private static Process? Launch(string[]? command, string[] through, BenchSite site)
    {
        if (command is null)
        {
            return null;
        }

        try
        {
            string[] whole = [.. through, .. command];
            var start = new ProcessStartInfo(whole[0], whole.Skip(1)) { RedirectStandardInput = true };
            return PeerPrograms.IsPeer(command[0]) ? site.Node.Invoke(() => Process.Start(start)) : Process.Start(start);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new UserErrorException($"{command[0]}: {missing.Message}");
        }
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_process is { HasExited: true })
            {
                throw new UserErrorException($"{Name} ended with status {_process.ExitCode}");
            }

            try
            {
                using var socket = Site.Client.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                await socket.ConnectAsync(Stream, cancellation);
                await socket.SendAsync(LoadMessage.Of(LoadKind.Request), cancellation);
                if (await socket.ReceiveAsync(new byte[1], cancellation) == 1)
                {
                    return;
                }
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(started) < StartLimit + (StartLimitPerService * _services))
            {
                // Not yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }
    }

    private IEnumerable<int> Processes() => _process is null ? [] : WithChildren(_process.Id);

    private static IEnumerable<int> WithChildren(int pid) =>
    [
        pid,
        .. Directory.EnumerateDirectories($"/proc/{pid}/task").SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)).SelectMany(child => WithChildren(int.Parse(child, CultureInfo.InvariantCulture))),
    ];
}
