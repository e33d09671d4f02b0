using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Tests.Nftables;

/// <summary>An nf_tables table as far as the mode uses one: takes transactions as the kernel would, refusing what it would refuse.</summary>
internal sealed class TracedTable(NftFamily family)
{
    private readonly Dictionary<string, SetDefinition> _sets = [];

    internal Dictionary<string, ChainDefinition> Chains { get; } = [];

    internal Dictionary<string, Dictionary<NftValue, NftElement>> Elements { get; } = [];

    internal void Commit(TableChange change)
    {
        foreach (var (set, elements) in change.Removed)
        {
            foreach (var element in elements)
            {
                Assert.True(Elements[set].Remove(element.Key), $"ENOENT: {set} {element.Key}");
            }
        }

        foreach (var set in change.Sets)
        {
            _sets.Add(set.Name, set);
            Elements.Add(set.Name, []);
        }

        foreach (var chain in change.Chains)
        {
            foreach (var statement in chain.Rules.SelectMany(rule => rule))
            {
                AssertExists(statement);
            }

            Chains.Add(chain.Name, chain);
        }

        foreach (var (set, elements) in change.Added)
        {
            foreach (var element in elements)
            {
                AssertFits(_sets[set], element);
                Assert.True(Elements[set].TryAdd(element.Key, element), $"EEXIST: {set} {element.Key}");
            }
        }
    }

    /// <summary>An element by key; in an interval set, one whose range holds it in every part.</summary>
    internal bool TryFind(string set, NftValue key, out NftElement element)
    {
        if (!_sets[set].Flags.HasFlag(NftSetFlags.Interval))
        {
            return Elements[set].TryGetValue(key, out element);
        }

        // The tests' ranges differ in their last part only, so that the order of the whole key is the order of that part.
        foreach (var candidate in Elements[set].Values)
        {
            if (candidate.Key.Bytes.SequenceCompareTo(key.Bytes) <= 0 && candidate.KeyEnd!.Value.Bytes.SequenceCompareTo(key.Bytes) >= 0)
            {
                element = candidate;
                return true;
            }
        }

        element = default;
        return false;
    }

    private void AssertExists(Statement statement)
    {
        var chain = statement is Statement.Jump jump ? jump.Chain : statement is Statement.Goto go ? go.Chain : null;
        Assert.True(chain is null || Chains.ContainsKey(chain), $"ENOENT: chain {chain}");
    }

    private void AssertFits(SetDefinition set, NftElement element)
    {
        Assert.Equal(Length(set.Key), element.Key.Length);
        if (set.Data is [ValueKind.Verdict])
        {
            var verdict = Assert.NotNull(element.Verdict);
            Assert.True(verdict.Chain is null || Chains.ContainsKey(verdict.Chain), $"ENOENT: {verdict}");
        }
        else
        {
            Assert.Equal(set.Data is null ? null : Length(set.Data), element.Data?.Length);
        }
    }

    internal int AddressLength => family == NftFamily.Ip ? 4 : 16;

    // Every other part of a key is padded to, or is, 4 bytes.
    private int Length(ValueKind[] kinds) => kinds.Sum(kind => kind == ValueKind.Address ? AddressLength : 4);
}
