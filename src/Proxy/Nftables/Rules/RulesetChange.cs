using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Nftables.Rules;

/// <summary>What one transaction does, to the tables of both families.</summary>
internal sealed class RulesetChange(bool creates)
{
    /// <summary>The tables are new.</summary>
    internal bool Creates { get; } = creates;

    internal TableChange Ip { get; } = new(NftFamily.Ip);

    internal TableChange Ip6 { get; } = new(NftFamily.Ip6);

    internal IEnumerable<TableChange> Tables => [Ip, Ip6];

    internal bool IsEmpty => !Creates && Tables.All(table => table.IsEmpty);

    /// <summary>Empties it for another transaction; lists of a thousand elements are worth keeping.</summary>
    internal void Clear()
    {
        Ip.Clear();
        Ip6.Clear();
    }
}

/// <summary>One table's part of a transaction, in the order it takes effect.</summary>
internal sealed class TableChange(NftFamily family)
{
    internal NftFamily Family { get; } = family;

    /// <summary>Elements that go, by set; before anything is added.</summary>
    internal SortedDictionary<string, List<NftElement>> Removed { get; } = new(StringComparer.Ordinal);

    internal List<SetDefinition> Sets { get; } = [];

    /// <summary>New chains; a chain comes after those its rules lead to.</summary>
    internal List<ChainDefinition> Chains { get; } = [];

    /// <summary>New elements, by set; after the chains they lead to.</summary>
    internal SortedDictionary<string, List<NftElement>> Added { get; } = new(StringComparer.Ordinal);

    internal bool IsEmpty => Sets.Count == 0 && Chains.Count == 0 && HasNone(Removed) && HasNone(Added);

    internal void Clear()
    {
        Sets.Clear();
        Chains.Clear();
        foreach (var elements in Removed.Values.Concat(Added.Values))
        {
            elements.Clear();
        }
    }

    internal void Remove(string set, NftElement element) => Of(Removed, set).Add(element);

    internal void Add(string set, NftElement element) => Of(Added, set).Add(element);

    private static bool HasNone(SortedDictionary<string, List<NftElement>> sets) => sets.Values.All(elements => elements.Count == 0);

    private static List<NftElement> Of(SortedDictionary<string, List<NftElement>> sets, string set)
    {
        if (!sets.TryGetValue(set, out var elements))
        {
            sets.Add(set, elements = []);
        }

        return elements;
    }
}
