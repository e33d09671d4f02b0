using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>PersistentVolumes.</summary>
internal sealed class PersistentVolumeResource : ResourceDescriptor
{
    private static readonly string[] NotSources =
    [
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions", "volumeMode", "nodeAffinity",
        "volumeAttributesClassName",
    ];

    public override ResourceNames Names { get; } =
        new("", "v1", "PersistentVolume", "persistentvolumes", "persistentvolume", Namespaced: false) { ShortNames = ["pv"] };

    public override string SchemaName => "core.PersistentVolume";

    public override bool HasStatus => true;

    public override bool ReturnsDeletedObject => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Capacity"), new("Access Modes"), new("Reclaim Policy"), new("Status"), new("Claim"), new("StorageClass"),
        new("VolumeAttributesClass"), new("Reason"), TableColumn.Age, TableColumn.Wide("VolumeMode"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), obj.Text("spec", "capacity", "storage") ?? "", VolumeCells.AccessModes(obj.Texts("spec", "accessModes")),
        obj.Text("spec", "persistentVolumeReclaimPolicy") ?? "", VolumeCells.Phase(obj), Claim(obj), VolumeCells.StorageClass(obj),
        VolumeCells.Unset(obj.Text("spec", "volumeAttributesClassName")), obj.Text("status", "reason") ?? "", TableCell.Age(obj, now),
        VolumeCells.Unset(obj.Text("spec", "volumeMode")),
    ];

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject { ["phase"] = "Pending" };

    public override void Admit(JsonObject obj, string ns, StoreSnapshot snapshot) => StorageAdmission.Protect(obj, "kubernetes.io/pv-protection");

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Default("persistentVolumeReclaimPolicy", "Retain");
        spec.Default("volumeMode", "Filesystem");
        if (spec.Object("hostPath") is { } hostPath)
        {
            hostPath.Default("type", "");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        VolumeCells.ValidateModes(spec, "", errors);
        if (spec.Object("capacity") is null or { Count: 0 })
        {
            errors.Required("spec.capacity");
        }
        else if (spec.Text("capacity", "storage") is null || spec.Object("capacity")!.Count > 1)
        {
            var shown = spec.StringMap("capacity").OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{GoValue.Quote(entry.Key)}:{GoValue.Quantity(entry.Value)}");
            errors.NotSupportedRaw("spec.capacity", $"core.ResourceList{{{string.Join(", ", shown)}}}", "\"storage\"");
        }

        if (spec.Text("capacity", "storage") is { } size && Quantity.TryParse(size, out var quantity) && quantity.Value <= 0)
        {
            errors.Invalid("spec.capacity[storage]", size, ValueRules.NotPositive);
        }

        errors.KnownOrAbsent("spec.volumeMode", spec.Text("volumeMode"), "Block", "Filesystem");
        errors.Optional("spec.storageClassName", spec.Text("storageClassName"), NameRule.Subdomain);
        if (spec.Object("hostPath") is { } hostPath)
        {
            VolumeValidation.HostPath(hostPath, "spec.hostPath", errors);
        }

        if (spec.Object("nodeAffinity") is { } affinity)
        {
            if (affinity.Object("required") is { } required)
            {
                AffinityValidation.NodeSelector(required, "spec.nodeAffinity.required", errors);
            }
            else
            {
                errors.Required("spec.nodeAffinity.required", "must specify required node constraints");
            }
        }

        switch (Sources(spec).Count())
        {
            case 0:
                errors.Required("spec", "must specify a volume type");
                break;
            case > 1:
                errors.Forbidden($"spec.{Sources(spec).ElementAt(1)}", "may not specify more than 1 volume type");
                break;
        }

        if (spec.Text("persistentVolumeReclaimPolicy") is { } policy and not ("Delete" or "Recycle" or "Retain"))
        {
            errors.NotSupported("spec.persistentVolumeReclaimPolicy", policy, "Delete", "Recycle", "Retain");
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var (now, before) = (obj.Ensure("spec"), old.Ensure("spec"));
        if (Sources(now).Union(Sources(before)).Any(source => !now.FieldEquals(before, source)))
        {
            errors.Forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
        }
    }


    private static IEnumerable<string> Sources(JsonObject spec) =>
        spec.Where(field => field.Value is JsonObject).Select(field => field.Key).Except(NotSources);

    private static string Claim(JsonObject obj) =>
        obj.Object("spec", "claimRef") is { } claim ? $"{claim.Text("namespace")}/{claim.Text("name")}" : "";
}
