using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Cel;
using Dataplane.ControlPlane.Machinery.Cel.Library;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Rules;

/// <summary>JSON as the rules of its schema see it. Parts are made when they are looked at.</summary>
internal static class SchemaValues
{
    /// <param name="value">The JSON.</param>
    /// <param name="schema">Null for what has none.</param>
    /// <param name="isResource">A whole object.</param>
    /// <exception cref="CelException">Text that is no time or duration, though its schema says so.</exception>
    public static object? Of(JsonNode? value, StructuralSchema? schema, bool isResource) => value switch
    {
        JsonObject obj when schema is { AdditionalProperties: { } additional } => Map(obj, additional),
        JsonObject obj when schema is { Type: "object" } => new SchemaObject(obj, schema, isResource),
        JsonObject obj => Map(obj, null),
        JsonArray list => new SchemaList(list, schema),
        JsonValue scalar => Scalar(scalar, schema),
        _ => null,
    };

    private static CelMap Map(JsonObject obj, StructuralSchema? values)
    {
        var map = new CelMap();
        foreach (var (name, value) in obj)
        {
            map.Add(name, Of(value, values, values is { IsEmbeddedResource: true }));
        }

        return map;
    }

    private static object? Scalar(JsonValue value, StructuralSchema? schema)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.True or JsonValueKind.False:
                return value.GetValue<bool>();
            case JsonValueKind.Number:
                return schema?.Type != "number" && value.AsInteger() is { } integer ? (object)integer : JsonNumber.TryRead(value, out var number) ? number : 0.0;
        }

        var text = value.GetValue<string>();
        return schema is not { Type: "string" } ? text : schema.Format switch
        {
            "byte" => Convert.TryFromBase64String(text, new byte[text.Length], out _)
                ? Convert.FromBase64String(text)
                : throw new CelException($"Invalid byte value: {text}"),
            "duration" => Times.Duration(text),
            "date" => DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
                ? date
                : throw new CelException($"Invalid date formatted string {text}"),
            "date-time" => Times.Timestamp(text),
            _ => text,
        };
    }

    private sealed class SchemaObject(JsonObject obj, StructuralSchema schema, bool isResource) : ICelObject
    {
        private static readonly StructuralSchema Metadata =
            StructuralSchema.Parse((JsonObject)JsonNode.Parse("""{"type":"object","properties":{"name":{"type":"string"},"generateName":{"type":"string"} } }""")!);

        private Dictionary<string, (string Name, StructuralSchema? Schema)>? _visible;

        public IEnumerable<string> Fields => Visible.Where(known => obj.ContainsKey(known.Value.Name)).Select(known => known.Key);

        private Dictionary<string, (string Name, StructuralSchema? Schema)> Visible => _visible ??= ReadVisible();

        public bool TryGet(string field, out object? value)
        {
            value = null;
            if (!Visible.TryGetValue(field, out var known) || !obj.TryGetPropertyValue(known.Name, out var node))
            {
                return false;
            }

            value = Of(node, known.Schema, known.Schema is { IsEmbeddedResource: true });
            return true;
        }

        private Dictionary<string, (string Name, StructuralSchema? Schema)> ReadVisible()
        {
            var visible = new Dictionary<string, (string, StructuralSchema?)>(StringComparer.Ordinal);
            foreach (var (name, property) in schema.Properties)
            {
                if (SchemaTypes.Escape(name) is { } escaped)
                {
                    visible[escaped] = (name, property);
                }
            }

            if (isResource)
            {
                visible["apiVersion"] = ("apiVersion", null);
                visible["kind"] = ("kind", null);
                visible["metadata"] = ("metadata", Metadata);
            }

            return visible;
        }
    }

    private sealed class SchemaList : ICelSchemaList
    {
        private readonly object?[] _items;

        public SchemaList(JsonArray list, StructuralSchema? schema)
        {
            _items = [.. list.Select(item => Of(item, schema?.Items, schema?.Items is { IsEmbeddedResource: true }))];
            Identity = schema?.ListType switch
            {
                "set" => item => item,
                "map" => item => schema.ListMapKeys
                    .Select(key => item is ICelObject obj && SchemaTypes.Escape(key) is { } escaped && obj.TryGet(escaped, out var value) ? value : null).ToArray(),
                _ => null,
            };
        }

        public Func<object?, object?>? Identity { get; }

        public int Count => _items.Length;

        public object? this[int index] => _items[index];

        public IEnumerator<object?> GetEnumerator() => ((IEnumerable<object?>)_items).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
