using System.Text.Json.Nodes;
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
}
