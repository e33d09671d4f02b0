using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// <c>destination = (source &amp; mask) ^ xor</c>, of which and, or, xor and not are cases.
/// <code>
/// bitwise
///   NFTA_BITWISE_SREG  register
///   NFTA_BITWISE_DREG  register
///   NFTA_BITWISE_LEN   bytes
///   NFTA_BITWISE_MASK  { NFTA_DATA_VALUE }
///   NFTA_BITWISE_XOR   { NFTA_DATA_VALUE }
/// </code>
/// </summary>
/// <param name="Source">Where from.</param>
/// <param name="Destination">Where to; may be the same.</param>
/// <param name="Mask">As long as <paramref name="Xor"/>.</param>
/// <param name="Xor">In the byte order of what the registers hold.</param>
public sealed record Bitwise(NftRegister Source, NftRegister Destination, NftValue Mask, NftValue Xor) : NftExpression
{
    /// <summary>Keeps some bits of a 32-bit number in the machine's order, such as a mark.</summary>
    public static Bitwise And(NftRegister register, uint mask) => new(register, register, NftValue.U32(mask), NftValue.U32(0));

    /// <summary>Sets some bits of a 32-bit number in the machine's order.</summary>
    public static Bitwise Or(NftRegister register, uint bits) => new(register, register, NftValue.U32(~bits), NftValue.U32(bits));

    /// <summary>Toggles some bits of a 32-bit number in the machine's order.</summary>
    public static Bitwise ExclusiveOr(NftRegister register, uint bits) => new(register, register, NftValue.U32(uint.MaxValue), NftValue.U32(bits));

    internal override string Name => "bitwise";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_BITWISE_SREG, (uint)Source);
        writer.U32BigEndian(NFTA_BITWISE_DREG, (uint)Destination);
        writer.U32BigEndian(NFTA_BITWISE_LEN, (uint)Mask.Length);
        Mask.Write(ref writer, NFTA_BITWISE_MASK);
        Xor.Write(ref writer, NFTA_BITWISE_XOR);
    }
}
