using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Matches when registers hold a key of a set; of a map, loads the data as well. Into <see cref="NftRegister.Verdict"/> it is a verdict map.
/// <code>
/// lookup
///   NFTA_LOOKUP_SREG   register
///   NFTA_LOOKUP_DREG   register, maps only
///   NFTA_LOOKUP_SET    string
///   NFTA_LOOKUP_FLAGS  NFT_LOOKUP_F_INV
/// </code>
/// </summary>
/// <param name="Set">Of the same table.</param>
/// <param name="Source">Where the key starts.</param>
/// <param name="Destination">Where a map's data go.</param>
/// <param name="Invert">Match when it is no key; sets only.</param>
public sealed record Lookup(string Set, NftRegister Source, NftRegister? Destination = null, bool Invert = false) : NftExpression
{
    internal override string Name => "lookup";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_LOOKUP_SREG, (uint)Source);
        if (Destination is { } destination)
        {
            writer.U32BigEndian(NFTA_LOOKUP_DREG, (uint)destination);
        }

        writer.String(NFTA_LOOKUP_SET, Set);
        if (Invert)
        {
            writer.U32BigEndian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        }
    }
}
