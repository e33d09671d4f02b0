using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>
/// The control message that holds a datagram's local address:
/// <code>
/// cmsghdr { size_t len; int level; int type; }   in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; }
///                                                in6_pktinfo { in6_addr addr; unsigned ifindex; }
/// </code>
/// Source: linux/socket.h, linux/in.h, linux/ipv6.h.
/// </summary>
internal static class PacketInfo
{
    /// <summary>CMSG_SPACE of the larger one; a multiple of 8.</summary>
    internal const int Space = 40;

    private const int HeaderSize = 16;
    private const int SizeIPv4 = 12;
    private const int SizeIPv6 = 20;

    /// <summary>The address a datagram was sent to; unspecified when the kernel did not say.</summary>
    internal static InetEndPoint Read(ReadOnlySpan<byte> control, bool ipv6)
    {
        if (control.Length < HeaderSize + (ipv6 ? SizeIPv6 : SizeIPv4))
        {
            return new InetEndPoint(UInt128.Zero, 0, ipv6);
        }

        var data = control[HeaderSize..];
        return ipv6
            ? new InetEndPoint(BinaryPrimitives.ReadUInt128BigEndian(data), 0, true)
            : new InetEndPoint(BinaryPrimitives.ReadUInt32BigEndian(data[8..]), 0, false);
    }

    /// <summary>Asks for a source address, and for whatever interface the route takes.</summary>
    /// <returns>Bytes written.</returns>
    internal static int Write(Span<byte> control, in InetEndPoint local)
    {
        control.Clear();
        var size = local.IsIPv6 ? SizeIPv6 : SizeIPv4;
        MemoryMarshal.Write(control, (nuint)(HeaderSize + size));
        MemoryMarshal.Write(control[8..], local.IsIPv6 ? Libc.SOL_IPV6 : Libc.SOL_IP);
        MemoryMarshal.Write(control[12..], local.IsIPv6 ? Libc.IPV6_PKTINFO : Libc.IP_PKTINFO);
        var data = control[HeaderSize..];
        if (local.IsIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(data, local.Address);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], (uint)local.Address);
        }

        return HeaderSize + ((size + 7) & ~7);
    }
}
