using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NeighbourHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <summary>Sets a permanent neighbour: the first packet need not wait for ARP or neighbour discovery.</summary>
    public void ReplaceNeighbour(int linkIndex, IPAddress address, PhysicalAddress hardwareAddress)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        RouteRequests.Neighbour(ref writer, linkIndex, address, hardwareAddress);
        _connection.Execute(writer.Message(), "replace neighbour", address);
    }

    /// <exception cref="NetlinkException">ENOENT when there is none.</exception>
    public void DeleteNeighbour(int linkIndex, IPAddress address)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_DELNEIGH, NLM_F_ACK);
        RouteHeaders.WriteNeighbour(ref writer, RouteHeaders.Family(address.AddressFamily), linkIndex, state: 0);
        RouteHeaders.WriteAddress(ref writer, NDA_DST, address);
        _connection.Execute(writer.Message(), "delete neighbour", address);
    }
}
