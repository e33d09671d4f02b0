using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>A table's identity. Everything else in nf_tables has a name within its table.</summary>
public sealed record NftTable(NftFamily Family, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Family.ToString().ToLowerInvariant()} {Name}";
}

/// <summary>enum nft_table_flags.</summary>
[Flags]
public enum NftTableFlags : uint
{
    /// <summary>An ordinary table.</summary>
    None = 0,

    /// <summary>Its chains see no packets.</summary>
    Dormant = NFT_TABLE_F_DORMANT,

    /// <summary>It belongs to the socket that made it: nobody else may change it, and it goes when the socket closes (Linux 5.12).</summary>
    Owner = NFT_TABLE_F_OWNER,
}

/// <summary>A table as the kernel lists it.</summary>
/// <param name="Table">Its identity.</param>
/// <param name="Handle">Never used again within a namespace.</param>
/// <param name="Flags">As given when it was made.</param>
/// <param name="Use">How many chains, sets and objects it has.</param>
public sealed record NftTableInfo(NftTable Table, ulong Handle, NftTableFlags Flags, uint Use);
