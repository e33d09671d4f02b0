using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Codec;

/// <summary>
/// Writes netlink messages into a caller's buffer. Lengths of messages and nested attributes are patched when they end.
/// Integers are host-endian unless the method says otherwise; attributes start on 4-byte bounds and their padding is zero.
/// </summary>
/// <remarks>
/// A write past the end is dropped and sets <see cref="Overflowed"/>: a caller with a growing buffer writes again into a larger
/// one, a caller with a fixed one gets the exception of <see cref="Message"/>.
/// <code>
/// nlmsghdr  u32 len | u16 type | u16 flags | u32 seq | u32 pid     linux/netlink.h
/// nlattr    u16 len (header and value, without padding) | u16 type | value | padding to 4
/// </code>
/// </remarks>
/// <param name="buffer">Where to.</param>
/// <param name="length">How much of it is written already; what is there stays.</param>
internal ref struct NetlinkWriter(Span<byte> buffer, int length = 0)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written, padding included.</summary>
    internal int Length { get; private set; } = length;

    /// <summary>Something did not fit; what was written is not a message.</summary>
    internal bool Overflowed { get; private set; }

    /// <summary>Starts a message; NLM_F_REQUEST is added to the flags. The sequence number is the connection's business.</summary>
    /// <returns>The mark for <see cref="EndMessage"/>.</returns>
    internal int BeginMessage(int type, int flags, uint sequence = 0)
    {
        var start = Length;
        var header = Reserve(NLMSG_HDRLEN);
        MemoryMarshal.Write(header[4..], (ushort)type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | NLM_F_REQUEST));
        MemoryMarshal.Write(header[8..], sequence);
        return start;
    }

    internal readonly void EndMessage(int start)
    {
        if (!Overflowed)
        {
            MemoryMarshal.Write(_buffer[start..], Length - start);
        }
    }

    /// <summary>Ends the one message that began at 0 and hands it out.</summary>
    /// <exception cref="InvalidOperationException">It did not fit.</exception>
    internal readonly Span<byte> Message()
    {
        if (Overflowed)
        {
            throw new InvalidOperationException($"netlink message larger than its buffer of {_buffer.Length} bytes");
        }

        EndMessage(0);
        return _buffer[..Length];
    }

    /// <summary>What was written so far.</summary>
    internal readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Zeroed room for a family's fixed header; scratch room that goes nowhere once overflowed.</summary>
    internal Span<byte> Reserve(int length)
    {
        var aligned = Align(length);
        if (Overflowed || aligned > _buffer.Length - Length)
        {
            Overflowed = true;
            return new byte[length];
        }

        var room = _buffer.Slice(Length, aligned);
        room.Clear();
        Length += aligned;
        return room[..length];
    }

    /// <summary>Starts an attribute that holds attributes.</summary>
    /// <param name="type">With or without NLA_F_NESTED, as the family expects it.</param>
    /// <returns>The mark for <see cref="EndNested"/>.</returns>
    internal int BeginNested(int type)
    {
        var start = Length;
        Attribute(type, 0);
        return start;
    }

    /// <exception cref="InvalidOperationException">Longer than the 16-bit length can say.</exception>
    internal readonly void EndNested(int start)
    {
        if (Overflowed)
        {
            return;
        }

        if (Length - start > ushort.MaxValue)
        {
            throw new InvalidOperationException($"netlink attribute of {Length - start} bytes is larger than {ushort.MaxValue}");
        }

        MemoryMarshal.Write(_buffer[start..], (ushort)(Length - start));
    }

    internal void Flag(int type) => Attribute(type, 0);

    internal void U8(int type, byte value) => Attribute(type, 1)[0] = value;

    internal void U16(int type, ushort value) => MemoryMarshal.Write(Attribute(type, 2), value);

    internal void U16BigEndian(int type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Attribute(type, 2), value);

    internal void U32(int type, uint value) => MemoryMarshal.Write(Attribute(type, 4), value);

    internal void U32BigEndian(int type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Attribute(type, 4), value);

    internal void U64BigEndian(int type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Attribute(type, 8), value);

    internal void Bytes(int type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Attribute(type, value.Length));

    /// <summary>UTF-8 with a closing NUL.</summary>
    internal void String(int type, string value)
    {
        var room = Attribute(type, Encoding.UTF8.GetByteCount(value) + 1);
        room[Encoding.UTF8.GetBytes(value, room)] = 0;
    }

    /// <summary>Sets the sequence number of a finished message.</summary>
    internal static void Stamp(Span<byte> message, uint sequence) => MemoryMarshal.Write(message[8..], sequence);

    /// <summary>nlmsg_type of a finished message.</summary>
    internal static int TypeOf(ReadOnlySpan<byte> message) => MemoryMarshal.Read<ushort>(message[4..]);

    internal static int Align(int length) => (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);

    private Span<byte> Attribute(int type, int length)
    {
        if (length > ushort.MaxValue - NLA_HDRLEN)
        {
            throw new ArgumentException($"netlink attribute {type} of {length} bytes is larger than its 16-bit length can say");
        }

        var room = Reserve(NLA_HDRLEN + length);
        MemoryMarshal.Write(room, (ushort)(NLA_HDRLEN + length));
        MemoryMarshal.Write(room[2..], (ushort)type);
        return room[NLA_HDRLEN..];
    }
}
