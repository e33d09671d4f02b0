using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Loads a number, 4 bytes in the machine's order: offset + (random or counter) mod modulus.
/// <code>
/// numgen
///   NFTA_NG_DREG     register
///   NFTA_NG_MODULUS  u32
///   NFTA_NG_TYPE     enum nft_ng_types
///   NFTA_NG_OFFSET   u32
/// </code>
/// </summary>
/// <param name="Destination">Where to.</param>
/// <param name="Modulus">At least 1.</param>
/// <param name="Type">Random, or one after the other.</param>
/// <param name="Offset">Added.</param>
public sealed record NumberGenerator(NftRegister Destination, uint Modulus, NumberGeneratorType Type = NumberGeneratorType.Random, uint Offset = 0) : NftExpression
{
    internal override string Name => "numgen";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_NG_DREG, (uint)Destination);
        writer.U32BigEndian(NFTA_NG_MODULUS, Modulus);
        writer.U32BigEndian(NFTA_NG_TYPE, (uint)Type);
        writer.U32BigEndian(NFTA_NG_OFFSET, Offset);
    }
}

/// <summary>enum nft_ng_types.</summary>
public enum NumberGeneratorType : uint
{
    /// <summary>A counter of the rule.</summary>
    Incremental = NFT_NG_INCREMENTAL,

    /// <summary>A pseudo-random number.</summary>
    Random = NFT_NG_RANDOM,
}
