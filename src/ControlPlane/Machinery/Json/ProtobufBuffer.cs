using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// Protobuf written straight through, messages inside messages included: the length of a message is put in front of it when it
/// ends. Memory is borrowed until it is disposed.
/// </summary>
internal sealed class ProtobufBuffer(int capacity = 4096) : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(capacity);
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public int Length => _length;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    /// <summary>Begins anew with the same memory.</summary>
    public void Clear() => _length = 0;

    public void Varint(int field, long value)
    {
        Raw((ulong)field << 3);
        Raw((ulong)value);
    }

    public void Double(int field, double value)
    {
        Raw(((ulong)field << 3) | 1);
        BinaryPrimitives.WriteDoubleLittleEndian(Space(8), value);
        _length += 8;
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        const int head = 20;
        var space = Space(head + value.Length);
        var at = Put(space, ((ulong)field << 3) | 2);
        at += Put(space[at..], (ulong)value.Length);
        value.CopyTo(space[at..]);
        _length += at + value.Length;
    }

    public void Text(int field, string value)
    {
        var start = Begin(field);
        _length += Encoding.UTF8.GetBytes(value, Space(Encoding.UTF8.GetMaxByteCount(value.Length)));
        End(start);
    }

    /// <summary>Starts a message (or bytes) of yet unknown length.</summary>
    /// <returns>For <see cref="End"/>.</returns>
    public int Begin(int field)
    {
        Raw(((ulong)field << 3) | 2);
        Space(1);
        return ++_length;
    }

    /// <summary>Ends a message: most fit the byte that was left for their length, the others are moved.</summary>
    public void End(int start)
    {
        var size = (ulong)(_length - start);
        var more = Size(size) - 1;
        if (more > 0)
        {
            Space(more);
            _bytes.AsSpan(start, _length - start).CopyTo(_bytes.AsSpan(start + more));
            _length += more;
        }

        Put(_bytes.AsSpan(start - 1), size);
    }

    /// <summary>Room for bytes that are written in place; <see cref="Advance"/> says how many.</summary>
    public Span<byte> Space(int size)
    {
        if (_bytes.Length - _length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _bytes.Length, _length + size));
            Written.Span.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsSpan(_length);
    }

    public void Advance(int count) => _length += count;

    /// <summary>Bytes that are no field: an envelope's magic, a message made elsewhere.</summary>
    public void Append(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Space(value.Length));
        _length += value.Length;
    }

    /// <summary>Bytes of a varint.</summary>
    public static int Size(ulong value)
    {
        var size = 1;
        while (value >= 0x80)
        {
            value >>= 7;
            size++;
        }

        return size;
    }

    /// <summary>The key of a length-delimited field and its length, without the field itself.</summary>
    public void Head(int field, long length)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)length);
    }

    private void Raw(ulong value)
    {
        _length += Put(Space(10), value);
    }

    private static int Put(Span<byte> at, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            at[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        at[length++] = (byte)value;
        return length;
    }
}
