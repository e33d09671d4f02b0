using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// Writes the JSON form of Kubernetes objects in their protobuf form; the reverse of <see cref="ProtobufDecoder"/>. What JSON
/// leaves out is left out: to Go's decoders an absent field is a zero one.
/// </summary>
internal static class ProtobufEncoder
{
    private static readonly TypeSchema ListMeta = SchemaTable.Kubernetes.Type("meta.ListMeta");

    /// <summary>An object in its envelope.</summary>
    /// <param name="obj">With apiVersion and kind.</param>
    /// <param name="type">Its type.</param>
    public static ReadOnlyMemory<byte> Encode(JsonObject obj, TypeSchema type) =>
        Envelope(obj.Text("apiVersion") ?? "", obj.Text("kind") ?? "", Message(obj, type));

    /// <summary>A list in its envelope: every Kubernetes list is {metadata = 1, items = 2}.</summary>
    public static ReadOnlyMemory<byte> EncodeList(string apiVersion, string kind, JsonObject metadata, IEnumerable<JsonObject> items, TypeSchema type)
    {
        var list = new ProtobufWriter();
        list.Message(1, Message(metadata, ListMeta));
        foreach (var item in items)
        {
            list.Message(2, Message(item, type));
        }

        return Envelope(apiVersion, kind, list);
    }

    /// <summary>One field with its key.</summary>
    internal static ReadOnlyMemory<byte> EncodeField(int number, FieldSchema field, JsonNode? value)
    {
        var writer = new ProtobufWriter();
        WriteValue(writer, number, field, value);
        return writer.Written;
    }

    // "k8s\0", then runtime.Unknown{typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2, contentEncoding = 3, contentType = 4}.
    private static ReadOnlyMemory<byte> Envelope(string apiVersion, string kind, ProtobufWriter message)
    {
        var meta = new ProtobufWriter();
        meta.Text(1, apiVersion);
        meta.Text(2, kind);
        var envelope = new ProtobufWriter();
        envelope.Raw("k8s\0"u8);
        envelope.Message(1, meta);
        envelope.Message(2, message);
        envelope.Text(3, "");
        envelope.Text(4, "");
        return envelope.Written;
    }

    private static ProtobufWriter Message(JsonObject obj, TypeSchema type)
    {
        var writer = new ProtobufWriter();
        foreach (var field in type.Fields)
        {
            if (field.Inline)
            {
                var embedded = Message(obj, field.Message);
                if (!embedded.Written.IsEmpty)
                {
                    writer.Message(field.Number, embedded);
                }
            }
            else if (obj[field.Name] is { } value)
            {
                WriteField(writer, field, value);
            }
        }

        return writer;
    }

    private static void WriteField(ProtobufWriter writer, FieldSchema field, JsonNode value)
    {
        switch (field.Shape)
        {
            case FieldShape.List:
                foreach (var element in value.AsArray())
                {
                    WriteValue(writer, field.Number, field, element);
                }

                break;
            case FieldShape.Map:
                foreach (var (key, element) in value.AsObject().OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    var entry = new ProtobufWriter();
                    entry.Text(1, key);
                    WriteValue(entry, 2, field, element!);
                    writer.Message(field.Number, entry);
                }

                break;
            default:
                WriteValue(writer, field.Number, field, value);
                break;
        }
    }

    private static void WriteValue(ProtobufWriter writer, int number, FieldSchema field, JsonNode? value)
    {
        if (value is null || field.Kind == FieldKind.Json)
        {
            writer.Message(number, Raw(value));
            return;
        }

        switch (field.Kind)
        {
            case FieldKind.String:
                writer.Text(number, value.GetValue<string>());
                break;
            case FieldKind.Bool:
                writer.Varint(number, value.GetValue<bool>() ? 1 : 0);
                break;
            case FieldKind.Int32 or FieldKind.Int64:
                writer.Varint(number, value.AsValue().AsInteger() ?? 0);
                break;
            case FieldKind.Double:
                writer.Double(number, value.GetValue<double>());
                break;
            case FieldKind.Bytes:
                writer.Bytes(number, Convert.FromBase64String(value.GetValue<string>()));
                break;
            case FieldKind.Message when field.Message.Either:
                writer.Message(number, Either(value, field.Message));
                break;
            case FieldKind.Message:
                writer.Message(number, Message(value.AsObject(), field.Message));
                break;
            default:
                writer.Message(number, Special(field.Kind, value));
                break;
        }
    }

    // Only JSON values can be null.
    private static ProtobufWriter Raw(JsonNode? value)
    {
        var writer = new ProtobufWriter();
        writer.Bytes(1, value is null ? "null"u8 : ObjectJson.Encode(value));
        return writer;
    }

    private static ProtobufWriter Either(JsonNode value, TypeSchema type)
    {
        var writer = new ProtobufWriter();
        if (type.Alternative(value.GetValueKind()) is { } field)
        {
            WriteField(writer, field, value);
        }

        return writer;
    }

    /// <summary>Types whose JSON form is no object: a message of one to three fields.</summary>
    private static ProtobufWriter Special(FieldKind kind, JsonNode value)
    {
        var writer = new ProtobufWriter();
        switch (kind)
        {
            case FieldKind.Time or FieldKind.MicroTime:
                var time = DateTimeOffset.Parse(value.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);
                writer.Varint(1, time.ToUnixTimeSeconds());
                writer.Varint(2, time.Ticks % TimeSpan.TicksPerSecond * 100);
                break;
            case FieldKind.Quantity:
                writer.Text(1, value.GetValue<string>());
                break;
            case FieldKind.Duration:
                writer.Varint(1, GoDuration.Parse(value.GetValue<string>()).Ticks * TimeSpan.NanosecondsPerTick);
                break;
            case FieldKind.IntOrString when value.AsValue().AsInteger() is { } number:
                writer.Varint(1, 0);
                writer.Varint(2, number);
                break;
            case FieldKind.IntOrString:
                writer.Varint(1, 1);
                writer.Text(3, value.GetValue<string>());
                break;
            case FieldKind.Strings:
                foreach (var text in value.AsArray())
                {
                    writer.Text(1, text!.GetValue<string>());
                }

                break;
            case FieldKind.FieldsV1 or FieldKind.RawExtension:
                writer.Bytes(1, ObjectJson.Encode(value));
                break;
            default:
                throw new NotSupportedException($"no served kind has a field of the kind {kind}");
        }

        return writer;
    }
}
