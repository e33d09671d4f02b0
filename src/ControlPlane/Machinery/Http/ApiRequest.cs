using System.Globalization;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Security;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>A request for a resource: /api/v1 or /apis/GROUP/VERSION, then [namespaces/NS/]RESOURCE[/NAME[/SUBRESOURCE]].</summary>
internal sealed record ApiRequest(HttpContext Http, ResourceDescriptor Descriptor, string Namespace, string Name, string Subresource)
{
    /// <summary>A watch that asks for longer than a day is as good as one that asks for nothing.</summary>
    private const long MaxTimeoutSeconds = 86400;

    public IQueryCollection Query => Http.Request.Query;

    /// <summary>A cluster-wide list of a namespaced kind has no namespace and no name.</summary>
    public bool IsCollection => Name.Length == 0;

    /// <summary>Whether nothing may be kept of a write; other values than All are refused with its other options.</summary>
    public bool DryRun => Query["dryRun"].Contains("All");

    /// <summary>Who asks, or whom they act as.</summary>
    public UserInfo User => (UserInfo)Http.Items[typeof(UserInfo)]!;

    public bool IsWatch => Flag("watch") == true;

    /// <exception cref="StatusException">A limit or timeout that is no number.</exception>
    public ListQuery ListQuery() => new()
    {
        LabelSelector = Query["labelSelector"],
        FieldSelector = Query["fieldSelector"],
        Limit = (int)Math.Clamp(Number("limit") ?? 0, 0, int.MaxValue),
        Continue = Query["continue"],
        ResourceVersion = Query["resourceVersion"].ToString(),
        ResourceVersionMatch = Query["resourceVersionMatch"],
        AllowWatchBookmarks = Flag("allowWatchBookmarks") == true,
        SendInitialEvents = Flag("sendInitialEvents"),
        Timeout = Number("timeoutSeconds") is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, MaxTimeoutSeconds)) : null,
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

    /// <summary>A parameter that is there is set, whatever it says, but for "false" and "0"; null when it is not there.</summary>
    public bool? Flag(string name) =>
        Query.TryGetValue(name, out var values) && values.Count > 0
            ? values[0] is not "0" && !string.Equals(values[0], "false", StringComparison.OrdinalIgnoreCase)
            : null;

    /// <exception cref="StatusException">400: not a whole number.</exception>
    public long? Number(string name)
    {
        // Of a parameter given twice the first counts.
        var text = Query[name].FirstOrDefault() ?? "";
        if (text.Length == 0)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        var digits = text.TrimStart('-', '+');
        var why = digits.Length > 0 && digits.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax";
        throw StatusException.BadRequest($"strconv.ParseInt: parsing {GoValue.Quote(text)}: {why}");
    }
}
