using Dataplane.Api;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// Writes what changed for some services into a batch, one family: whole chains anew, single rules of the chains that services share. Nothing is
/// asked of the kernel.
/// </summary>
internal sealed class ChangeWriter(FamilyState state, NftBatch batch, RuleOptions options)
{
    private readonly RuleBatch _batch = new(batch, state.Family);
    private readonly ServiceRenderer _renderer = state.Renderer(options);
    private readonly List<ServiceChain> _new = [];
    private readonly List<ServiceChain> _changed = [];
    private readonly List<string> _gone = [];
    private readonly List<DispatchChange> _dispatch = [];

    internal void Write(IEnumerable<ServiceChange> changes)
    {
        foreach (var change in changes)
        {
            Compare(change.Name, _renderer.Render(change.Before), _renderer.Render(change.After));
        }

        // A chain may be removed when nothing leads to it, and led to when it exists.
        foreach (var name in _changed.Select(chain => chain.Name).Concat(_gone))
        {
            _batch.Flush(Nat(name));
        }

        foreach (var chain in _new)
        {
            _batch.AddChain(Nat(chain.Name));
        }

        foreach (var chain in _new.Concat(_changed))
        {
            foreach (var rule in chain.Rules)
            {
                _batch.AddRule(Nat(chain.Name), rule, NftRulePlace.Last);
            }
        }

        foreach (var (_, removed, added, _) in _dispatch)
        {
            removed.ForEach(rule => _batch.DeleteRule(rule.Chain, rule.Handle));
            added.ForEach(rule => _batch.AddRule(rule.Chain, rule.Rule, state.PlaceIn(rule.Chain), report: true));
        }

        _gone.ForEach(name => _batch.Delete(Nat(name)));
    }

    /// <summary>Takes the handles of the rules this wrote, off the front of those that the kernel told.</summary>
    internal void Committed(Queue<ulong> handles)
    {
        foreach (var (service, _, _, after) in _dispatch)
        {
            if (after.Length == 0)
            {
                state.Dispatch.Remove(service);
            }
            else
            {
                state.Dispatch[service] = [.. after.Select(handle => handle != 0 ? handle : handles.Dequeue())];
            }
        }
    }

    private void Compare(NamespacedName service, ServiceRules before, ServiceRules after)
    {
        state.Count(before, -1);
        state.Count(after, 1);
        var old = before.Chains.ToDictionary(chain => chain.Name, chain => chain.Text);
        foreach (var chain in after.Chains)
        {
            if (!old.Remove(chain.Name, out var text))
            {
                _new.Add(chain);
            }
            else if (text != chain.Text)
            {
                _changed.Add(chain);
            }
        }

        _gone.AddRange(old.Keys);
        CompareDispatch(service, before.Dispatch, after.Dispatch);
    }

    private void CompareDispatch(NamespacedName service, List<DispatchRule> before, List<DispatchRule> after)
    {
        var handles = state.Dispatch.GetValueOrDefault(service, []);
        var there = new Dictionary<string, (DispatchRule Rule, ulong Handle)>();
        for (var index = 0; index < before.Count; index++)
        {
            there.Add(before[index].Text, (before[index], handles[index]));
        }

        // 0 stands for a rule whose handle the kernel will tell.
        var next = new ulong[after.Count];
        var added = new List<DispatchRule>();
        for (var index = 0; index < after.Count; index++)
        {
            if (there.Remove(after[index].Text, out var kept))
            {
                next[index] = kept.Handle;
            }
            else
            {
                added.Add(after[index]);
            }
        }

        if (there.Count > 0 || added.Count > 0)
        {
            _dispatch.Add(new DispatchChange(service, [.. there.Values.Select(gone => (gone.Rule.Chain, gone.Handle))], added, next));
        }
    }

    private static TableChain Nat(string name) => new(IptablesTable.Nat, name);

    private sealed record DispatchChange(
        NamespacedName Service, List<(TableChain Chain, ulong Handle)> Removed, List<DispatchRule> Added, ulong[] After);
}
