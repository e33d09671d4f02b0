using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using static Dataplane.Netlink.Nftables.NftRegister;

namespace Dataplane.Netlink.Tests.Nftables;

/// <summary>
/// The proxy's shape: one verdict map from front end to <c>lb-N</c>, and one map from front end and random slot to back end.
/// </summary>
internal sealed class ServiceRuleset(string name)
{
    internal const string Services = "services";
    internal const string Endpoints = "endpoints";

    internal NftTable Table { get; } = new(NftFamily.Ip, name);

    internal NftBatch Skeleton(params int[] slotCounts)
    {
        var batch = new NftBatch();
        batch.DestroyTable(Table);
        batch.AddTable(Table);
        batch.AddMap(new NftMap(
            Table,
            Endpoints,
            [NftType.Ipv4Address, NftType.InetProtocol, NftType.InetService, NftType.Mark],
            [NftType.Ipv4Address, NftType.InetService]));
        batch.AddMap(new NftMap(Table, Services, [NftType.Ipv4Address, NftType.InetProtocol, NftType.InetService], [NftType.Verdict]));
        foreach (var slots in slotCounts)
        {
            batch.AddChain(Table, $"lb-{slots}");
            batch.AddRule(Table, $"lb-{slots}", [.. FrontEnd, new NumberGenerator(W3, (uint)slots), new Lookup(Endpoints, R1, R1), Translate]);
        }

        foreach (var (chain, hook) in new[] { ("nat-prerouting", NftHook.Prerouting), ("nat-output", NftHook.Output) })
        {
            batch.AddChain(Table, chain, NftBaseChain.Nat(hook));
            batch.AddRule(Table, chain, [.. FrontEnd, new Lookup(Services, R1, Verdict)]);
        }

        return batch;
    }

    internal void AddService(NftBatch batch, IPEndPoint frontEnd, params IPEndPoint[] backEnds)
    {
        batch.AddElement(Table, Services, new NftElement(Key(frontEnd), NftVerdict.Goto($"lb-{backEnds.Length}")));
        for (var slot = 0; slot < backEnds.Length; slot++)
        {
            batch.AddElement(Table, Endpoints, new NftElement(
                Key(frontEnd, slot),
                NftValue.Concat(NftValue.Address(backEnds[slot].Address), NftValue.Port(backEnds[slot].Port))));
        }
    }

    internal static NftValue Key(IPEndPoint frontEnd) =>
        NftValue.Concat(NftValue.Address(frontEnd.Address), NftValue.Protocol(ProtocolType.Tcp), NftValue.Port(frontEnd.Port));

    internal static NftValue Key(IPEndPoint frontEnd, int slot) => NftValue.Concat(Key(frontEnd), NftValue.U32((uint)slot));

    private static NftExpression[] FrontEnd => [Payload.Ipv4Destination(R1), new Meta(MetaKey.TransportProtocol, W1), Payload.DestinationPort(W2)];

    private static Nat Translate => new(NatType.Destination, NftFamily.Ip, Address: R1, Port: W1);
}
