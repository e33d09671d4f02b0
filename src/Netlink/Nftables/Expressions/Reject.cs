using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Drops the packet and tells the sender. Ends the rule.
/// <code>
/// reject
///   NFTA_REJECT_TYPE       enum nft_reject_types
///   NFTA_REJECT_ICMP_CODE  u8
/// </code>
/// </summary>
/// <param name="Type">How it is told.</param>
/// <param name="Code">ICMP or ICMPv6 code; of no meaning for a TCP reset.</param>
public sealed record Reject(RejectType Type, byte Code = 0) : NftExpression
{
    /// <summary>ICMP destination unreachable, port unreachable (RFC 792, code 3), for an ip table.</summary>
    public static Reject Ipv4PortUnreachable { get; } = new(RejectType.IcmpUnreachable, 3);

    /// <summary>ICMPv6 destination unreachable, port unreachable (RFC 4443, code 4), for an ip6 table.</summary>
    public static Reject Ipv6PortUnreachable { get; } = new(RejectType.IcmpUnreachable, 4);

    /// <summary>A TCP reset; the rule must have matched TCP before.</summary>
    public static Reject TcpReset { get; } = new(RejectType.TcpReset);

    internal override string Name => "reject";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_REJECT_TYPE, (uint)Type);
        writer.U8(NFTA_REJECT_ICMP_CODE, Code);
    }
}

/// <summary>enum nft_reject_types.</summary>
public enum RejectType : uint
{
    /// <summary>In the table's own family.</summary>
    IcmpUnreachable = NFT_REJECT_ICMP_UNREACH,

    /// <summary>TCP only.</summary>
    TcpReset = NFT_REJECT_TCP_RST,

    /// <summary>For inet tables: the code is one of enum nft_reject_inet_code.</summary>
    IcmpxUnreachable = NFT_REJECT_ICMPX_UNREACH,
}
