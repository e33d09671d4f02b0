using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>Sets hold a value once, lists of type map an item with the same keys once.</summary>
internal static class ListUniqueness
{
    public static void Check(JsonArray list, StructuralSchema schema, string field, FieldErrors errors)
    {
        if (schema.ListType is not ("set" or "map"))
        {
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            if (Identity(list[i], schema) is { } identity && !seen.Add(identity))
            {
                errors.DuplicateRaw($"{field}[{i}]", identity);
            }
        }
    }

    private static string? Identity(JsonNode? item, StructuralSchema schema)
    {
        if (schema.ListType == "set")
        {
            return item is null ? "null" : ObjectJson.Text(ObjectJson.Encode(item));
        }

        if (item is not JsonObject obj)
        {
            return null;
        }

        var keys = new JsonObject();
        foreach (var key in schema.ListMapKeys.Order(StringComparer.Ordinal))
        {
            if ((obj[key] ?? schema.Items?.Properties.GetValueOrDefault(key)?.Default) is { } value)
            {
                keys[key] = value.DeepClone();
            }
        }

        return $"map[string]interface {{}}{{{string.Join(", ", keys.Select(key => $"\"{key.Key}\":{key.Value!.ToJsonString()}"))}}}";
    }
}
