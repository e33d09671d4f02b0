using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>CSIStorageCapacities: what storage drivers report of the room they have.</summary>
internal sealed class CsiStorageCapacityResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity", Namespaced: true);

    public override string SchemaName => "storage.CSIStorageCapacity";

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("StorageClassName"), new("Capacity")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), obj.Text("storageClassName") ?? "", obj.Text("capacity") ?? "<unset>"];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        errors.Named("storageClassName", obj.Text("storageClassName"), NameRule.Subdomain);
        if (obj.Object("nodeTopology") is { } topology)
        {
            SelectorValidation.Validate(topology, "nodeTopology", errors);
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        foreach (var field in new[] { "nodeTopology", "storageClassName" }.Where(field => !obj.FieldEquals(old, field)))
        {
            errors.InvalidRaw(field, obj[field]?.ToJsonString() ?? "null", ValueRules.Immutable);
        }
    }
}
