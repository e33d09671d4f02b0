using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PodTemplates: what pods could be made of. Nobody makes any.</summary>
internal sealed class PodTemplateResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("", "v1", "PodTemplate", "podtemplates", "podtemplate", Namespaced: true);

    public override string SchemaName => "core.PodTemplate";

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.ObjectName, new("Containers"), new("Images"), new("Pod Labels")];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), TableCell.Joined(obj.Objects("template", "spec", "containers"), "name"), TableCell.Joined(obj.Objects("template", "spec", "containers"), "image"),
        TableCell.Labels(obj.StringMap("template", "metadata", "labels")),
    ];

    public override void Default(JsonObject obj)
    {
        if (obj.Object("template") is { } template)
        {
            PodDefaults.OfTemplate(template);
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors) => TemplateValidation.Validate(obj.Object("template") ?? [], "template", errors);
}
