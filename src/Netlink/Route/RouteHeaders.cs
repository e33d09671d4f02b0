using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Route;

/// <summary>
/// The fixed headers of rtnetlink, all in host byte order.
/// <code>
/// ifinfomsg     u8 family | u8 pad | u16 type | s32 index | u32 flags | u32 change                           linux/rtnetlink.h
/// ifaddrmsg     u8 family | u8 prefixlen | u8 flags | u8 scope | u32 index                                   linux/if_addr.h
/// rtmsg         u8 family | u8 dst_len | u8 src_len | u8 tos | u8 table | u8 protocol | u8 scope | u8 type | u32 flags
/// fib_rule_hdr  u8 family | u8 dst_len | u8 src_len | u8 tos | u8 table | u8 res1 | u8 res2 | u8 action | u32 flags   linux/fib_rules.h
/// ndmsg         u8 family | u8 pad | u16 pad | s32 ifindex | u16 state | u8 flags | u8 type                  linux/neighbour.h
/// </code>
/// </summary>
internal static class RouteHeaders
{
    internal const int LinkLength = 16;
    internal const int AddressLength = 8;
    internal const int RouteLength = 12;
    internal const int RuleLength = 12;
    internal const int NeighbourLength = 12;
    internal const int TrafficLength = 20;

    /// <summary>Length of the fixed header of a message type; each kind of object has four types in a row.</summary>
    internal static int LengthOf(int messageType) => messageType is >= RTM_NEWADDR and <= RTM_GETADDR ? AddressLength
        : messageType <= RTM_SETLINK ? LinkLength
        : messageType >= Uapi.TrafficControlHeader.RTM_NEWQDISC ? TrafficLength
        : RouteLength;

    internal static void WriteLink(ref NetlinkWriter writer, byte family = AF_UNSPEC, int index = 0, uint flags = 0, uint change = 0)
    {
        var header = writer.Reserve(LinkLength);
        header[0] = family;
        MemoryMarshal.Write(header[4..], index);
        MemoryMarshal.Write(header[8..], flags);
        MemoryMarshal.Write(header[12..], change);
    }

    internal static void WriteAddress(ref NetlinkWriter writer, byte family, byte prefixLength, byte flags, int index)
    {
        var header = writer.Reserve(AddressLength);
        header[0] = family;
        header[1] = prefixLength;
        header[2] = flags;
        MemoryMarshal.Write(header[4..], index);
    }

    internal static void WriteRoute(
        ref NetlinkWriter writer, byte family, byte destinationLength, byte table, byte protocol, byte scope, byte type, uint flags)
    {
        var header = writer.Reserve(RouteLength);
        header[0] = family;
        header[1] = destinationLength;
        header[4] = table;
        header[5] = protocol;
        header[6] = scope;
        header[7] = type;
        MemoryMarshal.Write(header[8..], flags);
    }

    internal static void WriteRule(ref NetlinkWriter writer, byte family, byte table, byte action)
    {
        var header = writer.Reserve(RuleLength);
        header[0] = family;
        header[4] = table;
        header[7] = action;
    }

    internal static void WriteNeighbour(ref NetlinkWriter writer, byte family, int index, ushort state, byte flags = 0)
    {
        var header = writer.Reserve(NeighbourLength);
        header[0] = family;
        MemoryMarshal.Write(header[4..], index);
        MemoryMarshal.Write(header[8..], state);
        header[10] = flags;
    }

    /// <summary>rtm_table and frh->table are bytes: tables past 255 are written in the attribute only.</summary>
    internal static byte TableByte(int table) => table <= byte.MaxValue ? (byte)table : (byte)RT_TABLE_UNSPEC;

    internal static byte Family(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => AF_INET,
        AddressFamily.InterNetworkV6 => AF_INET6,
        _ => throw new ArgumentException($"address family {family} has no routes"),
    };

    internal static void WriteAddress(ref NetlinkWriter writer, int type, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
        {
            throw new ArgumentException($"address {address} is not of 4 or 16 bytes");
        }

        writer.Bytes(type, bytes[..length]);
    }
}
