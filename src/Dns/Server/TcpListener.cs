using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>Accepts TCP clients up to a number, beyond which new ones are closed at once: those being served stay served.</summary>
internal sealed class TcpListener : IAsyncDisposable
{
    internal const int MaxConnections = 512;
    private const int Backlog = 512;
    private static readonly TimeSpan NoDescriptorPause = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket _listener;
    private readonly X509Certificate2? _certificate;
    private readonly TcpSession _session;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _connections;

    /// <param name="listener">From <see cref="Bind"/>; owned from now on.</param>
    /// <param name="source">What is served.</param>
    /// <param name="metrics">Hands out this listener's counters.</param>
    /// <param name="logger">Told of clients that fail in a way nobody expected.</param>
    /// <param name="certificate">Speaks TLS with it; null for plain TCP.</param>
    internal TcpListener(Socket listener, SiteSource source, DnsMetrics metrics, ILogger logger, X509Certificate2? certificate = null)
    {
        _listener = listener;
        _logger = logger;
        _certificate = certificate;
        var counters = metrics.Add(new QueryCounters(certificate is null ? "dns" : "tls", LocalEndPoint, "tcp"));
        _session = new TcpSession(new QueryEngine(source, counters), source, counters);
        _accepting = AcceptAsync();
    }

    internal IPEndPoint LocalEndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <exception cref="IOException">The address is in use or not there; the message names it.</exception>
    internal static Socket Bind(IPEndPoint address, NetworkNamespace? networkNamespace) =>
        networkNamespace is null ? Bind(address) : networkNamespace.Invoke(() => Bind(address));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private static Socket Bind(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"listen on {address} (TCP): {failure.Message}", failure);
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                if (Interlocked.Increment(ref _connections) > MaxConnections)
                {
                    Interlocked.Decrement(ref _connections);
                    client.Dispose();
                    continue;
                }

                _ = ServeAsync(client);
            }
            catch (SocketException failure) when (failure.SocketErrorCode is SocketError.TooManyOpenSockets)
            {
                // The client that could not be taken is still there: accepting again at once would fail again, for ever.
                await Task.Delay(NoDescriptorPause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A client that went before it was accepted; or the listener's own end, which the condition above sees.
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            client.NoDelay = true;
            var peer = (IPEndPoint)client.RemoteEndPoint!;
            await using var plain = new NetworkStream(client, ownsSocket: false);
            if (_certificate is null)
            {
                await _session.RunAsync(plain, peer, _stop.Token);
                return;
            }

            await using var tls = new SslStream(plain, leaveInnerStreamOpen: true);
            using (var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
            {
                limit.CancelAfter(HandshakeTimeout);
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate, ApplicationProtocols = [new SslApplicationProtocol("dot")] }, limit.Token);
            }

            await _session.RunAsync(tls, peer, _stop.Token);
        }
        catch (Exception failure) when (failure is IOException or AuthenticationException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left, stalled past its time, or the server stops: nothing to tell.
        }
        catch (Exception failure)
        {
            Log.QueryFailed(_logger, failure);
        }
        finally
        {
            client.Dispose();
            Interlocked.Decrement(ref _connections);
        }
    }
}
