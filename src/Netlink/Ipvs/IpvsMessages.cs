using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Generic;
using static Dataplane.Netlink.Uapi.IpVsHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Ipvs;

/// <summary>
/// The attributes of services and destinations. Addresses are union nf_inet_addr: 16 bytes in either family.
/// <code>
/// IPVS_CMD_ATTR_SERVICE  AF u16 | FWMARK u32, or PROTOCOL u16, ADDR, PORT be16 | SCHED_NAME | FLAGS u32 flags, u32 mask | TIMEOUT u32 | NETMASK
/// IPVS_CMD_ATTR_DEST     ADDR_FAMILY u16 | ADDR | PORT be16 | FWD_METHOD, WEIGHT, U_THRESH, L_THRESH u32
/// </code>
/// Source: net/netfilter/ipvs/ip_vs_ctl.c.
/// </summary>
internal static class IpvsMessages
{
    private const int AddressLength = 16;

    internal static void WriteKey(ref NetlinkWriter writer, IpvsServiceKey key)
    {
        writer.U16(IPVS_SVC_ATTR_AF, (ushort)(key.Family == AddressFamily.InterNetworkV6 ? AF_INET6 : AF_INET));
        if (key.Address is null)
        {
            writer.U32(IPVS_SVC_ATTR_FWMARK, key.Mark);
            return;
        }

        writer.U16(IPVS_SVC_ATTR_PROTOCOL, key.Protocol);
        WriteAddress(ref writer, IPVS_SVC_ATTR_ADDR, key.Address);
        writer.U16BigEndian(IPVS_SVC_ATTR_PORT, key.Port);
    }

    internal static void WriteService(ref NetlinkWriter writer, IpvsService service)
    {
        var nested = writer.BeginNested(IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED);
        WriteKey(ref writer, service.Key);
        writer.String(IPVS_SVC_ATTR_SCHED_NAME, service.Scheduler);
        Span<byte> flags = stackalloc byte[8];
        MemoryMarshal.Write(flags, service.Flags);
        flags[4..].Fill(0xFF);
        writer.Bytes(IPVS_SVC_ATTR_FLAGS, flags);
        writer.U32(IPVS_SVC_ATTR_TIMEOUT, service.PersistenceSeconds);
        // Every client by itself: a mask of all ones, or for IPv6 the length of the prefix.
        writer.U32(IPVS_SVC_ATTR_NETMASK, service.Key.Family == AddressFamily.InterNetworkV6 ? 128 : uint.MaxValue);
        writer.EndNested(nested);
    }

    internal static void WriteServiceKey(ref NetlinkWriter writer, IpvsServiceKey key)
    {
        var nested = writer.BeginNested(IPVS_CMD_ATTR_SERVICE | NLA_F_NESTED);
        WriteKey(ref writer, key);
        writer.EndNested(nested);
    }

    internal static void WriteDestination(ref NetlinkWriter writer, IPEndPoint endPoint, uint? weight)
    {
        var nested = writer.BeginNested(IPVS_CMD_ATTR_DEST | NLA_F_NESTED);
        writer.U16(IPVS_DEST_ATTR_ADDR_FAMILY, (ushort)(endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? AF_INET6 : AF_INET));
        WriteAddress(ref writer, IPVS_DEST_ATTR_ADDR, endPoint.Address);
        writer.U16BigEndian(IPVS_DEST_ATTR_PORT, (ushort)endPoint.Port);
        if (weight is { } wanted)
        {
            writer.U32(IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
            writer.U32(IPVS_DEST_ATTR_WEIGHT, wanted);
            writer.U32(IPVS_DEST_ATTR_U_THRESH, 0);
            writer.U32(IPVS_DEST_ATTR_L_THRESH, 0);
        }

        writer.EndNested(nested);
    }

    internal static IpvsService? ParseService(NetlinkMessage message)
    {
        var outer = message.Attributes(GenericFamily.HeaderLength);
        while (outer.Read(out var nested))
        {
            if (nested.Type == IPVS_CMD_ATTR_SERVICE)
            {
                return ParseService(nested.Nested);
            }
        }

        return null;
    }

    /// <summary>Reads a destination; kernels before 3.18 do not name its family, which is the service's.</summary>
    internal static IpvsDestination? ParseDestination(NetlinkMessage message, AddressFamily family)
    {
        var outer = message.Attributes(GenericFamily.HeaderLength);
        while (outer.Read(out var nested))
        {
            if (nested.Type == IPVS_CMD_ATTR_DEST)
            {
                return ParseDestination(nested.Nested, family);
            }
        }

        return null;
    }

    private static IpvsService ParseService(AttributeReader attributes)
    {
        var family = AddressFamily.InterNetwork;
        byte protocol = 0;
        byte[] address = [];
        ushort port = 0;
        uint mark = 0, flags = 0, timeout = 0;
        var scheduler = "";
        IpvsCounters counters = default;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IPVS_SVC_ATTR_AF:
                    family = FamilyOf(attribute.U16);
                    break;
                case IPVS_SVC_ATTR_PROTOCOL:
                    protocol = (byte)attribute.U16;
                    break;
                case IPVS_SVC_ATTR_ADDR:
                    address = attribute.Value.ToArray();
                    break;
                case IPVS_SVC_ATTR_PORT:
                    port = attribute.U16BigEndian;
                    break;
                case IPVS_SVC_ATTR_FWMARK:
                    mark = attribute.U32;
                    break;
                case IPVS_SVC_ATTR_SCHED_NAME:
                    scheduler = attribute.Text;
                    break;
                case IPVS_SVC_ATTR_FLAGS:
                    flags = attribute.U32;
                    break;
                case IPVS_SVC_ATTR_TIMEOUT:
                    timeout = attribute.U32;
                    break;
                case IPVS_SVC_ATTR_STATS64:
                    counters = ParseCounters(attribute.Nested);
                    break;
            }
        }

        var key = mark != 0 ? IpvsServiceKey.Marked(family, mark) : IpvsServiceKey.At(protocol, Address(address, family), port);
        var isPersistent = (flags & IP_VS_SVC_F_PERSISTENT) != 0;
        return new IpvsService(key, scheduler, flags & ~IpvsService.Hashed, isPersistent ? timeout : 0) { Counters = counters };
    }

    private static IpvsDestination ParseDestination(AttributeReader attributes, AddressFamily family)
    {
        byte[] address = [];
        ushort port = 0;
        uint weight = 0, active = 0, inactive = 0, persistent = 0, method = 0;
        IpvsCounters counters = default;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IPVS_DEST_ATTR_ADDR_FAMILY:
                    family = FamilyOf(attribute.U16);
                    break;
                case IPVS_DEST_ATTR_ADDR:
                    address = attribute.Value.ToArray();
                    break;
                case IPVS_DEST_ATTR_PORT:
                    port = attribute.U16BigEndian;
                    break;
                case IPVS_DEST_ATTR_FWD_METHOD:
                    method = attribute.U32;
                    break;
                case IPVS_DEST_ATTR_WEIGHT:
                    weight = attribute.U32;
                    break;
                case IPVS_DEST_ATTR_ACTIVE_CONNS:
                    active = attribute.U32;
                    break;
                case IPVS_DEST_ATTR_INACT_CONNS:
                    inactive = attribute.U32;
                    break;
                case IPVS_DEST_ATTR_PERSIST_CONNS:
                    persistent = attribute.U32;
                    break;
                case IPVS_DEST_ATTR_STATS64:
                    counters = ParseCounters(attribute.Nested);
                    break;
            }
        }

        return new IpvsDestination(new IPEndPoint(Address(address, family), port), weight)
        {
            ActiveConnections = active,
            InactiveConnections = inactive,
            PersistentConnections = persistent,
            ForwardMethod = method,
            Counters = counters,
        };
    }

    // IPVS_STATS_ATTR_CONNS to _OUTBYTES, then _CPS to _OUTBPS: all u64 here, and numbered from 1.
    private static IpvsCounters ParseCounters(AttributeReader attributes)
    {
        Span<long> values = stackalloc long[IPVS_STATS_ATTR_OUTBPS + 1];
        values.Clear();
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type is >= IPVS_STATS_ATTR_CONNS and <= IPVS_STATS_ATTR_OUTBPS)
            {
                values[attribute.Type] = (long)attribute.U64;
            }
        }

        return new IpvsCounters(
            values[IPVS_STATS_ATTR_CONNS], values[IPVS_STATS_ATTR_INPKTS], values[IPVS_STATS_ATTR_OUTPKTS], values[IPVS_STATS_ATTR_INBYTES], values[IPVS_STATS_ATTR_OUTBYTES])
        {
            Rates = new IpvsRates(
                values[IPVS_STATS_ATTR_CPS], values[IPVS_STATS_ATTR_INPPS], values[IPVS_STATS_ATTR_OUTPPS], values[IPVS_STATS_ATTR_INBPS], values[IPVS_STATS_ATTR_OUTBPS]),
        };
    }

    private static void WriteAddress(ref NetlinkWriter writer, int type, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[AddressLength];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        writer.Bytes(type, bytes);
    }

    private static IPAddress Address(byte[] bytes, AddressFamily family)
    {
        var length = family == AddressFamily.InterNetworkV6 ? AddressLength : 4;
        return bytes.Length >= length
            ? new IPAddress(bytes.AsSpan(0, length))
            : throw new MalformedNetlinkException($"address of {bytes.Length} bytes where {length} are due");
    }

    private static AddressFamily FamilyOf(ushort family) => family == AF_INET6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
}
