using Dataplane.ControlPlane.Machinery.Http;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>What the metrics tell requests apart by: the labels of upstream, whose values are few.</summary>
internal readonly record struct RequestLabels(
    string Verb, string Group, string Version, string Resource, string Subresource, string Scope, string DryRun)
{
    private static readonly string[] Paths =
        ["/", "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"];

    // Part of the path, so a client can write anything there: only what means something becomes a label.
    private static readonly HashSet<string> Subresources =
    [
        "attach", "binding", "ephemeralcontainers", "eviction", "exec", "finalize", "log", "portforward", "proxy", "resize", "scale", "status", "token",
    ];

    /// <summary>Watches and connections: counted while they last, not timed.</summary>
    public bool IsLongRunning => Verb is "WATCH" or "CONNECT" || Subresource is "log" or "proxy";

    public bool IsMutating => Verb is not ("GET" or "LIST" or "WATCH" or "CONNECT");

    public static RequestLabels Of(ApiRequest request)
    {
        var names = request.Descriptor.Names;
        var verb = VerbOf(request);
        var scope = request.Name.Length > 0 || verb == "POST" ? "resource" : request.Namespace.Length > 0 ? "namespace" : "cluster";
        return new RequestLabels(
            verb, names.Group, names.Version, names.Plural, Subresources.Contains(request.Subresource) ? request.Subresource : "", scope, request.Query.ContainsKey("dryRun") ? "All" : "");
    }

    /// <summary>A path that is no resource: clients can ask for any, only those there are become labels.</summary>
    public static RequestLabels OfPath(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        var known = Paths.LastOrDefault(known => path == known || (known.Length > 1 && path.StartsWith(known, StringComparison.Ordinal)));
        return new RequestLabels(MethodOf(http.Request.Method), "", "", "", known ?? "", "", "");
    }

    private static string VerbOf(ApiRequest request) => request.Http.Request.Method switch
    {
        _ when request.Subresource is "exec" or "attach" or "portforward" or "proxy" => "CONNECT",
        "GET" or "HEAD" when request.IsWatch => "WATCH",
        "GET" or "HEAD" => request.IsCollection ? "LIST" : "GET",
        "DELETE" => request.IsCollection ? "DELETECOLLECTION" : "DELETE",
        "PATCH" when RequestBody.MediaType(request.Http) == PatchHandler.ApplyPatchType => "APPLY",
        var method => MethodOf(method),
    };

    private static string MethodOf(string method) =>
        method is "GET" or "POST" or "PUT" or "PATCH" or "DELETE" or "HEAD" or "OPTIONS" ? method : "other";
}
