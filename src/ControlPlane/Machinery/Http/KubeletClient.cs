using System.Net;
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
    public KubeletClient(X509Certificate2 certificate, Dialer? dial) =>
        _http = new HttpClient(ClusterTransport.Create(dial, certificate)) { Timeout = Timeout.InfiniteTimeSpan };

    /// <param name="node">The Node object: its InternalIP and its daemon endpoint.</param>
    /// <param name="pathAndQuery">What to ask for.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <returns>The answer with its head read; the body comes as the kubelet writes it.</returns>
    /// <exception cref="StatusException">The node has no address, or its kubelet cannot be reached.</exception>
    public async Task<HttpResponseMessage> GetAsync(JsonObject node, string pathAndQuery, CancellationToken cancellation)
    {
        var endPoint = EndPointOf(node);
        var uri = new UriBuilder("https", endPoint.Address.ToString(), endPoint.Port).Uri;
        try
        {
            return await _http.GetAsync(new Uri(uri, pathAndQuery), HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw StatusException.Internal($"Get \"{new Uri(uri, pathAndQuery)}\": {failure.InnerException?.Message ?? failure.Message}");
        }
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
}
