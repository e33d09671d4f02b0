using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>CSINodes: the storage drivers of each node. A kubelet without the right to write its own does not start.</summary>
internal sealed class CsiNodeResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("storage.k8s.io", "v1", "CSINode", "csinodes", "csinode", Namespaced: false);

    public override string SchemaName => "storage.CSINode";

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, TableColumn.Number("Drivers"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => [TableCell.Name(obj), obj.Objects("spec", "drivers").Count(), TableCell.Age(obj, now)];

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, driver) in obj.Objects("spec", "drivers").Index())
        {
            var path = $"spec.drivers[{i}]";
            errors.Named($"{path}.name", driver.Text("name"), NameRule.PathSegment);
            if (!names.Add(driver.Text("name") ?? ""))
            {
                errors.Duplicate($"{path}.name", driver.Text("name") ?? "");
            }

            if (driver.Text("nodeID") is null or "")
            {
                errors.Required($"{path}.nodeID");
            }

            errors.NotNegative(driver.Object("allocatable") ?? [], $"{path}.allocatable", "count");
        }
    }
}
