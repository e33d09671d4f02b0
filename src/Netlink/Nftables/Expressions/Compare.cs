using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Matches when registers compare so with a constant, byte by byte from the first.
/// <code>
/// cmp
///   NFTA_CMP_SREG  register
///   NFTA_CMP_OP    enum nft_cmp_ops
///   NFTA_CMP_DATA  { NFTA_DATA_VALUE }
/// </code>
/// </summary>
/// <param name="Source">The left side.</param>
/// <param name="Operation">How.</param>
/// <param name="Value">The right side; its length decides how much is compared.</param>
public sealed record Compare(NftRegister Source, CompareOperation Operation, NftValue Value) : NftExpression
{
    /// <summary>Matches when the registers hold the value.</summary>
    public static Compare Equal(NftRegister source, NftValue value) => new(source, CompareOperation.Equal, value);

    /// <summary>Matches when they do not.</summary>
    public static Compare NotEqual(NftRegister source, NftValue value) => new(source, CompareOperation.NotEqual, value);

    internal override string Name => "cmp";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_CMP_SREG, (uint)Source);
        writer.U32BigEndian(NFTA_CMP_OP, (uint)Operation);
        Value.Write(ref writer, NFTA_CMP_DATA);
    }
}

/// <summary>enum nft_cmp_ops.</summary>
public enum CompareOperation : uint
{
    /// <summary>The same bytes.</summary>
    Equal = NFT_CMP_EQ,

    /// <summary>Other bytes.</summary>
    NotEqual = NFT_CMP_NEQ,

    /// <summary>Numbers in network order.</summary>
    Less = NFT_CMP_LT,

    /// <summary>Numbers in network order.</summary>
    LessOrEqual = NFT_CMP_LTE,

    /// <summary>Numbers in network order.</summary>
    Greater = NFT_CMP_GT,

    /// <summary>Numbers in network order.</summary>
    GreaterOrEqual = NFT_CMP_GTE,
}
