using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>EndpointSlices.</summary>
internal sealed class EndpointSliceResource : ResourceDescriptor
{
    private const int Shown = 3;

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

    public override void Validate(JsonObject obj, FieldErrors errors) => EndpointSliceValidation.Validate(obj, errors);

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "addressType"))
        {
            errors.Invalid("addressType", obj.Text("addressType") ?? "", "field is immutable");
        }
    }

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
