using System.Net.Sockets;
using Dataplane.Netlink.Ipset;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Ipvs.Rendering;

/// <summary>
/// The sets of one family. Names are kube-proxy's where it has such a set (pkg/proxy/ipvs/ipset.go), with <c>KUBE-6-</c> for IPv6 and cut at 31 bytes as
/// it cuts them; those it has not begin with <c>KUBE-IPVS-</c>.
/// </summary>
internal sealed class SetNames
{
    private const int LongestName = 31;

    private readonly AddressFamily _family;

    private SetNames(AddressFamily family)
    {
        _family = family;
        Loopback = Name("LOOP-BACK");
        ClusterIP = Name("CLUSTER-IP");
        ExternalIP = Name("EXTERNAL-IP");
        ExternalIPLocal = Name("EXTERNAL-IP-LOCAL");
        LoadBalancer = Name("LOAD-BALANCER");
        LoadBalancerLocal = Name("LOAD-BALANCER-LOCAL");
        LoadBalancerFirewall = Name("LOAD-BALANCER-FW");
        SourceCidr = Name("LOAD-BALANCER-SOURCE-CIDR");
        HealthCheck = Name("HEALTH-CHECK-NODE-PORT");
        Addresses = Name("IPVS-IPS");
        Masquerade = Name("IPVS-MASQUERADE");
        Near = Name("IPVS-NEAR");
        Reject = Name("IPVS-REJECT");
        Drop = Name("IPVS-DROP");
        DropOutside = Name("IPVS-DROP-OUTSIDE");
        All =
        [
            new(Loopback, IpsetType.AddressPortAddress, family),
            .. new[] { ClusterIP, ExternalIP, ExternalIPLocal, LoadBalancer, LoadBalancerLocal, LoadBalancerFirewall, Masquerade, Reject, Drop, DropOutside }.Select(Pairs),
            new(SourceCidr, IpsetType.AddressPortNetwork, family),
            new(Addresses, IpsetType.Address, family),
            Pairs(Near) with { WithMarks = true },
            Ports(HealthCheck), Ports(NodePort(TransportProtocol.Tcp, local: false)), Ports(NodePort(TransportProtocol.Tcp, local: true)),
            Ports(NodePort(TransportProtocol.Udp, local: false)), Ports(NodePort(TransportProtocol.Udp, local: true)),
            Pairs(NodePort(TransportProtocol.Sctp, local: false)), Pairs(NodePort(TransportProtocol.Sctp, local: true)),
        ];
    }

    internal static SetNames IPv4 { get; } = new(AddressFamily.InterNetwork);

    internal static SetNames IPv6 { get; } = new(AddressFamily.InterNetworkV6);

    /// <summary>Local endpoints, as the one who sends to itself: address, port, address.</summary>
    internal string Loopback { get; }

    internal string ClusterIP { get; }

    /// <summary>External addresses by policy Cluster: all that come are masqueraded.</summary>
    internal string ExternalIP { get; }

    /// <summary>The same by policy Local.</summary>
    internal string ExternalIPLocal { get; }

    /// <summary>All load-balancer addresses.</summary>
    internal string LoadBalancer { get; }

    /// <summary>Those by policy Local.</summary>
    internal string LoadBalancerLocal { get; }

    /// <summary>Those with source ranges.</summary>
    internal string LoadBalancerFirewall { get; }

    /// <summary>Who may use them.</summary>
    internal string SourceCidr { get; }

    /// <summary>Ports where load balancers ask.</summary>
    internal string HealthCheck { get; }

    /// <summary>Every address of the device: nothing of the node itself answers there.</summary>
    internal string Addresses { get; }

    /// <summary>ClusterIPs all of whose connections are masqueraded.</summary>
    internal string Masquerade { get; }

    /// <summary>Front ends with other endpoints for pods and the node than for others, with the mark of the service for the former.</summary>
    internal string Near { get; }

    /// <summary>Front ends of Services without an endpoint anywhere.</summary>
    internal string Reject { get; }

    /// <summary>Front ends without an endpoint that their policy lets use.</summary>
    internal string Drop { get; }

    /// <summary>The same, but for pods and the node.</summary>
    internal string DropOutside { get; }

    internal IReadOnlyList<IpsetDefinition> All { get; }

    internal static SetNames Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? IPv6 : IPv4;

    /// <summary>Node ports, of policy Local or all of them; SCTP has no bitmap, but addresses too.</summary>
    internal string NodePort(TransportProtocol protocol, bool local) =>
        Name($"NODE-PORT-{(local ? "LOCAL-" : "")}{protocol.ToString().ToUpperInvariant()}{(protocol == TransportProtocol.Sctp ? "-HASH" : "")}");

    private string Name(string suffix)
    {
        var name = (_family == AddressFamily.InterNetworkV6 ? "KUBE-6-" : "KUBE-") + suffix;
        return name.Length > LongestName ? name[..LongestName] : name;
    }

    private IpsetDefinition Pairs(string name) => new(name, IpsetType.AddressPort, _family);

    private static IpsetDefinition Ports(string name) => new(name, IpsetType.Port, AddressFamily.Unspecified);
}
