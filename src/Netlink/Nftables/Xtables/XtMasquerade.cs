using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.NfNatHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-j MASQUERADE --random-fully</c>.
/// <code>
/// ip   struct nf_nat_ipv4_multi_range_compat { u32 rangesize = 1, { u32 flags, be32 min_ip, max_ip, be16 min, max } }
/// ip6  struct nf_nat_range { u32 flags, address min, max (16 bytes each), be16 min, max }
/// </code>
/// </summary>
/// <param name="Family">Ip or Ip6: the structs differ.</param>
public sealed record XtMasquerade(NftFamily Family) : XtExtension
{
    private protected override bool IsTarget => true;

    private protected override string Extension => "MASQUERADE";

    private protected override int Revision => 0;

    private protected override int InfoLength => Family == NftFamily.Ip ? 24 : 40;

    private protected override void WriteInfo(Span<byte> info)
    {
        if (Family == NftFamily.Ip)
        {
            MemoryMarshal.Write(info, 1);
            info = info[4..];
        }

        MemoryMarshal.Write(info, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
    }
}
