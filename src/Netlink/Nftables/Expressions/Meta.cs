using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Loads a property of the packet that is not in its bytes.
/// <code>
/// meta
///   NFTA_META_KEY   enum nft_meta_keys
///   NFTA_META_DREG  register
/// </code>
/// </summary>
/// <param name="Key">Which one.</param>
/// <param name="Destination">Where to.</param>
public sealed record Meta(MetaKey Key, NftRegister Destination) : NftExpression
{
    internal override string Name => "meta";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_META_KEY, (uint)Key);
        writer.U32BigEndian(NFTA_META_DREG, (uint)Destination);
    }
}

/// <summary>enum nft_meta_keys, those of use here. Contents are in the machine's byte order but for Protocol.</summary>
public enum MetaKey : uint
{
    /// <summary>EtherType, 2 bytes in network order.</summary>
    Protocol = NFT_META_PROTOCOL,

    /// <summary>The packet's class for queueing, 4 bytes. Can be set.</summary>
    Priority = NFT_META_PRIORITY,

    /// <summary>The packet's mark, 4 bytes. Can be set.</summary>
    Mark = NFT_META_MARK,

    /// <summary>Index of the incoming device, 4 bytes.</summary>
    InputIndex = NFT_META_IIF,

    /// <summary>Index of the outgoing device, 4 bytes.</summary>
    OutputIndex = NFT_META_OIF,

    /// <summary>Name of the incoming device, 16 bytes.</summary>
    InputName = NFT_META_IIFNAME,

    /// <summary>Name of the outgoing device, 16 bytes.</summary>
    OutputName = NFT_META_OIFNAME,

    /// <summary>Shows the packet's way in <c>nft monitor trace</c>, 1 byte. Can be set.</summary>
    Trace = NFT_META_NFTRACE,

    /// <summary>NFPROTO_IPV4 or NFPROTO_IPV6, 1 byte.</summary>
    Family = NFT_META_NFPROTO,

    /// <summary>IP protocol, 1 byte.</summary>
    TransportProtocol = NFT_META_L4PROTO,
}
