using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.Machinery.Proxying;

/// <summary>An object to proxy to, as a path names it: NAME, NAME:PORT or SCHEME:NAME:PORT.</summary>
/// <param name="Id">As written, for messages.</param>
/// <param name="Scheme">http or https.</param>
/// <param name="Name">The object.</param>
/// <param name="Port">A number, a Service port's name, or empty.</param>
internal sealed record ProxyTarget(string Id, string Scheme, string Name, string Port)
{
    /// <exception cref="StatusException">400: something else.</exception>
    public static ProxyTarget Parse(string resource, string id) => id.Split(':') switch
    {
        [{ Length: > 0 } name] => new ProxyTarget(id, "http", name, ""),
        [{ Length: > 0 } name, var port] => new ProxyTarget(id, "http", name, port),
        ["" or "http", { Length: > 0 } name, var port] => new ProxyTarget(id, "http", name, port),
        ["https", { Length: > 0 } name, var port] => new ProxyTarget(id, "https", name, port),
        _ => throw StatusException.BadRequest($"invalid {resource[..^1]} request \"{id}\""),
    };
}
