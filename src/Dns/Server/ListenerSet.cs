using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Dns.Configuration;
using Dataplane.Linux.Datagrams;
using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>What a socket is opened for.</summary>
internal readonly record struct ListenKey(IPEndPoint Address, Transport Transport, NetworkNamespace? Namespace)
{
    /// <summary>Every address of both families where the machine has both.</summary>
    internal static IPAddress Everywhere { get; } = Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;

    internal static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>Without <c>bind</c>, everywhere.</summary>
    internal static IEnumerable<ListenKey> Of(ServerPlan server) =>
        (server.Addresses is [] ? [Everywhere] : server.Addresses).Select(address => new ListenKey(new IPEndPoint(address, server.Port), server.Transport, server.Namespace));
}

/// <summary>
/// The listeners, one set of sockets for each address. A reload gives those that stay something else to serve, opens those that are
/// new before any is closed, and never closes one that is still wanted: no query meets a closed door.
/// </summary>
internal sealed class ListenerSet(DnsOptions options, DnsMetrics metrics, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ILogger _logger = loggers.CreateLogger("Dataplane.Dns");
    private readonly Dictionary<ListenKey, Listening> _open = [];

    /// <summary>The bound address of a key, with the real port where 0 was asked for.</summary>
    internal IPEndPoint Bound(ListenKey key) => _open[key].Address;

    /// <summary>Serves a plan from now on.</summary>
    /// <exception cref="IOException">An address is in use or not there, and nothing changed; the message names it.</exception>
    internal async Task ApplyAsync(DnsPlan plan, ServingGeneration generation, ZoneSource zone, CancellationToken cancellation)
    {
        var wanted = plan.Servers.SelectMany(server => ListenKey.Of(server).Select(key => (Key: key, Server: server))).ToLookup(pair => pair.Key, pair => pair.Server);
        var opened = new Dictionary<ListenKey, Listening>();
        try
        {
            foreach (var group in wanted.Where(group => !_open.ContainsKey(group.Key)))
            {
                var source = new SiteSource(generation.TableOf(group), zone);
                opened[group.Key] = await OpenAsync(group.Key, group.First(), plan.Kubernetes?.Zone ?? ".", source, cancellation);
            }
        }
        catch
        {
            foreach (var listening in opened.Values)
            {
                await listening.DisposeAsync();
            }

            throw;
        }

        foreach (var (key, listening) in _open.ToList())
        {
            if (wanted.Contains(key))
            {
                listening.Source.Replace(generation.TableOf(wanted[key]), zone);
            }
            else
            {
                _open.Remove(key);
                await listening.DisposeAsync();
            }
        }

        foreach (var (key, listening) in opened)
        {
            _open[key] = listening;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var listening in _open.Values)
        {
            await listening.DisposeAsync();
        }

        _open.Clear();
    }

    /// <summary>TCP first: it takes the address alone, so that a second server on it is told, which SO_REUSEPORT would let in.</summary>
    private async Task<Listening> OpenAsync(ListenKey key, ServerPlan server, string zone, SiteSource source, CancellationToken cancellation)
    {
        var parts = new List<IAsyncDisposable>();
        try
        {
            if (key.Transport is Transport.Https)
            {
                var https = await HttpsListener.StartAsync(key.Address, key.Namespace, CertificateOf(server), source, metrics, loggers, cancellation);
                parts.Add(https);
                Log.ListeningEncrypted(_logger, "HTTPS", https.LocalEndPoint);
                return new Listening(https.LocalEndPoint, source, parts);
            }

            var certificate = key.Transport is Transport.Tls ? CertificateOf(server) : null;
            var tcp = new TcpListener(TcpListener.Bind(key.Address, key.Namespace), source, metrics, _logger, certificate);
            parts.Add(tcp);
            var address = new IPEndPoint(key.Address.Address, tcp.LocalEndPoint.Port);
            if (certificate is not null)
            {
                Log.ListeningEncrypted(_logger, "TLS", address);
                return new Listening(address, source, parts);
            }

            var threads = server.UdpThreads ?? options.UdpThreads;
            for (var i = 0; i < threads; i++)
            {
                parts.Add(new UdpListener(BatchSocket.Bind(address, key.Namespace), source, metrics, _logger));
            }

            Log.Listening(_logger, zone, address, threads);
            return new Listening(address, source, parts);
        }
        catch
        {
            await new Listening(key.Address, source, parts).DisposeAsync();
            throw;
        }
    }

    private static X509Certificate2 CertificateOf(ServerPlan server)
    {
        var (certificate, key) = server.Certificate!.Value;
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception failure) when (failure is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new IOException($"certificate {certificate} with key {key}: {failure.Message}", failure);
        }
    }

    private sealed record Listening(IPEndPoint Address, SiteSource Source, List<IAsyncDisposable> Parts) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var part in Parts)
            {
                await part.DisposeAsync();
            }
        }
    }
}
