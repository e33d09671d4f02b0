using System.Net.Sockets;
using Dataplane.Netlink.Nftables.Xtables;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using static Dataplane.Proxy.Iptables.Rules.RuleMatch;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>
/// The part of the rules that is there without any Service, of one family:
/// <code>
///   nat     PREROUTING, OUTPUT ──> KUBE-SERVICES ──> KUBE-SVC-... ──> KUBE-SEP-... (DNAT)
///                                       └─ the last rule ──> KUBE-NODEPORTS ──> KUBE-EXT-...
///           POSTROUTING ──> KUBE-POSTROUTING: masquerades what KUBE-MARK-MASQ marked
///   filter  INPUT ──> KUBE-FIREWALL, KUBE-PROXY-FIREWALL, KUBE-NODEPORTS (health checks), KUBE-EXTERNAL-SERVICES
///           FORWARD ──> KUBE-PROXY-FIREWALL, KUBE-FORWARD, KUBE-SERVICES, KUBE-EXTERNAL-SERVICES
///           OUTPUT ──> KUBE-FIREWALL, KUBE-PROXY-FIREWALL, KUBE-SERVICES
/// </code>
/// Source: kubernetes pkg/proxy/iptables/proxier.go.
/// </summary>
internal sealed class Skeleton(AddressFamily family, RuleOptions options)
{
    private const string Portals = "kubernetes service portals";
    private const string ExternalPortals = "kubernetes externally-visible service portals";
    private const string LoadBalancerFirewall = "kubernetes load balancer firewall";
    private const string ForwardingRules = "kubernetes forwarding rules";

    /// <summary>In the order they are put at the head of their chain, so that the last one comes first.</summary>
    internal static IReadOnlyList<JumpRule> Jumps { get; } =
    [
        new(new(IptablesTable.Filter, "INPUT"), ChainNames.ExternalServices, ExternalPortals, OnlyNew: true),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.ExternalServices, ExternalPortals, OnlyNew: true),
        new(new(IptablesTable.Filter, "INPUT"), ChainNames.NodePorts, "kubernetes health check service ports"),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.Services, Portals, OnlyNew: true),
        new(new(IptablesTable.Filter, "OUTPUT"), ChainNames.Services, Portals, OnlyNew: true),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.Forward, ForwardingRules),
        new(new(IptablesTable.Filter, "INPUT"), ChainNames.ProxyFirewall, LoadBalancerFirewall, OnlyNew: true),
        new(new(IptablesTable.Filter, "OUTPUT"), ChainNames.ProxyFirewall, LoadBalancerFirewall, OnlyNew: true),
        new(new(IptablesTable.Filter, "FORWARD"), ChainNames.ProxyFirewall, LoadBalancerFirewall, OnlyNew: true),
        new(new(IptablesTable.Nat, "OUTPUT"), ChainNames.Services, Portals),
        new(new(IptablesTable.Nat, "PREROUTING"), ChainNames.Services, Portals),
        new(new(IptablesTable.Nat, "POSTROUTING"), ChainNames.Postrouting, "kubernetes postrouting rules"),
        new(new(IptablesTable.Filter, "INPUT"), ChainNames.Firewall, null),
        new(new(IptablesTable.Filter, "OUTPUT"), ChainNames.Firewall, null),
    ];

    /// <summary>Chains whose rules lead to services: one rule more or less is a change of that rule alone.</summary>
    internal static IReadOnlyList<TableChain> Dispatch { get; } =
    [
        new(IptablesTable.Nat, ChainNames.Services), new(IptablesTable.Nat, ChainNames.NodePorts),
        new(IptablesTable.Filter, ChainNames.Services), new(IptablesTable.Filter, ChainNames.ExternalServices),
        new(IptablesTable.Filter, ChainNames.NodePorts), new(IptablesTable.Filter, ChainNames.ProxyFirewall),
    ];

    /// <summary>Chains with rules that no Service changes, and the canaries: empty chains that go when somebody flushes a table.</summary>
    internal static IReadOnlyList<TableChain> Fixed { get; } =
    [
        new(IptablesTable.Nat, ChainNames.Postrouting), new(IptablesTable.Nat, ChainNames.MarkMasquerade), new(IptablesTable.Nat, ChainNames.Canary),
        new(IptablesTable.Filter, ChainNames.Forward), new(IptablesTable.Filter, ChainNames.Firewall), new(IptablesTable.Filter, ChainNames.Canary),
        new(IptablesTable.Mangle, ChainNames.Canary),
    ];

    /// <summary>Rules of one of the <see cref="Fixed"/> chains.</summary>
    internal IEnumerable<IptablesRule> RulesOf(TableChain chain) => chain.Name switch
    {
        ChainNames.Postrouting =>
        [
            new(new RuleTarget.Return(), new Mark(options.Mark, Negate: true)),
            // Cleared, so that a packet that passes here twice is not masqueraded again.
            new(new RuleTarget.ToggleMark(options.Mark)),
            new(new RuleTarget.Masquerade(), new Comment("kubernetes service traffic requiring SNAT")),
        ],
        ChainNames.MarkMasquerade => [new(new RuleTarget.SetMark(options.Mark))],
        ChainNames.Forward => ForwardRules(),
        ChainNames.Firewall when HasLoopbackNodePorts =>
        [
            // route_localnet lets other hosts reach what listens on 127.0.0.1 only (k/k #90259).
            new(new RuleTarget.Drop(), new Comment("block incoming localnet connections"), new State(
                XtConntrackStates.Related | XtConntrackStates.Established | XtConntrackStates.DestinationNat, Negate: true))
            {
                Destination = new RuleNetwork(NodePortScope.LoopbackOf(family)),
                Source = new RuleNetwork(NodePortScope.LoopbackOf(family), Negate: true),
            },
        ],
        _ => [],
    };

    /// <summary>What closes KUBE-SERVICES of nat.</summary>
    internal IEnumerable<IptablesRule> LastRules()
    {
        var own = new IptablesRule(
            new RuleTarget.Jump(ChainNames.NodePorts),
            new Comment("kubernetes service nodeports; NOTE: this must be the last rule in this chain"),
            new OwnAddress(OfSource: false));
        if (options.NodePorts.Of(family) is not { } networks)
        {
            yield return HasLoopbackNodePorts ? own : own with { Destination = new RuleNetwork(NodePortScope.LoopbackOf(family), Negate: true) };
            yield break;
        }

        var loopback = NodePortScope.LoopbackOf(family);
        foreach (var network in networks.Where(network => HasLoopbackNodePorts || !loopback.Contains(network.BaseAddress)))
        {
            // kube-proxy writes the node's addresses of the moment; so new ones are covered too. A network of all addresses may still mean no loopback.
            yield return own with { Destination = network.PrefixLength == 0 && !HasLoopbackNodePorts ? new RuleNetwork(loopback, Negate: true) : new RuleNetwork(network) };
        }
    }

    // IPv6 has no route_localnet: a packet from ::1 cannot leave for another host, masqueraded or not.
    private bool HasLoopbackNodePorts => family == AddressFamily.InterNetwork && options.NodePorts.HasLoopback(family);

    private IEnumerable<IptablesRule> ForwardRules()
    {
        if (options.DropInvalid)
        {
            // A late answer that no connection explains would reach the client with the pod's address and make it reset the connection (k/k #74839).
            yield return new IptablesRule(new RuleTarget.Drop(), new State(XtConntrackStates.Invalid));
        }

        yield return new IptablesRule(new RuleTarget.Accept(), new Comment(ForwardingRules), new Mark(options.Mark));
        yield return new IptablesRule(
            new RuleTarget.Accept(), new Comment("kubernetes forwarding conntrack rule"), new State(XtConntrackStates.Related | XtConntrackStates.Established));
    }
}

/// <summary>How a built-in chain leads to one of ours.</summary>
/// <param name="From">The built-in chain.</param>
/// <param name="To">Ours, in the same table.</param>
/// <param name="Comment">Null for none.</param>
/// <param name="OnlyNew">For the first packet of a connection only.</param>
internal sealed record JumpRule(TableChain From, string To, string? Comment, bool OnlyNew = false)
{
    internal IptablesRule Rule => new(
        new RuleTarget.Jump(To),
        [
            .. OnlyNew ? new RuleMatch[] { new State(XtConntrackStates.New) } : [],
            .. Comment is null ? new RuleMatch[] { } : [new Comment(Comment)],
        ]);
}
