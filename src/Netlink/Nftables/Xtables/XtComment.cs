using System.Text;
using static Dataplane.Netlink.Uapi.XtCommentHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary><c>-m comment --comment TEXT</c>: struct xt_comment_info, 256 bytes of text. Matches every packet.</summary>
/// <param name="Text">UTF-8; what is longer than 255 bytes is cut, as a comment has no other meaning.</param>
public sealed record XtComment(string Text) : XtExtension
{
    private protected override string Extension => "comment";

    private protected override int Revision => 0;

    private protected override int InfoLength => XT_MAX_COMMENT_LEN;

    private protected override void WriteInfo(Span<byte> info) =>
        Encoding.UTF8.GetEncoder().Convert(Text, info[..(XT_MAX_COMMENT_LEN - 1)], flush: true, out _, out _, out _);
}
