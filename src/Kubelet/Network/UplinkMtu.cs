using Dataplane.Netlink.Route;

namespace Dataplane.Kubelet.Network;

/// <summary>What size of packet leaves the node whole.</summary>
internal static class UplinkMtu
{
    private const int Ethernet = 1500;

    /// <returns>The MTU of the device of the default route; Ethernet's without one.</returns>
    internal static int Of(RouteConnection routes) =>
        routes.Routes().FirstOrDefault(route => route is { Destination.PrefixLength: 0, LinkIndex: not null, Type: RouteType.Unicast }) is { LinkIndex: { } link }
            && routes.Links().FirstOrDefault(one => one.Index == link) is { } uplink
            ? uplink.Mtu
            : Ethernet;
}
