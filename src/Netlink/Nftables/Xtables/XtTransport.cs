using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.XtSctpHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-m tcp</c>, <c>-m udp</c> or <c>-m sctp</c>. With a port, iptables-nft (1.8.9) writes native expressions for tcp and udp: this is for sctp and
/// for matches that only name the protocol.
/// <code>
/// struct xt_tcp  { u16 spts[2], u16 dpts[2], u8 option, u8 flg_mask, u8 flg_cmp, u8 invflags }
/// struct xt_udp  { u16 spts[2], u16 dpts[2], u8 invflags }
/// struct xt_sctp_info { u16 dpts[2], u16 spts[2], u32 chunkmap[64], u32 chunk_match_type, { u8 type, flag, mask }[4], int flag_count, u32 flags, u32 invflags }
/// </code>
/// </summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="DestinationPort">Only for sctp; null for any.</param>
public sealed record XtTransport(string Protocol, ushort? DestinationPort = null) : XtExtension
{
    private const int SctpFlagInfo = 268;
    private const int SctpFlags = 284;

    private protected override string Extension => Protocol;

    private protected override int Revision => 0;

    private protected override int InfoLength => Protocol switch
    {
        "tcp" => 12,
        "udp" => 10,
        "sctp" => 292,
        _ => throw new ArgumentException($"{Protocol} is not tcp, udp or sctp"),
    };

    private protected override void WriteInfo(Span<byte> info)
    {
        if (Protocol != "sctp")
        {
            // Ranges of all ports.
            MemoryMarshal.Write(info[2..], ushort.MaxValue);
            MemoryMarshal.Write(info[6..], ushort.MaxValue);
            return;
        }

        for (var chunk = 0; chunk < XT_NUM_SCTP_FLAGS; chunk++)
        {
            info[SctpFlagInfo + (chunk * 3)] = 0xFF;
        }

        if (DestinationPort is { } port)
        {
            MemoryMarshal.Write(info, port);
            MemoryMarshal.Write(info[2..], port);
            MemoryMarshal.Write(info[SctpFlags..], (uint)XT_SCTP_DEST_PORTS);
        }
    }
}
