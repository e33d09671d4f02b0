using System.Net;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Zones;
using Dataplane.Hosting;
using Dataplane.Linux.Datagrams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns;

/// <summary>
/// The cluster's DNS server:
/// <code>
/// API server ─> informers ─> ZoneState ─> ZoneSnapshot ─┐ (one volatile reference)
///                                                       v
/// UDP thread, TCP session ──────────────────────> QueryEngine ─┬─> reply in place
///                                                              └─> Forwarder ─> upstreams
/// </code>
/// docs/life-of-a-query.md walks through it.
/// </summary>
public sealed class ClusterDns : IAsyncDisposable
{
    private readonly ZoneSource _source;
    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly List<IPEndPoint> _listening = [];

    private ClusterDns(ZoneSource source) => _source = source;

    /// <summary>The bound addresses in the order of <see cref="DnsOptions.Listen"/>, with the real ports where 0 was asked for.</summary>
    public IReadOnlyList<IPEndPoint> LocalEndPoints => _listening;

    /// <summary>Whether every watched kind was listed once. Before that missing names get SERVFAIL, afterwards NXDOMAIN.</summary>
    public bool Synced => _source.Current.Synced;

    /// <summary>Binds all addresses and begins to answer; does not wait for the API server, nor fail without it.</summary>
    /// <exception cref="FormatException">The zone or a reverse network is not one.</exception>
    /// <exception cref="IOException">An address is in use or not there; the message names it.</exception>
    public static async Task<ClusterDns> StartAsync(DnsOptions options, ILoggerFactory loggers, CancellationToken cancellation = default)
    {
        var logger = loggers.CreateLogger("Dataplane.Dns");
        var state = new ZoneState(new ZoneOptions
        {
            Zone = new ZoneNames(options.Zone),
            ReverseZones = [.. options.ReverseNetworks.Select(ReverseZones.Of)],
            Ttl = options.Ttl,
            Pods = options.Pods,
            NameServerService = options.NameServerService,
            NameServerAddresses = [.. options.Listen.Select(listen => listen.Address.Address).Where(IsReal)],
        });
        var server = new ClusterDns(new ZoneSource(state.Current));
        try
        {
            var forwarder = server.StartForwarder(options, logger);
            var metrics = server.Own(new DnsMetrics(options.Zone, forwarder));
            foreach (var listen in options.Listen)
            {
                server.Listen(listen, options, forwarder, metrics, logger);
            }

            _ = forwarder?.FindLoopsAsync();
            await server.ServeHttpAsync(options, metrics, loggers, cancellation);
            server._parts.Push(new ZoneWatcher(options, state, server._source, TimeProvider.System, loggers));
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes all sockets and stops following the API server.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }

    private static bool IsReal(IPAddress address) => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    private Forwarder? StartForwarder(DnsOptions options, ILogger logger)
    {
        var upstreams = new List<IPEndPoint>();
        foreach (var upstream in options.Upstreams ?? ResolvConf.Nameservers())
        {
            if (options.Listen.Any(listen => listen.Address.Equals(upstream) && listen.Namespace?.Name == options.ForwardNamespace?.Name))
            {
                Log.UpstreamIsSelf(logger, upstream);
            }
            else
            {
                upstreams.Add(upstream);
            }
        }

        if (upstreams.Count == 0)
        {
            Log.NotForwarding(logger, options.Zone);
            return null;
        }

        Log.Forwarding(logger, string.Join(", ", upstreams));
        return Own(new Forwarder(upstreams, options.ForwardNamespace, TimeProvider.System, logger));
    }

    /// <summary>TCP first: it takes the address alone, so that a second server on it is told, which SO_REUSEPORT would let in.</summary>
    private void Listen(DnsListenAddress listen, DnsOptions options, Forwarder? forwarder, DnsMetrics metrics, ILogger logger)
    {
        var tcp = new TcpListener(TcpListener.Bind(listen.Address, listen.Namespace), _source, forwarder, metrics, logger);
        _parts.Push(tcp);
        var address = new IPEndPoint(listen.Address.Address, tcp.LocalEndPoint.Port);
        for (var i = 0; i < options.UdpThreads; i++)
        {
            Own(new UdpListener(BatchSocket.Bind(address, listen.Namespace), _source, forwarder, metrics, logger));
        }

        _listening.Add(address);
        Log.Listening(logger, options.Zone, address, options.UdpThreads);
    }

    private async Task ServeHttpAsync(DnsOptions options, DnsMetrics metrics, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var addresses = new[] { options.HealthAddress, options.ReadyAddress, options.MetricsAddress }.OfType<IPEndPoint>().Distinct();
        foreach (var address in addresses)
        {
            var endpoint = new HttpEndpointOptions { Address = address, Namespace = options.Namespace };
            _parts.Push(await HttpEndpoint.StartAsync(endpoint, context => HandleAsync(context, address, options, metrics), loggers, cancellation));
        }
    }

    private Task HandleAsync(HttpContext context, IPEndPoint address, DnsOptions options, DnsMetrics metrics)
    {
        var path = context.Request.Path.Value;
        if (path == "/health" && address.Equals(options.HealthAddress))
        {
            return context.Response.WriteAsync("OK", context.RequestAborted);
        }

        if (path == "/ready" && address.Equals(options.ReadyAddress))
        {
            context.Response.StatusCode = Synced ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            return context.Response.WriteAsync(Synced ? "OK" : "kubernetes", context.RequestAborted);
        }

        if (path == "/metrics" && address.Equals(options.MetricsAddress))
        {
            context.Response.ContentType = MetricsText.ContentType;
            return context.Response.WriteAsync(metrics.Render(), context.RequestAborted);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _parts.Push(new Disposal(part));
        return part;
    }

    private sealed class Disposal(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
