using System.Net.Sockets;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using static Dataplane.Proxy.Iptables.Rules.RuleMatch;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>
/// The rules of mode ipvs, the same however many Services there are: all that differs stands in sets.
/// <code>
///   mangle  PREROUTING ──> KUBE-IPVS-NEAR: marks what pods send to front ends with endpoints of their own for them
///           OUTPUT ──> KUBE-IPVS-OUT-FILTER: refuses and marks what the node sends, before IPVS takes it
///   nat     PREROUTING, OUTPUT ──> KUBE-SERVICES ──> KUBE-LOAD-BALANCER, KUBE-NODE-PORT, KUBE-MARK-MASQ: who is masqueraded
///           POSTROUTING ──> KUBE-POSTROUTING
///   filter  INPUT ──> KUBE-PROXY-FIREWALL (source ranges), KUBE-NODE-PORT (health checks), KUBE-IPVS-FILTER: refuses, and keeps the node's own ports
///           off the Services' addresses (k/k #72236)
///           FORWARD ──> KUBE-PROXY-FIREWALL, KUBE-FORWARD
/// </code>
/// IPVS itself takes packets at the end of INPUT, and of OUTPUT after nat; what leaves it passes OUTPUT once more and POSTROUTING.
/// </summary>
internal sealed class IpvsRules(AddressFamily family, RuleOptions options, Func<string, ushort> indexOf)
{
    private const string Pair = "dst,dst";

    private static readonly RuleTarget ToMarkMasquerade = new RuleTarget.Jump(ChainNames.MarkMasquerade);
    private static readonly RuleTarget Return = new RuleTarget.Return();
    private static readonly State New = new(XtConntrackStates.New);
    private static readonly OwnAddress FromNode = new(OfSource: true);
    private static readonly TransportProtocol[] Protocols = [TransportProtocol.Tcp, TransportProtocol.Udp, TransportProtocol.Sctp];

    private static readonly JumpRule[] Jumps =
    [
        new(new(IptablesTable.Filter, "INPUT"), IpvsChains.Filter, "kubernetes ipvs access filter"),
        new(new(IptablesTable.Filter, "INPUT"), IpvsChains.NodePort, "kubernetes health check rules"),
        new(new(IptablesTable.Filter, "INPUT"), ChainNames.ProxyFirewall, "kube-proxy firewall rules", OnlyNew: true),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.Forward, "kubernetes forwarding rules"),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.ProxyFirewall, "kube-proxy firewall rules", OnlyNew: true),
        new(new(IptablesTable.Nat, "OUTPUT"), ChainNames.Services, "kubernetes service portals"),
        new(new(IptablesTable.Nat, "PREROUTING"), ChainNames.Services, "kubernetes service portals"),
        new(new(IptablesTable.Nat, "POSTROUTING"), ChainNames.Postrouting, "kubernetes postrouting rules"),
        new(new(IptablesTable.Mangle, "OUTPUT"), IpvsChains.OutFilter, "kubernetes ipvs access filter"),
        new(new(IptablesTable.Mangle, "PREROUTING"), IpvsChains.Near, "kubernetes ipvs endpoints for pods"),
    ];

    private readonly SetNames _sets = SetNames.Of(family);

    internal FixedRuleset Build() => new(
        family,
        new Dictionary<TableChain, IReadOnlyList<IptablesRule>>
        {
            [new(IptablesTable.Mangle, IpvsChains.Near)] = [.. NearRules()],
            [new(IptablesTable.Mangle, IpvsChains.SourceRanges)] = SourceRangeRules(),
            [new(IptablesTable.Mangle, IpvsChains.OutFilter)] =
            [
                new(new RuleTarget.Drop(), New, In(_sets.Drop, Pair)),
                new(new RuleTarget.Jump(IpvsChains.SourceRanges), New, In(_sets.LoadBalancerFirewall, Pair)),
                new(new RuleTarget.MapMark(Set(_sets.Near, Pair))),
            ],
            [new(IptablesTable.Nat, ChainNames.MarkMasquerade)] = [new(new RuleTarget.SetMark(options.Mark))],
            [new(IptablesTable.Nat, IpvsChains.LoadBalancer)] =
            [
                new(ToMarkMasquerade, FromNode, In(_sets.LoadBalancerLocal, Pair)),
                new(Return, In(_sets.LoadBalancerLocal, Pair)),
                new(ToMarkMasquerade),
            ],
            [new(IptablesTable.Nat, IpvsChains.NodePort)] = [.. Protocols.SelectMany(NodePortRules)],
            [new(IptablesTable.Nat, ChainNames.Services)] = [.. ServiceRules()],
            [new(IptablesTable.Nat, ChainNames.Postrouting)] =
            [
                new(new RuleTarget.Masquerade(), new Comment("Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose"), In(_sets.Loopback, "dst,dst,src")),
                new(Return, new Mark(options.Mark, Negate: true)),
                new(new RuleTarget.ToggleMark(options.Mark)),
                new(new RuleTarget.Masquerade(), new Comment("kubernetes service traffic requiring SNAT")),
            ],
            [new(IptablesTable.Filter, IpvsChains.SourceRanges)] = SourceRangeRules(),
            [new(IptablesTable.Filter, ChainNames.ProxyFirewall)] =
            [
                new(new RuleTarget.Jump(IpvsChains.SourceRanges), new Comment("Kubernetes service load balancer ip + port for load balancer with sourceRange"),
                    In(_sets.LoadBalancerFirewall, Pair)),
            ],
            [new(IptablesTable.Filter, IpvsChains.NodePort)] =
            [
                new(new RuleTarget.Accept(), new Comment("Kubernetes health check node port"), In(_sets.HealthCheck, "dst")) { Protocol = TransportProtocol.Tcp },
            ],
            [new(IptablesTable.Filter, ChainNames.Forward)] =
            [
                new(new RuleTarget.Accept(), new Comment("kubernetes forwarding rules"), new Mark(options.Mark)),
                new(new RuleTarget.Accept(), new Comment("kubernetes forwarding conntrack rule"), new State(XtConntrackStates.Related | XtConntrackStates.Established)),
            ],
            [new(IptablesTable.Filter, IpvsChains.Filter)] = [.. FilterRules()],
        },
        Jumps);

    /// <summary>All chains and jumps, for removing them: what their rules say does not matter then.</summary>
    internal static FixedRuleset Names(AddressFamily family) =>
        new IpvsRules(family, new RuleOptions(1, LocalDetector.None, NodePortScope.All, DropInvalid: false), _ => 0).Build();

    private IEnumerable<IptablesRule> NearRules()
    {
        if (options.ForPods(new IptablesRule(new RuleTarget.MapMark(Set(_sets.Near, Pair))), family, negate: false) is { } rule)
        {
            yield return rule;
        }
    }

    private IptablesRule[] SourceRangeRules() => [new(Return, In(_sets.SourceCidr, "dst,dst,src")), new(new RuleTarget.Drop())];

    private IEnumerable<IptablesRule> NodePortRules(TransportProtocol protocol)
    {
        var directions = protocol == TransportProtocol.Sctp ? Pair : "dst";
        var (all, local) = (In(_sets.NodePort(protocol, local: false), directions), In(_sets.NodePort(protocol, local: true), directions));
        yield return new IptablesRule(ToMarkMasquerade, FromNode, local) { Protocol = protocol };
        yield return new IptablesRule(Return, new Comment($"Kubernetes nodeport {Name(protocol)} port with externalTrafficPolicy=local"), local) { Protocol = protocol };
        yield return new IptablesRule(ToMarkMasquerade, new Comment($"Kubernetes nodeport {Name(protocol)} port for masquerade purpose"), all) { Protocol = protocol };
    }

    private IEnumerable<IptablesRule> ServiceRules()
    {
        yield return new IptablesRule(new RuleTarget.Jump(IpvsChains.LoadBalancer), new Comment("Kubernetes service lb portal"), In(_sets.LoadBalancer, Pair));
        yield return new IptablesRule(ToMarkMasquerade, new Comment("Kubernetes service cluster ip + port, all masqueraded"), In(_sets.Masquerade, Pair));
        var clusterIP = new Comment("Kubernetes service cluster ip + port for masquerade purpose");
        // A connection of the node to a Service's address comes from that very address, which no endpoint can answer.
        yield return options.ForPods(new IptablesRule(ToMarkMasquerade, clusterIP, In(_sets.ClusterIP, Pair)), family, negate: true)
            ?? new IptablesRule(ToMarkMasquerade, clusterIP, In(_sets.ClusterIP, "src,dst"));
        yield return new IptablesRule(
            ToMarkMasquerade, new Comment("Kubernetes service external ip + port for masquerade and filter purpose"), In(_sets.ExternalIP, Pair));
        yield return new IptablesRule(ToMarkMasquerade, FromNode, In(_sets.ExternalIPLocal, Pair));
        var nodePort = new IptablesRule(new RuleTarget.Jump(IpvsChains.NodePort), new OwnAddress(OfSource: false));
        foreach (var network in NodePortNetworks())
        {
            yield return nodePort with { Destination = network };
        }

        yield return new IptablesRule(new RuleTarget.Accept(), In(_sets.ClusterIP, Pair));
        yield return new IptablesRule(new RuleTarget.Accept(), In(_sets.LoadBalancer, Pair));
    }

    private IEnumerable<RuleNetwork> NodePortNetworks() => options.NodePorts.Of(family) is { } networks
        ? networks.Select(network => new RuleNetwork(network))
        : [new RuleNetwork(NodePortScope.LoopbackOf(family), Negate: true)];

    private IEnumerable<IptablesRule> FilterRules()
    {
        yield return new IptablesRule(new RuleTarget.Drop(), New, In(_sets.Drop, Pair));
        if (options.ForPods(new IptablesRule(Return, In(_sets.DropOutside, Pair)), family, negate: false) is { } near)
        {
            yield return near;
        }

        yield return new IptablesRule(new RuleTarget.Drop(), New, In(_sets.DropOutside, Pair));
        yield return new IptablesRule(new RuleTarget.Reject(), New, In(_sets.Reject, Pair));
        foreach (var known in new[] { _sets.LoadBalancer, _sets.ClusterIP, _sets.ExternalIP, _sets.ExternalIPLocal })
        {
            yield return new IptablesRule(Return, In(known, Pair));
        }

        foreach (var protocol in Protocols)
        {
            // No other protocol: the addresses answer to ping.
            yield return new IptablesRule(new RuleTarget.Reject(), New, In(_sets.Addresses, "dst")) { Protocol = protocol };
        }
    }

    private InSet In(string name, string directions) => new(Set(name, directions));

    private RuleSet Set(string name, string directions) => new(name, directions, indexOf(name));

    private static string Name(TransportProtocol protocol) => protocol.ToString().ToUpperInvariant();
}
