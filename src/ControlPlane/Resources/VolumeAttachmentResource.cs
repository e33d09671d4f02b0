using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>VolumeAttachments: stored for whoever attaches volumes.</summary>
internal sealed class VolumeAttachmentResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", "volumeattachment", Namespaced: false);

    public override string SchemaName => "storage.VolumeAttachment";

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Attacher"), new("PV"), new("Node"), new("Attached", "boolean"), TableColumn.Age];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), obj.Text("spec", "attacher") ?? "", obj.Text("spec", "source", "persistentVolumeName") ?? "", obj.Text("spec", "nodeName") ?? "",
        obj.Boolean("status", "attached") == true, TableCell.Age(obj, now),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["attached"] = false };

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        errors.Named("spec.attacher", spec.Text("attacher"), NameRule.PathSegment);
        errors.Named("spec.nodeName", spec.Text("nodeName"), NameRule.Subdomain);
        var source = spec.Object("source") ?? [];
        if (source.Text("persistentVolumeName") is null && source.Object("inlineVolumeSpec") is null)
        {
            errors.Required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        else if (source.Text("persistentVolumeName") is not null && source.Object("inlineVolumeSpec") is not null)
        {
            errors.Forbidden("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!obj.FieldEquals(old, "spec"))
        {
            errors.InvalidRaw("spec", obj["spec"]?.ToJsonString() ?? "null", ValueRules.Immutable);
        }
    }
}
