using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The scale of an object: what its subresource shows. It is no resource of its own, and in no catalog.</summary>
internal sealed class ScaleResource : ResourceDescriptor
{
    public static ScaleResource Instance { get; } = new();

    public override ResourceNames Names { get; } = new("autoscaling", "v1", "Scale", "scales", "scale", Namespaced: true);

    public override string SchemaName => "autoscaling.Scale";

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, TableColumn.Number("Desired"), TableColumn.Number("Available"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), TableCell.Count(obj, "spec", "replicas"), TableCell.Count(obj, "status", "replicas"), TableCell.Age(obj, now)];
}
