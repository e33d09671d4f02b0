using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Fields of one protobuf message, in the order they are written.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    public void Varint(int field, long value)
    {
        RawVarint((ulong)field << 3);
        RawVarint((ulong)value);
    }

    public void Double(int field, double value)
    {
        RawVarint((ulong)field << 3 | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        RawVarint((ulong)field << 3 | 2);
        RawVarint((ulong)value.Length);
        _buffer.Write(value);
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Message(int field, ProtobufWriter message) => Bytes(field, message.Written.Span);

    /// <summary>Bytes that are no field: the envelope's magic.</summary>
    public void Raw(ReadOnlySpan<byte> value) => _buffer.Write(value);

    private void RawVarint(ulong value)
    {
        var span = _buffer.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
