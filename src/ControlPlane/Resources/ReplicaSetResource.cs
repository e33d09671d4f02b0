using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ReplicaSets.</summary>
internal sealed class ReplicaSetResource : ReplicaControllerResource
{
    public override ResourceNames Names { get; } =
        new("apps", "v1", "ReplicaSet", "replicasets", "replicaset", Namespaced: true) { ShortNames = ["rs"], Categories = ["all"] };

    public override string SchemaName => "apps.ReplicaSet";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, TableColumn.Number("Desired"), TableColumn.Number("Current"), TableColumn.Number("Ready"), TableColumn.Age,
        TableColumn.Wide("Containers"), TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Count(obj, "spec", "replicas"), TableCell.Count(obj, "status", "replicas"),
        TableCell.Count(obj, "status", "readyReplicas"), TableCell.Age(obj, now), TableCell.ContainerNames(obj), TableCell.Images(obj), TableCell.Selector(obj),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["replicas"] = 0L };

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        SelectorIsFixed(obj, old, errors);
    }
}
