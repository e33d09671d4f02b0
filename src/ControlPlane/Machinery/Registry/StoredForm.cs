using System.Text.Json;
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
    /// <param name="obj">What to write.</param>
    /// <param name="apiVersion">The version to write it in; the one that is stored unless given.</param>
    /// <param name="changed">When given, fields that do not differ are taken from the stored version.</param>
    public static byte[] Encode(ResourceDescriptor descriptor, JsonObject obj, string? apiVersion = null, ChangedFields? changed = null)
    {
        obj = apiVersion is null ? descriptor.ToStored(obj) : obj;
        using var buffer = JsonBuffer.Rent();
        var writer = buffer.Writer;
        writer.WriteStartObject();
        writer.WriteString("kind"u8, descriptor.Names.Kind);
        writer.WriteString("apiVersion"u8, apiVersion ?? descriptor.StoredApiVersion);
        writer.WritePropertyName("metadata"u8);
        WriteMetadata(writer, obj.Metadata());
        foreach (var (name, value) in obj)
        {
            if (value is null || name is "kind" or "apiVersion" or "metadata")
            {
                continue;
            }

            writer.WritePropertyName(apiVersion is null ? descriptor.StoredName(name) : name);
            if (changed is null || changed.Differs(name))
            {
                value.WriteTo(writer);
            }
            else
            {
                writer.WriteRawValue(changed.Stored(name), skipInputValidation: true);
            }
        }

        writer.WriteEndObject();
        return buffer.Written.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonObject metadata)
    {
        writer.WriteStartObject();
        foreach (var name in MetadataOrder)
        {
            if (metadata.TryGetPropertyValue(name, out var value) && value is not null)
            {
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
        }

        foreach (var (name, value) in metadata)
        {
            var absent = value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
            if (!absent && name is not ("resourceVersion" or "selfLink") && !MetadataOrder.Contains(name))
            {
                writer.WritePropertyName(name);
                value!.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }
}
