using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using static Dataplane.Proxy.Nftables.Rules.Statement;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>
/// The part of a table that does not depend on Services:
/// <code>
///   prerouting ─┐                          @services  ──> lb-N, ... , reject, drop
///   output ─────┴> services ── FRONTEND ──>
///                                          @nodeports ──> nodeport-lb-N, ...
///   postrouting ── count the connection; marked, or hairpin ──> masquerade
///   forward ────── of no known connection, or to a ClusterIP of nobody ──> drop
///   output ─────── to a ClusterIP of nobody ──> drop
/// </code>
/// All decisions about Services fall in the nat hooks, which see the first packet of a connection: REJECT and DROP there leave no connection behind.
/// </summary>
internal sealed record Skeleton(uint MasqueradeMark, NodePortScope NodePorts, ImmutableArray<IPNetwork> ServiceRanges, bool DropInvalid)
{
    internal const string Services = "services";
    internal const string NodePortMap = "nodeports";
    internal const string ClusterIPs = "cluster-ips";
    internal const string Hairpins = "hairpins";
    internal const string SourceRanges = "source-ranges";
    internal const string RejectChain = "reject";
    internal const string Connections = "connections";
    internal const string Traffic = "traffic";

    /// <summary>Of every endpoint's number, so that it is told from a priority that somebody wants.</summary>
    internal const uint NumberBit = 0x8000_0000;

    /// <summary>How long counters stay that nothing comes to.</summary>
    internal static readonly TimeSpan CountsKept = TimeSpan.FromHours(1);

    internal static IEnumerable<SetDefinition> Sets()
    {
        ValueKind[] address = [ValueKind.Address, ValueKind.Protocol, ValueKind.Port];
        ValueKind[] nodePort = [ValueKind.Protocol, ValueKind.Port];
        ValueKind[] target = [ValueKind.Address, ValueKind.Port];
        yield return new SetDefinition(Services, address, [ValueKind.Verdict]);
        yield return new SetDefinition(NodePortMap, nodePort, [ValueKind.Verdict]);
        yield return new SetDefinition(ClusterIPs, [ValueKind.Address]);
        yield return new SetDefinition(Hairpins, [ValueKind.Address, ValueKind.Address]);
        yield return new SetDefinition(SourceRanges, [.. address, ValueKind.Address]) { Flags = NftSetFlags.Interval };
        yield return new SetDefinition(Connections, [.. address, .. target]) { Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout };
        yield return new SetDefinition(Traffic, [.. address, .. target]) { Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout };
        foreach (var sets in EndpointSets.All)
        {
            var frontEnd = sets.IsNodePort ? nodePort : address;
            yield return new SetDefinition(sets.Endpoints, [.. frontEnd, ValueKind.Slot], target);
            yield return new SetDefinition(sets.AffineSlots, [.. frontEnd, ValueKind.Slot], [ValueKind.Id]);
            yield return new SetDefinition(sets.AffineEndpoints, [.. frontEnd, ValueKind.Id], target);
            if (!sets.IsOutside)
            {
                yield return new SetDefinition(sets.Affinity, [ValueKind.Address, .. frontEnd], [ValueKind.Id]) { Flags = NftSetFlags.Dynamic | NftSetFlags.Timeout };
            }
        }
    }

    internal IEnumerable<ChainDefinition> Chains(NftFamily family)
    {
        yield return new ChainDefinition(
            RejectChain,
            [
                // The kernel sends a client six ICMP errors at once and then one a second (net.ipv4.icmp_ratelimit); resets it does not count.
                [new MatchProtocol(TransportProtocol.Tcp), new Reset()],
                [new Reject()],
            ]);
        yield return new ChainDefinition(
            Services,
            [
                [new VerdictMap(Keys.Address, Services)],
                // A ClusterIP belongs to nobody: without this, other ports of it would follow the default route.
                [new MatchSet([Field.DestinationAddress], ClusterIPs), new Goto(RejectChain)],
                .. NodePortRules(family),
            ]);
        yield return new ChainDefinition("nat-prerouting", [[new Jump(Services)]]) { Base = NftBaseChain.Nat(NftHook.Prerouting) };
        yield return new ChainDefinition("nat-output", [[new Jump(Services)]]) { Base = NftBaseChain.Nat(NftHook.Output) };
        yield return new ChainDefinition(
            "nat-postrouting",
            [
                .. FirstPacketRules(),
                [new MatchMark(MasqueradeMark), new ToggleMark(MasqueradeMark), new Masquerade()],
                [new MatchDestinationChanged(), new MatchSet([Field.SourceAddress, Field.DestinationAddress], Hairpins), new Masquerade()],
            ])
        { Base = NftBaseChain.Nat(NftHook.Postrouting) };
        // A late answer that no connection explains would reach the client with the pod's address and make it reset the connection (k/k #74839).
        // Every packet leaves once or arrives for good, but for those the node sends to itself, which do both.
        yield return new ChainDefinition("nat-input", [.. FirstPacketRules()]) { Base = NftBaseChain.Nat(NftHook.Input) };
        yield return new ChainDefinition("traffic-postrouting", [[new MatchDestinationChanged(), new Count(Traffic)]]) { Base = NftBaseChain.Filter(NftHook.Postrouting) };
        yield return new ChainDefinition(
            "traffic-input", [[new MatchInterface("lo", IsPrefix: false, Negate: true), new MatchDestinationChanged(), new Count(Traffic)]])
        { Base = NftBaseChain.Filter(NftHook.Input) };
        if (family == NftFamily.Ip && NodePorts.HasLoopback(AddressFamily.InterNetwork))
        {
            // route_localnet also lets neighbours send to 127.0.0.1 (k/k #90259, CVE-2020-8558).
            yield return LoopbackGuard();
        }

        var unallocated = UnallocatedRules(family).ToList();
        if (DropInvalid || unallocated.Count > 0)
        {
            Statement[][] invalid = DropInvalid ? [[new MatchInvalid(), new Drop()]] : [];
            yield return new ChainDefinition("filter-forward", [.. invalid, .. unallocated]) { Base = NftBaseChain.Filter(NftHook.Forward) };
        }

        if (unallocated.Count > 0)
        {
            yield return new ChainDefinition("filter-output", unallocated) { Base = NftBaseChain.Filter(NftHook.Output) };
        }
    }

    // Else it would follow the default route, and an IP that some host out there answers on would seem to be a Service. Where destinations have been changed
    // already: a Service of another proxy's is in none of our sets.
    private IEnumerable<Statement[]> UnallocatedRules(NftFamily family) => ServiceRanges
        .Where(range => range.BaseAddress.AddressFamily == (family == NftFamily.Ip6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork))
        .Select(range => (Statement[])[new MatchEstablished(Negate: true), new MatchNetwork(Field.DestinationAddress, range), new Drop()]);

    // The number has done its work; what comes next would queue the packet by it.
    private static Statement[][] FirstPacketRules() =>
    [
        [new MatchDestinationChanged(), new Count(Connections)],
        [new MatchDestinationChanged(), new MatchPriority(NumberBit), new ClearPriority()],
    ];

    private static ChainDefinition LoopbackGuard()
    {
        var loopback = NodePortScope.LoopbackOf(AddressFamily.InterNetwork);
        Statement[] martian = [new MatchNetwork(Field.DestinationAddress, loopback), new MatchNetwork(Field.SourceAddress, loopback, Negate: true)];
        return new ChainDefinition("filter-input", [[.. martian, new MatchEstablished(Negate: true), new MatchDestinationChanged(Negate: true), new Drop()]])
        {
            Base = NftBaseChain.Filter(NftHook.Input),
        };
    }

    private IEnumerable<Statement[]> NodePortRules(NftFamily family)
    {
        var own = new MatchOwnAddress(Field.DestinationAddress);
        var lookUp = new VerdictMap(Keys.NodePort, NodePortMap);
        var addresses = family == NftFamily.Ip ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        // IPv6 has no route_localnet: a packet from ::1 cannot leave for another host, masqueraded or not.
        Statement[] routable = NodePorts.HasLoopback(addresses) && family == NftFamily.Ip
            ? [own]
            : [own, new MatchNetwork(Field.DestinationAddress, NodePortScope.LoopbackOf(addresses), Negate: true)];
        if (NodePorts.Of(addresses) is not { } networks)
        {
            yield return [.. routable, lookUp];
            yield break;
        }

        foreach (var network in networks)
        {
            yield return [new MatchNetwork(Field.DestinationAddress, network), .. routable, lookUp];
        }
    }
}
