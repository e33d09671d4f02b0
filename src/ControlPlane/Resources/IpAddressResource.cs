using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>IPAddresses: stored. The addresses of Services are kept in the Services.</summary>
internal sealed class IpAddressResource(string version = "v1") : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("networking.k8s.io", version, "IPAddress", "ipaddresses", "ipaddress", Namespaced: false) { ShortNames = ["ip"] };

    /// <summary>kubectl up to 1.32 describes it in v1beta1, which is the same.</summary>
    public override string StoredApiVersion => "networking.k8s.io/v1";

    public override string SchemaName => "networking.IPAddress";

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("ParentRef")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), Parent(obj)];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var name = obj.Text("metadata", "name") ?? "";
        if (AddressBlock.Canonical(name) != name)
        {
            errors.Invalid("metadata.name", name, "must be a valid IP address in canonical form");
        }

        if (obj.Object("spec", "parentRef") is not { } parent)
        {
            errors.Required("spec.parentRef");
            return;
        }

        foreach (var field in new[] { "resource", "name" }.Where(field => parent.Text(field) is null or ""))
        {
            errors.Required($"spec.parentRef.{field}");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!JsonNode.DeepEquals(obj.At("spec", "parentRef"), old.At("spec", "parentRef")))
        {
            errors.InvalidRaw("spec.parentRef", obj.At("spec", "parentRef")?.ToJsonString() ?? "null", "field is immutable");
        }
    }

    private static string Parent(JsonObject obj)
    {
        var parent = obj.Object("spec", "parentRef") ?? [];
        var resource = parent.Text("group") is { Length: > 0 } group ? $"{parent.Text("resource")}.{group}" : parent.Text("resource");
        return parent.Text("namespace") is { Length: > 0 } ns ? $"{resource}/{ns}/{parent.Text("name")}" : $"{resource}/{parent.Text("name")}";
    }
}
