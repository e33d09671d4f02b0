using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>An object as the store takes it.</summary>
internal static class StoredForm
{
    private static readonly string[] MetadataOrder =
        ["name", "generateName", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

    /// <summary>Type first, then metadata without resourceVersion, then the rest: equal objects have equal bytes.</summary>
    /// <param name="descriptor">The kind.</param>
    /// <param name="obj">The object.</param>
    /// <param name="apiVersion">The version to write it in; the one that is stored unless given.</param>
    public static byte[] Encode(ResourceDescriptor descriptor, JsonObject obj, string? apiVersion = null)
    {
        var stored = new JsonObject { ["kind"] = descriptor.Names.Kind, ["apiVersion"] = apiVersion ?? descriptor.StoredApiVersion };
        var metadata = new JsonObject();
        var given = obj.Metadata();
        foreach (var name in MetadataOrder)
        {
            if (given[name] is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }

        foreach (var (name, value) in given)
        {
            var absent = value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
            if (!absent && name is not ("resourceVersion" or "selfLink") && !metadata.ContainsKey(name))
            {
                metadata[name] = value!.DeepClone();
            }
        }

        stored["metadata"] = metadata;
        foreach (var (name, value) in obj)
        {
            if (value is not null && !stored.ContainsKey(name))
            {
                stored[name] = value.DeepClone();
            }
        }

        return ObjectJson.Encode(stored);
    }
}
