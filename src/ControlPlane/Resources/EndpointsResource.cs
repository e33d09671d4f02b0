using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

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
