using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.XtStatisticHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-m statistic --mode random --probability P</c>.
/// <code>struct xt_statistic_info { u16 mode, u16 flags, u32 probability of 2^31, u32 packet, u32 count, pointer }</code>
/// </summary>
/// <param name="Probability">Of a match, in units of 2^-31.</param>
public sealed record XtStatistic(uint Probability) : XtExtension
{
    private const double Whole = 0x80000000;

    /// <summary>A chance of one in <paramref name="n"/>, as rules write it: to ten decimal places.</summary>
    public static XtStatistic OneIn(int n) => new((uint)Math.Round(Whole * Math.Round(1.0 / n, 10)));

    private protected override string Extension => "statistic";

    private protected override int Revision => 0;

    private protected override int InfoLength => 24;

    private protected override void WriteInfo(Span<byte> info)
    {
        MemoryMarshal.Write(info, (ushort)XT_STATISTIC_MODE_RANDOM);
        MemoryMarshal.Write(info[4..], Probability);
        // The kernel looks at it in the other mode only; iptables fills it all the same.
        MemoryMarshal.Write(info[12..], Probability);
    }
}
