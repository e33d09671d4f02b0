namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_addrtype.h.</summary>
[KernelHeader("linux/netfilter/xt_addrtype.h")]
internal static class XtAddrtypeHeader
{
    internal const int XT_ADDRTYPE_LOCAL = 4;
}
