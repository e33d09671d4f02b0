using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.XtConntrackHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-m conntrack [!] --ctstate LIST</c>: struct xt_conntrack_mtinfo3, all else of it unused.
/// <code>
///   0  4 x { address, mask }     136  u16 l4proto   146  u16 match_flags    150  u16 state_mask
/// 128  u32 expires min, max      138  4 x u16 port  148  u16 invert_flags   152  u16 status_mask, 154  4 x u16 port
/// </code>
/// </summary>
/// <param name="States">Any of them matches.</param>
/// <param name="Negate">None of them does.</param>
public sealed record XtConntrackState(XtConntrackStates States, bool Negate = false) : XtExtension
{
    private protected override string Extension => "conntrack";

    private protected override int Revision => 3;

    private protected override int InfoLength => 164;

    private protected override void WriteInfo(Span<byte> info)
    {
        MemoryMarshal.Write(info[146..], (ushort)XT_CONNTRACK_STATE);
        MemoryMarshal.Write(info[148..], (ushort)(Negate ? XT_CONNTRACK_STATE : 0));
        MemoryMarshal.Write(info[150..], (ushort)States);
    }
}

/// <summary>XT_CONNTRACK_STATE_BIT(ctinfo), which is 1 &lt;&lt; (ctinfo % 3 + 1), and its companions.</summary>
[Flags]
public enum XtConntrackStates : ushort
{
    /// <summary>Belongs to no connection.</summary>
    Invalid = XT_CONNTRACK_STATE_INVALID,

    /// <summary>ctinfo 0.</summary>
    Established = 2,

    /// <summary>ctinfo 1: a new connection or an error that another one explains.</summary>
    Related = 4,

    /// <summary>ctinfo 2.</summary>
    New = 8,

    /// <summary>Of a connection whose destination was translated.</summary>
    DestinationNat = XT_CONNTRACK_STATE_DNAT,
}
