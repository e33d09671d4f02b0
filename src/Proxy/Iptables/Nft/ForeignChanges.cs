using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// What others did to the tables, which are everybody's: a change in one of our chains is damage, one in a built-in chain may have taken our jump
/// away, any other is not our business. Told by the monitor's thread, asked by the sync loop's.
/// </summary>
internal sealed class ForeignChanges
{
    private static readonly Dictionary<string, IptablesTable> Tables = new[] { IptablesTable.Filter, IptablesTable.Nat, IptablesTable.Mangle }
        .ToDictionary(TableChain.NameOf);

    private static readonly HashSet<TableChain> Shared = [.. Skeleton.Dispatch, .. Skeleton.Fixed];

    private readonly Lock _gate = new();
    private readonly HashSet<(NftFamily Family, TableChain Chain)> _builtins = [];
    private bool _damaged;

    internal void Clear()
    {
        lock (_gate)
        {
            _builtins.Clear();
            _damaged = false;
        }
    }

    /// <summary>Whether it may concern us.</summary>
    internal bool Take(NftGeneration generation)
    {
        lock (_gate)
        {
            _damaged |= generation.Incomplete;
            foreach (var (table, name) in generation.Chains)
            {
                if (table.Family is NftFamily.Ip or NftFamily.Ip6 && Tables.TryGetValue(table.Name, out var owner))
                {
                    var chain = new TableChain(owner, name);
                    _damaged |= Shared.Contains(chain) || (owner == IptablesTable.Nat && ChainNames.IsOfServicePort(name));
                    if (BuiltinChains.All.Contains(chain))
                    {
                        _builtins.Add((table.Family, chain));
                    }
                }
            }

            return _damaged || _builtins.Count > 0;
        }
    }

    /// <summary>Somebody wrote while nobody listened: look whether all jumps are there, which a flush of a table takes away.</summary>
    internal void SuspectAll()
    {
        lock (_gate)
        {
            foreach (var chain in BuiltinChains.All)
            {
                _builtins.Add((NftFamily.Ip, chain));
                _builtins.Add((NftFamily.Ip6, chain));
            }
        }
    }

    /// <summary>Whether our rules are there; looks only at what was touched.</summary>
    internal bool Check(NftablesConnection connection, List<FamilyState> states)
    {
        List<(NftFamily Family, TableChain Chain)> touched;
        lock (_gate)
        {
            if (_damaged)
            {
                return false;
            }

            touched = [.. _builtins];
            _builtins.Clear();
        }

        return touched.All(place => states.Find(state => state.Family == place.Family) is not { } state
            || state.Jumps.GetValueOrDefault(place.Chain, []).All(connection.Rules(BuiltinChains.Table(place.Family, place.Chain.Table), place.Chain.Name)
                .Select(rule => rule.Handle).ToHashSet().Contains));
    }
}
