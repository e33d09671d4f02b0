using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>A named set to be made.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Unique within the table.</param>
/// <param name="Key">One type, or the parts of a concatenation.</param>
public record NftSet(NftTable Table, string Name, params IReadOnlyList<NftType> Key)
{
    /// <summary>What elements may look like and who may add them.</summary>
    public NftSetFlags Flags { get; init; }

    /// <summary>How long elements stay, unless they say otherwise. Needs <see cref="NftSetFlags.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>At most so many elements; null for no limit (65535 where packets add them).</summary>
    public int? Size { get; init; }

    /// <summary>Null for a set; see <see cref="NftMap"/>.</summary>
    internal virtual NftType? DataType => null;
}

/// <summary>A named map to be made.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Unique within the table.</param>
/// <param name="Key">One type, or the parts of a concatenation.</param>
/// <param name="Data">One type (<see cref="NftType.Verdict"/> for a verdict map), or the parts of a concatenation.</param>
public sealed record NftMap(NftTable Table, string Name, IReadOnlyList<NftType> Key, IReadOnlyList<NftType> Data) : NftSet(Table, Name, Key)
{
    internal override NftType? DataType => NftType.Concat(Data);
}

/// <summary>enum nft_set_flags, as far as a caller chooses them.</summary>
[Flags]
public enum NftSetFlags : uint
{
    /// <summary>Exact elements that only netlink changes.</summary>
    None = 0,

    /// <summary>No change after it was made.</summary>
    Constant = NFT_SET_CONSTANT,

    /// <summary>Elements are ranges.</summary>
    Interval = NFT_SET_INTERVAL,

    /// <summary>Elements may go by themselves.</summary>
    Timeout = NFT_SET_TIMEOUT,

    /// <summary>Packets add and renew elements (<see cref="Expressions.DynamicSet"/>).</summary>
    Dynamic = NFT_SET_EVAL,
}

/// <summary>A set or map as the kernel lists it.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Unique within the table.</param>
/// <param name="Handle">Unique within the table for ever.</param>
/// <param name="Flags">enum nft_set_flags, all bits.</param>
/// <param name="KeyType">Number and length of the key's type.</param>
/// <param name="DataType">Null for a set.</param>
/// <param name="Timeout">Null where elements have none of their own.</param>
public sealed record NftSetInfo(NftTable Table, string Name, ulong Handle, uint Flags, NftType KeyType, NftType? DataType, TimeSpan? Timeout);
