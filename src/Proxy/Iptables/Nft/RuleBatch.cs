using System.Runtime.InteropServices;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>A transaction's operations in this mode's words, for one family's tables. Several may write to one batch.</summary>
internal sealed class RuleBatch(NftBatch batch, NftFamily family)
{
    private static readonly IptablesTable[] Tables = [IptablesTable.Filter, IptablesTable.Nat, IptablesTable.Mangle];

    private readonly NftTable[] _tables = [.. Tables.Select(table => BuiltinChains.Table(family, table))];
    private readonly List<NftExpression> _expressions = [];

    internal void AddTable(IptablesTable table) => batch.AddTable(Of(table));

    internal void AddBuiltin(TableChain chain) => batch.CreateBaseChain(Of(chain.Table), chain.Name, BuiltinChains.HookOf(chain));

    internal void AddChain(TableChain chain) => batch.AddChain(Of(chain.Table), chain.Name);

    internal void Flush(TableChain chain) => batch.FlushChain(Of(chain.Table), chain.Name);

    /// <summary>Removes a chain that was flushed and that nothing leads to any more.</summary>
    internal void Delete(TableChain chain) => batch.DeleteChain(Of(chain.Table), chain.Name);

    internal void DeleteTable(IptablesTable table) => batch.DeleteTable(Of(table));

    internal void DeleteRule(TableChain chain, ulong handle) => batch.DeleteRule(Of(chain.Table), chain.Name, handle);

    internal void AddRule(TableChain chain, IptablesRule rule, NftRulePlace place, bool report = false)
    {
        RuleCompiler.Compile(rule, family, _expressions);
        batch.AddXtRule(Of(chain.Table), chain.Name, (byte)(rule.Protocol ?? 0), place, report, CollectionsMarshal.AsSpan(_expressions));
    }

    /// <summary>What a chain's fingerprint in the kernel is once these rules are in it.</summary>
    internal ulong Fingerprint(IEnumerable<IptablesRule> rules)
    {
        var chain = NftFingerprint.Empty;
        foreach (var rule in rules)
        {
            RuleCompiler.Compile(rule, family, _expressions);
            chain = NftFingerprint.Then(chain, NftFingerprint.Of(CollectionsMarshal.AsSpan(_expressions)));
        }

        return chain;
    }

    private NftTable Of(IptablesTable table) => _tables[(int)table];
}
