using System.Net;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;

namespace Dataplane.Netlink.Route;

/// <summary>A route with one next hop.</summary>
/// <param name="Destination">Its family is the route's; 0.0.0.0/0 and ::/0 are the default routes.</param>
/// <param name="Gateway">Null for a destination on the link.</param>
/// <param name="LinkIndex">Needed without a gateway, and for an on-link or link-local one.</param>
/// <param name="Scope">rtm_scope (IPv4 only); null for what <c>ip route</c> chooses: host for local, link without a gateway, else universe.</param>
/// <param name="Table">Routing table, 254 is main.</param>
public sealed record Route(IPNetwork Destination, IPAddress? Gateway = null, int? LinkIndex = null, byte? Scope = null, int Table = RT_TABLE_MAIN)
{
    /// <summary>rtm_type. A local one delivers to this machine whatever the address, which is what TPROXY needs.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>RTNH_F_ONLINK: the gateway is taken to be on the link even though no route says so.</summary>
    public bool OnLink { get; init; }

    /// <summary>RTA_PREFSRC: the source address for packets of this machine.</summary>
    public IPAddress? PreferredSource { get; init; }

    /// <summary>rtm_protocol: who made it, a number that the kernel keeps for its maker; 4 (static) is <c>ip route</c>'s.</summary>
    public byte Protocol { get; init; } = RTPROT_STATIC;

    /// <summary>RTA_PRIORITY: of two routes to one destination the lower wins; null leaves it to the kernel (0, or 1024 for IPv6).</summary>
    public int? Metric { get; init; }

    /// <summary>What the kernel is told.</summary>
    internal byte EffectiveScope => Scope ?? (Type switch
    {
        RouteType.Local => RT_SCOPE_HOST,
        RouteType.Unicast when Gateway is null => RT_SCOPE_LINK,
        RouteType.Broadcast or RouteType.Anycast or RouteType.Multicast => RT_SCOPE_LINK,
        _ => RT_SCOPE_UNIVERSE,
    });

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(Type == RouteType.Unicast ? "" : $"{Type} ")}{Destination} via {Gateway?.ToString() ?? "link"} {LinkIndex} table {Table}";
}

/// <summary>rtm_type, linux/rtnetlink.h.</summary>
public enum RouteType : byte
{
    /// <summary>Through a gateway or a link.</summary>
    Unicast = RTN_UNICAST,

    /// <summary>Delivered to this machine.</summary>
    Local = RTN_LOCAL,

    /// <summary>Delivered to this machine as broadcast.</summary>
    Broadcast = RTN_BROADCAST,

    /// <summary>Delivered to this machine as broadcast, sent as unicast.</summary>
    Anycast = RTN_ANYCAST,

    /// <summary>To a group.</summary>
    Multicast = RTN_MULTICAST,

    /// <summary>Dropped in silence.</summary>
    Blackhole = RTN_BLACKHOLE,

    /// <summary>Answered with host unreachable.</summary>
    Unreachable = RTN_UNREACHABLE,

    /// <summary>Answered with administratively prohibited.</summary>
    Prohibit = RTN_PROHIBIT,

    /// <summary>Looked up in the next table.</summary>
    Throw = RTN_THROW,
}
