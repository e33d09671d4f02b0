using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources.Pods;

/// <summary>A write of one part of a pod.</summary>
internal static class PodSubresource
{
    /// <summary>Takes back what a write says of everything else: only version and owners stay.</summary>
    public static void Revert(JsonObject pod, JsonObject old)
    {
        var version = pod.Metadata()["resourceVersion"]?.DeepClone();
        var owners = pod.Metadata()["managedFields"]?.DeepClone();
        foreach (var name in pod.Select(field => field.Key).Union(old.Select(field => field.Key)).ToArray())
        {
            pod.CopyField(old, name);
        }

        Set(pod.Metadata(), "resourceVersion", version);
        Set(pod.Metadata(), "managedFields", owners);
    }

    /// <summary>Null removes the field.</summary>
    public static void Set(JsonObject obj, string name, JsonNode? value)
    {
        if (value is null)
        {
            obj.Remove(name);
        }
        else
        {
            obj[name] = value;
        }
    }
}
