using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Nftables;

/// <summary>How much there should be in the kernel: what somebody else deleted or flushed shows in the numbers.</summary>
/// <param name="tableName">Name of the tables, one for each family.</param>
internal sealed class RulesetCensus(string tableName)
{
    private readonly Dictionary<NftFamily, int> _rules = [];
    private readonly Dictionary<(NftFamily Family, string Set), int> _elements = [];
    private readonly Dictionary<(NftFamily Family, string Set), int> _sizes = [];

    internal string TableName => tableName;

    /// <summary>Takes a committed change in.</summary>
    internal void Count(RulesetChange change)
    {
        foreach (var table in change.Tables)
        {
            _rules[table.Family] = _rules.GetValueOrDefault(table.Family) + table.Chains.Sum(chain => chain.Rules.Count);
            // The kernel itself adds to dynamic sets and lets their elements go.
            foreach (var set in table.Sets.Where(set => !set.Flags.HasFlag(NftSetFlags.Dynamic)))
            {
                _elements[(table.Family, set.Name)] = 0;
                _sizes[(table.Family, set.Name)] = set.Size ?? int.MaxValue;
            }

            foreach (var (set, elements) in table.Removed)
            {
                _elements[(table.Family, set)] -= elements.Count;
            }

            foreach (var (set, elements) in table.Added)
            {
                _elements[(table.Family, set)] += elements.Count;
            }
        }
    }

    /// <summary>Whether sets are large enough for what a change adds; within a transaction what it removes still counts.</summary>
    internal bool HasRoomFor(RulesetChange change) => change.Tables.All(table => table.Added.All(
        added => _elements[(table.Family, added.Key)] + added.Value.Count <= _sizes[(table.Family, added.Key)]));

    /// <summary>Lists the tables and counts.</summary>
    internal bool Holds(NftablesConnection connection)
    {
        foreach (var (family, rules) in _rules)
        {
            var table = new NftTable(family, tableName);
            if (connection.FindTable(table) is null || connection.Rules(table).Count != rules)
            {
                return false;
            }

            var sets = connection.Sets(table).Select(set => set.Name).ToHashSet();
            if (_elements.Any(set => set.Key.Family == family && (!sets.Contains(set.Key.Set) || connection.CountElements(table, set.Key.Set) != set.Value)))
            {
                return false;
            }
        }

        return true;
    }
}
