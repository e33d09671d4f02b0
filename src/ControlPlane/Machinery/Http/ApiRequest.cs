using System.Globalization;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>A request for a resource: /api/v1 or /apis/GROUP/VERSION, then [namespaces/NS/]RESOURCE[/NAME[/SUBRESOURCE]].</summary>
internal sealed record ApiRequest(HttpContext Http, ResourceDescriptor Descriptor, string Namespace, string Name, string Subresource)
{
    public IQueryCollection Query => Http.Request.Query;

    /// <summary>A cluster-wide list of a namespaced kind has no namespace and no name.</summary>
    public bool IsCollection => Name.Length == 0;

    public bool DryRun
    {
        get
        {
            var values = Query["dryRun"];
            return values.Count > 0 && (values.All(value => value == "All")
                ? true
                : throw StatusException.BadRequest($"dryRun: Unsupported value: \"{values}\": supported values: \"All\""));
        }
    }

    public bool IsWatch => Query["watch"].ToString() is "true" or "1";

    /// <exception cref="StatusException">A limit or timeout that is no number.</exception>
    public ListQuery ListQuery() => new()
    {
        LabelSelector = Query["labelSelector"],
        FieldSelector = Query["fieldSelector"],
        Limit = (int)Math.Min(Number("limit") ?? 0, int.MaxValue),
        Continue = Query["continue"],
        ResourceVersion = Query["resourceVersion"].ToString(),
        ResourceVersionMatch = Query["resourceVersionMatch"],
        AllowWatchBookmarks = Query["allowWatchBookmarks"].ToString() is "true" or "1",
        SendInitialEvents = Query["sendInitialEvents"].ToString() is { Length: > 0 } initial ? initial is "true" or "1" : null,
        Timeout = Number("timeoutSeconds") is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
    };

    /// <summary>Reads a path below a group and version.</summary>
    /// <param name="http">The request.</param>
    /// <param name="catalog">What is served.</param>
    /// <param name="group">Group of the path.</param>
    /// <param name="version">Version of the path.</param>
    /// <param name="rest">Segments after the version.</param>
    /// <returns>Null when nothing is served there.</returns>
    public static ApiRequest? Read(HttpContext http, ResourceCatalog catalog, string group, string version, ReadOnlySpan<string> rest)
    {
        var ns = "";
        if (rest is ["namespaces", var given, not ("status" or "finalize"), ..])
        {
            ns = given;
            rest = rest[2..];
        }

        if (rest.IsEmpty || rest.Length > 3 || catalog.Find(group, version, rest[0]) is not { } descriptor)
        {
            return null;
        }

        var name = rest.Length > 1 ? rest[1] : "";
        var fits = descriptor.Names.Namespaced ? ns.Length > 0 || name.Length == 0 : ns.Length == 0;
        return fits ? new ApiRequest(http, descriptor, ns, name, rest.Length > 2 ? rest[2] : "") : null;
    }

    private long? Number(string name)
    {
        var text = Query[name].ToString();
        return text.Length == 0
            ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? value
                : throw StatusException.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax");
    }
}
