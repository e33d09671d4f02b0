using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Sets a property of the packet's connection: its mark.
/// <code>
/// ct
///   NFTA_CT_KEY   enum nft_ct_keys
///   NFTA_CT_SREG  register
/// </code>
/// </summary>
/// <param name="Key">Which one.</param>
/// <param name="Source">Where its new value is.</param>
public sealed record ConntrackSet(ConntrackKey Key, NftRegister Source) : NftExpression
{
    internal override string Name => "ct";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_CT_KEY, (uint)Key);
        writer.U32BigEndian(NFTA_CT_SREG, (uint)Source);
    }
}
