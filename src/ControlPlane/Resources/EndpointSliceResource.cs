using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>EndpointSlices.</summary>
internal sealed class EndpointSliceResource : ResourceDescriptor
{
    private const int Shown = 3;
    private const int MaxEndpoints = 1000;
    private const int MaxAddresses = 100;

    public override ResourceNames Names { get; } = new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice", Namespaced: true);

    public override string SchemaName => "discovery.EndpointSlice";

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("AddressType"), new("Ports"), new("Endpoints"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("addressType") ?? "", Ports(obj), Endpoints(obj), TableCell.Age(obj, now)];

    public override void Default(JsonObject obj)
    {
        // Clients read endpoints as an array even of an empty slice.
        obj.Default("endpoints", new JsonArray());
        foreach (var port in obj.Objects("ports"))
        {
            port.Default("name", "");
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var family = obj.Text("addressType");
        switch (family)
        {
            case null or "":
                errors.Required("addressType");
                return;
            case not ("IPv4" or "IPv6" or "FQDN"):
                errors.NotSupported("addressType", family, "FQDN", "IPv4", "IPv6");
                return;
        }

        if ((obj.Array("endpoints")?.Count ?? 0) > MaxEndpoints)
        {
            errors.InvalidRaw("endpoints", $"{obj.Array("endpoints")!.Count}", $"must have at most {MaxEndpoints} items");
        }

        var index = 0;
        foreach (var endpoint in obj.Objects("endpoints"))
        {
            var addresses = endpoint.Texts("addresses").ToList();
            var field = $"endpoints[{index++}].addresses";
            if (addresses.Count == 0)
            {
                errors.Required(field, "must contain at least 1 address");
            }

            if (addresses.Count > MaxAddresses)
            {
                errors.InvalidRaw(field, $"{addresses.Count}", $"must have at most {MaxAddresses} items");
            }

            for (var i = 0; i < addresses.Count; i++)
            {
                if (family != "FQDN" && !(IPAddress.TryParse(addresses[i], out var ip) && ip.AddressFamily == Family(family)))
                {
                    errors.Invalid($"{field}[{i}]", addresses[i], $"must be a valid {family} address");
                }
            }
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "addressType"))
        {
            errors.Invalid("addressType", obj.Text("addressType") ?? "", "field is immutable");
        }
    }

    private static AddressFamily Family(string addressType) => addressType == "IPv6" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    private static string Ports(JsonObject obj)
    {
        var ports = obj.Objects("ports").Select(port => port.Integer("port")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "*").ToList();
        return Listed(ports);
    }

    private static string Endpoints(JsonObject obj) =>
        Listed([.. obj.Objects("endpoints").Select(endpoint => endpoint.Texts("addresses").FirstOrDefault() ?? "")]);

    private static string Listed(List<string> all) => all.Count switch
    {
        0 => "<unset>",
        > Shown => $"{string.Join(",", all.Take(Shown))} + {all.Count - Shown} more...",
        _ => string.Join(",", all),
    };
}
