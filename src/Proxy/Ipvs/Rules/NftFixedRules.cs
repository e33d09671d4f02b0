using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Nft;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>In nf_tables, as iptables-nft would put them there; one transaction each.</summary>
internal sealed class NftFixedRules : IFixedRules
{
    private readonly NftablesConnection _connection;

    internal NftFixedRules(NetworkNamespace? networkNamespace) => _connection = NftablesConnection.Open(networkNamespace);

    /// <inheritdoc/>
    public void Write(FixedRuleset rules)
    {
        var family = FamilyOf(rules);
        var there = Listing(family);
        var operations = new NftBatch();
        var batch = new RuleBatch(operations, family);
        foreach (var table in rules.Chains.Keys.Select(chain => chain.Table).Distinct())
        {
            batch.AddTable(table);
        }

        foreach (var builtin in rules.Jumps.Select(jump => jump.From).Distinct().Where(builtin => !there.Contains(builtin)))
        {
            operations.CreateBaseChain(BuiltinChains.Table(family, builtin.Table), builtin.Name, HookOf(builtin));
        }

        foreach (var chain in rules.Chains.Keys)
        {
            batch.AddChain(chain);
            batch.Flush(chain);
        }

        foreach (var (chain, contents) in rules.Chains)
        {
            foreach (var rule in contents)
            {
                batch.AddRule(chain, rule, NftRulePlace.Last);
            }
        }

        foreach (var (chain, handle) in Jumps(rules, there, _ => true))
        {
            batch.DeleteRule(chain, handle);
        }

        foreach (var jump in rules.Jumps)
        {
            batch.AddRule(jump.From, jump.Rule, NftRulePlace.First);
        }

        _connection.Commit(operations);
    }

    /// <inheritdoc/>
    public bool AreInUse(FixedRuleset rules) => Listing(FamilyOf(rules)).Any(chain => chain.Table == IptablesTable.Nat && ChainNames.IsOfServicePort(chain.Name));

    /// <inheritdoc/>
    public bool IsIntact(FixedRuleset rules)
    {
        var family = FamilyOf(rules);
        var there = Listing(family);
        return rules.Chains.All(chain => there.Contains(chain.Key)
                && _connection.Rules(BuiltinChains.Table(family, chain.Key.Table), chain.Key.Name).Count == chain.Value.Count)
            && Jumps(rules, there, _ => true).Count >= rules.Jumps.Count;
    }

    /// <inheritdoc/>
    public void Remove(FixedRuleset rules, Func<TableChain, bool> isWanted)
    {
        var family = FamilyOf(rules);
        var there = Listing(family);
        var gone = rules.Chains.Keys.Where(chain => isWanted(chain) && there.Contains(chain)).ToList();
        var operations = new NftBatch();
        var batch = new RuleBatch(operations, family);
        foreach (var (chain, handle) in Jumps(rules, there, gone.Contains))
        {
            batch.DeleteRule(chain, handle);
        }

        gone.ForEach(batch.Flush);
        gone.ForEach(batch.Delete);
        _connection.Commit(operations);
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static NftFamily FamilyOf(FixedRuleset rules) => rules.Family == AddressFamily.InterNetworkV6 ? NftFamily.Ip6 : NftFamily.Ip;

    // Mode iptables has no jumps in mangle; a change of an outgoing packet's mark there makes the kernel route it again.
    private static NftBaseChain HookOf(TableChain builtin) => builtin switch
    {
        { Table: not IptablesTable.Mangle } => BuiltinChains.HookOf(builtin),
        { Name: "OUTPUT" } => new NftBaseChain("route", NftHook.Output, NftPriority.Mangle),
        _ => NftBaseChain.Filter(NftHook.Prerouting, NftPriority.Mangle),
    };

    private HashSet<TableChain> Listing(NftFamily family)
    {
        var tables = Enum.GetValues<IptablesTable>().ToDictionary(TableChain.NameOf);
        return [.. _connection.Chains(family).Where(chain => tables.ContainsKey(chain.Table.Name)).Select(chain => new TableChain(tables[chain.Table.Name], chain.Name))];
    }

    private List<(TableChain Chain, ulong Handle)> Jumps(FixedRuleset rules, HashSet<TableChain> there, Func<TableChain, bool> isWanted) =>
    [
        .. rules.Jumps.Select(jump => jump.From).Distinct().Where(there.Contains).SelectMany(builtin =>
        {
            var targets = rules.Jumps.Where(jump => jump.From == builtin && isWanted(new TableChain(builtin.Table, jump.To))).Select(jump => jump.To).ToHashSet();
            return _connection.Rules(BuiltinChains.Table(FamilyOf(rules), builtin.Table), builtin.Name)
                .Where(rule => rule.JumpTarget is { } target && targets.Contains(target)).Select(rule => (builtin, rule.Handle));
        }),
    ];
}
