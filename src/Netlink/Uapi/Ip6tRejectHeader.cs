namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter_ipv6/ip6t_REJECT.h.</summary>
[KernelHeader("linux/netfilter_ipv6/ip6t_REJECT.h")]
internal static class Ip6tRejectHeader
{
    internal const int IP6T_ICMP6_PORT_UNREACH = 4;
}
