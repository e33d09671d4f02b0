using System.Net;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Scenarios;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Datagrams;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Server;

/// <summary>The listeners over a <see cref="TestZone"/>: real sockets without an API server.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly DnsMetrics _metrics;
    private readonly TcpListener _tcp;
    private readonly UdpListener[] _udp;
    private readonly Forwarder? _forwarder;

    internal TestServer(TestZone zone, IPAddress? address = null, NetworkNamespace? networkNamespace = null, Forwarder? forwarder = null, X509Certificate2? certificate = null)
    {
        _forwarder = forwarder;
        _metrics = new DnsMetrics("cluster.local", () => forwarder is null ? [] : [forwarder], () => null);
        var listen = new IPEndPoint(address ?? IPAddress.Loopback, FreePorts.Take());
        var sites = forwarder is null ? zone.Sites : new SiteTable([new Site(zone.Plan.Servers[0]) { Forwards = [new ForwardRoute(NameSuffix.Root, [], forwarder)] }]);
        var source = new SiteSource(sites, zone.Source);
        _tcp = new TcpListener(TcpListener.Bind(listen, networkNamespace), source, _metrics, NullLogger.Instance, certificate);
        EndPoint = new IPEndPoint(listen.Address, _tcp.LocalEndPoint.Port);
        _udp = [.. Enumerable.Range(0, 2).Select(_ => new UdpListener(BatchSocket.Bind(EndPoint, networkNamespace), source, _metrics, NullLogger.Instance))];
    }

    internal IPEndPoint EndPoint { get; }

    public async ValueTask DisposeAsync()
    {
        foreach (var listener in _udp)
        {
            await listener.DisposeAsync();
        }

        await _tcp.DisposeAsync();
        _metrics.Dispose();
        _forwarder?.Dispose();
    }
}
