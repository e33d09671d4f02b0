using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Loads a property of the packet's connection.
/// <code>
/// ct
///   NFTA_CT_KEY        enum nft_ct_keys
///   NFTA_CT_DREG       register
///   NFTA_CT_DIRECTION  u8, for addresses and ports
/// </code>
/// </summary>
/// <param name="Key">Which one.</param>
/// <param name="Destination">Where to.</param>
/// <param name="Direction">Needed for addresses and ports, allowed for nothing else here.</param>
public sealed record Conntrack(ConntrackKey Key, NftRegister Destination, ConntrackDirection? Direction = null) : NftExpression
{
    internal override string Name => "ct";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_CT_KEY, (uint)Key);
        writer.U32BigEndian(NFTA_CT_DREG, (uint)Destination);
        if (Direction is { } direction)
        {
            writer.U8(NFTA_CT_DIRECTION, (byte)direction);
        }
    }
}

/// <summary>enum nft_ct_keys, those of use here.</summary>
public enum ConntrackKey : uint
{
    /// <summary>One bit of <see cref="ConntrackState"/>, 4 bytes in the machine's order.</summary>
    State = NFT_CT_STATE,

    /// <summary><see cref="ConntrackDirection"/> of the packet, 1 byte.</summary>
    Direction = NFT_CT_DIRECTION,

    /// <summary>Bits of <see cref="ConntrackStatus"/>, 4 bytes in the machine's order.</summary>
    Status = NFT_CT_STATUS,

    /// <summary>The connection's mark, 4 bytes in the machine's order.</summary>
    Mark = NFT_CT_MARK,

    /// <summary>IP protocol, 1 byte.</summary>
    Protocol = NFT_CT_PROTOCOL,

    /// <summary>2 bytes in network order.</summary>
    SourcePort = NFT_CT_PROTO_SRC,

    /// <summary>2 bytes in network order.</summary>
    DestinationPort = NFT_CT_PROTO_DST,

    /// <summary>4 bytes.</summary>
    Ipv4Source = NFT_CT_SRC_IP,

    /// <summary>4 bytes.</summary>
    Ipv4Destination = NFT_CT_DST_IP,

    /// <summary>16 bytes.</summary>
    Ipv6Source = NFT_CT_SRC_IP6,

    /// <summary>16 bytes.</summary>
    Ipv6Destination = NFT_CT_DST_IP6,
}

/// <summary>enum ip_conntrack_dir.</summary>
public enum ConntrackDirection : byte
{
    /// <summary>As the first packet had it.</summary>
    Original = 0,

    /// <summary>As the answers have it.</summary>
    Reply = 1,
}

/// <summary>Bits as <c>ct state</c> compares them: NF_CT_STATE_BIT and its companions, linux/netfilter/nf_conntrack_common.h.</summary>
[Flags]
public enum ConntrackState : uint
{
    /// <summary>Fits no connection.</summary>
    Invalid = 1,

    /// <summary>Answered.</summary>
    Established = 1 << 1,

    /// <summary>Belongs to another connection.</summary>
    Related = 1 << 2,

    /// <summary>First packet, or not answered yet.</summary>
    New = 1 << 3,

    /// <summary>Exempt from tracking.</summary>
    Untracked = 1 << 6,
}

/// <summary>enum ip_conntrack_status, linux/netfilter/nf_conntrack_common.h.</summary>
[Flags]
public enum ConntrackStatus : uint
{
    /// <summary>Answered.</summary>
    SeenReply = 1 << 1,

    /// <summary>Its source address is translated.</summary>
    SourceNat = 1 << 4,

    /// <summary>Its destination address is translated.</summary>
    DestinationNat = 1 << 5,
}
