using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>struct nfgenmsg: <c>u8 family | u8 version (0) | be16 resource</c>.</summary>
internal static class NftHeaders
{
    internal const int Length = 4;

    /// <summary>The nf_tables message number without its subsystem.</summary>
    internal static int TypeOf(NetlinkMessage message) => message.Type >> 8 == NFNL_SUBSYS_NFTABLES ? message.Type & 0xFF : -1;

    internal static NftFamily FamilyOf(NetlinkMessage message) => (NftFamily)message.Header(Length)[0];
}
