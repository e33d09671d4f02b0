using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>StatefulSets: numbered pods with a claim and a name of their own.</summary>
internal sealed class StatefulSetResource : ReplicaControllerResource
{
    private static readonly string[] Mutable =
    [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    ];

    public override ResourceNames Names { get; } =
        new("apps", "v1", "StatefulSet", "statefulsets", "statefulset", Namespaced: true) { ShortNames = ["sts"], Categories = ["all"] };

    public override string SchemaName => "apps.StatefulSet";

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Ready"), TableColumn.Age, TableColumn.Wide("Containers"), TableColumn.Wide("Images")];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

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
        var spec = obj.Object("spec") ?? [];
        if (spec.Text("podManagementPolicy") is { } policy and not ("OrderedReady" or "Parallel"))
        {
            errors.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
        }

        if (spec.Text("updateStrategy", "type") is var type and not ("OnDelete" or "RollingUpdate"))
        {
            errors.InvalidRaw(
                "spec.updateStrategy",
                $"apps.StatefulSetUpdateStrategy{{Type:{GoValue.Quote(type ?? "")}, RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}}",
                "must be 'RollingUpdate' or 'OnDelete'");
        }

        errors.NotNegative(spec.Object("updateStrategy", "rollingUpdate") ?? [], "spec.updateStrategy.rollingUpdate", "partition");
        var retention = spec.Object("persistentVolumeClaimRetentionPolicy") ?? [];
        foreach (var field in new[] { "whenDeleted", "whenScaled" })
        {
            errors.KnownOrAbsent($"spec.persistentVolumeClaimRetentionPolicy.{field}", retention.Text(field), "Retain", "Delete");
        }

        errors.NotNegative(spec.Object("ordinals") ?? [], "spec.ordinals", "start");
        base.Validate(obj, errors);
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
