using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>CSIDrivers: what kubelets and sidecars of a storage driver have to know of it.</summary>
internal sealed class CsiDriverResource : ResourceDescriptor
{
    private const int LongestName = 63;

    public override ResourceNames Names { get; } = new("storage.k8s.io", "v1", "CSIDriver", "csidrivers", "csidriver", Namespaced: false);

    public override string SchemaName => "storage.CSIDriver";

    public override bool ReturnsDeletedObject => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("AttachRequired", "boolean"), new("PodInfoOnMount", "boolean"), new("StorageCapacity", "boolean"), new("TokenRequests"),
        new("RequiresRepublish", "boolean"), new("Modes"), TableColumn.Age,
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var spec = obj.Object("spec") ?? [];
        var tokens = spec.Array("tokenRequests") is null ? "<unset>" : TableCell.Joined(spec.Objects("tokenRequests"), "audience");
        return
        [
            TableCell.Name(obj), spec.Boolean("attachRequired") ?? true, spec.Boolean("podInfoOnMount") ?? false, spec.Boolean("storageCapacity") ?? false, tokens,
            spec.Boolean("requiresRepublish") ?? false, TableCell.OrNone(string.Join(",", spec.Texts("volumeLifecycleModes"))), TableCell.Age(obj, now),
        ];
    }

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Default("attachRequired", true);
        spec.Default("podInfoOnMount", false);
        spec.Default("storageCapacity", false);
        spec.Default("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Default("requiresRepublish", false);
        spec.Default("seLinuxMount", false);
        if (spec.Array("volumeLifecycleModes") is null or { Count: 0 })
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Text("metadata", "name") is { Length: > LongestName })
        {
            errors.InvalidTooLong("metadata.name", LongestName);
        }

        var spec = obj.Object("spec") ?? [];
        errors.OneOf("spec.fsGroupPolicy", spec.Text("fsGroupPolicy"), "ReadWriteOnceWithFSType", "File", "None");
        foreach (var mode in spec.Texts("volumeLifecycleModes"))
        {
            errors.KnownOrAbsent("spec.volumeLifecycleModes", mode, "Persistent", "Ephemeral");
        }

        var audiences = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, token) in spec.Objects("tokenRequests").Index())
        {
            if (!audiences.Add(token.Text("audience") ?? ""))
            {
                errors.Duplicate($"spec.tokenRequests[{i}].audience", token.Text("audience") ?? "");
            }

            if (token.Integer("expirationSeconds") is { } seconds and < 600)
            {
                errors.Invalid($"spec.tokenRequests[{i}].expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
            }
        }
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        if (!JsonNode.DeepEquals(obj.At("spec", "attachRequired"), old.At("spec", "attachRequired")))
        {
            errors.InvalidRaw("spec.attachedRequired", obj.Boolean("spec", "attachRequired") == true ? "true" : "false", ValueRules.Immutable);
        }

        if (!JsonNode.DeepEquals(obj.At("spec", "volumeLifecycleModes"), old.At("spec", "volumeLifecycleModes")))
        {
            errors.InvalidRaw("spec.volumeLifecycleModes", obj.At("spec", "volumeLifecycleModes")?.ToJsonString() ?? "null", ValueRules.Immutable);
        }
    }
}
