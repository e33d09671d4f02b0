using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Requests to kubelets, over a dialer that reaches the nodes' network wherever it is.</summary>
internal sealed class KubeletClient : IDisposable
{
    private const int DefaultPort = 10250;
    private readonly HttpClient _http;

    /// <param name="certificate">What the server shows to kubelets.</param>
    /// <param name="dial">Opens a connection; null uses the process's own network.</param>
    public KubeletClient(X509Certificate2 certificate, Func<IPEndPoint, CancellationToken, ValueTask<Stream>>? dial)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellation) => ConnectAsync(dial, context.DnsEndPoint, cancellation),
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [certificate],

                // Kubelets sign their own serving certificates unless told otherwise; upstream does not check them either by default.
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="node">The Node object: its InternalIP and its daemon endpoint.</param>
    /// <param name="pathAndQuery">What to ask for.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>The answer with its head read; the body comes as the kubelet writes it.</returns>
    /// <exception cref="StatusException">The node has no address, or its kubelet cannot be reached.</exception>
    public async Task<HttpResponseMessage> GetAsync(JsonObject node, string pathAndQuery, CancellationToken cancellation)
    {
        var name = node.Text("metadata", "name");
        var address = node.Objects("status", "addresses").FirstOrDefault(entry => entry.Text("type") == "InternalIP")?.Text("address")
            ?? throw StatusException.Internal($"no preferred addresses found; known addresses: []: node {name}");
        var port = node.Integer("status", "daemonEndpoints", "kubeletEndpoint", "Port") ?? DefaultPort;
        var uri = new UriBuilder("https", address, (int)port).Uri;
        try
        {
            return await _http.GetAsync(new Uri(uri, pathAndQuery), HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw StatusException.Internal($"Get \"{new Uri(uri, pathAndQuery)}\": {failure.InnerException?.Message ?? failure.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(
        Func<IPEndPoint, CancellationToken, ValueTask<Stream>>? dial, DnsEndPoint target, CancellationToken cancellation)
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
