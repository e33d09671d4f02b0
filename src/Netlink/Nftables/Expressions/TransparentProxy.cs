using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Hands the packet to a socket with IP_TRANSPARENT, its destination as it was. In prerouting filter chains; a mark and a local route must keep it here.
/// <code>
/// tproxy
///   NFTA_TPROXY_FAMILY    NFPROTO_IPV4 or NFPROTO_IPV6
///   NFTA_TPROXY_REG_ADDR  register
///   NFTA_TPROXY_REG_PORT  register
/// </code>
/// </summary>
/// <param name="Family">Ip or Ip6.</param>
/// <param name="Address">Where the socket's address is; null for the incoming device's.</param>
/// <param name="Port">Where the socket's port is (2 bytes, network order); null for the packet's.</param>
public sealed record TransparentProxy(NftFamily Family, NftRegister? Address = null, NftRegister? Port = null) : NftExpression
{
    internal override string Name => "tproxy";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_TPROXY_FAMILY, (uint)Family);
        if (Address is { } address)
        {
            writer.U32BigEndian(NFTA_TPROXY_REG_ADDR, (uint)address);
        }

        if (Port is { } port)
        {
            writer.U32BigEndian(NFTA_TPROXY_REG_PORT, (uint)port);
        }
    }
}
