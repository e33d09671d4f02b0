using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.IfLinkHeader;
using static Dataplane.Netlink.Uapi.NeighbourHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;
using static Dataplane.Netlink.Uapi.VxlanHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <summary>Makes a VXLAN device that learns nothing: where frames go is said by <see cref="ReplaceForwarding"/>.</summary>
    /// <returns>Its index; it is down.</returns>
    /// <exception cref="NetlinkException">EEXIST when the name or the network's number on that port is taken.</exception>
    public int CreateVxlan(VxlanPlan plan)
    {
        CheckName(plan.Name);
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWLINK, RouteRequests.CreateFlags);
        RouteHeaders.WriteLink(ref writer);
        writer.String(IFLA_IFNAME, plan.Name);
        writer.U32(IFLA_MTU, (uint)plan.Mtu);
        writer.Bytes(IFLA_ADDRESS, plan.HardwareAddress.GetAddressBytes());
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Bytes(IFLA_INFO_KIND, "vxlan"u8);
        var data = writer.BeginNested(IFLA_INFO_DATA);
        writer.U32(IFLA_VXLAN_ID, (uint)plan.Id);
        writer.U32(IFLA_VXLAN_LINK, (uint)plan.Uplink);
        RouteHeaders.WriteAddress(ref writer, IFLA_VXLAN_LOCAL, plan.Local);
        writer.U8(IFLA_VXLAN_LEARNING, 0);
        writer.U16BigEndian(IFLA_VXLAN_PORT, checked((ushort)plan.Port));
        writer.EndNested(data);
        writer.EndNested(info);
        _connection.Execute(writer.Message(), "create vxlan", plan.Name);
        return GetLink(plan.Name).Index;
    }

    /// <summary>Says where a VXLAN device sends frames to a hardware address.</summary>
    public void ReplaceForwarding(int linkIndex, PhysicalAddress hardwareAddress, IPAddress remote) =>
        ChangeForwarding(RTM_NEWNEIGH, RouteRequests.ReplaceFlags, linkIndex, hardwareAddress, remote, "replace forwarding");

    /// <exception cref="NetlinkException">ENOENT when there is none.</exception>
    public void DeleteForwarding(int linkIndex, PhysicalAddress hardwareAddress, IPAddress remote) =>
        ChangeForwarding(RTM_DELNEIGH, NLM_F_ACK, linkIndex, hardwareAddress, remote, "delete forwarding");

    private void ChangeForwarding(int type, int flags, int linkIndex, PhysicalAddress hardwareAddress, IPAddress remote, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(type, flags);
        RouteHeaders.WriteNeighbour(ref writer, AF_BRIDGE, linkIndex, NUD_PERMANENT, NTF_SELF);
        writer.Bytes(NDA_LLADDR, hardwareAddress.GetAddressBytes());
        RouteHeaders.WriteAddress(ref writer, NDA_DST, remote);
        _connection.Execute(writer.Message(), operation, hardwareAddress);
    }
}
