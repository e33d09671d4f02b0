namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_sctp.h.</summary>
[KernelHeader("linux/netfilter/xt_sctp.h")]
internal static class XtSctpHeader
{
    internal const int XT_SCTP_DEST_PORTS = 2;
    internal const int XT_NUM_SCTP_FLAGS = 4;
}
