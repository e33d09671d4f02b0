using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>HorizontalPodAutoscalers: stored as autoscaling/v2 and shown; nothing measures pods, so nothing is scaled.</summary>
internal class HorizontalPodAutoscalerResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = NamesOf(AutoscalerVersions.Stored);

    public override string SchemaName => "autoscalingv2.HorizontalPodAutoscaler";

    public override bool HasStatus => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Reference"), new("Targets"), new("MinPods"), new("MaxPods"), TableColumn.Number("Replicas"), TableColumn.Age,
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), $"{obj.Text("spec", "scaleTargetRef", "kind")}/{obj.Text("spec", "scaleTargetRef", "name")}",
        AutoscalerTargets.Of(AutoscalerVersions.ToStored(obj)), obj.Integer("spec", "minReplicas")?.ToString() ?? "<unset>",
        (obj.Integer("spec", "maxReplicas") ?? 0).ToString(), TableCell.Count(obj, "status", "currentReplicas"), TableCell.Age(obj, now),
    ];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Default("minReplicas", 1L);
        if (obj.Array("spec", "metrics") is null or { Count: 0 })
        {
            spec["metrics"] = new JsonArray(AutoscalerVersions.CpuMetric(AutoscalerVersions.DefaultPercent));
        }

        if (spec["behavior"] is JsonObject behavior)
        {
            Rules(behavior.Ensure("scaleUp"), [Policy("Pods", 4), Policy("Percent", 100)], window: 0);
            Rules(behavior.Ensure("scaleDown"), [Policy("Percent", 100)], window: null);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var (min, max) = (obj.Integer("spec", "minReplicas"), obj.Integer("spec", "maxReplicas") ?? 0);
        if (min < 1)
        {
            errors.Invalid("spec.minReplicas", min.Value, "must be greater than or equal to 1");
        }

        if (max < 1)
        {
            errors.Invalid("spec.maxReplicas", max, "must be greater than 0");
        }

        if (min > max)
        {
            errors.Invalid("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`");
        }

        foreach (var field in new[] { "kind", "name" })
        {
            if (obj.Text("spec", "scaleTargetRef", field) is null or "")
            {
                errors.Required($"spec.scaleTargetRef.{field}");
            }
        }
    }

    protected static ResourceNames NamesOf(string apiVersion) =>
        new("autoscaling", apiVersion.Split('/')[1], "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", Namespaced: true)
        {
            ShortNames = ["hpa"],
            Categories = ["all"],
        };

    private static JsonObject Policy(string type, long value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15L };

    private static void Rules(JsonObject rules, JsonArray policies, long? window)
    {
        rules.Default("selectPolicy", "Max");
        rules.Default("policies", policies);
        if (window is { } seconds)
        {
            rules.Default("stabilizationWindowSeconds", seconds);
        }
    }
}

/// <summary>The same objects as autoscaling/v1, which <c>kubectl autoscale</c> writes.</summary>
internal sealed class HorizontalPodAutoscalerV1Resource : HorizontalPodAutoscalerResource
{
    public override ResourceNames Names { get; } = NamesOf(AutoscalerVersions.Old);

    public override string SchemaName => "autoscaling.HorizontalPodAutoscaler";

    public override string StoredApiVersion => AutoscalerVersions.Stored;

    public override void Default(JsonObject obj) => obj.Ensure("spec").Default("minReplicas", 1L);

    public override JsonObject ToStored(JsonObject obj) => AutoscalerVersions.ToStored(obj);

    protected override void Adapt(JsonObject obj) => AutoscalerVersions.ToOld(obj);
}
