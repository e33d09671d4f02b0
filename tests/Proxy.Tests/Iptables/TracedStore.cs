using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests.Iptables;

/// <summary>Holds rendered rules by chain, both families, and refuses what the kernel would refuse: a jump to a chain that is not there.</summary>
internal sealed class TracedStore : IRuleStore
{
    private readonly Dictionary<(AddressFamily Family, TableChain Chain), List<IptablesRule>> _chains = [];

    public string Name => "traced";

    internal IReadOnlyList<IptablesRule> Rules(AddressFamily family, IptablesTable table, string chain) => _chains[(family, new TableChain(table, chain))];

    /// <summary>Rules of a table but for those in built-in chains: what kube-proxy counts.</summary>
    internal int Count(AddressFamily family, IptablesTable table) => _chains
        .Where(chain => chain.Key.Family == family && chain.Key.Chain.Table == table && chain.Key.Chain.Name.StartsWith("KUBE-"))
        .Sum(chain => chain.Value.Count);

    public IEnumerable<(AddressFamily Family, IptablesTable Table, int Rules)> RuleCounts => [];

    public void WriteAll(ForwardingPlan plan, RuleOptions options, Action<int, int>? progress)
    {
        _chains.Clear();
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            Write(family, plan, options);
        }
    }

    public void WriteChange(ForwardingPlan previous, ForwardingPlan next, RuleOptions options) => WriteAll(next, options, null);

    public bool IsIntact() => true;

    public void Cleanup() => _chains.Clear();

    public void Dispose()
    {
    }

    private void Write(AddressFamily family, ForwardingPlan plan, RuleOptions options)
    {
        var skeleton = new Skeleton(family, options);
        foreach (var chain in Skeleton.Dispatch)
        {
            _chains.Add((family, chain), []);
        }

        foreach (var chain in Skeleton.Fixed)
        {
            _chains.Add((family, chain), [.. skeleton.RulesOf(chain)]);
        }

        foreach (var service in plan.Services.Values)
        {
            var rules = new ServiceRenderer(family, options, withEndpointComments: true).Render(service);
            foreach (var chain in rules.Chains)
            {
                AssertTargets(family, IptablesTable.Nat, chain.Rules);
                _chains.Add((family, new TableChain(IptablesTable.Nat, chain.Name)), [.. chain.Rules]);
            }

            foreach (var dispatch in rules.Dispatch)
            {
                AssertTargets(family, dispatch.Chain.Table, [dispatch.Rule]);
                _chains[(family, dispatch.Chain)].Add(dispatch.Rule);
            }
        }

        _chains[(family, Skeleton.Dispatch[0])].AddRange(skeleton.LastRules());
        foreach (var jump in Skeleton.Jumps)
        {
            if (!_chains.TryGetValue((family, jump.From), out var rules))
            {
                _chains.Add((family, jump.From), rules = []);
            }

            rules.Insert(0, jump.Rule);
        }
    }

    private void AssertTargets(AddressFamily family, IptablesTable table, IEnumerable<IptablesRule> rules)
    {
        foreach (var rule in rules)
        {
            Assert.True(rule.Target is not RuleTarget.Jump jump || _chains.ContainsKey((family, new TableChain(table, jump.Chain))), $"ENOENT: {RuleText.Of(rule)}");
            Assert.True(rule.Destination is null || rule.Destination.Value.Network.BaseAddress.AddressFamily == family, RuleText.Of(rule));
        }
    }
}
