using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.IfAddrHeader;
using static Dataplane.Netlink.Uapi.IfHeader;
using static Dataplane.Netlink.Uapi.IfLinkHeader;
using static Dataplane.Netlink.Uapi.NeighbourHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;
using static Dataplane.Netlink.Uapi.VethHeader;

namespace Dataplane.Netlink.Route;

/// <summary>Requests that are sent alone (<see cref="RouteConnection"/>) and with others (<see cref="RouteBatch"/>): begun, not ended.</summary>
internal static class RouteRequests
{
    internal const int CreateFlags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    internal const int ReplaceFlags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;

    internal static void SetUp(ref NetlinkWriter writer, int index, bool up)
    {
        writer.BeginMessage(RTM_NEWLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, index: index, flags: up ? (uint)IFF_UP : 0, change: IFF_UP);
    }

    /// <summary>
    /// <code>
    /// ifinfomsg | IFLA_MASTER
    ///           | IFLA_IFNAME
    ///           | IFLA_MTU
    ///           | IFLA_ADDRESS
    ///           | IFLA_LINKINFO  IFLA_INFO_KIND "veth"
    ///                            IFLA_INFO_DATA  VETH_INFO_PEER  ifinfomsg | IFLA_NET_NS_FD | IFLA_IFNAME | IFLA_MTU | IFLA_ADDRESS
    /// </code>
    /// </summary>
    /// <param name="peerNamespace">An open descriptor, which must stay open until the kernel has handled the request.</param>
    internal static void Veth(ref NetlinkWriter writer, VethPlan plan, uint peerNamespace)
    {
        var flags = plan.Up ? (uint)IFF_UP : 0;
        writer.BeginMessage(RTM_NEWLINK, CreateFlags);
        RouteHeaders.WriteLink(ref writer, flags: flags, change: flags);
        if (plan.MasterIndex is { } master)
        {
            writer.U32(IFLA_MASTER, (uint)master);
        }

        WriteEnd(ref writer, plan.Name, plan.Mtu, plan.HardwareAddress);
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Bytes(IFLA_INFO_KIND, "veth"u8);
        var data = writer.BeginNested(IFLA_INFO_DATA);
        var peer = writer.BeginNested(VETH_INFO_PEER);
        RouteHeaders.WriteLink(ref writer);
        writer.U32(IFLA_NET_NS_FD, peerNamespace);
        WriteEnd(ref writer, plan.PeerName, plan.Mtu, plan.PeerHardwareAddress);
        writer.EndNested(peer);
        writer.EndNested(data);
        writer.EndNested(info);
    }

    internal static void SetUp(ref NetlinkWriter writer, string name, bool up)
    {
        writer.BeginMessage(RTM_NEWLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, flags: up ? (uint)IFF_UP : 0, change: IFF_UP);
        writer.String(IFLA_IFNAME, name);
    }

    /// <summary>A bridge port found by its name: the bridge's attributes of it stand where a link's kind is told.</summary>
    internal static void Hairpin(ref NetlinkWriter writer, string name, bool enabled)
    {
        writer.BeginMessage(RTM_NEWLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer);
        writer.String(IFLA_IFNAME, name);
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Bytes(IFLA_INFO_SLAVE_KIND, "bridge"u8);
        var port = writer.BeginNested(IFLA_INFO_SLAVE_DATA);
        writer.U8(IFLA_BRPORT_MODE, enabled ? (byte)1 : (byte)0);
        writer.EndNested(port);
        writer.EndNested(info);
    }

    internal static void Address(ref NetlinkWriter writer, int type, int flags, int index, IPAddress address, int prefixLength)
    {
        var family = RouteHeaders.Family(address.AddressFamily);
        var addressFlags = address.AddressFamily == AddressFamily.InterNetworkV6 ? (byte)IFA_F_NODAD : (byte)0;
        writer.BeginMessage(type, flags);
        RouteHeaders.WriteAddress(ref writer, family, checked((byte)prefixLength), addressFlags, index);
        RouteHeaders.WriteAddress(ref writer, IFA_LOCAL, address);
        RouteHeaders.WriteAddress(ref writer, IFA_ADDRESS, address);
    }

    internal static void Neighbour(ref NetlinkWriter writer, int linkIndex, IPAddress address, PhysicalAddress hardwareAddress)
    {
        writer.BeginMessage(RTM_NEWNEIGH, ReplaceFlags);
        RouteHeaders.WriteNeighbour(ref writer, RouteHeaders.Family(address.AddressFamily), linkIndex, NUD_PERMANENT);
        RouteHeaders.WriteAddress(ref writer, NDA_DST, address);
        writer.Bytes(NDA_LLADDR, hardwareAddress.GetAddressBytes());
    }

    internal static void Route(ref NetlinkWriter writer, int type, int flags, Route route, byte protocol, byte scope)
    {
        var destination = route.Destination;
        var family = RouteHeaders.Family(destination.BaseAddress.AddressFamily);
        writer.BeginMessage(type, flags);
        RouteHeaders.WriteRoute(
            ref writer,
            family,
            (byte)destination.PrefixLength,
            RouteHeaders.TableByte(route.Table),
            protocol,
            scope,
            (byte)route.Type,
            route.OnLink ? (uint)RTNH_F_ONLINK : 0);
        if (destination.PrefixLength > 0)
        {
            RouteHeaders.WriteAddress(ref writer, RTA_DST, destination.BaseAddress);
        }

        if (route.Gateway is { } gateway)
        {
            RouteHeaders.WriteAddress(ref writer, RTA_GATEWAY, gateway);
        }

        if (route.Table > byte.MaxValue)
        {
            writer.U32(RTA_TABLE, (uint)route.Table);
        }

        if (route.LinkIndex is { } link)
        {
            writer.U32(RTA_OIF, (uint)link);
        }

        if (route.PreferredSource is { } source)
        {
            RouteHeaders.WriteAddress(ref writer, RTA_PREFSRC, source);
        }

        if (route.Metric is { } metric)
        {
            writer.U32(RTA_PRIORITY, (uint)metric);
        }
    }

    private static void WriteEnd(ref NetlinkWriter writer, string name, int? mtu, PhysicalAddress? address)
    {
        writer.String(IFLA_IFNAME, name);
        if (mtu is { } bytes)
        {
            writer.U32(IFLA_MTU, (uint)bytes);
        }

        if (address is not null)
        {
            writer.Bytes(IFLA_ADDRESS, address.GetAddressBytes());
        }
    }
}
