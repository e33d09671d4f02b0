using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What the tables of volumes and of claims have in common.</summary>
internal static class VolumeCells
{
    private static readonly (string Mode, string Short)[] Modes =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

    public static IEnumerable<string> KnownModes => Modes.Select(mode => mode.Mode);

    /// <summary>"RWO,ROX", in a fixed order whatever the object's.</summary>
    public static string AccessModes(IEnumerable<string> modes)
    {
        var given = modes.ToHashSet(StringComparer.Ordinal);
        return string.Join(",", Modes.Where(mode => given.Contains(mode.Mode)).Select(mode => mode.Short));
    }

    public static string Phase(JsonObject obj) => obj.Text("metadata", "deletionTimestamp") is null ? obj.Text("status", "phase") ?? "" : "Terminating";

    /// <summary>The class, or its annotation from before there was a field.</summary>
    public static string StorageClass(JsonObject obj) =>
        obj.Text("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") ?? obj.Text("spec", "storageClassName") ?? "";

    public static string Unset(string? text) => string.IsNullOrEmpty(text) ? "<unset>" : text;

    /// <summary>What is wrong with spec.accessModes.</summary>
    /// <param name="spec">Of a volume or a claim.</param>
    /// <param name="whenNone">What is said beside "Required value" when there are none.</param>
    /// <param name="errors">Gets what is wrong.</param>
    public static void ValidateModes(JsonObject spec, string whenNone, FieldErrors errors)
    {
        var modes = spec.Texts("accessModes").ToList();
        if (modes.Count == 0)
        {
            errors.Required("spec.accessModes", whenNone);
        }

        foreach (var mode in modes.Except(KnownModes))
        {
            errors.NotSupported("spec.accessModes", mode, [.. KnownModes.Order(StringComparer.Ordinal)]);
        }

        if (modes.Contains("ReadWriteOncePod") && modes.Intersect(KnownModes).Count() > 1)
        {
            errors.Forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes");
        }
    }
}
