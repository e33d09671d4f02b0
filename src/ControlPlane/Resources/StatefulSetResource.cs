using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>StatefulSets: stored and shown; no controller makes their pods.</summary>
internal sealed class StatefulSetResource : ReplicaControllerResource
{
    private static readonly string[] Mutable =
    [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    ];

    public override ResourceNames Names { get; } =
        new("apps", "v1", "StatefulSet", "statefulsets", "statefulset", Namespaced: true) { ShortNames = ["sts"], Categories = ["all"] };

    public override string SchemaName => "apps.StatefulSet";

    public override bool IsCollected => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Ready"), TableColumn.Age, TableColumn.Wide("Containers"), TableColumn.Wide("Images")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), $"{obj.Integer("status", "readyReplicas") ?? 0}/{obj.Integer("spec", "replicas") ?? 0}", TableCell.Age(obj, now),
        TableCell.ContainerNames(obj), TableCell.Images(obj),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["replicas"] = 0L, ["availableReplicas"] = 0L };

    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Ensure("spec");
        spec.Default("podManagementPolicy", "OrderedReady");
        spec.Default("revisionHistoryLimit", 10L);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Default("partition", 0L);
        }

        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        base.Validate(obj, errors);
        if (obj.Text("spec", "podManagementPolicy") is { } policy and not ("OrderedReady" or "Parallel"))
        {
            errors.InvalidRaw("spec.podManagementPolicy", $"\"{policy}\"", "must be 'OrderedReady' or 'Parallel'");
        }

        if (obj.Text("spec", "updateStrategy", "type") is { } type and not ("OnDelete" or "RollingUpdate"))
        {
            errors.Invalid("spec.updateStrategy", type, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!JsonNode.DeepEquals(Fixed(obj), Fixed(old)))
        {
            errors.Forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', " +
                "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
        }
    }

    private static JsonObject Fixed(JsonObject obj)
    {
        var spec = (JsonObject)obj.Ensure("spec").DeepClone();
        foreach (var field in Mutable)
        {
            spec.Remove(field);
        }

        return spec;
    }
}
