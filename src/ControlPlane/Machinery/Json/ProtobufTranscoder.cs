using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// From the stored JSON of an object to protobuf without a document in between: what lists and watches of programs are made of.
/// Says the same as <see cref="ProtobufEncoder"/>, fields in the order of the JSON.
/// </summary>
internal ref struct ProtobufTranscoder
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly ProtobufBuffer _output;
    private Utf8JsonReader _reader;

    private ProtobufTranscoder(ReadOnlySpan<byte> json, ProtobufBuffer output)
    {
        _json = json;
        _output = output;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
    }

    /// <summary>Writes an object's message, without an envelope.</summary>
    /// <param name="json">A stored object: well-formed, of the type, without white space.</param>
    /// <param name="type">Its type.</param>
    /// <param name="output">Where to.</param>
    public static void Write(ReadOnlySpan<byte> json, TypeSchema type, ProtobufBuffer output)
    {
        var transcoder = new ProtobufTranscoder(json, output);
        transcoder._reader.Read();
        transcoder.WriteMessage(type);
    }

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

    // The reader is at the start of the object and ends at its end.
    private void WriteMessage(TypeSchema type)
    {
        var plan = ProtobufPlan.Of(type);
        int[] embedded = [];
        Span<int> open = stackalloc int[8];
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            var target = plan.Find(_reader.ValueSpan);
            _reader.Read();
            if (target is null || (_reader.TokenType == JsonTokenType.Null && target.Field.Kind != FieldKind.Json))
            {
                _reader.Skip();
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

            WriteField(target.Field);
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

    private void WriteField(FieldSchema field)
    {
        switch (field.Shape)
        {
            case FieldShape.List:
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    WriteValue(field.Number, field);
                }

                break;
            case FieldShape.Map:
                while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
                {
                    var entry = _output.Begin(field.Number);
                    WriteText(1);
                    _reader.Read();
                    WriteValue(2, field);
                    _output.End(entry);
                }

                break;
            default:
                WriteValue(field.Number, field);
                break;
        }
    }

    private void WriteValue(int number, FieldSchema field)
    {
        switch (field.Kind)
        {
            case FieldKind.String:
                WriteText(number);
                break;
            case FieldKind.Bool:
                _output.Varint(number, _reader.GetBoolean() ? 1 : 0);
                break;
            case FieldKind.Int32 or FieldKind.Int64:
                _output.Varint(number, _reader.GetInt64());
                break;
            case FieldKind.Double:
                _output.Double(number, _reader.GetDouble());
                break;
            case FieldKind.Bytes:
                _output.Bytes(number, _reader.GetBytesFromBase64());
                break;
            case FieldKind.Message when !field.Message.Either:
                var message = _output.Begin(number);
                WriteMessage(field.Message);
                _output.End(message);
                break;
            case FieldKind.Time or FieldKind.MicroTime or FieldKind.Quantity or FieldKind.IntOrString or FieldKind.FieldsV1 or FieldKind.RawExtension or FieldKind.Json:
                var special = _output.Begin(number);
                WriteSpecial(field.Kind);
                _output.End(special);
                break;
            default:
                // Rare kinds (a union, a map of lists): the document's way.
                _output.Append(ProtobufEncoder.EncodeField(number, field, JsonNode.Parse(Raw())).Span);
                break;
        }
    }

    private void WriteSpecial(FieldKind kind)
    {
        switch (kind)
        {
            case FieldKind.Time or FieldKind.MicroTime:
                var time = _reader.GetDateTimeOffset();
                _output.Varint(1, time.ToUnixTimeSeconds());
                _output.Varint(2, time.Ticks % TimeSpan.TicksPerSecond * 100);
                break;
            case FieldKind.Quantity:
                WriteText(1);
                break;
            case FieldKind.IntOrString when _reader.TokenType == JsonTokenType.Number:
                _output.Varint(1, 0);
                _output.Varint(2, _reader.GetInt64());
                break;
            case FieldKind.IntOrString:
                _output.Varint(1, 1);
                WriteText(3);
                break;
            default:
                _output.Bytes(1, Raw());
                break;
        }
    }

    private readonly void WriteText(int number)
    {
        if (!_reader.ValueIsEscaped)
        {
            _output.Bytes(number, _reader.ValueSpan);
            return;
        }

        var start = _output.Begin(number);
        _output.Advance(_reader.CopyString(_output.Space(_reader.ValueSpan.Length)));
        _output.End(start);
    }

    /// <summary>The bytes of the value the reader is at; it ends at the value's end.</summary>
    private ReadOnlySpan<byte> Raw()
    {
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _json[start..(int)_reader.BytesConsumed];
    }
}
