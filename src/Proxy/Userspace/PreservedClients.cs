using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// The routing that brings an endpoint's answers to a client's address back to the relay, which speaks from it: what
/// <see cref="UserspaceRules.AddPreserved"/> marks is looked up in a table whose only route is that everything is local.
/// </summary>
internal static class PreservedClients
{
    /// <summary>A table of the relay's own; 253 to 255 are the kernel's, others number theirs from 1 or by hundreds.</summary>
    internal const int Table = 8192;

    // After the local table, before anything that others usually add.
    private const int Priority = 50;

    private static readonly (AddressFamily Family, IPNetwork Everywhere)[] Families =
        [(AddressFamily.InterNetwork, IPNetwork.Parse("0.0.0.0/0")), (AddressFamily.InterNetworkV6, IPNetwork.Parse("::/0"))];

    /// <summary>Does nothing for what is there.</summary>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    internal static void Add(NetworkNamespace? node)
    {
        using var route = RouteConnection.Open(node);
        var (loopback, rules) = (route.GetLink("lo").Index, route.Rules());
        foreach (var (family, everywhere) in Families.Where(family => family.Family == AddressFamily.InterNetwork || Socket.OSSupportsIPv6))
        {
            route.ReplaceRoute(Everything(everywhere, loopback));
            if (!rules.Contains(Rule(family)))
            {
                route.AddRule(Rule(family));
            }
        }
    }

    /// <summary>Does nothing for what is not there.</summary>
    internal static void Remove(NetworkNamespace? node)
    {
        using var route = RouteConnection.Open(node);
        var loopback = route.GetLink("lo").Index;
        foreach (var rule in route.Rules().Where(rule => rule.Table == Table))
        {
            route.DeleteRule(rule);
        }

        foreach (var (_, everywhere) in Families.Where(family => route.Routes().Any(known => known.Table == Table && known.Destination == family.Everywhere)))
        {
            route.DeleteRoute(Everything(everywhere, loopback));
        }
    }

    private static RoutingRule Rule(AddressFamily family) => new(family, RelayMarks.Returning, RelayMarks.Returning, Table, Priority);

    private static Route Everything(IPNetwork everywhere, int loopback) => new(everywhere, LinkIndex: loopback, Table: Table) { Type = RouteType.Local };
}
