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
/// set cluster-ips { ipv4_addr }   set restricted-services { SERVICE }   set allowed-sources { SERVICE . ipv4_addr, interval }
/// chain reject-connection { meta l4proto tcp reject with tcp reset;  reject }
/// chain outside     { ip saddr != CLUSTER SERVICE vmap @outside-services;  ip saddr != CLUSTER NODEPORT vmap @outside-node-ports }
/// chain refuse      { SERVICE vmap @refused-services;  NODEPORT vmap @refused-node-ports;
///                     SERVICE @restricted-services SERVICE . ip saddr != @allowed-sources drop }
/// chain steer       { redirect to : SERVICE map @service-ports;  redirect to : NODEPORT map @node-ports }
/// chain unknown     { ip daddr @cluster-ips reject }
/// hook prerouting   dstnat - 10: ct state new jump outside, refuse;  dstnat: jump steer;  dstnat + 10: ct state new jump unknown
/// hook output       dstnat - 10: ct state new jump refuse;           dstnat: jump steer;  dstnat + 10: ct state new jump unknown
/// </code>
/// Refusing looks at new connections only: one made while there were endpoints goes on after the last of them has gone. What was
/// redirected no longer has a ClusterIP as its destination, so that <c>unknown</c> meets only ports that no Service has.
/// </summary>
internal static class UserspaceRules
{
    internal const string ServicePorts = "service-ports";
    internal const string NodePorts = "node-ports";
    internal const string RefusedServices = "refused-services";
    internal const string RefusedNodePorts = "refused-node-ports";
    internal const string OutsideServices = "outside-services";
    internal const string OutsideNodePorts = "outside-node-ports";
    internal const string ClusterIPs = "cluster-ips";
    internal const string RestrictedServices = "restricted-services";
    internal const string AllowedSources = "allowed-sources";
    internal const string RejectChain = "reject-connection";

    internal static readonly ImmutableArray<string> SetNames =
    [
        ServicePorts, NodePorts, RefusedServices, RefusedNodePorts, OutsideServices, OutsideNodePorts, ClusterIPs, RestrictedServices, AllowedSources,
    ];

    private const string OutsideChain = "outside";
    private const string RefuseChain = "refuse";
    private const string SteerChain = "steer";
    private const string UnknownChain = "unknown";
    private const int BeforeDestinationNat = NftPriority.DestinationNat - 10;
    private const int AfterDestinationNat = NftPriority.DestinationNat + 10;

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

        batch.AddChain(table, SteerChain);
        batch.AddRule(table, SteerChain, [.. packet.ServiceKey, .. RedirectBy(ServicePorts)]);
        AddNodePortRules(batch, table, SteerChain, plan, [], RedirectBy(NodePorts));

        batch.AddChain(table, UnknownChain);
        batch.AddRule(table, UnknownChain, packet.Destination, new Lookup(ClusterIPs, NftRegister.W0), ImmediateVerdict.Goto(RejectChain));

        AddHook(batch, table, "filter-prerouting", NftBaseChain.Filter(NftHook.Prerouting, BeforeDestinationNat), OutsideChain, RefuseChain);
        AddHook(batch, table, "filter-output", NftBaseChain.Filter(NftHook.Output, BeforeDestinationNat), RefuseChain);
        AddHook(batch, table, "unknown-prerouting", NftBaseChain.Filter(NftHook.Prerouting, AfterDestinationNat), UnknownChain);
        AddHook(batch, table, "unknown-output", NftBaseChain.Filter(NftHook.Output, AfterDestinationNat), UnknownChain);
        foreach (var (name, hook) in new[] { ("nat-prerouting", NftHook.Prerouting), ("nat-output", NftHook.Output) })
        {
            batch.AddChain(table, name, NftBaseChain.Nat(hook));
            batch.AddRule(table, name, ImmediateVerdict.Jump(SteerChain));
        }
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
        batch.AddSet(new NftSet(table, ClusterIPs, address));
        batch.AddSet(new NftSet(table, RestrictedServices, service));
        batch.AddSet(new NftSet(table, AllowedSources, [.. service, address]) { Flags = NftSetFlags.Interval });
    }

    private static void AddHook(NftBatch batch, NftTable table, string name, NftBaseChain hook, params ReadOnlySpan<string> chains)
    {
        batch.AddChain(table, name, hook);
        foreach (var chain in chains)
        {
            batch.AddRule(table, name, [.. PacketExpressions.NewConnection, ImmediateVerdict.Jump(chain)]);
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
