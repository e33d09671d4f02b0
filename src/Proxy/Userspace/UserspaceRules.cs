using System.Collections.Immutable;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// The fixed part of a table. In nft's words, for IPv4, where SERVICE is <c>ip daddr . meta l4proto . th dport</c> and NODEPORT
/// <c>meta l4proto . th dport</c> behind <c>fib daddr type local</c>:
/// <code>
/// map service-ports, refused-services, outside-services          { SERVICE : inet_service or verdict }
/// map node-ports, refused-node-ports, outside-node-ports         { NODEPORT : inet_service or verdict }
/// map steered-services { SERVICE : inet_service }   map steered-node-ports { NODEPORT : inet_service }
/// set cluster-ips { ipv4_addr }   set restricted-services { SERVICE }   set allowed-sources { SERVICE . ipv4_addr, interval }
/// chain reject-connection { meta l4proto tcp reject with tcp reset;  reject }
/// chain outside     { ip saddr != CLUSTER SERVICE vmap @outside-services;  ip saddr != CLUSTER NODEPORT vmap @outside-node-ports }
/// chain refuse      { SERVICE vmap @refused-services;  NODEPORT vmap @refused-node-ports;
///                     SERVICE @restricted-services SERVICE . ip saddr != @allowed-sources drop }
/// chain steer-outside { ip saddr != CLUSTER redirect to : SERVICE map @steered-services;  the same with NODEPORT }
/// chain steer       { redirect to : SERVICE map @service-ports;  redirect to : NODEPORT map @node-ports }
/// chain unknown     { ip daddr @cluster-ips reject }
/// hook prerouting   dstnat: jump outside, refuse, steer-outside, steer, unknown
/// hook output       dstnat: meta mark and OWN != 0 jump own;  jump refuse, steer, unknown
/// chain own         { meta mark and PRESERVING != 0 ct mark set ct mark or PRESERVING;  ip daddr @cluster-ips reject;  accept }
/// hooks prerouting (filter), output (route)   mangle: ct direction reply ct mark and PRESERVING != 0 meta mark set meta mark or RETURNING       (once a Service needs it)
/// </code>
/// All of it but the last is of type nat, which a connection's first packet passes alone: one made while there were endpoints goes on
/// after the last of them has gone, and packets of those that are made cost nothing here. A redirection ends the way through the
/// chains, so that <c>unknown</c> meets only ports that no Service has. The relay's own connections go where they say: an endpoint
/// that is itself a front end would bring them back, and again, until the last descriptor is gone.
/// </summary>
internal static class UserspaceRules
{
    internal const string ServicePorts = "service-ports";
    internal const string NodePorts = "node-ports";
    internal const string RefusedServices = "refused-services";
    internal const string RefusedNodePorts = "refused-node-ports";
    internal const string OutsideServices = "outside-services";
    internal const string OutsideNodePorts = "outside-node-ports";
    internal const string SteeredServices = "steered-services";
    internal const string SteeredNodePorts = "steered-node-ports";
    internal const string ClusterIPs = "cluster-ips";
    internal const string RestrictedServices = "restricted-services";
    internal const string AllowedSources = "allowed-sources";
    internal const string RejectChain = "reject-connection";

    internal static readonly ImmutableArray<string> SetNames =
    [
        ServicePorts, NodePorts, RefusedServices, RefusedNodePorts, OutsideServices, OutsideNodePorts, SteeredServices, SteeredNodePorts, ClusterIPs,
        RestrictedServices, AllowedSources,
    ];

    private const string OutsideChain = "outside";
    private const string RefuseChain = "refuse";
    private const string SteerOutsideChain = "steer-outside";
    private const string SteerChain = "steer";
    private const string UnknownChain = "unknown";
    private const string OwnChain = "own";
    private const string PreservedChain = "preserved";

    internal static void Add(NftBatch batch, NftTable table, ForwardingPlan plan)
    {
        var ipv6 = table.Family == NftFamily.Ip6;
        var packet = new PacketExpressions(ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        batch.AddTable(table);
        AddSets(batch, table, ipv6 ? NftType.Ipv6Address : NftType.Ipv4Address);

        batch.AddChain(table, RejectChain);
        // ICMP errors are limited to one a second for each peer (icmp(7), icmp_ratelimit), resets are not.
        batch.AddRule(table, RejectChain, [.. PacketExpressions.IsTcp, Reject.TcpReset]);
        batch.AddRule(table, RejectChain, ipv6 ? Reject.Ipv6PortUnreachable : Reject.Ipv4PortUnreachable);

        batch.AddChain(table, OutsideChain);
        var outside = packet.NotFrom(plan.LocalDetector);
        batch.AddRule(table, OutsideChain, [.. outside, .. packet.ServiceKey, Decide(OutsideServices)]);
        AddNodePortRules(batch, table, OutsideChain, plan, outside, [Decide(OutsideNodePorts)]);

        batch.AddChain(table, RefuseChain);
        batch.AddRule(table, RefuseChain, [.. packet.ServiceKey, Decide(RefusedServices)]);
        AddNodePortRules(batch, table, RefuseChain, plan, [], [Decide(RefusedNodePorts)]);
        batch.AddRule(table, RefuseChain,
        [
            .. packet.ServiceKey, new Lookup(RestrictedServices, NftRegister.W0), packet.SourceBehindServiceKey,
            new Lookup(AllowedSources, NftRegister.W0, Invert: true), ImmediateVerdict.Drop,
        ]);

        batch.AddChain(table, SteerOutsideChain);
        batch.AddRule(table, SteerOutsideChain, [.. outside, .. packet.ServiceKey, .. RedirectBy(SteeredServices)]);
        AddNodePortRules(batch, table, SteerOutsideChain, plan, outside, RedirectBy(SteeredNodePorts));

        batch.AddChain(table, SteerChain);
        batch.AddRule(table, SteerChain, [.. packet.ServiceKey, .. RedirectBy(ServicePorts)]);
        AddNodePortRules(batch, table, SteerChain, plan, [], RedirectBy(NodePorts));

        batch.AddChain(table, UnknownChain);
        batch.AddRule(table, UnknownChain, packet.Destination, new Lookup(ClusterIPs, NftRegister.W0), ImmediateVerdict.Goto(RejectChain));

        batch.AddChain(table, OwnChain);
        batch.AddRule(table, OwnChain,
        [
            .. PacketExpressions.IsMarked(RelayMarks.Preserving), new Conntrack(ConntrackKey.Mark, NftRegister.W0),
            Bitwise.Or(NftRegister.W0, RelayMarks.Preserving), new ConntrackSet(ConntrackKey.Mark, NftRegister.W0),
        ]);
        batch.AddRule(table, OwnChain, packet.Destination, new Lookup(ClusterIPs, NftRegister.W0), ImmediateVerdict.Goto(RejectChain));
        batch.AddRule(table, OwnChain, ImmediateVerdict.Accept);

        batch.AddChain(table, "nat-prerouting", NftBaseChain.Nat(NftHook.Prerouting));
        AddJumps(batch, table, "nat-prerouting", OutsideChain, RefuseChain, SteerOutsideChain, SteerChain, UnknownChain);
        batch.AddChain(table, "nat-output", NftBaseChain.Nat(NftHook.Output));
        batch.AddRule(table, "nat-output", [.. PacketExpressions.IsMarked(RelayMarks.Own), ImmediateVerdict.Jump(OwnChain)]);
        AddJumps(batch, table, "nat-output", RefuseChain, SteerChain, UnknownChain);
    }

    /// <summary>Has answers to the relay's connections from clients' addresses routed to this node. Every packet passes here: only where a Service needs it.</summary>
    internal static void AddPreserved(NftBatch batch, NftTable table)
    {
        batch.AddChain(table, PreservedChain);
        batch.AddRule(table, PreservedChain,
        [
            new Conntrack(ConntrackKey.Direction, NftRegister.W0), Compare.Equal(NftRegister.W0, NftValue.U8((byte)ConntrackDirection.Reply)),
            new Conntrack(ConntrackKey.Mark, NftRegister.W0), Bitwise.And(NftRegister.W0, RelayMarks.Preserving),
            Compare.NotEqual(NftRegister.W0, NftValue.U32(0)), new Meta(MetaKey.Mark, NftRegister.W0),
            Bitwise.Or(NftRegister.W0, RelayMarks.Returning), new MetaSet(MetaKey.Mark, NftRegister.W0),
        ]);

        // A chain of type route has the way of this node's own packets looked up again: an endpoint may be on the node's network.
        batch.AddChain(table, "preserved-prerouting", NftBaseChain.Filter(NftHook.Prerouting, NftPriority.Mangle));
        AddJumps(batch, table, "preserved-prerouting", PreservedChain);
        batch.AddChain(table, "preserved-output", NftBaseChain.Route(NftPriority.Mangle));
        AddJumps(batch, table, "preserved-output", PreservedChain);
    }

    private static void AddSets(NftBatch batch, NftTable table, NftType address)
    {
        NftType[] service = [address, NftType.InetProtocol, NftType.InetService];
        NftType[] nodePort = [NftType.InetProtocol, NftType.InetService];
        batch.AddMap(new NftMap(table, ServicePorts, service, [NftType.InetService]));
        batch.AddMap(new NftMap(table, NodePorts, nodePort, [NftType.InetService]));
        batch.AddMap(new NftMap(table, RefusedServices, service, [NftType.Verdict]));
        batch.AddMap(new NftMap(table, RefusedNodePorts, nodePort, [NftType.Verdict]));
        batch.AddMap(new NftMap(table, OutsideServices, service, [NftType.Verdict]));
        batch.AddMap(new NftMap(table, OutsideNodePorts, nodePort, [NftType.Verdict]));
        batch.AddMap(new NftMap(table, SteeredServices, service, [NftType.InetService]));
        batch.AddMap(new NftMap(table, SteeredNodePorts, nodePort, [NftType.InetService]));
        batch.AddSet(new NftSet(table, ClusterIPs, address));
        batch.AddSet(new NftSet(table, RestrictedServices, service));
        batch.AddSet(new NftSet(table, AllowedSources, [.. service, address]) { Flags = NftSetFlags.Interval });
    }

    private static void AddJumps(NftBatch batch, NftTable table, string name, params ReadOnlySpan<string> chains)
    {
        foreach (var chain in chains)
        {
            batch.AddRule(table, name, ImmediateVerdict.Jump(chain));
        }
    }

    private static void AddNodePortRules(
        NftBatch batch, NftTable table, string chain, ForwardingPlan plan, NftExpression[] before, NftExpression[] after)
    {
        var packet = new PacketExpressions(table.Family == NftFamily.Ip6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        // A relay answers on loopback whatever the plan says: it needs no routing for that.
        if (plan.NodePorts.Of(packet.Family) is not { } networks)
        {
            batch.AddRule(table, chain, [.. before, .. PacketExpressions.ToThisNode, .. PacketExpressions.NodePortKey, .. after]);
            return;
        }

        foreach (var network in networks)
        {
            batch.AddRule(
                table, chain, [.. before, .. PacketExpressions.ToThisNode, .. packet.To(network), .. PacketExpressions.NodePortKey, .. after]);
        }
    }

    private static Lookup Decide(string map) => new(map, NftRegister.W0, NftRegister.Verdict);

    private static NftExpression[] RedirectBy(string map) => [new Lookup(map, NftRegister.W0, NftRegister.W0), new Redirect(NftRegister.W0)];
}
