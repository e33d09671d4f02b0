using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.IpsetHeader;

namespace Dataplane.Netlink.Nftables.Xtables;

/// <summary>
/// <c>-m set --match-set SET dst,dst</c>: struct xt_set_info_match_v4.
/// <code>xt_set_info { u16 index, u8 dim, u8 flags } | 8: packets { u64 value, u8 op } | 24: bytes, the same | 40: u32 flags</code>
/// </summary>
/// <param name="Index">The kernel's number of the set.</param>
/// <param name="Directions"><c>src</c> and <c>dst</c> with commas between: one for each part of an element.</param>
public sealed record XtSet(ushort Index, string Directions) : XtExtension
{
    private protected override string Extension => "set";

    private protected override int Revision => 4;

    private protected override int InfoLength => 48;

    private protected override void WriteInfo(Span<byte> info) => Write(info, Index, Directions);

    /// <summary>struct xt_set_info: a part that is a source has its bit, counted from 1.</summary>
    internal static void Write(Span<byte> info, ushort index, string directions)
    {
        MemoryMarshal.Write(info, index);
        var parts = directions.Split(',');
        info[2] = (byte)parts.Length;
        for (var part = 0; part < parts.Length; part++)
        {
            info[3] |= (byte)(parts[part] == "src" ? 1 << (part + IPSET_DIM_ONE) : 0);
        }
    }
}

/// <summary>
/// <c>-j SET --map-set SET dst,dst --map-mark</c>: struct xt_set_info_target_v3 { add_set, del_set, map_set, u32 flags, u32 timeout }. For table mangle
/// alone.
/// </summary>
/// <param name="Index">The kernel's number of the set, one with marks.</param>
/// <param name="Directions">As for <see cref="XtSet"/>.</param>
public sealed record XtSetMark(ushort Index, string Directions) : XtExtension
{
    private protected override bool IsTarget => true;

    private protected override string Extension => "SET";

    private protected override int Revision => 3;

    private protected override int InfoLength => 20;

    private protected override void WriteInfo(Span<byte> info)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(info, IPSET_INVALID_ID);
        BinaryPrimitives.WriteUInt16LittleEndian(info[4..], IPSET_INVALID_ID);
        XtSet.Write(info[8..], Index, Directions);
        MemoryMarshal.Write(info[12..], (uint)IPSET_FLAG_MAP_SKBMARK);
        MemoryMarshal.Write(info[16..], uint.MaxValue);
    }
}
