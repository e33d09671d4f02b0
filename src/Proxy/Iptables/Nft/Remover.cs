using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>Takes everything of ours out of one family's tables; rules and chains of others stay.</summary>
internal sealed class Remover(NftablesConnection connection, NftFamily family, ILogger logger, IReadOnlySet<TableChain> keptChains)
{
    internal void Remove()
    {
        var listing = KernelListing.Read(connection, family);
        var hasKubelet = listing.Chains.ContainsKey(new TableChain(IptablesTable.Mangle, ChainNames.KubeletCanary));
        var ours = Skeleton.Dispatch.Concat(Skeleton.Fixed).Where(listing.Chains.ContainsKey)
            // A kubelet wants this one as well and writes it only now and then.
            .Where(chain => (!hasKubelet || chain.Name != ChainNames.Firewall) && !keptChains.Contains(chain))
            .Concat(listing.ServiceChains).ToList();
        if (ours.Count == 0)
        {
            return;
        }

        var batch = new NftBatch();
        var rules = new RuleBatch(batch, family);
        var kept = hasKubelet || keptChains.Count > 0 ? KeptJumps(listing, hasKubelet) : [];
        foreach (var (chain, handle) in listing.Jumps.Where(jump => !kept.Contains(jump)))
        {
            rules.DeleteRule(chain, handle);
        }

        connection.Commit(batch);
        new ChainRemoval(family, connection.Commit, logger).Remove(ours);
        RemoveEmptyTables();
    }

    private HashSet<(TableChain Chain, ulong Handle)> KeptJumps(KernelListing listing, bool hasKubelet) =>
        [.. listing.Jumps.Select(jump => jump.Chain).Distinct()
            .SelectMany(chain => connection.Rules(BuiltinChains.Table(family, chain.Table), chain.Name)
                .Where(rule => rule.JumpTarget is { } target
                    && ((hasKubelet && target == ChainNames.Firewall) || keptChains.Contains(new TableChain(chain.Table, target))))
                .Select(rule => (chain, rule.Handle)))];

    // A table whose built-in chains hold nothing and accept all is one that only we had a use for.
    private void RemoveEmptyTables()
    {
        var listing = KernelListing.Read(connection, family);
        var batch = new NftBatch();
        foreach (var table in listing.Tables)
        {
            var chains = listing.Chains.Where(chain => chain.Key.Table == table).Select(chain => chain.Value);
            if (chains.All(chain => chain is { Base.DropByDefault: false, Use: 0 }) && connection.Sets(BuiltinChains.Table(family, table)).Count == 0)
            {
                new RuleBatch(batch, family).DeleteTable(table);
            }
        }

        connection.Commit(batch);
    }
}
