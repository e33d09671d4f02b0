namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netlink.h: the message format and its control messages.</summary>
[KernelHeader("linux/netlink.h")]
internal static class NetlinkHeader
{
    internal const int NETLINK_ROUTE = 0;
    internal const int NETLINK_NETFILTER = 12;
    internal const int NETLINK_GENERIC = 16;

    internal const int NLM_F_REQUEST = 0x01;
    internal const int NLM_F_ACK = 0x04;
    internal const int NLM_F_ECHO = 0x08;
    internal const int NLM_F_DUMP_INTR = 0x10;
    internal const int NLM_F_REPLACE = 0x100;
    internal const int NLM_F_EXCL = 0x200;
    internal const int NLM_F_CREATE = 0x400;
    internal const int NLM_F_APPEND = 0x800;
    internal const int NLM_F_DUMP = 0x300;
    internal const int NLM_F_ACK_TLVS = 0x200;
    internal const int NLM_F_CAPPED = 0x100;

    internal const int NLMSG_ERROR = 0x2;
    internal const int NLMSG_DONE = 0x3;
    internal const int NLMSG_MIN_TYPE = 0x10;

    internal const int NLMSG_ALIGNTO = 4;
    internal const int NLMSG_HDRLEN = 16;
    internal const int NLA_HDRLEN = 4;
    internal const int NLA_F_NESTED = 0x8000;
    internal const int NLA_F_NET_BYTEORDER = 0x4000;
    internal const int NLA_TYPE_MASK = ~(NLA_F_NESTED | NLA_F_NET_BYTEORDER);

    internal const int NLMSGERR_ATTR_MSG = 1;
    internal const int NLMSGERR_ATTR_OFFS = 2;
    internal const int NLMSGERR_ATTR_MISS_TYPE = 5;
}
