using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Reading and writing fields of a JSON object by path. Absent parents read as absent fields.</summary>
internal static class JsonFields
{
    public static JsonNode? At(this JsonObject obj, params ReadOnlySpan<string> path)
    {
        JsonNode? node = obj;
        foreach (var name in path)
        {
            if (node is not JsonObject parent || !parent.TryGetPropertyValue(name, out node))
            {
                return null;
            }
        }

        return node;
    }

    public static JsonObject? Object(this JsonObject obj, params ReadOnlySpan<string> path) => obj.At(path) as JsonObject;

    public static JsonArray? Array(this JsonObject obj, params ReadOnlySpan<string> path) => obj.At(path) as JsonArray;

    /// <summary>The string at a path, or null when it is absent or something else.</summary>
    public static string? Text(this JsonObject obj, params ReadOnlySpan<string> path) =>
        obj.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? Integer(this JsonObject obj, params ReadOnlySpan<string> path) =>
        obj.At(path) is JsonValue value ? value.AsInteger() : null;

    public static bool? Boolean(this JsonObject obj, params ReadOnlySpan<string> path) =>
        obj.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static DateTimeOffset? Timestamp(this JsonObject obj, params ReadOnlySpan<string> path) =>
        DateTimeOffset.TryParse(obj.Text(path), out var time) ? time : null;

    /// <summary>The objects of the array at a path; none when it is absent.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonObject obj, params ReadOnlySpan<string> path) =>
        obj.Array(path)?.OfType<JsonObject>() ?? [];

    public static IEnumerable<string> Texts(this JsonObject obj, params ReadOnlySpan<string> path) =>
        obj.Array(path)?.OfType<JsonValue>().Where(value => value.TryGetValue<string>(out _)).Select(value => value.GetValue<string>()) ?? [];

    /// <summary>A number that is in a document just parsed (an element) or put there by code (int or long).</summary>
    public static long? AsInteger(this JsonValue value) =>
        value.TryGetValue<long>(out var wide) ? wide : value.TryGetValue<int>(out var narrow) ? narrow : null;

    /// <summary>The child object of this name, made when absent.</summary>
    public static JsonObject Ensure(this JsonObject obj, string name)
    {
        if (obj[name] is JsonObject child)
        {
            return child;
        }

        child = [];
        obj[name] = child;
        return child;
    }

    public static JsonObject Metadata(this JsonObject obj) => obj.Ensure("metadata");

    /// <summary>Sets a default: only when the field is absent.</summary>
    public static void Default(this JsonObject obj, string name, JsonNode value)
    {
        if (!obj.ContainsKey(name))
        {
            obj[name] = value;
        }
    }

    /// <summary>Makes a field equal to the same field of another object, absence included.</summary>
    public static void CopyField(this JsonObject obj, JsonObject from, string name)
    {
        if (from.TryGetPropertyValue(name, out var value) && value is not null)
        {
            obj[name] = value.DeepClone();
        }
        else
        {
            obj.Remove(name);
        }
    }

    public static bool FieldEquals(this JsonObject obj, JsonObject other, string name) => JsonNode.DeepEquals(obj[name], other[name]);

    /// <summary>A map of strings (labels, annotations, a selector), empty when absent.</summary>
    public static Dictionary<string, string> StringMap(this JsonObject obj, params ReadOnlySpan<string> path)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in obj.Object(path) ?? [])
        {
            if (value is JsonValue text && text.TryGetValue<string>(out var content))
            {
                map[key] = content;
            }
        }

        return map;
    }
}
