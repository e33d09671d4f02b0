using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What ReplicationControllers, ReplicaSets and Deployments share: replicas of one template.</summary>
internal abstract class ReplicaControllerResource : ResourceDescriptor
{
    public override bool HasStatus => true;

    public override bool HasScale => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<string> FieldLabels => [];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject();

    public override void Default(JsonObject obj)
    {
        obj.Ensure("spec").Default("replicas", 1L);
        PodDefaults.Template(obj);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Integer("spec", "replicas") is { } replicas and < 0)
        {
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        }

        var selector = SelectorLabels(obj);
        if (selector.Count == 0 && !obj.Objects("spec", "selector", "matchExpressions").Any())
        {
            errors.Required("spec.selector");
        }

        if (obj.Object("spec", "template") is null)
        {
            errors.Required("spec.template");
            return;
        }

        PodValidation.Template(obj, selector, errors);
    }

    /// <summary>The equality terms of the selector.</summary>
    protected virtual Dictionary<string, string> SelectorLabels(JsonObject obj) => obj.StringMap("spec", "selector", "matchLabels");

    protected static void SelectorIsFixed(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        var (now, before) = (obj.Object("spec", "selector"), old.Object("spec", "selector"));
        if (!JsonNode.DeepEquals(now, before))
        {
            errors.InvalidRaw("spec.selector", now?.ToJsonString() ?? "null", "field is immutable");
        }
    }
}

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

/// <summary>ReplicationControllers. Their selector is a plain map and defaults to the template's labels.</summary>
internal sealed class ReplicationControllerResource : ReplicaControllerResource
{
    public override ResourceNames Names { get; } =
        new("", "v1", "ReplicationController", "replicationcontrollers", "replicationcontroller", Namespaced: true)
        {
            ShortNames = ["rc"],
            Categories = ["all"],
        };

    public override string SchemaName => "core.ReplicationController";

    public override string StoragePrefix => "/registry/controllers/";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, TableColumn.Number("Desired"), TableColumn.Number("Current"), TableColumn.Number("Ready"), TableColumn.Age,
        TableColumn.Wide("Containers"), TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Count(obj, "spec", "replicas"), TableCell.Count(obj, "status", "replicas"),
        TableCell.Count(obj, "status", "readyReplicas"), TableCell.Age(obj, now), TableCell.ContainerNames(obj), TableCell.Images(obj),
        TableCell.Labels(obj.StringMap("spec", "selector")),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["replicas"] = 0L };

    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        if (obj.Object("spec", "template", "metadata", "labels") is { Count: > 0 } labels)
        {
            if (obj.Object("spec", "selector") is null or { Count: 0 })
            {
                obj.Ensure("spec")["selector"] = labels.DeepClone();
            }

            obj.Metadata().Default("labels", labels.DeepClone());
        }
    }

    protected override Dictionary<string, string> SelectorLabels(JsonObject obj) => obj.StringMap("spec", "selector");
}
