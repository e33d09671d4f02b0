namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_recent.h.</summary>
[KernelHeader("linux/netfilter/xt_recent.h")]
internal static class XtRecentHeader
{
    internal const int XT_RECENT_CHECK = 1;
    internal const int XT_RECENT_SET = 2;
    internal const int XT_RECENT_REAP = 32;
    internal const int XT_RECENT_SOURCE = 0;
    internal const int XT_RECENT_NAME_LEN = 200;
}
