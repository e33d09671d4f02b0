namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter_ipv4.h: where in a hook the kernel itself stands. IPv6 has the same numbers.</summary>
[KernelHeader("linux/netfilter_ipv4.h")]
internal static class NetfilterIpv4Header
{
    internal const int NF_IP_PRI_RAW = -300;
    internal const int NF_IP_PRI_MANGLE = -150;
    internal const int NF_IP_PRI_NAT_DST = -100;
    internal const int NF_IP_PRI_FILTER = 0;
    internal const int NF_IP_PRI_NAT_SRC = 100;
}
