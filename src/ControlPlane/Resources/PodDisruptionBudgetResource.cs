using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PodDisruptionBudgets: the disruption controller writes the status, evictions follow it.</summary>
internal sealed class PodDisruptionBudgetResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } =
        new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", Namespaced: true) { ShortNames = ["pdb"] };

    public override string SchemaName => "policy.PodDisruptionBudget";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override bool IsCollected => false;

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

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.At("spec", "minAvailable") is not null && obj.At("spec", "maxUnavailable") is not null)
        {
            errors.InvalidRaw("spec", obj.Object("spec")!.ToJsonString(), "minAvailable and maxUnavailable cannot be both set");
        }

        foreach (var field in new[] { "minAvailable", "maxUnavailable" })
        {
            if (obj.Integer("spec", field) is { } number and < 0)
            {
                errors.Invalid($"spec.{field}", number, "must be greater than or equal to 0");
            }
            else if (obj.Text("spec", field) is { } text && !IsPercent(text))
            {
                errors.Invalid($"spec.{field}", text, "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
            }
        }
    }

    private static bool IsPercent(string text) => text.Length > 1 && text[^1] == '%' && text[..^1].All(char.IsAsciiDigit);

    private static string Bound(JsonObject obj, string field) => obj.At("spec", field)?.ToString() ?? "N/A";
}
