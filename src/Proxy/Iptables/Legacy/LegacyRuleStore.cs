using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Iptables.Legacy;

/// <summary>
/// Rules in x_tables of old, by iptables-legacy-restore: for kernels whose nf_tables cannot hold them and hosts whose kubelet uses it. The kernel takes
/// whole tables here, so that a change costs what the table's size costs; kube-proxy has no other way.
/// </summary>
/// <param name="networkNamespace">Null for the process's own.</param>
/// <param name="hasIpv6">The kernel has IPv6.</param>
/// <param name="kept">Chains that a clean-up leaves alone; null for none.</param>
internal sealed class LegacyRuleStore(NetworkNamespace? networkNamespace, bool hasIpv6, IReadOnlySet<TableChain>? kept = null) : IRuleStore
{
    private static readonly IptablesTable[] Tables = [IptablesTable.Filter, IptablesTable.Nat, IptablesTable.Mangle];

    private readonly Dictionary<(AddressFamily Family, IptablesTable Table), int> _counts = [];
    private readonly AddressFamily[] _families = hasIpv6 ? [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6] : [AddressFamily.InterNetwork];

    /// <inheritdoc/>
    public string Name => "legacy";

    /// <inheritdoc/>
    public IEnumerable<(AddressFamily Family, IptablesTable Table, int Rules)> RuleCounts => _counts.Select(count => (count.Key.Family, count.Key.Table, count.Value));

    /// <inheritdoc/>
    public void WriteAll(ForwardingPlan plan, RuleOptions options, Action<int, int>? progress)
    {
        foreach (var family in _families)
        {
            var tools = Tools(family);
            var skeleton = new Skeleton(family, options);
            var texts = Tables.ToDictionary(table => table, table => new RestoreText(table));
            var wanted = new HashSet<string>();
            foreach (var chain in Skeleton.Fixed)
            {
                texts[chain.Table].Chain(chain.Name, skeleton.RulesOf(chain));
            }

            WriteServices(plan, family, options, texts, chain => wanted.Add(chain.Name));
            foreach (var table in Tables)
            {
                var saved = SavedTable.Parse(table, tools.Save(TableChain.NameOf(table)));
                foreach (var jump in saved.Jumps)
                {
                    texts[table].Remove(jump);
                }

                foreach (var stale in saved.Chains.Where(chain => table == IptablesTable.Nat && ChainNames.IsOfServicePort(chain) && !wanted.Contains(chain)))
                {
                    texts[table].Delete(stale);
                }
            }

            foreach (var jump in Skeleton.Jumps)
            {
                texts[jump.From.Table].Prepend(jump.From.Name, jump.Rule);
            }

            tools.Restore(string.Concat(Tables.Select(table => texts[table])));
        }
    }

    /// <inheritdoc/>
    public void WriteChange(ForwardingPlan previous, ForwardingPlan next, RuleOptions options)
    {
        var changes = next.ChangesSince(previous).ToList();
        foreach (var family in _families)
        {
            var renderer = Renderer(next, family, options);
            var texts = new Dictionary<IptablesTable, RestoreText> { [IptablesTable.Filter] = new(IptablesTable.Filter), [IptablesTable.Nat] = new(IptablesTable.Nat) };
            var changed = new HashSet<string>();
            var gone = new List<string>();
            foreach (var change in changes)
            {
                var before = renderer.Render(change.Before).Chains.ToDictionary(chain => chain.Name, chain => chain.Text);
                changed.UnionWith(renderer.Render(change.After).Chains.Where(chain => !before.Remove(chain.Name, out var text) || text != chain.Text).Select(chain => chain.Name));
                gone.AddRange(before.Keys);
            }

            WriteServices(next, family, options, texts, chain => changed.Contains(chain.Name));
            gone.ForEach(texts[IptablesTable.Nat].Delete);
            Tools(family).Restore($"{texts[IptablesTable.Filter]}{texts[IptablesTable.Nat]}");
        }
    }

    /// <inheritdoc/>
    public bool IsIntact() => _families.All(family => Tables.All(table =>
        Tools(family).Tables().Contains(TableChain.NameOf(table))
        && SavedTable.Parse(table, Tools(family).Save(TableChain.NameOf(table))) is var saved
        && saved.Chains.Contains(ChainNames.Canary)
        && saved.Jumps.Count >= Skeleton.Jumps.Count(jump => jump.From.Table == table)));

    /// <inheritdoc/>
    public void Cleanup()
    {
        foreach (var family in _families)
        {
            var tools = Tools(family);
            var there = tools.Tables();
            var saved = Tables.Where(table => there.Contains(TableChain.NameOf(table)))
                .ToDictionary(table => table, table => SavedTable.Parse(table, tools.Save(TableChain.NameOf(table))));
            var hasKubelet = saved.Values.Any(table => table.Chains.Contains(ChainNames.KubeletCanary));
            var input = string.Concat(saved.Select(table => RemovalOf(table.Key, table.Value, hasKubelet)));
            if (input.Length > 0)
            {
                tools.Restore(input);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private string RemovalOf(IptablesTable table, SavedTable saved, bool hasKubelet)
    {
        var text = new RestoreText(table);
        var ours = saved.Chains.Where(chain => (table == IptablesTable.Nat && ChainNames.IsOfServicePort(chain))
            || (Skeleton.Dispatch.Concat(Skeleton.Fixed).Contains(new TableChain(table, chain)) && !(hasKubelet && chain == ChainNames.Firewall)
                && kept?.Contains(new TableChain(table, chain)) is not true)).ToList();
        foreach (var jump in saved.Jumps.Where(jump => ours.Any(chain => jump.EndsWith($"-j {chain}", StringComparison.Ordinal))))
        {
            text.Remove(jump);
        }

        ours.ForEach(text.Delete);
        return ours.Count == 0 ? "" : text.ToString();
    }

    // Shared chains whole, services' own chains as asked: those that lead somewhere come after where they lead, as restore reads line by line.
    private void WriteServices(
        ForwardingPlan plan, AddressFamily family, RuleOptions options, Dictionary<IptablesTable, RestoreText> texts, Func<ServiceChain, bool> isWanted)
    {
        var renderer = Renderer(plan, family, options);
        var counts = new Dictionary<IptablesTable, int> { [IptablesTable.Filter] = 0, [IptablesTable.Nat] = 0 };
        foreach (var chain in Skeleton.Dispatch)
        {
            texts[chain.Table].Chain(chain.Name, []);
        }

        foreach (var service in plan.Services.Values)
        {
            var rules = renderer.Render(service);
            counts[IptablesTable.Filter] += rules.Count(IptablesTable.Filter);
            counts[IptablesTable.Nat] += rules.Count(IptablesTable.Nat);
            foreach (var chain in rules.Chains.Where(isWanted))
            {
                texts[IptablesTable.Nat].Chain(chain.Name, chain.Rules);
            }

            foreach (var dispatch in rules.Dispatch)
            {
                texts[dispatch.Chain.Table].Add(dispatch.Chain.Name, dispatch.Rule);
            }
        }

        var skeleton = new Skeleton(family, options);
        foreach (var rule in skeleton.LastRules())
        {
            texts[IptablesTable.Nat].Add(ChainNames.Services, rule);
        }

        foreach (var table in new[] { IptablesTable.Filter, IptablesTable.Nat })
        {
            _counts[(family, table)] = counts[table] + Skeleton.Fixed.Where(chain => chain.Table == table).Sum(chain => skeleton.RulesOf(chain).Count())
                + (table == IptablesTable.Nat ? skeleton.LastRules().Count() : 0);
        }
    }

    private static ServiceRenderer Renderer(ForwardingPlan plan, AddressFamily family, RuleOptions options) =>
        new(family, options, withEndpointComments: !ServiceRenderer.IsLarge(plan.Services.Values, family));

    private LegacyTools Tools(AddressFamily family) => new(networkNamespace, family == AddressFamily.InterNetworkV6);
}
