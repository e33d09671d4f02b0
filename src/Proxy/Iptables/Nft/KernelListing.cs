using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>What one family's tables hold at the start of a full write: names of chains, and the jumps an earlier run made.</summary>
internal sealed class KernelListing
{
    private static readonly IptablesTable[] TablesUsed = [IptablesTable.Filter, IptablesTable.Nat, IptablesTable.Mangle];

    private readonly HashSet<IptablesTable> _tables;

    private KernelListing(NftablesConnection connection, NftFamily family)
    {
        var names = connection.Tables(family).Select(table => table.Table.Name).ToHashSet();
        _tables = [.. TablesUsed.Where(table => names.Contains(TableChain.NameOf(table)))];
        foreach (var chain in _tables.Count > 0 ? connection.Chains(family) : [])
        {
            if (TablesUsed.Where(table => TableChain.NameOf(table) == chain.Table.Name).ToArray() is [var owner])
            {
                Chains.Add(new TableChain(owner, chain.Name), chain);
            }
        }

        foreach (var builtin in BuiltinChains.All.Where(Chains.ContainsKey))
        {
            var targets = Skeleton.Jumps.Where(jump => jump.From == builtin).Select(jump => jump.To).ToHashSet();
            Jumps.AddRange(connection.Rules(BuiltinChains.Table(family, builtin.Table), builtin.Name)
                .Where(rule => rule.JumpTarget is { } target && targets.Contains(target))
                .Select(rule => (builtin, rule.Handle)));
        }
    }

    internal Dictionary<TableChain, NftChainInfo> Chains { get; } = [];

    /// <summary>Rules of built-in chains that lead to chains of ours.</summary>
    internal List<(TableChain Chain, ulong Handle)> Jumps { get; } = [];

    internal static KernelListing Read(NftablesConnection connection, NftFamily family) => new(connection, family);

    /// <summary>Tables that are not there.</summary>
    internal IEnumerable<IptablesTable> MissingTables => TablesUsed.Where(table => !_tables.Contains(table));

    /// <summary>Tables that are there.</summary>
    internal IEnumerable<IptablesTable> Tables => _tables;

    /// <summary>Chains of service ports, whoever made them.</summary>
    internal IEnumerable<TableChain> ServiceChains => Chains.Keys.Where(chain => chain.Table == IptablesTable.Nat && ChainNames.IsOfServicePort(chain.Name));
}
