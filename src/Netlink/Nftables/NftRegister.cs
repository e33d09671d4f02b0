using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// enum nft_registers: 16 registers of 4 bytes, which are also 4 of 16 bytes (<c>R1</c> is <c>W0</c> to <c>W3</c>), and the verdict.
/// Longer values run on into the registers behind, which is how a concatenated key is put together.
/// </summary>
public enum NftRegister : uint
{
    /// <summary>The rule's verdict.</summary>
    Verdict = NFT_REG_VERDICT,

    /// <summary>16 bytes.</summary>
    R1 = NFT_REG_1,

    /// <summary>16 bytes.</summary>
    R2 = NFT_REG_2,

    /// <summary>16 bytes.</summary>
    R3 = NFT_REG_3,

    /// <summary>16 bytes.</summary>
    R4 = NFT_REG_4,

    /// <summary>4 bytes, and so on to <see cref="W15"/>.</summary>
    W0 = NFT_REG32_00,
    W1 = NFT_REG32_01,
    W2 = NFT_REG32_02,
    W3 = NFT_REG32_03,
    W4 = NFT_REG32_04,
    W5 = NFT_REG32_05,
    W6 = NFT_REG32_06,
    W7 = NFT_REG32_07,
    W8 = NFT_REG32_08,
    W9 = NFT_REG32_09,
    W10 = NFT_REG32_10,
    W11 = NFT_REG32_11,
    W12 = NFT_REG32_12,
    W13 = NFT_REG32_13,
    W14 = NFT_REG32_14,
    W15 = NFT_REG32_15,
}
