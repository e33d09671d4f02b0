using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What new volumes and claims get at creation: a finalizer while they are in use, and claims the default class.</summary>
internal static class StorageAdmission
{
    private const string Classes = "/registry/storageclasses/";
    private const string DefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    public static void Protect(JsonObject obj, string finalizer)
    {
        var metadata = obj.Metadata();
        var finalizers = metadata.Texts("finalizers").ToList();
        if (!finalizers.Contains(finalizer))
        {
            metadata["finalizers"] = new JsonArray([.. finalizers.Append(finalizer).Select(name => JsonValue.Create(name))]);
        }
    }

    /// <summary>An absent class is the default one, of several the newest; an empty one is none.</summary>
    public static void DefaultClass(JsonObject claim, StoreSnapshot snapshot)
    {
        if (claim.At("spec", "storageClassName") is not null || VolumeCells.StorageClass(claim).Length > 0)
        {
            return;
        }

        var usual = snapshot.List(Classes).Select(stored => stored.Document())
            .Where(obj => obj.Text("metadata", "annotations", DefaultAnnotation) == "true")
            .OrderByDescending(obj => obj.Timestamp("metadata", "creationTimestamp")).ThenBy(obj => obj.Text("metadata", "name"), StringComparer.Ordinal).FirstOrDefault();
        if (usual is not null)
        {
            claim.Ensure("spec")["storageClassName"] = usual.Text("metadata", "name");
        }
    }
}
