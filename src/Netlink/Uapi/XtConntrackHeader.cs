namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_conntrack.h.</summary>
[KernelHeader("linux/netfilter/xt_conntrack.h")]
internal static class XtConntrackHeader
{
    internal const int XT_CONNTRACK_STATE = 1;
    internal const int XT_CONNTRACK_STATE_INVALID = 1;
    internal const int XT_CONNTRACK_STATE_DNAT = 0x80;
}
