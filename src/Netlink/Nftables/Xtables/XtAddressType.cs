using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.XtAddrtypeHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary><c>-m addrtype --src-type LOCAL</c> or <c>--dst-type LOCAL</c>: struct xt_addrtype_info_v1 { u16 source, u16 dest, u32 flags }.</summary>
/// <param name="OfSource">The source is one of the node's addresses; else the destination.</param>
public sealed record XtAddressType(bool OfSource) : XtExtension
{
    private protected override string Extension => "addrtype";

    private protected override int Revision => 1;

    private protected override int InfoLength => 8;

    private protected override void WriteInfo(Span<byte> info) => MemoryMarshal.Write(info[(OfSource ? 0 : 2)..], (ushort)XT_ADDRTYPE_LOCAL);
}
