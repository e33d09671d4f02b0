using static Dataplane.Netlink.Uapi.NetfilterHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>Which packets a table sees: NFPROTO_* of linux/netfilter.h.</summary>
public enum NftFamily : byte
{
    /// <summary>All, for listings.</summary>
    Unspecified = NFPROTO_UNSPEC,

    /// <summary>IPv4 and IPv6.</summary>
    Inet = NFPROTO_INET,

    /// <summary>IPv4.</summary>
    Ip = NFPROTO_IPV4,

    /// <summary>ARP.</summary>
    Arp = NFPROTO_ARP,

    /// <summary>One device's ingress or egress.</summary>
    Netdev = NFPROTO_NETDEV,

    /// <summary>Frames a bridge forwards.</summary>
    Bridge = NFPROTO_BRIDGE,

    /// <summary>IPv6.</summary>
    Ip6 = NFPROTO_IPV6,
}
