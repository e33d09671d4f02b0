using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Endpoints, the older form of EndpointSlices.</summary>
internal sealed class EndpointsResource : ResourceDescriptor
{
    private const int Shown = 3;

    public override ResourceNames Names { get; } = new("", "v1", "Endpoints", "endpoints", "endpoints", Namespaced: true) { ShortNames = ["ep"] };

    public override string SchemaName => "core.Endpoints";

    public override string StoragePrefix => "/registry/services/endpoints/";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Endpoints"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), EndpointList(obj), TableCell.Age(obj, now)];

    public override void Default(JsonObject obj)
    {
        foreach (var port in obj.Objects("subsets").SelectMany(subset => subset.Objects("ports")))
        {
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        foreach (var (subset, path) in obj.Entries("", "subsets"))
        {
            if (!subset.Objects("addresses").Any() && !subset.Objects("notReadyAddresses").Any())
            {
                errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
            }

            foreach (var (address, at) in subset.Entries(path, "addresses").Concat(subset.Entries(path, "notReadyAddresses")))
            {
                errors.PublicAddress($"{at}.ip", address.Text("ip"));
                errors.Optional($"{at}.hostname", address.Text("hostname"), NameRule.Label);
                errors.Optional($"{at}.nodeName", address.Text("nodeName"), NameRule.Subdomain);
            }

            var needsName = subset.Objects("ports").Count() > 1;
            foreach (var (port, at) in subset.Entries(path, "ports"))
            {
                if (needsName || port.Text("name") is { Length: > 0 })
                {
                    errors.Named($"{at}.name", port.Text("name"), NameRule.Label);
                }

                errors.Port($"{at}.port", port.Integer("port") ?? 0);
                errors.OneOf($"{at}.protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
                if (port.Text("appProtocol") is { } protocol)
                {
                    errors.Key($"{at}.appProtocol", protocol);
                }
            }
        }
    }

    private static string EndpointList(JsonObject obj)
    {
        var all = obj.Objects("subsets").SelectMany(Subset).ToList();
        return all.Count > Shown
            ? $"{string.Join(",", all.Take(Shown))} + {all.Count - Shown} more..."
            : TableCell.OrNone(string.Join(",", all));
    }

    private static IEnumerable<string> Subset(JsonObject subset)
    {
        var addresses = subset.Objects("addresses").Select(address => address.Text("ip") ?? "");
        var ports = subset.Objects("ports").Select(port => port.Integer("port") ?? 0).ToList();
        return ports.Count == 0 ? addresses : ports.SelectMany(_ => addresses, (port, address) => HostPort(address, port));
    }

    private static string HostPort(string address, long port) =>
        address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";
}
