namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/nfnetlink_conntrack.h: entries of connection tracking.</summary>
[KernelHeader("linux/netfilter/nfnetlink_conntrack.h")]
internal static class NfConntrackHeader
{
    internal const int IPCTNL_MSG_CT_GET = 1;
    internal const int IPCTNL_MSG_CT_DELETE = 2;

    internal const int CTA_TUPLE_ORIG = 1;
    internal const int CTA_TUPLE_REPLY = 2;
    internal const int CTA_STATUS = 3;
    internal const int CTA_ID = 12;
    internal const int CTA_ZONE = 18;
    internal const int CTA_FILTER = 25;
    internal const int CTA_STATUS_MASK = 26;

    internal const int CTA_TUPLE_IP = 1;
    internal const int CTA_TUPLE_PROTO = 2;

    internal const int CTA_IP_V4_SRC = 1;
    internal const int CTA_IP_V4_DST = 2;
    internal const int CTA_IP_V6_SRC = 3;
    internal const int CTA_IP_V6_DST = 4;

    internal const int CTA_PROTO_NUM = 1;
    internal const int CTA_PROTO_SRC_PORT = 2;
    internal const int CTA_PROTO_DST_PORT = 3;

    internal const int CTA_FILTER_ORIG_FLAGS = 1;
    internal const int CTA_FILTER_REPLY_FLAGS = 2;
}
