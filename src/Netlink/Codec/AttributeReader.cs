using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Codec;

/// <summary>Walks a run of attributes. Every step consumes at least a header, so a walk always ends.</summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    /// <returns>False at the end.</returns>
    /// <exception cref="MalformedNetlinkException">A length that does not fit.</exception>
    internal bool Read(out NetlinkAttribute attribute)
    {
        if (_rest.IsEmpty)
        {
            attribute = default;
            return false;
        }

        if (_rest.Length < NLA_HDRLEN)
        {
            throw new MalformedNetlinkException($"{_rest.Length} bytes left where an attribute header of {NLA_HDRLEN} is due");
        }

        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < NLA_HDRLEN || length > _rest.Length)
        {
            throw new MalformedNetlinkException($"attribute length {length} with {_rest.Length} bytes left");
        }

        attribute = new NetlinkAttribute(MemoryMarshal.Read<ushort>(_rest[2..]), _rest[NLA_HDRLEN..length]);
        _rest = _rest[Math.Min(NetlinkWriter.Align(length), _rest.Length)..];
        return true;
    }
}

/// <summary>One attribute. Reading it as something longer than it is fails with <see cref="MalformedNetlinkException"/>.</summary>
internal readonly ref struct NetlinkAttribute(ushort rawType, ReadOnlySpan<byte> value)
{
    /// <summary>Without the NESTED and NET_BYTEORDER flags.</summary>
    internal int Type { get; } = rawType & NLA_TYPE_MASK;

    internal ReadOnlySpan<byte> Value { get; } = value;

    internal byte U8 => Checked(1)[0];

    internal ushort U16 => MemoryMarshal.Read<ushort>(Checked(2));

    internal ushort U16BigEndian => BinaryPrimitives.ReadUInt16BigEndian(Checked(2));

    internal uint U32 => MemoryMarshal.Read<uint>(Checked(4));

    internal uint U32BigEndian => BinaryPrimitives.ReadUInt32BigEndian(Checked(4));

    internal ulong U64 => MemoryMarshal.Read<ulong>(Checked(8));

    internal ulong U64BigEndian => BinaryPrimitives.ReadUInt64BigEndian(Checked(8));

    /// <summary>UTF-8 up to the first NUL or the end.</summary>
    internal string Text => Encoding.UTF8.GetString(Value.IndexOf((byte)0) is var end and >= 0 ? Value[..end] : Value);

    /// <summary>The attributes inside.</summary>
    internal AttributeReader Nested => new(Value);

    private ReadOnlySpan<byte> Checked(int length) => Value.Length >= length
        ? Value
        : throw new MalformedNetlinkException($"attribute {Type} has {Value.Length} bytes where {length} are due");
}
