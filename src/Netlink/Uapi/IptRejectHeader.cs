namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter_ipv4/ipt_REJECT.h.</summary>
[KernelHeader("linux/netfilter_ipv4/ipt_REJECT.h")]
internal static class IptRejectHeader
{
    internal const int IPT_ICMP_PORT_UNREACHABLE = 3;
}
