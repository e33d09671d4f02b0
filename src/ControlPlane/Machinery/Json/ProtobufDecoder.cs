using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// Reads the protobuf form of Kubernetes objects into the JSON form. The envelope is "k8s\0" and runtime.Unknown; the message
/// inside has the type's fields under the numbers of the schema tables. Unknown fields are skipped, as protobuf asks.
/// Source: apimachinery's protobuf serializer; https://protobuf.dev/programming-guides/encoding.
/// </summary>
internal static class ProtobufDecoder
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private const int MaxDepth = 64;
    // Integers that are pointers in Go: written only when they were set, so a zero is one.
    private static readonly HashSet<string> ZeroIsMeant = new(StringComparer.Ordinal)
    {
        "replicas", "gracePeriodSeconds", "terminationGracePeriodSeconds", "revisionHistoryLimit", "progressDeadlineSeconds", "runAsUser",
        "runAsGroup", "fsGroup", "defaultMode", "mode", "priority", "leaseDurationSeconds", "leaseTransitions", "tolerationSeconds",
        "deletionGracePeriodSeconds", "activeDeadlineSeconds",
    };

    // Booleans that are no pointers in Go: always written, so a false says nothing.
    private static readonly HashSet<string> FalseIsAbsent = new(StringComparer.Ordinal)
    {
        "paused", "stdin", "stdinOnce", "tty", "hostIPC", "hostNetwork", "hostPID", "readOnly", "unschedulable", "publishNotReadyAddresses",
    };

    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    /// <returns>The object with the apiVersion and kind of its envelope.</returns>
    /// <exception cref="DecodeException">No envelope, or bytes that are no protobuf.</exception>
    public static JsonObject Decode(ReadOnlySpan<byte> body, TypeSchema type)
    {
        if (!body.StartsWith(Magic))
        {
            throw new DecodeException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        }

        string apiVersion = "", kind = "";
        ReadOnlySpan<byte> raw = default;
        var reader = new ProtobufReader(body[Magic.Length..]);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    var meta = new ProtobufReader(reader.Bytes());
                    while (meta.Next())
                    {
                        switch (meta.Field)
                        {
                            case 1:
                                apiVersion = meta.Text();
                                break;
                            case 2:
                                kind = meta.Text();
                                break;
                            default:
                                meta.Skip();
                                break;
                        }
                    }

                    break;
                case 2:
                    raw = reader.Bytes();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var obj = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind };
        ReadMessage(raw, type, obj, 0);
        return obj;
    }

    private static void ReadMessage(ReadOnlySpan<byte> bytes, TypeSchema type, JsonObject target, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new DecodeException("protobuf message nested too deeply");
        }

        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            if (type.FieldByNumber(reader.Field) is not { } field)
            {
                reader.Skip();
                continue;
            }

            if (field.Inline)
            {
                ReadMessage(reader.Bytes(), field.Message, target, depth + 1);
                continue;
            }

            switch (field.Shape)
            {
                case FieldShape.List:
                    if (target[field.Name] is not JsonArray list)
                    {
                        target[field.Name] = list = [];
                    }

                    list.Add(ReadValue(ref reader, field, depth));
                    break;
                case FieldShape.Map:
                    ReadMapEntry(reader.Bytes(), field, target.Ensure(field.Name), depth);
                    break;
                default:
                    SetUnlessEmpty(target, field, ReadValue(ref reader, field, depth));
                    break;
            }
        }
    }

    private static void ReadMapEntry(ReadOnlySpan<byte> bytes, FieldSchema field, JsonObject map, int depth)
    {
        var key = "";
        JsonNode? value = field.Kind == FieldKind.Message ? new JsonObject() : JsonValue.Create("");
        var entry = new ProtobufReader(bytes);
        while (entry.Next())
        {
            switch (entry.Field)
            {
                case 1:
                    key = entry.Text();
                    break;
                case 2:
                    value = ReadValue(ref entry, field, depth);
                    break;
                default:
                    entry.Skip();
                    break;
            }
        }

        map[key] = value;
    }

    /// <summary>
    /// Go's generated marshallers write the zero values of fields that are no pointers; JSON leaves those out, and defaults
    /// depend on it.
    /// </summary>
    private static void SetUnlessEmpty(JsonObject target, FieldSchema field, JsonNode? value)
    {
        var empty = field.Kind switch
        {
            FieldKind.String or FieldKind.Duration => value!.GetValue<string>().Length == 0,
            FieldKind.Int32 or FieldKind.Int64 => value!.GetValue<long>() == 0 && !ZeroIsMeant.Contains(field.Name),
            FieldKind.Bool => !value!.GetValue<bool>() && FalseIsAbsent.Contains(field.Name),
            FieldKind.IntOrString => field.Name == "targetPort" && value is JsonValue port && port.AsInteger() == 0,
            FieldKind.Message => value is JsonObject { Count: 0 } && field.Name is "status" or "metadata" or "strategy",
            _ => value is null,
        };
        if (!empty)
        {
            target[field.Name] = value;
        }
    }

    private static JsonNode? ReadValue(ref ProtobufReader reader, FieldSchema field, int depth)
    {
        switch (field.Kind)
        {
            case FieldKind.String:
                return reader.Text();
            case FieldKind.Bool:
                return reader.Varint() != 0;
            case FieldKind.Int32 or FieldKind.Int64:
                return (long)reader.Varint();
            case FieldKind.Double:
                return BitConverter.Int64BitsToDouble(BinaryPrimitives.ReadInt64LittleEndian(reader.Fixed64()));
            case FieldKind.Bytes:
                return Convert.ToBase64String(reader.Bytes());
            case FieldKind.Message:
                var obj = new JsonObject();
                ReadMessage(reader.Bytes(), field.Message, obj, depth + 1);
                return field.Message.Either ? obj.Select(alternative => alternative.Value).LastOrDefault()?.DeepClone() : obj;
            default:
                return ReadSpecial(reader.Bytes(), field.Kind);
        }
    }

    /// <summary>Types whose JSON form is no object: a message of one to three fields.</summary>
    private static JsonNode? ReadSpecial(ReadOnlySpan<byte> bytes, FieldKind kind)
    {
        long first = 0, second = 0;
        var text = "";
        byte[] raw = [];
        var texts = new JsonArray();
        var reader = new ProtobufReader(bytes);
        while (reader.Next())
        {
            switch (reader.Field, kind)
            {
                case (1, FieldKind.Quantity) or (3, FieldKind.IntOrString):
                    text = reader.Text();
                    break;
                case (1, FieldKind.Strings):
                    texts.Add(reader.Text());
                    break;
                case (1, FieldKind.FieldsV1 or FieldKind.RawExtension or FieldKind.Json):
                    raw = reader.Bytes().ToArray();
                    break;
                case (1, _):
                    first = (long)reader.Varint();
                    break;
                case (2, _):
                    second = (long)reader.Varint();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return kind switch
        {
            FieldKind.Quantity => text,
            FieldKind.Strings => texts,
            FieldKind.IntOrString => first == 0 ? JsonValue.Create(second) : text,
            FieldKind.Duration => GoDuration.Format(TimeSpan.FromTicks(first / TimeSpan.NanosecondsPerTick)),
            FieldKind.Time => bytes.IsEmpty || first == 0 ? null : ObjectJson.Time(DateTimeOffset.FromUnixTimeSeconds(first)),
            FieldKind.MicroTime => bytes.IsEmpty ? null : ObjectJson.MicroTime(DateTimeOffset.FromUnixTimeSeconds(first).AddTicks(second / 100)),
            _ => raw.Length == 0 ? null : ParseRaw(raw),
        };
    }

    private static JsonNode? ParseRaw(byte[] raw)
    {
        try
        {
            return ClientJson.Parse(JsonBytes.Clean(raw));
        }
        catch (JsonException failure)
        {
            throw new DecodeException(string.Create(CultureInfo.InvariantCulture, $"raw JSON inside protobuf: {failure.Message}"));
        }
    }
}
