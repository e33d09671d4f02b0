using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Requests to kubelets, over a dialer that reaches the nodes' network wherever it is.</summary>
internal sealed class KubeletClient : IDisposable
{
    private const int DefaultPort = 10250;
    private readonly HttpClient _http;

    /// <param name="certificate">What the server shows to kubelets.</param>
    /// <param name="dial">Opens a connection; null uses the process's own network.</param>
    public KubeletClient(X509Certificate2 certificate, Dialer? dial) =>
        _http = new HttpClient(ClusterTransport.Create(dial, certificate)) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="node">The Node object: its InternalIP and its daemon endpoint.</param>
    /// <param name="pathAndQuery">What to ask for.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>The answer with its head read; the body comes as the kubelet writes it.</returns>
    /// <exception cref="StatusException">The node has no address, or its kubelet cannot be reached.</exception>
    public Task<HttpResponseMessage> GetAsync(JsonObject node, string pathAndQuery, CancellationToken cancellation) =>
        SendAsync(node, new HttpRequestMessage(HttpMethod.Get, AddressOf(node, pathAndQuery)), static request => $"Get \"{request.RequestUri}\"", cancellation);

    /// <summary>Asks for the upgrade that a client asks for.</summary>
    /// <param name="node">As for <see cref="GetAsync"/>.</param>
    /// <param name="pathAndQuery">What to ask for.</param>
    /// <param name="client">Its method and the headers of its upgrade are passed on.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>101 with a body that is the connection both ways, or a refusal.</returns>
    /// <inheritdoc cref="GetAsync" path="/exception"/>
    public Task<HttpResponseMessage> UpgradeAsync(JsonObject node, string pathAndQuery, HttpRequest client, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(new HttpMethod(client.Method), AddressOf(node, pathAndQuery));
        foreach (var (name, values) in client.Headers.Where(header => IsPartOfUpgrade(header.Key)))
        {
            request.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        return SendAsync(node, request, static _ => "error dialing backend", cancellation);
    }

    /// <summary>Where a node's kubelet listens.</summary>
    /// <exception cref="StatusException">The node has no address.</exception>
    public static IPEndPoint EndPointOf(JsonObject node)
    {
        var address = node.Objects("status", "addresses").FirstOrDefault(entry => entry.Text("type") == "InternalIP")?.Text("address");
        return IPAddress.TryParse(address, out var parsed)
            ? new IPEndPoint(parsed, (int)(node.Integer("status", "daemonEndpoints", "kubeletEndpoint", "Port") ?? DefaultPort))
            : throw StatusException.Internal($"no preferred addresses found; known addresses: []: node {node.Text("metadata", "name")}");
    }

    public void Dispose() => _http.Dispose();

    private static bool IsPartOfUpgrade(string header) =>
        header.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase)
        || header.Equals("Connection", StringComparison.OrdinalIgnoreCase)
        || header.Equals("Upgrade", StringComparison.OrdinalIgnoreCase)
        || header.Equals("X-Stream-Protocol-Version", StringComparison.OrdinalIgnoreCase);

    private static Uri AddressOf(JsonObject node, string pathAndQuery)
    {
        var endPoint = EndPointOf(node);
        return new Uri(new UriBuilder("https", endPoint.Address.ToString(), endPoint.Port).Uri, pathAndQuery);
    }

    /// <param name="node">The node asked.</param>
    /// <param name="request">Disposed afterwards.</param>
    /// <param name="activity">What failed, for the client; upstream gives such a failure no reason.</param>
    /// <param name="cancellation">Ends the request.</param>
    private async Task<HttpResponseMessage> SendAsync(
        JsonObject node, HttpRequestMessage request, Func<HttpRequestMessage, string> activity, CancellationToken cancellation)
    {
        using (request)
        {
            try
            {
                return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            }
            catch (HttpRequestException failure)
            {
                throw new StatusException(500, "", $"{activity(request)}: {ClusterTransport.Describe(failure, EndPointOf(node))}");
            }
        }
    }
}
