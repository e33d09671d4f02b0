using System.Buffers.Binary;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// What tells an endpoint of the client before the first byte of payload.
/// <code>
/// 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   signature
/// 21                                    version 2, command PROXY
/// 11 or 21                              TCP over IPv4 or IPv6
/// u16                                   length of what follows: 12 or 36
/// client address, destination address, u16 client port, u16 destination port; all big-endian
/// </code>
/// Source: haproxy, doc/proxy-protocol.txt, section 2.2.
/// </summary>
internal static class ProxyHeader
{
    internal const int LongestLength = FixedLength + LengthIPv6;

    private const int FixedLength = 16;
    private const int LengthIPv4 = 12;
    private const int LengthIPv6 = 36;

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>Writes the header of one connection, both ends of the same family.</summary>
    /// <returns>Its length.</returns>
    internal static int Write(Span<byte> header, in InetEndPoint client, in InetEndPoint destination)
    {
        Signature.CopyTo(header);
        header[12] = 0x21;
        header[13] = client.IsIPv6 ? (byte)0x21 : (byte)0x11;
        var length = client.IsIPv6 ? LengthIPv6 : LengthIPv4;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], (ushort)length);
        var addresses = header[FixedLength..];
        var size = client.IsIPv6 ? 16 : 4;
        WriteAddress(addresses, client);
        WriteAddress(addresses[size..], destination);
        BinaryPrimitives.WriteUInt16BigEndian(addresses[(2 * size)..], client.Port);
        BinaryPrimitives.WriteUInt16BigEndian(addresses[((2 * size) + 2)..], destination.Port);
        return FixedLength + length;
    }

    private static void WriteAddress(Span<byte> destination, in InetEndPoint endPoint)
    {
        if (endPoint.IsIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination, endPoint.Address);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)endPoint.Address);
        }
    }
}
