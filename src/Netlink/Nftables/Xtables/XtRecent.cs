using System.Runtime.InteropServices;
using System.Text;
using static Dataplane.Netlink.Uapi.XtRecentHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-m recent --name LIST --set</c>, or with seconds <c>--rcheck --seconds N --reap</c>: a list of source addresses and when they were seen last.
/// <code>struct xt_recent_mtinfo_v1 { u32 seconds, u32 hit_count, u8 check_set, u8 invert, char name[200], u8 side, nf_inet_addr mask }</code>
/// </summary>
/// <param name="List">Its name, at most 199 bytes: /proc/net/xt_recent/NAME.</param>
/// <param name="Seconds">Null puts the source on the list; else it matches a source seen within that time.</param>
public sealed record XtRecent(string List, uint? Seconds = null) : XtExtension
{
    private protected override string Extension => "recent";

    private protected override int Revision => 1;

    private protected override int InfoLength => 228;

    private protected override void WriteInfo(Span<byte> info)
    {
        MemoryMarshal.Write(info, Seconds ?? 0);
        info[8] = (byte)(Seconds is null ? XT_RECENT_SET : XT_RECENT_CHECK | XT_RECENT_REAP);
        Encoding.ASCII.GetBytes(List, info.Slice(10, XT_RECENT_NAME_LEN - 1));
        info[210] = XT_RECENT_SOURCE;
        // The mask is aligned to 4 bytes, and all ones: whole addresses.
        info.Slice(212, 16).Fill(0xFF);
    }
}
