namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter.h.</summary>
[KernelHeader("linux/netfilter.h")]
internal static class NetfilterHeader
{
    internal const int NF_DROP = 0;
    internal const int NF_ACCEPT = 1;

    internal const int NF_INET_PRE_ROUTING = 0;
    internal const int NF_INET_LOCAL_IN = 1;
    internal const int NF_INET_FORWARD = 2;
    internal const int NF_INET_LOCAL_OUT = 3;
    internal const int NF_INET_POST_ROUTING = 4;

    internal const int NFPROTO_UNSPEC = 0;
    internal const int NFPROTO_INET = 1;
    internal const int NFPROTO_IPV4 = 2;
    internal const int NFPROTO_ARP = 3;
    internal const int NFPROTO_NETDEV = 5;
    internal const int NFPROTO_BRIDGE = 7;
    internal const int NFPROTO_IPV6 = 10;
}
