using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>Reads JSON of no type of ours: nulls stay, of duplicates the last one wins and is named, numbers are those of Go.</summary>
internal ref struct UntypedJsonDecoder
{
    private static readonly TypeSchema Metadata = SchemaTable.Kubernetes.Type("apiextensions.CustomResource");

    private readonly List<string> _errors = [];
    private readonly List<string> _path = [];
    private Utf8JsonReader _reader;

    private UntypedJsonDecoder(ReadOnlySpan<byte> json) => _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });

    /// <summary>An object whose metadata is that of every Kubernetes object.</summary>
    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="DecodeException">JSON of another shape.</exception>
    public static DecodedObject Decode(ReadOnlySpan<byte> json)
    {
        var decoder = new UntypedJsonDecoder(json);
        decoder._reader.Read();
        if (decoder._reader.TokenType != JsonTokenType.StartObject)
        {
            throw new DecodeException("json: cannot unmarshal into Go value of type map[string]interface {}");
        }

        var obj = decoder.Object();
        while (decoder._reader.Read())
        {
            // Bytes after the object make Read throw.
        }

        foreach (var name in new[] { "apiVersion", "kind" })
        {
            if (obj[name] is { } value && obj.Text(name) is null)
            {
                throw new DecodeException($"json: cannot unmarshal {Shape(value)} into Go struct field .{name} of type string");
            }
        }

        if (obj["metadata"] is not { } given)
        {
            return new DecodedObject(obj, decoder._errors);
        }

        var metadata = SchemaJsonDecoder.Decode(ObjectJson.Encode(new JsonObject { ["metadata"] = given.DeepClone() }), Metadata);
        obj["metadata"] = metadata.Object["metadata"]?.DeepClone();
        return new DecodedObject(obj, [.. decoder._errors, .. metadata.StrictErrors]);
    }

    private JsonObject Object()
    {
        var obj = new JsonObject();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = _reader.GetString()!;
            _reader.Read();
            _path.Add(_path.Count == 0 ? name : "." + name);
            if (obj.ContainsKey(name))
            {
                _errors.Add($"duplicate field \"{string.Concat(_path)}\"");
            }

            obj[name] = Value();
            _path.RemoveAt(_path.Count - 1);
        }

        return obj;
    }

    private JsonNode? Value()
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Object();
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    _path.Add($"[{list.Count}]");
                    list.Add(Value());
                    _path.RemoveAt(_path.Count - 1);
                }

                return list;
            case JsonTokenType.String:
                return _reader.GetString();
            case JsonTokenType.Number:
                return _reader.TryGetInt64(out var integer) ? integer : _reader.GetDouble();
            case JsonTokenType.True or JsonTokenType.False:
                return _reader.GetBoolean();
            default:
                return null;
        }
    }

    private static string Shape(JsonNode value) => value switch
    {
        JsonObject => "object",
        JsonArray => "array",
        _ => value.GetValueKind() == JsonValueKind.Number ? "number" : "bool",
    };
}
