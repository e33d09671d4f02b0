using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PodDisruptionBudgets: the disruption controller writes the status, evictions follow it.</summary>
internal sealed class PodDisruptionBudgetResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", Namespaced: true) { ShortNames = ["pdb"] };

    public override string SchemaName => "policy.PodDisruptionBudget";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Min Available"), new("Max Unavailable"), TableColumn.Number("Allowed Disruptions"), TableColumn.Age,
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), Bound(obj, "minAvailable"), Bound(obj, "maxUnavailable"), TableCell.Count(obj, "status", "disruptionsAllowed"),
        TableCell.Age(obj, now),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject
    {
        ["disruptionsAllowed"] = 0L,
        ["currentHealthy"] = 0L,
        ["desiredHealthy"] = 0L,
        ["expectedPods"] = 0L,
    };

    public override bool AllowsUnconditionalUpdate => false;

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        if (spec["minAvailable"] is not null && spec["maxUnavailable"] is not null)
        {
            errors.InvalidRaw("spec", spec.ToJsonString(), "minAvailable and maxUnavailable cannot be both set");
        }

        foreach (var field in new[] { "minAvailable", "maxUnavailable" })
        {
            errors.CountOrPercent($"spec.{field}", spec[field]);
            errors.AtMostAll($"spec.{field}", spec[field]);
        }

        SelectorValidation.Validate(spec.Object("selector"), "spec.selector", errors);
        errors.KnownOrAbsent("spec.unhealthyPodEvictionPolicy", spec.Text("unhealthyPodEvictionPolicy"), "AlwaysAllow", "IfHealthyBudget");
    }

    public override void ValidateStatusUpdate(JsonObject obj, JsonObject old, FieldErrors errors) => errors.NotNegative(
        obj.Object("status") ?? [], "status", "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods");


    private static string Bound(JsonObject obj, string field) => obj.At("spec", field)?.ToString() ?? "N/A";
}
