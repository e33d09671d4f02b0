using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.Ip6tRejectHeader;
using static Dataplane.Netlink.Uapi.IptRejectHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary><c>-j REJECT</c>, by an ICMP port unreachable: struct ipt_reject_info or ip6t_reject_info { u32 with }.</summary>
/// <param name="Family">Ip or Ip6: the numbers differ.</param>
public sealed record XtReject(NftFamily Family) : XtExtension
{
    private protected override bool IsTarget => true;

    private protected override string Extension => "REJECT";

    private protected override int Revision => 0;

    private protected override int InfoLength => 4;

    private protected override void WriteInfo(Span<byte> info) =>
        MemoryMarshal.Write(info, Family == NftFamily.Ip ? IPT_ICMP_PORT_UNREACHABLE : IP6T_ICMP6_PORT_UNREACH);
}
