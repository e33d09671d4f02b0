using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>A document whose shape does not fit its type. The message is the one Go's decoder gives.</summary>
internal sealed class DecodeException(string message) : Exception(message)
{
    /// <summary>What was there, as Go's decoder calls it, and the Go type it was to become; null when something else is wrong.</summary>
    public (string Found, string GoType)? Mismatch { get; init; }
}

/// <summary>A decoded object and what strict validation has against it.</summary>
internal sealed record DecodedObject(JsonObject Object, IReadOnlyList<string> StrictErrors);

/// <summary>
/// Reads JSON as one Kubernetes type: fields the type does not have are left out (and named), nulls are absent fields, of
/// duplicates the last one wins (and is named), every value has its field's type.
/// </summary>
internal ref struct SchemaJsonDecoder
{
    private const int MaxStrictErrors = 100;
    private readonly TypeSchema _root;
    private readonly List<string> _strictErrors = [];
    private readonly List<Step> _path = [];
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
        if (decoder._reader.TokenType == JsonTokenType.Null)
        {
            return new DecodedObject([], []);
        }

        if (decoder._reader.TokenType != JsonTokenType.StartObject)
        {
            // The first look at a document is for its type alone.
            throw new DecodeException(
                $"json: cannot unmarshal {decoder.Found()} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; " +
                "Kind string \"json:\\\"kind,omitempty\\\"\" }");
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

            _path.Add(new Step(_path.Count == 0 ? name : "." + name, IsField: true));
            if (field is null)
            {
                Strict($"unknown field \"{Path()}\"");
                _reader.Skip();
            }
            else if (_reader.TokenType != JsonTokenType.Null)
            {
                if (obj.ContainsKey(name))
                {
                    Strict($"duplicate field \"{Path()}\"");
                }

                obj[name] = ReadField(type, field);
            }

            _path.RemoveAt(_path.Count - 1);
        }

        return obj;
    }

    private readonly string Path() => string.Concat(_path.Select(step => step.Text));

    private readonly void Strict(string error)
    {
        if (_strictErrors.Count < MaxStrictErrors)
        {
            _strictErrors.Add(error);
        }
    }

    private JsonNode? ReadField(TypeSchema type, FieldSchema field)
    {
        switch (field.Shape)
        {
            case FieldShape.List:
                Expect(JsonTokenType.StartArray, type, field.Name, GoType(field));
                var list = new JsonArray();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    _path.Add(new Step($"[{list.Count}]", IsField: false));
                    list.Add(ReadValue(type, field));
                    _path.RemoveAt(_path.Count - 1);
                }

                return list;
            case FieldShape.Map:
                Expect(JsonTokenType.StartObject, type, field.Name, GoType(field));
                var map = new JsonObject();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = _reader.GetString()!;
                    _path.Add(new Step("." + key, IsField: false));
                    _reader.Read();
                    if (map.ContainsKey(key))
                    {
                        Strict($"duplicate field \"{Path()}\"");
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
                Expect(JsonTokenType.StartObject, type, field.Name, GoElement(field));
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
                throw Mismatch(type, field.Name, GoElement(field));
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
            : throw Mismatch(type, field.Name, GoElement(field));
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

    private JsonNode? ReadAny() => ClientJson.Read(ref _reader);

    private readonly string Raw() => ObjectJson.Text(_reader.HasValueSequence ? _reader.ValueSequence.ToArray() : _reader.ValueSpan);

    private static JsonNode? EmptyElement(FieldSchema field) => field.Kind == FieldKind.Message ? new JsonObject() : JsonValue.Create("");

    private readonly void Expect(JsonTokenType token, TypeSchema type, string name, string goType)
    {
        if (_reader.TokenType != token)
        {
            throw Mismatch(type, name, goType);
        }
    }

    private readonly DecodeException Mismatch(TypeSchema type, string name, string goType)
    {
        // Go names the innermost struct, then the whole path without list indexes and map keys.
        var path = string.Concat(_path.Where(step => step.IsField).Select(step => step.Text));
        var where = path.Length == 0 ? name : path;
        var owner = type == _root ? _root.GoName : type.GoName;
        return new DecodeException($"json: cannot unmarshal {Found()} into Go struct field {owner}.{where} of type {goType}") { Mismatch = (Found(), goType) };
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

    private static string GoType(FieldSchema field) => field.Shape switch
    {
        FieldShape.List => "[]" + GoElement(field),
        FieldShape.Map => "map[string]" + GoElement(field),
        _ => GoElement(field),
    };

    private static string GoElement(FieldSchema field) => field.Kind switch
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

    /// <summary>One part of where the reader is: a field, or an element of a list or map.</summary>
    private readonly record struct Step(string Text, bool IsField);
}
