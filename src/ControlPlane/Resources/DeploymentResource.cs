using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

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

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

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
        var spec = obj.Object("spec") ?? [];
        var strategy = spec.Object("strategy") ?? [];
        switch (strategy.Text("type"))
        {
            case "Recreate":
                if (strategy.Object("rollingUpdate") is not null)
                {
                    errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
                }

                break;
            case "RollingUpdate":
                Rolling(strategy.Object("rollingUpdate") ?? [], errors);
                break;
            case var type:
                errors.NotSupportedRaw(
                    "spec.strategy",
                    $"apps.DeploymentStrategy{{Type:{GoValue.Quote(type ?? "")}, RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}}",
                    "\"Recreate\", \"RollingUpdate\"");
                break;
        }

        errors.NotNegative(spec, "spec", "progressDeadlineSeconds");
        if (spec.Integer("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Integer("minReadySeconds") ?? 0))
        {
            errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
        }
    }

    protected override string TemplateOwner => "ReplicaSet";

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        SelectorIsFixed(obj, old, errors);
    }

    private static void Rolling(JsonObject rolling, FieldErrors errors)
    {
        const string path = "spec.strategy.rollingUpdate";
        errors.CountOrPercent($"{path}.maxUnavailable", rolling["maxUnavailable"]);
        errors.CountOrPercent($"{path}.maxSurge", rolling["maxSurge"]);
        if (IsNone(rolling["maxUnavailable"]) && IsNone(rolling["maxSurge"]))
        {
            errors.InvalidRaw($"{path}.maxUnavailable", GoValue.IntOrString(rolling["maxUnavailable"]), "may not be 0 when `maxSurge` is 0");
        }

        errors.AtMostAll($"{path}.maxUnavailable", rolling["maxUnavailable"]);
    }

    private static bool IsNone(JsonNode? value) => value?.ToString() is "0" or "0%";
}
