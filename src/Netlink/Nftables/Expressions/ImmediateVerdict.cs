using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Decides about the packet, or jumps.
/// <code>
/// immediate
///   NFTA_IMMEDIATE_DREG  NFT_REG_VERDICT
///   NFTA_IMMEDIATE_DATA  { NFTA_DATA_VERDICT { NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN } }
/// </code>
/// </summary>
/// <param name="Value">The decision.</param>
public sealed record ImmediateVerdict(NftVerdict Value) : NftExpression
{
    /// <summary>Ends the packet.</summary>
    public static ImmediateVerdict Drop { get; } = new(NftVerdict.Drop);

    /// <summary>Ends this hook's chain.</summary>
    public static ImmediateVerdict Accept { get; } = new(NftVerdict.Accept);

    /// <summary>Back to the rule after the jump.</summary>
    public static ImmediateVerdict Return { get; } = new(NftVerdict.Return);

    /// <summary>To a chain, and back when it ends.</summary>
    public static ImmediateVerdict Jump(string chain) => new(NftVerdict.Jump(chain));

    /// <summary>To a chain for good.</summary>
    public static ImmediateVerdict Goto(string chain) => new(NftVerdict.Goto(chain));

    internal override string Name => "immediate";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        var data = writer.BeginNested(NFTA_IMMEDIATE_DATA | NLA_F_NESTED);
        Value.Write(ref writer);
        writer.EndNested(data);
    }
}
