using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Matches when registers, as a number in network order, are within bounds.
/// <code>
/// range
///   NFTA_RANGE_SREG       register
///   NFTA_RANGE_OP         enum nft_range_ops
///   NFTA_RANGE_FROM_DATA  { NFTA_DATA_VALUE }
///   NFTA_RANGE_TO_DATA    { NFTA_DATA_VALUE }
/// </code>
/// </summary>
/// <param name="Source">What is compared.</param>
/// <param name="From">Lower bound, inclusive.</param>
/// <param name="To">Upper bound, inclusive.</param>
/// <param name="Invert">Match outside of them.</param>
public sealed record RangeMatch(NftRegister Source, NftValue From, NftValue To, bool Invert = false) : NftExpression
{
    internal override string Name => "range";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_RANGE_SREG, (uint)Source);
        writer.U32BigEndian(NFTA_RANGE_OP, Invert ? (uint)NFT_RANGE_NEQ : (uint)NFT_RANGE_EQ);
        From.Write(ref writer, NFTA_RANGE_FROM_DATA);
        To.Write(ref writer, NFTA_RANGE_TO_DATA);
    }
}
