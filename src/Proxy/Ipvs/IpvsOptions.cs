using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.Ipvs;

/// <summary>Configuration of mode ipvs (KubeProxyIPVSConfiguration).</summary>
public sealed record IpvsOptions
{
    internal const string DefaultScheduler = "rr";

    /// <summary>The scheduler of services that name none.</summary>
    public string Scheduler { get; init; } = DefaultScheduler;

    /// <summary>The node answers ARP for addresses of the interface that is asked, and no others (arp_ignore 1, arp_announce 2): load balancers that announce by ARP need it.</summary>
    public bool StrictArp { get; init; }

    /// <summary>Virtual services at these addresses are somebody else's: they stay.</summary>
    public ImmutableArray<IPNetwork> ExcludedCidrs { get; init; } = [];

    /// <summary>How long an idle TCP connection is kept; zero leaves the kernel's.</summary>
    public TimeSpan TcpTimeout { get; init; }

    /// <summary>The same after a FIN.</summary>
    public TimeSpan TcpFinTimeout { get; init; }

    /// <summary>The same for UDP.</summary>
    public TimeSpan UdpTimeout { get; init; }
}
