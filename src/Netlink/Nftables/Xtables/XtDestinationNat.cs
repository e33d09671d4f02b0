using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.NfNatHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-j DNAT --to-destination ADDRESS:PORT</c>.
/// <code>struct nf_nat_range2 { u32 flags, address min, max (16 bytes each), be16 port min, max, base }</code>
/// </summary>
/// <param name="Target">Address and port, of the table's family.</param>
public sealed record XtDestinationNat(IPEndPoint Target) : XtExtension
{
    private protected override bool IsTarget => true;

    private protected override string Extension => "DNAT";

    private protected override int Revision => 2;

    private protected override int InfoLength => 44;

    private protected override void WriteInfo(Span<byte> info)
    {
        MemoryMarshal.Write(info, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
        Target.Address.TryWriteBytes(info[4..], out _);
        Target.Address.TryWriteBytes(info[20..], out _);
        BinaryPrimitives.WriteUInt16BigEndian(info[36..], (ushort)Target.Port);
        BinaryPrimitives.WriteUInt16BigEndian(info[38..], (ushort)Target.Port);
    }
}
