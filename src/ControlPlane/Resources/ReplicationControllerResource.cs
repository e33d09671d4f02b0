using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

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

    public override string? DefaultPropagation => "Orphan";

    public override string StoragePrefix => "/registry/controllers/";

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, TableColumn.Number("Desired"), TableColumn.Number("Current"), TableColumn.Number("Ready"), TableColumn.Age,
        TableColumn.Wide("Containers"), TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

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

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        errors.NotNegative(spec, "spec", "minReadySeconds", "replicas");
        var selector = spec.StringMap("selector");
        if (selector.Count == 0)
        {
            errors.Required("spec.selector");
        }

        if (spec.Object("template") is not { } template)
        {
            errors.Required("spec.template");
            return;
        }

        var labels = template.StringMap("metadata", "labels");
        TemplateValidation.Selected(template, selector.All(term => labels.GetValueOrDefault(term.Key) == term.Value), "spec.template", errors);
        TemplateValidation.Validate(template, "spec.template", errors);
        TemplateValidation.NeverEnds(template, Names.Kind, "spec.template", errors);
    }
}
