using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Route;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// The fixed part of a table. In nft's words, for IPv4:
/// <code>
/// map service-ports      { type ipv4_addr . inet_proto . inet_service : inet_service; }
/// map node-ports         { type inet_proto . inet_service : inet_service; }
/// map refused-services   { type ipv4_addr . inet_proto . inet_service : verdict; }
/// map refused-node-ports { type inet_proto . inet_service : verdict; }
/// chain port-unreachable { reject; }   # where refused front ends without endpoints lead
/// chain refuse {
///     ct state new ip daddr . meta l4proto . th dport vmap @refused-services;
///     ct state new fib daddr type local meta l4proto . th dport vmap @refused-node-ports;
/// }
/// chain steer {
///     redirect to : ip daddr . meta l4proto . th dport map @service-ports;
///     fib daddr type local redirect to : meta l4proto . th dport map @node-ports;
/// }
/// chain filter-prerouting { type filter hook prerouting priority dstnat - 10; jump refuse; }   # and filter-output
/// chain nat-prerouting    { type nat hook prerouting priority dstnat; jump steer; }            # and nat-output
/// </code>
/// Refusing looks at new connections only: one made while there were endpoints goes on after the last of them has gone.
/// </summary>
internal static class UserspaceRules
{
    internal const string ServicePorts = "service-ports";
    internal const string NodePorts = "node-ports";
    internal const string RefusedServices = "refused-services";
    internal const string RefusedNodePorts = "refused-node-ports";
    internal const string RejectChain = "port-unreachable";

    internal static readonly ImmutableArray<string> Maps = [ServicePorts, NodePorts, RefusedServices, RefusedNodePorts];

    private const string RefuseChain = "refuse";
    private const string SteerChain = "steer";

    /// <summary>Before destination NAT: the address is still the front end's.</summary>
    private const int BeforeDestinationNat = NftPriority.DestinationNat - 10;

    internal static void Add(NftBatch batch, NftTable table, ImmutableArray<IPNetwork> nodePortNetworks)
    {
        var ipv6 = table.Family == NftFamily.Ip6;
        var address = ipv6 ? NftType.Ipv6Address : NftType.Ipv4Address;
        NftType[] service = [address, NftType.InetProtocol, NftType.InetService];
        NftType[] nodePort = [NftType.InetProtocol, NftType.InetService];
        batch.AddTable(table);
        batch.AddMap(new NftMap(table, ServicePorts, service, [NftType.InetService]));
        batch.AddMap(new NftMap(table, NodePorts, nodePort, [NftType.InetService]));
        batch.AddMap(new NftMap(table, RefusedServices, service, [NftType.Verdict]));
        batch.AddMap(new NftMap(table, RefusedNodePorts, nodePort, [NftType.Verdict]));

        batch.AddChain(table, RejectChain);
        batch.AddRule(table, RejectChain, ipv6 ? Reject.Ipv6PortUnreachable : Reject.Ipv4PortUnreachable);

        batch.AddChain(table, RefuseChain);
        batch.AddRule(table, RefuseChain, [.. NewConnection, .. ServiceKey(ipv6), new Lookup(RefusedServices, NftRegister.W0, NftRegister.Verdict)]);
        AddNodePortRules(batch, table, RefuseChain, nodePortNetworks, NewConnection, [new Lookup(RefusedNodePorts, NftRegister.W0, NftRegister.Verdict)]);

        batch.AddChain(table, SteerChain);
        batch.AddRule(table, SteerChain, [.. ServiceKey(ipv6), new Lookup(ServicePorts, NftRegister.W0, NftRegister.W0), new Redirect(NftRegister.W0)]);
        AddNodePortRules(
            batch, table, SteerChain, nodePortNetworks, [], [new Lookup(NodePorts, NftRegister.W0, NftRegister.W0), new Redirect(NftRegister.W0)]);

        AddHook(batch, table, "filter-prerouting", NftBaseChain.Filter(NftHook.Prerouting, BeforeDestinationNat), RefuseChain);
        AddHook(batch, table, "filter-output", NftBaseChain.Filter(NftHook.Output, BeforeDestinationNat), RefuseChain);
        AddHook(batch, table, "nat-prerouting", NftBaseChain.Nat(NftHook.Prerouting), SteerChain);
        AddHook(batch, table, "nat-output", NftBaseChain.Nat(NftHook.Output), SteerChain);
    }

    private static NftExpression[] NewConnection =>
    [
        new Conntrack(ConntrackKey.State, NftRegister.W0),
        Bitwise.And(NftRegister.W0, (uint)ConntrackState.New),
        Compare.NotEqual(NftRegister.W0, NftValue.U32(0)),
    ];

    private static void AddHook(NftBatch batch, NftTable table, string name, NftBaseChain hook, string chain)
    {
        batch.AddChain(table, name, hook);
        batch.AddRule(table, name, ImmediateVerdict.Jump(chain));
    }

    private static void AddNodePortRules(
        NftBatch batch, NftTable table, string chain, ImmutableArray<IPNetwork> networks, NftExpression[] before, NftExpression[] after)
    {
        var ipv6 = table.Family == NftFamily.Ip6;
        if (networks.IsEmpty)
        {
            batch.AddRule(table, chain, [.. before, .. LocalDestination, .. NodePortKey, .. after]);
            return;
        }

        var family = ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        foreach (var network in networks.Where(network => network.BaseAddress.AddressFamily == family))
        {
            batch.AddRule(table, chain, [.. before, .. LocalDestination, .. DestinationIn(network), .. NodePortKey, .. after]);
        }
    }

    // A concatenation is loaded into the registers one behind the other, each part from a register of 4 bytes on.
    private static NftExpression[] ServiceKey(bool ipv6) => ipv6
        ?
        [
            Payload.Ipv6Destination(NftRegister.W0),
            new Meta(MetaKey.TransportProtocol, NftRegister.W4),
            Payload.DestinationPort(NftRegister.W5),
        ]
        :
        [
            Payload.Ipv4Destination(NftRegister.W0),
            new Meta(MetaKey.TransportProtocol, NftRegister.W1),
            Payload.DestinationPort(NftRegister.W2),
        ];

    private static NftExpression[] NodePortKey =>
        [new Meta(MetaKey.TransportProtocol, NftRegister.W0), Payload.DestinationPort(NftRegister.W1)];

    private static NftExpression[] LocalDestination =>
    [
        new Fib(FibFlags.Destination, FibResult.AddressType, NftRegister.W0),
        Compare.Equal(NftRegister.W0, NftValue.U32((uint)RouteType.Local)),
    ];

    private static NftExpression[] DestinationIn(IPNetwork network)
    {
        var address = network.BaseAddress.GetAddressBytes();
        var mask = new byte[address.Length];
        for (var bit = 0; bit < network.PrefixLength; bit++)
        {
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return
        [
            address.Length == 16 ? Payload.Ipv6Destination(NftRegister.W0) : Payload.Ipv4Destination(NftRegister.W0),
            new Bitwise(NftRegister.W0, NftRegister.W0, NftValue.Of(mask), NftValue.Of(new byte[mask.Length])),
            Compare.Equal(NftRegister.W0, NftValue.Of(address)),
        ];
    }
}
