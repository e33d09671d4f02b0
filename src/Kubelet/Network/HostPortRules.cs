using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// The rules of <see cref="HostPortTable"/>, for one family:
/// <code>
/// prerouting, output (nat)   at:  address . protocol . port -> pod address . port      a port with a hostIP
///                            any: protocol . port -> pod address . port                if the address is the node's own
/// postrouting (nat)          from 127.0.0.0/8 to a pod; from a pod to itself: masquerade
///                            from the pods' range to outside of what is not to be masqueraded: masquerade
/// guard (filter)             to 127.0.0.0/8 from a device: drop
/// </code>
/// </summary>
internal static class HostPortRules
{
    internal const string Table = "dp-hostports";
    private const string At = "at";
    private const string Any = "any";
    private const string Selves = "selves";
    private const string Leaving = "leaving";
    private const string Ports = "ports";

    // Where a map's data go: behind the longest key, an IPv6 address and two words.
    private const NftRegister Target = NftRegister.W10;

    // RTN_LOCAL of linux/rtnetlink.h, and the index of loopback in every namespace.
    private static readonly NftValue LocalType = NftValue.U32(2);
    private static readonly NftValue Loopback = NftValue.U32(1);
    private static readonly IPNetwork LoopbackRange = IPNetwork.Parse("127.0.0.0/8");

    internal static void Write(
        NftBatch batch, AddressFamily family, IReadOnlyList<HostPortTarget> targets, IReadOnlyList<IPNetwork> pods, IReadOnlyList<IPNetwork> kept)
    {
        var four = family == AddressFamily.InterNetwork;
        var table = new NftTable(four ? NftFamily.Ip : NftFamily.Ip6, Table);
        batch.DestroyTable(table);
        if (targets.Count == 0 && pods.Count == 0)
        {
            return;
        }

        batch.AddTable(table);
        batch.AddChain(table, "postrouting", NftBaseChain.Nat(NftHook.Postrouting));
        if (targets.Count > 0)
        {
            WritePorts(batch, table, four, targets);
        }

        if (pods.Count > 0)
        {
            WriteLeaving(batch, table, four, pods, kept);
        }
    }

    private static void WritePorts(NftBatch batch, NftTable table, bool four, IReadOnlyList<HostPortTarget> targets)
    {
        var address = four ? NftType.Ipv4Address : NftType.Ipv6Address;
        batch.AddMap(new NftMap(table, At, [address, NftType.InetProtocol, NftType.InetService], [address, NftType.InetService]));
        batch.AddMap(new NftMap(table, Any, [NftType.InetProtocol, NftType.InetService], [address, NftType.InetService]));
        batch.AddSet(new NftSet(table, Selves, address, address));
        foreach (var (port, pod) in targets.DistinctBy(one => (one.Port.Protocol, one.Port.Address, one.Port.HostPort)))
        {
            var data = NftValue.Concat(NftValue.Address(pod), NftValue.Port(port.ContainerPort));
            var (protocol, number) = (NftValue.Protocol(ProtocolOf(port.Protocol)), NftValue.Port(port.HostPort));
            batch.AddElement(table, port.Address is null ? Any : At, port.Address is { } host
                ? new NftElement(NftValue.Concat(NftValue.Address(host), protocol, number), data)
                : new NftElement(NftValue.Concat(protocol, number), data));
        }

        foreach (var pod in targets.Select(one => one.Address).Distinct())
        {
            batch.AddElement(table, Selves, new NftElement(NftValue.Concat(NftValue.Address(pod), NftValue.Address(pod))));
        }

        batch.AddChain(table, Ports);
        var words = four ? 1 : 4;
        var translate = new Nat(NatType.Destination, table.Family, Target, Target + (uint)words);
        batch.AddRule(
            table, Ports,
            Destination(four), new Meta(MetaKey.TransportProtocol, Word(words)), Payload.DestinationPort(Word(words + 1)),
            new Lookup(At, NftRegister.W0, Target), translate);
        batch.AddRule(
            table, Ports,
            new Fib(FibFlags.Destination, FibResult.AddressType, NftRegister.W0), Compare.Equal(NftRegister.W0, LocalType),
            new Meta(MetaKey.TransportProtocol, NftRegister.W0), Payload.DestinationPort(Word(1)), new Lookup(Any, NftRegister.W0, Target), translate);
        foreach (var (name, hook) in new[] { ("prerouting", NftHook.Prerouting), ("output", NftHook.Output) })
        {
            batch.AddChain(table, name, NftBaseChain.Nat(hook));
            batch.AddRule(table, name, new ImmediateVerdict(NftVerdict.Jump(Ports)));
        }

        batch.AddRule(table, "postrouting", Source(four), Destination(four, words), new Lookup(Selves, NftRegister.W0), new Masquerade());
        if (four)
        {
            batch.AddRule(
                table, "postrouting",
                [.. InRange(Source(four), LoopbackRange), new Meta(MetaKey.OutputIndex, NftRegister.W0), Compare.NotEqual(NftRegister.W0, Loopback), new Masquerade()]);
            batch.AddChain(table, "guard", NftBaseChain.Filter(NftHook.Prerouting, NftPriority.Raw));
            batch.AddRule(
                table, "guard",
                [.. InRange(Destination(four), LoopbackRange), new Meta(MetaKey.InputIndex, NftRegister.W0), Compare.NotEqual(NftRegister.W0, Loopback), new ImmediateVerdict(NftVerdict.Drop)]);
        }
    }

    private static void WriteLeaving(NftBatch batch, NftTable table, bool four, IReadOnlyList<IPNetwork> pods, IReadOnlyList<IPNetwork> kept)
    {
        batch.AddChain(table, Leaving);
        foreach (var range in (IEnumerable<IPNetwork>)[.. kept, .. pods, IPNetwork.Parse(four ? "224.0.0.0/4" : "ff00::/8")])
        {
            batch.AddRule(table, Leaving, [.. InRange(Destination(four), range), new ImmediateVerdict(NftVerdict.Return)]);
        }

        batch.AddRule(table, Leaving, new Masquerade(NatFlags.FullyRandom));
        foreach (var range in pods)
        {
            batch.AddRule(table, "postrouting", [.. InRange(Source(four), range), new ImmediateVerdict(NftVerdict.Jump(Leaving))]);
        }
    }

    private static NftExpression[] InRange(Payload load, IPNetwork range)
    {
        var mask = new byte[range.BaseAddress.GetAddressBytes().Length];
        for (var bit = 0; bit < range.PrefixLength; bit++)
        {
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        var nothing = NftValue.Of(new byte[mask.Length]);
        return [load, new Bitwise(load.Destination, load.Destination, NftValue.Of(mask), nothing), Compare.Equal(load.Destination, NftValue.Address(range.BaseAddress))];
    }

    private static Payload Source(bool four) => four ? Payload.Ipv4Source(NftRegister.W0) : Payload.Ipv6Source(NftRegister.W0);

    private static Payload Destination(bool four, int word = 0) => four ? Payload.Ipv4Destination(Word(word)) : Payload.Ipv6Destination(Word(word));

    private static NftRegister Word(int number) => NftRegister.W0 + (uint)number;

    private static ProtocolType ProtocolOf(string protocol) => protocol switch
    {
        "TCP" => ProtocolType.Tcp,
        "UDP" => ProtocolType.Udp,
        _ => (ProtocolType)132,
    };
}
