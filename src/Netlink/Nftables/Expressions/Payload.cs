using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Loads bytes of the packet into registers, in network order.
/// <code>
/// payload
///   NFTA_PAYLOAD_DREG    register
///   NFTA_PAYLOAD_BASE    enum nft_payload_bases
///   NFTA_PAYLOAD_OFFSET  bytes from the base
///   NFTA_PAYLOAD_LEN     bytes
/// </code>
/// </summary>
/// <param name="Destination">Where to; runs on into the next registers.</param>
/// <param name="Base">Which header.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="Length">Bytes, at most 16 from one 16-byte register on.</param>
public sealed record Payload(NftRegister Destination, PayloadBase Base, int Offset, int Length) : NftExpression
{
    /// <summary>ip saddr (RFC 791: byte 12, 4 bytes).</summary>
    public static Payload Ipv4Source(NftRegister destination) => new(destination, PayloadBase.Network, 12, 4);

    /// <summary>ip daddr (RFC 791: byte 16, 4 bytes).</summary>
    public static Payload Ipv4Destination(NftRegister destination) => new(destination, PayloadBase.Network, 16, 4);

    /// <summary>ip6 saddr (RFC 8200: byte 8, 16 bytes).</summary>
    public static Payload Ipv6Source(NftRegister destination) => new(destination, PayloadBase.Network, 8, 16);

    /// <summary>ip6 daddr (RFC 8200: byte 24, 16 bytes).</summary>
    public static Payload Ipv6Destination(NftRegister destination) => new(destination, PayloadBase.Network, 24, 16);

    /// <summary>th sport: TCP, UDP and SCTP alike.</summary>
    public static Payload SourcePort(NftRegister destination) => new(destination, PayloadBase.Transport, 0, 2);

    /// <summary>th dport: TCP, UDP and SCTP alike.</summary>
    public static Payload DestinationPort(NftRegister destination) => new(destination, PayloadBase.Transport, 2, 2);

    internal override string Name => "payload";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_PAYLOAD_DREG, (uint)Destination);
        writer.U32BigEndian(NFTA_PAYLOAD_BASE, (uint)Base);
        writer.U32BigEndian(NFTA_PAYLOAD_OFFSET, (uint)Offset);
        writer.U32BigEndian(NFTA_PAYLOAD_LEN, (uint)Length);
    }
}

/// <summary>enum nft_payload_bases.</summary>
public enum PayloadBase : uint
{
    /// <summary>Ethernet.</summary>
    Link = NFT_PAYLOAD_LL_HEADER,

    /// <summary>IPv4 or IPv6.</summary>
    Network = NFT_PAYLOAD_NETWORK_HEADER,

    /// <summary>TCP, UDP, ...</summary>
    Transport = NFT_PAYLOAD_TRANSPORT_HEADER,
}
