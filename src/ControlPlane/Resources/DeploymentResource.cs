using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Deployments.</summary>
internal sealed class DeploymentResource : ReplicaControllerResource
{
    public override ResourceNames Names { get; } =
        new("apps", "v1", "Deployment", "deployments", "deployment", Namespaced: true) { ShortNames = ["deploy"], Categories = ["all"] };

    public override string SchemaName => "apps.Deployment";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Ready"), TableColumn.Number("Up-to-date"), TableColumn.Number("Available"), TableColumn.Age,
        TableColumn.Wide("Containers"), TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), $"{obj.Integer("status", "readyReplicas") ?? 0}/{obj.Integer("spec", "replicas") ?? 0}",
        TableCell.Count(obj, "status", "updatedReplicas"), TableCell.Count(obj, "status", "availableReplicas"), TableCell.Age(obj, now),
        TableCell.ContainerNames(obj), TableCell.Images(obj), TableCell.Selector(obj),
    ];

    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Ensure("spec");
        spec.Default("revisionHistoryLimit", 10L);
        spec.Default("progressDeadlineSeconds", 600L);
        var strategy = spec.Ensure("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        base.Validate(obj, errors);
        switch (obj.Text("spec", "strategy", "type"))
        {
            case "Recreate" when obj.Object("spec", "strategy", "rollingUpdate") is not null:
                errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                break;
            case not ("Recreate" or "RollingUpdate") and var type:
                errors.NotSupported("spec.strategy.type", type ?? "", "Recreate", "RollingUpdate");
                break;
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        SelectorIsFixed(obj, old, errors);
    }
}
