namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/xt_comment.h.</summary>
[KernelHeader("linux/netfilter/xt_comment.h")]
internal static class XtCommentHeader
{
    internal const int XT_MAX_COMMENT_LEN = 256;
}
