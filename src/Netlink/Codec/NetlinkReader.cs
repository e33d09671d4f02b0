using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Codec;

/// <summary>Walks the messages of one datagram. Every step consumes at least a header, so a walk always ends.</summary>
internal ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <returns>False at the end of the datagram.</returns>
    /// <exception cref="MalformedNetlinkException">A length that does not fit the datagram.</exception>
    internal bool Read(out NetlinkMessage message)
    {
        if (_rest.IsEmpty)
        {
            message = default;
            return false;
        }

        if (_rest.Length < NLMSG_HDRLEN)
        {
            throw new MalformedNetlinkException($"{_rest.Length} bytes left where a message header of {NLMSG_HDRLEN} is due");
        }

        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < NLMSG_HDRLEN || length > (uint)_rest.Length)
        {
            throw new MalformedNetlinkException($"message length {length} with {_rest.Length} bytes left");
        }

        message = new NetlinkMessage(_rest[..(int)length]);
        _rest = _rest[Math.Min(NetlinkWriter.Align((int)length), _rest.Length)..];
        return true;
    }
}

/// <summary>One message; its header was checked by <see cref="NetlinkReader"/>.</summary>
internal readonly ref struct NetlinkMessage(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    internal int Type => MemoryMarshal.Read<ushort>(_message[4..]);

    internal int Flags => MemoryMarshal.Read<ushort>(_message[6..]);

    internal uint Sequence => MemoryMarshal.Read<uint>(_message[8..]);

    /// <summary>Of a notification: the socket that caused it.</summary>
    internal uint PortId => MemoryMarshal.Read<uint>(_message[12..]);

    /// <summary>Everything after the message header.</summary>
    internal ReadOnlySpan<byte> Payload => _message[NLMSG_HDRLEN..];

    /// <summary>The family's fixed header.</summary>
    /// <exception cref="MalformedNetlinkException">The message is shorter.</exception>
    internal ReadOnlySpan<byte> Header(int length) => Payload.Length >= length
        ? Payload[..length]
        : throw new MalformedNetlinkException($"message type {Type} has {Payload.Length} bytes where a header of {length} is due");

    /// <summary>The attributes behind a family header of this length.</summary>
    internal AttributeReader Attributes(int headerLength) =>
        new(Payload[Math.Min(NetlinkWriter.Align(Header(headerLength).Length), Payload.Length)..]);
}
