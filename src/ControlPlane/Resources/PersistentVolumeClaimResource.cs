using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;
using Dataplane.ControlPlane.Store;

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

    public override void Admit(JsonObject obj, string ns, StoreSnapshot snapshot)
    {
        StorageAdmission.Protect(obj, "kubernetes.io/pvc-protection");
        StorageAdmission.DefaultClass(obj, snapshot);
    }

    public override void Default(JsonObject obj) => obj.Ensure("spec").Default("volumeMode", "Filesystem");

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        VolumeCells.ValidateModes(spec, "at least 1 access mode is required", errors);
        SelectorValidation.Validate(spec.Object("selector"), "spec.selector", errors);
        if (spec.Text("resources", "requests", "storage") is not { } size)
        {
            errors.Required("spec.resources[storage]");
        }
        else if (Quantity.TryParse(size, out var quantity) && quantity.Value <= 0)
        {
            errors.Invalid("spec.resources[storage]", size, ValueRules.NotPositive);
        }

        errors.Optional("spec.storageClassName", spec.Text("storageClassName"), NameRule.Subdomain);
        errors.KnownOrAbsent("spec.volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var bound = old.Text("spec", "volumeName") is { Length: > 0 };
        var (fixedOld, fixedNow) = (Fixed(old, bound), Fixed(obj, bound));
        if (!bound && !fixedOld.ContainsKey("storageClassName"))
        {
            // A default class that came later (KEP-3333).
            fixedNow.Remove("storageClassName");
        }

        if (SpecDifference.Between(fixedOld, fixedNow) is { } difference)
        {
            errors.Forbidden("spec", $"spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{difference}");
        }

        if (Quantity.TryParse(obj.Text("spec", "resources", "requests", "storage"), out var now)
            && Quantity.TryParse(old.Text("spec", "resources", "requests", "storage"), out var before) && now.Value < before.Value)
        {
            errors.Forbidden("spec.resources.requests.storage", "field can not be less than previous value");
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
