using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rules;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>Removes chains that none of our own rules leads to any more, in transactions of bounded size.</summary>
/// <param name="family">Of their tables.</param>
/// <param name="commit">Commits a batch that asks for no report.</param>
/// <param name="logger">Told which chains stay since somebody else's rules lead to them.</param>
internal sealed class ChainRemoval(NftFamily family, Action<NftBatch> commit, ILogger logger)
{
    private readonly NftBatch _batch = new();

    internal void Remove(IReadOnlyCollection<TableChain> chains)
    {
        // They lead to each other: all are emptied before the first is removed.
        foreach (var part in chains.Chunk(FullWriter.LargestBatch))
        {
            Commit(part, (rules, chain) => rules.Flush(chain));
        }

        foreach (var part in chains.Chunk(FullWriter.LargestBatch))
        {
            if (!TryDelete(part, out _))
            {
                DeleteEach(part);
            }
        }
    }

    private void DeleteEach(TableChain[] chains)
    {
        foreach (var chain in chains)
        {
            if (!TryDelete([chain], out var reason))
            {
                logger.ChainStays(chain.TableName, chain.Name, reason);
            }
        }
    }

    private bool TryDelete(TableChain[] chains, out string reason)
    {
        try
        {
            Commit(chains, (rules, chain) => rules.Delete(chain));
            reason = "";
            return true;
        }
        catch (NetlinkException busy) when (busy.Errno == Linux.Errno.EBUSY)
        {
            reason = busy.Message;
            return false;
        }
    }

    private void Commit(TableChain[] chains, Action<RuleBatch, TableChain> operation)
    {
        _batch.Clear();
        var rules = new RuleBatch(_batch, family);
        Array.ForEach(chains, chain => operation(rules, chain));
        commit(_batch);
    }
}
