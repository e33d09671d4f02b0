using System.Runtime.InteropServices;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary><c>-j MARK --set-xmark VALUE/MASK</c>: struct xt_mark_tginfo2 { u32 mark, u32 mask }; mark = (mark &amp; ~mask) ^ value.</summary>
/// <param name="Value">What is toggled after the mask was cleared.</param>
/// <param name="Mask">What is cleared.</param>
public sealed record XtMark(uint Value, uint Mask) : XtExtension
{
    /// <summary><c>--or-mark</c>.</summary>
    public static XtMark Or(uint bits) => new(bits, bits);

    /// <summary><c>--xor-mark</c>.</summary>
    public static XtMark ExclusiveOr(uint bits) => new(bits, 0);

    private protected override bool IsTarget => true;

    private protected override string Extension => "MARK";

    private protected override int Revision => 2;

    private protected override int InfoLength => 8;

    private protected override void WriteInfo(Span<byte> info)
    {
        MemoryMarshal.Write(info, Value);
        MemoryMarshal.Write(info[4..], Mask);
    }
}
