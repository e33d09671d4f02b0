using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;

namespace Dataplane.Cli.Doctor;

/// <summary>Which nf_tables expressions the kernel has: each is put into a chain of a kind it is used in, and the kernel's word is taken.</summary>
internal static class NftablesProbes
{
    private const string Both = "nftables, userspace";
    private static readonly NftTable Table = new(NftFamily.Ip, "dp-doctor");
    private static readonly NftBaseChain DestinationNat = NftBaseChain.Nat(NftHook.Prerouting);
    private static readonly NftBaseChain SourceNat = NftBaseChain.Nat(NftHook.Postrouting);
    private static readonly NftBaseChain Filter = NftBaseChain.Filter(NftHook.Prerouting, NftPriority.Mangle);

    internal static IReadOnlyList<Feature> All { get; } =
    [
        new("tables for IPv4", Both, true, Filter),
        new("numgen", "nftables", true, DestinationNat, new NumberGenerator(NftRegister.R1, 2)),
        new("fib", Both, true, DestinationNat, new Fib(FibFlags.Destination, FibResult.AddressType, NftRegister.R1)),
        new("masquerade", "nftables", true, SourceNat, new Masquerade(NatFlags.FullyRandom)),
        new("redirect", "userspace (TCP)", true, DestinationNat, new Immediate(NftRegister.R1, NftValue.Port(1)), new Redirect(NftRegister.R1)),
        new("reject", Both, true, NftBaseChain.Filter(NftHook.Input), new Reject(RejectType.IcmpUnreachable)),
        new(
            "tproxy", "userspace (transparent)", false, Filter,
            new Meta(MetaKey.TransportProtocol, NftRegister.R1),
            Compare.Equal(NftRegister.R1, NftValue.Protocol(ProtocolType.Tcp)),
            new Immediate(NftRegister.R1, NftValue.Port(1)),
            new TransparentProxy(NftFamily.Ip, Port: NftRegister.R1)),
    ];

    internal static string Try(NetworkNamespace probe, Feature feature)
    {
        using var connection = NftablesConnection.Open(probe);
        var batch = new NftBatch();
        batch.AddTable(Table);
        batch.AddChain(Table, "probe", feature.Hook);
        if (feature.Expressions.Length > 0)
        {
            batch.AddRule(Table, "probe", feature.Expressions);
        }

        connection.Commit(batch);
        batch.Clear();
        batch.DeleteTable(Table);
        connection.Commit(batch);
        return "there";
    }

    /// <param name="Name">As nft calls it.</param>
    /// <param name="NeededBy">Modes.</param>
    /// <param name="Required">Whether `up` cannot do without it.</param>
    /// <param name="Hook">The kind of chain it is tried in.</param>
    /// <param name="Expressions">A rule of it.</param>
    internal sealed record Feature(string Name, string NeededBy, bool Required, NftBaseChain Hook, params NftExpression[] Expressions);
}
