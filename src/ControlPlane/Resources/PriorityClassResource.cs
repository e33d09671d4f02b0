using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PriorityClasses: pods get their numbers at creation; the scheduler here does not preempt.</summary>
internal sealed class PriorityClassResource : ResourceDescriptor
{
    /// <summary>Priorities above this belong to the system's own classes.</summary>
    private const long HighestForUsers = 1_000_000_000;

    public override ResourceNames Names { get; } =
        new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "priorityclass", Namespaced: false) { ShortNames = ["pc"] };

    public override string SchemaName => "scheduling.PriorityClass";

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, TableColumn.Number("Value"), new("Global-Default", "boolean"), TableColumn.Age, new("PreemptionPolicy")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Count(obj, "value"), obj.Boolean("globalDefault") == true, TableCell.Age(obj, now),
        obj.Text("preemptionPolicy") ?? "",
    ];

    public override void Default(JsonObject obj)
    {
        obj.Default("value", 0L);
        obj.Default("preemptionPolicy", "PreemptLowerPriority");
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var name = obj.Text("metadata", "name") ?? "";
        if (SystemPriorityClasses.All.Any(known => known.Name == name && known.Value == obj.Integer("value")))
        {
            return;
        }

        if (name.StartsWith("system-", StringComparison.Ordinal))
        {
            errors.Forbidden("metadata.name", $"priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class");
        }

        if (obj.Integer("value") is > HighestForUsers)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestForUsers}");
        }

        if (obj.Text("preemptionPolicy") is { } policy and not ("Never" or "PreemptLowerPriority"))
        {
            errors.NotSupported("preemptionPolicy", policy, "Never", "PreemptLowerPriority");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "value"))
        {
            errors.Forbidden("value", "may not be changed in an update.");
        }

        if (!obj.FieldEquals(old, "preemptionPolicy"))
        {
            errors.Invalid("preemptionPolicy", obj.Text("preemptionPolicy") ?? "", "field is immutable");
        }
    }
}
