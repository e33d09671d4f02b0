using System.Buffers;
using System.Buffers.Text;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// From the stored JSON of an object to protobuf without a document in between: what lists and watches of programs are made of.
/// Says the same as <see cref="ProtobufEncoder"/>, fields in the order of the JSON.
/// </summary>
internal ref struct ProtobufTranscoder
{
    private readonly ProtobufBuffer _output;
    private JsonCursor _json;

    private ProtobufTranscoder(ReadOnlySpan<byte> json, ProtobufBuffer output)
    {
        _json = new JsonCursor(json);
        _output = output;
    }

    /// <summary>Writes an object's message, without an envelope.</summary>
    /// <param name="json">A stored object: well-formed, of the type.</param>
    /// <param name="type">Its type.</param>
    /// <param name="output">Where to.</param>
    /// <exception cref="FormatException">A value is not of the type.</exception>
    public static void Write(ReadOnlySpan<byte> json, TypeSchema type, ProtobufBuffer output) =>
        new ProtobufTranscoder(json, output).WriteMessage(ProtobufPlan.Of(type));

    /// <summary>Writes an object in its envelope: "k8s\0", then runtime.Unknown{typeMeta = 1, raw = 2, contentEncoding = 3, contentType = 4}.</summary>
    public static void WriteEnveloped(ReadOnlySpan<byte> json, string apiVersion, string kind, TypeSchema type, ProtobufBuffer output)
    {
        OpenEnvelope(apiVersion, kind, output);
        var raw = output.Begin(2);
        Write(json, type, output);
        output.End(raw);
        CloseEnvelope(output);
    }

    /// <summary>What stands before an envelope's raw bytes.</summary>
    public static void OpenEnvelope(string apiVersion, string kind, ProtobufBuffer output)
    {
        output.Append("k8s\0"u8);
        var meta = output.Begin(1);
        output.Text(1, apiVersion);
        output.Text(2, kind);
        output.End(meta);
    }

    /// <summary>What stands behind them.</summary>
    public static void CloseEnvelope(ProtobufBuffer output)
    {
        output.Text(3, "");
        output.Text(4, "");
    }

    private void WriteMessage(ProtobufPlan plan)
    {
        int[] embedded = [];
        Span<int> open = stackalloc int[8];
        _json.Enter((byte)'{');
        while (!_json.Leave((byte)'}'))
        {
            var target = plan.Find(_json.Text(out _));
            if (target is null || (_json.Peek() == (byte)'n' && target.Field.Kind != FieldKind.Json))
            {
                _json.Value();
                continue;
            }

            if (target.Embedded != embedded)
            {
                Close(open[..embedded.Length]);
                embedded = target.Embedded;
                for (var i = 0; i < embedded.Length; i++)
                {
                    open[i] = _output.Begin(embedded[i]);
                }
            }

            WriteField(target);
        }

        Close(open[..embedded.Length]);
    }

    private readonly void Close(ReadOnlySpan<int> open)
    {
        for (var i = open.Length - 1; i >= 0; i--)
        {
            _output.End(open[i]);
        }
    }

    private void WriteField(ProtobufPlan.Target target)
    {
        var field = target.Field;
        switch (field.Shape)
        {
            case FieldShape.List:
                _json.Enter((byte)'[');
                while (!_json.Leave((byte)']'))
                {
                    WriteValue(field.Number, target);
                }

                break;
            case FieldShape.Map:
                _json.Enter((byte)'{');
                while (!_json.Leave((byte)'}'))
                {
                    var entry = _output.Begin(field.Number);
                    WriteText(1);
                    WriteValue(2, target);
                    _output.End(entry);
                }

                break;
            default:
                WriteValue(field.Number, target);
                break;
        }
    }

    private void WriteValue(int number, ProtobufPlan.Target target)
    {
        var field = target.Field;
        switch (field.Kind)
        {
            case not FieldKind.Json when _json.Peek() == (byte)'n':
                // An item that is null is Go's zero value.
                _json.Value();
                WriteZero(number, field.Kind);
                break;
            case FieldKind.String:
                WriteText(number);
                break;
            case FieldKind.Bool:
                _output.Varint(number, _json.Reader().GetBoolean() ? 1 : 0);
                break;
            case FieldKind.Int32 or FieldKind.Int64:
                _output.Varint(number, _json.Integer());
                break;
            case FieldKind.Double:
                _output.Double(number, _json.Reader().GetDouble());
                break;
            case FieldKind.Bytes:
                WriteBytes(number);
                break;
            case FieldKind.Message when !field.Message.Either:
                var message = _output.Begin(number);
                WriteMessage(target.Message);
                _output.End(message);
                break;
            case FieldKind.Time or FieldKind.MicroTime or FieldKind.Quantity or FieldKind.IntOrString or FieldKind.FieldsV1 or FieldKind.RawExtension or FieldKind.Json:
                var special = _output.Begin(number);
                WriteSpecial(field.Kind);
                _output.End(special);
                break;
            default:
                // Rare kinds (a union, a map of lists): the document's way.
                _output.Append(ProtobufEncoder.EncodeField(number, field, JsonNode.Parse(_json.Value())).Span);
                break;
        }
    }

    private readonly void WriteZero(int number, FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Bool or FieldKind.Int32 or FieldKind.Int64:
                _output.Varint(number, 0);
                break;
            case FieldKind.Double:
                _output.Double(number, 0);
                break;
            default:
                _output.Bytes(number, []);
                break;
        }
    }

    private void WriteSpecial(FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Time or FieldKind.MicroTime:
                var time = _json.Reader().GetDateTimeOffset();
                _output.Varint(1, time.ToUnixTimeSeconds());
                _output.Varint(2, time.Ticks % TimeSpan.TicksPerSecond * 100);
                break;
            case FieldKind.Quantity when _json.Peek() != (byte)'"':
                _output.Bytes(1, _json.Value());
                break;
            case FieldKind.Quantity:
                WriteText(1);
                break;
            case FieldKind.IntOrString when _json.Peek() != (byte)'"':
                _output.Varint(1, 0);
                _output.Varint(2, _json.Integer());
                break;
            case FieldKind.IntOrString:
                _output.Varint(1, 1);
                WriteText(3);
                break;
            default:
                _output.Bytes(1, _json.Value());
                break;
        }
    }

    private void WriteText(int number)
    {
        var text = _json.Text(out var escaped);
        if (escaped.IsEmpty)
        {
            _output.Bytes(number, text);
            return;
        }

        var start = _output.Begin(number);
        _output.Advance(JsonCursor.ReaderOf(escaped).CopyString(_output.Space(text.Length)));
        _output.End(start);
    }

    private void WriteBytes(int number)
    {
        var text = _json.Text(out var escaped);
        if (!escaped.IsEmpty)
        {
            _output.Bytes(number, JsonCursor.ReaderOf(escaped).GetBytesFromBase64());
            return;
        }

        var start = _output.Begin(number);
        if (Base64.DecodeFromUtf8(text, _output.Space(text.Length), out _, out var written) != OperationStatus.Done)
        {
            throw new FormatException("base64 expected");
        }

        _output.Advance(written);
        _output.End(start);
    }
}
