using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>HTTP to nodes and pods, over a dialer that reaches their network wherever it is.</summary>
internal static class ClusterTransport
{
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(30);

    /// <param name="dial">Opens a connection; null uses the process's own network.</param>
    /// <param name="certificate">Shown to a server that asks; null shows none.</param>
    public static SocketsHttpHandler Create(Dialer? dial, X509Certificate2? certificate) => new()
    {
        ConnectCallback = (context, cancellation) => ConnectAsync(dial, context.DnsEndPoint, cancellation),
        ConnectTimeout = DialTimeout,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        EnableMultipleHttp2Connections = true,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = certificate is null ? null : [certificate],

            // Kubelets sign their own serving certificates unless told otherwise, and so do pods; upstream does not check them either by default.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        },
    };

    /// <summary>Why a request did not reach its end point, in the words of Go's dialer where nobody answered.</summary>
    public static string Describe(Exception? failure, IPEndPoint endPoint)
    {
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
            {
                return $"dial tcp {endPoint}: connect: {socket.Message.ToLowerInvariant()}";
            }
        }

        return failure?.Message ?? "EOF";
    }

    private static async ValueTask<Stream> ConnectAsync(Dialer? dial, DnsEndPoint target, CancellationToken cancellation)
    {
        var endPoint = new IPEndPoint(IPAddress.Parse(target.Host), target.Port);
        if (dial is not null)
        {
            return await dial(endPoint, cancellation);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
