using System.Net;
using System.Net.Sockets;

namespace Dataplane.Netlink.Ipvs;

/// <summary>What tells a virtual service from others: an address, protocol and port, or a mark on the packet, which the kernel looks for first.</summary>
/// <param name="Family">InterNetwork or InterNetworkV6.</param>
/// <param name="Protocol">IP protocol number; 0 beside a mark.</param>
/// <param name="Address">Null beside a mark.</param>
/// <param name="Port">Host byte order; 0 beside a mark.</param>
/// <param name="Mark">skb->mark as a whole; 0 for a service by address.</param>
public readonly record struct IpvsServiceKey(AddressFamily Family, byte Protocol, IPAddress? Address, ushort Port, uint Mark)
{
    /// <summary>A service at an address and port.</summary>
    public static IpvsServiceKey At(byte protocol, IPAddress address, ushort port) => new(address.AddressFamily, protocol, address, port, 0);

    /// <summary>A service for packets that carry a mark.</summary>
    public static IpvsServiceKey Marked(AddressFamily family, uint mark) => new(family, 0, null, 0, mark);

    /// <inheritdoc/>
    public override string ToString() => Address is null
        ? FormattableString.Invariant($"mark {Mark} ({(Family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4")})")
        : FormattableString.Invariant($"protocol {Protocol} {new IPEndPoint(Address, Port)}");
}

/// <summary>A virtual service.</summary>
/// <param name="Key">Which.</param>
/// <param name="Scheduler">Its scheduler: rr, wrr, lc ...; the kernel loads its module if it can.</param>
/// <param name="Flags">IP_VS_SVC_F_*.</param>
/// <param name="PersistenceSeconds">How long an idle client keeps its server; 0 unless the flags say persistent.</param>
public sealed record IpvsService(IpvsServiceKey Key, string Scheduler, uint Flags = 0, uint PersistenceSeconds = 0)
{
    /// <summary>IP_VS_SVC_F_PERSISTENT.</summary>
    public const uint Persistent = Uapi.IpVsHeader.IP_VS_SVC_F_PERSISTENT;

    /// <summary>IP_VS_SVC_F_HASHED: the kernel's own, set on every listed service.</summary>
    public const uint Hashed = Uapi.IpVsHeader.IP_VS_SVC_F_HASHED;

    /// <summary>IP_VS_SVC_F_SCHED2: what the scheduler makes of it; sh and mh look at ports too.</summary>
    public const uint SchedulerFlag2 = Uapi.IpVsHeader.IP_VS_SVC_F_SCHED2;

    /// <summary>What went through it; of a listing.</summary>
    public IpvsCounters Counters { get; init; }
}

/// <summary>A real server of a virtual service, reached by translating addresses (masquerading).</summary>
/// <param name="EndPoint">Where.</param>
/// <param name="Weight">0 takes no new connection.</param>
public sealed record IpvsDestination(IPEndPoint EndPoint, uint Weight)
{
    /// <summary>Established connections; of a listing.</summary>
    public uint ActiveConnections { get; init; }

    /// <summary>Connections in any other state; of a listing.</summary>
    public uint InactiveConnections { get; init; }

    /// <summary>Clients that persistence holds; of a listing.</summary>
    public uint PersistentConnections { get; init; }

    /// <summary>How packets get there, IP_VS_CONN_F_*; 0 is masquerading.</summary>
    public uint ForwardMethod { get; init; }

    /// <summary>What went to it; of a listing.</summary>
    public IpvsCounters Counters { get; init; }
}

/// <summary>Counters since the entry was made: 64 bits, but 0 from kernels before 4.1.</summary>
public readonly record struct IpvsCounters(long Connections, long PacketsIn, long PacketsOut, long BytesIn, long BytesOut)
{
    /// <summary>What the kernel estimates a second now has.</summary>
    public IpvsRates Rates { get; init; }
}

/// <summary>
/// What a second has, whole numbers: the kernel takes a quarter of the last two seconds and three of what it said before (net/netfilter/ipvs/ip_vs_est.c). All 0
/// where it does not estimate (net.ipv4.vs.run_estimation).
/// </summary>
public readonly record struct IpvsRates(long Connections, long PacketsIn, long PacketsOut, long BytesIn, long BytesOut);

/// <summary>How long an idle connection is kept; zero changes nothing.</summary>
public readonly record struct IpvsTimeouts(TimeSpan Tcp, TimeSpan TcpFin, TimeSpan Udp);
