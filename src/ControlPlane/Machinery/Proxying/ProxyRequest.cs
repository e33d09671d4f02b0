using Dataplane.ControlPlane.Machinery.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>A request for what is behind a Service, a pod or a node.</summary>
/// <param name="Resource">services, pods or nodes.</param>
/// <param name="Namespace">Empty for nodes.</param>
/// <param name="Target">What is named.</param>
/// <param name="Prefix">The part of the path that is the API server's own, as the client wrote it.</param>
/// <param name="Path">The rest as the client wrote it, escapes included: empty or with a leading slash.</param>
internal sealed record ProxyRequest(string Resource, string Namespace, ProxyTarget Target, string Prefix, string Path)
{
    /// <summary>Reads .../RESOURCE/ID/proxy/PATH, and the older .../proxy/.../RESOURCE/ID/PATH.</summary>
    /// <returns>Null for any other path.</returns>
    /// <exception cref="StatusException">400: the ID is not [SCHEME:]NAME[:PORT].</exception>
    public static ProxyRequest? Read(HttpContext http)
    {
        var raw = RawPath(http);
        var words = raw.Split('/');
        return words switch
        {
            ["", "api", "v1", "namespaces", var ns, "services" or "pods", var id, "proxy", ..] => Of(words, words[5], ns, id, 8),
            ["", "api", "v1", "nodes", var id, "proxy", ..] => Of(words, "nodes", "", id, 6),
            ["", "api", "v1", "proxy", "namespaces", var ns, "services" or "pods", var id, ..] => Of(words, words[6], ns, id, 8),
            ["", "api", "v1", "proxy", "nodes", var id, ..] => Of(words, "nodes", "", id, 6),
            _ => null,
        };
    }

    private static ProxyRequest Of(string[] words, string resource, string ns, string id, int own) => new(
        resource,
        Uri.UnescapeDataString(ns),
        ProxyTarget.Parse(resource, Uri.UnescapeDataString(id)),
        string.Join('/', words[..own]),
        words.Length > own ? "/" + string.Join('/', words[own..]) : "");

    // The decoded path has lost which slashes were escaped; the application behind the proxy may care.
    private static string RawPath(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        return path.StartsWith('/') ? path : http.Request.Path.ToUriComponent();
    }
}
