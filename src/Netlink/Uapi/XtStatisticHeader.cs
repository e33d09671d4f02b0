namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_statistic.h.</summary>
[KernelHeader("linux/netfilter/xt_statistic.h")]
internal static class XtStatisticHeader
{
    internal const int XT_STATISTIC_MODE_RANDOM = 0;
}
