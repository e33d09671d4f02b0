using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <summary>Adds a route, in place of one to the same destination with the same metric and table.</summary>
    /// <exception cref="NetlinkException">ENETUNREACH when no route leads to the gateway, ENETDOWN when the device is down.</exception>
    public void ReplaceRoute(Route route) =>
        ChangeRoute(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, route, route.Protocol, route.EffectiveScope, "replace route");

    /// <exception cref="NetlinkException">ESRCH when there is none.</exception>
    public void DeleteRoute(Route route) =>
        ChangeRoute(RTM_DELROUTE, NLM_F_ACK, route, protocol: 0, route.Scope ?? RT_SCOPE_NOWHERE, "delete route");

    /// <summary>All routes of both families and all tables, but those of the kernel's cache. A route with several next hops shows none.</summary>
    public IReadOnlyList<Route> Routes() => [.. Routes(AF_INET), .. Routes(AF_INET6)];

    private List<Route> Routes(byte family)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_GETROUTE, NLM_F_DUMP);
        RouteHeaders.WriteRoute(ref writer, family, 0, 0, 0, 0, 0, 0);
        return _connection.Dump(writer.Message(), ParseRoute, "list routes");
    }

    private void ChangeRoute(int type, int flags, Route route, byte protocol, byte scope, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        RouteRequests.Route(ref writer, type, flags, route, protocol, scope);
        _connection.Execute(writer.Message(), operation, route);
    }

    private static Route? ParseRoute(NetlinkMessage message)
    {
        var header = message.Header(RouteHeaders.RouteLength);
        var flags = MemoryMarshal.Read<uint>(header[8..]);
        if ((flags & RTM_F_CLONED) != 0)
        {
            return null;
        }

        var destination = header[0] == AF_INET ? IPAddress.Any : IPAddress.IPv6Any;
        IPAddress? gateway = null, source = null;
        int? link = null, metric = null;
        int table = header[4];
        var attributes = message.Attributes(RouteHeaders.RouteLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case RTA_DST:
                    destination = Address(attribute);
                    break;
                case RTA_GATEWAY:
                    gateway = Address(attribute);
                    break;
                case RTA_PREFSRC:
                    source = Address(attribute);
                    break;
                case RTA_OIF:
                    link = (int)attribute.U32;
                    break;
                case RTA_PRIORITY:
                    metric = (int)attribute.U32;
                    break;
                case RTA_TABLE:
                    table = (int)attribute.U32;
                    break;
            }
        }

        return new Route(new IPNetwork(destination, header[1]), gateway, link, header[6], table)
        {
            Type = (RouteType)header[7],
            Protocol = header[5],
            OnLink = (flags & RTNH_F_ONLINK) != 0,
            PreferredSource = source,
            Metric = metric,
        };
    }
}
