using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Translates the connection's source or destination. Ends the rule.
/// <code>
/// nat
///   NFTA_NAT_TYPE           enum nft_nat_types
///   NFTA_NAT_FAMILY         NFPROTO_IPV4 or NFPROTO_IPV6
///   NFTA_NAT_REG_ADDR_MIN   register
///   NFTA_NAT_REG_PROTO_MIN  register
///   NFTA_NAT_FLAGS          NF_NAT_RANGE_*
/// </code>
/// </summary>
/// <param name="Type">Which side.</param>
/// <param name="Family">Of the address: Ip or Ip6.</param>
/// <param name="Address">Where the new address is; null keeps it.</param>
/// <param name="Port">Where the new port is (2 bytes, network order); null keeps it.</param>
/// <param name="Flags">How a port is chosen.</param>
public sealed record Nat(NatType Type, NftFamily Family, NftRegister? Address = null, NftRegister? Port = null, NatFlags Flags = NatFlags.None) : NftExpression
{
    internal override string Name => "nat";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_NAT_TYPE, (uint)Type);
        writer.U32BigEndian(NFTA_NAT_FAMILY, (uint)Family);
        if (Address is { } address)
        {
            writer.U32BigEndian(NFTA_NAT_REG_ADDR_MIN, (uint)address);
        }

        if (Port is { } port)
        {
            writer.U32BigEndian(NFTA_NAT_REG_PROTO_MIN, (uint)port);
        }

        if (Flags != NatFlags.None)
        {
            writer.U32BigEndian(NFTA_NAT_FLAGS, (uint)Flags);
        }
    }
}

/// <summary>enum nft_nat_types.</summary>
public enum NatType : uint
{
    /// <summary>snat: in postrouting and input chains.</summary>
    Source = NFT_NAT_SNAT,

    /// <summary>dnat: in prerouting and output chains.</summary>
    Destination = NFT_NAT_DNAT,
}
