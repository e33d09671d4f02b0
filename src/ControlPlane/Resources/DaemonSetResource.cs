using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>DaemonSets: one pod for each node that fits.</summary>
internal sealed class DaemonSetResource : ReplicaControllerResource
{
    /// <summary>Counts changes of the template: what is left in apps/v1 of a field of extensions/v1beta1, and still written.</summary>
    public const string TemplateGeneration = "deprecated.daemonset.template.generation";

    public override ResourceNames Names { get; } =
        new("apps", "v1", "DaemonSet", "daemonsets", "daemonset", Namespaced: true) { ShortNames = ["ds"], Categories = ["all"] };

    public override string SchemaName => "apps.DaemonSet";

    public override bool HasScale => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, TableColumn.Number("Desired"), TableColumn.Number("Current"), TableColumn.Number("Ready"), TableColumn.Number("Up-to-date"),
        TableColumn.Number("Available"), new("Node Selector"), TableColumn.Age, TableColumn.Wide("Containers"), TableColumn.Wide("Images"),
        TableColumn.Wide("Selector"),
    ];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Count(obj, "status", "desiredNumberScheduled"), TableCell.Count(obj, "status", "currentNumberScheduled"),
        TableCell.Count(obj, "status", "numberReady"), TableCell.Count(obj, "status", "updatedNumberScheduled"),
        TableCell.Count(obj, "status", "numberAvailable"), TableCell.Labels(obj.StringMap("spec", "template", "spec", "nodeSelector")),
        TableCell.Age(obj, now), TableCell.ContainerNames(obj), TableCell.Images(obj), TableCell.Selector(obj),
    ];

    public override void PrepareForCreate(JsonObject obj)
    {
        obj["status"] = new JsonObject
        {
            ["currentNumberScheduled"] = 0L,
            ["numberMisscheduled"] = 0L,
            ["desiredNumberScheduled"] = 0L,
            ["numberReady"] = 0L,
        };
        obj.Metadata().Ensure("annotations")[TemplateGeneration] = "1";
    }

    public override void PrepareForUpdate(JsonObject obj, JsonObject old)
    {
        base.PrepareForUpdate(obj, old);
        var updated = (JsonObject)obj.DeepClone();
        PodDefaults.Template(updated);
        var generation = long.TryParse(old.StringMap("metadata", "annotations").GetValueOrDefault(TemplateGeneration), out var number) ? number : 1;
        if (!updated.Ensure("spec").FieldEquals(old.Ensure("spec"), "template"))
        {
            generation++;
        }

        obj.Metadata().Ensure("annotations")[TemplateGeneration] = generation.ToString(CultureInfo.InvariantCulture);
    }

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        PodDefaults.Template(obj);
        spec.Default("revisionHistoryLimit", 10L);
        var strategy = spec.Ensure("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", 1L);
            rolling.Default("maxSurge", 0L);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        base.Validate(obj, errors);
        var strategy = obj.Object("spec", "updateStrategy") ?? [];
        switch (strategy.Text("type"))
        {
            case "OnDelete":
                break;
            case "RollingUpdate":
                Rolling(strategy.Object("rollingUpdate") ?? [], errors);
                break;
            case var type:
                errors.NotSupportedRaw(
                    "spec.updateStrategy",
                    $"apps.DaemonSetUpdateStrategy{{Type:{GoValue.Quote(type ?? "")}, RollingUpdate:(*apps.RollingUpdateDaemonSet)(nil)}}",
                    "\"RollingUpdate\", \"OnDelete\"");
                break;
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        SelectorIsFixed(obj, old, errors);
    }

    private static void Rolling(JsonObject rolling, FieldErrors errors)
    {
        const string path = "spec.updateStrategy.rollingUpdate";
        foreach (var field in new[] { "maxUnavailable", "maxSurge" })
        {
            errors.CountOrPercent($"{path}.{field}", rolling[field]);
            errors.AtMostAll($"{path}.{field}", rolling[field]);
        }

        var (unavailable, surge) = (Some(rolling["maxUnavailable"]), Some(rolling["maxSurge"]));
        if (unavailable && surge)
        {
            errors.InvalidRaw($"{path}.maxSurge", GoValue.IntOrString(rolling["maxSurge"]), "may not be set when maxUnavailable is non-zero");
        }
        else if (!unavailable && !surge)
        {
            errors.Required($"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0");
        }
    }

    private static bool Some(JsonNode? value) => value?.ToString() is not (null or "0" or "0%");
}
