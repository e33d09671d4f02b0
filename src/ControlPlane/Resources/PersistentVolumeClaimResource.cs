using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PersistentVolumeClaims.</summary>
internal sealed class PersistentVolumeClaimResource : ResourceDescriptor
{
    // What may still change: the size wanted, the attributes class, and the volume while there is none.
    private static readonly string[] Mutable = ["resources", "volumeAttributesClassName", "volumeName"];

    public override ResourceNames Names { get; } =
        new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", Namespaced: true) { ShortNames = ["pvc"] };

    public override string SchemaName => "core.PersistentVolumeClaim";

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override bool IsCollected => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Status"), new("Volume"), new("Capacity"), new("Access Modes"), new("StorageClass"), new("VolumeAttributesClass"),
        TableColumn.Age, TableColumn.Wide("VolumeMode"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var bound = obj.Text("spec", "volumeName") is { Length: > 0 };
        return
        [
            TableCell.Name(obj), VolumeCells.Phase(obj), obj.Text("spec", "volumeName") ?? "",
            bound ? obj.Text("status", "capacity", "storage") ?? "0" : "", bound ? VolumeCells.AccessModes(obj.Texts("status", "accessModes")) : "",
            VolumeCells.StorageClass(obj), VolumeCells.Unset(obj.Text("spec", "volumeAttributesClassName")), TableCell.Age(obj, now),
            VolumeCells.Unset(obj.Text("spec", "volumeMode")),
        ];
    }

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Default(JsonObject obj) => obj.Ensure("spec").Default("volumeMode", "Filesystem");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (!obj.Texts("spec", "accessModes").Any())
        {
            errors.Required("spec.accessModes", "at least 1 access mode is required");
        }

        foreach (var mode in obj.Texts("spec", "accessModes").Except(VolumeCells.KnownModes))
        {
            errors.NotSupported("spec.accessModes", mode, [.. VolumeCells.KnownModes]);
        }

        if (obj.At("spec", "resources", "requests", "storage") is null)
        {
            errors.Required("spec.resources[storage]");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var bound = old.Text("spec", "volumeName") is { Length: > 0 };
        if (!JsonNode.DeepEquals(Fixed(obj, bound), Fixed(old, bound)))
        {
            errors.Forbidden(
                "spec",
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        }
    }

    private static JsonObject Fixed(JsonObject obj, bool bound)
    {
        var spec = (JsonObject)obj.Ensure("spec").DeepClone();
        foreach (var field in Mutable.Where(field => field != "volumeName" || !bound))
        {
            spec.Remove(field);
        }

        return spec;
    }
}
