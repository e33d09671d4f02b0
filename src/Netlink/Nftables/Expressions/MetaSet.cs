using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Sets a property of the packet, such as its mark.
/// <code>
/// meta
///   NFTA_META_KEY   enum nft_meta_keys
///   NFTA_META_SREG  register
/// </code>
/// </summary>
/// <param name="Key">Which one.</param>
/// <param name="Source">Where its new value is.</param>
public sealed record MetaSet(MetaKey Key, NftRegister Source) : NftExpression
{
    internal override string Name => "meta";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_META_KEY, (uint)Key);
        writer.U32BigEndian(NFTA_META_SREG, (uint)Source);
    }
}
