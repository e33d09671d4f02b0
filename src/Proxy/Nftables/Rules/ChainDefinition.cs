using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Nftables.Rules;

/// <summary>A chain with its rules.</summary>
/// <param name="Name">Unique within the table.</param>
/// <param name="Rules">In order; each a list of statements.</param>
internal sealed record ChainDefinition(string Name, IReadOnlyList<Statement[]> Rules)
{
    /// <summary>Its hook; null for a chain that is only jumped to.</summary>
    internal NftBaseChain? Base { get; init; }
}

/// <summary>A set or map by the kinds of values it holds; address types follow the table's family.</summary>
/// <param name="Name">Unique within the table.</param>
/// <param name="Key">Parts of the key.</param>
/// <param name="Data">Parts of the data, null for a set; a single Verdict for a verdict map.</param>
internal sealed record SetDefinition(string Name, ValueKind[] Key, ValueKind[]? Data = null)
{
    internal NftSetFlags Flags { get; init; }

    /// <summary>How many elements it may have; null for no limit.</summary>
    internal int? Size { get; init; }
}

/// <summary>Kinds of values in keys and data.</summary>
internal enum ValueKind
{
    Address,
    Protocol,
    Port,
    Slot,
    Id,
    Verdict,
}
