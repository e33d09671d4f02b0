using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>A document whose shape does not fit its type. The message is the one Go's decoder gives.</summary>
internal sealed class DecodeException(string message) : Exception(message);

/// <summary>A decoded object and what strict validation has against it.</summary>
internal sealed record DecodedObject(JsonObject Object, IReadOnlyList<string> StrictErrors);

/// <summary>
/// Reads JSON as one Kubernetes type: fields the type does not have are left out (and named), nulls are absent fields, of
/// duplicates the last one wins (and is named), every value has its field's type.
/// </summary>
internal ref struct SchemaJsonDecoder
{
    private readonly TypeSchema _root;
    private readonly List<string> _strictErrors = [];
    private readonly List<string> _path = [];
    private Utf8JsonReader _reader;

    private SchemaJsonDecoder(ReadOnlySpan<byte> json, TypeSchema root)
    {
        _root = root;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
    }

    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="DecodeException">JSON of another shape.</exception>
    public static DecodedObject Decode(ReadOnlySpan<byte> json, TypeSchema type)
    {
        var decoder = new SchemaJsonDecoder(json, type);
        decoder._reader.Read();
        if (decoder._reader.TokenType != JsonTokenType.StartObject)
        {
            throw new DecodeException($"json: cannot unmarshal {decoder.Found()} into Go value of type v1.{type.GoName}");
        }

        var obj = decoder.ReadMessage(type);
        while (decoder._reader.Read())
        {
            // Bytes after the object make Read throw.
        }

        return new DecodedObject(obj, decoder._strictErrors);
    }

    private JsonObject ReadMessage(TypeSchema type)
    {
        var obj = new JsonObject();
        var isRoot = _path.Count == 0;
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            var name = _reader.GetString()!;
            _reader.Read();
            var field = type.Field(name);
            if (field is null && isRoot && name is "apiVersion" or "kind")
            {
                obj[name] = _reader.TokenType == JsonTokenType.String ? _reader.GetString() : throw Mismatch(type, name, "string");
                continue;
            }

            _path.Add(_path.Count == 0 ? name : "." + name);
            if (field is null)
            {
                _strictErrors.Add($"unknown field \"{string.Concat(_path)}\"");
                _reader.Skip();
            }
            else if (_reader.TokenType != JsonTokenType.Null)
            {
                if (obj.ContainsKey(name))
                {
                    _strictErrors.Add($"duplicate field \"{string.Concat(_path)}\"");
                }

                obj[name] = ReadField(type, field);
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return obj;
    }

    private JsonNode? ReadField(TypeSchema type, FieldSchema field)
    {
        switch (field.Shape)
        {
            case FieldShape.List:
                Expect(JsonTokenType.StartArray, type, field);
                var list = new JsonArray();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    _path.Add($"[{list.Count}]");
                    list.Add(ReadValue(type, field));
                    _path.RemoveAt(_path.Count - 1);
                }

                return list;
            case FieldShape.Map:
                Expect(JsonTokenType.StartObject, type, field);
                var map = new JsonObject();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = _reader.GetString()!;
                    _path.Add("." + key);
                    _reader.Read();
                    if (map.ContainsKey(key))
                    {
                        _strictErrors.Add($"duplicate field \"{string.Concat(_path)}\"");
                    }

                    map[key] = _reader.TokenType == JsonTokenType.Null ? EmptyElement(field) : ReadValue(type, field);
                    _path.RemoveAt(_path.Count - 1);
                }

                return map;
            default:
                return ReadValue(type, field);
        }
    }

    private JsonNode? ReadValue(TypeSchema type, FieldSchema field)
    {
        switch (field.Kind)
        {
            case FieldKind.Message when field.Message.Either:
                return ReadEither(type, field);
            case FieldKind.Message:
                Expect(JsonTokenType.StartObject, type, field);
                return ReadMessage(field.Message);
            case FieldKind.Bool when _reader.TokenType is JsonTokenType.True or JsonTokenType.False:
                return _reader.GetBoolean();
            case FieldKind.Int32 when _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var number):
                return (long)number;
            case FieldKind.Int64 when _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out var number):
                return number;
            case FieldKind.Double when _reader.TokenType == JsonTokenType.Number:
                return _reader.GetDouble();
            case FieldKind.IntOrString when _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var number):
                return (long)number;
            case FieldKind.Quantity when _reader.TokenType == JsonTokenType.Number:
                return Raw();
            case FieldKind.Bytes when _reader.TokenType == JsonTokenType.String:
                return _reader.TryGetBytesFromBase64(out _) ? _reader.GetString() : throw new DecodeException("illegal base64 data at input byte 0");
            case FieldKind.Time or FieldKind.MicroTime when _reader.TokenType == JsonTokenType.String:
                return ReadTime(field.Kind);
            case FieldKind.String or FieldKind.Duration or FieldKind.Quantity or FieldKind.IntOrString
                when _reader.TokenType == JsonTokenType.String:
                return _reader.GetString();
            case FieldKind.FieldsV1 or FieldKind.RawExtension or FieldKind.Json:
                return ReadAny();
            case FieldKind.Strings when _reader.TokenType == JsonTokenType.StartArray:
                return ReadAny() is JsonArray texts && texts.All(text => text is JsonValue value && value.TryGetValue<string>(out _))
                    ? texts
                    : throw Mismatch(type, field.Name, "string");
            default:
                throw Mismatch(type, field.Name, GoType(field));
        }
    }

    private JsonNode? ReadEither(TypeSchema type, FieldSchema field)
    {
        var shape = _reader.TokenType switch
        {
            JsonTokenType.StartObject => JsonValueKind.Object,
            JsonTokenType.StartArray => JsonValueKind.Array,
            JsonTokenType.True or JsonTokenType.False => JsonValueKind.True,
            _ => JsonValueKind.Undefined,
        };
        return field.Message.Alternative(shape) is { } alternative
            ? ReadField(field.Message, alternative)
            : throw Mismatch(type, field.Name, GoType(field));
    }

    private JsonNode ReadTime(FieldKind kind)
    {
        var text = _reader.GetString()!;
        if (!DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time))
        {
            throw new DecodeException($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");
        }

        return kind == FieldKind.Time ? ObjectJson.Time(time) : ObjectJson.MicroTime(time);
    }

    private JsonNode? ReadAny() => JsonNode.Parse(ref _reader);

    private readonly string Raw() => ObjectJson.Text(_reader.HasValueSequence ? _reader.ValueSequence.ToArray() : _reader.ValueSpan);

    private static JsonNode? EmptyElement(FieldSchema field) => field.Kind == FieldKind.Message ? new JsonObject() : JsonValue.Create("");

    private readonly void Expect(JsonTokenType token, TypeSchema type, FieldSchema field)
    {
        if (_reader.TokenType != token)
        {
            throw Mismatch(type, field.Name, GoType(field));
        }
    }

    private readonly DecodeException Mismatch(TypeSchema type, string name, string goType)
    {
        // Go names the innermost struct, then the whole path without list indexes.
        var path = string.Concat(_path.Where(part => part[0] != '['));
        var where = path.Length == 0 ? name : path;
        var owner = type == _root ? _root.GoName : type.GoName;
        return new DecodeException($"json: cannot unmarshal {Found()} into Go struct field {owner}.{where} of type {goType}");
    }

    private readonly string Found() => _reader.TokenType switch
    {
        JsonTokenType.String => "string",
        JsonTokenType.Number => _reader.TryGetInt64(out _) ? "number" : "number " + Raw(),
        JsonTokenType.True or JsonTokenType.False => "bool",
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        _ => "null",
    };

    private static string GoType(FieldSchema field)
    {
        var element = field.Kind switch
        {
            FieldKind.Message => "v1." + field.MessageName![(field.MessageName!.IndexOf('.', StringComparison.Ordinal) + 1)..],
            FieldKind.Bytes => "[]uint8",
            FieldKind.Strings => "v1.ExtraValue",
            FieldKind.Double => "float64",
            FieldKind.Time => "v1.Time",
            FieldKind.IntOrString => "intstr.IntOrString",
            FieldKind.Quantity => "resource.Quantity",
            var scalar => scalar.ToString().ToLowerInvariant(),
        };
        return field.Shape switch
        {
            FieldShape.List => "[]" + element,
            FieldShape.Map => "map[string]" + element,
            _ => element,
        };
    }
}
